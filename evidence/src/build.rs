//! Making packages.

use std::collections::{BTreeMap, BTreeSet};

use codec::Encode;
use sp_io::hashing::{blake2_256, sha2_256};
use sp_runtime::traits::Header as _;
use xinglin_envelope::RecordKey;
use xinglin_primitives::{
    receipt::{CertifiedHeader, Receipt},
    BlockNumber, Hash, MemberId, StampId,
};
use zeroize::Zeroizing;

use crate::{
    archive::{self, ArchiveError, Files},
    content::locate,
    format::{
        Claim, ContentClaim, ContentOf, FileEntry, Manifest, Operation, Part, StateClaim, Subject,
        TimeClaim, CLAIM, FORMAT_VERSION, MANIFEST, REPORT,
    },
    paper,
    state::{Item, StateError, StateProof, VALUE_BYTES_MAX},
    vocabulary::{Reading, Vocabulary},
};

/// What a ciphertext holds, and what opens it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The key of the content.
    pub key: RecordKey,
    /// The content.
    pub plain: Zeroizing<Vec<u8>>,
}

/// A ciphertext that one of the transactions carries.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Of what.
    pub of: ContentOf,
    /// The place of its transaction among the receipts.
    pub receipt: usize,
    /// Its hash, as the chain knows it.
    pub hash: Hash,
    /// Its length in bytes.
    pub bytes: usize,
    /// What it holds, if the exporter may read it and wants it read.
    pub opened: Option<Opened>,
}

/// A time-stamp token.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// The token in DER.
    pub token: Vec<u8>,
    /// The number under which the chain keeps it, which is among the items of a state.
    pub stamp: StampId,
    /// Its time, in milliseconds since 1970.
    pub time_ms: u64,
    /// By how many milliseconds the time may be wrong, if the authority says.
    pub accuracy_ms: Option<u64>,
    /// The time authority, and the number of its certificates, which are among the items of a state.
    pub certificates: (MemberId, u32),
    /// The block that it stamps.
    pub block: CertifiedHeader,
    /// The place among the receipts of the transaction that put the token on the chain.
    pub recorded: usize,
}

/// All that goes into a package.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// What it is about.
    pub subject: Subject,
    /// The changes of the validators up to the highest block, in order.
    pub set_changes: Vec<CertifiedHeader>,
    /// The transactions.
    pub receipts: Vec<Receipt>,
    /// What the state held, and of which items.
    pub states: Vec<(Vec<Item>, StateProof)>,
    /// Where the ciphertexts are.
    pub contents: Vec<Placement>,
    /// The tokens.
    pub stamps: Vec<Stamped>,
}

/// Why no package can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// It would be too large.
    #[error("the evidence does not fit into a package: {0}; export less at a time")]
    Archive(#[from] ArchiveError),
    /// It would be larger than it was to be.
    #[error("the evidence has {bytes} bytes even without the outcomes of transactions, more than {bytes_max}; export less at a time")]
    Room {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        bytes_max: usize,
    },
    /// A state proof does not say what it should.
    #[error("state proof {number}: {error}")]
    State {
        /// Which.
        number: usize,
        /// Why.
        error: StateError,
    },
    /// A transaction does not carry what it should.
    #[error("no transaction carries the {0}; the node gave another than the state names")]
    NotCarried(ContentOf),
    /// JSON cannot be written.
    #[error("the claim cannot be written: {0}")]
    Json(String),
}

/// Makes a package. Nothing is verified but that the parts belong together: [`verify`](crate::verify)
/// does that, and an exporter should before handing a package on.
///
/// # Errors
/// The parts do not belong together, or are too large.
pub fn build(
    evidence: &Evidence,
    vocabulary: Option<&dyn Vocabulary>,
) -> Result<Vec<u8>, BuildError> {
    let claim = claim(evidence, vocabulary)?;
    let mut files = files(evidence, &claim)?;
    files.insert(REPORT.into(), paper::render(&evidence.genesis, &claim));
    pack(evidence.genesis, claim.subject, files)
}

/// As [`build`], of at most so many bytes: of what does not fit, the events of blocks are left out, those
/// first that take most. Whether the transactions of these blocks were carried out is then not claimed, and
/// the verification says so. Comes with the heights of these blocks.
///
/// # Errors
/// As for [`build`], and if it does not fit without any events.
pub fn build_within(
    mut evidence: Evidence,
    vocabulary: Option<&dyn Vocabulary>,
    bytes_max: usize,
) -> Result<(Vec<u8>, BTreeSet<BlockNumber>), BuildError> {
    let mut without = BTreeSet::new();
    loop {
        let error = match build(&evidence, vocabulary) {
            Ok(package) if package.len() <= bytes_max => return Ok((package, without)),
            Ok(package) => BuildError::Room {
                bytes: package.len(),
                bytes_max,
            },
            Err(error) => error,
        };
        let Some(surplus) = surplus_of(&error, bytes_max) else {
            return Err(error);
        };
        let left_out = evidence.leave_out_events(surplus);
        if left_out.is_empty() {
            return Err(error);
        }
        without.extend(left_out);
    }
}

/// By how many bytes a package is too large, as far as is known, if that is what is wrong with it.
fn surplus_of(error: &BuildError, bytes_max: usize) -> Option<usize> {
    use ArchiveError::{TooLarge, TooLargeUnpacked};

    let bytes = match error {
        BuildError::Room { bytes, .. } => *bytes,
        BuildError::Archive(TooLarge { bytes } | TooLargeUnpacked { bytes }) => {
            usize::try_from(*bytes).unwrap_or(usize::MAX)
        }
        // Only events are values of such a size.
        BuildError::State {
            error: StateError::TooLarge,
            ..
        } => bytes_max,
        _ => return None,
    };
    Some(bytes.saturating_sub(bytes_max).max(1))
}

impl Evidence {
    /// Leaves out the events of blocks, those first that take most, until so many bytes are saved or
    /// there are none; the heights of these blocks.
    fn leave_out_events(&mut self, bytes: usize) -> Vec<BlockNumber> {
        let states = self.states.iter().enumerate();
        let with_events = states.filter(|(_, (items, _))| items.contains(&Item::Events));
        let mut smaller: Vec<_> = with_events
            .map(|(place, (items, proof))| {
                let without = without_events(items, proof);
                let saved = proof
                    .encoded_size()
                    .saturating_sub(without.1.encoded_size());
                (saved, place, without)
            })
            .collect();
        smaller.sort_by_key(|(saved, place, _)| (std::cmp::Reverse(*saved), *place));
        let (mut total, mut heights) = (0_usize, Vec::new());
        for (saved, place, without) in smaller {
            if total >= bytes {
                break;
            }
            total = total.saturating_add(saved);
            heights.push(*without.1.block.header.number());
            if let Some(state) = self.states.get_mut(place) {
                *state = without;
            }
        }
        heights
    }
}

/// A proof of the same items but the events.
pub fn without_events(items: &[Item], proof: &StateProof) -> (Vec<Item>, StateProof) {
    let items = items.iter().copied();
    let items: Vec<Item> = items.filter(|item| *item != Item::Events).collect();
    let proof = proof.clone().trimmed(&items);
    (items, proof)
}

/// Packs files together with the manifest that is right about them; one among them is replaced.
///
/// Whether they prove anything is not looked at.
///
/// # Errors
/// They are too many or too large.
pub fn pack(genesis: Hash, subject: Subject, mut files: Files) -> Result<Vec<u8>, BuildError> {
    files.remove(MANIFEST);
    let manifest = manifest(genesis, subject, &files);
    files.insert(MANIFEST.into(), json(&manifest)?);
    Ok(archive::pack(&files)?)
}

/// The manifest of some files, the manifest not among them.
fn manifest(genesis: Hash, subject: Subject, files: &Files) -> Manifest {
    let files = files.iter().map(|(path, bytes)| FileEntry {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: sha2_256(bytes).into(),
        blake2b: blake2_256(bytes).into(),
    });
    Manifest {
        format: FORMAT_VERSION,
        genesis,
        subject,
        files: files.collect(),
    }
}

/// JSON in the form in which packages have it.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, BuildError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|error| BuildError::Json(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

fn claim(evidence: &Evidence, vocabulary: Option<&dyn Vocabulary>) -> Result<Claim, BuildError> {
    let mut states = Vec::with_capacity(evidence.states.len());
    let mut room = VALUE_BYTES_MAX;
    for (number, (items, proof)) in evidence.states.iter().enumerate() {
        let facts = proof
            .facts_within(items, &mut room)
            .map_err(|error| BuildError::State { number, error })?;
        states.push(StateClaim {
            height: *proof.block.header.number(),
            block: proof.block.header.hash(),
            facts,
        });
    }
    let proofs = evidence.states.iter();
    let events = events(proofs.map(|(items, proof)| (items.clone(), proof)));
    let operations = evidence.receipts.iter().map(|receipt| {
        let height = *receipt.header.number();
        let read = |vocabulary: &dyn Vocabulary| {
            let events = events.get(&height).map(Vec::as_slice);
            vocabulary.read(&receipt.extrinsic, receipt.index, events)
        };
        Operation {
            transaction: receipt.hash(),
            height,
            block: receipt.header.hash(),
            index: receipt.index,
            reading: vocabulary.map_or_else(Reading::default, read),
        }
    });
    let contents = evidence.contents.iter().map(|it| content(evidence, it));
    let times = evidence.stamps.iter().map(|it| TimeClaim {
        stamp: it.stamp,
        height: *it.block.header.number(),
        block: it.block.header.hash(),
        time_ms: it.time_ms,
        accuracy_ms: it.accuracy_ms,
        authority: it.certificates.0,
        certificates: it.certificates.1,
        // One that is not there is not found by whoever verifies.
        recorded: u32::try_from(it.recorded).unwrap_or(u32::MAX),
    });
    Ok(Claim {
        subject: evidence.subject,
        operations: operations.collect(),
        states,
        contents: contents.collect::<Result<_, _>>()?,
        times: times.collect(),
    })
}

/// The encoded events of the blocks of which state proofs have them.
pub(crate) fn events<'p>(
    proofs: impl Iterator<Item = (Vec<Item>, &'p StateProof)>,
) -> BTreeMap<BlockNumber, Vec<u8>> {
    let found = proofs.filter_map(|(items, proof)| {
        let at = items.iter().position(|item| *item == Item::Events)?;
        let events = proof.values(&items).ok()?.into_iter().nth(at)??;
        Some((*proof.block.header.number(), events))
    });
    found.collect()
}

fn content(evidence: &Evidence, placement: &Placement) -> Result<ContentClaim, BuildError> {
    let not_carried = || BuildError::NotCarried(placement.of);
    let receipt = evidence.receipts.get(placement.receipt);
    let receipt = receipt.ok_or_else(not_carried)?;
    let offset = locate(&receipt.extrinsic, placement.hash, placement.bytes);
    let number = |at: usize| u32::try_from(at).map_err(|_| not_carried());
    Ok(ContentClaim {
        of: placement.of,
        operation: number(placement.receipt)?,
        offset: number(offset.ok_or_else(not_carried)?)?,
        bytes: number(placement.bytes)?,
        key: placement
            .opened
            .as_ref()
            .map(|opened| Hash::from(*opened.key.as_bytes())),
    })
}

/// Every file but the report and the manifest.
fn files(evidence: &Evidence, claim: &Claim) -> Result<Files, BuildError> {
    let mut files = Files::from([(CLAIM.to_owned(), json(claim)?)]);
    let mut add = |part: Part, number: usize, bytes: Vec<u8>| {
        files.insert(part.path(number), bytes);
    };
    for (number, change) in evidence.set_changes.iter().enumerate() {
        add(Part::Validators, number, change.encode());
    }
    for (number, receipt) in evidence.receipts.iter().enumerate() {
        add(Part::Receipt, number, receipt.encode());
    }
    for (number, (_, proof)) in evidence.states.iter().enumerate() {
        add(Part::State, number, proof.encode());
    }
    for (number, stamp) in evidence.stamps.iter().enumerate() {
        add(Part::Token, number, stamp.token.clone());
        add(Part::Stamped, number, stamp.block.encode());
    }
    for (number, placement) in evidence.contents.iter().enumerate() {
        if let Some(opened) = &placement.opened {
            add(Part::Content, number, opened.plain.to_vec());
        }
    }
    Ok(files)
}
