//! What the parties of an invoice have, and what becomes of it.

use frame_system::AccountInfo;
use pallet_balances::AccountData;
use pallet_insurance::{
    computation::{Accumulators, Encounter, Split, Year},
    types::Coverage,
    Accumulated, Coverages, Event as InsuranceEvent,
};
use pallet_payments::states::Tally;
use xinglin_primitives::{
    glue::{HospitalLevel, Setting, WHOLE_BP},
    AccountId, Balance, CoverageId, SettlementId,
};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    client::{Client, Outcome},
    operation::told,
};
use xinglin_tests::parties::FUND_SHARE_BP;

use super::{drafts::PRICE_FEN, network::stored, wallet, HOSPITAL, INSURER, PATIENTS};

/// What the parties of a patient's invoices have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// The patient's balance.
    pub patient_fen: Balance,
    /// The hospital's.
    pub hospital_fen: Balance,
    /// The insurer's, without what it holds for personal accounts.
    pub fund_fen: Balance,
    /// What it holds for them.
    pub held_fen: Balance,
    /// What of that is in the patient's account.
    pub account_fen: Balance,
    /// What the year has seen of her coverage.
    pub year: Accumulators,
}

impl Books {
    /// What a node tells of the patient 0 or 1, whose coverage has the same number.
    pub async fn read(client: &Client, patient: usize, year: Year) -> Self {
        let own = money(client, PATIENTS[patient]).await;
        let hospital = money(client, HOSPITAL).await;
        let insurer = money(client, INSURER).await;
        let id = CoverageId(patient as u64);
        let key = Coverages::<Runtime>::hashed_key_for(id);
        let coverage: Option<Coverage<AccountId>> = stored(client, &key).await;
        let key = Accumulated::<Runtime>::hashed_key_for(id, year);
        let sums: Option<Accumulators> = stored(client, &key).await;
        Self {
            patient_fen: own.free,
            hospital_fen: hospital.free,
            fund_fen: insurer.free,
            held_fen: insurer.reserved,
            account_fen: coverage.unwrap().account_fen(),
            year: sums.unwrap_or_default(),
        }
    }

    /// After the patient's balance has paid so much.
    pub fn paid(self, fen: Balance) -> Self {
        Self {
            patient_fen: self.patient_fen - fen,
            hospital_fen: self.hospital_fen + fen,
            ..self
        }
    }

    /// After so much has come back to it.
    pub fn refunded(self, fen: Balance) -> Self {
        Self {
            patient_fen: self.patient_fen + fen,
            hospital_fen: self.hospital_fen - fen,
            ..self
        }
    }

    /// After a settlement of which so much goes to the patient, who had paid it, and the rest to the
    /// hospital.
    pub fn settled(self, split: &Split, to_patient_fen: Balance) -> Self {
        let encounter = Encounter {
            setting: Setting::Outpatient,
            level: Some(HospitalLevel::Three),
            visit: None,
        };
        let mut year = self.year;
        year.add(&encounter, split).unwrap();
        let covered_fen = split.fund_fen() + split.account_fen;
        Self {
            patient_fen: self.patient_fen + to_patient_fen,
            hospital_fen: self.hospital_fen + covered_fen - to_patient_fen,
            fund_fen: self.fund_fen - split.fund_fen(),
            held_fen: self.held_fen - split.account_fen,
            account_fen: self.account_fen - split.account_fen,
            year,
        }
    }
}

async fn money(client: &Client, path: &str) -> AccountData<Balance> {
    let key = frame_system::Account::<Runtime>::hashed_key_for(wallet(path).account());
    let found: Option<AccountInfo<u32, AccountData<Balance>>> = stored(client, &key).await;
    found.unwrap().data
}

/// How the scheme splits a charge, with so much from the personal account.
pub fn split(total_fen: Balance, account_fen: Balance) -> Split {
    let pool_fen = total_fen * Balance::from(FUND_SHARE_BP) / Balance::from(WHOLE_BP);
    Split {
        total_fen,
        eligible_fen: total_fen,
        pool_fen,
        account_fen,
        cash_fen: total_fen - pool_fen - account_fen,
        starts_admission: true,
        ..Split::default()
    }
}

/// The amounts on an invoice over the usual price that is not settled.
pub fn paid(paid_fen: Balance) -> Tally {
    Tally {
        paid_fen,
        ..Tally::new(PRICE_FEN)
    }
}

/// The same, settled by a transaction.
pub fn covered(by: &Outcome, paid_fen: Balance, covered_fen: Balance) -> Tally {
    Tally {
        covered_fen,
        settlement: Some(settlement_of(by)),
        ..paid(paid_fen)
    }
}

/// The settlement that a transaction made.
pub fn settlement_of(outcome: &Outcome) -> SettlementId {
    let found = told(outcome, "Settled", |event| match event {
        RuntimeEvent::Insurance(InsuranceEvent::Settled { settlement, .. }) => Some(*settlement),
        _ => None,
    });
    found.unwrap()
}
