//! Requests and disclosures.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{CaseId, DisclosureId, Hashing, MemberId};

use crate::{
    mock::*,
    states::DisclosureState,
    types::{Disclosure, Envelope, ENVELOPE_BYTES_MAX, REQUESTS_MAX, TERM_MS_MAX},
    Call, Error, Event, NextDisclosure,
};

const SEALED: &[u8] = b"sealed";

fn state(id: DisclosureId) -> DisclosureState {
    Audit::disclosure(id).unwrap().state
}

#[test]
fn a_regulator_asks_a_member() {
    run(|| {
        let case = open(REGULATOR);
        events();
        let id = ask(case, 10);
        let requested = Event::DisclosureRequested {
            disclosure: id,
            case,
            member: HOSPITAL,
            request: hash(3),
            due: morning() + 10,
            by: staff(REGULATOR),
        };
        assert_eq!(events(), [requested]);
        let expected = Disclosure {
            case,
            member: HOSPITAL,
            request: hash(3),
            requested_at: morning(),
            due: morning() + 10,
            state: DisclosureState::Open,
        };
        assert_eq!(Audit::disclosure(id), Some(expected));
    });
}

#[test]
fn a_member_discloses() {
    run(|| {
        let id = ask(open(REGULATOR), 10);
        events();
        Now::set(morning() + 10);
        assert_ok!(call(main_account(HOSPITAL), disclosing(id, SEALED)));
        let envelope = Hashing::hash(SEALED);
        let disclosed = Event::Disclosed {
            disclosure: id,
            case: CaseId(0),
            envelope,
            bytes: 6,
            is_late: false,
            by: main_account(HOSPITAL),
        };
        assert_eq!(events(), [disclosed]);
        let expected = DisclosureState::Disclosed {
            envelope,
            bytes: 6,
            at: morning() + 10,
            is_late: false,
        };
        assert_eq!(state(id), expected);
    });
}

#[test]
fn a_late_disclosure_is_accepted_and_marked() {
    run(|| {
        let id = ask(open(REGULATOR), 10);
        Now::set(morning() + 11);
        assert_ok!(call(staff(HOSPITAL), disclosing(id, SEALED)));
        assert!(matches!(
            state(id),
            DisclosureState::Disclosed { is_late: true, .. }
        ));
        assert!(matches!(
            events().last(),
            Some(Event::Disclosed { is_late: true, .. })
        ));
    });
}

#[test]
fn only_the_member_that_is_asked_discloses() {
    run(|| {
        let id = ask(open(REGULATOR), 10);
        for who in [staff(CLINIC), staff(REGULATOR), STRANGER] {
            assert_noop!(call(who, disclosing(id, SEALED)), Error::<Test>::NotStaff);
        }
        assert_noop!(
            call(staff(HOSPITAL), disclosing(DisclosureId(7), SEALED)),
            Error::<Test>::UnknownDisclosure
        );
    });
}

#[test]
fn an_envelope_is_what_its_hash_says() {
    run(|| {
        let id = ask(open(REGULATOR), 10);
        let disclose = |bytes: &[u8], hash| Call::disclose {
            disclosure: id,
            envelope: Envelope::try_from(bytes.to_vec()).unwrap(),
            hash,
        };
        assert_noop!(
            call(staff(HOSPITAL), disclose(b"Sealed", Hashing::hash(SEALED))),
            Error::<Test>::HashMismatch
        );
        assert_noop!(
            call(staff(HOSPITAL), disclose(b"", Hashing::hash(b""))),
            Error::<Test>::EmptyEnvelope
        );
        let largest = vec![7; ENVELOPE_BYTES_MAX as usize];
        assert!(Envelope::try_from([largest.clone(), vec![7]].concat()).is_err());
        assert_ok!(call(staff(HOSPITAL), disclosing(id, &largest)));
    });
}

#[test]
fn a_request_ends_once() {
    run(|| {
        let case = open(REGULATOR);
        let (disclosed, withdrawn) = (ask(case, 10), ask(case, 10));
        assert_ok!(call(staff(HOSPITAL), disclosing(disclosed, SEALED)));
        events();
        assert_ok!(call(staff(REGULATOR), withdrawing(withdrawn)));
        let event = Event::RequestWithdrawn {
            disclosure: withdrawn,
            case,
            by: staff(REGULATOR),
        };
        assert_eq!(events(), [event]);
        let expected = DisclosureState::Withdrawn { at: morning() };
        assert_eq!(state(withdrawn), expected);
        for id in [disclosed, withdrawn] {
            assert_noop!(
                call(staff(HOSPITAL), disclosing(id, SEALED)),
                Error::<Test>::NotOpen
            );
            assert_noop!(
                call(staff(REGULATOR), withdrawing(id)),
                Error::<Test>::NotOpen
            );
        }
        assert_noop!(
            call(staff(REGULATOR), withdrawing(DisclosureId(7))),
            Error::<Test>::UnknownDisclosure
        );
    });
}

#[test]
fn the_due_time_is_ahead_and_not_too_far() {
    run(|| {
        let case = open(REGULATOR);
        for within_ms in [0, TERM_MS_MAX + 1, u64::MAX - morning()] {
            assert_noop!(
                call(staff(REGULATOR), asking(case, within_ms)),
                Error::<Test>::BadDue
            );
        }
        let in_past = Call::request_disclosure {
            case,
            member: HOSPITAL,
            request: hash(3),
            due: morning() - 1,
        };
        assert_noop!(call(staff(REGULATOR), in_past), Error::<Test>::BadDue);
        ask(case, 1);
        ask(case, TERM_MS_MAX);
    });
}

#[test]
fn active_members_are_asked() {
    run(|| {
        let case = open(REGULATOR);
        Removed::mutate(|removed| removed.insert(CLINIC));
        for member in [CLINIC, MemberId(77)] {
            let ask = Call::request_disclosure {
                case,
                member,
                request: hash(3),
                due: morning() + 1,
            };
            assert_noop!(call(staff(REGULATOR), ask), Error::<Test>::UnknownMember);
        }
    });
}

#[test]
fn a_case_has_so_many_open_requests() {
    run(|| {
        let case = open(REGULATOR);
        let first = ask(case, 10);
        for _ in 1..REQUESTS_MAX {
            ask(case, 10);
        }
        assert_noop!(
            call(staff(REGULATOR), asking(case, 10)),
            Error::<Test>::TooManyRequests
        );
        assert_ok!(call(staff(HOSPITAL), disclosing(first, SEALED)));
        ask(case, 10);
    });
}

#[test]
fn no_ids_are_left_at_the_end() {
    ext().execute_with(|| {
        let case = open(REGULATOR);
        NextDisclosure::<Test>::put(DisclosureId(u64::MAX));
        assert_noop!(
            call(staff(REGULATOR), asking(case, 10)),
            Error::<Test>::IdsUsedUp
        );
    });
}
