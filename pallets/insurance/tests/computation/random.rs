//! Ten thousand random years against the model: settlements and reversals in any order.

use std::{cell::RefCell, collections::BTreeMap};

use pallet_insurance::computation::{
    Accumulators, Admission, Case, Encounter, SchemeParameters, Split,
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use xinglin_primitives::glue::Line;

use super::{generate::*, model::Model};

const CASES: u32 = 10_000;

#[derive(Clone, Debug)]
enum Step {
    Settle(Encounter, Vec<Line>),
    Reverse,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any_encounter(), any_lines()).prop_map(|(at, lines)| Step::Settle(at, lines)),
        1 => Just(Step::Reverse),
    ]
}

/// A settlement that can be taken back.
struct Made {
    encounter: Encounter,
    split: Split,
    admission_before: Option<Admission>,
    so_far: Accumulators,
}

type Seen = RefCell<BTreeMap<&'static str, u32>>;

/// Counts what a split shows of the rules.
fn note(seen: &Seen, parameters: &SchemeParameters, case: &Case<'_>, split: &Split) {
    let room = case.room();
    let second = parameters.second.as_ref();
    let shown = [
        ("a deductible is taken", split.deductible_fen > 0),
        (
            "a deductible is left from before",
            !split.starts_admission && split.deductible_fen > 0,
        ),
        ("the pool pays", split.pool_fen > 0),
        (
            "the pool's cap cuts",
            split.pool_fen > 0 && room.pool_fen == Some(split.pool_fen),
        ),
        ("the pool's cap was used up", room.pool_fen == Some(0)),
        ("the second tier pays", split.second_fen > 0),
        (
            "the second tier's cap cuts",
            split.second_fen > 0 && room.second_fen == Some(split.second_fen),
        ),
        (
            "above the cap",
            second.is_some_and(|it| it.base == pallet_insurance::computation::SecondBase::AboveCap)
                && split.pool_fen > 0
                && split.second_base_fen > 0,
        ),
        ("aid is given", split.aid_fen > 0),
        (
            "the aid's cap cuts",
            split.aid_fen > 0 && room.aid_fen == Some(split.aid_fen),
        ),
        ("a flat share is paid", split.flat_fen > 0),
        ("something is prepaid", split.prepay_fen > 0),
        ("an admission goes on", !split.starts_admission),
        ("more is paid than is eligible", {
            split.pool_fen + split.second_fen > split.eligible_fen
        }),
    ];
    let mut seen = seen.borrow_mut();
    for (name, is_shown) in shown {
        *seen.entry(name).or_default() += u32::from(is_shown);
    }
}

#[test]
fn the_computation_does_what_the_model_says() {
    let seen = Seen::default();
    // The same years in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    });
    let years = (
        any_parameters(),
        any_insured(),
        proptest::collection::vec(any_step(), 1..7),
    );
    let result = runner.run(&years, |(parameters, insured, steps)| {
        prop_assert_eq!(parameters.check(), Ok(()));
        let mut model = Model::new(parameters.clone(), insured);
        let mut so_far = Accumulators::default();
        let mut made: Vec<Made> = Vec::new();
        for step in steps {
            match step {
                Step::Settle(encounter, lines) => {
                    let before = so_far;
                    let case = Case {
                        parameters: &parameters,
                        insured,
                        encounter,
                        so_far: &before,
                    };
                    let split = case.compute(&lines).unwrap();
                    prop_assert_eq!(split, model.settle(encounter, &lines));
                    prop_assert!(split.is_balanced());
                    note(&seen, &parameters, &case, &split);
                    let admission_before = so_far.add(&encounter, &split).unwrap();
                    made.push(Made {
                        encounter,
                        split,
                        admission_before,
                        so_far: before,
                    });
                }
                Step::Reverse => {
                    let Some(last) = made.pop() else { continue };
                    let setting = last.encounter.setting;
                    so_far
                        .subtract(setting, &last.split, last.admission_before)
                        .unwrap();
                    prop_assert_eq!(so_far, last.so_far);
                    model.reverse();
                }
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The years are worth something only if they reach every rule.
    let seen = seen.into_inner();
    let rare: Vec<_> = seen.iter().filter(|(_, times)| **times < 100).collect();
    assert!(rare.is_empty(), "hardly ever seen: {rare:?} of {seen:#?}");
}
