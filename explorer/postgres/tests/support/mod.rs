//! A chain in memory and a PostgreSQL of one's own.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod calls;
pub mod chain;
pub mod cluster;
pub mod later;
#[path = "../../../../node/tests/support/calls.rs"]
pub mod shared;
