//! Who gives way when the pool is full.
//!
//! Future transactions go first, those of low priority and the newest before others; they make room
//! for any ready transaction, and for a future one of higher priority. Ready transactions give way
//! to a ready one of higher rank only, the last in order first: what is last in the order is the last
//! of its account, so that no eviction leaves a gap. Transactions of the newcomer's own account stay.

use xinglin_core::{PoolError, PooledTransaction, TransactionStatus};
use xinglin_primitives::Hash;

use super::{Changes, Pool, LOCAL_RESERVE_PARTS};

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
    futures: usize,
}

impl Lack {
    fn is_some(&self) -> bool {
        self.transactions > 0 || self.bytes > 0 || self.futures > 0
    }

    fn gain(&mut self, bytes: usize, future: bool) {
        self.transactions = self.transactions.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        if future {
            self.futures = self.futures.saturating_sub(1);
        }
    }

    fn reason(&self) -> &'static str {
        if self.transactions > 0 {
            "too many transactions"
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
        self.choose_futures(need, &mut lack, &mut victims);
        if need.ready {
            self.choose_ready(need, &mut lack, &mut victims);
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
        let replaced_bytes = need.replaced.map_or(0, |replaced| replaced.bytes.len());
        let transactions = self.slots.len() + 1 - replaced_count;
        let bytes = self.bytes + need.transaction.bytes.len() - replaced_bytes;
        // A future newcomer can only replace a future transaction.
        let futures = if need.ready {
            0
        } else {
            self.futures.len() + 1 - replaced_count
        };
        Lack {
            transactions: transactions.saturating_sub(reserve(self.limits.transactions_max)),
            bytes: bytes.saturating_sub(reserve(self.limits.bytes_max)),
            futures: futures.saturating_sub(self.limits.future_max),
        }
    }

    fn choose_futures(&self, need: &Need<'_>, lack: &mut Lack, victims: &mut Vec<Hash>) {
        for (priority, _, hash) in &self.futures {
            let gives_way = need.ready || *priority < need.transaction.priority;
            if !lack.is_some() || !gives_way {
                return;
            }
            if let Some(slot) = self.slots.get(hash) {
                if !same_sender(&slot.transaction, need.transaction) {
                    lack.gain(slot.transaction.bytes.len(), true);
                    victims.push(*hash);
                }
            }
        }
    }

    fn choose_ready(&self, need: &Need<'_>, lack: &mut Lack, victims: &mut Vec<Hash>) {
        for (rank, transaction) in self.ready.iter().rev() {
            if !lack.is_some() || rank.priority.0 >= need.rank {
                return;
            }
            if !same_sender(transaction, need.transaction) {
                lack.gain(transaction.bytes.len(), false);
                victims.push(transaction.hash);
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
