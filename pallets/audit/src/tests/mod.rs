//! Tests: one file per area, and random sequences of calls against a reference model.
mod cases;
mod disclosures;
mod encoding;
mod holds;
mod questions;
mod random;
mod reads;
