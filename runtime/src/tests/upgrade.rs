//! Changes of the rules.

use frame_support::{assert_noop, assert_ok, storage::unhashed};
use sp_core::storage::well_known_keys::CODE;
use sp_runtime::{generic::DigestItem, DispatchError};

use super::*;
use crate::{
    native::HeaderError,
    upgrade::{code_mark, Active, Error, Event, Plan, Planned, NOTICE_BLOCKS_MIN},
    Runtime, RuntimeEvent, RuntimeOrigin, Upgrade, VERSION,
};

/// The origin of a motion with this many of four votes.
fn council(votes: u32) -> RuntimeOrigin {
    pallet_collective::RawOrigin::<AccountId, crate::configs::CouncilInstance>::Members(votes, 4)
        .into()
}

#[test]
fn two_thirds_plan_and_cancel() {
    let mut chain = Chain::new();
    chain.block(Vec::new());
    let at = 1 + NOTICE_BLOCKS_MIN;
    let next = VERSION.spec_version + 1;
    chain.ext.execute_with(|| {
        System::set_block_number(1);
        assert_noop!(
            Upgrade::plan(council(2), next, at),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Upgrade::plan(RuntimeOrigin::signed(alice().0), next, at),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Upgrade::plan(council(3), VERSION.spec_version, at),
            Error::<Runtime>::NotNewer
        );
        assert_noop!(
            Upgrade::plan(council(3), next, at - 1),
            Error::<Runtime>::TooSoon
        );
        assert_noop!(
            Upgrade::cancel(council(3)),
            Error::<Runtime>::NothingPlanned
        );
        assert_ok!(Upgrade::plan(council(3), next, at));
        assert_eq!(Upgrade::version_at(at - 1), VERSION.spec_version);
        assert_eq!(Upgrade::version_at(at), next);
        assert_ok!(Upgrade::cancel(council(3)));
        assert_eq!(Upgrade::version_at(at), VERSION.spec_version);
    });
}

#[test]
fn a_binary_stops_before_rules_that_it_does_not_have() {
    let mut chain = Chain::new();
    chain.block(Vec::new());
    let needed = VERSION.spec_version + 1;
    chain.ext.execute_with(|| {
        Planned::<Runtime>::put(Plan {
            spec_version: needed,
            at: 3,
        });
    });
    chain.block(Vec::new());
    let header = chain.header();
    let refusal = chain.discard(|| {
        assert_eq!(native::required_spec_version(), needed);
        native::initialize_block(&header).unwrap_err()
    });
    let have = VERSION.spec_version;
    assert_eq!(
        refusal,
        HeaderError::SpecVersion {
            number: 3,
            needed,
            have
        }
    );
    assert!(refusal.to_string().contains("`spec_version` 2"));
}

/// What the new binary does at the height voted: this one is the newer of two.
#[test]
fn new_rules_come_into_force_and_clients_are_told() {
    let mut chain = Chain::new();
    chain.block(Vec::new());
    let old = VERSION.spec_version - 1;
    chain.ext.execute_with(|| {
        Active::<Runtime>::put(old);
        unhashed::put_raw(CODE, &code_mark(old));
        Planned::<Runtime>::put(Plan {
            spec_version: VERSION.spec_version,
            at: 2,
        });
    });
    let built = chain.block(Vec::new());
    assert!(built
        .header
        .digest()
        .logs()
        .contains(&DigestItem::RuntimeEnvironmentUpdated));
    chain.ext.execute_with(|| {
        assert_eq!(Active::<Runtime>::get(), VERSION.spec_version);
        assert_eq!(
            unhashed::get_raw(CODE),
            Some(code_mark(VERSION.spec_version))
        );
        let activated = RuntimeEvent::Upgrade(Event::Activated {
            spec_version: VERSION.spec_version,
        });
        assert!(System::events().iter().any(|it| it.event == activated));
    });
    chain.check();
    let built = chain.block(Vec::new());
    assert_eq!(built.header.digest().logs().len(), 1);
}
