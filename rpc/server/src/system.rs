//! `system_*` and `rpc_methods`.

use std::sync::Arc;

use codec::Encode;
use jsonrpsee::core::{async_trait, RpcResult};
use xinglin_primitives::{AccountId, Hash, Nonce};
use xinglin_rpc_api::{
    system::{
        ChainType, Health, MethodsApiServer, NodeRole, PeerInfo, RpcMethods, SyncState,
        SystemApiServer,
    },
    Bytes,
};

use crate::{node::Node, runtime, state::StateApiError};

/// `system_*`.
#[derive(Debug)]
pub(crate) struct System {
    node: Arc<Node>,
}

impl System {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }
}

/// Whether the node is well, for clients and for probes.
pub(crate) fn health(node: &Node) -> Health {
    Health {
        peers: node.network.peers().len(),
        is_syncing: node.is_syncing(),
        should_have_peers: node.info.chain_type != ChainType::Development,
    }
}

#[async_trait]
impl SystemApiServer for System {
    fn name(&self) -> RpcResult<String> {
        Ok(self.node.info.impl_name.clone())
    }

    fn version(&self) -> RpcResult<String> {
        Ok(self.node.info.impl_version.clone())
    }

    fn chain(&self) -> RpcResult<String> {
        Ok(self.node.info.chain_name.clone())
    }

    fn chain_type(&self) -> RpcResult<ChainType> {
        Ok(self.node.info.chain_type.clone())
    }

    fn properties(&self) -> RpcResult<serde_json::Map<String, serde_json::Value>> {
        Ok(self.node.info.properties.clone())
    }

    fn health(&self) -> RpcResult<Health> {
        Ok(health(&self.node))
    }

    fn node_roles(&self) -> RpcResult<Vec<NodeRole>> {
        let role = if self.node.consensus.borrow().validating {
            NodeRole::Authority
        } else {
            NodeRole::Full
        };
        Ok(vec![role])
    }

    fn sync_state(&self) -> RpcResult<SyncState> {
        Ok(SyncState {
            starting_block: self.node.started_at,
            current_block: self.node.tip()?.number,
            highest_block: self.node.highest_block(),
        })
    }

    fn peers(&self) -> RpcResult<Vec<PeerInfo>> {
        let peers = self.node.network.peers().into_iter();
        Ok(peers
            .map(|peer| PeerInfo {
                peer_id: peer.peer_id,
                address: peer.address,
            })
            .collect())
    }

    fn local_peer_id(&self) -> RpcResult<String> {
        Ok(self.node.network.local_peer_id())
    }

    fn local_listen_addresses(&self) -> RpcResult<Vec<String>> {
        Ok(self.node.network.listen_addresses())
    }

    async fn account_next_index(&self, account: AccountId) -> RpcResult<Nonce> {
        let pooled = self.node.pool.next_nonce(&account);
        let committed: Nonce = self
            .node
            .read(move |node| {
                let at = node.tip()?.hash;
                let data = account.encode();
                let method = "AccountNonceApi_account_nonce";
                Ok::<_, StateApiError>(runtime::call(&*node.state, at, method, &data)?)
            })
            .await?;
        Ok(pooled.map_or(committed, |nonce| nonce.max(committed)))
    }

    async fn dry_run(&self, extrinsic: Bytes, at: Option<Hash>) -> RpcResult<Bytes> {
        let outcome = self
            .node
            .read(move |node| {
                let at = node.at(at)?;
                Ok::<_, StateApiError>(node.state.dry_run(at, &extrinsic.0.into())?)
            })
            .await?;
        Ok(outcome.into())
    }
}

/// `rpc_methods`.
#[derive(Debug)]
pub(crate) struct MethodList {
    methods: Vec<String>,
}

impl MethodList {
    /// Lists `names` and `rpc_methods` itself.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut methods: Vec<String> = names.chain(["rpc_methods"]).map(str::to_owned).collect();
        methods.sort_unstable();
        Self { methods }
    }
}

impl MethodsApiServer for MethodList {
    fn rpc_methods(&self) -> RpcResult<RpcMethods> {
        Ok(RpcMethods {
            methods: self.methods.clone(),
        })
    }
}
