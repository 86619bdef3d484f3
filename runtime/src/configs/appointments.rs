//! Appointments.

use crate::{Balances, Members, Records, Runtime, RuntimeHoldReason, Timestamp};

impl pallet_appointments::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Time = Timestamp;
    type Members = Members;
    type Practitioners = Members;
    type Patients = Members;
    type OnAppointment = Records;
    type WeightInfo = pallet_appointments::weights::Estimated<Runtime>;
}
