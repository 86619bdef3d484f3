//! `xinglin time-authority`: has the hashes of blocks stamped, and shows what came of it.

mod http;
mod service;

use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use clap::{Args, Subcommand};
use codec::Encode;
use serde_json::json;
use xinglin_primitives::{BlockNumber, MemberId};
use xinglin_rpc_api::xinglin::TimeToken;
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    client::{to_hex, Client},
    keys::{KeyPair, Scheme},
    keystore::Keystore,
    trusted_time::{self, read_certificates, to_pem},
};
use xinglin_timestamps::Authority;

use self::service::Settings;
use super::{
    args::LogFormat,
    output::{self, property_table},
    passphrase::PassphraseArgs,
    status::utc,
    UrlArgs,
};
use crate::telemetry;

/// The longest interval between two tokens, in seconds.
const INTERVAL_S_MAX: u64 = 24 * 3_600;

/// Have block hashes stamped by RFC 3161 services, as a time authority
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    long_about = "Have block hashes stamped by RFC 3161 services, as a time authority.\n\nEvery \
        interval the newest final block is stamped by the first service that answers, the token is \
        verified by the certificates that the chain has for the member, and submitted. Ends at \
        SIGTERM."
)]
pub struct TimeAuthorityArgs {
    #[command(subcommand)]
    command: Option<TimeAuthorityCommand>,
    #[command(flatten)]
    run: RunArgs,
}

/// What else there is to do.
#[derive(Subcommand)]
enum TimeAuthorityCommand {
    /// Check the certificates of a service, and print the call by which the council registers them
    Certificates(CertificatesArgs),
    /// Show the tokens from before and after a block, and save them for `openssl ts -verify`
    Tokens(TokensArgs),
}

/// Options of `time-authority`.
#[derive(Args)]
struct RunArgs {
    /// Address of a service: http://… or https://…; may be given several times, in the order in
    /// which they are asked
    #[arg(long = "tsa", value_name = "URL", required = true)]
    services: Vec<String>,
    /// Seconds between two tokens
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=INTERVAL_S_MAX))]
    interval: u64,
    /// Ask that tokens carry the service's certificates, which the chain has already
    #[arg(long)]
    with_certificates: bool,
    /// Keystore file of an account of the time authority
    #[arg(long, env = "XINGLIN_KEY", value_name = "FILE")]
    key: Option<PathBuf>,
    /// Act with a development key, which everybody knows, by its path, whatever --key says:
    /// //Ferdie
    #[arg(long, value_name = "PATH")]
    dev_key: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    url: UrlArgs,
    /// What to log: `level` or `target=level`, separated by commas
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// Options of `time-authority certificates`.
#[derive(Args)]
struct CertificatesArgs {
    /// PEM file: the certificate of the service, then those above it up to the one to trust
    file: PathBuf,
    /// The member whose service it is
    #[arg(long, value_name = "ID")]
    member: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Options of `time-authority tokens`.
#[derive(Args)]
struct TokensArgs {
    /// Height of the block
    block: BlockNumber,
    /// Folder, which must exist, for the tokens, the hashes that they are over and the certificates
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    #[command(flatten)]
    url: UrlArgs,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Does what `xinglin time-authority …` says.
pub fn run(args: TimeAuthorityArgs) -> Result<()> {
    match args.command {
        None => serve(args.run),
        Some(TimeAuthorityCommand::Certificates(args)) => certificates(&args),
        Some(TimeAuthorityCommand::Tokens(args)) => super::block_on(tokens(args)),
    }
}

fn serve(args: RunArgs) -> Result<()> {
    telemetry::init(args.log.as_deref(), args.log_format, false)?;
    let settings = Settings {
        key: args.key()?,
        node: args.url.url,
        interval: std::time::Duration::from_secs(args.interval),
        with_certificates: args.with_certificates,
        services: args
            .services
            .iter()
            .map(|url| http::Service::new(url))
            .collect::<Result<_>>()?,
    };
    super::block_on(service::run(settings))
}

impl RunArgs {
    fn key(&self) -> Result<KeyPair> {
        if let Some(path) = &self.dev_key {
            return Ok(KeyPair::from_secret(Scheme::Sr25519, path)?);
        }
        let Some(file) = &self.key else {
            bail!("no key to act with; give --key FILE, or --dev-key PATH on a development chain");
        };
        let name = file.display().to_string();
        let keystore = Keystore::read(file).with_context(|| format!("keystore {name}"))?;
        let key = keystore.open(&self.passphrase.existing(&name)?);
        key.with_context(|| format!("keystore {name}"))
    }
}

/// Checks the certificates in a file, and makes the call by which the council registers them.
pub fn registration(file: &Path, member: MemberId) -> Result<(Authority, RuntimeCall)> {
    let name = file.display();
    let pem = std::fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
    let (authority, certificates) = read_certificates(&pem).with_context(|| name.to_string())?;
    // They are within the bounds, or else they would not be those of an authority.
    let bounded = certificates
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .and_then(|chain| chain.try_into().ok())
        .context("the certificates are too large")?;
    let call = RuntimeCall::TrustedTime(
        pallet_trusted_time::Call::<Runtime>::register_certificates {
            member,
            certificates: bounded,
        },
    );
    Ok((authority, call))
}

fn certificates(args: &CertificatesArgs) -> Result<()> {
    let (authority, call) = registration(&args.file, MemberId(args.member))?;
    let (subject, key) = (authority.subject(), to_hex(&authority.key_id()));
    let call = to_hex(&call.encode());
    if args.json {
        let answer = json!({ "subject": subject, "key": key, "call": call });
        return output::write_json(None, &answer);
    }
    println!(
        "{}",
        property_table([("service", &subject), ("SHA-256 of its key", &key)])
    );
    println!("\nThe call to propose in the council, by `xinglin council propose call` or any wallet:\n{call}");
    Ok(())
}

async fn tokens(args: TokensArgs) -> Result<()> {
    let client = Client::connect(&args.url.url).await?;
    let found = trusted_time::tokens_around(&client, args.block).await?;
    let found = found.with_context(|| format!("there is no block {} yet", args.block))?;
    let sides = [("before", &found.before), ("after", &found.after)];
    if args.json {
        output::write_json(None, &serde_json::to_value(&found)?)?;
    } else {
        for (side, token) in sides {
            println!("{}", describe(side, token.as_ref()));
        }
    }
    let Some(folder) = args.save else {
        return Ok(());
    };
    for (side, token) in sides {
        let Some(token) = token else { continue };
        let (own, above) = token
            .certificates
            .split_first()
            .context("the node gave a token without certificates")?;
        let above: String = above.iter().map(|it| to_pem(&it.0)).collect();
        for (file, bytes) in [
            ("token.der", &token.token.0[..]),
            ("hash.bin", token.block_hash.as_bytes()),
            ("service.pem", to_pem(&own.0).as_bytes()),
            ("trusted.pem", above.as_bytes()),
        ] {
            let path = folder.join(format!("{side}-{file}"));
            std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

fn describe(side: &str, token: Option<&TimeToken>) -> String {
    let Some(token) = token else {
        return format!("No token from {side} the block.");
    };
    let accuracy = match token.accuracy_ms {
        Some(accuracy_ms) => format!("± {accuracy_ms} ms"),
        None => "not stated".to_owned(),
    };
    let table = property_table([
        ("time", utc(token.time_ms)),
        ("accuracy", accuracy),
        ("authority", format!("member {}", token.authority)),
        ("stamped block", token.block_number.to_string()),
        ("stamped hash", format!("{:?}", token.block_hash)),
        ("recorded in block", token.recorded_in.to_string()),
        ("transaction", format!("{:?}", token.transaction)),
    ]);
    format!("Token from {side} the block:\n{table}")
}
