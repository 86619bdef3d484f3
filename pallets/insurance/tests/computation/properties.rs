//! What holds whatever the parameters are.

use pallet_insurance::computation::{
    Accumulators, Admission, Case, ComputationError, Encounter, Insured, SchemeParameters, Split,
    Track,
};
use proptest::prelude::*;
use xinglin_primitives::{
    glue::{Line, Setting},
    Balance,
};

use super::generate::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    }
}

type Invoices = Vec<(Encounter, Vec<Line>)>;

fn any_invoices() -> impl Strategy<Value = Invoices> {
    proptest::collection::vec((any_encounter(), any_lines()), 1..6)
}

/// Settles one after the other; every split, and the year afterwards.
fn settle(
    parameters: &SchemeParameters,
    insured: Insured,
    invoices: &Invoices,
) -> (Vec<Split>, Accumulators) {
    let mut so_far = Accumulators::default();
    let settled = invoices.iter().map(|(encounter, lines)| {
        let case = Case {
            parameters,
            insured,
            encounter: *encounter,
            so_far: &so_far.clone(),
        };
        let split = case.compute(lines).unwrap();
        so_far.add(encounter, &split).unwrap();
        split
    });
    let splits = settled.collect();
    (splits, so_far)
}

fn last_split(parameters: &SchemeParameters, insured: Insured, invoices: &Invoices) -> Split {
    *settle(parameters, insured, invoices).0.last().unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_lines_does_not_matter(
        parameters in any_parameters(),
        insured in any_insured(),
        (invoices, shuffled) in any_invoices().prop_flat_map(|invoices| {
            let last = invoices.last().unwrap().1.clone();
            (Just(invoices), Just(last).prop_shuffle())
        }),
    ) {
        let mut other = invoices.clone();
        other.last_mut().unwrap().1 = shuffled;
        prop_assert_eq!(
            last_split(&parameters, insured, &invoices),
            last_split(&parameters, insured, &other)
        );
    }

    #[test]
    fn caps_hold_over_the_year(
        mut parameters in any_parameters(),
        insured in any_insured(),
        invoices in any_invoices(),
        cap_fen in 0..100_000_u128,
    ) {
        // One cap for everybody and every settlement, so that it is the year's.
        for row in parameters.pool.caps.0.iter_mut() {
            row.when = Default::default();
            row.then.of_year_fen = Some(cap_fen);
        }
        if let Some(second) = &mut parameters.second {
            for row in second.caps.0.iter_mut() {
                (row.when, row.then) = (Default::default(), cap_fen);
            }
        }
        if let Some(aid) = &mut parameters.aid {
            for row in aid.caps.0.iter_mut() {
                (row.when, row.then) = (Default::default(), cap_fen);
            }
        }
        let (_, sums) = settle(&parameters, insured, &invoices);
        let pool_fen = sums.outpatient.pool_fen + sums.inpatient.pool_fen;
        prop_assert!(parameters.pool.caps.0.is_empty() || pool_fen <= cap_fen);
        let has_cap = parameters.second.as_ref().is_some_and(|it| !it.caps.0.is_empty());
        prop_assert!(!has_cap || sums.second_fen <= cap_fen);
        let has_cap = parameters.aid.as_ref().is_some_and(|it| !it.caps.0.is_empty());
        prop_assert!(!has_cap || sums.aid_fen <= cap_fen);
    }

    #[test]
    fn the_fund_pays_no_less_when_more_is_charged(
        parameters in any_parameters(),
        insured in any_insured(),
        invoices in any_invoices(),
        more in any_line(),
    ) {
        let mut larger = invoices.clone();
        larger.last_mut().unwrap().1.push(more);
        let (small, large) = (
            last_split(&parameters, insured, &invoices),
            last_split(&parameters, insured, &larger),
        );
        prop_assert!(small.pool_fen <= large.pool_fen);
        prop_assert!(small.fund_fen() <= large.fund_fen(), "{small:?} {large:?}");
        prop_assert!(large.fund_fen() <= large.total_fen);
    }

    #[test]
    fn the_account_pays_what_is_allowed_and_needed(
        parameters in any_parameters(),
        insured in any_insured(),
        invoices in any_invoices(),
        max_fen in 0..200_000_u128,
    ) {
        let split = last_split(&parameters, insured, &invoices);
        let with = split.with_account(max_fen);
        prop_assert!(with.is_balanced());
        prop_assert_eq!(with.account_fen, split.person_fen().min(max_fen));
        prop_assert_eq!(with.fund_fen(), split.fund_fen());
    }

    #[test]
    fn a_part_is_a_part_and_can_be_raised_to_the_whole(
        parameters in any_parameters(),
        insured in any_insured(),
        invoices in any_invoices(),
        share_bp in 0..=10_000_u128,
        account_fen in 0..50_000_u128,
    ) {
        let full = last_split(&parameters, insured, &invoices).with_account(account_fen);
        let part_fen = full.fund_fen() * share_bp / 10_000;
        let part = full.limited_to(part_fen);
        prop_assert!(part.is_balanced());
        prop_assert_eq!((part.fund_fen(), part.account_fen), (part_fen, full.account_fen));
        let settled_before = &invoices[..invoices.len() - 1].to_vec();
        let (_, mut so_far) = settle(&parameters, insured, settled_before);
        let encounter = invoices.last().unwrap().0;
        so_far.add(&encounter, &part).unwrap();
        let case = Case { parameters: &parameters, insured, encounter, so_far: &so_far };
        // Nothing came between, so that the caps have left what is needed.
        let raised = part.raised_to(full.fund_fen(), &full, &case.room());
        prop_assert_eq!(raised, full);
        prop_assert_eq!(part.raised_to(part_fen, &full, &case.room()), part);
    }

    #[test]
    fn nothing_panics_and_nothing_is_lost_at_the_ends_of_the_range(
        parameters in any_parameters(),
        insured in any_insured(),
        encounter in any_encounter(),
        prices in proptest::collection::vec((any::<u64>(), any::<u32>()), 1..5),
        so_far in prop_oneof![Just(0), Just(Balance::MAX / 2), Just(Balance::MAX)],
    ) {
        let template = any_line_of_class_a();
        let lines: Vec<Line> = prices
            .into_iter()
            .map(|(unit_price_fen, quantity)| Line { unit_price_fen, quantity, ..template.clone() })
            .collect();
        let sums = Accumulators {
            second_base_fen: so_far,
            outpatient: Track { eligible_fen: so_far, ..Track::default() },
            ..Accumulators::default()
        };
        let case = Case { parameters: &parameters, insured, encounter, so_far: &sums };
        match case.compute(&lines) {
            Ok(split) => prop_assert!(split.is_balanced()),
            Err(error) => prop_assert_eq!(error, ComputationError::Overflow),
        }
    }
}

fn any_line_of_class_a() -> Line {
    Line {
        item: Default::default(),
        class: xinglin_primitives::glue::CatalogueClass::A,
        prepay_bp: 0,
        unit_price_fen: 0,
        quantity: 0,
        price_limit_fen: None,
        fund_share_bp: None,
    }
}

#[test]
fn what_was_not_added_is_not_taken_back() {
    let split = Split {
        total_fen: 5,
        cash_fen: 5,
        starts_admission: true,
        ..Split::default()
    };
    let mut sums = Accumulators::default();
    let before = sums;
    let missing = Err(ComputationError::NotAccumulated);
    assert_eq!(sums.subtract(Setting::Inpatient, &split, None), missing);
    assert_eq!(sums.replace(Setting::Inpatient, &split, &split), missing);
    let goes_on = Split {
        starts_admission: false,
        ..Split::default()
    };
    assert_eq!(sums.subtract(Setting::Inpatient, &goes_on, None), missing);
    assert_eq!(sums, before);
    let full = Accumulators {
        total_fen: Balance::MAX,
        ..Accumulators::default()
    };
    let mut sums = full;
    let encounter = Encounter {
        setting: Setting::Inpatient,
        level: None,
        visit: None,
    };
    assert_eq!(
        sums.add(&encounter, &split),
        Err(ComputationError::Overflow)
    );
    assert_eq!(sums, full);
}

#[test]
fn a_visit_that_does_not_follow_itself_is_another_admission() {
    let latest = Admission {
        visit: Some(xinglin_primitives::AppointmentId(1)),
        ..Admission::default()
    };
    let track = Track {
        latest: Some(latest),
        ..Track::default()
    };
    assert_eq!(track.admission_of(latest.visit), Some(latest));
    let other = Some(xinglin_primitives::AppointmentId(2));
    assert_eq!(track.admission_of(other), None);
    let unnamed = Track {
        latest: Some(Admission::default()),
        ..Track::default()
    };
    assert_eq!(unnamed.admission_of(None), None);
}

#[test]
fn errors_name_the_line() {
    let good = any_line_of_class_a();
    let bad = Line {
        fund_share_bp: Some(10_001),
        ..good.clone()
    };
    let parameters = SchemeParameters::default();
    let case = Case {
        parameters: &parameters,
        insured: Insured {
            category: pallet_insurance::computation::Category::Employed,
            age_group: 0,
        },
        encounter: Encounter {
            setting: Setting::Outpatient,
            level: None,
            visit: None,
        },
        so_far: &Accumulators::default(),
    };
    assert_eq!(
        case.compute(&[good, bad]),
        Err(ComputationError::BadLine(1))
    );
}
