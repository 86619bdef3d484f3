//! Records whose envelope lies in the object store of its member.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use pallet_records::types::{Carrier, Location};
use xinglin_primitives::Party;
use xinglin_sdk::{
    envelope::EnvelopeError,
    operation::OperationError,
    records::{self, OpenedRecord, PreparedVersion, Written},
    secret_file,
};

use super::{input, session::Session};

/// Where an envelope goes that is too large for a transaction.
#[derive(Args, Clone, Debug)]
pub struct ExternalArgs {
    /// For a content that is too large for a transaction: file for its envelope, to be put into the
    /// member's object store; it must not exist
    #[arg(long, value_name = "FILE", requires = "location")]
    envelope: Option<PathBuf>,
    /// Where the envelope is found in the object store. Everybody can read this
    #[arg(long, requires = "envelope", value_parser = input::text::<Location>)]
    location: Option<Location>,
}

impl ExternalArgs {
    /// Submits a version, with its envelope or with where that lies.
    pub async fn submit(self, session: &Session, version: PreparedVersion) -> Result<Written> {
        let call = match (self.envelope, self.location) {
            (Some(file), Some(location)) => {
                secret_file::write_new(&file, &version.content.envelope)?;
                version.external_call(location)
            }
            _ => version.call().map_err(told)?,
        };
        Ok(version
            .submit(session.client(), session.key(), call)
            .await?)
    }
}

/// Names the way out for a content that is too large.
fn told(error: EnvelopeError) -> anyhow::Error {
    let is_too_large = matches!(error, EnvelopeError::TooLargeForTransaction { .. });
    let error = anyhow::Error::from(error);
    match is_too_large {
        true => error.context("give --envelope and --location to keep it in an object store"),
        false => error,
    }
}

/// The content of a record, from the envelope in a file if it is not on the chain.
pub async fn read(
    session: &Session,
    party: Party,
    file: &Path,
    read: Result<OpenedRecord, OperationError>,
) -> Result<Result<OpenedRecord, OperationError>> {
    let Err(OperationError::External { record, version }) = read else {
        return Ok(read);
    };
    let envelope = input::document(file).context("the envelope")?;
    let (client, wallet) = (session.client(), session.wallet());
    let place = (record, version);
    Ok(records::open_external(client, wallet, Some(party), place, &envelope).await)
}

/// Where the envelope lies that could not be read because it is not on the chain.
pub async fn location(session: &Session, error: &OperationError) -> Result<Option<String>> {
    let OperationError::External { record, version } = error else {
        return Ok(None);
    };
    let version = records::version(session.client(), *record, *version).await?;
    Ok(match version.carrier {
        Carrier::External(place) => Some(String::from_utf8_lossy(&place).into_owned()),
        Carrier::Block(_) => None,
    })
}
