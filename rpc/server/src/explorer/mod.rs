//! `explorer_*`: finding blocks and operations by the index.
//!
//! The index gives positions; what stands there is read from the blocks, in the names of the
//! metadata of the rules in force. What only some may ask takes the way of all signed questions,
//! and a regulator's is on the record before the answer leaves.
//!
//! | module | what it decides |
//! |---|---|
//! | `filter` | which filters can be, and whose business they are |
//! | `cursor` | how a list goes on |
//! | `reading` | what stands at a position |
//! | `blocks` | what everybody may ask of blocks, and counts |
//! | `operations` | signed questions |
//! | `asking` | what is the asker's business, as the runtime says |
//! | `part` | how much of an operation or event its asker is shown |
//! | `live` | what subscribers hear, and how long |

mod asking;
mod blocks;
mod cursor;
mod error;
mod filter;
mod live;
mod operations;
mod part;
mod reading;

use std::sync::Arc;

use jsonrpsee::{
    core::{async_trait, RegisterMethodError, RpcResult, SubscriptionResult},
    types::ErrorObjectOwned,
    PendingSubscriptionSink, RpcModule,
};
use tokio::sync::Semaphore;
use xinglin_core::Explorer;
use xinglin_primitives::BlockNumber;
use xinglin_rpc_api::{
    explorer::{
        self as api, ActivityFilter, BlockDetails, BlockView, BlocksQuery, CountView, CountsQuery,
        ExplorerApiServer, ExplorerStatus, Page, QuestionHashes, RecordStatus, HASHES_MAX,
    },
    questions::SignedQuestion,
    xinglin::{BlockRef, TimeTokens},
};

use self::{error::ExplorerApiError, reading::Reader};
use crate::{
    error::ServerError,
    node::Node,
    questions::{Questions, Request},
    xinglin,
};

/// Subscriptions to operations at a time, of all clients, and those to activity, which everybody may have: each
/// reads every block.
const LIVE_MAX: usize = 256;

/// `explorer_*`.
#[derive(Clone)]
pub(crate) struct ExplorerService {
    node: Arc<Node>,
    questions: Arc<Questions>,
    live: Arc<Semaphore>,
    activity: Arc<Semaphore>,
}

impl ExplorerService {
    pub(crate) fn new(node: Arc<Node>, questions: Arc<Questions>) -> Self {
        Self {
            node,
            questions,
            live: Arc::new(Semaphore::new(LIVE_MAX)),
            activity: Arc::new(Semaphore::new(LIVE_MAX)),
        }
    }

    fn index(&self) -> Result<&dyn Explorer, ExplorerApiError> {
        let index = self.node.explorer.as_deref();
        index.ok_or(ExplorerApiError::NoIndex)
    }

    /// Reads blocks in the names of the rules in force.
    fn reader(&self) -> Result<Reader<'_>, ExplorerApiError> {
        Ok(Reader {
            node: &self.node,
            explorer: self.index()?,
            schema: self.questions.schema(self.node.tip()?.hash)?,
        })
    }

    /// Runs a job that reads the database on a worker.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T, ExplorerApiError> + Send + 'static,
    ) -> Result<T, ExplorerApiError> {
        let service = self.clone();
        self.node.read(move |_| job(&service)).await
    }

    /// The nearest time tokens before and after a block of the chain.
    fn time_tokens(&self, number: BlockNumber) -> Result<Option<TimeTokens>, ExplorerApiError> {
        let block = BlockRef::Height(number.into());
        let tokens = xinglin::find_time_tokens(&self.node, block);
        Ok(tokens.map_err(|error| {
            tracing::error!(number, %error, "rpc: the time tokens of a block cannot be read");
            ServerError::Internal
        })?)
    }

    fn status_now(&self) -> Result<ExplorerStatus, ExplorerApiError> {
        let index = self.index()?;
        let progress = index.progress();
        let record = match self.node.record() {
            Ok((log, status)) => Some(RecordStatus {
                account: status.account,
                kept: log.question_count()?,
                anchored: status.anchored,
                problem: status.problem.map(|problem| problem.to_string()),
            }),
            Err(_) => None,
        };
        Ok(ExplorerStatus {
            genesis_hash: self.node.info.genesis_hash,
            first: progress.first,
            last: progress.last,
            tip: progress.tip,
            problem: index.problem().map(|problem| problem.to_string()),
            record,
        })
    }

    fn question_hashes_from(
        &self,
        from: u64,
        limit: Option<u32>,
    ) -> Result<QuestionHashes, ExplorerApiError> {
        let (log, status) = self.node.record()?;
        let limit = filter::limit(limit.unwrap_or(HASHES_MAX), HASHES_MAX)?;
        let kept = log.question_count()?;
        let questions = log.questions(from, limit)?;
        Ok(QuestionHashes {
            account: status.account,
            kept,
            hashes: questions.iter().map(|question| question.hash()).collect(),
        })
    }
}

#[async_trait]
impl ExplorerApiServer for ExplorerService {
    async fn status(&self) -> RpcResult<ExplorerStatus> {
        Ok(self.read(Self::status_now).await?)
    }

    async fn blocks(&self, query: Option<BlocksQuery>) -> RpcResult<Page<BlockView>> {
        let query = query.unwrap_or_default();
        Ok(self
            .read(move |service| service.find_blocks(&query))
            .await?)
    }

    async fn block(&self, block: BlockRef) -> RpcResult<Option<BlockDetails>> {
        Ok(self.read(move |service| service.find_block(block)).await?)
    }

    async fn counts(&self, query: Option<CountsQuery>) -> RpcResult<Page<CountView>> {
        let query = query.unwrap_or_default();
        Ok(self.read(move |service| service.count(&query)).await?)
    }

    async fn question_hashes(&self, from: u64, limit: Option<u32>) -> RpcResult<QuestionHashes> {
        let hashes = self.read(move |service| service.question_hashes_from(from, limit));
        Ok(hashes.await?)
    }

    async fn subscribe_activity(
        &self,
        pending: PendingSubscriptionSink,
        filter: Option<ActivityFilter>,
    ) -> SubscriptionResult {
        self.tell_activity(pending, filter.unwrap_or_default())
            .await
    }
}

/// The methods of which the asker signs the question.
pub(crate) fn signed_methods(
    service: &ExplorerService,
) -> Result<RpcModule<ExplorerService>, RegisterMethodError> {
    let mut module = RpcModule::new(service.clone());
    register(&mut module, ExplorerService::extrinsics)?;
    register(&mut module, ExplorerService::events)?;
    register(&mut module, ExplorerService::operation)?;
    register(&mut module, ExplorerService::kept_questions)?;
    module.register_subscription(
        <api::Live as SignedQuestion>::METHOD,
        "explorer_newOperation",
        "explorer_unsubscribeOperations",
        |params, pending, service, _| async move {
            let request = Request::parse(&params);
            service.tell_operations(pending, request).await
        },
    )?;
    Ok(module)
}

/// What answers one question of a request.
type Answering<Q, T> = fn(&ExplorerService, Q, &Request) -> Result<T, ExplorerApiError>;

/// Registers the method of a question, which is answered once its asker is known.
fn register<Q: SignedQuestion, T: serde::Serialize + Clone + Send + 'static>(
    module: &mut RpcModule<ExplorerService>,
    answer: Answering<Q, T>,
) -> Result<(), RegisterMethodError> {
    module.register_async_method(Q::METHOD, move |params, service, _| async move {
        let request = Request::parse(&params)?;
        let answered = service.read(move |service| {
            // Before the signature, which costs more.
            service.index()?;
            let question = service.questions.authenticated::<Q>(&request)?;
            answer(service, question, &request)
        });
        answered.await.map_err(ErrorObjectOwned::from)
    })?;
    Ok(())
}
