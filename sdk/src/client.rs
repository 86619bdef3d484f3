//! A connection to a node: reads state, signs and submits transactions, follows them to finality.

mod ask;
mod error;
mod explorer;
mod outcome;
mod pipeline;
mod submitted;

pub use ask::Answered;
pub use error::ClientError;
pub use explorer::QuestionCheck;
pub use outcome::{describe_error, Outcome};

use std::time::Duration;

use codec::{Decode, DecodeAll};
use jsonrpsee::{
    core::{
        client::{ClientT, Subscription, SubscriptionClientT},
        params::ArrayParams,
    },
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::{de::DeserializeOwned, Deserialize};
use sp_runtime::generic::Era;
use xinglin_primitives::{
    consensus::{CommitCertificate, Validator},
    receipt::Receipt,
    AccountId, BlockNumber, Hash, Header, Nonce,
};
use xinglin_runtime::{Runtime, RuntimeCall, VERSION};

use self::{
    error::{closed, rpc_error, within},
    submitted::Submitted,
};
use crate::{
    keys::KeyPair,
    receipt::{ReceiptFile, SetChange, TrustAnchor, SET_CHANGES_MAX},
    transaction::{sign, SignedTransaction, Signing},
};

/// How long a node has to answer one request.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest response that is read, in bytes: a block with its JSON around it.
pub const RESPONSE_BYTES_MAX: u32 = 32 * 1024 * 1024;
/// Blocks for which a transaction that was signed by [`Client::sign`] may wait.
pub const MORTAL_BLOCKS: u64 = 1_024;
/// Notifications that may wait to be taken.
const NOTIFICATIONS_MAX: usize = 64;

/// A connection to one node over WebSocket. When it breaks, every request fails: connect again.
pub struct Client {
    rpc: WsClient,
    url: String,
    genesis: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    spec_name: String,
    spec_version: u32,
    transaction_version: u32,
}

impl Client {
    /// Connects to a node and checks that it speaks of the rules that this program knows.
    ///
    /// The address is `ws://host:port`; `http://` is understood as the same, since a node serves
    /// both on one port. There is no TLS in here: reach a distant node through a tunnel.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        let client = Self::connect_unchecked(url).await?;
        client.check_version().await?;
        Ok(client)
    }

    /// As [`connect`](Self::connect) without asking for the version: for requests that do not depend
    /// on it. Whatever needs the runtime's types may fail to decode.
    pub async fn connect_unchecked(url: &str) -> Result<Self, ClientError> {
        let url = match url.strip_prefix("http://") {
            Some(rest) => format!("ws://{rest}"),
            None => url.to_owned(),
        };
        let rpc = WsClientBuilder::default()
            .request_timeout(REQUEST_TIMEOUT)
            .connection_timeout(CONNECT_TIMEOUT)
            .max_response_size(RESPONSE_BYTES_MAX)
            .max_buffer_capacity_per_subscription(NOTIFICATIONS_MAX)
            .build(&url)
            .await
            .map_err(|source| ClientError::Connect {
                url: url.clone(),
                source: Box::new(source),
            })?;
        let mut client = Self {
            rpc,
            url,
            genesis: Hash::zero(),
        };
        client.genesis = client.block_hash(0).await?;
        Ok(client)
    }

    /// As [`connect`](Self::connect), to a node of the chain with this genesis only.
    pub async fn connect_to_chain(url: &str, genesis: Hash) -> Result<Self, ClientError> {
        let client = Self::connect(url).await?;
        if client.genesis != genesis {
            return Err(ClientError::WrongChain {
                expected: genesis,
                found: client.genesis,
            });
        }
        Ok(client)
    }

    /// Hash of the chain's genesis block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks the node anything.
    pub async fn request<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: ArrayParams,
    ) -> Result<T, ClientError> {
        self.rpc
            .request(method, params)
            .await
            .map_err(|error| rpc_error(method, error))
    }

    /// Hash of the block at a height.
    pub async fn block_hash(&self, number: BlockNumber) -> Result<Hash, ClientError> {
        let hash: Option<Hash> = self
            .request("chain_getBlockHash", rpc_params![number])
            .await?;
        hash.ok_or_else(|| ClientError::NotFound {
            what: format!("block {number}"),
        })
    }

    /// The last committed block's hash. It is final.
    pub async fn tip(&self) -> Result<Hash, ClientError> {
        self.request("chain_getFinalizedHead", rpc_params![]).await
    }

    /// The header of a block.
    pub async fn header(&self, block: Hash) -> Result<Header, ClientError> {
        let header: Option<Header> = self.request("chain_getHeader", rpc_params![block]).await?;
        header.ok_or_else(|| ClientError::NotFound {
            what: format!("block {block:?}"),
        })
    }

    /// Headers as blocks become final, beginning with the last.
    pub async fn finalized_heads(&self) -> Result<Subscription<Header>, ClientError> {
        const METHOD: &str = "chain_subscribeFinalizedHeads";
        self.rpc
            .subscribe(METHOD, rpc_params![], "chain_unsubscribeFinalizedHeads")
            .await
            .map_err(|error| rpc_error(METHOD, error))
    }

    /// Waits until the chain, as this node sees it, has reached a height.
    pub async fn wait_for_height(
        &self,
        number: BlockNumber,
        limit: Duration,
    ) -> Result<(), ClientError> {
        let mut heads = self.finalized_heads().await?;
        within("reaching a height", limit, async {
            while let Some(head) = heads.next().await {
                let head = head.map_err(|_| ClientError::Undecodable { what: "a header" })?;
                if head.number >= number {
                    return Ok(());
                }
            }
            Err(closed("chain_subscribeFinalizedHeads"))
        })
        .await
    }

    /// A value of the state after `block`, by a key that the runtime's storage types give
    /// (`hashed_key_for`, `hashed_key`). `None` if nothing is stored there.
    pub async fn storage<V: Decode>(
        &self,
        key: &[u8],
        block: Hash,
    ) -> Result<Option<V>, ClientError> {
        let value: Option<String> = self
            .request("state_getStorage", rpc_params![to_hex(key), block])
            .await?;
        value
            .map(|value| decode_hex(&value, "a stored value"))
            .transpose()
    }

    /// Calls a runtime API function on the state after `block`.
    pub async fn runtime_call<V: Decode>(
        &self,
        function: &str,
        arguments: &[u8],
        block: Hash,
    ) -> Result<V, ClientError> {
        let params = rpc_params![function, to_hex(arguments), block];
        let value: String = self.request("state_call", params).await?;
        decode_hex(&value, "the result of a runtime function")
    }

    /// The account's next nonce, after its transactions in the node's pool.
    pub async fn next_nonce(&self, account: &AccountId) -> Result<Nonce, ClientError> {
        let params = rpc_params![crate::keys::address_of(account)];
        self.request("system_accountNextIndex", params).await
    }

    /// Signs a call with the account's next nonce, mortal for [`MORTAL_BLOCKS`].
    pub async fn sign(
        &self,
        key: &KeyPair,
        call: RuntimeCall,
    ) -> Result<SignedTransaction, ClientError> {
        let nonce = self.next_nonce(&key.account()).await?;
        let checkpoint = self.tip().await?;
        let number = self.header(checkpoint).await?.number;
        let signing = Signing {
            genesis: self.genesis,
            nonce,
            era: Era::mortal(MORTAL_BLOCKS, number.into()),
            checkpoint,
        };
        Ok(sign(key, call, &signing))
    }

    /// Submits a transaction. It is in the node's pool, and on its disk, when this returns.
    pub async fn submit(&self, transaction: &SignedTransaction) -> Result<Hash, ClientError> {
        let params = rpc_params![to_hex(&transaction.bytes)];
        self.request("author_submitExtrinsic", params).await
    }

    /// Submits a transaction and waits until it is final.
    pub async fn submit_and_finalize(
        &self,
        transaction: &SignedTransaction,
        limit: Duration,
    ) -> Result<Outcome, ClientError> {
        let submitted = self.submit_and_watch(transaction).await?;
        let block = within("finality", limit, submitted.finality()).await?;
        self.outcome(&transaction.bytes, block).await
    }

    /// Submits a transaction. It is in the node's pool, and on its disk, when this returns.
    pub(crate) async fn submit_and_watch(
        &self,
        transaction: &SignedTransaction,
    ) -> Result<Submitted, ClientError> {
        let statuses = self
            .rpc
            .subscribe(
                Submitted::METHOD,
                rpc_params![to_hex(&transaction.bytes)],
                "author_unwatchExtrinsic",
            )
            .await
            .map_err(|error| rpc_error(Submitted::METHOD, error))?;
        Ok(Submitted {
            hash: transaction.hash,
            statuses,
        })
    }

    /// Signs a call, submits it and waits until it is final.
    pub async fn execute(
        &self,
        key: &KeyPair,
        call: RuntimeCall,
        limit: Duration,
    ) -> Result<Outcome, ClientError> {
        let transaction = self.sign(key, call).await?;
        self.submit_and_finalize(&transaction, limit).await
    }

    /// The receipt of a final transaction in JSON, with the changes of the validators before it, as
    /// the node gives it: verify it before trusting it.
    pub async fn receipt_json(&self, transaction: Hash) -> Result<serde_json::Value, ClientError> {
        let json: Option<serde_json::Value> = self
            .request("xinglin_receipt", rpc_params![transaction])
            .await?;
        let mut json = json.ok_or_else(|| ClientError::NotFound {
            what: format!("receipt of transaction {transaction:?}"),
        })?;
        let receipt = crate::receipt::from_json(&json)
            .map_err(|_| ClientError::Undecodable { what: "a receipt" })?;
        let changes = self.set_changes(receipt.header.number).await?;
        ReceiptFile::extend_json(&mut json, &changes);
        Ok(json)
    }

    /// As [`receipt_json`](Self::receipt_json), decoded.
    pub async fn receipt(&self, transaction: Hash) -> Result<ReceiptFile, ClientError> {
        let json = self.receipt_json(transaction).await?.to_string();
        ReceiptFile::from_json(json.as_bytes())
            .map_err(|_| ClientError::Undecodable { what: "a receipt" })
    }

    /// The receipt of a final transaction without the changes of the validators, as the node gives it.
    pub async fn receipt_alone(&self, transaction: Hash) -> Result<Receipt, ClientError> {
        let json: Option<serde_json::Value> = self
            .request("xinglin_receipt", rpc_params![transaction])
            .await?;
        let json = json.ok_or_else(|| ClientError::NotFound {
            what: format!("receipt of transaction {transaction:?}"),
        })?;
        crate::receipt::from_json(&json).map_err(|_| ClientError::Undecodable { what: "a receipt" })
    }

    /// The transactions of a block, encoded, in order.
    pub async fn body(&self, block: Hash) -> Result<Vec<Vec<u8>>, ClientError> {
        let json: Option<serde_json::Value> =
            self.request("chain_getBlock", rpc_params![block]).await?;
        let json = json.ok_or_else(|| ClientError::NotFound {
            what: format!("block {block:?}"),
        })?;
        let what = "a block";
        let extrinsics = json
            .pointer("/block/extrinsics")
            .and_then(|it| it.as_array());
        let extrinsics = extrinsics.ok_or(ClientError::Undecodable { what })?;
        extrinsics
            .iter()
            .map(|encoded| bytes_of_hex(encoded.as_str().unwrap_or_default(), what))
            .collect()
    }

    /// The trie nodes that prove what some keys, at most 4096, hold after `block`.
    pub async fn read_proof(
        &self,
        keys: &[Vec<u8>],
        block: Hash,
    ) -> Result<Vec<Vec<u8>>, ClientError> {
        #[derive(Deserialize)]
        struct ReadProof {
            proof: Vec<String>,
        }

        let keys: Vec<String> = keys.iter().map(|key| to_hex(key)).collect();
        let read: ReadProof = self
            .request("state_getReadProof", rpc_params![keys, block])
            .await?;
        let nodes = read.proof.iter();
        nodes
            .map(|node| bytes_of_hex(node, "a trie node"))
            .collect()
    }

    /// The certificate of a block.
    pub async fn certificate(&self, number: BlockNumber) -> Result<CommitCertificate, ClientError> {
        let json: Option<serde_json::Value> = self
            .request("xinglin_blockCertificate", rpc_params![number])
            .await?;
        let encoded = json.as_ref().and_then(|json| json.get("encoded")?.as_str());
        let encoded = encoded.ok_or_else(|| ClientError::NotFound {
            what: format!("certificate of block {number}"),
        })?;
        decode_hex(encoded, "a certificate")
    }

    /// The changes of the validators before a height, from the genesis on.
    pub async fn set_changes(&self, before: BlockNumber) -> Result<Vec<SetChange>, ClientError> {
        use pallet_validators::{CurrentSet, HistoricalSet, Sets};

        let tip = self.tip().await?;
        let last: u32 = self
            .storage(&CurrentSet::<Runtime>::hashed_key(), tip)
            .await?
            .unwrap_or_default();
        let mut changes = Vec::new();
        for id in 1..=last.min(SET_CHANGES_MAX) {
            let key = Sets::<Runtime>::hashed_key_for(id);
            let Some(HistoricalSet { from, .. }) = self.storage(&key, tip).await? else {
                continue;
            };
            if from > before {
                break;
            }
            let number = from.saturating_sub(1);
            changes.push(SetChange {
                header: self.header(self.block_hash(number).await?).await?,
                certificate: self.certificate(number).await?,
            });
        }
        Ok(changes)
    }

    /// What this node says of who validates a height. Trust it only if you trust the node.
    pub async fn trust_anchor(&self, height: BlockNumber) -> Result<TrustAnchor, ClientError> {
        let parent = self.block_hash(height.saturating_sub(1)).await?;
        Ok(TrustAnchor {
            genesis: self.genesis,
            from: height,
            validators: self.validators_after(parent).await?,
        })
    }

    /// The validators of the height that follows `block`.
    pub async fn validators_after(&self, block: Hash) -> Result<Vec<Validator>, ClientError> {
        let next: xinglin_runtime::native::NextHeight = self
            .runtime_call("ConsensusApi_next_height", &[], block)
            .await?;
        Ok(crate::receipt::validators_of(&next))
    }

    async fn check_version(&self) -> Result<(), ClientError> {
        let found: Version = self
            .request("state_getRuntimeVersion", rpc_params![])
            .await?;
        let same = found.spec_name == VERSION.spec_name
            && found.spec_version == VERSION.spec_version
            && found.transaction_version == VERSION.transaction_version;
        if same {
            return Ok(());
        }
        Err(ClientError::WrongVersion {
            found: format!("{} {}", found.spec_name, found.spec_version),
            expected: format!("{} {}", VERSION.spec_name, VERSION.spec_version),
        })
    }
}

/// Bytes in the form of the RPC.
pub fn to_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes_of_hex(text: &str, what: &'static str) -> Result<Vec<u8>, ClientError> {
    text.strip_prefix("0x")
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or(ClientError::Undecodable { what })
}

fn decode_hex<V: Decode>(text: &str, what: &'static str) -> Result<V, ClientError> {
    let bytes = bytes_of_hex(text, what)?;
    V::decode_all(&mut &bytes[..]).map_err(|_| ClientError::Undecodable { what })
}
