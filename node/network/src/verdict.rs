//! What the pool's outcomes say of the message and of who sent it.

use libp2p::gossipsub::MessageAcceptance;
use sp_runtime::transaction_validity::InvalidTransaction;
use xinglin_core::PoolError;
use xinglin_primitives::Hash;

/// Penalty for a message that no correct node sends: two are forgiven.
pub(crate) const POINTS_MALFORMED: u32 = 450;
/// Penalty for a transaction that a correct node sends only while it is ahead of or behind us.
const POINTS_DUBIOUS: u32 = 5;

/// The verdict on one message.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) acceptance: MessageAcceptance,
    /// Penalty points of the sender.
    pub(crate) points: u32,
    /// Transactions that were new and valid.
    pub(crate) taken: usize,
}

/// Judges a message by what the pool made of its transactions.
///
/// It is passed on if something in it was new and valid. It is held against its sender if a
/// transaction was malformed: every node checks that before it passes a message on. A wrong signature
/// is dubious only: the mortality of a transaction signs the hash of a recent block, and who does not
/// have that block yet takes the signature for wrong. Such a message is not passed on.
pub(crate) fn judge(outcomes: &[Result<Hash, PoolError>]) -> Verdict {
    let mut points = 0u32;
    let mut taken = 0;
    let mut malformed = false;
    for outcome in outcomes {
        match outcome {
            Ok(_) => taken += 1,
            Err(PoolError::Undecodable | PoolError::TooLarge { .. }) => malformed = true,
            Err(PoolError::Invalid(InvalidTransaction::BadProof | InvalidTransaction::Call)) => {
                points = points.saturating_add(POINTS_DUBIOUS);
            }
            Err(_) => {}
        }
    }
    let acceptance = if malformed {
        points = points.saturating_add(POINTS_MALFORMED);
        MessageAcceptance::Reject
    } else if taken > 0 && points == 0 {
        MessageAcceptance::Accept
    } else {
        MessageAcceptance::Ignore
    };
    Verdict {
        acceptance,
        points,
        taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MessageAcceptance::{Accept, Ignore, Reject};

    #[test]
    fn a_message_is_judged_by_all_its_transactions() {
        let new = || Ok(Hash::zero());
        let known = || Err(PoolError::AlreadyImported(Hash::zero()));
        let full = || Err(PoolError::Full("too many transactions"));
        let stale = || Err(PoolError::Invalid(InvalidTransaction::Stale));
        let unsigned = || Err(PoolError::Invalid(InvalidTransaction::BadProof));
        let garbage = || Err(PoolError::Undecodable);
        let cases = [
            (vec![new()], Accept, 0),
            (vec![known(), new(), stale(), full()], Accept, 0),
            (vec![known(), stale(), full()], Ignore, 0),
            (vec![new(), unsigned()], Ignore, POINTS_DUBIOUS),
            (vec![unsigned(), unsigned()], Ignore, 2 * POINTS_DUBIOUS),
            (vec![new(), garbage()], Reject, POINTS_MALFORMED),
        ];
        for (outcomes, acceptance, points) in cases {
            let verdict = judge(&outcomes);
            let found = format!("{:?}", verdict.acceptance);
            assert_eq!(found, format!("{acceptance:?}"), "{outcomes:?}");
            assert_eq!(verdict.points, points, "{outcomes:?}");
        }
    }
}
