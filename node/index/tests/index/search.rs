//! What is found is what a walk over everything finds, on pages of any size, both ways.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::select};
use xinglin_core::{Explorer, ExplorerError, Filter, Order, Outcome, Page, Position};
use xinglin_decoding::{Name, Outline, OutlinedEvent, OutlinedExtrinsic};
use xinglin_index::{Index, ENTITIES_MAX, PAGE_MAX, STEPS_PER_PAGE_MAX};
use xinglin_primitives::{
    AccountId, AppointmentId, BlockNumber, Entity, InvoiceId, MemberId, PatientId, PractitionerId,
    RecordId, SettlementId,
};

use crate::support::{schema, FakeChain, Folder};

const FIRST: BlockNumber = 3;
const START_MS: u64 = 1_748_822_400_000;
const CALLS: [Name<'static>; 4] = names("one", "two");
const EVENTS: [Name<'static>; 4] = [BOOKED, ISSUED, OPENED, SETTLED];
const BOOKED: Name<'static> = event("Appointments", "Booked");
const ISSUED: Name<'static> = event("Payments", "InvoiceIssued");
const SETTLED: Name<'static> = event("Insurance", "Settled");
const OPENED: Name<'static> = event("Records", "Opened");
/// Events that tell whose things are.
const MAKING: [Name<'static>; 3] = [BOOKED, ISSUED, SETTLED];
const ENTITIES: [Entity; 7] = [
    Entity::Member(MemberId(0)),
    Entity::Member(MemberId(256)),
    Entity::Patient(PatientId(0)),
    Entity::Patient(PatientId(1)),
    Entity::Appointment(AppointmentId(0)),
    Entity::Appointment(AppointmentId(1)),
    Entity::Invoice(InvoiceId(0)),
];
/// Histories, with a dozen filters each.
const CASES: u32 = 48;
/// Pages of a search that does not end.
const PAGES_MAX: usize = 10_000;

const fn event(pallet: &'static str, name: &'static str) -> Name<'static> {
    Name { pallet, name }
}

const fn names(a: &'static str, b: &'static str) -> [Name<'static>; 4] {
    [
        Name {
            pallet: "A",
            name: a,
        },
        Name {
            pallet: "A",
            name: b,
        },
        Name {
            pallet: "B",
            name: a,
        },
        Name {
            pallet: "B",
            name: b,
        },
    ]
}

fn account(number: u8) -> AccountId {
    AccountId::new([number; 32])
}

fn entities() -> impl Strategy<Value = BTreeSet<Entity>> {
    vec(select(&ENTITIES[..]), 0..3).prop_map(BTreeSet::from_iter)
}

fn events(extrinsic: Option<u32>) -> impl Strategy<Value = Vec<OutlinedEvent<'static>>> {
    let event = (select(&EVENTS[..]), entities());
    vec(event, 0..3).prop_map(move |events| {
        let event = |(event, entities)| OutlinedEvent {
            extrinsic,
            event,
            entities,
        };
        events.into_iter().map(event).collect()
    })
}

fn extrinsic() -> impl Strategy<Value = OutlinedExtrinsic<'static>> {
    let signer = prop_oneof![
        1 => Just(None),
        4 => (0..3u8).prop_map(|number| Some(account(number))),
    ];
    let wrapped = vec(select(&CALLS[..]), 0..2);
    let of = (
        signer,
        select(&CALLS[..]),
        wrapped,
        any::<bool>(),
        entities(),
    );
    of.prop_map(
        |(signer, call, wrapped, succeeded, entities)| OutlinedExtrinsic {
            signer,
            nonce: None,
            call,
            wrapped,
            succeeded,
            entities,
        },
    )
}

/// A block; times need not advance.
fn block() -> impl Strategy<Value = Outline<'static>> {
    let extrinsics = vec((extrinsic(), events(Some(0))), 0..5);
    let of = (0..3u64, extrinsics, events(None), events(None));
    of.prop_map(|(time, inner, mut before, mut after)| {
        let (mut extrinsics, mut all) = (Vec::new(), Vec::new());
        all.append(&mut before);
        for (mut extrinsic, events) in inner {
            let index = u32::try_from(extrinsics.len()).unwrap();
            for mut event in events {
                event.extrinsic = Some(index);
                extrinsic.entities.extend(&event.entities);
                all.push(event);
            }
            extrinsics.push(extrinsic);
        }
        all.append(&mut after);
        Outline {
            time_ms: Some(time),
            extrinsics,
            events: all,
        }
    })
}

fn history() -> impl Strategy<Value = Vec<Outline<'static>>> {
    vec(block(), 1..12).prop_map(|mut blocks| {
        let mut now = START_MS;
        for block in &mut blocks {
            now += block.time_ms.unwrap() * 500;
            block.time_ms = Some(now);
        }
        blocks
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let blocks = (
        proptest::option::weighted(0.2, 0..14u32),
        proptest::option::weighted(0.2, 14..20u32),
        proptest::option::weighted(0.2, 0..12u64),
        proptest::option::weighted(0.2, 13..20u64),
    );
    let names = (
        proptest::option::weighted(0.4, select(&["A", "B"][..])),
        proptest::option::weighted(0.5, select(&["one", "two"][..])),
        proptest::option::weighted(0.4, select(&["A", "B"][..])),
        proptest::option::weighted(0.5, select(&["Done", "Seen"][..])),
    );
    let rest = (
        proptest::option::weighted(0.3, 0..4u8),
        proptest::option::weighted(0.3, any::<bool>()),
        vec(select(&ENTITIES[..]), 0..3),
    );
    (blocks, names, rest).prop_map(
        |((from, to, from_ms, before_ms), (pallet, call, event_pallet, event), rest)| {
            let (signer, succeeded, entities) = rest;
            Filter {
                from_block: from,
                to_block: to,
                from_ms: from_ms.map(|ms| START_MS + ms * 400),
                before_ms: before_ms.map(|ms| START_MS + ms * 400),
                signer: signer.map(account),
                pallet: pallet.map(str::to_owned),
                call: pallet.and(call).map(str::to_owned),
                event_pallet: event_pallet.map(str::to_owned),
                event: event_pallet.and(event).map(str::to_owned),
                outcome: succeeded.map(|succeeded| match succeeded {
                    true => Outcome::Success,
                    false => Outcome::Error,
                }),
                entities,
            }
        },
    )
}

fn is(name: Name<'_>, pallet: &Option<String>, inner: &Option<String>) -> bool {
    pallet.as_deref().is_none_or(|pallet| pallet == name.pallet)
        && inner.as_deref().is_none_or(|inner| inner == name.name)
}

fn lets_block(filter: &Filter, number: BlockNumber, block: &Outline<'_>) -> bool {
    let time = block.time_ms.unwrap();
    filter.from_block.is_none_or(|from| number >= from)
        && filter.to_block.is_none_or(|to| number <= to)
        && filter.from_ms.is_none_or(|from| time >= from)
        && filter.before_ms.is_none_or(|before| time < before)
}

/// Who, what and how; without events and entities.
fn lets_call(filter: &Filter, extrinsic: &OutlinedExtrinsic<'_>) -> bool {
    let mut calls = extrinsic.wrapped.iter().chain([&extrinsic.call]);
    (filter.signer.is_none() || filter.signer == extrinsic.signer)
        && calls.any(|call| is(*call, &filter.pallet, &filter.call))
        && filter
            .outcome
            .is_none_or(|outcome| (outcome == Outcome::Success) == extrinsic.succeeded)
}

fn lets_event(filter: &Filter, event: &OutlinedEvent<'_>) -> bool {
    is(event.event, &filter.event_pallet, &filter.event)
}

/// The history with whose the things are that it mentions: what a booking or an invoice first brings up
/// with one patient is the patient's from then on.
fn with_owners(history: &[Outline<'static>]) -> Vec<Outline<'static>> {
    let mut owners: BTreeMap<Entity, Entity> = BTreeMap::new();
    let mut history = history.to_vec();
    let is_thing = |it: &&Entity| matches!(it, Entity::Appointment(_) | Entity::Invoice(_));
    let is_patient = |it: &&Entity| matches!(it, Entity::Patient(_));
    for block in &mut history {
        for event in &mut block.events {
            let direct = event.entities.clone();
            let things: Vec<&Entity> = direct.iter().filter(is_thing).collect();
            let known = things.iter().filter_map(|thing| owners.get(*thing));
            let patients = direct.iter().filter(is_patient).chain(known);
            let patients: BTreeSet<Entity> = patients.copied().collect();
            if patients.len() == 1 && MAKING.contains(&event.event) {
                for thing in &things {
                    let patient = *patients.first().unwrap();
                    owners.entry(**thing).or_insert(patient);
                }
            }
            for owner in things.iter().filter_map(|thing| owners.get(*thing)) {
                event.entities.insert(*owner);
                if let Some(by) = event.extrinsic {
                    block.extrinsics[by as usize].entities.insert(*owner);
                }
            }
        }
        for extrinsic in &mut block.extrinsics {
            let things = extrinsic.entities.clone();
            let known = things.iter().filter_map(|thing| owners.get(thing));
            extrinsic.entities.extend(known);
        }
    }
    history
}

fn naive(history: &[Outline<'_>], filter: &Filter, wants_events: bool) -> Vec<Position> {
    let mut found = Vec::new();
    for (block, outline) in (FIRST..).zip(history) {
        if !lets_block(filter, block, outline) {
            continue;
        }
        let wanted = |entities: &BTreeSet<Entity>| {
            filter
                .entities
                .iter()
                .all(|entity| entities.contains(entity))
        };
        if wants_events {
            for (index, event) in (0..).zip(&outline.events) {
                let by = event.extrinsic.map(|by| &outline.extrinsics[by as usize]);
                let is_free =
                    filter.signer.is_none() && filter.pallet.is_none() && filter.outcome.is_none();
                if lets_event(filter, event)
                    && wanted(&event.entities)
                    && by.map_or(is_free, |by| lets_call(filter, by))
                {
                    found.push(Position { block, index });
                }
            }
            continue;
        }
        for (index, extrinsic) in (0..).zip(&outline.extrinsics) {
            let mut events = outline
                .events
                .iter()
                .filter(|it| it.extrinsic == Some(index));
            if lets_call(filter, extrinsic)
                && wanted(&extrinsic.entities)
                && (filter.event_pallet.is_none() || events.any(|it| lets_event(filter, it)))
            {
                found.push(Position { block, index });
            }
        }
    }
    found
}

/// Reads all pages.
fn paged(ask: impl Fn(Option<Position>) -> Page, limit: u32) -> Vec<Position> {
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = ask(after);
        assert!(page.items.len() <= limit as usize);
        found.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
    panic!("the pages do not end");
}

fn fill(index: &Index, history: &[Outline<'static>]) {
    // In writes of two, as the follower groups blocks.
    for (at, blocks) in history.chunks(2).enumerate() {
        let mut writer = index.writer();
        for (block, outline) in (FIRST + 2 * at as u32..).zip(blocks) {
            let count = outline.extrinsics.len();
            writer.add(block, count, Some(outline), &[7]).unwrap();
        }
        writer.commit().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn pages_are_what_a_walk_over_everything_finds(
        history in history(),
        filters in vec(filter(), 12),
        limit in 1..6u32,
        steps in prop_oneof![1..8u32, Just(STEPS_PER_PAGE_MAX)],
    ) {
        let mut folder = Folder::new();
        folder.config.steps_per_page = steps;
        let chain = FakeChain::new(Vec::new());
        let index = folder.open(chain, &schema());
        fill(&index, &history);
        let history = with_owners(&history);
        for filter in &filters {
            for wants_events in [false, true] {
                for order in [Order::Oldest, Order::Newest] {
                    let ask = |after| {
                        let page = match wants_events {
                            true => index.events(filter, order, after, limit),
                            false => index.extrinsics(filter, order, after, limit),
                        };
                        match page {
                            // No block of the history has made up this name.
                            Err(ExplorerError::Filter(_)) => Page::default(),
                            page => page.unwrap(),
                        }
                    };
                    let mut expected = naive(&history, filter, wants_events);
                    if order == Order::Newest {
                        expected.reverse();
                    }
                    prop_assert_eq!(
                        paged(ask, limit), expected,
                        "{:?} {:?} events: {}", filter, order, wants_events
                    );
                }
            }
        }
    }
}

/// Twelve blocks of ten transactions, each the same.
fn uniform() -> (Folder, Index) {
    let extrinsic = OutlinedExtrinsic {
        signer: Some(account(1)),
        nonce: Some(0),
        call: Name {
            pallet: "Appointments",
            name: "book",
        },
        wrapped: Vec::new(),
        succeeded: true,
        entities: BTreeSet::from([ENTITIES[0]]),
    };
    let outline = |block: u64| Outline {
        time_ms: Some(START_MS + block * 1_000),
        extrinsics: vec![extrinsic.clone(); 10],
        events: Vec::new(),
    };
    let history: Vec<_> = (0..12).map(outline).collect();
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    fill(&index, &history);
    (folder, index)
}

#[test]
fn what_cannot_be_is_refused_with_a_remedy() {
    let (_folder, index) = uniform();
    let text = str::to_owned;
    let cases = [
        (
            Filter {
                call: Some(text("book")),
                ..Filter::default()
            },
            "give both",
        ),
        (
            Filter {
                event: Some(text("Booked")),
                ..Filter::default()
            },
            "give both",
        ),
        (
            Filter {
                from_block: Some(9),
                to_block: Some(3),
                ..Filter::default()
            },
            "exchange",
        ),
        (
            Filter {
                from_ms: Some(9),
                before_ms: Some(9),
                ..Filter::default()
            },
            "exchange",
        ),
        (
            Filter {
                entities: vec![ENTITIES[0]; ENTITIES_MAX + 1],
                ..Filter::default()
            },
            "at most",
        ),
        (
            Filter {
                pallet: Some(text("Bookings")),
                ..Filter::default()
            },
            "Appointments",
        ),
        (
            Filter {
                pallet: Some(text("Appointments")),
                call: Some(text("bok")),
                ..Filter::default()
            },
            "book",
        ),
    ];
    for (filter, expected) in cases {
        let error = index
            .extrinsics(&filter, Order::Newest, None, 1)
            .unwrap_err();
        assert!(
            matches!(&error, ExplorerError::Filter(reason) if reason.contains(expected)),
            "{error}"
        );
    }
    let all = Filter::default();
    assert!(index.extrinsics(&all, Order::Newest, None, 0).is_err());
    // A name of the metadata that no block has had is no mistake.
    let unmet = Filter {
        pallet: Some(text("Insurance")),
        ..Filter::default()
    };
    assert_eq!(
        index.extrinsics(&unmet, Order::Newest, None, 5).unwrap(),
        Page::default()
    );
    // A page is bounded, whatever is asked for.
    assert_eq!(
        index
            .extrinsics(&all, Order::Newest, None, PAGE_MAX + 1)
            .unwrap()
            .items
            .len(),
        120
    );
}

#[test]
fn a_cursor_of_a_block_that_is_not_there_is_refused() {
    let (_folder, index) = uniform();
    let all = Filter::default();
    for block in [0, FIRST - 2, FIRST + 12, BlockNumber::MAX] {
        let cursor = Some(Position { block, index: 0 });
        let error = index
            .extrinsics(&all, Order::Oldest, cursor, 1)
            .unwrap_err();
        assert!(
            matches!(error, ExplorerError::Cursor(at) if at == block),
            "{error}"
        );
    }
}

#[test]
fn blocks_are_found_by_time() {
    let (_folder, index) = uniform();
    let at = |ms| index.block_at(START_MS + ms).unwrap();
    assert_eq!(index.block_at(0).unwrap(), Some(FIRST));
    assert_eq!(
        [at(0), at(1), at(1_000), at(11_000)],
        [0, 1, 1, 11].map(|it| Some(FIRST + it))
    );
    assert_eq!(at(11_001), None);
    assert_eq!(index.time_of(FIRST + 2).unwrap(), Some(START_MS + 2_000));
    assert_eq!(index.time_of(FIRST + 12).unwrap(), None);
    assert_eq!(index.encoded_events(FIRST).unwrap(), Some(vec![7]));
    assert_eq!(index.encoded_events(FIRST - 1).unwrap(), None);
}

#[test]
fn an_empty_index_says_that_it_is_behind() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let error = index
        .extrinsics(&Filter::default(), Order::Newest, None, 1)
        .unwrap_err();
    assert!(matches!(error, ExplorerError::Behind { .. }), "{error}");
    assert_eq!(index.block_at(0).unwrap(), None);
}

#[test]
fn blocks_come_one_after_the_other() {
    let (_folder, index) = uniform();
    let mut writer = index.writer();
    for block in [FIRST, FIRST + 13] {
        assert!(writer.add(block, 0, None, &[]).is_err());
    }
    writer.add(FIRST + 12, 3, None, &[1, 2]).unwrap();
    writer.commit().unwrap();
    // A block that does not decode has its transactions, its place in time and its events.
    let page = index
        .extrinsics(&Filter::default(), Order::Newest, None, 4)
        .unwrap();
    assert_eq!(
        page.items[0],
        Position {
            block: FIRST + 12,
            index: 2
        }
    );
    assert_eq!(
        page.items[3],
        Position {
            block: FIRST + 11,
            index: 9
        }
    );
    assert_eq!(index.time_of(FIRST + 12).unwrap(), Some(START_MS + 11_000));
    assert_eq!(index.encoded_events(FIRST + 12).unwrap(), Some(vec![1, 2]));
}

#[test]
fn what_names_a_thing_alone_is_found_by_whose_it_is() {
    let patient = Entity::Patient(PatientId(7));
    let doctor = Entity::Practitioner(PractitionerId(3));
    let hospital = Entity::Member(MemberId(0));
    let visit = Entity::Appointment(AppointmentId(12));
    let invoice = Entity::Invoice(InvoiceId(4));
    let settlement = Entity::Settlement(SettlementId(9));
    let stranger = Entity::Patient(PatientId(8));
    let told = |event: Name<'static>, mentioned: &[Entity]| Outline {
        time_ms: Some(START_MS),
        extrinsics: vec![OutlinedExtrinsic {
            signer: Some(account(1)),
            nonce: None,
            call: CALLS[0],
            wrapped: Vec::new(),
            succeeded: true,
            entities: BTreeSet::new(),
        }],
        events: vec![OutlinedEvent {
            extrinsic: Some(0),
            event,
            entities: mentioned.iter().copied().collect(),
        }],
    };
    let checked_in = event("Appointments", "CheckedIn");
    let future = Entity::Record(RecordId(40));
    let written = event("Records", "Written");
    let history = [
        told(BOOKED, &[visit, patient, doctor, hospital]),
        told(checked_in, &[visit]),
        told(ISSUED, &[invoice, patient]),
        told(SETTLED, &[invoice, settlement]),
        told(event("Insurance", "Raised"), &[settlement]),
        // Whoever tries to open a record before it is there does not own it.
        told(OPENED, &[stranger, future]),
        told(written, &[future, patient, doctor, hospital]),
        told(OPENED, &[doctor, future]),
    ];
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    fill(&index, &history);
    let found = |entities: &[Entity]| -> Vec<BlockNumber> {
        let filter = Filter {
            entities: entities.to_vec(),
            ..Filter::default()
        };
        let page = index.extrinsics(&filter, Order::Oldest, None, PAGE_MAX);
        let blocks = page.unwrap().items.into_iter();
        blocks.map(|it| it.block - FIRST).collect()
    };
    assert_eq!(found(&[patient]), [0, 1, 2, 3, 4, 6, 7]);
    // Only what names those who treat, who may change.
    assert_eq!(found(&[doctor]), [0, 6, 7]);
    assert_eq!(found(&[hospital, patient]), [0, 6]);
    assert_eq!(found(&[stranger]), [5]);
    assert_eq!(found(&[settlement]), [3, 4]);
    // An index that is opened again goes on knowing it.
    drop(index);
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let mut writer = index.writer();
    let next = FIRST + history.len() as u32;
    writer
        .add(next, 1, Some(&told(checked_in, &[settlement])), &[7])
        .unwrap();
    writer.commit().unwrap();
    let filter = Filter {
        entities: vec![patient],
        from_block: Some(next),
        ..Filter::default()
    };
    let page = index
        .events(&filter, Order::Newest, None, PAGE_MAX)
        .unwrap();
    assert_eq!(page.items.len(), 1);
}
