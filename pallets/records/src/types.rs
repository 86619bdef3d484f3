//! Records, their versions and the keys sealed to their readers, as stored and as calls carry them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    time::Moment, AppointmentId, BlockNumber, EncryptionKey, Hash, MemberId, PatientId,
    PractitionerId, RecordId,
};

/// Longest ciphertext that a transaction carries, in bytes: 256 KiB.
pub const CIPHERTEXT_BYTES_MAX: u32 = 256 * 1024;
/// Longest hint at where an external file lies, in bytes.
pub const LOCATION_BYTES_MAX: u32 = 256;
/// Length of a sealed key in bytes: the encapsulated key (32), the sealed record key (32) and its
/// authentication tag (16).
pub const SEALED_KEY_BYTES: usize = 80;
/// Most versions of one record.
pub const VERSIONS_MAX: VersionNumber = 32;
/// Most sealed keys of one record, all versions together. Bounds what an erasure removes.
pub const KEYS_MAX: u32 = 256;
/// Most readers to whom a new version is sealed at once.
pub const READERS_MAX: u32 = 32;
/// Most records or sealed keys that one call names.
pub const BATCH_MAX: u32 = 64;
/// Most records of one visit.
pub const VISIT_RECORDS_MAX: u32 = 64;

/// The number of a version within its record, from 1.
pub type VersionNumber = u16;
/// An encrypted record. Opaque to the chain.
pub type Ciphertext = BoundedVec<u8, ConstU32<CIPHERTEXT_BYTES_MAX>>;
/// Where a member keeps an external file. Opaque to the chain; it says nothing about the patient.
pub type Location = BoundedVec<u8, ConstU32<LOCATION_BYTES_MAX>>;
/// The sealed keys of a new version, by reader.
pub type ReaderKeys<AccountId> = BoundedVec<(Reader<AccountId>, SealedKey), ConstU32<READERS_MAX>>;
/// Sealed keys of several versions for one reader.
pub type KeyBatch = BoundedVec<KeyFor, ConstU32<BATCH_MAX>>;
/// Several records.
pub type RecordBatch = BoundedVec<RecordId, ConstU32<BATCH_MAX>>;

/// What a record is about. It is in the clear, so that a patient can share one kind and not the
/// others.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum ContentKind {
    /// All of one encounter (就诊记录).
    Encounter,
    /// Who the patient is, medically (健康档案): allergies, history, medication.
    Profile,
    /// Diagnoses (诊断).
    Diagnosis,
    /// A treatment plan (治疗方案).
    TreatmentPlan,
    /// Prescriptions (处方).
    Prescription,
    /// An examination report (检查检验报告).
    Report,
    /// Images (影像).
    Image,
    /// Anything else.
    Other,
}

/// How many kinds there are.
pub const KINDS: u32 = 8;

/// A record key under HPKE for one reader: the encapsulated key, then the ciphertext with its tag.
/// The length is part of the type, so that no other can be sent.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct SealedKey(pub [u8; SEALED_KEY_BYTES]);

/// To whom a record key is sealed.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Reader<AccountId> {
    /// The record's patient.
    Patient,
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A member: its own services.
    Member(MemberId),
    /// A delegate of the patient, with the scope reading.
    Delegate(AccountId),
}

/// A sealed key for a reader whom the call names.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct KeyFor {
    /// The record.
    pub record: RecordId,
    /// Which of its versions.
    pub version: VersionNumber,
    /// The version's key under the reader's.
    pub key: SealedKey,
}

/// A sealed key as stored.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct StoredKey {
    /// The key.
    pub key: SealedKey,
    /// Of a key for the patient: under which of her successive encryption keys it is, as
    /// [`KeyProgress::epoch`] counts them. 0 for every other reader.
    pub epoch: u32,
}

/// A record as its author announces it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NewRecord {
    /// Whom it is about.
    pub patient: PatientId,
    /// Who wrote it.
    pub author: PractitionerId,
    /// For which member: the author is licensed there.
    pub member: MemberId,
    /// The visit that it documents. The patient has arrived for it.
    pub visit: Option<AppointmentId>,
    /// What it is about.
    pub kind: ContentKind,
}

/// A file in the object store of the author's member, encrypted like everything else.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ExternalFile {
    /// Blake2b-256 of the ciphertext.
    pub hash: Hash,
    /// Length of the ciphertext in bytes; at least 1.
    pub size: u64,
    /// Where it lies.
    pub location: Location,
}

/// The content of a version on its way into the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// In the transaction, with the hash that its sender states.
    Carried(Hash, Ciphertext),
    /// In a member's object store.
    External(ExternalFile),
}

/// Where the ciphertext of a version is.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Carrier {
    /// In the transaction that wrote the version, in the block of this height.
    Block(BlockNumber),
    /// In the object store of the author's member.
    External(Location),
}

/// Why there is another version.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum AmendReason {
    /// Something was wrong.
    Correction,
    /// Something is added.
    Addition,
    /// A preliminary content became final.
    Completion,
    /// The patient asked.
    PatientRequest,
}

/// Why a record was entered in error.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum RetractReason {
    /// It is about somebody else.
    WrongPatient,
    /// It is there twice.
    Duplicate,
    /// What it says is not so.
    WrongContent,
    /// Something else.
    Other,
}

/// How far an erasure has come.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Erasure {
    /// Nobody asked for it.
    None,
    /// The patient asked; neither the author's member nor who stands in for it has confirmed yet.
    Asked {
        /// When.
        at: Moment,
    },
    /// The sealed keys are gone, and those at the member by the word of who confirmed.
    Done {
        /// When.
        at: Moment,
    },
}

/// One record (病历). What its versions hold is in [`RecordVersion`].
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Record {
    /// Whom it is about.
    pub patient: PatientId,
    /// Who wrote it.
    pub author: PractitionerId,
    /// For which member.
    pub member: MemberId,
    /// The visit that it documents.
    pub visit: Option<AppointmentId>,
    /// What it is about.
    pub kind: ContentKind,
    /// When its first version was written: the time by which grants cover it.
    pub written_at: Moment,
    /// How many versions it has; at least 1.
    pub versions: VersionNumber,
    /// How many sealed keys are stored for it, all versions together.
    pub keys: u32,
    /// Since when it counts as entered in error.
    pub retracted_at: Option<Moment>,
    /// Whether its keys were destroyed.
    pub erasure: Erasure,
}

impl Record {
    /// Whether it can no longer be read by anybody.
    pub fn is_erased(&self) -> bool {
        matches!(self.erasure, Erasure::Done { .. })
    }
}

/// One version of a record. Nothing of it ever changes.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RecordVersion {
    /// Blake2b-256 of the ciphertext.
    pub hash: Hash,
    /// Length of the ciphertext in bytes.
    #[codec(compact)]
    pub size: u64,
    /// Where the ciphertext is.
    pub carrier: Carrier,
    /// When it was written.
    pub at: Moment,
    /// Why, for all but the first.
    pub reason: Option<AmendReason>,
}

/// How many of a patient's sealed keys are under her encryption key of now.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct KeyProgress {
    /// The encryption key that counts as hers.
    pub key: EncryptionKey,
    /// How many keys she had before it, as far as records noticed them.
    pub epoch: u32,
    /// Versions of her records that are not erased.
    pub total: u32,
    /// Those of them whose sealed key is under `key`.
    pub restored: u32,
}

impl KeyProgress {
    /// Takes notice of the key that the patient has now: nothing is restored under a new one.
    pub fn refresh(&mut self, key: EncryptionKey) {
        if self.key != key {
            self.key = key;
            self.epoch = self.epoch.saturating_add(1);
            self.restored = 0;
        }
    }
}

/// What is counted for each patient.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct PatientFile {
    /// How many records there are.
    pub records: u64,
    /// How many entries the access log has.
    pub accesses: u64,
    /// How far the sealed keys follow the patient's encryption key.
    pub progress: KeyProgress,
}

/// The records of one visit.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct VisitFile {
    /// How many of them are not retracted.
    pub standing: u32,
    /// All of them, oldest first.
    pub records: BoundedVec<RecordId, ConstU32<VISIT_RECORDS_MAX>>,
}
