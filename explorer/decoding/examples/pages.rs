//! How long it takes to read a page of operations out of their blocks, each of another block.
//!
//! ```sh
//! cargo run --release -p xinglin-decoding --example pages -- [TRANSACTIONS PER BLOCK] [ITEMS]
//! ```
#![allow(clippy::unwrap_used, reason = "it ends with the reason")]

use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use frame_system::{EventRecord, Phase};
use sp_core::{sr25519, Pair};
use xinglin_decoding::{Schema, METADATA_VERSION};
use xinglin_primitives::{
    AccountId, AppointmentId, Hash, MemberId, PatientId, PractitionerId, ScheduleId,
};
use xinglin_runtime::{native, RuntimeEvent};

/// Pages that are read.
const PAGES: usize = 200;

fn schema() -> Schema {
    let mut ext = sp_io::TestExternalities::default();
    let call = || native::call("Metadata_metadata_at_version", &METADATA_VERSION.encode());
    let answer = ext.execute_with(call).unwrap();
    let metadata = Option::<Vec<u8>>::decode(&mut &answer[..]).unwrap();
    Schema::read(&metadata.unwrap()).unwrap()
}

/// A block of bookings, with the events that each has.
fn block(transactions: u32) -> (Vec<Vec<u8>>, Vec<u8>) {
    let pair = sr25519::Pair::from_seed(&[1; 32]);
    let account = AccountId::from(pair.public());
    let inherent = native::DecodedExtrinsic::encode(native::timestamp_inherent(1));
    let mut body = vec![inherent.unwrap().bytes().to_vec()];
    let mut events = Vec::new();
    for index in 1..=transactions {
        let patient = PatientId(index.into());
        let call = pallet_appointments::Call::book {
            patient,
            schedule: ScheduleId(0),
            slot: 3,
            waitlist: false,
            pre_visit_grant: None,
        };
        let sign = |payload: &[u8]| pair.sign(payload).into();
        let signed = native::sign(
            call.into(),
            account.clone(),
            index,
            Hash::zero(),
            None,
            sign,
        );
        let signed = native::DecodedExtrinsic::encode(signed).unwrap();
        body.push(signed.bytes().to_vec());
        let booked = pallet_appointments::Event::Booked {
            appointment: AppointmentId(index.into()),
            patient,
            practitioner: PractitionerId(3),
            member: MemberId(2),
            schedule: ScheduleId(0),
            slot: 3,
            by: account.clone(),
        };
        let succeeded = frame_system::Event::ExtrinsicSuccess {
            dispatch_info: Default::default(),
        };
        for event in [RuntimeEvent::from(booked), succeeded.into()] {
            events.push(EventRecord::<RuntimeEvent, Hash> {
                phase: Phase::ApplyExtrinsic(index),
                event,
                topics: Vec::new(),
            });
        }
    }
    (body, events.encode())
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|it| it.parse().unwrap());
    let transactions: u32 = arguments.next().unwrap_or(100);
    let items: u32 = arguments.next().unwrap_or(20);
    let schema = schema();
    let (body, events) = block(transactions);
    let mut times: Vec<Duration> = (0..PAGES)
        .map(|page| {
            let started = Instant::now();
            for item in 0..items {
                let wanted = 1 + (page as u32 * items + item) % transactions;
                let read = schema.operations_of(&body, &events, &[wanted].into());
                assert_eq!(read.unwrap().extrinsics.len(), 1);
            }
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{items} operations out of {items} blocks of {transactions}: p50 {:?}, p99 {:?}",
        times[PAGES / 2],
        times[PAGES * 99 / 100],
    );
}
