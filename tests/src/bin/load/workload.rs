//! What is submitted.

use clap::ValueEnum;
use codec::Encode;
use serde::Serialize;
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, MultiAddress};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Hash, PatientId, ScheduleId};
use xinglin_runtime::{
    extensions::tx_extension, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION,
};
use xinglin_tests::parties::{crowd_key, Crowd};

/// A workload of `docs/performance.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// W0: 32 bytes that the chain only records.
    Remark,
    /// W1: a transfer from one account to another.
    Transfer,
    /// W2: a patient books a slot.
    Booking,
}

/// A signed transaction.
pub struct Signed {
    /// As JSON-RPC takes it: hexadecimal with prefix.
    pub hex: String,
    /// Its hash.
    pub hash: Hash,
}

/// Transactions in the order of submission.
pub struct Prepared(pub Vec<Signed>);

impl Prepared {
    /// Signs `count` transactions of a crowd, on all cores.
    pub fn sign(workload: Workload, crowd: &Crowd, count: u32, genesis: Hash) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let chunk = count.div_ceil(u32::try_from(threads).unwrap_or(1)).max(1);
        let crowd = *crowd;
        let workers: Vec<_> = (0..count)
            .step_by(chunk as usize)
            .map(|first| {
                std::thread::spawn(move || {
                    (first..count.min(first + chunk))
                        .map(|number| sign(workload, &crowd, number, genesis))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        Self(
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_default())
                .collect(),
        )
    }
}

fn sign(workload: Workload, crowd: &Crowd, number: u32, genesis: Hash) -> Signed {
    let sender = number % crowd.patients;
    let nonce = number / crowd.patients;
    let key = crowd_key(sender);
    let call = call(workload, crowd, sender);
    let payload = SignedPayload::from_raw(
        call,
        tx_extension(nonce, Era::Immortal),
        (
            (),
            VERSION.spec_version,
            VERSION.transaction_version,
            genesis,
            genesis,
            (),
            (),
            (),
            None,
        ),
    );
    let signature = payload.using_encoded(|bytes| key.sign(bytes));
    let (call, extension, _) = payload.deconstruct();
    let bytes =
        UncheckedExtrinsic::new_signed(call, address(&key), signature.into(), extension).encode();
    Signed {
        hex: format!("0x{}", hex::encode(&bytes)),
        hash: extrinsic_hash(&bytes),
    }
}

fn address(key: &sr25519::Pair) -> MultiAddress<AccountId, ()> {
    MultiAddress::Id(AccountId::from(key.public().0))
}

fn call(workload: Workload, crowd: &Crowd, sender: u32) -> RuntimeCall {
    match workload {
        Workload::Remark => RuntimeCall::System(frame_system::Call::remark {
            remark: vec![7; 32],
        }),
        Workload::Transfer => {
            // Everyone pays her neighbour in the crowd, so no transfer waits for another.
            let dest = address(&crowd_key((sender + 1) % crowd.patients));
            RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: 100 })
        }
        Workload::Booking => {
            let (schedule, slot) = crowd.place(sender);
            RuntimeCall::Appointments(pallet_appointments::Call::book {
                patient: PatientId(crowd.first_patient + u64::from(sender)),
                schedule: ScheduleId(schedule),
                slot,
                waitlist: false,
                pre_visit_grant: None,
            })
        }
    }
}
