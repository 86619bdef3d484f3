use pallet_members::HospitalLevel;
use sp_core::{ed25519, Pair};
use xinglin_primitives::{
    consensus::ConsensusParameters, glue::MemberKind, AccountId, DepartmentId, EncryptionKey,
    MemberId, YUAN,
};
use xinglin_runtime::genesis::dev;

use crate::{ChainSpec, ChainType, NewMember, NewNetwork, NewValidator, Problem, SpecError};

fn spec() -> ChainSpec {
    ChainSpec::from_preset("dev").unwrap()
}

/// The problems of a specification that a test has spoilt.
fn problems(spoil: impl FnOnce(&mut ChainSpec)) -> Vec<Problem> {
    let mut spec = spec();
    spoil(&mut spec);
    spec.check().unwrap_err().0
}

/// A change here means that every development chain must begin anew. It must be meant.
#[test]
fn the_presets_have_these_genesis_hashes() {
    let hash = |preset| {
        let genesis = ChainSpec::from_preset(preset).unwrap().build().unwrap();
        format!("{:?}", genesis.hash())
    };
    assert_eq!(
        [hash("dev"), hash("local")],
        [
            "0x5b910ebd4708d6b5ce088ff98a2042a7c810120a875b95463fa65a372169bab9",
            "0xb7d0a00bd3f682df05a25095c0c1b81cbc54bc545084c65dfc1bbf455ce6067c",
        ]
    );
}

#[test]
fn a_file_gives_the_chain_that_it_was_written_from() {
    for preset in ["dev", "local"] {
        let spec = ChainSpec::from_preset(preset).unwrap();
        let text = spec.to_json().unwrap();
        let again = ChainSpec::from_json(&text).unwrap();
        assert_eq!(again.to_json().unwrap(), text);
        assert_eq!(again.build().unwrap().header, spec.build().unwrap().header);
    }
}

#[test]
fn there_are_two_presets() {
    assert!(matches!(
        ChainSpec::from_preset("live"),
        Err(SpecError::UnknownPreset(name)) if name == "live"
    ));
}

#[test]
fn text_that_is_no_specification_is_refused_with_its_place() {
    let good = spec().to_json().unwrap();
    let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    assert!(good.contains(alice));
    for (bad, word) in [
        (good.replace("\"chainType\"", "\"chianType\""), "chianType"),
        (good.replace("\"balances\": {", "\"blances\": {"), "blances"),
        (good.replace("\"hospital\"", "\"hopsital\""), "hopsital"),
        (
            good.replace(alice, &alice.replace("5Grw", "5Grx")),
            "Invalid checksum",
        ),
        (good.replace("\"power\": 1", "\"power\": -1"), "-1"),
        (good[..good.len() / 2].to_string(), "EOF"),
    ] {
        let error = ChainSpec::from_json(&bad).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
        assert!(error.contains("line "), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = ChainSpec::from_file("/nowhere/chain.json").err().unwrap();
    assert!(error.to_string().starts_with("/nowhere/chain.json: "));
}

#[test]
fn names_and_properties_are_checked() {
    assert_eq!(problems(|it| it.name.clear()), [Problem::Name]);
    assert_eq!(problems(|it| it.name = "x".repeat(65)), [Problem::Name]);
    for id in ["", "Xinglin", "../etc", "a b"] {
        assert_eq!(problems(|it| it.id = id.to_string()), [Problem::Id], "{id}");
    }
    assert_eq!(
        problems(|it| it.properties.token_decimals = 12),
        [Problem::Properties]
    );
}

#[test]
fn a_chain_needs_validators_that_members_run() {
    let none = problems(|it| it.genesis.validators.validators.clear());
    assert_eq!(none[0], Problem::NoValidators);
    let unknown = problems(|it| it.genesis.validators.validators[0].member = MemberId(9));
    assert_eq!(
        unknown,
        [Problem::UnknownMember {
            place: "genesis.validators.validators[0]".to_string(),
            member: MemberId(9),
        }]
    );
    let text = |problems: &[Problem]| problems[0].to_string();
    let mut local = ChainSpec::from_preset("local").unwrap();
    local.genesis.validators.validators[1].key = local.genesis.validators.validators[0].key;
    let shared_key = local.check().unwrap_err().0;
    assert!(text(&shared_key).contains("key"), "{shared_key:?}");
    let powerless = problems(|it| it.genesis.validators.validators[0].power = 0);
    assert!(text(&powerless).contains("power"), "{powerless:?}");
    let bad_peer = problems(|it| it.genesis.validators.validators[0].peer = vec![1, 2].into());
    assert!(text(&bad_peer).contains("PeerId"), "{bad_peer:?}");
}

#[test]
fn a_chain_needs_members() {
    let found = problems(|it| {
        let fresh = NewNetwork {
            name: "x".to_string(),
            id: "x".to_string(),
            chain_type: ChainType::Live,
            members: Vec::new(),
            parameters: ConsensusParameters::default(),
            has_dev_parties: false,
        };
        *it = fresh.into_spec();
    });
    assert!(found.contains(&Problem::NoMembers));
    assert!(found.contains(&Problem::NoValidators));
}

#[test]
fn parties_do_not_share_accounts() {
    let found = problems(|it| {
        let parties = &mut it.genesis.members;
        parties.patients[3].account = parties.members[1].account.clone();
    });
    assert!(matches!(
        &found[0],
        Problem::SharedAccount { place, other, .. }
            if place == "genesis.members.patients[3]" && other == "genesis.members.members[1]"
    ));
    let found = problems(|it| {
        let balances = &mut it.genesis.balances.balances;
        balances.push(balances[0].clone());
    });
    assert!(matches!(&found[0], Problem::DuplicateBalance { .. }));
}

#[test]
fn departments_belong_to_providers_and_licences_to_departments() {
    let insurer = MemberId(2);
    let found = problems(|it| {
        let departments = &mut it.genesis.appointments.departments;
        departments.push((insurer, DepartmentId(1), "X".to_string()));
    });
    assert!(matches!(&found[0], Problem::NotProvider { member, .. } if *member == insurer));
    let found = problems(|it| {
        it.genesis.members.practitioners[0].licences[0].department = DepartmentId(77);
    });
    assert!(matches!(
        &found[0],
        Problem::UnknownDepartment { department, .. } if *department == DepartmentId(77)
    ));
    let found = problems(|it| {
        let departments = &mut it.genesis.appointments.departments;
        departments.push(departments[0].clone());
    });
    assert!(matches!(&found[0], Problem::DuplicateDepartment { .. }));
}

#[test]
fn what_pallets_refuse_is_told() {
    let found = problems(|it| it.genesis.members.members[0].name = "x".repeat(65));
    assert!(found[0].to_string().contains("name is longer"), "{found:?}");
    let found = problems(|it| it.genesis.members.patients[0].registrar = MemberId(9));
    assert!(found[0].to_string().contains("no member 9"), "{found:?}");
    let found = problems(|it| it.genesis.validators.parameters.propose_timeout_ms = 0);
    assert!(found[0].to_string().contains("Timeout"), "{found:?}");
}

#[test]
fn seats_and_accounts_are_not_made_by_hand() {
    let found = problems(|it| it.genesis.council.members.push(dev::account("//Ferdie")));
    assert!(found.contains(&Problem::Council));
    let found = problems(|it| it.genesis.balances.dev_accounts = Some((1, 1, None)));
    assert!(found.contains(&Problem::DerivedAccounts));
}

#[test]
fn all_problems_come_at_once_one_per_line() {
    let mut spec = spec();
    spec.id.clear();
    spec.name.clear();
    spec.genesis.validators.validators[0].member = MemberId(9);
    let text = spec.check().unwrap_err().to_string();
    assert_eq!(text.lines().count(), 3, "{text}");
}

fn new_member(seed: u8, kind: MemberKind) -> NewMember {
    let node = ed25519::Pair::from_seed(&[seed; 32]).public();
    NewMember {
        service_accounts: Vec::new(),
        name: format!("Member {seed}"),
        kind,
        level: (kind == MemberKind::Hospital).then_some(HospitalLevel::Two),
        account: AccountId::from([seed; 32]),
        encryption_key: EncryptionKey([seed; 32]),
        funds_fen: YUAN,
        validator: Some(NewValidator {
            key: sp_core::sr25519::Pair::from_seed(&[seed; 32]).public(),
            power: 1,
            peer_id: dev::peer_id_of(&node),
            addresses: vec![dev::node_address(seed.into())],
        }),
    }
}

#[test]
fn a_new_network_begins() {
    for has_dev_parties in [false, true] {
        let network = NewNetwork {
            name: "Grove".to_string(),
            id: "grove".to_string(),
            chain_type: ChainType::Local,
            members: (1..=5)
                .zip([
                    MemberKind::Hospital,
                    MemberKind::Clinic,
                    MemberKind::Insurer,
                    MemberKind::Regulator,
                    MemberKind::SettlementBank,
                ])
                .map(|(seed, kind)| new_member(seed, kind))
                .collect(),
            parameters: ConsensusParameters::default(),
            has_dev_parties,
        };
        let spec = network.clone().into_spec();
        let first = spec.build().unwrap();
        assert_eq!(first.hash(), network.into_spec().build().unwrap().hash());
        assert_eq!(spec.genesis.validators.validators.len(), 5);
        let own = if has_dev_parties { 6 } else { 0 };
        assert_eq!(spec.genesis.validators.validators[0].member, MemberId(own));
        let text = spec.to_json().unwrap();
        let again = ChainSpec::from_json(&text).unwrap().build().unwrap();
        assert_eq!(again.hash(), first.hash());
    }
}
