//! Good packages, one of each kind.

use std::sync::LazyLock;

use codec::Encode;
use rand::{rngs::StdRng, SeedableRng};
use xinglin_envelope::{content_hash, seal, Compression};
use xinglin_primitives::{
    glue::Setting, receipt::Receipt, time::Date, AccountId, AppointmentId, CoverageId, GrantId,
    Hash, InvoiceId, MemberId, Party, PatientId, PractitionerId, RecordId, ScheduleId,
    SettlementId, StampId,
};
use xinglin_timestamps::{
    testing::{Keys, TestAuthority},
    Authority,
};
use zeroize::Zeroizing;

use super::chain::{
    anchor, carrying, certified, set_changes, time_of, Block, Events, Words, GENESIS,
};
use crate::{
    build,
    format::ContentOf,
    state::{layout::*, Item},
    Evidence, Opened, Placement, Stamped, Subject, Trust,
};

pub const RECORD: RecordId = RecordId(5);
pub const PATIENT: PatientId = PatientId(2);
pub const VISIT: AppointmentId = AppointmentId(8);
pub const INVOICE: InvoiceId = InvoiceId(31);
pub const SETTLEMENT: SettlementId = SettlementId(17);
pub const PLAIN: [&[u8]; 2] = [b"first version", b"second version"];
/// The member that has blocks stamped, and the number of its certificates.
pub const AUTHORITY: (MemberId, u32) = (MemberId(9), 2);

/// Runs OpenSSL.
static OPENSSL: LazyLock<TestAuthority> = LazyLock::new(|| TestAuthority::new(Keys::P256));

fn certificates() -> Certificates {
    let chain = OPENSSL.chain();
    Certificates {
        key: Authority::new(&chain).unwrap().key_id().into(),
        certificates: chain.into_iter().map(Certificate).collect(),
        registered_at: time_of(1),
        withdrawn_at: None,
    }
}

/// A block stamped now, by the clock of OpenSSL, with the transaction of a later block that carries
/// the token.
fn stamped(
    id: u64,
    (height, recorded_in): (u32, u32),
    recorded: usize,
) -> (Stamped, Receipt, Stamp) {
    let block = certified(Block::new(height).header());
    let hash = block.header.hash();
    let token = OPENSSL.token(hash.as_bytes());
    assert!(OPENSSL.accepts(&token, hash.as_bytes()));
    let authority = Authority::new(&OPENSSL.chain()).unwrap();
    let stamp = xinglin_timestamps::verify(&token, hash.as_bytes(), &authority).unwrap();
    let mut recording = Block::new(recorded_in);
    let index = recording.add(carrying("TrustedTime.submit_token", &token));
    let kept = Stamp {
        authority: AUTHORITY.0,
        certificates: AUTHORITY.1,
        block: height,
        time: stamp.time_ms,
        accuracy_ms: stamp.accuracy_ms,
        token: sp_io::hashing::blake2_256(&token).into(),
        token_bytes: u32::try_from(token.len()).unwrap(),
        recorded_in,
        extrinsic: index,
    };
    let stamped = Stamped {
        token,
        stamp: StampId(id),
        time_ms: stamp.time_ms,
        accuracy_ms: stamp.accuracy_ms,
        certificates: AUTHORITY,
        block,
        recorded,
    };
    (stamped, recording.receipt(index), kept)
}

pub fn trust<'a>() -> Trust<'a> {
    Trust {
        anchor: anchor(1),
        vocabulary: Some(&Words),
    }
}

pub fn package(evidence: &Evidence) -> Vec<u8> {
    build(evidence, Some(&Words)).unwrap()
}

/// Two transactions, of blocks before and after a change of the validators; of the second the events
/// are proven.
pub fn receipts() -> Evidence {
    let first = Block::new(4);
    let mut second = Block::new(25);
    let index = second.add(carrying("Appointments.book", b"slot"));
    let events: Events = vec![(0, true), (index, true)];
    second.put(Item::Events, &events);
    Evidence {
        genesis: GENESIS,
        subject: Subject::Receipt,
        set_changes: set_changes(25),
        receipts: vec![first.receipt(3), second.receipt(index)],
        states: vec![second.proof(vec![Item::BlockTime, Item::Events])],
        contents: Vec::new(),
        stamps: Vec::new(),
    }
}

/// A version of the record: its ciphertext and what opens it.
fn version(number: u16) -> (Vec<u8>, Opened) {
    let plain = PLAIN[usize::from(number) - 1];
    let binding = (
        GENESIS,
        PATIENT,
        PractitionerId(3),
        ContentKind::Encounter,
        number,
    );
    let mut rng = StdRng::seed_from_u64(number.into());
    let (ciphertext, key) = seal(plain, Compression::Zstd, &binding.encode(), &mut rng).unwrap();
    let plain = Zeroizing::new(plain.to_vec());
    (ciphertext, Opened { key, plain })
}

pub fn record() -> Record {
    Record {
        patient: PATIENT,
        author: PractitionerId(3),
        member: MemberId(1),
        visit: Some(VISIT),
        kind: ContentKind::Encounter,
        written_at: time_of(12),
        versions: 2,
        keys: 6,
        retracted_at: None,
        erasure: Erasure::None,
    }
}

fn accesses() -> Accesses {
    Accesses {
        records: 1,
        accesses: 2,
        key: Hash::repeat_byte(1),
        epoch: 1,
        total: 2,
        restored: 2,
    }
}

fn access(record: RecordId, outcome: AccessOutcome) -> Access {
    Access {
        by: AccountId::new([8; 32]),
        party: Party::Practitioner(PractitionerId(4)),
        what: Accessed::Record(record),
        purpose: Purpose::Treatment,
        outcome,
        at: time_of(26),
        block: 26,
    }
}

/// The blocks that carry the versions, with the place of their transactions, and what the state says
/// of the versions.
fn written() -> [(Block, u32, RecordVersion, Opened); 2] {
    [(12, 1_u16), (22, 2)].map(|(height, number)| {
        let mut block = Block::new(height);
        let (ciphertext, opened) = version(number);
        let call = ["Records.write", "Records.amend"][usize::from(number) - 1];
        let index = block.add(carrying(call, &ciphertext));
        let registered = RecordVersion {
            hash: content_hash(&ciphertext),
            size: ciphertext.len() as u64,
            carrier: Carrier::Block(height),
            at: time_of(height),
            reason: (number > 1).then_some(AmendReason::Correction),
        };
        (block, index, registered, opened)
    })
}

fn put(tip: &mut Block, items: &mut Vec<Item>, item: Item, value: &impl Encode) {
    tip.put(item, value);
    items.push(item);
}

fn put_record(tip: &mut Block, items: &mut Vec<Item>) {
    put(tip, items, Item::Record(RECORD), &record());
    for (number, (_, _, version, _)) in (1..).zip(written()) {
        put(tip, items, Item::Version(RECORD, number), &version);
    }
    put(tip, items, Item::Accesses(PATIENT), &accesses());
    let entries = [
        access(RECORD, AccessOutcome::Allowed(Basis::Grant(GrantId(6)))),
        access(RecordId(1), AccessOutcome::Denied(Denial::Expired)),
    ];
    for (at, entry) in (0..).zip(entries) {
        put(tip, items, Item::Access(PATIENT, at), &entry);
    }
}

fn placements(written: &[(Block, u32, RecordVersion, Opened); 2]) -> Vec<Placement> {
    let versions = written.iter().enumerate();
    let placements = versions.map(|(receipt, (_, _, version, opened))| Placement {
        of: ContentOf::Version(RECORD, u16::try_from(receipt + 1).unwrap()),
        receipt,
        hash: version.hash,
        bytes: usize::try_from(version.size).unwrap(),
        opened: Some(opened.clone()),
    });
    placements.collect()
}

/// A record of two versions with its accesses, between two time-stamps.
pub fn record_evidence() -> Evidence {
    let written = written();
    let (mut tip, mut items) = (Block::new(33), Vec::new());
    put_record(&mut tip, &mut items);
    let item = Item::Certificates(AUTHORITY.0, AUTHORITY.1);
    put(&mut tip, &mut items, item, &certificates());
    let (early, with_early, kept) = stamped(0, (3, 5), 2);
    put(&mut tip, &mut items, Item::Stamp(early.stamp), &kept);
    let (late, with_late, kept) = stamped(1, (31, 32), 3);
    put(&mut tip, &mut items, Item::Stamp(late.stamp), &kept);
    let versions = written.iter();
    let versions = versions.map(|(block, index, ..)| block.receipt(*index));
    Evidence {
        genesis: GENESIS,
        subject: Subject::Record(RECORD),
        set_changes: set_changes(33),
        receipts: versions.chain([with_early, with_late]).collect(),
        states: vec![tip.proof(items)],
        contents: placements(&written),
        stamps: vec![early, late],
    }
}

fn appointment() -> Appointment {
    Appointment {
        patient: PATIENT,
        member: MemberId(1),
        practitioner: PractitionerId(3),
        schedule: ScheduleId(4),
        slot: 2,
        start: time_of(11),
        state: AppointmentState::Fulfilled,
        terms: Terms {
            cancel_by: time_of(10),
            no_show_from: time_of(12),
            late_cancel_share_bp: 5_000,
            no_show_share_bp: 10_000,
        },
        escrow: Some(Escrow {
            payer: AccountId::new([2; 32]),
            amount_fen: 5_000,
        }),
        pre_visit_grant: Some(Hash::repeat_byte(6)),
        previous: Some(AppointmentId(1)),
    }
}

/// What the letter of the invoice holds.
pub const DETAILS: &[u8] = b"{\"items\":[]}";

/// A letter to one reader, as the SDK writes it; its key.
fn letter() -> (Vec<u8>, Opened) {
    use xinglin_envelope::{encrypt, letter, RecordKey};

    let key = RecordKey::from_bytes([4; 32]);
    let mut bytes = letter::head(Compression::None, 1).to_vec();
    bytes.extend_from_slice(&[0; letter::SLOT_BYTES]);
    let context = (GENESIS, 0_u8, MemberId(1), PATIENT).encode();
    let data = letter::content_data(&bytes, &context);
    let nonce = [5; 24];
    bytes.extend_from_slice(&nonce);
    bytes.extend(encrypt(&key, nonce, DETAILS, &data).unwrap());
    let plain = Zeroizing::new(DETAILS.to_vec());
    (bytes, Opened { key, plain })
}

fn invoice(envelope: Hash) -> Invoice {
    Invoice {
        number: InvoiceNumber {
            year: 2027,
            member: MemberId(1),
            sequence: 12,
        },
        patient: PATIENT,
        visit: Some(VISIT),
        setting: Setting::Outpatient,
        service: (Date(20_000), Date(20_001)),
        issued_at: time_of(23),
        issued_in: 23,
        details: InvoiceDetails {
            envelope,
            readers: vec![MemberId(6)],
        },
        tally: Tally {
            total_fen: 12_000,
            paid_fen: 2_000,
            covered_fen: 10_000,
            refunded_fen: 0,
            settlement: Some(SETTLEMENT),
            is_cancelled: false,
        },
        previous_of_patient: Some(InvoiceId(7)),
        previous_of_visit: None,
    }
}

fn settlement() -> Settlement {
    Settlement {
        invoice: INVOICE,
        coverage: CoverageId(3),
        member: MemberId(1),
        encounter: Encounter {
            setting: Setting::Outpatient,
            level: None,
            visit: Some(VISIT),
        },
        service: (Date(20_000), Date(20_001)),
        version: Date(19_900),
        split: Split {
            total_fen: 12_000,
            own_fen: 100,
            prepay_fen: 200,
            flat_fen: 0,
            eligible_fen: 11_700,
            deductible_fen: 300,
            pool_fen: 9_000,
            second_base_fen: 3_000,
            second_fen: 0,
            aid_fen: 0,
            account_fen: 1_000,
            cash_fen: 2_000,
            starts_admission: false,
        },
        to_member_fen: 10_000,
        claim: None,
        settled_at: time_of(24),
        state: SettlementState::Live,
        admission_before: None,
        previous: None,
        previous_live: None,
        previous_of_invoice: None,
    }
}

/// A visit with a record, an invoice and its settlement.
pub fn trail() -> Evidence {
    let written = written();
    let (letter, details) = letter();
    let mut issuing = Block::new(23);
    let issued = issuing.add(carrying("Payments.issue_invoice", &letter));
    let (mut tip, mut items) = (Block::new(33), Vec::new());
    put_record(&mut tip, &mut items);
    let invoice = invoice(content_hash(&letter));
    let records = VisitRecords {
        standing: 1,
        records: vec![RECORD],
    };
    let settled = Settled {
        settlement: Some(SETTLEMENT),
        claim: None,
    };
    let (at, into) = (&mut tip, &mut items);
    put(at, into, Item::Appointment(VISIT), &appointment());
    put(at, into, Item::VisitRecords(VISIT), &records);
    put(at, into, Item::LatestInvoice(VISIT), &INVOICE);
    put(at, into, Item::Invoice(INVOICE), &invoice);
    put(at, into, Item::Settled(INVOICE), &settled);
    put(at, into, Item::Settlement(SETTLEMENT), &settlement());
    let mut contents = placements(&written);
    contents.push(Placement {
        of: ContentOf::Invoice(INVOICE),
        receipt: 2,
        hash: invoice.details.envelope,
        bytes: letter.len(),
        opened: Some(details),
    });
    let mut receipts: Vec<_> = written
        .iter()
        .map(|(block, index, ..)| block.receipt(*index))
        .collect();
    receipts.push(issuing.receipt(issued));
    Evidence {
        genesis: GENESIS,
        subject: Subject::Trail(VISIT),
        set_changes: set_changes(33),
        receipts,
        states: vec![tip.proof(items)],
        contents,
        stamps: Vec::new(),
    }
}
