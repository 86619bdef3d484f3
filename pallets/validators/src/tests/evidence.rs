//! Reports of equivocation.

use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
};
use xinglin_primitives::{
    consensus::{Equivocation, Offence, Proposal, SignedPayload, VoteKind},
    glue::ChainId,
    Hash, MemberId,
};

use crate::{mock::*, Call, Error, Event, OffenceId, OffenceKind, Offences, OFFENCES_MAX};

fn report(equivocation: &Equivocation) -> Call<Test> {
    Call::report_equivocation {
        equivocation: equivocation.clone(),
    }
}

#[allow(deprecated, reason = "as in the pallet")]
fn validate(call: &Call<Test>) -> TransactionValidity {
    use sp_runtime::traits::ValidateUnsigned;
    Validators::validate_unsigned(TransactionSource::External, call)
}

fn invalid(reason: InvalidTransaction) -> TransactionValidity {
    Err(TransactionValidityError::Invalid(reason))
}

fn proposals(seed: u32, height: u32) -> Equivocation {
    let proposal = |byte| {
        let proposal = Proposal {
            height,
            round: 0,
            block_hash: Hash::repeat_byte(byte),
            valid_round: None,
            proposer: key(seed),
        };
        let signature =
            SignedPayload::Proposal(&proposal).sign(&Chain::genesis_hash(), &keypair(seed));
        (proposal, signature)
    };
    Equivocation {
        key: key(seed),
        offence: Offence::Proposals(Box::new([proposal(1), proposal(2)])),
    }
}

fn remove(member: u32) {
    let member = MemberId(member);
    assert_ok!(by_council(Call::remove_validator { member }));
}

#[test]
fn an_equivocation_is_recorded_and_nothing_else_happens() {
    run(|| {
        let before = live();
        block_by(0, || {
            let equivocation = equivocation(2, 1, 7);
            assert!(validate(&report(&equivocation)).is_ok());
            assert_ok!(unsigned(report(&equivocation)));
            let offence = OffenceId {
                key: key(2),
                height: 1,
                round: 7,
                kind: OffenceKind::Precommits,
            };
            assert_events(&[Event::EquivocationRecorded {
                member: MemberId(2),
                offence,
            }]);
            let record = Offences::<Test>::get(MemberId(2));
            assert_eq!(record.offences.into_inner(), [offence]);

            assert_ok!(unsigned(report(&proposals(2, 1))));
            assert_eq!(Offences::<Test>::get(MemberId(2)).offences.len(), 2);
        });
        assert_eq!(live(), before);
    });
}

#[test]
fn the_pool_tells_reports_apart_and_puts_them_first() {
    run(|| {
        let first = validate(&report(&equivocation(2, 1, 0))).unwrap();
        let again = validate(&report(&equivocation(2, 1, 0))).unwrap();
        let other = validate(&report(&equivocation(2, 1, 1))).unwrap();
        // Signatures are randomised, and the report is the same none the less.
        assert_eq!(first.provides, again.provides);
        assert_ne!(first.provides, other.provides);
        assert!(first.propagate);
        assert_eq!(first.priority, u64::MAX);
        let info = report(&equivocation(2, 1, 0)).get_dispatch_info();
        assert_eq!(
            info.class,
            frame_support::dispatch::DispatchClass::Operational
        );
    });
}

#[test]
fn the_pool_takes_no_other_call_unsigned() {
    run(|| {
        let call = Call::clear_offences {
            member: MemberId(2),
        };
        assert_eq!(validate(&call), invalid(InvalidTransaction::Call));
    });
}

#[test]
fn what_is_not_proven_is_refused() {
    run(|| {
        let mut agree = equivocation(2, 1, 0);
        if let Offence::Votes(votes) = &mut agree.offence {
            votes[1] = votes[0].clone();
        }
        let mut altered = equivocation(2, 1, 0);
        if let Offence::Votes(votes) = &mut altered.offence {
            votes[1].0.kind = VoteKind::Prevote;
            votes[0].0.kind = VoteKind::Prevote;
        }
        let mut of_another = equivocation(2, 1, 0);
        of_another.key = key(1);
        for equivocation in [agree, altered, of_another] {
            let call = report(&equivocation);
            assert_eq!(validate(&call), invalid(InvalidTransaction::BadProof));
            assert_noop!(unsigned(call), Error::<Test>::NotProven);
        }
    });
}

#[test]
fn who_was_no_validator_at_that_height_did_no_wrong() {
    run(|| {
        register(5);
        for call in [
            report(&equivocation(5, 1, 0)),
            report(&equivocation(2, 0, 0)),
        ] {
            assert_eq!(validate(&call), invalid(InvalidTransaction::BadProof));
            assert_noop!(unsigned(call), Error::<Test>::NotAValidator);
        }
        block_by(0, || remove(2));
        // It was in the set of height 1, and is not in that of height 2.
        assert_noop!(
            unsigned(report(&equivocation(2, 2, 0))),
            Error::<Test>::NotAValidator
        );
        assert_ok!(unsigned(report(&equivocation(2, 1, 0))));
    });
}

#[test]
fn offences_of_the_future_are_refused() {
    run(|| {
        block_by(0, || {});
        let call = report(&equivocation(2, 3, 0));
        assert_eq!(validate(&call), invalid(InvalidTransaction::Future));
        assert_noop!(unsigned(call), Error::<Test>::FutureOffence);
        assert_ok!(unsigned(report(&equivocation(2, 2, 0))));
    });
}

#[test]
fn an_offence_is_recorded_once() {
    run(|| {
        let call = report(&equivocation(2, 1, 0));
        assert_ok!(unsigned(call.clone()));
        for call in [call, report(&equivocation(2, 1, 0))] {
            assert_eq!(validate(&call), invalid(InvalidTransaction::Stale));
            assert_noop!(unsigned(call), Error::<Test>::AlreadyReported);
        }
    });
}

#[test]
fn the_record_is_bounded_until_the_council_clears_it() {
    run(|| {
        blocks_by(&[0, 1, 2, 3], 3);
        for round in 0..OFFENCES_MAX {
            assert_ok!(unsigned(report(&equivocation(2, 2, round))));
        }
        let one_more = report(&equivocation(2, 3, 0));
        assert_eq!(validate(&one_more), invalid(InvalidTransaction::Stale));
        assert_noop!(unsigned(one_more.clone()), Error::<Test>::RecordFull);
        // Another member's record has its own room.
        assert_ok!(unsigned(report(&equivocation(1, 2, 0))));

        let member = MemberId(2);
        assert_ok!(by_council(Call::clear_offences { member }));
        assert_events(&[Event::OffencesCleared { member }]);
        assert_noop!(
            by_council(Call::clear_offences { member }),
            Error::<Test>::NoOffences
        );
        // What is settled is not opened again.
        assert_noop!(unsigned(one_more), Error::<Test>::AlreadyReported);
        blocks_by(&[0, 1], 2);
        assert_ok!(unsigned(report(&equivocation(2, 4, 0))));
    });
}
