//! The kept questions and their digests.

use std::sync::Arc;

use anyhow::{ensure, Result};
use xinglin_core::{KeptQuestion, QuestionLog};
use xinglin_primitives::{
    questions::{digest_after, ANCHORED_MAX},
    time::Moment,
    Hash,
};

/// Questions that are read from the record at a time.
const READ_MAX: u32 = 1_000;

/// What one transaction anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The number of its first question.
    pub(super) first: u64,
    /// How many they are; at least one.
    pub(super) count: u32,
    /// The digest of all questions up to its last.
    pub(super) digest: Hash,
    /// When the earliest of them was answered.
    pub(super) from: Moment,
    /// When the latest of them was answered.
    pub(super) until: Moment,
}

/// The record of questions.
pub(super) struct Kept {
    log: Arc<dyn QuestionLog>,
    /// A number of questions whose digest is the one on the chain, and that digest: kept ones do
    /// not change, so that they need not be hashed again.
    checked: (u64, Hash),
}

impl Kept {
    pub(super) fn new(log: Arc<dyn QuestionLog>) -> Self {
        Self {
            log,
            checked: (0, Hash::zero()),
        }
    }

    /// How many questions are kept.
    pub(super) fn count(&self) -> Result<u64> {
        Ok(self.log.question_count()?)
    }

    /// Whether the record begins with so many questions of this digest.
    pub(super) fn begins_with(&mut self, count: u64, digest: Hash) -> Result<bool> {
        let (checked, before) = match self.checked {
            (checked, _) if checked > count => (0, Hash::zero()),
            checked => checked,
        };
        let (found, read) = self.fold(checked, count - checked, before, |_| ())?;
        if read < count - checked || found != digest {
            return Ok(false);
        }
        self.checked = (count, digest);
        Ok(true)
    }

    /// What comes after the first so many questions, of which
    /// [`begins_with`](Self::begins_with) has made sure.
    pub(super) fn batch_after(&self, first: u64) -> Result<Batch> {
        ensure!(self.checked.0 == first, "the record has moved on");
        let (mut from, mut until) = (Moment::MAX, 0);
        let each = |question: &KeptQuestion| {
            // The node's clock may have been set back.
            from = from.min(question.asked_at_ms);
            until = until.max(question.asked_at_ms);
        };
        let (digest, read) = self.fold(first, ANCHORED_MAX.into(), self.checked.1, each)?;
        ensure!(read > 0, "nothing is left to anchor");
        Ok(Batch {
            first,
            count: u32::try_from(read)?,
            digest,
            from,
            until,
        })
    }

    /// The digest after at most `most` questions from `first` on, and how many they were.
    fn fold(
        &self,
        first: u64,
        most: u64,
        before: Hash,
        mut each: impl FnMut(&KeptQuestion),
    ) -> Result<(Hash, u64)> {
        let (mut digest, mut read) = (before, 0);
        while read < most {
            let wanted = u32::try_from(most - read).unwrap_or(READ_MAX).min(READ_MAX);
            let questions = self.log.questions(first + read, wanted)?;
            if questions.is_empty() {
                break;
            }
            questions.iter().for_each(&mut each);
            read += questions.len() as u64;
            digest = digest_after(digest, questions.iter().map(KeptQuestion::hash));
        }
        Ok((digest, read))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use xinglin_core::StoreError;
    use xinglin_primitives::{AccountId, CaseId};

    use super::*;

    #[derive(Default)]
    struct Log(Mutex<Vec<KeptQuestion>>);

    impl QuestionLog for Log {
        fn keep_question(&self, question: &KeptQuestion) -> Result<u64, StoreError> {
            let mut questions = self.0.lock().unwrap();
            questions.push(question.clone());
            Ok(questions.len() as u64 - 1)
        }

        fn questions(&self, from: u64, limit: u32) -> Result<Vec<KeptQuestion>, StoreError> {
            let questions = self.0.lock().unwrap();
            let from = questions.iter().skip(from as usize);
            Ok(from.take(limit as usize).cloned().collect())
        }

        fn question_count(&self) -> Result<u64, StoreError> {
            Ok(self.0.lock().unwrap().len() as u64)
        }
    }

    fn question(n: u64) -> KeptQuestion {
        KeptQuestion {
            asked_at_ms: 1_000 + n,
            account: AccountId::new([1; 32]),
            case: CaseId(0),
            method: "explorer_extrinsics".to_owned(),
            question: format!("{{\"limit\":{n}}}"),
            signed: Hash::repeat_byte(2),
        }
    }

    fn kept(count: u64) -> (Arc<Log>, Kept) {
        let log = Arc::new(Log::default());
        for n in 0..count {
            log.keep_question(&question(n)).unwrap();
        }
        (log.clone(), Kept::new(log))
    }

    fn digest(count: u64) -> Hash {
        digest_after(Hash::zero(), (0..count).map(|n| question(n).hash()))
    }

    #[test]
    fn a_backlog_is_anchored_in_batches_that_follow_each_other() {
        let most = u64::from(ANCHORED_MAX);
        let (log, mut kept) = kept(most + 5);
        assert!(kept.begins_with(0, Hash::zero()).unwrap());
        let first = kept.batch_after(0).unwrap();
        let expected = Batch {
            first: 0,
            count: ANCHORED_MAX,
            digest: digest(most),
            from: 1_000,
            until: 999 + most,
        };
        assert_eq!(first, expected);
        // Until the chain has it, nothing follows.
        assert!(kept.batch_after(most).is_err());
        assert!(kept.begins_with(most, first.digest).unwrap());
        let second = kept.batch_after(most).unwrap();
        assert_eq!((second.count, second.digest), (5, digest(most + 5)));
        assert!(kept.begins_with(most + 5, second.digest).unwrap());
        assert!(kept.batch_after(most + 5).is_err());

        let mut early = question(most + 5);
        early.asked_at_ms = 7;
        log.keep_question(&early).unwrap();
        log.keep_question(&question(most + 6)).unwrap();
        let third = kept.batch_after(most + 5).unwrap();
        assert_eq!((third.from, third.until), (7, 1_006 + most));
    }

    #[test]
    fn a_record_that_lacks_or_changed_a_question_is_another() {
        let (log, mut kept) = kept(5);
        assert!(kept.begins_with(3, digest(3)).unwrap());
        assert!(kept.begins_with(5, digest(5)).unwrap());
        assert!(!kept.begins_with(6, digest(6)).unwrap());
        assert!(!kept.begins_with(5, digest(4)).unwrap());
        // The chain may go back to an earlier state of what this node sees of it.
        assert!(kept.begins_with(2, digest(2)).unwrap());
        log.0.lock().unwrap()[3].question.push(' ');
        assert!(kept.begins_with(3, digest(3)).unwrap());
        assert!(!kept.begins_with(5, digest(5)).unwrap());
        log.0.lock().unwrap().remove(3);
        assert!(!kept.begins_with(5, digest(5)).unwrap());
    }
}
