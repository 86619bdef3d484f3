//! What recent blocks said. A transaction validated before such a block is judged by it.

use std::num::NonZeroUsize;

use lru::LruCache;
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use super::KnownNonce;

/// Hashes of included transactions that are remembered.
const INCLUDED_MAX: NonZeroUsize = capacity(65_536);
/// Accounts whose nonce is remembered although the pool holds nothing of them.
const NONCES_MAX: NonZeroUsize = capacity(32_768);
/// Hashes of refused transactions that are remembered.
const REFUSED_MAX: NonZeroUsize = capacity(16_384);

const fn capacity(count: usize) -> NonZeroUsize {
    match NonZeroUsize::new(count) {
        Some(count) => count,
        None => NonZeroUsize::MIN,
    }
}

pub(super) struct Recent {
    included: LruCache<Hash, ()>,
    nonces: LruCache<AccountId, KnownNonce>,
    refused: LruCache<Hash, BlockNumber>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            included: LruCache::sparse(INCLUDED_MAX),
            nonces: LruCache::sparse(NONCES_MAX),
            refused: LruCache::sparse(REFUSED_MAX),
        }
    }

    pub(super) fn include(&mut self, hash: Hash) {
        self.included.put(hash, ());
    }

    pub(super) fn is_included(&self, hash: &Hash) -> bool {
        self.included.contains(hash)
    }

    /// Remembers what block `at` says of an account, unless a later block is remembered.
    pub(super) fn note_nonce(&mut self, account: &AccountId, nonce: Nonce, at: BlockNumber) {
        let said = KnownNonce { nonce, at };
        match self.nonces.get_mut(account) {
            Some(known) if (known.at, known.nonce) >= (at, nonce) => {}
            Some(known) => *known = said,
            None => {
                self.nonces.put(account.clone(), said);
            }
        }
    }

    pub(super) fn nonce(&self, account: &AccountId) -> Option<KnownNonce> {
        self.nonces.peek(account).copied()
    }

    /// Remembers that a transaction was invalid on top of block `at`.
    pub(super) fn refuse(&mut self, hash: Hash, at: BlockNumber) {
        self.refused.put(hash, at);
    }

    /// Whether the transaction was found invalid on top of block `tip` or a later one. Only a new
    /// block can make it valid, so that is for how long asking again is pointless.
    pub(super) fn is_refused(&self, hash: &Hash, tip: BlockNumber) -> bool {
        self.refused.peek(hash).is_some_and(|at| *at >= tip)
    }
}
