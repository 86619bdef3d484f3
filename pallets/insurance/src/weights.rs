//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is read and encoded again. Questions to other
//! pallets count with the accesses a straightforward one needs for them. The proof size is the bytes
//! read.

use codec::MaxEncodedLen;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use xinglin_primitives::glue::Line;

use crate::{
    computation::{Accumulators, Band, Row, SchemeParameters, BANDS_MAX},
    norms::Norms,
    refunds::FlaggedRefund,
    review::{
        Charge, PatientItems, PatientRefunds, PatientServices, PatientStays, DAY_CHARGES_MAX,
    },
    types::{Claim, Coverage, Scheme, Settlement, COVERAGES_MAX},
};

/// Weights of the calls.
pub trait WeightInfo {
    /// Creating a scheme.
    fn create_scheme() -> Weight;
    /// Publishing a version.
    fn publish_version() -> Weight;
    /// Closing a scheme.
    fn close_scheme() -> Weight;
    /// Enrolling.
    fn enrol() -> Weight;
    /// Changing a standing.
    fn change_standing() -> Weight;
    /// Setting the end of a coverage.
    fn set_coverage_end() -> Weight;
    /// Crediting a personal account.
    fn credit_account() -> Weight;
    /// Releasing a personal account.
    fn release_account() -> Weight;
    /// Settling or claiming an invoice with so many lines.
    fn settle(lines: u32) -> Weight;
    /// Reversing a settlement of so many lines.
    fn reverse(lines: u32) -> Weight;
    /// Deciding a claim for an invoice with so many lines.
    fn decide(lines: u32) -> Weight;
    /// Appealing.
    fn appeal() -> Weight;
    /// Withdrawing.
    fn withdraw() -> Weight;
    /// Setting the norms.
    fn set_norms() -> Weight;
    /// Reviewing a refund.
    fn review_refund() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// Splitting a line, and comparing its item with those of the day and with as many remembered lines
/// as there may be, in picoseconds.
const LINE_PS: u64 = 1_200_000;
/// Reads of the registry to learn for whom a signer acts: account, delegation, party.
const ACTS_FOR_READS: u64 = 3;
/// Reads of the registry to learn a signer's member: account, member.
const MEMBER_READS: u64 = 2;
/// Reads of a transfer: two parties, two balances.
const TRANSFER_READS: u64 = 4;
/// Writes of a transfer: two balances.
const TRANSFER_WRITES: u64 = 2;
/// Reads and writes of a transfer from what is held, on top: the list of holds, and the holder's
/// account once more.
const HOLD_ACCESSES: u64 = 2;
/// Reads and writes of paying an invoice: invoice, payments, payment id, list of unpaid invoices.
const PAYMENT_ACCESSES: u64 = 4;
/// Bytes of an invoice with its payments.
const PAYMENT_BYTES: u64 = 4 * 1_024;
/// Bytes of an account with its holds.
const ACCOUNT_BYTES: u64 = 160;
/// Rows of bands of a scheme as it usually is. Reading larger tables costs some 30 µs more than is
/// weighed; only insurers make them.
const USUAL_ROWS: u64 = 24;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// A transfer of free money.
    fn transfer() -> Weight {
        Self::of(TRANSFER_READS, TRANSFER_WRITES, 2 * ACCOUNT_BYTES)
    }

    /// A transfer of held money.
    fn transfer_held() -> Weight {
        let held = T::DbWeight::get().reads_writes(HOLD_ACCESSES, HOLD_ACCESSES);
        Self::transfer().saturating_add(held)
    }

    /// What so many lines cost, of an invoice or of the index of the day.
    fn lines(lines: u32) -> Weight {
        let lines = u64::from(lines);
        let bytes = lines * (bytes::<Line>() + bytes::<Charge>());
        Weight::from_parts(lines * LINE_PS + bytes * BYTE_PS, bytes)
    }

    /// The indexes of the patient, and what others have settled that day.
    fn indexes() -> Weight {
        let day = u64::from(DAY_CHARGES_MAX) * bytes::<Charge>();
        let items = bytes::<PatientItems>() + bytes::<PatientRefunds>();
        // The norms besides; refunds are not written.
        Self::of(
            6,
            4,
            day + bytes::<PatientStays>() + bytes::<PatientServices>() + items + bytes::<Norms>(),
        )
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

fn coverage_bytes() -> u64 {
    // Accounts have 32 bytes on this chain.
    bytes::<Coverage<[u8; 32]>>()
}

fn scheme_bytes() -> u64 {
    bytes::<Scheme>()
}

/// Parameters as they usually are.
fn version_bytes() -> u64 {
    USUAL_ROWS * (bytes::<Row<()>>() + u64::from(BANDS_MAX) * bytes::<Band>())
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn create_scheme() -> Weight {
        // Next id; scheme and version are written, too.
        let bytes = scheme_bytes() + bytes::<SchemeParameters>();
        Self::of(MEMBER_READS + 1, 3, bytes)
    }

    fn publish_version() -> Weight {
        // Clock and scheme.
        let bytes = scheme_bytes() + bytes::<SchemeParameters>();
        Self::of(MEMBER_READS + 2, 2, bytes)
    }

    fn close_scheme() -> Weight {
        Self::of(MEMBER_READS + 2, 1, scheme_bytes())
    }

    fn enrol() -> Weight {
        // Scheme, version, patient, next id, list; coverages the patient has.
        let others = u64::from(COVERAGES_MAX);
        let bytes = scheme_bytes() + version_bytes() + others * coverage_bytes();
        Self::of(MEMBER_READS + 5 + others, 3, bytes)
    }

    fn change_standing() -> Weight {
        let bytes = scheme_bytes() + version_bytes() + coverage_bytes();
        Self::of(MEMBER_READS + 3, 1, bytes)
    }

    fn set_coverage_end() -> Weight {
        let others = u64::from(COVERAGES_MAX);
        let bytes = scheme_bytes() + (others + 1) * coverage_bytes();
        Self::of(MEMBER_READS + 3 + others, 1, bytes)
    }

    fn credit_account() -> Weight {
        Self::of(MEMBER_READS + 2, 1, scheme_bytes() + coverage_bytes())
            .saturating_add(Self::transfer_held())
    }

    fn release_account() -> Weight {
        Self::of(MEMBER_READS + 3, 1, scheme_bytes() + coverage_bytes())
            .saturating_add(Self::transfer_held())
    }

    fn settle(lines: u32) -> Weight {
        // Invoice, file, claim, coverage, clock, scheme, version, insurer, provider and its level,
        // accumulators, visit, record, two next ids. Invoice, file, coverage, settlement or claim
        // with its index, accumulators and next id are written.
        let bytes = scheme_bytes()
            + version_bytes()
            + coverage_bytes()
            + bytes::<Accumulators>()
            + bytes::<Settlement>()
            + bytes::<Claim>();
        // Fund and account pay; the patient pays the rest.
        let payment = Self::of(PAYMENT_ACCESSES, PAYMENT_ACCESSES, PAYMENT_BYTES);
        Self::of(ACTS_FOR_READS + MEMBER_READS + 15, 7, bytes)
            .saturating_add(Self::indexes())
            .saturating_add(Self::lines(lines))
            .saturating_add(Self::transfer().saturating_mul(3))
            .saturating_add(Self::transfer_held().saturating_mul(2))
            .saturating_add(payment)
    }

    fn reverse(lines: u32) -> Weight {
        // Settlement, coverage, scheme, invoice, accumulators.
        let bytes =
            scheme_bytes() + coverage_bytes() + bytes::<Accumulators>() + bytes::<Settlement>();
        Self::of(MEMBER_READS + 5, 4, bytes)
            .saturating_add(Self::indexes())
            .saturating_add(Self::lines(lines))
            .saturating_add(Self::transfer().saturating_mul(2))
            .saturating_add(Self::transfer_held().saturating_mul(2))
    }

    fn decide(lines: u32) -> Weight {
        Self::of(MEMBER_READS + 1, 2, bytes::<Claim>()).saturating_add(Self::settle(lines))
    }

    fn appeal() -> Weight {
        // Claim, coverage, file, settlement or invoice.
        let bytes = bytes::<Claim>() + coverage_bytes() + bytes::<Settlement>();
        Self::of(ACTS_FOR_READS + 5, 2, bytes)
    }

    fn withdraw() -> Weight {
        Self::of(ACTS_FOR_READS + 2, 2, bytes::<Claim>() + coverage_bytes())
    }

    fn set_norms() -> Weight {
        Self::of(0, 1, bytes::<Norms>())
    }

    fn review_refund() -> Weight {
        // Clock, the insurer, the refund; the list too is written.
        Self::of(MEMBER_READS + 3, 2, bytes::<FlaggedRefund>())
    }
}
