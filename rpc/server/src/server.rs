//! Listening, and what happens to a request before it is a call.
//!
//! A request passes, from outside in: the probe and the check of its web origin (here), CORS, the host
//! filter, then [`guard`](crate::guard), which every call of it passes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::FutureExt;
use jsonrpsee::{
    core::{middleware::RpcServiceBuilder, BoxError, RegisterMethodError},
    server::{
        middleware::http::HostFilterLayer, serve_with_graceful_shutdown, stop_channel, ws,
        BatchRequestConfig, HttpBody, HttpRequest, HttpResponse, Methods, PingConfig,
        RandomStringIdProvider, ServerBuilder, ServerConfig, ServerHandle, StopHandle,
    },
};
use parking_lot::Mutex;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tower::Service;
use tower_http::cors::{self, AllowOrigin, CorsLayer};

use crate::{
    clients::Clients,
    config::{ConfigError, RpcConfig},
    connection::Connection,
    events::{ChainEvents, Place},
    flow::{Flow, PacedSocket},
    guard::GuardLayer,
    health,
    methods::methods,
    metrics::{MethodTable, Refusal, RpcMetrics},
    node::Node,
    origins::Origins,
    ports::RpcPorts,
    workers::Workers,
};

/// Letters of a subscription id. Clients of the new generation need text, not numbers.
const SUBSCRIPTION_ID_LEN: usize = 16;
/// Sockets beyond the most connections that are accepted so that they can be told there is no room;
/// still more are closed at once.
const SOCKETS_SPARE: usize = 32;
/// How long to wait when the system gives no socket, for instance because none is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Pings that a client may leave unanswered in all before it is disconnected.
const MISSED_PINGS_MAX: usize = 3;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// A setting cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen for RPC on {address}: {cause}; choose another address or port, or stop what uses it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's word.
        cause: std::io::Error,
    },
    /// The chain has no genesis block yet.
    #[error("the chain has no block; start the RPC server after genesis is written")]
    NoBlock,
    /// Two methods have one name: a bug.
    #[error("rpc methods: {0}")]
    Methods(#[from] RegisterMethodError),
}

/// A running server. It stops when the handle is dropped.
#[derive(Debug)]
pub struct RpcHandle {
    local_addr: SocketAddr,
    server: ServerHandle,
    events: tokio::task::JoinHandle<()>,
}

impl RpcHandle {
    /// The address listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Begins to stop: no more connections, subscriptions end, calls in progress are answered.
    pub fn stop(&self) {
        if self.server.stop().is_err() {
            tracing::debug!("rpc: stopped already");
        }
    }

    /// Completes when the last connection is closed after [`stop`](Self::stop).
    pub async fn stopped(&self) {
        self.server.clone().stopped().await;
    }
}

impl Drop for RpcHandle {
    fn drop(&mut self) {
        self.events.abort();
    }
}

/// Begins to serve. Must be called within a Tokio runtime.
pub async fn start(config: RpcConfig, ports: RpcPorts) -> Result<RpcHandle, RpcError> {
    config.check()?;
    let origins = Arc::new(Origins::parse(&config.allowed_origins)?);
    let listener = listen(config.listen).await?;
    let local_addr = listener.local_addr().map_err(|cause| RpcError::Listen {
        address: config.listen,
        cause,
    })?;
    let host_filter = host_filter(&config, local_addr)?;
    let tip = ports.chain.tip().ok_or(RpcError::NoBlock)?;

    let events = Arc::new(ChainEvents::new(Place::from(tip)));
    let chain = Arc::clone(&ports.chain);
    let telling = tokio::spawn(Arc::clone(&events).run(
        ports.commits,
        move || chain.tip(),
        config.finality_gap(),
    ));
    let node = Arc::new(Node {
        chain: ports.chain,
        state: ports.state,
        pool: ports.pool,
        network: ports.network,
        consensus: ports.consensus,
        clock: ports.clock,
        info: ports.info,
        explorer: ports.explorer,
        question_log: ports.question_log,
        anchoring: ports.anchoring,
        metrics: ports.metrics,
        workers: Workers::new(config.workers as usize),
        events,
        finality_gap: config.finality_gap(),
        started_at: tip.number,
        progress: Mutex::new((tip.number, Instant::now())),
    });
    let methods = methods(&node)?;
    let (stop, server) = stop_channel();
    let front = Front {
        methods_by_name: Arc::new(MethodTable::new(
            node.metrics.clone(),
            methods.method_names(),
        )),
        clients: Clients::new(config.requests_per_second),
        methods,
        node,
        config,
        origins,
        host_filter,
    };
    tokio::spawn(front.serve(listener, stop));
    tracing::info!(address = %local_addr, "rpc: listening");
    Ok(RpcHandle {
        local_addr,
        server,
        events: telling,
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RpcError> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| RpcError::Listen { address, cause })
}

/// Unless told otherwise, a server on loopback answers only to loopback names, so that a page that
/// makes its own name point to loopback gets nothing.
fn host_filter(config: &RpcConfig, local: SocketAddr) -> Result<HostFilterLayer, ConfigError> {
    let loopback = || {
        ["localhost:*", "127.0.0.1:*", "[::1]:*"]
            .map(str::to_owned)
            .to_vec()
    };
    let hosts = match &config.allowed_hosts {
        Some(hosts) if hosts.iter().any(|host| host == "*") => {
            return Ok(HostFilterLayer::disable())
        }
        Some(hosts) => hosts.clone(),
        None if local.ip().is_loopback() => loopback(),
        None => return Ok(HostFilterLayer::disable()),
    };
    let one = |host: &str| HostFilterLayer::new([host]).map(drop);
    for host in &hosts {
        one(host).map_err(|error| ConfigError::Host {
            host: host.clone(),
            reason: error.to_string(),
        })?;
    }
    HostFilterLayer::new(hosts).map_err(|error| ConfigError::Host {
        host: String::new(),
        reason: error.to_string(),
    })
}

fn cors(origins: Arc<Origins>) -> CorsLayer {
    CorsLayer::new()
        .allow_methods(cors::Any)
        .allow_headers(cors::Any)
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origins.allow(origin.as_bytes())
        }))
}

fn server_config(config: &RpcConfig) -> ServerConfig {
    let ping_interval = Duration::from_millis(config.ping_interval_ms);
    let pings = PingConfig::new()
        .ping_interval(ping_interval)
        // Half an interval of grace, so that a pong that is a little late does not count.
        .inactive_limit(ping_interval + ping_interval / 2)
        .max_failures(MISSED_PINGS_MAX);
    ServerConfig::builder()
        .max_connections(config.connections_max)
        .max_subscriptions_per_connection(config.subscriptions_max)
        .max_request_body_size(config.request_bytes_max)
        .max_response_body_size(config.response_bytes_max)
        .set_batch_request_config(BatchRequestConfig::Limit(config.batch_max))
        .set_message_buffer_capacity(config.message_buffer)
        .set_id_provider(RandomStringIdProvider::new(SUBSCRIPTION_ID_LEN))
        .enable_ws_ping(pings)
        .build()
}

/// Everything that stands between a socket and the methods.
struct Front {
    node: Arc<Node>,
    methods: Methods,
    methods_by_name: Arc<MethodTable>,
    clients: Clients,
    config: RpcConfig,
    origins: Arc<Origins>,
    host_filter: HostFilterLayer,
}

impl Front {
    /// Accepts connections until told to stop.
    async fn serve(self, listener: TcpListener, stop: StopHandle) {
        let http = tower::ServiceBuilder::new()
            .layer(cors(Arc::clone(&self.origins)))
            .layer(self.host_filter.clone());
        let services = ServerBuilder::with_config(server_config(&self.config))
            .set_http_middleware(http)
            .to_service_builder();
        let sockets = Arc::new(Semaphore::new(
            self.config.connections_max as usize + SOCKETS_SPARE,
        ));
        let stopped = stop.clone().shutdown();
        tokio::pin!(stopped);
        loop {
            let accepted = tokio::select! {
                () = &mut stopped => return,
                accepted = accept(&listener, &sockets, &self.node.metrics) => accepted,
            };
            let Some((socket, address, permit)) = accepted else {
                continue;
            };
            let flow = Arc::new(Flow::new(self.config.in_flight_max));
            let guard = GuardLayer {
                rate: self.clients.rate(address.ip()),
                flow: Arc::clone(&flow),
                is_websocket: false,
                response_bytes_max: self.config.response_bytes_max as usize,
                methods: Arc::clone(&self.methods_by_name),
                registered: self.methods.clone(),
            };
            let connection = Arc::new(Connection::new(
                self.config.follows_max,
                self.config.broadcasts_max,
                self.node.metrics.connection(),
            ));
            let node = Arc::clone(&self.node);
            let origins = Arc::clone(&self.origins);
            let methods = self.methods.clone();
            let (services, inner_stop) = (services.clone(), stop.clone());
            let service = tower::service_fn(move |mut request: HttpRequest<_>| {
                let early = answer_early(&request, &node, &origins);
                request.extensions_mut().insert(Arc::clone(&connection));
                let guard = GuardLayer {
                    is_websocket: ws::is_upgrade_request(&request),
                    ..guard.clone()
                };
                let mut service = services
                    .clone()
                    .set_rpc_middleware(RpcServiceBuilder::new().layer(guard))
                    .build(methods.clone(), inner_stop.clone());
                async move {
                    match early {
                        Some(response) => Ok::<_, BoxError>(response),
                        None => service.call(request).await,
                    }
                }
            });
            let stopped = stop.clone().shutdown();
            // Boxed here: within the task the compiler cannot prove that the future may move between
            // threads.
            let socket = PacedSocket::new(socket, flow);
            let serving = serve_with_graceful_shutdown(socket, service, stopped).boxed();
            tokio::spawn(async move {
                if let Err(error) = serving.await {
                    tracing::debug!(%error, "rpc: connection failed");
                }
                drop(permit);
            });
        }
    }
}

/// The next connection for which there is room.
async fn accept(
    listener: &TcpListener,
    sockets: &Arc<Semaphore>,
    metrics: &RpcMetrics,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let (socket, address) = match listener.accept().await {
        Ok(accepted) => accepted,
        Err(error) => {
            tracing::warn!(%error, "rpc: cannot accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            return None;
        }
    };
    let Ok(permit) = Arc::clone(sockets).try_acquire_owned() else {
        metrics.refuse(Refusal::Connections);
        return None;
    };
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "rpc: a connection is gone already");
        return None;
    }
    Some((socket, address, permit))
}

/// What is answered without a call: the probe, and pages of foreign origins.
fn answer_early<B>(
    request: &HttpRequest<B>,
    node: &Node,
    origins: &Origins,
) -> Option<HttpResponse> {
    if request.method() == "GET" && request.uri().path() == health::PATH {
        return Some(health::respond(node));
    }
    let origin = request.headers().get("origin")?;
    // Browsers guard plain requests by CORS, but open WebSockets without asking.
    if ws::is_upgrade_request(request) && !origins.allow(origin.as_bytes()) {
        node.metrics.refuse(Refusal::Origin);
        let body = "pages of this origin may not use this node; its operator can allow it in `allowed_origins`\n";
        let response = HttpResponse::builder()
            .status(403)
            .header("content-type", "text/plain")
            .body(HttpBody::from(body));
        return Some(response.unwrap_or_else(|_| HttpResponse::new(HttpBody::empty())));
    }
    None
}
