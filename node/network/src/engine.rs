//! The task that drives the swarm.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::StreamExt;
use libp2p::{
    gossipsub::{self, MessageAcceptance, MessageId, PublishError},
    identify,
    identity::Keypair,
    ping,
    swarm::{
        dial_opts::{DialOpts, PeerCondition},
        SwarmEvent,
    },
    Multiaddr, PeerId, Swarm,
};
use tokio::{
    sync::{mpsc, watch, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep_until, Instant as TokioInstant},
};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    Extrinsic, HeightConfig, PeerInfo, RegisteredNode, TransactionPool, TransactionSource,
};

use crate::{
    address::{bootstrap_address, ensure_free, listen_address},
    allowance::{Allowance, POINTS_EXCESS},
    behaviour::{self, Behaviour, BehaviourEvent, Names},
    config::{BAN_DURATION, CHECKED_BYTES_MAX, CHECKS_MAX, FLUSH_INTERVAL, MISMATCH_BAN_DURATION},
    message,
    metrics::Fate,
    outbox::Outbox,
    roster::{millis, Roster},
    verdict::{judge, Verdict, POINTS_MALFORMED},
    NetworkConfig, NetworkError, NetworkLimits, NetworkMetrics, NetworkPorts, NetworkView,
};

/// A peer with at least one open connection.
struct Peer {
    address: Multiaddr,
    /// Whether it has asked for transactions.
    subscribed: bool,
}

/// A message that the pool has judged.
struct Check {
    peer: PeerId,
    message: MessageId,
    bytes: usize,
    transactions: usize,
    verdict: Verdict,
    _room: OwnedSemaphorePermit,
}

pub(crate) struct Engine {
    swarm: Swarm<Behaviour>,
    names: Names,
    limits: NetworkLimits,
    incoming: Arc<dyn TransactionPool>,
    outgoing: mpsc::Receiver<Vec<Extrinsic>>,
    registered: watch::Receiver<Arc<HeightConfig>>,
    audience: watch::Sender<Vec<String>>,
    view: watch::Sender<NetworkView>,
    metrics: NetworkMetrics,
    cancel: CancellationToken,
    roster: Roster,
    /// The registration that the roster reflects.
    nodes: Vec<RegisteredNode>,
    peers: BTreeMap<PeerId, Peer>,
    /// What each registered peer may send; connecting anew does not renew it.
    allowances: BTreeMap<PeerId, Allowance>,
    outbox: Outbox,
    /// Number of the next message. It begins with the time, so that it does not repeat after a restart.
    next_number: u64,
    next_flush: TokioInstant,
    checks: JoinSet<Check>,
    /// Bytes of messages that may yet be given to the pool.
    check_room: Arc<Semaphore>,
    started: Instant,
}

impl Engine {
    pub(crate) fn new(
        config: NetworkConfig,
        ports: NetworkPorts,
        view: watch::Sender<NetworkView>,
    ) -> Result<Self, NetworkError> {
        let keypair = Keypair::ed25519_from_bytes(config.node_seed.bytes())
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        let names = Names::new(&config.genesis_hash, config.spec_version);
        let mut swarm = behaviour::build(&keypair, &names)?;
        for text in &config.listen_addresses {
            let address = listen_address(text)?;
            let refused = |reason: String| NetworkError::Listen {
                address: text.clone(),
                reason,
            };
            ensure_free(&address).map_err(|error| refused(error.to_string()))?;
            let listened = swarm.listen_on(address);
            listened.map_err(|error| refused(error.to_string()))?;
        }
        let bootstrap = config
            .bootstrap
            .iter()
            .map(|text| bootstrap_address(text))
            .collect::<Result<Vec<_>, _>>()?;
        let roster = Roster::new(*swarm.local_peer_id(), config.gossip_port_offset, bootstrap);
        Ok(Self {
            swarm,
            names,
            limits: config.limits,
            incoming: ports.incoming,
            outgoing: ports.outgoing,
            registered: ports.registered,
            audience: ports.audience,
            view,
            metrics: ports.metrics,
            cancel: ports.cancel,
            roster,
            nodes: Vec::new(),
            peers: BTreeMap::new(),
            allowances: BTreeMap::new(),
            outbox: Outbox::default(),
            next_number: micros_since_epoch(),
            next_flush: TokioInstant::now(),
            checks: JoinSet::new(),
            check_room: Arc::new(Semaphore::new(CHECKED_BYTES_MAX)),
            started: Instant::now(),
        })
    }

    pub(crate) fn local_peer_id(&self) -> String {
        self.swarm.local_peer_id().to_string()
    }

    pub(crate) async fn run(mut self) {
        self.on_registered();
        loop {
            let due = self.due();
            tokio::select! {
                () = self.cancel.cancelled() => return,
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(check) = self.checks.join_next() => match check {
                    Ok(check) => self.on_checked(check),
                    // The pool panicked on a message; it is neither passed on nor held against anyone.
                    Err(error) => tracing::error!(%error, "a message could not be judged"),
                },
                Some(transactions) = self.outgoing.recv(), if !self.outbox.is_full() => {
                    self.outbox.add(transactions);
                }
                () = sleep_until(self.next_flush), if !self.outbox.is_empty() => self.flush(),
                Ok(()) = self.registered.changed() => self.on_registered(),
                () = sleep_until(due.unwrap_or(self.next_flush)), if due.is_some() => self.on_due(),
            }
        }
    }

    fn now_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }

    fn due(&self) -> Option<TokioInstant> {
        let at_ms = self.roster.next_due()?;
        Some(TokioInstant::from_std(self.started) + Duration::from_millis(at_ms))
    }

    /// Takes over the registration of the current height if it differs from the last one.
    fn on_registered(&mut self) {
        let config = self.registered.borrow_and_update().clone();
        if config.nodes == self.nodes {
            return;
        }
        self.nodes.clone_from(&config.nodes);
        let update = self.roster.update(&self.nodes, self.now_ms());
        let allowed = &mut self.swarm.behaviour_mut().allowed;
        for peer in &update.added {
            allowed.allow_peer(*peer);
            let allowance = Allowance::new(&self.limits);
            self.allowances.insert(*peer, allowance);
        }
        for peer in &update.removed {
            allowed.disallow_peer(*peer);
            self.allowances.remove(peer);
        }
        tracing::info!(
            height = config.height,
            added = update.added.len(),
            removed = update.removed.len(),
            "registered nodes changed"
        );
    }

    /// Dials whom it is time to dial, and lets those back in whose ban is over.
    fn on_due(&mut self) {
        let now_ms = self.now_ms();
        for peer in self.roster.take_pardoned(now_ms) {
            self.swarm.behaviour_mut().allowed.allow_peer(peer);
        }
        for (peer, addresses) in self.roster.take_due(now_ms) {
            let dial = DialOpts::peer_id(peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(addresses)
                .build();
            if let Err(error) = self.swarm.dial(dial) {
                tracing::debug!(%peer, %error, "cannot dial");
                self.roster.failed(&peer, now_ms);
            }
        }
    }

    /// Publishes one message.
    fn flush(&mut self) {
        self.next_flush = TokioInstant::now() + FLUSH_INTERVAL;
        let message = message::encode(self.next_number, &self.outbox.next_batch());
        self.next_number = self.next_number.wrapping_add(1);
        let bytes = message.len();
        let topic = self.names.topic.hash();
        match self.swarm.behaviour_mut().gossip.publish(topic, message) {
            Ok(_) => self.metrics.sent(bytes),
            Err(PublishError::NoPeersSubscribedToTopic) => self.metrics.unsent(),
            Err(error) => {
                tracing::debug!(%error, bytes, "message not sent; the pool announces it again");
                self.metrics.unsent();
            }
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_protocol_event(event),
            SwarmEvent::ConnectionEstablished {
                peer_id, endpoint, ..
            } => {
                self.roster.connected(&peer_id);
                self.peers.entry(peer_id).or_insert_with(|| Peer {
                    address: endpoint.get_remote_address().clone(),
                    subscribed: false,
                });
                self.show_peers();
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                cause,
                ..
            } => {
                let cause = cause.map(|cause| cause.to_string());
                tracing::debug!(peer = %peer_id, cause, "disconnected");
                self.roster.disconnected(&peer_id, self.now_ms());
                self.peers.remove(&peer_id);
                self.show_peers();
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer),
                error,
                ..
            } => {
                tracing::debug!(%peer, %error, "cannot connect");
                self.roster.failed(&peer, self.now_ms());
            }
            SwarmEvent::IncomingConnectionError {
                send_back_addr,
                error,
                peer_id,
                ..
            } => {
                let peer = peer_id.map(|peer| peer.to_string());
                tracing::debug!(peer, address = %send_back_addr, %error, "connection refused");
                self.metrics.refused_connection();
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "gossip listens");
                self.show_addresses();
            }
            SwarmEvent::ExpiredListenAddr { .. } => self.show_addresses(),
            SwarmEvent::ListenerClosed { reason, .. } => {
                tracing::error!(?reason, "gossip no longer listens; restart the node");
                self.show_addresses();
            }
            _ => {}
        }
    }

    fn on_protocol_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            }) => self.on_message(propagation_source, message_id, message),
            BehaviourEvent::Gossip(gossipsub::Event::Subscribed { peer_id, .. }) => {
                self.on_subscription(&peer_id, true)
            }
            BehaviourEvent::Gossip(gossipsub::Event::Unsubscribed { peer_id, .. }) => {
                self.on_subscription(&peer_id, false)
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_identified(peer_id, &info)
            }
            BehaviourEvent::Ping(ping::Event {
                peer,
                connection,
                result: Err(error),
            }) => {
                tracing::debug!(%peer, %error, "peer does not answer; closing the connection");
                self.swarm.close_connection(connection);
            }
            _ => {}
        }
    }

    /// A peer has asked for transactions, or wants no more.
    fn on_subscription(&mut self, peer: &PeerId, subscribed: bool) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.subscribed = subscribed;
            self.show_peers();
        }
    }

    /// A peer tells which chain and version it is on.
    fn on_identified(&mut self, peer: PeerId, info: &identify::Info) {
        if info.protocol_version != self.names.protocol {
            tracing::warn!(
                %peer,
                // What a stranger writes is cut before it reaches the log.
                theirs = info.protocol_version.chars().take(100).collect::<String>(),
                ours = self.names.protocol,
                "peer is on another chain or version"
            );
            self.ban(&peer, MISMATCH_BAN_DURATION);
        }
    }

    /// Hands a message to the pool, unless there is reason not to.
    fn on_message(&mut self, peer: PeerId, id: MessageId, message: gossipsub::Message) {
        let bytes = message.data.len();
        let Some(allowance) = self.allowances.get(&peer) else {
            self.report(&peer, &id, MessageAcceptance::Ignore);
            return;
        };
        if !allowance.admit(bytes) {
            self.metrics.received(Fate::Excess, bytes);
            self.report(&peer, &id, MessageAcceptance::Ignore);
            self.penalise(&peer, POINTS_EXCESS);
            return;
        }
        let Some(room) = self.room_for_check(bytes) else {
            self.metrics.received(Fate::Busy, bytes);
            self.report(&peer, &id, MessageAcceptance::Ignore);
            return;
        };
        let transactions = match message::decode(&message.data) {
            Ok(transactions) => transactions,
            Err(error) => {
                tracing::debug!(%peer, %error, "malformed message");
                self.metrics.received(Fate::Rejected, bytes);
                self.report(&peer, &id, MessageAcceptance::Reject);
                self.penalise(&peer, POINTS_MALFORMED);
                return;
            }
        };
        let pool = self.incoming.clone();
        self.checks.spawn(async move {
            let count = transactions.len();
            let outcomes = pool
                .submit_many(TransactionSource::Gossip, transactions)
                .await;
            Check {
                peer,
                message: id,
                bytes,
                transactions: count,
                verdict: judge(&outcomes),
                _room: room,
            }
        });
    }

    /// Room for one more message in judgement, if there is any.
    fn room_for_check(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if self.checks.len() >= CHECKS_MAX {
            return None;
        }
        let bytes = u32::try_from(bytes).ok()?;
        self.check_room.clone().try_acquire_many_owned(bytes).ok()
    }

    fn on_checked(&mut self, check: Check) {
        let verdict = check.verdict;
        let fate = match verdict.acceptance {
            MessageAcceptance::Accept => Fate::Accepted,
            MessageAcceptance::Ignore => Fate::Ignored,
            MessageAcceptance::Reject => Fate::Rejected,
        };
        self.metrics.received(fate, check.bytes);
        self.metrics.judged(check.transactions, verdict.taken);
        self.report(&check.peer, &check.message, verdict.acceptance);
        self.penalise(&check.peer, verdict.points);
    }

    /// Tells gossipsub what to do with a message.
    fn report(&mut self, peer: &PeerId, id: &MessageId, acceptance: MessageAcceptance) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let known = gossip.report_message_validation_result(id, peer, acceptance);
        if !known {
            tracing::debug!(%peer, "message was judged too late to be passed on");
        }
    }

    /// Counts penalty points against a peer, and refuses it when it has too many.
    fn penalise(&mut self, peer: &PeerId, points: u32) {
        let spent = self
            .allowances
            .get(peer)
            .is_some_and(|allowance| !allowance.forgive(points));
        if spent {
            self.ban(peer, BAN_DURATION);
        }
    }

    fn ban(&mut self, peer: &PeerId, duration: Duration) {
        if self.roster.ban(peer, duration, self.now_ms()) {
            tracing::warn!(%peer, "refusing a peer for a while");
            self.metrics.banned();
            self.swarm.behaviour_mut().allowed.disallow_peer(*peer);
        }
    }

    fn show_peers(&self) {
        self.metrics.set_peers(self.peers.len());
        let subscribed = self.peers.iter().filter(|(_, peer)| peer.subscribed);
        let audience = subscribed.map(|(id, _)| id.to_string()).collect();
        self.audience.send_replace(audience);
        self.view.send_modify(|view| {
            view.peers = self
                .peers
                .iter()
                .map(|(id, peer)| PeerInfo {
                    peer_id: id.to_string(),
                    address: peer.address.to_string(),
                })
                .collect();
        });
    }

    fn show_addresses(&self) {
        let addresses = self.swarm.listeners().map(Multiaddr::to_string).collect();
        self.view
            .send_modify(|view| view.listen_addresses = addresses);
    }
}

/// 0 before 1970, and in a future that does not come.
fn micros_since_epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0))
}
