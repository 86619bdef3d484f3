//! `xinglin demo`: plays a morning of bookings, a clinic day of FHIR bundles and what a regulator asks of
//! it, on a network that runs already or on one of its own.
//!
//! It is a check as well as a show: every step says what must come of it, and the first that comes
//! out otherwise ends the demo with an error.

mod consortium;
mod day;
mod morning;
mod regulator;
mod report;
mod stage;

use std::path::PathBuf;

use anyhow::{ensure, Context, Result};
use clap::Args;
use xinglin_chain_spec::ChainSpec;
use xinglin_primitives::consensus::VALIDATORS_MAX;
use xinglin_sdk::{client::Client, receipt::TrustAnchor};

use self::{consortium::Consortium, morning::Morning, regulator::Offered, stage::Stage};
use super::chain_spec;
use crate::settings;

/// Validators below which the loss of one stops the chain.
const VALIDATORS_FOR_LOSS: usize = 4;
/// Validators of a consortium of one's own.
const VALIDATORS_DEFAULT: u16 = 4;

/// Play a morning of bookings and a clinic day: on a consortium of processes of this program on loopback, or with
/// --url on a network that runs and knows the development parties
#[derive(Args)]
pub struct DemoArgs {
    /// Validators of the demo's own consortium; from four on, one is killed and brought back
    /// [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=VALIDATORS_MAX as i64))]
    validators: Option<u16>,
    /// Leave the consortium running and say how to connect
    #[arg(long)]
    keep: bool,
    /// Folder of the consortium, which must not exist [default: a temporary one, removed at the end
    /// unless --keep]
    #[arg(long, short = 'd', value_name = "DIR")]
    base_path: Option<PathBuf>,
    /// RPC port of the first node; the next nodes' are above [default: free ports]
    #[arg(long, value_name = "PORT")]
    rpc_port: Option<u16>,
    /// Play the clinic day from the FHIR R4 bundles (*.json) of this folder [default: the project's
    /// own, of patients who do not exist]
    #[arg(long, value_name = "DIR")]
    fhir: Option<PathBuf>,
    /// Play on the network of these nodes, by their RPC addresses
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        conflicts_with_all = ["validators", "keep", "base_path", "rpc_port"]
    )]
    url: Vec<String>,
    /// A PostgreSQL database for the regulator's questions in SQL. With --url, the network's nodes must
    /// be archives
    #[arg(
        long,
        env = "XINGLIN_POSTGRES_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    postgres: Option<String>,
    /// With --url: the network's chain specification, to verify receipts against; without it the
    /// first node is trusted to name the validators
    #[arg(long, value_name = "dev|local|FILE", requires = "url")]
    genesis: Option<String>,
}

/// Plays the morning. Fails if anything comes out otherwise than it must.
pub fn run(args: &DemoArgs) -> Result<()> {
    super::block_on(async {
        tokio::select! {
            outcome = play(args) => outcome,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("SIGINT handler")?;
                anyhow::bail!("interrupted; the demo's own nodes are stopped")
            }
        }
    })
}

async fn play(args: &DemoArgs) -> Result<()> {
    if args.url.is_empty() {
        on_own_network(args).await
    } else {
        on_running_network(args).await
    }
}

/// With processes of its own, one of which is killed and brought back in the middle.
async fn on_own_network(args: &DemoArgs) -> Result<()> {
    let count = args.validators.unwrap_or(VALIDATORS_DEFAULT);
    report::title(&format!("A consortium of {count} on this machine"));
    let mut consortium = Consortium::create(count, args.base_path.as_deref(), args.rpc_port)?;
    consortium.start_all().await?;
    let anchor = chain_spec::anchor(&ChainSpec::from_file(consortium.spec())?)?;
    report::nodes(&consortium.urls()).await?;

    let survives_loss = consortium.len() >= VALIDATORS_FOR_LOSS;
    // The one that will be killed serves nobody meanwhile.
    let serving = consortium.len() - usize::from(survives_loss);
    let mut stage = Stage::connect(&consortium.urls()[..serving], anchor.clone()).await?;
    let mut morning = bookings(&mut stage).await?;
    if survives_loss {
        loss(&mut consortium, &mut stage, &mut morning).await?;
    } else {
        report::title("Changes");
        morning.changes(&mut stage).await?;
        report::steps(&mut stage);
    }
    visits(&mut stage, &mut morning).await?;
    let day = day::play(&mut stage, args.fhir.as_deref()).await?;
    let offered = Offered {
        postgres: args.postgres.as_deref(),
        anchors_soon: true,
        folder: &consortium.papers()?,
    };
    let packages = regulator::play(&mut stage, &day, &offered).await?;
    conclude(&stage, &morning).await?;
    let root = consortium.same_state_everywhere().await?;
    report::title("Where the nodes stand");
    println!("All have the state root {root:?}.");
    report::nodes(&consortium.urls()).await?;
    let specification = consortium.spec();
    let folder = consortium.finish(args.keep).await?;
    if let Some(packages) = packages {
        packages.verify(&anchor, specification.to_str())?;
    }
    drop(folder);
    Ok(())
}

/// Changes while a validator is away.
async fn loss(consortium: &mut Consortium, stage: &mut Stage, morning: &mut Morning) -> Result<()> {
    let victim = consortium.len() - 1;
    report::title("A validator is killed (SIGKILL), and the others go on");
    consortium.kill(victim)?;
    morning.changes(stage).await?;
    report::steps(stage);
    report::nodes(&consortium.urls()[..victim]).await?;
    report::title("It comes back and catches up");
    let height = stage.height().await?;
    let took = consortium.restart_and_catch_up(victim, height).await?;
    println!(
        "It has block {height} again, {} ms after its start.",
        took.as_millis()
    );
    Ok(())
}

async fn bookings(stage: &mut Stage) -> Result<Morning> {
    report::title("Bookings");
    let mut morning = Morning::begin(stage).await?;
    morning.bookings(stage).await?;
    report::steps(stage);
    Ok(morning)
}

async fn visits(stage: &mut Stage, morning: &mut Morning) -> Result<()> {
    report::title("Visits");
    morning.visits(stage).await?;
    report::steps(stage);
    Ok(())
}

async fn on_running_network(args: &DemoArgs) -> Result<()> {
    let anchor = match &args.genesis {
        Some(chain) => chain_spec::anchor(&settings::chain_spec(chain)?)?,
        None => trusted_anchor(&args.url[0]).await?,
    };
    let mut stage = Stage::connect(&args.url, anchor.clone()).await?;
    let mut morning = bookings(&mut stage).await?;
    report::title("Changes");
    morning.changes(&mut stage).await?;
    report::steps(&mut stage);
    visits(&mut stage, &mut morning).await?;
    let day = day::play(&mut stage, args.fhir.as_deref()).await?;
    let folder = tempfile::Builder::new().prefix("xinglin-demo-").tempdir()?;
    let offered = Offered {
        postgres: args.postgres.as_deref(),
        anchors_soon: false,
        folder: folder.path(),
    };
    let packages = regulator::play(&mut stage, &day, &offered).await?;
    conclude(&stage, &morning).await?;
    report::nodes(&args.url).await?;
    if let Some(packages) = packages {
        packages.verify(&anchor, args.genesis.as_deref())?;
    }
    Ok(())
}

/// What happened, what became of it, and the proof.
async fn conclude(stage: &Stage, morning: &Morning) -> Result<()> {
    report::title("What became of the appointments");
    report::appointments(stage, &morning.appointments()).await?;
    report::title("Receipts, verified offline");
    let verified = stage.verify_receipts().await?;
    ensure!(
        verified.forged_refused == verified.genuine,
        "a forged receipt was accepted"
    );
    println!(
        "{} receipts prove their operations. Each of them with one bit changed is refused.",
        verified.genuine
    );
    Ok(())
}

/// The validators of the next height, as a node names them.
async fn trusted_anchor(url: &str) -> Result<TrustAnchor> {
    let client = Client::connect(url).await?;
    let tip = client.header(client.tip().await?).await?;
    Ok(client.trust_anchor(tip.number.saturating_add(1)).await?)
}
