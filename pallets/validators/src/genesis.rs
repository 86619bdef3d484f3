//! The validators and nodes with which a chain starts.

use frame_support::BoundedVec;
use serde::{Deserialize, Serialize};
use sp_core::Bytes;
use xinglin_primitives::{
    consensus::{ConsensusKey, Validator},
    MemberId, FIRST_HEIGHT,
};

use crate::{
    parameters, Address, Addresses, Candidate, Config, GenesisConfig, HistoricalSet, KeyOwners,
    Pallet, Parameters, PeerId, Produced, Production, Set, Sets, Validators,
};

/// A validator at genesis. Its key is not proven: who agrees to a genesis has checked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisValidator {
    /// The member that runs it.
    pub member: MemberId,
    /// Its consensus key.
    pub key: ConsensusKey,
    /// Its voting power, at least 1.
    pub power: u32,
    /// The peer id of its node, in binary form.
    pub peer: Bytes,
    /// Where that can be reached: multiaddresses in binary form.
    #[serde(default)]
    pub addresses: Vec<Bytes>,
}

/// A node without a vote at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisNode {
    /// The member that runs it.
    pub member: MemberId,
    /// Its peer id, in binary form.
    pub peer: Bytes,
    /// Where it can be reached: multiaddresses in binary form.
    #[serde(default)]
    pub addresses: Vec<Bytes>,
}

/// Registers everything by the rules of the calls, as far as they apply.
///
/// # Panics
/// When a rule is broken: there is no chain to protect yet, and one that cannot decide its first
/// block must not begin.
pub(crate) fn build<T: Config>(config: &GenesisConfig<T>) {
    if let Err(reason) = try_build::<T>(config) {
        panic!("the genesis of the validators is wrong: {reason}");
    }
}

fn try_build<T: Config>(config: &GenesisConfig<T>) -> Result<(), String> {
    parameters::check::<T>(&config.parameters).map_err(|error| format!("{error:?}"))?;
    Parameters::<T>::put(config.parameters);

    let mut set = Vec::with_capacity(config.validators.len());
    for validator in &config.validators {
        let GenesisValidator {
            member,
            key,
            power,
            ref peer,
            ref addresses,
        } = *validator;
        if power == 0 {
            return Err(format!("the validator of member {member} has no power"));
        }
        if KeyOwners::<T>::contains_key(key) {
            return Err(format!("two validators have the key of member {member}"));
        }
        let peer = register_node::<T>(member, peer, addresses)?;
        Pallet::<T>::replace_candidate(member, Some(Candidate { key, peer }));
        let last = Some(0);
        Produced::<T>::insert(member, Production { blocks: 0, last });
        set.push(Validator { member, key, power });
    }
    set.sort_by_key(|validator| validator.member);
    if set.windows(2).any(|pair| pair[0].member == pair[1].member) {
        return Err("a member has two validators".to_owned());
    }
    let validators = Set::try_from(set)
        .map_err(|set| format!("{} validators are more than {}", set.len(), Set::bound()))?;
    Validators::<T>::put(&validators);
    let from = FIRST_HEIGHT;
    Sets::<T>::insert(0, HistoricalSet { from, validators });

    for node in &config.nodes {
        register_node::<T>(node.member, &node.peer, &node.addresses)?;
    }
    Ok(())
}

fn register_node<T: Config>(
    member: MemberId,
    peer: &Bytes,
    addresses: &[Bytes],
) -> Result<PeerId, String> {
    let peer = PeerId::try_from(peer.0.clone())
        .map_err(|_| format!("a peer id of member {member} is too long"))?;
    let addresses: Vec<Address> = addresses
        .iter()
        .map(|address| BoundedVec::try_from(address.0.clone()))
        .collect::<Result<_, _>>()
        .map_err(|_| format!("an address of member {member} is too long"))?;
    let addresses = Addresses::try_from(addresses)
        .map_err(|_| format!("a node of member {member} has too many addresses"))?;
    Pallet::<T>::put_node(member, peer.clone(), addresses)
        .map_err(|error| format!("a node of member {member}: {error:?}"))?;
    Ok(peer)
}
