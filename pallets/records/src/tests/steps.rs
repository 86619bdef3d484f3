//! What may happen in a random sequence.

use proptest::prelude::*;
use xinglin_primitives::{time::HOUR_MS, Hash, PatientId, PractitionerId, RecordId};

use crate::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    mock::*,
    types::ContentKind,
};

/// The purposes that are drawn.
pub const PURPOSES: [Purpose; 3] = [
    Purpose::Treatment,
    Purpose::Research,
    Purpose::EmergencyTreatment,
];
const KINDS: [ContentKind; 2] = [ContentKind::Encounter, ContentKind::Image];

/// What is drawn; indices are taken modulo what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Write(PatientId, bool, ContentKind),
    Share(PatientId, Terms, Option<Hash>),
    PassOn(usize, Option<Grantee>, Terms, Likeness),
    Revoke(usize, bool),
    EndVisit(PatientId, Hash),
    Open(Party, usize, Purpose),
    Erase(usize),
    Retract(usize),
    BreakGlass(PractitionerId, PatientId),
    Justify(usize),
    Review(usize, bool),
    Wait(u64),
}

/// How much terms that are passed on are like those given: drawn freely, they are seldom within.
#[derive(Clone, Copy, Debug)]
pub enum Likeness {
    None,
    AllButWhat,
    All,
}

fn any_likeness() -> impl Strategy<Value = Likeness> {
    use Likeness::*;
    proptest::sample::select(vec![None, AllButWhat, All])
}

fn any_patient() -> impl Strategy<Value = PatientId> {
    proptest::sample::select(PATIENTS.to_vec())
}

fn any_practitioner() -> impl Strategy<Value = PractitionerId> {
    proptest::sample::select(PRACTITIONERS.to_vec())
}

fn any_grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![
        any_practitioner().prop_map(Grantee::Practitioner),
        proptest::sample::select(MEMBERS.to_vec()).prop_map(Grantee::Member),
    ]
}

fn any_party() -> impl Strategy<Value = Party> {
    prop_oneof![
        2 => any_practitioner().prop_map(Party::Practitioner),
        1 => proptest::sample::select(MEMBERS.to_vec()).prop_map(Party::Member),
        1 => any_patient().prop_map(Party::Patient),
    ]
}

fn any_purpose() -> impl Strategy<Value = Purpose> {
    proptest::sample::select(PURPOSES.to_vec())
}

fn any_token() -> impl Strategy<Value = Hash> {
    (1..3u8).prop_map(Hash::repeat_byte)
}

/// Hours around the present of the sequences.
fn any_hour() -> impl Strategy<Value = u64> {
    (0..72u64).prop_map(|hours| START + hours * HOUR_MS)
}

fn any_what() -> impl Strategy<Value = Covered> {
    let history = (
        proptest::sample::subsequence(KINDS.to_vec(), 0..=2),
        prop_oneof![Just(0), any_hour()],
        prop_oneof![Just(u64::MAX), any_hour()],
    );
    prop_oneof![
        (0..12u64).prop_map(|id| Covered::Record(RecordId(id))),
        history.prop_map(|(kinds, from, until)| Covered::History {
            kinds: kinds
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .try_into()
                .unwrap(),
            from,
            until,
        }),
        Just(everything()),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let period = (any_hour(), any_hour());
    (
        any_what(),
        any_grantee(),
        any_purpose(),
        period,
        any::<bool>(),
    )
        .prop_map(
            |(what, grantee, purpose, (from, until), may_reshare)| Terms {
                what,
                grantee,
                purpose,
                from,
                until,
                may_reshare,
            },
        )
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let index = 0..64usize;
    let kind = proptest::sample::select(KINDS.to_vec());
    prop_oneof![
        3 => (any_patient(), any::<bool>(), kind)
            .prop_map(|(patient, at_clinic, kind)| Step::Write(patient, at_clinic, kind)),
        5 => (any_patient(), any_terms(), proptest::option::weighted(0.2, any_token()))
            .prop_map(|(patient, terms, token)| Step::Share(patient, terms, token)),
        5 => (index.clone(), proptest::option::weighted(0.1, any_grantee()), any_terms(), any_likeness())
            .prop_map(|(source, by, terms, likeness)| Step::PassOn(source, by, terms, likeness)),
        2 => (index.clone(), any::<bool>())
            .prop_map(|(grant, by_giver)| Step::Revoke(grant, by_giver)),
        1 => (any_patient(), any_token()).prop_map(|(patient, token)| Step::EndVisit(patient, token)),
        6 => (any_party(), index.clone(), any_purpose())
            .prop_map(|(party, record, purpose)| Step::Open(party, record, purpose)),
        1 => index.clone().prop_map(Step::Erase),
        1 => index.clone().prop_map(Step::Retract),
        2 => (any_practitioner(), any_patient())
            .prop_map(|(practitioner, patient)| Step::BreakGlass(practitioner, patient)),
        1 => index.clone().prop_map(Step::Justify),
        1 => (index, any::<bool>()).prop_map(|(emergency, is_upheld)| Step::Review(emergency, is_upheld)),
        4 => (1..30u64).prop_map(|hours| Step::Wait(hours * HOUR_MS)),
    ]
}
