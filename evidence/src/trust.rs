//! Where trust begins, and how it follows the validators.

use serde::{Deserialize, Serialize};
use sp_runtime::traits::Header as _;
use xinglin_primitives::{
    consensus::{ConsensusKey, Validator, VALIDATORS_MAX},
    receipt::{CertifiedHeader, ReceiptError},
    BlockNumber, Hash, MemberId,
};

/// Most changes of the validator set that one file brings.
pub const SET_CHANGES_MAX: u32 = 1_024;

/// The validators of some height of a chain, taken from where they can be trusted: the chain's
/// specification, or a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// The first height that these validators decide, or any later one that they do.
    pub from: BlockNumber,
    /// The validators.
    pub validators: Vec<Validator>,
}

/// The JSON form of a [`TrustAnchor`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnchorJson {
    genesis_hash: Hash,
    from: BlockNumber,
    validators: Vec<ValidatorJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ValidatorJson {
    member: MemberId,
    key: Hash,
    power: u32,
}

/// Why a file is no anchor.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// Not the JSON that is expected.
    #[error("not a set of trusted validators: {0}")]
    Json(String),
    /// An anchor without validators, or with more than a chain can have.
    #[error("an anchor names 1 to {VALIDATORS_MAX} validators, this one {0}")]
    Validators(usize),
}

/// Why a header is no change of the validators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The validators before it have not decided it.
    #[error(transparent)]
    NotDecided(#[from] ReceiptError),
    /// It names no validators, or more than a chain can have.
    #[error("the header of block {0} is offered as a change of the validators and names no set of 1 to {VALIDATORS_MAX}")]
    NoSet(BlockNumber),
    /// It is not after the one before it.
    #[error("the change of the validators in block {number} is not after block {after}; the changes come in the order of their blocks")]
    Order {
        /// Height of the change.
        number: BlockNumber,
        /// Height from which those before it decide.
        after: BlockNumber,
    },
}

impl TrustAnchor {
    /// Reads an anchor from JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, AnchorError> {
        let parsed: AnchorJson =
            serde_json::from_slice(json).map_err(|error| AnchorError::Json(error.to_string()))?;
        let count = parsed.validators.len();
        if count == 0 || count > VALIDATORS_MAX as usize {
            return Err(AnchorError::Validators(count));
        }
        let validators = parsed.validators.into_iter().map(|json| Validator {
            member: json.member,
            key: ConsensusKey::from_raw(json.key.0),
            power: json.power,
        });
        Ok(Self {
            genesis: parsed.genesis_hash,
            from: parsed.from,
            validators: validators.collect(),
        })
    }

    /// The anchor as JSON, to be kept in a file.
    pub fn to_json(&self) -> serde_json::Value {
        let validators = self.validators.iter().map(|validator| {
            serde_json::json!({
                "member": validator.member,
                "key": Hash::from(validator.key.0),
                "power": validator.power,
            })
        });
        serde_json::json!({
            "genesisHash": self.genesis,
            "from": self.from,
            "validators": validators.collect::<Vec<_>>(),
        })
    }

    /// Goes over to the validators that a change names, if the present ones have certified it.
    pub fn follow(self, change: &CertifiedHeader) -> Result<Self, ChangeError> {
        change.verify(&self.genesis, &self.validators)?;
        let number = *change.header.number();
        let validators = change
            .announced_set()
            .filter(|set| (1..=VALIDATORS_MAX as usize).contains(&set.len()))
            .ok_or(ChangeError::NoSet(number))?;
        Ok(Self {
            genesis: self.genesis,
            from: number.saturating_add(1),
            validators,
        })
    }
}

/// Who decides each height, as far as the changes lead.
pub(crate) struct Sets {
    /// In ascending order of the height from which they decide.
    anchors: Vec<TrustAnchor>,
}

impl Sets {
    /// Follows changes in the order of their blocks; an error comes with the number of its change.
    /// Those before the anchor are passed over: the anchor has them behind it.
    pub(crate) fn follow(
        anchor: TrustAnchor,
        changes: &[CertifiedHeader],
    ) -> Result<Self, (usize, ChangeError)> {
        let first = anchor.from;
        let mut latest = anchor.clone();
        let mut anchors = vec![anchor];
        for (index, change) in changes.iter().enumerate() {
            let number = *change.header.number();
            if number < first {
                continue;
            }
            if number < latest.from {
                let after = latest.from;
                return Err((index, ChangeError::Order { number, after }));
            }
            latest = latest.follow(change).map_err(|error| (index, error))?;
            anchors.push(latest.clone());
        }
        Ok(Self { anchors })
    }

    /// The validators of a height; `None` before the anchor.
    pub(crate) fn of(&self, height: BlockNumber) -> Option<&TrustAnchor> {
        self.anchors.iter().rev().find(|set| set.from <= height)
    }

    /// The first height that can be verified.
    pub(crate) fn first(&self) -> BlockNumber {
        self.anchors.first().map_or(0, |anchor| anchor.from)
    }

    /// How often the validators change.
    pub(crate) fn changes(&self) -> usize {
        self.anchors.len().saturating_sub(1)
    }
}
