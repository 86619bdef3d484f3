//! The node's JSON-RPC server: HTTP and WebSocket on one port, over the node's ports.
//!
//! [`start`] begins to serve. The methods, in one file per family, are those of
//! [`xinglin_rpc_api`]; both generations of Substrate's RPC are complete, since clients choose
//! between them by what `rpc_methods` lists.
//!
//! | module | what it decides |
//! |---|---|
//! | `server` | listening; hosts, web origins and the probe |
//! | `guard`, `clients`, `flow` | how much a client may ask for, and how fast |
//! | `connection` | what is kept for a connection |
//! | `events` | when subscriptions hear of a block, and that it is final |
//! | `workers` | where blocking work runs |
//! | `author` … `xinglin` | the methods |
//! | `explorer` | finding blocks and operations by the index |
//! | `questions` | the methods that only some may ask: challenge, signature, policy, answer |
//!
//! Nothing a client sends makes the server grow without bound: connections, subscriptions, batches,
//! sizes, calls in progress, calls per second, pinned blocks, operations and waiting jobs are all
//! limited, by [`RpcConfig`] or by a constant beside the code.

mod archive;
mod author;
mod chain;
mod chain_head;
mod chain_spec;
mod clients;
mod config;
mod connection;
mod error;
mod events;
mod explorer;
mod flow;
mod guard;
mod health;
mod methods;
mod metrics;
mod node;
mod origins;
mod ports;
mod questions;
mod runtime;
mod server;
mod state;
mod storage;
mod subscription;
mod system;
mod transaction;
mod workers;
mod xinglin;

pub use config::{ConfigError, RpcConfig, DEFAULT_PORT};
pub use metrics::RpcMetrics;
pub use ports::{ChainInfo, RpcPorts};
pub use server::{start, RpcError, RpcHandle};
