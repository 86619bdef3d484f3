//! `xinglin_*`.

use std::sync::Arc;

use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
};
use xinglin_core::StoreError;
use xinglin_primitives::{
    consensus::CommitCertificate,
    receipt::{self, prove_inclusion},
    AccountId, BlockNumber, Hash,
};
use xinglin_rpc_api::{
    questions::Challenge,
    xinglin::{BlockRef, Certificate, PoolStatus, Receipt, Status, XinglinApiServer},
    Bytes,
};

use crate::{error::ServerError, node::Node, questions::Questions};

/// Why a `xinglin_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum XinglinApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The index of transactions and the blocks do not fit.
    #[error("the node's database contradicts itself at height {0}; run `xinglin db check`")]
    Inconsistent(BlockNumber),
}

impl From<StoreError> for XinglinApiError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl From<XinglinApiError> for ErrorObjectOwned {
    fn from(error: XinglinApiError) -> Self {
        match error {
            XinglinApiError::Server(error) => error.into(),
            XinglinApiError::Inconsistent(number) => {
                tracing::error!(number, "rpc: a block does not fit the transaction index");
                ServerError::Internal.into()
            }
        }
    }
}

/// `xinglin_*`.
pub(crate) struct Xinglin {
    node: Arc<Node>,
    questions: Arc<Questions>,
}

impl Xinglin {
    pub(crate) fn new(node: Arc<Node>, questions: Arc<Questions>) -> Self {
        Self { node, questions }
    }
}

/// The receipt of a committed transaction.
pub(crate) fn find_receipt(
    node: &Node,
    hash: &Hash,
) -> Result<Option<receipt::Receipt>, XinglinApiError> {
    let Some(location) = node.chain.locate(hash)? else {
        return Ok(None);
    };
    let number = location.number;
    let Some(certificate) = node.chain.certificate(number)? else {
        // Only genesis is not decided by a vote.
        return Ok(None);
    };
    let missing = || XinglinApiError::Inconsistent(number);
    let block = certificate.block_hash;
    let header = node.chain.header(&block)?.ok_or_else(missing)?;
    let body = node.chain.body(&block)?.ok_or_else(missing)?;
    let encoded: Vec<Vec<u8>> = body.iter().map(|bytes| bytes.to_vec()).collect();
    let inclusion = prove_inclusion(&encoded, location.index).ok_or_else(missing)?;
    let extrinsic = usize::try_from(location.index)
        .ok()
        .and_then(|index| encoded.into_iter().nth(index))
        .ok_or_else(missing)?;
    Ok(Some(receipt::Receipt {
        extrinsic,
        index: location.index,
        inclusion,
        header,
        certificate,
    }))
}

fn find_certificate(
    node: &Node,
    block: BlockRef,
) -> Result<Option<CommitCertificate>, XinglinApiError> {
    let number = match block {
        BlockRef::Height(height) => height.block_number(),
        BlockRef::Hash(hash) => node.chain.header(&hash)?.map(|header| header.number),
    };
    match number {
        Some(number) => Ok(node.chain.certificate(number)?),
        None => Ok(None),
    }
}

fn status(node: &Node) -> Result<Status, XinglinApiError> {
    let tip = node.tip()?;
    let signed: Vec<_> = node
        .chain
        .certificate(tip.number)?
        .map(|certificate| certificate.signatures)
        .unwrap_or_default()
        .into_iter()
        .map(|signature| signature.key)
        .collect();
    let consensus = node.consensus.borrow().clone();
    let mut missing = consensus.missing;
    missing.retain(|key| !signed.contains(key));
    let mut validators: Vec<Bytes> = signed
        .iter()
        .chain(&missing)
        .map(|key| Bytes::from(&key.0[..]))
        .collect();
    validators.sort_unstable();
    let pool = node.pool.status();
    Ok(Status {
        chain: node.info.chain_name.clone(),
        genesis_hash: node.info.genesis_hash,
        version: node.info.impl_version.clone(),
        height: tip.number,
        block_hash: tip.hash,
        state_root: tip.state_root,
        oldest_state: node.chain.oldest_state(),
        disk_bytes: node.chain.disk_bytes(),
        syncing: node.is_syncing(),
        highest_block: node.highest_block(),
        consensus_height: consensus.height,
        consensus_round: consensus.round,
        validating: consensus.validating,
        consensus_peers: consensus.peers,
        peers: node.network.peers().len(),
        validators,
        missing_validators: missing.iter().map(|key| Bytes::from(&key.0[..])).collect(),
        pool: PoolStatus {
            ready: pool.ready,
            future: pool.future,
            bytes: pool.bytes,
        },
    })
}

#[async_trait]
impl XinglinApiServer for Xinglin {
    async fn receipt(&self, hash: Hash) -> RpcResult<Option<Receipt>> {
        let receipt = self
            .node
            .read(move |node| find_receipt(node, &hash))
            .await?;
        Ok(receipt.as_ref().map(Receipt::from))
    }

    async fn block_certificate(&self, block: BlockRef) -> RpcResult<Option<Certificate>> {
        let certificate = self
            .node
            .read(move |node| find_certificate(node, block))
            .await?;
        Ok(certificate.as_ref().map(Certificate::from))
    }

    async fn status(&self) -> RpcResult<Status> {
        Ok(self.node.read(status).await?)
    }

    async fn challenge(&self, account: AccountId) -> RpcResult<Challenge> {
        Ok(self.questions.challenge(&account))
    }
}
