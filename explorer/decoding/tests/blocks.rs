//! Blocks of the real runtime, read by its metadata.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use codec::{Compact, Decode, Encode};
use frame_support::storage::storage_prefix;
use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_records::types::{ContentKind, NewRecord, Reader, SealedKey, SEALED_KEY_BYTES};
use serde_json::json;
use sp_core::{storage::well_known_keys::CODE, Pair};
use sp_io::{hashing::blake2_256, TestExternalities};
use sp_runtime::{generic::Era, traits::Header as _, StateVersion};
use xinglin_decoding::{
    DecodeError, DecodedBlock, DecodedEvent, Name, Outcome, Schema, BYTES_WHOLE_MAX,
    CALL_DEPTH_MAX, METADATA_VERSION,
};
use xinglin_primitives::{
    receipt::extrinsic_hash,
    time::{Date, DAY_MS},
    AppointmentId, CoverageId, DepartmentId, Entity, Hash, Header, MemberId, PatientId,
    PractitionerId, RecordId, ScheduleId,
};
use xinglin_runtime::{
    genesis::{self, dev},
    native::{self, DecodedExtrinsic},
    RuntimeCall,
};

/// 2025-06-02, 08:00 in UTC+8.
const START_MS: u64 = 1_748_822_400_000;
const PATIENT: &str = "//Alice//patient//1";
/// The author of records, at the clinic.
const AUTHOR: &str = "//Bob//doctor//1";

/// A chain of one node.
struct Chain {
    ext: TestExternalities,
    genesis: Hash,
    tip: Header,
    now_ms: u64,
}

/// A block as the node has it.
struct Made {
    body: Vec<Vec<u8>>,
    events: Vec<u8>,
}

impl Chain {
    fn new() -> Self {
        let storage = genesis::build(&genesis::config(genesis::DEV).unwrap()).unwrap();
        let code = storage.top[CODE].clone();
        let mut ext = TestExternalities::new_with_code_and_state(&code, storage, StateVersion::V1);
        ext.commit_all().unwrap();
        let root = *ext.backend.root();
        let no_extrinsics = xinglin_primitives::receipt::extrinsics_root(Vec::new());
        let tip = Header::new(0, no_extrinsics, root, Hash::zero(), Default::default());
        Self {
            ext,
            genesis: tip.hash(),
            tip,
            now_ms: START_MS,
        }
    }

    fn sign(&self, path: &str, nonce: u32, call: impl Into<RuntimeCall>) -> DecodedExtrinsic {
        let pair = dev::key_pair(path);
        let account = dev::account(path);
        let at: Option<(Era, Hash)> = None;
        let signed = native::sign(call.into(), account, nonce, self.genesis, at, |payload| {
            pair.sign(payload).into()
        });
        DecodedExtrinsic::encode(signed).unwrap()
    }

    fn block(&mut self, transactions: Vec<DecodedExtrinsic>) -> Made {
        self.now_ms += 1_000;
        let header = Header::new(
            self.tip.number() + 1,
            Hash::zero(),
            Hash::zero(),
            self.tip.hash(),
            native::digest_of(&dev::account("//Alice")),
        );
        let time = DecodedExtrinsic::encode(native::timestamp_inherent(self.now_ms)).unwrap();
        let mut body = vec![time];
        body.extend(transactions);
        let (tip, events) = self.ext.execute_with(|| {
            native::initialize_block(&header).unwrap();
            for extrinsic in &body {
                // What the rules refuse is in the block, too.
                native::apply(extrinsic, None).unwrap().ok();
            }
            let tip = native::finalize_block().unwrap();
            let events = sp_io::storage::get(&storage_prefix(b"System", b"Events"));
            (tip, events.unwrap_or_default().to_vec())
        });
        self.ext.commit_all().unwrap();
        self.tip = tip;
        Made {
            body: body.iter().map(|it| it.bytes().to_vec()).collect(),
            events,
        }
    }
}

fn schema() -> Schema {
    let mut chain = Chain::new();
    let call = || native::call("Metadata_metadata_at_version", &METADATA_VERSION.encode());
    let answer = chain.ext.execute_with(call).unwrap();
    let metadata = Option::<Vec<u8>>::decode(&mut &answer[..]).unwrap();
    Schema::read(&metadata.unwrap()).unwrap()
}

fn remark(bytes: usize) -> RuntimeCall {
    let remark = vec![7; bytes];
    frame_system::Call::remark { remark }.into()
}

fn transfer(to: &str, fen: u128) -> RuntimeCall {
    pallet_balances::Call::transfer_allow_death {
        dest: dev::account(to).into(),
        value: fen,
    }
    .into()
}

fn schedule() -> RuntimeCall {
    let schedule = NewSchedule {
        practitioner: PractitionerId(0),
        department: DepartmentId(1),
        kind: VisitKind::First,
        start: START_MS + DAY_MS,
        slot_minutes: 15,
        slots: 8,
        capacity: 1,
        fee_fen: 2_500,
    };
    pallet_appointments::Call::publish_schedule { schedule }.into()
}

fn rules(from: Date) -> RuntimeCall {
    let rules = genesis::DEV_RULES;
    pallet_appointments::Call::publish_rules { from, rules }.into()
}

fn book(patient: u64) -> RuntimeCall {
    pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot: 3,
        waitlist: false,
        pre_visit_grant: None,
    }
    .into()
}

fn write(bytes: usize) -> RuntimeCall {
    let ciphertext = vec![9; bytes];
    let key = SealedKey([7; SEALED_KEY_BYTES]);
    pallet_records::Call::write {
        record: NewRecord {
            patient: PatientId(0),
            author: PractitionerId(2),
            member: MemberId(1),
            visit: None,
            kind: ContentKind::Encounter,
        },
        content_hash: blake2_256(&ciphertext).into(),
        ciphertext: ciphertext.try_into().unwrap(),
        keys: vec![
            (Reader::Patient, key),
            (Reader::Practitioner(PractitionerId(2)), key),
            (Reader::Member(MemberId(1)), key),
        ]
        .try_into()
        .unwrap(),
    }
    .into()
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
    pallet_utility::Call::batch { calls }.into()
}

fn in_the_name_of(real: &str, call: RuntimeCall) -> RuntimeCall {
    pallet_proxy::Call::proxy {
        real: dev::account(real).into(),
        force_proxy_type: None,
        call: Box::new(call),
    }
    .into()
}

fn name(pallet: &'static str, name: &'static str) -> Name<'static> {
    Name { pallet, name }
}

/// The outline says the same as the block in full.
fn read(schema: &Schema, made: &Made) -> DecodedBlock {
    let block = schema.block(&made.body, &made.events).unwrap();
    let outline = schema.outline(&made.body, &made.events).unwrap();
    assert_eq!(outline.time_ms, block.time_ms);
    assert_eq!(outline.extrinsics.len(), block.extrinsics.len());
    for (short, full) in outline.extrinsics.iter().zip(&block.extrinsics) {
        assert_eq!(
            short.call,
            Name {
                pallet: &full.pallet,
                name: &full.call
            }
        );
        assert_eq!(short.succeeded, full.outcome == Outcome::Success);
        assert_eq!(short.entities, full.entities);
        assert_eq!((&short.signer, short.nonce), (&full.signer, full.nonce));
    }
    for (short, full) in outline.events.iter().zip(&block.events) {
        assert_eq!(
            short.event,
            Name {
                pallet: &full.pallet,
                name: &full.event
            }
        );
        assert_eq!(short.entities, full.entities);
    }
    block
}

#[test]
fn a_booking_is_found_by_whom_and_what_it_concerns() {
    let schema = schema();
    let mut chain = Chain::new();
    chain.block(vec![chain.sign("//Alice", 0, schedule())]);
    let booked = chain.sign(PATIENT, 0, book(0));
    let hash = extrinsic_hash(booked.bytes());
    let made = chain.block(vec![booked]);
    let block = read(&schema, &made);

    assert_eq!(block.time_ms, Some(chain.now_ms));
    let [time, booking] = &block.extrinsics[..] else {
        panic!("{:?}", block.extrinsics);
    };
    assert_eq!((&*time.pallet, &*time.call), ("Timestamp", "set"));
    assert_eq!((&time.signer, time.nonce), (&None, None));
    assert_eq!(booking.hash, hash);
    assert_eq!(booking.signer, Some(dev::account(PATIENT)));
    assert_eq!(booking.nonce, Some(0));
    assert_eq!((&*booking.pallet, &*booking.call), ("Appointments", "book"));
    assert_eq!(booking.arguments["patient"], json!(0));
    assert_eq!(booking.arguments["pre_visit_grant"], json!(null));
    assert_eq!(booking.outcome, Outcome::Success);
    // The call names the patient, its event the appointment.
    for entity in [
        Entity::Patient(PatientId(0)),
        Entity::Appointment(AppointmentId(0)),
    ] {
        assert!(booking.entities.contains(&entity), "{entity}");
    }
    let booked = |event: &&xinglin_decoding::DecodedEvent| event.pallet == "Appointments";
    let event = block.events.iter().find(booked).unwrap();
    assert_eq!(event.extrinsic, Some(1));
    assert!(event
        .entities
        .contains(&Entity::Appointment(AppointmentId(0))));
    assert!(event.fields.is_object());
}

#[test]
fn calls_within_calls_and_what_they_mention_are_found() {
    let schema = schema();
    let mut chain = Chain::new();
    let proxy = in_the_name_of(PATIENT, batch(vec![book(7), remark(3)]));
    let nested = batch(vec![
        remark(1),
        batch(vec![write(40), transfer("//Bob", 5)]),
        proxy,
    ]);
    let made = chain.block(vec![chain.sign(AUTHOR, 0, nested)]);
    let block = read(&schema, &made);
    let batch = &block.extrinsics[1];
    let wrapped: Vec<_> = batch
        .wrapped
        .iter()
        .map(|(pallet, call)| format!("{pallet}.{call}"))
        .collect();
    assert_eq!(
        wrapped,
        [
            "System.remark",
            "Utility.batch",
            "Records.write",
            "Balances.transfer_allow_death",
            "Proxy.proxy",
            "Utility.batch",
            "Appointments.book",
            "System.remark",
        ]
    );
    let mentioned = BTreeSet::from([
        Entity::Member(MemberId(1)),
        Entity::Practitioner(PractitionerId(2)),
        Entity::Patient(PatientId(0)),
        Entity::Patient(PatientId(7)),
        Entity::Record(RecordId(0)),
    ]);
    assert!(
        batch.entities.is_superset(&mentioned),
        "{:?}",
        batch.entities
    );
    let outline = schema.outline(&made.body, &made.events).unwrap();
    assert_eq!(outline.extrinsics[1].wrapped[2], name("Records", "write"));
}

#[test]
fn a_refused_call_has_the_name_of_its_error() {
    let schema = schema();
    let mut chain = Chain::new();
    let made = chain.block(vec![
        chain.sign("//Bob", 0, transfer("//Alice", u128::MAX)),
        chain.sign("//Bob", 1, book(5)),
        chain.sign("//Bob", 2, batch(vec![remark(1), book(5), remark(2)])),
    ]);
    let block = read(&schema, &made);
    let outcomes: Vec<_> = block.extrinsics.iter().map(|it| &it.outcome).collect();
    let [time, transfer, booking, batch] = outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(*time, Outcome::Success);
    assert!(
        matches!(transfer, Outcome::Error { error, .. } if error.contains("Funds") || error.contains("Arithmetic")),
        "{transfer:?}"
    );
    let Outcome::Error { pallet, error } = booking else {
        panic!("{booking:?}");
    };
    assert_eq!(pallet.as_deref(), Some("Appointments"));
    // The batch ends there without failing, and its event says why.
    assert_eq!(*batch, Outcome::Success);
    let interrupted = block
        .events
        .iter()
        .find(|it| it.event == "BatchInterrupted")
        .unwrap();
    let expected = json!({ "index": 1, "error": format!("Appointments.{error}") });
    assert_eq!(interrupted.fields, expected);
}

#[test]
fn long_byte_strings_are_given_by_length_and_hash() {
    let schema = schema();
    let mut chain = Chain::new();
    for (nonce, bytes) in [(0, BYTES_WHOLE_MAX), (1, BYTES_WHOLE_MAX + 1)] {
        let made = chain.block(vec![chain.sign(AUTHOR, nonce, write(bytes))]);
        let block = read(&schema, &made);
        let ciphertext = &block.extrinsics[1].arguments["ciphertext"];
        if bytes > BYTES_WHOLE_MAX {
            let hash = format!("{:?}", Hash::from(blake2_256(&vec![9; bytes])));
            assert_eq!(*ciphertext, json!({ "bytes": bytes, "blake2_256": hash }));
        } else {
            assert_eq!(ciphertext.as_str().unwrap().len(), 2 + 2 * bytes);
        }
    }
}

#[test]
fn calls_as_deep_as_the_runtime_takes_them_are_read_and_deeper_ones_refused() {
    let schema = schema();
    let chain = Chain::new();
    let nested = |depth| (1..depth).fold(remark(1), |call, _| batch(vec![call]));
    // A vector counts once for the runtime's decoder.
    let deepest = chain.sign("//Alice", 0, nested(CALL_DEPTH_MAX / 2));
    let outline = schema.outline(&[deepest.bytes()], &[]).unwrap();
    assert_eq!(
        outline.extrinsics[0].wrapped.len() as u32,
        CALL_DEPTH_MAX / 2 - 1
    );

    let too_deep = unsigned(&nested(CALL_DEPTH_MAX + 1).encode());
    let error = schema.outline(&[too_deep], &[]).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
}

/// An unsigned transaction of format 5 with these bytes as its call.
fn unsigned(call: &[u8]) -> Vec<u8> {
    let inner = [&[5], call].concat();
    [Compact(inner.len() as u32).encode(), inner].concat()
}

#[test]
fn bytes_that_are_no_block_are_an_error() {
    let schema = schema();
    let mut chain = Chain::new();
    let made = chain.block(vec![
        chain.sign(AUTHOR, 0, write(40)),
        chain.sign("//Bob", 0, batch(vec![book(5), transfer("//Alice", 1)])),
    ]);
    for (index, whole) in made.body.iter().enumerate() {
        for length in 0..whole.len() {
            let mut body = made.body.clone();
            body[index].truncate(length);
            let error = schema.block(&body, &made.events).unwrap_err();
            let DecodeError::Extrinsic { index: found, .. } = error else {
                panic!("{error}");
            };
            assert_eq!(found, index);
        }
    }
    for length in 1..made.events.len() {
        let events = &made.events[..length];
        assert!(schema.block(&made.body, events).is_err());
        // Nor if nobody wants to know what they say.
        assert!(schema
            .events_of(&made.body, events, &BTreeSet::new())
            .is_err());
    }
    // Any byte may be wrong: an error or another meaning, never a panic.
    for index in 0..made.events.len() {
        for flip in [1, 0x80, 0xff] {
            let mut events = made.events.clone();
            events[index] ^= flip;
            schema.block(&made.body, &events).ok();
        }
    }
    for index in 0..made.body[2].len() {
        for flip in [1, 0x80, 0xff] {
            let mut body = made.body.clone();
            body[2][index] ^= flip;
            schema.block(&body, &made.events).ok();
        }
    }
    let fewer = schema.block(&made.body[..1], &made.events).unwrap_err();
    assert!(matches!(fewer, DecodeError::Events(_)), "{fewer}");
    let error = schema.outline(&[unsigned(&[250, 0])], &[]).unwrap_err();
    assert!(error.to_string().contains("pallet 250"), "{error}");
    assert!(Schema::read(b"meta").is_none());
}

#[test]
fn parts_of_a_block_are_what_they_are_in_the_whole() {
    let schema = schema();
    let mut chain = Chain::new();
    let made = chain.block(vec![
        chain.sign(AUTHOR, 0, write(40)),
        chain.sign("//Bob", 0, batch(vec![book(5), transfer("//Alice", 1)])),
    ]);
    let whole = schema.block(&made.body, &made.events).unwrap();
    for index in 0..whole.extrinsics.len() {
        let wanted = [index as u32].into();
        let part = schema.operations_of(&made.body, &made.events, &wanted);
        let part = part.unwrap();
        assert_eq!(part.time_ms, whole.time_ms);
        assert_eq!(part.extrinsics, whole.extrinsics[index..=index]);
        let of_it = |event: &&DecodedEvent| event.extrinsic == Some(index as u32);
        let events: Vec<_> = whole.events.iter().filter(of_it).cloned().collect();
        assert!(!events.is_empty());
        assert_eq!(part.events, events);
    }
    let last = whole.events.len() - 1;
    let wanted = [0, last as u32].into();
    let part = schema.events_of(&made.body, &made.events, &wanted).unwrap();
    assert!(part.extrinsics.is_empty());
    assert_eq!(
        part.events,
        [whole.events[0].clone(), whole.events[last].clone()]
    );
}

#[test]
fn times_in_calls_and_events_are_iso_8601() {
    let schema = schema();
    let mut chain = Chain::new();
    let made = chain.block(vec![
        chain.sign("//Alice", 0, schedule()),
        chain.sign("//Alice", 1, batch(vec![rules(Date(20_243))])),
    ]);
    let block = read(&schema, &made);
    let [time, schedule, rules] = &block.extrinsics[..] else {
        panic!("{:?}", block.extrinsics);
    };
    // In the block's time of its own, in a struct, and in a call within another.
    assert_eq!(time.arguments, json!({ "now": "2025-06-02T00:00:01.000Z" }));
    let schedule = &schedule.arguments["schedule"];
    assert_eq!(schedule["start"], "2025-06-03T00:00:00.000Z");
    assert_eq!(schedule["slot_minutes"], 15);
    let rules = &rules.arguments["calls"][0]["Appointments"]["publish_rules"];
    assert_eq!(rules["from"], "2025-06-04");
    assert_eq!(rules["rules"]["period_days"], 180);
    for (name, field, expected) in [
        ("SchedulePublished", "start", "2025-06-03T00:00:00.000Z"),
        ("RulesPublished", "from", "2025-06-04"),
    ] {
        let event = block.events.iter().find(|it| it.event == name).unwrap();
        assert_eq!(event.fields[field], expected);
    }
}

/// The arguments of a call that is given by its encoding.
fn arguments(call: &[u8]) -> (String, serde_json::Value) {
    let block = schema().block(&[unsigned(call)], &[]).unwrap();
    let extrinsic = &block.extrinsics[0];
    let name = format!("{}.{}", extrinsic.pallet, extrinsic.call);
    (name, extrinsic.arguments.clone())
}

#[test]
fn dates_are_shown_in_options_and_pairs_as_far_as_they_have_a_year_of_four_digits() {
    for (until, expected) in [
        (Some(Date(20_241)), json!("2025-06-02")),
        (Some(Date(u32::MAX)), json!(u32::MAX)),
        (None, json!(null)),
    ] {
        let (name, arguments) = arguments(&(43u8, 5u8, CoverageId(7), until).encode());
        assert_eq!(name, "Insurance.set_coverage_end");
        assert_eq!(arguments, json!({ "coverage": 7, "until": expected }));
    }
    let nothing = Vec::<u8>::new;
    let (patient, visit, setting) = (PatientId(3), None::<AppointmentId>, 0u8);
    let (service, lines, total_fen) = ((Date(20_241), Date(20_242)), nothing(), Compact(0u128));
    let (envelope_hash, readers, envelope) = (Hash::zero(), nothing(), nothing());
    let invoice = (patient, visit, setting, service, lines, total_fen);
    let call = (42u8, 8u8, invoice, (envelope_hash, readers), envelope);
    let (name, arguments) = arguments(&call.encode());
    assert_eq!(name, "Payments.issue_invoice");
    let service = &arguments["invoice"]["service"];
    assert_eq!(*service, json!(["2025-06-02", "2025-06-03"]));
}

#[test]
fn the_names_are_those_of_the_metadata() {
    let schema = schema();
    let booking = Name {
        pallet: "Appointments",
        name: "book",
    };
    assert_eq!(
        schema.call_names().filter(|name| *name == booking).count(),
        1
    );
    assert!(schema
        .event_names()
        .any(|name| name.name == "ExtrinsicFailed"));
}
