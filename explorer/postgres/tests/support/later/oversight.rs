//! The council, a regulator's case, and the hospital's staff.

use codec::Encode;
use frame_support::{dispatch::GetDispatchInfo, BoundedVec};
use pallet_payments::receipts::ReceiptKey;
use sp_core::Pair;
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    glue::{Held, MemberKind},
    time::HOUR_MS,
    CaseId, DepartmentId, DisclosureId, Hash, MemberId, Party, PatientId, PractitionerId, SchemeId,
};
use xinglin_runtime::{genesis::dev, RuntimeCall};

use super::{
    super::{
        calls::{department, hold, lift, request_disclosure, HOSPITAL, INSURER, REGULATOR},
        chain::Chain,
        shared,
    },
    CLINIC, PATIENT, PROVIDER,
};

/// A regulator that the council admits: member 6.
const INSPECTORATE: &str = "//Frank";
const BANK: &str = "//Eve";

/// Lets the council carry a motion: of all there were, the one with this number.
fn carry(chain: &mut Chain, index: u32, call: RuntimeCall) {
    use pallet_collective::Call as Council;

    let proposal_hash: Hash = blake2_256(&call.encode()).into();
    let length_bound = call.encoded_size() as u32;
    let proposal_weight_bound = call.get_dispatch_info().call_weight;
    let propose = RuntimeCall::Council(Council::propose {
        threshold: 5,
        proposal: Box::new(call),
        length_bound,
    });
    let votes = [HOSPITAL, CLINIC, INSURER, REGULATOR, BANK].map(|seat| {
        let vote = Council::vote {
            proposal: proposal_hash,
            index,
            approve: true,
        };
        (seat, RuntimeCall::Council(vote))
    });
    let close = RuntimeCall::Council(Council::close {
        proposal_hash,
        index,
        proposal_weight_bound,
        length_bound,
    });
    chain.block(1_000, vec![(HOSPITAL, propose)]);
    chain.block(1_000, votes.into());
    chain.block(1_000, vec![(HOSPITAL, close)]);
}

/// The council admits a regulator and a provider of payment services, and suspends a patient.
pub(super) fn council(chain: &mut Chain) {
    let register = pallet_members::Call::register_member {
        account: dev::account(INSPECTORATE),
        kind: MemberKind::Regulator,
        level: None,
        name: BoundedVec::truncate_from(b"Frank Inspectorate".to_vec()),
        encryption_key: dev::encryption_key(INSPECTORATE),
    };
    carry(chain, 0, register.into());
    let register = pallet_payments::Call::register_provider {
        name: BoundedVec::truncate_from(b"Pay".to_vec()),
        account: dev::account(PROVIDER),
        key: ReceiptKey::Sr25519(dev::key_pair(PROVIDER).public().0),
    };
    carry(chain, 1, register.into());
    let party = Party::Patient(PatientId(8));
    carry(chain, 2, pallet_members::Call::suspend { party }.into());
}

/// A case holds a doctor and a scheme for a time, hears the hospital, and goes to another regulator, who
/// closes it.
pub(super) fn cases(chain: &mut Chain) {
    let doctor = Held::Party(Party::Practitioner(PractitionerId(1)));
    let scheme = Held::Scheme(SchemeId(0));
    let open = shared::open_case(Party::Patient(PATIENT), 12);
    chain.block(1_000, vec![(REGULATOR, open)]);
    let due = chain.now_ms + HOUR_MS;
    chain.block(
        1_000,
        vec![
            (REGULATOR, hold(1, doctor)),
            (REGULATOR, hold(1, scheme)),
            (REGULATOR, request_disclosure(1, due)),
            (REGULATOR, request_disclosure(1, due)),
        ],
    );
    let envelope = b"sealed".to_vec();
    let disclose = pallet_audit::Call::disclose {
        disclosure: DisclosureId(1),
        hash: blake2_256(&envelope).into(),
        envelope: BoundedVec::truncate_from(envelope),
    };
    let withdraw = pallet_audit::Call::withdraw_request {
        disclosure: DisclosureId(2),
    };
    chain.block(
        1_000,
        vec![
            (HOSPITAL, disclose.into()),
            (REGULATOR, withdraw.into()),
            (REGULATOR, lift(1, doctor)),
            (REGULATOR, lift(1, scheme)),
        ],
    );
    let case = CaseId(1);
    let to = MemberId(6);
    let transfer = pallet_audit::Call::transfer_case { case, to };
    chain.block(1_000, vec![(REGULATOR, transfer.into())]);
    let finding = shared::statement(13);
    let close = pallet_audit::Call::close_case { case, finding };
    chain.block(1_000, vec![(INSPECTORATE, close.into())]);
}

/// A doctor is licensed at another member, suspended there and dismissed; a new one is suspended from the
/// start. A patient is registered, and a department comes and goes.
pub(super) fn staff(chain: &mut Chain) {
    use pallet_members::Call as Members;

    let practitioner = PractitionerId(2);
    let set = Members::set_licence {
        practitioner,
        department: DepartmentId(2),
        specialty: BoundedVec::truncate_from(b"02".to_vec()),
    };
    let (suspend, lift) = (
        Members::suspend_licence { practitioner },
        Members::lift_licence { practitioner },
    );
    chain.block(1_000, vec![(HOSPITAL, set.into())]);
    chain.block(1_000, vec![(HOSPITAL, suspend.into())]);
    chain.block(1_000, vec![(HOSPITAL, lift.into())]);
    let revoke = Members::revoke_licence { practitioner };
    let (doctor, patient) = ("//Alice//doctor//3", "//Alice//patient//11");
    let employ = Members::register_practitioner {
        account: dev::account(doctor),
        encryption_key: dev::encryption_key(doctor),
        department: DepartmentId(1),
        specialty: BoundedVec::truncate_from(b"01".to_vec()),
    };
    let register = Members::register_patient {
        identity: dev::identity(patient),
        account: dev::account(patient),
        encryption_key: dev::encryption_key(patient),
    };
    chain.block(
        1_000,
        vec![
            (HOSPITAL, revoke.into()),
            (HOSPITAL, employ.into()),
            (HOSPITAL, register.into()),
            (HOSPITAL, department(9)),
        ],
    );
    let withdraw = pallet_appointments::Call::withdraw_department {
        department: DepartmentId(9),
    };
    let suspend = Members::suspend_licence {
        practitioner: PractitionerId(4),
    };
    chain.block(
        1_000,
        vec![(HOSPITAL, suspend.into()), (HOSPITAL, withdraw.into())],
    );
}
