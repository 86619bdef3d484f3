//! The member's nodes and its validator, as the chain knows them.

use anyhow::{ensure, Context, Result};
use clap::Subcommand;
use pallet_validators::{Address, Addresses, PeerId};
use sp_core::sr25519;
use xinglin_runtime::Runtime;

use crate::{cli::parties::session::Session, peer};

/// Nodes, which may connect to those of other members.
#[derive(Subcommand)]
pub enum NodeCommand {
    /// Register a node, so that others accept its connections
    Register(PlaceArgs),
    /// Tell where a node is now
    Update(PlaceArgs),
    /// Have the connections of a node refused from now on
    Remove {
        /// Its peer id, as `xinglin key inspect-node-key` prints it
        #[arg(value_parser = peer_id)]
        peer: PeerId,
    },
}

/// A node and where it is.
#[derive(clap::Args, Clone, Debug)]
pub struct PlaceArgs {
    /// Its peer id, as `xinglin key inspect-node-key` prints it
    #[arg(value_parser = peer_id)]
    peer: PeerId,
    /// Where others reach it: a name or IP address, and the port of the consensus network
    #[arg(required = true, value_name = "HOST:PORT", value_parser = address)]
    addresses: Vec<Address>,
}

/// The member's validator.
#[derive(Subcommand)]
pub enum ValidatorCommand {
    /// Register the validator that the member is ready to run; the council puts it into the set
    Register {
        /// The consensus key, as `xinglin key prove-possession` prints it
        #[arg(long, value_name = "HEX", value_parser = hexadecimal::<32>)]
        consensus_key: [u8; 32],
        /// The proof that the member has it, printed there
        #[arg(long, value_name = "HEX", value_parser = hexadecimal::<64>)]
        possession: [u8; 64],
        /// The peer id of the node that runs it
        #[arg(long, value_name = "PEER", value_parser = peer_id)]
        peer: PeerId,
    },
    /// Take back the registration of a validator that is not in the set
    Unregister,
}

fn peer_id(text: &str) -> Result<PeerId, String> {
    let bytes = bs58::decode(text).into_vec();
    let bytes = bytes.map_err(|_| "no peer id; it begins with 12D3KooW".to_owned())?;
    PeerId::try_from(bytes).map_err(|_| "the peer id is too long".to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    let wrong = || "expected HOST:PORT, such as node.example:30333".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    // An IPv6 address stands in brackets, so that its colons are not the port's.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let bytes = peer::multiaddress(host, port).map_err(|error| error.to_string())?;
    Address::try_from(bytes).map_err(|_| "the address is too long".to_owned())
}

fn hexadecimal<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
        .map_err(|_| format!("expected {N} bytes in hexadecimal"))?;
    Ok(bytes)
}

impl PlaceArgs {
    fn addresses(&self) -> Result<Addresses> {
        let given = self.addresses.len();
        let addresses = Addresses::try_from(self.addresses.clone()).ok();
        ensure!(given > 0, "a node has at least one address");
        addresses.with_context(|| {
            format!(
                "{given} addresses are too many: {} at most",
                Addresses::bound()
            )
        })
    }
}

type Validators = pallet_validators::Call<Runtime>;

/// Does what a command about nodes says.
pub async fn nodes(session: &Session, command: NodeCommand) -> Result<()> {
    let (done, call) = match command {
        NodeCommand::Register(args) => {
            let (addresses, peer) = (args.addresses()?, args.peer);
            let call = Validators::register_node { peer, addresses };
            ("The node is registered", call)
        }
        NodeCommand::Update(args) => {
            let (addresses, peer) = (args.addresses()?, args.peer);
            let call = Validators::update_node { peer, addresses };
            ("The addresses are changed", call)
        }
        NodeCommand::Remove { peer } => ("The node is removed", Validators::remove_node { peer }),
    };
    session.execute(done, call).await
}

/// Does what a command about the validator says.
pub async fn validator(session: &Session, command: ValidatorCommand) -> Result<()> {
    let (done, call) = match command {
        ValidatorCommand::Register {
            consensus_key,
            possession,
            peer,
        } => {
            let call = Validators::register_validator {
                key: sr25519::Public::from_raw(consensus_key),
                possession: sr25519::Signature::from_raw(possession),
                peer,
            };
            ("The validator is registered", call)
        }
        ValidatorCommand::Unregister => {
            let member = session.member().await?;
            let call = Validators::unregister_validator { member };
            ("The registration is taken back", call)
        }
    };
    session.execute(done, call).await
}
