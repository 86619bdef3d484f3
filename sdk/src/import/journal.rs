//! What of a patient's bundle is on the chain, so that an import can be run again.
//!
//! Before transactions are submitted the journal says, synced to the disk, which envelopes they
//! carry; afterwards it says what became of each. An import that was interrupted between the two
//! finds the envelopes on the chain by their hashes, which are of fresh keys and therefore its own.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use blake2::{digest::consts::U32, Blake2b, Digest};
use serde::{Deserialize, Serialize};
use xinglin_primitives::Hash;

use super::ImportError;
use crate::{identity::Salt, secret_file};

/// The version of the file's format.
const VERSION: u32 = 1;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Record,
    Invoice,
}

/// One document or claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The hash of the envelope with which it was submitted.
    pub(super) envelope: Hash,
    /// The record or invoice, as soon as it is known.
    pub(super) id: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Contents {
    version: u32,
    genesis: Hash,
    entries: BTreeMap<Hash, Entry>,
}

/// The journal of one patient.
pub(super) struct Journal {
    path: PathBuf,
    contents: Contents,
}

impl Journal {
    /// Reads the file, if there is one; it must be of this chain.
    pub(super) fn open(path: PathBuf, genesis: Hash) -> Result<Self, ImportError> {
        if !path.exists() {
            let entries = BTreeMap::new();
            let contents = Contents {
                version: VERSION,
                genesis,
                entries,
            };
            return Ok(Self { path, contents });
        }
        let refused = |reason: &'static str| ImportError::Journal {
            path: path.clone(),
            reason: reason.into(),
        };
        let json = read(&path)?;
        let contents: Contents = serde_json::from_slice(&json)
            .map_err(|_| refused("it is damaged; restore it from a backup"))?;
        if contents.version != VERSION {
            return Err(refused("it is of another version of this program"));
        }
        if contents.genesis != genesis {
            return Err(refused(
                "it is of another chain; use another folder for the keys of this one",
            ));
        }
        Ok(Self { path, contents })
    }

    pub(super) fn get(&self, digest: &Hash) -> Option<&Entry> {
        self.contents.entries.get(digest)
    }

    pub(super) fn insert(&mut self, digest: Hash, entry: Entry) {
        self.contents.entries.insert(digest, entry);
    }

    pub(super) fn remove(&mut self, digest: &Hash) {
        self.contents.entries.remove(digest);
    }

    /// What was submitted and never heard of again.
    pub(super) fn open_entries(&self) -> Vec<(Hash, Entry)> {
        let entries = self.contents.entries.iter();
        entries
            .filter(|(_, entry)| entry.id.is_none())
            .map(|(digest, entry)| (*digest, entry.clone()))
            .collect()
    }

    /// Replaces the file. It is the old one or the new one at any time, for its owner only.
    pub(super) fn save(&self) -> Result<(), ImportError> {
        let json = serde_json::to_vec(&self.contents).map_err(|_| ImportError::Journal {
            path: self.path.clone(),
            reason: "it does not encode".into(),
        })?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // Temporary files are created with mode 0600, which the rename keeps.
        tempfile::NamedTempFile::new_in(folder)
            .and_then(|mut file| {
                file.write_all(&json)?;
                file.as_file().sync_all()?;
                file.persist(&self.path).map_err(|failure| failure.error)?;
                fs::File::open(folder)?.sync_all()
            })
            .map_err(|error| ImportError::Journal {
                path: self.path.clone(),
                reason: error.to_string(),
            })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    fs::read(path).map_err(|source| ImportError::Read {
        path: path.to_owned(),
        source,
    })
}

/// By what a document or claim is known in the journal: a hash under the salt, from which nobody
/// else can tell what it is.
pub(super) fn digest(salt: &Salt, kind: Kind, what: &[u8]) -> Hash {
    let domain: &[u8] = match kind {
        Kind::Record => b"xinglin/import/record",
        Kind::Invoice => b"xinglin/import/claim!",
    };
    let mut hasher = Blake2b::<U32>::new();
    hasher.update(salt.as_bytes());
    hasher.update(domain);
    hasher.update(what);
    Hash::from_slice(&hasher.finalize())
}

/// A salt from its file, in hexadecimal; a new one if there is no file.
pub fn salt_from(path: &Path) -> Result<Salt, ImportError> {
    use crate::identity::SALT_BYTES;
    use zeroize::Zeroizing;

    let fault = |reason: String| ImportError::Salt {
        path: path.to_owned(),
        reason,
    };
    if !path.exists() {
        let salt = Salt::random();
        let digits = Zeroizing::new(hex::encode(salt.as_bytes()));
        secret_file::write_new(path, digits.as_bytes())
            .map_err(|error| fault(error.to_string()))?;
        return Ok(salt);
    }
    let contents = secret_file::read(path).map_err(|error| fault(error.to_string()))?;
    let mut bytes = Zeroizing::new([0; SALT_BYTES]);
    hex::decode_to_slice(contents.trim_ascii(), &mut *bytes)
        .map_err(|_| fault("it does not hold 32 bytes in hexadecimal".into()))?;
    Ok(Salt::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_kept_and_belongs_to_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (genesis, digest) = (Hash::repeat_byte(1), Hash::repeat_byte(2));
        let mut journal = Journal::open(path.clone(), genesis).unwrap();
        let open = Entry {
            kind: Kind::Record,
            envelope: Hash::repeat_byte(3),
            id: None,
        };
        journal.insert(digest, open.clone());
        journal.save().unwrap();
        let mut journal = Journal::open(path.clone(), genesis).unwrap();
        assert_eq!(journal.open_entries().len(), 1);
        journal.insert(
            digest,
            Entry {
                id: Some(7),
                ..open
            },
        );
        journal.save().unwrap();
        let journal = Journal::open(path.clone(), genesis).unwrap();
        assert!(journal.open_entries().is_empty());
        assert_eq!(journal.get(&digest).unwrap().id, Some(7));
        assert!(secret_file::read(&path).is_ok(), "it is for its owner only");
        let other = Journal::open(path, Hash::repeat_byte(9));
        assert!(matches!(other, Err(ImportError::Journal { .. })));
    }

    #[test]
    fn a_salt_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("salt");
        let made = salt_from(&path).unwrap();
        assert_eq!(salt_from(&path).unwrap().as_bytes(), made.as_bytes());
        fs::write(&path, "no salt").unwrap();
        assert!(matches!(salt_from(&path), Err(ImportError::Salt { .. })));
    }

    #[test]
    fn records_and_claims_are_told_apart() {
        let salt = Salt::random();
        let of = |kind| digest(&salt, kind, b"same");
        assert_ne!(of(Kind::Record), of(Kind::Invoice));
        assert_ne!(
            of(Kind::Record),
            digest(&Salt::random(), Kind::Record, b"same")
        );
    }
}
