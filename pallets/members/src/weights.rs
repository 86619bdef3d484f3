//! Weights of the calls.
//!
//! These are estimates: what a call reads and writes at most, priced by the runtime's `DbWeight`,
//! and the bytes of it, priced by what encoding, hashing and copying them costs. Measured weights
//! will take their place behind the same trait.
//!
//! What the council does with its new seats, and what follows an account that gives way to another,
//! weigh those who do it; the calls add that.

use core::marker::PhantomData;

use frame_support::{traits::Get, weights::Weight};

use xinglin_primitives::glue::{OnAccountChange, OnMembership};

use crate::{Config, Pallet, DELEGATES_MAX, LICENCES_MAX, MEMBERS_MAX, SERVICE_ACCOUNTS_MAX};

/// Dispatch, checks and the event, in picoseconds.
const BASE_PS: u64 = 20_000_000;
/// One byte through codec and hasher, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// An account with its role.
const ACCOUNT_BYTES: u64 = 64;
/// The record of a member, practitioner or patient, or one list of delegations.
const RECORD_BYTES: u64 = 512;
/// All seats of the council.
const SEATS_BYTES: u64 = MEMBERS_MAX as u64 * 32;
/// All delegates of a principal.
const DELEGATES: u64 = DELEGATES_MAX as u64;

/// The weight of each call.
#[allow(missing_docs, reason = "each is named as its call")]
pub trait WeightInfo {
    fn register_member() -> Weight;
    fn describe_member() -> Weight;
    fn suspend() -> Weight;
    fn lift() -> Weight;
    fn remove_member() -> Weight;
    fn change_member_account() -> Weight;
    fn add_service_account() -> Weight;
    fn remove_service_account() -> Weight;
    fn set_encryption_key() -> Weight;
    fn register_practitioner() -> Weight;
    fn set_licence() -> Weight;
    fn suspend_licence() -> Weight;
    fn lift_licence() -> Weight;
    fn revoke_licence() -> Weight;
    fn register_patient() -> Weight;
    fn propose_replacement() -> Weight;
    fn approve_replacement() -> Weight;
    fn veto_replacement() -> Weight;
    fn cancel_replacement() -> Weight;
    fn complete_replacement() -> Weight;
    fn delegate() -> Weight;
    fn revoke_delegation() -> Weight;
    fn renounce_delegation() -> Weight;
    fn clear_expired() -> Weight;
}

impl<T: Config> Pallet<T> {
    /// The weight of a call that changes the seats of the council.
    pub(crate) fn with_seats(call: Weight) -> Weight {
        call.saturating_add(T::OnMembership::membership_changed_weight())
    }

    /// The weight of a call that gives a party another account.
    pub(crate) fn with_account_change(call: Weight) -> Weight {
        call.saturating_add(T::OnAccountChange::account_changed_weight())
    }
}

/// The estimates, over the `DbWeight` of a runtime.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> EstimatedWeight<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// The origin is looked up: its account and what it stands for.
    fn by_party(reads: u64, writes: u64, bytes: u64) -> Weight {
        Self::of(
            reads.saturating_add(2),
            writes,
            bytes.saturating_add(ACCOUNT_BYTES + RECORD_BYTES),
        )
    }

    /// The origin is looked up and must be an active person: a practitioner's members are read.
    fn by_person(reads: u64, writes: u64, bytes: u64) -> Weight {
        let licences = u64::from(LICENCES_MAX);
        Self::by_party(
            reads.saturating_add(licences),
            writes,
            bytes.saturating_add(licences * RECORD_BYTES),
        )
    }
}

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
    fn register_member() -> Weight {
        // Id, account, seats, member.
        Self::of(4, 4, ACCOUNT_BYTES + RECORD_BYTES + SEATS_BYTES)
    }

    fn describe_member() -> Weight {
        Self::of(1, 1, RECORD_BYTES)
    }

    fn suspend() -> Weight {
        // Member, seats.
        Self::of(2, 2, RECORD_BYTES + SEATS_BYTES)
    }

    fn lift() -> Weight {
        Self::suspend()
    }

    fn remove_member() -> Weight {
        let accounts = u64::from(SERVICE_ACCOUNTS_MAX);
        // Member, validators (live and pending), seats, service accounts.
        Self::of(
            5,
            3 + accounts,
            RECORD_BYTES + SEATS_BYTES + accounts * ACCOUNT_BYTES,
        )
    }

    fn change_member_account() -> Weight {
        Self::by_party(3, 4, 2 * ACCOUNT_BYTES + RECORD_BYTES + SEATS_BYTES)
    }

    fn add_service_account() -> Weight {
        Self::by_party(2, 2, ACCOUNT_BYTES)
    }

    fn remove_service_account() -> Weight {
        let accounts = u64::from(SERVICE_ACCOUNTS_MAX);
        Self::by_party(1, 2, (1 + accounts) * ACCOUNT_BYTES)
    }

    fn set_encryption_key() -> Weight {
        Self::by_person(0, 1, RECORD_BYTES)
    }

    fn register_practitioner() -> Weight {
        Self::by_party(3, 3, ACCOUNT_BYTES + RECORD_BYTES)
    }

    fn set_licence() -> Weight {
        let licences = u64::from(LICENCES_MAX);
        Self::by_party(1 + licences, 1, (1 + licences) * RECORD_BYTES)
    }

    fn suspend_licence() -> Weight {
        Self::by_party(1, 1, RECORD_BYTES)
    }

    fn lift_licence() -> Weight {
        Self::suspend_licence()
    }

    fn revoke_licence() -> Weight {
        Self::suspend_licence()
    }

    fn register_patient() -> Weight {
        Self::by_party(3, 4, 2 * ACCOUNT_BYTES + RECORD_BYTES)
    }

    fn propose_replacement() -> Weight {
        // The person, its registrar, the proposer again, the new account, the replacement.
        Self::by_party(5, 1, 3 * RECORD_BYTES + ACCOUNT_BYTES)
    }

    fn approve_replacement() -> Weight {
        Self::by_party(2, 1, RECORD_BYTES)
    }

    fn veto_replacement() -> Weight {
        Self::by_party(1, 1, RECORD_BYTES)
    }

    fn cancel_replacement() -> Weight {
        Self::by_party(1, 1, RECORD_BYTES)
    }

    fn complete_replacement() -> Weight {
        // Replacement, both members, person, two accounts; every delegation, in both lists.
        Self::of(
            7 + 2 * DELEGATES,
            4 + 2 * DELEGATES,
            (4 + DELEGATES) * RECORD_BYTES,
        )
    }

    fn delegate() -> Weight {
        // Both lists, and both lists of up to two that make room.
        Self::by_person(7, 6, 6 * RECORD_BYTES)
    }

    fn revoke_delegation() -> Weight {
        Self::of(3, 2, ACCOUNT_BYTES + 2 * RECORD_BYTES)
    }

    fn renounce_delegation() -> Weight {
        Self::of(2, 2, 2 * RECORD_BYTES)
    }

    fn clear_expired() -> Weight {
        Self::of(2 + DELEGATES, 1 + DELEGATES, (1 + DELEGATES) * RECORD_BYTES)
    }
}
