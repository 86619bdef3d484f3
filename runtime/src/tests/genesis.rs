//! The presets.

use sp_genesis_builder::PresetId;
use sp_keyring::Sr25519Keyring;
use xinglin_primitives::{
    consensus::SignedPayload,
    glue::{MemberKind, Members as _, Practitioners as _},
    DepartmentId, MemberId, PractitionerId,
};

use super::*;
use crate::{configs::CouncilInstance, Members, Runtime, RuntimeGenesisConfig};

#[test]
fn every_preset_builds_and_keeps_all_invariants() {
    for preset in presets::PRESETS {
        let mut chain = Chain::of(preset);
        chain.check();
        chain.block(Vec::new());
        chain.check();
    }
}

#[test]
fn the_well_known_five_are_members_of_different_kinds() {
    let mut chain = Chain::new();
    let expected = [
        (Sr25519Keyring::Alice, MemberKind::Hospital),
        (Sr25519Keyring::Bob, MemberKind::Clinic),
        (Sr25519Keyring::Charlie, MemberKind::Insurer),
        (Sr25519Keyring::Dave, MemberKind::Regulator),
        (Sr25519Keyring::Eve, MemberKind::SettlementBank),
    ];
    chain.ext.execute_with(|| {
        for (id, (key, kind)) in (0..).map(MemberId).zip(expected) {
            let account = key.to_account_id();
            assert_eq!(Members::member_of(&account), Some(id));
            assert_eq!(Members::kind_of(id), Some(kind));
            assert!(System::account(&account).data.free > 0);
        }
    });
}

#[test]
fn there_is_a_second_hospital_with_a_doctor() {
    let mut chain = Chain::new();
    let (hospital, doctor) = (MemberId(5), PractitionerId(3));
    chain.ext.execute_with(|| {
        assert_eq!(Members::kind_of(hospital), Some(MemberKind::Hospital));
        let account = dev::account("//Grace//doctor//1");
        assert_eq!(Members::practitioner_of(&account), Some(doctor));
        let department = Members::department_at(doctor, hospital);
        assert_eq!(department, Some(DepartmentId(1)));
    });
}

#[test]
fn every_member_has_a_seat() {
    let mut chain = Chain::new();
    let members = [
        "//Alice",
        "//Bob",
        "//Charlie",
        "//Dave",
        "//Eve",
        "//Grace",
    ];
    let mut accounts = members.map(dev::account);
    accounts.sort();
    let seats = chain
        .ext
        .execute_with(pallet_collective::Members::<Runtime, CouncilInstance>::get);
    assert_eq!(seats, accounts);
}

#[test]
fn presets_are_served_as_json_that_builds() {
    let mut chain = Chain::new();
    for preset in presets::PRESETS {
        let json = chain
            .ext
            .execute_with(|| {
                let id: Option<PresetId> = Some(preset.to_string());
                native::call("GenesisBuilder_get_preset", &id.encode())
            })
            .unwrap();
        let json = <Option<Vec<u8>> as codec::Decode>::decode(&mut &json[..])
            .unwrap()
            .unwrap();
        let config: RuntimeGenesisConfig = serde_json::from_slice(&json).unwrap();
        let expected = presets::build(&presets::config(preset).unwrap()).unwrap();
        assert_eq!(presets::build(&config).unwrap().top, expected.top);
    }
}

#[test]
fn a_wrong_genesis_is_an_error_with_a_reason() {
    let mut config = presets::config(presets::DEV).unwrap();
    config.validators.validators[0].power = 0;
    let reason = presets::build(&config).unwrap_err();
    assert!(reason.contains("power"), "{reason}");
    let mut config = presets::config(presets::DEV).unwrap();
    config.validators.validators.clear();
    let reason = presets::build(&config).unwrap_err();
    assert!(reason.contains("no validator"), "{reason}");
}

#[test]
fn peer_ids_have_the_form_of_libp2p() {
    let id = dev::peer_id("//Alice");
    assert_eq!(id.len(), 38);
    assert!(pallet_validators::is_peer_id(&id));
    assert_eq!(dev::node_address(1), [4, 127, 0, 0, 1, 6, 0x76, 0x87]);
    assert_eq!(dev::node_port(1), 30_343);
}

/// The derivation gives a key pair that signs as consensus does.
#[test]
fn development_consensus_keys_sign() {
    let pair = dev::consensus_key_pair("//Alice");
    let keypair = pair.as_ref();
    let genesis = Hash::repeat_byte(1);
    let payload = SignedPayload::PeerId(b"peer");
    let signature = payload.sign(&genesis, keypair);
    assert!(payload.verify(&genesis, &pair.public(), &signature));
}
