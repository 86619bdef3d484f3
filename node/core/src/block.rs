//! Blocks as they move between services.

use std::sync::Arc;

use bytes::Bytes;
use codec::{Compact, CompactLen, Decode, Encode};
use sp_runtime::traits::Header as _;
use xinglin_primitives::{
    receipt::{extrinsic_hash, extrinsics_root},
    AccountId, BlockNumber, Hash, Header, Nonce, BLOCK_BYTES_MAX, EXTRINSIC_BYTES_MAX,
};

/// One encoded transaction, length prefix included: the bytes that are hashed, gossiped and stored.
pub type Extrinsic = Bytes;

/// One key of the state and its new value, `None` when it was removed.
pub type StateChange = (Vec<u8>, Option<Vec<u8>>);

/// A block: header and encoded transactions. Its SCALE form is that of Substrate's `Block`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The transactions in order, inherents first.
    pub body: Vec<Extrinsic>,
}

/// Why bytes are not a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// More bytes than a block may have.
    #[error("block of {bytes} bytes exceeds the limit of {BLOCK_BYTES_MAX}")]
    TooLarge {
        /// Size found.
        bytes: usize,
    },
    /// The bytes are not the SCALE encoding of a block.
    #[error("not a SCALE-encoded block: {0}")]
    Malformed(&'static str),
}

impl Block {
    /// Hash of the header, by which the block is known and decided.
    pub fn hash(&self) -> Hash {
        self.header.hash()
    }

    /// Height of the block.
    pub fn number(&self) -> BlockNumber {
        *self.header.number()
    }

    /// The transactions' Merkle root, to compare with the header's.
    pub fn extrinsics_root(&self) -> Hash {
        extrinsics_root(self.body.iter().map(|bytes| bytes.to_vec()).collect())
    }

    /// Whether the transactions are those that the header, and so the block's hash, stands for. If
    /// not, nothing is known of the block with that hash.
    pub fn is_whole(&self) -> bool {
        self.extrinsics_root() == *self.header.extrinsics_root()
    }

    /// Hashes of the transactions in order.
    pub fn extrinsic_hashes(&self) -> Vec<Hash> {
        self.body
            .iter()
            .map(|bytes| extrinsic_hash(bytes))
            .collect()
    }

    /// The encoded size in bytes.
    pub fn encoded_len(&self) -> usize {
        let body: usize = self.body.iter().map(Bytes::len).sum();
        let count = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        self.header.encoded_size() + Compact::<u32>::compact_len(&count) + body
    }

    /// The SCALE encoding.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.header.encode_to(&mut out);
        Compact(u32::try_from(self.body.len()).unwrap_or(u32::MAX)).encode_to(&mut out);
        for extrinsic in &self.body {
            out.extend_from_slice(extrinsic);
        }
        out.into()
    }

    /// Decodes a block without copying its transactions.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self, BlockError> {
        if bytes.len() > BLOCK_BYTES_MAX as usize {
            return Err(BlockError::TooLarge { bytes: bytes.len() });
        }
        let mut rest: &[u8] = bytes;
        let header = Header::decode(&mut rest).map_err(|_| BlockError::Malformed("header"))?;
        let count = Compact::<u32>::decode(&mut rest)
            .map_err(|_| BlockError::Malformed("number of transactions"))?
            .0 as usize;
        if count > rest.len() {
            return Err(BlockError::Malformed("number of transactions"));
        }
        let mut body = Vec::with_capacity(count);
        for _ in 0..count {
            let length = extrinsic_len(rest).ok_or(BlockError::Malformed("transaction length"))?;
            let start = bytes.len() - rest.len();
            body.push(bytes.slice(start..start + length));
            rest = &rest[length..];
        }
        if !rest.is_empty() {
            return Err(BlockError::Malformed("bytes after the last transaction"));
        }
        Ok(Self { header, body })
    }
}

/// The length of the encoded transaction that `bytes` begins with, prefix included, or `None` if it
/// is cut short, empty or above the limit.
pub fn extrinsic_len(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let inner = Compact::<u32>::decode(&mut rest).ok()?.0;
    if inner == 0 || inner > EXTRINSIC_BYTES_MAX {
        return None;
    }
    let total = (bytes.len() - rest.len()).checked_add(inner as usize)?;
    (total <= bytes.len()).then_some(total)
}

/// What everybody is told once a block is durably committed. A committed block is final.
#[derive(Clone, Debug)]
pub struct CommitNotice {
    /// The block.
    pub block: Arc<Block>,
    /// Its hash.
    pub hash: Hash,
    /// Hashes of its transactions in order.
    pub extrinsic_hashes: Vec<Hash>,
    /// The next nonce of each account that signed a transaction in the block.
    pub next_nonces: Vec<(AccountId, Nonce)>,
    /// The top-level state changes of the block, sorted by key.
    pub changes: Arc<Vec<StateChange>>,
    /// Whether the runtime version or `:code` changed with this block.
    pub runtime_changed: bool,
}

impl CommitNotice {
    /// Height of the block.
    pub fn number(&self) -> BlockNumber {
        self.block.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinglin_primitives::OpaqueBlock;

    fn sample() -> Block {
        let header = Header::new(
            7,
            Hash::repeat_byte(1),
            Hash::repeat_byte(2),
            Hash::repeat_byte(3),
            Default::default(),
        );
        let body = [vec![1u8, 2, 3], vec![4; 100], vec![5; 20_000]]
            .iter()
            .map(|inner| Bytes::from(inner.encode()))
            .collect();
        Block { header, body }
    }

    #[test]
    fn encodes_as_a_substrate_block() {
        let block = sample();
        let bytes = block.to_bytes();
        assert_eq!(bytes.len(), block.encoded_len());
        assert_eq!(Block::from_bytes(&bytes).unwrap(), block);
        let opaque = OpaqueBlock::decode(&mut &bytes[..]).unwrap();
        assert_eq!(opaque.encode(), bytes);
    }

    #[test]
    fn every_truncation_and_every_suffix_is_refused() {
        let bytes = sample().to_bytes();
        for end in 0..300 {
            assert!(Block::from_bytes(&bytes.slice(..end)).is_err());
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(
            Block::from_bytes(&longer.into()),
            Err(BlockError::Malformed("bytes after the last transaction"))
        );
    }

    #[test]
    fn a_huge_count_is_refused_without_allocating() {
        let mut bytes = sample().header.encode();
        Compact(u32::MAX).encode_to(&mut bytes);
        assert_eq!(
            Block::from_bytes(&bytes.into()),
            Err(BlockError::Malformed("number of transactions"))
        );
    }
}
