//! What a majority of the time servers can agree on.
//!
//! Each reading says: our clock is ahead by something within these bounds. This is Marzullo's
//! intersection of intervals with a fixed demand: the range runs from the first to the last point
//! that more than half of those who answer have within their bounds. The truth is one of these points
//! if more than half are right; and each of them is within the bounds of somebody who is right, since
//! the others are too few to make one by themselves. So liars can neither move the range beyond what
//! the honest say nor keep the truth out of it. Looking for the point with most voices would not do: liars could tip the balance between
//! two points on which the honest differ.

use xinglin_core::{ClockOffset, TimeServerVerdict};

use crate::config::AGREEING_MIN;

/// What one server says of our clock: ahead by `offset_us`, give or take `error_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Our clock minus its own, in microseconds.
    pub offset_us: i64,
    /// By how much that may be wrong either way, in microseconds.
    pub error_us: u64,
}

impl Reading {
    fn low(&self) -> i64 {
        self.offset_us.saturating_sub_unsigned(self.error_us)
    }

    fn high(&self) -> i64 {
        self.offset_us.saturating_add_unsigned(self.error_us)
    }
}

/// What follows from the readings of one poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How far our clock is off.
    pub offset: ClockOffset,
    /// What is thought of each server, in the order of the readings.
    pub verdicts: Vec<TimeServerVerdict>,
}

/// Decides by the readings of all configured servers; `None` stands for one that is silent.
///
/// More than half of those who answer must agree, and at least two unless a single one is
/// configured: one voice that is left alone must not speak for all.
pub fn decide(readings: &[Option<Reading>]) -> Decision {
    if readings.is_empty() {
        return Decision {
            offset: ClockOffset::NotChecked,
            verdicts: Vec::new(),
        };
    }
    let answering: Vec<Reading> = readings.iter().flatten().copied().collect();
    let majority = answering.len() / 2 + 1;
    let needed = majority.max(AGREEING_MIN.min(readings.len()));
    let range = agreed_range(&answering, needed);
    let verdict = |reading: &Option<Reading>| match (reading, range) {
        (None, _) => TimeServerVerdict::Silent,
        (Some(_), None) => TimeServerVerdict::Unsettled,
        (Some(reading), Some((low, high))) => {
            if reading.low() <= high && reading.high() >= low {
                TimeServerVerdict::Agrees
            } else {
                TimeServerVerdict::Lies
            }
        }
    };
    Decision {
        offset: range.map_or(ClockOffset::Unknown, |(low, high)| {
            let width = high.abs_diff(low);
            ClockOffset::Known {
                offset_us: low.saturating_add_unsigned(width / 2),
                uncertainty_us: width.div_ceil(2),
            }
        }),
        verdicts: readings.iter().map(verdict).collect(),
    }
}

/// The first and the last point that are within the bounds of at least `needed` readings.
fn agreed_range(readings: &[Reading], needed: usize) -> Option<(i64, i64)> {
    /// Where bounds begin comes before where others end: those that touch have a point in common.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Edge {
        Begins,
        Ends,
    }
    let mut edges: Vec<(i64, Edge)> = readings
        .iter()
        .flat_map(|reading| [(reading.low(), Edge::Begins), (reading.high(), Edge::Ends)])
        .collect();
    edges.sort_unstable();
    let mut voices = 0;
    let mut first = None;
    let mut last = None;
    for (at, edge) in edges {
        match edge {
            Edge::Begins => {
                voices += 1;
                if voices == needed {
                    first = first.or(Some(at));
                }
            }
            Edge::Ends => {
                if voices == needed {
                    last = Some(at);
                }
                voices -= 1;
            }
        }
    }
    first.zip(last)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};
    use TimeServerVerdict::{Agrees, Lies, Silent, Unsettled};

    use super::*;

    const fn reading(offset_us: i64, error_us: u64) -> Option<Reading> {
        Some(Reading {
            offset_us,
            error_us,
        })
    }

    fn known(offset_us: i64, uncertainty_us: u64) -> ClockOffset {
        ClockOffset::Known {
            offset_us,
            uncertainty_us,
        }
    }

    #[test]
    fn servers_that_agree_narrow_each_other_down() {
        let decision = decide(&[reading(10, 10), reading(15, 10), reading(12, 20)]);
        // 5 to 20 is within the bounds of the first two, 0 to 25 within those of two of the three.
        assert_eq!(decision.offset, known(12, 13));
        assert_eq!(decision.verdicts, [Agrees; 3]);
    }

    #[test]
    fn a_liar_is_named_and_ignored_however_sure_it_is() {
        let decision = decide(&[reading(0, 10), reading(2_000_000, 0), reading(5, 10)]);
        assert_eq!(decision.offset, known(2, 8));
        assert_eq!(decision.verdicts, [Agrees, Lies, Agrees]);
    }

    #[test]
    fn a_majority_is_believed_even_if_it_lies() {
        let far = reading(-2_000_000, 10);
        let decision = decide(&[reading(0, 10), far, far]);
        assert_eq!(decision.offset, known(-2_000_000, 10));
        assert_eq!(decision.verdicts, [Lies, Agrees, Agrees]);
    }

    #[test]
    fn two_that_disagree_say_nothing() {
        let decision = decide(&[reading(0, 10), reading(21, 10), None]);
        assert_eq!(decision.offset, ClockOffset::Unknown);
        assert_eq!(decision.verdicts, [Unsettled, Unsettled, Silent]);
        let touching = decide(&[reading(0, 10), reading(20, 10)]);
        assert_eq!(touching.offset, known(10, 0));
    }

    #[test]
    fn one_speaks_for_all_only_where_it_is_all() {
        assert_eq!(decide(&[reading(7, 1)]).offset, known(7, 1));
        let decision = decide(&[reading(7, 1), None, None]);
        assert_eq!(decision.offset, ClockOffset::Unknown);
        assert_eq!(decide(&[None]).offset, ClockOffset::Unknown);
        assert_eq!(decide(&[]).offset, ClockOffset::NotChecked);
    }

    /// The point with most voices is not the truth here: liars side with some of the honest.
    #[test]
    fn liars_cannot_tip_the_balance_between_the_honest() {
        let honest = [reading(5, 5), reading(5, 5), reading(5, 1)];
        let liars = [reading(9, 1), reading(9, 1)];
        let decision = decide(&[&honest[..], &liars[..]].concat());
        assert_eq!(decision.offset, known(7, 3));
        assert_eq!(decision.verdicts, [Agrees; 5]);
    }

    /// Anything a server may say.
    fn anything() -> impl Strategy<Value = Reading> {
        prop_oneof![
            (any::<i64>(), any::<u64>()),
            (-3_000_000..3_000_000i64, 0..3_000_000u64),
        ]
        .prop_map(|(offset_us, error_us)| Reading {
            offset_us,
            error_us,
        })
    }

    /// What servers that are right say of a clock that is ahead by `truth_us`.
    fn honest(truth_us: i64) -> impl Strategy<Value = Reading> {
        (0..400_000u64).prop_flat_map(move |error_us| {
            let error = error_us as i64;
            (-error..=error).prop_map(move |wrong| Reading {
                offset_us: truth_us + wrong,
                error_us,
            })
        })
    }

    /// The truth, a majority that is right, and others; shuffled, with silent ones among them.
    fn scene() -> impl Strategy<Value = (i64, Vec<Reading>, Vec<Option<Reading>>)> {
        (-10_000_000..10_000_000i64, 2..8usize)
            .prop_flat_map(|(truth_us, right)| {
                (
                    Just(truth_us),
                    vec(honest(truth_us), right),
                    vec(option::weighted(0.8, anything()), 0..right),
                )
            })
            .prop_flat_map(|(truth_us, right, others)| {
                let all = right.iter().copied().map(Some).chain(others);
                let all = all.collect::<Vec<_>>();
                (Just(truth_us), Just(right), Just(all).prop_shuffle())
            })
    }

    proptest! {
        #[test]
        fn a_majority_that_is_right_wins_whatever_the_others_say(
            (truth_us, right, all) in scene()
        ) {
            let decision = decide(&all);
            let ClockOffset::Known { offset_us, uncertainty_us } = decision.offset else {
                panic!("no majority in {all:?}");
            };
            prop_assert!(offset_us.abs_diff(truth_us) <= uncertainty_us);
            // Nobody is led further astray than by those who are right.
            let low = right.iter().map(Reading::low).min().unwrap();
            let high = right.iter().map(Reading::high).max().unwrap();
            prop_assert!((low..=high).contains(&offset_us));
            prop_assert!(uncertainty_us <= high.abs_diff(low).div_ceil(2));
            for (reading, verdict) in all.iter().zip(&decision.verdicts) {
                match reading {
                    None => prop_assert_eq!(*verdict, Silent),
                    Some(reading) if right.contains(reading) => prop_assert_eq!(*verdict, Agrees),
                    Some(reading) if reading.high() < low || reading.low() > high => {
                        prop_assert_eq!(*verdict, Lies);
                    }
                    Some(_) => prop_assert!([Agrees, Lies].contains(verdict)),
                }
            }
        }

        #[test]
        fn whoever_answers_first_has_no_more_to_say(
            (readings, shuffled) in vec(option::of(anything()), 0..9)
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
        ) {
            prop_assert_eq!(decide(&readings).offset, decide(&shuffled).offset);
        }

        #[test]
        fn nobody_agrees_with_servers_that_are_all_apart(count in 2..9i64, error_us in 0..100u64) {
            let apart = |index| reading(index * 201, error_us);
            let all: Vec<_> = (0..count).map(apart).collect();
            let decision = decide(&all);
            prop_assert_eq!(decision.offset, ClockOffset::Unknown);
            prop_assert!(decision.verdicts.iter().all(|it| *it == Unsettled));
        }
    }
}
