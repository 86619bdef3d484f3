//! Properties of the pure decisions.

use proptest::prelude::*;
use xinglin_primitives::{
    glue::WHOLE_BP,
    time::{Date, DAY_MS, MINUTE_MS},
};

use crate::{
    mock::rules,
    penalties::{Fault, Penalties},
    rules::{share_fen, BookingRules, LatestCancellation, RulesHistory, RulesVersion},
};

/// Cases are the same in every run.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    }
}

fn any_limit() -> impl Strategy<Value = LatestCancellation> {
    prop_oneof![
        (0..5_000_000_u32).prop_map(LatestCancellation::MinutesBefore),
        (0..1_440_u16).prop_map(LatestCancellation::DayBefore),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_share_is_the_floor_of_the_product(amount in 0..u128::MAX / 10_000, bp in 0..=WHOLE_BP) {
        prop_assert_eq!(share_fen(amount, bp), amount * u128::from(bp) / 10_000);
    }

    #[test]
    fn a_share_never_exceeds_the_whole(amount: u128, bp: u16) {
        prop_assert!(share_fen(amount, bp) <= amount);
        prop_assert_eq!(share_fen(amount, WHOLE_BP), amount);
    }

    #[test]
    fn a_deadline_is_never_after_the_start(limit in any_limit(), start: u64) {
        prop_assert!(limit.deadline(start) <= start);
    }

    #[test]
    fn a_deadline_of_the_day_before_is_on_the_day_before(
        minute in 0..1_440_u16,
        start in 2 * DAY_MS..u64::MAX / 2,
    ) {
        let deadline = LatestCancellation::DayBefore(minute).deadline(start);
        prop_assert_eq!(Date::of(deadline).0 + 1, Date::of(start).0);
        prop_assert_eq!(deadline - Date::of(deadline).start(), u64::from(minute) * MINUTE_MS);
    }

    #[test]
    fn who_was_not_asked_can_cancel_after_being_placed(
        limit in any_limit(),
        now in 0..u64::MAX / 2,
        ahead in 1..400 * DAY_MS,
    ) {
        let rules = BookingRules { latest_cancellation: limit, ..rules() };
        let terms = rules.terms_unasked(now, now + ahead);
        prop_assert!((now..=now + ahead).contains(&terms.cancel_by));
    }

    #[test]
    fn rules_on_a_date_are_the_latest_published_for_it(
        dates in proptest::collection::vec(20_001..20_020_u32, 0..12),
        asked in 20_000..20_030_u32,
    ) {
        let today = Date(20_000);
        let mut history = RulesHistory::default();
        let mut published = std::collections::BTreeMap::new();
        let numbered = |n: usize| BookingRules { window_days: n as u16, ..rules() };
        history.publish(RulesVersion { from: today, rules: numbered(100) }, today).unwrap();
        published.insert(20_000, 100);
        for (n, date) in dates.into_iter().enumerate() {
            let version = RulesVersion { from: Date(date), rules: numbered(n) };
            if history.publish(version, today).is_ok() {
                published.insert(date, n);
            } else {
                prop_assert_eq!(history.versions().len(), 8);
            }
        }
        prop_assert!(history.is_sorted());
        let expected = published.range(..=asked).next_back().map(|(_, n)| numbered(*n));
        prop_assert_eq!(history.on(Date(asked)).copied(), expected);
    }

    #[test]
    fn a_block_comes_with_every_nth_fault_of_a_kind(
        max in 1..=8_u8,
        faults in proptest::collection::vec(any::<bool>(), 0..40),
    ) {
        // All at one moment, so that the period does not matter.
        let rules = BookingRules { late_cancels_max: max, no_shows_max: max, ..rules() };
        let mut penalties = Penalties::default();
        let mut counts = [0_u32; 2];
        for is_no_show in faults {
            let fault = if is_no_show { Fault::NoShow } else { Fault::LateCancel };
            let count = &mut counts[usize::from(is_no_show)];
            *count += 1;
            let block = penalties.record(fault, DAY_MS, &rules);
            let expected = (*count % u32::from(max) == 0).then_some(DAY_MS + 5 * DAY_MS);
            prop_assert_eq!(block, expected);
        }
    }
}
