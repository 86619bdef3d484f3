//! A chain of the real runtime, executed in memory, of which every block and state is kept.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, RwLock,
    },
};

use async_trait::async_trait;
use codec::{Decode, Encode};
use sp_core::{storage::well_known_keys::CODE, Pair};
use sp_io::TestExternalities;
use sp_runtime::{generic::Era, traits::Header as _, DispatchResult, StateVersion};
use tokio::sync::watch;
use xinglin_postgres::{Source, SourceBlock, SourceError};
use xinglin_primitives::{receipt::extrinsics_root, BlockNumber, Hash, Header};
use xinglin_runtime::{
    genesis::{self, dev},
    native::{self, DecodedExtrinsic},
    RuntimeCall,
};

/// 2025-06-02, 08:00 in UTC+8.
pub const START_MS: u64 = 1_748_822_400_000;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// What was made so far: what a node tells.
pub struct Recorded {
    blocks: RwLock<Vec<(SourceBlock, State)>>,
    metadata: Vec<u8>,
    spec_version: u32,
    height: watch::Sender<BlockNumber>,
    is_away: AtomicBool,
}

/// A chain that goes on.
pub struct Chain {
    ext: TestExternalities,
    tip: Header,
    genesis: Hash,
    nonces: HashMap<&'static str, u32>,
    /// The time of the last block.
    pub now_ms: u64,
    /// What a node tells of it.
    pub recorded: Arc<Recorded>,
}

fn state_of(ext: &mut TestExternalities) -> State {
    ext.execute_with(|| {
        let (mut state, mut key) = (State::new(), Vec::new());
        while let Some(next) = sp_io::storage::next_key(&key) {
            let value = sp_io::storage::get(&next).unwrap();
            state.insert(next.clone(), value.to_vec());
            key = next;
        }
        state
    })
}

impl Chain {
    /// A development chain. Those with different marks have different geneses.
    pub fn new(mark: u8) -> Self {
        let mut storage = genesis::build(&genesis::config(genesis::DEV).unwrap()).unwrap();
        storage.top.insert(b"mark".to_vec(), vec![mark]);
        let code = storage.top[CODE].clone();
        let mut ext = TestExternalities::new_with_code_and_state(&code, storage, StateVersion::V1);
        ext.commit_all().unwrap();
        let root = *ext.backend.root();
        let tip = Header::new(
            0,
            extrinsics_root(Vec::new()),
            root,
            Hash::zero(),
            Default::default(),
        );
        let version = xinglin_decoding::METADATA_VERSION.encode();
        let metadata = ext.execute_with(|| native::call("Metadata_metadata_at_version", &version));
        let metadata = Option::<Vec<u8>>::decode(&mut &metadata.unwrap()[..]).unwrap();
        let genesis = SourceBlock {
            hash: tip.hash(),
            header: tip.clone(),
            body: Vec::new(),
        };
        let recorded = Recorded {
            blocks: RwLock::new(vec![(genesis, state_of(&mut ext))]),
            metadata: metadata.unwrap(),
            spec_version: xinglin_runtime::VERSION.spec_version,
            height: watch::Sender::new(0),
            is_away: AtomicBool::new(false),
        };
        Self {
            ext,
            genesis: tip.hash(),
            tip,
            nonces: HashMap::new(),
            now_ms: START_MS,
            recorded: Arc::new(recorded),
        }
    }

    fn sign(&mut self, path: &'static str, call: RuntimeCall) -> DecodedExtrinsic {
        let nonce = self.nonces.entry(path).or_default();
        let pair = dev::key_pair(path);
        let at: Option<(Era, Hash)> = None;
        let account = dev::account(path);
        let signed = native::sign(call, account, *nonce, self.genesis, at, |payload| {
            pair.sign(payload).into()
        });
        *nonce += 1;
        DecodedExtrinsic::encode(signed).unwrap()
    }

    /// Makes a block some time after the last one. Says what became of the calls.
    fn make(
        &mut self,
        later_ms: u64,
        calls: Vec<(&'static str, RuntimeCall)>,
    ) -> Vec<DispatchResult> {
        self.now_ms += later_ms;
        let header = Header::new(
            self.tip.number() + 1,
            Hash::zero(),
            Hash::zero(),
            self.tip.hash(),
            native::digest_of(&dev::account("//Alice")),
        );
        let time = DecodedExtrinsic::encode(native::timestamp_inherent(self.now_ms)).unwrap();
        let mut body = vec![time];
        for (path, call) in calls {
            body.push(self.sign(path, call));
        }
        let (tip, mut outcomes) = self.ext.execute_with(|| {
            native::initialize_block(&header).unwrap();
            let outcomes: Vec<_> = body
                .iter()
                .map(|extrinsic| native::apply(extrinsic, None).unwrap())
                .collect();
            (native::finalize_block().unwrap(), outcomes)
        });
        self.ext.commit_all().unwrap();
        self.tip = tip;
        let block = SourceBlock {
            hash: self.tip.hash(),
            header: self.tip.clone(),
            body: body.iter().map(|it| it.bytes().to_vec()).collect(),
        };
        let state = state_of(&mut self.ext);
        self.recorded.blocks.write().unwrap().push((block, state));
        self.recorded.height.send_replace(self.tip.number);
        outcomes.split_off(1)
    }

    /// Makes a block some time after the last one. Says which of the calls the rules let be.
    pub fn try_block(
        &mut self,
        later_ms: u64,
        calls: Vec<(&'static str, RuntimeCall)>,
    ) -> Vec<bool> {
        let outcomes = self.make(later_ms, calls);
        outcomes.iter().map(Result::is_ok).collect()
    }

    /// Makes a block some time after the last one, with calls that the rules let be.
    #[track_caller]
    pub fn block(&mut self, later_ms: u64, calls: Vec<(&'static str, RuntimeCall)>) {
        let outcomes = self.make(later_ms, calls);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }

    /// Its height.
    pub fn height(&self) -> BlockNumber {
        self.tip.number
    }

    /// The hash of its first block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }
}

impl Recorded {
    /// Lets every question fail, or answers again.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), SourceError> {
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(SourceError::Away("as the test has it".into())),
            false => Ok(()),
        }
    }

    fn with_state<T>(&self, at: Hash, read: impl FnOnce(&State) -> T) -> Result<T, SourceError> {
        self.check()?;
        let blocks = self.blocks.read().unwrap();
        let found = blocks.iter().find(|(block, _)| block.hash == at);
        let found = found.map(|(_, state)| read(state));
        found.ok_or_else(|| SourceError::Refused(format!("no block {at:?}")))
    }
}

#[async_trait]
impl Source for Recorded {
    async fn tip(&self) -> Result<BlockNumber, SourceError> {
        self.check()?;
        Ok(*self.height.borrow())
    }

    async fn wait_beyond(&self, height: BlockNumber) -> Result<BlockNumber, SourceError> {
        self.check()?;
        let mut heights = self.height.subscribe();
        let reached = heights.wait_for(|reached| *reached > height).await;
        let reached = *reached.unwrap();
        Ok(reached)
    }

    async fn block(&self, height: BlockNumber) -> Result<SourceBlock, SourceError> {
        self.check()?;
        let blocks = self.blocks.read().unwrap();
        let found = blocks.get(height as usize).map(|(block, _)| block.clone());
        found.ok_or_else(|| SourceError::Refused(format!("no block {height}")))
    }

    async fn spec_version(&self, _: Hash) -> Result<u32, SourceError> {
        self.check()?;
        Ok(self.spec_version)
    }

    async fn metadata(&self, _: Hash) -> Result<Vec<u8>, SourceError> {
        self.check()?;
        Ok(self.metadata.clone())
    }

    async fn values(
        &self,
        keys: &[Vec<u8>],
        at: Hash,
    ) -> Result<Vec<Option<Vec<u8>>>, SourceError> {
        self.with_state(at, |state| {
            keys.iter().map(|key| state.get(key).cloned()).collect()
        })
    }

    async fn keys(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: u32,
        at: Hash,
    ) -> Result<Vec<Vec<u8>>, SourceError> {
        self.with_state(at, |state| {
            let keys = state.keys().filter(|key| key.starts_with(prefix));
            let keys = keys.filter(|key| after.is_none_or(|after| &key[..] > after));
            keys.take(limit as usize).cloned().collect()
        })
    }
}
