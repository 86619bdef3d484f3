//! The digest by which the chain vouches for the questions that a node has answered to regulators.
//!
//! A node numbers these questions from 0 and keeps them. What it has the chain keep is a chain of
//! hashes over them: the digest after a question is the Blake2b-256 of the digest before it and the
//! hash of the question, that before the first is zero. Whoever has the hashes can check all of
//! them against the last digest; whoever has a question can check its hash.

use codec::Encode;
use sp_runtime::traits::Hash as _;

use crate::{Hash, Hashing};

/// Most questions that one transaction anchors. Bounds what has to be hashed for it.
pub const ANCHORED_MAX: u32 = 10_000;

/// The hash of a question as it is kept, in SCALE.
pub fn question_hash(question: &impl Encode) -> Hash {
    question.using_encoded(Hashing::hash)
}

/// The digest after further questions, by their hashes in order. That of no question is zero.
pub fn digest_after(before: Hash, questions: impl IntoIterator<Item = Hash>) -> Hash {
    questions.into_iter().fold(before, |digest, question| {
        (digest, question).using_encoded(Hashing::hash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_every_question_in_order() {
        let hashes: Vec<Hash> = (0u64..5).map(|n| question_hash(&n)).collect();
        let all = digest_after(Hash::zero(), hashes.iter().copied());
        // In parts it comes to the same.
        let first = digest_after(Hash::zero(), hashes[..2].iter().copied());
        assert_eq!(digest_after(first, hashes[2..].iter().copied()), all);
        assert_eq!(digest_after(all, []), all);
        for left_out in 0..hashes.len() {
            let mut rest = hashes.clone();
            let taken = rest.remove(left_out);
            assert_ne!(digest_after(Hash::zero(), rest.clone()), all);
            rest.push(taken);
            let is_same = left_out == hashes.len() - 1;
            assert_eq!(digest_after(Hash::zero(), rest) == all, is_same);
        }
    }

    #[test]
    fn the_format_is_fixed() {
        let digest = digest_after(Hash::zero(), [question_hash(&7u64)]);
        let by_hand =
            Hashing::hash(&[&[0; 32][..], Hashing::hash(&7u64.to_le_bytes()).as_bytes()].concat());
        assert_eq!(digest, by_hand);
    }
}
