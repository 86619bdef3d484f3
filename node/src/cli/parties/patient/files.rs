//! Records and who may read them.

use anyhow::Result;
use clap::Subcommand;
use pallet_records::requests::Answer;
use serde_json::json;
use xinglin_primitives::{AccessRequestId, GrantId, Party, PatientId, RecordId};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::records::{self, Period};

use crate::cli::parties::{
    doctor,
    input::{self, Lasting, OpenArgs, PageArgs, TermsArgs},
    keys::{self, HolderCommand},
    session::Session,
};

/// Records and who may read them.
#[derive(Subcommand)]
pub enum FileCommand {
    /// List the records, newest first
    Records(PageArgs),
    /// Open records and show or store what is in them
    Open(OpenArgs),
    /// Share a record or the history
    Share(TermsArgs),
    /// Seal what a grant's grantee lacks: records written since
    CompleteGrant {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
    },
    /// End a grant
    Revoke {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
    },
    /// List the grants in force
    Grants,
    /// List the open requests for access
    Requests,
    /// Accept a request for access, or refuse it
    Answer {
        /// The request
        #[arg(value_parser = input::number::<AccessRequestId>)]
        request: AccessRequestId,
        /// Refuse it
        #[arg(long)]
        refuse: bool,
        /// Let the grantee pass it on
        #[arg(long, conflicts_with = "refuse")]
        may_reshare: bool,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// List who opened the records, or tried to, newest first
    Accesses(PageArgs),
    /// Ask for the erasure of a record; its member confirms it
    Erase {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// Show how many records can be read after the key was replaced
    KeyProgress,
    /// Seal the own record keys again under the encryption key of now; --former-key names the key that
    /// opens them still
    Reseal,
    #[command(flatten)]
    Keys(HolderCommand),
}

type Records = pallet_records::Call<Runtime>;

/// Does what such a command says.
pub async fn run(session: &Session, named: Option<PatientId>, command: FileCommand) -> Result<()> {
    use FileCommand as It;

    let patient = session.patient(named).await?;
    let (client, wallet) = (session.client(), session.wallet());
    match command {
        It::Records(page) => {
            let question = ask::Records {
                patient,
                before: page.at,
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Open(args) => doctor::open(session, Party::Patient(patient), &args).await,
        It::Share(terms) => {
            let terms = terms.terms(client).await?;
            let sharing = records::share(client, wallet, terms).await?;
            tell_sharing(session, "Shared", &sharing)
        }
        It::CompleteGrant { grant } => {
            let sharing = records::complete_grant(client, wallet, grant).await?;
            tell_sharing(session, "The grant is complete", &sharing)
        }
        It::Revoke { grant } => {
            let call = Records::revoke { grant };
            session.execute("The grant is ended", call).await
        }
        It::Grants => session.ask(ask::Grants { patient }).await,
        It::Requests => session.ask(ask::AccessRequests { patient }).await,
        It::Answer {
            request,
            refuse: true,
            ..
        } => {
            let answer = Answer::Refuse;
            let call = Records::answer { request, answer };
            session.execute("The request is refused", call).await
        }
        It::Answer {
            request,
            may_reshare,
            lasting,
            ..
        } => {
            let (from, until) = lasting.period(client).await?;
            let period = Period { from, until };
            let sharing = records::answer(client, wallet, request, period, may_reshare).await?;
            tell_sharing(session, "The request is accepted", &sharing)
        }
        It::Accesses(page) => {
            let question = ask::AccessLog {
                patient,
                before: page.at,
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Erase { record } => {
            let call = Records::ask_erasure { record };
            session.execute("Asked for the erasure", call).await
        }
        It::KeyProgress => session.ask(ask::KeyProgress { patient }).await,
        It::Reseal => keys::reseal(session, patient).await,
        It::Keys(command) => keys::hold(session, command).await,
    }
}

/// What came of sharing, and for what keys are missing.
pub(in crate::cli::parties) fn tell_sharing(
    session: &Session,
    done: &str,
    sharing: &records::Sharing,
) -> Result<()> {
    let missing: Vec<String> = sharing
        .missing
        .iter()
        .map(|(record, version)| format!("{record}/{version}"))
        .collect();
    let more = json!({
        "grant": sharing.grant,
        "keysSealed": sharing.sealed,
        "keysMissing": missing,
    });
    session.tell(done, &sharing.outcomes, more)
}
