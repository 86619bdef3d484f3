//! Which trie nodes may go when the oldest of the kept states does.
//!
//! The chain has no forks, so a state shares its nodes only with its neighbours. A node that block
//! `n` replaces is needed by states below `n` and may go with state `n - 1`, unless a block after `n`
//! has made the same node anew: states come back, for instance when a value is set and reset.
//!
//! Each block leaves a [`Row`] in the journal: the keys that it deletes, and those of its new nodes
//! that were waiting to go. The [`Window`] is the same in memory, turned around: at which block each
//! waiting key died last. A key that block `n` deleted goes with row `n` only if the window still says
//! `n`.

use codec::{Decode, Encode};
use nohash_hasher::IntMap;
use rocksdb::{IteratorMode, WriteBatch};
use xinglin_core::{StoreError, Tip, TrieChanges};
use xinglin_primitives::BlockNumber;

use crate::{
    columns::{decode, height_key, height_of_key, Family},
    database::{read_error, Inner},
};

/// Rows pruned with one commit at most. More than one is due only after the number of states to keep
/// was lowered; the backlog then shrinks block by block instead of holding one commit up.
pub(crate) const ROWS_PER_COMMIT_MAX: usize = 8;

/// What the journal keeps of one block.
#[derive(Decode)]
struct Row {
    /// Keys that the state after this block no longer refers to, sorted.
    deleted: Vec<Vec<u8>>,
    /// Keys that this block made again while they were waiting to go.
    revived: Vec<Vec<u8>>,
}

/// A [`Row`] to be written.
#[derive(Encode)]
struct NewRow<'a> {
    deleted: &'a [Vec<u8>],
    revived: Vec<&'a Vec<u8>>,
}

/// The blocks whose rows are in the journal, and when each key that waits to go died.
///
/// Keys are kept as 64-bit fingerprints, so that a busy chain's window takes little memory. Two keys
/// with one fingerprint do no harm: whichever dies or comes back later hides the other's death, and
/// the other stays on the disk as garbage.
#[derive(Default)]
pub(crate) struct Window {
    /// Height of the oldest row, `None` while there are no rows. The newest is the tip's.
    oldest_row: Option<BlockNumber>,
    deaths: IntMap<u64, BlockNumber>,
}

/// A quick hash of a key, most of which is a strong hash already. It must be the same in every
/// process, because a restart must come to the same window.
fn fingerprint(key: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = key.chunks(8).fold(0u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (state.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER)
    });
    // A map takes it as it is and looks at both ends, of which a product mixes the upper one well.
    hash ^ (hash >> 32)
}

impl Window {
    /// Takes in the changes of the block after the newest row's and returns its row. A key that the
    /// block both deletes and inserts lives.
    fn push<'a>(&mut self, number: BlockNumber, changes: &'a TrieChanges) -> NewRow<'a> {
        self.oldest_row.get_or_insert(number);
        for key in &changes.deleted {
            self.deaths.insert(fingerprint(key), number);
        }
        let inserted = changes.inserted.iter().map(|(key, _)| key);
        let revived = inserted
            .filter(|key| self.deaths.remove(&fingerprint(key)).is_some())
            .collect();
        NewRow {
            deleted: &changes.deleted,
            revived,
        }
    }

    /// Takes in a row that was stored before.
    fn replay(&mut self, number: BlockNumber, row: &Row) {
        self.oldest_row.get_or_insert(number);
        for key in &row.deleted {
            self.deaths.insert(fingerprint(key), number);
        }
        for key in &row.revived {
            self.deaths.remove(&fingerprint(key));
        }
    }

    /// Gives up the oldest row, which is block `number`'s, and returns the keys that go with it.
    fn pop(&mut self, number: BlockNumber, row: Row) -> Vec<Vec<u8>> {
        self.oldest_row = number.checked_add(1);
        let mut gone = row.deleted;
        gone.retain(|key| {
            let fingerprint = fingerprint(key);
            let dead = self.deaths.get(&fingerprint) == Some(&number);
            if dead {
                self.deaths.remove(&fingerprint);
            }
            dead
        });
        gone
    }

    /// The rows that are due when block `tip` is committed and `states` states are kept: those of the
    /// oldest kept state and of the blocks before it. With at least two states, `tip`'s own is not
    /// among them.
    fn due(&self, tip: BlockNumber, states: u32) -> impl Iterator<Item = BlockNumber> {
        let oldest_row = self.oldest_row.unwrap_or(tip);
        let end = tip.saturating_sub(states.saturating_sub(2));
        (oldest_row..end).take(ROWS_PER_COMMIT_MAX)
    }
}

impl Inner {
    /// Adds to `batch` the row of block `number` and the deletions that become due with it. Returns
    /// the oldest state that remains, if it changes. The window changes only if this succeeds.
    pub(crate) fn prune(
        &self,
        batch: &mut WriteBatch,
        window: &mut Window,
        number: BlockNumber,
        changes: &TrieChanges,
        states: u32,
    ) -> Result<Option<BlockNumber>, StoreError> {
        // No block precedes genesis, so it replaces nothing that a kept state needs.
        if number == 0 {
            return Ok(None);
        }
        let due = window
            .due(number, states)
            .map(|height| Ok((height, self.journal_row(height)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let row = window.push(number, changes);
        let journal = self.cf(Family::Journal);
        batch.put_cf(journal, height_key(number), row.encode());
        let nodes = self.cf(Family::StateNodes);
        let mut oldest_state = None;
        for (height, row) in due {
            for key in window.pop(height, row) {
                batch.delete_cf(nodes, key);
            }
            batch.delete_cf(journal, height_key(height));
            oldest_state = Some(height);
        }
        Ok(oldest_state)
    }

    fn journal_row(&self, number: BlockNumber) -> Result<Row, StoreError> {
        self.get_decoded(Family::Journal, &height_key(number), "a journal row")?
            .ok_or_else(|| {
                StoreError::Corrupt(format!("the journal row of block {number} is missing"))
            })
    }

    /// Rebuilds the window from the journal.
    pub(crate) fn load_window(&self, tip: Option<Tip>) -> Result<Window, StoreError> {
        let mut window = Window::default();
        let mut next = None;
        for item in self
            .db
            .iterator_cf(self.cf(Family::Journal), IteratorMode::Start)
        {
            let (key, value) = item.map_err(read_error)?;
            let number = height_of_key(&key)?;
            if next.is_some_and(|next| next != number) {
                return Err(StoreError::Corrupt(format!(
                    "the journal lacks the rows before block {number}"
                )));
            }
            window.replay(number, &decode(&value, "a journal row")?);
            next = number.checked_add(1);
        }
        let after_tip = tip.and_then(|tip| tip.number.checked_add(1));
        if next.is_some() && next != after_tip {
            return Err(StoreError::Corrupt(
                "the journal does not end at the tip".to_owned(),
            ));
        }
        Ok(window)
    }
}
