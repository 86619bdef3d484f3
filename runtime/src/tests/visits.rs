//! A visit with the access that it gives.

use frame_support::BoundedBTreeSet;
use pallet_appointments::types::Acting;
use pallet_records::{
    access::{Basis, Denial, Purpose},
    grants::{Covered, EndOfGrant, Grantee, Terms},
    types::{ContentKind, NewRecord, Reader, SealedKey, SEALED_KEY_BYTES},
};
use xinglin_primitives::{
    time::DAY_MS, AppointmentId, GrantId, MemberId, PatientId, PractitionerId, RecordId, ScheduleId,
};

use super::{domain::schedule, *};
use crate::{Records, Runtime};

const PATIENT: &str = "//Alice//patient//1";
/// The doctor whom the patient visits, at the hospital.
const DOCTOR: &str = "//Alice//doctor//1";
/// The doctor who has written a record, at the clinic.
const AUTHOR: &str = "//Bob//doctor//1";
const GRANT: GrantId = GrantId(0);
const RECORD: RecordId = RecordId(0);
const APPOINTMENT: AppointmentId = AppointmentId(0);

fn key() -> SealedKey {
    SealedKey([7; SEALED_KEY_BYTES])
}

/// The clinic's record of the patient.
fn write() -> RuntimeCall {
    let ciphertext = b"sealed".to_vec();
    pallet_records::Call::write {
        record: NewRecord {
            patient: PatientId(0),
            author: PractitionerId(2),
            member: MemberId(1),
            visit: None,
            kind: ContentKind::Encounter,
        },
        content_hash: sp_io::hashing::blake2_256(&ciphertext).into(),
        ciphertext: ciphertext.try_into().unwrap(),
        keys: vec![
            (Reader::Patient, key()),
            (Reader::Practitioner(PractitionerId(2)), key()),
            (Reader::Member(MemberId(1)), key()),
        ]
        .try_into()
        .unwrap(),
    }
    .into()
}

/// Shares the history with the doctor for the visit, with the key of the record, and books.
fn share_and_book(token: Hash, now: Moment) -> RuntimeCall {
    let kinds = std::collections::BTreeSet::from([ContentKind::Encounter]);
    let share = pallet_records::Call::share {
        terms: Terms {
            what: Covered::History {
                kinds: BoundedBTreeSet::try_from(kinds).unwrap(),
                from: 0,
                until: now + DAY_MS,
            },
            grantee: Grantee::Practitioner(PractitionerId(0)),
            purpose: Purpose::Treatment,
            from: now,
            until: now + 30 * DAY_MS,
            may_reshare: false,
        },
        token: Some(token),
        keys: vec![pallet_records::types::KeyFor {
            record: RECORD,
            version: 1,
            key: key(),
        }]
        .try_into()
        .unwrap(),
    };
    let book = pallet_appointments::Call::book {
        patient: PatientId(0),
        schedule: ScheduleId(0),
        slot: 0,
        waitlist: false,
        pre_visit_grant: Some(token),
    };
    pallet_utility::Call::batch_all {
        calls: vec![share.into(), book.into()],
    }
    .into()
}

fn may_read(chain: &mut Chain) -> Result<Basis, Denial> {
    let doctor = dev::account(DOCTOR);
    let now = chain.now;
    chain
        .ext
        .execute_with(|| Records::may_read(&doctor, RECORD, now))
}

/// How the grant of the visit ended.
fn end_of_grant(chain: &mut Chain) -> Option<EndOfGrant> {
    chain.ext.execute_with(|| {
        let grant = pallet_records::Grants::<Runtime>::get(GRANT).unwrap();
        grant.ended.map(|(_, cause)| cause)
    })
}

fn apply(chain: &mut Chain, path: &str, nonce: Nonce, call: impl Into<RuntimeCall>) {
    let transaction = chain.sign(path, nonce, call);
    assert_eq!(chain.one(transaction), Ok(Ok(())), "{path}");
}

/// A chain on which one batch has shared and booked; the visit begins in a day.
fn booked() -> Chain {
    let mut chain = Chain::new();
    apply(&mut chain, "//Alice", 0, schedule(START + DAY_MS));
    apply(&mut chain, AUTHOR, 0, write());
    assert_eq!(may_read(&mut chain), Err(Denial::NoGrant));
    let now = chain.now;
    apply(
        &mut chain,
        PATIENT,
        0,
        share_and_book(Hash::repeat_byte(9), now),
    );
    assert_eq!(may_read(&mut chain), Ok(Basis::Grant(GRANT)));
    let reader = Reader::Practitioner(PractitionerId(0));
    let sealed = chain
        .ext
        .execute_with(|| Records::sealed_key(RECORD, 1, reader));
    assert_eq!(sealed, Some(key()));
    chain.check();
    chain
}

#[test]
fn what_one_batch_shares_and_books_ends_with_the_visit() {
    let mut chain = booked();
    chain.now = START + DAY_MS;
    let appointment = APPOINTMENT;
    let check_in = pallet_appointments::Call::check_in { appointment };
    apply(&mut chain, "//Alice", 1, check_in);
    assert_eq!(may_read(&mut chain), Ok(Basis::Grant(GRANT)));
    let complete = pallet_appointments::Call::complete { appointment };
    apply(&mut chain, DOCTOR, 0, complete);
    assert_eq!(end_of_grant(&mut chain), Some(EndOfGrant::VisitEnded));
    assert_eq!(may_read(&mut chain), Err(Denial::NoGrant));
    // Anybody may now take the key away.
    let prune = pallet_records::Call::prune_keys { record: RECORD };
    apply(&mut chain, "//Charlie", 0, prune);
    chain.check();
}

#[test]
fn it_ends_with_a_visit_that_is_called_off() {
    let mut chain = booked();
    let cancel = pallet_appointments::Call::cancel {
        appointment: APPOINTMENT,
        acting: Acting::Patient(PatientId(0)),
    };
    apply(&mut chain, PATIENT, 1, cancel);
    assert_eq!(end_of_grant(&mut chain), Some(EndOfGrant::VisitEnded));
    assert_eq!(may_read(&mut chain), Err(Denial::NoGrant));
    chain.check();
}

/// A batch that cannot book does not share either.
#[test]
fn without_the_booking_nothing_is_shared() {
    let mut chain = Chain::new();
    apply(&mut chain, AUTHOR, 0, write());
    let now = chain.now;
    let batch = share_and_book(Hash::repeat_byte(9), now);
    let transaction = chain.sign(PATIENT, 0, batch);
    assert!(matches!(chain.one(transaction), Ok(Err(_))));
    let grants = chain
        .ext
        .execute_with(|| pallet_records::Grants::<Runtime>::iter().count());
    assert_eq!(grants, 0);
}
