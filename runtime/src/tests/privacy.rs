//! Who may ask a node what.

use pallet_audit::types::Statement;
use pallet_members::DelegationKind;
use xinglin_primitives::{
    glue::{Scope, Subject},
    privacy::{Refusal, Topic},
    time::{DAY_MS, HOUR_MS},
    AppointmentId, CaseId, ClaimId, Entity, GrantId, InvoiceId, MemberId, Party, PatientId,
    PractitionerId, RecordId, ScheduleId, SettlementId,
};

use super::*;
use crate::privacy::may_ask;

const PATIENT: &str = "//Alice//patient//1";
const OTHER_PATIENT: &str = "//Alice//patient//2";
const DOCTOR: &str = "//Alice//doctor//1";
const OTHER_DOCTOR: &str = "//Alice//doctor//2";
const HOSPITAL: &str = "//Alice";
const CLINIC: &str = "//Bob";
const INSURER: &str = "//Charlie";
const REGULATOR: &str = "//Dave";
const STRANGER: &str = "//Eve//nobody";
const EVERYBODY: [&str; 9] = [
    PATIENT,
    OTHER_PATIENT,
    DOCTOR,
    OTHER_DOCTOR,
    HOSPITAL,
    CLINIC,
    INSURER,
    REGULATOR,
    STRANGER,
];

/// A chain on which the patient has an appointment, 0, with the doctor.
fn booked() -> Chain {
    let mut chain = Chain::new();
    let published = chain.sign(HOSPITAL, 0, domain::schedule(START + DAY_MS));
    assert_eq!(chain.one(published), Ok(Ok(())));
    let booked = chain.sign(PATIENT, 0, domain::book(0, 0));
    assert_eq!(chain.one(booked), Ok(Ok(())));
    chain
}

impl Chain {
    fn may_ask(&mut self, who: &str, topic: Topic, case: Option<u64>) -> Result<(), Refusal> {
        let account = dev::account(who);
        self.ext
            .execute_with(|| may_ask(&account, topic, case.map(CaseId)))
    }

    /// Those of everybody who may ask, without a case.
    fn askers(&mut self, topic: Topic) -> Vec<&'static str> {
        let mut may = |who: &&str| self.may_ask(who, topic, None).is_ok();
        EVERYBODY.into_iter().filter(|who| may(who)).collect()
    }
}

#[test]
fn what_concerns_a_patient_is_hers() {
    let mut chain = booked();
    let patient = PatientId(0);
    for topic in [
        Topic::File(patient),
        Topic::Visits(patient),
        Topic::Bills(patient),
        Topic::Cover(patient),
    ] {
        assert_eq!(chain.askers(topic), [PATIENT], "{topic:?}");
    }
}

#[test]
fn a_visit_concerns_the_patient_the_doctor_and_the_member() {
    let mut chain = booked();
    let topic = Topic::Appointment(AppointmentId(0));
    assert_eq!(chain.askers(topic), [PATIENT, DOCTOR, HOSPITAL]);
    let topic = Topic::Schedule(ScheduleId(0));
    assert_eq!(chain.askers(topic), [DOCTOR, HOSPITAL]);
}

#[test]
fn what_waits_for_somebody_is_told_to_nobody_else() {
    let mut chain = booked();
    assert_eq!(chain.askers(Topic::Member(MemberId(2))), [INSURER]);
    assert_eq!(chain.askers(Topic::Oversight), [REGULATOR]);
    let practitioner = Topic::Practitioner(PractitionerId(1));
    assert_eq!(chain.askers(practitioner), [OTHER_DOCTOR]);
    let open = pallet_audit::Call::open_case {
        subject: Subject::Party(Party::Member(MemberId(0))),
        basis: Statement {
            code: 1,
            digest: Hash::zero(),
        },
    };
    let opened = chain.sign(REGULATOR, 0, open);
    assert_eq!(chain.one(opened), Ok(Ok(())));
    assert_eq!(chain.askers(Topic::Case(CaseId(0))), [REGULATOR]);
}

#[test]
fn what_does_not_exist_is_refused_like_what_is_not_ones_own() {
    let mut chain = booked();
    for topic in [
        Topic::File(PatientId(999)),
        Topic::Record(RecordId(7)),
        Topic::RecordAs(RecordId(7), Party::Patient(PatientId(0))),
        Topic::Content(Hash::zero()),
        Topic::ContentAs(Hash::zero(), Party::Practitioner(PractitionerId(0))),
        Topic::Appointment(AppointmentId(7)),
        Topic::Invoice(InvoiceId(7)),
        Topic::Schedule(ScheduleId(7)),
        Topic::Member(MemberId(77)),
        Topic::Practitioner(PractitionerId(77)),
        Topic::Case(CaseId(7)),
    ] {
        assert_eq!(chain.askers(topic), [""; 0], "{topic:?}");
        let refusal = chain.may_ask(PATIENT, topic, None);
        assert_eq!(refusal, Err(Refusal::NotConcerned));
    }
}

#[test]
fn a_delegate_asks_within_her_scopes_while_they_last() {
    let mut chain = booked();
    let until = START + HOUR_MS;
    let scopes = std::collections::BTreeSet::from([Scope::Reading]);
    let delegate = pallet_members::Call::delegate {
        delegate: dev::account(STRANGER),
        kind: DelegationKind::SessionKey,
        scopes: scopes.try_into().unwrap(),
        until,
        encryption_key: None,
    };
    let delegated = chain.sign(PATIENT, 1, delegate);
    assert_eq!(chain.one(delegated), Ok(Ok(())));
    let patient = PatientId(0);
    assert_eq!(chain.askers(Topic::File(patient)), [PATIENT, STRANGER]);
    assert_eq!(chain.askers(Topic::Bills(patient)), [PATIENT]);
    chain.now = until;
    chain.block(Vec::new());
    assert_eq!(chain.askers(Topic::File(patient)), [PATIENT]);
}

#[test]
fn a_regulator_names_an_open_case_that_is_about_it() {
    let mut chain = booked();
    let document = Statement {
        code: 1,
        digest: Hash::repeat_byte(1),
    };
    let open = |subject| pallet_audit::Call::open_case {
        subject,
        basis: document,
    };
    let patient = PatientId(0);
    let first = chain.sign(REGULATOR, 0, open(Subject::Party(Party::Patient(patient))));
    assert_eq!(chain.one(first), Ok(Ok(())));
    let second = chain.sign(
        REGULATOR,
        1,
        open(Subject::Party(Party::Member(MemberId(0)))),
    );
    assert_eq!(chain.one(second), Ok(Ok(())));

    for topic in [Topic::File(patient), Topic::Cover(patient)] {
        assert_eq!(chain.may_ask(REGULATOR, topic, Some(0)), Ok(()));
        let other = chain.may_ask(REGULATOR, topic, Some(1));
        assert_eq!(other, Err(Refusal::OtherCase));
        assert_eq!(
            chain.may_ask(REGULATOR, topic, Some(9)),
            Err(Refusal::NoCase)
        );
        let without = chain.may_ask(REGULATOR, topic, None);
        assert_eq!(without, Err(Refusal::NotConcerned));
        // Others gain nothing by naming the case.
        for who in [PATIENT, HOSPITAL, STRANGER] {
            assert_eq!(chain.may_ask(who, topic, Some(0)), Err(Refusal::NoCase));
        }
    }
    let visit = Topic::Appointment(AppointmentId(0));
    assert_eq!(chain.may_ask(REGULATOR, visit, Some(0)), Ok(()));
    assert_eq!(chain.may_ask(REGULATOR, visit, Some(1)), Ok(()));
    // The key to a record is never a regulator's.
    let record = chain.may_ask(REGULATOR, Topic::Record(RecordId(0)), Some(0));
    assert_eq!(record, Err(Refusal::OtherCase));
    // Operations are found by any case: what they have to do with it shows afterwards.
    for topic in [
        Topic::Operations,
        Topic::History(Entity::Patient(PatientId(1))),
        Topic::History(Entity::Record(RecordId(7))),
    ] {
        assert_eq!(chain.may_ask(REGULATOR, topic, Some(0)), Ok(()));
        assert_eq!(chain.may_ask(REGULATOR, topic, Some(1)), Ok(()));
        let unknown = chain.may_ask(REGULATOR, topic, Some(9));
        assert_eq!(unknown, Err(Refusal::NoCase));
        let without = chain.may_ask(REGULATOR, topic, None);
        assert_eq!(without, Err(Refusal::NotConcerned));
        for who in [PATIENT, HOSPITAL, STRANGER] {
            assert_eq!(chain.may_ask(who, topic, Some(0)), Err(Refusal::NoCase));
        }
    }
    assert_eq!(
        chain.askers(Topic::History(Entity::Case(CaseId(0)))),
        [REGULATOR]
    );

    let close = pallet_audit::Call::close_case {
        case: CaseId(0),
        finding: document,
    };
    let closed = chain.sign(REGULATOR, 2, close);
    assert_eq!(chain.one(closed), Ok(Ok(())));
    let late = chain.may_ask(REGULATOR, Topic::File(patient), Some(0));
    assert_eq!(late, Err(Refusal::NoCase));
    let late = chain.may_ask(REGULATOR, Topic::Operations, Some(0));
    assert_eq!(late, Err(Refusal::NoCase));
}

#[test]
fn a_history_is_of_those_who_may_ask_about_all_of_it() {
    let mut chain = booked();
    let history = Topic::History;
    assert_eq!(chain.askers(Topic::OwnOperations), EVERYBODY);
    assert_eq!(chain.askers(Topic::Operations), [""; 0]);
    for (entity, askers) in [
        (Entity::Patient(PatientId(0)), &[PATIENT][..]),
        (
            Entity::Appointment(AppointmentId(0)),
            &[PATIENT, DOCTOR, HOSPITAL],
        ),
        (Entity::Member(MemberId(0)), &[HOSPITAL]),
        (Entity::Member(MemberId(2)), &[INSURER]),
        (Entity::Practitioner(PractitionerId(0)), &[DOCTOR]),
    ] {
        assert_eq!(chain.askers(history(entity)), askers, "{entity}");
    }
    // What does not exist is nobody's.
    for entity in [
        Entity::Patient(PatientId(999)),
        Entity::Record(RecordId(7)),
        Entity::Grant(GrantId(7)),
        Entity::Invoice(InvoiceId(7)),
        Entity::Settlement(SettlementId(7)),
        Entity::Claim(ClaimId(7)),
        Entity::Case(CaseId(7)),
    ] {
        assert_eq!(chain.askers(history(entity)), [""; 0], "{entity}");
    }
}

#[test]
fn a_delegate_for_one_side_of_a_patients_affairs_does_not_see_her_history() {
    let mut chain = booked();
    for (nonce, scopes) in [
        (1, vec![Scope::Reading]),
        (2, vec![Scope::Reading, Scope::Booking]),
    ] {
        let delegate = pallet_members::Call::delegate {
            delegate: dev::account(STRANGER),
            kind: DelegationKind::SessionKey,
            scopes: std::collections::BTreeSet::from_iter(scopes)
                .try_into()
                .unwrap(),
            until: START + HOUR_MS,
            encryption_key: None,
        };
        let delegated = chain.sign(PATIENT, nonce, delegate);
        assert_eq!(chain.one(delegated), Ok(Ok(())));
        let history = Topic::History(Entity::Patient(PatientId(0)));
        assert_eq!(chain.askers(history), [PATIENT]);
    }
}
