//! `author_*`.

use std::sync::Arc;

use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
    PendingSubscriptionSink,
};
use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};
use xinglin_core::{Extrinsic, PoolError, StatusStream, TransactionSource};
use xinglin_primitives::Hash;
use xinglin_rpc_api::{
    author::{AuthorApiServer, TransactionStatus},
    codes, Bytes,
};

use crate::{
    error::{error_with_data, ServerError},
    node::Node,
    subscription::{Gone, Subscriber},
};

/// Pending transactions that one call tells, and their bytes.
const PENDING_MAX: usize = 4_096;
const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a transaction is not taken. Codes and messages are those of Substrate; `data` says the reason
/// and what to do.
#[derive(Clone, Debug)]
pub(crate) struct AuthorApiError(pub(crate) PoolError);

impl AuthorApiError {
    /// The reason and the remedy, in one sentence.
    pub(crate) fn reason(&self) -> String {
        match &self.0 {
            PoolError::Invalid(reason) => invalid_reason(*reason),
            PoolError::Unknown(reason) => {
                let text: &'static str = (*reason).into();
                let remedy = match reason {
                    UnknownTransaction::NoUnsignedValidator => "sign it",
                    _ => "the node's state may be behind, try again after the next block",
                };
                format!("{text}; {remedy}")
            }
            PoolError::Stopped => "the node is shutting down; use another node".to_owned(),
            PoolError::Store(_) => "the node cannot store it; its log says why".to_owned(),
            told => told.to_string(),
        }
    }
}

/// What the runtime's word means for whoever signed.
fn invalid_reason(reason: InvalidTransaction) -> String {
    let text: &'static str = reason.into();
    let remedy = match reason {
        InvalidTransaction::Call => {
            "send a call that this chain has, encoded by its metadata, and sign it"
        }
        InvalidTransaction::Payment => "the account needs a higher balance",
        InvalidTransaction::Future => "send the transactions with lower nonces first",
        InvalidTransaction::Stale => "the nonce is used; `system_accountNextIndex` tells the next",
        InvalidTransaction::BadProof => {
            "sign for this chain's genesis hash and its current spec and transaction versions"
        }
        InvalidTransaction::AncientBirthBlock => {
            "its lifetime is over or its birth block is not of this chain; sign it anew"
        }
        InvalidTransaction::ExhaustsResources => "it is too heavy for a block; split it",
        // No rule of this version has a code.
        InvalidTransaction::Custom(code) => {
            return format!("{text} (code {code}); send it to a node of the version that has this rule")
        }
        InvalidTransaction::BadMandatory | InvalidTransaction::MandatoryValidation => {
            "only block authors may send it"
        }
        InvalidTransaction::BadSigner => {
            "the account is not registered here, or suspended; a member of the consortium registers it"
        }
        InvalidTransaction::IndeterminateImplicit | InvalidTransaction::UnknownOrigin => {
            "sign it with the chain's transaction extensions"
        }
    };
    format!("{text}; {remedy}")
}

impl From<AuthorApiError> for ErrorObjectOwned {
    fn from(error: AuthorApiError) -> Self {
        let (code, message) = match &error.0 {
            PoolError::TooLarge { .. } | PoolError::Undecodable => {
                (codes::AUTHOR_BAD_FORMAT, "Extrinsic has invalid format")
            }
            PoolError::Invalid(_) => (codes::AUTHOR_INVALID, "Invalid Transaction"),
            PoolError::Unknown(_) => (
                codes::AUTHOR_UNKNOWN_VALIDITY,
                "Unknown Transaction Validity",
            ),
            PoolError::TemporarilyBanned(_) => {
                (codes::AUTHOR_BANNED, "Transaction is temporarily banned")
            }
            PoolError::AlreadyImported(_) => (
                codes::AUTHOR_ALREADY_IMPORTED,
                "Transaction Already Imported",
            ),
            PoolError::PriorityTooLow => (codes::AUTHOR_PRIORITY_TOO_LOW, "Priority is too low"),
            PoolError::Full(_) => (codes::AUTHOR_POOL_FULL, "Immediately Dropped"),
            PoolError::Stopped => (codes::BUSY, "The node is shutting down"),
            PoolError::Store(cause) => {
                tracing::error!(%cause, "rpc: a transaction could not be stored");
                return ServerError::Internal.into();
            }
        };
        error_with_data(code, message, error.reason())
    }
}

/// `author_*`.
#[derive(Debug)]
pub(crate) struct Author {
    node: Arc<Node>,
}

impl Author {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Retells the pool's word until the last.
    async fn watch(&self, subscriber: &Subscriber, mut statuses: StatusStream) -> Result<(), Gone> {
        use xinglin_core::TransactionStatus as Pool;
        loop {
            let status = tokio::select! {
                () = subscriber.closed() => return Err(Gone),
                status = statuses.recv() => status,
            };
            let last = match status {
                Some(Pool::Ready) => {
                    subscriber.send(&TransactionStatus::Ready).await?;
                    continue;
                }
                Some(Pool::Future) => {
                    subscriber.send(&TransactionStatus::Future).await?;
                    continue;
                }
                Some(Pool::Broadcast(peers)) => {
                    subscriber
                        .send(&TransactionStatus::Broadcast(peers))
                        .await?;
                    continue;
                }
                Some(Pool::Finalized { block, .. }) => {
                    subscriber.send(&TransactionStatus::InBlock(block)).await?;
                    tokio::select! {
                        () = subscriber.closed() => return Err(Gone),
                        () = tokio::time::sleep(self.node.finality_gap) => {}
                    }
                    TransactionStatus::Finalized(block)
                }
                Some(Pool::Usurped(by)) => TransactionStatus::Usurped(by),
                // The pool ends a watch without a last word only when the node stops.
                Some(Pool::Dropped) | None => TransactionStatus::Dropped,
                Some(Pool::Invalid) => TransactionStatus::Invalid,
            };
            return subscriber.send(&last).await;
        }
    }
}

#[async_trait]
impl AuthorApiServer for Author {
    async fn submit_extrinsic(&self, extrinsic: Bytes) -> RpcResult<Hash> {
        let submitted = self
            .node
            .pool
            .submit(TransactionSource::Local, Extrinsic::from(extrinsic.0));
        Ok(submitted.await.map_err(AuthorApiError)?)
    }

    async fn pending_extrinsics(&self) -> RpcResult<Vec<Bytes>> {
        let pending = self.node.pool.pending(PENDING_MAX);
        let mut room = PENDING_BYTES_MAX;
        let told = pending.iter().map_while(|bytes| {
            room = room.checked_sub(bytes.len())?;
            Some(Bytes::from(&bytes[..]))
        });
        Ok(told.collect())
    }

    async fn watch_extrinsic(&self, pending: PendingSubscriptionSink, extrinsic: Bytes) {
        let extrinsic = Extrinsic::from(extrinsic.0);
        let statuses = match self.node.pool.submit_and_watch(extrinsic).await {
            Ok((_, statuses)) => statuses,
            Err(error) => return pending.reject(AuthorApiError(error)).await,
        };
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        if self.watch(&subscriber, statuses).await.is_err() {
            tracing::trace!("rpc: nobody watches the transaction any more");
        }
    }
}
