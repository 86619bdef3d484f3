//! A node as what is exported, over its JSON-RPC. A broken connection is made anew with the next question.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use codec::Encode;
use jsonrpsee::{core::params::ArrayParams, rpc_params};
use serde::{de::DeserializeOwned, Deserialize};
use tokio::sync::Mutex;
use xinglin_postgres::{Source, SourceBlock, SourceError, METADATA_VERSION};
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_rpc_api::{chain::SignedBlock, codes, state::StorageChangeSet, Bytes};
use xinglin_sdk::client::{to_hex, Client, ClientError};

/// How long no block may come before the connection is made anew: several times the longest pause
/// between blocks.
const HEAD_WAIT: Duration = Duration::from_secs(60);

/// A node.
pub struct NodeSource {
    url: String,
    client: Mutex<Option<Arc<Client>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    spec_version: u32,
}

impl NodeSource {
    /// The node at an address.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            client: Mutex::default(),
        }
    }

    async fn client(&self) -> Result<Arc<Client>, SourceError> {
        let mut kept = self.client.lock().await;
        if let Some(client) = &*kept {
            return Ok(Arc::clone(client));
        }
        let client = Client::connect_unchecked(&self.url).await;
        let client = Arc::new(client.map_err(|error| as_source_error(&error))?);
        *kept = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Lets go of a connection that failed, unless another is there already.
    async fn forget(&self, failed: &Arc<Client>) {
        let mut kept = self.client.lock().await;
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, failed)) {
            *kept = None;
        }
    }

    async fn failed(&self, client: &Arc<Client>, error: &ClientError) -> SourceError {
        let error = as_source_error(error);
        if matches!(error, SourceError::Away(_)) {
            self.forget(client).await;
        }
        error
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: ArrayParams,
    ) -> Result<T, SourceError> {
        let client = self.client().await?;
        match client.request(method, params).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(&client, &error).await),
        }
    }

    async fn next_head(client: &Client, height: BlockNumber) -> Result<BlockNumber, ClientError> {
        let mut heads = client.finalized_heads().await?;
        loop {
            match tokio::time::timeout(HEAD_WAIT, heads.next()).await {
                Ok(Some(Ok(head))) if head.number > height => return Ok(head.number),
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_))) => return Err(ClientError::Undecodable { what: "a header" }),
                // None came, or the node ended the subscription.
                Ok(None) | Err(_) => {
                    let (what, limit) = ("the next block", HEAD_WAIT);
                    return Err(ClientError::Timeout { what, limit });
                }
            }
        }
    }
}

fn as_source_error(error: &ClientError) -> SourceError {
    let text = error.to_string();
    match error {
        ClientError::Connect { .. }
        | ClientError::Connection { .. }
        | ClientError::Timeout { .. } => SourceError::Away(text),
        ClientError::Refused { code, .. } if [codes::RATE_LIMITED, codes::BUSY].contains(code) => {
            SourceError::Away(text)
        }
        ClientError::Refused { code, .. } if *code == codes::STATE_PRUNED => SourceError::Refused(
            format!("{text}: start one with --pruning archive before its first block"),
        ),
        _ => SourceError::Refused(text),
    }
}

fn absent(what: String) -> SourceError {
    SourceError::Refused(format!("there is no {what}"))
}

#[async_trait]
impl Source for NodeSource {
    async fn tip(&self) -> Result<BlockNumber, SourceError> {
        let client = self.client().await?;
        let tip = async { Ok(client.header(client.tip().await?).await?.number) };
        match tip.await {
            Ok(number) => Ok(number),
            Err(error) => Err(self.failed(&client, &error).await),
        }
    }

    async fn wait_beyond(&self, height: BlockNumber) -> Result<BlockNumber, SourceError> {
        let client = self.client().await?;
        match Self::next_head(&client, height).await {
            Ok(reached) => Ok(reached),
            Err(error) => Err(self.failed(&client, &error).await),
        }
    }

    async fn block(&self, height: BlockNumber) -> Result<SourceBlock, SourceError> {
        let hash: Option<Hash> = self.ask("chain_getBlockHash", rpc_params![height]).await?;
        let hash = hash.ok_or_else(|| absent(format!("block {height}")))?;
        let block: Option<SignedBlock> = self.ask("chain_getBlock", rpc_params![hash]).await?;
        let block = block
            .ok_or_else(|| absent(format!("block {hash:?}")))?
            .block;
        Ok(SourceBlock {
            hash,
            header: block.header,
            body: block.extrinsics.into_iter().map(|bytes| bytes.0).collect(),
        })
    }

    async fn spec_version(&self, at: Hash) -> Result<u32, SourceError> {
        let version: Version = self.ask("state_getRuntimeVersion", rpc_params![at]).await?;
        Ok(version.spec_version)
    }

    async fn metadata(&self, at: Hash) -> Result<Vec<u8>, SourceError> {
        let client = self.client().await?;
        let version = METADATA_VERSION.encode();
        let metadata = client.runtime_call("Metadata_metadata_at_version", &version, at);
        let metadata: Result<Option<Vec<u8>>, _> = metadata.await;
        match metadata {
            Ok(metadata) => {
                metadata.ok_or_else(|| absent(format!("metadata of version {METADATA_VERSION}")))
            }
            Err(error) => Err(self.failed(&client, &error).await),
        }
    }

    async fn values(
        &self,
        keys: &[Vec<u8>],
        at: Hash,
    ) -> Result<Vec<Option<Vec<u8>>>, SourceError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<String> = keys.iter().map(|key| to_hex(key)).collect();
        let params = rpc_params![asked, at];
        let sets: Vec<StorageChangeSet> = self.ask("state_queryStorageAt", params).await?;
        let values = sets.into_iter().flat_map(|set| set.changes);
        let values: Vec<_> = values
            .map(|(_, value)| value.map(|value| value.0))
            .collect();
        match values.len() == keys.len() {
            true => Ok(values),
            false => Err(SourceError::Refused(
                "the node answers for other keys than were asked for".into(),
            )),
        }
    }

    async fn keys(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: u32,
        at: Hash,
    ) -> Result<Vec<Vec<u8>>, SourceError> {
        let params = rpc_params![to_hex(prefix), limit, after.map(to_hex), at];
        let keys: Vec<Bytes> = self.ask("state_getKeysPaged", params).await?;
        Ok(keys.into_iter().map(|key| key.0).collect())
    }
}
