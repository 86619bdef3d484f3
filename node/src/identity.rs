//! The keys with which a node takes part: its network identity and, if it votes, its consensus key.

use anyhow::{anyhow, Context, Result};
use xinglin_runtime::genesis::dev;
use xinglin_sdk::{
    keys::{KeyPair, Scheme},
    keystore::Keystore,
};
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
    /// The key of the account that anchors regulators' questions.
    pub anchor_key: Option<KeyPair>,
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
                anchor_key: Some(dev_anchor_key(member)?),
            });
        }
        let consensus_key = settings
            .validator
            .then(|| consensus_key(settings))
            .transpose()?;
        Ok(Self {
            node_seed: read_node_key(&settings.node_key)?,
            consensus_key,
            anchor_key: anchor_key(settings)?,
        })
    }
}

/// The key of the service account that the presets give to a member's node.
fn dev_anchor_key(member: &str) -> Result<KeyPair> {
    let path = dev::node_service(member);
    Ok(KeyPair::from_secret(Scheme::Sr25519, &path)?)
}

fn anchor_key(settings: &Settings) -> Result<Option<KeyPair>> {
    let Some(path) = &settings.anchor_key else {
        return Ok(None);
    };
    let keystore = Keystore::read(path).context(
        "key of the account that anchors questions; make one with `xinglin key generate`, and have \
         its account added with `xinglin member add-service-account`",
    )?;
    let what = format!("the anchoring key {}", path.display());
    let passphrase = passphrase::existing(settings.anchor_passphrase_file.as_deref(), &what)?;
    Ok(Some(keystore.open(&passphrase)?))
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
