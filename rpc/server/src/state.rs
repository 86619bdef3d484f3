//! `state_*`.

use std::sync::Arc;

use codec::Encode;
use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
    PendingSubscriptionSink,
};
use xinglin_core::StateError;
use xinglin_primitives::Hash;
use xinglin_rpc_api::{
    codes,
    runtime::RuntimeVersion,
    state::{ReadProof, StateApiServer, StorageChangeSet},
    Bytes,
};

use crate::{
    error::{error_with_data, ServerError},
    events::{Committed, Step},
    node::Node,
    runtime,
    subscription::Subscriber,
};

/// Keys in one page of `state_getKeysPaged`.
const PAGE_KEYS_MAX: u32 = 1_000;
/// Keys that one call may read or one subscription watch.
const KEYS_MAX: usize = 4_096;
/// Bytes of the values that one call reads.
const VALUES_BYTES_MAX: usize = 7 * 1024 * 1024;
/// The version of the metadata that `state_getMetadata` tells; all older clients know it.
const METADATA_VERSION: u32 = 14;

/// Why a `state_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StateApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// No committed block has this hash.
    #[error("unknown block {0:?}")]
    UnknownBlock(Hash),
    /// The block's state has been pruned.
    #[error("the state of block {0:?} is not kept any more")]
    Pruned(Hash),
    /// The runtime has no such function.
    #[error("the runtime has no function `{0}`")]
    UnknownFunction(String),
    /// The function failed.
    #[error("`{function}` failed")]
    Call {
        /// Its name.
        function: String,
        /// What happened.
        reason: String,
    },
    /// More keys than one call may name.
    #[error("{count} keys in one call")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The values of the keys are more than one answer may hold.
    #[error("the values exceed {VALUES_BYTES_MAX} bytes")]
    TooLarge,
    /// A subscription to every key.
    #[error("no keys are named")]
    NoKeys,
    /// The runtime lacks a version of the metadata.
    #[error("the runtime has no metadata of version {METADATA_VERSION}")]
    NoMetadata,
}

impl From<StateError> for StateApiError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::UnknownBlock(hash) => Self::UnknownBlock(hash),
            StateError::Pruned(hash) => Self::Pruned(hash),
            StateError::UnknownMethod(name) => Self::UnknownFunction(name),
            StateError::Call { method, reason } => Self::Call {
                function: method,
                reason,
            },
            StateError::Store(error) => Self::Server(error.into()),
        }
    }
}

impl From<StateApiError> for ErrorObjectOwned {
    fn from(error: StateApiError) -> Self {
        let message = error.to_string();
        let (code, data) = match error {
            StateApiError::Server(error) => return error.into(),
            StateApiError::UnknownBlock(_) => (
                codes::STATE_UNKNOWN_BLOCK,
                "it may not be committed here yet, or belong to another chain".to_owned(),
            ),
            StateApiError::Pruned(_) => (codes::STATE_PRUNED, "ask an archive node".to_owned()),
            StateApiError::UnknownFunction(_) => (
                codes::STATE_UNKNOWN_FUNCTION,
                "the metadata lists the functions it has".to_owned(),
            ),
            StateApiError::Call { reason, .. } => (codes::STATE_CALL_FAILED, reason),
            StateApiError::TooMany { limit, .. } => (
                codes::STATE_TOO_MANY,
                format!("name at most {limit} at a time"),
            ),
            StateApiError::TooLarge => (
                codes::STATE_TOO_MANY,
                "name fewer keys at a time".to_owned(),
            ),
            StateApiError::NoKeys => (
                codes::STATE_TOO_MANY,
                format!("name the keys to watch, at most {KEYS_MAX}"),
            ),
            StateApiError::NoMetadata => (
                codes::STATE_NO_METADATA,
                "call `Metadata_metadata_versions` for those it has".to_owned(),
            ),
        };
        error_with_data(code, &message, data)
    }
}

/// `state_*`.
#[derive(Debug)]
pub(crate) struct State {
    node: Arc<Node>,
}

impl State {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Runs a job over the state after a block, by default the last.
    async fn at<T: Send + 'static>(
        &self,
        at: Option<Hash>,
        job: impl FnOnce(&Node, Hash) -> Result<T, StateApiError> + Send + 'static,
    ) -> Result<T, StateApiError> {
        self.node
            .read(move |node| {
                let at = node.at(at)?;
                job(node, at)
            })
            .await
    }

    async fn values(
        &self,
        keys: Arc<Vec<Bytes>>,
        at: Option<Hash>,
    ) -> Result<StorageChangeSet, StateApiError> {
        let values = self.at(at, move |node, at| {
            let mut changes = Vec::with_capacity(keys.len());
            let mut room = VALUES_BYTES_MAX;
            for key in keys.iter() {
                let value = node.state.storage(at, &key.0)?;
                let bytes = value.as_ref().map_or(0, Vec::len);
                room = room.checked_sub(bytes).ok_or(StateApiError::TooLarge)?;
                changes.push((key.clone(), value.map(Bytes)));
            }
            Ok(StorageChangeSet { block: at, changes })
        });
        values.await
    }
}

fn check_keys(keys: &[Bytes]) -> Result<(), StateApiError> {
    if keys.len() > KEYS_MAX {
        return Err(StateApiError::TooMany {
            count: keys.len(),
            limit: KEYS_MAX,
        });
    }
    Ok(())
}

/// Which of the keys a block changes, and to what.
fn changes_of(block: &Committed, keys: &[Bytes]) -> StorageChangeSet {
    let find = |key: &Bytes| {
        let place = block
            .changes
            .binary_search_by(|(changed, _)| changed.as_slice().cmp(&key.0))
            .ok()?;
        let (_, value) = block.changes.get(place)?;
        Some((key.clone(), value.clone().map(Bytes)))
    };
    StorageChangeSet {
        block: block.hash,
        changes: keys.iter().filter_map(find).collect(),
    }
}

#[async_trait]
impl StateApiServer for State {
    async fn call(&self, name: String, data: Bytes, at: Option<Hash>) -> RpcResult<Bytes> {
        let output = self.at(at, move |node, at| {
            Ok(node.state.call(at, &name, &data.0)?)
        });
        Ok(output.await?.into())
    }

    async fn metadata(&self, at: Option<Hash>) -> RpcResult<Bytes> {
        let metadata = self.at(at, |node, at| {
            // The runtime wraps the encoded metadata into bytes once more, for it is opaque to the
            // node.
            let wrapped: Option<Vec<u8>> = runtime::call(
                &*node.state,
                at,
                "Metadata_metadata_at_version",
                &METADATA_VERSION.encode(),
            )?;
            wrapped.ok_or(StateApiError::NoMetadata)
        });
        Ok(metadata.await?.into())
    }

    async fn runtime_version(&self, at: Option<Hash>) -> RpcResult<RuntimeVersion> {
        let version = self.at(at, |node, at| Ok(runtime::version(&*node.state, at)?));
        Ok(version.await?)
    }

    async fn storage(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<Bytes>> {
        let value = self.at(at, move |node, at| Ok(node.state.storage(at, &key.0)?));
        Ok(value.await?.map(Bytes))
    }

    async fn storage_hash(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<Hash>> {
        let hash = self.at(at, move |node, at| {
            Ok(node.state.storage_hash(at, &key.0)?)
        });
        Ok(hash.await?)
    }

    async fn storage_size(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<u64>> {
        let value = self.at(at, move |node, at| Ok(node.state.storage(at, &key.0)?));
        Ok(value.await?.map(|value| value.len() as u64))
    }

    async fn keys_paged(
        &self,
        prefix: Option<Bytes>,
        count: u32,
        start_key: Option<Bytes>,
        at: Option<Hash>,
    ) -> RpcResult<Vec<Bytes>> {
        if count > PAGE_KEYS_MAX {
            return Err(StateApiError::TooMany {
                count: count as usize,
                limit: PAGE_KEYS_MAX as usize,
            }
            .into());
        }
        let keys = self.at(at, move |node, at| {
            let prefix = prefix.unwrap_or_default();
            let start = start_key.as_ref().map(AsRef::as_ref);
            Ok(node.state.keys(at, &prefix.0, start, count as usize)?)
        });
        Ok(keys.await?.into_iter().map(Bytes).collect())
    }

    async fn query_storage_at(
        &self,
        keys: Vec<Bytes>,
        at: Option<Hash>,
    ) -> RpcResult<Vec<StorageChangeSet>> {
        check_keys(&keys)?;
        Ok(vec![self.values(Arc::new(keys), at).await?])
    }

    async fn read_proof(&self, keys: Vec<Bytes>, at: Option<Hash>) -> RpcResult<ReadProof> {
        check_keys(&keys)?;
        let proof = self.at(at, move |node, at| {
            let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| key.0).collect();
            let nodes = node.state.read_proof(at, &keys)?;
            Ok(ReadProof {
                at,
                proof: nodes.into_iter().map(Bytes).collect(),
            })
        });
        Ok(proof.await?)
    }

    async fn subscribe_runtime_version(&self, pending: PendingSubscriptionSink) {
        let (view, mut feed) = self.node.events.subscribe();
        let mut told = match self.runtime_version(Some(view.best().hash)).await {
            Ok(version) => version,
            Err(error) => return pending.reject(error).await,
        };
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        let mut sent = subscriber.send(&told).await;
        while sent.is_ok() {
            let step = tokio::select! {
                () = subscriber.closed() => return,
                step = feed.next() => step,
            };
            let at = match step {
                Step::Best(block) if block.runtime_changed => block.hash,
                Step::Missed(view) => view.best().hash,
                Step::Best(_) | Step::Finalized(_) => continue,
            };
            match self.runtime_version(Some(at)).await {
                Ok(version) if version == told => {}
                Ok(version) => {
                    sent = subscriber.send(&version).await;
                    told = version;
                }
                Err(error) => return tracing::warn!(%error, "rpc: a subscription ends"),
            }
        }
    }

    async fn subscribe_storage(&self, pending: PendingSubscriptionSink, keys: Option<Vec<Bytes>>) {
        let keys = Arc::new(keys.unwrap_or_default());
        let refused = if keys.is_empty() {
            Err(StateApiError::NoKeys)
        } else {
            check_keys(&keys)
        };
        if let Err(error) = refused {
            return pending.reject(error).await;
        }
        let (view, mut feed) = self.node.events.subscribe();
        let first = match self.values(Arc::clone(&keys), Some(view.best().hash)).await {
            Ok(values) => values,
            Err(error) => return pending.reject(error).await,
        };
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        let mut sent = subscriber.send(&first).await;
        while sent.is_ok() {
            let step = tokio::select! {
                () = subscriber.closed() => return,
                step = feed.next() => step,
            };
            let changed = match step {
                Step::Best(block) => changes_of(&block, &keys),
                Step::Finalized(_) => continue,
                // What changed in between is not known: tell what the keys hold now.
                Step::Missed(view) => {
                    match self.values(Arc::clone(&keys), Some(view.best().hash)).await {
                        Ok(values) => values,
                        Err(error) => return tracing::warn!(%error, "rpc: a subscription ends"),
                    }
                }
            };
            if !changed.changes.is_empty() {
                sent = subscriber.send(&changed).await;
            }
        }
    }
}
