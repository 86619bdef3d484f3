//! Transactions that wait to be sent.

use std::collections::VecDeque;

use xinglin_core::Extrinsic;

use crate::config::{MESSAGE_BYTES_TARGET, MESSAGE_TRANSACTIONS_MAX, OUTBOX_TRANSACTIONS_MAX};

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Extrinsic>,
}

impl Outbox {
    /// Takes transactions of the pool, which come in bounded batches.
    pub(crate) fn add(&mut self, transactions: Vec<Extrinsic>) {
        self.waiting.extend(transactions);
    }

    /// Whether it takes no more.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= OUTBOX_TRANSACTIONS_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The transactions of the next message, first come first.
    pub(crate) fn next_batch(&mut self) -> Vec<Extrinsic> {
        let mut bytes = 0;
        let count = self
            .waiting
            .iter()
            .take(MESSAGE_TRANSACTIONS_MAX)
            .take_while(|transaction| {
                bytes += transaction.len();
                bytes <= MESSAGE_BYTES_TARGET
            })
            .count();
        // One that is larger than the target goes alone.
        let count = count.max(1).min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(sizes: &[usize]) -> Vec<usize> {
        let mut outbox = Outbox::default();
        outbox.add(sizes.iter().map(|size| vec![0; *size].into()).collect());
        let mut counts = Vec::new();
        while !outbox.is_empty() {
            counts.push(outbox.next_batch().len());
        }
        counts
    }

    #[test]
    fn messages_are_bounded_by_count_and_bytes() {
        assert_eq!(batches(&[]), Vec::<usize>::new());
        assert_eq!(batches(&[1; MESSAGE_TRANSACTIONS_MAX + 1]), [512, 1]);
        let third = MESSAGE_BYTES_TARGET / 3;
        assert_eq!(batches(&[third; 5]), [3, 2]);
        assert_eq!(batches(&[1, MESSAGE_BYTES_TARGET + 1, 1]), [1, 1, 1]);
    }
}
