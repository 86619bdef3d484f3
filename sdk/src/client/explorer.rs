//! Finding blocks and operations, on a node that keeps an index of them.

use std::time::Duration;

use jsonrpsee::{
    core::client::{Subscription, SubscriptionClientT},
    rpc_params,
};
use pallet_audit::{types::Anchor, Anchors};
use xinglin_primitives::{questions::digest_after, AccountId, BlockNumber, CaseId, Hash};
use xinglin_rpc_api::{
    explorer::{
        Activity, ActivityFilter, BlockDetails, BlockView, BlocksQuery, CountView, CountsQuery,
        EventView, Events, ExplorerStatus, Extrinsics, Live, Operation, OperationDetails,
        OperationView, Page, QuestionHashes, QuestionView, Questions, HASHES_MAX,
    },
    questions::{Form, SignedQuestion},
    xinglin::BlockRef,
};
use xinglin_runtime::Runtime;

use super::{
    error::{closed, rpc_error, within},
    Client, ClientError,
};
use crate::keys::KeyPair;

/// What the chain says of the questions that a node keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionCheck {
    /// The account that anchors them.
    pub account: AccountId,
    /// How many the node keeps.
    pub kept: u64,
    /// What the chain has of them.
    pub anchor: Option<Anchor>,
    /// The digest of as many of the kept questions as are anchored; `None` if the node keeps fewer.
    pub digest: Option<Hash>,
}

impl QuestionCheck {
    /// Whether the kept questions are those that are anchored, with none left out.
    pub fn agrees(&self) -> bool {
        self.anchor
            .is_none_or(|anchor| self.digest == Some(anchor.digest))
    }
}

impl Client {
    /// Where the node's index stands.
    pub async fn explorer_status(&self) -> Result<ExplorerStatus, ClientError> {
        self.request("explorer_status", rpc_params![]).await
    }

    /// Waits until the node's index has come to a height, which it does soon after the commit.
    pub async fn wait_until_indexed(
        &self,
        number: BlockNumber,
        limit: Duration,
    ) -> Result<(), ClientError> {
        within("indexing a block", limit, async {
            // Subscribed before the look, so that one or the other tells.
            let mut activity = self.watch_activity(&ActivityFilter::default()).await?;
            while self.explorer_status().await?.last < number {
                let told = activity.next().await;
                told.ok_or_else(|| closed("explorer_subscribeActivity"))?
                    .map_err(|_| ClientError::Undecodable { what: "activity" })?;
            }
            Ok(())
        })
        .await
    }

    /// Blocks by height and time.
    pub async fn find_blocks(&self, query: &BlocksQuery) -> Result<Page<BlockView>, ClientError> {
        self.request("explorer_blocks", rpc_params![query]).await
    }

    /// What a block counts; `None` if there is no such block.
    pub async fn block_details(
        &self,
        block: BlockRef,
    ) -> Result<Option<BlockDetails>, ClientError> {
        self.request("explorer_block", rpc_params![block]).await
    }

    /// How many operations there were in each period.
    pub async fn counts(&self, query: &CountsQuery) -> Result<Page<CountView>, ClientError> {
        self.request("explorer_counts", rpc_params![query]).await
    }

    /// Operations that the asker may see: her own, those that mention what she may ask about, or, for
    /// a regulator with an open case, any.
    pub async fn find_operations(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Extrinsics,
    ) -> Result<Page<OperationView>, ClientError> {
        self.question(key, case, question, Form::Json).await
    }

    /// Events of operations that the asker may see.
    pub async fn find_events(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Events,
    ) -> Result<Page<EventView>, ClientError> {
        self.question(key, case, question, Form::Json).await
    }

    /// One operation, with its events and its receipt; `None` if there is none. Only a regulator is
    /// told so: to others it is refused like what they may not see.
    pub async fn operation(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        hash: Hash,
    ) -> Result<Option<OperationDetails>, ClientError> {
        let question = Operation { hash };
        self.question(key, case, &question, Form::Json).await
    }

    /// Operations from now on.
    pub async fn watch_operations(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Live,
    ) -> Result<Subscription<OperationView>, ClientError> {
        const METHOD: &str = Live::METHOD;
        let (question, auth) = self.signed(key, case, question).await?;
        self.rpc
            .subscribe(
                METHOD,
                rpc_params![question, auth],
                "explorer_unsubscribeOperations",
            )
            .await
            .map_err(|error| rpc_error(METHOD, error))
    }

    /// Events from now on, by name only.
    pub async fn watch_activity(
        &self,
        filter: &ActivityFilter,
    ) -> Result<Subscription<Activity>, ClientError> {
        const METHOD: &str = "explorer_subscribeActivity";
        self.rpc
            .subscribe(METHOD, rpc_params![filter], "explorer_unsubscribeActivity")
            .await
            .map_err(|error| rpc_error(METHOD, error))
    }

    /// What regulators have asked the node, from a number on. For regulators.
    pub async fn kept_questions(
        &self,
        key: &KeyPair,
        from: u64,
        limit: u32,
    ) -> Result<Vec<QuestionView>, ClientError> {
        let question = Questions { from, limit };
        self.question(key, None, &question, Form::Json).await
    }

    /// Hashes of the questions that the node keeps, from a number on.
    pub async fn question_hashes(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<QuestionHashes, ClientError> {
        let params = rpc_params![from, limit];
        self.request("explorer_questionHashes", params).await
    }

    /// Compares the questions that the node keeps with what the chain has of them, by their hashes:
    /// everybody may.
    pub async fn check_questions(&self) -> Result<QuestionCheck, ClientError> {
        let first = self.question_hashes(0, HASHES_MAX).await?;
        let account = first.account.clone();
        let key = Anchors::<Runtime>::hashed_key_for(&account);
        let anchor: Option<Anchor> = self.storage(&key, self.tip().await?).await?;
        let mut page = first;
        let mut digest = Hash::zero();
        let mut left = anchor.map_or(0, |anchor| anchor.count);
        let mut next = 0;
        while left > 0 && !page.hashes.is_empty() {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX);
            page.hashes.truncate(wanted);
            let count = page.hashes.len() as u64;
            digest = digest_after(digest, page.hashes);
            (next, left) = (next + count, left - count);
            page = self.question_hashes(next, HASHES_MAX).await?;
        }
        Ok(QuestionCheck {
            account,
            kept: page.kept,
            anchor,
            digest: (left == 0).then_some(digest),
        })
    }
}
