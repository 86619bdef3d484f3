//! What time, blocks and the runtime do to transactions in the pool.

use std::collections::BTreeMap;

use xinglin_core::TransactionStatus;
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use super::{Changes, CommittedBlock, Inclusion, KnownNonce, Pool};

impl Pool {
    /// Takes out what the block includes or makes stale, and makes ready what it makes ready.
    pub fn commit(&mut self, block: CommittedBlock<'_>, changes: &mut Changes) {
        let mut next_nonces: BTreeMap<AccountId, Nonce> = BTreeMap::new();
        for (index, hash) in (0u32..).zip(block.extrinsics) {
            if let Some((id, nonce)) = self.include(hash, block.hash, index, changes) {
                raise(&mut next_nonces, id, nonce.saturating_add(1));
            }
        }
        for (id, next) in block.next_nonces {
            self.recent.note_nonce(id, *next, block.number);
            raise(&mut next_nonces, id.clone(), *next);
        }
        for (id, next) in next_nonces {
            self.advance(&id, next, block.number, changes);
        }
        self.expire_at(block.number, changes);
    }

    /// Takes out a transaction that was found in a committed block, when the block itself was missed.
    pub fn included(&mut self, hash: &Hash, at: Inclusion, changes: &mut Changes) {
        if let Some((id, nonce)) = self.include(hash, at.block, at.index, changes) {
            let next = nonce.saturating_add(1);
            self.recent.note_nonce(&id, next, at.number);
            self.advance(&id, next, at.number, changes);
        }
    }

    /// Learns that a transaction's nonce was the account's next one when it was validated again.
    pub fn current(&mut self, hash: &Hash, validated_at: BlockNumber, changes: &mut Changes) {
        let Some(slot) = self.slots.get(hash) else {
            return;
        };
        let Some((id, nonce)) = slot.transaction.sender.clone() else {
            return;
        };
        self.with_account(&id, |pool, account| {
            if account.next.is_none_or(|known| known.at <= validated_at) {
                let at = validated_at;
                pool.set_next(account, Some(KnownNonce { nonce, at }), changes);
            }
        });
    }

    /// Takes out transactions that have become invalid.
    pub fn invalidate(&mut self, hashes: &[Hash], tip: BlockNumber, changes: &mut Changes) {
        for hash in hashes {
            if self.remove(hash, TransactionStatus::Invalid, changes) {
                self.recent.refuse(*hash, tip);
            }
        }
    }

    /// Takes out transactions that could not be stored.
    pub fn withdraw(&mut self, hashes: &[Hash], changes: &mut Changes) {
        for hash in hashes {
            self.remove(hash, TransactionStatus::Dropped, changes);
        }
    }

    /// Drops transactions that have waited too long for an earlier nonce.
    pub fn expire(&mut self, changes: &mut Changes) {
        let Some(oldest_ms) = self.now_ms.checked_sub(self.limits.future_age_max_ms) else {
            return;
        };
        while let Some((since_ms, hash)) = self.future_ages.first().copied() {
            if since_ms > oldest_ms {
                return;
            }
            self.remove(&hash, TransactionStatus::Dropped, changes);
        }
    }

    fn include(
        &mut self,
        hash: &Hash,
        block: Hash,
        index: u32,
        changes: &mut Changes,
    ) -> Option<(AccountId, Nonce)> {
        self.recent.include(*hash);
        let slot = self.detach(hash)?;
        changes.leave(&slot, TransactionStatus::Finalized { block, index });
        let (id, nonce) = slot.transaction.sender.clone()?;
        if let Some(account) = self.accounts.get_mut(&id) {
            account.transactions.remove(&nonce);
        }
        Some((id, nonce))
    }

    /// Sets an account's next nonce after block `at`, drops what has become stale, and settles.
    fn advance(&mut self, id: &AccountId, next: Nonce, at: BlockNumber, changes: &mut Changes) {
        if !self.accounts.contains_key(id) {
            return;
        }
        self.with_account(id, |pool, account| {
            let nonce = account.next.map_or(next, |known| known.nonce.max(next));
            pool.set_next(account, Some(KnownNonce { nonce, at }), changes);
        });
    }

    fn expire_at(&mut self, number: BlockNumber, changes: &mut Changes) {
        while let Some((deadline, hash)) = self.deadlines.first().copied() {
            if deadline > number {
                return;
            }
            self.remove(&hash, TransactionStatus::Dropped, changes);
        }
    }
}

fn raise(next_nonces: &mut BTreeMap<AccountId, Nonce>, id: AccountId, next: Nonce) {
    let known = next_nonces.entry(id).or_insert(next);
    *known = next.max(*known);
}
