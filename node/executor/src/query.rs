//! Reading the state after any block.

use codec::Encode;
use sp_state_machine::{backend::StorageIterator, Backend, IterArgs};
use sp_trie::MerkleValue;
use xinglin_core::{Extrinsic, StateError, StateQuery, StoreError};
use xinglin_primitives::{Hash, Hashing};
use xinglin_runtime::native::{self, DecodedExtrinsic};

use crate::{
    backend::{Fault, Faults, StateTrie},
    session::{self, Overlay, SessionError},
    Executor,
};

/// The state after one block.
struct View {
    at: Hash,
    number: u32,
    root: Hash,
    trie: StateTrie,
    faults: Faults,
}

impl Executor {
    fn view(&self, at: Hash) -> Result<View, StateError> {
        let header = self
            .chain
            .header(&at)?
            .ok_or(StateError::UnknownBlock(at))?;
        if header.number < self.chain.oldest_state() {
            return Err(StateError::Pruned(at));
        }
        let (trie, faults) = self.context.state.trie_at(header.state_root);
        Ok(View {
            at,
            number: header.number,
            root: header.state_root,
            trie,
            faults,
        })
    }

    /// What a fault while reading `view` means: its state may have been pruned meanwhile.
    fn explain(&self, view: &View, fault: Fault) -> StateError {
        match fault {
            Fault::MissingNode if view.number < self.chain.oldest_state() => {
                StateError::Pruned(view.at)
            }
            fault => StateError::Store(fault.into_store_error(view.root)),
        }
    }

    /// Reads from the state after `at`.
    fn read<R, E: std::fmt::Display>(
        &self,
        at: Hash,
        read: impl FnOnce(&StateTrie) -> Result<R, E>,
    ) -> Result<R, StateError> {
        let view = self.view(at)?;
        let result = read(&view.trie);
        if let Some(fault) = view.faults.take() {
            return Err(self.explain(&view, fault));
        }
        result.map_err(|error| {
            let message = format!("state trie {:?}: {error}", view.root);
            StateError::Store(StoreError::Corrupt(message))
        })
    }

    /// Runs `scope` with the state after `at` on one of the threads for calls, and discards what it
    /// writes. `method` names it where it panics.
    fn in_runtime<R: Send>(
        &self,
        at: Hash,
        method: &str,
        scope: impl FnOnce() -> R + Send,
    ) -> Result<R, StateError> {
        let view = self.view(at)?;
        let outcome = self
            .calls
            .install(|| session::run(&view.trie, &view.faults, &mut Overlay::default(), scope));
        outcome.map_err(|error| match error {
            SessionError::Panicked(reason) => failed(method, reason),
            SessionError::Fault(fault) => self.explain(&view, fault),
        })
    }

    fn iterate<R>(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
        next: impl Fn(&mut RawIter, &StateTrie) -> Option<Result<R, String>>,
    ) -> Result<Vec<R>, StateError> {
        self.read(at, |trie| {
            let mut args = IterArgs::default();
            args.prefix = Some(prefix);
            args.start_at = start_after;
            args.start_at_exclusive = true;
            let mut iter = trie.raw_iter(args)?;
            std::iter::from_fn(|| next(&mut iter, trie))
                .take(limit)
                .collect::<Result<_, _>>()
        })
    }
}

type RawIter = <StateTrie as Backend<Hashing>>::RawIter;

impl StateQuery for Executor {
    fn storage(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.read(at, |trie| trie.storage(key))
    }

    fn storage_hash(&self, at: Hash, key: &[u8]) -> Result<Option<Hash>, StateError> {
        self.read(at, |trie| trie.storage_hash(key))
    }

    fn closest_merkle_value(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let value = self.read(at, |trie| trie.closest_merkle_value(key))?;
        Ok(value.map(|value| match value {
            MerkleValue::Node(node) => node,
            MerkleValue::Hash(hash) => hash.as_bytes().to_vec(),
        }))
    }

    fn keys(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        self.iterate(at, prefix, start_after, limit, |iter, trie| {
            iter.next_key(trie)
        })
    }

    fn pairs(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StateError> {
        self.iterate(at, prefix, start_after, limit, |iter, trie| {
            iter.next_pair(trie)
        })
    }

    fn read_proof(&self, at: Hash, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StateError> {
        let proof = self.read(at, |trie| {
            sp_state_machine::prove_read_on_trie_backend(trie, keys)
        })?;
        Ok(proof.into_iter_nodes().collect())
    }

    fn call(&self, at: Hash, method: &str, data: &[u8]) -> Result<Vec<u8>, StateError> {
        let answer = self.in_runtime(at, method, || native::call(method, data))?;
        answer.map_err(|error| match error {
            native::CallError::Unknown => StateError::UnknownMethod(method.into()),
            native::CallError::Failed(reason) => failed(method, reason),
        })
    }

    fn dry_run(&self, at: Hash, transaction: &Extrinsic) -> Result<Vec<u8>, StateError> {
        const METHOD: &str = "BlockBuilder_apply_extrinsic";
        let transaction = DecodedExtrinsic::decode(transaction.clone())
            .map_err(|error| failed(METHOD, error.to_string()))?;
        let outcome = self.in_runtime(at, METHOD, || {
            native::begin_validation(&at);
            native::apply(&transaction, None)
        })?;
        Ok(outcome.encode())
    }
}

fn failed(method: &str, reason: String) -> StateError {
    StateError::Call {
        method: method.into(),
        reason,
    }
}
