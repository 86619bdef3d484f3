//! Motions of the council: proposed, voted on, closed.

use codec::{Decode, Encode};
use frame_support::dispatch::GetDispatchInfo;
use pallet_collective::{Instance1, Members, ProposalOf, Proposals, Voting};
use xinglin_primitives::{AccountId, BlockNumber, Hash};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use crate::{
    client::{Client, Outcome},
    keys::KeyPair,
    operation::{execute, told, OperationError},
    parties::{read, unknown},
};

/// A call that the council votes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    /// Hash of the call, by which the motion is named.
    pub hash: Hash,
    /// Its number.
    pub index: u32,
    /// How many members must approve it.
    pub threshold: u32,
    /// Who approves it.
    pub ayes: Vec<AccountId>,
    /// Who rejects it.
    pub nays: Vec<AccountId>,
    /// The last block in which it can be voted on.
    pub end: BlockNumber,
    /// What is done if it is carried.
    pub call: RuntimeCall,
}

/// The votes as the pallet stores them.
#[derive(Decode)]
struct Votes {
    index: u32,
    threshold: u32,
    ayes: Vec<AccountId>,
    nays: Vec<AccountId>,
    end: BlockNumber,
}

/// What became of a motion that was closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Whether it was carried.
    pub is_carried: bool,
    /// Why the call failed although the motion was carried.
    pub failure: Option<String>,
    /// The transaction.
    pub outcome: Outcome,
}

/// The motions under vote.
pub async fn motions(client: &Client) -> Result<Vec<Motion>, OperationError> {
    let key = Proposals::<Runtime, Instance1>::hashed_key();
    let hashes: Vec<Hash> = read(client, &key).await?.unwrap_or_default();
    let mut motions = Vec::with_capacity(hashes.len());
    for hash in hashes {
        // One may be closed meanwhile.
        if let Some(motion) = find(client, hash).await? {
            motions.push(motion);
        }
    }
    Ok(motions)
}

/// A motion under vote.
///
/// # Errors
/// [`OperationError::Unknown`] if there is none of this hash: it may be closed.
pub async fn motion(client: &Client, hash: Hash) -> Result<Motion, OperationError> {
    let found = find(client, hash).await?;
    found.ok_or_else(|| unknown(format_args!("motion {hash:?} under vote")))
}

async fn find(client: &Client, hash: Hash) -> Result<Option<Motion>, OperationError> {
    let call = ProposalOf::<Runtime, Instance1>::hashed_key_for(hash);
    let votes = Voting::<Runtime, Instance1>::hashed_key_for(hash);
    let call: Option<RuntimeCall> = read(client, &call).await?;
    let votes: Option<Votes> = read(client, &votes).await?;
    Ok(call.zip(votes).map(|(call, votes)| Motion {
        hash,
        index: votes.index,
        threshold: votes.threshold,
        ayes: votes.ayes,
        nays: votes.nays,
        end: votes.end,
        call,
    }))
}

/// Proposes a call, to be carried by two thirds of the seats, and approves it.
///
/// # Errors
/// The chain refuses it: the key is not that of a member's main account, or the same call is under
/// vote already.
pub async fn propose(
    client: &Client,
    key: &KeyPair,
    call: RuntimeCall,
) -> Result<(Hash, Vec<Outcome>), OperationError> {
    let seats = Members::<Runtime, Instance1>::hashed_key();
    let seats: Vec<AccountId> = read(client, &seats).await?.unwrap_or_default();
    let seats = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let propose = pallet_collective::Call::propose {
        threshold: two_thirds(seats),
        length_bound: length_of(&call),
        proposal: Box::new(call),
    };
    let proposed = execute(client, key, RuntimeCall::Council(propose)).await?;
    // The council of one carries what it proposes at once.
    let hash = told(&proposed, "Proposed", |event| match event {
        RuntimeEvent::Council(
            pallet_collective::Event::Proposed { proposal_hash, .. }
            | pallet_collective::Event::Executed { proposal_hash, .. },
        ) => Some(*proposal_hash),
        _ => None,
    })?;
    let mut outcomes = vec![proposed];
    if find(client, hash).await?.is_some() {
        outcomes.push(vote(client, key, hash, true).await?);
    }
    Ok((hash, outcomes))
}

/// Votes on a motion.
pub async fn vote(
    client: &Client,
    key: &KeyPair,
    hash: Hash,
    approve: bool,
) -> Result<Outcome, OperationError> {
    let vote = pallet_collective::Call::vote {
        proposal: hash,
        index: motion(client, hash).await?.index,
        approve,
    };
    execute(client, key, RuntimeCall::Council(vote)).await
}

/// Closes a motion of which the outcome is certain; if it is carried, its call is executed.
///
/// # Errors
/// The chain refuses it while votes that matter are missing, until the motion ends.
pub async fn close(client: &Client, key: &KeyPair, hash: Hash) -> Result<Closed, OperationError> {
    let motion = motion(client, hash).await?;
    let close = pallet_collective::Call::close {
        proposal_hash: hash,
        index: motion.index,
        proposal_weight_bound: motion.call.get_dispatch_info().call_weight,
        length_bound: length_of(&motion.call),
    };
    let outcome = execute(client, key, RuntimeCall::Council(close)).await?;
    let result = outcome.events.iter().find_map(|event| match event {
        RuntimeEvent::Council(pallet_collective::Event::Executed { result, .. }) => Some(*result),
        _ => None,
    });
    let failure = match &result {
        Some(Err(error)) => Some(crate::client::describe_error(error)),
        _ => None,
    };
    Ok(Closed {
        is_carried: result.is_some(),
        failure,
        outcome,
    })
}

/// The fewest seats that are two thirds.
fn two_thirds(seats: u32) -> u32 {
    seats.saturating_mul(2).div_ceil(3)
}

fn length_of(call: &RuntimeCall) -> u32 {
    u32::try_from(call.encoded_size()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thirds_are_rounded_up() {
        let needed: Vec<u32> = (1..=7).map(two_thirds).collect();
        assert_eq!(needed, [1, 2, 2, 3, 4, 4, 5]);
    }
}
