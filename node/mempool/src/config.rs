//! How much the pool holds, and for how long.

use std::time::Duration;

use xinglin_primitives::EXTRINSIC_BYTES_MAX;

use crate::state::Limits;

/// Most transactions that are validated in one call.
pub(crate) const BATCH_TRANSACTIONS_MAX: usize = 512;
/// Shortest time between the beginnings of two batches of a mailbox. What comes after a rest of this
/// length is validated at once; else a batch gathers, since signatures that are verified together and
/// transactions that are stored together cost a fraction of what they cost one by one.
pub(crate) const BATCH_INTERVAL: Duration = Duration::from_millis(40);
/// Submissions of local clients that may wait; a further client waits in its call.
pub(crate) const LOCAL_MAILBOX_MAX: usize = 4_096;
/// Submissions of peers that may wait; further ones are refused.
pub(crate) const GOSSIP_MAILBOX_MAX: usize = 256;
/// Bytes of transactions that may be on their way into the pool, per mailbox.
pub(crate) const INGRESS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Reports of refused transactions by the block builder that may wait.
pub(crate) const REPORTS_MAX: usize = 64;
/// Local transactions that may wait for the journal before no more are validated.
pub(crate) const JOURNAL_BACKLOG_MAX: usize = 4 * BATCH_TRANSACTIONS_MAX;
/// Statuses that a watcher may leave unread; the last place is kept for the final one.
pub(crate) const WATCHER_STATUSES_MAX: usize = 8;
/// Most transactions that are announced again at once.
pub(crate) const REANNOUNCED_MAX: usize = 1_024;
/// How often the pool looks for what has grown old.
pub(crate) const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// Most bytes of the length prefix of a transaction of legal size.
const PREFIX_BYTES_MAX: usize = 4;
/// Most bytes of a transaction of legal size, its length prefix included.
pub(crate) const TRANSACTION_BYTES_MAX: usize = EXTRINSIC_BYTES_MAX as usize + PREFIX_BYTES_MAX;
/// One part in this many of the pool's bytes is what one account may have, or one transaction if that
/// is larger.
const ACCOUNT_PARTS: usize = 2;

/// What an operator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MempoolConfig {
    /// Most transactions in the pool.
    pub transactions_max: usize,
    /// Most bytes of transactions in the pool. Half of them are the most that one account may have;
    /// a quarter of them is kept free for small transactions, which are all but those that carry
    /// ciphertexts. With 1 MiB or more there is room for a transaction of any legal size.
    pub bytes_max: usize,
    /// Most transactions of one account.
    pub account_transactions_max: usize,
    /// Transactions that wait for an earlier nonce, from which on no further one is admitted.
    pub future_max: usize,
    /// How long a transaction may wait for an earlier nonce.
    pub future_age_max: Duration,
    /// How long a local transaction stays unannounced before peers are told of it again.
    pub reannounce_after: Duration,
}

impl Default for MempoolConfig {
    fn default() -> Self {
        Self {
            transactions_max: 32_768,
            bytes_max: 32 * 1024 * 1024,
            account_transactions_max: 4_096,
            future_max: 8_192,
            future_age_max: Duration::from_secs(300),
            reannounce_after: Duration::from_secs(5),
        }
    }
}

impl MempoolConfig {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            transactions_max: self.transactions_max,
            bytes_max: self.bytes_max,
            account_transactions_max: self.account_transactions_max,
            account_bytes_max: (self.bytes_max / ACCOUNT_PARTS).max(TRANSACTION_BYTES_MAX),
            future_max: self.future_max,
            future_age_max_ms: millis(self.future_age_max),
        }
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
