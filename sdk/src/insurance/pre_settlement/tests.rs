//! Reference cases recomputed, and figures that were tampered with.

use std::collections::BTreeMap;

use frame_support::BoundedVec;
use pallet_insurance::{
    computation::{Accumulators, Category, Insured, SchemeParameters},
    types::{Coverage, Period, PersonalAccount, Scheme, Standing},
};
use serde::Deserialize;
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Lines, Setting},
    Hash, MemberId, PatientId, SchemeId,
};

use super::*;

/// Reference cases of the pallet: in- and outpatients, and a personal account.
const CASES: &str =
    include_str!("../../../../pallets/insurance/tests/cases/shanghai-employee.toml");
const DAY: Date = Date(20_454);

#[derive(Deserialize)]
struct File {
    parameters: SchemeParameters,
    cases: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    name: String,
    category: Category,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    setting: Setting,
    level: Option<HospitalLevel>,
    #[serde(default)]
    account_max_fen: Balance,
    lines: Vec<Charged>,
    expect: BTreeMap<String, Balance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Charged {
    class: CatalogueClass,
    price_fen: u64,
}

impl Charged {
    fn line(&self) -> Line {
        Line {
            item: Hash::zero(),
            class: self.class,
            prepay_bp: 0,
            unit_price_fen: self.price_fen,
            quantity: 1,
            price_limit_fen: None,
            fund_share_bp: None,
        }
    }
}

fn file() -> File {
    toml::from_str(CASES).unwrap()
}

fn bill(step: &Step) -> Bill {
    let lines: Vec<Line> = step.lines.iter().map(Charged::line).collect();
    Bill {
        member: MemberId(0),
        patient: PatientId(0),
        visit: None,
        setting: step.setting,
        service: (DAY, DAY),
        issued_at: DAY.start(),
        total_fen: lines.iter().map(Line::amount_fen).sum(),
        lines: Lines::truncate_from(lines),
        paid_fen: 0,
        settlement: None,
        is_open: true,
    }
}

/// What a node tells about a step; the account has what the case lets it pay.
fn inputs(
    parameters: &SchemeParameters,
    category: Category,
    step: &Step,
    so_far: Accumulators,
) -> Inputs {
    let insured = Insured {
        category,
        age_group: 0,
    };
    let from = Date(0);
    let account = PersonalAccount {
        holder: AccountId::new([2; 32]),
        amount_fen: step.account_max_fen,
    };
    let coverage = Coverage {
        patient: PatientId(0),
        scheme: SchemeId(0),
        period: Period { from, until: None },
        standings: BoundedVec::truncate_from(vec![Standing { from, insured }]),
        account: Some(account).filter(|it| it.amount_fen > 0),
        served_until: None,
        latest: None,
        latest_live: None,
    };
    let scheme = Scheme {
        insurer: MemberId(2),
        code: BoundedVec::truncate_from(b"BASIC".to_vec()),
        versions: BoundedVec::truncate_from(vec![from]),
        closed_after: None,
        is_held: false,
    };
    Inputs {
        bill: bill(step),
        level: step.level,
        coverage: CoverageView {
            id: CoverageId(0),
            coverage,
            year: DAY.year(),
            accumulators: so_far,
        },
        scheme: SchemeInForce {
            scheme,
            version: from,
            parameters: parameters.clone(),
        },
    }
}

/// The first step of the reference cases, an outpatient with a personal account.
fn first() -> Inputs {
    let File { parameters, cases } = file();
    let case = &cases[0];
    let so_far = Accumulators::default();
    inputs(&parameters, case.category, &case.steps[0], so_far)
}

/// The parts of a split that are not 0, by their names in the reference cases.
fn parts(split: &Split) -> BTreeMap<String, Balance> {
    let value = serde_json::to_value(split).unwrap();
    let fields = value.as_object().unwrap().iter();
    fields
        .filter_map(|(name, value)| Some((name.clone(), value.as_u64()?.into())))
        .filter(|(_, fen)| *fen > 0)
        .collect()
}

#[test]
fn the_reference_cases_are_recomputed() {
    let File { parameters, cases } = file();
    let mut settings = Vec::new();
    for case in &cases {
        let mut so_far = Accumulators::default();
        for step in &case.steps {
            let inputs = inputs(&parameters, case.category, step, so_far);
            let computed = inputs.compute(Balance::MAX).unwrap();
            assert_eq!(parts(&computed.split), step.expect, "{}", case.name);
            assert_eq!(computed.rest_fen, computed.split.cash_fen);
            assert_eq!(inputs.check(Balance::MAX, &computed), Ok(()));
            let encounter = Encounter::of(&inputs.bill, inputs.level);
            so_far.add(&encounter, &computed.split).unwrap();
            settings.push(step.setting);
        }
    }
    for setting in [Setting::Outpatient, Setting::Inpatient] {
        assert!(settings.contains(&setting));
    }
}

#[test]
fn a_figure_that_is_not_the_rules_is_named() {
    let inputs = first();
    let honest = inputs.compute(20_000).unwrap();
    let named = |told: &PreSettlement| -> Vec<&'static str> {
        match inputs.check(20_000, told) {
            Err(SplitProblem::Differs(found)) => found.iter().map(|it| it.part).collect(),
            other => panic!("{other:?}"),
        }
    };
    let mut told = honest.clone();
    told.split.pool_fen -= 100;
    told.split.cash_fen += 100;
    assert_eq!(named(&told), ["pool_fen", "cash_fen"]);
    let problem = inputs.check(20_000, &told).unwrap_err().to_string();
    assert!(
        problem.contains("pool_fen is 52400 by the node and 52500 by the rules"),
        "{problem}"
    );

    let mut told = honest.clone();
    told.split.starts_admission = false;
    told.version = DAY;
    told.to_member_fen += 1;
    told.to_patient_fen += 1;
    told.rest_fen -= 1;
    let others = [
        "starts_admission",
        "version",
        "to_member_fen",
        "to_patient_fen",
        "rest_fen",
    ];
    assert_eq!(named(&told), others);

    // She allows less of the account than the node takes.
    let less = inputs.check(19_999, &honest);
    assert!(matches!(less, Err(SplitProblem::Differs(_))), "{less:?}");
}

#[test]
fn what_cannot_be_split_is_no_answer() {
    let mut inputs = first();
    let told = inputs.compute(0).unwrap();
    inputs.bill.total_fen += 1;
    let other = SplitProblem::NoSplit(ComputationError::OtherTotal);
    assert_eq!(inputs.check(0, &told), Err(other));
    inputs.coverage.coverage.period.until = Some(Date(DAY.0 - 1));
    let not_covered = SplitProblem::NotCovered {
        coverage: CoverageId(0),
        day: DAY,
    };
    assert_eq!(inputs.check(0, &told), Err(not_covered));
}
