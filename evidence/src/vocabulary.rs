//! What calls and events are called: the part of a verification that needs the chain's own types.

use serde::{Deserialize, Serialize};

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Ended {
    /// The rules carried it out.
    Success,
    /// The rules carried it out, and something of what it asked for was not done: this.
    Partly(String),
    /// The rules refused it, for the reason with this name. It changed nothing.
    Refused(String),
}

/// What a transaction says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reading {
    /// The address that signed it, if anybody did.
    pub signer: Option<String>,
    /// Pallet and call, such as `Records.write`.
    pub call: Option<String>,
    /// How it ended, if the block's events are proven.
    pub ended: Option<Ended>,
}

impl Reading {
    /// The length of the longest name in it, in bytes.
    pub(crate) fn longest_name(&self) -> usize {
        let error = match &self.ended {
            Some(Ended::Partly(text) | Ended::Refused(text)) => Some(text),
            _ => None,
        };
        let names = [self.signer.as_ref(), self.call.as_ref(), error];
        let names = names.into_iter().flatten();
        names.map(String::len).max().unwrap_or(0)
    }
}

/// Reads what the chain's rules of some version encode. The SDK has one; a verifier without the
/// chain's rules goes without, and its report says that names and outcomes were not checked.
pub trait Vocabulary {
    /// What the transaction at `index` of its block says, with the block's encoded events if they are
    /// proven. What does not decode is left out.
    fn read(&self, extrinsic: &[u8], index: u32, events: Option<&[u8]>) -> Reading;
}
