//! What the node calls, inside externalities over the state of the parent block.
//!
//! The steps of a block are those of FRAME's executive: [`initialize_block`], [`apply`] for the
//! inherent and each transaction, [`finalize_block`]. They are here so that
//!
//! - a transaction is decoded once, when the node first sees it ([`DecodedExtrinsic`]);
//! - a signature that was verified is not verified again, and yet cannot outlive its era
//!   ([`SignedAt`]);
//! - what a dishonest proposer may send is refused with an error and never by a panic.
//!
//! A test executes the same blocks through the executive and compares the roots.

mod block;
mod call;
mod consensus;
mod extrinsic;
mod panics;

pub use block::{
    apply, author_of, begin_validation, check_inherents, digest_of, finalize_block,
    initialize_block, required_spec_version, time_after_parent, timestamp_inherent, try_state,
    validate, BrokenInvariant, FinalizeError, HeaderError, InherentError,
};
pub use call::{call, CallError};
pub use consensus::{
    equivocation_report, next_height, parameters, validators_at, HeightValidator, NextHeight,
    RegisteredNode,
};
pub(crate) use extrinsic::CALL_DEPTH_MAX;
pub use extrinsic::{sign, DecodeError, DecodedExtrinsic, SignatureToVerify, SignedAt};
pub use panics::catch;
