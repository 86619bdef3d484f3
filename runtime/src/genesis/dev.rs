//! The parties of the presets `dev` and `local`, and their keys.
//!
//! Everything here is derived from names and the well-known development phrase. Whoever has this
//! source has all of these keys: they are for development alone.

use curve25519_dalek::montgomery::MontgomeryPoint;
use sp_core::{ed25519, sr25519, Pair};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{encryption, AccountId, EncryptionKey, IdentityHash};

/// First port of the nodes' consensus network on one machine.
const PORT_FIRST: u16 = 30_333;
/// How far apart the ports of two nodes are.
const PORT_STEP: u16 = 10;

/// The key pair at a derivation path of the development phrase, such as `//Alice//patient//1`.
///
/// # Panics
/// When `path` is not a derivation path.
#[allow(clippy::expect_used, reason = "paths are constants of the caller")]
pub fn key_pair(path: &str) -> sr25519::Pair {
    sr25519::Pair::from_string(path, None).expect("development keys have well-formed paths")
}

/// The account of [`key_pair`].
pub fn account(path: &str) -> AccountId {
    AccountId::from(key_pair(path).public().0)
}

/// The consensus key pair of a member's validator: its path, then `//consensus`.
pub fn consensus_key_pair(member: &str) -> sr25519::Pair {
    key_pair(&format!("{member}//consensus"))
}

/// The path of the service account with which a member's node signs: the second of two. The first
/// is the desk's.
pub fn node_service(member: &str) -> String {
    format!("{member}//service//2")
}

/// The seed of the ed25519 key by which a member's node is known on the network.
pub fn node_seed(member: &str) -> [u8; 32] {
    blake2_256(format!("xinglin-dev-node{member}").as_bytes())
}

/// The libp2p peer id of a member's node, in binary form.
pub fn peer_id(member: &str) -> Vec<u8> {
    peer_id_of(&ed25519::Pair::from_seed(&node_seed(member)).public())
}

/// The libp2p peer id of an ed25519 key, in binary form: the identity multihash of the key's
/// protobuf encoding.
pub fn peer_id_of(key: &ed25519::Public) -> Vec<u8> {
    /// Identity multihash of 36 bytes; field 1, key type Ed25519; field 2, 32 bytes.
    const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    let mut id = PREFIX.to_vec();
    id.extend_from_slice(&key.0);
    id
}

/// The port of the consensus network of the node with this place among the validators.
pub fn node_port(index: u16) -> u16 {
    PORT_FIRST.saturating_add(index.saturating_mul(PORT_STEP))
}

/// Where that node listens: `/ip4/127.0.0.1/tcp/<port>` as a multiaddress in binary form.
pub fn node_address(index: u16) -> Vec<u8> {
    /// The code of `ip4` with the loopback address, and the code of `tcp`.
    const PREFIX: [u8; 6] = [0x04, 127, 0, 0, 1, 0x06];
    let mut address = PREFIX.to_vec();
    address.extend_from_slice(&node_port(index).to_be_bytes());
    address
}

/// The secret X25519 key with which the party at a path opens envelopes: the one that every wallet
/// derives from its account key.
pub fn encryption_secret(path: &str) -> [u8; 32] {
    let pair = key_pair(path);
    *encryption::encryption_secret(&pair.as_ref().secret.to_ed25519_bytes())
}

/// The public key of [`encryption_secret`].
pub fn encryption_key(path: &str) -> EncryptionKey {
    EncryptionKey(MontgomeryPoint::mul_base_clamped(encryption_secret(path)).to_bytes())
}

/// What stands for the identity number of the patient at a path, whom nobody has.
pub fn identity(path: &str) -> IdentityHash {
    IdentityHash(blake2_256(format!("xinglin-dev-identity{path}").as_bytes()))
}
