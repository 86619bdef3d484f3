//! The state's nodes and values.

use xinglin_core::{StateStore, StoreError};

use crate::{
    columns::{Family, FLAT_STAMP_KEY, STAMP_KEY},
    database::Database,
};

impl StateStore for Database {
    fn trie_node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key == STAMP_KEY {
            return Ok(None);
        }
        self.inner.get(Family::StateNodes, key)
    }

    fn tip_value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key == FLAT_STAMP_KEY {
            return Ok(None);
        }
        self.inner.get(Family::StateFlat, key)
    }
}
