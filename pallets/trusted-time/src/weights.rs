//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is read and encoded again, plus one for each
//! signature that is verified. The proof size is the bytes read.

use core::marker::PhantomData;

use codec::MaxEncodedLen;
use frame_support::{traits::Get, weights::Weight};

use crate::types::{Authority, Registered, CHAIN_MAX};

/// Weights of the calls.
pub trait WeightInfo {
    /// Registering certificates.
    fn register_certificates() -> Weight;
    /// Withdrawing certificates.
    fn withdraw_certificates() -> Weight;
    /// Submitting a token of so many bytes.
    fn submit_token(bytes: u32) -> Weight;
    /// The end of a block.
    fn on_finalize() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds. DER is read twice.
const BYTE_PS: u64 = 6_000;
/// Verifying a signature, in picoseconds: what those of the slowest kind take, RSA of 8192 bits and
/// ECDSA on P-384.
const SIGNATURE_PS: u64 = 1_000_000_000;
/// Reads of the registry to learn a signer's member: account, member.
const MEMBER_READS: u64 = 2;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    fn signatures(count: u32) -> Weight {
        Weight::from_parts(SIGNATURE_PS.saturating_mul(count.into()), 0)
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn register_certificates() -> Weight {
        // Member, clock, authority, owner of the key; each certificate but the last is verified.
        Self::of(4, 3, bytes::<Authority>() + bytes::<Registered>())
            .saturating_add(Self::signatures(CHAIN_MAX))
    }

    fn withdraw_certificates() -> Weight {
        // Authority, certificates, clock.
        Self::of(3, 2, bytes::<Authority>() + bytes::<Registered>())
    }

    fn submit_token(token_bytes: u32) -> Weight {
        // Authority, its last token, the block's key, hash and time, certificates, clock, drift,
        // next id; the token's record, id and key, and the authority are written.
        let state_bytes = bytes::<Authority>() + bytes::<Registered>();
        Self::of(MEMBER_READS + 9, 4, state_bytes + u64::from(token_bytes))
            .saturating_add(Self::signatures(CHAIN_MAX))
    }

    fn on_finalize() -> Weight {
        // The time of the block, which was written in it.
        T::DbWeight::get().reads_writes(1, 1)
    }
}
