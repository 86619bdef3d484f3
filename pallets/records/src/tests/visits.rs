//! Records of visits, and grants that end with them.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{OnAppointment, VisitRecords},
    time::{DAY_MS, HOUR_MS},
    AppointmentId, GrantId, Hash, RecordId,
};

use crate::{
    access::{Basis, Denial},
    grants::{EndOfGrant, GRANTS_MAX},
    mock::*,
    types::*,
    Call, Error, Event, Grants, LiveGrants,
};

const VISIT: AppointmentId = AppointmentId(8);
const TOKEN: Hash = Hash::repeat_byte(8);
const PLANNED: u8 = 0;
const ARRIVED: u8 = 1;
const FULFILLED: u8 = 2;
const OFF: u8 = 3;

fn plan(state: u8) {
    Booked::mutate(|visits| visits.insert(VISIT, (ALICE, HOSPITAL, state)));
}

fn of_visit() -> NewRecord {
    NewRecord {
        visit: Some(VISIT),
        ..about(ALICE)
    }
}

fn is_documented() -> bool {
    <Records as VisitRecords>::is_documented(VISIT)
}

fn end(token: Hash) {
    <Records as OnAppointment>::visit_ended(ALICE, token);
}

fn for_visit() -> Call<Test> {
    Call::share {
        terms: terms(everything(), to_doctor(COLLEAGUE)),
        token: Some(TOKEN),
        keys: KeyBatch::new(),
    }
}

#[test]
fn a_visit_is_documented_by_what_is_not_retracted() {
    run(|| {
        plan(ARRIVED);
        assert!(!is_documented());
        let first = write_new(of_visit());
        plan(FULFILLED);
        let second = write_new(of_visit());
        write(ALICE);
        assert!(is_documented());
        let listed = Records::records_of_visit(VISIT).into_iter();
        assert_eq!(
            listed.map(|(id, _)| id).collect::<Vec<_>>(),
            [first, second]
        );
        for record in [first, second] {
            assert!(is_documented());
            let reason = RetractReason::Duplicate;
            assert_ok!(call(doctor(DOCTOR), Call::retract { record, reason }));
        }
        assert!(!is_documented());
    });
}

#[test]
fn a_record_is_of_a_visit_of_its_patient_at_its_member() {
    run(|| {
        let write = |record: NewRecord| {
            let keys = required(record.author, record.member);
            call(doctor(record.author), writing(record, keys))
        };
        assert_noop!(write(of_visit()), Error::<Test>::UnknownVisit);
        for state in [PLANNED, OFF] {
            plan(state);
            assert_noop!(write(of_visit()), Error::<Test>::NotArrived);
        }
        plan(ARRIVED);
        let of_bob = NewRecord {
            patient: BOB,
            ..of_visit()
        };
        assert_noop!(write(of_bob), Error::<Test>::OtherVisit);
        let of_clinic = NewRecord {
            author: OUTSIDER,
            member: CLINIC,
            ..of_visit()
        };
        assert_noop!(write(of_clinic), Error::<Test>::OtherVisit);
        // A colleague may document the visit, too.
        let of_colleague = NewRecord {
            author: COLLEAGUE,
            ..of_visit()
        };
        assert_ok!(write(of_colleague));
    });
}

#[test]
fn records_of_a_visit_are_bounded() {
    run(|| {
        plan(ARRIVED);
        for _ in 0..VISIT_RECORDS_MAX {
            write_new(of_visit());
        }
        let write = writing(of_visit(), required(DOCTOR, HOSPITAL));
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::TooManyForVisit);
    });
}

#[test]
fn a_grant_for_a_visit_ends_with_it() {
    run(|| {
        let id = write(ALICE);
        assert_ok!(call(own(ALICE), for_visit()));
        let other = share(ALICE, terms(everything(), to_doctor(OUTSIDER)));
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(GrantId(0))));
        events();
        // Somebody else's visit, or one with another grant.
        <Records as OnAppointment>::visit_ended(BOB, TOKEN);
        end(Hash::repeat_byte(9));
        assert_eq!(events(), []);
        later(HOUR_MS);
        end(TOKEN);
        let ended = Event::GrantEnded {
            grant: GrantId(0),
            patient: ALICE,
            cause: EndOfGrant::VisitEnded,
        };
        assert_eq!(events(), [ended]);
        assert_eq!(open(COLLEAGUE, id), Err(Denial::NoGrant));
        assert_eq!(open(OUTSIDER, id), Ok(Basis::Grant(other)));
        assert_eq!(
            Grants::<Test>::get(GrantId(0)).unwrap().ended,
            Some((START + HOUR_MS, EndOfGrant::VisitEnded))
        );
        // Again: nothing is left to end.
        events();
        end(TOKEN);
        assert_eq!(events(), []);
    });
}

#[test]
fn a_token_stands_for_one_live_grant() {
    run(|| {
        assert_ok!(call(own(ALICE), for_visit()));
        assert_noop!(call(own(ALICE), for_visit()), Error::<Test>::TokenInUse);
        // Another patient may have chosen the same.
        assert_ok!(call(own(BOB), for_visit()));
        end(TOKEN);
        assert_ok!(call(own(ALICE), for_visit()));
        later(DAY_MS);
        assert_ok!(call(own(ALICE), for_visit()));
        assert_eq!(LiveGrants::<Test>::get(ALICE).len(), 1);
    });
}

#[test]
fn a_grant_for_a_visit_is_not_passed_on() {
    run(|| {
        let mut share = for_visit();
        if let Call::share { terms, .. } = &mut share {
            terms.may_reshare = true;
        }
        assert_noop!(call(own(ALICE), share), Error::<Test>::VisitGrantPassedOn);
    });
}

#[test]
fn sharing_goes_into_one_batch_with_booking() {
    run(|| {
        let id = write(ALICE);
        let mut share = for_visit();
        if let Call::share { keys, .. } = &mut share {
            *keys = batch(&[id]);
        }
        let batched = |then: Call<Test>| pallet_utility::Call::batch_all {
            calls: vec![share.clone().into(), then.into()],
        };
        // What follows fails, as a booking may: nothing is shared.
        let refused = Call::revoke { grant: GrantId(5) };
        assert_noop!(
            call(own(ALICE), batched(refused)),
            Error::<Test>::UnknownGrant
        );
        assert_ok!(call(own(ALICE), batched(Call::ask_erasure { record: id })));
        assert!(has_key(id, Reader::Practitioner(COLLEAGUE)));
        end(TOKEN);
        assert_eq!(LiveGrants::<Test>::get(ALICE).len(), 0);
    });
}

#[test]
fn a_grant_that_is_over_by_time_is_not_ended_by_the_visit() {
    run(|| {
        assert_ok!(call(own(ALICE), for_visit()));
        for _ in 1..GRANTS_MAX.min(8) {
            share(ALICE, terms(everything(), to_doctor(OUTSIDER)));
        }
        later(DAY_MS);
        events();
        end(TOKEN);
        assert_eq!(events(), []);
        assert_eq!(Grants::<Test>::get(GrantId(0)).unwrap().ended, None);
    });
}

#[test]
fn a_ciphertext_is_found_in_the_call_that_carries_it() {
    run(|| {
        let write = writing(about(ALICE), required(DOCTOR, HOSPITAL));
        let content = ciphertext(0);
        assert_eq!(
            Records::carried(&write),
            Some((hash_of(&content), &content[..]))
        );
        let id = crate::mock::write(ALICE);
        let amend = amending(id, required(DOCTOR, HOSPITAL));
        assert!(Records::carried(&amend).is_some());
        assert_eq!(
            Records::carried(&Call::ask_erasure {
                record: RecordId(0)
            }),
            None
        );
    });
}
