//! Random sequences of cases, requests and holds: the pallet and a reference model agree on every
//! one, what is stopped is what some case holds, and the invariants hold.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{RngSeed, TestRunner},
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{glue::Held, CaseId, DisclosureId, MemberId};

use crate::{mock::*, Call, Error, Holders};

const CASES: u32 = 96;
const STEPS: std::ops::Range<usize> = 30..90;

#[derive(Clone, Debug)]
enum Step {
    Open(MemberId),
    Close(MemberId, usize),
    Transfer(MemberId, usize, MemberId),
    Ask(MemberId, usize),
    Withdraw(MemberId, usize),
    Disclose(usize),
    Hold(MemberId, usize, Held),
    Lift(MemberId, usize, Held),
}

fn any_step() -> impl Strategy<Value = Step> {
    let who = select(vec![REGULATOR, REGULATOR, OTHER]);
    let held = select(vec![DOCTOR, ALICE, SCHEME]);
    let n = 0usize..6;
    prop_oneof![
        2 => who.clone().prop_map(Step::Open),
        2 => (who.clone(), n.clone()).prop_map(|(w, n)| Step::Close(w, n)),
        1 => (who.clone(), n.clone(), who.clone()).prop_map(|(w, n, to)| Step::Transfer(w, n, to)),
        3 => (who.clone(), n.clone()).prop_map(|(w, n)| Step::Ask(w, n)),
        2 => (who.clone(), n.clone()).prop_map(|(w, n)| Step::Withdraw(w, n)),
        3 => n.clone().prop_map(Step::Disclose),
        4 => (who.clone(), n.clone(), held.clone()).prop_map(|(w, n, h)| Step::Hold(w, n, h)),
        4 => (who, n, held).prop_map(|(w, n, h)| Step::Lift(w, n, h)),
    ]
}

type Outcomes = BTreeMap<(&'static str, String), usize>;

/// Everything the chain knows, the slow way.
#[derive(Default)]
struct Model {
    /// Regulator and whether it is closed.
    cases: Vec<(MemberId, bool)>,
    holds: BTreeSet<(usize, Held)>,
    /// Case, and whether it is open.
    requests: Vec<(usize, bool)>,
}

impl Model {
    fn against(&self, who: MemberId, n: usize) -> Vec<Error<Test>> {
        let (regulator, _) = self.cases[n];
        if regulator == who {
            vec![]
        } else {
            vec![Error::NotRegulator]
        }
    }

    fn against_open(&self, who: MemberId, n: usize) -> Vec<Error<Test>> {
        let mut reasons = self.against(who, n);
        if self.cases[n].1 {
            reasons.push(Error::CaseClosed);
        }
        reasons
    }

    fn is_held(&self, held: Held) -> bool {
        self.holds.iter().any(|(_, other)| *other == held)
    }
}

struct Pair<'a> {
    model: Model,
    outcomes: &'a RefCell<Outcomes>,
}

impl Pair<'_> {
    fn take(&mut self, step: Step) {
        if let Step::Open(who) = step {
            open(who);
            return self.model.cases.push((who, false));
        }
        if self.model.cases.is_empty() {
            return;
        }
        let model = &mut self.model;
        let nth = |n: usize, count: usize| n % count;
        match step {
            Step::Open(_) => (),
            Step::Close(who, n) => {
                let n = nth(n, model.cases.len());
                let mut reasons = model.against_open(who, n);
                if model.holds.iter().any(|(case, _)| *case == n) {
                    reasons.push(Error::HoldsInForce);
                }
                if model.requests.contains(&(n, true)) {
                    reasons.push(Error::RequestsOpen);
                }
                model.cases[n].1 |= reasons.is_empty();
                self.agree("close", call(staff(who), closing(id(n))), reasons);
            }
            Step::Transfer(who, n, to) => {
                let n = nth(n, model.cases.len());
                let mut reasons = model.against_open(who, n);
                if model.cases[n].0 == to {
                    reasons.push(Error::BadRecipient);
                }
                if reasons.is_empty() {
                    model.cases[n].0 = to;
                }
                let transfer = Call::transfer_case { case: id(n), to };
                self.agree("transfer", call(staff(who), transfer), reasons);
            }
            Step::Ask(who, n) => {
                let n = nth(n, model.cases.len());
                let reasons = model.against_open(who, n);
                if reasons.is_empty() {
                    model.requests.push((n, true));
                }
                self.agree("ask", call(staff(who), asking(id(n), 10)), reasons);
            }
            Step::Withdraw(who, n) if !model.requests.is_empty() => {
                let n = nth(n, model.requests.len());
                let (case, is_open) = model.requests[n];
                let mut reasons = model.against(who, case);
                if !is_open {
                    reasons.push(Error::NotOpen);
                }
                model.requests[n].1 &= !reasons.is_empty();
                let withdraw = withdrawing(DisclosureId(n as u64));
                self.agree("withdraw", call(staff(who), withdraw), reasons);
            }
            Step::Disclose(n) if !model.requests.is_empty() => {
                let n = nth(n, model.requests.len());
                let mut reasons = vec![];
                if !model.requests[n].1 {
                    reasons.push(Error::NotOpen);
                }
                model.requests[n].1 = false;
                let disclose = disclosing(DisclosureId(n as u64), b"x");
                self.agree("disclose", call(staff(HOSPITAL), disclose), reasons);
            }
            Step::Withdraw(..) | Step::Disclose(_) => (),
            Step::Hold(who, n, held) => self.hold(who, n, held),
            Step::Lift(who, n, held) => {
                let n = nth(n, model.cases.len());
                let mut reasons = model.against(who, n);
                if !model.holds.contains(&(n, held)) {
                    reasons.push(Error::NotHeld);
                }
                if reasons.is_empty() {
                    model.holds.remove(&(n, held));
                }
                self.agree("lift", call(staff(who), lifting(id(n), held)), reasons);
            }
        }
    }

    fn hold(&mut self, who: MemberId, n: usize, held: Held) {
        let n = n % self.model.cases.len();
        let mut reasons = self.model.against_open(who, n);
        if self.model.holds.contains(&(n, held)) {
            reasons.push(Error::AlreadyHeld);
        }
        let result = call(staff(who), holding(id(n), held));
        if reasons.is_empty() {
            self.model.holds.insert((n, held));
        }
        self.agree("hold", result, reasons);
    }

    fn agree(&self, name: &'static str, result: DispatchResult, reasons: Vec<Error<Test>>) {
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
        let mut outcomes = self.outcomes.borrow_mut();
        *outcomes.entry((name, outcome)).or_default() += 1;
    }

    fn compare(&self) {
        for held in [DOCTOR, ALICE, SCHEME] {
            assert_eq!(is_stopped(held), self.model.is_held(held), "{held:?}");
        }
        let counted: usize = Holders::<Test>::iter_values().map(|h| h.len()).sum();
        assert_eq!(counted, self.model.holds.len());
        check();
    }
}

fn id(n: usize) -> CaseId {
    CaseId(n as u64)
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
                model: Model::default(),
                outcomes: &outcomes,
            };
            for step in steps {
                pair.take(step);
                pair.compare();
            }
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
            "close",
            &[
                "ok",
                "NotRegulator",
                "CaseClosed",
                "HoldsInForce",
                "RequestsOpen",
            ],
        ),
        (
            "transfer",
            &["ok", "NotRegulator", "CaseClosed", "BadRecipient"],
        ),
        ("ask", &["ok", "NotRegulator", "CaseClosed"]),
        ("withdraw", &["ok", "NotRegulator", "NotOpen"]),
        ("disclose", &["ok", "NotOpen"]),
        ("hold", &["ok", "NotRegulator", "CaseClosed", "AlreadyHeld"]),
        ("lift", &["ok", "NotRegulator", "NotHeld"]),
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
