//! Keeping the indices of the pool in step with its slots.

use std::{cmp::Reverse, collections::hash_map::Entry};

use xinglin_core::{PooledTransaction, TransactionStatus};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use super::{is_large, Account, Changes, KnownNonce, Place, Pool, Rank, Slot};

impl Pool {
    /// Enters a slot into all indices except its account's.
    pub(super) fn attach(&mut self, slot: Slot) {
        let transaction = slot.transaction.clone();
        let hash = transaction.hash;
        self.count_in(&transaction);
        self.enter_place(&slot);
        if transaction.valid_until != BlockNumber::MAX {
            self.deadlines.insert((transaction.valid_until, hash));
        }
        if let Some(told_ms) = slot.announced_ms {
            self.announcements.insert((told_ms, hash));
        }
        for tag in &slot.tags {
            self.tags.insert(tag.clone(), hash);
        }
        self.slots.insert(hash, slot);
    }

    /// Takes a slot out of all indices except its account's.
    pub(super) fn detach(&mut self, hash: &Hash) -> Option<Slot> {
        let slot = self.slots.remove(hash)?;
        let transaction = &slot.transaction;
        self.count_out(transaction);
        self.leave_place(&slot);
        self.deadlines.remove(&(transaction.valid_until, *hash));
        if let Some(told_ms) = slot.announced_ms {
            self.announcements.remove(&(told_ms, *hash));
        }
        for tag in &slot.tags {
            self.tags.remove(tag);
        }
        Some(slot)
    }

    /// Removes a transaction for the reason that `status` tells.
    pub(super) fn remove(
        &mut self,
        hash: &Hash,
        status: TransactionStatus,
        changes: &mut Changes,
    ) -> bool {
        let Some(slot) = self.detach(hash) else {
            return false;
        };
        changes.leave(&slot, status);
        if let Some((id, nonce)) = &slot.transaction.sender {
            self.with_account(id, |pool, account| {
                account.transactions.remove(nonce);
                if *nonce < account.ready_end {
                    pool.settle(account, *nonce, changes);
                }
            });
        }
        true
    }

    /// Runs `update` on an account's entry, which exists afterwards only if it is not empty.
    pub(super) fn with_account<R>(
        &mut self,
        id: &AccountId,
        update: impl FnOnce(&mut Self, &mut Account) -> R,
    ) -> R {
        let mut account = self.accounts.remove(id).unwrap_or_else(|| Account {
            next: self.recent.nonce(id),
            ..Account::default()
        });
        let result = update(self, &mut account);
        if !account.transactions.is_empty() {
            self.accounts.insert(id.clone(), account);
        }
        result
    }

    /// Sets the account's next nonce, drops what is thereby stale, and settles the rest.
    pub(super) fn set_next(
        &mut self,
        account: &mut Account,
        next: Option<KnownNonce>,
        changes: &mut Changes,
    ) {
        let Some(KnownNonce { nonce, .. }) = next else {
            return;
        };
        let before = std::mem::replace(&mut account.next, next);
        if before.is_some_and(|before| before.nonce == nonce) {
            return;
        }
        let current = account.transactions.split_off(&nonce);
        for (_, hash) in std::mem::replace(&mut account.transactions, current) {
            if let Some(slot) = self.detach(&hash) {
                changes.leave(&slot, TransactionStatus::Invalid);
            }
        }
        self.settle(account, nonce, changes);
    }

    /// Finds anew which transactions of the account are ready, given that nothing has changed below
    /// the nonce `from`.
    pub(super) fn settle(&mut self, account: &mut Account, from: Nonce, changes: &mut Changes) {
        let Some(next) = account.next else {
            return;
        };
        let end_before = account.ready_end;
        let mut nonce = from.max(next.nonce);
        let mut bound = nonce
            .checked_sub(1)
            .filter(|before| *before >= next.nonce)
            .and_then(|before| account.transactions.get(&before))
            .map_or(u64::MAX, |hash| self.rank_priority(hash));
        while let Some(hash) = account.transactions.get(&nonce) {
            let (rank, changed) = self.make_ready(hash, bound, changes);
            // From an unchanged transaction within the old run on, all is as it was.
            if !changed && nonce < end_before {
                return;
            }
            bound = rank;
            let Some(following) = nonce.checked_add(1) else {
                break;
            };
            nonce = following;
        }
        account.ready_end = nonce;
        if nonce < end_before {
            for hash in account
                .transactions
                .range(nonce..end_before)
                .map(|(_, hash)| hash)
            {
                self.make_future(hash, changes);
            }
        }
    }

    fn rank_priority(&self, hash: &Hash) -> u64 {
        match self.slots.get(hash).map(|slot| slot.place) {
            Some(Place::Ready(rank)) => rank.priority.0,
            _ => u64::MAX,
        }
    }

    /// Makes a transaction ready with a rank of at most `bound`. Returns its rank and whether its
    /// place changed.
    fn make_ready(&mut self, hash: &Hash, bound: u64, changes: &mut Changes) -> (u64, bool) {
        let fresh_turn = self.next_count();
        let Entry::Occupied(mut entry) = self.slots.entry(*hash) else {
            return (bound, false);
        };
        let slot = entry.get_mut();
        let priority = slot.transaction.priority.min(bound);
        let turn = match slot.place {
            Place::Ready(rank) if rank.priority.0 == priority => return (priority, false),
            Place::Ready(rank) => {
                self.ready.remove(&rank);
                rank.turn
            }
            Place::Future { since_ms } => {
                self.futures.remove(&future_key(slot));
                self.future_ages.remove(&(since_ms, *hash));
                changes.statuses.push((*hash, TransactionStatus::Ready));
                fresh_turn
            }
        };
        let rank = Rank {
            priority: Reverse(priority),
            turn,
        };
        slot.place = Place::Ready(rank);
        self.ready.insert(rank, slot.transaction.clone());
        (priority, true)
    }

    fn make_future(&mut self, hash: &Hash, changes: &mut Changes) {
        let since_ms = self.now_ms;
        let Some(slot) = self.slots.get_mut(hash) else {
            return;
        };
        if let Place::Ready(rank) = slot.place {
            self.ready.remove(&rank);
            slot.place = Place::Future { since_ms };
            self.futures.insert(future_key(slot));
            self.future_ages.insert((since_ms, *hash));
            changes.statuses.push((*hash, TransactionStatus::Future));
        }
    }

    fn count_in(&mut self, transaction: &PooledTransaction) {
        let size = transaction.bytes.len();
        self.bytes += size;
        if is_large(transaction) {
            self.large_bytes += size;
        }
        if let Some((id, _)) = &transaction.sender {
            *self.account_bytes.entry(id.clone()).or_default() += size;
        }
    }

    fn count_out(&mut self, transaction: &PooledTransaction) {
        let size = transaction.bytes.len();
        self.bytes -= size;
        if is_large(transaction) {
            self.large_bytes -= size;
        }
        let Some((id, _)) = &transaction.sender else {
            return;
        };
        if let Some(bytes) = self.account_bytes.get_mut(id) {
            *bytes -= size;
            if *bytes == 0 {
                self.account_bytes.remove(id);
            }
        }
    }

    fn enter_place(&mut self, slot: &Slot) {
        match slot.place {
            Place::Ready(rank) => {
                self.ready.insert(rank, slot.transaction.clone());
            }
            Place::Future { since_ms } => {
                self.futures.insert(future_key(slot));
                self.future_ages.insert((since_ms, slot.transaction.hash));
            }
        }
    }

    fn leave_place(&mut self, slot: &Slot) {
        match slot.place {
            Place::Ready(rank) => {
                self.ready.remove(&rank);
            }
            Place::Future { since_ms } => {
                self.futures.remove(&future_key(slot));
                self.future_ages.remove(&(since_ms, slot.transaction.hash));
            }
        }
    }
}

impl Changes {
    /// Notes that a transaction has left the pool.
    pub(super) fn leave(&mut self, slot: &Slot, status: TransactionStatus) {
        let hash = slot.transaction.hash;
        self.statuses.push((hash, status));
        if slot.local {
            self.forgotten.push(hash);
        }
    }
}

fn future_key(slot: &Slot) -> (u64, Reverse<u64>, Hash) {
    (
        slot.transaction.priority,
        Reverse(slot.arrival),
        slot.transaction.hash,
    )
}
