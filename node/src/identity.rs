//! The keys with which a node takes part: its network identity and, if it votes, its consensus key.

use anyhow::{anyhow, Context, Result};
use xinglin_runtime::genesis::dev;
use xinglin_sdk::keystore::Keystore;
use zeroize::Zeroizing;

use crate::{
    cli::{key::read_node_key, passphrase},
    settings::Settings,
};

/// The keys of a node.
pub struct Identity {
    /// Seed of the ed25519 key by which its peers know it.
    pub node_seed: Zeroizing<[u8; 32]>,
    /// The key with which it votes.
    pub consensus_key: Option<schnorrkel::Keypair>,
}

impl Identity {
    /// Reads the keys from their files, or derives those of a development member.
    pub fn load(settings: &Settings) -> Result<Self> {
        if let Some(member) = &settings.dev_member {
            let consensus = settings
                .validator
                .then(|| dev::consensus_key_pair(member).into());
            return Ok(Self {
                node_seed: Zeroizing::new(dev::node_seed(member)),
                consensus_key: consensus,
            });
        }
        let consensus_key = settings
            .validator
            .then(|| consensus_key(settings))
            .transpose()?;
        Ok(Self {
            node_seed: read_node_key(&settings.node_key)?,
            consensus_key,
        })
    }
}

fn consensus_key(settings: &Settings) -> Result<schnorrkel::Keypair> {
    let path = settings.consensus_key.display();
    let keystore = Keystore::read(&settings.consensus_key).context(
        "consensus key; make one with `xinglin key generate`, or start without --validator",
    )?;
    let what = format!("the consensus key {path}");
    let passphrase = passphrase::existing(settings.passphrase_file.as_deref(), &what)?;
    let pair = keystore.open(&passphrase)?;
    pair.to_schnorrkel()
        .ok_or_else(|| anyhow!("{path} is not an sr25519 key, as consensus keys are"))
}
