//! The case: opened, something disclosed for it, closed with a finding, reported.

use std::path::Path;

use anyhow::{ensure, Context, Result};
use pallet_audit::types::Statement;
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{glue::Subject, time::DAY_MS, CaseId, Hashing, MemberId, Party};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    audit,
    operation::told,
    oversight::{case_file, inbox},
    parties, secret_file,
};

use super::{
    super::{day::Actor, stage::Stage},
    Inquiry,
};

type AuditCall = pallet_audit::Call<Runtime>;

/// Numbers of the regulator's published list.
const BASIS: u16 = 11;
const FINDING: u16 = 12;
/// What the hospital is asked, and what it says.
const REQUEST: &[u8] =
    b"Please disclose the duty roster of the department for the day of the visit.";
const ANSWER: &[u8] = b"Duty roster: one physician, one nurse, from 08:00 to 17:30.";

fn statement(code: u16, document: &[u8]) -> Statement {
    Statement {
        code,
        digest: Hashing::hash(document),
    }
}

/// Opens a case about a member.
pub async fn open(stage: &mut Stage, regulator: &Actor, member: MemberId) -> Result<CaseId> {
    let call = AuditCall::open_case {
        subject: Subject::Party(Party::Member(member)),
        basis: statement(BASIS, b"A complaint about a bill."),
    };
    let outcome = stage.act_as(regulator, call.into()).await?;
    let case = told(&outcome, "CaseOpened", |event| match event {
        RuntimeEvent::Audit(pallet_audit::Event::CaseOpened { case, .. }) => Some(*case),
        _ => None,
    })?;
    println!(
        "{} opens case {case} about member {member}.",
        regulator.name
    );
    Ok(case)
}

/// Asks the member to disclose something, which only the two of them can read.
pub async fn disclosure(stage: &mut Stage, inquiry: &Inquiry<'_>, hospital: &Actor) -> Result<()> {
    let (client, wallet) = (inquiry.client, &inquiry.regulator.wallet);
    let due = parties::now(client).await? + DAY_MS;
    let about = (inquiry.case, inquiry.member);
    let asked = audit::request_disclosure(client, wallet, about, REQUEST, due).await?;
    stage.keep(std::slice::from_ref(&asked.outcome)).await?;
    let waiting = inbox::of_regulator(
        client,
        wallet.key(),
        parties::member_of(client, &wallet.account()).await?,
    );
    let waiting = waiting.await?;
    ensure!(
        waiting.of(inbox::Worklist::Disclosures).next().is_some(),
        "the request is not in the regulator's inbox"
    );

    let member = stage.client(&hospital.wallet);
    let letter = &asked.letter;
    let read = audit::open_request(member, &hospital.wallet, asked.disclosure, letter).await?;
    ensure!(**read == *REQUEST, "the hospital reads another request");
    let answered = audit::disclose(member, &hospital.wallet, asked.disclosure, ANSWER).await?;
    let transaction = answered.hash;
    stage.keep(&[answered]).await?;
    let (_, answer) = audit::read_disclosure(client, wallet, transaction).await?;
    ensure!(**answer == *ANSWER, "the regulator reads another answer");
    println!(
        "She asks {} for the duty roster; disclosure {} is sealed to her, and she reads {} bytes.",
        hospital.name,
        asked.disclosure,
        answer.len()
    );
    Ok(())
}

/// Closes the case with a finding, and writes its report.
pub async fn close(stage: &mut Stage, inquiry: &Inquiry<'_>, folder: &Path) -> Result<()> {
    let call = AuditCall::close_case {
        case: inquiry.case,
        finding: statement(FINDING, b"The bill is right."),
    };
    let outcome = stage.act_as(inquiry.regulator, call.into()).await?;
    let (client, key) = (inquiry.client, inquiry.regulator.wallet.key());
    client
        .wait_until_indexed(outcome.number, super::super::consortium::NODE_TIMEOUT)
        .await?;
    let file = case_file::read(client, key, inquiry.case).await?;
    ensure!(
        file.finding().is_some() && file.steps.iter().all(|step| step.place.is_some()),
        "the case file does not say where each of its steps is: {file:?}"
    );
    let name = format!("case-{}.pdf", inquiry.case);
    secret_file::write_new(&folder.join(&name), &file.to_pdf()).context("the report")?;
    println!(
        "She closes the case with a finding; its report {name} has {} steps.",
        file.steps.len()
    );
    Ok(())
}
