//! What is submitted. A workload is a plan of acts: calls that somebody signs, each with the next
//! nonce of its signer.

pub mod clinic;
pub mod simple;

use anyhow::{Context, Result};
use clap::ValueEnum;
use codec::Encode;
use serde::Serialize;
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, MultiAddress};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Hash, Nonce};
use xinglin_runtime::{
    extensions::tx_extension, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION,
};
use xinglin_tests::parties::{crowd_key, desk_key, doctor_key};

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
    /// W3: the mix of a clinic.
    Clinic,
}

impl Workload {
    /// How many patients there must be for so many transactions, and at least `wished`.
    pub fn patients(self, count: u32, wished: u32) -> u32 {
        match self {
            Self::Remark | Self::Transfer => wished,
            Self::Booking => wished.max(count),
            Self::Clinic => wished.max(clinic::patients(count)),
        }
    }
}

/// Who signs, by the number in the crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signer {
    /// A patient.
    Patient(u32),
    /// A doctor.
    Doctor(u32),
    /// A desk of the hospital.
    Desk(u32),
}

impl Signer {
    /// The key.
    pub fn key(self) -> sr25519::Pair {
        match self {
            Self::Patient(number) => crowd_key(number),
            Self::Doctor(number) => doctor_key(number),
            Self::Desk(number) => desk_key(number),
        }
    }

    /// The account.
    pub fn account(self) -> AccountId {
        AccountId::from(self.key().public().0)
    }

    /// The number among those of its kind.
    pub fn number(self) -> u32 {
        match self {
            Self::Patient(number) | Self::Doctor(number) | Self::Desk(number) => number,
        }
    }
}

/// A call and who signs it.
pub struct Act {
    /// Who signs.
    pub signer: Signer,
    /// How many transactions the signer has made before.
    pub nonce: Nonce,
    /// What is called.
    pub call: RuntimeCall,
}

/// A signed transaction.
pub struct Signed {
    /// As JSON-RPC takes it: hexadecimal with prefix.
    pub hex: String,
    /// Its hash.
    pub hash: Hash,
    /// Who signed it.
    pub signer: Signer,
}

/// Through which connections transactions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Through all in turn: no signer has much to say.
    InTurn,
    /// Each signer's through one connection, so that they reach a node in their order.
    BySigner,
}

/// Transactions in the order of submission.
pub struct Prepared {
    /// The transactions.
    pub transactions: Vec<Signed>,
    /// How they are submitted.
    pub routing: Routing,
}

impl Prepared {
    /// Makes and signs the acts from 0 to `count`, on all cores.
    pub fn sign(
        count: u32,
        routing: Routing,
        genesis: Hash,
        act: impl Fn(u32) -> Result<Act> + Sync,
    ) -> Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let chunk = count.div_ceil(u32::try_from(threads)?).max(1);
        let act = &act;
        let transactions = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..count)
                .step_by(chunk as usize)
                .map(|first| {
                    let numbers = first..count.min(first.saturating_add(chunk));
                    scope.spawn(move || {
                        numbers
                            .map(|number| Ok(sign(act(number)?, genesis)))
                            .collect::<Result<Vec<_>>>()
                    })
                })
                .collect();
            let mut all = Vec::with_capacity(count as usize);
            for worker in workers {
                all.extend(worker.join().ok().context("a signing thread panicked")??);
            }
            anyhow::Ok(all)
        })?;
        Ok(Self {
            transactions,
            routing,
        })
    }
}

fn sign(act: Act, genesis: Hash) -> Signed {
    let key = act.signer.key();
    let payload = SignedPayload::from_raw(
        act.call,
        tx_extension(act.nonce, Era::Immortal),
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
    let account = AccountId::from(key.public().0);
    let signer = MultiAddress::Id(account);
    let bytes = UncheckedExtrinsic::new_signed(call, signer, signature.into(), extension).encode();
    Signed {
        hex: format!("0x{}", hex::encode(&bytes)),
        hash: extrinsic_hash(&bytes),
        signer: act.signer,
    }
}
