//! The database as its users see it: over its ports, its files and its processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chain;
mod check;
mod crash;
mod journal;
mod open;
mod ordered;
mod pruning;
mod support;
