//! On-chain CNY, invoices and their payment.

use frame_support::traits::{ConstU128, ConstU64};
use pallet_members::Admittance;
use xinglin_primitives::{
    glue::Admission,
    time::{Moment, DAY_MS},
    AccountId, Balance, YUAN,
};

use super::{council::TwoThirdsOfCouncil, validators::ThisChain};
use crate::{
    Appointments, Balances, Insurance, Members, Payments, Runtime, RuntimeHoldReason, Timestamp,
};

/// What a session key or delegate may pay of one invoice; more needs the patient's own signature.
const DELEGATED_PAYMENT_MAX: Balance = 5_000 * YUAN;
/// How long a bank has to pay out before the holder may withdraw the request.
const REDEMPTION_MS: Moment = 7 * DAY_MS;

impl pallet_payments::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Time = Timestamp;
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type Patients = Members;
    type Visits = Appointments;
    type OnRefund = Insurance;
    type ChainId = ThisChain;
    type DelegatedPaymentMax = ConstU128<DELEGATED_PAYMENT_MAX>;
    type RedemptionTime = ConstU64<REDEMPTION_MS>;
    type WeightInfo = pallet_payments::weights::Estimated<Runtime>;
}

/// Who may transact: the parties and those who act for them, and the providers of payments, who
/// bring their own receipts. A party that is suspended or held is not let in as a provider.
pub struct Admitted;

impl Admitted {
    /// How far an account may transact.
    pub fn admittance(who: &AccountId) -> Admittance {
        match Members::admittance(who) {
            Admittance::Unknown if Payments::is_admitted(who) => Admittance::Full,
            admittance => admittance,
        }
    }
}

impl Admission<AccountId> for Admitted {
    fn is_admitted(who: &AccountId) -> bool {
        Self::admittance(who) == Admittance::Full
    }
}
