//! Having the chain vouch for what regulators ask this node.
//!
//! The RPC server keeps every such question before it answers. From time to time this service
//! signs, with an account of the node's member, that there are so many of them and what their
//! digest is, and submits it like any transaction. What waited while the node was down is anchored
//! at its start.

mod kept;
mod record;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tokio::{
    sync::{broadcast, watch},
    task::{block_in_place, JoinHandle},
    time::{sleep_until, Instant},
};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    AnchoringStatus, ChainStore, CommitNotice, QuestionLog, StateQuery, TransactionPool,
    TransactionSource,
};
use xinglin_primitives::Hash;
use xinglin_sdk::keys::KeyPair;

use self::record::{Record, Standing};

/// How often at least is looked whether the record can be anchored, so that the status is up to
/// date.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// How long an anchor may take to be final before it is left for the next time.
const FINALITY_TIMEOUT: Duration = Duration::from_secs(120);

/// With which key, and how often.
pub struct AnchoringConfig {
    /// Of the account that anchors, and of which no other node anchors anything.
    pub key: KeyPair,
    /// Time between two anchors.
    pub interval: Duration,
}

/// What anchoring needs of the node.
pub struct AnchoringPorts {
    /// What is to be anchored.
    pub log: Arc<dyn QuestionLog>,
    /// The last block.
    pub chain: Arc<dyn ChainStore>,
    /// What is anchored already.
    pub state: Arc<dyn StateQuery>,
    /// Where anchors go.
    pub pool: Arc<dyn TransactionPool>,
    /// When to look again.
    pub commits: broadcast::Receiver<Arc<CommitNotice>>,
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// Ends the service.
    pub cancel: CancellationToken,
}

/// The running service.
pub struct Anchoring {
    /// How far the record is anchored.
    pub status: watch::Receiver<AnchoringStatus>,
    task: JoinHandle<()>,
}

impl Anchoring {
    /// Begins. What is kept already is anchored at once. Must be called within a Tokio runtime of
    /// several threads.
    pub fn spawn(config: AnchoringConfig, ports: AnchoringPorts) -> Self {
        let mut service = Service {
            record: Record::new(config.key, &ports),
            pool: ports.pool,
            commits: ports.commits,
            interval: config.interval,
            cancel: ports.cancel,
        };
        let (status, receiver) = watch::channel(service.look().0);
        Self {
            status: receiver,
            task: tokio::spawn(service.run(status)),
        }
    }

    /// Completes when the service has ended.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "anchoring: the service failed");
        }
    }
}

struct Service {
    record: Record,
    pool: Arc<dyn TransactionPool>,
    commits: broadcast::Receiver<Arc<CommitNotice>>,
    interval: Duration,
    cancel: CancellationToken,
}

impl Service {
    async fn run(mut self, status: watch::Sender<AnchoringStatus>) {
        let cancel = self.cancel.clone();
        let mut due = Instant::now();
        loop {
            let work = async {
                if Instant::now() >= due {
                    // What cannot be anchored now is tried again soon, not a whole interval later.
                    let next = match self.anchor_all(&status).await {
                        true => self.interval,
                        false => self.interval.min(CHECK_INTERVAL),
                    };
                    due = Instant::now() + next;
                } else {
                    status.send_replace(self.look().0);
                }
                sleep_until(due.min(Instant::now() + CHECK_INTERVAL)).await;
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = work => {}
            }
        }
    }

    /// How far the record is anchored, and what is missing.
    fn look(&mut self) -> (AnchoringStatus, Option<Standing>) {
        let account = self.record.account();
        let (anchored, problem, standing) = match block_in_place(|| self.record.standing()) {
            Ok(standing) => (standing.anchored, standing.problem.clone(), Some(standing)),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "anchoring: no record");
                let problem = xinglin_core::AnchoringProblem::Unreadable;
                (0, Some(problem), None)
            }
        };
        let status = AnchoringStatus {
            account,
            anchored,
            problem,
        };
        (status, standing)
    }

    /// Anchors until nothing is left, or until it cannot go on: then `false`.
    async fn anchor_all(&mut self, status: &watch::Sender<AnchoringStatus>) -> bool {
        loop {
            let (now, standing) = self.look();
            if let Some(problem) = &now.problem {
                tracing::error!(%problem, "anchoring: regulators' questions are not answered");
            }
            let is_sound = now.problem.is_none();
            status.send_replace(now);
            let Some(standing) = standing.filter(|it| is_sound && it.kept > it.anchored) else {
                return is_sound;
            };
            if let Err(error) = self.anchor(&standing).await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    waiting = standing.kept - standing.anchored,
                    "anchoring: put off"
                );
                return false;
            }
        }
    }

    /// Anchors what one transaction can, and waits until it is final.
    async fn anchor(&mut self, standing: &Standing) -> Result<()> {
        let pooled = self.pool.next_nonce(&self.record.account());
        let (until, transaction) = block_in_place(|| self.record.sign_next(standing, pooled))?;
        // Those that were told before it is submitted say nothing of it.
        self.commits = self.commits.resubscribe();
        let source = TransactionSource::Local;
        let hash = self.pool.submit(source, transaction.into()).await?;
        let deadline = Instant::now() + FINALITY_TIMEOUT;
        while block_in_place(|| self.record.anchored())? < until {
            tokio::select! {
                _ = self.commits.recv() => {}
                () = sleep_until(deadline) => anyhow::bail!("{hash:?} is in no block yet"),
            }
        }
        tracing::info!(
            first = standing.anchored,
            until,
            ?hash,
            "anchoring: questions anchored"
        );
        Ok(())
    }
}
