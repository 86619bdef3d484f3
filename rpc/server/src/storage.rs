//! Answering queries of the state page by page, for `chainHead_v1_storage` and `archive_v1_storage`.

use std::collections::VecDeque;

use xinglin_core::{StateError, StateQuery};
use xinglin_primitives::Hash;
use xinglin_rpc_api::{
    storage::{StorageFound, StorageQuery, StorageQueryKind, StorageResult},
    Bytes,
};

/// Queries that one request may make.
pub(crate) const QUERIES_MAX: usize = 1_024;
/// Answers of one page.
const PAGE_ITEMS_MAX: usize = 256;
/// Bytes after which a page is full.
const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Descendants read at once; a page may exceed [`PAGE_BYTES_MAX`] by as many values.
const DESCENDANTS_AT_ONCE: usize = 32;

/// The queries of a request that are not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    at: Hash,
    queries: VecDeque<StorageQuery>,
}

impl Cursor {
    /// Begins to answer `queries` out of the state after a block.
    pub(crate) fn new(at: Hash, queries: Vec<StorageQuery>) -> Self {
        Self {
            at,
            queries: queries.into(),
        }
    }

    /// Whether all queries are answered.
    pub(crate) fn is_done(&self) -> bool {
        self.queries.is_empty()
    }

    /// The next answers. A page may be empty although more follow.
    pub(crate) fn page(
        &mut self,
        state: &dyn StateQuery,
    ) -> Result<Vec<StorageResult>, StateError> {
        let mut page = Vec::new();
        let mut bytes = 0;
        let mut steps = 0;
        while page.len() < PAGE_ITEMS_MAX && bytes < PAGE_BYTES_MAX && steps < PAGE_ITEMS_MAX {
            let Some(query) = self.queries.pop_front() else {
                break;
            };
            steps += 1;
            let (found, rest) = answer(state, self.at, query)?;
            bytes += found.iter().map(StorageResult::len).sum::<usize>();
            page.extend(found);
            if let Some(rest) = rest {
                self.queries.push_front(rest);
            }
        }
        Ok(page)
    }
}

/// Some answers to a query, and what is left of it.
fn answer(
    state: &dyn StateQuery,
    at: Hash,
    query: StorageQuery,
) -> Result<(Vec<StorageResult>, Option<StorageQuery>), StateError> {
    let key = &query.key.0;
    let found = match query.kind {
        StorageQueryKind::Value => state
            .storage(at, key)?
            .map(|value| StorageFound::Value(value.into())),
        StorageQueryKind::Hash => state
            .storage_hash(at, key)?
            .map(|hash| StorageFound::Hash(hash.as_bytes().into())),
        StorageQueryKind::ClosestDescendantMerkleValue => state
            .closest_merkle_value(at, key)?
            .map(|value| StorageFound::ClosestDescendantMerkleValue(value.into())),
        StorageQueryKind::DescendantsValues | StorageQueryKind::DescendantsHashes => {
            return descendants(state, at, query)
        }
    };
    let answer = found.map(|found| StorageResult {
        key: query.key,
        found,
    });
    Ok((answer.into_iter().collect(), None))
}

fn descendants(
    state: &dyn StateQuery,
    at: Hash,
    mut query: StorageQuery,
) -> Result<(Vec<StorageResult>, Option<StorageQuery>), StateError> {
    let prefix = &query.key.0;
    let start = query.pagination_start_key.as_ref().map(AsRef::as_ref);
    let found: Vec<StorageResult> = if query.kind == StorageQueryKind::DescendantsValues {
        let pairs = state.pairs(at, prefix, start, DESCENDANTS_AT_ONCE)?;
        let answers = pairs.into_iter().map(|(key, value)| StorageResult {
            key: key.into(),
            found: StorageFound::Value(value.into()),
        });
        answers.collect()
    } else {
        let mut answers = Vec::new();
        for key in state.keys(at, prefix, start, DESCENDANTS_AT_ONCE)? {
            if let Some(hash) = state.storage_hash(at, &key)? {
                answers.push(StorageResult {
                    key: key.into(),
                    found: StorageFound::Hash(Bytes::from(hash.as_bytes())),
                });
            }
        }
        answers
    };
    let last = (found.len() == DESCENDANTS_AT_ONCE)
        .then(|| found.last().map(|answer| answer.key.clone()))
        .flatten();
    let rest = last.map(|last| {
        query.pagination_start_key = Some(last);
        query
    });
    Ok((found, rest))
}
