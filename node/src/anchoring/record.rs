//! The kept questions beside what the chain has of them.

use std::sync::Arc;

use anyhow::{ensure, Context, Result};
use codec::{Decode, Encode};
use pallet_audit::{types::Anchor, Anchors};
use pallet_members::Role;
use sp_runtime::generic::Era;
use xinglin_core::{AnchoringProblem, ChainStore, KeptQuestion, QuestionLog, StateQuery, Tip};
use xinglin_primitives::{
    questions::{digest_after, ANCHORED_MAX},
    AccountId, Hash, Nonce,
};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    keys::KeyPair,
    transaction::{sign, Signing},
};

use super::AnchoringPorts;

/// Questions that are read from the record at a time.
const READ_MAX: u32 = 1_000;
/// Blocks for which an anchor may wait in a pool.
const MORTAL_BLOCKS: u64 = 256;

/// The record of this node's questions.
pub(super) struct Record {
    key: KeyPair,
    log: Arc<dyn QuestionLog>,
    chain: Arc<dyn ChainStore>,
    state: Arc<dyn StateQuery>,
    genesis: Hash,
    /// A number of questions whose digest is the one on the chain, and that digest: kept ones do
    /// not change, so that they need not be hashed again.
    checked: (u64, Hash),
}

/// How far the record is anchored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Questions that are anchored.
    pub(super) anchored: u64,
    /// Questions that are kept.
    pub(super) kept: u64,
    /// Why no more can be anchored.
    pub(super) problem: Option<AnchoringProblem>,
}

impl Record {
    pub(super) fn new(key: KeyPair, ports: &AnchoringPorts) -> Self {
        Self {
            key,
            log: Arc::clone(&ports.log),
            chain: Arc::clone(&ports.chain),
            state: Arc::clone(&ports.state),
            genesis: ports.genesis,
            checked: (0, Hash::zero()),
        }
    }

    /// The account that anchors.
    pub(super) fn account(&self) -> AccountId {
        self.key.account()
    }

    /// How far the record is anchored, and whether it is the one that is.
    pub(super) fn standing(&mut self) -> Result<Standing> {
        let anchor = self.anchor()?;
        let anchored = anchor.as_ref().map_or(0, |anchor| anchor.count);
        let kept = self.log.question_count()?;
        let is_same = match &anchor {
            Some(anchor) => self.is_ours(anchor, kept)?,
            None => true,
        };
        let problem = match (is_same, self.is_members()?) {
            (false, _) => Some(AnchoringProblem::OtherRecord { anchored, kept }),
            (_, false) => Some(AnchoringProblem::NoMember(self.account())),
            (true, true) => None,
        };
        Ok(Standing {
            anchored,
            kept,
            problem,
        })
    }

    /// How many questions are anchored.
    pub(super) fn anchored(&self) -> Result<u64> {
        Ok(self.anchor()?.map_or(0, |anchor| anchor.count))
    }

    /// The transaction that anchors what comes next, and how many questions are anchored with it.
    pub(super) fn sign_next(
        &self,
        standing: &Standing,
        pooled: Option<Nonce>,
    ) -> Result<(u64, Vec<u8>)> {
        let first = standing.anchored;
        let waiting = standing.kept.saturating_sub(first);
        let count = u32::try_from(waiting).unwrap_or(u32::MAX).min(ANCHORED_MAX);
        let (mut from, mut until) = (u64::MAX, 0);
        let before = self.checked.1;
        ensure!(self.checked.0 == first, "the record has moved on");
        let digest = self.fold(first, count.into(), before, |question| {
            from = from.min(question.asked_at_ms);
            until = until.max(question.asked_at_ms);
        })?;
        let call = pallet_audit::Call::<Runtime>::anchor_questions {
            first,
            count,
            digest: digest.context("the record ends before its last question")?,
            from,
            until,
        };
        let next = first + u64::from(count);
        Ok((next, self.sign(call.into(), pooled)?))
    }

    fn sign(&self, call: RuntimeCall, pooled: Option<Nonce>) -> Result<Vec<u8>> {
        let tip = self.tip()?;
        let account = self.account().encode();
        let committed: Nonce = self.call("AccountNonceApi_account_nonce", &account)?;
        let signing = Signing {
            genesis: self.genesis,
            nonce: pooled.map_or(committed, |nonce| nonce.max(committed)),
            era: Era::mortal(MORTAL_BLOCKS, tip.number.into()),
            checkpoint: tip.hash,
        };
        Ok(sign(&self.key, call, &signing).bytes)
    }

    /// Whether the kept questions begin with those of an anchor.
    fn is_ours(&mut self, anchor: &Anchor, kept: u64) -> Result<bool> {
        if anchor.count > kept {
            return Ok(false);
        }
        let (checked, digest) = match self.checked {
            (checked, _) if checked > anchor.count => (0, Hash::zero()),
            checked => checked,
        };
        let digest = self.fold(checked, anchor.count - checked, digest, |_| ())?;
        if digest != Some(anchor.digest) {
            return Ok(false);
        }
        self.checked = (anchor.count, anchor.digest);
        Ok(true)
    }

    /// The digest after so many questions from `first` on; `None` if there are fewer.
    fn fold(
        &self,
        first: u64,
        count: u64,
        before: Hash,
        mut each: impl FnMut(&KeptQuestion),
    ) -> Result<Option<Hash>> {
        let (mut next, mut digest) = (first, before);
        let end = first + count;
        while next < end {
            let wanted = u32::try_from(end - next).unwrap_or(READ_MAX).min(READ_MAX);
            let questions = self.log.questions(next, wanted)?;
            if questions.is_empty() {
                return Ok(None);
            }
            questions.iter().for_each(&mut each);
            next += questions.len() as u64;
            digest = digest_after(digest, questions.iter().map(KeptQuestion::hash));
        }
        Ok(Some(digest))
    }

    fn anchor(&self) -> Result<Option<Anchor>> {
        let key = Anchors::<Runtime>::hashed_key_for(self.account());
        let stored = self.state.storage(self.tip()?.hash, &key)?;
        let anchor = stored.map(|bytes| Anchor::decode(&mut &bytes[..]));
        anchor.transpose().context("the anchor on the chain")
    }

    fn is_members(&self) -> Result<bool> {
        let account = self.account().encode();
        let role: Option<Role> = self.call("MembersApi_role_of", &account)?;
        let is_members = matches!(role, Some(Role::Main(_) | Role::Service(_)));
        Ok(is_members && self.call("MembersApi_is_admitted", &account)?)
    }

    fn call<T: Decode>(&self, function: &str, arguments: &[u8]) -> Result<T> {
        let output = self.state.call(self.tip()?.hash, function, arguments)?;
        T::decode(&mut &output[..]).with_context(|| format!("what {function} returns"))
    }

    fn tip(&self) -> Result<Tip> {
        self.chain.tip().context("the chain has no block")
    }
}
