//! The harness of the end-to-end, fault and load tests: consortia of real `xinglin` processes on
//! loopback.
//!
//! Everything waits for what it needs (a process that answers, a block that arrives) with a deadline
//! that only a failure reaches.

pub mod cluster;
pub mod parties;
pub mod phase;
pub mod process;
pub mod raw;
pub mod traffic;

pub use cluster::{Cluster, ClusterOptions};
pub use process::Node;
