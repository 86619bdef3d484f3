//! Settling invoices by the rules of insurance.
//!
//! What a settlement would bring is asked and recomputed by [`pre_settle`]; the rules of a scheme are
//! the question `Scheme` of [`Client::ask`]. Calls that need nothing besides their arguments
//! (`reverse`, `decide`, `appeal`, `withdraw`, those about schemes and coverages) are not here: give
//! them to [`execute`].

mod pre_settlement;

pub use pre_settlement::{amounts, pre_settle, Difference, Inputs, SplitProblem};

use xinglin_primitives::{Balance, ClaimId, CoverageId, Hash, InvoiceId, SettlementId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use crate::{
    client::{Client, Outcome},
    keys::KeyPair,
    operation::{execute, told, OperationError},
};

/// What became of a settlement that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// The rules passed, and the money has moved.
    Settled {
        /// The settlement.
        settlement: SettlementId,
        /// What the fund pays, in fen.
        fund_fen: Balance,
        /// What the personal account pays, in fen.
        account_fen: Balance,
        /// What is left to the patient, in fen.
        cash_fen: Balance,
        /// What of fund and account went to the member, in fen.
        to_member_fen: Balance,
        /// What went to the patient, who had paid it before, in fen.
        to_patient_fen: Balance,
    },
    /// The insurer is to decide, and no money has moved.
    Flagged {
        /// The claim.
        claim: ClaimId,
    },
}

/// What is to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementOrder {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The coverage.
    pub coverage: CoverageId,
    /// Most of the personal account to use, in fen.
    pub account_max_fen: Balance,
}

/// Settles an invoice. With `payment`, a fresh [`random_id`](crate::operation::random_id), what is
/// left to the patient is paid from her balance in the same transaction.
pub async fn settle(
    client: &Client,
    key: &KeyPair,
    order: SettlementOrder,
    payment: Option<Hash>,
) -> Result<(Settling, Outcome), OperationError> {
    let call = pallet_insurance::Call::<Runtime>::settle {
        invoice: order.invoice,
        coverage: order.coverage,
        account_max_fen: order.account_max_fen,
        payment,
    };
    run(client, key, call.into()).await
}

/// Claims what insurance pays of an invoice that the patient has paid in full (事后报销).
pub async fn claim(
    client: &Client,
    key: &KeyPair,
    order: SettlementOrder,
) -> Result<(Settling, Outcome), OperationError> {
    let call = pallet_insurance::Call::<Runtime>::claim {
        invoice: order.invoice,
        coverage: order.coverage,
        account_max_fen: order.account_max_fen,
    };
    run(client, key, call.into()).await
}

async fn run(
    client: &Client,
    key: &KeyPair,
    call: RuntimeCall,
) -> Result<(Settling, Outcome), OperationError> {
    let outcome = execute(client, key, call).await?;
    let settling = told(&outcome, "Settled or Flagged", |event| match event {
        RuntimeEvent::Insurance(event) => settling(event),
        _ => None,
    })?;
    Ok((settling, outcome))
}

fn settling(event: &pallet_insurance::Event<Runtime>) -> Option<Settling> {
    use pallet_insurance::Event;

    match *event {
        Event::Settled {
            settlement,
            fund_fen,
            account_fen,
            cash_fen,
            to_member_fen,
            to_patient_fen,
            ..
        } => Some(Settling::Settled {
            settlement,
            fund_fen,
            account_fen,
            cash_fen,
            to_member_fen,
            to_patient_fen,
        }),
        Event::Flagged { claim, .. } => Some(Settling::Flagged { claim }),
        _ => None,
    }
}
