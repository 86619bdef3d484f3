//! What the state says about agreeing on the next block.

use codec::{Decode, Encode};
use scale_info::TypeInfo;
use xinglin_primitives::{
    consensus::{ConsensusParameters, Equivocation, Validator},
    glue::{Members as _, ValidatorSet},
    AccountId, BlockNumber,
};

use crate::{Members, Runtime, RuntimeCall, System, UncheckedExtrinsic, Validators};

/// A validator of a height with the account under which it proposes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct HeightValidator {
    /// Member, key and power.
    pub validator: Validator,
    /// The member's main account.
    pub account: AccountId,
}

/// A node that the chain knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RegisteredNode {
    /// libp2p peer id in binary form.
    pub peer_id: Vec<u8>,
    /// Where it can be reached: multiaddresses in binary form, as registered.
    pub addresses: Vec<Vec<u8>>,
}

/// Who validates a height, and how.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NextHeight {
    /// The height.
    pub height: BlockNumber,
    /// Who votes.
    pub validators: Vec<HeightValidator>,
    /// Timeouts and pacing.
    pub parameters: ConsensusParameters,
    /// Whom to talk to.
    pub nodes: Vec<RegisteredNode>,
}

/// Who validates the block after this state, and how.
pub fn next_height() -> NextHeight {
    let validators = Validators::validators().into_iter();
    NextHeight {
        height: System::block_number().saturating_add(1),
        // No member is ever deleted, so that each validator has its account.
        validators: validators
            .filter_map(|validator| {
                let account = Members::account_of(validator.member)?;
                Some(HeightValidator { validator, account })
            })
            .collect(),
        parameters: parameters(),
        nodes: Validators::admitted_nodes()
            .into_iter()
            .map(|(peer_id, node)| RegisteredNode {
                peer_id: peer_id.into_inner(),
                addresses: node
                    .addresses
                    .into_iter()
                    .map(|address| address.into_inner())
                    .collect(),
            })
            .collect(),
    }
}

/// The validators of a height up to the next; `None` for block 0 and for heights to come.
pub fn validators_at(height: BlockNumber) -> Option<Vec<Validator>> {
    Some(Validators::set_at(height)?.into_inner())
}

/// Timeouts and pacing for the block after this state.
pub fn parameters() -> ConsensusParameters {
    pallet_validators::Parameters::<Runtime>::get()
}

/// The unsigned transaction that reports an equivocation. Needs no externalities.
pub fn equivocation_report(equivocation: Equivocation) -> UncheckedExtrinsic {
    UncheckedExtrinsic::new_bare_legacy(RuntimeCall::Validators(
        pallet_validators::Call::report_equivocation { equivocation },
    ))
}
