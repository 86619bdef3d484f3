//! What others may ask: the runtime's APIs answer from here, and the node before it hands out a
//! ciphertext.

use codec::{Decode, Encode};
use frame_support::traits::Time;
use scale_info::TypeInfo;
use xinglin_primitives::{
    glue::{EncryptionKeys, Members, Patients, Practitioners},
    page,
    time::Moment,
    AccessRequestId, AppointmentId, BlockNumber, EmergencyId, GrantId, Hash, InOrder, Party,
    PatientId, RecordId,
};

use crate::{
    access::{Basis, Denial},
    emergency::Emergency,
    grants::{Grant, Grantee},
    reading::AccessEntryOf,
    requests::AccessRequest,
    types::{
        Carrier, ContentKind, KeyProgress, Reader, Record, RecordVersion, SealedKey, VersionNumber,
    },
    AccessLog, AccessRequests, ByContent, Call, Config, Emergencies, Files, GranteeCounts, Grants,
    GrantsTo, LiveGrants, OpenRequests, Pallet, Records, RecordsOf, UnreviewedEmergencies,
    Versions, VisitFiles,
};

pub use xinglin_primitives::page::PAGE_MAX;

/// Most entries that one page looks at to find its items.
pub const SCAN_MAX: u32 = 1_000;

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page<Item> {
    /// The items, each with its number in the list.
    pub items: Vec<(u64, Item)>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}

/// The items numbered below `before`, or the latest of `count`, that `find` does not pass over;
/// newest first, at most `limit` and [`PAGE_MAX`].
fn newest<Item>(
    count: u64,
    before: Option<u64>,
    limit: u32,
    find: impl Fn(u64) -> Option<Item>,
) -> Page<Item> {
    let mut next = before.unwrap_or(count).min(count);
    let mut items = Vec::new();
    let mut looked_at = 0;
    while next > 0 && looked_at < SCAN_MAX && items.len() < page::size(limit) {
        next -= 1;
        looked_at += 1;
        items.extend(find(next).map(|item| (next, item)));
    }
    Page {
        items,
        next: (next > 0).then_some(next),
    }
}

/// An emergency that waits for a regulator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Unreviewed {
    /// The emergency.
    pub emergency: Emergency,
    /// Whether it should have been justified by now.
    pub is_overdue: bool,
}

impl<T: Config> Pallet<T> {
    /// A record.
    pub fn record(id: RecordId) -> Option<Record> {
        Records::<T>::get(id)
    }

    /// A version of a record.
    pub fn version(id: RecordId, version: VersionNumber) -> Option<RecordVersion> {
        Versions::<T>::get(id, version)
    }

    /// The versions of a record, oldest first; at most [`crate::types::VERSIONS_MAX`].
    pub fn versions_of(id: RecordId) -> Vec<RecordVersion> {
        let count = Records::<T>::get(id).map_or(0, |record| record.versions);
        (1..=count)
            .filter_map(|version| Versions::<T>::get(id, version))
            .collect()
    }

    /// The height of the block that carries the ciphertext with a hash, if one does.
    pub fn block_of(hash: Hash) -> Option<BlockNumber> {
        let (id, version) = ByContent::<T>::get(hash)?;
        match Versions::<T>::get(id, version)?.carrier {
            Carrier::Block(height) => Some(height),
            Carrier::External(_) => None,
        }
    }

    /// The version whose ciphertext has a hash.
    pub fn by_content(hash: Hash) -> Option<(RecordId, VersionNumber)> {
        ByContent::<T>::get(hash)
    }

    /// The records of a patient, newest first, of one kind or all.
    pub fn records_of(
        patient: PatientId,
        kind: Option<ContentKind>,
        before: Option<u64>,
        limit: u32,
    ) -> Page<(RecordId, Record)> {
        let count = Files::<T>::get(patient).records;
        newest(count, before, limit, |at| {
            let id = RecordsOf::<T>::get(patient, at)?;
            let record = Records::<T>::get(id)?;
            kind.is_none_or(|kind| kind == record.kind)
                .then_some((id, record))
        })
    }

    /// The records of a visit, oldest first; at most [`crate::types::VISIT_RECORDS_MAX`].
    pub fn records_of_visit(visit: AppointmentId) -> Vec<(RecordId, Record)> {
        let ids = VisitFiles::<T>::get(visit).records.into_iter();
        ids.filter_map(|id| Some((id, Records::<T>::get(id)?)))
            .collect()
    }

    /// The grants of a patient that are not over, oldest first; at most
    /// [`crate::grants::GRANTS_MAX`].
    pub fn grants_of(patient: PatientId) -> Vec<(GrantId, Grant)> {
        let now = T::Time::now();
        let live = LiveGrants::<T>::get(patient).into_iter();
        live.filter(|grant| now < grant.until)
            .filter_map(|grant| Some((grant.id, Grants::<T>::get(grant.id)?)))
            .collect()
    }

    /// The grants to a grantee that are not over, newest first.
    pub fn grants_to(grantee: Grantee, before: Option<u64>, limit: u32) -> Page<(GrantId, Grant)> {
        let now = T::Time::now();
        let count = GranteeCounts::<T>::get(grantee);
        newest(count, before, limit, |at| {
            let id = GrantsTo::<T>::get(grantee, at)?;
            let grant = Grants::<T>::get(id)?;
            (grant.ended.is_none() && now < grant.terms.until).then_some((id, grant))
        })
    }

    /// The access log of a patient, newest first.
    pub fn access_log(
        patient: PatientId,
        before: Option<u64>,
        limit: u32,
    ) -> Page<AccessEntryOf<T>> {
        let count = Files::<T>::get(patient).accesses;
        newest(count, before, limit, |at| AccessLog::<T>::get(patient, at))
    }

    /// The sealed key of a version for a reader, whether or not it may still read.
    pub fn sealed_key(
        id: RecordId,
        version: VersionNumber,
        reader: Reader<T::AccountId>,
    ) -> Option<SealedKey> {
        Self::key_of(id, version, reader)
    }

    /// The sealed key of a version for whatever an account is to the record by itself: its patient,
    /// her delegate, a practitioner or a member; whether or not it may still read.
    pub fn key_for(
        who: &T::AccountId,
        id: RecordId,
        version: VersionNumber,
    ) -> Option<(Reader<T::AccountId>, SealedKey)> {
        let patient = Records::<T>::get(id)?.patient;
        let is_patient = T::Patients::account_of(patient).as_ref() == Some(who);
        let readers = [
            is_patient.then_some(Reader::Patient),
            Some(Reader::Delegate(who.clone())),
            T::Practitioners::practitioner_of(who).map(Reader::Practitioner),
            T::Members::member_of(who).map(Reader::Member),
        ];
        readers.into_iter().flatten().find_map(|reader| {
            let key = Self::key_of(id, version, reader.clone())?;
            Some((reader, key))
        })
    }

    /// The sealed key of a version for a party for which an account acts, whether or not it may still
    /// read. It opens with the party's secret: a session key has none of its own.
    pub fn key_as(
        who: &T::AccountId,
        party: Party,
        id: RecordId,
        version: VersionNumber,
    ) -> Option<(Reader<T::AccountId>, SealedKey)> {
        let record = Records::<T>::get(id)?;
        let reader = match party {
            Party::Patient(patient) => (patient == record.patient).then_some(Reader::Patient)?,
            Party::Practitioner(practitioner) => Reader::Practitioner(practitioner),
            Party::Member(member) => Reader::Member(member),
        };
        if !Self::acts_as(who, party) {
            return None;
        }
        let key = Self::key_of(id, version, reader.clone())?;
        Some((reader, key))
    }

    /// Whether an account may read a record at `now`, as a party, for whichever purpose.
    pub fn may_read_as(
        who: &T::AccountId,
        party: Party,
        id: RecordId,
        now: Moment,
    ) -> Result<Basis, Denial> {
        let record = Records::<T>::get(id).ok_or(Denial::Unknown)?;
        if !Self::acts_as(who, party) {
            return Err(Denial::NoGrant);
        }
        Self::decide(who, party, (id, &record), None, now)
    }

    /// [`Self::may_read_as`] whatever the account is by itself: the patient or her delegate, a
    /// practitioner, an account of a member. A practitioner's session key says for whom it acts.
    pub fn may_read(who: &T::AccountId, id: RecordId, now: Moment) -> Result<Basis, Denial> {
        let record = Records::<T>::get(id).ok_or(Denial::Unknown)?;
        let practitioner = T::Practitioners::practitioner_of(who).map(Party::Practitioner);
        let member = T::Members::member_of(who).map(Party::Member);
        let patient = Some(Party::Patient(record.patient));
        let mut denial = Denial::NoGrant;
        for party in [patient, practitioner, member].into_iter().flatten() {
            match Self::may_read_as(who, party, id, now) {
                Ok(basis) => return Ok(basis),
                Err(reason) => denial = denial.max(reason),
            }
        }
        Err(denial)
    }

    /// The open requests to a patient, oldest first; at most [`crate::requests::REQUESTS_MAX`].
    pub fn requests_of(patient: PatientId) -> Vec<(AccessRequestId, AccessRequest)> {
        let now = T::Time::now();
        let open = OpenRequests::<T>::get(patient).into_iter();
        open.filter(|request| now < request.expires)
            .filter_map(|request| Some((request.id, AccessRequests::<T>::get(request.id)?)))
            .collect()
    }

    /// The emergencies that no regulator has reviewed, oldest first and so those overdue first:
    /// after `after`, at most `limit` and [`PAGE_MAX`].
    pub fn unreviewed_emergencies(
        after: Option<EmergencyId>,
        limit: u32,
    ) -> Vec<(EmergencyId, Unreviewed)> {
        let now = T::Time::now();
        let keys = page::page(
            after.map(InOrder::from),
            limit,
            UnreviewedEmergencies::<T>::iter_keys,
            |key| {
                let start = UnreviewedEmergencies::<T>::hashed_key_for(key);
                UnreviewedEmergencies::<T>::iter_keys_from(start)
            },
        );
        keys.filter_map(|key| {
            let id = EmergencyId(key.id());
            let emergency = Emergencies::<T>::get(id)?;
            let is_overdue = emergency.is_overdue(now);
            Some((
                id,
                Unreviewed {
                    emergency,
                    is_overdue,
                },
            ))
        })
        .collect()
    }

    /// How many of a patient's versions she can read with her encryption key of now.
    pub fn key_progress(patient: PatientId) -> KeyProgress {
        let mut progress = Files::<T>::get(patient).progress;
        if let Some(key) = T::EncryptionKeys::of_patient(patient) {
            progress.refresh(key);
        }
        progress
    }

    /// The ciphertext that a call carries, with the hash that it states: what a node indexes.
    pub fn carried(call: &Call<T>) -> Option<(Hash, &[u8])> {
        match call {
            Call::write {
                content_hash,
                ciphertext,
                ..
            }
            | Call::amend {
                content_hash,
                ciphertext,
                ..
            } => Some((*content_hash, ciphertext)),
            _ => None,
        }
    }
}
