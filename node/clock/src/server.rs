//! Which time server is meant.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Port of SNTP (RFC 5905).
const SNTP_PORT: u16 = 123;
/// Port on which NTS keys are agreed on (RFC 8915); the server tells the one for the time itself.
const NTS_PORT: u16 = 4_460;
/// What a server with NTS begins with.
const NTS_PREFIX: &str = "nts:";
/// Longest name of a host (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Without authentication.
    Sntp,
    /// Authenticated, by Network Time Security.
    Nts,
}

impl Protocol {
    fn port(self) -> u16 {
        match self {
            Self::Sntp => SNTP_PORT,
            Self::Nts => NTS_PORT,
        }
    }
}

/// A time server: `host`, `host:port`, or either after `nts:`. An IPv6 address stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeServer {
    /// How it is asked.
    pub protocol: Protocol,
    /// Name or address, without brackets.
    pub host: String,
    /// UDP port of SNTP, or TCP port of NTS key agreement.
    pub port: u16,
}

/// A text that names no time server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time server `{text}`: {reason}; write ntp.example, ntp.example:123 or nts:ntp.example")]
pub struct TimeServerError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for TimeServer {
    type Err = TimeServerError;

    fn from_str(text: &str) -> Result<Self, TimeServerError> {
        parse(text).map_err(|reason| TimeServerError {
            text: text.to_owned(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<TimeServer, &'static str> {
    let (protocol, place) = match text.strip_prefix(NTS_PREFIX) {
        Some(place) => (Protocol::Nts, place),
        None => (Protocol::Sntp, text),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']').ok_or("the bracket is not closed")?;
            if address.parse::<Ipv6Addr>().is_err() {
                return Err("there is no IPv6 address in the brackets");
            }
            match rest {
                "" => (address, None),
                _ => (
                    address,
                    Some(
                        rest.strip_prefix(':')
                            .ok_or("only a port may follow the bracket")?,
                    ),
                ),
            }
        }
        None => {
            let (host, port) = match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            };
            check_name(host, port)?;
            (host, port)
        }
    };
    let port = match port {
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or("the port is no number from 1 to 65535")?,
        None => protocol.port(),
    };
    Ok(TimeServer {
        protocol,
        host: host.to_owned(),
        port,
    })
}

fn check_name(host: &str, port: Option<&str>) -> Result<(), &'static str> {
    if port.is_some_and(|port| port.contains(':')) {
        return Err("an IPv6 address stands in brackets");
    }
    if host.is_empty() {
        return Err("the host is missing");
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.len() > HOST_BYTES_MAX || !host.bytes().all(is_allowed) {
        return Err("that is no name of a host");
    }
    Ok(())
}

impl fmt::Display for TimeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol == Protocol::Nts {
            f.write_str(NTS_PREFIX)?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != self.protocol.port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_what_its_text_says() {
        for (text, protocol, host, port) in [
            ("ntp.example", Protocol::Sntp, "ntp.example", 123),
            ("ntp.example:1123", Protocol::Sntp, "ntp.example", 1_123),
            ("192.0.2.1", Protocol::Sntp, "192.0.2.1", 123),
            ("[2001:db8::1]", Protocol::Sntp, "2001:db8::1", 123),
            ("[2001:db8::1]:99", Protocol::Sntp, "2001:db8::1", 99),
            ("nts:time.example", Protocol::Nts, "time.example", 4_460),
            (
                "nts:time.example:4461",
                Protocol::Nts,
                "time.example",
                4_461,
            ),
            ("nts:[::1]:4461", Protocol::Nts, "::1", 4_461),
        ] {
            let server: TimeServer = text.parse().unwrap();
            let expected = TimeServer {
                protocol,
                host: host.to_owned(),
                port,
            };
            assert_eq!(server, expected);
            assert_eq!(server.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_server_is_refused_with_the_reason() {
        let long = "a".repeat(HOST_BYTES_MAX + 1);
        for (text, reason) in [
            ("", "missing"),
            ("nts:", "missing"),
            (":123", "missing"),
            ("ntp.example:", "port"),
            ("ntp.example:0", "port"),
            ("ntp.example:65536", "port"),
            ("2001:db8::1", "brackets"),
            ("[2001:db8::1", "closed"),
            ("[ntp.example]", "IPv6"),
            ("[::1]123", "follow"),
            ("https://ntp.example", "port"),
            ("ntp example", "no name"),
            (&long, "no name"),
        ] {
            let error = text.parse::<TimeServer>().unwrap_err();
            assert!(error.reason.contains(reason), "{error}");
            assert!(error.to_string().contains("nts:ntp.example"), "{error}");
        }
    }
}
