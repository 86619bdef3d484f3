//! Who may ask a node which private question.
//!
//! The state is the same on every node of the consortium, in pseudonyms. What an app asks over the
//! network is answered by this policy: a patient's affairs are told to the patient, to those who act
//! for her and to those who deal with her in the matter; a regulator names the open case that
//! concerns it. What of an answer is told to whom, where that is not all of it to all of them, says
//! [`answers`](crate::answers).

use frame_support::traits::Time;
use pallet_audit::states::CaseState;
use pallet_insurance::types::Coverage;
use pallet_payments::{reads::Document, types::Invoice};
use pallet_records::grants::Grantee;
use xinglin_primitives::{
    glue::{MemberKind, Members as _, Patients, Practitioners, Scope, Subject},
    privacy::{Refusal, Topic},
    AccountId, AppointmentId, CaseId, CoverageId, Entity, GrantId, InvoiceId, MemberId, Party,
    PatientId, PractitionerId, RecordId, SettlementId,
};

use crate::{Audit, Insurance, Members, Payments, Records, Runtime, Timestamp};

/// Whether `asker` may ask about `topic`. A regulator names in `case` the case for which it asks;
/// [`Topic::Oversight`] and what is the regulator's own need none.
pub fn may_ask(asker: &AccountId, topic: Topic, case: Option<CaseId>) -> Result<(), Refusal> {
    match case {
        Some(case) => for_case(asker, topic, case),
        None if is_concerned(asker, topic) => Ok(()),
        None => Err(Refusal::NotConcerned),
    }
}

/// Whether a topic is the asker's own business.
fn is_concerned(asker: &AccountId, topic: Topic) -> bool {
    let member = Members::member_of(asker);
    match topic {
        Topic::File(patient) => acts_for(asker, patient, &[Scope::Reading]),
        Topic::Visits(patient) => acts_for(asker, patient, &[Scope::Booking, Scope::Reading]),
        Topic::Bills(patient) => acts_for(asker, patient, &[Scope::Paying]),
        Topic::Cover(patient) => {
            acts_for(asker, patient, &[Scope::Paying])
                || member.is_some_and(|member| insures(member, patient))
        }
        Topic::Record(record) => may_read(asker, record),
        Topic::Content(content) => {
            Records::by_content(content).is_some_and(|(record, _)| may_read(asker, record))
        }
        Topic::RecordAs(record, party) => may_read_as(asker, party, record),
        Topic::ContentAs(content, party) => Records::by_content(content)
            .is_some_and(|(record, _)| may_read_as(asker, party, record)),
        Topic::Appointment(id) => concerns_visit(asker, member, id),
        Topic::Invoice(id) => concerns_invoice(asker, member, id),
        Topic::Member(id) => member == Some(id),
        Topic::Practitioner(id) => acts_as(asker, id),
        Topic::Schedule(id) => {
            pallet_appointments::Schedules::<Runtime>::get(id).is_some_and(|schedule| {
                member == Some(schedule.member) || acts_as(asker, schedule.practitioner)
            })
        }
        Topic::Oversight => is_regulator(member),
        Topic::Case(id) => {
            is_regulator(member) && Audit::case(id).map(|case| case.regulator) == member
        }
        Topic::OwnOperations | Topic::OwnAccount | Topic::Published => true,
        Topic::History(entity) => concerns_entity(asker, member, entity),
        Topic::Operations => false,
    }
}

/// Whether a regulator asks about a topic for an open case of its own on one whom it concerns.
fn for_case(asker: &AccountId, topic: Topic, case: CaseId) -> Result<(), Refusal> {
    let regulator = Members::member_of(asker).filter(|id| is_regulator(Some(*id)));
    let case = Audit::case(case)
        .filter(|case| case.state == CaseState::Open && Some(case.regulator) == regulator)
        .ok_or(Refusal::NoCase)?;
    // What an operation has to do with a case shows only once it is found. Nodes keep these
    // questions, and the chain their digest, so that who asks for what is on the record instead.
    // What everybody may ask needs no case, and is not refused for naming one.
    if matches!(
        topic,
        Topic::OwnOperations
            | Topic::OwnAccount
            | Topic::Published
            | Topic::History(_)
            | Topic::Operations
    ) {
        return Ok(());
    }
    let is_about = party_behind(case.subject).is_some_and(|it| parties_of(topic).contains(&it));
    is_about.then_some(()).ok_or(Refusal::OtherCase)
}

/// Whom a topic concerns, so that a case about one of them opens it.
fn parties_of(topic: Topic) -> Vec<Party> {
    let visit = |id| pallet_appointments::Appointments::<Runtime>::get(id);
    match topic {
        Topic::File(patient)
        | Topic::Visits(patient)
        | Topic::Bills(patient)
        | Topic::Cover(patient) => vec![Party::Patient(patient)],
        Topic::Member(member) => vec![Party::Member(member)],
        Topic::Practitioner(practitioner) => vec![Party::Practitioner(practitioner)],
        Topic::Appointment(id) => visit(id).map_or_else(Vec::new, |visit| {
            vec![
                Party::Patient(visit.patient),
                Party::Member(visit.member),
                Party::Practitioner(visit.practitioner),
            ]
        }),
        Topic::Invoice(id) => Payments::status_of(id).map_or_else(Vec::new, |status| {
            vec![
                Party::Patient(status.invoice.patient),
                Party::Member(status.invoice.number.member),
            ]
        }),
        // A record's contents come from a disclosure by those who have the key, never from a node.
        Topic::Record(_)
        | Topic::RecordAs(..)
        | Topic::Content(_)
        | Topic::ContentAs(..)
        | Topic::Schedule(_) => Vec::new(),
        // Regulators ask about these without a case.
        Topic::Oversight | Topic::Case(_) => Vec::new(),
        // These are of no one's in particular: any open case opens them.
        Topic::OwnOperations
        | Topic::OwnAccount
        | Topic::Published
        | Topic::History(_)
        | Topic::Operations => Vec::new(),
    }
}

/// Whom a case is about: one about a claim or an emergency is about its patient.
fn party_behind(subject: Subject) -> Option<Party> {
    match subject {
        Subject::Party(party) => Some(party),
        Subject::Claim(id) => {
            let invoice = pallet_insurance::Claims::<Runtime>::get(id)?.invoice;
            Some(Party::Patient(
                Payments::status_of(invoice)?.invoice.patient,
            ))
        }
        Subject::Emergency(id) => {
            let emergency = pallet_records::Emergencies::<Runtime>::get(id)?;
            Some(Party::Patient(emergency.patient))
        }
        Subject::Scheme(_) => None,
    }
}

/// Whether all that may mention something is the asker's own business.
fn concerns_entity(asker: &AccountId, member: Option<MemberId>, entity: Entity) -> bool {
    let is_about = |topic| is_concerned(asker, topic);
    match entity {
        Entity::Member(id) => is_about(Topic::Member(id)),
        Entity::Practitioner(id) => is_about(Topic::Practitioner(id)),
        // All sides of her affairs are in it, so that a delegate for one of them is not enough.
        Entity::Patient(id) => [Topic::File, Topic::Visits, Topic::Bills, Topic::Cover]
            .into_iter()
            .all(|side| is_about(side(id))),
        Entity::Appointment(id) => is_about(Topic::Appointment(id)),
        Entity::Record(id) => is_about(Topic::Record(id)),
        Entity::Grant(id) => concerns_grant(asker, member, id),
        Entity::Invoice(id) => is_about(Topic::Invoice(id)),
        Entity::Settlement(id) => concerns_settlement(asker, member, id),
        Entity::Claim(id) => pallet_insurance::Claims::<Runtime>::get(id).is_some_and(|claim| {
            member == Some(claim.insurer) || is_told_all_settlements(asker, member, claim.invoice)
        }),
        Entity::Case(id) => Audit::case(id).is_some_and(|case| member == Some(case.regulator)),
    }
}

/// The patient's side, and to whom it is granted.
fn concerns_grant(asker: &AccountId, member: Option<MemberId>, id: GrantId) -> bool {
    pallet_records::Grants::<Runtime>::get(id).is_some_and(|grant| {
        acts_for(asker, grant.patient, &[Scope::Reading])
            || match grant.terms.grantee {
                Grantee::Practitioner(id) => acts_as(asker, id),
                Grantee::Member(id) => member == Some(id),
            }
    })
}

pub(crate) fn acts_for(asker: &AccountId, patient: PatientId, scopes: &[Scope]) -> bool {
    let mut scopes = scopes.iter();
    scopes.any(|scope| <Members as Patients<AccountId>>::acts_for(asker, patient, *scope))
}

pub(crate) fn acts_as(asker: &AccountId, practitioner: PractitionerId) -> bool {
    <Members as Practitioners<AccountId>>::acts_for(asker, practitioner, Scope::Routine)
}

fn may_read(asker: &AccountId, record: RecordId) -> bool {
    Records::may_read(asker, record, Timestamp::now()).is_ok()
}

fn may_read_as(asker: &AccountId, party: Party, record: RecordId) -> bool {
    Records::may_read_as(asker, party, record, Timestamp::now()).is_ok()
}

fn is_regulator(member: Option<MemberId>) -> bool {
    member.and_then(Members::kind_of) == Some(MemberKind::Regulator)
}

/// Whether a member is the insurer of a patient's coverage, be it one that has ended.
fn insures(member: MemberId, patient: PatientId) -> bool {
    let coverages = Insurance::coverages_of(patient, None, 0, u32::MAX);
    coverages.iter().any(|view| is_by(&view.coverage, member))
}

/// Whether a coverage is by a scheme of a member.
pub(crate) fn is_by(coverage: &Coverage<AccountId>, insurer: MemberId) -> bool {
    pallet_insurance::Schemes::<Runtime>::get(coverage.scheme)
        .is_some_and(|scheme| scheme.insurer == insurer)
}

/// The same of a coverage by its id.
pub(crate) fn is_coverage_by(coverage: CoverageId, insurer: MemberId) -> bool {
    pallet_insurance::Coverages::<Runtime>::get(coverage)
        .is_some_and(|coverage| is_by(&coverage, insurer))
}

fn concerns_visit(asker: &AccountId, member: Option<MemberId>, id: AppointmentId) -> bool {
    let Some(visit) = pallet_appointments::Appointments::<Runtime>::get(id) else {
        return false;
    };
    acts_for(asker, visit.patient, &[Scope::Booking, Scope::Reading])
        || member == Some(visit.member)
        || acts_as(asker, visit.practitioner)
}

/// The patient's side, the issuer, and the insurers to whom the details are sealed.
fn concerns_invoice(asker: &AccountId, member: Option<MemberId>, id: InvoiceId) -> bool {
    let blue = match Payments::document(id) {
        Some(Document::Blue(status, _)) => Some(status),
        Some(Document::Red(letter)) => Payments::status_of(letter.blue),
        None => None,
    };
    let Some(invoice) = blue.map(|status| status.invoice) else {
        return false;
    };
    has_side_in(asker, member, &invoice)
        || member.is_some_and(|member| invoice.details.readers.contains(&member))
}

/// Whether all settlements and claims of an invoice are told to somebody: to the patient's side and the
/// issuer. Others who may open it are told of those by their own schemes.
pub(crate) fn is_told_all_settlements(
    asker: &AccountId,
    member: Option<MemberId>,
    invoice: InvoiceId,
) -> bool {
    Payments::status_of(invoice).is_some_and(|status| has_side_in(asker, member, &status.invoice))
}

/// To whom all settlements of its invoice are told, and of those who may open it the insurer that settled.
fn concerns_settlement(asker: &AccountId, member: Option<MemberId>, id: SettlementId) -> bool {
    let Some(settlement) = pallet_insurance::Settlements::<Runtime>::get(id) else {
        return false;
    };
    let is_own = || member.is_some_and(|member| is_coverage_by(settlement.coverage, member));
    is_told_all_settlements(asker, member, settlement.invoice)
        || (concerns_invoice(asker, member, settlement.invoice) && is_own())
}

/// The patient's side and the issuer.
fn has_side_in(asker: &AccountId, member: Option<MemberId>, invoice: &Invoice) -> bool {
    acts_for(asker, invoice.patient, &[Scope::Paying]) || member == Some(invoice.number.member)
}
