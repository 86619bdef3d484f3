//! Random sequences of invoices, payments, receipts, refunds and settlements: the pallet and the
//! reference model agree on every one, balances are equal to the fen after each, and the invariants
//! hold.

use std::{cell::RefCell, collections::BTreeMap};

use frame_support::{
    storage::with_storage_layer,
    traits::{fungible::Mutate, tokens::Preservation},
    BoundedVec,
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{RngSeed, TestRunner},
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{glue::Invoices, Balance, InvoiceId, MemberId, PatientId, SettlementId};

use super::model::{Model, Reasons, What};
use crate::{
    mock::*,
    types::{LinePart, ProviderId, Reason, RefundOf},
    Call,
};

const CASES: u32 = 96;
/// The invariants look at everything there is: not after each step.
const CHECKED_EVERY: usize = 8;
const STEPS: std::ops::Range<usize> = 30..90;

/// Which account of those that deal with an invoice signs.
#[derive(Clone, Copy, Debug)]
enum Signer {
    Own,
    Carer,
    Stranger,
}

#[derive(Clone, Debug)]
enum Step {
    Issue(MemberId, PatientId, Vec<(u64, u32)>),
    Pay(Signer, usize, Balance, u64),
    /// What is due, in whole.
    PayRest(usize, u64),
    /// The last payment once more.
    PayAgain,
    Outside(ProviderId, usize, Balance, u64),
    Cancel(usize),
    Cover(usize, u64, Balance),
    Uncover(usize, u64),
    Refund(usize, What, u64),
    /// The last refund once more.
    RefundAgain,
    /// The member spends all but so much.
    Spend(MemberId, Balance),
}

fn any_what() -> impl Strategy<Value = What> {
    let part = (0usize..4, 0u32..3, 0u128..700);
    prop_oneof![
        3 => Just(What::Everything),
        2 => proptest::collection::vec(0usize..4, 0..3).prop_map(What::Lines),
        4 => proptest::collection::vec(part, 0..3).prop_map(What::Parts),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let member = select(vec![HOSPITAL, CLINIC]);
    let patient = select(vec![ALICE, BOB]);
    let signer = select(vec![
        Signer::Own,
        Signer::Own,
        Signer::Own,
        Signer::Carer,
        Signer::Stranger,
    ]);
    let provider = select(vec![WALLET, CARD]);
    let price = prop_oneof![4 => 1u64..700, 1 => 2_000u64..4_000];
    let lines = proptest::collection::vec((price, 1u32..4), 1..4);
    let fen = prop_oneof![1 => Just(0), 8 => 1u128..500, 3 => 500u128..4_000];
    let (n, id) = (0usize..8, 0u64..40);
    prop_oneof![
        3 => (member.clone(), patient, lines).prop_map(|(m, p, l)| Step::Issue(m, p, l)),
        5 => (signer, n.clone(), fen.clone(), id.clone())
            .prop_map(|(s, n, fen, id)| Step::Pay(s, n, fen, id)),
        3 => (n.clone(), id.clone()).prop_map(|(n, id)| Step::PayRest(n, id)),
        1 => Just(Step::PayAgain),
        3 => (provider, n.clone(), fen.clone(), id.clone())
            .prop_map(|(p, n, fen, id)| Step::Outside(p, n, fen, id)),
        1 => n.clone().prop_map(Step::Cancel),
        3 => (n.clone(), 0u64..2, fen.clone()).prop_map(|(n, s, fen)| Step::Cover(n, s, fen)),
        3 => (n.clone(), 0u64..2).prop_map(|(n, s)| Step::Uncover(n, s)),
        5 => (n, any_what(), id).prop_map(|(n, what, id)| Step::Refund(n, what, id)),
        1 => Just(Step::RefundAgain),
        1 => (member, fen).prop_map(|(m, fen)| Step::Spend(m, fen)),
    ]
}

/// How often each outcome occurred: a step's name and its error, or "ok".
type Outcomes = BTreeMap<(&'static str, String), usize>;

/// Takes steps on both sides.
struct Pair<'a> {
    model: Model,
    ids: Vec<InvoiceId>,
    last_payment: Option<(AccountId, usize, Balance, u64)>,
    last_refund: Option<(usize, What, u64)>,
    outcomes: &'a RefCell<Outcomes>,
}

impl Pair<'_> {
    fn take(&mut self, step: Step) {
        if let Step::Issue(member, patient, lines) = step {
            let mut invoice = charge(&lines);
            invoice.patient = patient;
            self.ids.push(issue(member, invoice));
            return self.model.issue(member, patient, lines);
        }
        if self.ids.is_empty() {
            return;
        }
        let nth = |n: usize| n % self.ids.len();
        match step {
            Step::Issue(..) => (),
            Step::Pay(signer, n, fen, id) => {
                let n = nth(n);
                let patient = self.model.invoices[n].patient;
                let by = match signer {
                    Signer::Own => own(patient),
                    Signer::Carer => carer(patient),
                    Signer::Stranger => STRANGER,
                };
                self.pay("pay", by, n, fen, id);
            }
            Step::PayRest(n, id) => {
                let n = nth(n);
                let invoice = &self.model.invoices[n];
                self.pay("pay", own(invoice.patient), n, invoice.due(), id);
            }
            Step::PayAgain => {
                if let Some((by, n, fen, id)) = self.last_payment {
                    let before = self.model.free.clone();
                    self.pay("pay again", by, n, fen, id);
                    assert_eq!(self.model.free, before);
                }
            }
            Step::Outside(provider, n, fen, number) => {
                let n = nth(n);
                let reasons = self.model.pay_outside(provider, n, fen, number);
                let receipt = receipt(provider, number, self.ids[n], fen);
                let by = staff(self.model.invoices[n].member);
                self.agree("outside", call(by, outside(&receipt)), reasons);
            }
            Step::Cancel(n) => {
                let n = nth(n);
                let cancel = Call::cancel_invoice {
                    invoice: self.ids[n],
                    reason: Reason::Other,
                };
                let reasons = self.model.cancel(n);
                let by = staff(self.model.invoices[n].member);
                self.agree("cancel", call(by, cancel), reasons);
            }
            Step::Cover(n, settlement, fen) => {
                let n = nth(n);
                let reasons = self.model.cover(n, settlement, fen);
                let result = with_storage_layer(|| {
                    <Payments as Invoices<_>>::cover(self.ids[n], SettlementId(settlement), fen)
                });
                self.agree("cover", result, reasons);
            }
            Step::Uncover(n, settlement) => {
                let n = nth(n);
                let reasons = self.model.uncover(n, settlement);
                let result = with_storage_layer(|| {
                    <Payments as Invoices<_>>::uncover(self.ids[n], SettlementId(settlement))
                });
                self.agree("uncover", result, reasons);
            }
            Step::Refund(n, what, id) => self.refund("refund", nth(n), what, id),
            Step::RefundAgain => {
                if let Some((n, what, id)) = self.last_refund.clone() {
                    let before = self.model.free.clone();
                    self.refund("refund again", n, what, id);
                    assert_eq!(self.model.free, before);
                }
            }
            Step::Spend(member, keep) => self.spend(member, keep),
        }
    }

    fn pay(&mut self, name: &'static str, by: AccountId, n: usize, fen: Balance, id: u64) {
        let reasons = self.model.pay(by, n, fen, id);
        if reasons.is_empty() {
            self.last_payment = Some((by, n, fen, id));
        }
        self.agree(name, call(by, payment(self.ids[n], fen, id)), reasons);
    }

    fn refund(&mut self, name: &'static str, n: usize, what: What, id: u64) {
        let reasons = self.model.refund(n, what.clone(), id);
        if reasons.is_empty() {
            self.last_refund = Some((n, what.clone(), id));
        }
        let by = staff(self.model.invoices[n].member);
        let refund = refund_of(self.ids[n], as_asked(&what), id);
        self.agree(name, call(by, refund), reasons);
    }

    fn spend(&mut self, member: MemberId, keep: Balance) {
        let (from, to) = (main_account(member), main_account(BANK));
        let spent = free(from).saturating_sub(keep);
        if spent > 0 {
            Balances::transfer(&from, &to, spent, Preservation::Expendable).unwrap();
            self.model.transfer(from, to, spent);
        }
    }

    fn agree(&self, name: &'static str, result: DispatchResult, reasons: Reasons) {
        let outcome = match result {
            Ok(()) => {
                assert!(reasons.is_empty(), "{name} should fail: {reasons:?}");
                "ok".to_string()
            }
            Err(error) => {
                let expected: Vec<DispatchError> =
                    reasons.into_iter().map(DispatchError::from).collect();
                assert!(expected.contains(&error), "{name}: {error:?}, {expected:?}");
                match error {
                    DispatchError::Module(module) => module.message.unwrap().to_string(),
                    other => format!("{other:?}"),
                }
            }
        };
        *self
            .outcomes
            .borrow_mut()
            .entry((name, outcome))
            .or_default() += 1;
    }

    /// Every balance, and every invoice, is the same on both sides.
    fn compare(&self) {
        for (account, balance) in &self.model.free {
            assert_eq!(free(*account), *balance, "account {account}");
        }
        for (id, invoice) in self.ids.iter().zip(&self.model.invoices) {
            let status = Payments::status_of(*id).unwrap();
            let tally = status.invoice.tally;
            assert_eq!(
                (tally.paid_fen, tally.covered_fen, tally.refunded_fen),
                (invoice.paid(), invoice.covered(), invoice.refunded())
            );
            assert_eq!(
                (status.state, status.due_fen),
                (invoice.state(), invoice.due())
            );
        }
    }
}

fn as_asked(what: &What) -> RefundOf {
    match what {
        What::Everything => RefundOf::Everything,
        What::Lines(lines) => RefundOf::Lines(BoundedVec::truncate_from(
            lines.iter().map(|line| *line as u8).collect(),
        )),
        What::Parts(parts) => RefundOf::Parts(BoundedVec::truncate_from(
            parts
                .iter()
                .map(|(line, quantity, amount_fen)| LinePart {
                    line: *line as u8,
                    quantity: *quantity,
                    amount_fen: *amount_fen,
                })
                .collect(),
        )),
    }
}

#[test]
fn the_pallet_does_what_the_model_says() {
    let outcomes = RefCell::new(Outcomes::new());
    // The same sequences in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    });
    let sequences = proptest::collection::vec(any_step(), STEPS);
    let result = runner.run(&sequences, |steps| {
        ext().execute_with(|| {
            let mut pair = Pair {
                model: Model::new(),
                ids: Vec::new(),
                last_payment: None,
                last_refund: None,
                outcomes: &outcomes,
            };
            for (n, step) in steps.into_iter().enumerate() {
                pair.take(step);
                pair.compare();
                if n % CHECKED_EVERY == 0 {
                    check();
                }
            }
            check();
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    everything_happened(&outcomes.into_inner());
}

/// The sequences are worth something only if they reach every rule.
fn everything_happened(outcomes: &Outcomes) {
    let expected: &[(&str, &[&str])] = &[
        (
            "pay",
            &[
                "ok",
                "NotForPatient",
                "PaymentIdUsed",
                "AboveDelegatedLimit",
                "ZeroAmount",
                "WrongState",
                "Overpaid",
            ],
        ),
        ("pay again", &["ok"]),
        (
            "outside",
            &["ok", "ReceiptUsed", "WrongState", "Overpaid", "ZeroAmount"],
        ),
        ("cancel", &["ok", "WrongState", "Settled"]),
        ("cover", &["ok", "Settled", "WrongState", "Overpaid"]),
        ("uncover", &["ok", "NotSettledBy"]),
        (
            "refund",
            &[
                "ok",
                "RefundIdUsed",
                "BadParts",
                "ExceedsLine",
                "ExceedsInvoice",
                "Settled",
                "NotPaid",
                "WrongState",
                "MemberCannotPay",
            ],
        ),
        ("refund again", &["ok"]),
    ];
    let missing: Vec<_> = expected
        .iter()
        .flat_map(|(step, results)| results.iter().map(move |result| (*step, *result)))
        .filter(|(step, result)| !outcomes.contains_key(&(*step, result.to_string())))
        .collect();
    assert!(
        missing.is_empty(),
        "never happened: {missing:?}; happened: {outcomes:#?}"
    );
}
