//! Which time servers are asked.

use std::time::Duration;

use anyhow::{Context, Result};
use xinglin_clock::{ClockConfig, INTERVAL_DEFAULT, SERVERS_DEFAULT};

use crate::cli::args::ClockArgs;

/// What `--time-server` takes for nobody.
const NOBODY: &str = "none";

/// A network of one machine has one clock, and may have no way to any server: `on_loopback` nobody is
/// asked unless told to.
pub(super) fn config(options: ClockArgs, on_loopback: bool) -> Result<ClockConfig> {
    let names = match options.time_server {
        names if !names.is_empty() => names,
        _ if on_loopback => Vec::new(),
        _ => SERVERS_DEFAULT.map(str::to_owned).to_vec(),
    };
    let servers = if names == [NOBODY] {
        Vec::new()
    } else {
        let servers = names.iter().map(|name| name.parse());
        servers.collect::<Result<_, _>>().context("--time-server")?
    };
    let seconds = options.time_interval.map(u64::from);
    let config = ClockConfig {
        servers,
        interval: seconds.map_or(INTERVAL_DEFAULT, Duration::from_secs),
    };
    config.check().context("--time-server, --time-interval")?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(servers: &[&str], time_interval: Option<u32>) -> ClockArgs {
        ClockArgs {
            time_server: servers.iter().map(|&name| name.to_owned()).collect(),
            time_interval,
        }
    }

    fn names(servers: &[&str], on_loopback: bool) -> Vec<String> {
        let config = config(options(servers, None), on_loopback).unwrap();
        config.servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn servers_are_asked_where_there_is_a_network_or_the_operator_says_so() {
        assert_eq!(names(&[], false), SERVERS_DEFAULT);
        assert!(names(&[], true).is_empty());
        assert!(names(&["none"], false).is_empty());
        let given = ["ntp.a", "nts:b:4461"];
        assert_eq!(names(&given, true), given);
        assert_eq!(names(&given, false), given);
        let often = config(options(&given, Some(8)), false).unwrap();
        assert_eq!(often.interval, Duration::from_secs(8));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_option_and_a_remedy() {
        for (servers, interval, remedy) in [
            (&["http://a"][..], None, "write ntp.example"),
            (&["a", "A"], None, "named twice"),
            (&[], Some(0), "from 1 to 1024 s"),
        ] {
            let error = config(options(servers, interval), false).unwrap_err();
            let text = format!("{error:#}");
            assert!(text.contains(remedy) && text.contains("--time-"), "{text}");
        }
    }
}
