//! Admission: may a transaction enter, and who gives way.

use std::cmp::Reverse;

use sp_runtime::transaction_validity::InvalidTransaction;
use xinglin_core::{PoolError, PooledTransaction, TransactionStatus};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use super::{room::Need, Account, Candidate, Changes, KnownNonce, Place, Pool, Rank, Slot};

const STALE: PoolError = PoolError::Invalid(InvalidTransaction::Stale);

impl Pool {
    /// What can be said of a transaction by its hash alone, before it costs a validation.
    pub fn check(&self, hash: &Hash, tip: BlockNumber) -> Result<(), PoolError> {
        if self.contains(hash) {
            Err(PoolError::AlreadyImported(*hash))
        } else if self.recent.is_included(hash) {
            Err(STALE)
        } else if self.recent.is_refused(hash, tip) {
            Err(PoolError::TemporarilyBanned(*hash))
        } else {
            Ok(())
        }
    }

    /// Remembers that the transaction is invalid on top of block `at`.
    pub fn refuse(&mut self, hash: Hash, at: BlockNumber) {
        self.recent.refuse(hash, at);
    }

    /// Gives a validated transaction a place, or says why it gets none; then nothing has changed.
    pub fn insert(&mut self, candidate: Candidate, changes: &mut Changes) -> Result<(), PoolError> {
        let hash = candidate.transaction.hash;
        if self.contains(&hash) {
            return Err(PoolError::AlreadyImported(hash));
        }
        if self.recent.is_included(&hash) {
            return Err(STALE);
        }
        match candidate.transaction.sender.clone() {
            Some((id, nonce)) => self.insert_signed(&id, nonce, candidate, changes),
            None => self.insert_unsigned(candidate, changes),
        }
    }

    fn insert_unsigned(
        &mut self,
        candidate: Candidate,
        changes: &mut Changes,
    ) -> Result<(), PoolError> {
        if candidate.tags.iter().any(|tag| self.tags.contains_key(tag)) {
            return Err(PoolError::PriorityTooLow);
        }
        let priority = candidate.transaction.priority;
        self.make_room(
            &Need {
                transaction: &candidate.transaction,
                local: candidate.local,
                ready: true,
                rank: priority,
                replaced: None,
            },
            changes,
        )?;
        let rank = Rank {
            priority: Reverse(priority),
            turn: self.next_count(),
        };
        changes
            .statuses
            .push((candidate.transaction.hash, TransactionStatus::Ready));
        let slot = self.slot(candidate, Place::Ready(rank));
        self.attach(slot);
        Ok(())
    }

    fn insert_signed(
        &mut self,
        id: &AccountId,
        nonce: Nonce,
        mut candidate: Candidate,
        changes: &mut Changes,
    ) -> Result<(), PoolError> {
        // Tags of signed transactions repeat account and nonce.
        candidate.tags.clear();
        let hash = candidate.transaction.hash;
        let next = self.next_after(id, nonce, &candidate)?;
        let account = self.accounts.get(id);
        let replaced = account
            .and_then(|account| account.transactions.get(&nonce))
            .copied();
        let (ready, bound) = self.prospect(account, next, nonce);
        self.check_account(account, replaced.as_ref(), &candidate.transaction)?;
        self.check_account_bytes(id, replaced.as_ref(), &candidate.transaction)?;

        let transaction = candidate.transaction.clone();
        let replaced_transaction = replaced
            .and_then(|hash| self.slots.get(&hash))
            .map(|slot| slot.transaction.clone());
        self.make_room(
            &Need {
                transaction: &transaction,
                local: candidate.local,
                ready,
                rank: transaction.priority.min(bound),
                replaced: replaced_transaction.as_deref(),
            },
            changes,
        )?;

        self.with_account(id, |pool, account| {
            pool.set_next(account, next, changes);
            let place = pool.replace(replaced.as_ref(), hash, changes);
            let slot = pool.slot(candidate, place);
            pool.attach(slot);
            account.transactions.insert(nonce, hash);
            pool.settle_newcomer(account, nonce, hash, changes);
        });
        Ok(())
    }

    /// The account's next nonce after this transaction's validation has been taken into account.
    ///
    /// Blocks later than the validation know better than it; otherwise a nonce that was current then
    /// is the next one.
    fn next_after(
        &self,
        id: &AccountId,
        nonce: Nonce,
        candidate: &Candidate,
    ) -> Result<Option<KnownNonce>, PoolError> {
        let known = match self.accounts.get(id) {
            Some(account) => account.next,
            None => self.recent.nonce(id),
        };
        let newer = known.filter(|known| known.at > candidate.validated_at);
        if candidate.current && newer.is_none() {
            return Ok(Some(KnownNonce {
                nonce,
                at: candidate.validated_at,
            }));
        }
        match known {
            Some(known) if known.nonce > nonce => Err(STALE),
            known => Ok(known),
        }
    }

    /// Whether a transaction with this nonce will be ready, and what bounds its rank.
    fn prospect(
        &self,
        account: Option<&Account>,
        next: Option<KnownNonce>,
        nonce: Nonce,
    ) -> (bool, u64) {
        let Some(next) = next else {
            return (false, u64::MAX);
        };
        if nonce == next.nonce {
            return (true, u64::MAX);
        }
        let before = account
            .filter(|account| nonce <= account.ready_end)
            .and_then(|account| account.transactions.get(&nonce.checked_sub(1)?))
            .and_then(|hash| self.slots.get(hash));
        match before.map(|slot| slot.place) {
            Some(Place::Ready(rank)) => (true, rank.priority.0),
            _ => (false, u64::MAX),
        }
    }

    fn check_account(
        &self,
        account: Option<&Account>,
        replaced: Option<&Hash>,
        transaction: &PooledTransaction,
    ) -> Result<(), PoolError> {
        match replaced.and_then(|hash| self.slots.get(hash)) {
            Some(slot) if slot.transaction.priority >= transaction.priority => {
                Err(PoolError::PriorityTooLow)
            }
            Some(_) => Ok(()),
            None => {
                let count = account.map_or(0, |account| account.transactions.len());
                if count < self.limits.account_transactions_max {
                    Ok(())
                } else {
                    Err(PoolError::Full("too many transactions of this account"))
                }
            }
        }
    }

    fn check_account_bytes(
        &self,
        id: &AccountId,
        replaced: Option<&Hash>,
        transaction: &PooledTransaction,
    ) -> Result<(), PoolError> {
        let replaced = replaced.and_then(|hash| self.slots.get(hash));
        let replaced_bytes = replaced.map_or(0, |slot| slot.transaction.bytes.len());
        let had = self.account_bytes.get(id).copied().unwrap_or_default();
        let bytes = had + transaction.bytes.len() - replaced_bytes;
        if bytes <= self.limits.account_bytes_max {
            Ok(())
        } else {
            Err(PoolError::Full("too many bytes of this account"))
        }
    }

    /// Takes the replaced transaction out. The newcomer gets its turn, or waits as a future one.
    fn replace(&mut self, replaced: Option<&Hash>, by: Hash, changes: &mut Changes) -> Place {
        let place = replaced.and_then(|hash| self.detach(hash)).map(|slot| {
            changes.leave(&slot, TransactionStatus::Usurped(by));
            slot.place
        });
        place.unwrap_or(Place::Future {
            since_ms: self.now_ms,
        })
    }

    /// Settles the account after a newcomer and states what the newcomer is.
    fn settle_newcomer(
        &mut self,
        account: &mut Account,
        nonce: Nonce,
        hash: Hash,
        changes: &mut Changes,
    ) {
        let inherits_turn = self.is_ready(&hash);
        if inherits_turn {
            changes.statuses.push((hash, TransactionStatus::Ready));
        }
        let reach = account.next.map(|next| account.ready_end.max(next.nonce));
        if reach.is_some_and(|reach| nonce <= reach) {
            self.settle(account, nonce, changes);
        }
        if !self.is_ready(&hash) {
            changes.statuses.push((hash, TransactionStatus::Future));
        }
    }

    fn is_ready(&self, hash: &Hash) -> bool {
        self.slots
            .get(hash)
            .is_some_and(|slot| matches!(slot.place, Place::Ready(_)))
    }

    fn slot(&mut self, candidate: Candidate, place: Place) -> Slot {
        Slot {
            announced_ms: (candidate.local && candidate.propagate).then_some(self.now_ms),
            arrival: self.next_count(),
            transaction: candidate.transaction,
            tags: candidate.tags,
            local: candidate.local,
            place,
        }
    }
}
