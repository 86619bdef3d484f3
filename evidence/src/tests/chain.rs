//! A chain made for the test: blocks, state and certificates are real, what they are about is not.

use codec::{Decode, DecodeAll, Encode};
use schnorrkel::{Keypair, MiniSecretKey};
use sp_io::hashing::blake2_256;
use sp_runtime::{generic::DigestItem, traits::Header as _};
use sp_trie::{LayoutV1, MemoryDB, TrieDBMutBuilder, TrieMut};
use xinglin_primitives::{
    consensus::{
        CommitCertificate, CommitSignature, ConsensusKey, SignedPayload, Validator, Vote, VoteKind,
    },
    receipt::{extrinsics_root, prove_inclusion, CertifiedHeader, Receipt},
    BlockNumber, Hash, Hashing, Header, MemberId, VALIDATOR_SET_ENGINE_ID,
};

use crate::{
    state::{Item, StateProof},
    Ended, Reading, TrustAnchor, Vocabulary,
};

pub const GENESIS: Hash = Hash::repeat_byte(9);
/// Heights whose blocks change the validators. Each set has four, and shares two with the next.
pub const CHANGES: [BlockNumber; 3] = [10, 20, 30];

fn keypair(number: u8) -> Keypair {
    MiniSecretKey::from_bytes(&[number; 32])
        .unwrap()
        .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)
}

/// The numbers of those who decide a height.
fn set_of(height: BlockNumber) -> [u8; 4] {
    let changes = CHANGES.iter().filter(|change| **change < height).count();
    let first = 1 + 2 * u8::try_from(changes).unwrap();
    [first, first + 1, first + 2, first + 3]
}

fn validators(numbers: [u8; 4]) -> Vec<Validator> {
    numbers
        .into_iter()
        .map(|number| Validator {
            member: MemberId(number.into()),
            key: ConsensusKey::from_raw(keypair(number).public.to_bytes()),
            power: 1,
        })
        .collect()
}

/// What a verifier trusts from a height on.
pub fn anchor(from: BlockNumber) -> TrustAnchor {
    TrustAnchor {
        genesis: GENESIS,
        from,
        validators: validators(set_of(from)),
    }
}

/// Three of the four who decide the height.
pub fn certify(header: &Header) -> CommitCertificate {
    let (height, block_hash) = (*header.number(), header.hash());
    let signatures = set_of(height).into_iter().take(3).map(|number| {
        let pair = keypair(number);
        let key = ConsensusKey::from_raw(pair.public.to_bytes());
        let vote = Vote {
            kind: VoteKind::Precommit,
            height,
            round: 0,
            block_hash: Some(block_hash),
            voter: key,
        };
        CommitSignature {
            key,
            signature: SignedPayload::Vote(&vote).sign(&GENESIS, &pair),
        }
    });
    CommitCertificate {
        height,
        round: 0,
        block_hash,
        signatures: signatures.collect(),
    }
}

/// The changes of the validators before a height.
pub fn set_changes(before: BlockNumber) -> Vec<CertifiedHeader> {
    let changes = CHANGES.into_iter().filter(|change| *change < before);
    changes
        .map(|height| certified(Block::new(height).header()))
        .collect()
}

pub fn certified(header: Header) -> CertifiedHeader {
    CertifiedHeader {
        certificate: certify(&header),
        header,
    }
}

/// A block with the state after it.
#[derive(Clone)]
pub struct Block {
    height: BlockNumber,
    pub extrinsics: Vec<Vec<u8>>,
    pub state: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Block {
    /// With a few transactions and values that nobody asks for.
    pub fn new(height: BlockNumber) -> Self {
        let extrinsics = (0..5u8).map(|n| vec![n; 40 + usize::from(n)].encode());
        let state = (0..40u32).map(|n| {
            let key = blake2_256(&n.to_le_bytes()).to_vec();
            (key, vec![7; 20 + n as usize])
        });
        let mut block = Self {
            height,
            extrinsics: extrinsics.collect(),
            state: state.collect(),
        };
        block.put(Item::BlockTime, &time_of(height));
        block
    }

    pub fn put_encoded(&mut self, item: Item, value: Vec<u8>) {
        self.state.push((item.key(), value));
    }

    pub fn put(&mut self, item: Item, value: &impl Encode) {
        self.state.push((item.key(), value.encode()));
    }

    /// Adds a transaction and what came of it; its place.
    pub fn add(&mut self, extrinsic: Vec<u8>) -> u32 {
        self.extrinsics.push(extrinsic);
        u32::try_from(self.extrinsics.len() - 1).unwrap()
    }

    fn trie(&self) -> (MemoryDB<Hashing>, Hash) {
        let (mut db, mut root) = (MemoryDB::<Hashing>::default(), Hash::default());
        {
            let mut trie = TrieDBMutBuilder::<LayoutV1<Hashing>>::new(&mut db, &mut root).build();
            for (key, value) in &self.state {
                trie.insert(key, value).unwrap();
            }
        }
        (db, root)
    }

    pub fn header(&self) -> Header {
        let mut logs = vec![DigestItem::Other(vec![1])];
        if CHANGES.contains(&self.height) {
            let next = validators(set_of(self.height + 1)).encode();
            logs.push(DigestItem::Consensus(VALIDATOR_SET_ENGINE_ID, next));
        }
        Header::new(
            self.height,
            extrinsics_root(self.extrinsics.clone()),
            self.trie().1,
            Hash::repeat_byte(3),
            sp_runtime::Digest { logs },
        )
    }

    pub fn receipt(&self, index: u32) -> Receipt {
        let header = self.header();
        Receipt {
            extrinsic: self.extrinsics[index as usize].clone(),
            index,
            inclusion: prove_inclusion(&self.extrinsics, index).unwrap(),
            certificate: certify(&header),
            header,
        }
    }

    pub fn proof(&self, items: Vec<Item>) -> (Vec<Item>, StateProof) {
        let (mut db, _) = self.trie();
        let nodes = db.drain().into_values().map(|(node, _)| node);
        let proof = StateProof {
            block: certified(self.header()),
            nodes: nodes.collect(),
        };
        let proof = proof.trimmed(&items);
        (items, proof)
    }
}

/// The time of a block, in milliseconds since 1970.
pub fn time_of(height: BlockNumber) -> u64 {
    1_800_000_000_000 + u64::from(height) * 1_000
}

/// A transaction that carries bytes as the chain's calls do.
pub fn carrying(call: &str, bytes: &[u8]) -> Vec<u8> {
    (call, blake2_256(bytes), bytes.to_vec(), 7u32).encode()
}

/// What the events of a test chain are: places of transactions and whether they did what they say.
pub type Events = Vec<(u32, bool)>;

/// Reads the calls that [`carrying`] writes.
pub struct Words;

impl Vocabulary for Words {
    fn read(&self, extrinsic: &[u8], index: u32, events: Option<&[u8]>) -> Reading {
        let call = String::decode(&mut &extrinsic[..]).ok();
        let events = events.and_then(|mut events| Events::decode_all(&mut events).ok());
        let ended = events.and_then(|events| {
            let of_index = events.into_iter().find(|(place, _)| *place == index);
            of_index.map(|(_, did)| match did {
                true => Ended::Success,
                false => Ended::Refused("Records.NotAuthor".into()),
            })
        });
        Reading {
            signer: call.as_ref().map(|_| "somebody".to_owned()),
            call,
            ended,
        }
    }
}
