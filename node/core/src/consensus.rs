//! What the other services learn of consensus.

use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusParameters, Validator},
    AccountId, BlockNumber,
};

/// A validator of a height with the account under which it proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightValidator {
    /// Member, key and power.
    pub validator: Validator,
    /// The member's main account.
    pub account: AccountId,
}

/// A node that the chain knows. No other node is talked to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegisteredNode {
    /// libp2p peer id in binary form.
    pub peer_id: Vec<u8>,
    /// Where it can be reached: multiaddresses of its consensus port in binary form.
    pub addresses: Vec<Vec<u8>>,
}

/// Everything that the state after block `height - 1` says about agreeing on `height`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightConfig {
    /// The height.
    pub height: BlockNumber,
    /// Who votes.
    pub validators: Vec<HeightValidator>,
    /// Timeouts and pacing.
    pub parameters: ConsensusParameters,
    /// Whom to talk to.
    pub nodes: Vec<RegisteredNode>,
}

/// Where consensus stands, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsensusStatus {
    /// Height being agreed on.
    pub height: BlockNumber,
    /// Round within it.
    pub round: u32,
    /// Whether this node votes at this height.
    pub validating: bool,
    /// Highest height that any peer has reported.
    pub best_peer_height: BlockNumber,
    /// Validators whose precommit was missing from the last certificate.
    pub missing: Vec<ConsensusKey>,
    /// Number of connected consensus peers.
    pub peers: usize,
    /// Turns to propose that this node has let pass since its start because its clock was off.
    pub turns_passed: u64,
}
