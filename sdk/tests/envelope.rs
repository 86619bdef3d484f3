//! Envelopes: what is sealed opens for its reader, and nothing else does.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use codec::Encode;
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{AccountId, EncryptionKey, Hash, MemberId, PatientId, PractitionerId};
use xinglin_sdk::{
    envelope::*,
    keys::{encryption_key, encryption_secret, KeyPair, Scheme},
};
use zeroize::Zeroizing;

/// Where the vectors are. `XINGLIN_WRITE_VECTORS=1` writes them anew.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/envelope.json");

/// Bytes one after the other, so that other languages can repeat what is drawn here.
struct Counting(u8);

impl RngCore for Counting {
    fn next_u32(&mut self) -> u32 {
        rand_core_by_bytes(self)
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

fn rand_core_by_bytes(rng: &mut Counting) -> u32 {
    let mut bytes = [0; 4];
    rng.fill_bytes(&mut bytes);
    u32::from_le_bytes(bytes)
}

fn binding() -> Binding {
    Binding {
        genesis: Hash::repeat_byte(0x11),
        patient: PatientId(7),
        author: PractitionerId(3),
        kind: ContentKind::Encounter,
        version: 1,
    }
}

fn plain() -> Vec<u8> {
    br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#.to_vec()
}

fn sealed(compression: Compression) -> SealedContent {
    seal(&plain(), compression, &binding(), &mut Counting(0)).unwrap()
}

fn pair(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

fn readers() -> [Reader<AccountId>; 4] {
    [
        Reader::Patient,
        Reader::Practitioner(PractitionerId(3)),
        Reader::Member(MemberId(2)),
        Reader::Delegate(AccountId::new([5; 32])),
    ]
}

const ALL: [Compression; 3] = [Compression::None, Compression::Zstd, Compression::Gzip];

#[test]
fn a_reader_opens_what_was_sealed_for_her() {
    let owner = pair("//Alice");
    for compression in ALL {
        let content = sealed(compression);
        for reader in readers() {
            let to = encryption_key(&owner);
            let sealed_key = seal_key(
                &content.key,
                &to,
                content.hash,
                &reader,
                &mut rand::rngs::OsRng,
            )
            .unwrap();
            let secret = encryption_secret(&owner);
            let key = open_key(&sealed_key, &secret, content.hash, &reader).unwrap();
            let opened = open(&content.envelope, content.hash, &key, &binding()).unwrap();
            assert_eq!(*opened, plain());
        }
    }
}

#[test]
fn nothing_is_encrypted_twice_alike() {
    let mut rng = rand::rngs::OsRng;
    let one = seal(&plain(), Compression::None, &binding(), &mut rng).unwrap();
    let two = seal(&plain(), Compression::None, &binding(), &mut rng).unwrap();
    assert!(one.key != two.key && one.hash != two.hash);
    let to = encryption_key(&pair("//Alice"));
    let mut seal_it = || seal_key(&one.key, &to, one.hash, &Reader::Patient, &mut rng).unwrap();
    assert_ne!(seal_it(), seal_it());
}

#[test]
fn every_flipped_bit_of_an_envelope_is_noticed() {
    for compression in ALL {
        let content = sealed(compression);
        for byte in 0..content.envelope.len() {
            for bit in 0..8 {
                let mut altered = content.envelope.clone();
                altered[byte] ^= 1 << bit;
                let found = content_hash(&altered);
                let by_hash = open(&altered, content.hash, &content.key, &binding());
                let expected = content.hash;
                assert_eq!(
                    by_hash,
                    Err(EnvelopeError::HashMismatch { expected, found })
                );
                // Whoever alters the hash on the way, too, gets no further.
                let reason = open(&altered, found, &content.key, &binding()).unwrap_err();
                match byte {
                    0 => assert_eq!(reason, EnvelopeError::UnknownVersion(altered[0])),
                    1 if altered[1] > 2 => {
                        assert_eq!(reason, EnvelopeError::UnknownCompression(altered[1]));
                    }
                    _ => assert_eq!(reason, EnvelopeError::ContentRefused, "{byte} {bit}"),
                }
            }
        }
    }
}

#[test]
fn a_cut_off_envelope_is_noticed() {
    let content = sealed(Compression::None);
    for length in 0..content.envelope.len() {
        let cut = &content.envelope[..length];
        let reason = open(cut, content_hash(cut), &content.key, &binding()).unwrap_err();
        if length < OVERHEAD_BYTES {
            assert_eq!(reason, EnvelopeError::CutOff { bytes: length });
        } else {
            assert_eq!(reason, EnvelopeError::ContentRefused);
        }
    }
}

#[test]
fn a_content_does_not_pass_for_another() {
    let content = sealed(Compression::Zstd);
    let others = [
        Binding {
            genesis: Hash::repeat_byte(0x12),
            ..binding()
        },
        Binding {
            patient: PatientId(8),
            ..binding()
        },
        Binding {
            author: PractitionerId(4),
            ..binding()
        },
        Binding {
            kind: ContentKind::Profile,
            ..binding()
        },
        Binding {
            version: 2,
            ..binding()
        },
    ];
    for other in others {
        let reason = open(&content.envelope, content.hash, &content.key, &other);
        assert_eq!(reason, Err(EnvelopeError::ContentRefused), "{other:?}");
    }
    let key = RecordKey::from_bytes([1; 32]);
    assert_eq!(
        open(&content.envelope, content.hash, &key, &binding()),
        Err(EnvelopeError::ContentRefused)
    );
}

#[test]
fn every_flipped_bit_of_a_sealed_key_is_noticed() {
    let owner = pair("//Alice");
    let content = sealed(Compression::None);
    let reader = Reader::Patient;
    let to = encryption_key(&owner);
    let good = seal_key(&content.key, &to, content.hash, &reader, &mut Counting(0)).unwrap();
    let secret = encryption_secret(&owner);
    assert!(open_key(&good, &secret, content.hash, &reader).is_ok());
    for byte in 0..good.0.len() {
        for bit in 0..8 {
            let mut altered = good;
            altered.0[byte] ^= 1 << bit;
            let reason = open_key(&altered, &secret, content.hash, &reader);
            assert_eq!(reason, Err(EnvelopeError::KeyRefused), "{byte} {bit}");
        }
    }
}

#[test]
fn a_sealed_key_is_for_one_reader_and_one_content() {
    let owner = pair("//Alice");
    let content = sealed(Compression::None);
    let secret = encryption_secret(&owner);
    for reader in readers() {
        let to = encryption_key(&owner);
        let good = seal_key(&content.key, &to, content.hash, &reader, &mut Counting(9)).unwrap();
        for other in readers() {
            let opened = open_key(&good, &secret, content.hash, &other);
            assert_eq!(opened.is_ok(), other == reader);
        }
        let other = content_hash(b"another");
        assert_eq!(
            open_key(&good, &secret, other, &reader),
            Err(EnvelopeError::KeyRefused)
        );
        let stranger = encryption_secret(&pair("//Bob"));
        assert_eq!(
            open_key(&good, &stranger, content.hash, &reader),
            Err(EnvelopeError::KeyRefused)
        );
    }
}

#[test]
fn a_key_of_small_order_is_not_sealed_to() {
    let content = sealed(Compression::None);
    let sealed = seal_key(
        &content.key,
        &EncryptionKey([0; 32]),
        content.hash,
        &Reader::Patient,
        &mut Counting(0),
    );
    assert_eq!(sealed, Err(EnvelopeError::BadEncryptionKey));
}

#[test]
fn what_a_transaction_carries_is_bounded() {
    let small = sealed(Compression::Zstd);
    assert_eq!(small.to_ciphertext().unwrap().into_inner(), small.envelope);
    let bytes = 256 * 1024 + 1;
    let plain = vec![3; bytes - OVERHEAD_BYTES];
    let large = seal(&plain, Compression::None, &binding(), &mut Counting(0)).unwrap();
    assert_eq!(
        large.to_ciphertext(),
        Err(EnvelopeError::TooLargeForTransaction {
            bytes,
            limit: 256 * 1024
        })
    );
    let fits = seal(&plain[1..], Compression::None, &binding(), &mut Counting(0)).unwrap();
    assert!(fits.to_ciphertext().is_ok());
    let too_large = vec![0; PLAIN_BYTES_MAX + 1];
    let refused = seal(&too_large, Compression::Zstd, &binding(), &mut Counting(0));
    assert_eq!(refused.unwrap_err(), EnvelopeError::TooLarge);
}

#[test]
fn debug_output_has_neither_key_nor_content() {
    let content = sealed(Compression::None);
    let shown = format!("{content:?}");
    let key = format!("{:?}", content.key.as_bytes());
    assert!(!shown.contains(&key) && !shown.contains("Bundle"));
}

/// One content, with all that went into it. Bytes are in hex.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentVector {
    genesis: String,
    patient: u64,
    author: u32,
    kind: ContentKind,
    version: u16,
    compression: u8,
    associated_data: String,
    plain: String,
    key: String,
    nonce: String,
    envelope: String,
    hash: String,
}

/// One sealed key, with all that went into it. Bytes are in hex.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyVector {
    reader: String,
    info: String,
    associated_data: String,
    content_hash: String,
    record_key: String,
    recipient_secret: String,
    recipient_key: String,
    ephemeral_ikm: String,
    sealed_key: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    contents: Vec<ContentVector>,
    sealed_keys: Vec<KeyVector>,
}

fn content_vector(compression: Compression) -> ContentVector {
    let content = sealed(compression);
    let Binding {
        genesis,
        patient,
        author,
        kind,
        version,
    } = binding();
    let header = [1, compression.code()];
    ContentVector {
        genesis: hex::encode(genesis),
        patient: patient.0,
        author: author.0,
        kind,
        version,
        compression: compression.code(),
        associated_data: hex::encode((header, genesis, patient, author, kind, version).encode()),
        plain: hex::encode(plain()),
        key: hex::encode(content.key.as_bytes()),
        nonce: hex::encode(&content.envelope[2..26]),
        envelope: hex::encode(&content.envelope),
        hash: hex::encode(content.hash),
    }
}

fn key_vector(start: u8, reader: Reader<AccountId>) -> KeyVector {
    let content = sealed(Compression::None);
    let owner = pair("//Alice");
    let to = encryption_key(&owner);
    let mut ikm = [0; 32];
    Counting(start).fill_bytes(&mut ikm);
    let sealed = seal_key(
        &content.key,
        &to,
        content.hash,
        &reader,
        &mut Counting(start),
    )
    .unwrap();
    KeyVector {
        reader: hex::encode(reader.encode()),
        info: hex::encode(KEY_INFO),
        associated_data: hex::encode((content.hash, &reader).encode()),
        content_hash: hex::encode(content.hash),
        record_key: hex::encode(content.key.as_bytes()),
        recipient_secret: hex::encode(*encryption_secret(&owner)),
        recipient_key: hex::encode(to.0),
        ephemeral_ikm: hex::encode(ikm),
        sealed_key: hex::encode(sealed.0),
    }
}

fn vectors() -> Vectors {
    Vectors {
        contents: ALL.map(content_vector).into(),
        sealed_keys: (0x40..)
            .zip(readers())
            .map(|(n, r)| key_vector(n, r))
            .collect(),
    }
}

fn stored_vectors() -> Vectors {
    serde_json::from_str(&std::fs::read_to_string(VECTORS).unwrap()).unwrap()
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn the_vectors_are_what_this_sdk_makes() {
    let made = vectors();
    if std::env::var_os("XINGLIN_WRITE_VECTORS").is_some() {
        let mut text = serde_json::to_string_pretty(&made).unwrap();
        text.push('\n');
        std::fs::write(VECTORS, text).unwrap();
    }
    let stored = stored_vectors();
    assert_eq!(stored.sealed_keys, made.sealed_keys);
    // What a compressor makes may change from one version of it to the next.
    assert_eq!(stored.contents[0], made.contents[0]);
}

#[test]
fn the_vectors_open() {
    for vector in stored_vectors().contents {
        let binding = Binding {
            genesis: bytes::<32>(&vector.genesis).into(),
            patient: PatientId(vector.patient),
            author: PractitionerId(vector.author),
            kind: vector.kind,
            version: vector.version,
        };
        let key = RecordKey::from_bytes(bytes(&vector.key));
        let envelope = hex::decode(&vector.envelope).unwrap();
        let hash = bytes::<32>(&vector.hash).into();
        let opened = open(&envelope, hash, &key, &binding).unwrap();
        assert_eq!(hex::encode(&*opened), vector.plain);
        assert_eq!(envelope[1], vector.compression);
    }
    let readers = readers();
    for (vector, reader) in stored_vectors().sealed_keys.iter().zip(&readers) {
        let secret = Zeroizing::new(bytes(&vector.recipient_secret));
        let hash = bytes::<32>(&vector.content_hash).into();
        let sealed = SealedKey(bytes(&vector.sealed_key));
        let key = open_key(&sealed, &secret, hash, reader).unwrap();
        assert_eq!(hex::encode(key.as_bytes()), vector.record_key);
    }
}
