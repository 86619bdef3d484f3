//! The encounters, in rounds: the first of every patient, then the second of every patient.
//!
//! Within a round the patients act at the same time. What one account does for all of them, a desk or
//! a doctor, goes in a pipeline.

use anyhow::{bail, ensure, Context, Result};
use futures::future::try_join_all;
use pallet_insurance::computation::Split;
use pallet_records::{
    access::{Denial, Purpose},
    grants::{Covered, Grantee, Terms},
    requests::{NewRequest, RequestReason},
    types::ContentKind,
};
use xinglin_fhir::{Charge, EncounterClass, ItemClass, RecordKind, Visit};
use xinglin_primitives::{
    glue::{CatalogueClass, Setting},
    time::{Date, Moment, DAY_MS, HOUR_MS},
    AccessRequestId, AppointmentId, Balance, GrantId, InvoiceId, PatientId, RecordId, YUAN,
};
use xinglin_rpc_api::questions::{PreSettle, Settlements};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    billing::{self, DraftLine, InvoiceDraft, Item},
    client::{Client, Outcome},
    envelope::Compression,
    insurance::{self, SettlementOrder, Settling},
    operation::{self, told},
    parties::{self, Party},
    records::{self, Period, RecordDraft, Slot},
};

use super::{
    super::stage::Stage,
    cast::{Cast, Doctor, Patient, HOSPITAL, INSURER},
};

/// What of a personal account a patient allows for one invoice.
const ACCOUNT_MAX_FEN: Balance = 20 * YUAN;
/// What of an item of class B the patient pays first.
const CLASS_B_PREPAY_BP: u16 = 1_000;
/// How long the clinic's doctor may read what she is referred.
const REFERRAL_MS: Moment = 7 * DAY_MS;

/// One encounter and what came of it.
pub struct Played {
    pub patient: usize,
    pub date: Date,
    pub class: EncounterClass,
    pub appointment: AppointmentId,
    /// Records that the doctor read before the visit.
    pub read_before: usize,
    pub records: Vec<RecordId>,
    pub bills: Vec<Bill>,
}

/// An invoice and what became of it.
pub struct Bill {
    pub invoice: InvoiceId,
    pub total_fen: Balance,
    /// Who paid, if it was settled.
    pub split: Option<Split>,
}

/// What an encounter is at the moment.
struct Scene<'a> {
    place: usize,
    patient: &'a Patient,
    visit: &'a Visit,
    appointment: AppointmentId,
    records: Vec<RecordId>,
}

/// The encounters so far.
#[derive(Default)]
pub struct Encounters {
    pub played: Vec<Played>,
    /// The content of each record, to compare with what others read.
    contents: Vec<(RecordId, usize, Vec<u8>)>,
}

impl Encounters {
    /// Plays a round: each patient's encounter with this number, of those after the first `skip` of
    /// the patient.
    pub async fn round(
        &mut self,
        stage: &mut Stage,
        cast: &Cast,
        number: usize,
        skip: &[usize],
    ) -> Result<()> {
        let doctors = cast.doctors.len();
        let (doctor, other) = (
            &cast.doctors[number % doctors],
            &cast.doctors[(number + 1) % doctors],
        );
        let session = *doctor
            .sessions
            .get(number / doctors)
            .context("a round has a session")?;
        let guests: Vec<(usize, &Patient, &Visit)> = cast
            .patients
            .iter()
            .enumerate()
            .zip(skip)
            .filter_map(|((place, patient), skip)| {
                Some((place, patient, patient.dossier.visits.get(number + skip)?))
            })
            .collect();
        let mut scenes = book(stage, doctor, session, &guests).await?;
        let check_ins = scenes.iter().map(|scene| {
            let appointment = scene.appointment;
            pallet_appointments::Call::<Runtime>::check_in { appointment }.into()
        });
        stage.in_order(&cast.desk, check_ins.collect()).await?;
        let read_before = self.read_before(stage, doctor, &scenes).await?;
        self.write(stage, doctor, &mut scenes).await?;
        self.refer(stage, cast, doctor, &scenes).await?;
        refuse(stage, other, &scenes).await?;
        let completions = scenes.iter().map(|scene| {
            let appointment = scene.appointment;
            pallet_appointments::Call::<Runtime>::complete { appointment }.into()
        });
        stage.in_order(&doctor.actor, completions.collect()).await?;
        let bills = bill(stage, cast, &scenes).await?;
        for (scene, bills) in scenes.into_iter().zip(bills) {
            self.played.push(Played {
                patient: scene.place,
                date: service(scene.visit)?.1,
                class: scene.visit.class,
                appointment: scene.appointment,
                read_before: read_before
                    .iter()
                    .filter(|place| **place == scene.place)
                    .count(),
                records: scene.records,
                bills,
            });
        }
        Ok(())
    }

    /// What comes before the day: the patients' profiles, and the encounters that are too many to be
    /// booked, as records without a visit. Their claims are invoiced, and paid without insurance,
    /// which takes a visit.
    pub async fn history(&mut self, stage: &mut Stage, cast: &Cast, skip: &[usize]) -> Result<()> {
        let doctor = cast.doctors.first().context("the hospital has a doctor")?;
        let (mut calls, mut contents) = (Vec::new(), Vec::new());
        for (place, (patient, skip)) in cast.patients.iter().zip(skip).enumerate() {
            let visits = patient.dossier.visits.iter().take(*skip);
            let parts = patient.dossier.profile.iter();
            for part in parts.chain(visits.flat_map(|visit| &visit.records)) {
                let draft = RecordDraft {
                    patient: patient.id,
                    author: doctor.id,
                    member: HOSPITAL,
                    visit: None,
                    kind: kind_of(part.kind),
                    content: part.document.clone(),
                    compression: Compression::Zstd,
                };
                let client = stage.client(&doctor.actor.wallet);
                calls.push(records::prepare(client, &draft).await?.call()?);
                contents.push((place, part.document.to_vec()));
            }
        }
        let outcomes = stage.in_order(&doctor.actor, calls).await?;
        for (outcome, (place, content)) in outcomes.iter().zip(contents) {
            self.contents.push((record_of(outcome)?, place, content));
        }
        for (patient, skip) in cast.patients.iter().zip(skip) {
            let mut calls = Vec::new();
            for visit in patient.dossier.visits.iter().take(*skip) {
                for charge in &visit.charges {
                    let draft = draft(patient.id, visit, charge)?;
                    let client = stage.client(&cast.hospital.wallet);
                    let prepared = billing::prepare(client, &cast.hospital.wallet, &draft).await?;
                    calls.push((prepared.total_fen(), prepared.call()));
                }
            }
            let (totals, calls): (Vec<Balance>, Vec<RuntimeCall>) = calls.into_iter().unzip();
            let outcomes = stage.in_order(&cast.hospital, calls).await?;
            let mut payments = Vec::new();
            for (outcome, amount_fen) in outcomes.iter().zip(totals) {
                let call = pallet_payments::Call::<Runtime>::pay {
                    invoice: invoice_of(outcome)?,
                    amount_fen,
                    payment: operation::random_id(),
                };
                payments.push(call.into());
            }
            stage.in_order(&patient.actor, payments).await?;
        }
        Ok(())
    }

    /// The doctor reads what the bookings granted: the patients' history. To whom each record
    /// belongs that was read.
    async fn read_before(
        &self,
        stage: &mut Stage,
        doctor: &Doctor,
        scenes: &[Scene<'_>],
    ) -> Result<Vec<usize>> {
        let is_here = |place: usize| scenes.iter().any(|scene| scene.place == place);
        let history: Vec<&(RecordId, usize, Vec<u8>)> = self
            .contents
            .iter()
            .filter(|(_, place, _)| is_here(*place))
            .collect();
        for part in history.chunks(pallet_records::types::BATCH_MAX as usize) {
            let ids: Vec<RecordId> = part.iter().map(|(id, ..)| *id).collect();
            self.read_all(stage, doctor, &ids).await?;
        }
        Ok(history.iter().map(|(_, place, _)| *place).collect())
    }

    /// A doctor opens records, all of which she may read, and finds what was written.
    async fn read_all(&self, stage: &mut Stage, doctor: &Doctor, ids: &[RecordId]) -> Result<()> {
        let client = stage.client(&doctor.actor.wallet);
        let party = Party::Practitioner(doctor.id);
        let wallet = &doctor.actor.wallet;
        let opening = records::open(client, wallet, party, ids, Purpose::Treatment).await?;
        ensure!(
            opening.denied.is_empty(),
            "{} was denied {:?}, which she may read",
            doctor.actor.name,
            opening.denied
        );
        for (id, opened) in &opening.allowed {
            let opened = opened
                .as_ref()
                .map_err(|error| anyhow::anyhow!("record {id}: {error}"))?;
            let written = self.contents.iter().find(|(written, ..)| written == id);
            let (_, _, content) = written.context("a record that nobody wrote")?;
            ensure!(
                *content == **opened.content,
                "record {id} opens to something else than was written"
            );
        }
        stage.keep(&opening.outcome);
        Ok(())
    }

    /// The doctor writes the encounters' records.
    async fn write(
        &mut self,
        stage: &mut Stage,
        doctor: &Doctor,
        scenes: &mut [Scene<'_>],
    ) -> Result<()> {
        let mut calls = Vec::new();
        let mut of_scene = Vec::new();
        for (at, scene) in scenes.iter().enumerate() {
            for part in &scene.visit.records {
                let draft = RecordDraft {
                    patient: scene.patient.id,
                    author: doctor.id,
                    member: HOSPITAL,
                    visit: Some(scene.appointment),
                    kind: kind_of(part.kind),
                    content: part.document.clone(),
                    compression: Compression::Zstd,
                };
                let client = stage.client(&doctor.actor.wallet);
                calls.push(records::prepare(client, &draft).await?.call()?);
                of_scene.push((at, part.document.to_vec()));
            }
        }
        let outcomes = stage.in_order(&doctor.actor, calls).await?;
        for (outcome, (at, content)) in outcomes.iter().zip(of_scene) {
            let record = record_of(outcome)?;
            let scene = &mut scenes[at];
            scene.records.push(record);
            self.contents.push((record, scene.place, content));
        }
        Ok(())
    }

    /// Refers the patients to the clinic (转诊): the doctor asks for its doctor, the patients agree,
    /// she reads, and they take the grant back.
    async fn refer(
        &self,
        stage: &mut Stage,
        cast: &Cast,
        doctor: &Doctor,
        scenes: &[Scene<'_>],
    ) -> Result<()> {
        let asked: Vec<(&Scene<'_>, RecordId)> = scenes
            .iter()
            .flat_map(|scene| scene.records.iter().map(move |record| (scene, *record)))
            .collect();
        let requests = asked.iter().map(|(scene, record)| {
            let request = NewRequest {
                patient: scene.patient.id,
                what: Covered::Record(*record),
                grantee: Grantee::Practitioner(cast.clinic_doctor.id),
                purpose: Purpose::Treatment,
                reason: RequestReason::Referral,
            };
            let requester = doctor.id;
            pallet_records::Call::<Runtime>::request_access { requester, request }.into()
        });
        let outcomes = stage.in_order(&doctor.actor, requests.collect()).await?;
        let mut by_scene: Vec<(&Scene<'_>, Vec<AccessRequestId>)> = Vec::new();
        for (outcome, (scene, _)) in outcomes.iter().zip(&asked) {
            let request = told(outcome, "AccessRequested", |event| match event {
                RuntimeEvent::Records(pallet_records::Event::AccessRequested {
                    request, ..
                }) => Some(*request),
                _ => None,
            })?;
            match by_scene.last_mut() {
                Some((last, requests)) if last.place == scene.place => requests.push(request),
                _ => by_scene.push((scene, vec![request])),
            }
        }
        let answers = by_scene.iter().map(|(scene, requests)| {
            let client = stage.client(&scene.patient.actor.wallet);
            answer(client, scene.patient, requests)
        });
        let answered: Vec<(Vec<GrantId>, Vec<Outcome>)> = try_join_all(answers).await?;
        for (_, outcomes) in &answered {
            outcomes.iter().for_each(|outcome| stage.keep(outcome));
        }
        let ids: Vec<RecordId> = asked.iter().map(|(_, record)| *record).collect();
        for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
            self.read_all(stage, &cast.clinic_doctor, part).await?;
        }
        let revocations = by_scene
            .iter()
            .zip(&answered)
            .map(|((scene, _), (grants, _))| {
                let client = stage.client(&scene.patient.actor.wallet);
                revoke(client, scene.patient, grants)
            });
        for outcome in try_join_all(revocations).await?.into_iter().flatten() {
            stage.keep(&outcome);
        }
        Ok(())
    }
}

/// The patients agree to what was asked.
async fn answer(
    client: &Client,
    patient: &Patient,
    requests: &[AccessRequestId],
) -> Result<(Vec<GrantId>, Vec<Outcome>)> {
    let now = parties::now(client).await?;
    let period = Period {
        from: now,
        until: now + REFERRAL_MS,
    };
    let (mut grants, mut outcomes) = (Vec::new(), Vec::new());
    for request in requests {
        let sharing =
            records::answer(client, &patient.actor.wallet, *request, period, false).await?;
        grants.push(sharing.grant);
        outcomes.extend(sharing.outcomes);
    }
    Ok((grants, outcomes))
}

async fn revoke(client: &Client, patient: &Patient, grants: &[GrantId]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for grant in grants {
        let call = pallet_records::Call::<Runtime>::revoke { grant: *grant };
        outcomes.push(operation::execute(client, patient.actor.wallet.key(), call).await?);
    }
    Ok(outcomes)
}

/// The patients book, each with a grant of the history that ends with the visit.
async fn book<'a>(
    stage: &mut Stage,
    doctor: &Doctor,
    session: xinglin_primitives::ScheduleId,
    guests: &[(usize, &'a Patient, &'a Visit)],
) -> Result<Vec<Scene<'a>>> {
    let bookings = guests.iter().map(|(place, patient, visit)| {
        let client = stage.client(&patient.actor.wallet);
        async move {
            let now = parties::now(client).await?;
            let terms = Terms {
                what: Covered::History {
                    kinds: all_kinds(),
                    from: 0,
                    until: now + HOUR_MS,
                },
                grantee: Grantee::Practitioner(doctor.id),
                purpose: Purpose::Treatment,
                from: now,
                until: now + 30 * DAY_MS,
                may_reshare: false,
            };
            let slot = Slot {
                schedule: session,
                slot: u16::try_from(*place)? % super::cast::SLOTS,
                waitlist: false,
            };
            let sharing =
                records::book_with_grant(client, &patient.actor.wallet, slot, terms).await?;
            let appointment = sharing
                .outcomes
                .iter()
                .flat_map(|outcome| &outcome.events)
                .find_map(|event| match event {
                    RuntimeEvent::Appointments(pallet_appointments::Event::Booked {
                        appointment,
                        ..
                    }) => Some(*appointment),
                    _ => None,
                })
                .context("no appointment was made")?;
            let scene = Scene {
                place: *place,
                patient,
                visit,
                appointment,
                records: Vec::new(),
            };
            anyhow::Ok((scene, sharing.outcomes))
        }
    });
    let booked = try_join_all(bookings).await?;
    let mut scenes = Vec::with_capacity(booked.len());
    for (scene, outcomes) in booked {
        outcomes.iter().for_each(|outcome| stage.keep(outcome));
        scenes.push(scene);
    }
    Ok(scenes)
}

/// A doctor to whom nothing was granted tries to read, and is refused. The attempt stays on the
/// chain.
async fn refuse(stage: &mut Stage, other: &Doctor, scenes: &[Scene<'_>]) -> Result<()> {
    let ids: Vec<RecordId> = scenes
        .iter()
        .flat_map(|scene| scene.records.clone())
        .collect();
    for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
        let client = stage.client(&other.actor.wallet);
        let party = Party::Practitioner(other.id);
        let wallet = &other.actor.wallet;
        let opening = records::open(client, wallet, party, part, Purpose::Treatment).await?;
        let is_refused =
            |(_, denial): &(RecordId, Denial)| matches!(denial, Denial::NoGrant | Denial::Expired);
        ensure!(
            opening.allowed.is_empty() && opening.denied.iter().all(is_refused),
            "{} could open {:?} without a grant",
            other.actor.name,
            opening.allowed
        );
        stage.keep(&opening.outcome);
    }
    Ok(())
}

/// The hospital issues an invoice for every claim.
async fn bill(stage: &mut Stage, cast: &Cast, scenes: &[Scene<'_>]) -> Result<Vec<Vec<Bill>>> {
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

/// The record that a transaction wrote.
fn record_of(outcome: &Outcome) -> Result<RecordId> {
    Ok(told(outcome, "Written", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::Written { record, .. }) => Some(*record),
        _ => None,
    })?)
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
    let setting = if visit.class.is_inpatient() {
        Setting::Inpatient
    } else {
        Setting::Outpatient
    };
    let lines = charge.lines.iter().map(|line| {
        let class = match line.class {
            None | Some(ItemClass::A) => CatalogueClass::A,
            Some(ItemClass::B) => CatalogueClass::B,
            Some(ItemClass::C) => CatalogueClass::C,
        };
        DraftLine {
            item: Item {
                system: line
                    .system
                    .clone()
                    .unwrap_or_else(|| "urn:local".to_owned()),
                code: line.code.clone(),
                name: line.name.clone(),
            },
            class,
            prepay_bp: if class == CatalogueClass::B {
                CLASS_B_PREPAY_BP
            } else {
                0
            },
            unit_price_fen: line.unit_price_fen,
            quantity: line.quantity,
            price_limit_fen: None,
            fund_share_bp: None,
        }
    });
    Ok(InvoiceDraft {
        patient,
        visit: None,
        setting,
        service: service(visit)?,
        lines: lines.collect(),
        readers: vec![INSURER],
    })
}

/// The first and last day of an encounter.
fn service(visit: &Visit) -> Result<(Date, Date)> {
    let (first, last) = visit.service_dates();
    let date = |day: i32| {
        u32::try_from(day)
            .map(Date)
            .context("an encounter before 1970 cannot be invoiced")
    };
    Ok((date(first.0)?, date(last.0)?))
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

fn kind_of(kind: RecordKind) -> ContentKind {
    match kind {
        RecordKind::Encounter => ContentKind::Encounter,
        RecordKind::Profile => ContentKind::Profile,
        RecordKind::Diagnosis => ContentKind::Diagnosis,
        RecordKind::TreatmentPlan => ContentKind::TreatmentPlan,
        RecordKind::Prescription => ContentKind::Prescription,
        RecordKind::Report => ContentKind::Report,
    }
}

fn all_kinds() -> pallet_records::grants::Kinds {
    [
        ContentKind::Encounter,
        ContentKind::Profile,
        ContentKind::Diagnosis,
        ContentKind::TreatmentPlan,
        ContentKind::Prescription,
        ContentKind::Report,
    ]
    .into_iter()
    .collect::<std::collections::BTreeSet<_>>()
    .try_into()
    .unwrap_or_default()
}
