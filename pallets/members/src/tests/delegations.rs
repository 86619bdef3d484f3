//! Delegations and session keys.

use std::collections::BTreeSet;

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{self, Admission, Scope},
    time::{Moment, HOUR_MS},
    PatientId,
};

use crate::{
    mock::*, Call, Delegates, DelegationKind, Delegations, EndOfDelegation, Error, Event, Party,
    Principal, Scopes, DELEGATES_MAX, DELEGATE_MS_MAX, PRINCIPALS_MAX, SESSION_KEY_MS_MAX,
};
use DelegationKind::{Delegate, SessionKey};
use Scope::{Booking, Paying, Reading, Routine};

fn scopes<const N: usize>(scopes: [Scope; N]) -> Scopes {
    Scopes::try_from(BTreeSet::from(scopes)).unwrap()
}

fn delegate_to<const N: usize>(
    delegate: AccountId,
    kind: DelegationKind,
    given: [Scope; N],
    until: Moment,
) -> Call<Test> {
    Call::delegate {
        delegate,
        kind,
        scopes: scopes(given),
        until,
        encryption_key: None,
    }
}

fn for_patient(who: AccountId, scope: Scope) -> bool {
    <Members as glue::Patients<_>>::acts_for(&who, PATIENT, scope)
}

fn for_doctor(who: AccountId, scope: Scope) -> bool {
    <Members as glue::Practitioners<_>>::acts_for(&who, DOCTOR, scope)
}

const LATER: Moment = START + HOUR_MS;

#[test]
fn a_delegate_acts_within_scope_and_time() {
    run(|| {
        assert!(!Members::is_admitted(&STRANGER));
        let call = delegate_to(STRANGER, Delegate, [Booking, Reading], LATER);
        assert_ok!(by(PATIENT_ACCOUNT, call));
        assert_events(&[Event::Delegated {
            principal: THE_PATIENT,
            delegate: STRANGER,
            kind: Delegate,
            scopes: scopes([Booking, Reading]),
            until: LATER,
            encryption_key: None,
        }]);
        assert!(Members::is_admitted(&STRANGER));
        assert!(for_patient(STRANGER, Booking) && for_patient(STRANGER, Reading));
        assert!(!for_patient(STRANGER, Paying));
        assert!(!for_patient(OTHER, Booking));
        assert!(!for_doctor(STRANGER, Booking));
        // It acts for the patient; it is not the patient.
        assert_eq!(<Members as glue::Patients<_>>::patient_of(&STRANGER), None);

        Now::set(LATER - 1);
        assert!(for_patient(STRANGER, Booking) && Members::is_admitted(&STRANGER));
        Now::set(LATER);
        assert!(!for_patient(STRANGER, Booking) && !Members::is_admitted(&STRANGER));
    });
}

#[test]
fn a_session_key_does_a_practitioners_routine() {
    run(|| {
        let call = delegate_to(STRANGER, SessionKey, [Routine], LATER);
        assert_ok!(by(DOCTOR_ACCOUNT, call));
        assert!(for_doctor(STRANGER, Routine));
        assert!(!for_patient(STRANGER, Routine));
        assert!(Members::is_admitted(&STRANGER));
        assert!(for_doctor(DOCTOR_ACCOUNT, Routine));

        // It is worth as much as its principal's licence.
        let practitioner = DOCTOR;
        assert_ok!(by(HOSPITAL_MAIN, Call::suspend_licence { practitioner }));
        assert!(!for_doctor(STRANGER, Routine));
        assert!(!Members::is_admitted(&STRANGER));
    });
}

#[test]
fn a_delegate_may_have_an_encryption_key_of_its_own() {
    run(|| {
        let stored = || {
            let delegations = Delegations::<Test>::get(STRANGER).into_iter();
            let keys = delegations.map(|it| it.encryption_key);
            keys.collect::<Vec<_>>()
        };
        // Another takes the place of the earlier, and so does none.
        for encryption_key in [Some(key(7)), Some(key(8)), None] {
            assert_ok!(by(
                PATIENT_ACCOUNT,
                Call::delegate {
                    delegate: STRANGER,
                    kind: Delegate,
                    scopes: scopes([Reading]),
                    until: LATER,
                    encryption_key,
                }
            ));
            assert_events(&[Event::Delegated {
                principal: THE_PATIENT,
                delegate: STRANGER,
                kind: Delegate,
                scopes: scopes([Reading]),
                until: LATER,
                encryption_key,
            }]);
            assert_eq!(stored(), [encryption_key]);
        }
    });
}

#[test]
fn scopes_are_legal_for_some_only() {
    run(|| {
        for (who, kind, given) in [
            (PATIENT_ACCOUNT, Delegate, scopes([])),
            (PATIENT_ACCOUNT, Delegate, scopes([Routine])),
            (PATIENT_ACCOUNT, SessionKey, scopes([Booking, Routine])),
            (DOCTOR_ACCOUNT, Delegate, scopes([Routine])),
            (DOCTOR_ACCOUNT, SessionKey, scopes([Booking])),
            (DOCTOR_ACCOUNT, SessionKey, scopes([Routine, Reading])),
        ] {
            let call = Call::delegate {
                delegate: STRANGER,
                kind,
                scopes: given,
                until: LATER,
                encryption_key: None,
            };
            assert_noop!(by(who, call), Error::<Test>::IllegalScopes);
        }
        for kind in [Delegate, SessionKey] {
            assert_ok!(by(
                PATIENT_ACCOUNT,
                delegate_to(STRANGER, kind, [Booking, Reading, Paying], LATER)
            ));
        }
    });
}

#[test]
fn a_delegation_has_an_end_that_is_not_far() {
    run(|| {
        for until in [0, START - 1, START] {
            assert_noop!(
                by(
                    PATIENT_ACCOUNT,
                    delegate_to(STRANGER, Delegate, [Booking], until)
                ),
                Error::<Test>::EndInPast
            );
        }
        for (kind, lifetime) in [
            (SessionKey, SESSION_KEY_MS_MAX),
            (Delegate, DELEGATE_MS_MAX),
        ] {
            let until = START + lifetime;
            for late in [until + 1, Moment::MAX] {
                assert_noop!(
                    by(
                        PATIENT_ACCOUNT,
                        delegate_to(STRANGER, kind, [Booking], late)
                    ),
                    Error::<Test>::EndTooLate
                );
            }
            assert_ok!(by(
                PATIENT_ACCOUNT,
                delegate_to(STRANGER, kind, [Booking], until)
            ));
        }
    });
}

#[test]
fn only_active_persons_delegate_and_not_to_themselves() {
    run(|| {
        for who in [HOSPITAL_MAIN, HOSPITAL_DESK, STRANGER] {
            assert_noop!(
                by(who, delegate_to(OTHER, Delegate, [Booking], LATER)),
                Error::<Test>::NotActivePrincipal
            );
        }
        let to_self = delegate_to(PATIENT_ACCOUNT, Delegate, [Booking], LATER);
        assert_noop!(by(PATIENT_ACCOUNT, to_self), Error::<Test>::OwnAccount);
        suspend(Party::Patient(PATIENT));
        assert_noop!(
            by(
                PATIENT_ACCOUNT,
                delegate_to(OTHER, Delegate, [Booking], LATER)
            ),
            Error::<Test>::NotActivePrincipal
        );
    });
}

#[test]
fn a_later_delegation_replaces_the_earlier() {
    run(|| {
        assert_ok!(by(
            PATIENT_ACCOUNT,
            delegate_to(STRANGER, Delegate, [Booking], LATER)
        ));
        assert_ok!(by(
            PATIENT_ACCOUNT,
            delegate_to(STRANGER, SessionKey, [Paying], LATER + 1)
        ));
        assert!(for_patient(STRANGER, Paying) && !for_patient(STRANGER, Booking));
        assert_eq!(Delegations::<Test>::get(STRANGER).len(), 1);
        assert_eq!(
            Delegates::<Test>::get(THE_PATIENT).into_inner(),
            [(STRANGER, LATER + 1)]
        );
    });
}

#[test]
fn the_principal_revokes_and_the_delegate_renounces() {
    run(|| {
        let give = || {
            by(
                PATIENT_ACCOUNT,
                delegate_to(STRANGER, Delegate, [Booking], LATER),
            )
        };
        let revoke = |delegate| Call::revoke_delegation { delegate };
        let renounce = |principal| Call::renounce_delegation { principal };
        let ended = |cause| Event::DelegationEnded {
            principal: THE_PATIENT,
            delegate: STRANGER,
            cause,
        };

        assert_ok!(give());
        assert_noop!(
            by(PATIENT_ACCOUNT, revoke(OTHER)),
            Error::<Test>::NoDelegation
        );
        assert_noop!(
            by(DOCTOR_ACCOUNT, revoke(STRANGER)),
            Error::<Test>::NoDelegation
        );
        assert_noop!(
            by(HOSPITAL_MAIN, revoke(STRANGER)),
            Error::<Test>::NotActivePrincipal
        );
        assert_ok!(by(PATIENT_ACCOUNT, revoke(STRANGER)));
        assert_events(&[ended(EndOfDelegation::Revoked)]);
        assert!(!for_patient(STRANGER, Booking) && !Members::is_admitted(&STRANGER));

        assert_ok!(give());
        assert_noop!(
            by(OTHER, renounce(THE_PATIENT)),
            Error::<Test>::NoDelegation
        );
        assert_noop!(
            by(STRANGER, renounce(THE_DOCTOR)),
            Error::<Test>::NoDelegation
        );
        assert_ok!(by(STRANGER, renounce(THE_PATIENT)));
        assert_events(&[ended(EndOfDelegation::Renounced)]);
        assert!(!for_patient(STRANGER, Booking));
        assert!(!Delegations::<Test>::contains_key(STRANGER));
        assert!(!Delegates::<Test>::contains_key(THE_PATIENT));
    });
}

#[test]
fn a_delegation_is_worth_nothing_while_either_side_is_suspended() {
    run(|| {
        // The doctor is a patient's delegate as well.
        for delegate in [STRANGER, DOCTOR_ACCOUNT] {
            assert_ok!(by(
                PATIENT_ACCOUNT,
                delegate_to(delegate, Delegate, [Booking], LATER)
            ));
            assert!(for_patient(delegate, Booking));
        }
        let party = Party::Practitioner(DOCTOR);
        suspend(party);
        assert!(!for_patient(DOCTOR_ACCOUNT, Booking));
        assert!(!Members::is_admitted(&DOCTOR_ACCOUNT));
        assert!(for_patient(STRANGER, Booking));
        assert_ok!(by_council(Call::lift { party }));

        suspend(Party::Patient(PATIENT));
        assert!(!for_patient(STRANGER, Booking) && !for_patient(DOCTOR_ACCOUNT, Booking));
        assert!(!Members::is_admitted(&STRANGER));
        assert!(Members::is_admitted(&DOCTOR_ACCOUNT));
    });
}

#[test]
fn delegates_are_bounded_and_expired_ones_make_room() {
    run(|| {
        let call = |n: u32, until| delegate_to(10_000 + u64::from(n), Delegate, [Booking], until);
        for n in 0..DELEGATES_MAX {
            let until = if n == 3 { LATER } else { LATER + 1 };
            assert_ok!(by(PATIENT_ACCOUNT, call(n, until)));
        }
        let one_more = call(DELEGATES_MAX, LATER + 1);
        assert_noop!(
            by(PATIENT_ACCOUNT, one_more.clone()),
            Error::<Test>::TooManyDelegates
        );
        // To renew one of them needs no further place.
        assert_ok!(by(PATIENT_ACCOUNT, call(5, LATER + 1)));
        Now::set(LATER);
        assert_ok!(by(PATIENT_ACCOUNT, one_more));
        assert!(!Delegations::<Test>::contains_key(10_003));
        assert_noop!(
            by(PATIENT_ACCOUNT, call(3, LATER + 1)),
            Error::<Test>::TooManyDelegates
        );
    });
}

/// Registers further patients and returns their accounts.
fn patients(count: u32) -> Vec<AccountId> {
    (0..count)
        .map(|n| {
            let account = 20_000 + u64::from(n);
            assert_ok!(by(
                CLINIC_MAIN,
                Call::register_patient {
                    identity: identity(100 + n as u8),
                    account,
                    encryption_key: key(5),
                }
            ));
            account
        })
        .collect()
}

#[test]
fn principals_of_one_delegate_are_bounded_and_expired_ones_make_room() {
    run(|| {
        let patients = patients(PRINCIPALS_MAX + 1);
        let (last, others) = patients.split_last().unwrap();
        for (n, patient) in others.iter().enumerate() {
            let until = if n == 3 { LATER } else { LATER + 1 };
            let call = delegate_to(STRANGER, Delegate, [Booking], until);
            assert_ok!(by(*patient, call));
        }
        let one_more = delegate_to(STRANGER, Delegate, [Booking], LATER + 1);
        assert_noop!(
            by(*last, one_more.clone()),
            Error::<Test>::TooManyPrincipals
        );
        Now::set(LATER);
        assert_ok!(by(*last, one_more));
        assert_eq!(
            Delegations::<Test>::get(STRANGER).len(),
            PRINCIPALS_MAX as usize
        );
        let expired = Principal::Patient(PatientId(1 + 3));
        assert!(!Delegates::<Test>::contains_key(expired));
    });
}

#[test]
fn anyone_clears_away_what_is_over() {
    run(|| {
        for (delegate, until) in [(STRANGER, LATER), (OTHER, LATER + 1)] {
            assert_ok!(by(
                PATIENT_ACCOUNT,
                delegate_to(delegate, Delegate, [Booking], until)
            ));
        }
        let clear = Call::clear_expired {
            principal: THE_PATIENT,
        };
        assert_ok!(by(INSURER_MAIN, clear.clone()));
        assert_eq!(Delegates::<Test>::get(THE_PATIENT).len(), 2);

        Now::set(LATER);
        assert_ok!(by(INSURER_MAIN, clear));
        assert_events(&[Event::DelegationEnded {
            principal: THE_PATIENT,
            delegate: STRANGER,
            cause: EndOfDelegation::Expired,
        }]);
        assert!(!Delegations::<Test>::contains_key(STRANGER));
        assert!(for_patient(OTHER, Booking));
    });
}
