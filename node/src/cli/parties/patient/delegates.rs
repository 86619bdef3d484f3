//! Who acts for the patient.

use anyhow::{Context, Result};
use clap::Subcommand;
use pallet_members::{DelegationKind, Principal, Scopes};
use xinglin_primitives::{glue::Scope, AccountId, EncryptionKey, PatientId};
use xinglin_runtime::Runtime;

use crate::cli::parties::{
    input::{self, Lasting},
    session::Session,
};

/// Who acts for the patient.
#[derive(Subcommand)]
pub enum DelegateCommand {
    /// Let somebody act for the patient, or a device for some hours
    Delegate {
        /// The account that is to act
        #[arg(value_parser = input::account)]
        account: AccountId,
        /// What it may do: booking, reading, paying
        #[arg(long, required = true, value_delimiter = ',', value_parser = input::word::<Scope>)]
        scopes: Vec<Scope>,
        /// A key of one of the patient's own devices, for 72 hours at most
        #[arg(long)]
        session_key: bool,
        /// The encryption key to which is sealed what the account may read [default: the one with
        /// which it is registered itself, if it is]
        #[arg(long, value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: Option<EncryptionKey>,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// End what an account may do for the patient
    RevokeDelegate {
        /// The account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Act no more for the patient whom --patient names
    Renounce,
    /// Clear away the delegations that are over
    ClearDelegates,
    /// Stop the replacement of the account by another
    VetoReplacement,
}

type Members = pallet_members::Call<Runtime>;

/// Does what such a command says.
pub async fn run(
    session: &Session,
    named: Option<PatientId>,
    command: DelegateCommand,
) -> Result<()> {
    use DelegateCommand as It;

    match command {
        It::Delegate {
            account,
            scopes,
            session_key,
            encryption_key,
            lasting,
        } => {
            let how = (session_key, encryption_key);
            let call = delegation(session, account, scopes, how, &lasting).await?;
            session.execute("Delegated", call).await
        }
        It::RevokeDelegate { account: delegate } => {
            let call = Members::revoke_delegation { delegate };
            session.execute("The delegation is ended", call).await
        }
        It::Renounce => {
            let patient = named.context("name the patient for whom the key acts with --patient")?;
            let principal = Principal::Patient(patient);
            let call = Members::renounce_delegation { principal };
            session.execute("The delegation is given up", call).await
        }
        It::ClearDelegates => {
            let principal = Principal::Patient(session.patient(named).await?);
            let call = Members::clear_expired { principal };
            session.execute("What was over is cleared", call).await
        }
        It::VetoReplacement => {
            let call = Members::veto_replacement {};
            session.execute("The replacement is stopped", call).await
        }
    }
}

/// The call that lets an account act for the signer: whether it is a device's, and the encryption key
/// that it has of its own.
pub(in crate::cli::parties) async fn delegation(
    session: &Session,
    delegate: AccountId,
    scopes: Vec<Scope>,
    (session_key, encryption_key): (bool, Option<EncryptionKey>),
    lasting: &Lasting,
) -> Result<pallet_members::Call<Runtime>> {
    let scopes: std::collections::BTreeSet<Scope> = scopes.into_iter().collect();
    let (_, until) = lasting.period(session.client()).await?;
    Ok(Members::delegate {
        delegate,
        kind: match session_key {
            true => DelegationKind::SessionKey,
            false => DelegationKind::Delegate,
        },
        scopes: Scopes::try_from(scopes).ok().context("too many scopes")?,
        until,
        encryption_key,
    })
}
