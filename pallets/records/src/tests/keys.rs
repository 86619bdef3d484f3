//! Sealed keys: providing, replacing, pruning.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{time::DAY_MS, EncryptionKey, MemberId, RecordId};

use crate::{
    emergency::EmergencyReason, grants::Terms, mock::*, types::*, Call, Error, Event, SealedKeys,
};

fn providing(reader: Reader<AccountId>, keys: KeyBatch) -> Call<Test> {
    Call::provide_keys { reader, keys }
}

fn resealing(keys: KeyBatch) -> Call<Test> {
    Call::reseal {
        patient: ALICE,
        keys,
    }
}

fn change_key(byte: u8) {
    Changed::mutate(|keys| keys.insert(ALICE, EncryptionKey([byte; 32])));
}

/// Restored and total versions of [`ALICE`].
fn progress() -> (u32, u32) {
    let progress = Records::key_progress(ALICE);
    (progress.restored, progress.total)
}

#[test]
fn those_who_hold_a_key_provide_it() {
    run(|| {
        let id = write(ALICE);
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let reader = Reader::Practitioner(COLLEAGUE);
        for by in [own(ALICE), doctor(DOCTOR), staff(HOSPITAL)] {
            events();
            assert_ok!(call(by, providing(reader.clone(), batch(&[id]))));
            let reader = reader.clone();
            assert_eq!(
                events(),
                [Event::KeysProvided {
                    reader,
                    count: 1,
                    by
                }]
            );
        }
        for other in [
            doctor(COLLEAGUE),
            tablet(DOCTOR),
            carer(ALICE),
            own(BOB),
            staff(CLINIC),
            STRANGER,
        ] {
            assert_noop!(
                call(other, providing(reader.clone(), batch(&[id]))),
                Error::<Test>::NotKeeper
            );
        }
    });
}

#[test]
fn keys_go_to_those_who_may_read() {
    run(|| {
        let id = write(ALICE);
        let by_member = |reader| call(staff(HOSPITAL), providing(reader, batch(&[id])));
        for reader in [
            Reader::Practitioner(COLLEAGUE),
            Reader::Member(CLINIC),
            Reader::Member(MemberId(99)),
            Reader::Delegate(booker(ALICE)),
            Reader::Delegate(own(ALICE)),
            Reader::Delegate(STRANGER),
        ] {
            assert_noop!(by_member(reader), Error::<Test>::NotAReader);
        }
        assert_noop!(by_member(Reader::Patient), Error::<Test>::UseReseal);
        // A delegate; one in an emergency; one whose grant is to come; author and member after
        // they changed their own keys.
        assert_ok!(by_member(Reader::Delegate(carer(ALICE))));
        let glass = Call::break_glass {
            patient: ALICE,
            member: HOSPITAL,
            reason: EmergencyReason::Unconscious,
            digest: Default::default(),
        };
        assert_ok!(call(doctor(COLLEAGUE), glass));
        assert_ok!(by_member(Reader::Practitioner(COLLEAGUE)));
        let to_come = Terms {
            from: START + 5,
            ..terms(everything(), to_member(CLINIC))
        };
        share(ALICE, to_come);
        assert_ok!(by_member(Reader::Member(CLINIC)));
        assert_ok!(by_member(Reader::Practitioner(DOCTOR)));
        assert_ok!(by_member(Reader::Member(HOSPITAL)));
        assert_eq!(stored(id).keys, 6);
        assert_eq!(
            Records::sealed_key(id, 1, Reader::Practitioner(DOCTOR)),
            Some(key(7))
        );
    });
}

#[test]
fn every_key_of_a_batch_must_fit() {
    run(|| {
        let id = write(ALICE);
        let elsewhere = write_new(NewRecord {
            author: OUTSIDER,
            member: CLINIC,
            ..about(ALICE)
        });
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let refuse = |keys: KeyBatch, error: Error<Test>| {
            let call_ = providing(Reader::Practitioner(COLLEAGUE), keys);
            assert_noop!(call(staff(HOSPITAL), call_), error);
        };
        refuse(batch(&[id, elsewhere]), Error::NotKeeper);
        refuse(batch(&[id, RecordId(9)]), Error::UnknownRecord);
        refuse(KeyBatch::new(), Error::Empty);
        refuse(
            vec![key_for(id, 2)].try_into().unwrap(),
            Error::UnknownVersion,
        );
    });
}

#[test]
fn sealed_keys_of_a_record_are_bounded() {
    run(|| {
        let id = write(ALICE);
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        crate::Records::<Test>::mutate(id, |it| it.as_mut().unwrap().keys = KEYS_MAX);
        let provide = providing(Reader::Practitioner(COLLEAGUE), batch(&[id]));
        assert_noop!(
            call(staff(HOSPITAL), provide.clone()),
            Error::<Test>::TooManyKeys
        );
        // Replacing takes no room.
        let replace = providing(Reader::Member(HOSPITAL), batch(&[id]));
        assert_ok!(call(staff(HOSPITAL), replace));
        crate::Records::<Test>::mutate(id, |it| it.as_mut().unwrap().keys = 3);
        assert_ok!(call(staff(HOSPITAL), provide));
    });
}

#[test]
fn a_patient_with_a_new_key_gets_her_records_back() {
    run(|| {
        let ids = [write(ALICE), write(ALICE), write(ALICE)];
        assert_eq!(progress(), (3, 3));
        change_key(50);
        assert_eq!(progress(), (0, 3));
        events();
        assert_ok!(call(staff(HOSPITAL), resealing(batch(&ids[..2]))));
        assert_eq!(progress(), (2, 3));
        let by = staff(HOSPITAL);
        let resealed = Event::Resealed {
            patient: ALICE,
            restored: 2,
            total: 3,
            by,
        };
        assert_eq!(events(), [resealed]);
        // Once more does not count twice, and what is written from now on is under the new key.
        assert_ok!(call(doctor(DOCTOR), resealing(batch(&ids[..2]))));
        assert_eq!(progress(), (2, 3));
        write(ALICE);
        assert_eq!(progress(), (3, 4));
        assert_ok!(call(own(ALICE), resealing(batch(&ids[2..]))));
        assert_eq!(progress(), (4, 4));
        assert_eq!(
            Records::sealed_key(ids[0], 1, Reader::Patient),
            Some(key(7))
        );
        check();
        // Another key still: none of them is under it.
        change_key(51);
        assert_eq!(progress(), (0, 4));
        write(ALICE);
        assert_eq!(progress(), (1, 5));
    });
}

#[test]
fn only_those_who_hold_keys_reseal() {
    run(|| {
        let id = write(ALICE);
        let of_bob = write(BOB);
        for other in [tablet(DOCTOR), doctor(COLLEAGUE), carer(ALICE), own(BOB)] {
            assert_noop!(
                call(other, resealing(batch(&[id]))),
                Error::<Test>::NotKeeper
            );
        }
        let refuse = |keys: KeyBatch, error: Error<Test>| {
            assert_noop!(call(staff(HOSPITAL), resealing(keys)), error);
        };
        refuse(KeyBatch::new(), Error::Empty);
        refuse(batch(&[id, of_bob]), Error::OtherPatient);
        refuse(batch(&[RecordId(9)]), Error::UnknownRecord);
        refuse(
            vec![key_for(id, 0)].try_into().unwrap(),
            Error::UnknownVersion,
        );
    });
}

#[test]
fn keys_without_a_reason_are_pruned() {
    run(|| {
        let id = write(ALICE);
        let grant = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        share(
            ALICE,
            Terms {
                until: START + 2 * DAY_MS,
                ..terms(everything(), to_member(CLINIC))
            },
        );
        let readers = [
            Reader::Practitioner(COLLEAGUE),
            Reader::Member(CLINIC),
            Reader::Delegate(carer(ALICE)),
        ];
        for reader in &readers {
            let provide = providing(reader.clone(), batch(&[id]));
            assert_ok!(call(own(ALICE), provide));
        }
        let prune = Call::prune_keys { record: id };
        assert_noop!(call(STRANGER, prune.clone()), Error::<Test>::NothingToPrune);
        assert_ok!(call(own(ALICE), Call::revoke { grant }));
        Dismissed::mutate(|patients| patients.insert(ALICE));
        events();
        let info = send(STRANGER, prune.clone()).unwrap();
        assert_eq!(
            info.actual_weight,
            Some(<crate::weights::Estimated<Test> as crate::WeightInfo>::prune_keys(6))
        );
        let pruned = Event::KeysPruned {
            record: id,
            count: 2,
        };
        assert_eq!(events(), [pruned]);
        let left: Vec<_> = readers.map(|reader| has_key(id, reader)).to_vec();
        assert_eq!(left, [false, true, false]);
        assert_eq!(SealedKeys::<Test>::iter_prefix(id).count(), 4);
        later(2 * DAY_MS);
        assert_ok!(call(STRANGER, prune));
        assert_eq!(stored(id).keys, 3);
        let none = Call::prune_keys {
            record: RecordId(9),
        };
        assert_noop!(call(STRANGER, none), Error::<Test>::UnknownRecord);
    });
}
