//! W0 to W2: one call again and again, each by another patient.

use anyhow::{bail, Result};
use sp_runtime::MultiAddress;
use xinglin_primitives::{Hash, ScheduleId};
use xinglin_runtime::RuntimeCall;
use xinglin_tests::parties::Crowd;

use super::{Act, Prepared, Routing, Signer, Workload};

/// Signs `count` transactions of a crowd.
pub fn prepare(workload: Workload, crowd: &Crowd, count: u32, genesis: Hash) -> Result<Prepared> {
    Prepared::sign(count, Routing::InTurn, genesis, |number| {
        let sender = number % crowd.patients;
        Ok(Act {
            signer: Signer::Patient(sender),
            nonce: number / crowd.patients,
            call: call(workload, crowd, sender)?,
        })
    })
}

fn call(workload: Workload, crowd: &Crowd, sender: u32) -> Result<RuntimeCall> {
    Ok(match workload {
        Workload::Remark => RuntimeCall::System(frame_system::Call::remark {
            remark: vec![7; 32],
        }),
        Workload::Transfer => {
            // Everyone pays her neighbour in the crowd, so no transfer waits for another.
            let neighbour = Signer::Patient((sender + 1) % crowd.patients);
            RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
                dest: MultiAddress::Id(neighbour.account()),
                value: 100,
            })
        }
        Workload::Booking => book(crowd, sender),
        Workload::Clinic => bail!("the mix of a clinic is not one call"),
    })
}

/// A patient books the place that the crowd has for her.
pub fn book(crowd: &Crowd, patient: u32) -> RuntimeCall {
    let (schedule, slot) = crowd.place(patient);
    RuntimeCall::Appointments(pallet_appointments::Call::book {
        patient: crowd.patient_id(patient),
        schedule: ScheduleId(schedule),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    })
}
