//! `xinglin insurer`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use pallet_insurance::{
    computation::{Category, Insured, SchemeParameters},
    types::{AccountHeir, Decision, DisplayCode, Period},
};
use xinglin_primitives::{
    time::Date, ClaimId, CoverageId, InvoiceId, Party, PatientId, SchemeId, SettlementId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{insurance::SettlementOrder, oversight};

use super::{
    inbox::{self, InboxArgs, Reader},
    input::{self, PageArgs, SchemeArgs},
    patient::pre_settle,
    session::Session,
};

/// What an insurer does.
#[derive(Subcommand)]
pub enum InsurerCommand {
    #[command(flatten)]
    Schemes(SchemeCommand),
    #[command(flatten)]
    Enrolment(CoverageCommand),
    /// Show what the insurer's account has: what can be spent, and what is held for personal accounts
    Balance,
    /// Show the rules of a scheme, of whichever insurer: deductibles, bands, ratios, caps
    Scheme(SchemeArgs),
    /// List the insurer's own coverages of a patient with what this year has seen of them
    Coverages {
        /// The patient
        #[arg(value_parser = input::number::<PatientId>)]
        patient: PatientId,
    },
    /// List all that waits: what regulators ask for, flagged claims, refunds after a settlement
    Inbox(InboxArgs),
    /// Note that a refund that followed a settlement was looked at
    ReviewRefund {
        /// The invoice that was refunded
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// What was found: a number of the insurer's list
        #[arg(long, value_name = "CODE")]
        reason: u16,
    },
    /// List the claims that wait for a decision, oldest first
    Claims(PageArgs),
    /// Decide a claim
    Decide {
        /// The claim
        #[arg(value_parser = input::number::<ClaimId>)]
        claim: ClaimId,
        /// What is decided
        #[arg(value_name = "approve|deny|FEN", value_parser = decision)]
        decision: Decision,
        /// Why: a number of the insurer's list
        #[arg(long, value_name = "CODE")]
        reason: u16,
    },
    /// Show what an invoice charges, checked against the chain
    Invoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Show what a settlement by one of the insurer's own coverages would bring, recomputed by the
    /// rules; nothing is written
    PreSettle {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
    },
    /// List the insurer's own settlements of an invoice, newest first
    Settlements {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Take back a settlement, the coverage's latest
    Reverse {
        /// The settlement
        #[arg(value_parser = input::number::<SettlementId>)]
        settlement: SettlementId,
    },
}

/// Schemes.
#[derive(Subcommand)]
pub enum SchemeCommand {
    /// Create a scheme with its first version
    PublishScheme {
        /// The parameters in JSON: ageBoundsYears, accumulation, deductibles, pool, second, aid,
        /// review
        file: PathBuf,
        /// How it is shown
        #[arg(long, value_parser = input::text::<DisplayCode>)]
        code: DisplayCode,
        /// The first service day
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        from: Date,
    },
    /// Publish another version of a scheme, in force from a day after today
    PublishVersion {
        /// The scheme
        #[arg(value_parser = input::number::<SchemeId>)]
        scheme: SchemeId,
        /// The parameters in JSON
        file: PathBuf,
        /// The first service day
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        from: Date,
    },
    /// Close a scheme after a day
    CloseScheme {
        /// The scheme
        #[arg(value_parser = input::number::<SchemeId>)]
        scheme: SchemeId,
        /// The last service day
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        last: Date,
    },
}

/// Who is covered.
#[derive(Subcommand)]
pub enum CoverageCommand {
    /// Cover a patient by a scheme
    Cover {
        /// The patient
        #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
        patient: PatientId,
        /// The scheme
        #[arg(long, value_name = "ID", value_parser = input::number::<SchemeId>)]
        scheme: SchemeId,
        #[command(flatten)]
        insured: InsuredArgs,
        /// The first day
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        from: Date,
        /// The last day [default: none yet]
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        until: Option<Date>,
    },
    /// Change as what a patient is insured, from a day on
    ChangeStanding {
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
        #[command(flatten)]
        insured: InsuredArgs,
        /// The first day
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        from: Date,
    },
    /// Set the last day of a coverage, or take it away
    EndCoverage {
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
        /// The last day [default: none]
        #[arg(long, value_name = "DATE", value_parser = input::date)]
        until: Option<Date>,
    },
    /// Credit a personal account
    Credit {
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
    },
    /// Pay out the personal account of a coverage that has ended
    ReleaseAccount {
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
        /// To whom
        #[arg(long, value_name = "patient|insurer", value_parser = heir)]
        to: AccountHeir,
    },
}

/// As what somebody is insured.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct InsuredArgs {
    /// employed, retired or resident
    #[arg(long, value_parser = input::word::<Category>)]
    category: Category,
    /// The age group, from 0 for the youngest
    #[arg(long, default_value = "0")]
    age_group: u8,
}

impl InsuredArgs {
    fn insured(self) -> Insured {
        Insured {
            category: self.category,
            age_group: self.age_group,
        }
    }
}

fn heir(text: &str) -> Result<AccountHeir, String> {
    let words = [
        ("patient", AccountHeir::Patient),
        ("insurer", AccountHeir::Insurer),
    ];
    input::one_of(text, &words)
}

fn decision(text: &str) -> Result<Decision, String> {
    match text {
        "approve" => Ok(Decision::Approve),
        "deny" => Ok(Decision::Deny),
        fund => fund
            .parse()
            .map(|fund_fen| Decision::Part { fund_fen })
            .map_err(|_| "expected approve, deny, or what the fund pays in fen".to_owned()),
    }
}

/// Parameters, with the rule that they break before they are sent.
fn parameters(file: &Path) -> Result<Box<SchemeParameters>> {
    let parameters: SchemeParameters = input::json(file)?;
    parameters.check()?;
    Ok(Box::new(parameters))
}

type Insurance = pallet_insurance::Call<Runtime>;

/// Does what an insurer's command says.
pub async fn run(session: &Session, command: InsurerCommand) -> Result<()> {
    use InsurerCommand as It;

    match command {
        It::Schemes(command) => schemes(session, command).await,
        It::Enrolment(command) => coverages(session, command).await,
        It::Balance => {
            let of = Some(Party::Member(session.member().await?));
            session.ask(ask::Balance { of }).await
        }
        It::Scheme(args) => session.ask(args.question()).await,
        It::Coverages { patient } => {
            let question = ask::Coverages {
                patient,
                year: None,
                skip: 0,
                limit: 100,
            };
            session.ask(question).await
        }
        It::Inbox(args) => {
            let insurer = session.member().await?;
            let inbox = oversight::inbox::of_insurer(session.client(), session.key(), insurer);
            inbox::show(session, &inbox.await?, Reader::Insurer, args)
        }
        It::ReviewRefund { invoice, reason } => {
            let call = Insurance::review_refund { invoice, reason };
            session.execute("Reviewed", call).await
        }
        It::Claims(page) => {
            let question = ask::OpenClaims {
                insurer: session.member().await?,
                after: page.at.map(ClaimId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Decide {
            claim,
            decision,
            reason,
        } => {
            let call = Insurance::decide {
                claim,
                decision,
                reason,
            };
            session.execute("Decided", call).await
        }
        It::Invoice { invoice } => super::member::show_invoice(session, invoice).await,
        It::PreSettle { invoice, coverage } => {
            let order = SettlementOrder {
                invoice,
                coverage,
                account_max_fen: 0,
            };
            pre_settle(session, order).await
        }
        It::Settlements { invoice } => {
            let question = ask::Settlements {
                invoice,
                before: None,
                limit: 100,
            };
            session.ask(question).await
        }
        It::Reverse { settlement } => {
            let call = Insurance::reverse { settlement };
            session.execute("The settlement is taken back", call).await
        }
    }
}

async fn schemes(session: &Session, command: SchemeCommand) -> Result<()> {
    use SchemeCommand as It;

    let (done, call) = match command {
        It::PublishScheme { file, code, from } => {
            let call = Insurance::create_scheme {
                code,
                from,
                parameters: parameters(&file)?,
            };
            ("The scheme is published", call)
        }
        It::PublishVersion { scheme, file, from } => {
            let call = Insurance::publish_version {
                scheme,
                from,
                parameters: parameters(&file)?,
            };
            ("The version is published", call)
        }
        It::CloseScheme { scheme, last } => {
            let call = Insurance::close_scheme { scheme, last };
            ("The scheme is closed", call)
        }
    };
    session.execute(done, call).await
}

async fn coverages(session: &Session, command: CoverageCommand) -> Result<()> {
    use CoverageCommand as It;

    let (done, call) = match command {
        It::Cover {
            patient,
            scheme,
            insured,
            from,
            until,
        } => {
            let call = Insurance::enrol {
                patient,
                scheme,
                insured: insured.insured(),
                period: Period { from, until },
            };
            ("Covered", call)
        }
        It::ChangeStanding {
            coverage,
            insured,
            from,
        } => {
            let call = Insurance::change_standing {
                coverage,
                from,
                insured: insured.insured(),
            };
            ("Changed", call)
        }
        It::EndCoverage { coverage, until } => {
            let call = Insurance::set_coverage_end { coverage, until };
            ("The end is set", call)
        }
        It::Credit {
            coverage,
            amount_fen,
        } => {
            let call = Insurance::credit_account {
                coverage,
                amount_fen,
            };
            ("Credited", call)
        }
        It::ReleaseAccount { coverage, to: heir } => {
            let call = Insurance::release_account { coverage, heir };
            ("Paid out", call)
        }
    };
    session.execute(done, call).await
}
