//! Which web pages may use the server.
//!
//! A browser lets any page open a WebSocket to any host, loopback included, and names the page's
//! origin; it is for the server to refuse. Programs other than browsers name none and are let in.

use crate::config::ConfigError;

/// The origins that are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    any: bool,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    /// Scheme and host with every port: what comes before the `:` of the port.
    AnyPort(String),
}

impl Origins {
    /// Reads `https://name`, `https://name:port`, `https://name:*`, or `*` for any.
    pub(crate) fn parse(allowed: &[String]) -> Result<Self, ConfigError> {
        let any = allowed.iter().any(|text| text == "*");
        let patterns = allowed
            .iter()
            .filter(|text| *text != "*")
            .map(|text| Pattern::parse(text).ok_or_else(|| ConfigError::Origin(text.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { any, patterns })
    }

    /// Whether a page of `origin` may use the server.
    pub(crate) fn allow(&self, origin: &[u8]) -> bool {
        if self.any {
            return true;
        }
        let Ok(origin) = std::str::from_utf8(origin) else {
            return false;
        };
        let origin = origin.to_ascii_lowercase();
        self.patterns.iter().any(|pattern| pattern.covers(&origin))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, host) = text.split_once("://")?;
        if scheme.is_empty() || host.is_empty() || host.contains(['/', '@', ' ']) {
            return None;
        }
        match text.strip_suffix(":*") {
            Some(name) if name.len() > scheme.len() + "://".len() => {
                Some(Self::AnyPort(name.to_owned()))
            }
            Some(_) => None,
            None if text.contains('*') => None,
            None => Some(Self::Exact(text)),
        }
    }

    fn covers(&self, origin: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == origin,
            Self::AnyPort(name) => origin.strip_prefix(name.as_str()).is_some_and(|rest| {
                rest.is_empty()
                    || rest.strip_prefix(':').is_some_and(|port| {
                        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
                    })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(allowed: &[&str]) -> Result<Origins, ConfigError> {
        Origins::parse(
            &allowed
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn ports_may_be_any_and_hosts_may_not() {
        let origins = origins(&["http://localhost:*", "https://app.example"]).unwrap();
        for origin in [
            "http://localhost",
            "http://localhost:3000",
            "https://app.example",
        ] {
            assert!(origins.allow(origin.as_bytes()), "{origin}");
        }
        for origin in [
            "https://localhost:3000",
            "http://localhost.evil.example",
            "http://localhost:3000.evil.example",
            "http://localhost:",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "null",
            "",
        ] {
            assert!(!origins.allow(origin.as_bytes()), "{origin}");
        }
        assert!(!origins.allow(b"\xff"));
    }

    #[test]
    fn a_star_is_any_and_nonsense_is_refused() {
        assert!(origins(&["*"]).unwrap().allow(b"https://anything.example"));
        for text in [
            "localhost",
            "https://",
            "https://*",
            "https://:*",
            "https://a/b",
            "",
        ] {
            assert_eq!(
                origins(&[text]),
                Err(ConfigError::Origin(text.to_owned())),
                "{text}"
            );
        }
    }
}
