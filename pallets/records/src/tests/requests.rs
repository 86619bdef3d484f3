//! Requests for access and their answers.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::DAY_MS, AccessRequestId, GrantId, MemberId, PatientId, PractitionerId, RecordId,
};

use crate::{
    access::{Basis, Denial, Purpose},
    grants::{Covered, Kinds, Source},
    mock::*,
    requests::*,
    types::*,
    AccessRequests, Call, Error, Event, Grants,
};

/// A referral to the clinic.
fn referral() -> NewRequest {
    NewRequest {
        patient: ALICE,
        what: everything(),
        grantee: to_member(CLINIC),
        purpose: Purpose::Treatment,
        reason: RequestReason::Referral,
    }
}

fn asking(requester: PractitionerId, request: NewRequest) -> Call<Test> {
    Call::request_access { requester, request }
}

fn answering(request: AccessRequestId, answer: Answer) -> Call<Test> {
    Call::answer { request, answer }
}

fn accept(keys: KeyBatch) -> Answer {
    Answer::Accept {
        from: Now::get(),
        until: Now::get() + DAY_MS,
        may_reshare: false,
        keys,
    }
}

#[track_caller]
fn ask(requester: PractitionerId) -> AccessRequestId {
    let id = crate::NextRequest::<Test>::get();
    assert_ok!(call(doctor(requester), asking(requester, referral())));
    id
}

fn state(id: AccessRequestId) -> RequestState {
    AccessRequests::<Test>::get(id).unwrap().state
}

#[test]
fn a_referral_is_accepted() {
    run(|| {
        let record = write(ALICE);
        events();
        assert_ok!(call(tablet(DOCTOR), asking(DOCTOR, referral())));
        let request = AccessRequestId(0);
        assert_eq!(
            events(),
            [Event::AccessRequested {
                request,
                patient: ALICE,
                requester: DOCTOR,
                grantee: to_member(CLINIC),
                purpose: Purpose::Treatment,
                reason: RequestReason::Referral,
                by: tablet(DOCTOR),
            }]
        );
        let clinic = Party::Member(CLINIC);
        let read = || open_for(staff(CLINIC), clinic, record, Purpose::Treatment);
        assert_eq!(read(), Err(Denial::NoGrant));
        assert_eq!(Records::requests_of(ALICE).len(), 1);
        let accepted = answering(request, accept(batch(&[record])));
        assert_ok!(call(own(ALICE), accepted.clone()));
        assert_eq!(read(), Ok(Basis::Grant(GrantId(0))));
        assert!(has_key(record, Reader::Member(CLINIC)));
        assert_eq!(state(request), RequestState::Accepted(GrantId(0)));
        assert_eq!(
            Grants::<Test>::get(GrantId(0)).unwrap().source,
            Source::Requested(request)
        );
        assert!(events().contains(&Event::RequestAnswered {
            request,
            patient: ALICE,
            state: RequestState::Accepted(GrantId(0)),
        }));
        // Once.
        assert_noop!(call(own(ALICE), accepted), Error::<Test>::RequestOver);
        assert_eq!(Records::requests_of(ALICE), []);
    });
}

#[test]
fn a_request_is_refused_or_withdrawn() {
    run(|| {
        let (first, second) = (ask(DOCTOR), ask(DOCTOR));
        assert_ok!(call(own(ALICE), answering(first, Answer::Refuse)));
        assert_eq!(state(first), RequestState::Refused);
        let withdraw = Call::withdraw_request { request: second };
        for other in [doctor(COLLEAGUE), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(
                call(other, withdraw.clone()),
                Error::<Test>::NotPractitioner
            );
        }
        events();
        assert_ok!(call(doctor(DOCTOR), withdraw.clone()));
        let by = doctor(DOCTOR);
        assert_eq!(
            events(),
            [Event::RequestWithdrawn {
                request: second,
                by
            }]
        );
        assert_noop!(call(doctor(DOCTOR), withdraw), Error::<Test>::RequestOver);
        let none = Call::withdraw_request {
            request: AccessRequestId(9),
        };
        assert_noop!(call(doctor(DOCTOR), none), Error::<Test>::UnknownRequest);
        assert_eq!(Grants::<Test>::iter().count(), 0);
    });
}

#[test]
fn only_the_patient_herself_answers() {
    run(|| {
        let request = ask(DOCTOR);
        for other in [carer(ALICE), doctor(DOCTOR), staff(CLINIC)] {
            assert_noop!(
                call(other, answering(request, Answer::Refuse)),
                Error::<Test>::NotPatient
            );
        }
        assert_noop!(
            call(own(BOB), answering(request, Answer::Refuse)),
            Error::<Test>::OtherPatient
        );
        assert_noop!(
            call(own(ALICE), answering(AccessRequestId(9), Answer::Refuse)),
            Error::<Test>::UnknownRequest
        );
    });
}

#[test]
fn an_answer_makes_a_grant_within_its_bounds() {
    run(|| {
        let of_bob = write(BOB);
        let request = ask(DOCTOR);
        assert_noop!(
            call(own(ALICE), answering(request, accept(batch(&[of_bob])))),
            Error::<Test>::NotCovered
        );
        let past = Answer::Accept {
            from: 0,
            until: START,
            may_reshare: false,
            keys: KeyBatch::new(),
        };
        assert_noop!(
            call(own(ALICE), answering(request, past)),
            Error::<Test>::BadPeriod
        );
        assert_eq!(state(request), RequestState::Open);
    });
}

#[test]
fn only_practitioners_ask_and_for_something() {
    run(|| {
        for other in [doctor(COLLEAGUE), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(
                call(other, asking(DOCTOR, referral())),
                Error::<Test>::NotPractitioner
            );
        }
        let of_bob = write(BOB);
        let refuse = |request, error: Error<Test>| {
            assert_noop!(call(doctor(DOCTOR), asking(DOCTOR, request)), error);
        };
        refuse(
            NewRequest {
                patient: PatientId(9),
                ..referral()
            },
            Error::UnknownPatient,
        );
        refuse(
            NewRequest {
                grantee: to_member(MemberId(9)),
                ..referral()
            },
            Error::UnknownGrantee,
        );
        let of = |what| NewRequest { what, ..referral() };
        let (kinds, from, until) = (Kinds::new(), 0, 1);
        refuse(of(Covered::History { kinds, from, until }), Error::Empty);
        refuse(of(Covered::Record(of_bob)), Error::OtherPatient);
        refuse(of(Covered::Record(RecordId(9))), Error::UnknownRecord);
        crate::NextRequest::<Test>::put(AccessRequestId(u64::MAX));
        refuse(referral(), Error::IdsUsedUp);
    });
}

#[test]
fn requests_expire() {
    run(|| {
        let request = ask(DOCTOR);
        later(REQUEST_MS - 1);
        assert_eq!(Records::requests_of(ALICE).len(), 1);
        later(1);
        assert_eq!(Records::requests_of(ALICE), []);
        assert_noop!(
            call(own(ALICE), answering(request, accept(KeyBatch::new()))),
            Error::<Test>::RequestOver
        );
        assert_noop!(
            call(doctor(DOCTOR), Call::withdraw_request { request }),
            Error::<Test>::RequestOver
        );
    });
}

#[test]
fn requests_are_bounded() {
    run(|| {
        for _ in 0..REQUESTS_BY_ONE_MAX {
            ask(DOCTOR);
        }
        assert_noop!(
            call(doctor(DOCTOR), asking(DOCTOR, referral())),
            Error::<Test>::TooManyRequests
        );
        // One practitioner does not crowd out another, nor one patient's another's.
        ask(COLLEAGUE);
        let of_bob = NewRequest {
            patient: BOB,
            ..referral()
        };
        assert_ok!(call(doctor(DOCTOR), asking(DOCTOR, of_bob)));
        // All of a patient's together are bounded, too.
        crate::OpenRequests::<Test>::mutate(BOB, |open| {
            let line = open[0];
            while open.len() < REQUESTS_MAX as usize {
                open.force_push(line);
            }
        });
        let of_bob = NewRequest {
            patient: BOB,
            ..referral()
        };
        assert_noop!(
            call(doctor(OUTSIDER), asking(OUTSIDER, of_bob)),
            Error::<Test>::TooManyRequests
        );
        // What has expired makes room.
        later(REQUEST_MS);
        ask(DOCTOR);
        assert_eq!(crate::OpenRequests::<Test>::get(ALICE).len(), 1);
    });
}
