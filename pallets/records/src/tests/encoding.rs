//! What is stored and sent, byte by byte: a change of layout needs a migration and a new version.

use codec::Encode;
use frame_support::BoundedVec;
use xinglin_primitives::{
    AccessRequestId, AppointmentId, EmergencyId, EncryptionKey, GrantId, Hash, RecordId,
};

use crate::{
    access::{Basis, Denial, Purpose},
    emergency::*,
    grants::*,
    mock::*,
    reading::{AccessEntry, Accessed},
    requests::*,
    types::*,
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = sp_io::hashing::blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file() -> ExternalFile {
    ExternalFile {
        hash: Hash::repeat_byte(4),
        size: 5,
        location: BoundedVec::truncate_from(b"x".to_vec()),
    }
}

fn some_terms() -> Terms {
    Terms {
        what: everything(),
        grantee: to_doctor(COLLEAGUE),
        purpose: Purpose::Treatment,
        from: START,
        until: START + 1,
        may_reshare: true,
    }
}

/// One of each call, in the order of their indices.
pub fn all_calls() -> Vec<Call<Test>> {
    let record = RecordId(0);
    let grant = GrantId(0);
    let emergency = EmergencyId(0);
    let keys = || required(DOCTOR, HOSPITAL);
    let content = ciphertext(3);
    let content_hash = hash_of(&content);
    let reason = AmendReason::Correction;
    vec![
        Call::write {
            record: about(ALICE),
            content_hash,
            ciphertext: content.clone(),
            keys: keys(),
        },
        Call::write_external {
            record: about(ALICE),
            file: file(),
            keys: keys(),
        },
        Call::amend {
            record,
            reason,
            content_hash,
            ciphertext: content,
            keys: keys(),
        },
        Call::amend_external {
            record,
            reason,
            file: file(),
            keys: keys(),
        },
        Call::retract {
            record,
            reason: RetractReason::Duplicate,
        },
        Call::share {
            terms: some_terms(),
            token: Some(Hash::repeat_byte(6)),
            keys: batch(&[record]),
        },
        Call::reshare {
            source: grant,
            terms: some_terms(),
            keys: batch(&[record]),
        },
        Call::add_keys {
            grant,
            keys: batch(&[record]),
        },
        Call::provide_keys {
            reader: Reader::Delegate(carer(ALICE)),
            keys: batch(&[record]),
        },
        Call::revoke { grant },
        Call::request_access {
            requester: DOCTOR,
            request: NewRequest {
                patient: ALICE,
                what: Covered::Record(record),
                grantee: to_member(CLINIC),
                purpose: Purpose::Treatment,
                reason: RequestReason::Referral,
            },
        },
        Call::withdraw_request {
            request: AccessRequestId(0),
        },
        Call::answer {
            request: AccessRequestId(0),
            answer: Answer::Refuse,
        },
        opening(Party::Member(CLINIC), &[record], Purpose::Research),
        Call::break_glass {
            patient: ALICE,
            member: CLINIC,
            reason: EmergencyReason::Unconscious,
            digest: Hash::zero(),
        },
        Call::justify {
            emergency,
            digest: Hash::zero(),
        },
        Call::review {
            emergency,
            verdict: Verdict::Upheld,
        },
        Call::reseal {
            patient: ALICE,
            keys: batch(&[record]),
        },
        Call::ask_erasure { record },
        Call::confirm_erasure { record },
        Call::prune_keys { record },
    ]
}

#[test]
fn calls_keep_their_layout() {
    for (index, call) in all_calls().iter().enumerate() {
        assert_eq!(usize::from(call.encode()[0]), index);
    }
    assert_eq!(digest(all_calls()), "2ae1114b988f7e081ad466b7a63dc9ab");
}

#[test]
fn what_is_stored_keeps_its_layout() {
    let record = Record {
        patient: ALICE,
        author: DOCTOR,
        member: HOSPITAL,
        visit: Some(AppointmentId(4)),
        kind: ContentKind::Prescription,
        written_at: 6,
        versions: 2,
        keys: 7,
        retracted_at: Some(8),
        erasure: Erasure::Asked { at: 9 },
    };
    let version = RecordVersion {
        hash: Hash::repeat_byte(1),
        size: 3,
        carrier: Carrier::External(file().location),
        at: 4,
        reason: Some(AmendReason::Completion),
    };
    let key = StoredKey {
        key: key(5),
        epoch: 6,
    };
    let patient_file = PatientFile {
        records: 1,
        accesses: 2,
        progress: KeyProgress {
            key: EncryptionKey([3; 32]),
            epoch: 4,
            total: 5,
            restored: 6,
        },
    };
    let grant = Grant {
        patient: ALICE,
        terms: some_terms(),
        source: Source::PassedOn(GrantId(3)),
        given_at: 4,
        ended: Some((5, EndOfGrant::Revoked)),
    };
    let live = LiveGrant {
        id: GrantId(1),
        grantee: to_member(CLINIC),
        until: 2,
        source: Source::ForVisit(Hash::repeat_byte(3)),
    };
    let request = AccessRequest {
        patient: ALICE,
        requester: DOCTOR,
        what: Covered::Record(RecordId(2)),
        grantee: to_doctor(OUTSIDER),
        purpose: Purpose::Quality,
        reason: RequestReason::Consultation,
        expires: 3,
        state: RequestState::Accepted(GrantId(4)),
    };
    let entry = |outcome| AccessEntry {
        by: [1u8; 32],
        party: Party::Practitioner(DOCTOR),
        what: Accessed::Record(RecordId(2)),
        purpose: Purpose::Legal,
        outcome,
        at: 3,
        block: 4u32,
    };
    let emergency = Emergency {
        patient: ALICE,
        practitioner: DOCTOR,
        member: HOSPITAL,
        reason: EmergencyReason::Other,
        digest: Hash::repeat_byte(1),
        at: 2,
        until: 3,
        due: 4,
        state: EmergencyState::Reviewed {
            justification: Some(Justification {
                at: 5,
                digest: Hash::repeat_byte(6),
            }),
            by: REGULATOR,
            at: 7,
            verdict: Verdict::Unfounded,
        },
    };
    let entries = [
        entry(Ok(Basis::Emergency(EmergencyId(5)))),
        entry(Err(Denial::OtherPurpose)),
    ];
    let digests = [
        ("record", digest(record)),
        ("version", digest(version)),
        ("key", digest(key)),
        ("file", digest(patient_file)),
        ("grant", digest(grant)),
        ("live grant", digest(live)),
        ("request", digest(request)),
        ("access", digest(entries)),
        ("emergency", digest(emergency)),
    ];
    let expected = [
        ("record", "8660ed6a682510c020ef1fff5075097f"),
        ("version", "4f03d708dd54ecf856a66d9343a208c0"),
        ("key", "6d6cb279a5c4c0d5da04e73f23989d7a"),
        ("file", "1835c90a1a9a057e142a666a55cf9761"),
        ("grant", "f0af21c57dcd2b97fb4faba4efda936a"),
        ("live grant", "4288927f908c4c1c5a7afdb139d9fbd0"),
        ("request", "3a6ee34d6331dafbef8c6a1c20eb5ee8"),
        ("access", "dda9e74c86fcae8b3d2c0c464e19457a"),
        ("emergency", "244721eeea565159811f72aed6918d81"),
    ];
    assert_eq!(
        digests,
        expected.map(|(name, digest)| (name, digest.to_string()))
    );
}
