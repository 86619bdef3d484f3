//! What holds of every pool at every moment.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use xinglin_primitives::{AccountId, BlockNumber, Nonce};

use super::super::{for_large, is_large, Place, Pool};

impl Pool {
    /// Compares every index with the slots, and the slots with the rules.
    pub(crate) fn assert_consistent(&self) {
        self.assert_within_limits();
        self.assert_indices();
        self.assert_bytes();
        self.assert_runs();
        self.assert_order();
    }

    fn assert_within_limits(&self) {
        let limits = &self.limits;
        assert!(self.slots.len() <= limits.transactions_max);
        assert!(self.bytes <= limits.bytes_max);
        assert!(self.large_bytes <= for_large(limits.bytes_max));
        for bytes in self.account_bytes.values() {
            assert!(*bytes <= limits.account_bytes_max);
        }
        for account in self.accounts.values() {
            assert!(account.transactions.len() <= limits.account_transactions_max);
        }
    }

    fn assert_indices(&self) {
        let (mut ready, mut futures) = (BTreeSet::new(), BTreeSet::new());
        let (mut ages, mut deadlines) = (BTreeSet::new(), BTreeSet::new());
        let (mut announcements, mut tags, mut signed) = (BTreeSet::new(), 0, 0);
        for (hash, slot) in &self.slots {
            let transaction = &slot.transaction;
            assert_eq!(transaction.hash, *hash);
            match slot.place {
                Place::Ready(rank) => {
                    ready.insert(rank);
                    assert_eq!(self.ready.get(&rank).map(|ready| ready.hash), Some(*hash));
                }
                Place::Future { since_ms } => {
                    futures.insert((transaction.priority, Reverse(slot.arrival), *hash));
                    ages.insert((since_ms, *hash));
                }
            }
            if transaction.valid_until != BlockNumber::MAX {
                deadlines.insert((transaction.valid_until, *hash));
            }
            if let Some(told_ms) = slot.announced_ms {
                assert!(slot.local);
                announcements.insert((told_ms, *hash));
            }
            for tag in &slot.tags {
                assert_eq!(self.tags.get(tag), Some(hash));
                tags += 1;
            }
            if let Some((id, nonce)) = &transaction.sender {
                assert_eq!(self.accounts[id].transactions.get(nonce), Some(hash));
                signed += 1;
            }
        }
        assert_eq!(self.ready.keys().copied().collect::<BTreeSet<_>>(), ready);
        assert_eq!(self.futures, futures);
        assert_eq!(self.future_ages, ages);
        assert_eq!(self.deadlines, deadlines);
        assert_eq!(self.announcements, announcements);
        assert_eq!(self.tags.len(), tags);
        let in_accounts: usize = self.accounts.values().map(|a| a.transactions.len()).sum();
        assert_eq!(in_accounts, signed);
    }

    /// All bytes, those of large transactions and those of each account are counted.
    fn assert_bytes(&self) {
        let (mut all, mut large) = (0, 0);
        let mut by_account: HashMap<AccountId, usize> = HashMap::new();
        for slot in self.slots.values() {
            let size = slot.transaction.bytes.len();
            all += size;
            if is_large(&slot.transaction) {
                large += size;
            }
            if let Some((id, _)) = &slot.transaction.sender {
                *by_account.entry(id.clone()).or_default() += size;
            }
        }
        assert_eq!((self.bytes, self.large_bytes), (all, large));
        assert_eq!(self.account_bytes, by_account);
    }

    /// Ready is the unbroken run from the next nonce, and nothing else of the account.
    fn assert_runs(&self) {
        for account in self.accounts.values() {
            assert!(!account.transactions.is_empty());
            let mut run_end = account.next.map(|next| next.nonce);
            for (nonce, hash) in &account.transactions {
                let in_run = run_end == Some(*nonce);
                if in_run {
                    run_end = nonce.checked_add(1);
                }
                let is_ready = matches!(self.slots[hash].place, Place::Ready(_));
                assert_eq!(is_ready, in_run, "nonce {nonce} of {account:?}");
                assert!(account.next.is_none_or(|next| next.nonce <= *nonce));
            }
            if let (Some(next), Some(end)) = (account.next, run_end) {
                if end > next.nonce {
                    assert_eq!(account.ready_end, end);
                } else {
                    assert!(account.ready_end <= next.nonce);
                }
            }
        }
    }

    /// Walking the order meets each account's nonces in sequence, with ranks that are the least
    /// priority so far.
    fn assert_order(&self) {
        let mut seen: BTreeMap<&AccountId, (Nonce, u64)> = BTreeMap::new();
        for (rank, transaction) in &self.ready {
            let Some((id, nonce)) = &transaction.sender else {
                assert_eq!(rank.priority.0, transaction.priority);
                continue;
            };
            let next = self.accounts[id].next.map(|next| next.nonce);
            let (expected, bound) = match seen.get(id) {
                Some((before, bound)) => (before.checked_add(1), *bound),
                None => (next, u64::MAX),
            };
            assert_eq!(Some(*nonce), expected);
            assert_eq!(rank.priority.0, transaction.priority.min(bound));
            seen.insert(id, (*nonce, rank.priority.0));
        }
    }
}
