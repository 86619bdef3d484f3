//! Functions by name.

use codec::DecodeLimit;

use super::{extrinsic::CALL_DEPTH_MAX, panics::catch};
use crate::UncheckedExtrinsic;

/// Why a function cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is none of this name, or it is not for clients.
    #[error("there is no such function")]
    Unknown,
    /// It failed, most often because the arguments do not decode.
    #[error("{0}")]
    Failed(String),
}

/// Functions that would execute what a client sends, as a block does. The node has its own ways.
const NOT_FOR_CLIENTS: [&str; 6] = [
    "BlockBuilder_check_inherents",
    "Core_execute_block",
    "Core_initialize_block",
    "BlockBuilder_apply_extrinsic",
    "BlockBuilder_finalize_block",
    "GenesisBuilder_build_state",
];

/// Calls a function of [`crate::apis`] by name inside externalities, whose changes the caller
/// discards. `data` are its arguments, encoded one after the other.
pub fn call(method: &str, data: &[u8]) -> Result<Vec<u8>, CallError> {
    if NOT_FOR_CLIENTS.contains(&method) {
        return Err(CallError::Unknown);
    }
    check_depth(method, data)?;
    catch(|| crate::api::dispatch(method, data))
        .map_err(CallError::Failed)?
        .ok_or(CallError::Unknown)
}

/// Refuses transactions whose calls nest too deeply, on which the generated decoder of arguments
/// would overflow the stack.
fn check_depth(method: &str, data: &[u8]) -> Result<(), CallError> {
    let mut transaction = match method {
        "TransactionPaymentApi_query_info" | "TransactionPaymentApi_query_fee_details" => data,
        // Behind the source, which is one byte.
        "TaggedTransactionQueue_validate_transaction" => data.get(1..).unwrap_or_default(),
        _ => return Ok(()),
    };
    UncheckedExtrinsic::decode_with_depth_limit(CALL_DEPTH_MAX, &mut transaction)
        .map(drop)
        .map_err(|error| CallError::Failed(format!("the transaction does not decode: {error}")))
}
