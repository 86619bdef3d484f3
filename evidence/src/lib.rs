//! Evidence packages: what was recorded on the chain, and when, for somebody who has no node and trusts
//! no server.
//!
//! A package is one file. [`build`] makes it of what a node gives; [`verify`] takes its bytes and a
//! [`Trust`], which is the genesis hash and the validators of some height, and returns a [`Report`]:
//! the steps in their order, each proven, failed with a reason, or not claimed; what is proven in
//! words; and what is not. There is no I/O, no clock and no randomness here, and no panic on any
//! bytes.
//!
//! # What leads from trust to a statement
//!
//! ```text
//! trusted validators ─ set changes ─► validators of a height ─ certificate ─► header
//!   header ─ extrinsics root, Merkle proof ─► transaction ─ ciphertext ─ key ─► plaintext
//!   header ─ state root, Merkle proof ─► what the chain's state held ─ hash ─► ciphertext
//!   header ─ hash ─ time-stamp token ─► no later than a time
//!   token inside a transaction ─► no earlier than a time
//! ```
//!
//! # One evidence, one sequence of bytes
//!
//! Whatever is in a package is written in one way: files are stored without compression, in order and
//! without dates, JSON in the form that this crate writes. A package in any other form is refused, so
//! that nothing can be hidden in it, its own hash names it, and no byte can be changed.
//!
//! # Modules
//!
//! [`archive`] is the ZIP file and its bounds, [`format`](mod@format) the manifest and the claim in it, [`state`] what the
//! chain's state says, [`trust`](TrustAnchor) the validators, [`report`] the answer. The steps of the
//! verification are in `verify`, one function each.

pub mod archive;
mod build;
mod content;
pub mod format;
mod package;
mod paper;
mod reason;
pub mod report;
pub mod state;
mod story;
mod time;
mod trust;
mod verify;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use build::{
    build, build_within, pack, without_events, BuildError, Evidence, Opened, Placement, Stamped,
};
pub use content::locate;
pub use format::{Claim, Manifest, Subject, FORMAT_VERSION};
pub use reason::Reason;
pub use report::{Outcome, Report, Step, StepReport};
pub use story::ACCESSES_MAX;
pub use trust::{AnchorError, ChangeError, TrustAnchor, SET_CHANGES_MAX};
pub use verify::{verify, Trust};
pub use vocabulary::{Ended, Reading, Vocabulary};
