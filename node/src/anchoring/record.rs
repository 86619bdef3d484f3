//! The kept questions beside what the chain has of them.

use std::sync::Arc;

use anyhow::{Context, Result};
use codec::{Decode, Encode};
use pallet_audit::{types::Anchor, Anchors};
use pallet_members::Role;
use sp_runtime::generic::Era;
use xinglin_core::{AnchoringProblem, ChainStore, StateQuery, Tip};
use xinglin_primitives::{AccountId, Hash, Nonce};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    keys::KeyPair,
    transaction::{sign, Signing},
};

use super::{
    kept::{Batch, Kept},
    AnchoringPorts,
};

/// Blocks for which an anchor may wait in a pool.
const MORTAL_BLOCKS: u64 = 256;

/// The record of this node's questions.
pub(super) struct Record {
    key: KeyPair,
    kept: Kept,
    chain: Arc<dyn ChainStore>,
    state: Arc<dyn StateQuery>,
    genesis: Hash,
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
            kept: Kept::new(Arc::clone(&ports.log)),
            chain: Arc::clone(&ports.chain),
            state: Arc::clone(&ports.state),
            genesis: ports.genesis,
        }
    }

    /// The account that anchors.
    pub(super) fn account(&self) -> AccountId {
        self.key.account()
    }

    /// How far the record is anchored, and whether it is the one that is.
    pub(super) fn standing(&mut self) -> Result<Standing> {
        let (anchored, digest) = match self.anchor()? {
            Some(anchor) => (anchor.count, anchor.digest),
            None => (0, Hash::zero()),
        };
        let kept = self.kept.count()?;
        let is_same = self.kept.begins_with(anchored, digest)?;
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
        let Batch {
            first,
            count,
            digest,
            from,
            until,
        } = self.kept.batch_after(standing.anchored)?;
        let call = pallet_audit::Call::<Runtime>::anchor_questions {
            first,
            count,
            digest,
            from,
            until,
        };
        Ok((first + u64::from(count), self.sign(call.into(), pooled)?))
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
