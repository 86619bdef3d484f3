//! Issuing and redeeming on-chain CNY.

use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use xinglin_primitives::{Balance, MemberId};

use crate::{
    mock::*,
    types::{BankBook, RedemptionId, Rejection, REDEMPTIONS_MAX},
    Call, Error, Event,
};

fn issue(amount_fen: Balance, n: u64) -> Call<Test> {
    Call::issue {
        to: own(ALICE),
        amount_fen,
        reference: hash(n),
    }
}

fn request(bank: MemberId, amount_fen: Balance) -> Call<Test> {
    Call::request_redemption {
        bank,
        amount_fen,
        payout: hash(0),
    }
}

fn confirm(id: u64, n: u64) -> Call<Test> {
    Call::confirm_redemption {
        redemption: RedemptionId(id),
        reference: hash(n),
    }
}

fn reject(id: u64) -> Call<Test> {
    Call::reject_redemption {
        redemption: RedemptionId(id),
        reason: Rejection::BadInstruction,
    }
}

fn withdraw(id: u64) -> Call<Test> {
    Call::withdraw_redemption {
        redemption: RedemptionId(id),
    }
}

/// What of Alice's differs from the beginning, and what is held.
fn alice() -> (i128, Balance) {
    (
        free(own(ALICE)) as i128 - FUNDS_FEN as i128,
        held(own(ALICE)),
    )
}

fn book(issued_fen: Balance, redeemed_fen: Balance, pending_fen: Balance) -> BankBook {
    BankBook {
        issued_fen,
        redeemed_fen,
        pending_fen,
    }
}

/// A chain on which the bank has issued 1,000 fen to Alice, who asks for 600 of them.
fn run_with_request(test: impl FnOnce()) {
    run(|| {
        assert_ok!(call(staff(BANK), issue(1_000, 1)));
        assert_ok!(call(own(ALICE), request(BANK, 600)));
        assert_eq!(alice(), (400, 600));
        events();
        test();
    });
}

#[test]
fn a_bank_issues_money() {
    run(|| {
        let before = Balances::total_issuance();
        assert_ok!(call(staff(BANK), issue(1_000, 1)));
        assert_ok!(call(main_account(BANK), issue(5, 2)));
        assert_eq!(alice(), (1_005, 0));
        assert_eq!(Balances::total_issuance(), before + 1_005);
        assert_eq!(Payments::bank_book(BANK), book(1_005, 0, 0));
        assert_eq!(Payments::bank_book(SECOND_BANK), BankBook::default());
        let issued = Event::MoneyIssued {
            bank: BANK,
            to: own(ALICE),
            amount_fen: 1_000,
            reference: hash(1),
        };
        assert_eq!(events()[0], issued);
    });
}

#[test]
fn nobody_else_issues_money() {
    run(|| {
        for who in [own(ALICE), staff(HOSPITAL), staff(REGULATOR), STRANGER] {
            assert_noop!(call(who, issue(1, 1)), Error::<Test>::NotBank);
        }
        Suspended::mutate(|suspended| suspended.insert(BANK));
        assert_noop!(call(staff(BANK), issue(1, 1)), Error::<Test>::NotBank);
    });
}

#[test]
fn money_goes_to_patients_and_members_only() {
    run(|| {
        let issue_to = |to| Call::issue {
            to,
            amount_fen: 1,
            reference: hash(1),
        };
        Suspended::mutate(|suspended| suspended.insert(CLINIC));
        // A delegate's or session key's account is no patient's.
        for to in [
            STRANGER,
            carer(ALICE),
            provider_account(WALLET),
            staff(CLINIC),
        ] {
            assert_noop!(
                call(staff(BANK), issue_to(to)),
                Error::<Test>::UnknownRecipient
            );
        }
        assert_ok!(call(staff(BANK), issue_to(main_account(HOSPITAL))));
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 1);
    });
}

#[test]
fn a_bank_uses_a_reference_once() {
    run_with_request(|| {
        assert_noop!(call(staff(BANK), issue(7, 1)), Error::<Test>::ReferenceUsed);
        assert_noop!(
            call(staff(BANK), confirm(0, 1)),
            Error::<Test>::ReferenceUsed
        );
        assert_ok!(call(staff(BANK), confirm(0, 2)));
        assert_noop!(call(staff(BANK), issue(7, 2)), Error::<Test>::ReferenceUsed);
        // Another bank has references of its own.
        assert_ok!(call(staff(SECOND_BANK), issue(7, 1)));
    });
}

#[test]
fn amounts_are_above_zero_and_do_not_overflow() {
    run(|| {
        assert_noop!(call(staff(BANK), issue(0, 1)), Error::<Test>::ZeroAmount);
        assert_noop!(
            call(own(ALICE), request(BANK, 0)),
            Error::<Test>::ZeroAmount
        );
        assert_ok!(call(staff(BANK), issue(1, 1)));
        let refused = call(staff(BANK), issue(Balance::MAX, 2));
        assert_eq!(refused, Err(sp_runtime::ArithmeticError::Overflow.into()));
        assert_eq!(Payments::bank_book(BANK), book(1, 0, 0));
    });
}

#[test]
fn a_confirmed_redemption_burns_what_was_held() {
    run_with_request(|| {
        let before = Balances::total_issuance();
        assert_eq!(Payments::bank_book(BANK), book(1_000, 0, 600));
        assert_ok!(call(staff(BANK), confirm(0, 2)));
        assert_eq!(alice(), (400, 0));
        assert_eq!(Balances::total_issuance(), before - 600);
        assert_eq!(Payments::bank_book(BANK), book(1_000, 600, 0));
        let confirmed = Event::RedemptionConfirmed {
            redemption: RedemptionId(0),
            reference: hash(2),
        };
        assert_eq!(events(), [confirmed]);
        // It is closed.
        for again in [confirm(0, 3), reject(0)] {
            assert_noop!(call(staff(BANK), again), Error::<Test>::UnknownRedemption);
        }
    });
}

#[test]
fn a_rejected_redemption_gives_the_money_back() {
    run_with_request(|| {
        assert_ok!(call(staff(BANK), reject(0)));
        assert_eq!(alice(), (1_000, 0));
        assert_eq!(Payments::bank_book(BANK), book(1_000, 0, 0));
        let rejected = Event::RedemptionRejected {
            redemption: RedemptionId(0),
            reason: Rejection::BadInstruction,
        };
        assert_eq!(events(), [rejected]);
    });
}

#[test]
fn only_the_bank_that_is_asked_answers() {
    run_with_request(|| {
        for who in [staff(SECOND_BANK), staff(HOSPITAL), own(ALICE), STRANGER] {
            assert_noop!(call(who, confirm(0, 2)), Error::<Test>::NotBank);
            assert_noop!(call(who, reject(0)), Error::<Test>::NotBank);
        }
    });
}

#[test]
fn the_holder_withdraws_only_when_the_bank_had_its_time() {
    run_with_request(|| {
        Now::set(morning() + REDEMPTION_MS - 1);
        assert_noop!(call(own(ALICE), withdraw(0)), Error::<Test>::TooEarly);
        Now::set(morning() + REDEMPTION_MS);
        for who in [own(BOB), carer(ALICE), staff(BANK)] {
            assert_noop!(call(who, withdraw(0)), Error::<Test>::NotHolder);
        }
        assert_ok!(call(own(ALICE), withdraw(0)));
        assert_eq!(alice(), (1_000, 0));
        let withdrawn = Event::RedemptionWithdrawn {
            redemption: RedemptionId(0),
        };
        assert_eq!(events(), [withdrawn]);
        assert_noop!(
            call(own(ALICE), withdraw(0)),
            Error::<Test>::UnknownRedemption
        );
    });
}

#[test]
fn a_late_confirmation_stands() {
    run_with_request(|| {
        Now::set(morning() + 2 * REDEMPTION_MS);
        assert_ok!(call(staff(BANK), confirm(0, 2)));
        assert_eq!(alice(), (400, 0));
    });
}

#[test]
fn a_replaced_key_gets_the_money_back() {
    run_with_request(|| {
        Replaced::mutate(|replaced| replaced.insert(ALICE, 9_000));
        assert_ok!(call(staff(BANK), reject(0)));
        assert_eq!((free(9_000), alice()), (600, (400, 0)));
    });
    run_with_request(|| {
        Replaced::mutate(|replaced| replaced.insert(ALICE, 9_000));
        Now::set(morning() + REDEMPTION_MS);
        assert_ok!(call(9_000, withdraw(0)));
        assert_eq!((free(9_000), alice()), (600, (400, 0)));
    });
}

#[test]
fn a_member_gets_the_money_back_on_the_account_that_it_has_by_now() {
    let moved = 9_100;
    for is_rejected in [true, false] {
        run(|| {
            assert_ok!(call(staff(BANK), issue(1_000, 1)));
            assert_ok!(call(main_account(HOSPITAL), request(BANK, 600)));
            Moved::mutate(|all| all.insert(HOSPITAL, moved));
            if is_rejected {
                assert_ok!(call(staff(BANK), reject(0)));
            } else {
                Now::set(morning() + REDEMPTION_MS);
                assert_ok!(call(staff(HOSPITAL), withdraw(0)));
            }
            assert_eq!((free(moved), held(main_account(HOSPITAL))), (600, 0));
            assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN - 600);
        });
    }
}

#[test]
fn a_bank_is_not_asked_for_more_than_it_issued() {
    run_with_request(|| {
        assert_noop!(call(own(BOB), request(BANK, 401)), Error::<Test>::NotBacked);
        assert_noop!(
            call(own(BOB), request(SECOND_BANK, 1)),
            Error::<Test>::NotBacked
        );
        assert_ok!(call(own(BOB), request(BANK, 400)));
        assert_ok!(call(staff(BANK), confirm(0, 2)));
        assert_noop!(call(own(BOB), request(BANK, 1)), Error::<Test>::NotBacked);
        assert_ok!(call(staff(BANK), reject(1)));
        assert_ok!(call(own(BOB), request(BANK, 400)));
    });
}

#[test]
fn only_banks_are_asked() {
    run(|| {
        for member in [HOSPITAL, INSURER, MemberId(77)] {
            assert_noop!(call(own(ALICE), request(member, 1)), Error::<Test>::NotBank);
        }
    });
}

#[test]
fn nobody_redeems_what_she_does_not_have() {
    run(|| {
        assert_ok!(call(staff(BANK), issue(10 * FUNDS_FEN, 1)));
        assert_noop!(
            call(own(BOB), request(BANK, FUNDS_FEN + 1)),
            Error::<Test>::BalanceTooSmall
        );
    });
}

#[test]
fn a_holder_has_so_many_open_redemptions() {
    run(|| {
        assert_ok!(call(staff(BANK), issue(1_000, 1)));
        for _ in 0..REDEMPTIONS_MAX {
            assert_ok!(call(own(ALICE), request(BANK, 1)));
        }
        assert_noop!(
            call(own(ALICE), request(BANK, 1)),
            Error::<Test>::TooManyRedemptions
        );
        assert_ok!(call(staff(BANK), reject(3)));
        assert_ok!(call(own(ALICE), request(BANK, 1)));
        assert_eq!(held(own(ALICE)), Balance::from(REDEMPTIONS_MAX));
    });
}

#[test]
fn money_that_is_held_for_nothing_is_noticed() {
    ext().execute_with(|| {
        check();
        let reason = crate::HoldReason::Redemption.into();
        assert_ok!(Balances::hold(&reason, &own(BOB), 1));
        assert!(Payments::check_invariants().is_err());
    });
}

#[test]
fn money_that_no_bank_issued_or_redeemed_is_noticed() {
    ext().execute_with(|| {
        assert_ok!(call(staff(BANK), issue(1_000, 1)));
        check();
        assert_ok!(Balances::mint_into(&own(BOB), 1));
        assert!(Payments::check_invariants().is_err());
        let burn = || {
            let (whole, force) = (Precision::Exact, Fortitude::Polite);
            Balances::burn_from(&own(BOB), 1, Preservation::Preserve, whole, force)
        };
        assert_ok!(burn());
        check();
        assert_ok!(burn());
        assert!(Payments::check_invariants().is_err());
    });
}

#[test]
fn no_ids_are_left_at_the_end() {
    ext().execute_with(|| {
        assert_ok!(call(staff(BANK), issue(1_000, 1)));
        crate::NextRedemption::<Test>::put(RedemptionId(u64::MAX));
        assert_noop!(call(own(ALICE), request(BANK, 1)), Error::<Test>::IdsUsedUp);
    });
}
