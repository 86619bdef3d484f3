//! Schedules and visits.

use std::path::PathBuf;

use anyhow::{ensure, Result};
use clap::Subcommand;
use pallet_appointments::{
    rules::BookingRules,
    types::{Acting, DisplayCode, NewSchedule, StaffReason},
};
use xinglin_primitives::{time::Date, AppointmentId, DepartmentId, InvoiceId, ScheduleId};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;

use crate::cli::parties::{input, patient::slots, session::Session};

/// Schedules and visits.
#[derive(Subcommand)]
pub enum DeskCommand {
    /// Publish a department, or change its code
    PublishDepartment {
        /// Its number
        #[arg(value_parser = input::number::<DepartmentId>)]
        department: DepartmentId,
        /// How it is shown
        #[arg(value_parser = input::text::<DisplayCode>)]
        code: DisplayCode,
    },
    /// Take no new schedules for a department
    WithdrawDepartment {
        /// Its number
        #[arg(value_parser = input::number::<DepartmentId>)]
        department: DepartmentId,
    },
    /// Publish booking rules that are in force from a date on
    Rules {
        /// The rules in JSON: windowDays, latestCancellation ({"minutesBefore": 60}), lateCancelsMax,
        /// noShowsMax, periodDays, blockDays, departmentDayMax, graceMinutes, lateCancelShareBp,
        /// noShowShareBp
        file: PathBuf,
        /// The first day, after today
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        from: Date,
    },
    /// Open a schedule for booking
    PublishSchedule {
        /// The schedule in JSON: practitioner, department, kind (first, followUp, remote), start
        /// (milliseconds since 1970), slotMinutes, slots, capacity, feeFen
        file: PathBuf,
    },
    /// End bookings in a schedule
    CloseSchedule {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
    },
    /// Show how full the slots of a schedule are
    Slots {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
    },
    /// List the bookings of a schedule
    Bookings {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// From this slot on
        #[arg(long, default_value = "0")]
        first_slot: u16,
    },
    /// Confirm an appointment
    Confirm {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Record that a patient has arrived
    CheckIn {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Record that a patient did not come
    NoShow {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Call an appointment off
    Cancel {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
        /// Why
        #[arg(long, value_name = REASONS, value_parser = staff_reason)]
        reason: StaffReason,
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
        /// Why
        #[arg(long, value_name = REASONS, value_parser = staff_reason)]
        reason: StaffReason,
    },
    /// Show all that came of an appointment
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
        /// The invoices before this one: `next` of the page before
        #[arg(long, value_name = "INVOICE", value_parser = input::number::<InvoiceId>)]
        before: Option<InvoiceId>,
    },
}

const REASONS: &str = "practitioner|schedule|patient|medical|error|other";

fn staff_reason(text: &str) -> Result<StaffReason, String> {
    let words = [
        ("practitioner", StaffReason::PractitionerUnavailable),
        ("schedule", StaffReason::ScheduleChanged),
        ("patient", StaffReason::PatientRequest),
        ("medical", StaffReason::Medical),
        ("error", StaffReason::EnteredInError),
        ("other", StaffReason::Other),
    ];
    input::one_of(text, &words)
}

type Appointments = pallet_appointments::Call<Runtime>;

/// Does what a command about schedules or visits says.
pub async fn run(session: &Session, command: DeskCommand) -> Result<()> {
    use DeskCommand as It;

    let (done, call) = match command {
        It::Slots { schedule } => return slots(session, schedule).await,
        It::Bookings {
            schedule,
            first_slot,
        } => {
            let question = ask::Bookings {
                schedule,
                first_slot,
            };
            return session.ask(question).await;
        }
        It::Trail {
            appointment,
            before,
        } => {
            let question = ask::Trail {
                appointment,
                before,
            };
            return session.ask(question).await;
        }
        It::PublishDepartment { department, code } => {
            let call = Appointments::publish_department { department, code };
            ("The department is published", call)
        }
        It::WithdrawDepartment { department } => {
            let call = Appointments::withdraw_department { department };
            ("The department is withdrawn", call)
        }
        It::Rules { file, from } => {
            let rules: BookingRules = input::json(&file)?;
            ensure!(
                rules.is_well_formed(),
                "a number in {} is out of its bounds; docs/parties.md shows a good one",
                file.display()
            );
            let call = Appointments::publish_rules { from, rules };
            ("The rules are published", call)
        }
        It::PublishSchedule { file } => {
            let schedule: NewSchedule = input::json(&file)?;
            ensure!(
                schedule.is_well_formed(),
                "a number in {} is out of its bounds: slots, their minutes and their capacity are at least 1",
                file.display()
            );
            let call = Appointments::publish_schedule { schedule };
            ("The schedule is open", call)
        }
        It::CloseSchedule { schedule } => {
            let call = Appointments::close_schedule { schedule };
            ("The schedule is closed", call)
        }
        It::Confirm { appointment } => ("Confirmed", Appointments::confirm { appointment }),
        It::CheckIn { appointment } => (
            "The patient is there",
            Appointments::check_in { appointment },
        ),
        It::NoShow { appointment } => {
            let call = Appointments::mark_no_show { appointment };
            ("The patient did not come", call)
        }
        It::Cancel {
            appointment,
            reason,
        } => {
            let acting = Acting::Staff(reason);
            let call = Appointments::cancel {
                appointment,
                acting,
            };
            ("The appointment is called off", call)
        }
        It::Reschedule {
            appointment,
            schedule,
            slot,
            reason,
        } => {
            let call = Appointments::reschedule {
                appointment,
                schedule,
                slot,
                acting: Acting::Staff(reason),
            };
            ("The appointment is moved", call)
        }
    };
    session.execute(done, call).await
}
