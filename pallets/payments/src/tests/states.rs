//! The amounts and the state of an invoice.

use proptest::prelude::*;
use xinglin_primitives::{Balance, SettlementId};

use crate::states::{InvoiceState, Refusal, Step, Tally};

const A: SettlementId = SettlementId(1);
const B: SettlementId = SettlementId(2);

fn after(steps: &[Step]) -> Result<Tally, Refusal> {
    steps
        .iter()
        .try_fold(Tally::new(100), |tally, step| tally.after(*step))
}

fn leads_to(steps: &[Step], state: InvoiceState, due_fen: Balance) {
    let tally = after(steps).unwrap();
    assert_eq!(
        (tally.state(), tally.due_fen()),
        (state, due_fen),
        "{steps:?}"
    );
}

#[test]
fn steps_lead_to_states() {
    use InvoiceState::*;
    use Step::*;
    leads_to(&[], Issued, 100);
    leads_to(&[Cancel], Cancelled, 0);
    leads_to(&[Pay(1)], PartlyPaid, 99);
    leads_to(&[Pay(100)], Paid, 0);
    leads_to(&[Pay(60), Pay(40)], Paid, 0);
    leads_to(&[Cover(A, 0)], Issued, 100);
    leads_to(&[Cover(A, 70)], PartlyPaid, 30);
    leads_to(&[Cover(A, 100)], Balanced, 0);
    leads_to(&[Cover(A, 70), Pay(30)], Balanced, 0);
    leads_to(&[Pay(30), Cover(A, 70)], Balanced, 0);
    leads_to(&[Pay(100), Cover(A, 0)], Balanced, 0);
    leads_to(&[Pay(100), Cover(A, 0), Uncover(A)], Paid, 0);
    leads_to(&[Cover(A, 70), Pay(30), Uncover(A)], PartlyPaid, 70);
    leads_to(&[Cover(A, 70), Uncover(A)], Issued, 100);
    leads_to(&[Cover(A, 70), Uncover(A), Cancel], Cancelled, 0);
    leads_to(&[Pay(100), Refund(1)], PartlyRefunded, 0);
    leads_to(&[Pay(100), Refund(100)], Refunded, 0);
    leads_to(&[Pay(10), Refund(50)], PartlyRefunded, 40);
    leads_to(&[Pay(10), Refund(50), Refund(50)], Refunded, 0);
    leads_to(&[Pay(10), Refund(50), Pay(40)], PartlyRefunded, 0);
}

#[test]
fn impossible_steps_are_refused() {
    use Step::*;
    let cases: &[(&[Step], Refusal)] = &[
        (&[Pay(0)], Refusal::ZeroAmount),
        (&[Pay(101)], Refusal::Overpaid),
        (&[Pay(100), Pay(1)], Refusal::WrongState),
        (&[Cancel, Pay(1)], Refusal::WrongState),
        (&[Cancel, Cancel], Refusal::WrongState),
        (&[Cancel, Cover(A, 0)], Refusal::WrongState),
        (&[Cancel, Refund(1)], Refusal::WrongState),
        (&[Pay(1), Cancel], Refusal::WrongState),
        (&[Cover(A, 0), Cancel], Refusal::Settled),
        (&[Cover(A, 101)], Refusal::Overpaid),
        (&[Pay(40), Cover(A, 61)], Refusal::Overpaid),
        (&[Cover(A, 1), Cover(B, 1)], Refusal::Settled),
        (&[Cover(A, 1), Uncover(B)], Refusal::NotSettledBy),
        (&[Uncover(A)], Refusal::NotSettledBy),
        (&[Pay(1), Cover(A, 1), Refund(1)], Refusal::Settled),
        (&[Refund(1)], Refusal::NotPaid),
        (&[Pay(1), Refund(0)], Refusal::ZeroAmount),
        (&[Pay(1), Refund(101)], Refusal::ExceedsInvoice),
        (&[Pay(1), Refund(60), Refund(41)], Refusal::ExceedsInvoice),
        (&[Pay(1), Refund(1), Cover(A, 1)], Refusal::WrongState),
        (&[Pay(1), Refund(100), Pay(1)], Refusal::WrongState),
        (&[Pay(1), Refund(1), Cancel], Refusal::WrongState),
        (
            &[Pay(1), Refund(1), Refund(99), Cancel],
            Refusal::WrongState,
        ),
    ];
    for (steps, refusal) in cases {
        let (last, before) = steps.split_last().unwrap();
        let tally = after(before).unwrap();
        assert_eq!(tally.after(*last), Err(*refusal), "{steps:?}");
    }
}

#[test]
fn a_refund_gives_back_what_was_paid_beyond_the_rest() {
    let back = |paid, refund| {
        let before = after(&[Step::Pay(paid)]).unwrap();
        let after = before.after(Step::Refund(refund)).unwrap();
        before.paid_fen - after.paid_fen
    };
    assert_eq!(back(100, 30), 30);
    assert_eq!(back(60, 30), 0);
    assert_eq!(back(60, 40), 0);
    assert_eq!(back(60, 41), 1);
    assert_eq!(back(60, 100), 60);
}

fn any_step() -> impl Strategy<Value = Step> {
    let settlement = prop_oneof![Just(A), Just(B)];
    prop_oneof![
        (0u128..120).prop_map(Step::Pay),
        (settlement.clone(), 0u128..120).prop_map(|(s, fen)| Step::Cover(s, fen)),
        settlement.prop_map(Step::Uncover),
        (0u128..120).prop_map(Step::Refund),
        Just(Step::Cancel),
    ]
}

proptest! {
    /// Whatever happens, no more is paid, covered and refunded than charged, what is due is the
    /// rest, and cancelling is final.
    #[test]
    fn amounts_add_up(steps in proptest::collection::vec(any_step(), 0..30)) {
        let mut tally = Tally::new(100);
        for step in steps {
            let Ok(next) = tally.after(step) else { continue };
            prop_assert!(!tally.is_cancelled);
            tally = next;
            let sum = tally.paid_fen + tally.covered_fen + tally.refunded_fen;
            prop_assert!(sum <= tally.total_fen);
            if tally.is_cancelled {
                prop_assert_eq!((sum, tally.due_fen()), (0, 0));
            } else {
                prop_assert_eq!(tally.due_fen(), tally.total_fen - sum);
            }
        }
    }
}
