//! Invoices of the bundles' claims, and how the patients pay them with insurance.

use anyhow::{bail, ensure, Context, Result};
use pallet_insurance::computation::Split;
use xinglin_fhir::{Charge, Visit};
use xinglin_primitives::{time::Date, Balance, InvoiceId, PatientId, YUAN};
use xinglin_rpc_api::questions::{PreSettle, Settlements};
use xinglin_runtime::RuntimeEvent;
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
    /// Who paid, if it was settled.
    pub split: Option<Split>,
}

/// The hospital issues an invoice for every claim.
pub async fn bill(stage: &mut Stage, cast: &Cast, scenes: &[Scene<'_>]) -> Result<Vec<Vec<Bill>>> {
    let mut calls = Vec::new();
    let mut totals = Vec::new();
    for scene in scenes {
        for charge in &scene.visit.charges {
            let draft = InvoiceDraft {
                visit: Some(scene.appointment),
                ..draft(scene.patient.id, scene.visit, charge)?
            };
            let client = stage.client(&cast.hospital.wallet);
            let prepared = billing::prepare(client, &cast.hospital.wallet, &draft).await?;
            totals.push(prepared.total_fen());
            calls.push(prepared.call());
        }
    }
    let outcomes = stage.in_order(&cast.hospital, calls).await?;
    let mut issued = outcomes.iter().map(invoice_of).zip(totals);
    let mut bills = Vec::with_capacity(scenes.len());
    for scene in scenes {
        let mut of_scene = Vec::new();
        for _ in &scene.visit.charges {
            let (invoice, total_fen) = issued.next().context("an invoice for every claim")?;
            of_scene.push(Bill {
                invoice: invoice?,
                total_fen,
                split: None,
            });
        }
        bills.push(of_scene);
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

/// The invoice for a claim of the bundle, without a visit as far as the chain knows.
pub fn draft(patient: PatientId, visit: &Visit, charge: &Charge) -> Result<InvoiceDraft> {
    Ok(InvoiceDraft {
        patient,
        visit: None,
        setting: import::setting(visit),
        service: service(visit)?,
        lines: import::lines(charge).context("a claim has a text that no invoice carries")?,
        readers: vec![INSURER],
    })
}

/// The first and last day of an encounter.
pub fn service(visit: &Visit) -> Result<(Date, Date)> {
    import::service(visit).context("an encounter before 1970 cannot be invoiced")
}

/// Pays invoices with insurance, as a patient, one after the other: looks first what it will bring,
/// then settles, and finds it so.
pub async fn settle(
    client: &Client,
    patient: &Patient,
    bills: &mut [&mut Bill],
) -> Result<Vec<Outcome>> {
    let key = patient.actor.wallet.key();
    let mut outcomes = Vec::new();
    for bill in bills {
        let question = PreSettle {
            invoice: bill.invoice,
            coverage: patient.coverage,
            account_max_fen: u64::try_from(ACCOUNT_MAX_FEN)?,
        };
        let shown = client.ask(key, &question).await?;
        let shown = shown
            .map_err(|error| anyhow::anyhow!("pre-settlement of {}: {error:?}", bill.invoice))?;
        let order = SettlementOrder {
            invoice: bill.invoice,
            coverage: patient.coverage,
            account_max_fen: ACCOUNT_MAX_FEN,
        };
        let payment = Some(operation::random_id());
        let (settling, outcome) = insurance::settle(client, key, order, payment).await?;
        let Settling::Settled { settlement, .. } = settling else {
            bail!("invoice {} was flagged: {:?}", bill.invoice, shown.flags);
        };
        let question = Settlements {
            invoice: bill.invoice,
            before: None,
            limit: 1,
        };
        let settled = client.ask(key, &question).await?;
        let (id, settled) = settled.first().context("the settlement is there")?;
        ensure!(
            *id == settlement && settled.split == shown.split,
            "invoice {} was settled otherwise than shown",
            bill.invoice
        );
        bill.split = Some(settled.split);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
