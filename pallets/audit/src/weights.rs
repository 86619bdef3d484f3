//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is read and encoded again. Questions to the
//! registry count with the accesses a straightforward registry needs for them. The proof size is
//! the bytes read.

use codec::MaxEncodedLen;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

use crate::types::{Anchor, Case, Disclosure, HOLDERS_MAX, REQUESTS_MAX};

/// Weights of the calls.
pub trait WeightInfo {
    /// Opening a case.
    fn open_case() -> Weight;
    /// Closing a case.
    fn close_case() -> Weight;
    /// Handing a case over.
    fn transfer_case() -> Weight;
    /// Asking for disclosure.
    fn request_disclosure() -> Weight;
    /// Withdrawing a request.
    fn withdraw_request() -> Weight;
    /// Disclosing so many bytes.
    fn disclose(bytes: u32) -> Weight;
    /// Holding.
    fn hold() -> Weight;
    /// Lifting.
    fn lift() -> Weight;
    /// Anchoring questions.
    fn anchor_questions() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// Reads of the registry to learn a signer's member: account, member.
const MEMBER_READS: u64 = 2;
/// Bytes of what is held, at worst: a practitioner with her licences, or a scheme.
const HELD_BYTES: u64 = 1_024;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn open_case() -> Weight {
        // Clock, subject, next id; case and the list of open cases too are written.
        Self::of(MEMBER_READS + 3, 3, bytes::<Case>())
    }

    fn close_case() -> Weight {
        // The lists of open and of closed cases too are written.
        Self::of(MEMBER_READS + 2, 3, bytes::<Case>())
    }

    fn transfer_case() -> Weight {
        // The recipient besides; each open request is read and changes lists.
        let requests = u64::from(REQUESTS_MAX);
        Self::of(
            MEMBER_READS + 2 + requests,
            3 + 2 * requests,
            bytes::<Case>() + requests * bytes::<Disclosure>(),
        )
    }

    fn request_disclosure() -> Weight {
        // Clock, case, member, next id; the request and three lists too are written.
        Self::of(MEMBER_READS + 4, 6, bytes::<Case>() + bytes::<Disclosure>())
    }

    fn withdraw_request() -> Weight {
        // Clock, request, case; two lists too are written.
        Self::of(MEMBER_READS + 3, 4, bytes::<Case>() + bytes::<Disclosure>())
    }

    fn disclose(bytes: u32) -> Weight {
        Self::withdraw_request().saturating_add(Weight::from_parts(
            u64::from(bytes).saturating_mul(BYTE_PS),
            0,
        ))
    }

    fn hold() -> Weight {
        // Clock, case, holders, and what is held.
        let holders = 8 * u64::from(HOLDERS_MAX);
        Self::of(MEMBER_READS + 4, 3, bytes::<Case>() + holders + HELD_BYTES)
    }

    fn lift() -> Weight {
        Self::hold()
    }

    fn anchor_questions() -> Weight {
        // Clock and anchor.
        Self::of(MEMBER_READS + 2, 1, bytes::<Anchor>())
    }
}
