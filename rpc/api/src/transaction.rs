//! `transaction_v1_*` and `transactionWatch_v1_*`: submitting transactions.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::Hash;

use crate::Bytes;

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// Hash of the block.
    pub hash: Hash,
    /// Index within the block.
    pub index: u32,
}

/// What happens to a watched transaction. The last four end the subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum WatchEvent {
    /// The runtime finds it valid.
    Validated,
    /// It is in a block.
    BestChainBlockIncluded {
        /// The block.
        block: Option<Inclusion>,
    },
    /// It is in a block, which is final.
    Finalized {
        /// The block.
        block: Inclusion,
    },
    /// The node failed.
    Error {
        /// How.
        error: String,
    },
    /// The runtime refuses it.
    Invalid {
        /// Why.
        error: String,
    },
    /// The node does not keep it.
    Dropped {
        /// Why.
        error: String,
    },
}

/// Submitting transactions without hearing of them.
#[rpc(client, server)]
pub trait TransactionApi {
    /// Keeps offering a transaction to the pool until it is in a block, the client stops it or
    /// disconnects; `null` if the connection has too many such operations.
    #[method(name = "transaction_v1_broadcast", with_extensions)]
    async fn broadcast(&self, transaction: Bytes) -> RpcResult<Option<String>>;

    /// Stops offering. The transaction stays in the pool.
    #[method(name = "transaction_v1_stop", with_extensions)]
    fn stop_broadcast(&self, operation_id: String) -> RpcResult<()>;
}

/// Submitting transactions and hearing of them.
#[rpc(client, server)]
pub trait TransactionWatchApi {
    /// Puts a signed transaction into the pool and tells what becomes of it.
    #[subscription(
        name = "transactionWatch_v1_submitAndWatch" => "transactionWatch_v1_watchEvent",
        unsubscribe = "transactionWatch_v1_unwatch",
        item = WatchEvent,
    )]
    async fn submit_and_watch(&self, transaction: Bytes);
}
