//! Importing patients from FHIR bundles: keys, registrations, encrypted records and invoices.
//!
//! [`gather`] reads, splits and checks all bundles; [`Import::run`] brings them to the chain. What
//! can be refused is refused before anything is written.
//!
//! # Running it again
//!
//! In the folder of the patients' keys lies a journal beside each keystore. As long as it is kept,
//! with the salt, and the import goes to the same node, every document and every claim is written
//! exactly once, however often the import is run and wherever it is interrupted: before anything is
//! submitted the journal holds the hash of its envelope, and a later run waits until the node has no
//! transaction of the accounts left, and finds on the chain by these hashes what became of them.
//! Documents are told apart by their bytes, claims by their references: a bundle with a new encounter
//! adds its records, one in which an encounter has changed adds the changed one beside the old.
//! One import at a time works on a folder; the accounts of member and doctor do nothing else
//! meanwhile.

mod journal;
mod people;
mod sources;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use pallet_records::types::{ContentKind, VersionNumber};
use xinglin_fhir::{FhirError, RecordKind};
use xinglin_primitives::{
    AccountId, Hash, InvoiceId, MemberId, Nonce, PatientId, PractitionerId, RecordId,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

pub use journal::salt_from;
pub use sources::{
    gather, lines, service, setting, Source, BUNDLES_MAX, BUNDLE_BYTES_MAX, INPUT_BYTES_MAX,
};

use self::{
    journal::{digest, Entry, Kind},
    people::Person,
};
use crate::{
    billing,
    client::{Client, ClientError, Outcome},
    envelope::Compression,
    identity::Salt,
    keystore::KeystoreError,
    operation::{told, OperationError, FINALITY_LIMIT},
    parties,
    records::{self, RecordDraft},
    wallet::Wallet,
};

/// Transactions that are prepared at a time: their envelopes are in memory.
const BATCH_MAX: usize = 128;
/// How long transactions of an earlier import may still be on their way.
const SETTLING_LIMIT: Duration = Duration::from_secs(60);

/// Why an import stopped. Nothing of a bundle's content is in it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A bundle cannot be read or split.
    #[error("{}: {source}", .path.display())]
    Fhir {
        /// Which.
        path: PathBuf,
        /// Where in it, and what to do.
        source: FhirError,
    },
    /// A claim cannot be invoiced.
    #[error("{}: a claim of encounter {encounter} {reason}; correct it", .path.display())]
    Claim {
        /// Which bundle.
        path: PathBuf,
        /// The encounter, from 1 by their times.
        encounter: usize,
        /// Why not.
        reason: &'static str,
    },
    /// There is nothing to import.
    #[error("none of the bundles is of a patient; give FHIR R4 bundles with one Patient each")]
    NoPatients,
    /// There are too many bundles.
    #[error("{found} bundles are too many: {limit} at a time")]
    TooManyBundles {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The bundles are too large together.
    #[error("the bundles are larger than {limit} bytes together; import them in parts")]
    TooMuch {
        /// The limit in bytes.
        limit: u64,
    },
    /// Two bundles are of one patient.
    #[error("{} and {} are of the same patient; merge them", .first.display(), .second.display())]
    SamePatient {
        /// The first.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The salt cannot be used.
    #[error("salt {}: {reason}", .path.display())]
    Salt {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The journal of a patient cannot be used.
    #[error("journal {}: {reason}", .path.display())]
    Journal {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another import works on the folder.
    #[error("another import works on {}; wait until it has ended", .0.display())]
    Busy(PathBuf),
    /// A patient's key cannot be opened or kept.
    #[error("keystore {}: {source}", .path.display())]
    Keystore {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        source: Box<KeystoreError>,
    },
    /// Transactions of an earlier import are still on their way.
    #[error("the node still has transactions of {0} that are not final; import again in a minute")]
    Unsettled(String),
    /// The chain refused something.
    #[error("{}: the chain refuses {what}: {error}; what was written before stays, import again when the cause is gone", .path.display())]
    Refused {
        /// Of which bundle.
        path: PathBuf,
        /// What it is.
        what: String,
        /// The chain's error.
        error: String,
    },
    /// The chain could not be asked, or something could not be prepared.
    #[error(transparent)]
    Operation(#[from] OperationError),
}

impl From<ClientError> for ImportError {
    fn from(error: ClientError) -> Self {
        Self::Operation(error.into())
    }
}

/// Who imports, and how.
#[derive(Debug)]
pub struct Import<'a> {
    /// A main or service account of the hospital that registers the patients and issues invoices.
    pub member: &'a Wallet,
    /// The author of the records, licensed there.
    pub doctor: &'a Wallet,
    /// The consortium's salt for identity numbers.
    pub salt: &'a Salt,
    /// The folder with the patients' keystores and the journals; it exists.
    pub folder: &'a Path,
    /// The passphrase of the patients' keystores.
    pub passphrase: &'a str,
    /// Whether claims are invoiced, and who may read these invoices besides patient and hospital.
    pub invoices: Option<Vec<MemberId>>,
}

/// What became of one patient's bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The patient.
    pub patient: PatientId,
    /// Whether the import registered the patient.
    pub is_new: bool,
    /// The bundle.
    pub path: PathBuf,
    /// The patient's keystore; `None` if the key is not kept here.
    pub keystore: Option<PathBuf>,
    /// The records that hold the bundle, in its order: the profile, then the encounters.
    pub records: Vec<RecordId>,
    /// How many of them were written now.
    pub records_written: usize,
    /// The invoices of its claims, if they were asked for.
    pub invoices: Vec<InvoiceId>,
    /// How many of them were issued now.
    pub invoices_issued: usize,
    /// Claims that belong to no encounter and are therefore not invoiced; the records hold them.
    pub undated_claims: usize,
    /// The documents of the records together, in bytes.
    pub bytes: usize,
}

/// Something that is to be on the chain once.
struct Task {
    /// Whose.
    person: usize,
    /// Which of the person's, from 0.
    place: usize,
    digest: Hash,
    kind: Kind,
}

/// A task whose transaction only needs to be submitted.
struct Prepared<'t> {
    task: &'t Task,
    envelope: Hash,
    call: RuntimeCall,
}

/// For whom records and invoices are written.
#[derive(Clone, Copy)]
struct Roles {
    member: MemberId,
    author: PractitionerId,
}

impl Import<'_> {
    /// Brings all to the chain that is not there yet. `progress` learns how many transactions of
    /// how many are done, those of earlier runs included.
    ///
    /// # Errors
    /// A key, journal or role does not fit, before anything is written; or the chain refuses
    /// something, or the connection fails. What was written stays and is not written again.
    pub async fn run(
        &self,
        client: &Client,
        sources: &[Source],
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<Imported>, ImportError> {
        let _lock = self.lock()?;
        sources::check_unique(sources, self.salt)?;
        let roles = Roles {
            member: parties::member_of(client, &self.member.account()).await?,
            author: parties::practitioner_of(client, &self.doctor.account()).await?,
        };
        let mut people = people::find(client, self, sources).await?;
        let tasks = self.tasks(sources)?;
        self.settle(client, &mut people).await?;
        people::register(client, self, &mut people).await?;
        let is_open = |people: &[Person<'_>], task: &&Task| {
            let person = people.get(task.person);
            person.is_some_and(|person| person.journal.get(&task.digest).is_none())
        };
        let open: Vec<&Task> = tasks.iter().filter(|task| is_open(&people, task)).collect();
        let mut done = tasks.len() - open.len();
        progress(done, tasks.len());
        for batch in batches(&open) {
            let told = |count| progress(done + count, tasks.len());
            self.carry_out(client, roles, &mut people, batch, told)
                .await?;
            done += batch.len();
        }
        report(&people, &tasks, &open)
    }

    /// Holds the folder for this import as long as the file is open.
    fn lock(&self) -> Result<File, ImportError> {
        let path = self.folder.join(".lock");
        let file = File::create(&path).map_err(|source| ImportError::Read { path, source })?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(_) => Err(ImportError::Busy(self.folder.to_owned())),
        }
    }

    /// All that is to be on the chain: the records, then the invoices.
    fn tasks(&self, sources: &[Source]) -> Result<Vec<Task>, ImportError> {
        let mut tasks = Vec::new();
        let mut add = |person, kind, place, what: &[u8]| {
            tasks.push(Task {
                person,
                place,
                digest: digest(self.salt, kind, what),
                kind,
            });
        };
        for (person, source) in sources.iter().enumerate() {
            for (place, part) in source.dossier.records().enumerate() {
                add(person, Kind::Record, place, &part.document);
            }
        }
        if self.invoices.is_some() {
            for (person, source) in sources.iter().enumerate() {
                for (place, bill) in source.bills()?.iter().enumerate() {
                    add(person, Kind::Invoice, place, bill.name.as_bytes());
                }
            }
        }
        Ok(tasks)
    }

    /// Finds out what became of what an earlier run submitted.
    async fn settle(&self, client: &Client, people: &mut [Person<'_>]) -> Result<(), ImportError> {
        if people
            .iter()
            .all(|person| person.journal.open_entries().is_empty())
        {
            return Ok(());
        }
        drained(client, &self.member.account()).await?;
        drained(client, &self.doctor.account()).await?;
        for person in people {
            let open = person.journal.open_entries();
            let is_changed = !open.is_empty();
            for (digest, entry) in open {
                match find(client, &entry).await? {
                    Some(id) => person.journal.insert(
                        digest,
                        Entry {
                            id: Some(id),
                            ..entry
                        },
                    ),
                    None => person.journal.remove(&digest),
                }
            }
            if is_changed {
                person.journal.save()?;
            }
        }
        Ok(())
    }

    /// Prepares, notes, submits and notes again. All tasks are of one kind.
    async fn carry_out(
        &self,
        client: &Client,
        roles: Roles,
        people: &mut [Person<'_>],
        batch: &[&Task],
        progress: impl FnMut(usize),
    ) -> Result<(), ImportError> {
        let mut prepared = Vec::with_capacity(batch.len());
        let mut key = self.doctor.key();
        for task in batch {
            let Some(person) = people.get(task.person) else {
                continue;
            };
            prepared.push(match task.kind {
                Kind::Record => self.prepare_record(client, roles, person, task).await?,
                Kind::Invoice => {
                    key = self.member.key();
                    self.prepare_invoice(client, person, task).await?
                }
            });
        }
        for Prepared { task, envelope, .. } in &prepared {
            if let Some(person) = people.get_mut(task.person) {
                let entry = Entry {
                    kind: task.kind,
                    envelope: *envelope,
                    id: None,
                };
                person.journal.insert(task.digest, entry);
            }
        }
        save(people, batch)?;
        let calls = prepared.iter().map(|one| one.call.clone());
        let outcomes = client
            .execute_in_order(key, calls, FINALITY_LIMIT, progress)
            .await?;
        let mut refused = None;
        for (one, outcome) in prepared.iter().zip(&outcomes) {
            if let Some(person) = people.get_mut(one.task.person) {
                note(person, one, outcome, &mut refused)?;
            }
        }
        save(people, batch)?;
        refused.map_or(Ok(()), Err)
    }

    async fn prepare_record<'t>(
        &self,
        client: &Client,
        roles: Roles,
        person: &Person<'_>,
        task: &'t Task,
    ) -> Result<Prepared<'t>, ImportError> {
        let mut records = person.source.dossier.records();
        let part = records.nth(task.place).ok_or(ImportError::NoPatients)?;
        let draft = RecordDraft {
            patient: person.id()?,
            author: roles.author,
            member: roles.member,
            visit: None,
            kind: content_kind(part.kind),
            content: part.document.clone(),
            compression: Compression::Zstd,
        };
        let prepared = records::prepare(client, &draft).await?;
        Ok(Prepared {
            task,
            envelope: prepared.content.hash,
            call: prepared.call().map_err(OperationError::from)?,
        })
    }

    async fn prepare_invoice<'t>(
        &self,
        client: &Client,
        person: &Person<'_>,
        task: &'t Task,
    ) -> Result<Prepared<'t>, ImportError> {
        let bills = person.source.bills()?;
        let bill = bills.get(task.place).ok_or(ImportError::NoPatients)?;
        let readers = self.invoices.as_deref().unwrap_or_default();
        let draft = bill.draft(person.id()?, readers);
        let call = billing::prepare(client, self.member, &draft).await?.call();
        let envelope = match &call {
            RuntimeCall::Payments(pallet_payments::Call::issue_invoice { invoice, .. }) => {
                invoice.details.envelope
            }
            _ => Hash::zero(),
        };
        Ok(Prepared {
            task,
            envelope,
            call,
        })
    }
}

/// Tasks of one kind, as many as are carried out at a time.
fn batches<'b, 't>(tasks: &'b [&'t Task]) -> impl Iterator<Item = &'b [&'t Task]> {
    tasks
        .chunk_by(|a, b| a.kind == b.kind)
        .flat_map(|same| same.chunks(BATCH_MAX))
}

/// Saves the journals of those whom a batch is about.
fn save(people: &[Person<'_>], batch: &[&Task]) -> Result<(), ImportError> {
    let mut places: Vec<usize> = batch.iter().map(|task| task.person).collect();
    places.dedup();
    for person in places.into_iter().filter_map(|place| people.get(place)) {
        person.journal.save()?;
    }
    Ok(())
}

/// Notes what became of a transaction.
fn note(
    person: &mut Person<'_>,
    Prepared { task, envelope, .. }: &Prepared<'_>,
    outcome: &Outcome,
    refused: &mut Option<ImportError>,
) -> Result<(), ImportError> {
    if let Some(error) = outcome.failure() {
        person.journal.remove(&task.digest);
        let what = match task.kind {
            Kind::Record => "record",
            Kind::Invoice => "invoice",
        };
        refused.get_or_insert(ImportError::Refused {
            path: person.source.path.clone(),
            what: format!("{what} {}", task.place + 1),
            error,
        });
        return Ok(());
    }
    let id = told(outcome, "Written or InvoiceIssued", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::Written { record, .. }) => Some(record.0),
        RuntimeEvent::Payments(pallet_payments::Event::InvoiceIssued { invoice, .. }) => {
            Some(invoice.0)
        }
        _ => None,
    })?;
    let entry = Entry {
        kind: task.kind,
        envelope: *envelope,
        id: Some(id),
    };
    person.journal.insert(task.digest, entry);
    Ok(())
}

/// The record or invoice with an envelope.
async fn find(client: &Client, entry: &Entry) -> Result<Option<u64>, ImportError> {
    Ok(match entry.kind {
        Kind::Record => {
            let key = pallet_records::ByContent::<Runtime>::hashed_key_for(entry.envelope);
            let found: Option<(RecordId, VersionNumber)> = parties::read(client, &key).await?;
            found.map(|(record, _)| record.0)
        }
        Kind::Invoice => {
            let key = pallet_payments::ByEnvelope::<Runtime>::hashed_key_for(entry.envelope);
            let found: Option<InvoiceId> = parties::read(client, &key).await?;
            found.map(|invoice| invoice.0)
        }
    })
}

/// Waits until the node has no transaction of an account that is not final.
async fn drained(client: &Client, account: &AccountId) -> Result<(), ImportError> {
    type Account = frame_system::AccountInfo<Nonce, <Runtime as frame_system::Config>::AccountData>;

    let is_drained = async {
        loop {
            let tip = client.tip().await?;
            let key = frame_system::Account::<Runtime>::hashed_key_for(account);
            let found: Option<Account> = client.storage(&key, tip).await?;
            let used = found.map(|found| found.nonce).unwrap_or_default();
            if client.next_nonce(account).await? <= used {
                return Ok::<(), ClientError>(());
            }
            let next = client.header(tip).await?.number.saturating_add(1);
            client.wait_for_height(next, SETTLING_LIMIT).await?;
        }
    };
    match tokio::time::timeout(SETTLING_LIMIT, is_drained).await {
        Ok(drained) => Ok(drained?),
        Err(_) => Err(ImportError::Unsettled(crate::keys::address_of(account))),
    }
}

/// The kind under which the chain knows a record of a bundle.
pub fn content_kind(kind: RecordKind) -> ContentKind {
    match kind {
        RecordKind::Encounter => ContentKind::Encounter,
        RecordKind::Profile => ContentKind::Profile,
        RecordKind::Diagnosis => ContentKind::Diagnosis,
        RecordKind::TreatmentPlan => ContentKind::TreatmentPlan,
        RecordKind::Prescription => ContentKind::Prescription,
        RecordKind::Report => ContentKind::Report,
    }
}

fn report(
    people: &[Person<'_>],
    tasks: &[Task],
    written: &[&Task],
) -> Result<Vec<Imported>, ImportError> {
    let mut imported = Vec::with_capacity(people.len());
    for (place, person) in people.iter().enumerate() {
        let ids = |kind| {
            let own = tasks
                .iter()
                .filter(move |it| it.person == place && it.kind == kind);
            own.filter_map(|task| person.journal.get(&task.digest)?.id)
        };
        let count = |kind| {
            let is_own = |it: &&&Task| it.person == place && it.kind == kind;
            written.iter().filter(is_own).count()
        };
        let documents = person.source.dossier.records();
        imported.push(Imported {
            patient: person.id()?,
            is_new: person.is_new,
            path: person.source.path.clone(),
            keystore: person.keystore().map(Path::to_owned),
            records: ids(Kind::Record).map(RecordId).collect(),
            records_written: count(Kind::Record),
            invoices: ids(Kind::Invoice).map(InvoiceId).collect(),
            invoices_issued: count(Kind::Invoice),
            undated_claims: person.source.undated_claims,
            bytes: documents.map(|part| part.document.len()).sum(),
        });
    }
    Ok(imported)
}
