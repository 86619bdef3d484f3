//! Validators and the rotation of proposers.

use std::fmt;

use arc_malachitebft_app::types::core::{self as engine, Round, VotingPower};
use xinglin_core::HeightValidator;
use xinglin_primitives::{
    consensus::{ConsensusKey, Validator as Member},
    AccountId,
};

use super::{round_number, Context, Height};

/// A validator's consensus key, as the engine's address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub ConsensusKey);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0 .0[..4] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl engine::Address for Address {}

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    address: Address,
    power: VotingPower,
    account: AccountId,
}

impl Validator {
    /// The account under which it proposes.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl engine::Validator<Context> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &ConsensusKey {
        &self.address.0
    }

    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

/// The validators of one height, sorted by key; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet(Vec<Validator>);

impl ValidatorSet {
    /// The set of a height, or `None` if it is empty.
    pub fn new(validators: &[HeightValidator]) -> Option<Self> {
        let mut set: Vec<_> = validators
            .iter()
            .map(|HeightValidator { validator, account }| {
                let Member { key, power, .. } = validator;
                Validator {
                    address: Address(*key),
                    power: u64::from(*power),
                    account: account.clone(),
                }
            })
            .collect();
        set.sort_by_key(|validator| validator.address);
        (!set.is_empty()).then_some(Self(set))
    }

    /// Who proposes: the validators take turns by height, and by round within a height.
    pub fn proposer(&self, height: Height, round: Round) -> &Validator {
        let turn = u64::from(height.0) + u64::from(round_number(round));
        let index = usize::try_from(turn % self.0.len() as u64).unwrap_or_default();
        &self.0[index]
    }

    /// The validator with this account, if it is in the set.
    pub fn by_account(&self, account: &AccountId) -> Option<&Validator> {
        self.0
            .iter()
            .find(|validator| validator.account == *account)
    }
}

impl engine::ValidatorSet<Context> for ValidatorSet {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.0.iter().map(|validator| validator.power).sum()
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.0
            .binary_search_by_key(address, |validator| validator.address)
            .ok()
            .and_then(|index| self.0.get(index))
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arc_malachitebft_app::types::core::ValidatorSet as _;
    use xinglin_primitives::MemberId;

    fn set(keys: &[u8]) -> ValidatorSet {
        let validators: Vec<_> = keys
            .iter()
            .map(|byte| HeightValidator {
                validator: Member {
                    member: MemberId(u32::from(*byte)),
                    key: ConsensusKey::from_raw([*byte; 32]),
                    power: 1,
                },
                account: AccountId::new([*byte; 32]),
            })
            .collect();
        ValidatorSet::new(&validators).unwrap()
    }

    #[test]
    fn everyone_takes_a_turn_by_height_and_by_round() {
        let set = set(&[3, 1, 2]);
        let turns: Vec<_> = (0..6)
            .map(|height| set.proposer(Height(height), Round::new(0)).account.clone())
            .collect();
        assert_eq!(turns[..3], turns[3..]);
        assert_ne!(turns[0], turns[1]);
        assert_ne!(turns[1], turns[2]);
        assert_eq!(
            set.proposer(Height(0), Round::new(1)),
            set.proposer(Height(1), Round::new(0))
        );
    }

    #[test]
    fn lookup_is_by_key() {
        let set = set(&[9, 4, 7]);
        for index in 0..3 {
            let validator = set.get_by_index(index).unwrap();
            assert_eq!(set.get_by_address(&validator.address), Some(validator));
            assert_eq!(set.by_account(&validator.account), Some(validator));
        }
        let stranger = Address(ConsensusKey::from_raw([5; 32]));
        assert_eq!(set.get_by_address(&stranger), None);
    }

    #[test]
    fn an_empty_set_is_no_set() {
        assert_eq!(ValidatorSet::new(&[]), None);
    }
}
