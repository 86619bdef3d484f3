//! The pool as a data structure: deterministic, without I/O or clock.
//!
//! Each signed transaction stands under its account and nonce. From the account's next nonce on the
//! chain, the unbroken run of nonces is *ready*; everything after a gap, and everything of an account
//! whose next nonce is not known yet, is *future*. All ready transactions are in one order: higher
//! rank first, then who became ready first. A transaction's rank is its priority, but never above
//! the rank of the nonce before it; so the order has the nonces of each account in sequence, and
//! walking it is all that the block builder needs.

mod admit;
mod index;
mod recent;
mod room;
mod update;

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sp_runtime::transaction_validity::TransactionTag;
use xinglin_core::{PoolStatus, PooledTransaction, TransactionStatus};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use self::recent::Recent;

/// Bounds of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most transactions.
    pub transactions_max: usize,
    /// Most bytes of transactions. Those that are not small have at most what
    /// [`SMALL_RESERVE_PARTS`] leaves of it.
    pub bytes_max: usize,
    /// Most transactions of one account.
    pub account_transactions_max: usize,
    /// Most bytes of transactions of one account.
    pub account_bytes_max: usize,
    /// Future transactions from which on no further one is admitted. Transactions that become future
    /// again because one before them was refused stay nevertheless.
    pub future_max: usize,
    /// How long a transaction may be future.
    pub future_age_max_ms: u64,
}

/// One part in this many of count and bytes is kept free for local transactions.
pub(crate) const LOCAL_RESERVE_PARTS: usize = 8;

/// Largest transaction, in bytes, that counts as small: all but those that carry ciphertexts.
pub const SMALL_BYTES_MAX: usize = 16 * 1024;
/// One part in this many of a block's bytes, and of the pool's, is kept free for small transactions,
/// so that a flood of large records neither holds up bookings nor shuts them out.
pub const SMALL_RESERVE_PARTS: usize = 4;

/// What transactions that are not small may take up of so many bytes.
fn for_large(bytes: usize) -> usize {
    bytes - bytes / SMALL_RESERVE_PARTS
}

/// Whether a transaction counts as large, in the pool as in a block.
fn is_large(transaction: &PooledTransaction) -> bool {
    transaction.bytes.len() > SMALL_BYTES_MAX
}

/// A validated transaction that asks for a place.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The transaction.
    pub transaction: Arc<PooledTransaction>,
    /// Whether its nonce was the account's next when it was validated.
    pub current: bool,
    /// Tags of an unsigned transaction; two with a common tag exclude each other.
    pub tags: Vec<TransactionTag>,
    /// Whether peers may be told of it.
    pub propagate: bool,
    /// Whether a client of this node submitted it.
    pub local: bool,
    /// A height at or below the tip at which it was validated.
    pub validated_at: BlockNumber,
}

/// What a committed block means to the pool.
#[derive(Clone, Copy, Debug)]
pub struct CommittedBlock<'a> {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
    /// Hashes of its transactions in order.
    pub extrinsics: &'a [Hash],
    /// The next nonce of each account that signed one of them.
    pub next_nonces: &'a [(AccountId, Nonce)],
}

/// Where a transaction is in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Height of the block.
    pub number: BlockNumber,
    /// Hash of the block.
    pub block: Hash,
    /// Index within the block.
    pub index: u32,
}

/// What an update of the pool has to tell others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New statuses, in the order in which they came about.
    pub statuses: Vec<(Hash, TransactionStatus)>,
    /// Local transactions that are no longer in the pool.
    pub forgotten: Vec<Hash>,
}

/// The next nonce of an account, and a height after which it is no older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KnownNonce {
    nonce: Nonce,
    at: BlockNumber,
}

/// The place of a ready transaction in the order: higher rank first, then first come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    priority: Reverse<u64>,
    turn: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ready(Rank),
    Future { since_ms: u64 },
}

#[derive(Debug)]
struct Slot {
    transaction: Arc<PooledTransaction>,
    tags: Vec<TransactionTag>,
    local: bool,
    /// When peers were last told of it; `None` if they are not told by this node.
    announced_ms: Option<u64>,
    arrival: u64,
    place: Place,
}

#[derive(Debug, Default)]
struct Account {
    /// The next nonce on the chain, once known.
    next: Option<KnownNonce>,
    /// The nonce after the last ready one; means nothing while `next` is unknown.
    ready_end: Nonce,
    transactions: BTreeMap<Nonce, Hash>,
}

/// The transactions that wait for a block.
pub struct Pool {
    limits: Limits,
    slots: HashMap<Hash, Slot>,
    accounts: HashMap<AccountId, Account>,
    /// Holders of the tags of unsigned transactions.
    tags: HashMap<TransactionTag, Hash>,
    ready: BTreeMap<Rank, Arc<PooledTransaction>>,
    /// Future transactions, the first to be evicted first: lowest priority, then newest.
    futures: BTreeSet<(u64, Reverse<u64>, Hash)>,
    /// Future transactions by the time since when they wait.
    future_ages: BTreeSet<(u64, Hash)>,
    /// Mortal transactions by the last height at which they are valid.
    deadlines: BTreeSet<(BlockNumber, Hash)>,
    /// Local transactions by the time when peers were last told.
    announcements: BTreeSet<(u64, Hash)>,
    recent: Recent,
    bytes: usize,
    /// Of these, the bytes of large transactions.
    large_bytes: usize,
    /// Bytes by signer.
    account_bytes: HashMap<AccountId, usize>,
    counter: u64,
    now_ms: u64,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: HashMap::new(),
            accounts: HashMap::new(),
            tags: HashMap::new(),
            ready: BTreeMap::new(),
            futures: BTreeSet::new(),
            future_ages: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            announcements: BTreeSet::new(),
            recent: Recent::new(),
            bytes: 0,
            large_bytes: 0,
            account_bytes: HashMap::new(),
            counter: 0,
            now_ms: 0,
        }
    }

    /// Sets the pool's time: milliseconds since any fixed instant. It does not go back.
    pub fn set_time(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// Whether the transaction is in the pool.
    pub fn contains(&self, hash: &Hash) -> bool {
        self.slots.contains_key(hash)
    }

    /// How full the pool is.
    pub fn status(&self) -> PoolStatus {
        PoolStatus {
            ready: self.ready.len(),
            future: self.futures.len(),
            bytes: self.bytes,
        }
    }

    /// Ready transactions in order: at most `count`, together at most `bytes`, those that are not
    /// small together at most what [`SMALL_RESERVE_PARTS`] leaves of it. One that does not fit is
    /// passed over, and so are the later ones of its sender.
    pub fn ready(&self, count: usize, bytes: usize) -> Vec<Arc<PooledTransaction>> {
        let mut chosen = Vec::with_capacity(count.min(self.ready.len()));
        let mut left = bytes;
        let mut left_for_large = for_large(bytes);
        let mut passed_over: HashSet<&AccountId> = HashSet::new();
        for transaction in self.ready.values() {
            if chosen.len() == count || left == 0 {
                break;
            }
            let sender = transaction.sender.as_ref().map(|(account, _)| account);
            if sender.is_some_and(|account| passed_over.contains(account)) {
                continue;
            }
            let size = transaction.bytes.len();
            let is_large = is_large(transaction);
            let room = if is_large {
                left.min(left_for_large)
            } else {
                left
            };
            if size > room {
                passed_over.extend(sender);
                continue;
            }
            left -= size;
            if is_large {
                left_for_large -= size;
            }
            chosen.push(transaction.clone());
        }
        chosen
    }

    /// The nonce after the account's last ready transaction, if it has one here.
    pub fn next_nonce(&self, account: &AccountId) -> Option<Nonce> {
        let account = self.accounts.get(account)?;
        let next = account.next?.nonce;
        (account.ready_end > next).then_some(account.ready_end)
    }

    /// All transactions, ready ones first and in order, each with whether it is local.
    pub fn all(&self) -> Vec<(bool, Arc<PooledTransaction>)> {
        let ready = self.ready.values().map(|transaction| &transaction.hash);
        let future = self.futures.iter().map(|(_, _, hash)| hash);
        ready
            .chain(future)
            .filter_map(|hash| self.slots.get(hash))
            .map(|slot| (slot.local, slot.transaction.clone()))
            .collect()
    }

    /// Up to `limit` local transactions of which peers were last told before `before_ms`, the
    /// longest ago first; they count as told now.
    pub fn take_unannounced(
        &mut self,
        before_ms: u64,
        limit: usize,
    ) -> Vec<Arc<PooledTransaction>> {
        let due: Vec<Hash> = self
            .announcements
            .iter()
            .take_while(|(told_ms, _)| *told_ms < before_ms)
            .take(limit)
            .map(|(_, hash)| *hash)
            .collect();
        let mut taken = Vec::with_capacity(due.len());
        for hash in due {
            let Some(slot) = self.slots.get_mut(&hash) else {
                continue;
            };
            if let Some(told_ms) = slot.announced_ms.replace(self.now_ms) {
                self.announcements.remove(&(told_ms, hash));
            }
            self.announcements.insert((self.now_ms, hash));
            taken.push(slot.transaction.clone());
        }
        taken
    }

    fn next_count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}
