//! What a settlement would bring, recomputed by who asks.
//!
//! The computation is the module by which the runtime settles, [`pallet_insurance::computation`], so
//! that a figure of a node that the rules do not give is found out. What goes in is asked of the same
//! node: an asker who does not trust it there either compares [`Inputs`] with that of another node.
//! Why the insurer would look first depends on other invoices, and is not recomputed.

use std::fmt;

use pallet_insurance::{
    computation::{Case, ComputationError, Encounter, Split},
    reads::{CoverageView, PreSettlement},
    review::Flags,
    types::COVERAGES_MAX,
};
use pallet_payments::reads::Document;
use xinglin_primitives::{
    glue::{Bill, HospitalLevel},
    time::Date,
    AccountId, Balance, CoverageId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::apis::SchemeInForce;

use super::SettlementOrder;
use crate::{
    client::{describe_error, Client},
    keys::KeyPair,
    operation::OperationError,
    parties::{member, unknown},
};

/// How often is asked before figures that differ are an error: between the questions, a settlement
/// or payment may change what they are about.
const ASKED_MAX: u32 = 3;

/// Why a node's split is not what the rules give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitProblem {
    /// The coverage that the node tells does not cover the last service day.
    #[error("coverage {coverage}, as the node tells it, covers nobody on {day}, and yet it tells a split: ask another node")]
    NotCovered {
        /// The coverage.
        coverage: CoverageId,
        /// The last service day.
        day: Date,
    },
    /// There is no split of such lines.
    #[error(transparent)]
    NoSplit(#[from] ComputationError),
    /// The node's figures are others.
    #[error("the node's split is not what the rules give: {}; ask another node before you settle, and tell the regulator", list(.0))]
    Differs(Vec<Difference>),
}

/// A figure that the node tells otherwise than the rules give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which, by its name in the answer.
    pub part: &'static str,
    /// What the node tells.
    pub told: String,
    /// What was computed.
    pub computed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            part,
            told,
            computed,
        } = self;
        write!(
            f,
            "{part} is {told} by the node and {computed} by the rules"
        )
    }
}

fn list(differences: &[Difference]) -> String {
    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// All that decides a split, apart from how much of the personal account is allowed. The patient,
/// who pays for her and the insurer of the coverage may ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// What is charged and paid.
    pub bill: Bill,
    /// The level of the member that charges it.
    pub level: Option<HospitalLevel>,
    /// The coverage, with what the year of the last service day has seen of it.
    pub coverage: CoverageView<AccountId>,
    /// The rules in force on that day.
    pub scheme: SchemeInForce,
}

impl Inputs {
    /// Asks a node for it.
    pub async fn read(
        client: &Client,
        key: &KeyPair,
        order: &SettlementOrder,
    ) -> Result<Self, OperationError> {
        let invoice = order.invoice;
        let asked = client.ask(key, &ask::Invoice { invoice }).await?;
        let Some(Document::Blue(status, lines)) = asked else {
            return Err(unknown(format_args!("blue invoice {invoice}")));
        };
        let bill = status.invoice.bill(lines);
        let day = bill.service.1;
        let question = ask::Coverages {
            patient: bill.patient,
            year: Some(day.year()),
            skip: 0,
            limit: COVERAGES_MAX,
        };
        let mut coverages = client.ask(key, &question).await?.into_iter();
        let coverage = coverages.find(|it| it.id == order.coverage);
        let coverage = coverage
            .ok_or_else(|| unknown(format_args!("coverage {} of the patient", order.coverage)))?;
        let scheme = coverage.coverage.scheme;
        let question = ask::Scheme {
            scheme,
            date: Some(day),
        };
        let rules = client.ask(key, &question).await?;
        Ok(Self {
            level: member(client, bill.member).await?.level,
            scheme: rules
                .ok_or_else(|| unknown(format_args!("rules of scheme {scheme} on {day}")))?,
            bill,
            coverage,
        })
    }

    /// What a settlement would bring with up to `account_max_fen` of the personal account. Flags are
    /// left out.
    pub fn compute(&self, account_max_fen: Balance) -> Result<PreSettlement, SplitProblem> {
        let coverage = &self.coverage.coverage;
        let day = self.bill.service.1;
        let case = Case {
            parameters: &self.scheme.parameters,
            insured: coverage.insured_on(day).ok_or(SplitProblem::NotCovered {
                coverage: self.coverage.id,
                day,
            })?,
            encounter: Encounter::of(&self.bill, self.level),
            so_far: &self.coverage.accumulators,
        };
        let max_fen = account_max_fen.min(coverage.account_fen());
        let split = case.split(&self.bill, max_fen)?;
        let version = self.scheme.version;
        Ok(PreSettlement::new(
            &self.bill,
            split,
            version,
            Flags::default(),
        ))
    }

    /// Whether what a node tells is what the rules give, apart from the flags.
    pub fn check(
        &self,
        account_max_fen: Balance,
        told: &PreSettlement,
    ) -> Result<(), SplitProblem> {
        let computed = figures(&self.compute(account_max_fen)?);
        let pairs = figures(told).into_iter().zip(computed);
        let differing = pairs.filter(|(told, computed)| told != computed);
        let differences: Vec<Difference> = differing
            .map(|((part, told), (_, computed))| Difference {
                part,
                told,
                computed,
            })
            .collect();
        match differences.is_empty() {
            true => Ok(()),
            false => Err(SplitProblem::Differs(differences)),
        }
    }
}

/// The parts of a split by their names in answers, in fen.
pub fn amounts(split: &Split) -> [(&'static str, Balance); 12] {
    let Split {
        total_fen,
        own_fen,
        prepay_fen,
        flat_fen,
        eligible_fen,
        deductible_fen,
        pool_fen,
        second_base_fen,
        second_fen,
        aid_fen,
        account_fen,
        cash_fen,
        // It is no amount.
        starts_admission: _,
    } = *split;
    [
        ("total_fen", total_fen),
        ("own_fen", own_fen),
        ("prepay_fen", prepay_fen),
        ("flat_fen", flat_fen),
        ("eligible_fen", eligible_fen),
        ("deductible_fen", deductible_fen),
        ("pool_fen", pool_fen),
        ("second_base_fen", second_base_fen),
        ("second_fen", second_fen),
        ("aid_fen", aid_fen),
        ("account_fen", account_fen),
        ("cash_fen", cash_fen),
    ]
}

/// All that is compared, in the order in which it is told.
fn figures(it: &PreSettlement) -> Vec<(&'static str, String)> {
    let PreSettlement {
        split,
        version,
        to_member_fen,
        to_patient_fen,
        rest_fen,
        // They are not recomputed.
        flags: _,
    } = it;
    let amounts = amounts(split).into_iter();
    let mut figures: Vec<_> = amounts.map(|(part, fen)| (part, fen.to_string())).collect();
    figures.extend([
        ("starts_admission", split.starts_admission.to_string()),
        ("version", version.to_string()),
        ("to_member_fen", to_member_fen.to_string()),
        ("to_patient_fen", to_patient_fen.to_string()),
        ("rest_fen", rest_fen.to_string()),
    ]);
    figures
}

/// What a settlement would bring now, recomputed. Fails if the chain would refuse the settlement, or
/// the node's figures are not what the rules give. It is for those who may ask for its [`Inputs`];
/// others, who may not see the coverage, ask the question `PreSettle` alone.
pub async fn pre_settle(
    client: &Client,
    key: &KeyPair,
    order: SettlementOrder,
) -> Result<PreSettlement, OperationError> {
    for _ in 1..ASKED_MAX {
        match ask_and_check(client, key, &order).await {
            Err(OperationError::Split(_)) => {}
            result => return result,
        }
    }
    ask_and_check(client, key, &order).await
}

async fn ask_and_check(
    client: &Client,
    key: &KeyPair,
    order: &SettlementOrder,
) -> Result<PreSettlement, OperationError> {
    // No account has more.
    let account_max_fen = u64::try_from(order.account_max_fen).unwrap_or(u64::MAX);
    let question = ask::PreSettle {
        invoice: order.invoice,
        coverage: order.coverage,
        account_max_fen,
    };
    let told = client.ask(key, &question).await?;
    let told = told.map_err(|error| OperationError::WouldRefuse {
        error: describe_error(&error),
    })?;
    let inputs = Inputs::read(client, key, order).await?;
    inputs.check(account_max_fen.into(), &told)?;
    Ok(told)
}

#[cfg(test)]
mod tests;
