//! A connection to a node: reads state, signs and submits transactions, follows them to finality.

use std::time::Duration;

use codec::{Decode, DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use jsonrpsee::{
    core::{
        client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
        params::ArrayParams,
    },
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::{de::DeserializeOwned, Deserialize};
use sp_runtime::{generic::Era, DispatchError};
use xinglin_primitives::{
    consensus::{CommitCertificate, Validator},
    receipt::extrinsic_hash,
    AccountId, BlockNumber, Hash, Header, Nonce,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeError, RuntimeEvent, VERSION};

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

/// Why a request to a node failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error("cannot connect to {url}: {source}; is the node running, and is this its RPC address? (ws://host:port)")]
    Connect {
        /// Where to.
        url: String,
        /// What failed.
        source: Box<RpcError>,
    },
    /// The node answered with an error.
    #[error("{method}: the node refuses with code {code}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The error's code, stable.
        code: i32,
        /// Its message and data.
        message: String,
    },
    /// The connection failed.
    #[error("{method}: {source}; connect again")]
    Connection {
        /// What was asked.
        method: &'static str,
        /// What failed.
        source: Box<RpcError>,
    },
    /// The node belongs to another chain.
    #[error("the node's chain has the genesis {found:?}, not {expected:?}; connect to a node of the right network")]
    WrongChain {
        /// Genesis wanted.
        expected: Hash,
        /// Genesis found.
        found: Hash,
    },
    /// The node's rules are not those of this program.
    #[error(
        "the chain runs {found}, this program knows {expected}; use the release for that version"
    )]
    WrongVersion {
        /// Name and version of the chain's rules.
        found: String,
        /// Name and version known here.
        expected: String,
    },
    /// An answer does not have the expected form.
    #[error("{what} does not decode; node and program are of different versions")]
    Undecodable {
        /// What was read.
        what: &'static str,
    },
    /// The chain has no such thing.
    #[error("there is no {what}; it may not be final yet")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// It took too long.
    #[error("{what} took longer than {} s", .limit.as_secs())]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long.
        limit: Duration,
    },
    /// The pool let go of the transaction.
    #[error("transaction {hash:?} left the pool: {reason}; sign and submit it again")]
    LeftPool {
        /// The transaction.
        hash: Hash,
        /// `usurped`, `dropped` or `invalid`.
        reason: &'static str,
    },
}

/// A transaction that is final, and what it did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Hash of the transaction: its receipt is found by it.
    pub hash: Hash,
    /// Hash of its block.
    pub block: Hash,
    /// Height of its block.
    pub number: BlockNumber,
    /// Its place in the block.
    pub index: u32,
    /// Whether the call did what it was asked.
    pub result: Result<(), DispatchError>,
    /// The events of the call.
    pub events: Vec<RuntimeEvent>,
}

impl Outcome {
    /// The name of the error with which the call failed, such as
    /// `Appointments(Error::SlotFull)`, or `None` if it succeeded.
    pub fn failure(&self) -> Option<String> {
        self.result.as_ref().err().map(describe_error)
    }
}

/// The name of a dispatch error.
pub fn describe_error(error: &DispatchError) -> String {
    if let DispatchError::Module(module) = error {
        let encoded = (module.index, module.error).encode();
        if let Ok(named) = RuntimeError::decode(&mut &encoded[..]) {
            return format!("{named:?}");
        }
    }
    format!("{error:?}")
}

/// A connection to one node over WebSocket.
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

#[derive(Deserialize)]
struct SignedBlock {
    block: JsonBlock,
}

#[derive(Deserialize)]
struct JsonBlock {
    header: Header,
    extrinsics: Vec<String>,
}

/// The statuses of `author_submitAndWatchExtrinsic`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Ready,
    Future,
    Broadcast(#[allow(dead_code, reason = "only its arrival matters")] Vec<String>),
    InBlock(Hash),
    Finalized(Hash),
    Retracted(#[allow(dead_code, reason = "there are no forks")] Hash),
    FinalityTimeout(#[allow(dead_code, reason = "blocks are final at once")] Hash),
    Usurped(#[allow(dead_code, reason = "the loser is not told")] Hash),
    Dropped,
    Invalid,
}

impl Client {
    /// Connects to a node and checks that it speaks of the rules that this program knows.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        let rpc = WsClientBuilder::default()
            .request_timeout(REQUEST_TIMEOUT)
            .connection_timeout(CONNECT_TIMEOUT)
            .max_response_size(RESPONSE_BYTES_MAX)
            .max_buffer_capacity_per_subscription(NOTIFICATIONS_MAX)
            .build(url)
            .await
            .map_err(|source| ClientError::Connect {
                url: url.to_owned(),
                source: Box::new(source),
            })?;
        let mut client = Self {
            rpc,
            url: url.to_owned(),
            genesis: Hash::zero(),
        };
        client.genesis = client.block_hash(0).await?;
        client.check_version().await?;
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
        const METHOD: &str = "author_submitAndWatchExtrinsic";
        let mut statuses: Subscription<Status> = self
            .rpc
            .subscribe(
                METHOD,
                rpc_params![to_hex(&transaction.bytes)],
                "author_unwatchExtrinsic",
            )
            .await
            .map_err(|error| rpc_error(METHOD, error))?;
        let hash = transaction.hash;
        let block = within("finality", limit, async {
            while let Some(status) = statuses.next().await {
                let status = status.map_err(|_| ClientError::Undecodable { what: "a status" })?;
                let reason = match status {
                    // A block is final when it is committed; the node tells "in block" first.
                    Status::InBlock(block) | Status::Finalized(block) => return Ok(block),
                    Status::Usurped(_) => "usurped",
                    Status::Dropped => "dropped",
                    Status::Invalid => "invalid",
                    Status::Ready
                    | Status::Future
                    | Status::Broadcast(_)
                    | Status::Retracted(_)
                    | Status::FinalityTimeout(_) => continue,
                };
                return Err(ClientError::LeftPool { hash, reason });
            }
            Err(closed(METHOD))
        })
        .await?;
        self.outcome(&transaction.bytes, block).await
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

    /// What a transaction did that is in this block.
    pub async fn outcome(&self, encoded: &[u8], block: Hash) -> Result<Outcome, ClientError> {
        let hash = extrinsic_hash(encoded);
        let found: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
        let found = found.map(|signed| signed.block);
        let wanted = to_hex(encoded);
        let (number, index) = found
            .and_then(|block| {
                let index = block.extrinsics.iter().position(|bytes| *bytes == wanted)?;
                Some((block.header.number, u32::try_from(index).ok()?))
            })
            .ok_or_else(|| ClientError::NotFound {
                what: format!("transaction {hash:?} in block {block:?}"),
            })?;
        let (result, events) = self.events_of(block, index).await?;
        Ok(Outcome {
            hash,
            block,
            number,
            index,
            result,
            events,
        })
    }

    async fn events_of(
        &self,
        block: Hash,
        index: u32,
    ) -> Result<(Result<(), DispatchError>, Vec<RuntimeEvent>), ClientError> {
        let key = storage_prefix(b"System", b"Events");
        let records: Vec<frame_system::EventRecord<RuntimeEvent, Hash>> =
            self.storage(&key, block).await?.unwrap_or_default();
        let mut result = None;
        let mut events = Vec::new();
        for record in records {
            if record.phase != frame_system::Phase::ApplyExtrinsic(index) {
                continue;
            }
            match record.event {
                RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => {
                    result = Some(Ok(()));
                }
                RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                    dispatch_error,
                    ..
                }) => result = Some(Err(dispatch_error)),
                event => events.push(event),
            }
        }
        let result = result.ok_or(ClientError::Undecodable { what: "the events" })?;
        Ok((result, events))
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

async fn within<T>(
    what: &'static str,
    limit: Duration,
    work: impl std::future::Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or(Err(ClientError::Timeout { what, limit }))
}

fn closed(method: &'static str) -> ClientError {
    let reason = RpcError::Custom("the node closed the subscription".into());
    rpc_error(method, reason)
}

fn rpc_error(method: &'static str, error: RpcError) -> ClientError {
    match error {
        RpcError::Call(error) => ClientError::Refused {
            method,
            code: error.code(),
            message: match error.data() {
                Some(data) => format!("{} ({})", error.message(), data.get()),
                None => error.message().to_owned(),
            },
        },
        source => ClientError::Connection {
            method,
            source: Box::new(source),
        },
    }
}

/// Bytes in the form of the RPC.
pub fn to_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn decode_hex<V: Decode>(text: &str, what: &'static str) -> Result<V, ClientError> {
    text.strip_prefix("0x")
        .and_then(|digits| hex::decode(digits).ok())
        .and_then(|bytes| V::decode_all(&mut &bytes[..]).ok())
        .ok_or(ClientError::Undecodable { what })
}
