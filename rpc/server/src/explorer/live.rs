//! Operations and activity as they happen.
//!
//! A subscription is a list that goes on: after each block it reads what is new after the position
//! where it ended. So nothing is told twice or left out, however slowly the client reads, and
//! nothing waits in memory for it.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use jsonrpsee::{
    core::{SubscriptionError, SubscriptionResult},
    types::ErrorObjectOwned,
    PendingSubscriptionSink,
};
use serde::Serialize;
use tokio::{sync::OwnedSemaphorePermit, time::sleep};
use xinglin_core::{self as core, Page, Position};
use xinglin_primitives::privacy::Topic;
use xinglin_rpc_api::{
    explorer::{Activity, ActivityFilter, Live, OperationView},
    questions::{Auth, SignedQuestion},
};

use super::{error::ExplorerApiError, filter, operations::Sought, ExplorerService};
use crate::{
    questions::{QuestionError, Request},
    subscription::{Gone, Subscriber},
};

/// Operations or events that are read at a time.
const BATCH_MAX: u32 = 100;
/// How long to wait for the index when it is behind the chain.
const LAG_PAUSE: Duration = Duration::from_millis(50);
/// How long if something is in its way: the index tries again after longer pauses, or does not go on.
const PROBLEM_PAUSE: Duration = Duration::from_secs(1);
/// The pallet whose events say how every transaction ended: not told unless asked for.
const SYSTEM: &str = "System";

/// What is new.
struct Batch<T> {
    items: Vec<T>,
    /// Up to where it was read.
    after: Position,
    /// Whether there may be more already.
    is_part: bool,
    /// How long to wait for the index, if it is behind the chain.
    pause: Option<Duration>,
}

impl<T> Batch<T> {
    /// Of what was found up to the last indexed block.
    fn new(
        items: Vec<T>,
        end: Option<Position>,
        index: &dyn core::Explorer,
        progress: core::IndexProgress,
    ) -> Self {
        let pause = || match index.problem() {
            Some(_) => PROBLEM_PAUSE,
            None => LAG_PAUSE,
        };
        Self {
            items,
            after: end.unwrap_or(Position {
                block: progress.last,
                index: u32::MAX,
            }),
            is_part: end.is_some(),
            pause: (progress.last < progress.tip).then(pause),
        }
    }
}

impl ExplorerService {
    /// Tells what a signed question is about.
    pub(super) async fn tell_operations(
        &self,
        pending: PendingSubscriptionSink,
        request: Result<Request, QuestionError>,
    ) -> SubscriptionResult {
        let slot = Arc::clone(&self.live).try_acquire_owned();
        let opened = self.read(move |service| {
            let slot = slot.map_err(|_| ExplorerApiError::TooManyLive)?;
            let (sought, topics, auth) = service.admit_live(&request?)?;
            let start = service.index()?.progress().last;
            Ok((slot, sought, topics, auth, start))
        });
        match opened.await {
            Ok((slot, sought, topics, auth, start)) => {
                let next = move |service: &Self, after| {
                    service.operations_after(&sought, (&auth, &topics), after)
                };
                self.tell((pending, slot), start, next).await
            }
            Err(error) => {
                pending.reject(ErrorObjectOwned::from(error)).await;
                Ok(())
            }
        }
    }

    /// Tells everybody what happens, by name.
    pub(super) async fn tell_activity(
        &self,
        pending: PendingSubscriptionSink,
        wanted: ActivityFilter,
    ) -> SubscriptionResult {
        let slot = Arc::clone(&self.activity).try_acquire_owned();
        let opened = self.read(move |service| {
            let slot = slot.map_err(|_| ExplorerApiError::TooManyLive)?;
            let reader = service.reader()?;
            let filter = filter::activity(&wanted, &reader.schema)?;
            Ok((slot, filter, reader.explorer.progress().last))
        });
        match opened.await {
            Ok((slot, filter, start)) => {
                let next = move |service: &Self, after| service.activity_after(&filter, after);
                self.tell((pending, slot), start, next).await
            }
            Err(error) => {
                pending.reject(ErrorObjectOwned::from(error)).await;
                Ok(())
            }
        }
    }

    /// The filter of a question, and why it is answered.
    fn admit_live(
        &self,
        request: &Request,
    ) -> Result<(Sought, Vec<Topic>, Auth), ExplorerApiError> {
        let reader = self.reader()?;
        let question: Live = self.questions.authenticated(request)?;
        let filter = filter::live(&question.filter, &reader.schema)?;
        let topics = filter::topics(&question.filter, &request.auth.account);
        let admitted = self.admit(&request.auth, &topics)?;
        let sought = self.sought(admitted, filter, &request.auth)?;
        self.questions.keep(Live::METHOD, request)?;
        Ok((sought, topics, request.auth.clone()))
    }

    fn operations_after(
        &self,
        sought: &Sought,
        (auth, topics): (&Auth, &[Topic]),
        after: Position,
    ) -> Result<Batch<OperationView>, ExplorerApiError> {
        let reader = self.reader()?;
        let progress = reader.explorer.progress();
        let found = self.found_after(&sought.filter, after, progress, |filter| {
            let order = core::Order::Oldest;
            Ok(reader
                .explorer
                .extrinsics(filter, order, Some(after), BATCH_MAX)?)
        })?;
        // The case may have been closed, or the patient's delegation have ended, meanwhile.
        if !found.items.is_empty() {
            self.admit_again(auth, topics, sought)?;
        }
        let mut read = reader.operations(&found.items)?;
        if let Some(mut part) = self.part_of_found(sought, auth)? {
            read = part.of_operations(read, BATCH_MAX)?;
        }
        let end = read.cut.or(found.next);
        Ok(Batch::new(read.items, end, reader.explorer, progress))
    }

    fn activity_after(
        &self,
        filter: &core::Filter,
        after: Position,
    ) -> Result<Batch<Activity>, ExplorerApiError> {
        let reader = self.reader()?;
        let progress = reader.explorer.progress();
        let found = self.found_after(filter, after, progress, |filter| {
            let order = core::Order::Oldest;
            Ok(reader
                .explorer
                .events(filter, order, Some(after), BATCH_MAX)?)
        })?;
        let mut items = reader.activity(&found.items)?;
        if filter.event_pallet.is_none() {
            items.retain(|event| event.pallet != SYSTEM);
        }
        Ok(Batch::new(items, found.next, reader.explorer, progress))
    }

    /// Looks only where something new can be.
    fn found_after(
        &self,
        filter: &core::Filter,
        after: Position,
        progress: core::IndexProgress,
        find: impl FnOnce(&core::Filter) -> Result<Page, ExplorerApiError>,
    ) -> Result<Page, ExplorerApiError> {
        let is_read = after.index == u32::MAX && after.block >= progress.last;
        if is_read {
            return Ok(Page::default());
        }
        find(&core::Filter {
            from_block: Some(after.block),
            to_block: Some(progress.last),
            ..filter.clone()
        })
    }

    /// Tells a subscriber what comes after the block `start`, until one of them ends it.
    async fn tell<T: Serialize + Send + 'static>(
        &self,
        (pending, _slot): (PendingSubscriptionSink, OwnedSemaphorePermit),
        start: u32,
        next: impl Fn(&Self, Position) -> Result<Batch<T>, ExplorerApiError> + Clone + Send + 'static,
    ) -> SubscriptionResult {
        let (_, mut feed) = self.node.events.subscribe();
        let Ok(subscriber) = Subscriber::accept(pending, &self.node.metrics).await else {
            return Ok(());
        };
        let mut after = Position {
            block: start,
            index: u32::MAX,
        };
        loop {
            let next = next.clone();
            let batch = self.read(move |service| next(service, after)).await;
            let batch = batch.map_err(|error| {
                let error = ErrorObjectOwned::from(error);
                let reason = error.data().map_or("", |data| data.get());
                SubscriptionError::from(format!("{} ({reason})", error.message()))
            })?;
            for item in &batch.items {
                if let Err(Gone) = subscriber.send(item).await {
                    return Ok(());
                }
            }
            after = batch.after;
            if batch.is_part {
                if subscriber.closed().now_or_never().is_some() {
                    return Ok(());
                }
                continue;
            }
            tokio::select! {
                () = subscriber.closed() => return Ok(()),
                _ = feed.next() => {}
                () = sleep(batch.pause.unwrap_or(LAG_PAUSE)), if batch.pause.is_some() => {}
            }
        }
    }
}
