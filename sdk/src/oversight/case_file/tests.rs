//! The steps of a case.

use frame_support::BoundedVec;
use pallet_audit::types::Hold;
use proptest::prelude::*;
use xinglin_primitives::{glue::Subject, Party, PatientId};

use super::*;

const MEMBER: Held = Held::Party(Party::Member(MemberId(1)));

fn statement(code: u16) -> Statement {
    Statement {
        code,
        digest: Hash::zero(),
    }
}

/// A closed case, or an open one with a hold, and three requests.
pub fn example(is_closed: bool) -> (Case, Vec<(DisclosureId, Disclosure)>) {
    let holds = match is_closed {
        true => vec![],
        false => vec![Hold {
            held: MEMBER,
            since: 30,
        }],
    };
    let state = match is_closed {
        true => CaseState::Closed {
            finding: statement(9),
            at: 90,
        },
        false => CaseState::Open,
    };
    let case = Case {
        regulator: MemberId(3),
        subject: Subject::Party(Party::Patient(PatientId(5))),
        basis: statement(1),
        opened_at: 10,
        holds: BoundedVec::truncate_from(holds),
        requests: BoundedVec::default(),
        state,
    };
    let request = |id, requested_at, state| {
        let it = Disclosure {
            case: CaseId(4),
            member: MemberId(1),
            request: Hash::repeat_byte(7),
            requested_at,
            due: 60,
            state,
        };
        (DisclosureId(id), it)
    };
    let disclosed = DisclosureState::Disclosed {
        envelope: Hash::repeat_byte(8),
        bytes: 100,
        at: 70,
        is_late: true,
    };
    let requests = vec![
        request(1, 20, disclosed),
        request(2, 20, DisclosureState::Withdrawn { at: 40 }),
        request(3, 50, DisclosureState::Open),
    ];
    (case, requests)
}

fn acts(steps: &[Step]) -> Vec<(Moment, Act)> {
    steps.iter().map(|step| (step.at, step.act)).collect()
}

fn traced(at: Moment, act: Act) -> Step {
    Step {
        at,
        act,
        by: Some(AccountId::new([1; 32])),
        place: Some((u32::try_from(at).unwrap_or(u32::MAX), Hash::repeat_byte(2))),
    }
}

#[test]
fn the_state_tells_what_it_keeps_in_order() {
    let (case, requests) = example(false);
    let [first, second, third] = [1, 2, 3].map(DisclosureId);
    assert_eq!(
        acts(&steps_of(&case, &requests)),
        [
            (10, Act::Opened),
            (20, Act::Requested(first)),
            (20, Act::Requested(second)),
            (30, Act::Held(MEMBER)),
            (40, Act::Withdrawn(second)),
            (50, Act::Requested(third)),
            (70, Act::Disclosed(first)),
        ]
    );
    let (case, requests) = example(true);
    let steps = steps_of(&case, &requests);
    assert_eq!(
        steps.last().map(|step| (step.at, step.act)),
        Some((90, Act::Closed))
    );
}

#[test]
fn a_history_adds_what_the_state_forgets_and_where_it_is() {
    let (case, requests) = example(true);
    let known = steps_of(&case, &requests);
    let history = vec![
        traced(10, Act::Opened),
        traced(30, Act::Held(MEMBER)),
        traced(35, Act::Lifted(MEMBER)),
    ];
    let steps = merged(known.clone(), history);
    // The hold that was lifted is there; what the index did not have yet is there without a place.
    assert_eq!(steps.len(), known.len() + 2);
    assert_eq!(steps[0], traced(10, Act::Opened));
    assert!(acts(&steps).contains(&(35, Act::Lifted(MEMBER))));
    let last = steps.last().map(|step| (step.act, step.place));
    assert_eq!(last, Some((Act::Closed, None)));
}

#[test]
fn one_block_begins_with_the_opening_and_ends_with_the_closing() {
    let steps = in_order(vec![
        untraced(5, Act::Closed),
        untraced(5, Act::Held(MEMBER)),
        untraced(5, Act::Lifted(MEMBER)),
        untraced(5, Act::Opened),
    ]);
    let acts: Vec<Act> = steps.iter().map(|step| step.act).collect();
    let expected = [
        Act::Opened,
        Act::Held(MEMBER),
        Act::Lifted(MEMBER),
        Act::Closed,
    ];
    assert_eq!(acts, expected);
}

proptest! {
    /// However much of the history an index has, every step is there once, in order.
    #[test]
    fn no_step_is_lost_or_told_twice(has in proptest::collection::vec(any::<bool>(), 8)) {
        let (case, requests) = example(true);
        let known = steps_of(&case, &requests);
        let history: Vec<Step> = known
            .iter()
            .zip(has)
            .filter(|(_, has)| *has)
            .map(|(step, _)| traced(step.at, step.act))
            .collect();
        let steps = merged(known.clone(), history.clone());
        prop_assert_eq!(steps.len(), known.len());
        for step in &known {
            prop_assert!(acts(&steps).contains(&(step.at, step.act)));
        }
        prop_assert!(history.iter().all(|step| steps.contains(step)));
        prop_assert!(steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
