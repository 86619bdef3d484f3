//! Insurance schemes and settlements.

use super::council::TwoThirdsOfCouncil;
use crate::{
    Appointments, Balances, Members, Payments, Records, Runtime, RuntimeHoldReason, Timestamp,
};

impl pallet_insurance::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Time = Timestamp;
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type Patients = Members;
    type Invoices = Payments;
    type Visits = Appointments;
    type VisitRecords = Records;
    // As much as of the balance.
    type DelegatedPaymentMax = <Runtime as pallet_payments::Config>::DelegatedPaymentMax;
    type WeightInfo = pallet_insurance::weights::Estimated<Runtime>;
}
