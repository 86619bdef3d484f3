//! Who is who, and the council that follows from it.

use frame_support::traits::{ChangeMembers, ConstU64};
use xinglin_primitives::{
    glue::OnMembership,
    time::{Moment, DAY_MS},
    AccountId,
};

use super::council::{CouncilInstance, TwoThirdsOfCouncil};
use crate::{Council, Runtime, Timestamp, Validators};

/// How long the holder of a lost account can veto its replacement.
const REPLACEMENT_DELAY_MS: Moment = 3 * DAY_MS;

impl pallet_members::Config for Runtime {
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Time = Timestamp;
    type OnMembership = CouncilSeats;
    type ValidatorSet = Validators;
    type ReplacementDelay = ConstU64<REPLACEMENT_DELAY_MS>;
    type WeightInfo = pallet_members::weights::EstimatedWeight<Runtime>;
}

/// Gives each active member a seat in the council. Votes of those who leave are withdrawn.
pub struct CouncilSeats;

impl OnMembership<AccountId> for CouncilSeats {
    fn membership_changed(accounts: &[AccountId]) {
        let seated = pallet_collective::Members::<Runtime, CouncilInstance>::get();
        <Council as ChangeMembers<AccountId>>::set_members_sorted(accounts, &seated);
    }
}
