//! Peer ids and addresses of nodes, as the chain registers them.
//!
//! Both are small, stable formats of libp2p. Writing them needs no networking library, and only the
//! services that do networking use one.

use std::net::IpAddr;

use anyhow::{ensure, Result};
use sp_core::{ed25519, Pair};
use xinglin_runtime::genesis::dev;
use zeroize::Zeroizing;

/// Codes of the parts of a multiaddress.
const IP4: u8 = 0x04;
const IP6: u8 = 0x29;
const DNS: u8 = 0x35;
const TCP: u8 = 0x06;
/// Longest name in the DNS, and the longest whose length is one byte as a varint.
const NAME_BYTES_MAX: usize = 127;

/// The peer id of a network identity, in binary form.
pub fn peer_id(seed: &[u8; 32]) -> Vec<u8> {
    dev::peer_id_of(&ed25519::Pair::from_seed(&Zeroizing::new(*seed)).public())
}

/// The text form of a peer id.
pub fn peer_id_text(seed: &[u8; 32]) -> String {
    bs58::encode(peer_id(seed)).into_string()
}

/// The multiaddress of a TCP port, in binary form. The host is an IP address or a name.
pub fn multiaddress(host: &str, port: u16) -> Result<Vec<u8>> {
    let mut address = Vec::new();
    match host.parse() {
        Ok(IpAddr::V4(ip)) => {
            address.push(IP4);
            address.extend_from_slice(&ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            address.push(IP6);
            address.extend_from_slice(&ip.octets());
        }
        Err(_) => {
            let fits = (1..=NAME_BYTES_MAX).contains(&host.len());
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
            ensure!(
                fits && host.bytes().all(legal),
                "`{host}` is neither an IP address nor the name of a host"
            );
            address.push(DNS);
            address.push(u8::try_from(host.len())?);
            address.extend_from_slice(host.as_bytes());
        }
    }
    address.push(TCP);
    address.extend_from_slice(&port.to_be_bytes());
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_has_the_well_known_form() {
        let text = peer_id_text(&[1; 32]);
        assert!(text.starts_with("12D3KooW"), "{text}");
        assert_eq!(text.len(), 52);
    }

    #[test]
    fn addresses_encode_as_libp2p_does() {
        let encoded = |host| hex::encode(multiaddress(host, 30_333).unwrap());
        assert_eq!(encoded("192.0.2.1"), "04c000020106767d");
        assert_eq!(encoded("::1"), "290000000000000000000000000000000106767d");
        assert_eq!(
            encoded("node.example"),
            "350c6e6f64652e6578616d706c6506767d"
        );
        for host in ["", "a b", "/ip4/1.2.3.4", &"a".repeat(128)] {
            assert!(multiaddress(host, 1).is_err(), "{host}");
        }
    }
}
