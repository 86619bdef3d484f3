//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is read and encoded again. Questions to the
//! registry count with the accesses a straightforward registry needs for them. The proof size is
//! the bytes read.

use codec::MaxEncodedLen;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use xinglin_primitives::glue::{Line, LINES_MAX};

use crate::types::{
    BankBook, Invoice, LinePart, Payments, Provider, RedLetter, Redemption, REDEMPTIONS_MAX,
    RED_LETTERS_MAX,
};

/// Weights of the calls.
pub trait WeightInfo {
    /// Issuing money.
    fn issue() -> Weight;
    /// Asking for redemption.
    fn request_redemption() -> Weight;
    /// Confirming a redemption.
    fn confirm_redemption() -> Weight;
    /// Rejecting a redemption.
    fn reject_redemption() -> Weight;
    /// Withdrawing a redemption.
    fn withdraw_redemption() -> Weight;
    /// Registering a provider.
    fn register_provider() -> Weight;
    /// Changing a provider.
    fn change_provider() -> Weight;
    /// Retiring a provider.
    fn retire_provider() -> Weight;
    /// Issuing an invoice of so many lines, to so many readers, with an envelope of so many bytes.
    fn issue_invoice(lines: u32, readers: u32, envelope: u32) -> Weight;
    /// Cancelling an invoice.
    fn cancel_invoice() -> Weight;
    /// Paying from the balance.
    fn pay() -> Weight;
    /// Booking an external payment.
    fn pay_external() -> Weight;
    /// Refunding parts of so many lines.
    fn refund(lines: u32) -> Weight;
    /// Confirming a repayment.
    fn confirm_repayment() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// Verifying a receipt's signature, in picoseconds.
const VERIFY_PS: u64 = 80_000_000;
/// Reads of the registry to learn for whom a signer acts: account, delegation, party.
const ACTS_FOR_READS: u64 = 3;
/// Reads of the registry to learn a signer's member: account, member.
const MEMBER_READS: u64 = 2;
/// Reads of the registry for the accounts of both parties.
const PARTY_READS: u64 = 2;
/// Reads and writes of a transfer: two balances.
const TRANSFER_ACCESSES: u64 = 2;
/// Reads of who looks at refunds: norms, file, settlement, coverage, scheme, what was flagged before
/// of the invoice and of the patient.
const LISTENER_READS: u64 = 7;
/// Writes of who looks at refunds: what is flagged, of the invoice and of the patient, and a list.
const LISTENER_WRITES: u64 = 3;
/// Bytes that who looks at refunds reads, at most.
const LISTENER_BYTES: u64 = 4 * 1_024;
/// Bytes of an account with its holds.
const ACCOUNT_BYTES: u64 = 160;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// Moving money between two accounts.
    fn transfer() -> Weight {
        Self::of(
            PARTY_READS + TRANSFER_ACCESSES,
            TRANSFER_ACCESSES,
            2 * ACCOUNT_BYTES,
        )
    }

    /// Closing a redemption: itself, the bank's list and book, the holder's list, account and
    /// holds.
    fn close_redemption() -> Weight {
        Self::of(MEMBER_READS + 6, 6, redemption_bytes() + ACCOUNT_BYTES)
    }

    /// Checking a receipt: provider, receipt, genesis, signature.
    fn receipt() -> Weight {
        Self::of(3, 1, bytes::<Provider<[u8; 32]>>())
            .saturating_add(Weight::from_parts(VERIFY_PS, 0))
    }

    /// Booking a payment: clock, invoice, payments; the list of unpaid invoices.
    fn book() -> Weight {
        Self::of(3, 3, bytes::<Invoice>() + bytes::<Payments>())
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

fn redemption_bytes() -> u64 {
    // Accounts have 32 bytes on this chain.
    bytes::<Redemption<[u8; 32]>>() + bytes::<BankBook>() + 8 * u64::from(REDEMPTIONS_MAX)
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn issue() -> Weight {
        // Reference, book, account; whose it is.
        Self::of(
            2 * MEMBER_READS + PARTY_READS + 3,
            3,
            bytes::<BankBook>() + ACCOUNT_BYTES,
        )
    }

    fn request_redemption() -> Weight {
        // Bank, clock, next id, book, list, account, holds; redemption and the bank's list too are
        // written.
        Self::of(
            MEMBER_READS + PARTY_READS + 7,
            7,
            redemption_bytes() + ACCOUNT_BYTES,
        )
    }

    fn confirm_redemption() -> Weight {
        // The reference besides.
        Self::close_redemption().saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }

    fn reject_redemption() -> Weight {
        Self::close_redemption().saturating_add(Self::transfer())
    }

    fn withdraw_redemption() -> Weight {
        Self::close_redemption().saturating_add(Self::transfer())
    }

    fn register_provider() -> Weight {
        Self::of(2, 3, bytes::<Provider<[u8; 32]>>())
    }

    fn change_provider() -> Weight {
        Self::of(2, 3, bytes::<Provider<[u8; 32]>>())
    }

    fn retire_provider() -> Weight {
        Self::of(1, 2, bytes::<Provider<[u8; 32]>>())
    }

    fn issue_invoice(lines: u32, readers: u32, envelope: u32) -> Weight {
        // Clock, patient, visit, envelope, next id, sequence, both chains; invoice, lines, number
        // and the list of unpaid invoices too are written. The envelope is hashed, not read.
        let lines = u64::from(lines).saturating_mul(bytes::<Line>());
        let hashing_ps = u64::from(envelope).saturating_mul(BYTE_PS);
        Self::of(MEMBER_READS + 8, 9, bytes::<Invoice>() + lines)
            .saturating_add(T::DbWeight::get().reads(readers.into()))
            .saturating_add(Weight::from_parts(hashing_ps, 0))
    }

    fn cancel_invoice() -> Weight {
        Self::of(MEMBER_READS + 1, 2, bytes::<Invoice>())
    }

    fn pay() -> Weight {
        // The payment id besides.
        Self::book()
            .saturating_add(Self::transfer())
            .saturating_add(T::DbWeight::get().reads_writes(ACTS_FOR_READS + 1, 1))
    }

    fn pay_external() -> Weight {
        Self::book()
            .saturating_add(Self::receipt())
            .saturating_add(T::DbWeight::get().reads(MEMBER_READS + ACTS_FOR_READS))
    }

    fn refund(lines: u32) -> Weight {
        // All lines are read; refund id, refunded parts, next id, sequence, the list of red-letter
        // invoices; the red-letter invoice and the number too are written.
        let parts = u64::from(lines).saturating_mul(2 * bytes::<LinePart>());
        let whole = u64::from(LINES_MAX).saturating_mul(bytes::<Line>());
        let letters = 8 * u64::from(RED_LETTERS_MAX) + bytes::<RedLetter>();
        Self::book()
            .saturating_add(Self::transfer())
            .saturating_add(Self::of(MEMBER_READS + 6, 7, parts + whole + letters))
            .saturating_add(Self::of(LISTENER_READS, LISTENER_WRITES, LISTENER_BYTES))
    }

    fn confirm_repayment() -> Weight {
        // Red and blue invoice.
        Self::receipt().saturating_add(Self::of(
            MEMBER_READS + ACTS_FOR_READS + 2,
            1,
            bytes::<RedLetter>() + bytes::<Invoice>(),
        ))
    }
}
