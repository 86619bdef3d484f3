//! Where the morning is played: nodes to talk to, what was done so far, receipts of it.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use codec::Decode;
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_runtime::{RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    client::{Client, Outcome},
    keys::{KeyPair, Scheme},
    receipt::{verify, TrustAnchor},
    wallet::Wallet,
};

use super::day::Actor;

/// How long a transaction may take to become final.
const FINALITY_TIMEOUT: Duration = Duration::from_secs(30);

/// Somebody of the morning.
pub struct Party {
    /// What the tables call them.
    pub name: String,
    /// Their key, which everybody knows.
    pub key: KeyPair,
}

impl Party {
    /// The development party at a path such as `//Alice//patient//1`.
    pub fn new(name: impl Into<String>, path: &str) -> Result<Self> {
        Ok(Self {
            name: name.into(),
            key: KeyPair::from_secret(Scheme::Sr25519, path)?,
        })
    }
}

/// What must come of a step.
#[derive(Clone, Copy)]
pub enum Expected {
    /// The call does what it says.
    Done,
    /// The chain refuses it with this error.
    Refused(&'static str),
}

/// One step that came out as it had to.
pub struct Step {
    /// Who did it.
    pub who: String,
    /// What.
    pub what: String,
    /// What came of it.
    pub outcome: String,
    /// The block that made it final.
    pub number: BlockNumber,
    /// From submitting to learning that it is final.
    pub took: Duration,
}

/// How many receipts were verified.
pub struct Verified {
    /// Receipts that hold.
    pub genuine: usize,
    /// Changed receipts that were refused.
    pub forged_refused: usize,
}

/// The nodes and what was done on them.
pub struct Stage {
    clients: Vec<Client>,
    anchor: TrustAnchor,
    steps: Vec<Step>,
    transactions: Vec<Hash>,
    /// Transactions that are no steps of their own.
    untold: Vec<Hash>,
}

impl Stage {
    /// Connects to all nodes, which must be of the anchor's chain.
    pub async fn connect(urls: &[String], anchor: TrustAnchor) -> Result<Self> {
        let mut clients = Vec::with_capacity(urls.len());
        for url in urls {
            clients.push(Client::connect_to_chain(url, anchor.genesis).await?);
        }
        ensure!(!clients.is_empty(), "there is no node to talk to");
        Ok(Self {
            clients,
            anchor,
            steps: Vec::new(),
            transactions: Vec::new(),
            untold: Vec::new(),
        })
    }

    /// The steps since the last call, with their numbers from 1.
    pub fn take_steps(&mut self) -> impl Iterator<Item = (usize, Step)> {
        let first = self.transactions.len() - self.steps.len() + 1;
        (first..).zip(std::mem::take(&mut self.steps))
    }

    /// The node that a party always talks to: its own transactions are in order there.
    fn node_of(&self, key: &KeyPair) -> &Client {
        let number = usize::from(key.public()[0]);
        &self.clients[number % self.clients.len()]
    }

    /// The node that the owner of a wallet talks to.
    pub fn client(&self, wallet: &Wallet) -> &Client {
        self.node_of(wallet.key())
    }

    /// Remembers transactions of which the receipts are to be verified, but no steps told, and waits
    /// until all nodes have their blocks: whoever acts next sees what was done.
    pub async fn keep(&mut self, outcomes: &[Outcome]) -> Result<()> {
        self.untold
            .extend(outcomes.iter().map(|outcome| outcome.hash));
        let Some(last) = outcomes.iter().map(|outcome| outcome.number).max() else {
            return Ok(());
        };
        for client in &self.clients {
            client.wait_for_height(last, FINALITY_TIMEOUT).await?;
        }
        Ok(())
    }

    /// Makes calls in a pipeline, all of which must succeed.
    pub async fn in_order(
        &mut self,
        actor: &Actor,
        calls: Vec<RuntimeCall>,
    ) -> Result<Vec<Outcome>> {
        let key = actor.wallet.key();
        let client = self.node_of(key);
        let outcomes = client
            .execute_in_order(key, calls, FINALITY_TIMEOUT, |_| ())
            .await
            .with_context(|| actor.name.clone())?;
        for outcome in &outcomes {
            if let Some(failure) = outcome.failure() {
                bail!(
                    "{}: a call must succeed and fails with {failure}",
                    actor.name
                );
            }
        }
        self.keep(&outcomes).await?;
        Ok(outcomes)
    }

    /// Makes one call, which must succeed.
    pub async fn act_as(&mut self, actor: &Actor, call: RuntimeCall) -> Result<Outcome> {
        let mut outcomes = self.in_order(actor, vec![call]).await?;
        outcomes.pop().context("one call has one outcome")
    }

    /// Height of the last block.
    pub async fn height(&self) -> Result<BlockNumber> {
        let client = &self.clients[0];
        Ok(client.header(client.tip().await?).await?.number)
    }

    /// A value of the state after the last block.
    pub async fn read<V: Decode>(&self, key: &[u8]) -> Result<Option<V>> {
        let client = &self.clients[0];
        Ok(client.storage(key, client.tip().await?).await?)
    }

    /// Does one step and checks what comes of it.
    pub async fn act(
        &mut self,
        party: &Party,
        what: impl Into<String>,
        call: impl Into<RuntimeCall>,
        expected: Expected,
    ) -> Result<Vec<RuntimeEvent>> {
        let what = what.into();
        let (outcome, took) = self
            .execute(party, call.into())
            .await
            .with_context(|| format!("{}: {what}", party.name))?;
        self.note(party, what, outcome, took, expected)
    }

    /// Does steps of different parties at the same time.
    pub async fn act_together(
        &mut self,
        acts: Vec<(&Party, String, RuntimeCall)>,
    ) -> Result<Vec<Vec<RuntimeEvent>>> {
        let stage = &*self;
        let work = acts.iter().map(|(party, what, call)| async move {
            stage
                .execute(party, call.clone())
                .await
                .with_context(|| format!("{}: {what}", party.name))
        });
        let outcomes = futures::future::try_join_all(work).await?;
        acts.into_iter()
            .zip(outcomes)
            .map(|((party, what, _), (outcome, took))| {
                self.note(party, what, outcome, took, Expected::Done)
            })
            .collect()
    }

    async fn execute(&self, party: &Party, call: RuntimeCall) -> Result<(Outcome, Duration)> {
        let client = self.node_of(&party.key);
        let transaction = client.sign(&party.key, call).await?;
        let submitted = Instant::now();
        let outcome = client
            .submit_and_finalize(&transaction, FINALITY_TIMEOUT)
            .await?;
        Ok((outcome, submitted.elapsed()))
    }

    fn note(
        &mut self,
        party: &Party,
        what: String,
        outcome: Outcome,
        took: Duration,
        expected: Expected,
    ) -> Result<Vec<RuntimeEvent>> {
        let failure = outcome.failure();
        let word = match (expected, &failure) {
            (Expected::Done, None) => "done".to_owned(),
            (Expected::Refused(error), Some(found)) if found.contains(error) => {
                format!("refused: {error}")
            }
            (Expected::Done, Some(found)) => {
                bail!(
                    "{}: {what}: must succeed and fails with {found}",
                    party.name
                )
            }
            (Expected::Refused(error), _) => bail!(
                "{}: {what}: must be refused with {error} and {}",
                party.name,
                failure.map_or("succeeds".into(), |found| format!("fails with {found}"))
            ),
        };
        self.transactions.push(outcome.hash);
        self.steps.push(Step {
            who: party.name.clone(),
            what,
            outcome: word,
            number: outcome.number,
            took,
        });
        Ok(outcome.events)
    }

    /// Fetches the receipt of every step and verifies it, and a changed copy of it, without the
    /// nodes.
    pub async fn verify_receipts(&self) -> Result<Verified> {
        let mut verified = Verified {
            genuine: 0,
            forged_refused: 0,
        };
        for transaction in self.transactions.iter().chain(&self.untold) {
            let mut file = self.clients[0].receipt(*transaction).await?;
            verify(&file, &self.anchor).with_context(|| format!("receipt {transaction:?}"))?;
            verified.genuine += 1;
            if let Some(last) = file.receipt.extrinsic.last_mut() {
                *last ^= 1;
            }
            verified.forged_refused += usize::from(verify(&file, &self.anchor).is_err());
        }
        Ok(verified)
    }
}
