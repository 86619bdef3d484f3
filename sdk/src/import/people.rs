//! The patients of an import: who is registered, and who gets a key.

use std::path::{Path, PathBuf};

use xinglin_primitives::{IdentityHash, PatientId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use super::{journal::Journal, sources::fhir_error, Import, ImportError, Source};
use crate::{
    client::Client,
    identity::identity_hash,
    keys::{KeyPair, Scheme},
    keystore::{Keystore, KeystoreError, Meta},
    operation::{told, OperationError, FINALITY_LIMIT},
    parties,
    wallet::Wallet,
};

/// A patient of the import.
pub(super) struct Person<'a> {
    pub(super) source: &'a Source,
    identity: IdentityHash,
    /// Where the key is, if it is kept here.
    keystore: PathBuf,
    pub(super) journal: Journal,
    /// As whom the patient is registered.
    registered: Option<PatientId>,
    /// The key of one who is not registered.
    key: Option<Wallet>,
    /// Whether the import registered the patient.
    pub(super) is_new: bool,
}

impl Person<'_> {
    /// Who the patient is on the chain, once everybody is registered.
    pub(super) fn id(&self) -> Result<PatientId, ImportError> {
        self.registered.ok_or_else(|| ImportError::Refused {
            path: self.source.path.clone(),
            what: "the registration".into(),
            error: "the patient is not registered".into(),
        })
    }

    /// The keystore, if there is one.
    pub(super) fn keystore(&self) -> Option<&Path> {
        self.keystore.exists().then_some(self.keystore.as_path())
    }
}

/// Looks up on the chain and in the folder who the patients are. Writes nothing.
pub(super) async fn find<'a>(
    client: &Client,
    import: &Import<'_>,
    sources: &'a [Source],
) -> Result<Vec<Person<'a>>, ImportError> {
    let mut people = Vec::with_capacity(sources.len());
    for source in sources {
        let number = source.dossier.patient.identity_number();
        let number = number.map_err(|error| fhir_error(&source.path, error))?;
        let identity = identity_hash(import.salt, number.expose());
        let name = hex::encode(identity.0);
        let keystore = import.folder.join(format!("{name}.json"));
        let journal = import.folder.join(format!("{name}.import"));
        let key = pallet_members::Identities::<Runtime>::hashed_key_for(identity);
        let registered: Option<PatientId> = parties::read(client, &key)
            .await
            .map_err(OperationError::from)?;
        let wallet = match registered {
            None if keystore.exists() => Some(open(&keystore, import.passphrase)?),
            _ => None,
        };
        people.push(Person {
            source,
            identity,
            journal: Journal::open(journal, client.genesis())?,
            keystore,
            registered,
            key: wallet,
            is_new: false,
        });
    }
    Ok(people)
}

/// Makes the keys that are missing and registers who is not. A key is on the disk before the chain
/// knows it.
pub(super) async fn register(
    client: &Client,
    import: &Import<'_>,
    people: &mut [Person<'_>],
) -> Result<(), ImportError> {
    let mut places = Vec::new();
    let mut calls: Vec<RuntimeCall> = Vec::new();
    for (place, person) in people.iter_mut().enumerate() {
        if person.registered.is_some() {
            continue;
        }
        let wallet = match person.key.take() {
            Some(wallet) => wallet,
            None => make(&person.keystore, import.passphrase)?,
        };
        let call = pallet_members::Call::<Runtime>::register_patient {
            identity: person.identity,
            account: wallet.account(),
            encryption_key: wallet.encryption_key(),
        };
        calls.push(call.into());
        places.push(place);
    }
    let key = import.member.key();
    let outcomes = client.execute_in_order(key, calls, FINALITY_LIMIT, |_| {});
    let outcomes = outcomes.await.map_err(OperationError::from)?;
    for (outcome, place) in outcomes.iter().zip(places) {
        let Some(person) = people.get_mut(place) else {
            continue;
        };
        if let Some(error) = outcome.failure() {
            return Err(ImportError::Refused {
                path: person.source.path.clone(),
                what: "the registration".into(),
                error,
            });
        }
        let id = told(outcome, "PatientRegistered", |event| match event {
            RuntimeEvent::Members(pallet_members::Event::PatientRegistered { patient, .. }) => {
                Some(*patient)
            }
            _ => None,
        })?;
        person.registered = Some(id);
        person.is_new = true;
    }
    Ok(())
}

fn open(path: &Path, passphrase: &str) -> Result<Wallet, ImportError> {
    let opened = Keystore::read(path).and_then(|keystore| keystore.open(passphrase));
    opened.map(Wallet::new).map_err(keystore_error(path))
}

fn make(path: &Path, passphrase: &str) -> Result<Wallet, ImportError> {
    let (pair, _) = KeyPair::generate(Scheme::Sr25519);
    Keystore::seal(&pair, passphrase, Meta::default())
        .and_then(|keystore| keystore.write_new(path))
        .map_err(keystore_error(path))?;
    Ok(Wallet::new(pair))
}

fn keystore_error(path: &Path) -> impl FnOnce(KeystoreError) -> ImportError + '_ {
    move |source| ImportError::Keystore {
        path: path.to_owned(),
        source: Box::new(source),
    }
}
