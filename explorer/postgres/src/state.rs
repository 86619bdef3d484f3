//! The state after one block, by the names of the metadata.

use serde_json::Value;
use xinglin_decoding::Schema;
use xinglin_primitives::Hash;

use crate::{error::ExportError, source::Source};

/// Most keys that a source is asked for at a time. With the largest values that are asked for, lines of
/// invoices, an answer stays below what a node gives.
pub const KEYS_MAX: usize = 256;
/// Most keys of a page.
const PAGE_KEYS_MAX: u32 = 1_000;

/// A map of a pallet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    pub(crate) pallet: &'static str,
    pub(crate) name: &'static str,
}

/// Of which entry of a map the value is wanted.
pub(crate) type Wanted = (Map, Vec<u64>);

/// The state after one block.
pub(crate) struct State<'s> {
    pub(crate) source: &'s dyn Source,
    pub(crate) schema: &'s Schema,
    pub(crate) at: Hash,
}

fn unknown(map: Map) -> ExportError {
    ExportError::Unknown(format!("{}.{} of the state", map.pallet, map.name))
}

impl State<'_> {
    /// The values of entries, in their order; `null` where there is none.
    pub(crate) async fn get(&self, wanted: &[Wanted]) -> Result<Vec<Value>, ExportError> {
        let mut values = Vec::with_capacity(wanted.len());
        for wanted in wanted.chunks(KEYS_MAX) {
            let mut keys = Vec::with_capacity(wanted.len());
            for (map, ids) in wanted {
                let key = self.schema.storage_key(map.pallet, map.name, ids);
                keys.push(key.ok_or_else(|| unknown(*map))?);
            }
            let found = self.source.values(&keys, self.at).await?;
            for ((map, _), encoded) in wanted.iter().zip(found) {
                values.push(match encoded {
                    None => Value::Null,
                    Some(encoded) => self
                        .schema
                        .stored(map.pallet, map.name, &encoded)
                        .ok_or_else(|| unknown(*map))?,
                });
            }
        }
        Ok(values)
    }

    /// A page of a map: the numbers of its keys, and the last key, after which the next page begins.
    /// `None` at the end.
    pub(crate) async fn page(
        &self,
        map: Map,
        after: Option<&[u8]>,
    ) -> Result<Option<(Vec<Vec<u64>>, Vec<u8>)>, ExportError> {
        let prefix = self.schema.storage_prefix(map.pallet, map.name);
        let prefix = prefix.ok_or_else(|| unknown(map))?;
        let keys = self
            .source
            .keys(&prefix, after, PAGE_KEYS_MAX, self.at)
            .await?;
        let Some(last) = keys.last().cloned() else {
            return Ok(None);
        };
        let numbers = keys.iter().map(|key| {
            self.schema
                .storage_key_numbers(map.pallet, map.name, key)
                .ok_or_else(|| unknown(map))
        });
        Ok(Some((numbers.collect::<Result<_, _>>()?, last)))
    }
}
