//! A validator, journal and chain that agree on a few simple accounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex},
};

use codec::{Decode, Encode};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionValidityError, ValidTransaction,
};
use tokio::sync::watch;
use xinglin_core::{
    store::TxLocation, Block, ChainStore, CommitBatch, CommitNotice, Extrinsic, PoolJournal,
    StoreError, Tip, TransactionSource, TransactionValidator, Validated, ValidatedTransaction,
};
use xinglin_primitives::{
    consensus::CommitCertificate, receipt::extrinsic_hash, AccountId, BlockNumber, Hash, Header,
    Nonce,
};

/// The content of a test transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Call {
    pub(super) account: u16,
    pub(super) nonce: Nonce,
    pub(super) priority: u64,
    pub(super) salt: u8,
}

pub(super) fn call(account: u16, nonce: Nonce) -> Call {
    Call {
        account,
        nonce,
        priority: 0,
        salt: 0,
    }
}

impl Call {
    pub(super) fn bytes(self) -> Extrinsic {
        self.encode().encode().into()
    }

    pub(super) fn salted(self, salt: u8) -> Self {
        Self { salt, ..self }
    }

    fn sender(self) -> AccountId {
        let mut id = [0; 32];
        id[..2].copy_from_slice(&self.account.to_le_bytes());
        AccountId::new(id)
    }
}

#[derive(Default)]
struct State {
    nonces: BTreeMap<u16, Nonce>,
    /// Accounts that may not transact.
    suspended: BTreeSet<u16>,
    /// The committed blocks by height less one.
    blocks: Vec<(Hash, Vec<Hash>)>,
    kept: BTreeMap<Hash, Extrinsic>,
    keep_writes: usize,
    disk_fails: bool,
    /// Sizes of the validated batches.
    batches: Vec<(TransactionSource, usize)>,
    /// Sources whose validation does not return until released.
    held: Vec<TransactionSource>,
    panics: bool,
    probes: u32,
}

/// The world around the pool.
pub(super) struct World {
    state: Mutex<State>,
    released: Condvar,
    /// Number of validation calls begun.
    calls: watch::Sender<usize>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            released: Condvar::new(),
            calls: watch::Sender::new(0),
        }
    }
}

impl World {
    /// A well-formed transaction that the validator refuses, each time another.
    pub(super) fn refused_bytes(&self) -> Extrinsic {
        let mut state = self.state.lock().unwrap();
        state.probes += 1;
        state.probes.encode().encode().into()
    }

    pub(super) fn hold(&self, source: TransactionSource) {
        self.state.lock().unwrap().held.push(source);
    }

    pub(super) fn release(&self) {
        self.state.lock().unwrap().held.clear();
        self.released.notify_all();
    }

    /// Waits until `count` validation calls have begun.
    pub(super) async fn validating(&self, count: usize) {
        let mut calls = self.calls.subscribe();
        super::within(calls.wait_for(|calls| *calls >= count))
            .await
            .unwrap();
    }

    pub(super) fn batches(&self) -> Vec<(TransactionSource, usize)> {
        self.state.lock().unwrap().batches.clone()
    }

    pub(super) fn suspend(&self, account: u16) {
        self.state.lock().unwrap().suspended.insert(account);
    }

    pub(super) fn set_panics(&self, panics: bool) {
        self.state.lock().unwrap().panics = panics;
    }

    pub(super) fn set_disk_fails(&self, fails: bool) {
        self.state.lock().unwrap().disk_fails = fails;
    }

    pub(super) fn kept(&self) -> BTreeSet<Hash> {
        self.state.lock().unwrap().kept.keys().copied().collect()
    }

    pub(super) fn keep_writes(&self) -> usize {
        self.state.lock().unwrap().keep_writes
    }

    /// Makes a block of these transactions. Nobody is told.
    pub(super) fn commit(&self, calls: &[Call]) -> Arc<CommitNotice> {
        let mut state = self.state.lock().unwrap();
        let number = state.blocks.len() as BlockNumber + 1;
        let header = Header {
            number,
            parent_hash: Hash::default(),
            state_root: Hash::default(),
            extrinsics_root: Hash::default(),
            digest: Default::default(),
        };
        let block = Block {
            header,
            body: calls.iter().map(|call| call.bytes()).collect(),
        };
        let mut next_nonces = BTreeMap::new();
        for call in calls {
            let nonce = state.nonces.entry(call.account).or_default();
            *nonce = call.nonce + 1;
            next_nonces.insert(call.sender(), *nonce);
        }
        let hash = block.hash();
        let extrinsic_hashes = block.extrinsic_hashes();
        state.blocks.push((hash, extrinsic_hashes.clone()));
        Arc::new(CommitNotice {
            block: Arc::new(block),
            hash,
            extrinsic_hashes,
            next_nonces: next_nonces.into_iter().collect(),
            changes: Arc::default(),
            runtime_changed: false,
        })
    }

    fn judge(state: &State, bytes: &Extrinsic) -> Validated {
        let invalid = |reason| Err(TransactionValidityError::Invalid(reason));
        let inner = Vec::<u8>::decode(&mut &bytes[..]).unwrap();
        let Ok(call) = Call::decode(&mut &inner[..]) else {
            return invalid(InvalidTransaction::Call);
        };
        if state.suspended.contains(&call.account) {
            return invalid(InvalidTransaction::BadSigner);
        }
        let next = state.nonces.get(&call.account).copied().unwrap_or_default();
        if call.nonce < next {
            return invalid(InvalidTransaction::Stale);
        }
        let tag = |nonce: Nonce| (call.account, nonce).encode();
        let requires = if call.nonce > next {
            vec![tag(call.nonce - 1)]
        } else {
            Vec::new()
        };
        Ok(ValidatedTransaction {
            hash: extrinsic_hash(bytes),
            sender: Some((call.sender(), call.nonce)),
            validity: ValidTransaction {
                priority: call.priority,
                requires,
                provides: vec![tag(call.nonce)],
                longevity: u64::MAX,
                propagate: true,
            },
        })
    }
}

impl TransactionValidator for World {
    fn validate(&self, source: TransactionSource, transactions: &[Extrinsic]) -> Vec<Validated> {
        let mut state = self.state.lock().unwrap();
        state.batches.push((source, transactions.len()));
        let outcomes = transactions
            .iter()
            .map(|bytes| Self::judge(&state, bytes))
            .collect();
        self.calls.send_modify(|calls| *calls += 1);
        while state.held.contains(&source) {
            state = self.released.wait(state).unwrap();
        }
        let panics = state.panics;
        drop(state);
        assert!(!panics, "as the test asked");
        outcomes
    }
}

impl PoolJournal for World {
    fn keep(&self, transactions: &[(Hash, Extrinsic)]) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        if state.disk_fails {
            return Err(StoreError::Io("disk full".to_owned()));
        }
        state.keep_writes += 1;
        state.kept.extend(transactions.iter().cloned());
        Ok(())
    }

    fn forget(&self, hashes: &[Hash]) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        state.kept.retain(|hash, _| !hashes.contains(hash));
        Ok(())
    }

    fn load(&self) -> Result<Vec<Extrinsic>, StoreError> {
        let state = self.state.lock().unwrap();
        Ok(state.kept.values().cloned().collect())
    }
}

fn unused<T>() -> Result<T, StoreError> {
    Err(StoreError::Refused(
        "the pool does not ask for this".to_owned(),
    ))
}

impl ChainStore for World {
    fn tip(&self) -> Option<Tip> {
        let state = self.state.lock().unwrap();
        let (hash, _) = state.blocks.last()?;
        Some(Tip {
            number: state.blocks.len() as BlockNumber,
            hash: *hash,
            state_root: Hash::default(),
        })
    }

    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        let state = self.state.lock().unwrap();
        let index = (number as usize).checked_sub(1);
        Ok(index
            .and_then(|index| state.blocks.get(index))
            .map(|(hash, _)| *hash))
    }

    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError> {
        let state = self.state.lock().unwrap();
        let located = (1..).zip(&state.blocks).find_map(|(number, (_, hashes))| {
            let index = hashes.iter().position(|hash| hash == extrinsic)?;
            Some(TxLocation {
                number,
                index: index as u32,
            })
        });
        Ok(located)
    }

    fn header(&self, _: &Hash) -> Result<Option<Header>, StoreError> {
        unused()
    }

    fn body(&self, _: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        unused()
    }

    fn encoded_block(&self, _: BlockNumber) -> Result<Option<Extrinsic>, StoreError> {
        unused()
    }

    fn certificate(&self, _: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        unused()
    }

    fn oldest_state(&self) -> BlockNumber {
        0
    }

    fn commit(&self, _: CommitBatch<'_>) -> Result<(), StoreError> {
        unused()
    }

    fn put_undecided(&self, _: u32, _: &Block) -> Result<(), StoreError> {
        unused()
    }

    fn undecided(&self, _: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        unused()
    }
}
