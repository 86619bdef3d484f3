//! Who acts, on which node, and how it is told.

use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use clap::Args;
use serde_json::Value;
use xinglin_primitives::{CaseId, MemberId, PatientId, PractitionerId};
use xinglin_rpc_api::questions::Question;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, Outcome},
    keys::KeyPair,
    keystore::Keystore,
    operation, parties,
    wallet::Wallet,
};

use super::report;
use crate::cli::{output, passphrase, DEFAULT_URL};

/// Options of every command of a party.
#[derive(Args, Clone, Debug)]
pub struct SessionArgs {
    /// RPC address of the node: ws://host:port, or http:// for the same
    #[arg(
        long,
        global = true,
        env = "XINGLIN_URL",
        value_name = "URL",
        default_value = DEFAULT_URL
    )]
    url: String,
    /// Keystore file of the key that signs
    #[arg(long, global = true, env = "XINGLIN_KEY", value_name = "FILE")]
    key: Option<PathBuf>,
    /// Keystore file of the key whose owner's envelopes are opened, if it is not the one that signs:
    /// a service account names its member's main key, a device the key of the person for whom it
    /// acts. Its passphrase is the same
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "dev_key")]
    reader_key: Option<PathBuf>,
    /// Keystore file of a key that was replaced: what was sealed to its owner before is opened, too.
    /// Its passphrase is the same; can be given several times
    #[arg(
        long = "former-key",
        global = true,
        value_name = "FILE",
        conflicts_with = "dev_key"
    )]
    former_keys: Vec<PathBuf>,
    /// Act with a development key, which everybody knows, by its path, whatever --key says:
    /// //Alice//patient//1
    #[arg(long, global = true, value_name = "PATH")]
    dev_key: Option<String>,
    /// File with the passphrase, mode 0600; else XINGLIN_PASSPHRASE is taken, else the terminal is
    /// asked
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print one JSON document instead of sentences and tables
    #[arg(long, global = true)]
    json: bool,
}

impl SessionArgs {
    /// Whether a key is named.
    pub fn has_key(&self) -> bool {
        self.key.is_some() || self.dev_key.is_some()
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether one JSON document is all that is printed.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Opens the keys.
    pub fn wallet(&self) -> Result<Wallet> {
        if let Some(path) = &self.dev_key {
            return Ok(Wallet::development(path)?);
        }
        let Some(file) = &self.key else {
            bail!("no key to act with; give --key FILE, or --dev-key PATH on a development chain");
        };
        let key = self.keystore(file)?;
        let wallet = match &self.reader_key {
            Some(file) => Wallet::opening_as(key, &self.keystore(file)?),
            None => Wallet::new(key),
        };
        let mut former = self.former_keys.iter();
        former.try_fold(wallet, |wallet, file| {
            Ok(wallet.with_former(&self.keystore(file)?))
        })
    }

    fn keystore(&self, file: &Path) -> Result<KeyPair> {
        let name = file.display().to_string();
        let keystore = Keystore::read(file).with_context(|| format!("keystore {name}"))?;
        let passphrase = passphrase::existing(self.passphrase_file.as_deref(), &name)?;
        let key = keystore.open(&passphrase);
        key.with_context(|| format!("keystore {name}"))
    }
}

/// A key at work on a node.
pub struct Session {
    client: Client,
    wallet: Wallet,
    json: bool,
}

impl Session {
    /// Connects.
    pub async fn open(args: SessionArgs, wallet: Wallet) -> Result<Self> {
        Ok(Self {
            client: Client::connect(&args.url).await?,
            wallet,
            json: args.json,
        })
    }

    /// Whether one JSON document is all that is printed.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The key that signs and the secret that opens.
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// The key that signs.
    pub fn key(&self) -> &KeyPair {
        self.wallet.key()
    }

    /// The patient that is named, or that the key is registered as.
    pub async fn patient(&self, named: Option<PatientId>) -> Result<PatientId> {
        match named {
            Some(patient) => Ok(patient),
            None => parties::patient_of(&self.client, &self.wallet.account())
                .await
                .context("delegates name the patient for whom they act with --patient"),
        }
    }

    /// The practitioner that is named, or that the key is registered as.
    pub async fn practitioner(&self, named: Option<PractitionerId>) -> Result<PractitionerId> {
        match named {
            Some(practitioner) => Ok(practitioner),
            None => parties::practitioner_of(&self.client, &self.wallet.account())
                .await
                .context("devices name the practitioner for whom they act with --practitioner"),
        }
    }

    /// The member for which the key acts.
    pub async fn member(&self) -> Result<MemberId> {
        Ok(parties::member_of(&self.client, &self.wallet.account()).await?)
    }

    /// Carries a call out and tells in a sentence what it did.
    pub async fn execute(&self, done: &str, call: impl Into<RuntimeCall>) -> Result<()> {
        let outcome = operation::execute(&self.client, self.key(), call).await?;
        self.tell(done, &[outcome], Value::Null)
    }

    /// Tells what transactions did, with whatever else there is to say.
    pub fn tell(&self, done: &str, outcomes: &[Outcome], more: Value) -> Result<()> {
        if self.json {
            return output::write_json(None, &report::json(outcomes, more));
        }
        println!("{}", report::sentence(done, outcomes));
        if !more.is_null() {
            println!("{}", report::table(&more));
        }
        Ok(())
    }

    /// Asks a question that only some may ask, and prints the answer.
    pub async fn ask<Q: Question>(&self, question: Q) -> Result<()> {
        self.ask_for(None, question).await
    }

    /// As [`ask`](Self::ask), as a regulator for an open case.
    pub async fn ask_for<Q: Question>(&self, case: Option<CaseId>, question: Q) -> Result<()> {
        let answer = self.client.ask_json(self.key(), case, &question).await?;
        self.show(&answer)
    }

    /// Prints a value.
    pub fn show(&self, value: &Value) -> Result<()> {
        if self.json {
            return output::write_json(None, value);
        }
        println!("{}", report::table(value));
        Ok(())
    }

    /// Prints several values, each under its name.
    pub fn show_all(&self, parts: &[(&str, Value)]) -> Result<()> {
        if self.json {
            let named = parts.iter().cloned();
            let document = named.map(|(name, value)| (name.to_owned(), value));
            return output::write_json(None, &Value::Object(document.collect()));
        }
        for (_, value) in parts {
            println!("{}", report::table(value));
        }
        Ok(())
    }
}
