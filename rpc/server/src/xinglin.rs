//! `xinglin_*`.

use std::sync::Arc;

use codec::Encode;
use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
};
use xinglin_core::{
    ClockOffset, ClockStanding, ClockStatus, StoreError, TimeServerStatus, TimeServerVerdict,
};
use xinglin_primitives::{
    consensus::CommitCertificate,
    receipt::{self, extrinsic_hash, prove_inclusion},
    stamp::{Stamp, StampsAround},
    AccountId, BlockNumber, Hash, StampId,
};
use xinglin_rpc_api::{
    questions::Challenge,
    xinglin::{
        self, BlockRef, Certificate, Clock, PoolStatus, Receipt, Status, TimeServer, TimeToken,
        TimeTokens, XinglinApiServer,
    },
    Bytes,
};

use crate::{error::ServerError, node::Node, questions::Questions, runtime, state::StateApiError};

/// Why a `xinglin_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum XinglinApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The runtime does not answer.
    #[error(transparent)]
    State(#[from] StateApiError),
    /// The index of transactions, or the state, and the blocks do not fit.
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
            XinglinApiError::State(error) => error.into(),
            XinglinApiError::Inconsistent(number) => {
                tracing::error!(
                    number,
                    "rpc: a block does not fit the transaction index or the state"
                );
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
    match number_of(node, block)? {
        Some(number) => Ok(node.chain.certificate(number)?),
        None => Ok(None),
    }
}

fn clock(status: &ClockStatus, turns_passed: u64) -> Clock {
    let (offset_us, uncertainty_us) = match status.offset {
        ClockOffset::Known {
            offset_us,
            uncertainty_us,
        } => (Some(offset_us), Some(uncertainty_us)),
        ClockOffset::NotChecked | ClockOffset::Unknown => (None, None),
    };
    let server = |server: &TimeServerStatus| TimeServer {
        name: server.name.clone(),
        verdict: match server.verdict {
            TimeServerVerdict::Agrees => xinglin::TimeServerVerdict::Agrees,
            TimeServerVerdict::Lies => xinglin::TimeServerVerdict::Lies,
            TimeServerVerdict::Silent => xinglin::TimeServerVerdict::Silent,
            TimeServerVerdict::Unsettled => xinglin::TimeServerVerdict::Unsettled,
        },
        offset_us: server.offset_us,
        problem: server.problem.clone(),
    };
    Clock {
        standing: match status.standing() {
            ClockStanding::NotChecked => xinglin::ClockStanding::NotChecked,
            ClockStanding::Unknown => xinglin::ClockStanding::Unknown,
            ClockStanding::Right => xinglin::ClockStanding::Right,
            ClockStanding::Off => xinglin::ClockStanding::Off,
        },
        since_ms: status.since_ms,
        offset_us,
        uncertainty_us,
        servers: status.servers.iter().map(server).collect(),
        turns_passed,
    }
}

fn number_of(node: &Node, block: BlockRef) -> Result<Option<BlockNumber>, XinglinApiError> {
    match block {
        BlockRef::Height(height) => Ok(height.block_number()),
        BlockRef::Hash(hash) => Ok(node.chain.header(&hash)?.map(|header| header.number)),
    }
}

/// The tokens around a block, as the state after the last block has them.
pub(crate) fn find_time_tokens(
    node: &Node,
    block: BlockRef,
) -> Result<Option<TimeTokens>, XinglinApiError> {
    let tip = node.tip()?;
    let number = number_of(node, block)?;
    let Some(number) = number.filter(|number| *number <= tip.number) else {
        return Ok(None);
    };
    let call = "TrustedTimeApi_stamps_around";
    let around = runtime::call(&*node.state, tip.hash, call, &number.encode());
    let StampsAround { before, after } = around.map_err(StateApiError::from)?;
    let with_bytes = |found: Option<(StampId, Stamp)>| {
        found
            .map(|(id, stamp)| time_token(node, tip.hash, id, &stamp))
            .transpose()
    };
    Ok(Some(TimeTokens {
        block_number: number,
        before: with_bytes(before)?,
        after: with_bytes(after)?,
    }))
}

/// A token with its bytes, out of the transaction that brought it.
fn time_token(
    node: &Node,
    at: Hash,
    id: StampId,
    stamp: &Stamp,
) -> Result<TimeToken, XinglinApiError> {
    let missing = || XinglinApiError::Inconsistent(stamp.recorded_in);
    let block_hash = node.chain.hash_at(stamp.block)?.ok_or_else(missing)?;
    let recorded_in = node.chain.hash_at(stamp.recorded_in)?.ok_or_else(missing)?;
    let body = node.chain.body(&recorded_in)?.ok_or_else(missing)?;
    let extrinsic = usize::try_from(stamp.extrinsic)
        .ok()
        .and_then(|index| body.get(index))
        .ok_or_else(missing)?;
    let arguments = (extrinsic.to_vec(), stamp.token).encode();
    let token: Option<Vec<u8>> =
        runtime::call(&*node.state, at, "TrustedTimeApi_token_in", &arguments)
            .map_err(StateApiError::from)?;
    let arguments = (stamp.authority, stamp.certificates).encode();
    let call = "TrustedTimeApi_certificates_of";
    let certificates: Option<Vec<Vec<u8>>> =
        runtime::call(&*node.state, at, call, &arguments).map_err(StateApiError::from)?;
    let certificates = certificates.ok_or_else(missing)?.into_iter();
    Ok(TimeToken {
        id,
        authority: stamp.authority,
        block_number: stamp.block,
        block_hash,
        time_ms: stamp.time,
        accuracy_ms: stamp.accuracy_ms,
        recorded_in: stamp.recorded_in,
        transaction: extrinsic_hash(extrinsic),
        token: Bytes(token.ok_or_else(missing)?),
        certificates: certificates.map(Bytes).collect(),
    })
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
        clock: clock(&node.clock.borrow(), consensus.turns_passed),
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

    async fn time_tokens(&self, block: BlockRef) -> RpcResult<Option<TimeTokens>> {
        let tokens = self.node.read(move |node| find_time_tokens(node, block));
        Ok(tokens.await?)
    }

    async fn status(&self) -> RpcResult<Status> {
        Ok(self.node.read(status).await?)
    }

    async fn challenge(&self, account: AccountId) -> RpcResult<Challenge> {
        Ok(self.questions.challenge(&account))
    }
}
