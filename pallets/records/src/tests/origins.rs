//! Every call is signed.

use frame_support::{assert_noop, traits::GetCallName};
use sp_runtime::{
    traits::{BadOrigin, Dispatchable},
    DispatchErrorWithPostInfo,
};

use super::encoding::all_calls;
use crate::{mock::*, Call};

#[test]
fn only_accounts_make_the_calls() {
    run(|| {
        for call in all_calls() {
            for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
                let sent = RuntimeCall::Records(call.clone()).dispatch(origin);
                let error = sent.map_err(|DispatchErrorWithPostInfo { error, .. }| error);
                assert_noop!(error, BadOrigin);
            }
        }
    });
}

#[test]
fn these_are_all_calls() {
    let listed = all_calls();
    assert_eq!(listed.len(), Call::<Test>::get_call_names().len());
}

#[test]
fn strangers_achieve_nothing() {
    run(|| {
        write(ALICE);
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        for call_ in all_calls() {
            let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
            assert!(call(STRANGER, call_).is_err());
            assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), before);
        }
    });
}
