//! What a chain starts with.

use sp_core::Bytes;
use xinglin_primitives::{
    consensus::ConsensusParameters,
    glue::{NodeRegistry, ValidatorSet},
    MemberId,
};

use crate::{mock::*, GenesisConfig, GenesisNode, NodesOf, Parameters};

#[test]
fn validators_nodes_and_parameters_are_in_force() {
    let mut config = genesis(&[1, 2, 3]);
    // In any order; kept in the order of members.
    config.validators.reverse();
    config.nodes.push(GenesisNode {
        member: MemberId(0),
        peer: Bytes(peer(60).into_inner()),
        addresses: Vec::new(),
    });
    config.parameters.propose_timeout_ms = 3_000;
    storage_of(config).execute_with(|| {
        let expected = [validator(0, 1), validator(1, 2), validator(2, 3)];
        assert_eq!(Validators::validators(), expected);
        let first = Validators::set_at(1).unwrap();
        assert_eq!(first.into_inner(), expected);
        assert_eq!(Validators::consensus_key(MemberId(1)), Some(key(1)));
        assert_eq!(
            NodesOf::<Test>::get(MemberId(0)).into_inner(),
            [peer(0), peer(60)]
        );
        assert_eq!(Validators::peer_ids().len(), 4);
        assert_eq!(Parameters::<Test>::get().propose_timeout_ms, 3_000);
        Validators::check_invariants().unwrap();
    });
}

#[test]
fn the_configuration_survives_json() {
    let config = genesis(&[1, 2]);
    let text = serde_json::to_string(&config).unwrap();
    let back: GenesisConfig<Test> = serde_json::from_str(&text).unwrap();
    assert_eq!(back.validators, config.validators);
    assert_eq!(back.nodes, config.nodes);
    assert_eq!(back.parameters, ConsensusParameters::default());
    let unknown = text.replacen("power", "might", 1);
    assert!(serde_json::from_str::<GenesisConfig<Test>>(&unknown).is_err());
}

#[test]
#[should_panic(expected = "a member has two validators")]
fn a_member_has_one_validator() {
    let mut config = genesis(&[1; 4]);
    config.validators[3].member = MemberId(0);
    storage_of(config);
}

#[test]
#[should_panic(expected = "two validators have the key of member 3")]
fn a_key_is_one_validators() {
    let mut config = genesis(&[1; 4]);
    config.validators[3].key = key(0);
    storage_of(config);
}

#[test]
#[should_panic(expected = "the validator of member 1 has no power")]
fn a_validator_has_power() {
    storage_of(genesis(&[1, 0]));
}

#[test]
#[should_panic(expected = "a node of member 3")]
fn a_peer_id_is_one_nodes() {
    let mut config = genesis(&[1; 4]);
    config.validators[3].peer = config.validators[0].peer.clone();
    storage_of(config);
}

#[test]
#[should_panic(expected = "TimeoutOutOfRange")]
fn parameters_have_ranges() {
    let mut config = genesis(&[1]);
    config.parameters.propose_timeout_ms = 0;
    storage_of(config);
}
