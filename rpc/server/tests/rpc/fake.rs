//! A chain in memory behind the node's ports.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, AtomicU32, Ordering},
        Arc, OnceLock,
    },
};

use codec::{Decode, Encode};
use parking_lot::{Condvar, Mutex, RwLock};
use sp_core::{sr25519, Pair};
use sp_version::{create_apis_vec, RuntimeVersion};
use tokio::sync::{broadcast, watch};
use xinglin_core::{
    Block, ChainStore, CommitBatch, CommitNotice, Extrinsic, NetworkInfo, PeerInfo, StateError,
    StateQuery, StoreError, Tip, TxLocation,
};
use xinglin_primitives::{
    consensus::{
        CommitCertificate, CommitSignature, ConsensusKey, SignedPayload, Validator, Vote, VoteKind,
    },
    privacy::{Location, Refusal, Topic},
    receipt::{extrinsic_hash, extrinsics_root},
    stamp::{Stamp, StampsAround},
    AccountId, BlockNumber, CaseId, Entity, Hash, Header, MemberId, PatientId, StampId,
};

/// Blake2b-256.
pub fn blake2_256(bytes: &[u8]) -> Hash {
    <xinglin_primitives::Hashing as sp_core::Hasher>::hash(bytes)
}

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// Key of the spec version in the fake state.
const SPEC_VERSION_KEY: &[u8] = b":spec";

/// The only token of the chain, and what the state keeps of it.
pub const TOKEN: &[u8] = b"token";
const STAMP: Stamp = Stamp {
    authority: MemberId(4),
    certificates: 0,
    block: 1,
    time: 1_748_822_402_500,
    accuracy_ms: Some(10),
    token: Hash::zero(),
    token_bytes: TOKEN.len() as u32,
    recorded_in: 2,
    extrinsic: 0,
};

struct Committed {
    block: Block,
    hash: Hash,
    state: State,
    certificate: Option<CommitCertificate>,
}

/// The chain.
pub struct FakeChain {
    blocks: RwLock<Vec<Committed>>,
    /// Tells of blocks.
    pub commits: broadcast::Sender<Arc<CommitNotice>>,
    oldest: AtomicU32,
    /// Runtime calls of `Test_wait` return while this is open.
    gate: (Mutex<bool>, Condvar),
    /// How many calls of `Test_wait` and `Test_large` have begun.
    pub waiting: watch::Sender<usize>,
    key: schnorrkel::Keypair,
    /// Metadata of a real runtime, for tests that decode.
    metadata: OnceLock<Vec<u8>>,
    /// Whether the regulator's case is closed.
    pub case_closed: AtomicBool,
}

impl FakeChain {
    /// A chain with genesis and `blocks` empty blocks.
    pub fn new(blocks: u32) -> Arc<Self> {
        let seed = schnorrkel::MiniSecretKey::from_bytes(&[1; 32]).unwrap();
        let chain = Self {
            blocks: RwLock::default(),
            commits: broadcast::Sender::new(4_096),
            oldest: AtomicU32::new(0),
            gate: (Mutex::new(true), Condvar::new()),
            waiting: watch::Sender::new(0),
            key: seed.expand_to_keypair(schnorrkel::ExpansionMode::Ed25519),
            metadata: OnceLock::new(),
            case_closed: AtomicBool::new(false),
        };
        chain.commit_block(&[(b":code", b"some code")], &[], true);
        for _ in 0..blocks {
            chain.commit_block(&[], &[], false);
        }
        Arc::new(chain)
    }

    /// Commits an empty block.
    pub fn commit(&self) -> Hash {
        self.commit_block(&[], &[], false)
    }

    /// Commits a block that sets some keys; an empty value removes.
    pub fn commit_changes(&self, changes: &[(&[u8], &[u8])]) -> Hash {
        self.commit_block(changes, &[], false)
    }

    /// Commits a block with transactions.
    pub fn commit_extrinsics(&self, extrinsics: &[Vec<u8>]) -> Hash {
        self.commit_block(&[], extrinsics, false)
    }

    /// Commits a block with which the runtime changes.
    pub fn commit_upgrade(&self, spec_version: u8) -> Hash {
        self.commit_block(&[(SPEC_VERSION_KEY, &[spec_version])], &[], true)
    }

    fn commit_block(
        &self,
        changes: &[(&[u8], &[u8])],
        extrinsics: &[Vec<u8>],
        runtime_changed: bool,
    ) -> Hash {
        let mut blocks = self.blocks.write();
        let number = blocks.len() as BlockNumber;
        let parent = blocks.last();
        let mut state = parent.map(|block| block.state.clone()).unwrap_or_default();
        for (key, value) in changes {
            if value.is_empty() {
                state.remove(*key);
            } else {
                state.insert(key.to_vec(), value.to_vec());
            }
        }
        let header = Header {
            parent_hash: parent.map(|block| block.hash).unwrap_or_default(),
            number,
            state_root: blake2_256(&state.encode()),
            extrinsics_root: extrinsics_root(extrinsics.to_vec()),
            digest: sp_runtime::Digest {
                logs: vec![sp_runtime::DigestItem::Other(vec![1, 2, 3])],
            },
        };
        let hash = header.hash();
        let body = extrinsics.iter().cloned().map(Extrinsic::from).collect();
        let block = Block { header, body };
        let mut changes: Vec<_> = changes
            .iter()
            .map(|(key, value)| (key.to_vec(), (!value.is_empty()).then(|| value.to_vec())))
            .collect();
        changes.sort();
        let notice = CommitNotice {
            block: Arc::new(block.clone()),
            hash,
            extrinsic_hashes: block.extrinsic_hashes(),
            next_nonces: Vec::new(),
            changes: Arc::new(changes),
            runtime_changed,
        };
        let genesis = blocks.first().map_or(hash, |block| block.hash);
        blocks.push(Committed {
            block,
            hash,
            state,
            certificate: (number > 0).then(|| self.certify(genesis, number, hash)),
        });
        let _listeners = self.commits.send(Arc::new(notice));
        hash
    }

    fn certify(&self, genesis: Hash, height: BlockNumber, block_hash: Hash) -> CommitCertificate {
        let voter = ConsensusKey::from_raw(self.key.public.to_bytes());
        let vote = Vote {
            kind: VoteKind::Precommit,
            height,
            round: 0,
            block_hash: Some(block_hash),
            voter,
        };
        let signature = SignedPayload::Vote(&vote).sign(&genesis, &self.key);
        CommitCertificate {
            height,
            round: 0,
            block_hash,
            signatures: vec![CommitSignature {
                key: voter,
                signature,
            }],
        }
    }

    /// The validators of every height.
    pub fn validators(&self) -> Vec<Validator> {
        vec![Validator {
            member: MemberId(1),
            key: ConsensusKey::from_raw(self.key.public.to_bytes()),
            power: 1,
        }]
    }

    /// Speaks of the metadata of a real runtime.
    pub fn set_metadata(&self, metadata: Vec<u8>) {
        self.metadata.set(metadata).unwrap();
    }

    /// The hash at a height.
    pub fn hash(&self, number: u32) -> Hash {
        self.blocks.read()[number as usize].hash
    }

    /// Forgets states below a height.
    pub fn prune(&self, oldest: u32) {
        self.oldest.store(oldest, Ordering::SeqCst);
    }

    /// Makes calls of `Test_wait` wait, or lets them go.
    pub fn set_gate(&self, open: bool) {
        *self.gate.0.lock() = open;
        self.gate.1.notify_all();
    }

    fn with_state<T>(&self, at: Hash, job: impl FnOnce(&State) -> T) -> Result<T, StateError> {
        let blocks = self.blocks.read();
        let block = blocks.iter().find(|block| block.hash == at);
        let block = block.ok_or(StateError::UnknownBlock(at))?;
        if block.block.number() < self.oldest.load(Ordering::SeqCst) {
            return Err(StateError::Pruned(at));
        }
        Ok(job(&block.state))
    }

    /// The patient asks about herself, the regulator about operations and the patient for the case 1,
    /// and everybody about her own operations.
    fn may_ask(
        &self,
        asker: &AccountId,
        topic: Topic,
        case: Option<CaseId>,
    ) -> Result<(), Refusal> {
        const HERSELF: Topic = Topic::History(Entity::Patient(PatientId(7)));

        let is_closed = self.case_closed.load(Ordering::SeqCst);
        let is_case = *asker == regulator().0 && case == Some(CaseId(1)) && !is_closed;
        let is_known = match (case, topic) {
            (Some(_), Topic::Operations | Topic::File(PatientId(7))) if is_case => true,
            (Some(_), _) => return Err(Refusal::NoCase),
            (None, Topic::OwnOperations) => true,
            (None, Topic::Oversight) => *asker == regulator().0,
            (None, Topic::File(PatientId(7)) | Topic::Content(_) | HERSELF) => {
                *asker == patient().0
            }
            _ => false,
        };
        is_known.then_some(()).ok_or(Refusal::NotConcerned)
    }

    fn version(&self, at: Hash) -> Result<RuntimeVersion, StateError> {
        let spec = self.with_state(at, |state| state.get(SPEC_VERSION_KEY).cloned())?;
        Ok(RuntimeVersion {
            spec_name: "fake".into(),
            impl_name: "fake-impl".into(),
            authoring_version: 1,
            spec_version: spec.map_or(1, |bytes| u32::from(bytes[0])),
            impl_version: 2,
            // `Core` says how the rest of the version is encoded; then `Metadata`.
            apis: create_apis_vec!([
                ([0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b], 5),
                ([0x37, 0xe3, 0x97, 0xfc, 0x7c, 0x91, 0xf5, 0xe4], 2),
            ]),
            transaction_version: 3,
            system_version: 1,
        })
    }
}

impl ChainStore for FakeChain {
    fn tip(&self) -> Option<Tip> {
        self.blocks.read().last().map(|block| Tip {
            number: block.block.number(),
            hash: block.hash,
            state_root: block.block.header.state_root,
        })
    }

    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        Ok(self
            .blocks
            .read()
            .get(number as usize)
            .map(|block| block.hash))
    }

    fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        let blocks = self.blocks.read();
        let block = blocks.iter().find(|block| block.hash == *hash);
        Ok(block.map(|block| block.block.header.clone()))
    }

    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        let blocks = self.blocks.read();
        let block = blocks.iter().find(|block| block.hash == *hash);
        Ok(block.map(|block| block.block.body.clone()))
    }

    fn encoded_block(&self, _: BlockNumber) -> Result<Option<xinglin_core::Extrinsic>, StoreError> {
        panic!("rpc does not need this")
    }

    fn certificate(&self, number: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        let blocks = self.blocks.read();
        Ok(blocks
            .get(number as usize)
            .and_then(|block| block.certificate.clone()))
    }

    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError> {
        let blocks = self.blocks.read();
        Ok(blocks.iter().find_map(|block| {
            let mut body = block.block.body.iter();
            let index = body.position(|bytes| extrinsic_hash(bytes) == *extrinsic)?;
            Some(TxLocation {
                number: block.block.number(),
                index: index as u32,
            })
        }))
    }

    fn oldest_state(&self) -> BlockNumber {
        self.oldest.load(Ordering::SeqCst)
    }

    fn commit(&self, _: CommitBatch<'_>) -> Result<(), StoreError> {
        panic!("rpc does not write")
    }

    fn put_undecided(&self, _: u32, _: &Block) -> Result<(), StoreError> {
        panic!("rpc does not write")
    }

    fn undecided(&self, _: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        panic!("rpc does not need this")
    }
}

impl StateQuery for FakeChain {
    fn storage(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.with_state(at, |state| state.get(key).cloned())
    }

    fn storage_hash(&self, at: Hash, key: &[u8]) -> Result<Option<Hash>, StateError> {
        self.with_state(at, |state| state.get(key).map(|value| blake2_256(value)))
    }

    fn closest_merkle_value(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.with_state(at, |state| {
            let first = state.range(key.to_vec()..).next();
            first
                .filter(|(found, _)| found.starts_with(key))
                .map(|_| vec![0xaa; 32])
        })
    }

    fn keys(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        let pairs = self.pairs(at, prefix, start_after, limit)?;
        Ok(pairs.into_iter().map(|(key, _)| key).collect())
    }

    fn pairs(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StateError> {
        self.with_state(at, |state| {
            state
                .iter()
                .filter(|(key, _)| key.starts_with(prefix))
                .filter(|(key, _)| start_after.is_none_or(|start| key.as_slice() > start))
                .take(limit)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        })
    }

    fn read_proof(&self, at: Hash, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StateError> {
        self.with_state(at, |_| keys.to_vec())
    }

    fn call(&self, at: Hash, method: &str, data: &[u8]) -> Result<Vec<u8>, StateError> {
        self.with_state(at, |_| ())?;
        match method {
            "Core_version" => Ok(self.version(at)?.encode()),
            "Metadata_metadata_versions" => Ok(vec![14u32, 15, 16].encode()),
            "Metadata_metadata_at_version" => {
                let version = u32::decode(&mut &data[..]).unwrap();
                let known = (14..=16).contains(&version);
                let text = || format!("meta{version}").into_bytes();
                let metadata = || self.metadata.get().cloned().unwrap_or_else(text);
                Ok(known.then(metadata).encode())
            }
            "AccountNonceApi_account_nonce" => Ok(3u32.encode()),
            "MembersApi_role_of" => {
                let who = AccountId::decode(&mut &data[..]).unwrap();
                // `Role::Patient` and `Role::Main`.
                let roles = [(patient().0, (3u8, 7u64)), (regulator().0, (0, 1))];
                let role = roles.into_iter().find(|(account, _)| *account == who);
                Ok(role.map(|(_, role)| role).encode())
            }
            "MembersApi_is_admitted" => {
                let who = AccountId::decode(&mut &data[..]).unwrap();
                Ok((who == delegate().0).encode())
            }
            "PrivacyApi_may_ask" => {
                let (asker, topic, case): (AccountId, Topic, Option<CaseId>) =
                    Decode::decode(&mut &data[..]).unwrap();
                Ok(self.may_ask(&asker, topic, case).encode())
            }
            "TrustedTimeApi_stamps_around" => {
                let block = BlockNumber::decode(&mut &data[..]).unwrap();
                // Block 1 is stamped, in block 2.
                let before = (block >= 2).then_some((StampId(5), STAMP));
                let after = (block <= 1).then_some((StampId(5), STAMP));
                Ok(StampsAround { before, after }.encode())
            }
            "TrustedTimeApi_token_in" => Ok(Some(TOKEN.to_vec()).encode()),
            "TrustedTimeApi_certificates_of" => Ok(Some(vec![b"certificate".to_vec()]).encode()),
            "RecordsApi_key_progress" => Ok(data.to_vec()),
            "PrivacyApi_record_ciphertext" => {
                let content = Decode::decode(&mut &data[..]).unwrap();
                Ok(Some(Location { block: 8, content }).encode())
            }
            "PrivacyApi_carried" => {
                let (extrinsic, content): (Vec<u8>, Hash) = Decode::decode(&mut &data[..]).unwrap();
                let carried = extrinsic.strip_prefix(content.as_bytes());
                Ok(carried.map(<[u8]>::to_vec).encode())
            }
            "Test_echo" => Ok(data.to_vec()),
            "Test_fail" => Err(StateError::Call {
                method: method.to_owned(),
                reason: "it always fails".to_owned(),
            }),
            "Test_disk" => Err(StoreError::Io("secret cause".to_owned()).into()),
            "Test_wait" => {
                self.waiting.send_modify(|count| *count += 1);
                let mut open = self.gate.0.lock();
                while !*open {
                    self.gate.1.wait(&mut open);
                }
                Ok(Vec::new())
            }
            "Test_large" => {
                self.waiting.send_modify(|count| *count += 1);
                Ok(vec![7; 256 * 1024])
            }
            "Test_panic" => panic!("inside the runtime"),
            unknown => Err(StateError::UnknownMethod(unknown.to_owned())),
        }
    }

    fn dry_run(&self, at: Hash, transaction: &Extrinsic) -> Result<Vec<u8>, StateError> {
        self.with_state(at, |_| [&[0], &transaction[..]].concat())
    }
}

/// The one account that may ask about patient 7, and its key.
pub fn patient() -> (AccountId, sr25519::Pair) {
    let pair = sr25519::Pair::from_seed(&[7; 32]);
    (AccountId::from(pair.public()), pair)
}

/// The regulator who has the case 1, and its key.
pub fn regulator() -> (AccountId, sr25519::Pair) {
    let pair = sr25519::Pair::from_seed(&[9; 32]);
    (AccountId::from(pair.public()), pair)
}

/// Who is not registered and acts for a party, and the key.
pub fn delegate() -> (AccountId, sr25519::Pair) {
    let pair = sr25519::Pair::from_seed(&[10; 32]);
    (AccountId::from(pair.public()), pair)
}

/// A network of one peer.
pub struct FakeNetwork;

impl NetworkInfo for FakeNetwork {
    fn local_peer_id(&self) -> String {
        "12D3KooWself".to_owned()
    }

    fn listen_addresses(&self) -> Vec<String> {
        vec!["/ip4/127.0.0.1/tcp/30333".to_owned()]
    }

    fn peers(&self) -> Vec<PeerInfo> {
        vec![PeerInfo {
            peer_id: "12D3KooWother".to_owned(),
            address: "/ip4/127.0.0.1/tcp/30334".to_owned(),
        }]
    }
}
