//! The gossiped message: a version byte, the sender's number of the message (8 bytes, little-endian), a
//! compact count, and that many length-prefixed transactions.
//!
//! The number makes a repeated announcement another message, so that who missed the first gets the
//! second. Nothing else depends on it: a message has no author, and who passes on a malformed one is
//! to blame for it.

use codec::{Compact, Decode, Encode};
use xinglin_core::{block::extrinsic_len, Extrinsic};

use crate::config::{MESSAGE_BYTES_MAX, MESSAGE_TRANSACTIONS_MAX};

const VERSION: u8 = 2;
const NUMBER_BYTES: usize = size_of::<u64>();

/// Why bytes are not a message. No correct node sends such bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    /// Too many bytes.
    #[error("message of {0} bytes exceeds the limit of {MESSAGE_BYTES_MAX}")]
    TooLarge(usize),
    /// Another version, or none.
    #[error("message has an unknown version")]
    Version,
    /// The number is cut short.
    #[error("message has no number")]
    Number,
    /// The count is missing, 0 or too large.
    #[error("message does not hold between 1 and {MESSAGE_TRANSACTIONS_MAX} transactions")]
    Count,
    /// A transaction is cut short, empty or too large.
    #[error("transaction {0} of the message is malformed")]
    Transaction(usize),
    /// More bytes than transactions.
    #[error("bytes follow the last transaction")]
    Trailing,
}

/// Bytes that a message has besides its transactions, at most.
pub(crate) const OVERHEAD_BYTES_MAX: usize = 1 + NUMBER_BYTES + 4;

pub(crate) fn encode(number: u64, transactions: &[Extrinsic]) -> Vec<u8> {
    let bytes: usize = transactions.iter().map(Extrinsic::len).sum();
    let count = u32::try_from(transactions.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(OVERHEAD_BYTES_MAX + bytes);
    message.push(VERSION);
    message.extend_from_slice(&number.to_le_bytes());
    Compact(count).encode_to(&mut message);
    for transaction in transactions {
        message.extend_from_slice(transaction);
    }
    message
}

/// The transactions of a message. Each is copied out of it: one small transaction in the pool must
/// not keep a whole message in memory.
pub(crate) fn decode(message: &[u8]) -> Result<Vec<Extrinsic>, MessageError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(MessageError::TooLarge(message.len()));
    }
    let Some((&VERSION, rest)) = message.split_first() else {
        return Err(MessageError::Version);
    };
    let mut rest = rest.get(NUMBER_BYTES..).ok_or(MessageError::Number)?;
    let count = Compact::<u32>::decode(&mut rest)
        .ok()
        .and_then(|count| usize::try_from(count.0).ok())
        .filter(|count| (1..=MESSAGE_TRANSACTIONS_MAX).contains(count))
        .ok_or(MessageError::Count)?;
    let mut transactions = Vec::with_capacity(count);
    for index in 0..count {
        let length = extrinsic_len(rest).ok_or(MessageError::Transaction(index))?;
        let (transaction, following) = rest.split_at(length);
        transactions.push(Extrinsic::copy_from_slice(transaction));
        rest = following;
    }
    if rest.is_empty() {
        Ok(transactions)
    } else {
        Err(MessageError::Trailing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinglin_primitives::EXTRINSIC_BYTES_MAX;

    fn transaction(bytes: usize) -> Extrinsic {
        vec![7u8; bytes].encode().into()
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        for sizes in [
            vec![1],
            vec![1, 200, 70_000],
            vec![5; MESSAGE_TRANSACTIONS_MAX],
        ] {
            let transactions: Vec<_> = sizes.into_iter().map(transaction).collect();
            assert_eq!(decode(&encode(9, &transactions)), Ok(transactions));
        }
        let largest = [transaction(EXTRINSIC_BYTES_MAX as usize)];
        assert_eq!(decode(&encode(9, &largest)).as_deref(), Ok(&largest[..]));
    }

    #[test]
    fn the_format_is_pinned() {
        let message = encode(9, &[transaction(2), transaction(1)]);
        assert_eq!(message, [2, 9, 0, 0, 0, 0, 0, 0, 0, 8, 8, 7, 7, 4, 7]);
    }

    #[test]
    fn every_truncation_and_every_suffix_is_refused() {
        let message = encode(9, &[transaction(3), transaction(100)]);
        for end in 0..message.len() {
            assert!(decode(&message[..end]).is_err());
        }
        let mut longer = message;
        longer.push(0);
        assert_eq!(decode(&longer), Err(MessageError::Trailing));
    }

    #[test]
    fn other_versions_and_counts_are_refused() {
        assert_eq!(decode(&[]), Err(MessageError::Version));
        assert_eq!(decode(&[1, 4, 4, 7]), Err(MessageError::Version));
        assert_eq!(decode(&[2, 9, 0]), Err(MessageError::Number));
        let with = |rest: &[u8]| decode(&[&[2, 9, 0, 0, 0, 0, 0, 0, 0], rest].concat());
        assert_eq!(with(&[]), Err(MessageError::Count));
        assert_eq!(with(&[0]), Err(MessageError::Count));
        assert_eq!(with(&[3, 255, 255, 255, 255]), Err(MessageError::Count));
        let many = vec![transaction(1); MESSAGE_TRANSACTIONS_MAX + 1];
        assert_eq!(decode(&encode(9, &many)), Err(MessageError::Count));
        assert_eq!(with(&[4, 0]), Err(MessageError::Transaction(0)));
        let huge = vec![0; MESSAGE_BYTES_MAX + 1];
        assert_eq!(decode(&huge), Err(MessageError::TooLarge(huge.len())));
    }
}
