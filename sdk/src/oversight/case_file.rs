//! A case with everything done for it.
//!
//! The state of the chain keeps a case, its requests and the holds in force, each with its time; not
//! holds that were lifted, nor who signed and in which block. Those are in the history of the chain,
//! which a node's index finds. A case file begins with what the state says, and what a history adds
//! takes the place of the steps that it has, too ([`merged`]): without one it is shorter, never
//! wrong.

use std::fmt;

use pallet_audit::{
    states::{CaseState, DisclosureState},
    types::{Case, Disclosure, Statement},
};
use xinglin_primitives::{
    glue::Held, page::PAGE_MAX, time::Moment, AccountId, BlockNumber, CaseId, DisclosureId, Hash,
    MemberId,
};
use xinglin_rpc_api::{
    codes::{EXPLORER_BEHIND, EXPLORER_NO_INDEX},
    questions as ask,
};

use super::{
    history::{self, History, STEPS_MAX},
    keep_first,
};
use crate::{
    client::{Client, ClientError},
    keys::KeyPair,
    operation::OperationError,
    parties::{self, unknown},
};

/// Most requests that a case file has: the oldest.
pub const REQUESTS_MAX: usize = 10_000;

/// How much of a case is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most steps of the history: the first.
    pub steps: usize,
    /// Most requests: the oldest.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: STEPS_MAX,
            requests: REQUESTS_MAX,
        }
    }
}

/// What of a case is not in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Requests later than those that are there, and what became of them.
    Requests,
    /// Steps of the history later than those that are there; what the state tells of them is.
    Steps,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "later requests",
            Self::Steps => "later steps",
        })
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The case was opened.
    Opened,
    /// It was handed from one regulator to another.
    Transferred {
        /// Whose it was.
        from: MemberId,
        /// Whose it is.
        to: MemberId,
    },
    /// A member was asked to disclose something.
    Requested(DisclosureId),
    /// The regulator asked no more.
    Withdrawn(DisclosureId),
    /// The member disclosed.
    Disclosed(DisclosureId),
    /// A party or scheme was held.
    Held(Held),
    /// It was held no more by this case.
    Lifted(Held),
    /// The case was closed.
    Closed,
}

/// One step of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The time of its block.
    pub at: Moment,
    /// What was done.
    pub act: Act,
    /// Who signed it, if that is known.
    pub by: Option<AccountId>,
    /// Where in the chain it is, if that is known: height of the block and hash of the transaction.
    pub place: Option<(BlockNumber, Hash)>,
}

/// A case with all its requests and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The case's id.
    pub id: CaseId,
    /// The case.
    pub case: Case,
    /// Its requests, oldest first.
    pub requests: Vec<(DisclosureId, Disclosure)>,
    /// What was done, oldest first.
    pub steps: Vec<Step>,
    /// What there is more of than was read.
    pub cut: Vec<Cut>,
    /// The chain's time when this was read.
    pub at: Moment,
    /// The chain, by its genesis.
    pub genesis: Hash,
}

/// Reads a case of the regulator of which `key` is an account, open or closed, with its history if
/// the node keeps an index.
pub async fn read(client: &Client, key: &KeyPair, id: CaseId) -> Result<CaseFile, OperationError> {
    read_within(client, key, id, Limits::default()).await
}

/// As [`read`], and reads no more than the limits allow.
pub async fn read_within(
    client: &Client,
    key: &KeyPair,
    id: CaseId,
    limits: Limits,
) -> Result<CaseFile, OperationError> {
    let mut file = of_state(client, key, id, limits.requests).await?;
    match history::of_case(client, key, id, limits.steps).await {
        Ok(history) => file.add_history(history),
        // What is missing is told by what the file has.
        Err(ClientError::Refused {
            code: EXPLORER_NO_INDEX | EXPLORER_BEHIND,
            ..
        }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(file)
}

/// Reads a case of the regulator of which `key` is an account, open or closed, from the state, with the
/// oldest `requests_max` requests.
pub async fn of_state(
    client: &Client,
    key: &KeyPair,
    id: CaseId,
    requests_max: usize,
) -> Result<CaseFile, OperationError> {
    let case = client.ask(key, &ask::Case { case: id }).await?;
    let case = case.ok_or_else(|| unknown(format_args!("case {id}")))?;
    let (requests, is_cut) = requests_of(client, key, id, requests_max).await?;
    Ok(CaseFile {
        id,
        steps: steps_of(&case, &requests),
        cut: is_cut.then_some(Cut::Requests).into_iter().collect(),
        case,
        requests,
        at: parties::now(client).await?,
        genesis: client.genesis(),
    })
}

/// The oldest requests of a case, and whether there are more.
async fn requests_of(
    client: &Client,
    key: &KeyPair,
    id: CaseId,
    requests_max: usize,
) -> Result<(Vec<(DisclosureId, Disclosure)>, bool), OperationError> {
    let mut requests: Vec<(DisclosureId, Disclosure)> = Vec::new();
    loop {
        let question = ask::CaseRequests {
            case: id,
            after: requests.last().map(|(id, _)| *id),
            limit: PAGE_MAX,
        };
        let page = client.ask(key, &question).await?;
        let is_last = page.len() < PAGE_MAX as usize;
        requests.extend(page);
        // One more is read than is kept, so that it is known whether there are more.
        if is_last || requests.len() > requests_max {
            let is_cut = keep_first(&mut requests, requests_max);
            return Ok((requests, is_cut));
        }
    }
}

impl CaseFile {
    /// Adds what a history of the chain knows of the case.
    pub fn add_history(&mut self, history: History) {
        let known = core::mem::take(&mut self.steps);
        self.steps = merged(known, history.steps);
        if history.is_cut {
            self.cut.push(Cut::Steps);
        }
    }

    /// What the regulator found, and when, once the case is closed.
    pub fn finding(&self) -> Option<(Statement, Moment)> {
        match self.case.state {
            CaseState::Open => None,
            CaseState::Closed { finding, at } => Some((finding, at)),
        }
    }
}

/// The steps that the state tells of.
fn steps_of(case: &Case, requests: &[(DisclosureId, Disclosure)]) -> Vec<Step> {
    let mut steps = vec![untraced(case.opened_at, Act::Opened)];
    for (id, it) in requests {
        steps.push(untraced(it.requested_at, Act::Requested(*id)));
        match it.state {
            DisclosureState::Open => {}
            DisclosureState::Withdrawn { at } => steps.push(untraced(at, Act::Withdrawn(*id))),
            DisclosureState::Disclosed { at, .. } => steps.push(untraced(at, Act::Disclosed(*id))),
        }
    }
    let holds = case.holds.iter();
    steps.extend(holds.map(|hold| untraced(hold.since, Act::Held(hold.held))));
    if let CaseState::Closed { at, .. } = case.state {
        steps.push(untraced(at, Act::Closed));
    }
    in_order(steps)
}

fn untraced(at: Moment, act: Act) -> Step {
    Step {
        at,
        act,
        by: None,
        place: None,
    }
}

/// The steps of a history, and those of the state that it does not have: an index may be behind.
pub fn merged(known: Vec<Step>, history: Vec<Step>) -> Vec<Step> {
    let mut steps = history;
    for step in known {
        let is_there = |other: &Step| (other.at, other.act) == (step.at, step.act);
        if !steps.iter().any(is_there) {
            steps.push(step);
        }
    }
    in_order(steps)
}

/// By time; of one block as they were listed, but for the opening first and the closing last.
fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    let rank = |act: &Act| match act {
        Act::Opened => 0_u8,
        Act::Closed => 2,
        _ => 1,
    };
    steps.sort_by_key(|step| (step.at, step.place.map(|place| place.0), rank(&step.act)));
    steps
}

#[cfg(test)]
pub(super) mod tests;
