//! The server over real sockets, on a chain that the tests make block by block.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asker;
mod fake;
mod fixture;
mod index;
mod pool;
mod socket;

mod bounds;
mod chain_head;
mod explorer;
mod hostile;
mod legacy;
mod modern;
mod own;
mod questions;
mod state;
mod typed;
