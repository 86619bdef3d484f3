//! Medical records.

use frame_support::traits::ConstU64;
use xinglin_primitives::time::{Moment, HOUR_MS};

use super::council::TwoThirdsOfCouncil;
use crate::{Appointments, Members, Runtime, Timestamp};

/// How long an emergency opens a patient's records.
const EMERGENCY_ACCESS_MS: Moment = 24 * HOUR_MS;
/// Within which time the practitioner has to justify it.
const JUSTIFICATION_MS: Moment = 72 * HOUR_MS;

impl pallet_records::Config for Runtime {
    type Time = Timestamp;
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type Practitioners = Members;
    type Patients = Members;
    type Delegations = Members;
    type EncryptionKeys = Members;
    type Visits = Appointments;
    type EmergencyAccess = ConstU64<EMERGENCY_ACCESS_MS>;
    type JustificationPeriod = ConstU64<JUSTIFICATION_MS>;
    type WeightInfo = pallet_records::weights::Estimated<Runtime>;
}
