//! Tests: one file per area, and random sequences of calls against a reference model.
#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails")]

mod cases;
mod disclosures;
mod encoding;
mod holds;
mod random;
mod reads;
