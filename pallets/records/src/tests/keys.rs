//! Sealed keys: providing, replacing, pruning.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{time::DAY_MS, AccessRequestId, EncryptionKey, MemberId, RecordId};

use crate::{
    access::{Basis, Denial, Purpose},
    emergency::EmergencyReason,
    grants::Terms,
    mock::*,
    requests::{Answer, NewRequest, RequestReason},
    types::*,
    Call, Error, Event, SealedKeys,
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

/// Whoever is given keys by grant leaves room for the three of every version to come.
#[test]
fn readers_by_grant_leave_room_for_amendments() {
    run(|| {
        let id = write(ALICE);
        let spare = 3 * u32::from(VERSIONS_MAX - 1);
        let mut first = 0;
        while stored(id).keys < KEYS_MAX - spare {
            // Others than those of the registry: the pallet asks of a grantee only that it is known.
            let reader = Reader::Delegate(90_000 + first);
            fill(id, reader);
            first += 1;
        }
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let provide = providing(Reader::Practitioner(COLLEAGUE), batch(&[id]));
        assert_noop!(
            call(staff(HOSPITAL), provide.clone()),
            Error::<Test>::TooManyKeys
        );
        let by_grant = Call::share {
            terms: terms(everything(), to_doctor(OUTSIDER)),
            token: None,
            keys: batch(&[id]),
        };
        assert_noop!(call(own(ALICE), by_grant), Error::<Test>::TooManyKeys);
        // Replacing takes no room, and every amendment finds its own.
        let replace = providing(Reader::Member(HOSPITAL), batch(&[id]));
        assert_ok!(call(staff(HOSPITAL), replace));
        assert_noop!(
            call(
                doctor(DOCTOR),
                amending(id, and(Reader::Practitioner(COLLEAGUE)))
            ),
            Error::<Test>::TooManyKeys
        );
        for _ in 1..VERSIONS_MAX {
            let amend = amending(id, required(DOCTOR, HOSPITAL));
            assert_ok!(call(doctor(DOCTOR), amend));
        }
        assert_eq!(stored(id).keys, KEYS_MAX);
        // Those without a reason make room.
        assert_ok!(call(STRANGER, Call::prune_keys { record: id }));
        assert_ok!(call(staff(HOSPITAL), provide));
    });
}

/// Stores a key past the rules, for a reader whom no rule knows.
fn fill(id: RecordId, reader: Reader<AccountId>) {
    let stored = StoredKey {
        key: key(9),
        epoch: 0,
    };
    SealedKeys::<Test>::insert(id, (1, reader), stored);
    crate::Records::<Test>::mutate(id, |it| it.as_mut().unwrap().keys += 1);
}

/// What author and member hold by right is theirs to replace, and the author's the member's too.
#[test]
fn nobody_spoils_the_keys_of_author_and_member() {
    run(|| {
        let id = write(ALICE);
        let author = Reader::Practitioner(DOCTOR);
        let member = Reader::Member(HOSPITAL);
        let refused = |by, reader: &Reader<AccountId>| {
            assert_noop!(
                call(by, providing(reader.clone(), batch(&[id]))),
                Error::<Test>::KeyExists
            );
        };
        let accepted = |by, reader: &Reader<AccountId>| {
            assert_ok!(call(by, providing(reader.clone(), batch(&[id]))));
        };
        refused(own(ALICE), &author);
        refused(own(ALICE), &member);
        refused(doctor(DOCTOR), &member);
        accepted(doctor(DOCTOR), &author);
        accepted(staff(HOSPITAL), &author);
        accepted(staff(HOSPITAL), &member);
        // Neither by a grant: given of her own accord, added to, or given in answer.
        for grantee in [to_doctor(DOCTOR), to_member(HOSPITAL)] {
            let share_keys = Call::share {
                terms: terms(everything(), grantee),
                token: None,
                keys: batch(&[id]),
            };
            assert_noop!(call(own(ALICE), share_keys), Error::<Test>::KeyExists);
            let grant = share(ALICE, terms(everything(), grantee));
            let keys = batch(&[id]);
            assert_noop!(
                call(own(ALICE), Call::add_keys { grant, keys }),
                Error::<Test>::KeyExists
            );
        }
        let asked = NewRequest {
            patient: ALICE,
            what: everything(),
            grantee: to_member(HOSPITAL),
            purpose: Purpose::Treatment,
            reason: RequestReason::Continuation,
        };
        let ask = Call::request_access {
            requester: DOCTOR,
            request: asked,
        };
        assert_ok!(call(doctor(DOCTOR), ask));
        let answer = Call::answer {
            request: AccessRequestId(0),
            answer: Answer::Accept {
                from: START,
                until: START + DAY_MS,
                may_reshare: false,
                keys: batch(&[id]),
            },
        };
        assert_noop!(call(own(ALICE), answer), Error::<Test>::KeyExists);
    });
}

/// Who is stopped for a time does not lose what would take others' help to restore.
#[test]
fn a_delegate_keeps_the_keys_while_the_patient_is_stopped() {
    run(|| {
        let id = write(ALICE);
        let reader = Reader::Delegate(carer(ALICE));
        let provide = providing(reader.clone(), batch(&[id]));
        assert_ok!(call(own(ALICE), provide.clone()));
        Stopped::mutate(|patients| patients.insert(ALICE));
        let prune = Call::prune_keys { record: id };
        assert_noop!(call(STRANGER, prune.clone()), Error::<Test>::NothingToPrune);
        // She does not read meanwhile.
        let reads = || Records::may_read(&carer(ALICE), id, Now::get());
        assert_eq!(reads(), Err(Denial::NoGrant));
        Stopped::mutate(|patients| patients.remove(&ALICE));
        assert_eq!(reads(), Ok(Basis::Delegate));
        // Once she is no delegate any more, they go.
        Dismissed::mutate(|patients| patients.insert(ALICE));
        assert_ok!(call(STRANGER, prune));
        assert!(!has_key(id, reader));
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
