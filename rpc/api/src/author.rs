//! `author_*`: submitting transactions.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::Hash;

use crate::Bytes;

/// What happens to a watched transaction. The last three, and `Usurped`, end the subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TransactionStatus {
    /// It waits for an earlier nonce.
    Future,
    /// It could be in the next block.
    Ready,
    /// It was sent to these peers.
    Broadcast(Vec<String>),
    /// It is in this block.
    InBlock(Hash),
    /// Another transaction has taken its place.
    Usurped(Hash),
    /// It is in this block, which is final.
    Finalized(Hash),
    /// It was dropped because the pool was full or it expired.
    Dropped,
    /// It has become invalid.
    Invalid,
}

/// Submitting transactions.
#[rpc(client, server)]
pub trait AuthorApi {
    /// Puts a signed transaction into the pool and returns its hash.
    #[method(name = "author_submitExtrinsic")]
    async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<Hash>;

    /// The ready transactions of the pool.
    #[method(name = "author_pendingExtrinsics")]
    async fn pending_extrinsics(&self) -> RpcResult<Vec<Bytes>>;

    /// Puts a signed transaction into the pool and tells what becomes of it.
    #[subscription(
        name = "author_submitAndWatchExtrinsic" => "author_extrinsicUpdate",
        unsubscribe = "author_unwatchExtrinsic",
        item = TransactionStatus,
    )]
    async fn watch_extrinsic(&self, extrinsic: Bytes);
}
