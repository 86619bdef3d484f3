//! The morning: a doctor's session at Alice Hospital, and all that happens to it.

use anyhow::{bail, ensure, Context, Result};
use frame_support::storage::storage_prefix;
use pallet_appointments::{
    types::{Acting, NewSchedule, Session, VisitKind},
    Call, Event,
};
use xinglin_primitives::{
    time::{Date, Moment, HOUR_MS},
    AppointmentId, DepartmentId, MemberId, PatientId, PractitionerId, ScheduleId, YUAN,
};
use xinglin_runtime::{genesis, Runtime, RuntimeCall, RuntimeEvent};

use super::stage::{
    Expected::{Done, Refused},
    Party, Stage,
};

/// Ids by their places in the presets.
const HOSPITAL: MemberId = MemberId(0);
const HOSPITAL_DOCTOR: PractitionerId = PractitionerId(0);
const CLINIC_DOCTOR: PractitionerId = PractitionerId(2);
const DEPARTMENT: DepartmentId = DepartmentId(1);
/// Patients who book.
const PATIENTS: u64 = 8;
/// Slots of the session.
const SLOTS: u16 = 12;
const SLOT_MINUTES: u16 = 15;

/// What is on, and who is there.
pub struct Morning {
    hospital: Party,
    doctor: Party,
    patients: Vec<Party>,
    schedule: ScheduleId,
    clinic_schedule: ScheduleId,
    /// The appointment of each patient so far.
    booked: Vec<AppointmentId>,
}

impl Morning {
    /// The hospital and the clinic publish their sessions.
    pub async fn begin(stage: &mut Stage) -> Result<Self> {
        ensure_dev_parties(stage).await?;
        let hospital = Party::new("Alice Hospital", "//Alice")?;
        let clinic = Party::new("Bob Clinic", "//Bob")?;
        let patients = (1..=PATIENTS)
            .map(|number| {
                Party::new(
                    format!("patient {number}"),
                    &format!("//Alice//patient//{number}"),
                )
            })
            .collect::<Result<_>>()?;
        let start = free_morning(stage).await?;
        let session = NewSchedule {
            practitioner: HOSPITAL_DOCTOR,
            department: DEPARTMENT,
            kind: VisitKind::First,
            start,
            slot_minutes: SLOT_MINUTES,
            slots: SLOTS,
            capacity: 1,
            fee_fen: 25 * YUAN,
        };
        let clinic_session = NewSchedule {
            practitioner: CLINIC_DOCTOR,
            capacity: 2,
            fee_fen: 0,
            ..session.clone()
        };
        let schedule = published(
            &stage
                .act(
                    &hospital,
                    "publishes the doctor's session: 12 slots at 25 yuan",
                    Call::publish_schedule { schedule: session },
                    Done,
                )
                .await?,
        )?;
        let clinic_schedule = published(
            &stage
                .act(
                    &clinic,
                    "publishes a session at the same time, free",
                    Call::publish_schedule {
                        schedule: clinic_session,
                    },
                    Done,
                )
                .await?,
        )?;
        Ok(Self {
            hospital,
            doctor: Party::new("the doctor", "//Alice//doctor//1")?,
            patients,
            schedule,
            clinic_schedule,
            booked: Vec::new(),
        })
    }

    /// Six patients book at the same moment; what must not be booked is refused.
    pub async fn bookings(&mut self, stage: &mut Stage) -> Result<()> {
        let acts = (0u16..6)
            .map(|slot| {
                let patient = usize::from(slot);
                let what = format!("books slot {slot}");
                let call = self.book(patient, self.schedule, slot, false);
                (&self.patients[patient], what, call)
            })
            .collect();
        for events in stage.act_together(acts).await? {
            self.booked.push(appointment(&events)?);
        }
        let seventh = &self.patients[6];
        let taken = self.book(6, self.schedule, 0, false);
        stage
            .act(
                seventh,
                "books slot 0, which is taken",
                taken,
                Refused("SlotFull"),
            )
            .await?;
        let elsewhere = self.book(0, self.clinic_schedule, 0, false);
        stage
            .act(
                &self.patients[0],
                "books the clinic at the same time",
                elsewhere,
                Refused("Overlap"),
            )
            .await?;
        let waiting = self.book(6, self.schedule, 1, true);
        let events = stage
            .act(seventh, "waits for slot 1", waiting, Done)
            .await?;
        self.booked.push(appointment(&events)?);
        for index in [0, 2] {
            let what = format!("confirms patient {}", index + 1);
            let appointment = self.booked[index];
            stage
                .act(&self.doctor, what, Call::confirm { appointment }, Done)
                .await?;
        }
        Ok(())
    }

    /// A cancellation makes room for who waits; a move frees a slot, which another takes.
    pub async fn changes(&mut self, stage: &mut Stage) -> Result<()> {
        let cancelled = self.booked[1];
        let events = stage
            .act(
                &self.patients[1],
                "cancels slot 1: patient 7 gets it",
                Call::cancel {
                    appointment: cancelled,
                    acting: Acting::Patient(PatientId(1)),
                },
                Done,
            )
            .await?;
        let promoted = events.iter().any(|event| {
            matches!(event, RuntimeEvent::Appointments(Event::Promoted { appointment, .. })
                if *appointment == self.booked[6])
        });
        ensure!(promoted, "the patient who waited was not promoted");

        stage
            .act(
                &self.patients[2],
                "moves from slot 2 to slot 8",
                Call::reschedule {
                    appointment: self.booked[2],
                    schedule: self.schedule,
                    slot: 8,
                    acting: Acting::Patient(PatientId(2)),
                },
                Done,
            )
            .await?;
        let freed = self.book(7, self.schedule, 2, false);
        let events = stage
            .act(&self.patients[7], "books slot 2, now free", freed, Done)
            .await?;
        self.booked.push(appointment(&events)?);
        stage
            .act(
                &self.patients[3],
                "cancels the appointment of another",
                Call::cancel {
                    appointment: self.booked[0],
                    acting: Acting::Patient(PatientId(3)),
                },
                Refused("OtherPatient"),
            )
            .await?;
        Ok(())
    }

    /// The visits; nobody is marked as missing before the time.
    pub async fn visits(&mut self, stage: &mut Stage) -> Result<()> {
        for index in [0, 6] {
            let appointment = self.booked[index];
            let name = self.patients[index].name.clone();
            stage
                .act(
                    &self.hospital,
                    format!("checks in {name}"),
                    Call::check_in { appointment },
                    Done,
                )
                .await?;
            stage
                .act(
                    &self.doctor,
                    format!("ends the visit of {name}"),
                    Call::complete { appointment },
                    Done,
                )
                .await?;
        }
        stage
            .act(
                &self.hospital,
                "marks patient 4 as not having come, too early",
                Call::mark_no_show {
                    appointment: self.booked[3],
                },
                Refused("TooEarly"),
            )
            .await?;
        stage
            .act(
                &self.hospital,
                "checks in patient 1 again",
                Call::check_in {
                    appointment: self.booked[0],
                },
                Refused("WrongState"),
            )
            .await?;
        Ok(())
    }

    /// All appointments of the morning, with the names of the patients.
    pub fn appointments(&self) -> Vec<(AppointmentId, String)> {
        self.booked
            .iter()
            .zip(&self.patients)
            .map(|(id, patient)| (*id, patient.name.clone()))
            .collect()
    }

    fn book(&self, patient: usize, schedule: ScheduleId, slot: u16, waitlist: bool) -> RuntimeCall {
        Call::book {
            patient: PatientId(patient as u64),
            schedule,
            slot,
            waitlist,
            pre_visit_grant: None,
        }
        .into()
    }
}

/// The first morning on which neither doctor has a session and patients may book already.
async fn free_morning(stage: &Stage) -> Result<Moment> {
    let now: Moment = stage
        .read(&storage_prefix(b"Timestamp", b"Now"))
        .await?
        .context("the chain has no time yet")?;
    let mut sessions: Vec<Session> = Vec::new();
    for doctor in [HOSPITAL_DOCTOR, CLINIC_DOCTOR] {
        let key = pallet_appointments::Sessions::<Runtime>::hashed_key_for(doctor);
        sessions.extend(stage.read::<Vec<Session>>(&key).await?.unwrap_or_default());
    }
    let today = Date::of(now).0;
    let window = u32::from(genesis::DEV_RULES.window_days);
    (today + 1..today + window)
        .map(|day| Date(day).start() + 8 * HOUR_MS)
        .find(|start| {
            let end = start + u64::from(SLOTS) * u64::from(SLOT_MINUTES) * 60_000;
            let is_free = |session: &Session| session.end <= *start || end <= session.start;
            sessions.iter().all(is_free)
        })
        .context("the doctors' mornings are taken for two weeks; play on a new network")
}

/// The demo's people are those of the presets.
async fn ensure_dev_parties(stage: &Stage) -> Result<()> {
    let key = pallet_members::Members::<Runtime>::hashed_key_for(HOSPITAL);
    let member: Option<pallet_members::Member<xinglin_primitives::AccountId>> =
        stage.read(&key).await?;
    ensure!(
        member.is_some_and(|member| member.account == genesis::dev::account("//Alice")),
        "this network does not know the development parties; make one with `xinglin network new \
         --dev-parties`, or let the demo start its own"
    );
    Ok(())
}

fn published(events: &[RuntimeEvent]) -> Result<ScheduleId> {
    for event in events {
        if let RuntimeEvent::Appointments(Event::SchedulePublished { schedule, .. }) = event {
            return Ok(*schedule);
        }
    }
    bail!("no schedule was published")
}

fn appointment(events: &[RuntimeEvent]) -> Result<AppointmentId> {
    for event in events {
        if let RuntimeEvent::Appointments(
            Event::Booked { appointment, .. } | Event::Waitlisted { appointment, .. },
        ) = event
        {
            return Ok(*appointment);
        }
    }
    bail!("no appointment was made")
}
