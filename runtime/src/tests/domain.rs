//! What only the pallets together do.

use frame_support::BoundedBTreeSet;
use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_members::DelegationKind;
use xinglin_primitives::{
    consensus::SignedPayload,
    glue::Scope,
    time::{DAY_MS, HOUR_MS},
    DepartmentId, MemberId, Party, PatientId, PractitionerId, ScheduleId,
};

use super::*;
use crate::{Runtime, RuntimeEvent};

/// What a visit in these tests costs.
pub(super) const FEE_FEN: u128 = 2_500;
const PATIENT: &str = "//Alice//patient//1";
const SESSION_KEY: &str = "//Alice//patient//1//phone";

pub(super) fn schedule(start: Moment) -> RuntimeCall {
    pallet_appointments::Call::publish_schedule {
        schedule: NewSchedule {
            practitioner: PractitionerId(0),
            department: DepartmentId(1),
            kind: VisitKind::First,
            start,
            slot_minutes: 15,
            slots: 8,
            capacity: 1,
            fee_fen: FEE_FEN,
        },
    }
    .into()
}

pub(super) fn book(patient: u64, slot: u16) -> RuntimeCall {
    pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    }
    .into()
}

/// Passes a motion with the votes of the first members, of whom these are the nonces, in one block.
pub(super) fn motion<const N: usize>(chain: &mut Chain, nonces: [Nonce; N], call: RuntimeCall) {
    let length_bound = call.encoded_size() as u32;
    let hash = sp_io::hashing::blake2_256(&call.encode()).into();
    let index = chain.ext.execute_with(
        pallet_collective::ProposalCount::<Runtime, crate::configs::CouncilInstance>::get,
    );
    let propose = pallet_collective::Call::propose {
        threshold: N as u32,
        proposal: Box::new(call),
        length_bound,
    };
    let vote = || pallet_collective::Call::vote {
        proposal: hash,
        index,
        approve: true,
    };
    let close = pallet_collective::Call::close {
        proposal_hash: hash,
        index,
        proposal_weight_bound: crate::configs::BLOCK_WEIGHT_MAX.div(4),
        length_bound,
    };
    let [first, others @ ..] = &nonces[..] else {
        panic!("nobody votes");
    };
    let mut transactions = vec![
        chain.sign("//Alice", *first, propose),
        chain.sign("//Alice", first + 1, vote()),
    ];
    for (path, nonce) in ["//Bob", "//Charlie", "//Dave", "//Eve"].iter().zip(others) {
        transactions.push(chain.sign(path, *nonce, vote()));
    }
    transactions.push(chain.sign("//Alice", first + 2, close));
    let built = chain.block(transactions);
    assert_eq!(built.outcomes, vec![Ok(Ok(())); N + 2]);
    let executed = chain
        .ext
        .execute_with(System::events)
        .into_iter()
        .any(|it| {
            matches!(
                it.event,
                RuntimeEvent::Council(pallet_collective::Event::Executed { result: Ok(()), .. })
            )
        });
    assert!(executed, "the motion was carried out");
}

#[test]
fn a_patient_books_and_the_fee_is_held() {
    let mut chain = Chain::new();
    let start = START + DAY_MS;
    let published = chain.sign("//Alice", 0, schedule(start));
    assert_eq!(chain.one(published), Ok(Ok(())));
    let before = chain.free(PATIENT);
    let booked = chain.sign(PATIENT, 0, book(0, 3));
    assert_eq!(chain.one(booked), Ok(Ok(())));
    assert_eq!(chain.free(PATIENT), before - FEE_FEN);
    // The slot has one place.
    let second = chain.sign("//Bob//patient//1", 0, book(10, 3));
    assert!(matches!(chain.one(second), Ok(Err(_))));
    chain.check();
}

/// An account that is nothing by itself may transact while it acts for somebody.
#[test]
fn a_session_key_books_until_it_ends() {
    let mut chain = Chain::new();
    let remark_by_key = chain.sign(SESSION_KEY, 0, remark(1));
    let refusal = Err(invalid(InvalidTransaction::BadSigner));
    assert_eq!(chain.validate(&remark_by_key).map(|_| ()), refusal);

    let published = chain.sign("//Alice", 0, schedule(START + DAY_MS));
    let until = START + HOUR_MS;
    let delegate = pallet_members::Call::delegate {
        delegate: dev::account(SESSION_KEY),
        kind: DelegationKind::SessionKey,
        scopes: BoundedBTreeSet::try_from(std::collections::BTreeSet::from([Scope::Booking]))
            .unwrap(),
        until,
        encryption_key: None,
    };
    let delegated = chain.sign(PATIENT, 0, delegate);
    let outcomes = chain.block(vec![published, delegated]).outcomes;
    assert_eq!(outcomes, [Ok(Ok(())), Ok(Ok(()))]);

    let booked = chain.sign(SESSION_KEY, 0, book(0, 0));
    assert_eq!(chain.one(booked), Ok(Ok(())));
    chain.check();

    chain.now = until;
    chain.block(Vec::new());
    let late = chain.sign(SESSION_KEY, 1, remark(1));
    assert_eq!(chain.validate(&late).map(|_| ()), refusal);
}

#[test]
fn the_council_suspends_and_those_suspended_fall_silent() {
    let mut chain = Chain::new();
    let party = Party::Patient(PatientId(0));
    let suspend = pallet_members::Call::suspend { party };
    motion(&mut chain, [0, 0, 0, 0], suspend.into());
    let transaction = chain.sign(PATIENT, 0, remark(1));
    assert_eq!(
        chain.one(transaction),
        Err(invalid(InvalidTransaction::BadSigner))
    );
    let lift = pallet_members::Call::lift { party };
    motion(&mut chain, [3, 1, 1, 1], lift.into());
    let transaction = chain.sign(PATIENT, 0, remark(1));
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    chain.check();
}

/// A member of the chain `dev` registers a validator, the council takes it, and the next height
/// has it.
#[test]
fn a_validator_joins_at_the_next_height() {
    let mut chain = Chain::new();
    for _ in 0..3 {
        chain.block(Vec::new());
    }
    let member = MemberId(1);
    let pair = dev::consensus_key_pair("//Bob");
    let genesis = chain.genesis;
    let possession = SignedPayload::Possession { member }.sign(&genesis, pair.as_ref());
    let peer: pallet_validators::PeerId = dev::peer_id("//Bob").try_into().unwrap();
    let register = [
        chain.sign(
            "//Bob",
            0,
            pallet_validators::Call::register_node {
                peer: peer.clone(),
                addresses: Default::default(),
            },
        ),
        chain.sign(
            "//Bob",
            1,
            pallet_validators::Call::register_validator {
                key: pair.public(),
                possession,
                peer,
            },
        ),
    ];
    let outcomes = chain.block(register.into()).outcomes;
    assert_eq!(outcomes, [Ok(Ok(())), Ok(Ok(()))]);

    // One validator cannot take in an equal before it has more than two thirds of the power.
    let powers = vec![(MemberId(0), 3), (member, 1)];
    let set = pallet_validators::Call::set_validators {
        validators: powers.clone().try_into().unwrap(),
    };
    motion(&mut chain, [0, 2, 0, 0], set.into());
    let next = chain.ext.execute_with(native::next_height);
    let found: Vec<_> = next
        .validators
        .iter()
        .map(|it| (it.validator.member, it.validator.power))
        .collect();
    assert_eq!(found, powers);
    let height = next.height;
    chain.ext.execute_with(|| {
        assert_eq!(native::validators_at(height).map(|it| it.len()), Some(2));
        assert_eq!(
            native::validators_at(height - 1).map(|it| it.len()),
            Some(1)
        );
        assert_eq!(native::validators_at(height + 1), None);
    });
    chain.block(Vec::new());
    chain.check();
}

#[test]
fn an_equivocation_is_reported_by_nobody_in_particular() {
    use xinglin_primitives::consensus::{Equivocation, Offence, Vote, VoteKind};

    let mut chain = Chain::new();
    chain.block(Vec::new());
    let pair = dev::consensus_key_pair("//Alice");
    let signed = |byte| {
        let vote = Vote {
            kind: VoteKind::Prevote,
            height: 1,
            round: 0,
            block_hash: Some(Hash::repeat_byte(byte)),
            voter: pair.public(),
        };
        let signature = SignedPayload::Vote(&vote).sign(&chain.genesis, pair.as_ref());
        (vote, signature)
    };
    let report = |a, b| {
        let equivocation = Equivocation {
            key: pair.public(),
            offence: Offence::Votes(Box::new([signed(a), signed(b)])),
        };
        DecodedExtrinsic::encode(native::equivocation_report(equivocation)).unwrap()
    };
    let (proven, none) = (report(1, 2), report(1, 1));
    assert_eq!(proven.sender(), None);
    assert!(chain.validate(&proven).is_ok());
    assert_eq!(
        chain.validate(&none).map(|_| ()),
        Err(invalid(InvalidTransaction::BadProof))
    );
    assert_eq!(chain.one(proven.clone()), Ok(Ok(())));
    assert_eq!(
        chain.validate(&proven).map(|_| ()),
        Err(invalid(InvalidTransaction::Stale))
    );
    chain.check();
}
