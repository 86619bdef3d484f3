//! Where pages end: opaque to clients, bound to the chain and to the kind of list.

use xinglin_core::Position;
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_rpc_api::explorer::Cursor;

/// Bytes of the genesis hash in a cursor: enough to tell chains apart.
const CHAIN_BYTES: usize = 8;
/// Chain, kind of list, place.
const CURSOR_BYTES: usize = CHAIN_BYTES + 1 + 8;

/// Why a page cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCursor {
    /// Not written by a node.
    #[error("it is none that a node gave; begin without a cursor")]
    Malformed,
    /// Of another chain.
    #[error("it is of another chain; begin without a cursor, or ask a node of that chain")]
    Chain,
    /// Of another list.
    #[error("it is of another method's list; begin without a cursor")]
    List,
    /// Of a block that this node does not have.
    #[error("block {0} is not in this node's index; ask the node that gave it, or begin anew")]
    Block(BlockNumber),
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum List {
    Blocks = 1,
    Extrinsics = 2,
    Events = 3,
    Counts = 4,
}

impl List {
    /// The cursor of a place in this list.
    pub(super) fn cursor(self, genesis: &Hash, place: u64) -> Cursor {
        let mut bytes = Vec::with_capacity(CURSOR_BYTES);
        bytes.extend(&genesis.as_bytes()[..CHAIN_BYTES]);
        bytes.push(self as u8);
        bytes.extend(place.to_be_bytes());
        Cursor(xinglin_rpc_api::bytes::to_hex(&bytes))
    }

    /// The place of a cursor that this list gave on this chain.
    pub(super) fn place(self, genesis: &Hash, cursor: &Cursor) -> Result<u64, BadCursor> {
        let mut bytes = [0; CURSOR_BYTES];
        let digits = cursor.0.strip_prefix("0x").ok_or(BadCursor::Malformed)?;
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| BadCursor::Malformed)?;
        let (chain, rest) = bytes.split_at(CHAIN_BYTES);
        let [kind, place @ ..] = rest else {
            return Err(BadCursor::Malformed);
        };
        if chain != &genesis.as_bytes()[..CHAIN_BYTES] {
            return Err(BadCursor::Chain);
        }
        if *kind != self as u8 {
            return Err(BadCursor::List);
        }
        let place = place.try_into().map_err(|_| BadCursor::Malformed)?;
        Ok(u64::from_be_bytes(place))
    }

    /// The cursor after a transaction or an event.
    pub(super) fn after(self, genesis: &Hash, position: Position) -> Cursor {
        let place = (u64::from(position.block) << 32) | u64::from(position.index);
        self.cursor(genesis, place)
    }

    /// The transaction or event that a cursor is after.
    pub(super) fn position(self, genesis: &Hash, cursor: &Cursor) -> Result<Position, BadCursor> {
        let place = self.place(genesis, cursor)?;
        let half = |bits: u64| u32::try_from(bits).map_err(|_| BadCursor::Malformed);
        Ok(Position {
            block: half(place >> 32)?,
            index: half(place & u64::from(u32::MAX))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list_of_one_chain() {
        let genesis = Hash::repeat_byte(1);
        let position = Position {
            block: u32::MAX - 1,
            index: 7,
        };
        let cursor = List::Events.after(&genesis, position);
        assert_eq!(List::Events.position(&genesis, &cursor), Ok(position));
        let elsewhere = Hash::repeat_byte(2);
        assert_eq!(
            List::Events.position(&elsewhere, &cursor),
            Err(BadCursor::Chain)
        );
        assert_eq!(
            List::Extrinsics.position(&genesis, &cursor),
            Err(BadCursor::List)
        );
        let longer = Cursor(format!("{}00", cursor.0));
        let shorter = Cursor(cursor.0[..cursor.0.len() - 2].to_owned());
        for text in [
            longer,
            shorter,
            Cursor(String::new()),
            Cursor("0xzz".into()),
        ] {
            assert_eq!(
                List::Events.position(&genesis, &text),
                Err(BadCursor::Malformed)
            );
        }
    }
}
