//! `xinglin_*`: what is particular to this chain.

use codec::Encode;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    consensus, receipt, AccountId, BlockNumber, Hash, Header, MemberId, StampId,
};

use crate::{number::Height, questions::Challenge, Bytes};

/// A block by height or by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a height or a block hash")]
pub enum BlockRef {
    /// By hash: 32 bytes in hexadecimal.
    Hash(Hash),
    /// By height: a number, or text like `"0x5"`.
    Height(Height),
}

/// One validator's signature of a decided block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitSignature {
    /// The validator's consensus key.
    pub key: Bytes,
    /// Its sr25519 signature.
    pub signature: Bytes,
}

/// Proof that more than two thirds of a height's validators decided a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Height decided.
    pub height: BlockNumber,
    /// Round in which it was decided.
    pub round: u32,
    /// Hash of the decided block.
    pub block_hash: Hash,
    /// The validators' signatures.
    pub signatures: Vec<CommitSignature>,
    /// The whole in SCALE, to verify offline.
    pub encoded: Bytes,
}

impl From<&consensus::CommitCertificate> for Certificate {
    fn from(certificate: &consensus::CommitCertificate) -> Self {
        let signatures = certificate.signatures.iter().map(|entry| CommitSignature {
            key: Bytes::from(&entry.key.0[..]),
            signature: Bytes::from(&entry.signature.0[..]),
        });
        Self {
            height: certificate.height,
            round: certificate.round,
            block_hash: certificate.block_hash,
            signatures: signatures.collect(),
            encoded: certificate.encode().into(),
        }
    }
}

/// Proof that an operation is in the chain's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Hash of the transaction: the receipt's name.
    pub hash: Hash,
    /// The transaction as it stands in the block.
    pub extrinsic: Bytes,
    /// Height of the block.
    pub block_number: BlockNumber,
    /// Hash of the block.
    pub block_hash: Hash,
    /// Index within the block.
    pub index: u32,
    /// Merkle proof against the header's extrinsics root.
    pub inclusion: Vec<Bytes>,
    /// The block's header.
    pub header: Header,
    /// Proof that the block was decided.
    pub certificate: Certificate,
    /// The whole in SCALE, to verify offline.
    pub encoded: Bytes,
}

impl From<&receipt::Receipt> for Receipt {
    fn from(receipt: &receipt::Receipt) -> Self {
        let nodes = receipt.inclusion.iter().map(|node| Bytes::from(&node[..]));
        Self {
            hash: receipt.hash(),
            extrinsic: Bytes::from(&receipt.extrinsic[..]),
            block_number: receipt.header.number,
            block_hash: receipt.certificate.block_hash,
            index: receipt.index,
            inclusion: nodes.collect(),
            header: receipt.header.clone(),
            certificate: Certificate::from(&receipt.certificate),
            encoded: receipt.encode().into(),
        }
    }
}

/// A time-stamp token over the hash of a block, as an authority submitted it (RFC 3161).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeToken {
    /// The number of the token on this chain.
    pub id: StampId,
    /// The member whose token it is.
    pub authority: MemberId,
    /// Height of the block whose hash is stamped.
    pub block_number: BlockNumber,
    /// The hash that is stamped: its 32 bytes are the data of the token.
    pub block_hash: Hash,
    /// The time in the token, in milliseconds since 1970.
    pub time_ms: u64,
    /// By how many milliseconds the time may be wrong at most; `null` if the authority does not
    /// say.
    pub accuracy_ms: Option<u64>,
    /// Height of the block that holds the transaction with the token.
    pub recorded_in: BlockNumber,
    /// Hash of this transaction.
    pub transaction: Hash,
    /// The token: a `TimeStampToken` in DER.
    pub token: Bytes,
    /// The certificates in DER by which it was verified, that of the service first.
    pub certificates: Vec<Bytes>,
}

/// The tokens that tell best when a block was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeTokens {
    /// Height of the block.
    pub block_number: BlockNumber,
    /// Made before the block was, which contains it or follows a block that does; `null` if there is
    /// none.
    pub before: Option<TimeToken>,
    /// Made after the block was, over its hash or that of one that follows it; `null` if there is
    /// none.
    pub after: Option<TimeToken>,
}

/// How full the pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// Transactions that could be in the next block.
    pub ready: usize,
    /// Transactions that wait for an earlier nonce.
    pub future: usize,
    /// Bytes of both.
    pub bytes: usize,
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Name of the chain.
    pub chain: String,
    /// Hash of the genesis block.
    pub genesis_hash: Hash,
    /// Version of the node.
    pub version: String,
    /// Height of the last block.
    pub height: BlockNumber,
    /// Hash of the last block.
    pub block_hash: Hash,
    /// State root after the last block.
    pub state_root: Hash,
    /// Lowest height whose state can be read here.
    pub oldest_state: BlockNumber,
    /// Bytes that the database takes on the disk; `null` if the node cannot tell.
    pub disk_bytes: Option<u64>,
    /// Whether the node is fetching blocks that others have already.
    pub syncing: bool,
    /// Highest height it has heard of.
    pub highest_block: BlockNumber,
    /// Height being agreed on.
    pub consensus_height: BlockNumber,
    /// Round of it.
    pub consensus_round: u32,
    /// Whether this node votes on it.
    pub validating: bool,
    /// Connected peers of consensus.
    pub consensus_peers: usize,
    /// Connected peers of the transaction network.
    pub peers: usize,
    /// Consensus keys of those who decided the last block, and of those who did not vote on it.
    pub validators: Vec<Bytes>,
    /// Consensus keys of those of them whose vote on the last block is missing.
    pub missing_validators: Vec<Bytes>,
    /// How full the pool is.
    pub pool: PoolStatus,
}

/// Receipts, certificates, status.
#[rpc(client, server)]
pub trait XinglinApi {
    /// The receipt of a committed transaction; `null` if no block holds it.
    #[method(name = "xinglin_receipt")]
    async fn receipt(&self, hash: Hash) -> RpcResult<Option<Receipt>>;

    /// The certificate of a block; `null` for genesis and where there is no block.
    #[method(name = "xinglin_blockCertificate")]
    async fn block_certificate(&self, block: BlockRef) -> RpcResult<Option<Certificate>>;

    /// The tokens of time authorities from before and after a block; `null` if there is no such
    /// block.
    #[method(name = "xinglin_timeTokens")]
    async fn time_tokens(&self, block: BlockRef) -> RpcResult<Option<TimeTokens>>;

    /// Where this node stands.
    #[method(name = "xinglin_status")]
    async fn status(&self) -> RpcResult<Status>;

    /// A challenge for one signed question of an account: see [`questions`](crate::questions).
    #[method(name = "xinglin_challenge")]
    async fn challenge(&self, account: AccountId) -> RpcResult<Challenge>;
}
