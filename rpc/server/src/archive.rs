//! `archive_v1_*`.

use std::sync::Arc;

use codec::Encode;
use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::{error::INVALID_PARAMS_CODE, ErrorObjectOwned},
    PendingSubscriptionSink,
};
use xinglin_core::{StateError, StoreError};
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_rpc_api::{
    archive::{ArchiveApiServer, CallOutcome, StorageEvent},
    number::Height,
    storage::StorageQuery,
    Bytes,
};

use crate::{
    error::{error_with_data, ServerError},
    node::Node,
    storage::{Cursor, QUERIES_MAX},
    subscription::{Gone, Subscriber},
};

/// Why an `archive_v1_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ArchiveApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The state cannot be read.
    #[error(transparent)]
    State(StateError),
    /// More queries than one call may make.
    #[error("{0} items in one call")]
    TooMany(usize),
}

impl From<StoreError> for ArchiveApiError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl From<StateError> for ArchiveApiError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Store(error) => Self::Server(error.into()),
            error => Self::State(error),
        }
    }
}

impl From<ArchiveApiError> for ErrorObjectOwned {
    fn from(error: ArchiveApiError) -> Self {
        match error {
            ArchiveApiError::Server(error) => error.into(),
            ArchiveApiError::State(error) => crate::state::StateApiError::from(error).into(),
            ArchiveApiError::TooMany(_) => error_with_data(
                INVALID_PARAMS_CODE,
                &error.to_string(),
                format!("ask for at most {QUERIES_MAX} at a time"),
            ),
        }
    }
}

/// `archive_v1_*`.
#[derive(Debug)]
pub(crate) struct Archive {
    node: Arc<Node>,
}

impl Archive {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Sends all answers, or the reason why there are none.
    async fn answer(&self, subscriber: &Subscriber, mut cursor: Cursor) -> Result<(), Gone> {
        while !cursor.is_done() {
            let page = self.node.read(move |node| {
                let page = cursor.page(&*node.state)?;
                Ok::<_, ArchiveApiError>((cursor, page))
            });
            let items = match page.await {
                Ok((rest, items)) => {
                    cursor = rest;
                    items
                }
                Err(error) => {
                    let error = error.to_string();
                    return subscriber.send(&StorageEvent::StorageError { error }).await;
                }
            };
            for item in items {
                subscriber.send(&StorageEvent::Storage(item)).await?;
            }
        }
        subscriber.send(&StorageEvent::StorageDone).await
    }
}

#[async_trait]
impl ArchiveApiServer for Archive {
    fn genesis_hash(&self) -> RpcResult<Hash> {
        Ok(self.node.info.genesis_hash)
    }

    fn finalized_height(&self) -> RpcResult<BlockNumber> {
        Ok(self.node.tip()?.number)
    }

    async fn hash_by_height(&self, height: Height) -> RpcResult<Vec<Hash>> {
        let Some(number) = height.block_number() else {
            return Ok(Vec::new());
        };
        let hash = self
            .node
            .read(move |node| Ok::<_, ArchiveApiError>(node.chain.hash_at(number)?));
        Ok(hash.await?.into_iter().collect())
    }

    async fn header(&self, hash: Hash) -> RpcResult<Option<Bytes>> {
        let header = self
            .node
            .read(move |node| Ok::<_, ArchiveApiError>(node.chain.header(&hash)?));
        Ok(header.await?.map(|header| header.encode().into()))
    }

    async fn body(&self, hash: Hash) -> RpcResult<Option<Vec<Bytes>>> {
        let body = self
            .node
            .read(move |node| Ok::<_, ArchiveApiError>(node.chain.body(&hash)?));
        let body = body.await?;
        Ok(body.map(|body| body.iter().map(|bytes| Bytes::from(&bytes[..])).collect()))
    }

    async fn call(
        &self,
        hash: Hash,
        function: String,
        call_parameters: Bytes,
    ) -> RpcResult<Option<CallOutcome>> {
        let output = self.node.read(move |node| {
            Ok::<_, ArchiveApiError>(node.state.call(hash, &function, &call_parameters.0)?)
        });
        match output.await {
            Ok(output) => Ok(Some(CallOutcome {
                success: true,
                value: Some(output.into()),
                error: None,
            })),
            Err(ArchiveApiError::State(StateError::UnknownBlock(_))) => Ok(None),
            Err(ArchiveApiError::State(error)) => Ok(Some(CallOutcome {
                success: false,
                value: None,
                error: Some(error.to_string()),
            })),
            Err(error) => Err(error.into()),
        }
    }

    async fn storage(
        &self,
        pending: PendingSubscriptionSink,
        hash: Hash,
        mut items: Vec<StorageQuery>,
        child_trie: Option<Bytes>,
    ) {
        if items.len() > QUERIES_MAX {
            return pending.reject(ArchiveApiError::TooMany(items.len())).await;
        }
        if child_trie.is_some() {
            // No pallet of this chain has a child trie: nothing is found in any.
            items.clear();
        }
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        let cursor = Cursor::new(hash, items);
        tokio::select! {
            () = subscriber.closed() => {}
            answered = self.answer(&subscriber, cursor) => {
                if answered.is_err() {
                    tracing::trace!("rpc: nobody waits for the answers");
                }
            }
        }
    }
}
