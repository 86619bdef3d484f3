//! Sharing records, with their keys sealed for the grantee.

use frame_support::BoundedVec;
use pallet_records::{
    grants::{Covered, Grant, Terms},
    requests::{AccessRequest, Answer, RequestState},
    types::{KeyBatch, KeyFor, Reader, Record},
};
use xinglin_primitives::{time::Moment, AccessRequestId, GrantId, PatientId, RecordId, ScheduleId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use super::{
    keys::{batches, reseal_to, sealed_for, Recipient, Resealed},
    list::history,
    record,
};
use crate::{
    client::{Client, Outcome},
    envelope::VersionNumber,
    operation::{execute, random_id, told, OperationError},
    parties::{self, encryption_key_of_reader, patient_of, unknown},
    wallet::Wallet,
};

type Call = pallet_records::Call<Runtime>;

/// From when until when, in milliseconds since 1970; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Moment,
    /// The instant after the last.
    pub until: Moment,
}

/// A place in a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The schedule.
    pub schedule: ScheduleId,
    /// The slot's number in it.
    pub slot: u16,
    /// Whether to wait for a place if there is none.
    pub waitlist: bool,
}

/// What came of sharing.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// The grant.
    pub grant: GrantId,
    /// How many keys were sealed for the grantee.
    pub sealed: usize,
    /// Versions whose key the wallet does not have, so that the grantee has none either.
    pub missing: Vec<(RecordId, VersionNumber)>,
    /// The transactions: the first gives the grant, the others add keys.
    pub outcomes: Vec<Outcome>,
}

/// Shares one record or the history, as the patient: gives the grant with the sealed keys of what it
/// covers by now, in as many transactions as these need.
pub async fn share(
    client: &Client,
    patient: &Wallet,
    terms: Terms,
) -> Result<Sharing, OperationError> {
    let id = patient_of(client, &patient.account()).await?;
    let keys = keys_for(client, patient, id, &terms).await?;
    give(client, patient, keys, |keys| {
        let terms = terms.clone();
        let token = None;
        Call::share { terms, token, keys }.into()
    })
    .await
}

/// Books a place and shares, in one transaction, what the practitioner may read before the visit
/// (提前查看). The grant ends with the visit.
pub async fn book_with_grant(
    client: &Client,
    patient: &Wallet,
    place: Slot,
    terms: Terms,
) -> Result<Sharing, OperationError> {
    let id = patient_of(client, &patient.account()).await?;
    let keys = keys_for(client, patient, id, &terms).await?;
    let token = random_id();
    give(client, patient, keys, |keys| {
        let terms = terms.clone();
        let token = Some(token);
        let share = Call::share { terms, token, keys };
        let book = pallet_appointments::Call::<Runtime>::book {
            patient: id,
            schedule: place.schedule,
            slot: place.slot,
            waitlist: place.waitlist,
            pre_visit_grant: token,
        };
        let calls = vec![share.into(), book.into()];
        pallet_utility::Call::<Runtime>::batch_all { calls }.into()
    })
    .await
}

/// Accepts a request for access, as the patient, with the keys of what was asked for.
pub async fn answer(
    client: &Client,
    patient: &Wallet,
    request: AccessRequestId,
    period: Period,
    may_reshare: bool,
) -> Result<Sharing, OperationError> {
    let key = pallet_records::AccessRequests::<Runtime>::hashed_key_for(request);
    let found: Option<AccessRequest> = parties::read(client, &key).await?;
    let asked = found
        .filter(|asked| asked.state == RequestState::Open)
        .ok_or_else(|| unknown(format_args!("open request {request}")))?;
    let Period { from, until } = period;
    let terms = Terms {
        what: asked.what,
        grantee: asked.grantee,
        purpose: asked.purpose,
        from,
        until,
        may_reshare,
    };
    let keys = keys_for(client, patient, asked.patient, &terms).await?;
    give(client, patient, keys, |keys| {
        let answer = Answer::Accept {
            from,
            until,
            may_reshare,
            keys,
        };
        Call::answer { request, answer }.into()
    })
    .await
}

/// Passes a grant on, as its grantee, with the keys of one covered record. A history is passed on
/// without keys: only the patient can list it, and completes the grant.
pub async fn reshare(
    client: &Client,
    grantee: &Wallet,
    source: GrantId,
    terms: Terms,
) -> Result<Sharing, OperationError> {
    let patient = grant(client, source).await?.patient;
    let keys = match terms.what {
        Covered::Record(_) => keys_for(client, grantee, patient, &terms).await?,
        Covered::History { .. } => Resealed::default(),
    };
    give(client, grantee, keys, |keys| {
        let terms = terms.clone();
        Call::reshare {
            source,
            terms,
            keys,
        }
        .into()
    })
    .await
}

/// Adds the keys that a grant's grantee lacks, as the patient: of records written since, or of a
/// history that was passed on.
pub async fn complete_grant(
    client: &Client,
    patient: &Wallet,
    id: GrantId,
) -> Result<Sharing, OperationError> {
    let grant = grant(client, id).await?;
    let to = recipient(client, grant.patient, &grant.terms).await?;
    let mut lacking = Vec::new();
    for (record, found) in covered(client, patient, grant.patient, &grant.terms.what).await? {
        let mut has_all = true;
        for number in 1..=found.versions {
            has_all &= sealed_for(client, record, number, &to.reader).await?;
        }
        if !has_all {
            lacking.push((record, found));
        }
    }
    let Resealed { keys, missing } = reseal_to(client, patient, &to, &lacking).await?;
    let sealed = keys.len();
    let outcomes = add(client, patient, id, keys).await?;
    Ok(Sharing {
        grant: id,
        sealed,
        missing,
        outcomes,
    })
}

/// Gives a grant by the call that `first` makes of the first keys, then adds the others.
async fn give(
    client: &Client,
    wallet: &Wallet,
    resealed: Resealed,
    first: impl FnOnce(KeyBatch) -> RuntimeCall,
) -> Result<Sharing, OperationError> {
    let Resealed { mut keys, missing } = resealed;
    let sealed = keys.len();
    let rest = keys.split_off(keys.len().min(KeyBatch::bound()));
    let outcome = execute(client, wallet.key(), first(BoundedVec::truncate_from(keys))).await?;
    let grant = told(&outcome, "Granted", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::Granted { grant, .. }) => Some(*grant),
        _ => None,
    })?;
    let mut outcomes = vec![outcome];
    outcomes.extend(add(client, wallet, grant, rest).await?);
    Ok(Sharing {
        grant,
        sealed,
        missing,
        outcomes,
    })
}

async fn add(
    client: &Client,
    wallet: &Wallet,
    grant: GrantId,
    keys: Vec<KeyFor>,
) -> Result<Vec<Outcome>, OperationError> {
    let mut outcomes = Vec::new();
    for keys in batches(keys) {
        let call = Call::add_keys { grant, keys };
        outcomes.push(execute(client, wallet.key(), call).await?);
    }
    Ok(outcomes)
}

async fn grant(client: &Client, id: GrantId) -> Result<Grant, OperationError> {
    let key = pallet_records::Grants::<Runtime>::hashed_key_for(id);
    let found = parties::read(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("grant {id}")))
}

async fn recipient(
    client: &Client,
    patient: PatientId,
    terms: &Terms,
) -> Result<Recipient, OperationError> {
    let reader = Reader::from(terms.grantee);
    let key = encryption_key_of_reader(client, patient, &reader).await?;
    Ok(Recipient { reader, key })
}

/// The keys of all that terms cover by now, sealed to their grantee.
async fn keys_for(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
    terms: &Terms,
) -> Result<Resealed, OperationError> {
    let to = recipient(client, patient, terms).await?;
    let mut records = covered(client, wallet, patient, &terms.what).await?;
    // Author and member have theirs by right, and nobody else may replace them.
    records.retain(|(_, record)| {
        to.reader != Reader::Practitioner(record.author)
            && to.reader != Reader::Member(record.member)
    });
    reseal_to(client, wallet, &to, &records).await
}

/// The records that are covered, neither erased nor retracted, oldest first.
async fn covered(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
    what: &Covered,
) -> Result<Vec<(RecordId, Record)>, OperationError> {
    let mut records = match what {
        Covered::Record(id) => vec![(*id, record(client, *id).await?)],
        Covered::History { .. } => history(client, wallet, patient).await?,
    };
    records.retain(|(id, record)| {
        what.covers(*id, record) && !record.is_erased() && record.retracted_at.is_none()
    });
    Ok(records)
}
