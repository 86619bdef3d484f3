//! When nothing is settled.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;
use xinglin_primitives::{glue::Setting, time::Date, CoverageId, Hash, InvoiceId, SchemeId};

use crate::{mock::*, Call, Error, Event};

/// The insurer's main account.
const FUND: AccountId = 1_003;

#[test]
fn only_the_parties_settle() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        for stranger in [
            own(BOB),
            reader(ALICE),
            carer(BOB),
            staff(CLINIC),
            staff(INSURER),
            staff(REGULATOR),
        ] {
            assert_noop!(
                call(stranger, settlement(invoice, OF_ALICE, 0)),
                Error::<Test>::NotForPatient
            );
        }
    });
}

#[test]
fn the_rest_is_paid_or_nothing_is_done() {
    run(|| {
        let poor = put(7, outpatient(60_000_000));
        let pay = Call::settle {
            invoice: poor,
            coverage: OF_ALICE,
            account_max_fen: 0,
            payment: Some(Hash::repeat_byte(1)),
        };
        assert_noop!(call(own(ALICE), pay), TokenError::FundsUnavailable);
    });
}

#[test]
fn a_payment_id_that_was_used_settles_nothing() {
    run(|| {
        let pay = |invoice| Call::settle {
            invoice,
            coverage: OF_ALICE,
            account_max_fen: 0,
            payment: Some(Hash::repeat_byte(1)),
        };
        let first = put(1, outpatient(300_000));
        let other_day = MockBill {
            service: (ago(2), ago(2)),
            ..outpatient(300_000)
        };
        let second = put(2, other_day);
        assert_ok!(call(own(ALICE), pay(first)));
        assert_noop!(
            call(own(ALICE), pay(second)),
            sp_runtime::DispatchError::Other("used")
        );
    });
}

#[test]
fn what_does_not_exist_is_not_settled() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        assert_noop!(
            call(own(ALICE), settlement(InvoiceId(8), OF_ALICE, 0)),
            Error::<Test>::UnknownInvoice
        );
        assert_noop!(
            call(own(ALICE), settlement(invoice, CoverageId(9), 0)),
            Error::<Test>::UnknownCoverage
        );
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_BOB, 0)),
            Error::<Test>::OtherPatient
        );
    });
}

#[test]
fn an_invoice_is_settled_once_and_only_while_it_is_open() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        settle(invoice);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::AlreadySettled
        );
        let cancelled = put(8, outpatient(300_000));
        touch(cancelled, |bill| bill.is_open = false);
        assert_noop!(
            call(own(ALICE), settlement(cancelled, OF_ALICE, 0)),
            Error::<Test>::InvoiceNotOpen
        );
    });
}

#[test]
fn what_is_paid_in_full_is_claimed() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        pay_outside(invoice);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::PaidInFull
        );
    });
}

#[test]
fn the_last_service_day_must_be_covered() {
    run(|| {
        let served = |id, day: Date| {
            put(
                id,
                MockBill {
                    service: (day, day),
                    ..outpatient(300_000)
                },
            )
        };
        let early = served(1, ago(731));
        assert_noop!(
            call(own(ALICE), settlement(early, OF_ALICE, 0)),
            Error::<Test>::NotCovered
        );
        let first = served(2, ago(730));
        settle(first);
        let ahead = served(3, ahead(1));
        assert_noop!(
            call(own(ALICE), settlement(ahead, OF_ALICE, 0)),
            Error::<Test>::ServiceAhead
        );
        let end = |until| Call::set_coverage_end {
            coverage: OF_ALICE,
            until: Some(until),
        };
        assert_ok!(call(staff(INSURER), end(ago(3))));
        let last = served(4, ago(3));
        settle(last);
        let late = served(5, ago(2));
        assert_noop!(
            call(own(ALICE), settlement(late, OF_ALICE, 0)),
            Error::<Test>::NotCovered
        );
        // (3,000 − 1,000) × 70 % in one year, and again in the next.
        let paid_fen = 2 * 140_000;
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - paid_fen);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + paid_fen);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
    });
}

#[test]
fn nothing_is_settled_under_a_held_scheme_or_by_a_suspended_insurer() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        assert_ok!(Insurance::set_scheme_hold(SCHEME, true));
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::SchemeHeld
        );
        assert_ok!(Insurance::set_scheme_hold(SCHEME, false));
        Suspended::set([INSURER].into());
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::InsurerSuspended
        );
        Suspended::set([HOSPITAL].into());
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::ProviderSuspended
        );
        Suspended::set(Default::default());
        settle(invoice);
    });
}

#[test]
fn a_hold_is_once_and_of_a_scheme_that_exists() {
    run(|| {
        let scheme = SCHEME;
        assert_ok!(Insurance::set_scheme_hold(scheme, true));
        assert_ok!(Insurance::set_scheme_hold(scheme, true));
        assert_eq!(
            events(),
            [Event::SchemeHoldChanged {
                scheme,
                is_held: true
            }]
        );
        assert_noop!(
            Insurance::set_scheme_hold(SchemeId(1), true),
            Error::<Test>::UnknownScheme
        );
    });
}

#[test]
fn a_fund_that_is_too_small_pays_nothing() {
    run(|| {
        let invoice = put(7, inpatient(200_000_000, ago(9), ago(1)));
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::FundTooSmall
        );
        let untouched = || {
            assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
            assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        };
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN);
        untouched();
        // What is held for persons is not the fund's, and while anything is, one fen stays.
        credit(OF_BOB, MEMBER_FUNDS_FEN - 1_000_000);
        let served =
            |id, counted_fen: u64| put(id, inpatient(130_000 + counted_fen, ago(9), ago(1)));
        // 85 % of it are 1,000,000.35.
        let invoice = served(8, 1_176_471);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::FundTooSmall
        );
        assert_eq!(free(FUND), 1_000_000);
        untouched();
        settle(served(9, 1_176_470));
        assert_eq!(free(FUND), 1);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 999_999);
    });
}

#[test]
fn lines_that_cannot_be_computed_are_refused() {
    run(|| {
        let mut with_ratio = outpatient(100);
        with_ratio.lines[0].prepay_bp = 10_001;
        let invoice = put(1, with_ratio);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::BadLine
        );
        let mut too_large = outpatient(u64::MAX);
        too_large.lines[0].quantity = u32::MAX;
        let invoice = put(
            2,
            MockBill {
                setting: Setting::Inpatient,
                ..too_large
            },
        );
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::FundTooSmall
        );
    });
}

#[test]
fn a_closed_scheme_covers_what_was_served_until_then() {
    run(|| {
        let close = Call::close_scheme {
            scheme: SCHEME,
            last: TODAY,
        };
        assert_ok!(call(staff(INSURER), close));
        Now::set(ahead(5).start());
        let served = |id, day| {
            put(
                id,
                MockBill {
                    service: (day, day),
                    ..outpatient(300_000)
                },
            )
        };
        let late = served(2, ahead(1));
        assert_noop!(
            call(own(ALICE), settlement(late, OF_ALICE, 0)),
            Error::<Test>::SchemeClosed
        );
        settle(served(1, TODAY));
    });
}
