//! The service itself: one token an interval, whatever fails in between.

use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use tokio::time::{interval, sleep, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use xinglin_primitives::{Hash, Header};
use xinglin_sdk::{
    client::Client,
    keys::KeyPair,
    operation::{random_id, OperationError},
    parties, trusted_time,
};
use xinglin_timestamps::{request, token_of, Stamp};

use super::http;
use crate::{cli::status::utc, shutdown};

/// How often all services are asked for one token before the next interval is waited for.
const ROUNDS_MAX: u32 = 4;
/// The pause after the first failure. It doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause before a node is connected to again.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What the service works with.
pub struct Settings {
    /// The key of the authority's account.
    pub key: KeyPair,
    /// RPC address of the node.
    pub node: String,
    /// Time between two tokens.
    pub interval: Duration,
    /// Whether tokens are to carry certificates.
    pub with_certificates: bool,
    /// Who stamps, in the order in which they are asked.
    pub services: Vec<http::Service>,
}

/// A token over the hash of a block, verified.
struct Verified {
    number: u32,
    token: Vec<u8>,
    stamp: Stamp,
    service: String,
}

/// Stamps until the process is asked to stop.
pub async fn run(settings: Settings) -> Result<()> {
    let stop = CancellationToken::new();
    shutdown::on_signal(stop.clone())?;
    let work = keep_stamping(&settings);
    tokio::select! {
        () = stop.cancelled() => {
            tracing::info!("time authority stopped");
            Ok(())
        }
        never = work => match never {},
    }
}

/// Connects to the node, again and again, and stamps while it is there.
async fn keep_stamping(settings: &Settings) -> std::convert::Infallible {
    let mut pause = PAUSE_MIN;
    loop {
        let mut has_stamped = false;
        let error = match stamp_on(settings, &mut has_stamped).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        if has_stamped {
            pause = PAUSE_MIN;
        }
        tracing::warn!(
            error = format!("{error:#}"),
            pause_s = pause.as_secs(),
            "time authority: interrupted"
        );
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Stamps on one connection until it breaks.
async fn stamp_on(settings: &Settings, has_stamped: &mut bool) -> Result<std::convert::Infallible> {
    let client = Client::connect(&settings.node).await?;
    let member = parties::member_of(&client, &settings.key.account()).await?;
    tracing::info!(
        node = client.url(),
        member = member.0,
        "time authority connected"
    );
    let mut ticks = interval(settings.interval);
    // After a long pause one token says all that several would.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = 0;
    loop {
        ticks.tick().await;
        let header = client.header(client.tip().await?).await?;
        if header.number <= last {
            tracing::warn!(block = last, "no block since the last token");
            continue;
        }
        // They may change at any time.
        let known = trusted_time::services_of(&client, member).await?;
        if known.is_empty() {
            bail!("the chain has no certificates in force for member {member}; have the council register them: `xinglin time-authority certificates --help`");
        }
        match stamped(settings, &known, &header).await {
            Ok(verified) => {
                submit(settings, &client, &header, verified).await?;
                last = header.number;
                *has_stamped = true;
            }
            Err(error) => tracing::error!(
                block = header.number,
                error = format!("{error:#}"),
                "no service gave a token; trying again with the next"
            ),
        }
    }
}

/// A verified token over a block's hash, by the first service that gives one.
async fn stamped(
    settings: &Settings,
    known: &[trusted_time::Service],
    header: &Header,
) -> Result<Verified> {
    let mut pause = PAUSE_MIN;
    let mut round = 1;
    loop {
        let mut failure = None;
        for service in &settings.services {
            match ask(settings, service, known, header.hash()).await {
                Ok(verified) => return Ok(verified),
                Err(error) => {
                    tracing::warn!(
                        service = service.url(),
                        error = format!("{error:#}"),
                        "no token"
                    );
                    failure = Some(error);
                }
            }
        }
        if round == ROUNDS_MAX {
            return Err(failure.context("no services")?);
        }
        round += 1;
        sleep(pause).await;
        pause *= 2;
    }
}

async fn ask(
    settings: &Settings,
    service: &http::Service,
    known: &[trusted_time::Service],
    hash: Hash,
) -> Result<Verified> {
    let nonce = random_id().to_low_u64_be();
    let query = request(hash.as_bytes(), nonce, settings.with_certificates);
    let asked = service.clone();
    let answer = tokio::task::spawn_blocking(move || asked.ask(&query)).await??;
    let token = token_of(&answer)?;
    let (by, stamp) = trusted_time::verify_by(known, &token, hash.as_bytes())?;
    ensure!(stamp.answers(nonce), "the token answers another request");
    Ok(Verified {
        number: by.number,
        token,
        stamp,
        service: service.url().to_owned(),
    })
}

/// Submits a token. What the chain refuses is told and left at that: the next may fare better.
async fn submit(
    settings: &Settings,
    client: &Client,
    header: &Header,
    verified: Verified,
) -> Result<()> {
    let (block, bytes) = (header.number, verified.token.len());
    let outcome = trusted_time::submit(
        client,
        &settings.key,
        block,
        verified.number,
        verified.token,
    );
    match outcome.await {
        Ok((id, outcome)) => {
            tracing::info!(
                block,
                time = utc(verified.stamp.time_ms),
                stamp = id.0,
                bytes,
                service = verified.service,
                transaction = format!("{:?}", outcome.hash),
                "block stamped"
            );
            Ok(())
        }
        Err(OperationError::Refused { transaction, error }) => {
            tracing::error!(
                block,
                error,
                transaction = format!("{transaction:?}"),
                "the chain refuses the token"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
