//! Anchored questions.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{questions::ANCHORED_MAX, time::HOUR_MS};

use crate::{mock::*, types::Anchor, Call, Error, Event};

#[test]
fn what_a_node_anchors_goes_on_where_it_ended() {
    run(|| {
        let account = staff(HOSPITAL);
        assert_eq!(Audit::anchor_of(&account), None);
        assert_ok!(call(account, anchoring(0, 3, 1)));
        let anchored = Event::QuestionsAnchored {
            member: HOSPITAL,
            first: 0,
            count: 3,
            digest: hash(1),
            from: morning(),
            until: morning() + HOUR_MS,
            by: account,
        };
        assert_eq!(events(), [anchored]);
        Now::set(morning() + 2 * HOUR_MS);
        assert_ok!(call(account, anchoring(3, ANCHORED_MAX, 2)));
        let anchor = Anchor {
            count: 3 + u64::from(ANCHORED_MAX),
            digest: hash(2),
            until: morning() + HOUR_MS,
            at: morning() + 2 * HOUR_MS,
        };
        assert_eq!(Audit::anchor_of(&account), Some(anchor));
    });
}

#[test]
fn no_question_is_left_out_or_anchored_twice() {
    run(|| {
        let account = staff(HOSPITAL);
        let anchor = |first, count| call(account, anchoring(first, count, 1));
        assert_noop!(anchor(1, 1), Error::<Test>::NotNext);
        assert_ok!(anchor(0, 5));
        for first in [0, 4, 6, u64::MAX] {
            assert_noop!(anchor(first, 1), Error::<Test>::NotNext);
        }
        for count in [0, ANCHORED_MAX + 1, u32::MAX] {
            assert_noop!(anchor(5, count), Error::<Test>::BadCount);
        }
        // Each account has its own numbers, two of one member too.
        for other in [main_account(HOSPITAL), staff(REGULATOR)] {
            assert_noop!(call(other, anchoring(5, 1, 1)), Error::<Test>::NotNext);
            assert_ok!(call(other, anchoring(0, 1, 1)));
        }
    });
}

#[test]
fn only_members_anchor() {
    run(|| {
        assert_noop!(call(STRANGER, anchoring(0, 1, 1)), Error::<Test>::NotMember);
        assert_noop!(council(anchoring(0, 1, 1)), DispatchError::BadOrigin);
        Removed::set([HOSPITAL].into());
        assert_noop!(
            call(staff(HOSPITAL), anchoring(0, 1, 1)),
            Error::<Test>::NotMember
        );
    });
}

#[test]
fn a_period_ends_after_it_begins() {
    run(|| {
        let within = |from, until| Call::anchor_questions {
            first: 0,
            count: 1,
            digest: hash(1),
            from,
            until,
        };
        assert_noop!(
            call(staff(HOSPITAL), within(2, 1)),
            Error::<Test>::BadPeriod
        );
        assert_ok!(call(staff(HOSPITAL), within(2, 2)));
    });
}
