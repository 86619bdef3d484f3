//! Registered nodes as the engine's persistent peers. Everyone else is refused.

use std::collections::BTreeSet;

use arc_malachitebft_app::{
    net::Multiaddr,
    types::{Keypair, PeerId},
};
use tracing::warn;
use xinglin_core::RegisteredNode;

/// The engine's form of the peer id of a key, or `None` if the engine cannot express it.
pub fn peer_id(keypair: &Keypair) -> Option<PeerId> {
    PeerId::from_bytes(&keypair.public().to_peer_id().to_bytes()).ok()
}

/// The addresses to pin for the registered nodes other than our own. A node without an address is
/// pinned by its id alone: it may connect to us but is not dialled.
pub fn pinned(nodes: &[RegisteredNode], own: &PeerId) -> BTreeSet<Multiaddr> {
    nodes
        .iter()
        .filter_map(|node| match PeerId::from_bytes(&node.peer_id) {
            Ok(peer) => (peer != *own).then_some((peer, node)),
            Err(_) => {
                warn!("a registered node has no valid peer id");
                None
            }
        })
        .flat_map(|(peer, node)| {
            let suffix = format!("/p2p/{peer}");
            let dialled: Vec<_> = node
                .addresses
                .iter()
                .filter_map(|address| dialable(address, &suffix))
                .collect();
            dialled.into_iter().chain(suffix.parse())
        })
        .collect()
}

/// A registered address, in binary form, with the peer id at its end.
fn dialable(address: &[u8], suffix: &str) -> Option<Multiaddr> {
    let Ok(address) = Multiaddr::try_from(address.to_vec()) else {
        warn!("a registered node has an address that is no multiaddress");
        return None;
    };
    let text = address.to_string();
    let base = text.split("/p2p/").next()?;
    format!("{base}{suffix}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(seed: u8) -> PeerId {
        peer_id(&Keypair::ed25519_from_bytes([seed; 32]).unwrap()).unwrap()
    }

    fn node(seed: u8, addresses: &[&str]) -> RegisteredNode {
        RegisteredNode {
            peer_id: peer(seed).to_bytes(),
            addresses: addresses
                .iter()
                .map(|address| match address.parse::<Multiaddr>() {
                    Ok(address) => address.to_vec(),
                    Err(_) => address.as_bytes().to_vec(),
                })
                .collect(),
        }
    }

    #[test]
    fn others_are_pinned_with_their_id_and_we_are_not() {
        let nodes = [
            node(1, &["/ip4/10.0.0.1/tcp/30333"]),
            node(2, &["/ip4/10.0.0.2/tcp/30333"]),
            node(3, &[]),
        ];
        let pinned = pinned(&nodes, &peer(1));
        let expected: BTreeSet<Multiaddr> = [
            format!("/ip4/10.0.0.2/tcp/30333/p2p/{}", peer(2)),
            format!("/p2p/{}", peer(2)),
            format!("/p2p/{}", peer(3)),
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        assert_eq!(pinned, expected);
    }

    #[test]
    fn a_wrong_address_or_id_costs_only_itself() {
        let mut nodes = vec![node(2, &["not an address", "/ip4/10.0.0.2/tcp/1"])];
        nodes.push(RegisteredNode {
            peer_id: vec![0; 3],
            addresses: vec![],
        });
        assert_eq!(pinned(&nodes, &peer(1)).len(), 2);
    }
}
