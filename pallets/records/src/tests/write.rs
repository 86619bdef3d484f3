//! Writing records.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{Hash, MemberId, PatientId, PractitionerId, RecordId};

use crate::{mock::*, types::*, Call, Error, Event, Versions};

#[test]
fn a_record_is_written() {
    run(|| {
        let content = ciphertext(0);
        let (hash, size) = (hash_of(&content), content.len() as u64);
        assert_ok!(call(
            tablet(DOCTOR),
            writing(about(ALICE), required(DOCTOR, HOSPITAL))
        ));
        let id = RecordId(0);
        let expected = Record {
            patient: ALICE,
            author: DOCTOR,
            member: HOSPITAL,
            visit: None,
            kind: ContentKind::Encounter,
            written_at: START,
            versions: 1,
            keys: 3,
            retracted_at: None,
            erasure: Erasure::None,
        };
        assert_eq!(stored(id), expected);
        let version = RecordVersion {
            hash,
            size,
            carrier: Carrier::Block(1),
            at: START,
            reason: None,
        };
        assert_eq!(Versions::<Test>::get(id, 1), Some(version));
        assert_eq!(Records::by_content(hash), Some((id, 1)));
        assert_eq!(Records::sealed_key(id, 1, Reader::Patient), Some(key(1)));
        let event = Event::Written {
            record: id,
            patient: ALICE,
            author: DOCTOR,
            member: HOSPITAL,
            visit: None,
            kind: ContentKind::Encounter,
            hash,
            size,
            by: tablet(DOCTOR),
        };
        assert_eq!(events(), [event]);
    });
}

#[test]
fn no_ciphertext_stays_in_the_state() {
    let content: Ciphertext = vec![0xA5; CIPHERTEXT_BYTES_MAX as usize]
        .try_into()
        .unwrap();
    let mut ext = ext();
    ext.execute_with(|| {
        let write = Call::write {
            record: about(ALICE),
            content_hash: hash_of(&content),
            ciphertext: content,
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_ok!(call(doctor(DOCTOR), write));
        let version = Versions::<Test>::get(RecordId(0), 1).unwrap();
        assert_eq!(version.size, u64::from(CIPHERTEXT_BYTES_MAX));
        let mut key = Vec::new();
        while let Some(next) = sp_io::storage::next_key(&key) {
            let value = sp_io::storage::get(&next).unwrap();
            assert!(!value.windows(8).any(|bytes| bytes == [0xA5; 8]));
            key = next;
        }
        check();
    });
}

#[test]
fn only_the_author_writes_where_she_is_licensed() {
    run(|| {
        let write = || writing(about(ALICE), required(DOCTOR, HOSPITAL));
        let others = [
            doctor(COLLEAGUE),
            staff(HOSPITAL),
            own(ALICE),
            carer(ALICE),
            STRANGER,
        ];
        for other in others {
            assert_noop!(call(other, write()), Error::<Test>::NotAuthor);
        }
        let elsewhere = NewRecord {
            member: CLINIC,
            ..about(ALICE)
        };
        assert_noop!(
            call(doctor(DOCTOR), writing(elsewhere, required(DOCTOR, CLINIC))),
            Error::<Test>::NotLicensed
        );
        Suspended::mutate(|members| members.insert(HOSPITAL));
        assert_noop!(call(doctor(DOCTOR), write()), Error::<Test>::NotLicensed);
        Unlicensed::mutate(|practitioners| practitioners.insert(DOCTOR));
        assert_noop!(call(doctor(DOCTOR), write()), Error::<Test>::NotAuthor);
    });
}

#[test]
fn unknown_patients_are_refused() {
    run(|| {
        let write = writing(about(PatientId(77)), required(DOCTOR, HOSPITAL));
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::UnknownPatient);
    });
}

#[test]
fn a_ciphertext_with_another_hash_is_refused() {
    run(|| {
        let mut damaged = ciphertext(0).into_inner();
        let content_hash = hash_of(&damaged);
        damaged[3] ^= 1;
        let write = Call::write {
            record: about(ALICE),
            content_hash,
            ciphertext: damaged.try_into().unwrap(),
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::HashMismatch);
    });
}

#[test]
fn an_empty_content_is_refused() {
    run(|| {
        let write = Call::write {
            record: about(ALICE),
            content_hash: hash_of(&[]),
            ciphertext: Ciphertext::new(),
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::Empty);
        let write = Call::write_external {
            record: about(ALICE),
            file: ExternalFile {
                hash: Hash::repeat_byte(1),
                size: 0,
                location: Location::new(),
            },
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::Empty);
    });
}

#[test]
fn a_ciphertext_is_registered_once() {
    run(|| {
        let first = ciphertext(0);
        write(ALICE);
        let again = |patient| Call::write {
            record: about(patient),
            content_hash: hash_of(&first),
            ciphertext: first.clone(),
            keys: required(DOCTOR, HOSPITAL),
        };
        for patient in [ALICE, BOB] {
            assert_noop!(
                call(doctor(DOCTOR), again(patient)),
                Error::<Test>::AlreadyRegistered
            );
        }
        let external = Call::write_external {
            record: about(BOB),
            file: ExternalFile {
                hash: hash_of(&first),
                size: 1,
                location: Location::new(),
            },
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_noop!(
            call(doctor(DOCTOR), external),
            Error::<Test>::AlreadyRegistered
        );
    });
}

#[test]
fn a_large_file_stays_with_its_member() {
    run(|| {
        let location: Location = b"store-1/ab".to_vec().try_into().unwrap();
        let file = ExternalFile {
            hash: Hash::repeat_byte(5),
            size: 1 << 40,
            location: location.clone(),
        };
        let write = Call::write_external {
            record: NewRecord {
                kind: ContentKind::Image,
                ..about(ALICE)
            },
            file,
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_ok!(call(doctor(DOCTOR), write));
        let version = Records::version(RecordId(0), 1).unwrap();
        assert_eq!(version.carrier, Carrier::External(location));
        assert_eq!(version.size, 1 << 40);
    });
}

#[test]
fn the_readers_by_right_get_a_key() {
    run(|| {
        for missing in 0..3 {
            let mut keys = required(DOCTOR, HOSPITAL);
            keys.remove(missing);
            let write = writing(about(ALICE), keys);
            assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::MissingReader);
        }
        // Another practitioner or member does not stand in for them.
        for keys in [required(COLLEAGUE, HOSPITAL), required(DOCTOR, CLINIC)] {
            let write = writing(about(ALICE), keys);
            assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::MissingReader);
        }
    });
}

#[test]
fn nobody_gets_two_keys() {
    run(|| {
        for reader in [Reader::Patient, Reader::Practitioner(DOCTOR)] {
            let write = writing(about(ALICE), and(reader));
            assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::DuplicateReader);
        }
    });
}

#[test]
fn others_get_a_key_only_if_they_may_read() {
    run(|| {
        let unfit = [
            Reader::Practitioner(COLLEAGUE),
            Reader::Practitioner(PractitionerId(99)),
            Reader::Member(INSURER),
            Reader::Member(MemberId(99)),
            Reader::Delegate(booker(ALICE)),
            Reader::Delegate(carer(BOB)),
            // The patient's own key has another slot.
            Reader::Delegate(own(ALICE)),
            Reader::Delegate(STRANGER),
        ];
        for reader in unfit {
            let write = writing(about(ALICE), and(reader));
            assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::NotAReader);
        }
        let write = writing(about(ALICE), and(Reader::Delegate(carer(ALICE))));
        assert_ok!(call(doctor(DOCTOR), write));
        assert!(has_key(RecordId(0), Reader::Delegate(carer(ALICE))));
        // A grant of the history covers what is yet to be written.
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let write = writing(about(ALICE), and(Reader::Practitioner(COLLEAGUE)));
        assert_ok!(call(doctor(DOCTOR), write));
        assert_eq!(stored(RecordId(1)).keys, 4);
    });
}

#[test]
fn what_is_longer_than_a_transaction_carries_does_not_decode() {
    use codec::{Decode, Encode};
    let fits = vec![1u8; CIPHERTEXT_BYTES_MAX as usize].encode();
    assert!(Ciphertext::decode(&mut &fits[..]).is_ok());
    let exceeds = vec![1u8; CIPHERTEXT_BYTES_MAX as usize + 1].encode();
    assert!(Ciphertext::decode(&mut &exceeds[..]).is_err());
    // A sealed key of another length is not a sealed key.
    let keys = vec![(Reader::<AccountId>::Patient, [0u8; SEALED_KEY_BYTES - 1])].encode();
    assert!(ReaderKeys::<AccountId>::decode(&mut &keys[..]).is_err());
}

#[test]
fn ids_are_not_used_twice() {
    run(|| {
        crate::NextRecord::<Test>::put(RecordId(u64::MAX));
        let write = writing(about(ALICE), required(DOCTOR, HOSPITAL));
        assert_noop!(call(doctor(DOCTOR), write), Error::<Test>::IdsUsedUp);
    });
}
