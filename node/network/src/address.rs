//! Multiaddresses: as registered on the chain, as written by operators, as dialled.

use std::{
    io,
    net::{IpAddr, TcpListener},
};

use libp2p::{multiaddr::Protocol, Multiaddr, PeerId};

use crate::NetworkError;

/// The gossip address that belongs to a registered consensus address, which is in text or binary
/// form: the same host, the port raised by `offset`. `None` if it is not a TCP address.
pub(crate) fn gossip_address(registered: &[u8], offset: u16) -> Option<Multiaddr> {
    let consensus = match std::str::from_utf8(registered) {
        Ok(text) if text.starts_with('/') => text.parse().ok()?,
        _ => Multiaddr::try_from(registered.to_vec()).ok()?,
    };
    let mut gossip = Multiaddr::empty();
    let mut has_port = false;
    for part in &consensus {
        match part {
            Protocol::Tcp(port) if !has_port => {
                gossip.push(Protocol::Tcp(port.checked_add(offset)?));
                has_port = true;
            }
            Protocol::Ip4(_)
            | Protocol::Ip6(_)
            | Protocol::Dns(_)
            | Protocol::Dns4(_)
            | Protocol::Dns6(_)
                if !has_port =>
            {
                gossip.push(part);
            }
            Protocol::P2p(_) if has_port => {}
            _ => return None,
        }
    }
    has_port.then_some(gossip)
}

/// An address to listen on.
pub(crate) fn listen_address(text: &str) -> Result<Multiaddr, NetworkError> {
    text.parse()
        .map_err(|error: libp2p::multiaddr::Error| unusable(text, &error.to_string()))
}

/// Fails if another process listens on the port. The transport shares ports, so as to dial from the
/// one it listens on, and would silently take turns with the other process.
pub(crate) fn ensure_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// A peer and where to dial it.
pub(crate) fn bootstrap_address(text: &str) -> Result<(PeerId, Multiaddr), NetworkError> {
    let mut address = listen_address(text)?;
    match address.pop() {
        Some(Protocol::P2p(peer)) if !address.is_empty() => Ok((peer, address)),
        _ => Err(unusable(text, "it does not end in /p2p/ and a peer id")),
    }
}

fn unusable(text: &str, reason: &str) -> NetworkError {
    NetworkError::Address {
        address: text.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    #[test]
    fn the_gossip_port_is_above_the_registered_one() {
        let cases = [
            ("/ip4/127.0.0.1/tcp/30333", "/ip4/127.0.0.1/tcp/30334"),
            ("/dns4/node.example/tcp/1", "/dns4/node.example/tcp/2"),
            (
                "/ip6/::1/tcp/30333/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
                "/ip6/::1/tcp/30334",
            ),
        ];
        for (registered, gossip) in cases {
            let gossip: Multiaddr = gossip.parse().unwrap();
            let as_text = gossip_address(registered.as_bytes(), 1);
            assert_eq!(as_text.as_ref(), Some(&gossip));
            let binary = registered.parse::<Multiaddr>().unwrap().to_vec();
            assert_eq!(gossip_address(&binary, 1), Some(gossip));
        }
    }

    #[test]
    fn what_is_not_a_tcp_address_is_passed_over() {
        for registered in [
            "",
            "/",
            "/ip4/127.0.0.1",
            "/ip4/127.0.0.1/udp/1/quic-v1",
            "/ip4/127.0.0.1/tcp/1/ws",
            "/ip4/127.0.0.1/tcp/65535",
            "/ip4/300.0.0.1/tcp/1",
            "127.0.0.1:30333",
            "\u{0}\u{1}",
        ] {
            assert_eq!(
                gossip_address(registered.as_bytes(), 1),
                None,
                "{registered}"
            );
        }
    }

    #[test]
    fn a_bootstrap_address_names_its_peer() {
        let text = format!("/ip4/192.0.2.1/tcp/7/p2p/{PEER}");
        let (peer, address) = bootstrap_address(&text).unwrap();
        assert_eq!(peer.to_string(), PEER);
        assert_eq!(address.to_string(), "/ip4/192.0.2.1/tcp/7");
        for text in ["/ip4/192.0.2.1/tcp/7", "nonsense", &format!("/p2p/{PEER}")] {
            assert!(bootstrap_address(text).is_err(), "{text}");
        }
    }
}
