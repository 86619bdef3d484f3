//! Visits.

use anyhow::{Context, Result};
use clap::Subcommand;
use codec::Encode;
use pallet_appointments::types::Acting;
use serde_json::{json, Value};
use xinglin_primitives::{AppointmentId, InvoiceId, PatientId, ScheduleId};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::records::{self, Slot};

use super::files::tell_sharing;
use crate::cli::parties::{
    input::{self, PageArgs, TermsArgs},
    session::Session,
};

/// Visits.
#[derive(Subcommand)]
pub enum VisitCommand {
    /// List the appointments, newest first
    Appointments(PageArgs),
    /// Show how full the slots of a schedule are
    Slots {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
    },
    /// Book a place
    Book {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
        /// Wait for a place if there is none
        #[arg(long)]
        waitlist: bool,
    },
    /// Book a place and share what the doctor may read before; the grant ends with the visit
    BookAndShare {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
        /// Wait for a place if there is none
        #[arg(long)]
        waitlist: bool,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// Call an appointment off
    Cancel {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Move an appointment to another slot
    Reschedule {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
        /// The new schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
    },
    /// Show what came of an appointment: records, invoices, settlements; a delegate sees the parts
    /// that her scopes open
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
        /// The invoices before this one: `next` of the page before
        #[arg(long, value_name = "INVOICE", value_parser = input::number::<InvoiceId>)]
        before: Option<InvoiceId>,
    },
}

type Appointments = pallet_appointments::Call<Runtime>;

/// Does what such a command says.
pub async fn run(session: &Session, named: Option<PatientId>, command: VisitCommand) -> Result<()> {
    use VisitCommand as It;

    let patient = session.patient(named).await?;
    match command {
        It::Appointments(page) => {
            let question = ask::Appointments {
                patient,
                before: page.at.map(AppointmentId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Slots { schedule } => slots(session, schedule).await,
        It::Book {
            schedule,
            slot,
            waitlist,
        } => {
            let call = Appointments::book {
                patient,
                schedule,
                slot,
                waitlist,
                pre_visit_grant: None,
            };
            session.execute("Booked", call).await
        }
        It::BookAndShare {
            schedule,
            slot,
            waitlist,
            terms,
        } => {
            let place = Slot {
                schedule,
                slot,
                waitlist,
            };
            let terms = terms.terms(session.client()).await?;
            let (client, wallet) = (session.client(), session.wallet());
            let sharing = records::book_with_grant(client, wallet, place, terms).await?;
            tell_sharing(session, "Booked and shared", &sharing)
        }
        It::Cancel { appointment } => {
            let acting = Acting::Patient(patient);
            let call = Appointments::cancel {
                appointment,
                acting,
            };
            session.execute("The appointment is called off", call).await
        }
        It::Reschedule {
            appointment,
            schedule,
            slot,
        } => {
            let call = Appointments::reschedule {
                appointment,
                schedule,
                slot,
                acting: Acting::Patient(patient),
            };
            session.execute("The appointment is moved", call).await
        }
        It::Trail {
            appointment,
            before,
        } => {
            let question = ask::Trail {
                appointment,
                before,
            };
            session.ask(question).await
        }
    }
}

/// How full the slots of a schedule are: anybody may know.
pub(in crate::cli::parties) async fn slots(session: &Session, schedule: ScheduleId) -> Result<()> {
    use pallet_appointments::reads::SlotStatus;

    let client = session.client();
    let slots: Option<Vec<SlotStatus>> = client
        .runtime_call(
            "AppointmentsApi_slots_of",
            &schedule.encode(),
            client.tip().await?,
        )
        .await?;
    let slots = slots.with_context(|| format!("there is no schedule {schedule}"))?;
    let rows: Vec<Value> = slots
        .iter()
        .map(|slot| {
            json!({
                "slot": slot.slot,
                "start": slot.start,
                "free": slot.free,
                "waiting": slot.waiting,
            })
        })
        .collect();
    session.show(&rows.into())
}
