//! Versions of the runtime. The two generations of the RPC write them differently.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// The runtime's version as `state_getRuntimeVersion` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeVersion {
    /// Name of the specification.
    pub spec_name: String,
    /// Name of the implementation.
    pub impl_name: String,
    /// Version of block authorship.
    pub authoring_version: u32,
    /// Version of the rules.
    pub spec_version: u32,
    /// Version of the implementation of the same rules.
    pub impl_version: u32,
    /// Runtime APIs: the first 8 bytes of Blake2b-64 of the name, and the version.
    pub apis: Vec<(Bytes, u32)>,
    /// Version of the encoding of transactions.
    pub transaction_version: u32,
    /// Version of roots and state.
    pub system_version: u8,
    /// The same under its older name.
    pub state_version: u8,
}

/// The runtime's version as `chainHead_v1_follow` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeSpec {
    /// Name of the specification.
    pub spec_name: String,
    /// Name of the implementation.
    pub impl_name: String,
    /// Version of the rules.
    pub spec_version: u32,
    /// Version of the implementation of the same rules.
    pub impl_version: u32,
    /// Version of the encoding of transactions.
    pub transaction_version: u32,
    /// Runtime APIs by the first 8 bytes of Blake2b-64 of the name, and the version.
    pub apis: BTreeMap<Bytes, u32>,
}

impl From<RuntimeVersion> for RuntimeSpec {
    fn from(version: RuntimeVersion) -> Self {
        Self {
            spec_name: version.spec_name,
            impl_name: version.impl_name,
            spec_version: version.spec_version,
            impl_version: version.impl_version,
            transaction_version: version.transaction_version,
            apis: version.apis.into_iter().collect(),
        }
    }
}

/// The runtime of a block in `chainHead_v1_follow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum RuntimeEvent {
    /// It can be called.
    Valid {
        /// Its version.
        spec: RuntimeSpec,
    },
    /// It cannot.
    Invalid {
        /// Why.
        error: String,
    },
}
