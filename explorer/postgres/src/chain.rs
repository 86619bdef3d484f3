//! Blocks of a source, decoded by the rules that made them.

use std::{collections::BTreeMap, sync::Arc};

use futures::{stream, Stream, StreamExt};
use sp_core::storage::well_known_keys;
use tokio::sync::Mutex;
use xinglin_decoding::Schema;
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    error::ExportError,
    history::{event_digest, ReadBlock},
    source::Source,
    state::State,
};

/// Blocks that are read and decoded ahead. Together they are at most 64 MiB as they are on the chain.
const AHEAD_BLOCKS_MAX: usize = 16;
/// Versions of the rules that are kept. They follow each other, seldom.
const RULES_MAX: usize = 4;

/// What is known of one version of the rules.
pub(crate) struct Rules {
    spec_version: u32,
    pub(crate) schema: Schema,
}

/// A chain that is read.
pub(crate) struct Chain {
    pub(crate) source: Arc<dyn Source>,
    /// By the mark that the state has of them.
    rules: Mutex<BTreeMap<Vec<u8>, Arc<Rules>>>,
}

/// A block, and the rules that made it.
pub(crate) struct BlockOfRules {
    pub(crate) block: ReadBlock,
    pub(crate) rules: Arc<Rules>,
}

impl Chain {
    pub(crate) fn new(source: Arc<dyn Source>) -> Arc<Self> {
        let rules = Mutex::default();
        Arc::new(Self { source, rules })
    }

    /// Hash of a block.
    pub(crate) async fn hash(&self, height: BlockNumber) -> Result<Hash, ExportError> {
        Ok(self.source.block(height).await?.hash)
    }

    /// The state after a block, by the rules of the same.
    pub(crate) fn state<'s>(&'s self, at: Hash, rules: &'s Rules) -> State<'s> {
        State {
            source: &*self.source,
            schema: &rules.schema,
            at,
        }
    }

    /// Blocks from `first` to `last` in order, some of them read ahead.
    pub(crate) fn blocks(
        self: Arc<Self>,
        first: BlockNumber,
        last: BlockNumber,
    ) -> impl Stream<Item = Result<BlockOfRules, ExportError>> {
        let read = move |height| {
            let chain = Arc::clone(&self);
            // On its own, so that decoding uses the other cores and goes on while rows are written.
            let task = AbortOnDrop(tokio::spawn(async move { chain.block(height).await }));
            async move { task.join().await }
        };
        stream::iter(first..=last)
            .map(read)
            .buffered(AHEAD_BLOCKS_MAX)
    }

    /// A block.
    pub(crate) async fn block(&self, height: BlockNumber) -> Result<BlockOfRules, ExportError> {
        let source = self.source.block(height).await?;
        let keys = [events_key(), well_known_keys::CODE.to_vec()];
        let mut values = self.source.values(&keys, source.hash).await?.into_iter();
        let events = values.next().flatten().unwrap_or_default();
        let mark = values.next().flatten().unwrap_or_default();
        let rules = self.rules(height, source.hash, mark).await?;
        let decoded = rules
            .schema
            .block(&source.body, &events)
            .map_err(|source| ExportError::Decode { height, source })?;
        let digests = decoded.events.iter().map(event_digest).collect();
        let block = ReadBlock {
            height,
            source,
            spec_version: rules.spec_version,
            decoded,
            digests,
        };
        Ok(BlockOfRules { block, rules })
    }

    /// The rules by the mark that the state after a block has of them.
    async fn rules(
        &self,
        height: BlockNumber,
        at: Hash,
        mark: Vec<u8>,
    ) -> Result<Arc<Rules>, ExportError> {
        let mut known = self.rules.lock().await;
        if let Some(rules) = known.get(&mark) {
            return Ok(Arc::clone(rules));
        }
        let spec_version = self.source.spec_version(at).await?;
        if !is_mark_of(&mark, spec_version) {
            let node = spec_version;
            return Err(ExportError::OtherRules { height, node });
        }
        let metadata = self.source.metadata(at).await?;
        let schema = Schema::read(&metadata);
        let schema = schema.ok_or_else(|| ExportError::Unknown("the metadata".into()))?;
        let rules = Arc::new(Rules {
            spec_version,
            schema,
        });
        if known.len() >= RULES_MAX {
            known.clear();
        }
        known.insert(mark, Arc::clone(&rules));
        Ok(rules)
    }
}

/// Whether what the state has in the place of code is of a version of the rules. A node whose program
/// is of another version answers for old states as well, by its own rules; these must not be taken for
/// those of the block.
fn is_mark_of(mark: &[u8], spec_version: u32) -> bool {
    let mark = String::from_utf8_lossy(mark);
    match mark.rsplit_once(' ') {
        Some((_, version)) => version.parse() == Ok(spec_version),
        None => mark.is_empty(),
    }
}

/// Where the state has the events of its block.
fn events_key() -> Vec<u8> {
    [
        sp_crypto_hashing::twox_128(b"System"),
        sp_crypto_hashing::twox_128(b"Events"),
    ]
    .concat()
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<Result<T, ExportError>> {
    async fn join(mut self) -> Result<T, ExportError> {
        match (&mut self.0).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Nobody aborts it but us; the runtime is going down.
                Err(error) => {
                    Err(crate::SourceError::Away(format!("reading was given up: {error}")).into())
                }
            },
        }
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_the_mark_in_the_state() {
        assert!(is_mark_of(b"rules, spec_version 12", 12));
        assert!(!is_mark_of(b"rules, spec_version 12", 2));
        assert!(!is_mark_of(b"something else", 12));
        assert!(is_mark_of(b"", 12));
    }
}
