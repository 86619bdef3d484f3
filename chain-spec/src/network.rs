//! A specification for a new network, out of its members.

use pallet_members::{GenesisMember, HospitalLevel};
use pallet_validators::GenesisValidator;
use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusParameters},
    glue::MemberKind,
    AccountId, Balance, EncryptionKey, MemberId,
};
use xinglin_runtime::genesis as presets;

use crate::{ChainSpec, ChainType, Properties, RuntimeGenesisConfig};

/// The validator that a new member runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewValidator {
    /// Its consensus key.
    pub key: ConsensusKey,
    /// Its voting power, at least 1.
    pub power: u32,
    /// The libp2p peer id of its node, in binary form.
    pub peer_id: Vec<u8>,
    /// Where its consensus port can be reached: multiaddresses in binary form.
    pub addresses: Vec<Vec<u8>>,
}

/// A member of a new network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// Its public name.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// Its level: a hospital has one, nobody else does.
    pub level: Option<HospitalLevel>,
    /// Its main account.
    pub account: AccountId,
    /// Its service accounts, such as the one with which its node signs.
    pub service_accounts: Vec<AccountId>,
    /// The key to which envelopes for it are sealed.
    pub encryption_key: EncryptionKey,
    /// What it has at the beginning, in fen.
    pub funds_fen: Balance,
    /// The validator it runs, if any.
    pub validator: Option<NewValidator>,
}

/// A network to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNetwork {
    /// The name shown to people.
    pub name: String,
    /// The name of folders.
    pub id: String,
    /// What it is for.
    pub chain_type: ChainType,
    /// Its members, in the order of their ids.
    pub members: Vec<NewMember>,
    /// Timeouts and pacing.
    pub parameters: ConsensusParameters,
    /// Whether the development parties (`//Alice` and so on, with public keys and without
    /// validators) are members too, before all others. Never on a live chain.
    pub has_dev_parties: bool,
}

impl NewNetwork {
    /// The specification. [`ChainSpec::check`] says whether a chain can begin with it.
    pub fn into_spec(self) -> ChainSpec {
        let mut genesis = if self.has_dev_parties {
            presets::dev_parties()
        } else {
            RuntimeGenesisConfig::default()
        };
        genesis.validators.parameters = self.parameters;
        for member in self.members {
            add_member(&mut genesis, member);
        }
        ChainSpec {
            name: self.name,
            id: self.id,
            chain_type: self.chain_type,
            properties: Properties::default(),
            boot_nodes: Vec::new(),
            genesis,
        }
    }
}

fn add_member(genesis: &mut RuntimeGenesisConfig, member: NewMember) {
    // More members than ids do not fit into memory.
    let id = MemberId(u32::try_from(genesis.members.members.len()).unwrap_or(u32::MAX));
    if member.funds_fen > 0 {
        let funds = (member.account.clone(), member.funds_fen);
        genesis.balances.balances.push(funds);
    }
    genesis.members.members.push(GenesisMember {
        kind: member.kind,
        level: member.level,
        name: member.name,
        account: member.account,
        encryption_key: member.encryption_key,
        service_accounts: member.service_accounts,
    });
    if let Some(validator) = member.validator {
        genesis.validators.validators.push(GenesisValidator {
            member: id,
            key: validator.key,
            power: validator.power,
            peer: validator.peer_id.into(),
            addresses: validator.addresses.into_iter().map(Into::into).collect(),
        });
    }
}
