//! Clients that follow a transaction.

use std::collections::HashMap;

use tokio::sync::mpsc;
use xinglin_core::{StatusStream, TransactionStatus};
use xinglin_primitives::Hash;

use crate::config::WATCHER_STATUSES_MAX;

/// Sends the statuses of one transaction.
pub(crate) type StatusSender = mpsc::Sender<TransactionStatus>;

/// A status stream and its sender.
pub(crate) fn status_channel() -> (StatusSender, StatusStream) {
    mpsc::channel(WATCHER_STATUSES_MAX)
}

/// Who follows which transaction of the pool: at most one client each, so at most as many as the
/// pool holds transactions.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    senders: HashMap<Hash, StatusSender>,
}

impl Watchers {
    pub(crate) fn watch(&mut self, hash: Hash, sender: StatusSender) {
        self.senders.insert(hash, sender);
    }

    /// Tells who follows the transaction. A client that does not read misses statuses in between,
    /// never the last one.
    pub(crate) fn notify(&mut self, hash: &Hash, status: TransactionStatus) {
        let ends = is_final(&status);
        let Some(sender) = self.senders.get(hash) else {
            return;
        };
        let gone = match sender.capacity() {
            // The last place is for the final status.
            0 | 1 if !ends => sender.is_closed(),
            _ => sender.try_send(status).is_err(),
        };
        if gone || ends {
            self.senders.remove(hash);
        }
    }

    pub(crate) fn is_watched(&self, hash: &Hash) -> bool {
        self.senders.contains_key(hash)
    }
}

fn is_final(status: &TransactionStatus) -> bool {
    match status {
        TransactionStatus::Ready | TransactionStatus::Future | TransactionStatus::Broadcast(_) => {
            false
        }
        TransactionStatus::Finalized { .. }
        | TransactionStatus::Usurped(_)
        | TransactionStatus::Dropped
        | TransactionStatus::Invalid => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_does_not_read_still_gets_the_last_status() {
        let mut watchers = Watchers::default();
        let (sender, mut stream) = status_channel();
        let hash = Hash::repeat_byte(1);
        watchers.watch(hash, sender);
        for _ in 0..3 * WATCHER_STATUSES_MAX {
            watchers.notify(&hash, TransactionStatus::Future);
            watchers.notify(&hash, TransactionStatus::Ready);
        }
        watchers.notify(&hash, TransactionStatus::Dropped);
        assert!(!watchers.is_watched(&hash));
        let mut statuses = Vec::new();
        while let Some(status) = stream.blocking_recv() {
            statuses.push(status);
        }
        assert_eq!(statuses.len(), WATCHER_STATUSES_MAX);
        assert_eq!(statuses.last(), Some(&TransactionStatus::Dropped));
    }

    #[test]
    fn a_client_that_has_left_is_forgotten() {
        let mut watchers = Watchers::default();
        let (sender, stream) = status_channel();
        let hash = Hash::repeat_byte(1);
        watchers.watch(hash, sender);
        drop(stream);
        watchers.notify(&hash, TransactionStatus::Ready);
        assert!(!watchers.is_watched(&hash));
    }
}
