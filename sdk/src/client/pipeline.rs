//! Many transactions of one account, without waiting for each.

use std::time::Duration;

use futures::{stream::FuturesOrdered, StreamExt};
use sp_runtime::generic::Era;
use xinglin_primitives::Nonce;
use xinglin_runtime::RuntimeCall;

use super::{error::within, Client, ClientError, Outcome, MORTAL_BLOCKS};
use crate::{
    keys::KeyPair,
    transaction::{sign, Signing},
};

/// Transactions that may be on their way at a time. As many of the largest are less than the half of a
/// node's pool that one account may have.
const IN_FLIGHT_MAX: usize = 48;

impl Client {
    /// Signs calls of one account in order, submits them and waits until all are final. A call that
    /// the chain refuses does not stop those after it: each has its outcome, in order.
    ///
    /// No other transaction of the account may be submitted meanwhile. Each may take `limit` from its
    /// submission; `progress` learns how many are final. On an error those submitted before may
    /// become final still.
    pub async fn execute_in_order(
        &self,
        key: &KeyPair,
        calls: impl IntoIterator<Item = RuntimeCall>,
        limit: Duration,
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Outcome>, ClientError> {
        let first = self.next_nonce(&key.account()).await?;
        let checkpoint = self.tip().await?;
        let number = self.header(checkpoint).await?.number;
        let mut waiting = FuturesOrdered::new();
        let mut outcomes = Vec::new();
        for (place, call) in calls.into_iter().enumerate() {
            if waiting.len() >= IN_FLIGHT_MAX {
                if let Some(outcome) = waiting.next().await {
                    outcomes.push(outcome?);
                    progress(outcomes.len());
                }
            }
            let place = Nonce::try_from(place).unwrap_or(Nonce::MAX);
            let signing = Signing {
                genesis: self.genesis(),
                nonce: first.saturating_add(place),
                era: Era::mortal(MORTAL_BLOCKS, number.into()),
                checkpoint,
            };
            let transaction = sign(key, call, &signing);
            let submitted = self.submit_and_watch(&transaction).await?;
            waiting.push_back(async move {
                let block = within("finality", limit, submitted.finality()).await?;
                self.outcome(&transaction.bytes, block).await
            });
        }
        while let Some(outcome) = waiting.next().await {
            outcomes.push(outcome?);
            progress(outcomes.len());
        }
        Ok(outcomes)
    }
}
