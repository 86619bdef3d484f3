//! Every call is signed, but for the one that the council may make too.

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
            let is_for_council = matches!(call, Call::confirm_erasure { .. });
            // The council is the root in these tests.
            let others = [RuntimeOrigin::none(), RuntimeOrigin::root()].into_iter();
            for origin in others.take(2 - usize::from(is_for_council)) {
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
