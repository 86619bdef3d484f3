//! `chain_*`: blocks.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{Hash, Header};

use crate::{
    number::{Height, OneOrMany},
    Bytes,
};

/// A block with what justifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBlock {
    /// The block.
    pub block: Block,
    /// Always `null`: the commit certificate is told by `xinglin_blockCertificate`.
    pub justifications: Option<Vec<(Bytes, Bytes)>>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The encoded transactions, length prefixes included.
    pub extrinsics: Vec<Bytes>,
}

/// Blocks and their heads. Every committed block is final and on the only chain there is.
#[rpc(client, server)]
pub trait ChainApi {
    /// The header of a block, by default the last; `null` if there is no such block.
    #[method(name = "chain_getHeader")]
    async fn header(&self, hash: Option<Hash>) -> RpcResult<Option<Header>>;

    /// A block, by default the last; `null` if there is no such block.
    #[method(name = "chain_getBlock")]
    async fn block(&self, hash: Option<Hash>) -> RpcResult<Option<SignedBlock>>;

    /// The hash at a height, or at each of a list, `null` where there is no block; without a height
    /// that of the last block.
    #[method(name = "chain_getBlockHash", aliases = ["chain_getHead"])]
    async fn block_hash(
        &self,
        height: Option<OneOrMany<Height>>,
    ) -> RpcResult<OneOrMany<Option<Hash>>>;

    /// The hash of the last final block, which is the last block.
    #[method(name = "chain_getFinalizedHead", aliases = ["chain_getFinalisedHead"])]
    async fn finalized_head(&self) -> RpcResult<Hash>;

    /// The last header and every header from then on.
    #[subscription(
        name = "chain_subscribeAllHeads" => "chain_allHead",
        unsubscribe = "chain_unsubscribeAllHeads",
        item = Header,
    )]
    async fn subscribe_all_heads(&self);

    /// The last header and every header from then on.
    #[subscription(
        name = "chain_subscribeNewHeads" => "chain_newHead",
        aliases = ["chain_subscribeNewHead", "subscribe_newHead"],
        unsubscribe = "chain_unsubscribeNewHeads",
        unsubscribe_aliases = ["chain_unsubscribeNewHead", "unsubscribe_newHead"],
        item = Header,
    )]
    async fn subscribe_new_heads(&self);

    /// The last header and every header from then on, each a moment after
    /// [`subscribe_new_heads`](Self::subscribe_new_heads) has told it.
    #[subscription(
        name = "chain_subscribeFinalizedHeads" => "chain_finalizedHead",
        aliases = ["chain_subscribeFinalisedHeads"],
        unsubscribe = "chain_unsubscribeFinalizedHeads",
        unsubscribe_aliases = ["chain_unsubscribeFinalisedHeads"],
        item = Header,
    )]
    async fn subscribe_finalized_heads(&self);
}
