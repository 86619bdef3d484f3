//! Who takes part in the day, and what they need before it begins.

use std::collections::BTreeSet;

use anyhow::{bail, ensure, Context, Result};
use pallet_appointments::{
    agenda::AGENDA_MAX,
    types::{NewSchedule, VisitKind},
};
use pallet_insurance::{
    computation::{Category, Insured, SchemeParameters},
    types::Period,
};
use xinglin_fhir::{Dossier, Secret};
use xinglin_primitives::{
    glue::MemberKind,
    time::{Date, HOUR_MS},
    Balance, CoverageId, DepartmentId, MemberId, PatientId, PractitionerId, ScheduleId, SchemeId,
    YUAN,
};
use xinglin_runtime::{genesis::DEV_RULES, Runtime, RuntimeCall, RuntimeEvent};
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
/// Where the patients are referred, and to whom there.
const OTHER_HOSPITAL: MemberId = MemberId(5);
const OTHER_DOCTOR: PractitionerId = PractitionerId(3);

/// What the bank issues to each party beyond what the day may cost it.
const MARGIN_FEN: Balance = 1_000 * YUAN;
/// What the insurer puts into each personal account.
const ACCOUNT_FEN: Balance = 300 * YUAN;
/// The first day of scheme and coverages: before all encounters.
const COVERED_FROM: Date = Date(0);
/// When sessions begin, by the hour of the day (UTC+8).
const SESSION_HOUR: u64 = 11;
const SLOT_MINUTES: u16 = 5;
/// Slots of a session.
pub const SLOTS: u16 = 60;
/// Days ahead on which patients may book, today not counted.
const DAYS_MAX: usize = DEV_RULES.window_days as usize;
/// Most encounters of one patient that can be booked: those that are in an agenda until their days
/// are past.
pub const VISITS_MAX: usize = AGENDA_MAX as usize;
/// The hospital's doctors of the presets: one that reads, and one that may not.
const PRESET_DOCTORS: usize = 2;
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

impl Doctor {
    /// One of the presets, without sessions.
    fn of_preset(name: &str, path: &str, id: PractitionerId) -> Result<Self> {
        Ok(Self {
            actor: Actor::of_preset(name, path)?,
            id,
            sessions: Vec::new(),
        })
    }
}

/// Another hospital, as the chain knows it.
pub struct OtherHospital {
    pub name: String,
    pub kind: MemberKind,
    pub doctor: Doctor,
}

impl OtherHospital {
    async fn find(stage: &Stage, hospital: &Actor) -> Result<Self> {
        let client = stage.client(&hospital.wallet);
        let doctor = parties::practitioner(client, OTHER_DOCTOR).await.context(
            "finding a doctor at another hospital; if there is none, play on a new network",
        )?;
        let member = parties::member(client, OTHER_HOSPITAL).await?;
        ensure!(
            member.kind == MemberKind::Hospital && doctor.licences.contains_key(&OTHER_HOSPITAL),
            "practitioner {OTHER_DOCTOR} works at no other hospital; play on a new network"
        );
        let name = String::from_utf8_lossy(&member.name).into_owned();
        let title = format!("the doctor of {name}");
        Ok(Self {
            name,
            kind: member.kind,
            doctor: Doctor::of_preset(&title, "//Grace//doctor//1", OTHER_DOCTOR)?,
        })
    }
}

/// A patient with what the bundle holds.
pub struct Patient {
    pub actor: Actor,
    pub id: PatientId,
    pub coverage: CoverageId,
    /// What the bank issued to her.
    pub money_fen: Balance,
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
    /// Where the patients are referred.
    pub other_hospital: OtherHospital,
    /// The clinic's, for an emergency.
    pub clinic_doctor: Doctor,
    pub patients: Vec<Patient>,
    /// The day, on which all invoices are issued.
    pub today: Date,
}

impl Cast {
    /// Registers the patients, gives them money and coverage, and publishes the doctors' sessions.
    pub async fn gather(stage: &mut Stage, dossiers: Vec<Dossier>) -> Result<Self> {
        ensure!(
            dossiers.len() <= PATIENTS_MAX,
            "{} patients are more than the {PATIENTS_MAX} for whom there are places",
            dossiers.len()
        );
        let hospital = Actor::of_preset("Alice Hospital", "//Alice")?;
        let insurer = Actor::of_preset("Charlie Insurance", "//Charlie")?;
        let bank = Actor::of_preset("Eve Settlement Bank", "//Eve")?;
        let today = Date::of(parties::now(stage.client(&hospital.wallet)).await?);
        let visits = dossiers.iter().map(|one| one.visits.len().min(VISITS_MAX));
        let visits = visits.max().unwrap_or_default();
        let mut doctors = doctors(stage, &hospital, visits.div_ceil(DAYS_MAX)).await?;
        sessions(stage, &hospital, &mut doctors, today, visits).await?;
        let scheme = scheme(stage, &insurer).await?;
        let patients = patients(stage, [&hospital, &bank, &insurer], scheme, dossiers).await?;
        Ok(Self {
            desk: Actor::of_preset("the desk of Alice Hospital", "//Alice//service//1")?,
            regulator: Actor::of_preset("Dave Health Commission", "//Dave")?,
            other_hospital: OtherHospital::find(stage, &hospital).await?,
            clinic_doctor: Doctor::of_preset(
                "the doctor of Bob Clinic",
                "//Bob//doctor//1",
                PractitionerId(2),
            )?,
            hospital,
            insurer,
            doctors,
            patients,
            today,
        })
    }
}

/// So many doctors of the hospital, or more. A patient may book each of them once a day, because each
/// has a department of her own; those whom the presets do not have are registered.
async fn doctors(stage: &mut Stage, hospital: &Actor, count: usize) -> Result<Vec<Doctor>> {
    let mut doctors = Vec::new();
    for place in 0..count.max(PRESET_DOCTORS) {
        let name = format!("doctor {}", place + 1);
        if place < PRESET_DOCTORS {
            let path = format!("//Alice//doctor//{}", place + 1);
            let id = PractitionerId(u32::try_from(place)?);
            doctors.push(Doctor::of_preset(&name, &path, id)?);
            continue;
        }
        let wallet = Wallet::new(KeyPair::generate(Scheme::Sr25519).0);
        let department = department_of(place)?;
        let title = format!("Department {}", place + 1);
        let publish = pallet_appointments::Call::<Runtime>::publish_department {
            department,
            code: title.into_bytes().try_into().unwrap_or_default(),
        };
        let register = pallet_members::Call::<Runtime>::register_practitioner {
            account: wallet.account(),
            encryption_key: wallet.encryption_key(),
            department,
            specialty: b"99".to_vec().try_into().unwrap_or_default(),
        };
        stage.act_as(hospital, publish.into()).await?;
        let outcome = stage.act_as(hospital, register.into()).await?;
        let id = told(&outcome, "PractitionerRegistered", |event| match event {
            RuntimeEvent::Members(pallet_members::Event::PractitionerRegistered {
                practitioner,
                ..
            }) => Some(*practitioner),
            _ => None,
        })?;
        doctors.push(Doctor {
            actor: Actor { name, wallet },
            id,
            sessions: Vec::new(),
        });
    }
    Ok(doctors)
}

/// The department of the doctor at a place.
fn department_of(place: usize) -> Result<DepartmentId> {
    Ok(DepartmentId(u16::try_from(place + 1)?))
}

/// Publishes as many days of the doctors' sessions as the encounters take, all at the same hours.
async fn sessions(
    stage: &mut Stage,
    hospital: &Actor,
    doctors: &mut [Doctor],
    today: Date,
    visits: usize,
) -> Result<()> {
    let days = u32::try_from(visits.div_ceil(doctors.len()).max(1))?;
    let mut calls = Vec::new();
    for date in (1..=days).map(|day| Date(today.0 + day)) {
        for (place, doctor) in doctors.iter().enumerate() {
            let schedule = NewSchedule {
                practitioner: doctor.id,
                department: department_of(place)?,
                kind: VisitKind::FollowUp,
                start: date.start() + SESSION_HOUR * HOUR_MS,
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
    for (at, outcome) in outcomes.iter().enumerate() {
        let session = told(outcome, "SchedulePublished", |event| match event {
            RuntimeEvent::Appointments(pallet_appointments::Event::SchedulePublished {
                schedule,
                ..
            }) => Some(*schedule),
            _ => None,
        })?;
        let place = at % doctors.len();
        doctors[place].sessions.push(session);
    }
    Ok(())
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

/// What the claims of a patient's encounters charge.
fn charged_fen(dossier: &Dossier) -> Balance {
    let charges = dossier.visits.iter().flat_map(|visit| &visit.charges);
    charges.map(|charge| Balance::from(charge.total_fen)).sum()
}

/// Registers the patients, each under a fresh key. They and the insurer get more money than all
/// invoices ask for, even if one is issued twice, to be flagged.
async fn patients(
    stage: &mut Stage,
    [hospital, bank, insurer]: [&Actor; 3],
    scheme: SchemeId,
    dossiers: Vec<Dossier>,
) -> Result<Vec<Patient>> {
    let salt = Salt::random();
    let mut wallets = Vec::new();
    let mut register: Vec<RuntimeCall> = Vec::new();
    let mut known = BTreeSet::new();
    for dossier in &dossiers {
        let wallet = Wallet::new(KeyPair::generate(Scheme::Sr25519).0);
        // Where the bundle has no identity number any will do: nobody looks for her by it.
        let unknown = Secret::new(format!("{:?}", random_id()));
        let number = dossier.patient.identity_number().unwrap_or(&unknown);
        let identity = identity_hash(&salt, number.expose());
        ensure!(
            known.insert(identity.0),
            "two of the bundles are of the same patient; merge them"
        );
        let call = pallet_members::Call::<Runtime>::register_patient {
            identity,
            account: wallet.account(),
            encryption_key: wallet.encryption_key(),
        };
        register.push(call.into());
        wallets.push(wallet);
    }
    let charged = dossiers.iter().map(charged_fen);
    let money: Vec<Balance> = charged.map(|fen| 2 * fen + MARGIN_FEN).collect();
    let accounts = wallets.iter().map(Wallet::account);
    let accounts = accounts.zip(money.iter().copied());
    let fund = (insurer.wallet.account(), money.iter().sum::<Balance>());
    let issue = accounts.chain([fund]).map(|(to, amount_fen)| {
        let reference = random_id();
        pallet_payments::Call::<Runtime>::issue {
            to,
            amount_fen,
            reference,
        }
        .into()
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
    let people = dossiers.into_iter().zip(wallets).zip(money);
    let people = people.zip(ids).zip(coverages).enumerate();
    let patients = people.map(
        |(place, ((((dossier, wallet), money_fen), id), coverage))| Patient {
            actor: Actor {
                name: format!("patient {}", place + 1),
                wallet,
            },
            id,
            coverage,
            money_fen,
            dossier,
        },
    );
    Ok(patients.collect())
}
