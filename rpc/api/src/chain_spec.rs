//! `chainSpec_v1_*`: what the chain is.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use xinglin_primitives::Hash;

/// What the chain is.
#[rpc(client, server)]
pub trait ChainSpecApi {
    /// Name of the chain.
    #[method(name = "chainSpec_v1_chainName")]
    fn chain_name(&self) -> RpcResult<String>;

    /// Hash of the genesis block.
    #[method(name = "chainSpec_v1_genesisHash")]
    fn genesis_hash(&self) -> RpcResult<Hash>;

    /// Address format, decimals and symbol of the money.
    #[method(name = "chainSpec_v1_properties")]
    fn properties(&self) -> RpcResult<serde_json::Map<String, serde_json::Value>>;
}
