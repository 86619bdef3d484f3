//! `transaction_v1_*` and `transactionWatch_v1_*`.

use std::{sync::Arc, time::Duration};

use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::{error::INVALID_PARAMS_CODE, ErrorObjectOwned},
    Extensions, PendingSubscriptionSink,
};
use sp_runtime::transaction_validity::InvalidTransaction;
use tokio_util::sync::CancellationToken;
use xinglin_core::{Extrinsic, PoolError, StatusStream, TransactionSource};
use xinglin_rpc_api::{
    transaction::{Inclusion, TransactionApiServer, TransactionWatchApiServer, WatchEvent},
    Bytes,
};

use crate::{
    author::AuthorApiError,
    connection::Connection,
    error::error_with_data,
    events::{Feed, Step},
    node::Node,
    subscription::{Gone, Subscriber},
};

/// Least time between two attempts to put the same transaction into the pool.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why a `transaction_v1_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum TransactionApiError {
    /// No operation of this connection has this id.
    #[error("no broadcast with this id")]
    UnknownOperation,
}

impl From<TransactionApiError> for ErrorObjectOwned {
    fn from(error: TransactionApiError) -> Self {
        let remedy = "it was stopped already, or begun on another connection";
        error_with_data(INVALID_PARAMS_CODE, &error.to_string(), remedy.to_owned())
    }
}

/// `transaction_v1_*`.
#[derive(Debug)]
pub(crate) struct Broadcast {
    node: Arc<Node>,
}

impl Broadcast {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }
}

/// Offers a transaction to the pool until it has been in a block, can never be, or is stopped.
async fn keep_offering(
    node: Arc<Node>,
    mut feed: Feed,
    transaction: Extrinsic,
    stopped: CancellationToken,
) {
    let offering = async {
        loop {
            let offered = node
                .pool
                .submit(TransactionSource::Local, transaction.clone())
                .await;
            if offered.as_ref().is_err_and(is_hopeless) {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
            while !matches!(feed.next().await, Step::Best(_) | Step::Missed(_)) {}
        }
    };
    tokio::select! {
        () = stopped.cancelled() => {}
        () = offering => {}
    }
}

/// Whether no later block can change the pool's mind. A used nonce also means that it, or another in
/// its place, is in a block.
fn is_hopeless(error: &PoolError) -> bool {
    match error {
        PoolError::TooLarge { .. } | PoolError::Undecodable | PoolError::Stopped => true,
        PoolError::Invalid(reason) => matches!(
            reason,
            InvalidTransaction::Stale
                | InvalidTransaction::BadProof
                | InvalidTransaction::AncientBirthBlock
        ),
        PoolError::Unknown(_)
        | PoolError::AlreadyImported(_)
        | PoolError::TemporarilyBanned(_)
        | PoolError::PriorityTooLow
        | PoolError::Full(_)
        | PoolError::Store(_) => false,
    }
}

#[async_trait]
impl TransactionApiServer for Broadcast {
    async fn broadcast(
        &self,
        extensions: &Extensions,
        transaction: Bytes,
    ) -> RpcResult<Option<String>> {
        let connection = Connection::of(extensions)?;
        let Some((id, stopped)) = connection.begin_broadcast() else {
            return Ok(None);
        };
        let (_, feed) = self.node.events.subscribe();
        tokio::spawn(keep_offering(
            Arc::clone(&self.node),
            feed,
            Extrinsic::from(transaction.0),
            stopped,
        ));
        Ok(Some(id))
    }

    fn stop_broadcast(&self, extensions: &Extensions, operation_id: String) -> RpcResult<()> {
        if Connection::of(extensions)?.stop_broadcast(&operation_id) {
            Ok(())
        } else {
            Err(TransactionApiError::UnknownOperation.into())
        }
    }
}

/// `transactionWatch_v1_*`.
#[derive(Debug)]
pub(crate) struct Watch {
    node: Arc<Node>,
}

impl Watch {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Retells the pool's word until the last.
    async fn watch(&self, subscriber: &Subscriber, mut statuses: StatusStream) -> Result<(), Gone> {
        use xinglin_core::TransactionStatus as Pool;
        subscriber.send(&WatchEvent::Validated).await?;
        loop {
            let status = tokio::select! {
                () = subscriber.closed() => return Err(Gone),
                status = statuses.recv() => status,
            };
            let last = match status {
                Some(Pool::Ready | Pool::Future | Pool::Broadcast(_)) => continue,
                Some(Pool::Finalized { block, index }) => {
                    let block = Inclusion { hash: block, index };
                    let included = WatchEvent::BestChainBlockIncluded { block: Some(block) };
                    subscriber.send(&included).await?;
                    tokio::select! {
                        () = subscriber.closed() => return Err(Gone),
                        () = tokio::time::sleep(self.node.finality_gap) => {}
                    }
                    WatchEvent::Finalized { block }
                }
                Some(Pool::Usurped(by)) => invalid(format!("transaction {by:?} took its nonce")),
                Some(Pool::Invalid) => invalid("it has become invalid; sign it anew".to_owned()),
                Some(Pool::Dropped) => dropped("the pool was full or it expired; send it again"),
                None => dropped("the node is shutting down"),
            };
            return subscriber.send(&last).await;
        }
    }
}

fn invalid(error: String) -> WatchEvent {
    WatchEvent::Invalid { error }
}

fn dropped(error: &str) -> WatchEvent {
    WatchEvent::Dropped {
        error: error.to_owned(),
    }
}

/// The last word about a transaction that the pool does not take.
fn refused(error: PoolError) -> WatchEvent {
    let error = AuthorApiError(error);
    let reason = error.reason();
    match error.0 {
        PoolError::TooLarge { .. } | PoolError::Undecodable | PoolError::Invalid(_) => {
            invalid(reason)
        }
        PoolError::TemporarilyBanned(_) => invalid(reason),
        PoolError::AlreadyImported(_) | PoolError::PriorityTooLow | PoolError::Full(_) => {
            WatchEvent::Dropped { error: reason }
        }
        PoolError::Unknown(_) | PoolError::Stopped | PoolError::Store(_) => {
            WatchEvent::Error { error: reason }
        }
    }
}

#[async_trait]
impl TransactionWatchApiServer for Watch {
    async fn submit_and_watch(&self, pending: PendingSubscriptionSink, transaction: Bytes) {
        let transaction = Extrinsic::from(transaction.0);
        let submitted = self.node.pool.submit_and_watch(transaction).await;
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        let told = match submitted {
            Ok((_, statuses)) => self.watch(&subscriber, statuses).await,
            Err(error) => subscriber.send(&refused(error)).await,
        };
        if told.is_err() {
            tracing::trace!("rpc: nobody watches the transaction any more");
        }
    }
}
