//! Every call: that it works, and that it is refused for a wrong origin, in a wrong state, and at
//! its bound.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delegations;
mod genesis;
mod members;
mod origins;
mod patients;
mod practitioners;
mod replacement;
mod sequences;
mod suspension;
