//! Weights of the calls.
//!
//! These are estimates: what a call reads and writes at most, priced by the runtime's `DbWeight`,
//! the bytes of it, priced by what encoding, hashing and copying them costs, and the signatures that
//! it verifies. Measured weights will take their place behind the same trait.

use core::marker::PhantomData;

use frame_support::{traits::Get, weights::Weight};
use xinglin_primitives::consensus::VALIDATORS_MAX;

/// Dispatch, checks and the event, in picoseconds.
const BASE_PS: u64 = 20_000_000;
/// One byte through codec and hasher, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// One signature by a consensus key, in picoseconds.
const VERIFY_PS: u64 = 70_000_000;
/// A key, a peer id or a count, with what it maps to.
const SMALL_BYTES: u64 = 128;
/// A node with all its addresses, or all nodes of a member.
const NODE_BYTES: u64 = 1_280;
/// A whole set.
const SET_BYTES: u64 = VALIDATORS_MAX as u64 * 40;
/// Most steps of the search for the set of a height: there are fewer than 2^32.
const SEARCH_STEPS: u64 = 32;

/// The weight of each call, and of the end of a block.
#[allow(missing_docs, reason = "each is named as its call")]
pub trait WeightInfo {
    fn on_finalize() -> Weight;
    fn register_node() -> Weight;
    fn update_node() -> Weight;
    fn remove_node() -> Weight;
    fn register_validator() -> Weight;
    fn unregister_validator() -> Weight;
    fn add_validator() -> Weight;
    fn remove_validator() -> Weight;
    fn set_validators() -> Weight;
    fn set_consensus_parameters() -> Weight;
    fn report_equivocation() -> Weight;
    fn clear_offences() -> Weight;
}

/// The estimates, over the `DbWeight` of a runtime.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> EstimatedWeight<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// A decision on a set whose candidates are looked up one by one: live and pending set, and of
    /// each validator the candidate, the member, the production and the key. What the end of the
    /// block writes to put it in force is paid here too.
    fn decision() -> Weight {
        let each = u64::from(VALIDATORS_MAX);
        Self::of(
            2 + 3 * each,
            4 + 2 * each,
            4 * SET_BYTES + 3 * each * SMALL_BYTES,
        )
    }
}

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
    fn on_finalize() -> Weight {
        // Digest, the author's account and member, the production; for the author whose member is
        // suspended, the set and the members in it. To put a new set in force is paid by the calls
        // that decide on it.
        let each = u64::from(VALIDATORS_MAX);
        Self::of(6 + each, 1, SET_BYTES + (5 + each) * SMALL_BYTES)
    }

    fn register_node() -> Weight {
        Self::of(4, 2, 2 * SMALL_BYTES + 2 * NODE_BYTES)
    }

    fn update_node() -> Weight {
        Self::of(3, 1, 2 * SMALL_BYTES + NODE_BYTES)
    }

    fn remove_node() -> Weight {
        Self::of(5, 2, 3 * SMALL_BYTES + 2 * NODE_BYTES)
    }

    fn register_validator() -> Weight {
        Self::of(8, 3, 4 * SMALL_BYTES + NODE_BYTES + 2 * SET_BYTES)
            .saturating_add(Weight::from_parts(VERIFY_PS, 0))
    }

    fn unregister_validator() -> Weight {
        Self::of(5, 2, 3 * SMALL_BYTES + 2 * SET_BYTES)
    }

    fn add_validator() -> Weight {
        Self::decision()
    }

    fn remove_validator() -> Weight {
        Self::decision()
    }

    fn set_validators() -> Weight {
        Self::decision()
    }

    fn set_consensus_parameters() -> Weight {
        Self::of(0, 1, SMALL_BYTES)
    }

    fn report_equivocation() -> Weight {
        Self::of(
            3 + SEARCH_STEPS,
            1,
            (1 + SEARCH_STEPS) * SET_BYTES + 8 * SMALL_BYTES,
        )
        .saturating_add(Weight::from_parts(2 * VERIFY_PS, 0))
    }

    fn clear_offences() -> Weight {
        Self::of(1, 1, 8 * SMALL_BYTES)
    }
}
