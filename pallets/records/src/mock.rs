//! A runtime for tests: a small registry of parties whose answers tests can change.
use std::collections::{BTreeMap, BTreeSet};

use frame_support::{derive_impl, parameter_types, traits::Time, BoundedVec};
use frame_system::EnsureRoot;
use sp_io::{hashing::blake2_256, TestExternalities};
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    BuildStorage, DispatchErrorWithPostInfo, DispatchResult, DispatchResultWithInfo,
};
use xinglin_primitives::{
    glue::{self, HospitalLevel, MemberKind, Scope, Visit},
    time::{Moment, DAY_MS, HOUR_MS},
    AppointmentId, DepartmentId, EncryptionKey, GrantId, Hash, MemberId, PatientId, PractitionerId,
    RecordId,
};

pub use xinglin_primitives::Party;

use crate::{
    access::{Basis, Denial, Purpose},
    grants::{Covered, Grantee, Kinds, Terms},
    types::*,
    AccessLog, Call, Files, NextGrant, NextRecord,
};

pub type AccountId = u64;

pub const HOSPITAL: MemberId = MemberId(1);
pub const CLINIC: MemberId = MemberId(2);
pub const INSURER: MemberId = MemberId(3);
pub const REGULATOR: MemberId = MemberId(4);
pub const MEMBERS: [MemberId; 4] = [HOSPITAL, CLINIC, INSURER, REGULATOR];

/// Both at the hospital.
pub const DOCTOR: PractitionerId = PractitionerId(1);
pub const COLLEAGUE: PractitionerId = PractitionerId(2);
/// At the clinic.
pub const OUTSIDER: PractitionerId = PractitionerId(3);
pub const PRACTITIONERS: [PractitionerId; 3] = [DOCTOR, COLLEAGUE, OUTSIDER];

pub const ALICE: PatientId = PatientId(1);
pub const BOB: PatientId = PatientId(2);
pub const PATIENTS: [PatientId; 2] = [ALICE, BOB];

pub const START: Moment = 20_000 * DAY_MS;
pub const EMERGENCY_MS: Moment = 24 * HOUR_MS;
pub const JUSTIFICATION_MS: Moment = 72 * HOUR_MS;

/// Nobody.
pub const STRANGER: AccountId = 9;

pub fn staff(member: MemberId) -> AccountId {
    1_000 + u64::from(member.0)
}

pub fn doctor(practitioner: PractitionerId) -> AccountId {
    2_000 + u64::from(practitioner.0)
}

/// The session key of a practitioner.
pub fn tablet(practitioner: PractitionerId) -> AccountId {
    2_100 + u64::from(practitioner.0)
}

pub fn own(patient: PatientId) -> AccountId {
    3_000 + patient.0
}

/// A delegate of a patient who may read.
pub fn carer(patient: PatientId) -> AccountId {
    4_000 + patient.0
}

/// A delegate of a patient who may book only.
pub fn booker(patient: PatientId) -> AccountId {
    5_000 + patient.0
}

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Utility: pallet_utility,
        Records: crate,
    }
);

parameter_types! {
    pub static Now: Moment = START;
    /// Members that are suspended.
    pub static Suspended: BTreeSet<MemberId> = BTreeSet::new();
    /// Practitioners whose licences are suspended.
    pub static Unlicensed: BTreeSet<PractitionerId> = BTreeSet::new();
    /// Patients who are suspended or held.
    pub static Stopped: BTreeSet<PatientId> = BTreeSet::new();
    /// Patients whose carer was dismissed.
    pub static Dismissed: BTreeSet<PatientId> = BTreeSet::new();
    /// Encryption keys of patients who changed theirs.
    pub static Changed: BTreeMap<PatientId, EncryptionKey> = BTreeMap::new();
    /// The visits there are.
    pub static Booked: BTreeMap<AppointmentId, (PatientId, MemberId, u8)> = BTreeMap::new();
    pub const EmergencyAccess: Moment = EMERGENCY_MS;
    pub const JustificationPeriod: Moment = JUSTIFICATION_MS;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

impl crate::Config for Test {
    type Time = Clock;
    type CouncilOrigin = EnsureRoot<AccountId>;
    type Members = Registry;
    type Practitioners = Registry;
    type Patients = Registry;
    type Delegations = Registry;
    type EncryptionKeys = Registry;
    type Visits = Registry;
    type EmergencyAccess = EmergencyAccess;
    type JustificationPeriod = JustificationPeriod;
    type WeightInfo = crate::weights::Estimated<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Registry;
}

pub struct Clock;

impl Time for Clock {
    type Moment = Moment;

    fn now() -> Moment {
        Now::get()
    }
}

pub struct Registry;

impl glue::Members<AccountId> for Registry {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        MEMBERS
            .into_iter()
            .find(|member| staff(*member) == *who && !Suspended::get().contains(member))
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        let kind = match member {
            HOSPITAL => MemberKind::Hospital,
            CLINIC => MemberKind::Clinic,
            INSURER => MemberKind::Insurer,
            REGULATOR => MemberKind::Regulator,
            _ => return None,
        };
        (!Suspended::get().contains(&member)).then_some(kind)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        MEMBERS.contains(&member).then(|| staff(member))
    }

    fn level_of(_: MemberId) -> Option<HospitalLevel> {
        None
    }
}

impl glue::Practitioners<AccountId> for Registry {
    fn practitioner_of(who: &AccountId) -> Option<PractitionerId> {
        PRACTITIONERS
            .into_iter()
            .find(|it| doctor(*it) == *who && !Unlicensed::get().contains(it))
    }

    fn department_at(practitioner: PractitionerId, member: MemberId) -> Option<DepartmentId> {
        let is_off =
            Unlicensed::get().contains(&practitioner) || Suspended::get().contains(&member);
        let is_there = matches!(
            (practitioner, member),
            // The insurer is no place to be licensed at; the registry is not to be trusted.
            (DOCTOR | COLLEAGUE, HOSPITAL) | (OUTSIDER, CLINIC) | (COLLEAGUE, INSURER)
        );
        (is_there && !is_off).then_some(DepartmentId(1))
    }

    fn acts_for(who: &AccountId, practitioner: PractitionerId, scope: Scope) -> bool {
        PRACTITIONERS.contains(&practitioner)
            && [doctor(practitioner), tablet(practitioner)].contains(who)
            && scope == Scope::Routine
            && !Unlicensed::get().contains(&practitioner)
    }
}

impl glue::Patients<AccountId> for Registry {
    fn patient_of(who: &AccountId) -> Option<PatientId> {
        PATIENTS
            .into_iter()
            .find(|patient| own(*patient) == *who && !Stopped::get().contains(patient))
    }

    fn account_of(patient: PatientId) -> Option<AccountId> {
        PATIENTS.contains(&patient).then(|| own(patient))
    }

    fn acts_for(who: &AccountId, patient: PatientId, scope: Scope) -> bool {
        PATIENTS.contains(&patient)
            && (*who == own(patient)
                || (*who == booker(patient) && scope == Scope::Booking)
                || <Self as glue::Delegations<_>>::has_delegate(patient, who, scope))
            && !Stopped::get().contains(&patient)
    }
}

impl glue::Delegations<AccountId> for Registry {
    fn has_delegate(patient: PatientId, who: &AccountId, scope: Scope) -> bool {
        use Scope::{Booking, Reading};
        (*who == booker(patient) && scope == Booking)
            || (*who == carer(patient) && scope == Reading && !Dismissed::get().contains(&patient))
    }
}

impl glue::EncryptionKeys for Registry {
    fn of_patient(patient: PatientId) -> Option<EncryptionKey> {
        let first = EncryptionKey([patient.0 as u8; 32]);
        let key = Changed::get().get(&patient).copied().unwrap_or(first);
        PATIENTS.contains(&patient).then_some(key)
    }

    fn of_practitioner(practitioner: PractitionerId) -> Option<EncryptionKey> {
        PRACTITIONERS
            .contains(&practitioner)
            .then(EncryptionKey::default)
    }

    fn of_member(member: MemberId) -> Option<EncryptionKey> {
        MEMBERS.contains(&member).then(EncryptionKey::default)
    }
}

impl glue::Visits for Registry {
    fn visit(appointment: AppointmentId) -> Option<Visit> {
        use glue::VisitState::*;
        let (patient, member, state) = *Booked::get().get(&appointment)?;
        Some(Visit {
            patient,
            member,
            practitioner: DOCTOR,
            start: START,
            state: [Planned, Arrived, Fulfilled, Off][usize::from(state)],
        })
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<AccountId> for Registry {
    fn care_provider() -> (MemberId, AccountId) {
        (HOSPITAL, staff(HOSPITAL))
    }

    fn author() -> (PractitionerId, AccountId) {
        (DOCTOR, doctor(DOCTOR))
    }

    fn colleague() -> (PractitionerId, AccountId) {
        (COLLEAGUE, doctor(COLLEAGUE))
    }

    fn patient() -> (PatientId, AccountId) {
        (ALICE, own(ALICE))
    }

    fn regulator() -> AccountId {
        staff(REGULATOR)
    }

    fn visit(patient: PatientId, member: MemberId) -> AppointmentId {
        let visit = AppointmentId(1);
        Booked::mutate(|visits| visits.insert(visit, (patient, member, 1)));
        visit
    }
}

/// An empty chain.
pub fn ext() -> TestExternalities {
    Now::set(START);
    Suspended::set(BTreeSet::new());
    Unlicensed::set(BTreeSet::new());
    Dismissed::set(BTreeSet::new());
    Stopped::set(BTreeSet::new());
    Changed::set(BTreeMap::new());
    Booked::set(BTreeMap::new());
    let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
    let mut ext = TestExternalities::new(storage);
    // Events of block 0 are not kept.
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test on an empty chain and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// Checks the invariants.
#[track_caller]
pub fn check() {
    Records::check_invariants().unwrap();
}

/// Sends a call the way a transaction does: refused, it changes nothing.
pub fn send(
    by: AccountId,
    call: impl Into<RuntimeCall>,
) -> DispatchResultWithInfo<<RuntimeCall as Dispatchable>::PostInfo> {
    call.into().dispatch(RuntimeOrigin::signed(by))
}

/// [`send`] without the weight.
pub fn call(by: AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
    send(by, call)
        .map(|_| ())
        .map_err(|DispatchErrorWithPostInfo { error, .. }| error)
}

/// [`call`] as the council.
pub fn council(call: impl Into<RuntimeCall>) -> DispatchResult {
    let outcome = call.into().dispatch(RuntimeOrigin::root());
    outcome.map(|_| ()).map_err(|refusal| refusal.error)
}

/// Lets `ms` milliseconds pass.
pub fn later(ms: Moment) {
    Now::mutate(|now| *now += ms);
}

/// The pallet's events since this was last asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::read_events_for_pallet::<crate::Event<Test>>();
    System::reset_events();
    events
}

pub fn hash_of(ciphertext: &[u8]) -> Hash {
    blake2_256(ciphertext).into()
}

/// A ciphertext that nobody else has.
pub fn ciphertext(seed: u64) -> Ciphertext {
    [&seed.to_le_bytes()[..], b"sealed"]
        .concat()
        .try_into()
        .unwrap()
}

pub fn key(byte: u8) -> SealedKey {
    SealedKey([byte; SEALED_KEY_BYTES])
}

/// A batch with the first version's key of each record.
pub fn batch(records: &[RecordId]) -> KeyBatch {
    let keys: Vec<_> = records.iter().map(|id| key_for(*id, 1)).collect();
    keys.try_into().unwrap()
}

pub fn key_for(record: RecordId, version: VersionNumber) -> KeyFor {
    KeyFor {
        record,
        version,
        key: key(7),
    }
}

/// A record of [`DOCTOR`] at the hospital, without a visit.
pub fn about(patient: PatientId) -> NewRecord {
    NewRecord {
        patient,
        author: DOCTOR,
        member: HOSPITAL,
        visit: None,
        kind: ContentKind::Encounter,
    }
}

/// The keys that every version needs.
pub fn required(author: PractitionerId, member: MemberId) -> ReaderKeys<AccountId> {
    let readers = vec![
        (Reader::Patient, key(1)),
        (Reader::Practitioner(author), key(2)),
        (Reader::Member(member), key(3)),
    ];
    readers.try_into().unwrap()
}

/// [`required`] of [`DOCTOR`] and one more reader.
pub fn and(reader: Reader<AccountId>) -> ReaderKeys<AccountId> {
    let mut keys = required(DOCTOR, HOSPITAL);
    keys.try_push((reader, key(4))).unwrap();
    keys
}

/// The call that writes `record` with the next ciphertext.
pub fn writing(record: NewRecord, keys: ReaderKeys<AccountId>) -> Call<Test> {
    let ciphertext = ciphertext(NextRecord::<Test>::get().0);
    Call::write {
        record,
        content_hash: hash_of(&ciphertext),
        ciphertext,
        keys,
    }
}

/// Writes a record and returns its id.
#[track_caller]
pub fn write_new(record: NewRecord) -> RecordId {
    let id = NextRecord::<Test>::get();
    let keys = required(record.author, record.member);
    let author = doctor(record.author);
    assert_eq!(call(author, writing(record, keys)), Ok(()));
    id
}

/// Writes a record of [`DOCTOR`] about a patient and returns its id.
#[track_caller]
pub fn write(patient: PatientId) -> RecordId {
    write_new(about(patient))
}

/// The call that adds a version to a record of [`DOCTOR`].
pub fn amending(record: RecordId, keys: ReaderKeys<AccountId>) -> Call<Test> {
    let version = crate::Records::<Test>::get(record).map_or(0, |it| it.versions);
    let ciphertext = ciphertext(1_000_000 + record.0 * 1_000 + u64::from(version));
    Call::amend {
        record,
        reason: AmendReason::Addition,
        content_hash: hash_of(&ciphertext),
        ciphertext,
        keys,
    }
}

/// All kinds of records.
pub fn all_kinds() -> Kinds {
    use ContentKind::*;
    let kinds = [
        Encounter,
        Profile,
        Diagnosis,
        TreatmentPlan,
        Prescription,
        Report,
        Image,
        Other,
    ];
    BTreeSet::from(kinds).try_into().unwrap()
}

/// Everything, past and to come.
pub fn everything() -> Covered {
    Covered::History {
        kinds: all_kinds(),
        from: 0,
        until: Moment::MAX,
    }
}

/// For treatment, from now on, for a day.
pub fn terms(what: Covered, grantee: Grantee) -> Terms {
    Terms {
        what,
        grantee,
        purpose: Purpose::Treatment,
        from: Now::get(),
        until: Now::get() + DAY_MS,
        may_reshare: false,
    }
}

pub fn to_doctor(practitioner: PractitionerId) -> Grantee {
    Grantee::Practitioner(practitioner)
}

pub fn to_member(member: MemberId) -> Grantee {
    Grantee::Member(member)
}

/// The call that shares without token and keys.
pub fn sharing(terms: Terms) -> Call<Test> {
    Call::share {
        terms,
        token: None,
        keys: KeyBatch::new(),
    }
}

/// Shares and returns the id of the grant.
#[track_caller]
pub fn share(patient: PatientId, terms: Terms) -> GrantId {
    let id = NextGrant::<Test>::get();
    assert_eq!(call(own(patient), sharing(terms)), Ok(()));
    id
}

/// The call that opens records.
pub fn opening(party: Party, records: &[RecordId], purpose: Purpose) -> Call<Test> {
    Call::open {
        party,
        records: BoundedVec::truncate_from(records.to_vec()),
        purpose,
    }
}

/// Opens a record and returns what the access log says of it.
#[track_caller]
pub fn open_for(
    by: AccountId,
    party: Party,
    record: RecordId,
    purpose: Purpose,
) -> Result<Basis, Denial> {
    assert_eq!(call(by, opening(party, &[record], purpose)), Ok(()));
    let patient = stored(record).patient;
    let last = Files::<Test>::get(patient).accesses - 1;
    AccessLog::<Test>::get(patient, last).unwrap().outcome
}

/// Lets a practitioner open a record for treatment.
#[track_caller]
pub fn open(practitioner: PractitionerId, record: RecordId) -> Result<Basis, Denial> {
    let party = Party::Practitioner(practitioner);
    open_for(doctor(practitioner), party, record, Purpose::Treatment)
}

/// A record as stored.
#[track_caller]
pub fn stored(id: RecordId) -> Record {
    crate::Records::<Test>::get(id).unwrap()
}

/// Whether there is a sealed key of a record's first version for a reader.
pub fn has_key(id: RecordId, reader: Reader<AccountId>) -> bool {
    Records::sealed_key(id, 1, reader).is_some()
}
