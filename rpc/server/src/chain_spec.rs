//! `chainSpec_v1_*`.

use std::sync::Arc;

use jsonrpsee::core::RpcResult;
use xinglin_primitives::Hash;
use xinglin_rpc_api::chain_spec::ChainSpecApiServer;

use crate::node::Node;

/// `chainSpec_v1_*`.
#[derive(Debug)]
pub(crate) struct ChainSpec {
    node: Arc<Node>,
}

impl ChainSpec {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }
}

impl ChainSpecApiServer for ChainSpec {
    fn chain_name(&self) -> RpcResult<String> {
        Ok(self.node.info.chain_name.clone())
    }

    fn genesis_hash(&self) -> RpcResult<Hash> {
        Ok(self.node.info.genesis_hash)
    }

    fn properties(&self) -> RpcResult<serde_json::Map<String, serde_json::Value>> {
        Ok(self.node.info.properties.clone())
    }
}
