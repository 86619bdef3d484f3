//! `chainHead_v1_*`.
//!
//! | file | what it decides |
//! |---|---|
//! | `follow` | what a subscription is told, and when it must begin anew |
//! | `pins` | which blocks a subscription may read |
//! | `operations` | reading bodies and state, calling the runtime, in the background |

mod follow;
mod operations;
mod pins;

use std::{future::Future, sync::Arc};

use codec::Encode;
use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
    Extensions, PendingSubscriptionSink, ResponsePayload,
};
use xinglin_core::StoreError;
use xinglin_primitives::Hash;
use xinglin_rpc_api::{
    chain_head::{ChainHeadApiServer, OperationReply},
    codes,
    number::OneOrMany,
    storage::StorageQuery,
    Bytes,
};

pub(crate) use follow::Follow;

use crate::{
    connection::Connection,
    error::{error_with_data, ServerError},
    node::Node,
    storage::{Cursor, QUERIES_MAX},
    subscription::Gone,
};
use operations::Operation;

/// Why a `chainHead_v1_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ChainHeadApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The connection follows too often.
    #[error("too many follow subscriptions on this connection")]
    FollowLimit,
    /// The block was not reported, or is unpinned.
    #[error("block {0:?} is not pinned")]
    NotPinned(Hash),
    /// The subscription was made without the runtime.
    #[error("the subscription was made with `withRuntime` false")]
    WithoutRuntime,
    /// No operation ever waits.
    #[error("the operation is not waiting to be continued")]
    NotWaiting,
    /// A list of blocks names one twice.
    #[error("a block is named twice")]
    DuplicateHashes,
}

impl From<StoreError> for ChainHeadApiError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl From<ChainHeadApiError> for ErrorObjectOwned {
    fn from(error: ChainHeadApiError) -> Self {
        let message = error.to_string();
        let (code, remedy) = match error {
            ChainHeadApiError::Server(error) => return error.into(),
            ChainHeadApiError::FollowLimit => (
                codes::CHAIN_HEAD_FOLLOW_LIMIT,
                "unfollow one, or open another connection",
            ),
            ChainHeadApiError::NotPinned(_) => (
                codes::CHAIN_HEAD_NOT_PINNED,
                "read blocks that the subscription reported and you did not unpin, or use `archive_v1_*`",
            ),
            ChainHeadApiError::WithoutRuntime => (
                codes::CHAIN_HEAD_WITHOUT_RUNTIME,
                "follow with `withRuntime` true",
            ),
            ChainHeadApiError::NotWaiting => (
                codes::CHAIN_HEAD_NOT_WAITING,
                "wait for the operation's events",
            ),
            ChainHeadApiError::DuplicateHashes => {
                (codes::CHAIN_HEAD_DUPLICATE_HASHES, "name each block once")
            }
        };
        error_with_data(code, &message, remedy.to_owned())
    }
}

/// `chainHead_v1_*`.
#[derive(Debug)]
pub(crate) struct ChainHead {
    node: Arc<Node>,
}

impl ChainHead {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Answers with an operation's id, then runs it in the background.
    fn begin<F>(
        &self,
        follow: Option<Arc<Follow>>,
        hash: Hash,
        discarded_items: Option<usize>,
        run: impl FnOnce(Arc<Node>, Arc<Operation>) -> F,
    ) -> Result<ResponsePayload<'static, OperationReply>, ChainHeadApiError>
    where
        F: Future<Output = Result<(), Gone>> + Send + 'static,
    {
        let Some(follow) = follow else {
            return Ok(ResponsePayload::success(OperationReply::LimitReached));
        };
        follow.check_pinned(&hash)?;
        let Some(operation) = Operation::begin(follow) else {
            return Ok(ResponsePayload::success(OperationReply::LimitReached));
        };
        let reply = OperationReply::Started {
            operation_id: operation.id().to_owned(),
            discarded_items,
        };
        let (payload, answered) = ResponsePayload::success(reply).notify_on_completion();
        let operation = Arc::new(operation);
        let running = run(Arc::clone(&self.node), Arc::clone(&operation));
        tokio::spawn(async move {
            // The client must know the id before it hears of it. If the answer could not be sent
            // there is nobody to tell, which the first notification finds out.
            if answered.await.is_err() {
                tracing::trace!("rpc: the answer with the operation's id is not tracked");
            }
            operation.run(running).await;
        });
        Ok(payload)
    }
}

fn follow_of(extensions: &Extensions, id: &str) -> RpcResult<Option<Arc<Follow>>> {
    Ok(Connection::of(extensions)?.follow(id))
}

fn payload(
    outcome: Result<ResponsePayload<'static, OperationReply>, ErrorObjectOwned>,
) -> ResponsePayload<'static, OperationReply> {
    outcome.unwrap_or_else(ResponsePayload::error)
}

#[async_trait]
impl ChainHeadApiServer for ChainHead {
    async fn follow(
        &self,
        pending: PendingSubscriptionSink,
        extensions: &Extensions,
        with_runtime: bool,
    ) {
        match Connection::of(extensions) {
            Ok(connection) => {
                let node = Arc::clone(&self.node);
                follow::follow(node, connection, pending, with_runtime).await;
            }
            Err(error) => pending.reject(error).await,
        }
    }

    async fn header(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        hash: Hash,
    ) -> RpcResult<Option<Bytes>> {
        let Some(follow) = follow_of(extensions, &follow_subscription)? else {
            return Ok(None);
        };
        follow.check_pinned(&hash)?;
        let header = self
            .node
            .read(move |node| Ok::<_, ChainHeadApiError>(node.chain.header(&hash)?));
        Ok(header.await?.map(|header| header.encode().into()))
    }

    async fn body(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        hash: Hash,
    ) -> ResponsePayload<'static, OperationReply> {
        payload(
            follow_of(extensions, &follow_subscription).and_then(|follow| {
                let run = move |node, operation| operations::body(node, operation, hash);
                Ok(self.begin(follow, hash, None, run)?)
            }),
        )
    }

    async fn call(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        hash: Hash,
        function: String,
        call_parameters: Bytes,
    ) -> ResponsePayload<'static, OperationReply> {
        payload(
            follow_of(extensions, &follow_subscription).and_then(|follow| {
                if follow.as_ref().is_some_and(|follow| !follow.with_runtime()) {
                    return Err(ChainHeadApiError::WithoutRuntime.into());
                }
                let run = move |node, operation| {
                    operations::call(node, operation, hash, function, call_parameters)
                };
                Ok(self.begin(follow, hash, None, run)?)
            }),
        )
    }

    async fn storage(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        hash: Hash,
        mut items: Vec<StorageQuery>,
        child_trie: Option<Bytes>,
    ) -> ResponsePayload<'static, OperationReply> {
        let discarded = items.len().saturating_sub(QUERIES_MAX);
        items.truncate(QUERIES_MAX);
        if child_trie.is_some() {
            // No pallet of this chain has a child trie: nothing is found in any.
            items.clear();
        }
        payload(
            follow_of(extensions, &follow_subscription).and_then(|follow| {
                let cursor = Cursor::new(hash, items);
                let run = move |node, operation| operations::storage(node, operation, cursor);
                Ok(self.begin(follow, hash, Some(discarded), run)?)
            }),
        )
    }

    fn continue_operation(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        _operation_id: String,
    ) -> RpcResult<()> {
        match follow_of(extensions, &follow_subscription)? {
            Some(_) => Err(ChainHeadApiError::NotWaiting.into()),
            None => Ok(()),
        }
    }

    fn stop_operation(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        operation_id: String,
    ) -> RpcResult<()> {
        if let Some(follow) = follow_of(extensions, &follow_subscription)? {
            follow.operations().stop(&operation_id);
        }
        Ok(())
    }

    fn unpin(
        &self,
        extensions: &Extensions,
        follow_subscription: String,
        hashes: OneOrMany<Hash>,
    ) -> RpcResult<()> {
        let hashes = match hashes {
            OneOrMany::One(hash) => vec![hash],
            OneOrMany::Many(hashes) => hashes,
        };
        match follow_of(extensions, &follow_subscription)? {
            Some(follow) => Ok(follow.unpin(&hashes)?),
            None => Ok(()),
        }
    }
}
