//! The executor thread and its mailbox.

use std::{sync::Arc, thread::JoinHandle};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use xinglin_core::{Block, BuildRequest, CommitNotice, ExecutionError, Verdict, VerifyMode};
use xinglin_primitives::consensus::CommitCertificate;

use crate::{
    commit::Engine,
    config::{QUEUE_MAX, RUNTIME_STACK_BYTES},
};

/// Where the answer goes.
type Reply<T> = oneshot::Sender<Result<T, ExecutionError>>;

/// What the executor thread is asked to do.
enum Request {
    Build(BuildRequest, Reply<Arc<Block>>),
    Verify(Arc<Block>, VerifyMode, Reply<Verdict>),
    Commit(Arc<Block>, CommitCertificate, Reply<Arc<CommitNotice>>),
}

/// The way to the executor thread.
pub(crate) struct Mailbox {
    sender: Mutex<Option<mpsc::Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Mailbox {
    /// Starts the thread, which ends when the mailbox is closed or dropped.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("executor".into())
            .stack_size(RUNTIME_STACK_BYTES)
            .spawn(move || serve(engine, receiver))?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(crate) async fn build(&self, request: BuildRequest) -> Result<Arc<Block>, ExecutionError> {
        self.ask(|reply| Request::Build(request, reply)).await
    }

    pub(crate) async fn verify(
        &self,
        block: Arc<Block>,
        mode: VerifyMode,
    ) -> Result<Verdict, ExecutionError> {
        self.ask(|reply| Request::Verify(block, mode, reply)).await
    }

    pub(crate) async fn commit(
        &self,
        block: Arc<Block>,
        certificate: CommitCertificate,
    ) -> Result<Arc<CommitNotice>, ExecutionError> {
        self.ask(|reply| Request::Commit(block, certificate, reply))
            .await
    }

    /// Takes no more requests, and waits until those that were taken are done.
    pub(crate) fn close(&self) {
        drop(self.sender.lock().take());
        if let Some(thread) = self.thread.lock().take() {
            if thread.join().is_err() {
                tracing::error!("the executor thread had panicked");
            }
        }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, ExecutionError> {
        let sender = self.sender.lock().clone();
        let sender = sender.ok_or(ExecutionError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        sender
            .send(request(reply))
            .await
            .map_err(|_| ExecutionError::Stopped)?;
        answer.await.map_err(|_| ExecutionError::Stopped)?
    }
}

fn serve(mut engine: Engine, mut requests: mpsc::Receiver<Request>) {
    while let Some(request) = requests.blocking_recv() {
        let heard = match request {
            Request::Build(request, reply) => reply.send(engine.build(&request)).is_ok(),
            Request::Verify(block, mode, reply) => reply.send(engine.verify(&block, &mode)).is_ok(),
            Request::Commit(block, certificate, reply) => {
                reply.send(engine.commit(&block, &certificate)).is_ok()
            }
        };
        if !heard {
            tracing::debug!("the caller did not wait for its answer");
        }
    }
}
