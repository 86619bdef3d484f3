//! What stands before every method: the connection's turns and kind, the client's rate, counting.

use std::{future::Future, sync::Arc, time::Instant};

use jsonrpsee::{
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    server::{middleware::rpc::Request, BatchResponseBuilder, MethodCallback, Methods},
    types::ErrorObjectOwned,
    MethodResponse,
};

use crate::{
    clients::Rate,
    error::ServerError,
    flow::Flow,
    metrics::{MethodTable, Refusal},
};

/// Guards the methods for one connection.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    pub(crate) rate: Rate,
    pub(crate) flow: Arc<Flow>,
    /// Whether it stays, so that there can be subscriptions, and answers wait for the client to read
    /// them. Those over HTTP are bounded by its own flow control, and may be given up without being
    /// sent.
    pub(crate) is_websocket: bool,
    pub(crate) response_bytes_max: usize,
    pub(crate) methods: Arc<MethodTable>,
    /// What there is to call.
    pub(crate) registered: Methods,
}

impl GuardLayer {
    /// Whether a method needs a connection that this one is not. The service below would call that an
    /// internal error.
    fn lacks_websocket(&self, method: &str) -> bool {
        use MethodCallback::{Subscription, Unsubscription};

        let registered = self.registered.method(method);
        !self.is_websocket && matches!(registered, Some(Subscription(_) | Unsubscription(_)))
    }

    /// Counts an answer that is about to be sent.
    fn sending(&self, answer: &MethodResponse) {
        if self.is_websocket && !answer.is_notification() && !answer.is_subscription() {
            self.flow.answered(answer.as_json().get().len());
        }
    }
}

impl<S> tower::Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, service: S) -> Guard<S> {
        Guard {
            service,
            layer: self.clone(),
        }
    }
}

/// A guarded service.
#[derive(Clone, Debug)]
pub(crate) struct Guard<S> {
    service: S,
    layer: GuardLayer,
}

impl<S> Guard<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Send + Sync,
{
    async fn answer(&self, request: Request<'_>) -> MethodResponse {
        let layer = &self.layer;
        if !layer.rate.admit() {
            layer.methods.refuse(Refusal::Rate);
            let error = ErrorObjectOwned::from(ServerError::RateLimited);
            return MethodResponse::error(request.id, error);
        }
        let begun = Instant::now();
        let method = request.method.clone();
        let response = if layer.lacks_websocket(&method) {
            let error = ErrorObjectOwned::from(ServerError::NeedsWebSocket);
            MethodResponse::error(request.id, error)
        } else {
            self.service.call(request).await
        };
        layer
            .methods
            .record(&method, begun.elapsed(), response.is_success());
        response
    }
}

impl<S> RpcServiceT for Guard<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type BatchResponse = MethodResponse;
    type NotificationResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.layer.flow.turn().await;
            let answer = this.answer(request).await;
            this.layer.sending(&answer);
            answer
        }
    }

    /// Each call of a batch passes the guard by itself; the service below would not ask it.
    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.layer.flow.turn().await;
            let mut answers = BatchResponseBuilder::new_with_limit(this.layer.response_bytes_max);
            let mut notified = false;
            for entry in batch {
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) => this.answer(request).await,
                    Ok(BatchEntry::Notification(_)) => {
                        notified = true;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_large) = answers.append(answer) {
                    return too_large;
                }
            }
            let answer = if notified && answers.is_empty() {
                MethodResponse::notification()
            } else {
                MethodResponse::from_batch(answers.finish())
            };
            this.layer.sending(&answer);
            answer
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
