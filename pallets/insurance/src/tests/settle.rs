//! Settling.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{time::Date, Hash, InvoiceId, SettlementId};

use crate::{
    computation::{Accumulators, Split, Track},
    mock::*,
    types::SettlementState,
    Call, Error, Event, InvoiceFiles,
};

/// The insurer's main account.
const FUND: AccountId = 1_003;

#[test]
fn the_fund_pays_the_member_at_once() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        let id = settle(invoice);
        // (3,000 − 1,000) × 70 %.
        let split = Split {
            total_fen: 300_000,
            eligible_fen: 300_000,
            deductible_fen: 100_000,
            pool_fen: 140_000,
            cash_fen: 160_000,
            starts_admission: true,
            ..Split::default()
        };
        let it = settled(id);
        assert_eq!(it.split, split);
        assert_eq!(
            (it.invoice, it.coverage, it.member),
            (invoice, OF_ALICE, HOSPITAL)
        );
        assert_eq!((it.to_member_fen, it.to_patient_fen()), (140_000, 0));
        assert_eq!((it.version, it.year()), (ago(1_095), 2024));
        assert_eq!(it.state, SettlementState::Live);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 140_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 140_000);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        assert_eq!(bill(invoice).covered_fen, 140_000);
        let expected = Accumulators {
            outpatient: Track {
                admissions: 1,
                latest: Some(crate::computation::Admission {
                    visit: None,
                    eligible_fen: 300_000,
                    deductible_fen: 100_000,
                }),
                eligible_fen: 300_000,
                deductible_fen: 100_000,
                pool_fen: 140_000,
            },
            cash_fen: 160_000,
            total_fen: 300_000,
            ..Accumulators::default()
        };
        assert_eq!(this_year(OF_ALICE), expected);
        assert_eq!(
            events(),
            [Event::Settled {
                settlement: id,
                invoice,
                coverage: OF_ALICE,
                fund_fen: 140_000,
                account_fen: 0,
                cash_fen: 160_000,
                to_member_fen: 140_000,
                to_patient_fen: 0,
            }]
        );
    });
}

#[test]
fn the_account_pays_what_the_patient_allows_and_the_rest_is_paid_from_her_balance() {
    run(|| {
        credit(OF_ALICE, 50_000);
        events();
        let invoice = put(7, outpatient(300_000));
        let with_payment = Call::settle {
            invoice,
            coverage: OF_ALICE,
            account_max_fen: 30_000,
            payment: Some(Hash::repeat_byte(1)),
        };
        assert_ok!(call(carer(ALICE), with_payment));
        let it = settled(SettlementId(0));
        assert_eq!((it.split.account_fen, it.split.cash_fen), (30_000, 130_000));
        assert_eq!(it.to_member_fen, 170_000);
        assert_eq!(stored(OF_ALICE).account_fen(), 20_000);
        assert_eq!(held(FUND), 20_000);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 50_000 - 140_000);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN - 130_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 300_000);
        assert_eq!(bill(invoice).paid_fen, 130_000);
    });
}

#[test]
fn the_account_pays_no_more_than_it_has_or_is_needed() {
    run(|| {
        credit(OF_ALICE, 50_000);
        put(1, outpatient(40_000));
        assert_ok!(call(
            own(ALICE),
            settlement(InvoiceId(1), OF_ALICE, u128::MAX)
        ));
        assert_eq!(settled(SettlementId(0)).split.account_fen, 40_000);
        put(
            2,
            MockBill {
                service: (ago(2), ago(2)),
                ..outpatient(40_000)
            },
        );
        assert_ok!(call(
            own(ALICE),
            settlement(InvoiceId(2), OF_ALICE, u128::MAX)
        ));
        let it = settled(SettlementId(1));
        assert_eq!((it.split.account_fen, it.split.cash_fen), (10_000, 30_000));
        assert_eq!(stored(OF_ALICE).account, None);
        assert_eq!(held(FUND), 0);
    });
}

#[test]
fn a_deposit_comes_back_to_the_patient() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = put(7, outpatient(300_000));
        // Her part is 160,000.
        touch(invoice, |bill| bill.paid_fen = 200_000);
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 50_000)));
        let it = settled(SettlementId(0));
        assert_eq!((it.split.account_fen, it.split.cash_fen), (0, 160_000));
        assert_eq!((it.to_member_fen, it.to_patient_fen()), (100_000, 40_000));
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 40_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 100_000);
    });
}

#[test]
fn what_was_paid_before_is_not_paid_again_from_the_account() {
    run(|| {
        credit(OF_ALICE, 500_000);
        let invoice = put(7, outpatient(300_000));
        touch(invoice, |bill| bill.paid_fen = 100_000);
        let all = Call::settle {
            invoice,
            coverage: OF_ALICE,
            account_max_fen: u128::MAX,
            payment: Some(Hash::repeat_byte(1)),
        };
        assert_ok!(call(own(ALICE), all));
        let it = settled(SettlementId(0));
        assert_eq!((it.split.account_fen, it.split.cash_fen), (60_000, 100_000));
        assert_eq!((it.to_member_fen, it.to_patient_fen()), (200_000, 0));
        // Nothing was left to pay.
        assert_eq!(bill(invoice).paid_fen, 100_000);
    });
}

#[test]
fn of_the_account_others_than_the_patient_allow_so_much() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let (invoice, paid) = (put(7, outpatient(300_000)), put(8, outpatient(300_000)));
        pay_outside(paid);
        let claim = |account_max_fen| Call::claim {
            invoice: paid,
            coverage: OF_ALICE,
            account_max_fen,
        };
        let too_much = DELEGATED_MAX_FEN + 1;
        for asked in [settlement(invoice, OF_ALICE, too_much), claim(too_much)] {
            assert_noop!(
                call(carer(ALICE), asked),
                Error::<Test>::AboveDelegatedLimit
            );
        }
        assert_eq!(stored(OF_ALICE).account_fen(), 50_000);
        let within = settlement(invoice, OF_ALICE, DELEGATED_MAX_FEN);
        assert_ok!(call(carer(ALICE), within));
        assert_eq!(stored(OF_ALICE).account_fen(), 50_000 - DELEGATED_MAX_FEN);
        // Taken back, she allows all of it herself.
        let reverse = Call::reverse {
            settlement: SettlementId(0),
        };
        assert_ok!(call(staff(HOSPITAL), reverse));
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, too_much)));
        assert_eq!(stored(OF_ALICE).account_fen(), 50_000 - too_much);
    });
}

#[test]
fn staff_settle_without_money_of_the_patient() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = put(7, outpatient(300_000));
        let by_staff = |account_max_fen, payment| Call::settle {
            invoice,
            coverage: OF_ALICE,
            account_max_fen,
            payment,
        };
        let payment = Some(Hash::repeat_byte(1));
        for hers in [by_staff(1, None), by_staff(0, payment)] {
            assert_noop!(call(staff(HOSPITAL), hers), Error::<Test>::NeedsPatient);
        }
        assert_ok!(call(staff(HOSPITAL), by_staff(0, None)));
        assert_eq!(bill(invoice).covered_fen, 140_000);
    });
}

#[test]
fn a_stay_belongs_to_the_version_and_the_year_of_its_last_day() {
    run(|| {
        // 2024-01-01 is day 19,723.
        let stay = put(1, inpatient(1_000_000, Date(19_720), Date(19_724)));
        let before = put(2, inpatient(1_000_000, Date(19_720), Date(19_722)));
        let before = MockBill {
            member: CLINIC,
            ..bill(before)
        };
        let id = settle(stay);
        assert_eq!(settled(id).year(), 2024);
        assert_eq!(this_year(OF_ALICE).inpatient.admissions, 1);
        Now::set(TODAY.start());
        // Overlapping stays are flagged; one of the year before that does not overlap is not.
        let other = put(
            3,
            MockBill {
                service: (Date(19_700), Date(19_720)),
                ..before
            },
        );
        let id = settle(other);
        assert_eq!(settled(id).year(), 2023);
        assert_eq!(settled(id).split.deductible_fen, 130_000);
        assert_eq!(this_year(OF_ALICE).inpatient.admissions, 1);
    });
}

#[test]
fn later_admissions_of_a_year_have_their_own_deductible() {
    run(|| {
        let first = put(1, inpatient(1_000_000, ago(90), ago(80)));
        let second = put(2, inpatient(1_000_000, ago(70), ago(60)));
        let third = put(3, inpatient(1_000_000, ago(50), ago(40)));
        let deductibles =
            [first, second, third].map(|invoice| settled(settle(invoice)).split.deductible_fen);
        assert_eq!(deductibles, [130_000, 65_000, 65_000]);
    });
}

#[test]
fn settlements_of_one_visit_are_one_admission() {
    run(|| {
        let visit = visit(5, xinglin_primitives::glue::VisitState::Arrived);
        let part = |id, price_fen, from, to| {
            put(
                id,
                MockBill {
                    visit: Some(visit),
                    ..inpatient(price_fen, from, to)
                },
            )
        };
        let first = settle(part(1, 100_000, ago(20), ago(15)));
        let second = settle(part(2, 100_000, ago(15), ago(10)));
        assert_eq!(settled(first).split.deductible_fen, 100_000);
        assert_eq!(settled(second).split.deductible_fen, 30_000);
        assert_eq!(this_year(OF_ALICE).inpatient.admissions, 1);
    });
}

#[test]
fn a_file_knows_the_settlement() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        let id = settle(invoice);
        let file = InvoiceFiles::<Test>::get(invoice);
        assert_eq!((file.settlement, file.claim), (Some(id), None));
    });
}
