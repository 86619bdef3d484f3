//! Replacement of a lost account: every step, and who may not take it.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{Admission, Patients, Practitioners, Scope},
    PatientId,
};

use crate::{
    mock::*, Call, DelegationKind, Delegations, EndOfDelegation, Error, Event, Party, Principal,
    Replacements,
};

const NEW: AccountId = 310;

fn propose(principal: Principal) -> Call<Test> {
    Call::propose_replacement {
        principal,
        account: NEW,
        encryption_key: key(8),
    }
}

fn approve(principal: Principal) -> Call<Test> {
    Call::approve_replacement {
        principal,
        account: NEW,
    }
}

fn complete(principal: Principal) -> Call<Test> {
    Call::complete_replacement { principal }
}

fn cancel(principal: Principal) -> Call<Test> {
    Call::cancel_replacement { principal }
}

fn books(who: AccountId) -> bool {
    <Members as Patients<_>>::acts_for(&who, PATIENT, Scope::Booking)
}

fn proposed_and_approved(principal: Principal) {
    assert_ok!(by(HOSPITAL_DESK, propose(principal)));
    assert_ok!(by(CLINIC_MAIN, approve(principal)));
}

#[test]
fn two_members_and_a_delay_replace_a_patients_account() {
    run(|| {
        let before = crate::Patients::<Test>::get(PATIENT).unwrap();
        assert_ok!(by(HOSPITAL_DESK, propose(THE_PATIENT)));
        assert_events(&[Event::ReplacementProposed {
            principal: THE_PATIENT,
            account: NEW,
            proposer: HOSPITAL,
        }]);
        assert_noop!(
            by(INSURER_MAIN, complete(THE_PATIENT)),
            Error::<Test>::NotApproved
        );
        assert_ok!(by(CLINIC_MAIN, approve(THE_PATIENT)));
        assert_events(&[Event::ReplacementApproved {
            principal: THE_PATIENT,
            account: NEW,
            approver: CLINIC,
            due: START + DELAY,
        }]);

        Now::set(START + DELAY - 1);
        assert_noop!(
            by(HOSPITAL_MAIN, complete(THE_PATIENT)),
            Error::<Test>::VetoPeriod
        );
        assert_eq!(Members::patient_of(&PATIENT_ACCOUNT), Some(PATIENT));
        Now::set(START + DELAY);
        assert_ok!(by(INSURER_MAIN, complete(THE_PATIENT)));
        assert_events(&[Event::Replaced {
            principal: THE_PATIENT,
            old: PATIENT_ACCOUNT,
            new: NEW,
            encryption_key: key(8),
        }]);
        assert_eq!(AccountsChanged::get(), [(PATIENT_ACCOUNT, NEW)]);

        assert_eq!(Members::patient_of(&NEW), Some(PATIENT));
        assert_eq!(Members::patient_of(&PATIENT_ACCOUNT), None);
        assert!(!Members::is_admitted(&PATIENT_ACCOUNT));
        let after = crate::Patients::<Test>::get(PATIENT).unwrap();
        let expected = crate::Patient {
            account: NEW,
            encryption_key: key(8),
            ..before
        };
        assert_eq!(after, expected);
        assert_noop!(
            by(INSURER_MAIN, complete(THE_PATIENT)),
            Error::<Test>::NoReplacement
        );
    });
}

#[test]
fn the_account_of_a_practitioner_is_replaced_likewise() {
    run(|| {
        assert_noop!(
            by(CLINIC_MAIN, propose(THE_DOCTOR)),
            Error::<Test>::NotProposer
        );
        proposed_and_approved(THE_DOCTOR);
        Now::set(START + DELAY);
        assert_ok!(by(HOSPITAL_MAIN, complete(THE_DOCTOR)));
        assert_eq!(Members::practitioner_of(&NEW), Some(DOCTOR));
        assert_eq!(Members::practitioner_of(&DOCTOR_ACCOUNT), None);
        assert_eq!(Members::department_at(DOCTOR, HOSPITAL), Some(SURGERY));
    });
}

#[test]
fn nothing_is_replaced_while_what_belongs_to_it_cannot_follow() {
    run(|| {
        let propose = Call::propose_replacement {
            principal: THE_PATIENT,
            account: BROKEN,
            encryption_key: key(8),
        };
        let approve = Call::approve_replacement {
            principal: THE_PATIENT,
            account: BROKEN,
        };
        assert_ok!(by(HOSPITAL_DESK, propose));
        assert_ok!(by(CLINIC_MAIN, approve));
        Now::set(START + DELAY);
        assert_noop!(
            by(INSURER_MAIN, complete(THE_PATIENT)),
            DispatchError::Other("broken")
        );
        assert_eq!(Members::patient_of(&PATIENT_ACCOUNT), Some(PATIENT));
    });
}

#[test]
fn the_old_account_vetoes_before_and_after_the_approval() {
    run(|| {
        let veto = || by(PATIENT_ACCOUNT, Call::veto_replacement {});
        assert_noop!(veto(), Error::<Test>::NoReplacement);
        assert_ok!(by(HOSPITAL_MAIN, propose(THE_PATIENT)));
        assert_ok!(veto());
        proposed_and_approved(THE_PATIENT);
        // Even after the delay, as long as nobody has completed it.
        Now::set(START + 2 * DELAY);
        assert_ok!(veto());
        assert_events(&[Event::ReplacementVetoed {
            principal: THE_PATIENT,
        }]);
        assert_noop!(
            by(HOSPITAL_MAIN, complete(THE_PATIENT)),
            Error::<Test>::NoReplacement
        );
        assert_eq!(Members::patient_of(&PATIENT_ACCOUNT), Some(PATIENT));
    });
}

#[test]
fn nobody_else_vetoes_and_a_suspended_person_does_not() {
    run(|| {
        proposed_and_approved(THE_PATIENT);
        for who in [NEW, STRANGER, HOSPITAL_MAIN] {
            assert_noop!(
                by(who, Call::veto_replacement {}),
                Error::<Test>::NotActivePrincipal
            );
        }
        assert_noop!(
            by(DOCTOR_ACCOUNT, Call::veto_replacement {}),
            Error::<Test>::NoReplacement
        );
        suspend(Party::Patient(PATIENT));
        assert_noop!(
            by(PATIENT_ACCOUNT, Call::veto_replacement {}),
            Error::<Test>::NotActivePrincipal
        );
        // So the council can take the account back from a thief: the suspension stays with the
        // patient, until it is lifted for the new account.
        Now::set(START + DELAY);
        assert_ok!(by(HOSPITAL_MAIN, complete(THE_PATIENT)));
        assert!(!Members::is_admitted(&NEW));
        let party = Party::Patient(PATIENT);
        assert_ok!(by_council(Call::lift { party }));
        assert!(Members::is_admitted(&NEW));
    });
}

#[test]
fn a_practitioner_without_a_licence_still_vetoes() {
    run(|| {
        proposed_and_approved(THE_DOCTOR);
        assert_ok!(by(
            HOSPITAL_MAIN,
            Call::revoke_licence {
                practitioner: DOCTOR
            }
        ));
        assert_ok!(by(DOCTOR_ACCOUNT, Call::veto_replacement {}));
    });
}

#[test]
fn only_who_vouches_proposes() {
    run(|| {
        assert_noop!(
            by(CLINIC_MAIN, propose(THE_PATIENT)),
            Error::<Test>::NotProposer
        );
        assert_noop!(
            by(PATIENT_ACCOUNT, propose(THE_PATIENT)),
            Error::<Test>::NotActiveMember
        );
        let unknown = Principal::Patient(PatientId(99));
        assert_noop!(
            by(HOSPITAL_MAIN, propose(unknown)),
            Error::<Test>::UnknownPatient
        );
        let unknown = Principal::Practitioner(xinglin_primitives::PractitionerId(99));
        assert_noop!(
            by(HOSPITAL_MAIN, propose(unknown)),
            Error::<Test>::UnknownPractitioner
        );
        // A licence that is suspended does not vouch.
        let practitioner = DOCTOR;
        assert_ok!(by(HOSPITAL_MAIN, Call::suspend_licence { practitioner }));
        assert_noop!(
            by(HOSPITAL_MAIN, propose(THE_DOCTOR)),
            Error::<Test>::NotProposer
        );
    });
}

#[test]
fn for_a_removed_registrar_another_stands_in() {
    run(|| {
        suspend(Party::Member(HOSPITAL));
        assert_noop!(
            by(CLINIC_MAIN, propose(THE_PATIENT)),
            Error::<Test>::NotProposer
        );
        assert_ok!(by_council(Call::remove_member { member: HOSPITAL }));
        assert_noop!(
            by(REGULATOR_MAIN, propose(THE_PATIENT)),
            Error::<Test>::NotProposer
        );
        assert_ok!(by(CLINIC_MAIN, propose(THE_PATIENT)));
        assert_ok!(by(INSURER_MAIN, approve(THE_PATIENT)));
    });
}

#[test]
fn one_replacement_at_a_time_to_a_free_account() {
    run(|| {
        let to = |account| Call::propose_replacement {
            principal: THE_PATIENT,
            account,
            encryption_key: key(8),
        };
        for account in [PATIENT_ACCOUNT, DOCTOR_ACCOUNT, HOSPITAL_DESK] {
            assert_noop!(by(HOSPITAL_MAIN, to(account)), Error::<Test>::AccountInUse);
        }
        assert_ok!(by(HOSPITAL_MAIN, to(NEW)));
        assert_noop!(
            by(HOSPITAL_MAIN, to(OTHER)),
            Error::<Test>::ReplacementPending
        );
    });
}

#[test]
fn the_second_member_is_another_and_approves_what_was_proposed() {
    run(|| {
        assert_noop!(
            by(CLINIC_MAIN, approve(THE_PATIENT)),
            Error::<Test>::NoReplacement
        );
        assert_ok!(by(HOSPITAL_DESK, propose(THE_PATIENT)));
        // Another account of the same member is not another member.
        assert_noop!(
            by(HOSPITAL_MAIN, approve(THE_PATIENT)),
            Error::<Test>::SameMember
        );
        assert_noop!(
            by(STRANGER, approve(THE_PATIENT)),
            Error::<Test>::NotActiveMember
        );
        assert_noop!(
            by(
                CLINIC_MAIN,
                Call::approve_replacement {
                    principal: THE_PATIENT,
                    account: OTHER,
                }
            ),
            Error::<Test>::ReplacementMismatch
        );
        assert_ok!(by(REGULATOR_MAIN, approve(THE_PATIENT)));
        assert_noop!(
            by(CLINIC_MAIN, approve(THE_PATIENT)),
            Error::<Test>::AlreadyApproved
        );
    });
}

#[test]
fn the_two_members_and_the_council_cancel() {
    run(|| {
        assert_noop!(
            by_council(cancel(THE_PATIENT)),
            Error::<Test>::NoReplacement
        );
        for canceller in [Some(HOSPITAL_MAIN), Some(CLINIC_MAIN), None] {
            proposed_and_approved(THE_PATIENT);
            assert_noop!(
                by(INSURER_MAIN, cancel(THE_PATIENT)),
                Error::<Test>::NotInvolved
            );
            assert_noop!(
                by(PATIENT_ACCOUNT, cancel(THE_PATIENT)),
                Error::<Test>::NotActiveMember
            );
            assert_ok!(match canceller {
                Some(who) => by(who, cancel(THE_PATIENT)),
                None => by_council(cancel(THE_PATIENT)),
            });
            assert_events(&[Event::ReplacementCancelled {
                principal: THE_PATIENT,
            }]);
            assert!(!Replacements::<Test>::contains_key(THE_PATIENT));
        }
    });
}

#[test]
fn both_members_must_still_be_active_at_the_end() {
    run(|| {
        proposed_and_approved(THE_PATIENT);
        Now::set(START + DELAY);
        for member in [HOSPITAL, CLINIC] {
            let party = Party::Member(member);
            suspend(party);
            assert_noop!(
                by(INSURER_MAIN, complete(THE_PATIENT)),
                Error::<Test>::BackerNotActive
            );
            assert_ok!(by_council(Call::lift { party }));
        }
        assert_ok!(by(INSURER_MAIN, complete(THE_PATIENT)));
    });
}

#[test]
fn an_account_that_was_taken_meanwhile_is_refused() {
    run(|| {
        proposed_and_approved(THE_PATIENT);
        let account = NEW;
        assert_ok!(by(CLINIC_MAIN, Call::add_service_account { account }));
        Now::set(START + DELAY);
        assert_noop!(
            by(HOSPITAL_MAIN, complete(THE_PATIENT)),
            Error::<Test>::AccountInUse
        );
    });
}

#[test]
fn session_keys_end_with_the_account_and_delegates_stay() {
    run(|| {
        let until = START + 2 * DELAY;
        let delegate = |delegate, kind, until| {
            by(
                PATIENT_ACCOUNT,
                Call::delegate {
                    delegate,
                    kind,
                    scopes: [Scope::Booking]
                        .into_iter()
                        .collect::<std::collections::BTreeSet<_>>()
                        .try_into()
                        .unwrap(),
                    until,
                    encryption_key: None,
                },
            )
        };
        assert_ok!(delegate(STRANGER, DelegationKind::Delegate, until));
        // The account to come was a delegate: nobody is their own.
        assert_ok!(delegate(NEW, DelegationKind::Delegate, until));
        proposed_and_approved(THE_PATIENT);
        Now::set(START + DELAY);
        assert_ok!(delegate(OTHER, DelegationKind::SessionKey, Now::get() + 1));
        assert!(books(OTHER));

        assert_ok!(by(HOSPITAL_MAIN, complete(THE_PATIENT)));
        let ended = |delegate| Event::DelegationEnded {
            principal: THE_PATIENT,
            delegate,
            cause: EndOfDelegation::KeyReplaced,
        };
        assert_events(&[
            ended(NEW),
            ended(OTHER),
            Event::Replaced {
                principal: THE_PATIENT,
                old: PATIENT_ACCOUNT,
                new: NEW,
                encryption_key: key(8),
            },
        ]);
        assert!(!books(OTHER));
        assert!(books(STRANGER));
        assert!(!Delegations::<Test>::contains_key(NEW));
    });
}
