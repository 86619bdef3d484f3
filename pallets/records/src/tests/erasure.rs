//! Erasure: the patient asks, the member confirms, and nobody reads any more.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{GrantId, RecordId};

use crate::{
    access::{Denial, Purpose},
    grants::{Covered, EndOfGrant},
    mock::*,
    types::*,
    weights::{Estimated, WeightInfo},
    Call, Error, Event, Grants, SealedKeys,
};

fn asking(record: RecordId) -> Call<Test> {
    Call::ask_erasure { record }
}

fn confirming(record: RecordId) -> Call<Test> {
    Call::confirm_erasure { record }
}

fn erase(record: RecordId) {
    assert_ok!(call(own(ALICE), asking(record)));
    assert_ok!(call(staff(HOSPITAL), confirming(record)));
}

#[test]
fn an_erased_record_has_no_keys_and_stays() {
    run(|| {
        let id = write(ALICE);
        let other = write(ALICE);
        let one = share(ALICE, terms(Covered::Record(id), to_doctor(COLLEAGUE)));
        let all = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        assert_ok!(call(own(ALICE), asking(id)));
        assert_eq!(stored(id).erasure, Erasure::Asked { at: START });
        // Until the member confirms, nothing changes.
        assert!(open(COLLEAGUE, id).is_ok());
        later(3);
        events();
        let info = send(staff(HOSPITAL), confirming(id)).unwrap();
        assert_eq!(
            info.actual_weight,
            Some(Estimated::<Test>::confirm_erasure(3))
        );
        let by = staff(HOSPITAL);
        assert_eq!(
            events(),
            [
                Event::GrantEnded {
                    grant: one,
                    patient: ALICE,
                    cause: EndOfGrant::RecordErased
                },
                Event::Erased {
                    record: id,
                    keys: 3,
                    by: Some(by)
                },
            ]
        );
        assert_eq!(stored(id).erasure, Erasure::Done { at: START + 3 });
        assert_eq!(SealedKeys::<Test>::iter_prefix(id).count(), 0);
        assert!(Records::version(id, 1).is_some());
        assert_eq!(Grants::<Test>::get(all).unwrap().ended, None);
        // Nobody reads it, not even by right; the attempt is still recorded.
        for (by, party) in [
            (own(ALICE), Party::Patient(ALICE)),
            (carer(ALICE), Party::Patient(ALICE)),
            (doctor(DOCTOR), Party::Practitioner(DOCTOR)),
            (doctor(COLLEAGUE), Party::Practitioner(COLLEAGUE)),
            (staff(HOSPITAL), Party::Member(HOSPITAL)),
        ] {
            let outcome = open_for(by, party, id, Purpose::Treatment);
            assert_eq!(outcome, Err(Denial::Erased));
        }
        assert!(open(COLLEAGUE, other).is_ok());
        let progress = Records::key_progress(ALICE);
        assert_eq!((progress.restored, progress.total), (1, 1));
    });
}

#[test]
fn each_step_is_its_partys() {
    run(|| {
        let id = write(ALICE);
        assert_noop!(
            call(staff(HOSPITAL), confirming(id)),
            Error::<Test>::NotAsked
        );
        for other in [carer(ALICE), doctor(DOCTOR), staff(HOSPITAL), STRANGER] {
            assert_noop!(call(other, asking(id)), Error::<Test>::NotPatient);
        }
        assert_noop!(call(own(BOB), asking(id)), Error::<Test>::OtherPatient);
        assert_ok!(call(own(ALICE), asking(id)));
        assert_noop!(call(own(ALICE), asking(id)), Error::<Test>::AlreadyAsked);
        for other in [own(ALICE), doctor(DOCTOR), staff(CLINIC), STRANGER] {
            assert_noop!(call(other, confirming(id)), Error::<Test>::MayNotConfirm);
        }
        let none = RecordId(9);
        assert_noop!(call(own(ALICE), asking(none)), Error::<Test>::UnknownRecord);
        assert_noop!(
            call(staff(HOSPITAL), confirming(none)),
            Error::<Test>::UnknownRecord
        );
    });
}

/// The patient's right does not hang on a member that cannot confirm.
#[test]
fn for_a_member_that_does_not_take_part_others_confirm() {
    let asked = || {
        let id = write(ALICE);
        assert_ok!(call(own(ALICE), asking(id)));
        id
    };
    run(|| {
        let ids = [asked(), asked()];
        let refused = |by| {
            assert_noop!(call(by, confirming(ids[0])), Error::<Test>::MayNotConfirm);
        };
        let refused_council = || {
            assert_noop!(council(confirming(ids[0])), Error::<Test>::MayNotConfirm);
        };
        refused(staff(REGULATOR));
        refused_council();
        Suspended::mutate(|members| members.insert(HOSPITAL));
        for by in [staff(HOSPITAL), staff(CLINIC), own(ALICE), STRANGER] {
            refused(by);
        }
        events();
        assert_ok!(call(staff(REGULATOR), confirming(ids[0])));
        assert_ok!(council(confirming(ids[1])));
        let by: Vec<_> = events()
            .into_iter()
            .map(|event| match event {
                Event::Erased { by, .. } => by,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(by, [Some(staff(REGULATOR)), None]);
        for id in ids {
            assert!(stored(id).is_erased());
        }
        // Nothing is confirmed that nobody asked for.
        Suspended::mutate(|members| members.remove(&HOSPITAL));
        let id = write(ALICE);
        Suspended::mutate(|members| members.insert(HOSPITAL));
        assert_noop!(council(confirming(id)), Error::<Test>::NotAsked);
    });
}

#[test]
fn nothing_more_happens_to_an_erased_record() {
    run(|| {
        let id = write(ALICE);
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        erase(id);
        let refuse = |by, call_: Call<Test>| {
            assert_noop!(call(by, call_), Error::<Test>::Erased);
        };
        let keys = batch(&[id]);
        refuse(own(ALICE), asking(id));
        refuse(staff(HOSPITAL), confirming(id));
        refuse(doctor(DOCTOR), amending(id, required(DOCTOR, HOSPITAL)));
        refuse(
            own(ALICE),
            sharing(terms(Covered::Record(id), to_doctor(OUTSIDER))),
        );
        refuse(
            own(ALICE),
            Call::add_keys {
                grant: GrantId(0),
                keys: keys.clone(),
            },
        );
        refuse(
            staff(HOSPITAL),
            Call::provide_keys {
                reader: Reader::Member(HOSPITAL),
                keys: keys.clone(),
            },
        );
        refuse(
            staff(HOSPITAL),
            Call::reseal {
                patient: ALICE,
                keys,
            },
        );
        refuse(STRANGER, Call::prune_keys { record: id });
        // That it was entered in error can still come out.
        let reason = RetractReason::Other;
        assert_ok!(call(doctor(DOCTOR), Call::retract { record: id, reason }));
    });
}

#[test]
fn a_record_with_many_versions_is_erased_whole() {
    run(|| {
        let id = write(ALICE);
        for _ in 1..VERSIONS_MAX {
            assert_ok!(call(
                doctor(DOCTOR),
                amending(id, required(DOCTOR, HOSPITAL))
            ));
        }
        erase(id);
        assert_eq!(stored(id).keys, 0);
    });
}

#[test]
fn keys_under_an_old_key_of_the_patient_are_not_counted_as_restored() {
    run(|| {
        let old = write(ALICE);
        Changed::mutate(|keys| keys.insert(ALICE, xinglin_primitives::EncryptionKey([9; 32])));
        let new = write(ALICE);
        let progress = || {
            let progress = Records::key_progress(ALICE);
            (progress.restored, progress.total)
        };
        assert_eq!(progress(), (1, 2));
        erase(old);
        assert_eq!(progress(), (1, 1));
        erase(new);
        assert_eq!(progress(), (0, 0));
    });
}
