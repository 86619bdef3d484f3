//! Tests of the calls, the reads and the invariants. Those of the computation are in the folder
//! `tests` beside `src`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod claim;
mod coverages;
mod decide;
mod encoding;
mod flags;
mod random;
mod reads;
mod refuse;
mod reverse;
mod schemes;
mod settle;
