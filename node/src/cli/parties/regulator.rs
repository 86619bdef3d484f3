//! `xinglin regulator`.

use std::path::{Path, PathBuf};

use anyhow::{bail, Result};
use clap::Subcommand;
use pallet_audit::types::Statement;
use pallet_records::emergency::Verdict;
use serde_json::{json, Value};
use xinglin_primitives::{
    glue::{Held, Subject},
    time::Moment,
    AppointmentId, CaseId, DisclosureId, EmergencyId, Hash, InvoiceId, MemberId, PatientId,
    RecordId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    audit,
    oversight::{self, case_file},
    secret_file,
};

use super::{
    inbox::{self, InboxArgs, Reader},
    input::{self, PageArgs},
    session::Session,
};
use crate::cli::output;

/// What a regulator does.
#[derive(Subcommand)]
pub enum RegulatorCommand {
    #[command(flatten)]
    Disclosures(DisclosureCommand),
    /// List all that waits: cases, disclosures, holds, emergencies, flags; and the latest findings
    Inbox(InboxArgs),
    /// Write what was done in a case, as PDF or CSV by the name of the file
    Report {
        /// The case, open or closed
        #[arg(value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// The file, ending in .pdf or .csv; it must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// List the accesses in emergencies that nobody has reviewed, oldest first
    Emergencies(PageArgs),
    /// Review an access in an emergency
    Review {
        /// The emergency
        #[arg(value_parser = input::number::<EmergencyId>)]
        emergency: EmergencyId,
        /// upheld or unfounded
        #[arg(value_parser = input::word::<Verdict>)]
        verdict: Verdict,
    },
    /// Open and close cases
    #[command(subcommand)]
    Case(CaseCommand),
    /// List the open cases, oldest first
    Cases(PageArgs),
    /// Show what the chain knows of a patient, for a case that is about her
    Inspect {
        /// The case
        #[arg(long, value_name = "ID", value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// The patient
        #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
        patient: PatientId,
        /// What
        what: Inspected,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Suspend a member, practitioner, patient or scheme for a case
    Hold {
        /// The case
        #[arg(long, value_name = "ID", value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// member:ID, practitioner:ID, patient:ID or scheme:ID
        #[arg(value_name = "HELD", value_parser = input::tagged::<Held>)]
        held: Held,
    },
    /// End a hold of a case
    Lift {
        /// The case
        #[arg(long, value_name = "ID", value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// member:ID, practitioner:ID, patient:ID or scheme:ID
        #[arg(value_name = "HELD", value_parser = input::tagged::<Held>)]
        held: Held,
    },
    /// Confirm an erasure for a member that does not take part any more
    ConfirmErasure {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// Show what an invoice charges, checked against the chain
    Invoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
}

/// What members disclose.
#[derive(Subcommand)]
pub enum DisclosureCommand {
    /// Ask a member to disclose something
    RequestDisclosure {
        /// For which case
        #[arg(long, value_name = "ID", value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// Who is asked
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// By when, in UTC+8
        #[arg(long, value_name = "TIME", value_parser = input::moment)]
        due: Moment,
        /// File that says what is asked for
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        /// File for the sealed letter, to be handed to the member; it must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Ask no more
    WithdrawRequest {
        /// The request
        #[arg(value_parser = input::number::<DisclosureId>)]
        disclosure: DisclosureId,
    },
    /// List what members are to disclose, the first due first
    Awaited {
        /// Only what should be there by now
        #[arg(long)]
        overdue: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Read what a member disclosed
    ReadDisclosure {
        /// The transaction that disclosed it
        transaction: Hash,
    },
}

/// What a regulator may see of a patient for a case: nothing of it is the content of a record.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Inspected {
    /// Who opened the records, or tried to.
    Accesses,
    /// The records, without their contents.
    Records,
    /// The grants in force.
    Grants,
    /// The appointments.
    Appointments,
    /// The invoices.
    Invoices,
    /// The coverages.
    Coverages,
}

/// Cases.
#[derive(Subcommand)]
pub enum CaseCommand {
    /// Open a case
    Open {
        /// member:ID, practitioner:ID, patient:ID, scheme:ID, claim:ID or emergency:ID
        #[arg(value_name = "SUBJECT", value_parser = input::tagged::<Subject>)]
        subject: Subject,
        #[command(flatten)]
        basis: StatementArgs,
    },
    /// Close a case with a finding
    Close {
        /// The case
        #[arg(value_parser = input::number::<CaseId>)]
        case: CaseId,
        #[command(flatten)]
        finding: StatementArgs,
    },
    /// Hand a case to another regulator
    Transfer {
        /// The case
        #[arg(value_parser = input::number::<CaseId>)]
        case: CaseId,
        /// The other regulator
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        to: MemberId,
    },
}

/// A legal basis or finding.
#[derive(clap::Args, Clone, Debug)]
pub struct StatementArgs {
    /// Its number in the regulator's published list
    #[arg(long, value_name = "CODE")]
    code: u16,
    /// Its document, of which the chain gets the hash
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
}

impl StatementArgs {
    fn statement(&self) -> Result<Statement> {
        Ok(Statement {
            code: self.code,
            digest: input::digest(&self.document)?,
        })
    }
}

type Audit = pallet_audit::Call<Runtime>;
type Records = pallet_records::Call<Runtime>;

/// Does what a regulator's command says.
pub async fn run(session: &Session, command: RegulatorCommand) -> Result<()> {
    use RegulatorCommand as It;

    match command {
        It::Inbox(args) => {
            let regulator = session.member().await?;
            let inbox = oversight::inbox::of_regulator(session.client(), session.key(), regulator);
            inbox::show(session, &inbox.await?, Reader::Regulator, args)
        }
        It::Report { case, output } => report(session, case, &output).await,
        It::Emergencies(page) => {
            let question = ask::Emergencies {
                after: page.at.map(EmergencyId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Review { emergency, verdict } => {
            let call = Records::review { emergency, verdict };
            session.execute("Reviewed", call).await
        }
        It::Case(command) => case(session, command).await,
        It::Cases(page) => {
            let question = ask::Cases {
                regulator: session.member().await?,
                after: page.at.map(CaseId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Inspect {
            case,
            patient,
            what,
            page,
        } => inspect(session, (case, patient), what, page).await,
        It::Hold { case, held } => session.execute("Held", Audit::hold { case, held }).await,
        It::Lift { case, held } => session.execute("Lifted", Audit::lift { case, held }).await,
        It::ConfirmErasure { record } => {
            let call = Records::confirm_erasure { record };
            session.execute("Erased", call).await
        }
        It::Invoice { invoice } => super::member::show_invoice(session, invoice).await,
        It::Disclosures(command) => disclosures(session, command).await,
    }
}

/// Writes a case file in the format that the file's name asks for.
async fn report(session: &Session, case: CaseId, path: &Path) -> Result<()> {
    let format = path.extension().and_then(|it| it.to_str());
    let (client, key) = (session.client(), session.key());
    let file = match format {
        Some("pdf" | "csv") => case_file::read(client, key, case).await?,
        _ => bail!("no report of that kind: name a file that ends in .pdf or .csv"),
    };
    let content = match format {
        Some("pdf") => file.to_pdf(),
        _ => file.to_csv().into_bytes(),
    };
    secret_file::write_new(path, &content)?;
    let cut: Vec<String> = file.cut.iter().map(ToString::to_string).collect();
    session.show(&json!({
        "case": case,
        "file": path,
        "steps": file.steps.len(),
        "requests": file.requests.len(),
        "cut": cut,
    }))
}

async fn inspect(
    session: &Session,
    (case, patient): (CaseId, PatientId),
    what: Inspected,
    PageArgs { at, limit }: PageArgs,
) -> Result<()> {
    let case = Some(case);
    match what {
        Inspected::Accesses => {
            let before = at;
            let question = ask::AccessLog {
                patient,
                before,
                limit,
            };
            session.ask_for(case, question).await
        }
        Inspected::Records => {
            let before = at;
            let question = ask::Records {
                patient,
                before,
                limit,
            };
            session.ask_for(case, question).await
        }
        Inspected::Grants => session.ask_for(case, ask::Grants { patient }).await,
        Inspected::Appointments => {
            let before = at.map(AppointmentId);
            let question = ask::Appointments {
                patient,
                before,
                limit,
            };
            session.ask_for(case, question).await
        }
        Inspected::Invoices => {
            let before = at.map(InvoiceId);
            let question = ask::Invoices {
                patient,
                before,
                limit,
            };
            session.ask_for(case, question).await
        }
        Inspected::Coverages => {
            let skip = u32::try_from(at.unwrap_or_default()).unwrap_or(u32::MAX);
            let question = ask::Coverages {
                patient,
                year: None,
                skip,
                limit,
            };
            session.ask_for(case, question).await
        }
    }
}

async fn case(session: &Session, command: CaseCommand) -> Result<()> {
    let (done, call) = match command {
        CaseCommand::Open { subject, basis } => {
            let basis = basis.statement()?;
            ("Opened", Audit::open_case { subject, basis })
        }
        CaseCommand::Close { case, finding } => {
            let finding = finding.statement()?;
            ("Closed", Audit::close_case { case, finding })
        }
        CaseCommand::Transfer { case, to } => ("Handed over", Audit::transfer_case { case, to }),
    };
    session.execute(done, call).await
}

async fn disclosures(session: &Session, command: DisclosureCommand) -> Result<()> {
    use DisclosureCommand as It;

    let (client, wallet) = (session.client(), session.wallet());
    match command {
        It::RequestDisclosure {
            case,
            member,
            due,
            text,
            output,
        } => {
            let text = input::document(&text)?;
            let asked = audit::request_disclosure(client, wallet, (case, member), &text, due);
            let asked = asked.await?;
            output::write_new(&output, &hex::encode(&asked.letter))?;
            session.tell("Asked", &[asked.outcome], Value::Null)
        }
        It::WithdrawRequest { disclosure } => {
            let call = Audit::withdraw_request { disclosure };
            session.execute("The request is withdrawn", call).await
        }
        It::Awaited { overdue, page } => {
            let question = ask::AwaitedDisclosures {
                regulator: session.member().await?,
                is_overdue: overdue,
                after: page.at.map(DisclosureId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::ReadDisclosure { transaction } => {
            let (id, content) = audit::read_disclosure(client, wallet, transaction).await?;
            let content = String::from_utf8_lossy(&content);
            session.show(&json!({ "disclosure": id, "content": content }))
        }
    }
}
