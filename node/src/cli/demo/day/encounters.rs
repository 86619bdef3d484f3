//! The encounters, in rounds: the first of every patient, then the second of every patient.
//!
//! Within a round the patients act at the same time. What one account does for all of them, a desk or
//! a doctor, goes in a pipeline.

use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    types::ContentKind,
};
use xinglin_fhir::{EncounterClass, Visit};
use xinglin_primitives::{
    time::{Date, DAY_MS, HOUR_MS},
    AppointmentId, Balance, MemberId, Party, PractitionerId, RecordId, ScheduleId,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    billing,
    client::Outcome,
    envelope::Compression,
    import::content_kind,
    operation::told,
    parties,
    records::{self, RecordDraft, Slot},
};

use super::{
    super::stage::Stage,
    bills::{bill, drafts_of, invoice_of, payment, service, Bill},
    cast::{Cast, Doctor, Patient, HOSPITAL, SLOTS},
    referral::{refuse, Referred},
};

/// One encounter and what came of it.
pub struct Played {
    /// Place among the patients of the cast.
    pub patient: usize,
    pub member: MemberId,
    pub practitioner: PractitionerId,
    /// The last day of the service, if an invoice can be of it.
    pub date: Option<Date>,
    pub class: EncounterClass,
    pub appointment: AppointmentId,
    /// Records that the doctor read before the visit.
    pub read_before: usize,
    pub records: Vec<RecordId>,
    pub bills: Vec<Bill>,
}

/// What an encounter is at the moment.
pub struct Scene<'a> {
    pub place: usize,
    pub patient: &'a Patient,
    pub visit: &'a Visit,
    pub appointment: AppointmentId,
    pub records: Vec<RecordId>,
}

/// The encounters so far.
#[derive(Default)]
pub struct Encounters {
    pub played: Vec<Played>,
    pub referred: Referred,
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
        let turn = number % doctors;
        let (doctor, other) = (&cast.doctors[turn], &cast.doctors[(turn + 1) % doctors]);
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
        let mut scenes = book(stage, doctor, (session, turn), &guests).await?;
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
                member: HOSPITAL,
                practitioner: doctor.id,
                date: service(scene.visit, cast.today).map(|(_, last)| last),
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
                    kind: content_kind(part.kind),
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
                for draft in drafts_of(patient.id, visit, cast.today) {
                    let client = stage.client(&cast.hospital.wallet);
                    let prepared = billing::prepare(client, &cast.hospital.wallet, &draft).await?;
                    calls.push((prepared.total_fen(), prepared.call()));
                }
            }
            let (totals, calls): (Vec<Balance>, Vec<RuntimeCall>) = calls.into_iter().unzip();
            let outcomes = stage.in_order(&cast.hospital, calls).await?;
            let mut payments = Vec::new();
            for (outcome, amount_fen) in outcomes.iter().zip(totals) {
                payments.push(payment(invoice_of(outcome)?, amount_fen));
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

    /// A doctor opens records, all of which she may read, and finds what was written. How many they
    /// are.
    pub async fn read_all(
        &self,
        stage: &mut Stage,
        doctor: &Doctor,
        ids: &[RecordId],
    ) -> Result<usize> {
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
        stage.keep(&[opening.outcome]).await?;
        Ok(opening.allowed.len())
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
                    kind: content_kind(part.kind),
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
}

/// The patients book, each with a grant of the history that ends with the visit. Doctors hold their
/// sessions at the same hours, so a patient's slot is another one for each of them.
async fn book<'a>(
    stage: &mut Stage,
    doctor: &Doctor,
    (session, turn): (ScheduleId, usize),
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
                slot: u16::try_from((*place + turn) % usize::from(SLOTS))?,
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
        stage.keep(&outcomes).await?;
        scenes.push(scene);
    }
    Ok(scenes)
}

/// The record that a transaction wrote.
fn record_of(outcome: &Outcome) -> Result<RecordId> {
    Ok(told(outcome, "Written", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::Written { record, .. }) => Some(*record),
        _ => None,
    })?)
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
