//! Who is registered, where to reach it, and when to dial it. Pure: time is a parameter, in
//! milliseconds since any fixed instant.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use libp2p::{Multiaddr, PeerId};
use xinglin_core::RegisteredNode;

use crate::{
    address::gossip_address,
    config::{ADDRESSES_PER_PEER_MAX, DIAL_GRACE, REDIAL_DELAY_MAX, REDIAL_DELAY_MIN},
};

#[derive(Debug, Default)]
struct Member {
    addresses: Vec<Multiaddr>,
    connected: bool,
    dialling: bool,
    failures: u32,
    next_dial_ms: u64,
    banned_until_ms: Option<u64>,
}

/// What a change of the registration means for connections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RosterUpdate {
    pub(crate) added: Vec<PeerId>,
    pub(crate) removed: Vec<PeerId>,
}

/// The registered nodes other than this one.
pub(crate) struct Roster {
    local: PeerId,
    port_offset: u16,
    bootstrap: BTreeMap<PeerId, Vec<Multiaddr>>,
    members: BTreeMap<PeerId, Member>,
}

impl Roster {
    pub(crate) fn new(
        local: PeerId,
        port_offset: u16,
        bootstrap: Vec<(PeerId, Multiaddr)>,
    ) -> Self {
        let mut by_peer: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
        for (peer, address) in bootstrap {
            by_peer.entry(peer).or_default().push(address);
        }
        Self {
            local,
            port_offset,
            bootstrap: by_peer,
            members: BTreeMap::new(),
        }
    }

    /// Takes over what the chain says now. Nodes whose id does not parse are passed over.
    pub(crate) fn update(&mut self, nodes: &[RegisteredNode], now_ms: u64) -> RosterUpdate {
        let mut registered: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
        for node in nodes {
            match PeerId::from_bytes(&node.peer_id) {
                Ok(peer) if peer != self.local => {
                    let addresses = self.addresses(&peer, node);
                    registered.entry(peer).or_default().extend(addresses);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a registered node has an unusable peer id"),
            }
        }
        let mut update = RosterUpdate::default();
        self.members.retain(|peer, _| {
            let stays = registered.contains_key(peer);
            if !stays {
                update.removed.push(*peer);
            }
            stays
        });
        for (peer, mut addresses) in registered {
            addresses.truncate(ADDRESSES_PER_PEER_MAX);
            if let Some(member) = self.members.get_mut(&peer) {
                if member.addresses != addresses {
                    member.addresses = addresses;
                    member.failures = 0;
                    member.next_dial_ms = now_ms;
                }
                continue;
            }
            update.added.push(peer);
            let member = Member {
                addresses,
                next_dial_ms: now_ms + self.grace_ms(&peer),
                ..Member::default()
            };
            self.members.insert(peer, member);
        }
        update
    }

    #[cfg(test)]
    fn contains(&self, peer: &PeerId) -> bool {
        self.members.contains_key(peer)
    }

    /// Whom to dial now, and where. They count as being dialled.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let mut due = Vec::new();
        for (peer, member) in &mut self.members {
            if member.next_dial().is_some_and(|at_ms| at_ms <= now_ms) {
                member.dialling = true;
                due.push((*peer, member.addresses.clone()));
            }
        }
        due
    }

    /// When [`take_due`](Self::take_due) or [`take_pardoned`](Self::take_pardoned) has something
    /// next.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.members
            .values()
            .flat_map(|member| [member.next_dial(), member.banned_until_ms])
            .flatten()
            .min()
    }

    /// Peers whose ban has ended; they may connect again.
    pub(crate) fn take_pardoned(&mut self, now_ms: u64) -> Vec<PeerId> {
        let mut pardoned = Vec::new();
        for (peer, member) in &mut self.members {
            if member.banned_until_ms.is_some_and(|until| until <= now_ms) {
                member.banned_until_ms = None;
                member.next_dial_ms = now_ms;
                pardoned.push(*peer);
            }
        }
        pardoned
    }

    pub(crate) fn connected(&mut self, peer: &PeerId) {
        if let Some(member) = self.members.get_mut(peer) {
            member.connected = true;
            member.dialling = false;
            member.failures = 0;
        }
    }

    /// The last connection to a peer is gone.
    pub(crate) fn disconnected(&mut self, peer: &PeerId, now_ms: u64) {
        let grace_ms = self.grace_ms(peer);
        if let Some(member) = self.members.get_mut(peer) {
            member.connected = false;
            member.next_dial_ms = now_ms + millis(REDIAL_DELAY_MIN) + grace_ms;
        }
    }

    /// A dial has failed.
    pub(crate) fn failed(&mut self, peer: &PeerId, now_ms: u64) {
        if let Some(member) = self.members.get_mut(peer) {
            member.dialling = false;
            let factor = 1u64.checked_shl(member.failures).unwrap_or(u64::MAX);
            let delay_ms = millis(REDIAL_DELAY_MIN).saturating_mul(factor);
            member.next_dial_ms = now_ms + delay_ms.min(millis(REDIAL_DELAY_MAX));
            member.failures = (member.failures + 1).min(u64::BITS);
        }
    }

    /// Refuses a peer for a while. Returns whether it was not refused before.
    pub(crate) fn ban(&mut self, peer: &PeerId, duration: Duration, now_ms: u64) -> bool {
        self.members.get_mut(peer).is_some_and(|member| {
            let until_ms = now_ms + millis(duration);
            member.banned_until_ms.replace(until_ms).is_none()
        })
    }

    fn addresses(&self, peer: &PeerId, node: &RegisteredNode) -> BTreeSet<Multiaddr> {
        let registered = node
            .addresses
            .iter()
            .filter_map(|address| gossip_address(address, self.port_offset));
        let configured = self.bootstrap.get(peer).into_iter().flatten().cloned();
        configured.chain(registered).collect()
    }

    /// Two nodes that start together would dial each other at once and end with two connections. The
    /// one with the greater id waits a little.
    fn grace_ms(&self, peer: &PeerId) -> u64 {
        if self.local < *peer {
            0
        } else {
            millis(DIAL_GRACE)
        }
    }
}

impl Member {
    fn next_dial(&self) -> Option<u64> {
        let wanted = !self.connected
            && !self.dialling
            && self.banned_until_ms.is_none()
            && !self.addresses.is_empty();
        wanted.then_some(self.next_dial_ms)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BAN_DURATION;
    use libp2p::identity::Keypair;

    fn peer(seed: u8) -> PeerId {
        let key = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        key.public().to_peer_id()
    }

    /// Peers in the order of their ids.
    fn peers() -> Vec<PeerId> {
        let sorted: BTreeSet<PeerId> = (1..=4).map(peer).collect();
        sorted.into_iter().collect()
    }

    fn node(peer: &PeerId) -> RegisteredNode {
        RegisteredNode {
            peer_id: peer.to_bytes(),
            addresses: vec![b"/ip4/127.0.0.1/tcp/1000".to_vec()],
        }
    }

    fn due(roster: &mut Roster, now_ms: u64) -> Vec<PeerId> {
        let due = roster.take_due(now_ms);
        due.into_iter().map(|(peer, _)| peer).collect()
    }

    #[test]
    fn the_lesser_id_dials_first() {
        let peers = peers();
        let nodes: Vec<_> = peers.iter().map(node).collect();
        let mut roster = Roster::new(peers[1], 1, Vec::new());
        let update = roster.update(&nodes, 0);
        assert_eq!(update.added, [peers[0], peers[2], peers[3]]);
        assert_eq!(roster.next_due(), Some(0));
        assert_eq!(due(&mut roster, 0), [peers[2], peers[3]]);
        assert_eq!(due(&mut roster, 0), []);
        assert_eq!(due(&mut roster, millis(DIAL_GRACE)), [peers[0]]);
    }

    #[test]
    fn dials_are_repeated_forever_but_ever_more_slowly() {
        let peers = peers();
        let mut roster = Roster::new(peers[0], 1, Vec::new());
        roster.update(&[node(&peers[1])], 0);
        let mut now_ms = 0;
        let mut delays = Vec::new();
        for _ in 0..100 {
            assert_eq!(due(&mut roster, now_ms), [peers[1]]);
            roster.failed(&peers[1], now_ms);
            let next_ms = roster.next_due().unwrap();
            assert_eq!(due(&mut roster, next_ms - 1), []);
            delays.push(next_ms - now_ms);
            now_ms = next_ms;
        }
        assert_eq!(delays[..7], [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]);
        assert!(delays[7..].iter().all(|delay_ms| *delay_ms == 10_000));

        roster.connected(&peers[1]);
        assert_eq!(roster.next_due(), None);
        roster.disconnected(&peers[1], now_ms);
        assert_eq!(roster.next_due(), Some(now_ms + 250));
    }

    #[test]
    fn who_is_no_longer_registered_is_removed() {
        let peers = peers();
        let mut roster = Roster::new(peers[0], 1, Vec::new());
        roster.update(&[node(&peers[1]), node(&peers[2])], 0);
        let update = roster.update(&[node(&peers[2]), node(&peers[3])], 0);
        assert_eq!(update.added, [peers[3]]);
        assert_eq!(update.removed, [peers[1]]);
        assert!(!roster.contains(&peers[1]));
        assert_eq!(due(&mut roster, 0), [peers[2], peers[3]]);
        let same = roster.update(&[node(&peers[2]), node(&peers[3])], 0);
        assert_eq!(same, RosterUpdate::default());
    }

    #[test]
    fn a_banned_peer_is_not_dialled_until_pardoned() {
        let peers = peers();
        let mut roster = Roster::new(peers[0], 1, Vec::new());
        roster.update(&[node(&peers[1])], 0);
        assert!(roster.ban(&peers[1], BAN_DURATION, 0));
        assert!(!roster.ban(&peers[1], BAN_DURATION, 0));
        assert!(!roster.ban(&peers[2], BAN_DURATION, 0));
        let until_ms = millis(BAN_DURATION);
        assert_eq!(roster.next_due(), Some(until_ms));
        assert_eq!(roster.take_pardoned(until_ms - 1), []);
        assert_eq!(due(&mut roster, until_ms - 1), []);
        assert_eq!(roster.take_pardoned(until_ms), [peers[1]]);
        assert_eq!(due(&mut roster, until_ms), [peers[1]]);
    }

    #[test]
    fn configured_addresses_complete_registered_ones() {
        let peers = peers();
        let extra: Multiaddr = "/ip4/192.0.2.9/tcp/5".parse().unwrap();
        let bootstrap = vec![(peers[1], extra.clone()), (peers[2], extra.clone())];
        let mut roster = Roster::new(peers[0], 1, bootstrap);
        let update = roster.update(&[node(&peers[1])], 0);
        assert_eq!(update.added, [peers[1]]);
        let registered: Multiaddr = "/ip4/127.0.0.1/tcp/1001".parse().unwrap();
        let dialled = roster.take_due(0);
        assert_eq!(dialled.len(), 1);
        assert!(dialled[0].1.contains(&registered) && dialled[0].1.contains(&extra));
    }
}
