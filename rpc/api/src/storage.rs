//! Queries of the state in the new generation of the RPC.

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageQuery {
    /// A key, or a prefix for the types that descend.
    pub key: Bytes,
    /// What about it.
    #[serde(rename = "type")]
    pub kind: StorageQueryKind,
    /// With descending types of `archive_v1_storage`: begin after this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination_start_key: Option<Bytes>,
}

/// What to tell about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StorageQueryKind {
    /// The value.
    Value,
    /// Blake2b-256 of the value.
    Hash,
    /// The Merkle value of the deepest trie node at or below the key.
    ClosestDescendantMerkleValue,
    /// The values of all keys that begin with the key.
    DescendantsValues,
    /// Blake2b-256 of the values of all keys that begin with the key.
    DescendantsHashes,
}

/// One answer. A key that holds nothing has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageResult {
    /// The key.
    pub key: Bytes,
    /// What was asked about it.
    #[serde(flatten)]
    pub found: StorageFound,
}

/// What was found at a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StorageFound {
    /// The value.
    Value(Bytes),
    /// Blake2b-256 of the value.
    Hash(Bytes),
    /// The Merkle value of the deepest trie node at or below the key.
    ClosestDescendantMerkleValue(Bytes),
}

impl StorageResult {
    /// Bytes that the answer carries: key and what was found.
    pub fn len(&self) -> usize {
        let found = match &self.found {
            StorageFound::Value(bytes)
            | StorageFound::Hash(bytes)
            | StorageFound::ClosestDescendantMerkleValue(bytes) => bytes.0.len(),
        };
        self.key.0.len() + found
    }

    /// Whether the answer carries no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
