//! The index as its users see it: what it finds, how it follows the chain, what it keeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counts;
mod crash;
mod follow;
mod questions;
mod search;
mod support;
