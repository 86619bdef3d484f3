//! The regulator's part: she finds an operation, follows what came of it, works a case, and proves it.
//!
//! What she asks of others than herself she asks for an open case, and it goes on the record. The
//! packages are verified at the very end, by processes that know no node.

mod case;
mod finding;
mod packages;
mod sql;

use std::path::Path;

use anyhow::{ensure, Context, Result};
use xinglin_primitives::{AppointmentId, CaseId, MemberId, PatientId, PractitionerId};
use xinglin_rpc_api::codes;
use xinglin_sdk::client::{Client, ClientError};

pub use self::packages::Packages;
use super::{
    day::{Actor, Day, Patient},
    report,
    stage::Stage,
};

/// What the demo's own network has and a running one may lack.
pub struct Offered<'a> {
    /// A database for the same questions in SQL; the node must be an archive.
    pub postgres: Option<&'a str>,
    /// Whether questions are anchored often enough to wait for it.
    pub anchors_soon: bool,
    /// A folder for packages and reports.
    pub folder: &'a Path,
}

/// The visit that the case is about, and who asks.
struct Inquiry<'a> {
    client: &'a Client,
    regulator: &'a Actor,
    patient: &'a Patient,
    practitioner: PractitionerId,
    member: MemberId,
    appointment: AppointmentId,
    case: CaseId,
}

impl Inquiry<'_> {
    fn patient_id(&self) -> PatientId {
        self.patient.id
    }
}

/// Plays the part. The packages to be verified, unless the node keeps no index.
pub async fn play(stage: &mut Stage, day: &Day, offered: &Offered<'_>) -> Result<Option<Packages>> {
    report::title("The regulator");
    let regulator = &day.cast.regulator;
    if let Err(ClientError::Refused {
        code: codes::EXPLORER_NO_INDEX,
        ..
    }) = stage.client(&regulator.wallet).explorer_status().await
    {
        println!(
            "The node keeps no index of operations: this part takes one started with --index."
        );
        return Ok(None);
    }
    let settled = day.encounters.played.iter().find(|played| {
        let is_settled = played.bills.iter().any(|bill| bill.split.is_some());
        is_settled && !played.records.is_empty()
    });
    let Some(visit) = settled else {
        println!("No visit has a settled invoice, which this part is about.");
        return Ok(None);
    };
    let patient = day
        .cast
        .patients
        .get(visit.patient)
        .context("its patient")?;
    let opened = case::open(stage, regulator, visit.member).await?;
    // One node, whose record has all her questions.
    let client = Client::connect(stage.client(&regulator.wallet).url()).await?;
    let inquiry = Inquiry {
        client: &client,
        regulator,
        patient,
        practitioner: visit.practitioner,
        member: visit.member,
        appointment: visit.appointment,
        case: opened,
    };
    client
        .wait_until_indexed(stage.height().await?, super::consortium::NODE_TIMEOUT)
        .await?;
    let booking = finding::find(&inquiry).await?;
    let found = finding::follow(&inquiry).await?;
    if let Some(url) = offered.postgres {
        sql::same_answers(&inquiry, url, &booking, &found).await?;
    } else {
        println!("The same in SQL: give --postgres URL (docs/sql.md).");
    }
    case::disclosure(stage, &inquiry, &day.cast.hospital).await?;
    let packages = packages::export_all(&inquiry, visit, offered.folder).await?;
    case::close(stage, &inquiry, offered.folder).await?;
    on_the_record(&client, offered.anchors_soon).await?;
    Ok(Some(packages))
}

/// The questions were kept, and the chain vouches for them.
async fn on_the_record(client: &Client, anchors_soon: bool) -> Result<()> {
    if anchors_soon {
        finding::wait_until_anchored(client).await?;
    }
    let check = client.check_questions().await?;
    ensure!(check.kept > 0, "no question of the regulator was kept");
    ensure!(
        check.agrees(),
        "the questions that the node keeps are not those that the chain has the digest of"
    );
    println!(
        "On the record: {} questions of regulators, of which the chain has the digest of {}.",
        check.kept,
        check.anchor.map_or(0, |anchor| anchor.count)
    );
    Ok(())
}
