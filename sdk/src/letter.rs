//! Letters: one content, encrypted for several readers. The details of invoices and what members
//! disclose to regulators are letters.
//!
//! ```text
//! version (1 byte: 1) ‖ compression (1 byte: 0 none, 1 zstd, 2 gzip) ‖ readers (1 byte: 1 to 16)
//!   ‖ for each reader, in ascending order of what stands here before the key:
//!       kind (1 byte: 0 patient, 1 practitioner, 2 member, 3 delegate) ‖ number (8 bytes, little-endian)
//!       ‖ sealed key (80 bytes)
//!   ‖ nonce (24 bytes) ‖ XChaCha20-Poly1305 of the compressed content, with its tag (16 bytes)
//! ```
//!
//! A delegate acts for the patient whom the letter is about, and is not named: delegates are numbered
//! from 0, and each finds its slot by opening it.
//!
//! The key is fresh for every letter. The associated data of the content are all bytes before the
//! nonce, then the SCALE encoding of the genesis hash and of [`About`]: no reader can be added,
//! taken away or given another key, and no letter passes for one about something else.
//!
//! For each reader the key is sealed with HPKE as record keys are (see [`envelope`](crate::envelope))
//! with `info` = `xinglin/letter-key/v1`; the associated data are the SCALE encoding of the genesis
//! hash and of [`About`], then the reader's kind and number as above.
//!
//! Blake2b-256 of all these bytes is the hash that the chain knows. `tests/vectors/letter.json` has
//! an example with all that went into it.

use codec::{Decode, Encode};
use rand::{CryptoRng, RngCore};
use xinglin_envelope::{
    encrypt,
    letter::{content_data, head, take_apart, PLACE_BYTES, SLOT_BYTES},
    NONCE_BYTES,
};
use xinglin_primitives::{
    AccountId, CaseId, DisclosureId, EncryptionKey, Hash, MemberId, PatientId, PractitionerId,
};
use zeroize::Zeroizing;

use crate::{
    envelope::{
        content_hash, open_for, seal_for, Compression, EnvelopeError, RecordKey, SealedKey,
    },
    wallet::Wallet,
};

pub use xinglin_envelope::letter::{LETTER_BYTES_MAX, READERS_MAX};
pub use xinglin_primitives::Party;

/// The `info` of HPKE: for what the keys that are sealed are.
pub const LETTER_KEY_INFO: &[u8] = b"xinglin/letter-key/v1";

/// What a letter is about. It is authenticated with the content, and not stored in it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum About {
    /// What the lines of an invoice are.
    InvoiceDetails {
        /// Who issues it.
        member: MemberId,
        /// Whom it charges.
        patient: PatientId,
    },
    /// What a regulator asks a member to disclose.
    DisclosureRequest {
        /// For which case.
        case: CaseId,
        /// Who is asked.
        member: MemberId,
    },
    /// What a member discloses.
    Disclosure {
        /// The request that it answers.
        disclosure: DisclosureId,
    },
    /// Where a bank pays out what it redeems.
    Payout {
        /// The bank.
        bank: MemberId,
        /// Whose money it is.
        holder: AccountId,
    },
}

/// On which chain, and about what, a letter is.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub struct Context {
    /// The genesis hash of the chain.
    pub genesis: Hash,
    /// What it is about.
    pub about: About,
}

/// The kind of a delegate.
const DELEGATE: u8 = 3;

/// Whose a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Party(Party),
    /// One of the patient's, unnamed.
    Delegate,
}

impl Owner {
    /// Whether `reader` may have the secret to the slot: on behalf of a patient, delegates read.
    fn is_for(self, reader: Party) -> bool {
        match self {
            Self::Party(party) => party == reader,
            Self::Delegate => matches!(reader, Party::Patient(_)),
        }
    }
}

/// What is cut out of a slot.
struct Slot {
    place: [u8; PLACE_BYTES],
    owner: Owner,
    sealed: SealedKey,
}

/// A reader's place: its kind and number.
fn place(reader: Party) -> [u8; PLACE_BYTES] {
    let (kind, number) = match reader {
        Party::Patient(id) => (0, id.0),
        Party::Practitioner(id) => (1, u64::from(id.0)),
        Party::Member(id) => (2, u64::from(id.0)),
    };
    place_of(kind, number)
}

fn place_of(kind: u8, number: u64) -> [u8; PLACE_BYTES] {
    let mut place = [kind; PLACE_BYTES];
    place[1..].copy_from_slice(&number.to_le_bytes());
    place
}

fn owner_of(place: &[u8; PLACE_BYTES]) -> Result<Owner, EnvelopeError> {
    let [kind, number @ ..] = *place;
    let number = u64::from_le_bytes(number);
    let short = u32::try_from(number).map_err(|_| EnvelopeError::BadReaders);
    Ok(Owner::Party(match kind {
        0 => Party::Patient(PatientId(number)),
        1 => Party::Practitioner(PractitionerId(short?)),
        2 => Party::Member(MemberId(short?)),
        DELEGATE => return Ok(Owner::Delegate),
        _ => return Err(EnvelopeError::BadReaders),
    }))
}

fn key_data(context: &Context, place: &[u8; PLACE_BYTES]) -> Vec<u8> {
    let mut data = context.encode();
    data.extend_from_slice(place);
    data
}

/// Encrypts a content of at most [`LETTER_BYTES_MAX`] bytes for 1 to [`READERS_MAX`] readers. A
/// reader that is named twice gets one slot. From `rng` come 32 bytes for the key, 24 for the nonce,
/// then 32 for each reader in the order of the slots.
pub fn seal_letter(
    content: &[u8],
    compression: Compression,
    context: &Context,
    readers: &[(Party, EncryptionKey)],
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<Vec<u8>, EnvelopeError> {
    seal_letter_for(content, compression, context, (readers, &[]), rng)
}

/// As [`seal_letter`], and for delegates of the patient whom the letter is about: they open it as the
/// patient, each with its own secret. They count as readers.
pub fn seal_letter_for(
    content: &[u8],
    compression: Compression,
    context: &Context,
    (readers, delegates): (&[(Party, EncryptionKey)], &[EncryptionKey]),
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<Vec<u8>, EnvelopeError> {
    let packed = compression.pack(content, LETTER_BYTES_MAX)?;
    let readers = readers.iter().map(|(reader, key)| (place(*reader), key));
    let delegates = (0..).zip(delegates);
    let delegates = delegates.map(|(number, key)| (place_of(DELEGATE, number), key));
    let mut slots: Vec<_> = readers.chain(delegates).collect();
    slots.sort_unstable_by_key(|(place, _)| *place);
    slots.dedup_by_key(|(place, _)| *place);
    if slots.len() > READERS_MAX {
        return Err(EnvelopeError::TooManyReaders);
    }
    let count = match u8::try_from(slots.len()) {
        Ok(count) if count > 0 => count,
        _ => return Err(EnvelopeError::BadReaders),
    };
    let key = RecordKey::generate(rng);
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let mut letter = head(compression, count).to_vec();
    for (place, to) in slots {
        let data = key_data(context, &place);
        let sealed = seal_for(&key, to, (LETTER_KEY_INFO, &data), rng)?;
        letter.extend_from_slice(&place);
        letter.extend_from_slice(&sealed.0);
    }
    let data = content_data(&letter, &context.encode());
    let ciphertext = encrypt(&key, nonce, &packed, &data)?;
    letter.extend_from_slice(&nonce);
    letter.extend_from_slice(&ciphertext);
    Ok(letter)
}

fn read_slots(bytes: &[u8]) -> Result<Vec<Slot>, EnvelopeError> {
    let mut slots = Vec::with_capacity(READERS_MAX);
    let mut last: Option<[u8; PLACE_BYTES]> = None;
    for slot in bytes.chunks_exact(SLOT_BYTES) {
        let (place, sealed) = slot
            .split_first_chunk::<PLACE_BYTES>()
            .ok_or(EnvelopeError::BadReaders)?;
        let sealed = sealed.try_into().map_err(|_| EnvelopeError::BadReaders)?;
        if last.is_some_and(|last| last >= *place) {
            return Err(EnvelopeError::BadReaders);
        }
        last = Some(*place);
        slots.push(Slot {
            place: *place,
            owner: owner_of(place)?,
            sealed: SealedKey(sealed),
        });
    }
    Ok(slots)
}

/// To whom a letter is sealed besides delegates, by its own word: only opening it proves that.
pub fn readers_of(letter: &[u8]) -> Result<Vec<Party>, EnvelopeError> {
    let slots = read_slots(take_apart(letter)?.slots())?;
    let parties = slots.into_iter().filter_map(|slot| match slot.owner {
        Owner::Party(party) => Some(party),
        Owner::Delegate => None,
    });
    Ok(parties.collect())
}

/// The key of a letter's content, from what is sealed to one of its readers; as the patient, from
/// what is sealed to her or one of her delegates, whichever the wallet opens.
pub fn letter_key(
    letter: &[u8],
    context: &Context,
    reader: Party,
    wallet: &Wallet,
) -> Result<RecordKey, EnvelopeError> {
    let slots = read_slots(take_apart(letter)?.slots())?;
    let mut refusal = EnvelopeError::NotAReader;
    for slot in slots.iter().filter(|slot| slot.owner.is_for(reader)) {
        let data = key_data(context, &slot.place);
        let open =
            |secret: &Zeroizing<[u8; 32]>| open_for(&slot.sealed, secret, (LETTER_KEY_INFO, &data));
        match wallet.open_with(open) {
            Ok(key) => return Ok(key),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}

/// Checks a letter against the hash on the chain and opens it as one of its readers.
pub fn open_letter(
    letter: &[u8],
    hash: Hash,
    context: &Context,
    reader: Party,
    wallet: &Wallet,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let found = content_hash(letter);
    if found != hash {
        return Err(EnvelopeError::HashMismatch {
            expected: hash,
            found,
        });
    }
    let key = letter_key(letter, context, reader, wallet)?;
    take_apart(letter)?.open(&key, &context.encode())
}
