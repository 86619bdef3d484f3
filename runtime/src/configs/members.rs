//! Who is who, and what follows from it: the council, and where money goes.

use codec::MaxEncodedLen;
use frame_support::{
    traits::{
        fungible::{Inspect, InspectHold, Mutate},
        tokens::{Fortitude, Preservation},
        ChangeMembers, ConstU64,
    },
    weights::Weight,
};
use pallet_balances::WeightInfo as _;
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{OnAccountChange, OnMembership},
    time::{Moment, DAY_MS},
    AccountId,
};

use super::{
    council::{CouncilInstance, TwoThirdsOfCouncil, COUNCIL_SEATS_MAX, MOTIONS_MAX},
    system::DbWeight,
};
use crate::{Balances, Council, Runtime, System, Timestamp, Validators};

/// How long the holder of a lost account can veto its replacement.
const REPLACEMENT_DELAY_MS: Moment = 3 * DAY_MS;
/// One byte through codec and hasher, in picoseconds.
const BYTE_PS: u64 = 2_000;

impl pallet_members::Config for Runtime {
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Time = Timestamp;
    type OnMembership = CouncilSeats;
    type OnAccountChange = Purse;
    type ValidatorSet = Validators;
    type ReplacementDelay = ConstU64<REPLACEMENT_DELAY_MS>;
    type WeightInfo = pallet_members::weights::EstimatedWeight<Runtime>;
}

/// Gives each member that the council has neither suspended nor removed a seat. Votes of those who
/// leave are withdrawn.
pub struct CouncilSeats;

impl OnMembership<AccountId> for CouncilSeats {
    fn membership_changed(accounts: &[AccountId]) {
        let seated = pallet_collective::Members::<Runtime, CouncilInstance>::get();
        <Council as ChangeMembers<AccountId>>::set_members_sorted(accounts, &seated);
    }

    /// The votes on every motion are read, filtered and written, and each holds all seats at worst.
    fn membership_changed_weight() -> Weight {
        let motions = u64::from(MOTIONS_MAX);
        let seats_bytes = u64::from(COUNCIL_SEATS_MAX) * AccountId::max_encoded_len() as u64;
        let bytes = seats_bytes.saturating_mul(motions + 3);
        // Seats before and after, and the list of motions; the seats and the prime are written.
        Weight::from_parts(bytes.saturating_mul(BYTE_PS), bytes)
            .saturating_add(DbWeight::get().reads_writes(motions + 3, motions + 2))
    }
}

/// Moves the money of an account that gives way to another.
///
/// What pallets hold on the account stays there: they know where they hold it, and pay it out to
/// the account that its owner has by then.
pub struct Purse;

impl OnAccountChange<AccountId> for Purse {
    fn account_changed(old: &AccountId, new: &AccountId) -> DispatchResult {
        if Balances::total_balance_on_hold(old) > 0 {
            // Or else an existential deposit would have to stay beside what is held.
            System::inc_providers(old);
        }
        let free_fen = Balances::reducible_balance(old, Preservation::Expendable, Fortitude::Force);
        if free_fen > 0 {
            Balances::transfer(old, new, free_fen, Preservation::Expendable)?;
        }
        Ok(())
    }

    fn account_changed_weight() -> Weight {
        // The old account is asked three times and given a reference.
        <Runtime as pallet_balances::Config>::WeightInfo::transfer_allow_death()
            .saturating_add(DbWeight::get().reads_writes(3, 1))
    }
}
