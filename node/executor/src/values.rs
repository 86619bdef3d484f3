//! A bounded cache of the tip's values, absent ones included.

use std::sync::atomic::{AtomicU64, Ordering};

use lru::LruCache;
use parking_lot::Mutex;
use xinglin_core::StateChange;

/// Parts that are locked separately, so that validation and execution seldom meet.
const SHARDS: usize = 16;
/// Longer values are not cached: they are few, and each would push out dozens of others.
const VALUE_CACHED_BYTES_MAX: usize = 4 * 1024;
/// What an entry takes besides its key and value: list links, hash table slot, allocations.
const ENTRY_OVERHEAD_BYTES: usize = 128;

/// Values of the state after the tip, least recently used ones evicted first.
///
/// Whoever reads a missing value from the database may [`insert`](Self::insert) it only while the
/// tip cannot change; [`TipState`](crate::backend::TipState) sees to that.
pub(crate) struct ValueCache {
    shards: Vec<Mutex<Shard>>,
    shard_bytes_max: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Shard {
    entries: LruCache<Box<[u8]>, Option<Box<[u8]>>>,
    bytes: usize,
}

impl ValueCache {
    /// A cache that takes about `bytes` when full.
    pub(crate) fn new(bytes: usize) -> Self {
        let empty = || {
            Mutex::new(Shard {
                entries: LruCache::unbounded(),
                bytes: 0,
            })
        };
        Self {
            shards: (0..SHARDS).map(|_| empty()).collect(),
            shard_bytes_max: bytes / SHARDS,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What is known of a key: `None` if nothing, `Some(None)` if it has no value.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.look(key, |value| value.map(<[u8]>::to_vec))
    }

    /// Whether a key has a value, as far as is known.
    pub(crate) fn contains(&self, key: &[u8]) -> Option<bool> {
        self.look(key, |value| value.is_some())
    }

    /// Remembers what the database says of a key.
    pub(crate) fn insert(&self, key: &[u8], value: Option<&[u8]>) {
        if entry_bytes(key, value) > VALUE_CACHED_BYTES_MAX {
            return;
        }
        let mut shard = self.shard(key).lock();
        shard.put(key, value);
        while shard.bytes > self.shard_bytes_max {
            let Some((key, value)) = shard.entries.pop_lru() else {
                break;
            };
            shard.bytes -= entry_bytes(&key, value.as_deref());
        }
    }

    /// Follows the tip to the next block.
    pub(crate) fn apply(&self, changes: &[StateChange]) {
        for (key, value) in changes {
            if entry_bytes(key, value.as_deref()) > VALUE_CACHED_BYTES_MAX {
                self.shard(key).lock().remove(key);
            } else {
                self.insert(key, value.as_deref());
            }
        }
    }

    /// Lookups that were answered, and those that were not, since the start.
    pub(crate) fn hits_and_misses(&self) -> (u64, u64) {
        (
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
        )
    }

    fn look<R>(&self, key: &[u8], read: impl FnOnce(Option<&[u8]>) -> R) -> Option<R> {
        let mut shard = self.shard(key).lock();
        let found = shard.entries.get(key).map(|value| read(value.as_deref()));
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keys end in hashes or accounts, so their last bytes spread them.
    fn shard(&self, key: &[u8]) -> &Mutex<Shard> {
        let tail = &key[key.len().saturating_sub(4)..];
        let index = tail
            .iter()
            .fold(key.len(), |sum, byte| sum + usize::from(*byte));
        &self.shards[index % SHARDS]
    }
}

impl Shard {
    fn put(&mut self, key: &[u8], value: Option<&[u8]>) {
        let bytes = entry_bytes(key, value);
        match self.entries.get_mut(key) {
            Some(known) => {
                self.bytes -= entry_bytes(key, known.as_deref());
                *known = value.map(Into::into);
            }
            None => {
                self.entries.put(key.into(), value.map(Into::into));
            }
        }
        self.bytes += bytes;
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(value) = self.entries.pop(key) {
            self.bytes -= entry_bytes(key, value.as_deref());
        }
    }
}

fn entry_bytes(key: &[u8], value: Option<&[u8]>) -> usize {
    key.len() + value.map_or(0, <[u8]>::len) + ENTRY_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_present_absent_and_unknown_apart() {
        let cache = ValueCache::new(1 << 20);
        assert_eq!(cache.get(b"a"), None);
        cache.insert(b"a", Some(b"1"));
        cache.insert(b"b", None);
        assert_eq!(cache.get(b"a"), Some(Some(b"1".to_vec())));
        assert_eq!(cache.get(b"b"), Some(None));
        assert_eq!(cache.contains(b"b"), Some(false));
        assert_eq!(cache.hits_and_misses(), (3, 1));
    }

    #[test]
    fn stays_within_its_bytes() {
        let bytes = 64 * 1024;
        let cache = ValueCache::new(bytes);
        for n in 0..10_000u32 {
            cache.insert(&n.to_le_bytes(), Some(&[0; 100]));
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().bytes).sum();
        let entries: usize = cache.shards.iter().map(|s| s.lock().entries.len()).sum();
        assert!(held <= bytes);
        assert_eq!(held, entries * entry_bytes(&[0; 4], Some(&[0; 100])));
        assert!(entries > 100);
    }

    #[test]
    fn changes_replace_remove_and_forget() {
        let cache = ValueCache::new(1 << 20);
        cache.insert(b"changed", Some(b"1"));
        cache.insert(b"removed", Some(b"1"));
        cache.insert(b"grown", Some(b"1"));
        cache.apply(&[
            (b"changed".to_vec(), Some(b"2".to_vec())),
            (b"grown".to_vec(), Some(vec![0; VALUE_CACHED_BYTES_MAX])),
            (b"removed".to_vec(), None),
        ]);
        assert_eq!(cache.get(b"changed"), Some(Some(b"2".to_vec())));
        assert_eq!(cache.get(b"removed"), Some(None));
        assert_eq!(cache.get(b"grown"), None);
    }
}
