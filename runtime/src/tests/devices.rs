//! What a device is told of records: a session key names for whom it acts.

use codec::Decode;
use pallet_records::types::{Reader, SealedKey, VersionNumber};
use xinglin_primitives::{
    glue::Scope, privacy::Topic, time::HOUR_MS, MemberId, Party, PatientId, PractitionerId,
    RecordId,
};

use super::{
    policy::{apply, delegation, populated, CIPHERTEXT},
    *,
};
use crate::privacy::may_ask;

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
const OTHER_DOCTOR: &str = "//Alice//doctor//2";
const GRANTEE: &str = "//Bob//doctor//1";
const DEVICE: &str = "//device";
const PATIENTS_DEVICE: &str = "//delegate//reads";

const RECORD: RecordId = RecordId(0);
const HER: Party = Party::Patient(PatientId(0));
const AUTHOR: PractitionerId = PractitionerId(0);
const AS_AUTHOR: Party = Party::Practitioner(AUTHOR);

/// Whether an account may ask for the keys and the ciphertext of the record as a party.
fn may_read(chain: &mut Chain, path: &str, party: Party) -> bool {
    let account = dev::account(path);
    let content = Hash::from(sp_io::hashing::blake2_256(CIPHERTEXT));
    let topics = [
        Topic::RecordAs(RECORD, party),
        Topic::ContentAs(content, party),
    ];
    let [record, ciphertext] =
        topics.map(|topic| chain.discard(|| may_ask(&account, topic, None)).is_ok());
    assert_eq!(record, ciphertext, "{path} as {party:?}");
    record
}

/// For whom the key is sealed that an account is given, as nodes ask for it.
fn reader_for(chain: &mut Chain, path: &str, party: Option<Party>) -> Option<Reader<AccountId>> {
    let version: VersionNumber = 1;
    let arguments = (dev::account(path), RECORD, version, party).encode();
    let answer = chain.discard(|| native::call("RecordsApi_key_for", &arguments));
    let answer = answer.unwrap();
    let found = Option::<(Reader<AccountId>, SealedKey)>::decode(&mut &answer[..]).unwrap();
    found.map(|(reader, _)| reader)
}

fn revoke(path: &str) -> RuntimeCall {
    let delegate = dev::account(path);
    pallet_members::Call::revoke_delegation { delegate }.into()
}

/// A chain on which a doctor, who has signed `nonce` transactions, has a device until an hour later.
fn with_device(doctor: &str, nonce: Nonce) -> (Chain, Moment) {
    let mut chain = populated();
    let until = chain.now + HOUR_MS;
    let routine = delegation(DEVICE, Scope::Routine, until);
    apply(&mut chain, doctor, nonce, routine);
    (chain, until)
}

#[test]
fn a_doctors_device_reads_as_the_doctor_until_it_ends() {
    let mut without = populated();
    assert!(!may_read(&mut without, DEVICE, AS_AUTHOR));
    let (mut chain, until) = with_device(DOCTOR, 1);
    assert!(may_read(&mut chain, DEVICE, AS_AUTHOR));
    let reader = reader_for(&mut chain, DEVICE, Some(AS_AUTHOR));
    assert_eq!(reader, Some(Reader::Practitioner(AUTHOR)));
    // The doctor's own account may name her, too.
    let own = reader_for(&mut chain, DOCTOR, Some(AS_AUTHOR));
    assert_eq!(own, reader);
    assert_eq!(reader_for(&mut chain, DOCTOR, None), reader);

    chain.now = until;
    chain.block(Vec::new());
    assert!(!may_read(&mut chain, DEVICE, AS_AUTHOR));
    assert_eq!(reader_for(&mut chain, DEVICE, Some(AS_AUTHOR)), None);
    assert!(may_read(&mut chain, DOCTOR, AS_AUTHOR));
}

#[test]
fn a_doctors_device_reads_no_more_once_it_is_revoked() {
    let (mut chain, _) = with_device(DOCTOR, 1);
    assert!(may_read(&mut chain, DEVICE, AS_AUTHOR));
    apply(&mut chain, DOCTOR, 2, revoke(DEVICE));
    assert!(!may_read(&mut chain, DEVICE, AS_AUTHOR));
    assert_eq!(reader_for(&mut chain, DEVICE, Some(AS_AUTHOR)), None);
}

#[test]
fn a_device_acts_for_its_owner_and_nobody_else() {
    let (mut chain, _) = with_device(DOCTOR, 1);
    for other in [
        HER,
        Party::Practitioner(PractitionerId(1)),
        Party::Practitioner(PractitionerId(2)),
        Party::Member(MemberId(0)),
    ] {
        assert!(!may_read(&mut chain, DEVICE, other), "{other:?}");
        let key = reader_for(&mut chain, DEVICE, Some(other));
        assert_eq!(key, None, "{other:?}");
    }
    // By itself it is nobody.
    assert_eq!(reader_for(&mut chain, DEVICE, None), None);
    let account = dev::account(DEVICE);
    let in_its_name = || may_ask(&account, Topic::Record(RECORD), None);
    assert!(chain.discard(in_its_name).is_err());
}

#[test]
fn a_device_is_worth_what_its_owner_may_read() {
    let party = Party::Practitioner(PractitionerId(1));
    let (mut chain, _) = with_device(OTHER_DOCTOR, 0);
    assert!(!may_read(&mut chain, DEVICE, party));
    let party = Party::Practitioner(PractitionerId(2));
    let (mut chain, _) = with_device(GRANTEE, 0);
    assert!(may_read(&mut chain, DEVICE, party));
    let reader = reader_for(&mut chain, DEVICE, Some(party));
    assert_eq!(reader, Some(Reader::Practitioner(PractitionerId(2))));
}

#[test]
fn a_patients_device_reads_with_the_scope_for_it() {
    let mut chain = populated();
    assert!(may_read(&mut chain, PATIENTS_DEVICE, HER));
    let reader = reader_for(&mut chain, PATIENTS_DEVICE, Some(HER));
    assert_eq!(reader, Some(Reader::Patient));
    // It has no key of its own.
    assert_eq!(reader_for(&mut chain, PATIENTS_DEVICE, None), None);
    for other in ["//delegate//books", "//delegate//pays", "//stranger"] {
        assert!(!may_read(&mut chain, other, HER), "{other}");
        assert_eq!(reader_for(&mut chain, other, Some(HER)), None, "{other}");
    }
    let another = Party::Patient(PatientId(1));
    assert_eq!(reader_for(&mut chain, PATIENTS_DEVICE, Some(another)), None);

    apply(&mut chain, PATIENT, 7, revoke(PATIENTS_DEVICE));
    assert!(!may_read(&mut chain, PATIENTS_DEVICE, HER));
    assert_eq!(reader_for(&mut chain, PATIENTS_DEVICE, Some(HER)), None);
}
