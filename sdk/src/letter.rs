//! Letters: one content, encrypted for several readers. The details of invoices and what members
//! disclose to regulators are letters.
//!
//! ```text
//! version (1 byte: 1) ‖ compression (1 byte: 0 none, 1 zstd, 2 gzip) ‖ readers (1 byte: 1 to 16)
//!   ‖ for each reader, in ascending order of what stands here before the key:
//!       kind (1 byte: 0 patient, 1 practitioner, 2 member) ‖ number (8 bytes, little-endian)
//!       ‖ sealed key (80 bytes)
//!   ‖ nonce (24 bytes) ‖ XChaCha20-Poly1305 of the compressed content, with its tag (16 bytes)
//! ```
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

use chacha20poly1305::{
    aead::{Aead, Payload},
    XNonce,
};
use codec::{Decode, Encode};
use pallet_records::types::SEALED_KEY_BYTES;
use rand::{CryptoRng, RngCore};
use xinglin_primitives::{
    AccountId, CaseId, DisclosureId, EncryptionKey, Hash, MemberId, PatientId, PractitionerId,
};
use zeroize::Zeroizing;

use crate::{
    envelope::{
        content_hash, open_for, seal_for, Compression, EnvelopeError, RecordKey, SealedKey,
        NONCE_BYTES, TAG_BYTES,
    },
    wallet::Wallet,
};

pub use xinglin_primitives::Party;

/// Most readers of a letter.
pub const READERS_MAX: usize = 16;
/// Largest content of a letter in bytes, before compression: 1 MiB.
pub const LETTER_BYTES_MAX: usize = 1024 * 1024;
/// The `info` of HPKE: for what the keys that are sealed are.
pub const LETTER_KEY_INFO: &[u8] = b"xinglin/letter-key/v1";

const FORMAT_VERSION: u8 = 1;
const HEADER_BYTES: usize = 3;
const PLACE_BYTES: usize = 9;
const SLOT_BYTES: usize = PLACE_BYTES + SEALED_KEY_BYTES;

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

/// A reader's place: its kind and number.
fn place(reader: Party) -> [u8; PLACE_BYTES] {
    let (kind, number) = match reader {
        Party::Patient(id) => (0, id.0),
        Party::Practitioner(id) => (1, u64::from(id.0)),
        Party::Member(id) => (2, u64::from(id.0)),
    };
    let mut place = [kind; PLACE_BYTES];
    place[1..].copy_from_slice(&number.to_le_bytes());
    place
}

fn reader_at(place: &[u8; PLACE_BYTES]) -> Result<Party, EnvelopeError> {
    let [kind, number @ ..] = *place;
    let number = u64::from_le_bytes(number);
    let short = u32::try_from(number).map_err(|_| EnvelopeError::BadReaders);
    Ok(match kind {
        0 => Party::Patient(PatientId(number)),
        1 => Party::Practitioner(PractitionerId(short?)),
        2 => Party::Member(MemberId(short?)),
        _ => return Err(EnvelopeError::BadReaders),
    })
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
    let packed = compression.pack(content, LETTER_BYTES_MAX)?;
    let mut slots: Vec<_> = readers
        .iter()
        .map(|(reader, key)| (place(*reader), key))
        .collect();
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
    let mut letter = vec![FORMAT_VERSION, compression.code(), count];
    for (place, to) in slots {
        let data = key_data(context, &place);
        let sealed = seal_for(&key, to, (LETTER_KEY_INFO, &data), rng)?;
        letter.extend_from_slice(&place);
        letter.extend_from_slice(&sealed.0);
    }
    let payload = Payload {
        msg: &packed,
        aad: &content_data(&letter, context),
    };
    let ciphertext = key
        .cipher()
        .encrypt(&XNonce::from(nonce), payload)
        // The cipher refuses nothing but contents beyond 256 GiB.
        .map_err(|_| EnvelopeError::TooLarge)?;
    letter.extend_from_slice(&nonce);
    letter.extend_from_slice(&ciphertext);
    Ok(letter)
}

fn content_data(header: &[u8], context: &Context) -> Vec<u8> {
    let mut data = header.to_vec();
    context.encode_to(&mut data);
    data
}

/// A letter taken apart, not yet authenticated.
struct Parts<'a> {
    compression: Compression,
    slots: Vec<(Party, SealedKey)>,
    /// All before the nonce.
    header: &'a [u8],
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

fn take_apart(letter: &[u8]) -> Result<Parts<'_>, EnvelopeError> {
    let cut_off = || EnvelopeError::CutOff {
        bytes: letter.len(),
    };
    let ([version, code, count], rest) = letter
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(cut_off)?;
    if *version != FORMAT_VERSION {
        return Err(EnvelopeError::UnknownVersion(*version));
    }
    let compression = Compression::from_code(*code)?;
    let count = usize::from(*count);
    if !(1..=READERS_MAX).contains(&count) {
        return Err(EnvelopeError::BadReaders);
    }
    let (slots, rest) = rest
        .split_at_checked(count * SLOT_BYTES)
        .ok_or_else(cut_off)?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(cut_off)?;
    if ciphertext.len() < TAG_BYTES {
        return Err(cut_off());
    }
    Ok(Parts {
        compression,
        slots: read_slots(slots)?,
        header: &letter[..HEADER_BYTES + slots.len()],
        nonce: *nonce,
        ciphertext,
    })
}

fn read_slots(bytes: &[u8]) -> Result<Vec<(Party, SealedKey)>, EnvelopeError> {
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
        slots.push((reader_at(place)?, SealedKey(sealed)));
    }
    Ok(slots)
}

/// To whom a letter is sealed, by its own word: only opening it proves that.
pub fn readers_of(letter: &[u8]) -> Result<Vec<Party>, EnvelopeError> {
    let slots = take_apart(letter)?.slots;
    Ok(slots.into_iter().map(|(reader, _)| reader).collect())
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
    let parts = take_apart(letter)?;
    let mut slots = parts.slots.iter();
    let (_, sealed) = slots
        .find(|(other, _)| *other == reader)
        .ok_or(EnvelopeError::NotAReader)?;
    let data = key_data(context, &place(reader));
    let key = open_for(sealed, wallet.secret(), (LETTER_KEY_INFO, &data))?;
    let payload = Payload {
        msg: parts.ciphertext,
        aad: &content_data(parts.header, context),
    };
    let packed = key
        .cipher()
        .decrypt(&XNonce::from(parts.nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::ContentRefused)?;
    parts.compression.unpack(&packed, LETTER_BYTES_MAX)
}
