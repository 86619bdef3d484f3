//! `GET /health`: a probe for load balancers and service managers.

use jsonrpsee::server::{HttpBody, HttpResponse};
use serde::Serialize;
use xinglin_primitives::BlockNumber;

use crate::{node::Node, system};

/// Where the probe is answered.
pub(crate) const PATH: &str = "/health";

/// What the probe says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    healthy: bool,
    height: Option<BlockNumber>,
    peers: usize,
    is_syncing: bool,
    /// The chain has not grown for a minute, although an idle one makes a block every 10 seconds.
    is_stalled: bool,
}

/// 200 if the node is up to date on a chain that grows, else 503.
pub(crate) fn respond(node: &Node) -> HttpResponse {
    let health = system::health(node);
    let height = node.chain.tip().map(|tip| tip.number);
    let is_stalled = node.stalled();
    let report = Report {
        healthy: height.is_some() && !health.is_syncing && !is_stalled,
        height,
        peers: health.peers,
        is_syncing: health.is_syncing,
        is_stalled,
    };
    let status = if report.healthy { 200 } else { 503 };
    let body = serde_json::to_string(&report).unwrap_or_default();
    HttpResponse::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(HttpBody::from(body))
        .unwrap_or_else(|_| HttpResponse::new(HttpBody::empty()))
}
