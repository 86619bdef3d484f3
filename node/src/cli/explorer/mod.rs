//! `xinglin explorer`: finding blocks and operations on a node that keeps an index of them.

mod find;
mod listing;
mod operation;
mod overview;
mod questions;
mod trail;
mod watch;

use anyhow::Result;
use clap::{Args, Subcommand};
use xinglin_primitives::{AppointmentId, CaseId, Hash};
use xinglin_sdk::{client::Client, keys::KeyPair};

use self::listing::Form;
use super::{
    block_on,
    parties::{input, session::SessionArgs},
};

/// Find blocks and operations on a node that keeps an index of them.
///
/// Everybody may ask for blocks, counts and activity; for what she signed herself; and for what
/// mentions somebody or something that she may ask about. A regulator names an open case with --case and
/// may ask for anything: the node keeps the question, and the chain a digest of it.
#[derive(Args)]
pub struct ExplorerArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// Print comma-separated values instead of a table
    #[arg(long, global = true, conflicts_with = "json")]
    csv: bool,
    /// The regulator's open case for which it asks
    #[arg(long, global = true, value_name = "ID", value_parser = input::number::<CaseId>)]
    case: Option<CaseId>,
    #[command(subcommand)]
    command: ExplorerCommand,
}

/// What is asked of the index.
#[derive(Subcommand)]
enum ExplorerCommand {
    /// Show how far the index is, and how far the chain vouches for the record of questions
    Status,
    /// List blocks by height and time
    Blocks(overview::BlocksArgs),
    /// Show what a block counts
    Block {
        /// Its height or hash
        #[arg(value_name = "BLOCK", value_parser = overview::block_ref)]
        block: overview::BlockName,
    },
    /// Count operations per minute, hour or day
    Counts(overview::CountsArgs),
    /// List operations: one's own, unless --entity, --signer or --case says otherwise
    Find(find::FindArgs),
    /// Show an operation with its events, and keep its receipt
    Operation {
        /// Hash of the transaction
        hash: Hash,
        /// File for the receipt, which must not exist; `xinglin receipt verify` checks it
        #[arg(long, value_name = "FILE")]
        receipt: Option<std::path::PathBuf>,
    },
    /// Follow a visit through everything that came of it, in the order in which it happened
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Print what happens, as it happens
    Watch(watch::WatchArgs),
    /// List what regulators have asked the node, or check it against the chain
    Questions(questions::QuestionsArgs),
}

/// Who asks, on which node, and how the answer is printed.
struct Asking {
    client: Client,
    key: Option<KeyPair>,
    case: Option<CaseId>,
    form: Form,
}

impl Asking {
    /// The key that signs the question.
    fn key(&self) -> Result<&KeyPair> {
        let key = self.key.as_ref();
        key.ok_or_else(|| anyhow::anyhow!("no key to ask with; give --key FILE, or --dev-key PATH"))
    }
}

/// Runs `xinglin explorer`.
pub fn run(args: ExplorerArgs) -> Result<()> {
    use ExplorerCommand as It;

    let form = match (args.session.is_json(), args.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Table,
    };
    // A passphrase is asked for only where something is signed.
    let is_signed = match &args.command {
        It::Status | It::Blocks(_) | It::Block { .. } | It::Counts(_) => false,
        It::Find(_) | It::Operation { .. } | It::Trail { .. } => true,
        It::Watch(watch) => watch.is_signed(),
        It::Questions(questions) => questions.is_signed(),
    };
    let key = match is_signed {
        true => Some(args.session.wallet()?.key().clone()),
        false => None,
    };
    block_on(async {
        let asking = Asking {
            client: Client::connect(args.session.url()).await?,
            key,
            case: args.case,
            form,
        };
        match args.command {
            It::Status => overview::status(&asking).await,
            It::Blocks(args) => overview::blocks(&asking, args).await,
            It::Block { block } => overview::block(&asking, block).await,
            It::Counts(args) => overview::counts(&asking, args).await,
            It::Find(args) => find::run(&asking, args).await,
            It::Operation { hash, receipt } => operation::run(&asking, hash, receipt).await,
            It::Trail { appointment } => trail::run(&asking, appointment).await,
            It::Watch(args) => watch::run(&asking, args).await,
            It::Questions(args) => questions::run(&asking, args).await,
        }
    })
}
