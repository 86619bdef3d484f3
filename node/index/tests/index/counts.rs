//! Counts by period, call and member, and how long they are kept.

use std::collections::BTreeSet;

use xinglin_core::{Count, Explorer, Filter, Order, Owner, Period};
use xinglin_decoding::{Name, Outline, OutlinedEvent, OutlinedExtrinsic};
use xinglin_index::{Index, HOURS_KEPT_MS, MINUTES_KEPT_MS};
use xinglin_primitives::{
    time::{Date, DAY_MS, HOUR_MS, MINUTE_MS},
    AccountId, AppointmentId, CaseId, ClaimId, Entity, InvoiceId, MemberId, PatientId, RecordId,
    SettlementId,
};

use crate::support::{schema, FakeChain, Folder};

/// The start of a day in UTC+8.
const START_MS: u64 = 20_000 * DAY_MS - 8 * HOUR_MS;
const BOOK: Name<'static> = name("Appointments", "book");
const PAY: Name<'static> = name("Payments", "pay");
const CLINIC: MemberId = MemberId(1);
/// The events that count for the members of the things that they are about.
const COUNTING: [(&str, &str); 4] = [
    (
        "Appointments",
        "Booked Cancelled CheckedIn Confirmed DepartmentPublished DepartmentWithdrawn \
         FeeSettled Fulfilled NoShow PatientBlocked PreVisitGranted Promoted Rescheduled \
         RulesPublished ScheduleClosed SchedulePublished Waitlisted",
    ),
    (
        "Insurance",
        "AccountCredited AccountReleased Appealed CoverageEndChanged Decided Enrolled Flagged \
         NormsSet Raised RefundFlagged RefundReviewed Reversed SchemeClosed SchemeCreated \
         SchemeHoldChanged Settled StandingChanged VersionPublished Withdrawn",
    ),
    (
        "Payments",
        "AlreadyPaid AlreadyRefunded Covered InvoiceCancelled InvoiceIssued MoneyIssued Paid \
         PaidOutside ProviderChanged ProviderRegistered ProviderRetired RedemptionConfirmed \
         RedemptionRejected RedemptionRequested RedemptionWithdrawn Refunded \
         RepaymentConfirmed Uncovered",
    ),
    (
        "Records",
        "AccessRequested Amended EmergencyJustified EmergencyReviewed Erased ErasureAsked \
         GlassBroken GrantEnded Granted KeysAdded KeysProvided RequestAnswered \
         RequestWithdrawn Resealed Retracted Written",
    ),
];
/// The other events of these pallets: anybody can bring them about with any thing, and counts are everybody's, so
/// that they would tell with which member a stranger's thing was made.
const NOT_COUNTING: [Name<'static>; 2] = [name("Records", "KeysPruned"), name("Records", "Opened")];

const fn name(pallet: &'static str, name: &'static str) -> Name<'static> {
    Name { pallet, name }
}

fn extrinsic(call: Name<'static>, succeeded: bool, member: MemberId) -> OutlinedExtrinsic<'static> {
    OutlinedExtrinsic {
        signer: Some(AccountId::new([1; 32])),
        nonce: Some(0),
        call,
        wrapped: vec![BOOK],
        succeeded,
        entities: BTreeSet::from([Entity::Member(member), Entity::Patient(PatientId(1))]),
    }
}

fn unsigned() -> OutlinedExtrinsic<'static> {
    OutlinedExtrinsic {
        signer: None,
        ..extrinsic(name("Timestamp", "set"), true, CLINIC)
    }
}

fn add(index: &Index, block: u32, time_ms: u64, extrinsics: Vec<OutlinedExtrinsic<'static>>) {
    let outline = Outline {
        time_ms: Some(time_ms),
        extrinsics,
        events: Vec::new(),
    };
    let mut writer = index.writer();
    let count = outline.extrinsics.len();
    writer.add(block, count, Some(&outline), &[]).unwrap();
    writer.commit().unwrap();
}

fn count(from_ms: u64, name: Name<'_>, succeeded: u64, failed: u64) -> Count {
    Count {
        from_ms,
        pallet: name.pallet.to_owned(),
        call: name.name.to_owned(),
        succeeded,
        failed,
    }
}

#[test]
fn operations_are_counted_by_period_call_and_member() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let hospital = MemberId(0);
    let first = vec![
        unsigned(),
        extrinsic(BOOK, true, hospital),
        extrinsic(BOOK, false, CLINIC),
    ];
    add(&index, 1, START_MS, first);
    add(
        &index,
        2,
        START_MS + 1,
        vec![unsigned(), extrinsic(BOOK, true, CLINIC)],
    );
    add(
        &index,
        3,
        START_MS + MINUTE_MS,
        vec![extrinsic(PAY, true, CLINIC)],
    );
    add(
        &index,
        4,
        START_MS + HOUR_MS,
        vec![extrinsic(PAY, true, CLINIC)],
    );

    let ask = |period, member, from, before| {
        index
            .counts(period, member, START_MS + from, START_MS + before, 100)
            .unwrap()
    };
    // Neither what nobody signed nor what is wrapped.
    assert_eq!(
        ask(Period::Minute, None, 0, DAY_MS),
        [
            count(START_MS, BOOK, 2, 1),
            count(START_MS + MINUTE_MS, PAY, 1, 0),
            count(START_MS + HOUR_MS, PAY, 1, 0),
        ]
    );
    assert_eq!(
        ask(Period::Hour, Some(CLINIC), 0, HOUR_MS),
        [count(START_MS, BOOK, 1, 1), count(START_MS, PAY, 1, 0)]
    );
    assert_eq!(
        ask(Period::Day, Some(hospital), 0, DAY_MS),
        [count(START_MS, BOOK, 1, 0)]
    );
    assert_eq!(ask(Period::Day, None, 1, DAY_MS), []);
    assert_eq!(ask(Period::Day, None, DAY_MS, 0), []);
    assert_eq!(
        index
            .counts(Period::Minute, None, 0, u64::MAX, 2)
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn minutes_and_hours_are_kept_for_their_time_and_days_for_ever() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let times = [0, MINUTES_KEPT_MS + DAY_MS, HOURS_KEPT_MS + DAY_MS];
    let mut kept = Vec::new();
    for (block, time_ms) in (1..).zip(times) {
        add(
            &index,
            block,
            START_MS + time_ms,
            vec![extrinsic(BOOK, true, CLINIC)],
        );
        let count = |period, member| {
            index
                .counts(period, member, 0, u64::MAX, 100)
                .unwrap()
                .len()
        };
        for member in [None, Some(CLINIC)] {
            kept.push([Period::Minute, Period::Hour, Period::Day].map(|it| count(it, member)));
        }
    }
    let expected = [[1, 1, 1], [1, 2, 2], [1, 2, 3]];
    assert_eq!(kept, expected.map(|it| [it, it]).concat());
}

#[test]
fn days_begin_at_midnight_in_china() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    // 23:30 and 00:30 in UTC+8, which are 15:30 and 16:30 of one day in UTC.
    let (evening, night) = (START_MS - 30 * MINUTE_MS, START_MS + 30 * MINUTE_MS);
    add(&index, 1, evening, vec![extrinsic(BOOK, true, CLINIC)]);
    add(&index, 2, night, vec![extrinsic(PAY, true, CLINIC)]);

    let counts = |period, from_ms| index.counts(period, None, from_ms, u64::MAX, 10).unwrap();
    let (day, before) = (Date::of(night), Date::of(evening));
    assert_eq!((day, before), (Date(20_000), Date(19_999)));
    assert_eq!(
        counts(Period::Day, 0),
        [
            count(before.start(), BOOK, 1, 0),
            count(START_MS, PAY, 1, 0)
        ]
    );
    assert_eq!(
        counts(Period::Day, day.start()),
        [count(START_MS, PAY, 1, 0)]
    );
    assert_eq!(
        counts(Period::Hour, 0),
        [
            count(START_MS - HOUR_MS, BOOK, 1, 0),
            count(START_MS, PAY, 1, 0)
        ]
    );
    assert_eq!(
        counts(Period::Minute, 0),
        [count(evening, BOOK, 1, 0), count(night, PAY, 1, 0)]
    );
}

/// A transaction with one event, both of which mention these.
fn told(call: Name<'static>, event: Name<'static>, mentioned: &[Entity]) -> Outline<'static> {
    let entities = BTreeSet::from_iter(mentioned.iter().copied());
    Outline {
        time_ms: Some(START_MS),
        extrinsics: vec![OutlinedExtrinsic {
            entities: entities.clone(),
            ..extrinsic(call, true, CLINIC)
        }],
        events: vec![OutlinedEvent {
            extrinsic: Some(0),
            event,
            entities,
        }],
    }
}

/// A transaction that the rules refused.
fn refused(call: Name<'static>, mentioned: &[Entity]) -> Outline<'static> {
    let mut outline = told(call, name("System", "ExtrinsicFailed"), mentioned);
    outline.extrinsics[0].succeeded = false;
    outline.events[0].entities.clear();
    outline
}

fn put(index: &Index, first: u32, history: &[Outline<'static>]) {
    let mut writer = index.writer();
    for (block, outline) in (first..).zip(history) {
        writer.add(block, 1, Some(outline), &[]).unwrap();
    }
    writer.commit().unwrap();
}

#[test]
fn what_is_done_about_a_members_things_counts_for_the_member() {
    let (hospital, insurer) = (MemberId(0), MemberId(2));
    let (of_hospital, of_insurer) = (Entity::Member(hospital), Entity::Member(insurer));
    let patient = Entity::Patient(PatientId(7));
    let visit = Entity::Appointment(AppointmentId(12));
    let record = Entity::Record(RecordId(40));
    let invoice = Entity::Invoice(InvoiceId(4));
    let settlement = Entity::Settlement(SettlementId(9));
    let claim = Entity::Claim(ClaimId(3));
    let appointments = |event| name("Appointments", event);
    let insurance = |event| name("Insurance", event);
    let check_in = name("Appointments", "check_in");
    let made = [
        told(BOOK, appointments("Booked"), &[visit, patient, of_hospital]),
        told(
            name("Payments", "issue_invoice"),
            name("Payments", "InvoiceIssued"),
            &[invoice, patient, visit, of_hospital],
        ),
        told(
            insurance("claim"),
            insurance("Flagged"),
            &[claim, invoice, of_insurer],
        ),
        told(
            name("Records", "write"),
            name("Records", "Written"),
            &[record, patient, visit, of_hospital],
        ),
    ];
    let done = [
        told(check_in, appointments("CheckedIn"), &[visit]),
        told(PAY, name("Payments", "Paid"), &[invoice]),
        told(insurance("decide"), insurance("Decided"), &[claim]),
        told(
            insurance("settle"),
            insurance("Settled"),
            &[invoice, settlement],
        ),
        told(insurance("reverse"), insurance("Reversed"), &[settlement]),
        // Everybody may try these on anything, and what a case is about is the regulator's affair.
        refused(check_in, &[visit]),
        told(
            name("Records", "open"),
            name("Records", "Opened"),
            &[record],
        ),
        told(
            name("Records", "prune_keys"),
            name("Records", "KeysPruned"),
            &[record],
        ),
        told(
            name("Audit", "open_case"),
            name("Audit", "CaseOpened"),
            &[claim, Entity::Case(CaseId(1))],
        ),
    ];
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    put(&index, 1, &made);
    // Whose things are is on the disk.
    drop(index);
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    put(&index, 5, &done);

    let counted = |member: Option<MemberId>| -> BTreeSet<(String, u64, u64)> {
        let counts = index.counts(Period::Day, member, 0, u64::MAX, 100).unwrap();
        let counts = counts.into_iter();
        counts
            .map(|it| {
                (
                    format!("{}.{}", it.pallet, it.call),
                    it.succeeded,
                    it.failed,
                )
            })
            .collect()
    };
    let succeeded = |calls: &[&str]| -> BTreeSet<(String, u64, u64)> {
        calls
            .iter()
            .map(|call| ((*call).to_owned(), 1, 0))
            .collect()
    };
    assert_eq!(
        counted(Some(hospital)),
        succeeded(&[
            "Appointments.book",
            "Appointments.check_in",
            "Insurance.claim",
            "Insurance.decide",
            "Insurance.reverse",
            "Insurance.settle",
            "Payments.issue_invoice",
            "Payments.pay",
            "Records.write",
        ])
    );
    assert_eq!(
        counted(Some(insurer)),
        succeeded(&["Insurance.claim", "Insurance.decide"])
    );
    assert!(counted(None).contains(&("Appointments.check_in".to_owned(), 1, 1)));
    // Nothing more is found by the member than what names it.
    let filter = Filter {
        entities: vec![of_hospital],
        ..Filter::default()
    };
    let page = index.extrinsics(&filter, Order::Oldest, None, 100).unwrap();
    let blocks: Vec<u32> = page.items.iter().map(|it| it.block).collect();
    assert_eq!(blocks, [1, 2, 4]);
}

/// All events of [`COUNTING`].
fn counting() -> impl Iterator<Item = Name<'static>> {
    COUNTING
        .into_iter()
        .flat_map(|(pallet, events)| events.split(' ').map(move |event| name(pallet, event)))
}

#[test]
fn every_event_about_a_thing_counts_for_its_member_or_is_known_not_to() {
    let schema = schema();
    let listed: BTreeSet<Name<'_>> = counting().chain(NOT_COUNTING).collect();
    let of_pallets = |event: &Name<'_>| COUNTING.iter().any(|(pallet, _)| *pallet == event.pallet);
    let all: BTreeSet<Name<'_>> = schema.event_names().filter(of_pallets).collect();
    assert_eq!(
        listed, all,
        "a new event belongs to one of the two lists; if to the second, to `OF_ANYTHING`, too"
    );

    let visit = Entity::Appointment(AppointmentId(12));
    let (hospital, patient) = (MemberId(0), Entity::Patient(PatientId(7)));
    let booked = name("Appointments", "Booked");
    let made = told(BOOK, booked, &[visit, patient, Entity::Member(hospital)]);
    // Each event is that of a call of its name.
    let told = |event| told(event, event, &[visit]);
    let history: Vec<_> = counting().chain(NOT_COUNTING).map(told).collect();
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema);
    put(&index, 1, &[made]);
    put(&index, 2, &history);

    let counts = index
        .counts(Period::Day, Some(hospital), 0, u64::MAX, 1_000)
        .unwrap();
    let counted: BTreeSet<Name<'_>> = counts.iter().map(name_of).collect();
    let expected: BTreeSet<Name<'_>> = counting().chain([BOOK]).collect();
    assert_eq!(counted, expected);
}

fn name_of(count: &Count) -> Name<'_> {
    Name {
        pallet: &count.pallet,
        name: &count.call,
    }
}

#[test]
fn the_index_tells_whose_things_are() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let visit = |number| Entity::Appointment(AppointmentId(number));
    let patient = Entity::Patient(PatientId(7));
    put(
        &index,
        1,
        &[told(
            BOOK,
            name("Appointments", "Booked"),
            &[visit(12), patient],
        )],
    );
    let owner = |entity| index.owner_of(entity).unwrap();
    assert_eq!(owner(visit(12)), Owner::Patient(PatientId(7)));
    assert_eq!(owner(patient), Owner::Patient(PatientId(7)));
    assert_eq!(owner(visit(13)), Owner::Unknown);
    for nobodys in [Entity::Member(CLINIC), Entity::Case(CaseId(1))] {
        assert_eq!(owner(nobodys), Owner::Nobody);
    }
}
