//! What executing a block leaves behind, and what all executions share.

use std::{collections::BTreeMap, sync::Arc};

use sp_core::storage::well_known_keys;
use sp_state_machine::StorageChanges;
use xinglin_core::{Block, ExecutionError, StateChange, TrieChanges};
use xinglin_primitives::{time::Moment, AccountId, Hash, Hashing, Header, Nonce};
use xinglin_runtime::{native::DecodedExtrinsic, Runtime};

use crate::{
    backend::{TipBackend, TipState, STATE_VERSION},
    metrics::Metrics,
    session::Overlay,
    signatures::Signatures,
};

/// What is shared between the executor thread, validation and queries.
pub(crate) struct Context {
    /// The tip and its caches.
    pub(crate) state: Arc<TipState>,
    /// Which signatures have been verified.
    pub(crate) signatures: Signatures,
    /// What is counted.
    pub(crate) metrics: Metrics,
}

/// An executed block with all that it changes.
pub(crate) struct Outcome {
    pub(crate) block: Arc<Block>,
    pub(crate) hash: Hash,
    /// The block's time.
    pub(crate) time: Moment,
    /// The limit on how far that may be off, at the block's height.
    pub(crate) clock_drift_max_ms: u32,
    pub(crate) extrinsic_hashes: Vec<Hash>,
    pub(crate) next_nonces: Vec<(AccountId, Nonce)>,
    pub(crate) trie: TrieChanges,
    pub(crate) flat: Arc<Vec<StateChange>>,
    pub(crate) runtime_changed: bool,
}

/// A block whose last step is done, with its changes still in the overlay.
pub(crate) struct Executed {
    /// The header as executed, with both roots.
    pub(crate) header: Header,
    pub(crate) extrinsics: Vec<DecodedExtrinsic>,
    pub(crate) time: Moment,
    pub(crate) clock_drift_max_ms: u32,
}

impl Outcome {
    /// Takes the changes of `executed` out of the overlay in which it was executed. `block` has
    /// the header of `executed`.
    pub(crate) fn new(
        block: Arc<Block>,
        executed: &Executed,
        overlay: &mut Overlay,
        backend: &TipBackend,
    ) -> Result<Self, ExecutionError> {
        let changes = drain(overlay, backend)?;
        let root = changes.transaction_storage_root;
        if root != block.header.state_root {
            // The runtime computed the root before its last write.
            return Err(ExecutionError::Runtime(format!(
                "the state root is {root:?} after the block and {:?} in its header",
                block.header.state_root
            )));
        }
        let trie = backend.take_changes(&root).ok_or_else(|| {
            let message = format!("the changes of the state root {root:?} were lost");
            ExecutionError::Runtime(message)
        })?;
        let flat = changes.main_storage_changes;
        debug_assert!(flat.is_sorted_by(|a, b| a.0 < b.0));
        Ok(Self {
            hash: block.hash(),
            time: executed.time,
            clock_drift_max_ms: executed.clock_drift_max_ms,
            extrinsic_hashes: executed.extrinsics.iter().map(|it| it.hash()).collect(),
            next_nonces: next_nonces(&executed.extrinsics),
            runtime_changed: runtime_changed(&flat),
            trie,
            flat: Arc::new(flat),
            block,
        })
    }
}

fn drain(
    overlay: &mut Overlay,
    backend: &TipBackend,
) -> Result<StorageChanges<Hashing>, ExecutionError> {
    if overlay.transaction_depth() > 0 {
        let message = "a storage transaction is still open at the end of the block";
        return Err(ExecutionError::Runtime(message.into()));
    }
    let changes = overlay
        .drain_storage_changes(backend, STATE_VERSION)
        .map_err(ExecutionError::Runtime)?;
    if let Some(fault) = backend.faults().take() {
        return Err(fault.into_store_error(backend.root()).into());
    }
    if !changes.child_storage_changes.is_empty() {
        let message = "the block writes to a child trie, which this node does not store";
        return Err(ExecutionError::Runtime(message.into()));
    }
    Ok(changes)
}

/// The nonce that follows the last transaction of each sender.
pub(crate) fn next_nonces(extrinsics: &[DecodedExtrinsic]) -> Vec<(AccountId, Nonce)> {
    let mut next = BTreeMap::new();
    for (sender, nonce) in extrinsics.iter().filter_map(DecodedExtrinsic::sender) {
        next.insert(sender.clone(), nonce.saturating_add(1));
    }
    next.into_iter().collect()
}

fn runtime_changed(flat: &[StateChange]) -> bool {
    let last_upgrade = frame_system::LastRuntimeUpgrade::<Runtime>::hashed_key();
    [well_known_keys::CODE, &last_upgrade[..]]
        .iter()
        .any(|key| flat.binary_search_by(|(k, _)| k[..].cmp(key)).is_ok())
}
