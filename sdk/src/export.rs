//! A patient's records as one FHIR bundle again.

use std::fmt;

use pallet_records::{
    access::{Denial, Purpose},
    types::BATCH_MAX,
};
use xinglin_fhir::{Bundle, FhirError, Limits};
use xinglin_primitives::{Party, PatientId, RecordId};
use zeroize::Zeroizing;

use crate::{client::Client, operation::OperationError, parties, records, wallet::Wallet};

/// Why a record is not in the bundle.
#[derive(Debug)]
pub enum Unread {
    /// The chain does not allow it.
    Denied(Denial),
    /// Its keys were destroyed.
    Erased,
    /// Its author has taken it back.
    Retracted,
    /// It was allowed and cannot be fetched or decrypted.
    Failed(OperationError),
    /// It is no FHIR bundle, or says something else of a resource than an earlier record.
    NotMerged(FhirError),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Denied(Denial::Unknown) => "the chain knows no such record",
            Self::Denied(Denial::NoGrant) => "nothing gives access; ask the patient for a grant",
            Self::Denied(Denial::Expired) => "the grant is over; ask the patient for another",
            Self::Denied(Denial::NotYet) => "the grant has not begun",
            Self::Denied(Denial::OtherPurpose) => "the grant is for another purpose; name that one",
            Self::Denied(Denial::Erased) | Self::Erased => "its keys were destroyed",
            Self::Retracted => "its author has taken it back",
            Self::Failed(error) => return error.fmt(f),
            Self::NotMerged(error) => return error.fmt(f),
        };
        f.write_str(words)
    }
}

/// What came of an export.
#[derive(Debug)]
pub struct Exported {
    /// The resources of the records that could be read, those of the oldest record first.
    pub bundle: Bundle,
    /// These records.
    pub read: Vec<RecordId>,
    /// The others, each with the reason.
    pub unread: Vec<(RecordId, Unread)>,
}

/// Lists a patient's records, opens them for a purpose, which leaves its trace, and merges the latest
/// versions. `progress` learns how many of how many records are done.
///
/// The wallet is the patient's, a delegate's, or of a practitioner or member with access; an attempt
/// of these on a record to which they have none is on the chain as well. Without a
/// purpose it is the patient's request for patient and delegates, and treatment for others.
///
/// # Errors
/// The list cannot be had, or a transaction fails. That some records cannot be read is no error.
pub async fn export(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
    purpose: Option<Purpose>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Exported, OperationError> {
    let party = party_of(client, wallet, patient).await?;
    let purpose = purpose.unwrap_or(match party {
        Party::Patient(_) => Purpose::PatientRequest,
        _ => Purpose::Treatment,
    });
    let listed = match party {
        Party::Patient(_) => records::history(client, wallet, patient).await?,
        _ => records::history_in_state(client, patient).await?,
    };
    let (mut unread, mut ids) = (Vec::new(), Vec::new());
    for (id, record) in &listed {
        match record {
            record if record.is_erased() => unread.push((*id, Unread::Erased)),
            record if record.retracted_at.is_some() => unread.push((*id, Unread::Retracted)),
            _ => ids.push(*id),
        }
    }
    let mut documents = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH_MAX as usize) {
        let opening = records::open(client, wallet, party, batch, purpose).await?;
        let denied = opening.denied.into_iter();
        unread.extend(denied.map(|(id, denial)| (id, Unread::Denied(denial))));
        for (id, opened) in opening.allowed {
            match opened {
                Ok(opened) => documents.push((id, opened.content)),
                Err(error) => unread.push((id, Unread::Failed(error))),
            }
        }
        progress(documents.len() + unread.len(), listed.len());
    }
    let (bundle, read) = merge(documents, &mut unread);
    unread.sort_by_key(|(id, _)| *id);
    Ok(Exported {
        bundle,
        read,
        unread,
    })
}

/// As whom a wallet reads a patient's records.
pub(crate) async fn party_of(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
) -> Result<Party, OperationError> {
    use pallet_members::Role;

    Ok(match parties::role_of(client, &wallet.account()).await? {
        Some(Role::Practitioner(id)) => Party::Practitioner(id),
        Some(Role::Main(id) | Role::Service(id)) => Party::Member(id),
        Some(Role::Patient(_)) | None => Party::Patient(patient),
    })
}

/// Merges all documents that agree with those before them.
fn merge(
    documents: Vec<(RecordId, Zeroizing<Vec<u8>>)>,
    unread: &mut Vec<(RecordId, Unread)>,
) -> (Bundle, Vec<RecordId>) {
    let limits = Limits::default();
    let contents = |kept: &[(RecordId, Zeroizing<Vec<u8>>)]| {
        let contents = kept.iter().map(|(_, content)| content.as_slice());
        Bundle::merge(contents, &limits)
    };
    let mut kept = documents;
    loop {
        let refused = match contents(&kept) {
            Ok(bundle) => return (bundle, kept.into_iter().map(|(id, _)| id).collect()),
            Err(error) => error,
        };
        // The first document without which those before it merge is the one at fault.
        let (mut good, mut bad) = (0, kept.len());
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match contents(&kept[..middle]) {
                Ok(_) => good = middle,
                Err(_) => bad = middle,
            }
        }
        let (id, _) = kept.remove(bad - 1);
        unread.push((id, Unread::NotMerged(refused)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: &str, status: &str) -> Zeroizing<Vec<u8>> {
        let json = format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"fullUrl":"urn:x:{id}","resource":{{"resourceType":"Basic","id":"{id}","status":"{status}"}}}}]}}"#
        );
        Zeroizing::new(json.into_bytes())
    }

    #[test]
    fn what_does_not_fit_is_told_and_the_rest_is_merged() {
        let documents = vec![
            (RecordId(1), document("a", "first")),
            (RecordId(2), Zeroizing::new(b"an image".to_vec())),
            (RecordId(3), document("b", "first")),
            (RecordId(4), document("a", "changed")),
            (RecordId(5), document("c", "first")),
        ];
        let mut unread = Vec::new();
        let (bundle, read) = merge(documents, &mut unread);
        assert_eq!(read, [RecordId(1), RecordId(3), RecordId(5)]);
        assert_eq!(bundle.entries().len(), 3);
        let ids: Vec<RecordId> = unread.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [RecordId(2), RecordId(4)]);
    }

    #[test]
    fn nothing_merges_to_an_empty_bundle() {
        let (bundle, read) = merge(Vec::new(), &mut Vec::new());
        assert!(bundle.entries().is_empty() && read.is_empty());
    }
}
