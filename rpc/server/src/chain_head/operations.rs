//! Operations of a follow subscription: they run in the background and tell their outcome as events.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use xinglin_core::StateError;
use xinglin_primitives::Hash;
use xinglin_rpc_api::{chain_head::FollowEvent, Bytes};

use crate::{error::ServerError, node::Node, storage::Cursor, subscription::Gone};

use super::Follow;

/// Operations of one subscription at a time; the specification asks for at least 16.
const OPERATIONS_MAX: usize = 16;

/// The operations in progress of one subscription.
#[derive(Debug)]
pub(super) struct Operations {
    slots: Arc<Semaphore>,
    begun: AtomicU64,
    running: Mutex<HashMap<String, CancellationToken>>,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(OPERATIONS_MAX)),
            begun: AtomicU64::new(0),
            running: Mutex::default(),
        }
    }
}

impl Operations {
    /// Stops an operation if it is in progress.
    pub(super) fn stop(&self, id: &str) {
        if let Some(token) = self.running.lock().remove(id) {
            token.cancel();
        }
    }
}

/// One operation in progress. It frees its slot when dropped.
#[derive(Debug)]
pub(super) struct Operation {
    id: String,
    follow: Arc<Follow>,
    stopped: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

impl Operation {
    /// Takes a slot; `None` if there is none.
    pub(super) fn begin(follow: Arc<Follow>) -> Option<Self> {
        let operations = follow.operations();
        let slot = Arc::clone(&operations.slots).try_acquire_owned().ok()?;
        let number = operations.begun.fetch_add(1, Ordering::Relaxed);
        let id = format!("operation-{number}");
        let stopped = follow.ended().child_token();
        operations
            .running
            .lock()
            .insert(id.clone(), stopped.clone());
        Some(Self {
            id,
            follow,
            stopped,
            _slot: slot,
        })
    }

    /// Its id within the subscription.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Runs until it ends, is stopped, or nobody listens any more.
    pub(super) async fn run(&self, running: impl Future<Output = Result<(), Gone>>) {
        tokio::select! {
            biased;
            () = self.stopped.cancelled() => {}
            () = self.follow.subscriber().closed() => {}
            outcome = running => {
                if outcome.is_err() {
                    tracing::trace!("rpc: nobody hears of the operation");
                }
            }
        }
    }

    async fn tell(&self, event: &FollowEvent) -> Result<(), Gone> {
        self.follow.subscriber().send(event).await
    }

    async fn fail(&self, failure: Failure) -> Result<(), Gone> {
        let operation_id = self.id.clone();
        self.tell(&match failure {
            Failure::Inaccessible => FollowEvent::OperationInaccessible { operation_id },
            Failure::Error(error) => FollowEvent::OperationError {
                operation_id,
                error,
            },
        })
        .await
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.follow.operations().running.lock().remove(&self.id);
    }
}

/// How an operation fails.
enum Failure {
    /// The block or its state cannot be read here; asking again or elsewhere may help.
    Inaccessible,
    /// It fails everywhere.
    Error(String),
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        if let ServerError::Store(cause) = &error {
            tracing::error!(%cause, "rpc: database error");
        }
        Self::Inaccessible
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        match error {
            StateError::UnknownBlock(_) | StateError::Pruned(_) => Self::Inaccessible,
            StateError::Store(error) => ServerError::Store(error).into(),
            StateError::UnknownMethod(_) | StateError::Call { .. } => {
                Self::Error(error.to_string())
            }
        }
    }
}

/// Reads a block's transactions.
pub(super) async fn body(
    node: Arc<Node>,
    operation: Arc<Operation>,
    hash: Hash,
) -> Result<(), Gone> {
    let body = node.read(move |node| {
        let body = node.chain.body(&hash).map_err(ServerError::from)?;
        body.ok_or(Failure::Inaccessible)
    });
    match body.await {
        Ok(body) => {
            let value = body.iter().map(|bytes| Bytes::from(&bytes[..])).collect();
            let operation_id = operation.id.clone();
            operation
                .tell(&FollowEvent::OperationBodyDone {
                    operation_id,
                    value,
                })
                .await
        }
        Err(failure) => operation.fail(failure).await,
    }
}

/// Calls a runtime function.
pub(super) async fn call(
    node: Arc<Node>,
    operation: Arc<Operation>,
    hash: Hash,
    function: String,
    data: Bytes,
) -> Result<(), Gone> {
    let output =
        node.read(move |node| Ok::<_, Failure>(node.state.call(hash, &function, &data.0)?));
    match output.await {
        Ok(output) => {
            let operation_id = operation.id.clone();
            operation
                .tell(&FollowEvent::OperationCallDone {
                    operation_id,
                    output: output.into(),
                })
                .await
        }
        Err(failure) => operation.fail(failure).await,
    }
}

/// Answers queries of the state page by page. A client that does not read holds up the next page.
pub(super) async fn storage(
    node: Arc<Node>,
    operation: Arc<Operation>,
    mut cursor: Cursor,
) -> Result<(), Gone> {
    while !cursor.is_done() {
        let page = node.read(move |node| {
            let page = cursor.page(&*node.state)?;
            Ok::<_, Failure>((cursor, page))
        });
        let items = match page.await {
            Ok((rest, items)) => {
                cursor = rest;
                items
            }
            Err(failure) => return operation.fail(failure).await,
        };
        if !items.is_empty() {
            let operation_id = operation.id.clone();
            operation
                .tell(&FollowEvent::OperationStorageItems {
                    operation_id,
                    items,
                })
                .await?;
        }
    }
    let operation_id = operation.id.clone();
    operation
        .tell(&FollowEvent::OperationStorageDone { operation_id })
        .await
}
