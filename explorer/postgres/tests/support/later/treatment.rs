//! Visits, records and who may read them.

use std::collections::BTreeSet;

use frame_support::BoundedVec;
use pallet_appointments::types::{Acting, StaffReason};
use pallet_members::Principal;
use pallet_records::{
    access::Purpose,
    emergency::Verdict,
    grants::{Covered, Grantee, Kinds, Terms},
    requests::{Answer, NewRequest, RequestReason},
    types::{
        AmendReason, ContentKind, ExternalFile, KeyBatch, KeyFor, NewRecord, Reader, RetractReason,
    },
};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    time::DAY_MS, AccessRequestId, AppointmentId, EmergencyId, GrantId, Hash, MemberId, Party,
    PatientId, PractitionerId, RecordId, ScheduleId,
};
use xinglin_runtime::{genesis::dev, RuntimeCall};

use super::{
    super::{
        calls::{
            appointments, keys, open, share, write, DISTANT_DOCTOR, DOCTOR, HOSPITAL, KEY,
            OTHER_DOCTOR, REGULATOR,
        },
        chain::Chain,
        shared,
    },
    CLINIC, PATIENT, RENEWED,
};

/// Patient 4, who moves her appointment.
const MOVING: &str = "//Alice//patient//5";
/// Patient 5, who waits for that.
const WAITING: &str = "//Alice//patient//6";

fn book(patient: u64, waitlist: bool) -> RuntimeCall {
    pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(1),
        slot: 0,
        waitlist,
        pre_visit_grant: None,
    }
    .into()
}

fn reschedule(slot: u16, acting: Acting) -> RuntimeCall {
    pallet_appointments::Call::reschedule {
        appointment: AppointmentId(4),
        schedule: ScheduleId(1),
        slot,
        acting,
    }
    .into()
}

/// Who waits gets the place of one who moves, and comes.
pub(super) fn visits(chain: &mut Chain) {
    use pallet_appointments::Call as Visits;

    let start = chain.now_ms + DAY_MS;
    let schedule = ScheduleId(1);
    chain.block(1_000, vec![(HOSPITAL, shared::publish_schedule(start))]);
    chain.block(
        1_000,
        vec![(MOVING, book(4, false)), (WAITING, book(5, true))],
    );
    let herself = Acting::Patient(PatientId(4));
    chain.block(1_000, vec![(MOVING, reschedule(1, herself))]);
    let staff = Acting::Staff(StaffReason::ScheduleChanged);
    let confirm = appointments(|appointment| Visits::confirm { appointment }, 5);
    chain.block(
        1_000,
        vec![
            (DOCTOR, confirm),
            (HOSPITAL, reschedule(2, staff)),
            (HOSPITAL, Visits::close_schedule { schedule }.into()),
        ],
    );
    let until_visit = start - chain.now_ms;
    let check_in = appointments(|appointment| Visits::check_in { appointment }, 5);
    // What somebody asked for before it was written is nobody's.
    let guess = open(
        Party::Practitioner(PractitionerId(1)),
        1,
        Purpose::Treatment,
    );
    chain.block(
        until_visit,
        vec![(HOSPITAL, check_in), (OTHER_DOCTOR, guess)],
    );
    let record = write(5, 5, ContentKind::Diagnosis, 10);
    let complete = appointments(|appointment| Visits::complete { appointment }, 5);
    chain.block(1_000, vec![(DOCTOR, record), (DOCTOR, complete)]);
}

fn file(number: u8) -> ExternalFile {
    ExternalFile {
        hash: Hash::repeat_byte(number),
        size: 5_000_000,
        location: BoundedVec::truncate_from(vec![number; 8]),
    }
}

/// The record of the visit has a second version, and an image outside of the chain has one, too.
pub(super) fn records(chain: &mut Chain) {
    let ciphertext = vec![11; 2_000];
    let amend = pallet_records::Call::amend {
        record: RecordId(1),
        reason: AmendReason::Addition,
        content_hash: blake2_256(&ciphertext).into(),
        ciphertext: BoundedVec::truncate_from(ciphertext),
        keys: keys(),
    };
    let image = NewRecord {
        patient: PATIENT,
        author: PractitionerId(0),
        member: MemberId(0),
        visit: None,
        kind: ContentKind::Image,
    };
    let write_external = pallet_records::Call::write_external {
        record: image,
        file: file(21),
        keys: keys(),
    };
    let amend_external = pallet_records::Call::amend_external {
        record: RecordId(2),
        reason: AmendReason::Correction,
        file: file(22),
        keys: keys(),
    };
    chain.block(
        1_000,
        vec![(DOCTOR, amend.into()), (DOCTOR, write_external.into())],
    );
    chain.block(1_000, vec![(DOCTOR, amend_external.into())]);
}

/// Sealed keys of versions of records.
fn keys_of(versions: &[(u64, u16)]) -> KeyBatch {
    let keys = versions.iter().map(|(record, version)| KeyFor {
        record: RecordId(*record),
        version: *version,
        key: KEY,
    });
    BoundedVec::truncate_from(keys.collect())
}

/// A history is shared, passed on, read and taken back, with the keys that came with it.
pub(super) fn sharing(chain: &mut Chain) {
    let now_ms = chain.now_ms;
    let kinds = Kinds::try_from(BTreeSet::from([ContentKind::Diagnosis])).unwrap();
    let history = Covered::History {
        kinds,
        from: 0,
        until: now_ms + DAY_MS,
    };
    let share = pallet_records::Call::share {
        terms: Terms {
            may_reshare: true,
            ..shared::terms(history, PractitionerId(1), now_ms)
        },
        token: None,
        keys: keys_of(&[(1, 1)]),
    };
    let part = Covered::Record(RecordId(1));
    let reshare = pallet_records::Call::reshare {
        source: GrantId(1),
        terms: shared::terms(part, PractitionerId(2), now_ms),
        keys: KeyBatch::default(),
    };
    let add_keys = pallet_records::Call::add_keys {
        grant: GrantId(1),
        keys: keys_of(&[(1, 2)]),
    };
    let distant = Party::Practitioner(PractitionerId(2));
    let read = open(distant, 1, Purpose::Treatment);
    let grant = GrantId(1);
    let record = RecordId(1);
    let provide = pallet_records::Call::provide_keys {
        reader: Reader::Member(MemberId(0)),
        keys: keys_of(&[(1, 1)]),
    };
    chain.block(1_000, vec![(WAITING, share.into())]);
    chain.block(
        1_000,
        vec![(OTHER_DOCTOR, reshare.into()), (WAITING, add_keys.into())],
    );
    chain.block(1_000, vec![(DISTANT_DOCTOR, read)]);
    let revoke = pallet_records::Call::revoke { grant };
    chain.block(1_000, vec![(WAITING, revoke.into())]);
    let prune = pallet_records::Call::prune_keys { record };
    chain.block(
        1_000,
        vec![(HOSPITAL, prune.into()), (HOSPITAL, provide.into())],
    );
}

fn request(requester: u32) -> RuntimeCall {
    let requester = PractitionerId(requester);
    pallet_records::Call::request_access {
        requester,
        request: NewRequest {
            patient: PATIENT,
            what: Covered::Record(RecordId(1)),
            grantee: Grantee::Practitioner(requester),
            purpose: Purpose::Treatment,
            reason: RequestReason::Referral,
        },
    }
    .into()
}

fn answer(request: u64, answer: Answer) -> RuntimeCall {
    let request = AccessRequestId(request);
    pallet_records::Call::answer { request, answer }.into()
}

/// One request for access is accepted, one refused, one taken back. The emergency of the first day is
/// justified and upheld.
pub(super) fn requests(chain: &mut Chain) {
    chain.block(
        1_000,
        vec![
            (OTHER_DOCTOR, request(1)),
            (DISTANT_DOCTOR, request(2)),
            (OTHER_DOCTOR, request(1)),
        ],
    );
    let accept = Answer::Accept {
        from: chain.now_ms,
        until: chain.now_ms + DAY_MS,
        may_reshare: false,
        keys: KeyBatch::default(),
    };
    let withdraw = pallet_records::Call::withdraw_request {
        request: AccessRequestId(2),
    };
    let emergency = EmergencyId(0);
    let justify = pallet_records::Call::justify {
        emergency,
        digest: Hash::repeat_byte(4),
    };
    chain.block(
        1_000,
        vec![
            (WAITING, answer(0, accept)),
            (WAITING, answer(1, Answer::Refuse)),
            (OTHER_DOCTOR, withdraw.into()),
            (DISTANT_DOCTOR, justify.into()),
        ],
    );
    let review = pallet_records::Call::review {
        emergency,
        verdict: Verdict::Upheld,
    };
    chain.block(1_000, vec![(REGULATOR, review.into())]);
}

fn reseal() -> RuntimeCall {
    pallet_records::Call::reseal {
        patient: PATIENT,
        keys: keys_of(&[(1, 1), (1, 2), (2, 1), (2, 2)]),
    }
    .into()
}

/// The patient has another encryption key, and then, having lost both, another account and key.
pub(super) fn renewal(chain: &mut Chain) {
    let principal = Principal::Patient(PATIENT);
    let account = dev::account(RENEWED);
    let set_key = pallet_members::Call::set_encryption_key {
        encryption_key: dev::encryption_key("//Alice//patient//6//phone"),
    };
    chain.block(1_000, vec![(WAITING, set_key.into()), (WAITING, reseal())]);
    let propose = pallet_members::Call::propose_replacement {
        principal,
        account: account.clone(),
        encryption_key: dev::encryption_key(RENEWED),
    };
    let approve = pallet_members::Call::approve_replacement { principal, account };
    chain.block(1_000, vec![(HOSPITAL, propose.into())]);
    chain.block(1_000, vec![(CLINIC, approve.into())]);
    let complete = pallet_members::Call::complete_replacement { principal };
    // After the time for a veto.
    chain.block(3 * DAY_MS, vec![(HOSPITAL, complete.into())]);
    chain.block(1_000, vec![(HOSPITAL, reseal())]);
}

/// The image was entered in error, and the record of the visit is erased while it is shared.
pub(super) fn erasure(chain: &mut Chain) {
    let record = RecordId(1);
    let retract = pallet_records::Call::retract {
        record: RecordId(2),
        reason: RetractReason::Duplicate,
    };
    chain.block(
        1_000,
        vec![
            (DOCTOR, retract.into()),
            (RENEWED, share(1, 1, chain.now_ms)),
        ],
    );
    let ask = pallet_records::Call::ask_erasure { record };
    chain.block(1_000, vec![(RENEWED, ask.into())]);
    let confirm = pallet_records::Call::confirm_erasure { record };
    chain.block(1_000, vec![(HOSPITAL, confirm.into())]);
    let reader = Party::Practitioner(PractitionerId(1));
    let read = open(reader, 1, Purpose::Treatment);
    chain.block(1_000, vec![(OTHER_DOCTOR, read)]);
}
