//! What clients read before anything else.

use codec::{Decode, Encode};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use sp_version::RuntimeVersion;

use super::*;
use crate::{Runtime, VERSION};

/// Names and order that clients rely on.
const EXTENSIONS: [&str; 9] = [
    "CheckNonZeroSender",
    "CheckSpecVersion",
    "CheckTxVersion",
    "CheckGenesis",
    "CheckMortality",
    "CheckNonce",
    "CheckWeight",
    "CheckAdmission",
    "CheckMetadataHash",
];

fn metadata_at(version: u32) -> RuntimeMetadata {
    let mut chain = Chain::new();
    let call = || native::call("Metadata_metadata_at_version", &version.encode());
    let answer = chain.ext.execute_with(call).unwrap();
    let opaque = Option::<Vec<u8>>::decode(&mut &answer[..])
        .unwrap()
        .unwrap();
    RuntimeMetadataPrefixed::decode(&mut &opaque[..]).unwrap().1
}

#[test]
fn versions_14_to_16_are_offered() {
    let mut versions = Runtime::metadata_versions();
    versions.retain(|version| *version != u32::MAX);
    assert_eq!(versions, [14, 15, 16]);
    assert!(matches!(metadata_at(14), RuntimeMetadata::V14(_)));
    assert!(matches!(metadata_at(15), RuntimeMetadata::V15(_)));
    assert!(matches!(metadata_at(16), RuntimeMetadata::V16(_)));
}

#[test]
fn the_unversioned_metadata_is_14() {
    let mut chain = Chain::new();
    let answer = chain
        .ext
        .execute_with(|| native::call("Metadata_metadata", &[]))
        .unwrap();
    let opaque = Vec::<u8>::decode(&mut &answer[..]).unwrap();
    let metadata = RuntimeMetadataPrefixed::decode(&mut &opaque[..]).unwrap();
    assert!(matches!(metadata.1, RuntimeMetadata::V14(_)));
}

#[test]
fn extensions_have_the_names_and_data_that_clients_know() {
    let RuntimeMetadata::V14(v14) = metadata_at(14) else {
        panic!("not version 14");
    };
    let names: Vec<_> = v14
        .extrinsic
        .signed_extensions
        .iter()
        .map(|it| it.identifier.as_str())
        .collect();
    assert_eq!(names, EXTENSIONS);
    assert_eq!(v14.extrinsic.version, 4);

    let RuntimeMetadata::V16(v16) = metadata_at(16) else {
        panic!("not version 16");
    };
    let extensions = &v16.extrinsic.transaction_extensions;
    let names: Vec<_> = extensions.iter().map(|it| it.identifier.as_str()).collect();
    assert_eq!(names, EXTENSIONS);
    assert_eq!(v16.extrinsic.versions, [4, 5]);

    let own = &extensions[7];
    for ty in [own.ty.id, own.implicit.id] {
        assert!(is_empty(&v16.types, ty), "clients sign without its data");
    }
    let nonce = v16.types.resolve(extensions[5].ty.id).unwrap();
    assert_eq!(
        crate::extensions::CheckNonce(300).encode(),
        codec::Compact(300u32).encode()
    );
    assert_eq!(nonce.path.segments.last().unwrap(), "CheckNonce");
}

fn is_empty(types: &scale_info::PortableRegistry, id: u32) -> bool {
    match &types.resolve(id).unwrap().type_def {
        scale_info::TypeDef::Composite(it) => it.fields.is_empty(),
        scale_info::TypeDef::Tuple(it) => it.fields.is_empty(),
        _ => false,
    }
}

#[test]
fn clients_find_version_hashing_and_signature() {
    let RuntimeMetadata::V16(v16) = metadata_at(16) else {
        panic!("not version 16");
    };
    let system = v16.pallets.iter().find(|it| it.name == "System").unwrap();
    let version = system
        .constants
        .iter()
        .find(|it| it.name == "Version")
        .unwrap();
    assert_eq!(version.value, VERSION.encode());
    let decoded = RuntimeVersion::decode(&mut &version.value[..]).unwrap();
    assert_eq!(decoded.spec_version, VERSION.spec_version);
    let hashing = system
        .associated_types
        .iter()
        .find(|it| it.name == "Hashing")
        .unwrap();
    let path = &v16.types.resolve(hashing.ty.id).unwrap().path;
    assert_eq!(path.segments.last().unwrap(), "BlakeTwo256");

    let scale_info::TypeDef::Variant(signature) = &v16
        .types
        .resolve(v16.extrinsic.signature_ty.id)
        .unwrap()
        .type_def
    else {
        panic!("the signature is an enum");
    };
    let variants: Vec<_> = signature
        .variants
        .iter()
        .map(|it| (it.index, it.name.as_str()))
        .collect();
    assert_eq!(
        variants,
        [(0, "Ed25519"), (1, "Sr25519"), (2, "Ecdsa"), (3, "Eth")]
    );
}

/// Indices are part of every signed transaction: none may move.
#[test]
fn pallets_keep_their_indices() {
    let RuntimeMetadata::V14(v14) = metadata_at(14) else {
        panic!("not version 14");
    };
    let pallets: Vec<_> = v14
        .pallets
        .iter()
        .map(|it| (it.index, it.name.as_str()))
        .collect();
    assert_eq!(
        pallets,
        [
            (0, "System"),
            (1, "Timestamp"),
            (2, "Utility"),
            (3, "Multisig"),
            (4, "Proxy"),
            (10, "Balances"),
            (20, "Council"),
            (21, "Upgrade"),
            (30, "Members"),
            (31, "Validators"),
            (40, "Appointments"),
            (41, "Records"),
            (42, "Payments"),
            (43, "Insurance"),
            (50, "Audit"),
            (51, "TrustedTime"),
        ]
    );
}
