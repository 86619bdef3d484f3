//! How fast a pre-settlement is answered, on a node that has nothing else to do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use codec::Encode;
use xinglin_primitives::CaseId;
use xinglin_rpc_api::questions::PreSettle;
use xinglin_sdk::keys::{KeyPair, Scheme};
use xinglin_tests::{cluster::Cluster, parties::crowd_secret};

use super::{ids::Ids, Clinic, Deed};

/// What waiting for pre-settlements took.
#[derive(Default)]
pub struct PreSettlements {
    /// The runtime's answer over RPC: what the chain's rules cost.
    pub answers: Vec<Duration>,
    /// A patient's whole question: challenge, signature, answer.
    pub questions: Vec<Duration>,
}

impl Clinic {
    /// Asks one node what settling the invoices of the prologue would bring, at most `count` of them,
    /// one after the other. Each is asked twice: as a function of the runtime, and by its patient.
    pub(super) async fn pre_settle(
        &self,
        cluster: &Cluster,
        ids: &Ids,
        count: usize,
    ) -> Result<PreSettlements> {
        let node = cluster.nodes.first().context("a cluster without nodes")?;
        let client = node.client().await?;
        let tip = client.tip().await?;
        let settled = self.measured.iter().filter_map(|step| match step.deed {
            Deed::Settle(number) => Some(number),
            _ => None,
        });
        let mut taken = PreSettlements::default();
        for number in settled.take(count) {
            let patient = self.patient(number);
            let invoice = ids.invoice(self.crowd.patient_id(patient))?;
            let coverage = self.crowd.coverage_id(patient);
            let key = KeyPair::from_secret(Scheme::Sr25519, &crowd_secret(patient))?;
            let for_no_case = None::<CaseId>;
            let arguments = (key.account(), for_no_case, invoice, coverage, 0_u128).encode();

            let asked = Instant::now();
            let function = "InsuranceApi_pre_settle";
            let answer: Result<pallet_insurance::reads::PreSettlement, sp_runtime::DispatchError> =
                client.runtime_call(function, &arguments, tip).await?;
            taken.answers.push(asked.elapsed());
            let expected = answer.map_err(|error| anyhow::anyhow!("{error:?}"))?;

            let question = PreSettle {
                invoice,
                coverage,
                account_max_fen: 0,
            };
            let asked = Instant::now();
            let answer = client.ask(&key, &question).await?;
            taken.questions.push(asked.elapsed());
            anyhow::ensure!(answer == Ok(expected), "the question is answered otherwise");
        }
        Ok(taken)
    }
}
