//! A transaction on its way to finality.

use jsonrpsee::core::client::Subscription;
use serde::Deserialize;
use xinglin_primitives::Hash;

use super::{error::closed, ClientError};

/// The statuses of `author_submitAndWatchExtrinsic`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "of most statuses only the arrival matters")]
pub(super) enum Status {
    Ready,
    Future,
    Broadcast(Vec<String>),
    InBlock(Hash),
    Finalized(Hash),
    Retracted(Hash),
    FinalityTimeout(Hash),
    Usurped(Hash),
    Dropped,
    Invalid,
}

/// A transaction that a node has taken, and what the node will say of it.
pub(crate) struct Submitted {
    pub(super) hash: Hash,
    pub(super) statuses: Subscription<Status>,
}

impl Submitted {
    pub(super) const METHOD: &'static str = "author_submitAndWatchExtrinsic";

    /// Waits for the block that makes it final.
    pub(super) async fn finality(mut self) -> Result<Hash, ClientError> {
        while let Some(status) = self.statuses.next().await {
            let status = status.map_err(|_| ClientError::Undecodable { what: "a status" })?;
            let reason = match status {
                // A block is final when it is committed; the node tells "in block" first.
                Status::InBlock(block) | Status::Finalized(block) => return Ok(block),
                Status::Usurped(_) => "usurped",
                Status::Dropped => "dropped",
                Status::Invalid => "invalid",
                Status::Ready
                | Status::Future
                | Status::Broadcast(_)
                | Status::Retracted(_)
                | Status::FinalityTimeout(_) => continue,
            };
            return Err(ClientError::LeftPool {
                hash: self.hash,
                reason,
            });
        }
        Err(closed(Self::METHOD))
    }
}
