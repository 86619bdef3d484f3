//! Providers of payment services.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use sp_core::Pair;
use xinglin_primitives::glue::Admission;

use crate::{
    mock::*,
    receipts::ReceiptKey,
    types::{Name, Provider, ProviderId},
    Call, Error, Event, NextProvider,
};

const THIRD: ProviderId = ProviderId(2);

fn name(text: &str) -> Name {
    BoundedVec::try_from(text.as_bytes().to_vec()).unwrap()
}

fn register(text: &str, account: AccountId) -> Call<Test> {
    Call::register_provider {
        name: name(text),
        account,
        key: key_of(WALLET),
    }
}

fn change(provider: ProviderId, account: AccountId) -> Call<Test> {
    Call::change_provider {
        provider,
        account,
        key: key_of(CARD),
    }
}

fn retire(provider: ProviderId) -> Call<Test> {
    Call::retire_provider { provider }
}

#[test]
fn the_council_registers_providers() {
    run(|| {
        assert_ok!(council(register("云闪付", 6_002)));
        let expected = Provider {
            name: name("云闪付"),
            account: 6_002,
            key: key_of(WALLET),
            is_retired: false,
        };
        assert_eq!(Payments::provider(THIRD), Some(expected));
        let registered = Event::ProviderRegistered {
            provider: THIRD,
            name: name("云闪付"),
            account: 6_002,
            key: key_of(WALLET),
        };
        assert_eq!(events(), [registered]);
        assert!(<Payments as Admission<_>>::is_admitted(&6_002));
        assert!(!<Payments as Admission<_>>::is_admitted(&STRANGER));
    });
}

#[test]
fn names_can_be_shown() {
    run(|| {
        for bad in ["", "a\nb"] {
            assert_noop!(council(register(bad, 6_002)), Error::<Test>::BadName);
        }
        let not_text = Call::register_provider {
            name: BoundedVec::truncate_from(vec![0xff]),
            account: 6_002,
            key: key_of(WALLET),
        };
        assert_noop!(council(not_text), Error::<Test>::BadName);
    });
}

#[test]
fn an_account_is_one_providers() {
    run(|| {
        let taken = provider_account(WALLET);
        assert_noop!(council(register("x", taken)), Error::<Test>::AccountInUse);
        assert_noop!(council(change(CARD, taken)), Error::<Test>::AccountInUse);
        // It is free again when its provider has another or is retired.
        assert_ok!(council(change(WALLET, 6_002)));
        assert_ok!(council(change(CARD, taken)));
        assert_ok!(council(retire(CARD)));
        assert_ok!(council(register("x", taken)));
    });
}

#[test]
fn receipts_follow_the_key() {
    run(|| {
        let invoice = issued();
        let old = outside(&receipt(WALLET, 1, invoice, 10));
        let key = sp_core::ed25519::Pair::from_seed(&[9; 32]);
        assert_ok!(council(Call::change_provider {
            provider: WALLET,
            account: provider_account(WALLET),
            key: ReceiptKey::Ed25519(key.public().0),
        }));
        let by = staff(HOSPITAL);
        assert_noop!(call(by, old), Error::<Test>::BadSignature);
        let receipt = receipt(WALLET, 1, invoice, 10);
        let signature = key.sign(&receipt.payload(&Genesis::get())).0;
        assert_ok!(call(by, Call::pay_external { receipt, signature }));
    });
}

#[test]
fn a_retired_provider_stays_retired() {
    run(|| {
        assert_ok!(council(retire(CARD)));
        assert_eq!(events(), [Event::ProviderRetired { provider: CARD }]);
        assert!(!<Payments as Admission<_>>::is_admitted(&provider_account(
            CARD
        )));
        assert_noop!(council(retire(CARD)), Error::<Test>::ProviderRetired);
        assert_noop!(council(change(CARD, 1)), Error::<Test>::ProviderRetired);
        assert!(Payments::provider(CARD).unwrap().is_retired);
        let receipt = receipt(CARD, 1, issued(), 10);
        assert_noop!(
            call(own(ALICE), outside(&receipt)),
            Error::<Test>::ProviderRetired
        );
    });
}

#[test]
fn unknown_providers_are_refused() {
    run(|| {
        assert_noop!(council(retire(THIRD)), Error::<Test>::UnknownProvider);
        assert_noop!(council(change(THIRD, 1)), Error::<Test>::UnknownProvider);
    });
}

#[test]
fn no_ids_are_left_at_the_end() {
    ext().execute_with(|| {
        NextProvider::<Test>::put(ProviderId(u16::MAX));
        assert_noop!(council(register("x", 1)), Error::<Test>::IdsUsedUp);
    });
}
