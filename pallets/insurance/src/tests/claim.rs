//! Claiming what the patient has paid in full (事后报销).

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{Balance, CoverageId, InvoiceId, SettlementId};

use crate::{mock::*, Call, Error};

const FUND: AccountId = 1_003;

fn claim(invoice: InvoiceId, account_max_fen: Balance) -> Call<Test> {
    Call::claim {
        invoice,
        coverage: OF_ALICE,
        account_max_fen,
    }
}

/// An invoice of one item, the same as the invoice's number, that is paid.
fn paid(id: u64, price_fen: u64) -> InvoiceId {
    let mut bill = outpatient(price_fen);
    bill.lines[0] = line(id as u8, price_fen);
    let invoice = put(id, bill);
    pay_outside(invoice);
    invoice
}

#[test]
fn fund_and_account_pay_the_patient() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = paid(7, 300_000);
        assert_ok!(call(carer(ALICE), claim(invoice, 20_000)));
        let it = settled(SettlementId(0));
        assert_eq!((it.split.pool_fen, it.split.account_fen), (140_000, 20_000));
        assert_eq!((it.to_member_fen, it.to_patient_fen()), (0, 160_000));
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 160_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 50_000 - 140_000);
        assert_eq!(held(FUND), 30_000);
        assert_eq!(bill(invoice).settlement, Some(SettlementId(0)));
        assert_eq!(bill(invoice).covered_fen, 0);
    });
}

#[test]
fn what_the_fund_does_not_pay_counts_towards_the_deductible() {
    run(|| {
        assert_ok!(call(own(ALICE), claim(paid(1, 60_000), 0)));
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        assert_ok!(call(own(ALICE), claim(paid(2, 60_000), 0)));
        assert_eq!(settled(SettlementId(1)).split.deductible_fen, 40_000);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 14_000);
    });
}

#[test]
fn only_the_patients_side_claims_and_only_what_is_paid_in_full() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        touch(invoice, |bill| bill.paid_fen = 299_999);
        assert_noop!(
            call(own(ALICE), claim(invoice, 0)),
            Error::<Test>::NotPaidInFull
        );
        pay_outside(invoice);
        for stranger in [own(BOB), reader(ALICE), staff(HOSPITAL), staff(INSURER)] {
            assert_noop!(
                call(stranger, claim(invoice, 0)),
                Error::<Test>::NotForPatient
            );
        }
        assert_noop!(
            call(own(ALICE), claim(InvoiceId(8), 0)),
            Error::<Test>::UnknownInvoice
        );
        let unknown = Call::claim {
            invoice,
            coverage: CoverageId(9),
            account_max_fen: 0,
        };
        assert_noop!(call(own(ALICE), unknown), Error::<Test>::UnknownCoverage);
        assert_ok!(call(own(ALICE), claim(invoice, 0)));
        assert_noop!(
            call(own(ALICE), claim(invoice, 0)),
            Error::<Test>::AlreadySettled
        );
    });
}

#[test]
fn a_suspended_member_is_no_reason_not_to_pay_the_patient_back() {
    run(|| {
        Suspended::set([HOSPITAL].into());
        assert_ok!(call(own(ALICE), claim(paid(7, 300_000), 0)));
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 140_000);
    });
}

#[test]
fn money_goes_to_the_account_that_the_patient_has_by_now() {
    run(|| {
        let new = 9_000;
        credit(OF_ALICE, 50_000);
        let invoice = paid(7, 300_000);
        Replaced::mutate(|all| all.insert(ALICE, new));
        assert_noop!(
            call(own(ALICE), claim(invoice, 0)),
            Error::<Test>::NotForPatient
        );
        assert_ok!(call(new, claim(invoice, 50_000)));
        assert_eq!((free(new), free(own(ALICE))), (190_000, PATIENT_FUNDS_FEN));
        // And is taken back from there.
        let reverse = Call::reverse {
            settlement: SettlementId(0),
        };
        assert_ok!(call(staff(INSURER), reverse));
        assert_eq!((free(new), free(own(ALICE))), (0, PATIENT_FUNDS_FEN));
        assert_eq!(
            (held(FUND), free(FUND)),
            (50_000, MEMBER_FUNDS_FEN - 50_000)
        );
    });
}

#[test]
fn a_fund_that_is_too_small_pays_nothing_back() {
    run(|| {
        let stay = put(1, inpatient(200_000_000, ago(9), ago(1)));
        pay_outside(stay);
        assert_noop!(
            call(own(ALICE), claim(stay, 0)),
            Error::<Test>::FundTooSmall
        );
    });
}
