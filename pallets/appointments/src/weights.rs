//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is read and encoded again. Questions to the
//! registry count with the accesses a straightforward registry needs for them. The proof size is
//! the bytes read.

use codec::MaxEncodedLen;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

use crate::{
    agenda::{Agenda, Entry},
    penalties::Penalties,
    rules::RulesHistory,
    types::{Appointment, Schedule, Session, Slot, SESSIONS_MAX},
};

/// Weights of the calls.
pub trait WeightInfo {
    /// Publishing a department.
    fn publish_department() -> Weight;
    /// Withdrawing a department.
    fn withdraw_department() -> Weight;
    /// Publishing rules.
    fn publish_rules() -> Weight;
    /// Publishing a schedule.
    fn publish_schedule() -> Weight;
    /// Closing a schedule with so many slots.
    fn close_schedule(slots: u32) -> Weight;
    /// Booking, without a fee.
    fn book() -> Weight;
    /// Holding a fee, on top of booking.
    fn hold_fee() -> Weight;
    /// Confirming.
    fn confirm() -> Weight;
    /// Rescheduling when so many who wait are looked at.
    fn reschedule(heads: u32) -> Weight;
    /// Cancelling when so many who wait are looked at.
    fn cancel(heads: u32) -> Weight;
    /// Checking in.
    fn check_in() -> Weight;
    /// Completing.
    fn complete() -> Weight;
    /// Marking a no-show.
    fn mark_no_show() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// Reads of the registry to learn for whom a signer acts: account, delegation, party.
const ACTS_FOR_READS: u64 = 3;
/// Reads of the registry to learn a signer's member: account, member.
const MEMBER_READS: u64 = 2;
/// Reads of the registry to learn where a practitioner works: practitioner, member.
const LICENCE_READS: u64 = 2;
/// Reads to find both accounts of a payment: two in the registry, two balances, two lists of holds.
const PAYMENT_READS: u64 = 6;
/// Writes of a payment: two balances, the payer's list of holds, and the payer's account once more.
const PAYMENT_WRITES: u64 = 4;
/// Bytes of an account with its holds.
const ACCOUNT_BYTES: u64 = 160;
/// Entries of an agenda as one usually is.
const AGENDA_ENTRIES: u64 = 8;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// Settling a fee, which may go to both sides.
    fn settle() -> Weight {
        Self::of(PAYMENT_READS, PAYMENT_WRITES, 2 * ACCOUNT_BYTES)
    }

    /// Recording a fault: rules and penalties.
    fn fault() -> Weight {
        Self::of(2, 1, bytes::<RulesHistory>() + bytes::<Penalties>())
    }

    /// Leaving a slot: the slot; if any wait, schedule, rules, clock and licence; then for each who
    /// is looked at the patient's account and standing, appointment, agenda, penalties and fee.
    fn leave(heads: u32) -> Weight {
        let each = Self::of(
            5,
            2,
            appointment_bytes() + agenda_bytes() + bytes::<Penalties>(),
        )
        .saturating_add(Self::hold());
        let once = Self::of(4 + LICENCE_READS, 1, slot_bytes() + schedule_bytes());
        once.saturating_add(each.saturating_mul(heads.into()))
    }

    /// Holding a fee: the patient's account in the registry, its balance and its holds.
    fn hold() -> Weight {
        Self::of(3, 2, ACCOUNT_BYTES)
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

fn appointment_bytes() -> u64 {
    // Accounts have 32 bytes on this chain.
    bytes::<Appointment<[u8; 32]>>()
}

fn agenda_bytes() -> u64 {
    bytes::<Entry>()
        .saturating_mul(AGENDA_ENTRIES)
        .min(bytes::<Agenda>())
}

fn slot_bytes() -> u64 {
    bytes::<Slot>()
}

fn schedule_bytes() -> u64 {
    bytes::<Schedule>() + bytes::<RulesHistory>()
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn publish_department() -> Weight {
        Self::of(MEMBER_READS + 1, 1, 64)
    }

    fn withdraw_department() -> Weight {
        Self::of(MEMBER_READS + 1, 1, 64)
    }

    fn publish_rules() -> Weight {
        // Clock and versions.
        Self::of(MEMBER_READS + 3, 1, bytes::<RulesHistory>())
    }

    fn publish_schedule() -> Weight {
        // Clock, department, next id, sessions; schedule, sessions and next id are written.
        let sessions = bytes::<Session>().saturating_mul(SESSIONS_MAX.into());
        Self::of(MEMBER_READS + 1 + LICENCE_READS + 4, 3, sessions)
    }

    fn close_schedule(slots: u32) -> Weight {
        let sessions = bytes::<Session>().saturating_mul(SESSIONS_MAX.into());
        let slots = u64::from(slots);
        Self::of(MEMBER_READS + 2 + slots, 2, sessions + slots * slot_bytes())
    }

    fn book() -> Weight {
        // Clock, schedule, rules, agenda, slot, next id, and penalties at worst.
        let bytes = schedule_bytes() + agenda_bytes() + slot_bytes() + appointment_bytes();
        Self::of(ACTS_FOR_READS + LICENCE_READS + 7, 4, bytes)
    }

    fn hold_fee() -> Weight {
        Self::hold()
    }

    fn confirm() -> Weight {
        Self::of(MEMBER_READS + ACTS_FOR_READS + 1, 1, appointment_bytes())
    }

    fn reschedule(heads: u32) -> Weight {
        Self::book()
            .saturating_add(Self::settle())
            .saturating_add(Self::leave(heads))
    }

    fn cancel(heads: u32) -> Weight {
        // Clock, appointment, agenda.
        Self::of(ACTS_FOR_READS + 3, 2, appointment_bytes() + agenda_bytes())
            .saturating_add(Self::fault())
            .saturating_add(Self::settle())
            .saturating_add(Self::leave(heads))
    }

    fn check_in() -> Weight {
        Self::of(MEMBER_READS + 1, 1, appointment_bytes())
    }

    fn complete() -> Weight {
        Self::of(ACTS_FOR_READS + 3, 2, appointment_bytes() + agenda_bytes())
            .saturating_add(Self::settle())
    }

    fn mark_no_show() -> Weight {
        Self::of(MEMBER_READS + 3, 2, appointment_bytes() + agenda_bytes())
            .saturating_add(Self::fault())
            .saturating_add(Self::settle())
    }
}
