//! What must hold between blocks. Run by `try_state` and after every test.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{
    ensure,
    traits::{GetStorageVersion, Time},
};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{AppointmentId, EmergencyId, GrantId, PatientId, RecordId};

use crate::{
    emergency::EmergencyState,
    grants::{Covered, Source, GRANTS_TO_ONE_MAX},
    keys::keys_max,
    requests::RequestState,
    types::{Reader, Record, VERSIONS_MAX},
    AccessLog, AccessRequests, ByContent, Config, Emergencies, EmergenciesOf, Files, GranteeCounts,
    Grants, GrantsTo, LiveGrants, NextEmergency, NextGrant, NextRecord, NextRequest, OpenRequests,
    Pallet, Records, RecordsOf, SealedKeys, UnreviewedEmergencies, Versions, VisitFiles,
};

type Check = Result<(), TryRuntimeError>;
type AllRecords = BTreeMap<RecordId, Record>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        ensure!(
            Self::on_chain_storage_version() == Self::in_code_storage_version(),
            "the storage is of another version"
        );
        let records: AllRecords = Records::<T>::iter().collect();
        Self::check_records(&records)?;
        Self::check_files(&records)?;
        Self::check_visits(&records)?;
        Self::check_keys(&records)?;
        Self::check_live_grants(&records)?;
        Self::check_grants()?;
        Self::check_requests()?;
        Self::check_emergencies()
    }

    /// Records are numbered, their versions are all there, and content is found by its hash.
    fn check_records(records: &AllRecords) -> Check {
        let mut versions = 0;
        for (id, record) in records {
            ensure!(*id < NextRecord::<T>::get(), "a record has an id to come");
            ensure!(
                (1..=VERSIONS_MAX).contains(&record.versions),
                "a record has no or too many versions"
            );
            for number in 1..=record.versions {
                let version =
                    Versions::<T>::get(id, number).ok_or("a version of a record is missing")?;
                ensure!(
                    ByContent::<T>::get(version.hash) == Some((*id, number)),
                    "a version is not found by its content"
                );
                ensure!(
                    version.reason.is_some() == (number > 1) && version.at >= record.written_at,
                    "a version contradicts its record"
                );
                versions += 1;
            }
        }
        ensure!(
            Versions::<T>::iter_keys().count() == versions,
            "a version of no record"
        );
        ensure!(
            ByContent::<T>::iter_keys().count() == versions,
            "content of no version"
        );
        Ok(())
    }

    /// The numbered lists of each patient are complete.
    fn check_files(records: &AllRecords) -> Check {
        let mut listed = BTreeSet::new();
        for (patient, at, id) in RecordsOf::<T>::iter() {
            ensure!(
                at < Files::<T>::get(patient).records,
                "a record is listed beyond the count"
            );
            ensure!(
                records.get(&id).is_some_and(|it| it.patient == patient),
                "a record is listed for another patient"
            );
            ensure!(listed.insert(id), "a record is listed twice");
        }
        ensure!(listed.len() == records.len(), "a record is not listed");
        let (mut counted, mut logged) = (0, 0);
        for (_, file) in Files::<T>::iter() {
            counted += file.records;
            logged += file.accesses;
        }
        ensure!(
            counted == listed.len() as u64,
            "the counts of records differ from the lists"
        );
        for (patient, at) in AccessLog::<T>::iter_keys() {
            ensure!(
                at < Files::<T>::get(patient).accesses,
                "an access is logged beyond the count"
            );
        }
        ensure!(
            AccessLog::<T>::iter_keys().count() as u64 == logged,
            "an entry of an access log is missing"
        );
        Ok(())
    }

    /// The files of the visits hold exactly the records that name the visit.
    fn check_visits(records: &AllRecords) -> Check {
        let mut expected: BTreeMap<AppointmentId, (u32, Vec<RecordId>)> = BTreeMap::new();
        for (id, record) in records {
            if let Some(visit) = record.visit {
                let (standing, ids) = expected.entry(visit).or_default();
                *standing += u32::from(record.retracted_at.is_none());
                ids.push(*id);
            }
        }
        let stored = VisitFiles::<T>::iter()
            .map(|(visit, file)| (visit, (file.standing, file.records.into_inner())))
            .collect();
        ensure!(
            expected == stored,
            "the files of the visits differ from the records"
        );
        Ok(())
    }

    /// Sealed keys are only of records that are not erased, are counted, and every version has
    /// those it was written with.
    fn check_keys(records: &AllRecords) -> Check {
        let mut counts: BTreeMap<RecordId, u32> = BTreeMap::new();
        let mut progress: BTreeMap<PatientId, (u32, u32)> = BTreeMap::new();
        for (id, (version, reader), key) in SealedKeys::<T>::iter() {
            let record = records.get(&id).ok_or("a sealed key of no record")?;
            ensure!(
                (1..=record.versions).contains(&version),
                "a sealed key of no version"
            );
            *counts.entry(id).or_default() += 1;
            if reader == Reader::Patient {
                let current = Files::<T>::get(record.patient).progress.epoch;
                ensure!(key.epoch <= current, "a sealed key from an epoch to come");
                let (total, restored) = progress.entry(record.patient).or_default();
                *total += 1;
                *restored += u32::from(key.epoch == current);
            }
        }
        for (id, record) in records {
            let count = counts.get(id).copied().unwrap_or(0);
            ensure!(
                count == record.keys && count <= keys_max(record),
                "the sealed keys of a record are miscounted, or leave no room for versions to come"
            );
            if record.is_erased() {
                ensure!(count == 0, "a sealed key of an erased record");
                continue;
            }
            for version in 1..=record.versions {
                let has = |reader| SealedKeys::<T>::contains_key(id, (version, reader));
                ensure!(
                    has(Reader::Patient)
                        && has(Reader::Practitioner(record.author))
                        && has(Reader::Member(record.member)),
                    "a version lacks the key of a reader by right"
                );
            }
        }
        for (patient, file) in Files::<T>::iter() {
            let (total, restored) = progress.get(&patient).copied().unwrap_or_default();
            ensure!(
                (file.progress.total, file.progress.restored) == (total, restored),
                "the progress of a patient's keys is miscounted"
            );
        }
        Ok(())
    }

    /// Live grants are of live sources and say what the grant says. One of a single record is of a
    /// record of the patient that is not erased; if that was retracted, the grant is older.
    fn check_live_grants(records: &AllRecords) -> Check {
        for (patient, live) in LiveGrants::<T>::iter() {
            ensure!(!live.is_empty(), "an empty list of grants is stored");
            ensure!(
                live.windows(2).all(|pair| pair[0].id < pair[1].id),
                "a list of grants is out of order"
            );
            for line in &live {
                let grant = Grants::<T>::get(line.id).ok_or("a listed grant does not exist")?;
                ensure!(
                    grant.patient == patient
                        && (grant.terms.grantee, grant.terms.until, grant.source)
                            == (line.grantee, line.until, line.source)
                        && grant.ended.is_none(),
                    "the list of grants contradicts a grant"
                );
                if let Source::PassedOn(source) = line.source {
                    ensure!(
                        live.iter()
                            .any(|it| it.id == source && it.until >= line.until),
                        "a grant outlives its source"
                    );
                }
                if let Covered::Record(id) = grant.terms.what {
                    let record = records.get(&id).filter(|it| it.patient == patient);
                    let record = record.ok_or("a grant without a record of the patient")?;
                    ensure!(!record.is_erased(), "a grant of an erased record");
                    ensure!(
                        record.retracted_at.is_none_or(|at| grant.given_at <= at),
                        "a grant of a record that was retracted before"
                    );
                }
                let same = live.iter().filter(|it| it.grantee == line.grantee);
                ensure!(
                    same.count() <= GRANTS_TO_ONE_MAX as usize,
                    "too many grants to one grantee"
                );
                let with_token = live.iter().filter(|it| it.source == line.source);
                ensure!(
                    !matches!(line.source, Source::ForVisit(_)) || with_token.count() == 1,
                    "two live grants have one token"
                );
            }
        }
        Ok(())
    }

    /// Every grant is live, ended or over by time, and listed for its grantee.
    fn check_grants() -> Check {
        let now = T::Time::now();
        let mut listed: BTreeSet<GrantId> = BTreeSet::new();
        for (grantee, at, id) in GrantsTo::<T>::iter() {
            let grant = Grants::<T>::get(id).ok_or("a grantee has a grant that does not exist")?;
            ensure!(
                grant.terms.grantee == grantee && at < GranteeCounts::<T>::get(grantee),
                "a grant is listed for another grantee"
            );
            ensure!(listed.insert(id), "a grant is listed twice");
        }
        let counted: u64 = GranteeCounts::<T>::iter_values().sum();
        ensure!(
            counted == listed.len() as u64,
            "the counts of grants differ from the lists"
        );
        for (id, grant) in Grants::<T>::iter() {
            ensure!(id < NextGrant::<T>::get(), "a grant has an id to come");
            ensure!(
                listed.contains(&id),
                "a grant is not listed for its grantee"
            );
            let is_live = LiveGrants::<T>::get(grant.patient)
                .iter()
                .any(|it| it.id == id);
            ensure!(
                is_live || grant.ended.is_some() || grant.terms.until <= now,
                "a grant that nothing ended is not listed"
            );
        }
        Ok(())
    }

    /// The lists of open requests hold exactly those that are open and have not expired, and
    /// perhaps some that have.
    fn check_requests() -> Check {
        let now = T::Time::now();
        for (patient, open) in OpenRequests::<T>::iter() {
            for line in &open {
                let request =
                    AccessRequests::<T>::get(line.id).ok_or("a listed request does not exist")?;
                ensure!(
                    (request.patient, request.requester, request.expires)
                        == (patient, line.requester, line.expires)
                        && request.state == RequestState::Open,
                    "the list of requests contradicts a request"
                );
            }
        }
        for (id, request) in AccessRequests::<T>::iter() {
            ensure!(id < NextRequest::<T>::get(), "a request has an id to come");
            let is_listed = OpenRequests::<T>::get(request.patient)
                .iter()
                .any(|it| it.id == id);
            ensure!(
                is_listed || request.state != RequestState::Open || request.expires <= now,
                "an open request is not listed"
            );
            if let RequestState::Accepted(grant) = request.state {
                ensure!(
                    Grants::<T>::get(grant).is_some_and(|it| it.source == Source::Requested(id)),
                    "an accepted request without its grant"
                );
            }
        }
        Ok(())
    }

    /// Regulators see exactly what is not reviewed; practitioners' lists have what is not settled.
    fn check_emergencies() -> Check {
        let now = T::Time::now();
        let unreviewed: BTreeSet<EmergencyId> = UnreviewedEmergencies::<T>::iter_keys()
            .map(|key| EmergencyId(key.id()))
            .collect();
        ensure!(
            EmergenciesOf::<T>::iter_values().all(|pending| !pending.is_empty()),
            "an empty list of emergencies is stored"
        );
        let mut expected = BTreeSet::new();
        for (id, emergency) in Emergencies::<T>::iter() {
            ensure!(
                id < NextEmergency::<T>::get(),
                "an emergency has an id to come"
            );
            if !matches!(emergency.state, EmergencyState::Reviewed { .. }) {
                expected.insert(id);
            }
            let pending = EmergenciesOf::<T>::get(emergency.practitioner);
            let line = pending.iter().find(|it| it.id == id);
            let due = (emergency.state == EmergencyState::Declared).then_some(emergency.due);
            match line {
                Some(line) => ensure!(
                    (line.patient, line.until, line.due)
                        == (emergency.patient, emergency.until, due),
                    "the list of a practitioner contradicts an emergency"
                ),
                None => ensure!(
                    due.is_none() && emergency.until <= now,
                    "an unsettled emergency is not listed"
                ),
            }
        }
        ensure!(
            unreviewed == expected,
            "the list of the regulators differs from the emergencies"
        );
        Ok(())
    }
}
