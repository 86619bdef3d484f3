//! Opening records: every attempt leaves its trace.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::RecordId;

use crate::{
    access::{Basis, Denial, Purpose},
    grants::Terms,
    mock::*,
    reading::{AccessEntry, Accessed},
    types::*,
    Call, Error, Event, Files,
};

const PURPOSE: Purpose = Purpose::Treatment;

#[test]
fn those_with_a_right_always_read() {
    run(|| {
        let id = write(ALICE);
        let patient = Party::Patient(ALICE);
        for (by, party, basis) in [
            (own(ALICE), patient, Basis::Patient),
            (carer(ALICE), patient, Basis::Delegate),
            (doctor(DOCTOR), Party::Practitioner(DOCTOR), Basis::Author),
            (tablet(DOCTOR), Party::Practitioner(DOCTOR), Basis::Author),
            (
                staff(HOSPITAL),
                Party::Member(HOSPITAL),
                Basis::AuthorsMember,
            ),
        ] {
            assert_eq!(open_for(by, party, id, Purpose::Research), Ok(basis));
        }
    });
}

#[test]
fn everybody_else_is_denied_and_leaves_a_trace() {
    run(|| {
        let id = write(ALICE);
        let entries = [
            (own(BOB), Party::Patient(BOB)),
            (carer(BOB), Party::Patient(BOB)),
            (doctor(COLLEAGUE), Party::Practitioner(COLLEAGUE)),
            (staff(CLINIC), Party::Member(CLINIC)),
            (staff(REGULATOR), Party::Member(REGULATOR)),
        ];
        for (by, party) in entries {
            assert_eq!(open_for(by, party, id, PURPOSE), Err(Denial::NoGrant));
        }
        let log = Records::access_log(ALICE, None, 10);
        assert_eq!(log.items.len(), entries.len());
        let last = AccessEntry {
            by: staff(REGULATOR),
            party: Party::Member(REGULATOR),
            what: Accessed::Record(id),
            purpose: PURPOSE,
            outcome: Err(Denial::NoGrant),
            at: START,
            block: 1,
        };
        assert_eq!(log.items[0], (4, last));
        // The trace is in the log of the record's patient.
        assert_eq!(Files::<Test>::get(BOB).accesses, 0);
    });
}

#[test]
fn nobody_signs_for_another() {
    run(|| {
        let id = write(ALICE);
        for (by, party) in [
            (booker(ALICE), Party::Patient(ALICE)),
            (own(BOB), Party::Patient(ALICE)),
            (doctor(COLLEAGUE), Party::Practitioner(DOCTOR)),
            (doctor(DOCTOR), Party::Member(HOSPITAL)),
            (staff(CLINIC), Party::Member(HOSPITAL)),
            (STRANGER, Party::Patient(ALICE)),
        ] {
            assert_noop!(
                call(by, opening(party, &[id], PURPOSE)),
                Error::<Test>::NotActing
            );
        }
        Unlicensed::mutate(|practitioners| practitioners.insert(DOCTOR));
        assert_noop!(
            call(
                doctor(DOCTOR),
                opening(Party::Practitioner(DOCTOR), &[id], PURPOSE)
            ),
            Error::<Test>::NotActing
        );
        Dismissed::mutate(|patients| patients.insert(ALICE));
        assert_noop!(
            call(carer(ALICE), opening(Party::Patient(ALICE), &[id], PURPOSE)),
            Error::<Test>::NotActing
        );
    });
}

#[test]
fn a_list_is_decided_record_by_record() {
    run(|| {
        let own_record = write_new(NewRecord {
            author: COLLEAGUE,
            ..about(ALICE)
        });
        let granted = write(BOB);
        let denied = write(ALICE);
        let unknown = RecordId(99);
        share(BOB, terms(everything(), to_doctor(COLLEAGUE)));
        events();
        let party = Party::Practitioner(COLLEAGUE);
        let list = [own_record, granted, denied, unknown, granted];
        assert_ok!(call(tablet(COLLEAGUE), opening(party, &list, PURPOSE)));
        let allowed = vec![own_record, granted, granted];
        let refused = vec![(denied, Denial::NoGrant), (unknown, Denial::Unknown)];
        let opened = Event::Opened {
            by: tablet(COLLEAGUE),
            party,
            purpose: PURPOSE,
            allowed: BoundedVec::truncate_from(allowed),
            denied: BoundedVec::truncate_from(refused),
        };
        assert_eq!(events(), [opened]);
        let accesses = |patient| Files::<Test>::get(patient).accesses;
        assert_eq!((accesses(ALICE), accesses(BOB)), (2, 2));
    });
}

#[test]
fn up_to_64_are_opened_at_once() {
    run(|| {
        let ids: Vec<_> = (0..BATCH_MAX).map(|_| write(ALICE)).collect();
        let party = Party::Practitioner(DOCTOR);
        assert_noop!(
            call(doctor(DOCTOR), opening(party, &[], PURPOSE)),
            Error::<Test>::Empty
        );
        assert_ok!(call(doctor(DOCTOR), opening(party, &ids, PURPOSE)));
        assert_eq!(Files::<Test>::get(ALICE).accesses, u64::from(BATCH_MAX));
        use codec::{Decode, Encode};
        let more = vec![RecordId(0); BATCH_MAX as usize + 1].encode();
        assert!(RecordBatch::decode(&mut &more[..]).is_err());
    });
}

#[test]
fn the_reason_nearest_to_access_is_given() {
    run(|| {
        let id = write(ALICE);
        let all = || terms(everything(), to_doctor(COLLEAGUE));
        let past = share(
            ALICE,
            Terms {
                until: START + 5,
                ..all()
            },
        );
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(past)));
        later(5);
        assert_eq!(open(COLLEAGUE, id), Err(Denial::Expired));
        // Giving another clears the one that is over away.
        share(
            ALICE,
            Terms {
                from: START + 10,
                ..all()
            },
        );
        assert_eq!(open(COLLEAGUE, id), Err(Denial::NotYet));
        share(
            ALICE,
            Terms {
                purpose: Purpose::Research,
                ..all()
            },
        );
        assert_eq!(open(COLLEAGUE, id), Err(Denial::OtherPurpose));
        // Whichever was given last.
        share(
            ALICE,
            Terms {
                from: START + 20,
                ..all()
            },
        );
        assert_eq!(open(COLLEAGUE, id), Err(Denial::OtherPurpose));
        let now = share(ALICE, all());
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(now)));
    });
}

#[test]
fn retracted_records_can_still_be_read() {
    run(|| {
        let id = write(ALICE);
        let grant = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let reason = RetractReason::WrongContent;
        assert_ok!(call(doctor(DOCTOR), Call::retract { record: id, reason }));
        // Who relied on it must be able to see what it said.
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(grant)));
    });
}

#[test]
fn purposes_have_the_codes_of_fhir() {
    assert_eq!(Purpose::Treatment.code(), "TREAT");
    assert_eq!(Purpose::EmergencyTreatment.code(), "ETREAT");
    assert_eq!(Purpose::Payment.code(), "HPAYMT");
    assert_eq!(Purpose::Research.code(), "HRESCH");
    assert_eq!(Purpose::PublicHealth.code(), "PUBHLTH");
}
