//! Sending notifications.

use std::time::Duration;

use jsonrpsee::{
    core::to_json_raw_value, server::PendingSubscriptionSink, types::SubscriptionId,
    SubscriptionSink,
};
use serde::Serialize;

use crate::metrics::{GaugeGuard, RpcMetrics};

/// How long a client may take to read before its subscription ends.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// The client is gone, has unsubscribed, or does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the subscriber is gone")]
pub(crate) struct Gone;

/// An accepted subscription: its id has been told to the client already.
#[derive(Debug)]
pub(crate) struct Subscriber {
    sink: SubscriptionSink,
    _counted: GaugeGuard,
}

impl Subscriber {
    /// Tells the client the id.
    pub(crate) async fn accept(
        pending: PendingSubscriptionSink,
        metrics: &RpcMetrics,
    ) -> Result<Self, Gone> {
        let sink = pending.accept().await.map_err(|_| Gone)?;
        Ok(Self {
            sink,
            _counted: metrics.subscription(),
        })
    }

    /// The subscription's id.
    pub(crate) fn id(&self) -> String {
        match self.sink.subscription_id() {
            SubscriptionId::Str(text) => text.into_owned(),
            SubscriptionId::Num(number) => number.to_string(),
        }
    }

    /// Sends one notification, waiting while the client is slow to read.
    pub(crate) async fn send(&self, item: &impl Serialize) -> Result<(), Gone> {
        let json = to_json_raw_value(item).map_err(|error| {
            tracing::error!(%error, "rpc: a notification cannot be written as JSON");
            Gone
        })?;
        self.sink
            .send_timeout(json, SEND_TIMEOUT)
            .await
            .map_err(|_| Gone)
    }

    /// Completes when the client has unsubscribed or gone.
    pub(crate) async fn closed(&self) {
        self.sink.closed().await;
    }
}
