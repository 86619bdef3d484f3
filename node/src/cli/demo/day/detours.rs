//! What goes beside the usual course: a claim afterwards, a refund, a claim that the insurer looks
//! at, and an emergency.

use anyhow::{bail, ensure, Context, Result};
use pallet_insurance::types::Decision;
use pallet_payments::types::{Reason, RefundOf};
use pallet_records::{
    access::Purpose,
    emergency::{EmergencyReason, Verdict},
    types::{Reader, BATCH_MAX},
};
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{Balance, EmergencyId, Hash, Hashing, Party, RecordId};
use xinglin_rpc_api::questions::{AccessLog, Emergencies, OpenClaims};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    billing,
    insurance::{self, SettlementOrder, Settling},
    operation::{self, told},
    records,
};

use super::{
    super::stage::Stage,
    bills::{decision, drafts_of, invoice_of, pay, Approved, Bill},
    cast::{Cast, Patient, CLINIC, INSURER},
};

type PaymentCall = pallet_payments::Call<Runtime>;
type InsuranceCall = pallet_insurance::Call<Runtime>;
type RecordCall = pallet_records::Call<Runtime>;

/// What happened, for the table: what, who, and what came of it.
pub struct Detour {
    pub what: &'static str,
    pub steps: Vec<String>,
}

impl Detour {
    /// What the bundles have no invoice or record for.
    pub fn not_played(what: &'static str) -> Self {
        Self {
            what,
            steps: vec!["not played: the bundles have too little for it".to_owned()],
        }
    }
}

/// The patient pays all and claims afterwards (事后报销).
pub async fn claim_afterwards(
    stage: &mut Stage,
    cast: &Cast,
    patient: &Patient,
    bill: &Bill,
) -> Result<Detour> {
    pay(stage, patient, bill.invoice, bill.total_fen).await?;
    let client = stage.client(&patient.actor.wallet);
    let order = SettlementOrder {
        invoice: bill.invoice,
        coverage: patient.coverage,
        account_max_fen: 0,
    };
    let (settling, outcome) = insurance::claim(client, patient.actor.wallet.key(), order).await?;
    stage.keep(&[outcome]).await?;
    let (fund_fen, to_patient_fen) = match settling {
        Settling::Settled {
            fund_fen,
            to_patient_fen,
            ..
        } => (fund_fen, to_patient_fen),
        Settling::Flagged { claim } => {
            let call = decision(claim, Decision::Approve);
            let outcome = stage.act_as(&cast.insurer, call).await?;
            let approved = Approved::told_by(&outcome)?;
            (approved.fund_fen, approved.to_patient_fen)
        }
    };
    ensure!(
        to_patient_fen == fund_fen,
        "the fund pays {fund_fen} fen, of which the patient got {to_patient_fen}"
    );
    Ok(Detour {
        what: "claim afterwards",
        steps: vec![
            format!("{} pays {}", patient.actor.name, yuan(bill.total_fen)),
            format!("the fund pays {} back", yuan(to_patient_fen)),
        ],
    })
}

/// The hospital takes an invoice back that was paid.
pub async fn refund(
    stage: &mut Stage,
    cast: &Cast,
    patient: &Patient,
    bill: &mut Bill,
) -> Result<Detour> {
    pay(stage, patient, bill.invoice, bill.total_fen).await?;
    let refund = PaymentCall::refund {
        invoice: bill.invoice,
        what: RefundOf::Everything,
        reason: Reason::NotRendered,
        refund: operation::random_id(),
    };
    let outcome = stage.act_as(&cast.hospital, refund.into()).await?;
    let red = told(&outcome, "Refunded", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::Refunded { red, .. }) => Some(*red),
        _ => None,
    })?;
    bill.is_refunded = true;
    Ok(Detour {
        what: "refund",
        steps: vec![
            format!("{} pays {}", patient.actor.name, yuan(bill.total_fen)),
            format!("red-letter invoice {red} takes it back"),
        ],
    })
}

/// An invoice without a visit is flagged; the insurer denies it, the patient appeals, the insurer
/// approves. None if there is no claim that can be billed.
pub async fn flagged(stage: &mut Stage, cast: &Cast) -> Result<Option<Detour>> {
    let charged = cast.patients.iter().find_map(|patient| {
        let visits = patient.dossier.visits.iter().rev();
        let mut drafts = visits.flat_map(|visit| drafts_of(patient.id, visit, cast.today));
        Some((patient, drafts.next()?))
    });
    let Some((patient, draft)) = charged else {
        return Ok(None);
    };
    let client = stage.client(&cast.hospital.wallet);
    let prepared = billing::prepare(client, &cast.hospital.wallet, &draft).await?;
    let total_fen = prepared.total_fen();
    let outcome = stage.act_as(&cast.hospital, prepared.call()).await?;
    let invoice = invoice_of(&outcome)?;

    let client = stage.client(&patient.actor.wallet);
    let key = patient.actor.wallet.key();
    let order = SettlementOrder {
        invoice,
        coverage: patient.coverage,
        account_max_fen: 0,
    };
    let (settling, outcome) = insurance::settle(client, key, order, None).await?;
    stage.keep(&[outcome]).await?;
    let Settling::Flagged { claim } = settling else {
        bail!("an invoice without a visit was not flagged");
    };
    let question = OpenClaims {
        insurer: INSURER,
        after: None,
        limit: 100,
    };
    let client = stage.client(&cast.insurer.wallet);
    let open = client.ask(cast.insurer.wallet.key(), &question).await?;
    let (_, found) = open
        .iter()
        .find(|(id, _)| *id == claim)
        .context("the insurer does not see the claim")?;
    let flags: Vec<String> = found.flags.iter().map(|flag| format!("{flag:?}")).collect();
    let denial = decision(claim, Decision::Deny);
    stage.act_as(&cast.insurer, denial).await?;
    let appeal = InsuranceCall::appeal { claim };
    stage.act_as(&patient.actor, appeal.into()).await?;
    let approval = decision(claim, Decision::Approve);
    let outcome = stage.act_as(&cast.insurer, approval).await?;
    let cash_fen = Approved::told_by(&outcome)?.cash_fen;
    if cash_fen > 0 {
        pay(stage, patient, invoice, cash_fen).await?;
    }
    Ok(Some(Detour {
        what: "flagged claim",
        steps: vec![
            format!(
                "invoice {invoice} over {}, without a visit",
                yuan(total_fen)
            ),
            format!("claim {claim} is flagged: {}", flags.join(", ")),
            "denied, appealed, approved".to_owned(),
            format!("the patient pays {}", yuan(cash_fen)),
        ],
    }))
}

/// A doctor of the clinic reads in an emergency, as many records as she may at once, justifies it, and
/// a regulator reviews it.
pub async fn emergency(
    stage: &mut Stage,
    cast: &Cast,
    patient: &Patient,
    ids: &[RecordId],
) -> Result<Detour> {
    let doctor = &cast.clinic_doctor;
    let ids = &ids[..ids.len().min(BATCH_MAX as usize)];
    let digest = digest_of("unconscious after an accident");
    let call = RecordCall::break_glass {
        patient: patient.id,
        member: CLINIC,
        reason: EmergencyReason::Unconscious,
        digest,
    };
    let outcome = stage.act_as(&doctor.actor, call.into()).await?;
    let emergency = told(&outcome, "GlassBroken", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::GlassBroken { emergency, .. }) => {
            Some(*emergency)
        }
        _ => None,
    })?;
    let client = stage.client(&cast.hospital.wallet);
    let reader = Reader::Practitioner(doctor.id);
    let (outcomes, _) = records::provide_keys(client, &cast.hospital.wallet, &reader, ids).await?;
    stage.keep(&outcomes).await?;
    let client = stage.client(&doctor.actor.wallet);
    let party = Party::Practitioner(doctor.id);
    let opening = records::open(
        client,
        &doctor.actor.wallet,
        party,
        ids,
        Purpose::EmergencyTreatment,
    )
    .await?;
    let read = opening
        .allowed
        .iter()
        .filter(|(_, read)| read.is_ok())
        .count();
    ensure!(
        read == ids.len(),
        "in the emergency {read} of {} records could be read: {opening:?}",
        ids.len()
    );
    stage.keep(&[opening.outcome]).await?;
    let digest = digest_of("brought in by ambulance, without relatives");
    let justify = RecordCall::justify { emergency, digest };
    stage.act_as(&doctor.actor, justify.into()).await?;
    review(stage, cast, emergency).await?;
    Ok(Detour {
        what: "break-glass",
        steps: vec![
            format!(
                "{} breaks the glass: emergency {emergency}",
                doctor.actor.name
            ),
            format!("reads {read} records and justifies it"),
            format!("{} upholds it", cast.regulator.name),
        ],
    })
}

/// What stands on the chain for a text that does not.
fn digest_of(text: &str) -> Hash {
    Hashing::hash(text.as_bytes())
}

async fn review(stage: &mut Stage, cast: &Cast, emergency: EmergencyId) -> Result<()> {
    let client = stage.client(&cast.regulator.wallet);
    let question = Emergencies {
        after: None,
        limit: 100,
    };
    let key = cast.regulator.wallet.key();
    let waiting = client.ask(key, &question).await?;
    ensure!(
        waiting.iter().any(|(id, _)| *id == emergency),
        "the regulator does not see emergency {emergency}"
    );
    let review = RecordCall::review {
        emergency,
        verdict: Verdict::Upheld,
    };
    stage.act_as(&cast.regulator, review.into()).await?;
    Ok(())
}

/// How many readings and refusals the patient sees in her access log.
pub async fn accesses(stage: &Stage, patient: &Patient) -> Result<(usize, usize)> {
    let client = stage.client(&patient.actor.wallet);
    let key = patient.actor.wallet.key();
    let (mut read, mut refused) = (0, 0);
    let mut before = None;
    loop {
        let question = AccessLog {
            patient: patient.id,
            before,
            limit: 100,
        };
        let page = client.ask(key, &question).await?;
        for (_, entry) in &page.items {
            match entry.outcome {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
        before = page.next;
        if before.is_none() {
            return Ok((read, refused));
        }
    }
}

pub fn yuan(fen: Balance) -> String {
    super::super::report::yuan(fen)
}
