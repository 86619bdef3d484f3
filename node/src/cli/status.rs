//! `xinglin status`: where nodes stand.

use anyhow::Result;
use clap::Args;
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use serde_json::Value;
use xinglin_primitives::{
    consensus::{ConsensusKey, Validator},
    time::Moment,
    MemberId,
};
use xinglin_rpc_api::{
    xinglin::{Clock, ClockStanding, Status, TimeServer, TimeServerVerdict},
    Bytes,
};
use xinglin_runtime::Runtime;
use xinglin_sdk::client::{Client, ClientError};

use super::output;

/// Show where nodes stand: height, peers, validators, who is missing, pool, disk
#[derive(Args)]
pub struct StatusArgs {
    /// RPC addresses of the nodes, one column for each
    #[arg(
        long,
        env = "XINGLIN_URL",
        value_name = "URL",
        value_delimiter = ',',
        default_value = super::DEFAULT_URL
    )]
    url: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What one node says of itself.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Where it was asked.
    pub url: String,
    /// Version of its rules.
    pub spec_version: u64,
    /// The last block's own time, in milliseconds since 1970.
    pub block_time_ms: Moment,
    /// Number of validators of the next height.
    pub validators: usize,
    /// Names of the members whose vote on the last block is missing.
    pub missing: Vec<String>,
    /// The node's answer.
    pub status: Status,
}

/// Prints the status of every node; fails if one cannot be asked.
pub fn run(args: &StatusArgs) -> Result<()> {
    let outcomes = super::block_on(async {
        let mut outcomes = Vec::with_capacity(args.url.len());
        for url in &args.url {
            outcomes.push((url.clone(), ask(url).await));
        }
        Ok(outcomes)
    })?;
    if args.json {
        let list: Vec<Value> = outcomes
            .iter()
            .map(|(url, outcome)| match outcome {
                Ok(node) => serde_json::to_value(node),
                Err(error) => Ok(serde_json::json!({ "url": url, "error": error.to_string() })),
            })
            .collect::<Result<_, _>>()?;
        output::write_json(None, &Value::Array(list))?;
    } else {
        println!("{}", render(&outcomes));
    }
    match outcomes.into_iter().find_map(|(_, outcome)| outcome.err()) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Asks one node.
pub async fn ask(url: &str) -> Result<NodeStatus, ClientError> {
    let client = Client::connect_unchecked(url).await?;
    let status: Status = client.request("xinglin_status", rpc_params![]).await?;
    let version: Value = client
        .request("state_getRuntimeVersion", rpc_params![])
        .await?;
    let time_key = storage_prefix(b"Timestamp", b"Now");
    let block_time_ms = client.storage(&time_key, status.block_hash).await?;
    let set_key = pallet_validators::Validators::<Runtime>::hashed_key();
    let validators: Option<Vec<Validator>> = client.storage(&set_key, status.block_hash).await?;
    let validators = validators.unwrap_or_default();
    Ok(NodeStatus {
        url: url.to_owned(),
        spec_version: version["specVersion"].as_u64().unwrap_or_default(),
        block_time_ms: block_time_ms.unwrap_or_default(),
        missing: names(&client, &status, &validators).await?,
        validators: validators.len(),
        status,
    })
}

/// Names of the members whose votes are missing; where the state does not tell, their keys.
async fn names(
    client: &Client,
    status: &Status,
    validators: &[Validator],
) -> Result<Vec<String>, ClientError> {
    let mut names = Vec::with_capacity(status.missing_validators.len());
    for missing in &status.missing_validators {
        let member = validators.iter().find(|it| is_key(&it.key, missing));
        names.push(match member {
            Some(validator) => member_name(client, status, validator.member).await?,
            None => missing.to_hex(),
        });
    }
    Ok(names)
}

fn is_key(key: &ConsensusKey, bytes: &Bytes) -> bool {
    key.0[..] == bytes.0[..]
}

async fn member_name(
    client: &Client,
    status: &Status,
    member: MemberId,
) -> Result<String, ClientError> {
    let key = pallet_members::Members::<Runtime>::hashed_key_for(member);
    let found: Option<pallet_members::Member<xinglin_primitives::AccountId>> =
        client.storage(&key, status.block_hash).await?;
    Ok(match found {
        Some(found) => String::from_utf8_lossy(&found.name).into_owned(),
        None => format!("member {member}"),
    })
}

/// One column per node.
pub fn render(nodes: &[(String, Result<NodeStatus, ClientError>)]) -> comfy_table::Table {
    let mut table = output::table();
    let header = nodes.iter().map(|(url, _)| url.clone());
    table.set_header(std::iter::once(String::new()).chain(header));
    let mut row = |name: &str, value: &dyn Fn(&NodeStatus) -> String| {
        let cells = nodes.iter().map(|(_, outcome)| match outcome {
            Ok(node) => value(node),
            Err(_) => "–".to_owned(),
        });
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    };
    row("chain", &|it| it.status.chain.clone());
    row("version", &|it| {
        format!("{} (rules {})", it.status.version, it.spec_version)
    });
    row("height", &|it| match it.status.syncing {
        true => format!("{} of {}", it.status.height, it.status.highest_block),
        false => it.status.height.to_string(),
    });
    row("block time", &|it| utc(it.block_time_ms));
    row("votes", &|it| yes(it.status.validating));
    row("peers", &|it| {
        format!(
            "{} consensus, {} gossip",
            it.status.consensus_peers, it.status.peers
        )
    });
    row("validators", &|it| it.validators.to_string());
    row("missing", &|it| match it.missing.is_empty() {
        true => "none".to_owned(),
        false => it.missing.join(", "),
    });
    row("pool", &|it| {
        let pool = it.status.pool;
        format!(
            "{} ready, {} waiting, {}",
            pool.ready,
            pool.future,
            output::bytes(pool.bytes as u64)
        )
    });
    row("clock", &|it| clock(&it.status.clock));
    row("time servers", &|it| time_servers(&it.status.clock.servers));
    row("oldest state", &|it| it.status.oldest_state.to_string());
    row("disk", &|it| {
        it.status
            .disk_bytes
            .map_or_else(|| "–".to_owned(), output::bytes)
    });
    table
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// How far a clock is off, and what follows.
fn clock(clock: &Clock) -> String {
    let offset = || {
        let offset_us = clock.offset_us.unwrap_or_default();
        let direction = if offset_us < 0 { "behind" } else { "ahead" };
        let millis = |us: u64| us as f64 / 1_000.0;
        format!(
            "{:.1} ms {direction}, ±{:.1} ms",
            millis(offset_us.unsigned_abs()),
            millis(clock.uncertainty_us.unwrap_or_default())
        )
    };
    match clock.standing {
        ClockStanding::NotChecked => "not checked".to_owned(),
        ClockStanding::Unknown => format!("unknown since {}", utc(clock.since_ms)),
        ClockStanding::Right => format!("right: {}", offset()),
        ClockStanding::Off => format!(
            "OFF: {}; proposes no blocks since {}",
            offset(),
            utc(clock.since_ms)
        ),
    }
}

/// Who says so, and who does not.
fn time_servers(servers: &[TimeServer]) -> String {
    let told = [
        (TimeServerVerdict::Agrees, "agrees"),
        (TimeServerVerdict::Lies, "LIES"),
        (TimeServerVerdict::Silent, "silent"),
        (TimeServerVerdict::Unsettled, "unsettled"),
    ];
    let lines = told.into_iter().flat_map(|(verdict, word)| {
        let with = servers.iter().filter(move |it| it.verdict == verdict);
        with.map(move |server| match (&server.problem, server.offset_us) {
            (Some(problem), _) => format!("{} {word}: {problem}", server.name),
            (None, Some(us)) => format!("{} {word}: {:+.1} ms", server.name, us as f64 / 1_000.0),
            (None, None) => format!("{} {word}", server.name),
        })
    });
    let lines: Vec<_> = lines.collect();
    match lines.is_empty() {
        true => "none".to_owned(),
        false => lines.join("\n"),
    }
}

/// An instant in UTC, to the second.
pub fn utc(moment: Moment) -> String {
    let seconds = moment / 1_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The Gregorian date of a day since 1970-01-01, by counting in eras of 400 years that begin on
/// 1 March, so that the leap day is the last of a year.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const ERA_DAYS: u64 = 146_097;
    let shifted = days + DAYS_TO_1970;
    let (era, day_of_era) = (shifted / ERA_DAYS, shifted % ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinglin_primitives::Hash;
    use xinglin_rpc_api::xinglin::PoolStatus;

    fn server(
        verdict: TimeServerVerdict,
        offset_us: Option<i64>,
        problem: Option<&str>,
    ) -> TimeServer {
        TimeServer {
            name: "ntp.example".into(),
            verdict,
            offset_us,
            problem: problem.map(str::to_owned),
        }
    }

    fn node() -> NodeStatus {
        NodeStatus {
            url: "ws://one".into(),
            spec_version: 1,
            block_time_ms: 1_767_225_600_000,
            validators: 4,
            missing: vec!["Dave Health Commission".into()],
            status: Status {
                chain: "Xinglin Local".into(),
                genesis_hash: Hash::zero(),
                version: "0.1.0".into(),
                height: 41,
                block_hash: Hash::zero(),
                state_root: Hash::zero(),
                oldest_state: 0,
                disk_bytes: Some(5 << 20),
                syncing: true,
                highest_block: 99,
                consensus_height: 42,
                consensus_round: 0,
                validating: true,
                consensus_peers: 3,
                peers: 3,
                validators: vec![Bytes(vec![1]); 4],
                missing_validators: vec![Bytes(vec![1])],
                pool: PoolStatus {
                    ready: 7,
                    future: 2,
                    bytes: 2048,
                },
                clock: Clock {
                    standing: ClockStanding::Off,
                    since_ms: 951_782_400_000,
                    offset_us: Some(-2_000_400),
                    uncertainty_us: Some(20_100),
                    servers: vec![
                        server(TimeServerVerdict::Lies, Some(90_000), None),
                        server(TimeServerVerdict::Agrees, Some(-2_000_400), None),
                        server(TimeServerVerdict::Silent, None, Some("no answer")),
                    ],
                    turns_passed: 3,
                },
            },
        }
    }

    #[test]
    fn the_table_has_a_column_per_node_and_tells_who_is_missing() {
        let refused = ClientError::Undecodable { what: "x" };
        let nodes = [
            ("ws://one".into(), Ok(node())),
            ("ws://two".into(), Err(refused)),
        ];
        let text = render(&nodes).to_string();
        for expected in [
            "ws://two",
            "41 of 99",
            "2026-01-01 00:00:00 UTC",
            "Dave Health Commission",
            "7 ready, 2 waiting, 2.0 KiB",
            "5.0 MiB",
            "OFF: 2000.4 ms behind, ±20.1 ms; proposes no blocks since 2000-02-29 00:00:00 UTC",
            "ntp.example agrees: -2000.4 ms",
            "ntp.example LIES: +90.0 ms",
            "ntp.example silent: no answer",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399_000), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(4_107_542_400_000), "2100-03-01 00:00:00 UTC");
    }
}
