//! What the evidence crate knows of the chain's state is what the pallets store.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use codec::Encode;
use pallet_appointments::{
    states::AppointmentState,
    types::{Appointment, Escrow, Terms},
};
use pallet_insurance::{
    computation::{Admission, Encounter, Split},
    types::{InvoiceFile, Settlement, SettlementState},
};
use pallet_payments::{
    number::InvoiceNumber,
    states::Tally,
    types::{Details, Invoice},
};
use pallet_records::{
    access::{Basis, Denial, Purpose},
    reading::{AccessEntry, Accessed},
    types::{
        AmendReason, Carrier, ContentKind, Erasure, KeyProgress, PatientFile, Record,
        RecordVersion, VisitFile,
    },
};
use xinglin_evidence::state::{layout, Item, Value};
use xinglin_primitives::{
    glue::{HospitalLevel, Setting},
    time::Date,
    AccountId, AppointmentId, ClaimId, CoverageId, EmergencyId, EncryptionKey, GrantId, Hash,
    InvoiceId, MemberId, Party, PatientId, PractitionerId, RecordId, ScheduleId, SettlementId,
    StampId,
};
use xinglin_runtime::Runtime;

/// What the evidence crate reads of a stored value, which has to encode to the same again.
fn read(item: Item, stored: &impl Encode) -> Value {
    let encoded = stored.encode();
    let read = item.read(&encoded).unwrap();
    let again = match &read {
        Value::Record(it) => it.encode(),
        Value::Version(it) => it.encode(),
        Value::Accesses(it) => it.encode(),
        Value::Access(it) => it.encode(),
        Value::Appointment(it) => it.encode(),
        Value::VisitRecords(it) => it.encode(),
        Value::LatestInvoice(it) => it.encode(),
        Value::Invoice(it) => it.encode(),
        Value::Settled(it) => it.encode(),
        Value::Settlement(it) => it.encode(),
        Value::Certificates(it) => it.encode(),
        Value::Stamp(it) => it.encode(),
        Value::BlockTime(it) => it.encode(),
        Value::Events(_) => panic!("events are not decoded"),
    };
    assert_eq!(again, encoded);
    let longer = [encoded.as_slice(), &[0]].concat();
    assert_eq!(item.read(&longer), None, "{item:?}");
    read
}

/// Whether what the pallet and the evidence crate write in JSON for people is the same word.
fn same_words<A: Encode + serde::Serialize, B: codec::Decode + serde::Serialize>(all: &[A]) {
    for one in all {
        let read = B::decode(&mut &one.encode()[..]).unwrap();
        let (theirs, ours) = (serde_json::to_value(one), serde_json::to_value(read));
        assert_eq!(theirs.unwrap(), ours.unwrap());
    }
}

#[test]
fn items_lie_where_the_pallets_store_them() {
    use pallet_appointments::Appointments;
    use pallet_insurance::{InvoiceFiles, Settlements};
    use pallet_payments::{Invoices, LatestOfVisit};
    use pallet_records::{AccessLog, Files, Records, Versions, VisitFiles};

    let (record, patient, visit) = (RecordId(70_000), PatientId(1 << 40), AppointmentId(3));
    let (invoice, settlement) = (InvoiceId(9), SettlementId(10));
    for (item, key) in [
        (
            Item::Record(record),
            Records::<Runtime>::hashed_key_for(record),
        ),
        (
            Item::Version(record, 2),
            Versions::<Runtime>::hashed_key_for(record, 2),
        ),
        (
            Item::Accesses(patient),
            Files::<Runtime>::hashed_key_for(patient),
        ),
        (
            Item::Access(patient, 7),
            AccessLog::<Runtime>::hashed_key_for(patient, 7),
        ),
        (
            Item::Appointment(visit),
            Appointments::<Runtime>::hashed_key_for(visit),
        ),
        (
            Item::VisitRecords(visit),
            VisitFiles::<Runtime>::hashed_key_for(visit),
        ),
        (
            Item::LatestInvoice(visit),
            LatestOfVisit::<Runtime>::hashed_key_for(visit),
        ),
        (
            Item::Invoice(invoice),
            Invoices::<Runtime>::hashed_key_for(invoice),
        ),
        (
            Item::Settled(invoice),
            InvoiceFiles::<Runtime>::hashed_key_for(invoice),
        ),
        (
            Item::Settlement(settlement),
            Settlements::<Runtime>::hashed_key_for(settlement),
        ),
        (
            Item::Certificates(MemberId(4), 5),
            pallet_trusted_time::Certificates::<Runtime>::hashed_key_for(MemberId(4), 5),
        ),
        (
            Item::BlockTime,
            frame_support::storage::storage_prefix(b"Timestamp", b"Now").to_vec(),
        ),
        (
            Item::Events,
            frame_support::storage::storage_prefix(b"System", b"Events").to_vec(),
        ),
    ] {
        assert_eq!(item.key(), key, "{item:?}");
    }
}

#[test]
fn records_and_accesses_are_read_as_they_are_stored() {
    let stored = Record {
        patient: PatientId(2),
        author: PractitionerId(3),
        member: MemberId(1),
        visit: Some(AppointmentId(8)),
        kind: ContentKind::Report,
        written_at: 11,
        versions: 2,
        keys: 6,
        retracted_at: Some(12),
        erasure: Erasure::Done { at: 13 },
    };
    let Value::Record(record) = read(Item::Record(RecordId(1)), &stored) else {
        panic!("not a record");
    };
    assert_eq!(
        (record.patient, record.author),
        (PatientId(2), PractitionerId(3))
    );
    assert_eq!((record.versions, record.retracted_at), (2, Some(12)));
    assert_eq!(record.kind, layout::ContentKind::Report);
    assert_eq!(record.erasure, layout::Erasure::Done { at: 13 });

    for (carrier, expected) in [
        (Carrier::Block(17), layout::Carrier::Block(17)),
        (
            Carrier::External(b"here".to_vec().try_into().unwrap()),
            layout::Carrier::External(b"here".to_vec()),
        ),
    ] {
        let stored = RecordVersion {
            hash: Hash::repeat_byte(1),
            size: 70_000,
            carrier,
            at: 18,
            reason: Some(AmendReason::Completion),
        };
        let Value::Version(version) = read(Item::Version(RecordId(1), 1), &stored) else {
            panic!("not a version");
        };
        assert_eq!((version.size, version.at), (70_000, 18));
        assert_eq!(version.carrier, expected);
        assert_eq!(version.reason, Some(layout::AmendReason::Completion));
    }

    let stored = PatientFile {
        records: 3,
        accesses: 4,
        progress: KeyProgress {
            key: EncryptionKey([5; 32]),
            epoch: 6,
            total: 7,
            restored: 8,
        },
    };
    let Value::Accesses(file) = read(Item::Accesses(PatientId(2)), &stored) else {
        panic!("not a file");
    };
    assert_eq!((file.accesses, file.restored), (4, 8));

    for (outcome, expected) in [
        (
            Ok(Basis::Emergency(EmergencyId(5))),
            layout::AccessOutcome::Allowed(layout::Basis::Emergency(EmergencyId(5))),
        ),
        (
            Ok(Basis::Grant(GrantId(6))),
            layout::AccessOutcome::Allowed(layout::Basis::Grant(GrantId(6))),
        ),
        (
            Err(Denial::Erased),
            layout::AccessOutcome::Denied(layout::Denial::Erased),
        ),
    ] {
        let stored = AccessEntry {
            by: AccountId::new([9; 32]),
            party: Party::Member(MemberId(4)),
            what: Accessed::Record(RecordId(7)),
            purpose: Purpose::Legal,
            outcome,
            at: 21,
            block: 22_u32,
        };
        let Value::Access(access) = read(Item::Access(PatientId(2), 0), &stored) else {
            panic!("not an access");
        };
        assert_eq!(access.outcome, expected);
        assert_eq!(access.what, layout::Accessed::Record(RecordId(7)));
        assert_eq!(access.purpose, layout::Purpose::Legal);
        assert_eq!((access.at, access.block), (21, 22));
    }
}

#[test]
fn words_of_people_are_the_chains() {
    use ContentKind::*;

    same_words::<_, layout::ContentKind>(&[
        Encounter,
        Profile,
        Diagnosis,
        TreatmentPlan,
        Prescription,
        Report,
        Image,
        Other,
    ]);
    same_words::<_, layout::Purpose>(&[
        Purpose::Treatment,
        Purpose::EmergencyTreatment,
        Purpose::Payment,
        Purpose::Operations,
        Purpose::Research,
        Purpose::PublicHealth,
        Purpose::PatientRequest,
        Purpose::FamilyRequest,
        Purpose::ClaimAttachment,
        Purpose::Coverage,
        Purpose::Quality,
        Purpose::Legal,
    ]);
    same_words::<_, layout::AmendReason>(&[
        AmendReason::Correction,
        AmendReason::Addition,
        AmendReason::Completion,
        AmendReason::PatientRequest,
    ]);
    let states = [
        AppointmentState::Booked,
        AppointmentState::Waitlisted,
        AppointmentState::Confirmed,
        AppointmentState::Arrived,
        AppointmentState::Fulfilled,
        AppointmentState::NoShow,
        AppointmentState::Cancelled,
    ];
    for state in states {
        let read: layout::AppointmentState =
            codec::Decode::decode(&mut &state.encode()[..]).unwrap();
        assert_eq!(format!("{state:?}"), format!("{read:?}"));
    }
}

#[test]
fn visits_are_read_as_they_are_stored() {
    let stored = Appointment {
        patient: PatientId(2),
        member: MemberId(1),
        practitioner: PractitionerId(3),
        schedule: ScheduleId(4),
        slot: 5,
        start: 6,
        state: AppointmentState::NoShow,
        terms: Terms {
            cancel_by: 7,
            no_show_from: 8,
            late_cancel_share_bp: 9,
            no_show_share_bp: 10,
        },
        escrow: Some(Escrow {
            payer: AccountId::new([1; 32]),
            amount_fen: 11_000,
        }),
        pre_visit_grant: Some(Hash::repeat_byte(3)),
        previous: Some(AppointmentId(12)),
    };
    let Value::Appointment(visit) = read(Item::Appointment(AppointmentId(1)), &stored) else {
        panic!("not an appointment");
    };
    assert_eq!(visit.state, layout::AppointmentState::NoShow);
    assert_eq!(visit.terms.no_show_share_bp, 10);
    assert_eq!(visit.escrow.unwrap().amount_fen, 11_000);

    let mut stored = VisitFile {
        standing: 1,
        ..VisitFile::default()
    };
    stored.records.try_push(RecordId(5)).unwrap();
    let Value::VisitRecords(file) = read(Item::VisitRecords(AppointmentId(1)), &stored) else {
        panic!("not the records of a visit");
    };
    assert_eq!((file.standing, file.records), (1, vec![RecordId(5)]));
    let latest = read(Item::LatestInvoice(AppointmentId(1)), &InvoiceId(5));
    assert_eq!(latest, Value::LatestInvoice(InvoiceId(5)));
}

#[test]
fn money_is_read_as_it_is_stored() {
    let stored = Invoice {
        number: InvoiceNumber {
            year: 2026,
            member: MemberId(1),
            sequence: 2,
        },
        patient: PatientId(3),
        visit: Some(AppointmentId(4)),
        setting: Setting::Inpatient,
        service: (Date(20_000), Date(20_001)),
        issued_at: 5,
        issued_in: 6,
        details: Details {
            envelope: Hash::repeat_byte(7),
            readers: vec![MemberId(8)].try_into().unwrap(),
        },
        tally: Tally {
            total_fen: 9_000_000_000,
            paid_fen: 10,
            covered_fen: 11,
            refunded_fen: 12,
            settlement: Some(SettlementId(13)),
            is_cancelled: true,
        },
        previous_of_patient: Some(InvoiceId(14)),
        previous_of_visit: Some(InvoiceId(15)),
    };
    let Value::Invoice(invoice) = read(Item::Invoice(InvoiceId(1)), &stored) else {
        panic!("not an invoice");
    };
    assert_eq!(invoice.tally.total_fen, 9_000_000_000);
    assert_eq!(
        (invoice.issued_in, invoice.previous_of_visit),
        (6, Some(InvoiceId(15)))
    );

    let stored = InvoiceFile {
        settlement: Some(SettlementId(1)),
        claim: Some(ClaimId(2)),
    };
    let Value::Settled(settled) = read(Item::Settled(InvoiceId(1)), &stored) else {
        panic!("not an invoice's file");
    };
    assert_eq!(settled.settlement, Some(SettlementId(1)));

    let split = Split {
        total_fen: 1,
        own_fen: 2,
        prepay_fen: 3,
        flat_fen: 4,
        eligible_fen: 5,
        deductible_fen: 6,
        pool_fen: 7,
        second_base_fen: 8,
        second_fen: 9,
        aid_fen: 10,
        account_fen: 11,
        cash_fen: 12,
        starts_admission: true,
    };
    let stored = Settlement {
        invoice: InvoiceId(1),
        coverage: CoverageId(2),
        member: MemberId(3),
        encounter: Encounter {
            setting: Setting::Inpatient,
            level: Some(HospitalLevel::Three),
            visit: Some(AppointmentId(4)),
        },
        service: (Date(1), Date(2)),
        version: Date(3),
        split,
        to_member_fen: 13,
        claim: Some(ClaimId(5)),
        settled_at: 14,
        state: SettlementState::Reversed,
        admission_before: Some(Admission {
            visit: None,
            eligible_fen: 15,
            deductible_fen: 16,
        }),
        previous: Some(SettlementId(6)),
        previous_live: Some(SettlementId(7)),
        previous_of_invoice: Some(SettlementId(8)),
    };
    let Value::Settlement(settlement) = read(Item::Settlement(SettlementId(1)), &stored) else {
        panic!("not a settlement");
    };
    assert_eq!(
        u128::from(settlement.split.fund_fen()),
        stored.split.fund_fen()
    );
    assert_eq!(settlement.split.cash_fen, 12);
    assert_eq!(settlement.state, layout::SettlementState::Reversed);
    assert_eq!(settlement.previous_of_invoice, Some(SettlementId(8)));
}

#[test]
fn certificates_are_read_as_they_are_stored() {
    let certificate = |byte| vec![byte; 300].try_into().unwrap();
    let stored = pallet_trusted_time::types::Registered {
        certificates: vec![certificate(1), certificate(2)].try_into().unwrap(),
        key: Hash::repeat_byte(3),
        registered_at: 4,
        withdrawn_at: Some(5),
    };
    let item = Item::Certificates(MemberId(0), 0);
    let Value::Certificates(registered) = read(item, &stored) else {
        panic!("not certificates");
    };
    assert_eq!(registered.certificates[1].0, vec![2; 300]);
    assert_eq!(
        (registered.registered_at, registered.withdrawn_at),
        (4, Some(5))
    );
}

#[test]
fn stamps_are_read() {
    let stored = xinglin_primitives::stamp::Stamp {
        authority: MemberId(4),
        certificates: 5,
        block: 6,
        time: 7,
        accuracy_ms: Some(8),
        token: Hash::repeat_byte(9),
        token_bytes: 10,
        recorded_in: 11,
        extrinsic: 12,
    };
    let item = Item::Stamp(StampId(1 << 33));
    let key = pallet_trusted_time::Stamps::<Runtime>::hashed_key_for(StampId(1 << 33));
    assert_eq!(item.key(), key);
    let Value::Stamp(kept) = read(item, &stored) else {
        panic!("not a stamp");
    };
    assert_eq!((kept.block, kept.time, kept.extrinsic), (6, 7, 12));
    assert_eq!(kept.token, stored.token);
}
