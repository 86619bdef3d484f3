//! Letters: every reader opens them, nobody else does, and whatever is altered is noticed. The
//! vectors are for implementations in other languages.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use codec::Encode;
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{DisclosureId, Hash, MemberId, PatientId, PractitionerId};
use xinglin_sdk::{
    envelope::{content_hash, Compression, EnvelopeError},
    keys::{KeyPair, Scheme},
    letter::{
        letter_key, open_letter, readers_of, seal_letter, seal_letter_for, About, Context, Party,
        LETTER_BYTES_MAX, LETTER_KEY_INFO, READERS_MAX,
    },
    wallet::Wallet,
};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/letter.json");
const HEADER_BYTES: usize = 3;
const SLOT_BYTES: usize = 89;
const CONTENT: &[u8] = br#"{"items":[]}"#;

/// Bytes one after the other, so that other languages can repeat what is drawn here.
struct Counting(u8);

impl RngCore for Counting {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Counting {}

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

/// In another order than the slots have.
fn readers() -> [(Party, &'static str); 3] {
    [
        (Party::Member(MemberId(2)), "//Charlie"),
        (Party::Practitioner(PractitionerId(1)), "//Alice//doctor//2"),
        (Party::Patient(PatientId(7)), "//Alice//patient//1"),
    ]
}

fn context() -> Context {
    Context {
        genesis: Hash::repeat_byte(0x11),
        about: About::InvoiceDetails {
            member: MemberId(2),
            patient: PatientId(7),
        },
    }
}

fn letter(compression: Compression) -> Vec<u8> {
    let keys = readers().map(|(reader, path)| (reader, wallet(path).encryption_key()));
    seal_letter(CONTENT, compression, &context(), &keys, &mut Counting(0)).unwrap()
}

fn open_as(letter: &[u8], reader: Party, path: &str) -> Result<Vec<u8>, EnvelopeError> {
    let hash = content_hash(letter);
    let opened = open_letter(letter, hash, &context(), reader, &wallet(path))?;
    Ok(opened.to_vec())
}

#[test]
fn every_reader_opens_a_letter_and_nobody_else() {
    for compression in [Compression::None, Compression::Zstd, Compression::Gzip] {
        let letter = letter(compression);
        for (reader, path) in readers() {
            assert_eq!(open_as(&letter, reader, path).unwrap(), CONTENT);
            let with_anothers_secret = open_as(&letter, reader, "//Dave");
            assert_eq!(with_anothers_secret, Err(EnvelopeError::KeyRefused));
        }
        let stranger = open_as(&letter, Party::Member(MemberId(3)), "//Dave");
        assert_eq!(stranger, Err(EnvelopeError::NotAReader));
    }
    let (patient, own) = (Party::Patient(PatientId(7)), "//Charlie");
    let of_another_slot = open_as(&letter(Compression::None), patient, own);
    assert_eq!(of_another_slot, Err(EnvelopeError::KeyRefused));
}

#[test]
fn delegates_open_as_the_patient_and_are_not_named() {
    let keys = readers().map(|(reader, path)| (reader, wallet(path).encryption_key()));
    let delegates = ["//carer", "//son"];
    let sealed_to = delegates.map(|path| wallet(path).encryption_key());
    let (compression, rng) = (Compression::None, &mut Counting(0));
    let letter = seal_letter_for(CONTENT, compression, &context(), (&keys, &sealed_to), rng);
    let letter = letter.unwrap();
    let patient = Party::Patient(PatientId(7));
    for path in ["//Alice//patient//1", "//carer", "//son"] {
        assert_eq!(open_as(&letter, patient, path).unwrap(), CONTENT, "{path}");
        assert!(letter_key(&letter, &context(), patient, &wallet(path)).is_ok());
    }
    for (reader, path) in readers() {
        assert_eq!(open_as(&letter, reader, path).unwrap(), CONTENT);
    }
    let stranger = open_as(&letter, patient, "//Dave");
    assert_eq!(stranger, Err(EnvelopeError::KeyRefused));
    // Who is a delegate of the patient reads as nobody else.
    let as_member = open_as(&letter, Party::Member(MemberId(2)), "//carer");
    assert_eq!(as_member, Err(EnvelopeError::KeyRefused));
    let as_other = open_as(&letter, Party::Member(MemberId(3)), "//carer");
    assert_eq!(as_other, Err(EnvelopeError::NotAReader));

    let named = readers_of(&letter).unwrap();
    assert_eq!(named.len(), readers().len());
    let slots = letter[HEADER_BYTES..].chunks_exact(SLOT_BYTES).skip(3);
    for (number, slot) in (0..2).zip(slots) {
        assert_eq!(slot[..9], [3, number, 0, 0, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn delegates_count_as_readers() {
    let key = wallet("//Alice").encryption_key();
    let seal = |delegates: usize| {
        let readers = [(Party::Patient(PatientId(7)), key)];
        let delegates = vec![key; delegates];
        let (compression, rng) = (Compression::None, &mut Counting(0));
        seal_letter_for(
            CONTENT,
            compression,
            &context(),
            (&readers, &delegates),
            rng,
        )
    };
    assert!(seal(READERS_MAX - 1).is_ok());
    assert_eq!(seal(READERS_MAX), Err(EnvelopeError::TooManyReaders));
}

#[test]
fn a_former_key_opens_what_was_sealed_to_it() {
    let letter = letter(Compression::None);
    let (reader, path) = (Party::Patient(PatientId(7)), "//Alice//patient//1");
    let now = wallet("//new");
    let hash = content_hash(&letter);
    let refused = open_letter(&letter, hash, &context(), reader, &now);
    assert_eq!(refused, Err(EnvelopeError::KeyRefused));
    let both = now.with_former(&KeyPair::from_secret(Scheme::Sr25519, path).unwrap());
    let opened = open_letter(&letter, hash, &context(), reader, &both).unwrap();
    assert_eq!(opened.to_vec(), CONTENT);
}

#[test]
fn every_altered_byte_is_noticed() {
    let good = letter(Compression::Zstd);
    let slots = HEADER_BYTES..HEADER_BYTES + readers().len() * SLOT_BYTES;
    // Its slot is between those of the others.
    let (reader, path) = readers()[1];
    let wallet = wallet(path);
    for byte in 0..good.len() {
        let mut altered = good.clone();
        altered[byte] ^= 1 << (byte % 8);
        let found = content_hash(&altered);
        let expected = content_hash(&good);
        let by_hash = open_letter(&altered, expected, &context(), reader, &wallet);
        assert_eq!(
            by_hash,
            Err(EnvelopeError::HashMismatch { expected, found })
        );
        // Whoever alters the hash on the way, too, gets no further.
        let reason = open_letter(&altered, found, &context(), reader, &wallet).unwrap_err();
        let is_expected = match byte {
            0 => reason == EnvelopeError::UnknownVersion(altered[0]),
            // From zstd to none, gzip or something unknown.
            1 => matches!(
                reason,
                EnvelopeError::UnknownCompression(_) | EnvelopeError::ContentRefused
            ),
            2 => matches!(
                reason,
                EnvelopeError::CutOff { .. }
                    | EnvelopeError::BadReaders
                    | EnvelopeError::ContentRefused
                    | EnvelopeError::NotAReader
            ),
            byte if slots.contains(&byte) => matches!(
                reason,
                EnvelopeError::BadReaders
                    | EnvelopeError::NotAReader
                    | EnvelopeError::KeyRefused
                    | EnvelopeError::ContentRefused
            ),
            _ => reason == EnvelopeError::ContentRefused,
        };
        assert!(is_expected, "byte {byte}: {reason}");
    }
}

#[test]
fn a_cut_off_letter_is_noticed() {
    let good = letter(Compression::None);
    let (reader, path) = readers()[0];
    for length in 0..good.len() {
        let reason = open_as(&good[..length], reader, path).unwrap_err();
        let is_expected = matches!(
            reason,
            EnvelopeError::CutOff { .. } | EnvelopeError::ContentRefused
        );
        assert!(is_expected, "{length}: {reason}");
    }
}

#[test]
fn a_letter_does_not_pass_for_one_about_something_else() {
    let letter = letter(Compression::None);
    let (reader, path) = readers()[0];
    let others = [
        Context {
            genesis: Hash::repeat_byte(0x12),
            ..context()
        },
        Context {
            about: About::InvoiceDetails {
                member: MemberId(2),
                patient: PatientId(8),
            },
            ..context()
        },
        Context {
            about: About::Disclosure {
                disclosure: DisclosureId(0),
            },
            ..context()
        },
    ];
    for other in others {
        let hash = content_hash(&letter);
        let opened = open_letter(&letter, hash, &other, reader, &wallet(path));
        assert_eq!(opened, Err(EnvelopeError::KeyRefused), "{other:?}");
    }
}

#[test]
fn readers_ascend_and_are_bounded() {
    let slots = readers_of(&letter(Compression::None)).unwrap();
    let expected: Vec<Party> = readers().into_iter().rev().map(|(it, _)| it).collect();
    assert_eq!(slots, expected);

    let key = wallet("//Alice").encryption_key();
    let seal = |count: u32| {
        let readers: Vec<_> = (0..count)
            .map(|id| (Party::Member(MemberId(id)), key))
            .collect();
        seal_letter(
            CONTENT,
            Compression::None,
            &context(),
            &readers,
            &mut Counting(0),
        )
    };
    assert_eq!(seal(0), Err(EnvelopeError::BadReaders));
    assert_eq!(readers_of(&seal(16).unwrap()).unwrap().len(), READERS_MAX);
    assert_eq!(seal(17), Err(EnvelopeError::TooManyReaders));
    let large = vec![0; LETTER_BYTES_MAX + 1];
    let readers = [(Party::Member(MemberId(0)), key)];
    let refused = seal_letter(
        &large,
        Compression::None,
        &context(),
        &readers,
        &mut Counting(0),
    );
    assert_eq!(refused, Err(EnvelopeError::TooLarge));
}

/// A reader with all that its slot was made of. Bytes are in hex.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SlotVector {
    place: String,
    recipient_secret: String,
    recipient_key: String,
    info: String,
    associated_data: String,
    ephemeral_ikm: String,
}

/// A letter with all that went into it. Bytes are in hex.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    context: String,
    content: String,
    key: String,
    nonce: String,
    slots: Vec<SlotVector>,
    letter: String,
    hash: String,
}

fn vector() -> Vector {
    let letter = letter(Compression::None);
    let mut rng = Counting(0);
    let mut draw = |count: usize| {
        let mut bytes = vec![0; count];
        rng.fill_bytes(&mut bytes);
        hex::encode(bytes)
    };
    let (key, nonce) = (draw(32), draw(24));
    let places = letter[HEADER_BYTES..].chunks_exact(SLOT_BYTES);
    let slots = places
        .zip(readers().into_iter().rev())
        .map(|(slot, (_, path))| {
            let mut data = context().encode();
            data.extend_from_slice(&slot[..9]);
            SlotVector {
                place: hex::encode(&slot[..9]),
                recipient_secret: hex::encode(**wallet(path).secret()),
                recipient_key: hex::encode(wallet(path).encryption_key().0),
                info: hex::encode(LETTER_KEY_INFO),
                associated_data: hex::encode(data),
                ephemeral_ikm: draw(32),
            }
        })
        .collect();
    Vector {
        context: hex::encode(context().encode()),
        content: hex::encode(CONTENT),
        key,
        nonce,
        slots,
        hash: hex::encode(content_hash(&letter)),
        letter: hex::encode(letter),
    }
}

#[test]
fn the_vector_is_what_this_sdk_makes_and_opens() {
    let made = vector();
    if std::env::var_os("XINGLIN_WRITE_VECTORS").is_some() {
        let mut text = serde_json::to_string_pretty(&made).unwrap();
        text.push('\n');
        std::fs::write(VECTORS, text).unwrap();
    }
    let stored: Vector = serde_json::from_str(&std::fs::read_to_string(VECTORS).unwrap()).unwrap();
    assert_eq!(stored, made);
    let letter = hex::decode(&stored.letter).unwrap();
    for (reader, path) in readers() {
        assert_eq!(open_as(&letter, reader, path).unwrap(), CONTENT);
    }
}
