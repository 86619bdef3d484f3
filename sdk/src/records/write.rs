//! Writing and amending records.

use std::fmt;

use pallet_records::types::{
    AmendReason, ExternalFile, Location, NewRecord, ReaderKeys, READERS_MAX,
};
use rand::rngs::OsRng;
use xinglin_primitives::{
    glue::Scope, AccountId, AppointmentId, MemberId, PatientId, PractitionerId, RecordId,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use zeroize::Zeroizing;

use crate::{
    client::{Client, Outcome},
    envelope::{
        seal, seal_key, Binding, Compression, ContentKind, EnvelopeError, Reader, SealedContent,
        VersionNumber,
    },
    keys::KeyPair,
    operation::{execute, told, OperationError},
    parties::{delegates_of, encryption_key_of_reader},
};

type Call = pallet_records::Call<Runtime>;

/// A record that is to be written.
#[derive(Clone)]
pub struct RecordDraft {
    /// Whom it is about.
    pub patient: PatientId,
    /// Who writes it.
    pub author: PractitionerId,
    /// For which member: the author is licensed there.
    pub member: MemberId,
    /// The visit that it documents; the patient has arrived for it.
    pub visit: Option<AppointmentId>,
    /// What it is about.
    pub kind: ContentKind,
    /// The content, as a rule a FHIR R4 bundle in JSON.
    pub content: Zeroizing<Vec<u8>>,
    /// How it is compressed before it is encrypted.
    pub compression: Compression,
}

impl fmt::Debug for RecordDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordDraft")
            .field("patient", &self.patient)
            .field("author", &self.author)
            .field("kind", &self.kind)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// Another version of a record that is to be written.
#[derive(Clone)]
pub struct Amendment {
    /// The record.
    pub record: RecordId,
    /// Why there is another version.
    pub reason: AmendReason,
    /// All of the new version.
    pub content: Zeroizing<Vec<u8>>,
    /// How it is compressed before it is encrypted.
    pub compression: Compression,
}

impl fmt::Debug for Amendment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Amendment")
            .field("record", &self.record)
            .field("reason", &self.reason)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// A version that is on the chain.
#[derive(Clone, Debug)]
pub struct Written {
    /// The record.
    pub record: RecordId,
    /// The number of the version, from 1.
    pub version: VersionNumber,
    /// Delegates who may read but have no encryption key on the chain, so that nothing was sealed
    /// to them.
    pub unreached: Vec<AccountId>,
    /// What the transaction did.
    pub outcome: Outcome,
}

/// What is to be written where.
#[derive(Clone, Debug)]
enum Target {
    New(NewRecord),
    Version(RecordId, AmendReason),
}

/// A version, encrypted and sealed to its readers, that only needs to be submitted.
#[derive(Clone, Debug)]
pub struct PreparedVersion {
    target: Target,
    keys: ReaderKeys<AccountId>,
    /// The envelope, its hash and the key.
    pub content: SealedContent,
    /// See [`Written::unreached`].
    pub unreached: Vec<AccountId>,
    /// The number of the version.
    pub version: VersionNumber,
}

impl PreparedVersion {
    /// The call that carries the envelope. One that is too large goes into the member's object
    /// store: see [`external_call`](Self::external_call).
    pub fn call(&self) -> Result<RuntimeCall, EnvelopeError> {
        let (content_hash, ciphertext) = (self.content.hash, self.content.to_ciphertext()?);
        let keys = self.keys.clone();
        Ok(match self.target.clone() {
            Target::New(record) => Call::write {
                record,
                content_hash,
                ciphertext,
                keys,
            },
            Target::Version(record, reason) => Call::amend {
                record,
                reason,
                content_hash,
                ciphertext,
                keys,
            },
        }
        .into())
    }

    /// The call for an envelope that lies in the member's object store at `location`.
    pub fn external_call(&self, location: Location) -> RuntimeCall {
        let keys = self.keys.clone();
        let file = ExternalFile {
            hash: self.content.hash,
            size: self.content.envelope.len() as u64,
            location,
        };
        match self.target.clone() {
            Target::New(record) => Call::write_external { record, file, keys },
            Target::Version(record, reason) => Call::amend_external {
                record,
                reason,
                file,
                keys,
            },
        }
        .into()
    }

    /// Submits one of the two calls and waits until it is final.
    pub async fn submit(
        self,
        client: &Client,
        author: &KeyPair,
        call: RuntimeCall,
    ) -> Result<Written, OperationError> {
        let outcome = execute(client, author, call).await?;
        let (record, version) = told(&outcome, "Written or Amended", |event| match event {
            RuntimeEvent::Records(pallet_records::Event::Written { record, .. }) => {
                Some((*record, 1))
            }
            RuntimeEvent::Records(pallet_records::Event::Amended {
                record, version, ..
            }) => Some((*record, *version)),
            _ => None,
        })?;
        Ok(Written {
            record,
            version,
            unreached: self.unreached,
            outcome,
        })
    }
}

/// Writes a record: compresses and encrypts it under a fresh key, seals that key to the patient, the
/// author, her member and the patient's reading delegates, and waits until it is final.
pub async fn write(
    client: &Client,
    author: &KeyPair,
    draft: &RecordDraft,
) -> Result<Written, OperationError> {
    let prepared = prepare(client, draft).await?;
    let call = prepared.call()?;
    prepared.submit(client, author, call).await
}

/// Adds a version to a record, as [`write()`] writes one.
pub async fn amend(
    client: &Client,
    author: &KeyPair,
    amendment: &Amendment,
) -> Result<Written, OperationError> {
    let prepared = prepare_amendment(client, amendment).await?;
    let call = prepared.call()?;
    prepared.submit(client, author, call).await
}

/// Does all of [`write()`] that comes before submitting.
pub async fn prepare(
    client: &Client,
    draft: &RecordDraft,
) -> Result<PreparedVersion, OperationError> {
    let binding = Binding {
        genesis: client.genesis(),
        patient: draft.patient,
        author: draft.author,
        kind: draft.kind,
        version: 1,
    };
    let target = Target::New(NewRecord {
        patient: draft.patient,
        author: draft.author,
        member: draft.member,
        visit: draft.visit,
        kind: draft.kind,
    });
    let content = seal(&draft.content, draft.compression, &binding, &mut OsRng)?;
    seal_to_readers(client, target, content, (&binding, draft.member)).await
}

/// Does all of [`amend`] that comes before submitting.
pub async fn prepare_amendment(
    client: &Client,
    amendment: &Amendment,
) -> Result<PreparedVersion, OperationError> {
    let record = super::record(client, amendment.record).await?;
    let version = record.versions.saturating_add(1);
    let binding = super::binding(client.genesis(), &record, version);
    let target = Target::Version(amendment.record, amendment.reason);
    let content = seal(
        &amendment.content,
        amendment.compression,
        &binding,
        &mut OsRng,
    )?;
    seal_to_readers(client, target, content, (&binding, record.member)).await
}

/// Seals the key to everybody who must or may have it from the beginning.
async fn seal_to_readers(
    client: &Client,
    target: Target,
    content: SealedContent,
    (binding, member): (&Binding, MemberId),
) -> Result<PreparedVersion, OperationError> {
    let mut readers = Vec::new();
    for reader in [
        Reader::Patient,
        Reader::Practitioner(binding.author),
        Reader::Member(member),
    ] {
        let key = encryption_key_of_reader(client, binding.patient, &reader).await?;
        readers.push((reader, key));
    }
    let mut unreached = Vec::new();
    for (account, key) in delegates_of(client, binding.patient, Scope::Reading).await? {
        match key {
            Some(key) => readers.push((Reader::Delegate(account), key)),
            None => unreached.push(account),
        }
    }
    let mut keys = Vec::with_capacity(readers.len());
    for (reader, to) in readers {
        let sealed = seal_key(&content.key, &to, content.hash, &reader, &mut OsRng)?;
        keys.push((reader, sealed));
    }
    let found = keys.len();
    Ok(PreparedVersion {
        target,
        keys: keys.try_into().map_err(|_| OperationError::TooMany {
            what: "readers",
            found,
            limit: READERS_MAX as usize,
        })?,
        content,
        unreached,
        version: binding.version,
    })
}
