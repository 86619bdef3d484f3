//! Who takes part in the day, and what they need before it begins.

use anyhow::{bail, ensure, Context, Result};
use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_insurance::{
    computation::{Category, Insured, SchemeParameters},
    types::Period,
};
use xinglin_fhir::{Bundle, Dossier, RecordOptions};
use xinglin_primitives::{
    time::{Date, Moment, HOUR_MS},
    Balance, CoverageId, DepartmentId, MemberId, PatientId, PractitionerId, ScheduleId, SchemeId,
    YUAN,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    identity::{identity_hash, Salt},
    keys::{KeyPair, Scheme},
    operation::{random_id, told},
    parties,
    wallet::Wallet,
};

use super::super::stage::Stage;

/// Ids by their places in the presets.
pub const HOSPITAL: MemberId = MemberId(0);
pub const CLINIC: MemberId = MemberId(1);
pub const INSURER: MemberId = MemberId(2);

/// What the bank issues to each patient.
pub const MONEY_FEN: Balance = 100_000 * YUAN;
/// What the insurer puts into each personal account.
const ACCOUNT_FEN: Balance = 300 * YUAN;
/// The first day of scheme and coverages: before all encounters.
const COVERED_FROM: Date = Date(0);
/// When each doctor's sessions begin, by the hour of the day (UTC+8).
const SESSION_HOURS: [u64; 2] = [11, 17];
const SLOT_MINUTES: u16 = 5;
/// Slots of a session, which ends before the next doctor's begins.
pub const SLOTS: u16 = 60;
/// Days ahead on which patients may book: today is not one of them.
const DAYS_MAX: usize = 13;
/// Most encounters of one patient that can be booked: one a day with each doctor.
pub const VISITS_MAX: usize = DAYS_MAX * SESSION_HOURS.len();
/// Most patients: one slot each, so many places in a slot.
const PATIENTS_MAX: usize = SLOTS as usize * CAPACITY as usize;
const CAPACITY: u16 = 4;

/// Somebody of the day.
pub struct Actor {
    /// What the tables call them.
    pub name: String,
    /// Their keys.
    pub wallet: Wallet,
}

impl Actor {
    fn of_preset(name: &str, path: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            wallet: Wallet::development(path)?,
        })
    }
}

/// A doctor.
pub struct Doctor {
    pub actor: Actor,
    pub id: PractitionerId,
    /// The sessions of the days to come, in order.
    pub sessions: Vec<ScheduleId>,
}

/// A patient with what the bundle holds.
pub struct Patient {
    pub actor: Actor,
    pub id: PatientId,
    pub coverage: CoverageId,
    pub dossier: Dossier,
}

/// Everybody.
pub struct Cast {
    pub hospital: Actor,
    pub desk: Actor,
    pub insurer: Actor,
    pub regulator: Actor,
    /// The hospital's, who take turns.
    pub doctors: Vec<Doctor>,
    /// The clinic's, to whom patients are referred.
    pub clinic_doctor: Doctor,
    pub patients: Vec<Patient>,
}

impl Cast {
    /// Registers the patients of the bundles, gives them money and coverage, and publishes the
    /// doctors' sessions.
    pub async fn gather(stage: &mut Stage, bundles: &[Bundle]) -> Result<Self> {
        let hospital = Actor::of_preset("Alice Hospital", "//Alice")?;
        let insurer = Actor::of_preset("Charlie Insurance", "//Charlie")?;
        let bank = Actor::of_preset("Eve Settlement Bank", "//Eve")?;
        let dossiers = dossiers(bundles)?;
        let visits = dossiers.iter().map(|one| one.visits.len()).max();
        let doctors = sessions(stage, &hospital, visits.unwrap_or_default()).await?;
        let scheme = scheme(stage, &insurer).await?;
        let patients = patients(stage, [&hospital, &bank, &insurer], scheme, dossiers).await?;
        Ok(Self {
            desk: Actor::of_preset("the desk of Alice Hospital", "//Alice//service//1")?,
            regulator: Actor::of_preset("Dave Health Commission", "//Dave")?,
            clinic_doctor: Doctor {
                actor: Actor::of_preset("the doctor of Bob Clinic", "//Bob//doctor//1")?,
                id: PractitionerId(2),
                sessions: Vec::new(),
            },
            hospital,
            insurer,
            doctors,
            patients,
        })
    }
}

/// The bundles that are a patient's; those of hospitals and doctors only go with them.
fn dossiers(bundles: &[Bundle]) -> Result<Vec<Dossier>> {
    let of_patients = bundles
        .iter()
        .filter(|bundle| bundle.of_type("Patient").next().is_some());
    let dossiers = of_patients
        .map(|bundle| Dossier::split(bundle, &RecordOptions::default()))
        .collect::<Result<Vec<_>, _>>()?;
    ensure!(!dossiers.is_empty(), "none of the bundles holds a patient");
    ensure!(
        dossiers.len() <= PATIENTS_MAX,
        "{} patients are more than the {PATIENTS_MAX} for whom there are places",
        dossiers.len()
    );
    Ok(dossiers)
}

/// Publishes as many days of sessions as the encounters take.
async fn sessions(stage: &mut Stage, hospital: &Actor, visits: usize) -> Result<Vec<Doctor>> {
    let now: Moment = parties::now(stage.client(&hospital.wallet)).await?;
    let days = visits.div_ceil(SESSION_HOURS.len()).clamp(1, DAYS_MAX);
    let mut calls = Vec::new();
    for day in 1..=days {
        let date = Date(Date::of(now).0 + u32::try_from(day)?);
        for (place, hour) in SESSION_HOURS.into_iter().enumerate() {
            let schedule = NewSchedule {
                practitioner: PractitionerId(u32::try_from(place)?),
                department: DepartmentId(u16::try_from(place + 1)?),
                kind: VisitKind::FollowUp,
                start: date.start() + hour * HOUR_MS,
                slot_minutes: SLOT_MINUTES,
                slots: SLOTS,
                capacity: CAPACITY,
                fee_fen: 0,
            };
            calls.push(pallet_appointments::Call::<Runtime>::publish_schedule { schedule }.into());
        }
    }
    let outcomes = stage
        .in_order(hospital, calls)
        .await
        .context("publishing the doctors' sessions; if they have others, play on a new network")?;
    let mut doctors = Vec::new();
    for (place, _) in SESSION_HOURS.iter().enumerate() {
        let path = format!("//Alice//doctor//{}", place + 1);
        doctors.push(Doctor {
            actor: Actor::of_preset(&format!("doctor {}", place + 1), &path)?,
            id: PractitionerId(u32::try_from(place)?),
            sessions: Vec::new(),
        });
    }
    for (at, outcome) in outcomes.iter().enumerate() {
        let session = told(outcome, "SchedulePublished", |event| match event {
            RuntimeEvent::Appointments(pallet_appointments::Event::SchedulePublished {
                schedule,
                ..
            }) => Some(*schedule),
            _ => None,
        })?;
        doctors[at % SESSION_HOURS.len()].sessions.push(session);
    }
    Ok(doctors)
}

async fn scheme(stage: &mut Stage, insurer: &Actor) -> Result<SchemeId> {
    let parameters: SchemeParameters = toml::from_str(include_str!("scheme.toml"))?;
    let code = b"DEMO".to_vec().try_into().unwrap_or_default();
    let create = pallet_insurance::Call::<Runtime>::create_scheme {
        code,
        from: COVERED_FROM,
        parameters: Box::new(parameters),
    };
    let outcomes = stage.in_order(insurer, vec![create.into()]).await?;
    let [outcome] = &outcomes[..] else {
        bail!("one call has one outcome");
    };
    Ok(told(outcome, "SchemeCreated", |event| match event {
        RuntimeEvent::Insurance(pallet_insurance::Event::SchemeCreated { scheme, .. }) => {
            Some(*scheme)
        }
        _ => None,
    })?)
}

/// Registers the patients, each under a fresh key.
async fn patients(
    stage: &mut Stage,
    [hospital, bank, insurer]: [&Actor; 3],
    scheme: SchemeId,
    dossiers: Vec<Dossier>,
) -> Result<Vec<Patient>> {
    let salt = Salt::random();
    let mut wallets = Vec::new();
    let mut register: Vec<RuntimeCall> = Vec::new();
    for dossier in &dossiers {
        let wallet = Wallet::new(KeyPair::generate(Scheme::Sr25519).0);
        let number = dossier.patient.identity_number()?;
        let call = pallet_members::Call::<Runtime>::register_patient {
            identity: identity_hash(&salt, number.expose()),
            account: wallet.account(),
            encryption_key: wallet.encryption_key(),
        };
        register.push(call.into());
        wallets.push(wallet);
    }
    let issue = wallets.iter().map(|wallet| {
        let call = pallet_payments::Call::<Runtime>::issue {
            to: wallet.account(),
            amount_fen: MONEY_FEN,
            reference: random_id(),
        };
        call.into()
    });
    let issue: Vec<RuntimeCall> = issue.collect();
    let mut ids = Vec::new();
    for outcome in stage.in_order(hospital, register).await? {
        ids.push(told(&outcome, "PatientRegistered", |event| match event {
            RuntimeEvent::Members(pallet_members::Event::PatientRegistered { patient, .. }) => {
                Some(*patient)
            }
            _ => None,
        })?);
    }
    stage.in_order(bank, issue).await?;
    let enrol = ids.iter().map(|patient| {
        let call = pallet_insurance::Call::<Runtime>::enrol {
            patient: *patient,
            scheme,
            insured: Insured {
                category: Category::Employed,
                age_group: 0,
            },
            period: Period {
                from: COVERED_FROM,
                until: None,
            },
        };
        call.into()
    });
    let mut coverages = Vec::new();
    for outcome in stage.in_order(insurer, enrol.collect()).await? {
        coverages.push(told(&outcome, "Enrolled", |event| match event {
            RuntimeEvent::Insurance(pallet_insurance::Event::Enrolled { coverage, .. }) => {
                Some(*coverage)
            }
            _ => None,
        })?);
    }
    let credit = coverages.iter().map(|coverage| {
        let call = pallet_insurance::Call::<Runtime>::credit_account {
            coverage: *coverage,
            amount_fen: ACCOUNT_FEN,
        };
        call.into()
    });
    stage.in_order(insurer, credit.collect()).await?;
    let people = dossiers.into_iter().zip(wallets).zip(ids).zip(coverages);
    let patients = people
        .enumerate()
        .map(|(place, (((dossier, wallet), id), coverage))| Patient {
            actor: Actor {
                name: format!("patient {}", place + 1),
                wallet,
            },
            id,
            coverage,
            dossier,
        });
    Ok(patients.collect())
}
