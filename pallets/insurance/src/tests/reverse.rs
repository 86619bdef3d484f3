//! Taking settlements back.

use frame_support::{assert_noop, assert_ok, traits::tokens::Preservation};
use xinglin_primitives::{InvoiceId, SettlementId};

use crate::{
    computation::Accumulators, mock::*, types::SettlementState, Call, Charges, Error, Event,
    Services, Stays,
};

const FUND: AccountId = 1_003;

fn reversal(settlement: SettlementId) -> Call<Test> {
    Call::reverse { settlement }
}

fn reverse(settlement: SettlementId) {
    assert_ok!(call(staff(HOSPITAL), reversal(settlement)));
}

fn give_away(from: AccountId, fen: u128) {
    use frame_support::traits::fungible::Mutate;
    assert_ok!(Balances::transfer(&from, &9, fen, Preservation::Preserve));
}

#[test]
fn everything_is_as_it_was() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = put(7, inpatient(300_000, ago(9), ago(1)));
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 20_000)));
        events();
        let id = SettlementId(0);
        reverse(id);
        assert_eq!(
            events(),
            [Event::Reversed {
                settlement: id,
                invoice,
                coverage: OF_ALICE,
                fund_fen: 144_500,
                account_fen: 20_000,
            }]
        );
        assert_eq!(settled(id).state, SettlementState::Reversed);
        assert_eq!(this_year(OF_ALICE), Accumulators::default());
        assert_eq!(bill(invoice).settlement, None);
        assert_eq!(bill(invoice).covered_fen, 0);
        assert_eq!(
            (stored(OF_ALICE).account_fen(), held(FUND)),
            (50_000, 50_000)
        );
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 50_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
        assert_eq!(Charges::<Test>::iter().count(), 0);
        assert_eq!(Services::<Test>::iter().count(), 0);
        assert_eq!(Stays::<Test>::iter().count(), 0);
        // It can be settled again, and is not taken for a duplicate.
        assert_eq!(settle(invoice), SettlementId(1));
        assert_eq!(settled(SettlementId(1)).previous_of_invoice, Some(id));
    });
}

#[test]
fn the_last_comes_first() {
    run(|| {
        let ids: Vec<_> = (1..4)
            .map(|n| {
                let served = MockBill {
                    service: (ago(n), ago(n)),
                    ..outpatient(60_000)
                };
                settle(put(n.into(), served))
            })
            .collect();
        // 100,000 are the deductible; of the rest the fund pays 70 %: nothing, 14,000 and 42,000.
        let paid_fen = |fen| {
            assert_eq!(free(FUND), MEMBER_FUNDS_FEN - fen);
            assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + fen);
            assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        };
        for early in [ids[0], ids[1]] {
            assert_noop!(
                call(staff(INSURER), reversal(early)),
                Error::<Test>::NotLatest
            );
        }
        paid_fen(56_000);
        reverse(ids[2]);
        paid_fen(14_000);
        assert_noop!(
            call(staff(HOSPITAL), reversal(ids[2])),
            Error::<Test>::AlreadyReversed
        );
        assert_noop!(
            call(staff(HOSPITAL), reversal(ids[0])),
            Error::<Test>::NotLatest
        );
        reverse(ids[1]);
        let again = settle(InvoiceId(2));
        assert_noop!(
            call(staff(HOSPITAL), reversal(ids[0])),
            Error::<Test>::NotLatest
        );
        reverse(again);
        reverse(ids[0]);
        assert_eq!(this_year(OF_ALICE), Accumulators::default());
        paid_fen(0);
    });
}

#[test]
fn the_member_or_the_insurer_reverses() {
    run(|| {
        let id = settle(put(1, outpatient(300_000)));
        for stranger in [
            own(ALICE),
            carer(ALICE),
            staff(CLINIC),
            staff(OTHER_INSURER),
            staff(REGULATOR),
        ] {
            assert_noop!(call(stranger, reversal(id)), Error::<Test>::NotParty);
        }
        assert_noop!(
            call(staff(HOSPITAL), reversal(SettlementId(1))),
            Error::<Test>::UnknownSettlement
        );
        assert_ok!(call(staff(INSURER), reversal(id)));
    });
}

#[test]
fn a_claim_is_taken_back_from_the_patient_or_not_at_all() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = put(7, outpatient(300_000));
        pay_outside(invoice);
        let claim = Call::claim {
            invoice,
            coverage: OF_ALICE,
            account_max_fen: 20_000,
        };
        assert_ok!(call(own(ALICE), claim));
        give_away(own(ALICE), PATIENT_FUNDS_FEN + 1);
        assert_eq!(free(own(ALICE)), 159_999);
        assert_noop!(
            call(staff(INSURER), reversal(SettlementId(0))),
            Error::<Test>::PatientTooPoor
        );
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::mint_into(&own(ALICE), 1)
        );
        assert_ok!(call(staff(INSURER), reversal(SettlementId(0))));
        assert_eq!(free(own(ALICE)), 0);
        assert_eq!(held(FUND), 50_000);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 50_000);
    });
}

#[test]
fn a_member_without_the_money_reverses_nothing() {
    run(|| {
        let id = settle(put(1, outpatient(300_000)));
        give_away(main_account(HOSPITAL), MEMBER_FUNDS_FEN + 1);
        assert_noop!(
            call(staff(INSURER), reversal(id)),
            Error::<Test>::MemberTooPoor
        );
    });
}

#[test]
fn a_deposit_that_came_back_is_taken_back_too() {
    run(|| {
        let invoice = put(7, outpatient(300_000));
        touch(invoice, |bill| bill.paid_fen = 200_000);
        let id = settle(invoice);
        reverse(id);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN);
    });
}

#[test]
fn a_held_scheme_and_a_suspended_insurer_get_their_money_back() {
    run(|| {
        let id = settle(put(1, outpatient(300_000)));
        assert_ok!(Insurance::set_scheme_hold(SCHEME, true));
        Suspended::set([INSURER].into());
        reverse(id);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN);
    });
}
