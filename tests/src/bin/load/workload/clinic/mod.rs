//! W3, the mix of a clinic: 40 % bookings, confirmations and check-ins, 25 % records, 20 % invoices
//! and payments, 10 % settlements, 5 % grants, by the patients, doctors and desks whose calls these
//! are.
//!
//! What is confirmed or checked in must be booked, and what is paid or settled must be charged, under
//! ids that only the chain knows. So the mix has a prologue, which is not measured: it books and
//! charges, and the ids are read back from the state. Then everything measured is signed. No act of
//! the mix depends on another of it, except that each signer's come in the order of their nonces.

mod calls;
mod ids;
mod questions;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::{ensure, Result};
use xinglin_primitives::{time::Moment, Nonce};
use xinglin_tests::{
    cluster::{now_ms, Cluster},
    parties::{Crowd, DESKS},
};

pub use self::questions::PreSettlements;

use self::ids::Ids;
use super::{Act, Prepared, Routing, Signer};
use crate::measure;

/// Transactions per second of the prologue: what every machine can do.
const PROLOGUE_RATE: u64 = 500;
/// Primes, one of which does not divide a given number of patients. They are near the number of
/// patients of a doctor, so that patients one such stride apart have different doctors.
const STRIDES: [u32; 5] = [769, 773, 787, 797, 809];

/// What the acts of the mix are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Visit,
    Record,
    Bill,
    Grant,
}

/// The mix, again and again: 8 visits, 5 records, 6 bills, 1 grant. Every third visit is booked,
/// confirmed, checked in; every third bill is issued, paid, settled.
const MIX: [Kind; 20] = {
    use Kind::{Bill as B, Grant as G, Record as R, Visit as V};
    [V, R, B, V, B, V, R, V, B, V, R, G, V, B, V, R, B, V, R, B]
};
/// How many of [`MIX`] are visits: no other kind has as many patients.
const VISITS: u32 = 8;

/// Something done in the clinic, with a number: each visit, record, bill and grant has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Deed {
    /// A patient books.
    Book(u32),
    /// The doctor confirms a booking.
    Confirm(u32),
    /// A desk sees the patient of a booking arrive.
    CheckIn(u32),
    /// A doctor writes a record.
    Write(u32),
    /// A desk charges a patient.
    Charge(u32),
    /// The patient pays an invoice.
    Pay(u32),
    /// The patient has an invoice settled and pays the rest.
    Settle(u32),
    /// A patient lets a doctor read.
    Share(u32),
}

impl Deed {
    fn of(kind: Kind, number: u32) -> Self {
        match (kind, number % 3) {
            (Kind::Visit, 0) => Self::Book(number),
            (Kind::Visit, 1) => Self::Confirm(number),
            (Kind::Visit, _) => Self::CheckIn(number),
            (Kind::Bill, 0) => Self::Charge(number),
            (Kind::Bill, 1) => Self::Pay(number),
            (Kind::Bill, _) => Self::Settle(number),
            (Kind::Record, _) => Self::Write(number),
            (Kind::Grant, _) => Self::Share(number),
        }
    }

    /// What must have been done before.
    fn needs(self) -> Option<Self> {
        match self {
            Self::Confirm(number) | Self::CheckIn(number) => Some(Self::Book(number)),
            Self::Pay(number) | Self::Settle(number) => Some(Self::Charge(number)),
            Self::Book(_) | Self::Write(_) | Self::Charge(_) | Self::Share(_) => None,
        }
    }
}

/// A deed with its place among the transactions of its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    signer: Signer,
    nonce: Nonce,
    deed: Deed,
}

/// The plan of a run.
struct Clinic {
    crowd: Crowd,
    /// How far apart in the crowd the patients of two successive visits, bills and so on are.
    stride: u32,
    /// Around when it runs.
    now: Moment,
    prologue: Vec<Step>,
    measured: Vec<Step>,
}

/// How many patients so many acts need.
pub fn patients(count: u32) -> u32 {
    count.div_ceil(MIX.len() as u32).saturating_mul(VISITS)
}

/// Lets the prologue run on the nodes, which must be at the beginning of their chain, asks what
/// settling up to `questions` of its invoices would bring, and signs `count` acts.
pub async fn prepare(
    cluster: &Cluster,
    crowd: Crowd,
    count: u32,
    connections: usize,
    questions: usize,
) -> Result<(Prepared, PreSettlements)> {
    let clinic = Clinic::plan(crowd, count, now_ms())?;
    eprintln!("booking and charging: {} acts", clinic.prologue.len());
    let prologue = clinic.sign(&clinic.prologue, &Ids::default(), cluster)?;
    let done = measure::run(cluster, &prologue, PROLOGUE_RATE, connections).await?;
    ensure!(
        done.submitted.refused.is_empty(),
        "transactions of the prologue were refused: {:?}",
        done.submitted.refused
    );
    done.ensure_succeeded()?;
    let ids = Ids::read(cluster, &crowd).await?;
    eprintln!("asking for up to {questions} pre-settlements");
    let taken = clinic.pre_settle(cluster, &ids, questions).await?;
    eprintln!("signing {count} transactions");
    Ok((clinic.sign(&clinic.measured, &ids, cluster)?, taken))
}

impl Clinic {
    /// Plans `count` acts and what they need.
    fn plan(crowd: Crowd, count: u32, now: Moment) -> Result<Self> {
        ensure!(
            crowd.patients >= patients(count).max(1),
            "{} patients are too few for {count} acts: {} are needed",
            crowd.patients,
            patients(count)
        );
        // All divide only numbers beyond 32 bits.
        let stride = STRIDES
            .into_iter()
            .find(|stride| !crowd.patients.is_multiple_of(*stride));
        let mut clinic = Self {
            crowd,
            stride: stride.unwrap_or(1),
            now,
            prologue: Vec::new(),
            measured: Vec::new(),
        };
        let deeds = deeds(count);
        let mut nonces = HashMap::new();
        let mut step = |deed| {
            let signer = clinic.signer(deed);
            let next: &mut Nonce = nonces.entry(signer).or_default();
            let nonce = *next;
            *next += 1;
            Step {
                signer,
                nonce,
                deed,
            }
        };
        let needed = deeds.iter().filter_map(|deed| deed.needs());
        let prologue = needed.map(&mut step).collect();
        let measured = deeds.iter().copied().map(&mut step).collect();
        clinic.prologue = prologue;
        clinic.measured = measured;
        Ok(clinic)
    }

    /// The number in the crowd of the patient of a visit, record, bill or grant. Those of one kind
    /// have different patients.
    fn patient(&self, number: u32) -> u32 {
        let place = u64::from(number) * u64::from(self.stride) % u64::from(self.crowd.patients);
        // Less than the number of patients.
        u32::try_from(place).unwrap_or_default()
    }

    /// The doctor who writes a record or is given a grant: all in turn.
    fn doctor(&self, number: u32) -> u32 {
        number % self.crowd.doctors()
    }

    fn signer(&self, deed: Deed) -> Signer {
        match deed {
            Deed::Book(n) | Deed::Pay(n) | Deed::Settle(n) | Deed::Share(n) => {
                Signer::Patient(self.patient(n))
            }
            Deed::Confirm(n) => Signer::Doctor(self.crowd.doctor_of(self.patient(n))),
            Deed::Write(n) => Signer::Doctor(self.doctor(n)),
            Deed::CheckIn(n) | Deed::Charge(n) => Signer::Desk(n % DESKS),
        }
    }

    fn sign(&self, steps: &[Step], ids: &Ids, cluster: &Cluster) -> Result<Prepared> {
        let count = u32::try_from(steps.len())?;
        Prepared::sign(count, Routing::BySigner, cluster.genesis, |number| {
            self.act(steps[number as usize], ids)
        })
    }

    fn act(&self, step: Step, ids: &Ids) -> Result<Act> {
        Ok(Act {
            signer: step.signer,
            nonce: step.nonce,
            call: self.call(step.deed, ids)?,
        })
    }
}

/// The first `count` deeds of the mix.
fn deeds(count: u32) -> Vec<Deed> {
    let mut numbers = [0; 4];
    let kinds = MIX.iter().copied().cycle().take(count as usize);
    kinds
        .map(|kind| {
            let next = &mut numbers[kind as usize];
            let number = *next;
            *next += 1;
            Deed::of(kind, number)
        })
        .collect()
}
