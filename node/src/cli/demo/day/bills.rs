//! Invoices of the bundles' claims, and how the patients pay them with insurance.

use std::{collections::BTreeMap, fmt};

use anyhow::{bail, ensure, Context, Result};
use futures::future::try_join_all;
use pallet_insurance::{computation::Split, review::Flag, types::Decision};
use xinglin_fhir::{Charge, Visit};
use xinglin_primitives::{
    glue::LINES_MAX, time::Date, Balance, ClaimId, InvoiceId, PatientId, SettlementId, YUAN,
};
use xinglin_rpc_api::questions::{PreSettle, Settlements};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    billing::{self, InvoiceDraft},
    client::{Client, Outcome},
    import,
    insurance::{self, SettlementOrder, Settling},
    operation::{self, told},
};

use super::{
    super::stage::Stage,
    cast::{Cast, Patient, INSURER},
    encounters::Scene,
};

/// What of a personal account a patient allows for one invoice.
const ACCOUNT_MAX_FEN: Balance = 20 * YUAN;

/// An invoice and what became of it.
pub struct Bill {
    pub invoice: InvoiceId,
    pub total_fen: Balance,
    /// The last day of the service.
    pub day: Date,
    /// Number of its lines.
    pub lines: usize,
    /// Why the insurer looked at it before it was settled, if it did.
    pub flags: Vec<Flag>,
    /// Who paid, if it was settled.
    pub split: Option<Split>,
    /// Whether the hospital took it back.
    pub is_refunded: bool,
}

/// Why a claim stays in the records, without an invoice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unbilled {
    /// It belongs to no encounter: nothing says when the service was.
    NoEncounter,
    /// The chain has no dates before 1970, and no invoice is of a service to come.
    OutsideDates,
    /// An item has a code or name that no invoice carries.
    Text,
}

impl fmt::Display for Unbilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEncounter => "of no encounter",
            Self::OutsideDates => "of encounters that begin before 1970 or end after today",
            Self::Text => "with a code or name that is empty or too long for an invoice",
        })
    }
}

/// The claims of all patients that stay in the records.
pub fn unbilled(cast: &Cast) -> BTreeMap<Unbilled, usize> {
    let mut counts = BTreeMap::new();
    for patient in &cast.patients {
        let without = patient.dossier.other_charges.iter();
        let without = without.map(|_| Unbilled::NoEncounter);
        let refused = patient.dossier.visits.iter().flat_map(|visit| {
            let charges = visit.charges.iter();
            charges.filter_map(move |charge| drafts(patient.id, visit, charge, cast.today).err())
        });
        for reason in without.chain(refused) {
            *counts.entry(reason).or_default() += 1;
        }
    }
    counts
}

/// The first and last day of an encounter, if an invoice can be of them.
pub fn service(visit: &Visit, today: Date) -> Option<(Date, Date)> {
    import::service(visit).filter(|(_, last)| *last <= today)
}

/// The invoices for a claim, in as many parts as its lines take, without a visit as far as the chain
/// knows.
pub fn drafts(
    patient: PatientId,
    visit: &Visit,
    charge: &Charge,
    today: Date,
) -> Result<Vec<InvoiceDraft>, Unbilled> {
    let service = service(visit, today).ok_or(Unbilled::OutsideDates)?;
    let lines = import::lines(charge).ok_or(Unbilled::Text)?;
    let parts = lines.chunks(LINES_MAX as usize).map(|lines| InvoiceDraft {
        patient,
        visit: None,
        setting: import::setting(visit),
        service,
        lines: lines.to_vec(),
        readers: vec![INSURER],
    });
    Ok(parts.collect())
}

/// The invoices for all claims of an encounter that can be billed.
pub fn drafts_of(
    patient: PatientId,
    visit: &Visit,
    today: Date,
) -> impl Iterator<Item = InvoiceDraft> + '_ {
    let charges = visit.charges.iter();
    charges
        .filter_map(move |charge| drafts(patient, visit, charge, today).ok())
        .flatten()
}

/// The hospital issues the invoices of the encounters' claims.
pub async fn bill(stage: &mut Stage, cast: &Cast, scenes: &[Scene<'_>]) -> Result<Vec<Vec<Bill>>> {
    let (mut calls, mut issued) = (Vec::new(), Vec::new());
    for (at, scene) in scenes.iter().enumerate() {
        for draft in drafts_of(scene.patient.id, scene.visit, cast.today) {
            let draft = InvoiceDraft {
                visit: Some(scene.appointment),
                ..draft
            };
            let client = stage.client(&cast.hospital.wallet);
            let prepared = billing::prepare(client, &cast.hospital.wallet, &draft).await?;
            issued.push((at, prepared.total_fen(), draft));
            calls.push(prepared.call());
        }
    }
    let outcomes = stage.in_order(&cast.hospital, calls).await?;
    let mut bills: Vec<Vec<Bill>> = scenes.iter().map(|_| Vec::new()).collect();
    for (outcome, (at, total_fen, draft)) in outcomes.iter().zip(issued) {
        bills[at].push(Bill {
            invoice: invoice_of(outcome)?,
            total_fen,
            day: draft.service.1,
            lines: draft.lines.len(),
            flags: Vec::new(),
            split: None,
            is_refunded: false,
        });
    }
    Ok(bills)
}

/// The invoice that a transaction issued.
pub fn invoice_of(outcome: &Outcome) -> Result<InvoiceId> {
    Ok(told(outcome, "InvoiceIssued", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::InvoiceIssued { invoice, .. }) => {
            Some(*invoice)
        }
        _ => None,
    })?)
}

/// The patients, by their places in the cast, pay invoices with insurance. The insurer looks at what
/// is flagged, and approves it.
pub async fn settle(stage: &mut Stage, cast: &Cast, bills: Vec<(usize, &mut Bill)>) -> Result<()> {
    let mut by_patient: Vec<Vec<&mut Bill>> = cast.patients.iter().map(|_| Vec::new()).collect();
    for (patient, bill) in bills {
        by_patient[patient].push(bill);
    }
    let settling = cast.patients.iter().zip(by_patient);
    let settling = settling.map(|(patient, bills)| {
        let client = stage.client(&patient.actor.wallet);
        settle_own(client, patient, bills)
    });
    let settled = try_join_all(settling).await?;
    let mut flagged = Vec::new();
    for (patient, (outcomes, claims)) in cast.patients.iter().zip(settled) {
        stage.keep(&outcomes).await?;
        let claims = claims.into_iter();
        flagged.extend(claims.map(|(bill, claim)| (patient, bill, claim)));
    }
    approve(stage, cast, flagged).await
}

/// Pays a patient's invoices one after the other: looks first what it will bring, then settles, and
/// finds it so. What is flagged is left to the insurer.
async fn settle_own<'a>(
    client: &Client,
    patient: &Patient,
    bills: Vec<&'a mut Bill>,
) -> Result<(Vec<Outcome>, Vec<(&'a mut Bill, ClaimId)>)> {
    let key = patient.actor.wallet.key();
    let (mut outcomes, mut flagged) = (Vec::new(), Vec::new());
    for bill in bills {
        let question = PreSettle {
            invoice: bill.invoice,
            coverage: patient.coverage,
            account_max_fen: u64::try_from(ACCOUNT_MAX_FEN)?,
        };
        let shown = client.ask(key, &question).await?;
        let shown = shown
            .map_err(|error| anyhow::anyhow!("pre-settlement of {}: {error:?}", bill.invoice))?;
        bill.flags = shown.flags.to_vec();
        let order = SettlementOrder {
            invoice: bill.invoice,
            coverage: patient.coverage,
            account_max_fen: ACCOUNT_MAX_FEN,
        };
        let payment = Some(operation::random_id());
        let (settling, outcome) = insurance::settle(client, key, order, payment).await?;
        outcomes.push(outcome);
        match settling {
            Settling::Settled { settlement, .. } if bill.flags.is_empty() => {
                let (id, split) = settled(client, patient, bill.invoice).await?;
                ensure!(
                    id == settlement && split == shown.split,
                    "invoice {} was settled otherwise than shown",
                    bill.invoice
                );
                bill.split = Some(split);
            }
            Settling::Flagged { claim } if !bill.flags.is_empty() => flagged.push((bill, claim)),
            otherwise => bail!(
                "invoice {} was shown with the flags {:?}, and became {otherwise:?}",
                bill.invoice,
                bill.flags
            ),
        }
    }
    Ok((outcomes, flagged))
}

/// The insurer approves claims, and the patients pay what is left to them.
async fn approve(
    stage: &mut Stage,
    cast: &Cast,
    flagged: Vec<(&Patient, &mut Bill, ClaimId)>,
) -> Result<()> {
    let claims = flagged.iter().map(|(_, _, claim)| *claim);
    let decisions = claims.map(|claim| decision(claim, Decision::Approve));
    let outcomes = stage.in_order(&cast.insurer, decisions.collect()).await?;
    for (outcome, (patient, bill, claim)) in outcomes.iter().zip(flagged) {
        let approved = Approved::told_by(outcome)?;
        let client = stage.client(&patient.actor.wallet);
        let (_, split) = settled(client, patient, bill.invoice).await?;
        ensure!(
            (split.fund_fen(), split.cash_fen) == (approved.fund_fen, approved.cash_fen),
            "claim {claim} was settled otherwise than told"
        );
        bill.split = Some(split);
        if approved.cash_fen > 0 {
            pay(stage, patient, bill.invoice, approved.cash_fen).await?;
        }
    }
    Ok(())
}

/// The latest settlement of a patient's invoice.
async fn settled(
    client: &Client,
    patient: &Patient,
    invoice: InvoiceId,
) -> Result<(SettlementId, Split)> {
    let question = Settlements {
        invoice,
        before: None,
        limit: 1,
    };
    let found = client.ask(patient.actor.wallet.key(), &question).await?;
    let (id, settlement) = found.first().context("the settlement is there")?;
    Ok((*id, settlement.split))
}

/// What the approval of a claim brought, in fen.
pub struct Approved {
    /// What the fund pays.
    pub fund_fen: Balance,
    /// What goes to the patient, who had paid it before.
    pub to_patient_fen: Balance,
    /// What is left to the patient.
    pub cash_fen: Balance,
}

impl Approved {
    /// As the events of the decision say it.
    pub fn told_by(outcome: &Outcome) -> Result<Self> {
        Ok(told(outcome, "Settled", |event| match event {
            RuntimeEvent::Insurance(pallet_insurance::Event::Settled {
                fund_fen,
                to_patient_fen,
                cash_fen,
                ..
            }) => Some(Self {
                fund_fen: *fund_fen,
                to_patient_fen: *to_patient_fen,
                cash_fen: *cash_fen,
            }),
            _ => None,
        })?)
    }
}

/// How the insurer decides a claim.
pub fn decision(claim: ClaimId, decision: Decision) -> RuntimeCall {
    let reason = 1;
    pallet_insurance::Call::<Runtime>::decide {
        claim,
        decision,
        reason,
    }
    .into()
}

/// A patient pays from her balance.
pub async fn pay(
    stage: &mut Stage,
    patient: &Patient,
    invoice: InvoiceId,
    amount_fen: Balance,
) -> Result<()> {
    let call = payment(invoice, amount_fen);
    stage.act_as(&patient.actor, call).await?;
    Ok(())
}

/// A payment from the patient's balance.
pub fn payment(invoice: InvoiceId, amount_fen: Balance) -> RuntimeCall {
    pallet_payments::Call::<Runtime>::pay {
        invoice,
        amount_fen,
        payment: operation::random_id(),
    }
    .into()
}
