//! Holds the node's clock against time servers.
//!
//! ```text
//!  time servers ◄── sntp, nts ── source: a few samples, the best counts
//!                                  │ reading: offset ± error
//!                                  ▼
//!                   decision: what a majority of the servers can agree on
//!                                  │
//!                                  ▼
//!       engine: asks, keeps, publishes ──► ClockStatus ──► consensus, RPC, metrics
//! ```
//!
//! - The decision is a pure function. It is right whenever more than half of those who answer are
//!   right, whatever the others say.
//! - The clock is watched, never set: that is the affair of the operating system and of its operator.
//! - SNTP is what every time server speaks, and anybody on the way can forge it; a majority of
//!   servers on different ways makes that hard. NTS is authenticated, where a server offers it.

mod config;
mod decision;
mod engine;
mod metrics;
mod nts;
mod record;
mod server;
mod sntp;
mod source;

pub use config::{ClockConfig, ConfigError, INTERVAL_DEFAULT, SERVERS_DEFAULT};
pub use decision::{decide, Decision, Reading};
pub use engine::Clock;
pub use metrics::ClockMetrics;
pub use server::{Protocol, TimeServer, TimeServerError};
