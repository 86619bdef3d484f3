//! How fast an index fills, and how soon it has the first page of each kind of question.
//!
//! ```sh
//! cargo run --release -p xinglin-index --example search -- 10000000   # transactions, made up
//! ```
//!
//! Each transaction has a signer, a call, two events and eight mentions of a member, a practitioner, a
//! patient and an appointment, of which some occur in half of all and some twice. The questions are
//! the indexed ones and combinations of a frequent with a rare condition, newest and oldest first,
//! each about something drawn at random.

#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]

use std::{collections::BTreeSet, error::Error, sync::Arc, time::Instant};

use codec::{Decode, Encode};
use hdrhistogram::Histogram;
use rand::{rngs::StdRng, Rng, SeedableRng};
use sp_core::storage::well_known_keys::CODE;
use sp_io::TestExternalities;
use sp_runtime::StateVersion;
use xinglin_core::{Explorer, Filter, Order, Outcome, Position};
use xinglin_decoding::{Name, Outline, OutlinedEvent, OutlinedExtrinsic, Schema, METADATA_VERSION};
use xinglin_index::{Index, IndexConfig};
use xinglin_primitives::{
    AccountId, AppointmentId, BlockNumber, Entity, Hash, MemberId, PatientId, PractitionerId,
};
use xinglin_runtime::{genesis, native};

#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests use all of it, and fail by panicking"
)]
#[path = "../tests/index/support/chain.rs"]
mod chain;

const TRANSACTIONS_DEFAULT: u64 = 10_000_000;
const PER_BLOCK: u64 = 1_000;
const BLOCKS_PER_WRITE: u64 = 4;
const QUESTIONS: usize = 400;
const PAGE: u32 = 50;
const SEED: u64 = 7;
const START_MS: u64 = 1_748_822_400_000;
/// Events of a block, encoded, take about so many bytes for each transaction.
const EVENT_BYTES: usize = 300;
const CALLS: [(Name<'static>, Name<'static>); 4] = [
    (name("Appointments", "book"), name("Appointments", "Booked")),
    (name("Records", "write"), name("Records", "Written")),
    (name("Payments", "pay"), name("Payments", "Paid")),
    (name("Insurance", "settle"), name("Insurance", "Settled")),
];
const SUCCESS: Name<'static> = name("System", "ExtrinsicSuccess");
const FAILED: Name<'static> = name("System", "ExtrinsicFailed");

const fn name(pallet: &'static str, name: &'static str) -> Name<'static> {
    Name { pallet, name }
}

/// What there is: few members, many patients.
struct World {
    random: StdRng,
    transactions: u64,
}

impl World {
    fn member(&mut self) -> Entity {
        // Half of everything happens in one hospital.
        let any = self.random.gen_range(1..100);
        Entity::Member(MemberId(if self.random.gen() { 0 } else { any }))
    }

    fn practitioner(&mut self) -> Entity {
        Entity::Practitioner(PractitionerId(self.random.gen_range(0..5_000)))
    }

    fn patient(&mut self) -> u64 {
        self.random.gen_range(0..(self.transactions / 20).max(1))
    }

    fn appointment(&mut self) -> Entity {
        Entity::Appointment(AppointmentId(
            self.random.gen_range(0..(self.transactions / 4).max(1)),
        ))
    }

    fn call(&mut self) -> (Name<'static>, Name<'static>) {
        CALLS[self.random.gen_range(0..CALLS.len())]
    }

    fn account(patient: u64) -> AccountId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&patient.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        AccountId::new(bytes)
    }

    fn block(&mut self, number: u64) -> Outline<'static> {
        let mut outline = Outline {
            time_ms: Some(START_MS + number * 250),
            ..Outline::default()
        };
        for index in 0..u32::try_from(PER_BLOCK).unwrap_or(u32::MAX) {
            let patient = self.patient();
            let (call, event) = self.call();
            let succeeded = self.random.gen_range(0..50) > 0;
            let entities = BTreeSet::from([
                self.member(),
                self.practitioner(),
                Entity::Patient(PatientId(patient)),
                self.appointment(),
            ]);
            let done = OutlinedEvent {
                extrinsic: Some(index),
                event,
                entities: entities.clone(),
            };
            let end = OutlinedEvent {
                extrinsic: Some(index),
                event: if succeeded { SUCCESS } else { FAILED },
                entities: BTreeSet::new(),
            };
            outline.events.extend(succeeded.then_some(done));
            outline.events.push(end);
            outline.extrinsics.push(OutlinedExtrinsic {
                signer: Some(Self::account(patient)),
                nonce: None,
                call,
                wrapped: Vec::new(),
                succeeded,
                entities,
            });
        }
        outline
    }

    fn questions(&mut self) -> Vec<(&'static str, Filter)> {
        let any = Filter::default;
        let of = |entities: Vec<Entity>| Filter { entities, ..any() };
        let patient = self.patient();
        let (call, event) = self.call();
        let (text, pallet) = (str::to_owned, call.pallet.to_owned());
        let from_ms = START_MS + self.random.gen_range(0..self.transactions / 4 + 1);
        vec![
            ("all", any()),
            (
                "signer",
                Filter {
                    signer: Some(Self::account(patient)),
                    ..any()
                },
            ),
            (
                "pallet",
                Filter {
                    pallet: Some(pallet.clone()),
                    ..any()
                },
            ),
            (
                "call",
                Filter {
                    pallet: Some(pallet.clone()),
                    call: Some(text(call.name)),
                    ..any()
                },
            ),
            (
                "event",
                Filter {
                    event_pallet: Some(text(event.pallet)),
                    event: Some(text(event.name)),
                    ..any()
                },
            ),
            (
                "refused",
                Filter {
                    outcome: Some(Outcome::Error),
                    ..any()
                },
            ),
            (
                "time",
                Filter {
                    from_ms: Some(from_ms),
                    before_ms: Some(from_ms + 60_000),
                    ..any()
                },
            ),
            ("member", of(vec![self.member()])),
            ("practitioner", of(vec![self.practitioner()])),
            ("patient", of(vec![Entity::Patient(PatientId(patient))])),
            ("appointment", of(vec![self.appointment()])),
            (
                "patient, member, call",
                Filter {
                    pallet: Some(pallet.clone()),
                    call: Some(text(call.name)),
                    ..of(vec![Entity::Patient(PatientId(patient)), self.member()])
                },
            ),
            (
                "practitioner, member, refused",
                Filter {
                    outcome: Some(Outcome::Error),
                    ..of(vec![self.practitioner(), self.member()])
                },
            ),
            (
                "practitioner, hospital, pallet, time",
                Filter {
                    pallet: Some(pallet),
                    from_ms: Some(from_ms),
                    ..of(vec![self.practitioner(), Entity::Member(MemberId(0))])
                },
            ),
        ]
    }
}

fn schema() -> Result<Schema, Box<dyn Error>> {
    let storage = genesis::build(&genesis::config(genesis::DEV).ok_or("no preset")?)?;
    let code = storage.top.get(CODE).cloned().unwrap_or_default();
    let mut ext = TestExternalities::new_with_code_and_state(&code, storage, StateVersion::V1);
    let call = || native::call("Metadata_metadata_at_version", &METADATA_VERSION.encode());
    let answer = ext.execute_with(call).map_err(|error| error.to_string())?;
    let metadata = Option::<Vec<u8>>::decode(&mut &answer[..])?;
    let schema = metadata.and_then(|metadata| Schema::read(&metadata));
    Ok(schema.ok_or("no metadata")?)
}

fn fill(index: &Index, world: &mut World) -> Result<(), Box<dyn Error>> {
    let blocks = world.transactions / PER_BLOCK;
    let events = vec![7; EVENT_BYTES * PER_BLOCK as usize];
    let mut number = 0;
    let (mut busy, mut entries) = (std::time::Duration::ZERO, 0);
    while number < blocks {
        let group: Vec<_> = (0..BLOCKS_PER_WRITE)
            .map(|at| world.block(number + at))
            .collect();
        let started = Instant::now();
        let mut writer = index.writer();
        for outline in &group {
            number += 1;
            let count = outline.extrinsics.len();
            writer.add(
                BlockNumber::try_from(number)?,
                count,
                Some(outline),
                &events,
            )?;
        }
        entries += writer.entries();
        writer.commit()?;
        busy += started.elapsed();
    }
    let each = busy / u32::try_from(number * PER_BLOCK)?;
    println!(
        "{} transactions, {entries} entries: {each:?} for each transaction",
        number * PER_BLOCK
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let transactions = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => TRANSACTIONS_DEFAULT,
    };
    let folder = tempfile::tempdir()?;
    let (path, questions) = (folder.path().join("index"), folder.path().join("questions"));
    let config = IndexConfig::new(path, questions, "bench", Hash::zero());
    let chain = chain::FakeChain::new(Vec::new());
    let index = Index::open(&config, chain, Arc::new(schema()?))?;
    let mut world = World {
        random: StdRng::seed_from_u64(SEED),
        transactions,
    };
    fill(&index, &mut world)?;

    let kinds: Vec<_> = world
        .questions()
        .into_iter()
        .map(|(what, _)| what)
        .collect();
    println!("| first page of {PAGE} | found, median | p50 | p99 | most |");
    println!("|---|---|---|---|---|");
    for (at, what) in kinds.iter().enumerate() {
        let (mut micros, mut found) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
        for round in 0..QUESTIONS {
            let (_, filter) = world.questions().swap_remove(at);
            let order = if round % 2 == 0 {
                Order::Newest
            } else {
                Order::Oldest
            };
            let none: Option<Position> = None;
            let started = Instant::now();
            let page = match round % 4 < 2 {
                true => index.extrinsics(&filter, order, none, PAGE)?,
                false => index.events(&filter, order, none, PAGE)?,
            };
            micros.record(u64::try_from(started.elapsed().as_micros())?)?;
            found.record(page.items.len() as u64)?;
        }
        let ms = |micros: u64| micros as f64 / 1_000.0;
        println!(
            "| {what} | {} | {:.2} ms | {:.2} ms | {:.2} ms |",
            found.value_at_quantile(0.5),
            ms(micros.value_at_quantile(0.5)),
            ms(micros.value_at_quantile(0.99)),
            ms(micros.max())
        );
    }
    Ok(())
}
