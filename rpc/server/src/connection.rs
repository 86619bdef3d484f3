//! What the server keeps for one connection. It goes when the connection does.

use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
};

use jsonrpsee::{types::ErrorObjectOwned, Extensions};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{chain_head::Follow, error::ServerError, metrics::GaugeGuard};

/// State of one connection, found in the extensions of each of its calls.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Living `chainHead_v1_follow` subscriptions by id.
    follows: Mutex<HashMap<String, Arc<Follow>>>,
    follow_slots: Arc<Semaphore>,
    /// Running `transaction_v1_broadcast` operations by id.
    broadcasts: Mutex<HashMap<String, CancellationToken>>,
    broadcasts_begun: AtomicU64,
    broadcasts_max: usize,
    closed: CancellationToken,
    _counted: GaugeGuard,
}

impl Connection {
    pub(crate) fn new(follows_max: u32, broadcasts_max: u32, counted: GaugeGuard) -> Self {
        Self {
            follows: Mutex::default(),
            follow_slots: Arc::new(Semaphore::new(follows_max as usize)),
            broadcasts: Mutex::default(),
            broadcasts_begun: AtomicU64::new(0),
            broadcasts_max: broadcasts_max as usize,
            closed: CancellationToken::new(),
            _counted: counted,
        }
    }

    /// The connection a call came over.
    pub(crate) fn of(extensions: &Extensions) -> Result<Arc<Self>, ErrorObjectOwned> {
        extensions
            .get::<Arc<Self>>()
            .cloned()
            .ok_or_else(|| ServerError::Internal.into())
    }

    /// The right to one more follow subscription.
    pub(crate) fn follow_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.follow_slots).try_acquire_owned().ok()
    }

    /// Makes a follow subscription known to later calls.
    pub(crate) fn add_follow(&self, id: String, follow: Arc<Follow>) {
        self.follows.lock().insert(id, follow);
    }

    /// Forgets a follow subscription.
    pub(crate) fn remove_follow(&self, id: &str) {
        self.follows.lock().remove(id);
    }

    /// A living follow subscription.
    pub(crate) fn follow(&self, id: &str) -> Option<Arc<Follow>> {
        self.follows.lock().get(id).cloned()
    }

    /// The id of one more broadcast, and a token that is cancelled when it is stopped or the
    /// connection closes; `None` if there are too many.
    pub(crate) fn begin_broadcast(&self) -> Option<(String, CancellationToken)> {
        let mut broadcasts = self.broadcasts.lock();
        if broadcasts.len() >= self.broadcasts_max {
            return None;
        }
        let number = self.broadcasts_begun.fetch_add(1, Ordering::Relaxed);
        let id = format!("broadcast-{number}");
        let token = self.closed.child_token();
        broadcasts.insert(id.clone(), token.clone());
        Some((id, token))
    }

    /// Stops a broadcast; whether there was one with this id.
    pub(crate) fn stop_broadcast(&self, id: &str) -> bool {
        match self.broadcasts.lock().remove(id) {
            Some(token) => {
                token.cancel();
                true
            }
            None => false,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}
