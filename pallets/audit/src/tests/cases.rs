//! Opening, closing and handing over cases.

use std::collections::BTreeSet;

use frame_support::{assert_noop, assert_ok, traits::GetCallName};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::Subject, CaseId, ClaimId, EmergencyId, MemberId, Party, PatientId, PractitionerId,
    SchemeId,
};

use crate::{
    mock::*,
    states::CaseState,
    types::{Case, Envelope},
    Call, Error, Event, NextCase,
};

fn opening(subject: Subject) -> Call<Test> {
    Call::open_case {
        subject,
        basis: statement(1),
    }
}

fn transfer(case: CaseId, to: MemberId) -> Call<Test> {
    Call::transfer_case { case, to }
}

#[test]
fn a_regulator_opens_a_case() {
    run(|| {
        let id = open(REGULATOR);
        let subject = Subject::Party(Party::Member(HOSPITAL));
        let opened = Event::CaseOpened {
            case: id,
            regulator: REGULATOR,
            subject,
            basis: statement(1),
            by: staff(REGULATOR),
        };
        assert_eq!(events(), [opened]);
        let case = Case {
            regulator: REGULATOR,
            subject,
            basis: statement(1),
            opened_at: morning(),
            holds: Default::default(),
            requests: Default::default(),
            state: CaseState::Open,
        };
        assert_eq!(Audit::case(id), Some(case));
        assert_eq!(open(OTHER), CaseId(1));
    });
}

#[test]
fn nobody_else_opens_cases() {
    run(|| {
        for who in [staff(HOSPITAL), staff(INSURER), STRANGER] {
            assert_noop!(
                call(who, opening(Subject::Party(Party::Member(HOSPITAL)))),
                Error::<Test>::NotRegulator
            );
        }
        Removed::mutate(|removed| removed.insert(REGULATOR));
        assert_noop!(
            call(
                staff(REGULATOR),
                opening(Subject::Party(Party::Member(HOSPITAL)))
            ),
            Error::<Test>::NotRegulator
        );
    });
}

#[test]
fn a_case_is_about_something_that_exists() {
    run(|| {
        let far = COUNT + 1;
        let (known, unknown) = (
            [
                Subject::Party(Party::Practitioner(PractitionerId(1))),
                Subject::Party(Party::Patient(PatientId(1))),
                Subject::Scheme(SchemeId(1)),
                Subject::Claim(ClaimId(1)),
                Subject::Emergency(EmergencyId(1)),
            ],
            [
                Subject::Party(Party::Member(MemberId(far))),
                Subject::Party(Party::Practitioner(PractitionerId(far))),
                Subject::Party(Party::Patient(PatientId(far.into()))),
                Subject::Scheme(SchemeId(far)),
                Subject::Claim(ClaimId(far.into())),
                Subject::Emergency(EmergencyId(far.into())),
            ],
        );
        for subject in known {
            assert_ok!(call(staff(REGULATOR), opening(subject)));
        }
        for subject in unknown {
            assert_noop!(
                call(staff(REGULATOR), opening(subject)),
                Error::<Test>::UnknownSubject
            );
        }
    });
}

#[test]
fn no_ids_are_left_at_the_end() {
    ext().execute_with(|| {
        NextCase::<Test>::put(CaseId(u64::MAX));
        assert_noop!(
            call(
                staff(REGULATOR),
                opening(Subject::Party(Party::Member(HOSPITAL)))
            ),
            Error::<Test>::IdsUsedUp
        );
    });
}

#[test]
fn a_case_is_closed_once() {
    run(|| {
        let id = open(REGULATOR);
        events();
        Now::set(morning() + 9);
        assert_ok!(call(main_account(REGULATOR), closing(id)));
        let closed = Event::CaseClosed {
            case: id,
            finding: statement(2),
            by: main_account(REGULATOR),
        };
        assert_eq!(events(), [closed]);
        let state = CaseState::Closed {
            finding: statement(2),
            at: morning() + 9,
        };
        assert_eq!(Audit::case(id).unwrap().state, state);
        assert_eq!(Audit::open_cases_of(REGULATOR, None, 9), []);
    });
}

#[test]
fn nothing_is_done_for_a_closed_case() {
    run(|| {
        let id = open(REGULATOR);
        assert_ok!(call(staff(REGULATOR), closing(id)));
        for call_ in [
            closing(id),
            transfer(id, OTHER),
            asking(id, 1),
            holding(id, ALICE),
        ] {
            assert_noop!(call(staff(REGULATOR), call_), Error::<Test>::CaseClosed);
        }
        assert_noop!(council(transfer(id, OTHER)), Error::<Test>::CaseClosed);
        assert_noop!(
            call(staff(REGULATOR), lifting(id, ALICE)),
            Error::<Test>::NotHeld
        );
    });
}

#[test]
fn a_case_waits_for_its_holds_and_requests() {
    run(|| {
        let id = open(REGULATOR);
        assert_ok!(call(staff(REGULATOR), holding(id, ALICE)));
        let request = ask(id, 10);
        assert_noop!(
            call(staff(REGULATOR), closing(id)),
            Error::<Test>::HoldsInForce
        );
        assert_ok!(call(staff(REGULATOR), lifting(id, ALICE)));
        assert_noop!(
            call(staff(REGULATOR), closing(id)),
            Error::<Test>::RequestsOpen
        );
        // Also after the due time: late is better than never.
        Now::set(morning() + 11);
        assert_noop!(
            call(staff(REGULATOR), closing(id)),
            Error::<Test>::RequestsOpen
        );
        assert_ok!(call(staff(REGULATOR), withdrawing(request)));
        assert_ok!(call(staff(REGULATOR), closing(id)));
    });
}

#[test]
fn only_the_regulator_whose_case_it_is_acts_in_it() {
    run(|| {
        let id = open(REGULATOR);
        let request = ask(id, 10);
        assert_ok!(call(staff(REGULATOR), holding(id, ALICE)));
        let calls = [
            closing(id),
            transfer(id, OTHER),
            asking(id, 1),
            withdrawing(request),
            holding(id, SCHEME),
            lifting(id, ALICE),
        ];
        for who in [staff(OTHER), staff(HOSPITAL), STRANGER] {
            for call_ in calls.clone() {
                assert_noop!(call(who, call_), Error::<Test>::NotRegulator);
            }
        }
    });
}

#[test]
fn unknown_cases_are_refused() {
    run(|| {
        let id = CaseId(7);
        for call_ in [
            closing(id),
            transfer(id, OTHER),
            asking(id, 1),
            holding(id, ALICE),
            lifting(id, ALICE),
        ] {
            assert_noop!(call(staff(REGULATOR), call_), Error::<Test>::UnknownCase);
        }
        assert_noop!(council(transfer(id, OTHER)), Error::<Test>::UnknownCase);
    });
}

#[test]
fn a_case_is_handed_over_with_all_that_belongs_to_it() {
    run(|| {
        let id = open(REGULATOR);
        let request = ask(id, 10);
        assert_ok!(call(staff(REGULATOR), holding(id, ALICE)));
        events();
        assert_ok!(call(staff(REGULATOR), transfer(id, OTHER)));
        let transferred = Event::CaseTransferred {
            case: id,
            from: REGULATOR,
            to: OTHER,
            by: Some(staff(REGULATOR)),
        };
        assert_eq!(events(), [transferred]);
        check();
        assert_noop!(
            call(staff(REGULATOR), lifting(id, ALICE)),
            Error::<Test>::NotRegulator
        );
        assert_eq!(Audit::awaited_by(OTHER, false, None, 9)[0].0, request);
        assert_ok!(call(staff(HOSPITAL), disclosing(request, b"x")));
        assert_ok!(call(staff(OTHER), lifting(id, ALICE)));
        assert_ok!(call(staff(OTHER), closing(id)));
    });
}

#[test]
fn the_council_moves_the_case_of_a_regulator_that_is_gone() {
    run(|| {
        let id = open(REGULATOR);
        assert_ok!(call(staff(REGULATOR), holding(id, ALICE)));
        Removed::mutate(|removed| removed.insert(REGULATOR));
        assert_noop!(
            call(staff(REGULATOR), lifting(id, ALICE)),
            Error::<Test>::NotRegulator
        );
        events();
        assert_ok!(council(transfer(id, OTHER)));
        let transferred = Event::CaseTransferred {
            case: id,
            from: REGULATOR,
            to: OTHER,
            by: None,
        };
        assert_eq!(events(), [transferred]);
        assert_ok!(call(staff(OTHER), lifting(id, ALICE)));
        assert!(!is_stopped(ALICE));
    });
}

#[test]
fn a_case_goes_to_another_active_regulator() {
    run(|| {
        let id = open(REGULATOR);
        for to in [REGULATOR, HOSPITAL, MemberId(77)] {
            for origin in [
                RuntimeOrigin::root(),
                RuntimeOrigin::signed(staff(REGULATOR)),
            ] {
                assert_noop!(
                    dispatch(origin, transfer(id, to)),
                    Error::<Test>::BadRecipient
                );
            }
        }
        Removed::mutate(|removed| removed.insert(OTHER));
        assert_noop!(
            call(staff(REGULATOR), transfer(id, OTHER)),
            Error::<Test>::BadRecipient
        );
    });
}

#[test]
fn what_is_signed_is_signed() {
    run(|| {
        let id = open(REGULATOR);
        let request = ask(id, 1);
        let either = transfer(id, OTHER);
        let signed = [
            opening(Subject::Party(Party::Member(HOSPITAL))),
            closing(id),
            asking(id, 1),
            withdrawing(request),
            Call::disclose {
                disclosure: request,
                envelope: Envelope::default(),
                hash: hash(0),
            },
            holding(id, ALICE),
            lifting(id, ALICE),
            anchoring(0, 1, 1),
        ];
        let listed = signed.iter().chain([&either]);
        let listed: BTreeSet<_> = listed.map(|call_| call_.get_call_name()).collect();
        let all: BTreeSet<_> = Call::<Test>::get_call_names().iter().copied().collect();
        assert_eq!(listed, all);
        for call_ in signed {
            for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
                assert_noop!(dispatch(origin, call_.clone()), DispatchError::BadOrigin);
            }
        }
        assert_noop!(
            dispatch(RuntimeOrigin::none(), either),
            DispatchError::BadOrigin
        );
    });
}
