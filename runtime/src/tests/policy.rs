//! The whole policy on one populated chain: every topic by every role, and what of the answers that
//! have parts each is told.

use std::collections::BTreeSet;

use pallet_audit::types::Statement;
use pallet_insurance::{computation::SchemeParameters, reads::PreSettlement};
use pallet_members::DelegationKind;
use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    types::{ContentKind, KeyFor, NewRecord, Reader, SealedKey, SEALED_KEY_BYTES},
};
use scale_info::{TypeDef, TypeInfo};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{MemberKind, Scope, Subject},
    privacy::Topic,
    time::{Date, DAY_MS, HOUR_MS},
    AppointmentId, CaseId, ClaimId, CoverageId, Entity, GrantId, InvoiceId, MemberId, Party,
    PatientId, PractitionerId, RecordId, ScheduleId, SchemeId, SettlementId,
};

use super::{domain, money, *};
use crate::{
    answers::{self, Asker, TrailPart},
    privacy::may_ask,
    Runtime,
};

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
const GRANTEE: &str = "//Bob//doctor//1";
const HOSPITAL: &str = "//Alice";
const INSURER: &str = "//Charlie";
/// Covers the patient, too, and may open none of her bills.
const OTHER_INSURER: &str = "//Ferdie";
const REGULATOR: &str = "//Dave";

/// The roles: their names, who they are, and for which case they ask. One case is about the patient,
/// one about the hospital, and one about another patient.
pub(super) const ROLES: [(&str, &str, Option<u64>); 19] = [
    ("patient", PATIENT, None),
    ("books", "//delegate//books", None),
    ("reads", "//delegate//reads", None),
    ("pays", "//delegate//pays", None),
    ("other patient", "//Alice//patient//2", None),
    ("doctor", DOCTOR, None),
    ("grantee", GRANTEE, None),
    ("other doctor", "//Alice//doctor//2", None),
    ("hospital", HOSPITAL, None),
    ("desk", "//Alice//service//1", None),
    ("other hospital", "//Bob", None),
    ("insurer", INSURER, None),
    ("other insurer", OTHER_INSURER, None),
    ("bank", "//Eve", None),
    ("regulator", REGULATOR, None),
    ("case of her", REGULATOR, Some(0)),
    ("case of the hospital", REGULATOR, Some(1)),
    ("other case", REGULATOR, Some(2)),
    ("stranger", "//stranger", None),
];
/// The regulator, for whichever case.
const CASES: [&str; 3] = ["case of her", "case of the hospital", "other case"];

const HER: PatientId = PatientId(0);
pub(super) const VISIT: AppointmentId = AppointmentId(0);
/// By the scheme of each insurer.
pub(super) const COVERAGE: CoverageId = CoverageId(0);
pub(super) const OTHER_COVERAGE: CoverageId = CoverageId(1);
/// What the insurer has credited to the personal account.
const CREDITED_FEN: u128 = 50_000;
pub(super) const CIPHERTEXT: &[u8] = b"sealed record";

pub(super) fn apply(chain: &mut Chain, path: &str, nonce: Nonce, call: impl Into<RuntimeCall>) {
    let transaction = chain.sign(path, nonce, call);
    assert_eq!(chain.one(transaction), Ok(Ok(())), "{path} {nonce}");
}

pub(super) fn asker_of(role: &str) -> Asker {
    let found = ROLES.iter().find(|(name, ..)| *name == role);
    let (_, path, case) = found.unwrap();
    Asker {
        account: dev::account(path),
        case: case.map(CaseId),
    }
}

fn admit_insurer() -> RuntimeCall {
    pallet_members::Call::register_member {
        account: dev::account(OTHER_INSURER),
        kind: MemberKind::Insurer,
        level: None,
        name: b"Ferdie Insurance".to_vec().try_into().unwrap(),
        encryption_key: dev::encryption_key(OTHER_INSURER),
    }
    .into()
}

fn record() -> RuntimeCall {
    let key = SealedKey([7; SEALED_KEY_BYTES]);
    let readers: [Reader<AccountId>; 3] = [
        Reader::Patient,
        Reader::Practitioner(PractitionerId(0)),
        Reader::Member(MemberId(0)),
    ];
    let keys = readers.map(|reader| (reader, key)).to_vec();
    pallet_records::Call::write {
        record: NewRecord {
            patient: HER,
            author: PractitionerId(0),
            member: MemberId(0),
            visit: Some(VISIT),
            kind: ContentKind::Encounter,
        },
        content_hash: sp_io::hashing::blake2_256(CIPHERTEXT).into(),
        ciphertext: CIPHERTEXT.to_vec().try_into().unwrap(),
        keys: keys.try_into().unwrap(),
    }
    .into()
}

fn grant(now: Moment) -> RuntimeCall {
    let key = KeyFor {
        record: RecordId(0),
        version: 1,
        key: SealedKey([7; SEALED_KEY_BYTES]),
    };
    pallet_records::Call::share {
        terms: Terms {
            what: Covered::Record(RecordId(0)),
            grantee: Grantee::Practitioner(PractitionerId(2)),
            purpose: Purpose::Treatment,
            from: now,
            until: now + 30 * DAY_MS,
            may_reshare: false,
        },
        token: None,
        keys: vec![key].try_into().unwrap(),
    }
    .into()
}

pub(super) fn delegation(path: &str, scope: Scope, until: Moment) -> RuntimeCall {
    pallet_members::Call::delegate {
        delegate: dev::account(path),
        kind: DelegationKind::SessionKey,
        scopes: BTreeSet::from([scope]).try_into().unwrap(),
        until,
        encryption_key: None,
    }
    .into()
}

pub(super) fn settlement(invoice: u64, coverage: CoverageId) -> RuntimeCall {
    pallet_insurance::Call::settle {
        invoice: InvoiceId(invoice),
        coverage,
        account_max_fen: 0,
        payment: None,
    }
    .into()
}

fn case(subject: Party) -> RuntimeCall {
    pallet_audit::Call::open_case {
        subject: Subject::Party(subject),
        basis: Statement {
            code: 1,
            digest: Hash::zero(),
        },
    }
    .into()
}

/// A chain with one of everything: a visit with a record, which is granted to a doctor elsewhere;
/// coverages by two insurers; three invoices for the same, of which the first is settled, the second
/// a claim, and the third unpaid; delegates of each scope; and three cases.
pub(super) fn populated() -> Chain {
    let mut chain = Chain::new();
    domain::motion(&mut chain, [0, 0, 0, 0], admit_insurer());
    apply(&mut chain, HOSPITAL, 3, domain::schedule(START + DAY_MS));
    apply(&mut chain, PATIENT, 0, domain::book(HER.0, 0));
    chain.now = START + DAY_MS;
    let check_in = pallet_appointments::Call::check_in { appointment: VISIT };
    apply(&mut chain, HOSPITAL, 4, check_in);
    apply(&mut chain, DOCTOR, 0, record());
    let now = chain.now;
    apply(&mut chain, PATIENT, 1, grant(now));

    apply(&mut chain, INSURER, 1, money::scheme());
    apply(&mut chain, INSURER, 2, money::enrolment(SchemeId(0)));
    let credit = pallet_insurance::Call::credit_account {
        coverage: COVERAGE,
        amount_fen: CREDITED_FEN,
    };
    apply(&mut chain, INSURER, 3, credit);
    apply(&mut chain, OTHER_INSURER, 0, money::scheme());
    let enrolment = money::enrolment(SchemeId(1));
    apply(&mut chain, OTHER_INSURER, 1, enrolment);
    for (nonce, envelope) in [(5, b"first"), (6, b"other"), (7, b"third")] {
        let readers: &[MemberId] = if nonce == 6 { &[] } else { &[MemberId(2)] };
        let invoice = money::invoice(Some(VISIT), envelope, readers);
        apply(&mut chain, HOSPITAL, nonce, invoice);
    }
    apply(&mut chain, PATIENT, 2, settlement(0, COVERAGE));
    // The same on the same day is for the insurer to look at.
    apply(&mut chain, PATIENT, 3, settlement(1, COVERAGE));

    let until = chain.now + HOUR_MS;
    let delegates = [
        ("//delegate//books", Scope::Booking),
        ("//delegate//reads", Scope::Reading),
        ("//delegate//pays", Scope::Paying),
    ];
    for (nonce, (path, scope)) in (4..).zip(delegates) {
        apply(&mut chain, PATIENT, nonce, delegation(path, scope, until));
    }
    let subjects = [
        Party::Patient(HER),
        Party::Member(MemberId(0)),
        Party::Patient(PatientId(1)),
    ];
    for (nonce, subject) in (1..).zip(subjects) {
        apply(&mut chain, REGULATOR, nonce, case(subject));
    }
    chain.check();
    chain
}

/// Who may ask about what: each topic, and of what [`Topic::History`] is about each kind.
fn table() -> Vec<(Topic, Vec<&'static str>)> {
    let everybody: Vec<&str> = ROLES.iter().map(|(name, ..)| *name).collect();
    let reading_record = vec!["patient", "reads", "doctor", "grantee", "hospital", "desk"];
    let content = Hash::from(sp_io::hashing::blake2_256(CIPHERTEXT));
    let mut table = vec![
        (Topic::File(HER), vec!["patient", "reads", "case of her"]),
        (
            Topic::Visits(HER),
            vec!["patient", "books", "reads", "case of her"],
        ),
        (Topic::Bills(HER), vec!["patient", "pays", "case of her"]),
        (
            Topic::Cover(HER),
            vec!["patient", "pays", "insurer", "other insurer", "case of her"],
        ),
        (
            Topic::Cover(PatientId(1)),
            vec!["other patient", "other case"],
        ),
        (Topic::Record(RecordId(0)), reading_record.clone()),
        (Topic::Content(content), reading_record),
        (
            Topic::RecordAs(RecordId(0), Party::Patient(HER)),
            vec!["patient", "reads"],
        ),
        (
            Topic::RecordAs(RecordId(0), Party::Practitioner(PractitionerId(2))),
            vec!["grantee"],
        ),
        (
            Topic::ContentAs(content, Party::Practitioner(PractitionerId(0))),
            vec!["doctor"],
        ),
        (
            Topic::ContentAs(content, Party::Member(MemberId(0))),
            vec!["hospital", "desk"],
        ),
        (
            Topic::Schedule(ScheduleId(0)),
            vec!["doctor", "hospital", "desk"],
        ),
        (
            Topic::Appointment(VISIT),
            vec![
                "patient",
                "books",
                "reads",
                "doctor",
                "hospital",
                "desk",
                "case of her",
                "case of the hospital",
            ],
        ),
        (
            Topic::Invoice(InvoiceId(0)),
            vec![
                "patient",
                "pays",
                "hospital",
                "desk",
                "insurer",
                "case of her",
                "case of the hospital",
            ],
        ),
        (
            Topic::Member(MemberId(0)),
            vec!["hospital", "desk", "case of the hospital"],
        ),
        (Topic::Member(MemberId(2)), vec!["insurer"]),
        (Topic::Practitioner(PractitionerId(0)), vec!["doctor"]),
        (Topic::Oversight, vec!["regulator"]),
        (Topic::Case(CaseId(0)), vec!["regulator"]),
        (Topic::OwnOperations, everybody.clone()),
        (Topic::Operations, CASES.to_vec()),
        (Topic::OwnAccount, everybody.clone()),
        (Topic::Published, everybody),
    ];
    table.extend(histories());
    table
}

fn histories() -> impl Iterator<Item = (Topic, Vec<&'static str>)> {
    let of_visit = &["patient", "books", "reads", "doctor", "hospital", "desk"];
    let of_record = &["patient", "reads", "doctor", "grantee", "hospital", "desk"];
    let of_invoice = &["patient", "pays", "hospital", "desk", "insurer"];
    let rows: [(Entity, &[&'static str]); 11] = [
        (Entity::Member(MemberId(0)), &["hospital", "desk"]),
        (Entity::Practitioner(PractitionerId(0)), &["doctor"]),
        (Entity::Patient(HER), &["patient"]),
        (Entity::Appointment(VISIT), of_visit),
        (Entity::Record(RecordId(0)), of_record),
        (Entity::Grant(GrantId(0)), &["patient", "reads", "grantee"]),
        (Entity::Invoice(InvoiceId(0)), of_invoice),
        (
            Entity::Invoice(InvoiceId(1)),
            &["patient", "pays", "hospital", "desk"],
        ),
        (Entity::Settlement(SettlementId(0)), of_invoice),
        (Entity::Claim(ClaimId(0)), of_invoice),
        (Entity::Case(CaseId(0)), &["regulator"]),
    ];
    rows.into_iter()
        .map(|(entity, roles)| (Topic::History(entity), [roles, &CASES].concat()))
}

/// The indices of an enum's variants.
fn variants<T: TypeInfo>() -> BTreeSet<u8> {
    let TypeDef::Variant(found) = T::type_info().type_def else {
        panic!("not an enum");
    };
    found.variants.iter().map(|it| it.index).collect()
}

#[test]
fn every_topic_has_a_row() {
    let table = table();
    let topics = table.iter().map(|(topic, _)| topic.encode()[0]);
    assert_eq!(topics.collect::<BTreeSet<u8>>(), variants::<Topic>());
    let kinds = table.iter().filter_map(|(topic, _)| match topic {
        Topic::History(entity) => Some(entity.encode()[0]),
        _ => None,
    });
    assert_eq!(kinds.collect::<BTreeSet<u8>>(), variants::<Entity>());
}

#[test]
fn who_may_ask_about_what() {
    let mut chain = populated();
    for (topic, expected) in table() {
        let mut admitted = BTreeSet::new();
        for (role, ..) in ROLES {
            let Asker { account, case } = asker_of(role);
            if chain.discard(|| may_ask(&account, topic, case)).is_ok() {
                admitted.insert(role);
            }
        }
        assert_eq!(admitted, BTreeSet::from_iter(expected), "{topic:?}");
    }
}

/// The coverages that a role is told of.
fn covers(chain: &mut Chain, role: &str, skip: u32, limit: u32) -> Vec<CoverageId> {
    let asker = asker_of(role);
    let page = || answers::coverages_of(&asker, HER, None, skip, limit);
    let views = chain.discard(page);
    views.into_iter().map(|view| view.id).collect()
}

#[test]
fn an_insurer_is_told_of_its_own_coverages() {
    let mut chain = populated();
    // One that has ended is still the insurer's.
    let end = pallet_insurance::Call::set_coverage_end {
        coverage: OTHER_COVERAGE,
        until: Some(Date::of(START)),
    };
    apply(&mut chain, OTHER_INSURER, 2, end);
    let both = [COVERAGE, OTHER_COVERAGE];
    for role in ["patient", "pays", "case of her"] {
        assert_eq!(covers(&mut chain, role, 0, 100), both, "{role}");
    }
    assert_eq!(covers(&mut chain, "insurer", 0, 100), [COVERAGE]);
    let topic = Topic::Cover(HER);
    let ended = dev::account(OTHER_INSURER);
    assert_eq!(chain.discard(|| may_ask(&ended, topic, None)), Ok(()));
    // A page counts what is told.
    let first = covers(&mut chain, "other insurer", 0, 1);
    assert_eq!(first, [OTHER_COVERAGE]);
    assert!(covers(&mut chain, "other insurer", 1, 1).is_empty());
    assert_eq!(covers(&mut chain, "patient", 1, 1), [OTHER_COVERAGE]);
    for role in ["books", "reads", "hospital", "other patient", "regulator"] {
        assert!(covers(&mut chain, role, 0, 100).is_empty(), "{role}");
    }
}

#[test]
fn a_trail_has_the_parts_that_are_the_askers() {
    use TrailPart::{Invoices, Records};

    let mut chain = populated();
    let rows: [(&str, &[TrailPart]); 8] = [
        ("patient", &[]),
        ("books", &[Records, Invoices]),
        ("reads", &[Invoices]),
        ("doctor", &[Invoices]),
        ("hospital", &[]),
        ("desk", &[]),
        ("case of her", &[]),
        ("case of the hospital", &[]),
    ];
    for (role, withheld) in rows {
        let asker = asker_of(role);
        let trail = chain
            .discard(|| answers::trail_of(&asker, VISIT, None))
            .unwrap();
        assert_eq!(trail.withheld, withheld, "{role}");
        let (records, invoices) = (trail.records.len(), trail.invoices.len());
        let told = |part| !withheld.contains(&part);
        assert_eq!(records, usize::from(told(Records)), "{role}");
        assert_eq!(invoices, 3 * usize::from(told(Invoices)), "{role}");
    }
    let asker = asker_of("patient");
    let none = chain.discard(|| answers::trail_of(&asker, AppointmentId(7), None));
    assert_eq!(none, None);
}

/// What a role is told that settling the third invoice would bring.
fn preview(
    chain: &mut Chain,
    role: &str,
    coverage: CoverageId,
    account_max_fen: u128,
) -> Result<PreSettlement, DispatchError> {
    let asker = asker_of(role);
    let invoice = InvoiceId(2);
    chain.discard(|| answers::pre_settle(&asker, invoice, coverage, account_max_fen))
}

#[test]
fn what_a_personal_account_would_give_takes_who_pays_for_the_patient() {
    let mut chain = populated();
    for role in ["patient", "pays"] {
        let found = preview(&mut chain, role, COVERAGE, CREDITED_FEN + 1).unwrap();
        assert_eq!(found.split.account_fen, CREDITED_FEN, "{role}");
        assert!(preview(&mut chain, role, OTHER_COVERAGE, 0).is_ok());
    }
    let needs_patient: DispatchError = pallet_insurance::Error::<Runtime>::NeedsPatient.into();
    let others = ["hospital", "desk", "insurer", "books", "reads"];
    for role in others.into_iter().chain(["case of her"]) {
        let refused = preview(&mut chain, role, COVERAGE, 1);
        assert_eq!(refused, Err(needs_patient), "{role}");
    }
    for role in ["hospital", "desk", "insurer", "case of her"] {
        let found = preview(&mut chain, role, COVERAGE, 0).unwrap();
        assert_eq!(found.split.account_fen, 0, "{role}");
    }
}

#[test]
fn an_insurer_previews_its_own_coverages() {
    let mut chain = populated();
    for role in ["hospital", "case of her", "other insurer"] {
        assert!(preview(&mut chain, role, OTHER_COVERAGE, 0).is_ok());
    }
    let other: DispatchError = pallet_insurance::Error::<Runtime>::NotItsInsurer.into();
    // What does not exist is refused like what is another's.
    for coverage in [OTHER_COVERAGE, CoverageId(7)] {
        let refused = preview(&mut chain, "insurer", coverage, 0);
        assert_eq!(refused, Err(other), "{coverage}");
    }
    let asker = asker_of("patient");
    let pre_settle = || answers::pre_settle(&asker, InvoiceId(7), COVERAGE, 0);
    let unknown = pallet_insurance::Error::<Runtime>::UnknownInvoice;
    assert_eq!(chain.discard(pre_settle), Err(unknown.into()));
}

#[test]
fn a_balance_tells_what_is_free_and_what_is_held() {
    let mut chain = populated();
    let balance = |chain: &mut Chain, path: &str, of| {
        let account = dev::account(path);
        chain.discard(|| answers::balance_of(account, of))
    };
    let own = balance(&mut chain, PATIENT, None).unwrap();
    assert_eq!(own.account, dev::account(PATIENT));
    assert_eq!(own.free_fen, chain.free(PATIENT));
    assert_eq!(own.held_fen, domain::FEE_FEN);
    let hers = Some(Party::Patient(HER));
    let by_delegate = balance(&mut chain, "//delegate//pays", hers);
    assert_eq!(by_delegate, Some(own));

    let fund = Some(Party::Member(MemberId(2)));
    let fund = balance(&mut chain, "//Charlie//service//1", fund).unwrap();
    assert_eq!(fund.account, dev::account(INSURER));
    assert_eq!(fund.held_fen, CREDITED_FEN);
    let doctor = Some(Party::Practitioner(PractitionerId(0)));
    let doctor = balance(&mut chain, DOCTOR, doctor).unwrap();
    assert_eq!(doctor.account, dev::account(DOCTOR));
    let unknown = Some(Party::Patient(PatientId(999)));
    assert_eq!(balance(&mut chain, PATIENT, unknown), None);
}

#[test]
fn the_rules_of_a_scheme_are_those_in_force_on_the_day() {
    let mut chain = populated();
    let tomorrow = Date(Date::of(chain.now).0 + 1);
    let publish = pallet_insurance::Call::publish_version {
        scheme: SchemeId(0),
        from: tomorrow,
        parameters: Box::default(),
    };
    apply(&mut chain, INSURER, 4, publish);
    let on = |chain: &mut Chain, scheme, date| {
        chain.discard(|| answers::scheme_on(SchemeId(scheme), date))
    };
    let now = on(&mut chain, 0, None).unwrap();
    assert_eq!(now.version, Date(0));
    assert_eq!(now.scheme.insurer, MemberId(2));
    assert_ne!(now.parameters, SchemeParameters::default());
    let later = on(&mut chain, 0, Some(tomorrow)).unwrap();
    assert_eq!(later.version, tomorrow);
    assert_eq!(later.parameters, SchemeParameters::default());
    assert_eq!(on(&mut chain, 7, None), None);
}

/// As nodes call them: the arguments begin with who asks, and for which case.
#[test]
fn the_functions_by_name_take_the_asker() {
    let mut chain = populated();
    let Asker { account, case } = asker_of("other insurer");
    let mut ask = |method: &str, data: Vec<u8>| chain.discard(|| native::call(method, &data));
    let page = (&account, case, HER, None::<u16>, 0u32, 9u32).encode();
    let views = ask("InsuranceApi_coverages_of", page).unwrap();
    assert_eq!(views[0], codec::Compact(1u32).encode()[0], "one of two");
    let bill = (&account, case, InvoiceId(2), COVERAGE, 0u128).encode();
    let split = ask("InsuranceApi_pre_settle", bill).unwrap();
    assert_eq!(split[0], 1, "an error");
    let settled = (&account, case, InvoiceId(0), None::<SettlementId>, 9u32).encode();
    let settlements = ask("InsuranceApi_settlements_of", settled).unwrap();
    assert_eq!(settlements, codec::Compact(0u32).encode(), "another's");
    let visit = (&account, case, VISIT, None::<InvoiceId>).encode();
    let trail = ask("TrailApi_trail_of", visit).unwrap();
    let withheld = vec![TrailPart::Records, TrailPart::Invoices].encode();
    assert!(trail.ends_with(&withheld));
    let own = ask("PaymentsApi_balance_of", (&account, None::<Party>).encode());
    assert_eq!(own.unwrap()[1..33], account.encode());
    let scheme = (SchemeId(1), None::<Date>).encode();
    assert_eq!(ask("InsuranceApi_scheme_on", scheme).unwrap()[0], 1);
}
