//! Challenges: each signed question answers one, so that no question can be asked again by who has
//! seen it.
//!
//! A challenge is authenticated by a key that this process alone has, so that giving one out takes
//! no memory. Only those that were used are remembered, until they expire; to use one takes a valid
//! signature.

use std::collections::BTreeSet;

use blake2::{
    digest::{consts::U32, Mac},
    Blake2bMac,
};
use parking_lot::Mutex;
use rand::RngCore;
use xinglin_primitives::AccountId;

/// How long a challenge is good, in milliseconds.
pub(crate) const CHALLENGE_LIFETIME_MS: u64 = 60_000;
/// Most used challenges that are remembered at a time.
const USED_MAX: usize = 65_536;
/// Expiry, random bytes, tag.
const CHALLENGE_BYTES: usize = 8 + 16 + 32;

type Tag = Blake2bMac<U32>;

/// Why a challenge is not good.
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
    /// More questions in a minute than the node keeps count of.
    #[error("the node has answered too many questions in the last minute")]
    Busy,
}

/// The challenges of this process.
pub(crate) struct Challenges {
    key: [u8; 64],
    /// Expiry and random bytes of those that were used and have not expired, oldest first.
    used: Mutex<BTreeSet<(u64, [u8; 16])>>,
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

    /// Uses up a challenge that was checked.
    pub(crate) fn redeem(&self, challenge: &[u8], now_ms: u64) -> Result<(), BadChallenge> {
        let (expires_ms, nonce, _) = split(challenge).ok_or(BadChallenge::Unknown)?;
        let mut used = self.used.lock();
        // Those that expire at `now_ms` are refused as expired.
        *used = used.split_off(&(now_ms, [0; 16]));
        if used.len() >= USED_MAX {
            return Err(BadChallenge::Busy);
        }
        let is_new = used.insert((expires_ms, nonce));
        is_new.then_some(()).ok_or(BadChallenge::Used)
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
        assert_eq!(challenges.redeem(&challenge, NOW), Ok(()));
        assert_eq!(
            challenges.redeem(&challenge, expires - 1),
            Err(BadChallenge::Used)
        );
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
        challenges.redeem(&first, NOW).unwrap();
        let (second, _) = challenges.issue(&account(1), expires);
        challenges.redeem(&second, expires + 1).unwrap();
        assert_eq!(challenges.used.lock().len(), 1);
    }
}
