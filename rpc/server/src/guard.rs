//! What stands before every method: the client's rate, the connection's calls in progress, counting.

use std::{future::Future, sync::Arc, time::Instant};

use jsonrpsee::{
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    server::{middleware::rpc::Request, BatchResponseBuilder},
    types::ErrorObjectOwned,
    MethodResponse,
};
use tokio::sync::{Semaphore, TryAcquireError};

use crate::{
    clients::Rate,
    error::ServerError,
    metrics::{MethodTable, Refusal},
};

/// Guards the methods for one connection.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    rate: Rate,
    in_flight: Arc<Semaphore>,
    in_flight_max: u32,
    response_bytes_max: usize,
    methods: Arc<MethodTable>,
}

impl GuardLayer {
    pub(crate) fn new(
        rate: Rate,
        in_flight_max: u32,
        response_bytes_max: u32,
        methods: Arc<MethodTable>,
    ) -> Self {
        Self {
            rate,
            in_flight: Arc::new(Semaphore::new(in_flight_max as usize)),
            in_flight_max,
            response_bytes_max: response_bytes_max as usize,
            methods,
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
    async fn answer(self, request: Request<'_>) -> MethodResponse {
        let layer = &self.layer;
        if !layer.rate.admit() {
            layer.methods.refuse(Refusal::Rate);
            return refusal(request, ServerError::RateLimited);
        }
        let _in_progress = match layer.in_flight.try_acquire() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                layer.methods.refuse(Refusal::InFlight);
                return refusal(request, ServerError::InFlight(layer.in_flight_max));
            }
        };
        let begun = Instant::now();
        let method = request.method.clone();
        let response = self.service.call(request).await;
        layer
            .methods
            .record(&method, begun.elapsed(), response.is_success());
        response
    }
}

fn refusal(request: Request<'_>, error: ServerError) -> MethodResponse {
    MethodResponse::error(request.id, ErrorObjectOwned::from(error))
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
        self.clone().answer(request)
    }

    /// Each call of a batch passes the guard by itself; the service below would not ask it.
    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let mut answers = BatchResponseBuilder::new_with_limit(this.layer.response_bytes_max);
            let mut notified = false;
            for entry in batch {
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) => this.clone().answer(request).await,
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
            if notified && answers.is_empty() {
                MethodResponse::notification()
            } else {
                MethodResponse::from_batch(answers.finish())
            }
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
