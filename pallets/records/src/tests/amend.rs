//! Further versions, and records that were entered in error.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{Hash, RecordId};

use crate::{mock::*, types::*, Call, Error, Event};

fn retracting(record: RecordId) -> Call<Test> {
    Call::retract {
        record,
        reason: RetractReason::WrongPatient,
    }
}

fn again(record: RecordId) -> Call<Test> {
    amending(record, required(DOCTOR, HOSPITAL))
}

#[test]
fn an_amendment_adds_a_version() {
    run(|| {
        let id = write(ALICE);
        let first = Records::version(id, 1).unwrap();
        later(5);
        events();
        assert_ok!(call(tablet(DOCTOR), again(id)));
        assert_eq!((stored(id).versions, stored(id).keys), (2, 6));
        assert_eq!(stored(id).written_at, START);
        // The history is as it was.
        assert_eq!(Records::version(id, 1), Some(first));
        let second = Records::version(id, 2).unwrap();
        assert_eq!(second.reason, Some(AmendReason::Addition));
        assert_eq!(second.at, START + 5);
        assert_eq!(Records::by_content(second.hash), Some((id, 2)));
        assert_eq!(
            events(),
            [Event::Amended {
                record: id,
                version: 2,
                reason: AmendReason::Addition,
                hash: second.hash,
                size: second.size,
                by: tablet(DOCTOR),
            }]
        );
    });
}

#[test]
fn a_version_may_be_external() {
    run(|| {
        let id = write(ALICE);
        let amend = |hash| Call::amend_external {
            record: id,
            reason: AmendReason::Correction,
            file: ExternalFile {
                hash,
                size: 9,
                location: Location::new(),
            },
            keys: required(DOCTOR, HOSPITAL),
        };
        let first = Records::version(id, 1).unwrap();
        assert_noop!(
            call(doctor(DOCTOR), amend(first.hash)),
            Error::<Test>::AlreadyRegistered
        );
        assert_ok!(call(doctor(DOCTOR), amend(Hash::repeat_byte(3))));
        let second = Records::version(id, 2).unwrap();
        assert_eq!(second.carrier, Carrier::External(Location::new()));
    });
}

#[test]
fn only_the_author_amends() {
    run(|| {
        let id = write(ALICE);
        for other in [doctor(COLLEAGUE), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(call(other, again(id)), Error::<Test>::NotAuthor);
        }
        let keys = and(Reader::Practitioner(COLLEAGUE));
        assert_noop!(
            call(doctor(DOCTOR), amending(id, keys)),
            Error::<Test>::NotAReader
        );
        let mut keys = required(DOCTOR, HOSPITAL);
        keys.pop();
        assert_noop!(
            call(doctor(DOCTOR), amending(id, keys)),
            Error::<Test>::MissingReader
        );
        assert_noop!(
            call(doctor(DOCTOR), again(RecordId(9))),
            Error::<Test>::UnknownRecord
        );
        Suspended::mutate(|members| members.insert(HOSPITAL));
        assert_noop!(call(doctor(DOCTOR), again(id)), Error::<Test>::NotLicensed);
    });
}

#[test]
fn an_amendment_is_what_its_hash_says() {
    run(|| {
        let id = write(ALICE);
        let amend = Call::amend {
            record: id,
            reason: AmendReason::Correction,
            content_hash: Hash::zero(),
            ciphertext: ciphertext(5),
            keys: required(DOCTOR, HOSPITAL),
        };
        assert_noop!(call(doctor(DOCTOR), amend), Error::<Test>::HashMismatch);
    });
}

#[test]
fn versions_are_bounded() {
    run(|| {
        let id = write(ALICE);
        for _ in 1..VERSIONS_MAX {
            assert_ok!(call(doctor(DOCTOR), again(id)));
        }
        assert_noop!(
            call(doctor(DOCTOR), again(id)),
            Error::<Test>::TooManyVersions
        );
    });
}

#[test]
fn author_and_member_retract() {
    run(|| {
        for by in [doctor(DOCTOR), staff(HOSPITAL)] {
            let id = write(ALICE);
            events();
            assert_ok!(call(by, retracting(id)));
            assert_eq!(stored(id).retracted_at, Some(START));
            let reason = RetractReason::WrongPatient;
            assert_eq!(
                events(),
                [Event::Retracted {
                    record: id,
                    reason,
                    by
                }]
            );
            // Once, and for good.
            assert_noop!(call(by, retracting(id)), Error::<Test>::Retracted);
            assert_noop!(call(doctor(DOCTOR), again(id)), Error::<Test>::Retracted);
        }
    });
}

#[test]
fn nobody_else_retracts_and_no_session_key() {
    run(|| {
        let id = write(ALICE);
        let others = [
            tablet(DOCTOR),
            doctor(COLLEAGUE),
            staff(CLINIC),
            own(ALICE),
            STRANGER,
        ];
        for other in others {
            assert_noop!(
                call(other, retracting(id)),
                Error::<Test>::NotAuthorNorMember
            );
        }
        assert_noop!(
            call(doctor(DOCTOR), retracting(RecordId(9))),
            Error::<Test>::UnknownRecord
        );
    });
}
