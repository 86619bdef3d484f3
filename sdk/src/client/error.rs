//! Why requests fail.

use std::time::Duration;

use jsonrpsee::core::client::Error as RpcError;
use xinglin_primitives::Hash;

/// Why a request to a node failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error("cannot connect to {url}: {source}; is the node running, and is this its RPC address? (ws://host:port)")]
    Connect {
        /// Where to.
        url: String,
        /// What failed.
        source: Box<RpcError>,
    },
    /// The node answered with an error.
    #[error("{method}: the node refuses with code {code}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The error's code, stable.
        code: i32,
        /// Its message and data.
        message: String,
    },
    /// The connection failed.
    #[error("{method}: {source}; connect again")]
    Connection {
        /// What was asked.
        method: &'static str,
        /// What failed.
        source: Box<RpcError>,
    },
    /// The node belongs to another chain.
    #[error("the node's chain has the genesis {found:?}, not {expected:?}; connect to a node of the right network")]
    WrongChain {
        /// Genesis wanted.
        expected: Hash,
        /// Genesis found.
        found: Hash,
    },
    /// The node's rules are not those of this program.
    #[error(
        "the chain runs {found}, this program knows {expected}; use the release for that version"
    )]
    WrongVersion {
        /// Name and version of the chain's rules.
        found: String,
        /// Name and version known here.
        expected: String,
    },
    /// An answer does not have the expected form.
    #[error("{what} does not decode; node and program are of different versions")]
    Undecodable {
        /// What was read.
        what: &'static str,
    },
    /// The chain has no such thing.
    #[error("there is no {what}; it may not be final yet")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// It took too long.
    #[error("{what} took longer than {} s", .limit.as_secs())]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long.
        limit: Duration,
    },
    /// The pool let go of the transaction.
    #[error("transaction {hash:?} left the pool: {reason}; sign and submit it again")]
    LeftPool {
        /// The transaction.
        hash: Hash,
        /// `usurped`, `dropped` or `invalid`.
        reason: &'static str,
    },
}

pub(super) async fn within<T>(
    what: &'static str,
    limit: Duration,
    work: impl std::future::Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or(Err(ClientError::Timeout { what, limit }))
}

pub(super) fn closed(method: &'static str) -> ClientError {
    let reason = RpcError::Custom("the node closed the subscription".into());
    rpc_error(method, reason)
}

pub(super) fn rpc_error(method: &'static str, error: RpcError) -> ClientError {
    match error {
        RpcError::Call(error) => ClientError::Refused {
            method,
            code: error.code(),
            message: match error.data() {
                Some(data) => format!("{} ({})", error.message(), data.get()),
                None => error.message().to_owned(),
            },
        },
        source => ClientError::Connection {
            method,
            source: Box::new(source),
        },
    }
}
