//! Functions by name.

use codec::{Decode, Encode};
use pallet_members::Role;
use pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo;
use sp_version::RuntimeVersion;
use xinglin_primitives::{Balance, MemberId};

use super::*;
use crate::native::{CallError, NextHeight};

fn call<R: Decode>(chain: &mut Chain, method: &str, data: &[u8]) -> R {
    let answer = chain.discard(|| native::call(method, data)).unwrap();
    R::decode(&mut &answer[..]).unwrap()
}

#[test]
fn clients_get_version_nonce_and_a_fee_of_nothing() {
    let mut chain = Chain::new();
    let transaction = chain.sign("//Alice", 0, remark(1));
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    let (_, account) = alice();

    let version: RuntimeVersion = call(&mut chain, "Core_version", &[]);
    assert_eq!(version, crate::VERSION);
    let nonce: u32 = call(&mut chain, "AccountNonceApi_account_nonce", &account);
    assert_eq!(nonce, 1);

    let transaction = chain.sign("//Alice", 1, remark(1));
    let mut data = transaction.bytes().to_vec();
    (transaction.bytes().len() as u32).encode_to(&mut data);
    let info: RuntimeDispatchInfo<Balance> =
        call(&mut chain, "TransactionPaymentApi_query_info", &data);
    assert_eq!(info.partial_fee, 0);
    assert!(info.weight.ref_time() > 0);
}

#[test]
fn validation_by_name_is_the_same() {
    let mut chain = Chain::new();
    let tip = chain.tip.hash();
    for transaction in [
        chain.sign("//Alice", 0, remark(1)),
        chain.sign("//Alice", 3, remark(1)),
        chain.sign("//Ferdie", 0, remark(1)),
    ] {
        let native = chain.validate(&transaction);
        // The source `External` has index 2.
        let mut data = vec![2];
        data.extend_from_slice(transaction.bytes());
        tip.encode_to(&mut data);
        let by_name: sp_runtime::transaction_validity::TransactionValidity = call(
            &mut chain,
            "TaggedTransactionQueue_validate_transaction",
            &data,
        );
        assert_eq!(by_name, native);
    }
}

#[test]
fn who_is_who_and_who_validates() {
    let mut chain = Chain::of(presets::LOCAL);
    let (account, encoded) = alice();
    let role: Option<Role> = call(&mut chain, "MembersApi_role_of", &encoded);
    assert_eq!(role, Some(Role::Main(MemberId(0))));
    let admitted: bool = call(&mut chain, "MembersApi_is_admitted", &encoded);
    assert!(admitted);

    let next: NextHeight = call(&mut chain, "ConsensusApi_next_height", &[]);
    assert_eq!(next.height, 1);
    assert_eq!(next.validators.len(), 4);
    assert_eq!(next.nodes.len(), 4);
    assert_eq!(next.validators[0].account, account);
    let mut names: Vec<_> = next.nodes.iter().map(|it| it.peer_id.clone()).collect();
    let mut expected = ["//Alice", "//Bob", "//Charlie", "//Dave"].map(dev::peer_id);
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn errors_are_no_panics() {
    let mut chain = Chain::new();
    let mut ask = |method: &str, data: &[u8]| chain.discard(|| native::call(method, data));
    assert_eq!(ask("Core_nothing", &[]), Err(CallError::Unknown));
    assert_eq!(ask("", &[]), Err(CallError::Unknown));
    assert_eq!(ask("Core_execute_block", &[]), Err(CallError::Unknown));
    assert!(matches!(
        ask("AccountNonceApi_account_nonce", &[1, 2, 3]),
        Err(CallError::Failed(_))
    ));
}
