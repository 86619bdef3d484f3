//! A chain before its first block: the file that says how it begins, what is wrong with it, and the
//! first state and block that follow from it.
//!
//! The file is JSON for people to read and edit. Its `genesis` is the configuration of the runtime's
//! pallets. The same file gives the same genesis hash everywhere, which is the name of the chain.

mod check;
mod genesis;
mod network;

pub use check::{Problem, Problems};
pub use genesis::Genesis;
pub use network::{NewMember, NewNetwork, NewValidator};
pub use xinglin_runtime::RuntimeGenesisConfig;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use xinglin_primitives::SS58_PREFIX;
use xinglin_runtime::genesis as presets;

/// Largest file that is read: that of a chain with a hundred thousand parties has half.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What a chain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChainType {
    /// One developer's, on one machine, with public keys.
    Development,
    /// Several nodes on one machine or in one place, for tests.
    Local,
    /// A consortium's.
    Live,
}

/// What wallets show of a chain's money and addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// The prefix of addresses.
    pub ss58_format: u16,
    /// How many decimals stand between the unit and its smallest part.
    pub token_decimals: u8,
    /// The unit's symbol.
    pub token_symbol: String,
}

impl Default for Properties {
    /// CNY in fen.
    fn default() -> Self {
        Self {
            ss58_format: SS58_PREFIX,
            token_decimals: 2,
            token_symbol: "CNY".to_string(),
        }
    }
}

/// How a chain begins.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainSpec {
    /// The name shown to people.
    pub name: String,
    /// The name of folders: lower-case letters, digits, `-` and `_`.
    pub id: String,
    /// What the chain is for.
    pub chain_type: ChainType,
    /// What wallets show.
    pub properties: Properties,
    /// Where a new node finds others, besides those registered in the genesis: multiaddresses in
    /// text form, each with `/p2p/` and a peer id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boot_nodes: Vec<String>,
    /// The first state, pallet by pallet.
    pub genesis: RuntimeGenesisConfig,
}

/// Why there is no chain specification.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// No preset has this name.
    #[error("there is no preset `{0}`; there are `dev` and `local`")]
    UnknownPreset(String),
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The file is larger than any specification.
    #[error(
        "{path}: {bytes} bytes are too many for a chain specification (at most {FILE_BYTES_MAX})"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Not JSON, or not with the fields that a specification has. The message names line and
    /// column.
    #[error("not a chain specification: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl ChainSpec {
    /// A preset of the runtime: `dev` or `local`.
    pub fn from_preset(preset: &str) -> Result<Self, SpecError> {
        let config =
            presets::config(preset).ok_or_else(|| SpecError::UnknownPreset(preset.to_string()))?;
        let (name, chain_type) = match preset {
            presets::DEV => ("Xinglin Development", ChainType::Development),
            _ => ("Xinglin Local", ChainType::Local),
        };
        Ok(Self {
            name: name.to_string(),
            id: format!("xinglin-{preset}"),
            chain_type,
            properties: Properties::default(),
            boot_nodes: Vec::new(),
            genesis: config,
        })
    }

    /// Reads a file. [`check`](Self::check) says whether a chain can begin with it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SpecError> {
        let path = path.as_ref();
        let io = |error| SpecError::Io {
            path: path.to_path_buf(),
            error,
        };
        let bytes = fs::metadata(path).map_err(io)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(SpecError::TooLarge {
                path: path.to_path_buf(),
                bytes,
            });
        }
        Self::from_json(&fs::read_to_string(path).map_err(io)?)
    }

    /// Parses the text of a file.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The text of a file, ending with a line break.
    pub fn to_json(&self) -> Result<String, SpecError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
