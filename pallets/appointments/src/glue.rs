//! What other pallets see of this one.

use xinglin_primitives::{
    glue::{Visit, VisitState, Visits},
    AppointmentId,
};

use crate::{states::AppointmentState, Appointments, Config, Pallet};

impl From<AppointmentState> for VisitState {
    fn from(state: AppointmentState) -> Self {
        match state {
            AppointmentState::Booked
            | AppointmentState::Waitlisted
            | AppointmentState::Confirmed => Self::Planned,
            AppointmentState::Arrived => Self::Arrived,
            AppointmentState::Fulfilled => Self::Fulfilled,
            AppointmentState::NoShow | AppointmentState::Cancelled => Self::Off,
        }
    }
}

impl<T: Config> Visits for Pallet<T> {
    fn visit(appointment: AppointmentId) -> Option<Visit> {
        let found = Appointments::<T>::get(appointment)?;
        Some(Visit {
            patient: found.patient,
            member: found.member,
            practitioner: found.practitioner,
            start: found.start,
            state: found.state.into(),
        })
    }
}
