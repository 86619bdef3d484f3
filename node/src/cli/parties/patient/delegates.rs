//! Who acts for the patient.

use anyhow::{Context, Result};
use clap::Subcommand;
use pallet_members::{DelegationKind, Scopes};
use xinglin_primitives::{glue::Scope, AccountId};
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
        #[command(flatten)]
        lasting: Lasting,
    },
    /// End what an account may do for the patient
    RevokeDelegate {
        /// The account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Stop the replacement of the account by another
    VetoReplacement,
}

type Members = pallet_members::Call<Runtime>;

/// Does what such a command says.
pub async fn run(session: &Session, command: DelegateCommand) -> Result<()> {
    use DelegateCommand as It;

    match command {
        It::Delegate {
            account,
            scopes,
            session_key,
            lasting,
        } => {
            let call = delegation(session, account, scopes, session_key, &lasting).await?;
            session.execute("Delegated", call).await
        }
        It::RevokeDelegate { account: delegate } => {
            let call = Members::revoke_delegation { delegate };
            session.execute("The delegation is ended", call).await
        }
        It::VetoReplacement => {
            let call = Members::veto_replacement {};
            session.execute("The replacement is stopped", call).await
        }
    }
}

/// The call that lets an account act for the signer.
pub(in crate::cli::parties) async fn delegation(
    session: &Session,
    delegate: AccountId,
    scopes: Vec<Scope>,
    session_key: bool,
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
    })
}
