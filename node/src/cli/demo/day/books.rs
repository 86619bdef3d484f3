//! The books: money in is money out, and the accumulators are the sums of the settlements.

use std::collections::BTreeMap;

use anyhow::{ensure, Context, Result};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_insurance::{
    computation::{Accumulators, Split, Year},
    types::SettlementState,
};
use xinglin_primitives::{AccountId, Balance, CoverageId};
use xinglin_rpc_api::questions::Coverages;
use xinglin_runtime::Runtime;
use xinglin_sdk::client::Client;

use super::cast::Cast;

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

/// Compares what the chain has accumulated of each coverage and year with the sum of its live
/// settlements. How many years were compared.
pub async fn compare_accumulators(client: &Client, cast: &Cast) -> Result<usize> {
    let mut compared = 0;
    for patient in &cast.patients {
        let sums = sums(client, patient.coverage).await?;
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
            let found = Sum::of_accumulators(&view.accumulators);
            ensure!(
                found == *sum,
                "{}, {year}: the chain accumulated {found:?}, the settlements make {sum:?}",
                patient.actor.name
            );
            compared += 1;
        }
    }
    Ok(compared)
}

/// What accumulators and settlements have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    total_fen: Balance,
    flat_fen: Balance,
    second_fen: Balance,
    aid_fen: Balance,
    account_fen: Balance,
    cash_fen: Balance,
}

impl Sum {
    fn of_accumulators(year: &Accumulators) -> Self {
        Self {
            total_fen: year.total_fen,
            flat_fen: year.flat_fen,
            second_fen: year.second_fen,
            aid_fen: year.aid_fen,
            account_fen: year.account_fen,
            cash_fen: year.cash_fen,
        }
    }

    fn add(&mut self, split: &Split) {
        self.total_fen += split.total_fen;
        self.flat_fen += split.flat_fen;
        self.second_fen += split.second_fen;
        self.aid_fen += split.aid_fen;
        self.account_fen += split.account_fen;
        self.cash_fen += split.cash_fen;
    }
}

/// The live settlements of a coverage, by year, read one by one from the state.
async fn sums(client: &Client, coverage: CoverageId) -> Result<BTreeMap<Year, Sum>> {
    let at = client.tip().await?;
    let key = pallet_insurance::Coverages::<Runtime>::hashed_key_for(coverage);
    let found: pallet_insurance::types::Coverage<AccountId> =
        client.storage(&key, at).await?.context("a coverage")?;
    let mut next = found.latest;
    let mut sums: BTreeMap<Year, Sum> = BTreeMap::new();
    while let Some(id) = next {
        let key = pallet_insurance::Settlements::<Runtime>::hashed_key_for(id);
        let settlement: pallet_insurance::types::Settlement =
            client.storage(&key, at).await?.context("a settlement")?;
        if settlement.state == SettlementState::Live {
            let year = settlement.service.1.year();
            sums.entry(year).or_default().add(&settlement.split);
        }
        next = settlement.previous;
    }
    Ok(sums)
}
