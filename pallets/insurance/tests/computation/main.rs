//! The computation, from outside: reference cases from data files, an independent model with exact
//! rationals, and properties.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod generate;
mod model;
mod properties;
mod random;
