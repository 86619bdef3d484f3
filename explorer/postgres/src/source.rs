//! Where blocks and state come from.

use async_trait::async_trait;
use xinglin_primitives::{BlockNumber, Hash, Header};

/// Why a source does not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be reached. Another attempt may succeed.
    #[error("the node is away: {0}")]
    Away(String),
    /// It answers, and refuses. Another attempt will not change that.
    #[error("the node refuses: {0}")]
    Refused(String),
}

/// A block as it is on the chain.
#[derive(Clone, Debug)]
pub struct SourceBlock {
    /// Its hash.
    pub hash: Hash,
    /// Its header.
    pub header: Header,
    /// Its transactions, encoded, with their lengths before them.
    pub body: Vec<Vec<u8>>,
}

/// A chain that is read, with the states after all its blocks.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Height of the last final block.
    async fn tip(&self) -> Result<BlockNumber, SourceError>;
    /// Waits until the last final block is beyond a height, and gives its height.
    async fn wait_beyond(&self, height: BlockNumber) -> Result<BlockNumber, SourceError>;
    /// A block that is final. Genesis is at 0.
    async fn block(&self, height: BlockNumber) -> Result<SourceBlock, SourceError>;
    /// The version of the rules by which the source understands the state after a block.
    async fn spec_version(&self, at: Hash) -> Result<u32, SourceError>;
    /// The metadata of these rules, of version [`METADATA_VERSION`](crate::METADATA_VERSION).
    async fn metadata(&self, at: Hash) -> Result<Vec<u8>, SourceError>;
    /// What keys hold after a block, in the order of the keys. No more than [`KEYS_MAX`](crate::KEYS_MAX)
    /// are asked for at a time.
    async fn values(&self, keys: &[Vec<u8>], at: Hash)
        -> Result<Vec<Option<Vec<u8>>>, SourceError>;
    /// The keys with a prefix that hold something after a block, in order, after a key if one is given;
    /// at most `limit`.
    async fn keys(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: u32,
        at: Hash,
    ) -> Result<Vec<Vec<u8>>, SourceError>;
}
