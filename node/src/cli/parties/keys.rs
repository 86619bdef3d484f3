//! The keys of records, by whoever holds them by right, and the encryption keys of parties.

use anyhow::Result;
use clap::Subcommand;
use pallet_records::types::Reader;
use serde_json::json;
use xinglin_primitives::{AccountId, EncryptionKey, PatientId, RecordId};
use xinglin_runtime::Runtime;
use xinglin_sdk::records;

use super::{
    input::{self, ForPatient},
    session::Session,
};

/// The keys of records of their author and her member.
#[derive(Subcommand)]
pub enum KeeperCommand {
    /// Seal the own record keys again for a patient with a new key
    Reseal {
        #[command(flatten)]
        patient: ForPatient,
    },
    #[command(flatten)]
    Any(HolderCommand),
}

/// What everybody does who holds keys of records by right.
#[derive(Subcommand)]
pub enum HolderCommand {
    /// Seal the keys of records for somebody who may read them
    ProvideKeys {
        /// For whom: practitioner:ID, member:ID or delegate:ACCOUNT
        #[arg(long, value_name = "READER", value_parser = input::reader)]
        to: Reader<AccountId>,
        /// The records
        #[arg(required = true, value_parser = input::number::<RecordId>)]
        records: Vec<RecordId>,
    },
    /// Remove the sealed keys of a record whose readers have no reason to read it any more
    PruneKeys {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// Change the own encryption key. What was sealed to the one before stays so: --former-key opens
    /// it
    SetEncryptionKey {
        /// The new X25519 public key
        #[arg(value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: EncryptionKey,
    },
}

/// Does what an author or her member does with keys.
pub async fn run(session: &Session, command: KeeperCommand) -> Result<()> {
    match command {
        KeeperCommand::Reseal { patient } => reseal(session, patient.patient).await,
        KeeperCommand::Any(command) => hold(session, command).await,
    }
}

/// Does what anybody does with keys.
pub async fn hold(session: &Session, command: HolderCommand) -> Result<()> {
    match command {
        HolderCommand::ProvideKeys { to, records } => provide(session, &to, &records).await,
        HolderCommand::PruneKeys { record } => {
            let call = pallet_records::Call::<Runtime>::prune_keys { record };
            session.execute("The keys are removed", call).await
        }
        HolderCommand::SetEncryptionKey { encryption_key } => {
            let call = pallet_members::Call::<Runtime>::set_encryption_key { encryption_key };
            session.execute("The encryption key is changed", call).await
        }
    }
}

async fn provide(session: &Session, to: &Reader<AccountId>, ids: &[RecordId]) -> Result<()> {
    let (client, wallet) = (session.client(), session.wallet());
    let (outcomes, resealed) = records::provide_keys(client, wallet, to, ids).await?;
    let more = json!({
        "keysSealed": resealed.keys.len(),
        "keysMissing": resealed.missing.len(),
    });
    session.tell("The keys are sealed", &outcomes, more)
}

/// Seals the keys of a patient's records again under her encryption key of now.
pub async fn reseal(session: &Session, patient: PatientId) -> Result<()> {
    let bar = indicatif::ProgressBar::new(0).with_message("keys");
    let restored = records::reseal(session.client(), session.wallet(), patient, |progress| {
        bar.set_length(progress.total.into());
        bar.set_position(progress.restored.into());
    })
    .await?;
    bar.finish_and_clear();
    session.show(&json!({ "restored": restored.restored, "total": restored.total }))
}
