//! What RPC tells of the network.

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Its peer id in text form.
    pub peer_id: String,
    /// Its remote address.
    pub address: String,
}

/// The transaction network as operators see it.
pub trait NetworkInfo: Send + Sync + 'static {
    /// This node's peer id in text form.
    fn local_peer_id(&self) -> String;
    /// Addresses on which it listens.
    fn listen_addresses(&self) -> Vec<String>;
    /// Connected peers.
    fn peers(&self) -> Vec<PeerInfo>;
}
