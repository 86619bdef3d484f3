//! Personal accounts.

use frame_support::{assert_noop, assert_ok, traits::fungible::MutateHold};
use xinglin_primitives::{Balance, CoverageId};

use crate::{mock::*, types::AccountHeir, Call, Error, Event};

const FUND: AccountId = 1_003;

fn crediting(amount_fen: Balance) -> Call<Test> {
    Call::credit_account {
        coverage: OF_ALICE,
        amount_fen,
    }
}

fn release(heir: AccountHeir) -> Call<Test> {
    Call::release_account {
        coverage: OF_ALICE,
        heir,
    }
}

fn end_coverage() {
    let end = Call::set_coverage_end {
        coverage: OF_ALICE,
        until: Some(ago(1)),
    };
    assert_ok!(call(staff(INSURER), end));
    events();
}

#[test]
fn what_is_credited_is_held_on_the_insurers_account() {
    run(|| {
        credit(OF_ALICE, 500);
        credit(OF_ALICE, 250);
        credit(OF_BOB, 1);
        assert_eq!(stored(OF_ALICE).account_fen(), 750);
        assert_eq!(held(FUND), 751);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 751);
        assert_eq!(
            events()[0],
            Event::AccountCredited {
                coverage: OF_ALICE,
                amount_fen: 500
            }
        );
    });
}

#[test]
fn money_that_is_held_for_nobody_is_noticed() {
    ext(parameters()).execute_with(|| {
        check();
        let reason = crate::HoldReason::PersonalAccount.into();
        assert_ok!(Balances::hold(&reason, &own(BOB), 1));
        assert!(Insurance::check_invariants().is_err());
    });
}

#[test]
fn only_its_insurer_credits_an_account_with_money_it_has() {
    run(|| {
        for stranger in [staff(OTHER_INSURER), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(call(stranger, crediting(1)), Error::<Test>::NotItsInsurer);
        }
        let insurer = staff(INSURER);
        assert_noop!(call(insurer, crediting(0)), Error::<Test>::BadAmount);
        assert_noop!(
            call(insurer, crediting(MEMBER_FUNDS_FEN)),
            Error::<Test>::FundTooSmall
        );
        assert_noop!(
            call(insurer, crediting(Balance::MAX)),
            Error::<Test>::FundTooSmall
        );
        let unknown = Call::credit_account {
            coverage: CoverageId(9),
            amount_fen: 1,
        };
        assert_noop!(call(insurer, unknown), Error::<Test>::UnknownCoverage);
        assert_ok!(call(insurer, crediting(MEMBER_FUNDS_FEN - 1)));
    });
}

#[test]
fn an_account_is_the_patients_while_the_coverage_lasts() {
    run(|| {
        credit(OF_ALICE, 500);
        let insurer = staff(INSURER);
        let refused = || release(AccountHeir::Insurer);
        assert_noop!(call(insurer, refused()), Error::<Test>::CoverageLasts);
        let end = |until| Call::set_coverage_end {
            coverage: OF_ALICE,
            until: Some(until),
        };
        // The last day is part of it.
        assert_ok!(call(insurer, end(TODAY)));
        assert_noop!(call(insurer, refused()), Error::<Test>::CoverageLasts);
        Now::set(ahead(1).start());
        for stranger in [staff(OTHER_INSURER), own(ALICE)] {
            assert_noop!(call(stranger, refused()), Error::<Test>::NotItsInsurer);
        }
        assert_ok!(call(insurer, refused()));
        assert_noop!(call(insurer, refused()), Error::<Test>::AccountEmpty);
    });
}

#[test]
fn the_rest_goes_to_the_patient_or_back_to_the_insurer() {
    for (heir, fund_fen, patient_fen) in [
        (
            AccountHeir::Patient,
            MEMBER_FUNDS_FEN - 500,
            PATIENT_FUNDS_FEN + 500,
        ),
        (AccountHeir::Insurer, MEMBER_FUNDS_FEN, PATIENT_FUNDS_FEN),
    ] {
        run(|| {
            credit(OF_ALICE, 500);
            end_coverage();
            assert_ok!(call(staff(INSURER), release(heir)));
            assert_eq!((free(FUND), free(own(ALICE))), (fund_fen, patient_fen));
            assert_eq!((held(FUND), stored(OF_ALICE).account), (0, None));
            assert_eq!(
                events(),
                [Event::AccountReleased {
                    coverage: OF_ALICE,
                    amount_fen: 500,
                    heir
                }]
            );
        });
    }
}

#[test]
fn accounts_survive_a_new_main_account_of_the_insurer() {
    run(|| {
        let new = 1_903;
        credit(OF_ALICE, 1_000);
        credit(OF_BOB, 70);
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::mint_into(&new, 5_000_000)
        );
        Moved::set([(INSURER, new)].into());
        // Drawn from where it is.
        let invoice = put(1, outpatient(300));
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 300)));
        assert_eq!((held(FUND), held(new)), (770, 0));
        // Moved when something is added.
        credit(OF_ALICE, 5);
        assert_eq!((held(FUND), held(new)), (70, 705));
        assert_eq!(stored(OF_ALICE).account_fen(), 705);
        // And when a settlement is taken back.
        credit(OF_BOB, 1);
        assert_eq!((held(FUND), held(new)), (0, 776));
        let reverse = Call::reverse {
            settlement: xinglin_primitives::SettlementId(0),
        };
        assert_ok!(call(staff(HOSPITAL), reverse));
        assert_eq!((held(FUND), held(new)), (0, 1_076));
        end_coverage();
        assert_ok!(call(staff(INSURER), release(AccountHeir::Insurer)));
        assert_eq!(held(new), 71);
    });
}
