//! Consensus parameters.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::consensus::ConsensusParameters;

use crate::{mock::*, Call, Error, Event, Parameters};

fn with(change: impl FnOnce(&mut ConsensusParameters)) -> Call<Test> {
    let mut parameters = ConsensusParameters::default();
    change(&mut parameters);
    Call::set_consensus_parameters { parameters }
}

#[test]
fn the_council_sets_them() {
    run(|| {
        block_by(0, || {
            assert_ok!(by_council(with(|it| it.block_interval_min_ms = 500)));
            let parameters = ConsensusParameters {
                block_interval_min_ms: 500,
                ..ConsensusParameters::default()
            };
            assert_events(&[Event::ParametersSet { parameters }]);
            assert_eq!(Parameters::<Test>::get(), parameters);
        });
    });
}

#[test]
fn each_has_its_range() {
    run(|| {
        let timeouts: [fn(&mut ConsensusParameters) -> &mut u32; 3] = [
            |it| &mut it.propose_timeout_ms,
            |it| &mut it.prevote_timeout_ms,
            |it| &mut it.precommit_timeout_ms,
        ];
        for field in timeouts {
            for bad in [0, 99, 60_001, u32::MAX] {
                assert_noop!(
                    by_council(with(|it| *field(it) = bad)),
                    Error::<Test>::TimeoutOutOfRange
                );
            }
            for good in [100, 60_000] {
                assert_ok!(by_council(with(|it| *field(it) = good)));
            }
        }
        for bad in [0, 9, 10_001] {
            assert_noop!(
                by_council(with(|it| it.timeout_delta_ms = bad)),
                Error::<Test>::TimeoutOutOfRange
            );
        }
        for bad in [0, 49, 10_001] {
            assert_noop!(
                by_council(with(|it| it.block_interval_min_ms = bad)),
                Error::<Test>::IntervalOutOfRange
            );
        }
        for bad in [0, 249, 3_600_001] {
            assert_noop!(
                by_council(with(|it| it.block_interval_idle_ms = bad)),
                Error::<Test>::IntervalOutOfRange
            );
        }
        assert_ok!(by_council(with(|it| it.block_interval_idle_ms = 250)));
        for bad in [0, 99, 60_001] {
            assert_noop!(
                by_council(with(|it| it.clock_drift_max_ms = bad)),
                Error::<Test>::DriftOutOfRange
            );
        }
    });
}
