//! `chain_*`.

use std::sync::Arc;

use jsonrpsee::{
    core::{async_trait, RpcResult},
    types::ErrorObjectOwned,
    PendingSubscriptionSink,
};
use xinglin_core::StoreError;
use xinglin_primitives::{BlockNumber, Hash, Header};
use xinglin_rpc_api::{
    chain::{Block, ChainApiServer, SignedBlock},
    codes,
    number::{Height, OneOrMany},
    Bytes,
};

use crate::{
    error::{error_with_data, ServerError},
    events::{Place, Step, View},
    node::Node,
    subscription::{Gone, Subscriber},
};

/// Heights that one call may ask for.
const HEIGHTS_MAX: usize = 1_000;
/// Headers that are told after the fact to a subscription that fell behind; older ones are skipped.
const CATCH_UP_MAX: BlockNumber = 256;

/// Why a `chain_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ChainApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// More heights than one call may ask for.
    #[error("{0} heights in one call")]
    TooMany(usize),
}

impl From<StoreError> for ChainApiError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl From<ChainApiError> for ErrorObjectOwned {
    fn from(error: ChainApiError) -> Self {
        match error {
            ChainApiError::Server(error) => error.into(),
            ChainApiError::TooMany(_) => error_with_data(
                codes::CHAIN_TOO_MANY,
                &error.to_string(),
                format!("ask for at most {HEIGHTS_MAX} at a time"),
            ),
        }
    }
}

/// `chain_*`.
#[derive(Debug)]
pub(crate) struct Chain {
    node: Arc<Node>,
}

/// Which word about a block a subscription waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heads {
    Best,
    Finalized,
}

impl Heads {
    fn last(self, view: &View) -> Place {
        match self {
            Self::Best => view.best(),
            Self::Finalized => view.finalized,
        }
    }
}

impl Chain {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    async fn follow(&self, pending: PendingSubscriptionSink, heads: Heads) {
        let (view, mut feed) = self.node.events.subscribe();
        let mut last = heads.last(&view).number;
        let first = match self.headers(last, last).await {
            Ok(headers) => headers,
            Err(error) => return pending.reject(error).await,
        };
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return;
        };
        let mut sent = send_all(&subscriber, &first).await;
        while sent.is_ok() {
            let step = tokio::select! {
                () = subscriber.closed() => return,
                step = feed.next() => step,
            };
            match (step, heads) {
                (Step::Best(block), Heads::Best) | (Step::Finalized(block), Heads::Finalized) => {
                    last = block.header.number;
                    sent = subscriber.send(&block.header).await;
                }
                (Step::Best(_), Heads::Finalized) | (Step::Finalized(_), Heads::Best) => {}
                (Step::Missed(view), _) => {
                    let now = heads.last(&view).number;
                    let from = last.saturating_add(1).max(now.saturating_sub(CATCH_UP_MAX));
                    last = now;
                    match self.headers(from, now).await {
                        Ok(headers) => sent = send_all(&subscriber, &headers).await,
                        Err(error) => return tracing::warn!(%error, "rpc: a subscription ends"),
                    }
                }
            }
        }
    }

    /// The headers of a range of heights, both ends included.
    async fn headers(
        &self,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Header>, ChainApiError> {
        let headers = self.node.read(move |node| {
            let mut headers = Vec::new();
            for number in from..=to {
                if let Some(hash) = node.chain.hash_at(number)? {
                    headers.extend(node.chain.header(&hash)?);
                }
            }
            Ok::<_, ChainApiError>(headers)
        });
        headers.await
    }
}

async fn send_all(subscriber: &Subscriber, headers: &[Header]) -> Result<(), Gone> {
    for header in headers {
        subscriber.send(header).await?;
    }
    Ok(())
}

fn hash_at(node: &Node, height: Height) -> Result<Option<Hash>, ChainApiError> {
    match height.block_number() {
        Some(number) => Ok(node.chain.hash_at(number)?),
        None => Ok(None),
    }
}

#[async_trait]
impl ChainApiServer for Chain {
    async fn header(&self, hash: Option<Hash>) -> RpcResult<Option<Header>> {
        let header = self.node.read(move |node| {
            let hash = node.at(hash)?;
            Ok::<_, ChainApiError>(node.chain.header(&hash)?)
        });
        Ok(header.await?)
    }

    async fn block(&self, hash: Option<Hash>) -> RpcResult<Option<SignedBlock>> {
        let block = self.node.read(move |node| {
            let hash = node.at(hash)?;
            let parts = (node.chain.header(&hash)?, node.chain.body(&hash)?);
            let (Some(header), Some(body)) = parts else {
                return Ok::<_, ChainApiError>(None);
            };
            let extrinsics = body.iter().map(|bytes| Bytes::from(&bytes[..])).collect();
            Ok(Some(SignedBlock {
                block: Block { header, extrinsics },
                justifications: None,
            }))
        });
        Ok(block.await?)
    }

    async fn block_hash(
        &self,
        height: Option<OneOrMany<Height>>,
    ) -> RpcResult<OneOrMany<Option<Hash>>> {
        let hashes = self.node.read(move |node| match height {
            None => Ok(OneOrMany::One(Some(node.tip()?.hash))),
            Some(OneOrMany::One(height)) => Ok(OneOrMany::One(hash_at(node, height)?)),
            Some(OneOrMany::Many(heights)) if heights.len() > HEIGHTS_MAX => {
                Err(ChainApiError::TooMany(heights.len()))
            }
            Some(OneOrMany::Many(heights)) => heights
                .into_iter()
                .map(|height| hash_at(node, height))
                .collect::<Result<_, _>>()
                .map(OneOrMany::Many),
        });
        Ok(hashes.await?)
    }

    async fn finalized_head(&self) -> RpcResult<Hash> {
        Ok(self.node.tip()?.hash)
    }

    async fn subscribe_all_heads(&self, pending: PendingSubscriptionSink) {
        self.follow(pending, Heads::Best).await;
    }

    async fn subscribe_new_heads(&self, pending: PendingSubscriptionSink) {
        self.follow(pending, Heads::Best).await;
    }

    async fn subscribe_finalized_heads(&self, pending: PendingSubscriptionSink) {
        self.follow(pending, Heads::Finalized).await;
    }
}
