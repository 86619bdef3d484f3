//! The plan, and every call of it on the runtime itself.

use std::collections::{HashMap, HashSet};

use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable},
    BuildStorage,
};
use sp_state_machine::TestExternalities;
use xinglin_runtime::{genesis, Runtime, RuntimeOrigin};

use super::*;

/// 2026-11-23, 16:00 UTC: in China it is the next day.
const NOW: Moment = 1_795_449_600_000;

/// A plan of so many acts, with no more patients than it needs.
fn plan(count: u32) -> Clinic {
    let crowd = Crowd {
        first_patient: 15,
        first_doctor: 3,
        first_schedule: 0,
        first_coverage: 0,
        patients: patients(count),
    };
    Clinic::plan(crowd, count, NOW).expect("a plan")
}

#[test]
fn the_shares_are_those_of_the_mix() {
    let mut counts = HashMap::new();
    for deed in deeds(600) {
        *counts.entry(std::mem::discriminant(&deed)).or_insert(0) += 1;
    }
    let count = |deed| counts[&std::mem::discriminant(&deed)];
    for visit in [Deed::Book(0), Deed::Confirm(0), Deed::CheckIn(0)] {
        assert_eq!(count(visit), 80);
    }
    for bill in [Deed::Charge(0), Deed::Pay(0), Deed::Settle(0)] {
        assert_eq!(count(bill), 60);
    }
    assert_eq!(count(Deed::Write(0)), 150);
    assert_eq!(count(Deed::Share(0)), 30);
}

#[test]
fn each_signer_counts_from_zero_through_prologue_and_measured_acts() {
    let clinic = plan(3_000);
    let mut next: HashMap<Signer, Nonce> = HashMap::new();
    for step in clinic.prologue.iter().chain(&clinic.measured) {
        let expected = next.entry(step.signer).or_default();
        assert_eq!(step.nonce, *expected, "{step:?}");
        *expected += 1;
    }
}

#[test]
fn what_is_needed_is_made_before_and_once() {
    let clinic = plan(3_000);
    let made: HashSet<_> = clinic.prologue.iter().map(|step| step.deed).collect();
    assert_eq!(made.len(), clinic.prologue.len());
    let needed: HashSet<_> = clinic
        .measured
        .iter()
        .filter_map(|step| step.deed.needs())
        .collect();
    assert_eq!(made, needed);
    assert!(clinic
        .measured
        .iter()
        .all(|step| !made.contains(&step.deed)));
}

#[test]
fn visits_have_different_patients_and_neighbours_different_doctors() {
    let clinic = plan(30_000);
    let numbers = 0..patients(30_000);
    let seen: HashSet<_> = numbers.clone().map(|n| clinic.patient(n)).collect();
    assert_eq!(seen.len(), numbers.len());
    let doctor = |n| clinic.crowd.doctor_of(clinic.patient(n));
    assert!((1..1_000).all(|n| doctor(n) != doctor(n - 1)));
}

#[test]
fn the_runtime_takes_every_act() {
    const ACTS: u32 = 120;
    let mut config = genesis::config(genesis::LOCAL).expect("a preset");
    let crowd = Crowd::join(&mut config, patients(ACTS), NOW);
    crowd.open_clinic(&mut config, NOW);
    let clinic = Clinic::plan(crowd, ACTS, NOW).expect("a plan");
    let storage = config.build_storage().expect("a genesis");
    TestExternalities::<BlakeTwo256>::new(storage).execute_with(|| {
        frame_system::Pallet::<Runtime>::set_block_number(1);
        pallet_timestamp::Now::<Runtime>::put(NOW);
        let perform = |steps: &[Step], ids: &Ids| {
            for step in steps {
                let act = clinic.act(*step, ids).expect("a call");
                let origin = RuntimeOrigin::signed(act.signer.account());
                let done = act.call.dispatch(origin);
                assert!(done.is_ok(), "{step:?}: {:?}", done.err());
            }
        };
        perform(&clinic.prologue, &Ids::default());
        perform(&clinic.measured, &ids_of_the_state());
        let settled = pallet_insurance::Settlements::<Runtime>::iter().count();
        assert_eq!(settled, 12, "a settlement was put to the insurer first");
    });
}

/// What [`Ids::read`] reads from a node.
fn ids_of_the_state() -> Ids {
    let appointments = pallet_appointments::Appointments::<Runtime>::iter();
    let invoices = pallet_payments::Invoices::<Runtime>::iter();
    Ids {
        appointments: appointments.map(|(id, it)| (it.patient, id)).collect(),
        invoices: invoices.map(|(id, it)| (it.patient, id)).collect(),
    }
}
