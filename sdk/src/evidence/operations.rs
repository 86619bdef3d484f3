//! The operations of a visit, which a node with an index finds.

use xinglin_evidence::format::PARTS_MAX;
use xinglin_primitives::{AppointmentId, CaseId};
use xinglin_rpc_api::codes;

use super::{gather::Gathering, EvidenceError};
use crate::{
    client::ClientError,
    keys::KeyPair,
    operation::{OperationError, FINALITY_LIMIT},
    trail::{self, Cut},
};

/// Most receipts before no more operations are added: other parts come beside them.
const RECEIPTS_MAX: usize = PARTS_MAX / 2;

/// Why a package without a signer does not have the operations.
pub(super) const UNSIGNED: &str =
    "which they are is told to those whom the visit concerns: give a key";

/// Fetches the receipts of a visit's operations that the asker may see. Why some are not there, if so.
pub(super) async fn gather(
    gathering: &mut Gathering<'_>,
    (key, case): (&KeyPair, Option<CaseId>),
    appointment: AppointmentId,
) -> Result<Option<String>, EvidenceError> {
    let client = gathering.client();
    let indexed = client
        .wait_until_indexed(gathering.height(), FINALITY_LIMIT)
        .await;
    let found = match indexed {
        Ok(()) => trail::follow(client, key, case, appointment).await,
        Err(error) => Err(error.into()),
    };
    let visit = match found {
        Err(OperationError::Client(ClientError::Refused {
            code: codes::EXPLORER_NO_INDEX,
            ..
        })) => {
            return Ok(Some(
                "the node keeps no index: ask one that was started with --index".to_owned(),
            ))
        }
        found => found?,
    };
    let mut left_out = 0_usize;
    // The receipt of an operation that concerns others too would show all of it.
    let (shared, own): (Vec<_>, Vec<_>) = visit.operations.iter().partition(|it| it.in_part);
    for operation in own {
        if gathering.receipts() < RECEIPTS_MAX {
            gathering.receipt(operation.hash).await?;
        } else {
            left_out += 1;
        }
    }
    Ok(untraced(
        left_out,
        visit.hidden.len() + shared.len(),
        &visit.cut,
    ))
}

/// Why not all operations are there, if so: some are beyond what a package takes, some are not for the
/// asker, and some parts of the visit were not read.
fn untraced(left_out: usize, hidden: usize, cut: &[Cut]) -> Option<String> {
    let mut reasons = Vec::new();
    if left_out > 0 {
        reasons.push(format!(
            "{left_out} are more than the {RECEIPTS_MAX} that a package takes: bring them by `evidence export receipt`"
        ));
    }
    if hidden > 0 {
        reasons.push(format!(
            "{hidden} records, bills or transactions are not, or not wholly, for this key to see"
        ));
    }
    reasons.extend(cut.iter().map(|it| format!("not read: {it}")));
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use xinglin_primitives::{Entity, InvoiceId};

    use super::*;

    #[test]
    fn all_that_is_not_there_is_told() {
        assert_eq!(untraced(0, 0, &[]), None);
        let cut = [
            Cut::Operations(Entity::Invoice(InvoiceId(3))),
            Cut::Invoices(InvoiceId(2)),
        ];
        let told = untraced(5, 7, &cut).unwrap();
        for reason in [
            "5 are more than the 256 ",
            "7 records, bills",
            "not read: later operations on invoice:3",
            "not read: invoice:2 and earlier ones",
        ] {
            assert!(told.contains(reason), "{reason} is not in: {told}");
        }
        for (left_out, hidden, cut) in [(1, 0, &[][..]), (0, 1, &[]), (0, 0, &cut[..1])] {
            let told = untraced(left_out, hidden, cut).unwrap();
            assert!(!told.contains("; "), "{told}");
        }
    }
}
