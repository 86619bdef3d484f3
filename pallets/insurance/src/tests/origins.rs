//! Every call refuses the origins that can never make it, and accounts of nobody.

use frame_support::{assert_noop, assert_ok, traits::GetCallName, BoundedVec};
use sp_runtime::DispatchError::{self, BadOrigin};
use xinglin_primitives::{glue::OnRefund, ClaimId, InvoiceId, PatientId, SettlementId};

use super::encoding::all_calls;
use crate::{
    mock::*,
    norms::Norms,
    types::{AccountHeir, Decision},
    Call, Error,
};

/// An account of no party.
const STRANGER: AccountId = 9_999;
/// Was settled, taken back and refunded; the insurer has to review it.
const REFUNDED: InvoiceId = InvoiceId(1);
/// Nothing has happened to it.
const UNPAID: InvoiceId = InvoiceId(5);
/// The patient has paid all of it.
const PAID: InvoiceId = InvoiceId(6);
/// Can be reversed.
const LIVE: SettlementId = SettlementId(1);
/// Waits for the insurer.
const OPEN: ClaimId = ClaimId(0);
/// Can be appealed.
const DENIED: ClaimId = ClaimId(1);

/// Makes one of everything that a call is about, in a state in which its party could make the call.
fn prepare() {
    let norms = Norms {
        refund_days: Some(10),
        ..Norms::default()
    };
    assert_ok!(set_norms(norms));
    let of_day = |days, items: &[u8]| super::flags::on(ago(days), items);
    let settlement = settle(put(REFUNDED.0, of_day(1, &[1])));
    assert_ok!(call(staff(HOSPITAL), Call::reverse { settlement }));
    touch(REFUNDED, |bill| bill.is_open = false);
    Insurance::on_refund(REFUNDED, 1);
    assert_eq!(settle(put(2, of_day(2, &[1]))), LIVE);
    assert_eq!(flag(put(3, of_day(3, &[1, 1]))), OPEN);
    assert_eq!(flag(put(4, of_day(4, &[1, 1]))), DENIED);
    let deny = Call::decide {
        claim: DENIED,
        decision: Decision::Deny,
        reason: 1,
    };
    assert_ok!(call(staff(INSURER), deny));
    put(UNPAID.0, of_day(5, &[1]));
    pay_outside(put(PAID.0, of_day(6, &[1])));
}

/// Every call about what is there, with what an account of nobody is told.
fn refusals() -> [(Call<Test>, DispatchError); 16] {
    let not_its_insurer = || Error::<Test>::NotItsInsurer.into();
    let not_for_patient = || Error::<Test>::NotForPatient.into();
    let (scheme, coverage) = (SCHEME, OF_ALICE);
    [
        (
            Call::create_scheme {
                code: BoundedVec::truncate_from(b"c".to_vec()),
                from: TODAY,
                parameters: Box::new(parameters()),
            },
            Error::<Test>::NotInsurer.into(),
        ),
        (
            Call::publish_version {
                scheme,
                from: ahead(1),
                parameters: Box::new(parameters()),
            },
            not_its_insurer(),
        ),
        (
            Call::close_scheme {
                scheme,
                last: TODAY,
            },
            not_its_insurer(),
        ),
        (
            Call::enrol {
                patient: PatientId(PATIENTS),
                scheme,
                insured: employed(),
                period: for_years(),
            },
            not_its_insurer(),
        ),
        (
            Call::change_standing {
                coverage,
                from: ahead(1),
                insured: employed(),
            },
            not_its_insurer(),
        ),
        (
            Call::set_coverage_end {
                coverage,
                until: Some(TODAY),
            },
            not_its_insurer(),
        ),
        (
            Call::credit_account {
                coverage,
                amount_fen: 5,
            },
            not_its_insurer(),
        ),
        (
            Call::release_account {
                coverage,
                heir: AccountHeir::Insurer,
            },
            not_its_insurer(),
        ),
        (settlement(UNPAID, coverage, 0), not_for_patient()),
        (
            Call::claim {
                invoice: PAID,
                coverage,
                account_max_fen: 0,
            },
            not_for_patient(),
        ),
        (
            Call::reverse { settlement: LIVE },
            Error::<Test>::NotParty.into(),
        ),
        (
            Call::decide {
                claim: OPEN,
                decision: Decision::Approve,
                reason: 1,
            },
            not_its_insurer(),
        ),
        (Call::appeal { claim: DENIED }, not_for_patient()),
        (Call::withdraw { claim: OPEN }, not_for_patient()),
        (
            Call::set_norms {
                norms: Norms::default(),
            },
            BadOrigin,
        ),
        (
            Call::review_refund {
                invoice: REFUNDED,
                reason: 1,
            },
            not_its_insurer(),
        ),
    ]
}

#[test]
fn what_is_signed_is_signed() {
    run(|| {
        for call in all_calls() {
            assert_noop!(dispatch(RuntimeOrigin::none(), call.clone()), BadOrigin);
            if !matches!(call, Call::set_norms { .. }) {
                assert_noop!(dispatch(RuntimeOrigin::root(), call), BadOrigin);
            }
        }
    });
}

#[test]
fn what_is_the_councils_is_the_councils() {
    run(|| {
        let set_norms = || Call::set_norms {
            norms: Norms::default(),
        };
        for account in MEMBERS.map(main_account).into_iter().chain([own(ALICE)]) {
            assert_noop!(call(account, set_norms()), BadOrigin);
        }
        // The council is the root in these tests.
        assert_ok!(dispatch(RuntimeOrigin::root(), set_norms()));
    });
}

#[test]
fn strangers_achieve_nothing() {
    run(|| {
        prepare();
        for (made, refusal) in refusals() {
            assert_noop!(call(STRANGER, made), refusal);
        }
    });
}

/// The refusals are about who asks: whoever may, can do the same to the same things.
#[test]
fn the_parties_achieve_what_strangers_do_not() {
    for (made, _) in refusals() {
        run(|| {
            prepare();
            let origin = match &made {
                Call::set_norms { .. } => RuntimeOrigin::root(),
                Call::settle { .. }
                | Call::claim { .. }
                | Call::appeal { .. }
                | Call::withdraw { .. } => RuntimeOrigin::signed(own(ALICE)),
                Call::reverse { .. } => RuntimeOrigin::signed(staff(HOSPITAL)),
                _ => RuntimeOrigin::signed(staff(INSURER)),
            };
            if matches!(made, Call::release_account { .. }) {
                end_with_rest();
            }
            assert_ok!(dispatch(origin, made));
        });
    }
}

/// Alice's coverage has ended and something is left on her account.
fn end_with_rest() {
    credit(OF_ALICE, 5);
    let until = Some(ago(1));
    let coverage = OF_ALICE;
    let end = Call::set_coverage_end { coverage, until };
    assert_ok!(call(staff(INSURER), end));
}

#[test]
fn these_are_all_calls() {
    let names = Call::<Test>::get_call_names();
    assert_eq!(all_calls().map(|call| call.get_call_name()), names);
    assert_eq!(refusals().map(|(call, _)| call.get_call_name()), names);
}
