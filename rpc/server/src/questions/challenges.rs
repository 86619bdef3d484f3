//! Challenges: each signed question answers one, so that no question can be asked again by who has
//! seen it.
//!
//! A challenge is authenticated by a key that this process alone has, so that giving one out takes
//! no memory. Only those that were used are remembered, until they expire; to use one takes a valid
//! signature. Keys cost nothing, and some questions are for anybody: so each account that the chain
//! knows has a share of that memory, and all others have one together, which leaves the rest to
//! those.

use std::collections::{btree_map::Entry, BTreeMap};

use blake2::{
    digest::{consts::U32, Mac},
    Blake2bMac,
};
use parking_lot::Mutex;
use rand::RngCore;
use xinglin_primitives::AccountId;

/// How long a challenge is good, in milliseconds.
pub(crate) const CHALLENGE_LIFETIME_MS: u64 = 60_000;
/// Most used challenges that are remembered at a time: 64 shares, more than a member with its service
/// accounts or a patient with her delegates has. Each takes some 100 bytes, so that all take 25 MiB.
const USED_MAX: usize = 262_144;
/// Most of them in one share.
const SHARE_MAX: usize = 4_096;
/// Expiry, random bytes, tag.
const CHALLENGE_BYTES: usize = 8 + 16 + 32;

type Tag = Blake2bMac<U32>;

/// Why a challenge is not good, or not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadChallenge {
    /// Not given by this node, to this account, since its start.
    #[error("this node gave no such challenge to the account")]
    Unknown,
    /// Too old.
    #[error("the challenge has expired")]
    Expired,
    /// A question was asked with it.
    #[error("the challenge was used")]
    Used,
    /// The share of the account is taken.
    #[error("the account has asked {SHARE_MAX} questions within a minute, as many as one may")]
    AccountQuota,
    /// The share of those whom the chain does not know is taken.
    #[error(
        "accounts that the chain does not know have asked {SHARE_MAX} questions within a minute, as \
         many as all of them together may"
    )]
    StrangersQuota,
    /// More questions in a minute than the node keeps count of.
    #[error(
        "the node was asked {USED_MAX} questions within a minute, as many as it keeps count of"
    )]
    Full,
}

/// In whose share of the memory a used challenge is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// Of an account that the chain knows.
    Of(AccountId),
    /// Of all others.
    Strangers,
}

/// The challenges of this process.
pub(crate) struct Challenges {
    key: [u8; 64],
    used: Mutex<Used>,
}

/// The challenges that were used and have not expired.
#[derive(Default)]
struct Used {
    /// By expiry and random bytes, so that the oldest come first.
    shares: BTreeMap<(u64, [u8; 16]), Share>,
    /// How many each share has, if any.
    counts: BTreeMap<Share, usize>,
    /// Until when they are forgotten.
    forgotten_ms: u64,
}

impl Challenges {
    /// Under a fresh key.
    pub(crate) fn new() -> Self {
        let mut key = [0; 64];
        rand::rngs::OsRng.fill_bytes(&mut key);
        Self {
            key,
            used: Mutex::default(),
        }
    }

    /// A challenge for an account, and when it expires.
    pub(crate) fn issue(&self, account: &AccountId, now_ms: u64) -> (Vec<u8>, u64) {
        let expires_ms = now_ms.saturating_add(CHALLENGE_LIFETIME_MS);
        let mut nonce = [0; 16];
        rand::rngs::OsRng.fill_bytes(&mut nonce);
        let mut challenge = Vec::with_capacity(CHALLENGE_BYTES);
        challenge.extend(expires_ms.to_be_bytes());
        challenge.extend(nonce);
        challenge.extend(
            self.tag(account, expires_ms, &nonce)
                .finalize()
                .into_bytes(),
        );
        (challenge, expires_ms)
    }

    /// Whether a challenge is one of this node for the account and has not expired. It can still
    /// have been used.
    pub(crate) fn check(
        &self,
        account: &AccountId,
        challenge: &[u8],
        now_ms: u64,
    ) -> Result<(), BadChallenge> {
        let (expires_ms, nonce, tag) = split(challenge).ok_or(BadChallenge::Unknown)?;
        let expected = self.tag(account, expires_ms, &nonce);
        // In constant time.
        expected
            .verify_slice(tag)
            .map_err(|_| BadChallenge::Unknown)?;
        (now_ms < expires_ms)
            .then_some(())
            .ok_or(BadChallenge::Expired)
    }

    /// Uses up a challenge that was checked, if the share has room.
    pub(crate) fn redeem(
        &self,
        challenge: &[u8],
        share: Share,
        now_ms: u64,
    ) -> Result<(), BadChallenge> {
        let (expires_ms, nonce, _) = split(challenge).ok_or(BadChallenge::Unknown)?;
        let mut used = self.used.lock();
        used.forget(now_ms);
        used.take((expires_ms, nonce), share)
    }

    fn tag(&self, account: &AccountId, expires_ms: u64, nonce: &[u8; 16]) -> Tag {
        let account: &[u8; 32] = account.as_ref();

        let mut tag = Tag::new((&self.key).into());
        tag.update(account);
        tag.update(&expires_ms.to_be_bytes());
        tag.update(nonce);
        tag
    }
}

impl Used {
    /// Forgets those that have expired.
    fn forget(&mut self, now_ms: u64) {
        self.forgotten_ms = self.forgotten_ms.max(now_ms);
        while let Some(oldest) = self.shares.first_entry() {
            if oldest.key().0 > self.forgotten_ms {
                break;
            }
            if let Entry::Occupied(mut count) = self.counts.entry(oldest.remove()) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }

    fn take(&mut self, challenge: (u64, [u8; 16]), share: Share) -> Result<(), BadChallenge> {
        // It may have been used and forgotten since it was checked.
        if challenge.0 <= self.forgotten_ms {
            return Err(BadChallenge::Expired);
        }
        if self.shares.contains_key(&challenge) {
            return Err(BadChallenge::Used);
        }
        let count = self.counts.get(&share).copied().unwrap_or_default();
        if count >= SHARE_MAX {
            return Err(match share {
                Share::Of(_) => BadChallenge::AccountQuota,
                Share::Strangers => BadChallenge::StrangersQuota,
            });
        }
        if self.shares.len() >= USED_MAX {
            return Err(BadChallenge::Full);
        }
        self.counts.insert(share.clone(), count + 1);
        self.shares.insert(challenge, share);
        Ok(())
    }
}

fn split(challenge: &[u8]) -> Option<(u64, [u8; 16], &[u8])> {
    let (expires, rest) = challenge.split_first_chunk::<8>()?;
    let (nonce, tag) = rest.split_first_chunk::<16>()?;
    Some((u64::from_be_bytes(*expires), *nonce, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn account(byte: u8) -> AccountId {
        AccountId::new([byte; 32])
    }

    fn share(byte: u8) -> Share {
        Share::Of(account(byte))
    }

    /// A challenge as if it was checked, different for each number.
    fn numbered(number: usize, expires_ms: u64) -> Vec<u8> {
        let nonce = (number as u128).to_be_bytes();
        [&expires_ms.to_be_bytes()[..], &nonce[..]].concat()
    }

    /// Takes all of a share.
    fn fill(challenges: &Challenges, share: &Share, first: usize) {
        for number in first..first + SHARE_MAX {
            let challenge = numbered(number, NOW + 1);
            assert_eq!(challenges.redeem(&challenge, share.clone(), NOW), Ok(()));
        }
    }

    #[test]
    fn is_good_once_for_its_account_until_it_expires() {
        let challenges = Challenges::new();
        let (challenge, expires) = challenges.issue(&account(1), NOW);
        assert_eq!(expires, NOW + CHALLENGE_LIFETIME_MS);
        assert_eq!(challenges.check(&account(1), &challenge, NOW), Ok(()));
        assert_eq!(
            challenges.check(&account(2), &challenge, NOW),
            Err(BadChallenge::Unknown)
        );
        assert_eq!(
            challenges.check(&account(1), &challenge, expires),
            Err(BadChallenge::Expired)
        );
        assert_eq!(challenges.redeem(&challenge, share(1), NOW), Ok(()));
        // Whatever becomes of the account meanwhile.
        for share in [share(1), Share::Strangers] {
            let again = challenges.redeem(&challenge, share, expires - 1);
            assert_eq!(again, Err(BadChallenge::Used));
        }
    }

    #[test]
    fn no_byte_of_it_can_change() {
        let challenges = Challenges::new();
        let (challenge, _) = challenges.issue(&account(1), NOW);
        for at in 0..challenge.len() {
            let mut other = challenge.clone();
            other[at] ^= 1;
            assert!(
                challenges.check(&account(1), &other, NOW).is_err(),
                "byte {at}"
            );
        }
        for bytes in [&challenge[..challenge.len() - 1], &[], &[0; 300]] {
            assert_eq!(
                challenges.check(&account(1), bytes, NOW),
                Err(BadChallenge::Unknown)
            );
        }
        let elsewhere = Challenges::new();
        assert_eq!(
            elsewhere.check(&account(1), &challenge, NOW),
            Err(BadChallenge::Unknown)
        );
    }

    #[test]
    fn those_that_expired_are_forgotten() {
        let challenges = Challenges::new();
        let (first, expires) = challenges.issue(&account(1), NOW);
        challenges.redeem(&first, share(1), NOW).unwrap();
        let (second, _) = challenges.issue(&account(2), expires);
        challenges.redeem(&second, share(2), expires).unwrap();
        // Even if who asks with it again was checked before.
        let again = challenges.redeem(&first, share(1), NOW);
        assert_eq!(again, Err(BadChallenge::Expired));
        let used = challenges.used.lock();
        assert_eq!(used.shares.len(), 1);
        assert_eq!(used.counts, BTreeMap::from([(share(2), 1)]));
    }

    #[test]
    fn a_share_that_is_taken_leaves_the_others() {
        let (next, of_another) = (numbered(SHARE_MAX, NOW + 2), numbered(0, NOW + 3));
        for (full, problem) in [
            (share(1), BadChallenge::AccountQuota),
            (Share::Strangers, BadChallenge::StrangersQuota),
        ] {
            let challenges = Challenges::new();
            fill(&challenges, &full, 0);
            let refused = challenges.redeem(&next, full.clone(), NOW);
            assert_eq!(refused, Err(problem));
            let used = challenges.redeem(&numbered(0, NOW + 1), full.clone(), NOW);
            assert_eq!(used, Err(BadChallenge::Used));
            assert_eq!(challenges.redeem(&of_another, share(2), NOW), Ok(()));
            // The refusal has not used it up.
            assert_eq!(challenges.redeem(&next, full, NOW + 1), Ok(()));
        }
    }

    #[test]
    fn more_than_can_be_remembered_is_refused() {
        let challenges = Challenges::new();
        for number in 0..USED_MAX / SHARE_MAX {
            fill(&challenges, &share(number as u8), number * SHARE_MAX);
        }
        let next = numbered(USED_MAX, NOW + 2);
        let refused = challenges.redeem(&next, share(255), NOW);
        assert_eq!(refused, Err(BadChallenge::Full));
        let used = challenges.redeem(&numbered(0, NOW + 1), share(0), NOW);
        assert_eq!(used, Err(BadChallenge::Used));
        assert_eq!(challenges.redeem(&next, share(255), NOW + 1), Ok(()));
        assert_eq!(challenges.used.lock().shares.len(), 1);
    }
}
