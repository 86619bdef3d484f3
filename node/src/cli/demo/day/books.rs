//! The books: money in is money out, for the whole chain and for each party of the day, and the
//! accumulators are the sums of the settlements.

use std::collections::BTreeMap;

use anyhow::{ensure, Context, Result};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_insurance::{
    computation::{Accumulators, Year},
    types::{Coverage, Settlement, SettlementState},
};
use pallet_payments::types::Invoice;
use xinglin_primitives::{AccountId, Balance, CoverageId, InvoiceId};
use xinglin_rpc_api::questions::Coverages;
use xinglin_runtime::Runtime;
use xinglin_sdk::client::Client;

use super::cast::{Cast, Patient};

/// Keys in one page.
const PAGE: u32 = 1_000;

type Account = frame_system::AccountInfo<u32, pallet_balances::AccountData<Balance>>;

/// All money of the chain.
pub struct Money {
    /// What was ever issued and not redeemed.
    pub issued_fen: Balance,
    /// What all accounts have together, held money included.
    pub held_fen: Balance,
    /// Number of accounts.
    pub accounts: usize,
}

impl Money {
    /// Counts the money in all accounts after the last block.
    pub async fn count(client: &Client) -> Result<Self> {
        let at = client.tip().await?;
        let issued = pallet_balances::TotalIssuance::<Runtime>::hashed_key();
        let issued_fen = client.storage(&issued, at).await?.unwrap_or_default();
        let prefix = hex(&storage_prefix(b"System", b"Account"));
        let (mut held_fen, mut accounts) = (0, 0);
        let mut after: Option<String> = None;
        loop {
            let params = rpc_params![&prefix, PAGE, &after, at];
            let keys: Vec<String> = client.request("state_getKeysPaged", params).await?;
            for key in &keys {
                let key = ::hex::decode(key.trim_start_matches("0x"))?;
                let account: Account = client.storage(&key, at).await?.context("an account")?;
                held_fen += account.data.free + account.data.reserved;
                accounts += 1;
            }
            match keys.last() {
                Some(last) => after = Some(last.clone()),
                None => break,
            }
        }
        Ok(Self {
            issued_fen,
            held_fen,
            accounts,
        })
    }

    /// Fails unless every fen that was issued is in an account.
    pub fn balance(&self) -> Result<()> {
        ensure!(
            self.issued_fen == self.held_fen,
            "{} fen were issued, but the accounts have {}",
            self.issued_fen,
            self.held_fen
        );
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

/// What an account has, held money included.
async fn purse(client: &Client, account: &AccountId) -> Result<Balance> {
    let key = frame_system::Account::<Runtime>::hashed_key_for(account);
    let found: Option<Account> = client.storage(&key, client.tip().await?).await?;
    Ok(found.map_or(0, |account| account.data.free + account.data.reserved))
}

/// What the hospital and the insurer have at some time.
pub struct Purses {
    hospital_fen: Balance,
    insurer_fen: Balance,
}

impl Purses {
    /// Looks into them.
    pub async fn of(client: &Client, cast: &Cast) -> Result<Self> {
        Ok(Self {
            hospital_fen: purse(client, &cast.hospital.wallet.account()).await?,
            insurer_fen: purse(client, &cast.insurer.wallet.account()).await?,
        })
    }
}

/// What came to one party and left it.
pub struct Flow {
    /// Who it is.
    pub name: String,
    /// What it had before the first invoice.
    pub before_fen: Balance,
    /// What it then got by invoices and settlements.
    pub in_fen: Balance,
    /// What it then paid.
    pub out_fen: Balance,
    /// What it has.
    pub after_fen: Balance,
}

impl Flow {
    fn check(self) -> Result<Self> {
        ensure!(
            self.before_fen + self.in_fen == self.after_fen + self.out_fen,
            "{} had {} fen, got {} and paid {}, but has {}",
            self.name,
            self.before_fen,
            self.in_fen,
            self.out_fen,
            self.after_fen
        );
        Ok(self)
    }
}

/// What invoices and settlements moved for one patient, in fen.
#[derive(Clone, Copy, Default)]
struct Moved {
    /// From her to the hospital.
    paid_fen: Balance,
    /// From fund and personal account to the hospital.
    covered_fen: Balance,
    /// From fund and personal account to her, who had paid before.
    reimbursed_fen: Balance,
}

/// What each party has, compared with what invoices and settlements say that it got and paid. Nobody
/// pays anything else from `before` on.
pub async fn compare_purses(client: &Client, cast: &Cast, before: &Purses) -> Result<Vec<Flow>> {
    let (mut flows, mut all) = (Vec::new(), Moved::default());
    for patient in &cast.patients {
        let moved = moved(client, patient).await?;
        all.paid_fen += moved.paid_fen;
        all.covered_fen += moved.covered_fen;
        all.reimbursed_fen += moved.reimbursed_fen;
        let flow = Flow {
            name: patient.actor.name.clone(),
            before_fen: patient.money_fen,
            in_fen: moved.reimbursed_fen,
            out_fen: moved.paid_fen,
            after_fen: purse(client, &patient.actor.wallet.account()).await?,
        };
        flows.push(flow.check()?);
    }
    let after = Purses::of(client, cast).await?;
    let hospital = Flow {
        name: cast.hospital.name.clone(),
        before_fen: before.hospital_fen,
        in_fen: all.paid_fen + all.covered_fen,
        out_fen: 0,
        after_fen: after.hospital_fen,
    };
    let insurer = Flow {
        name: cast.insurer.name.clone(),
        before_fen: before.insurer_fen,
        in_fen: 0,
        out_fen: all.covered_fen + all.reimbursed_fen,
        after_fen: after.insurer_fen,
    };
    flows.extend([hospital.check()?, insurer.check()?]);
    Ok(flows)
}

/// Sums up a patient's invoices and live settlements, read one by one from the state.
async fn moved(client: &Client, patient: &Patient) -> Result<Moved> {
    let at = client.tip().await?;
    let mut moved = Moved::default();
    let key = pallet_payments::LatestOfPatient::<Runtime>::hashed_key_for(patient.id);
    let mut next: Option<InvoiceId> = client.storage(&key, at).await?;
    while let Some(id) = next {
        let key = pallet_payments::Invoices::<Runtime>::hashed_key_for(id);
        let invoice: Invoice = client.storage(&key, at).await?.context("an invoice")?;
        moved.paid_fen += invoice.tally.paid_fen;
        moved.covered_fen += invoice.tally.covered_fen;
        next = invoice.previous_of_patient;
    }
    for settlement in settlements(client, patient.coverage).await? {
        moved.reimbursed_fen += settlement.to_patient_fen();
    }
    Ok(moved)
}

/// Compares what the chain has accumulated of each coverage and year with the live settlements, added
/// up one by one. How many years were compared.
pub async fn compare_accumulators(client: &Client, cast: &Cast) -> Result<usize> {
    let mut compared = 0;
    for patient in &cast.patients {
        let mut sums: BTreeMap<Year, Accumulators> = BTreeMap::new();
        for settlement in settlements(client, patient.coverage).await? {
            let sum = sums.entry(settlement.service.1.year()).or_default();
            sum.add(&settlement.encounter, &settlement.split)?;
        }
        for (year, sum) in &sums {
            let question = Coverages {
                patient: patient.id,
                year: Some(*year),
                skip: 0,
                limit: 100,
            };
            let key = patient.actor.wallet.key();
            let views = client.ask(key, &question).await?;
            let view = views
                .iter()
                .find(|view| view.id == patient.coverage)
                .context("the patient does not see her coverage")?;
            let found = &view.accumulators;
            ensure!(
                found == sum,
                "{}, {year}: the chain accumulated {found:?}, the settlements make {sum:?}",
                patient.actor.name
            );
            compared += 1;
        }
    }
    Ok(compared)
}

/// The live settlements of a coverage, oldest first, read one by one from the state.
async fn settlements(client: &Client, coverage: CoverageId) -> Result<Vec<Settlement>> {
    let at = client.tip().await?;
    let key = pallet_insurance::Coverages::<Runtime>::hashed_key_for(coverage);
    let found: Coverage<AccountId> = client.storage(&key, at).await?.context("a coverage")?;
    let mut next = found.latest;
    let mut live = Vec::new();
    while let Some(id) = next {
        let key = pallet_insurance::Settlements::<Runtime>::hashed_key_for(id);
        let settlement: Settlement = client.storage(&key, at).await?.context("a settlement")?;
        next = settlement.previous;
        if settlement.state == SettlementState::Live {
            live.push(settlement);
        }
    }
    live.reverse();
    Ok(live)
}
