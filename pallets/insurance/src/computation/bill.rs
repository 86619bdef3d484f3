//! A bill as the computation takes it, and what a split of it brings.

use xinglin_primitives::{
    glue::{Bill, HospitalLevel},
    Balance,
};

use super::{Case, ComputationError, Encounter, Split};

impl Encounter {
    /// The treatment that a bill charges for, at a member of this level.
    pub fn of(bill: &Bill, level: Option<HospitalLevel>) -> Self {
        Self {
            setting: bill.setting,
            level,
            visit: bill.visit,
        }
    }
}

impl Case<'_> {
    /// Splits a bill with as much of the personal account as is needed, up to `account_max_fen`: of
    /// what the patient has paid herself, it gives back nothing, except when she has paid all of it
    /// and claims.
    pub fn split(&self, bill: &Bill, account_max_fen: Balance) -> Result<Split, ComputationError> {
        let split = self.compute(&bill.lines)?;
        if split.total_fen != bill.total_fen {
            return Err(ComputationError::OtherTotal);
        }
        let is_paid = bill.due_fen() == 0;
        let paid_fen = if is_paid { 0 } else { bill.paid_fen };
        let usable_fen = split.person_fen().saturating_sub(paid_fen);
        Ok(split.with_account(account_max_fen.min(usable_fen)))
    }
}

impl Split {
    /// What fund and account pay.
    pub fn covered_fen(&self) -> Balance {
        self.fund_fen().saturating_add(self.account_fen)
    }

    /// What of that goes to the member: as much as it is owed.
    pub fn to_member_fen(&self, bill: &Bill) -> Balance {
        self.covered_fen().min(bill.due_fen())
    }

    /// What of it goes to the patient, who has paid it: the rest.
    pub fn to_patient_fen(&self, bill: &Bill) -> Balance {
        self.covered_fen().saturating_sub(self.to_member_fen(bill))
    }

    /// What the patient still owes the member afterwards.
    pub fn rest_fen(&self, bill: &Bill) -> Balance {
        bill.due_fen().saturating_sub(self.to_member_fen(bill))
    }
}
