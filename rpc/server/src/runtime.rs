//! The runtime's version out of the state after a block.

use codec::Decode;
use xinglin_core::{StateError, StateQuery};
use xinglin_primitives::Hash;
use xinglin_rpc_api::{
    runtime::{RuntimeEvent, RuntimeVersion},
    Bytes,
};

/// The version of the runtime that is in force after a block.
pub(crate) fn version(state: &dyn StateQuery, at: Hash) -> Result<RuntimeVersion, StateError> {
    let version: sp_version::RuntimeVersion = call(state, at, "Core_version", &[])?;
    Ok(RuntimeVersion {
        spec_name: version.spec_name.into_owned(),
        impl_name: version.impl_name.into_owned(),
        authoring_version: version.authoring_version,
        spec_version: version.spec_version,
        impl_version: version.impl_version,
        apis: version
            .apis
            .iter()
            .map(|(id, version)| (Bytes::from(&id[..]), *version))
            .collect(),
        transaction_version: version.transaction_version,
        system_version: version.system_version,
        state_version: version.system_version,
    })
}

/// The same as clients of `chainHead_v1_follow` are told it.
pub(crate) fn event(state: &dyn StateQuery, at: Hash) -> RuntimeEvent {
    match version(state, at) {
        Ok(version) => RuntimeEvent::Valid {
            spec: version.into(),
        },
        Err(error) => RuntimeEvent::Invalid {
            error: error.to_string(),
        },
    }
}

/// Calls a runtime function and decodes what it returns.
pub(crate) fn call<T: Decode>(
    state: &dyn StateQuery,
    at: Hash,
    method: &str,
    data: &[u8],
) -> Result<T, StateError> {
    let output = state.call(at, method, data)?;
    T::decode(&mut &output[..]).map_err(|error| StateError::Call {
        method: method.to_owned(),
        reason: format!("its output does not decode: {error}"),
    })
}
