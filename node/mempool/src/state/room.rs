//! Who gives way when the pool is full, or has as much of large transactions as it takes.
//!
//! Future transactions go first, those of low priority and the newest before others; they make room
//! for any ready transaction, and for a future one of higher priority. Ready transactions give way
//! to a ready one of higher rank only, the last in order first: what is last in the order is the last
//! of its account, so that no eviction leaves a gap. Transactions of the newcomer's own account stay.
//! Where the share of large transactions is used up, large ones go before small ones, which go only if
//! that does not suffice; and what a small one follows stays with it.

use std::collections::HashSet;

use xinglin_core::{PoolError, PooledTransaction, TransactionStatus};
use xinglin_primitives::{AccountId, Hash};

use super::{for_large, is_large, Changes, Pool, LOCAL_RESERVE_PARTS};

/// What a newcomer needs: room for itself, less that of the transaction it replaces.
pub(super) struct Need<'a> {
    pub(super) transaction: &'a PooledTransaction,
    pub(super) local: bool,
    pub(super) ready: bool,
    /// The rank that it will have if it is ready.
    pub(super) rank: u64,
    pub(super) replaced: Option<&'a PooledTransaction>,
}

/// What is still missing.
#[derive(Clone, Copy, Debug, Default)]
struct Lack {
    transactions: usize,
    bytes: usize,
    large_bytes: usize,
    futures: usize,
}

/// Who is looked for.
#[derive(Clone, Copy, Debug)]
enum Round {
    /// Large ones, for their share.
    Large,
    /// Whoever is next, for the whole pool.
    Any,
}

impl Lack {
    fn is_some(&self) -> bool {
        self.transactions > 0 || self.bytes > 0 || self.large_bytes > 0 || self.futures > 0
    }

    /// Whether less of what is looked for is missing once this transaction has left.
    fn is_eased_by(&self, transaction: &PooledTransaction, future: bool, round: Round) -> bool {
        match round {
            Round::Large => self.large_bytes > 0 && is_large(transaction),
            Round::Any => self.transactions > 0 || self.bytes > 0 || (self.futures > 0 && future),
        }
    }

    /// Whether a round can ease anything. What is missing for large ones after theirs, nobody has.
    fn is_worth(&self, round: Round) -> bool {
        match round {
            Round::Large => self.large_bytes > 0,
            Round::Any => self.large_bytes == 0 && self.is_some(),
        }
    }

    fn gain(&mut self, transaction: &PooledTransaction, future: bool) {
        let size = transaction.bytes.len();
        self.transactions = self.transactions.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
        if is_large(transaction) {
            self.large_bytes = self.large_bytes.saturating_sub(size);
        }
        if future {
            self.futures = self.futures.saturating_sub(1);
        }
    }

    fn reason(&self) -> &'static str {
        if self.transactions > 0 {
            "too many transactions"
        } else if self.large_bytes > 0 {
            "too many bytes of large transactions"
        } else if self.bytes > 0 {
            "too many bytes"
        } else {
            "too many transactions that wait for an earlier nonce"
        }
    }
}

impl Pool {
    /// Evicts what must give way to the newcomer, or nothing if that would not suffice.
    pub(super) fn make_room(
        &mut self,
        need: &Need<'_>,
        changes: &mut Changes,
    ) -> Result<(), PoolError> {
        let mut lack = self.lack(need);
        if !lack.is_some() {
            return Ok(());
        }
        let mut victims = Vec::new();
        for round in [Round::Large, Round::Any] {
            self.choose_futures(need, round, &mut lack, &mut victims);
            if need.ready {
                self.choose_ready(need, round, &mut lack, &mut victims);
            }
        }
        if lack.is_some() {
            return Err(PoolError::Full(lack.reason()));
        }
        for hash in victims {
            self.remove(&hash, TransactionStatus::Dropped, changes);
        }
        Ok(())
    }

    fn lack(&self, need: &Need<'_>) -> Lack {
        let reserve = |limit: usize| {
            if need.local {
                limit
            } else {
                limit - limit / LOCAL_RESERVE_PARTS
            }
        };
        let replaced_count = usize::from(need.replaced.is_some());
        let size = need.transaction.bytes.len();
        let replaced_bytes = need.replaced.map_or(0, |replaced| replaced.bytes.len());
        let transactions = self.slots.len() + 1 - replaced_count;
        let bytes = self.bytes + size - replaced_bytes;
        // A small newcomer takes up nothing of the share of large ones.
        let large_bytes = if is_large(need.transaction) {
            let replaced = need.replaced.filter(|replaced| is_large(replaced));
            self.large_bytes + size - replaced.map_or(0, |replaced| replaced.bytes.len())
        } else {
            0
        };
        // A future newcomer can only replace a future transaction.
        let futures = if need.ready {
            0
        } else {
            self.futures.len() + 1 - replaced_count
        };
        Lack {
            transactions: transactions.saturating_sub(reserve(self.limits.transactions_max)),
            bytes: bytes.saturating_sub(reserve(self.limits.bytes_max)),
            large_bytes: large_bytes.saturating_sub(reserve(for_large(self.limits.bytes_max))),
            futures: futures.saturating_sub(self.limits.future_max),
        }
    }

    fn choose_futures(
        &self,
        need: &Need<'_>,
        round: Round,
        lack: &mut Lack,
        victims: &mut Vec<Hash>,
    ) {
        for (priority, _, hash) in &self.futures {
            let gives_way = need.ready || *priority < need.transaction.priority;
            if !lack.is_worth(round) || !gives_way {
                return;
            }
            let Some(slot) = self.slots.get(hash) else {
                continue;
            };
            let stays = same_sender(&slot.transaction, need.transaction) || victims.contains(hash);
            if !stays && lack.is_eased_by(&slot.transaction, true, round) {
                lack.gain(&slot.transaction, true);
                victims.push(*hash);
            }
        }
    }

    fn choose_ready(
        &self,
        need: &Need<'_>,
        round: Round,
        lack: &mut Lack,
        victims: &mut Vec<Hash>,
    ) {
        // Accounts of which a transaction stays: those before it in the order stay, too.
        let mut spared: HashSet<&AccountId> = HashSet::new();
        for (rank, transaction) in self.ready.iter().rev() {
            if !lack.is_worth(round) || rank.priority.0 >= need.rank {
                return;
            }
            if victims.contains(&transaction.hash) {
                continue;
            }
            let sender = transaction.sender.as_ref().map(|(account, _)| account);
            let is_spared = same_sender(transaction, need.transaction)
                || sender.is_some_and(|account| spared.contains(account));
            if !is_spared && lack.is_eased_by(transaction, false, round) {
                lack.gain(transaction, false);
                victims.push(transaction.hash);
            } else {
                spared.extend(sender);
            }
        }
    }
}

fn same_sender(one: &PooledTransaction, other: &PooledTransaction) -> bool {
    match (&one.sender, &other.sender) {
        (Some((one, _)), Some((other, _))) => one == other,
        _ => false,
    }
}
