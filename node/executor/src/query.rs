//! Reading the state after any block.

use sp_state_machine::{backend::StorageIterator, Backend, IterArgs};
use sp_trie::MerkleValue;
use xinglin_core::{StateError, StateQuery, StoreError};
use xinglin_primitives::{Hash, Hashing};
use xinglin_runtime::native;

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
        let view = self.view(at)?;
        let failed = |reason: String| StateError::Call {
            method: method.into(),
            reason,
        };
        let answer = self.calls.install(|| {
            session::run(&view.trie, &view.faults, &mut Overlay::default(), || {
                native::call(method, data)
            })
        });
        match answer {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(native::CallError::Unknown)) => Err(StateError::UnknownMethod(method.into())),
            Ok(Err(native::CallError::Failed(reason))) => Err(failed(reason)),
            Err(SessionError::Panicked(reason)) => Err(failed(reason)),
            Err(SessionError::Fault(fault)) => Err(self.explain(&view, fault)),
        }
    }
}
