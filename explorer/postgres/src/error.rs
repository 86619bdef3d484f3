//! Why an export ends.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use xinglin_decoding::DecodeError;
use xinglin_primitives::{BlockNumber, Hash};

use crate::source::SourceError;

/// SQLSTATE classes and codes of a server that is stopping, starting, full or busy.
const TRANSIENT_CODES: &[&str] = &["08", "57P", "53", "40"];
/// SQLSTATE class of a server that does not let somebody in.
const DENIED_CODES: &[&str] = &["28"];

/// What the server said, without where in its source it did; or what became of the connection.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    }
}

/// Why an export ends. The text says all: what is behind it would be told twice as a source.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The chain cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The address of the database cannot be understood. It may hold a password and is not told.
    #[error(
        "the address of the database is not understood; write postgres://user:password@host:port/database"
    )]
    Address,
    /// The database cannot be reached. Another attempt may succeed.
    #[error("PostgreSQL is away: {}; see that it runs at this address and has room", said(.0))]
    DatabaseAway(sqlx::Error),
    /// The database does not let the user in.
    #[error(
        "PostgreSQL does not let this user in: {}; correct user and password in the address, or the \
         password in PGPASSWORD",
        said(.0)
    )]
    Denied(sqlx::Error),
    /// The database refuses.
    #[error("PostgreSQL refuses: {}", said(.0))]
    Database(sqlx::Error),
    /// The tables are of a later program.
    #[error(
        "the database has tables of version {found}, and this program knows version {known}; \
         use the program that made them, or a later one"
    )]
    NewerSchema {
        /// Version of the tables.
        found: i64,
        /// The last version known here.
        known: i64,
    },
    /// The tables are of an earlier program, and this run may not change them.
    #[error(
        "the database has tables of version {found}, and this program needs version {known}; \
         run `xinglin export postgres --once`, which brings them up to date"
    )]
    OlderSchema {
        /// Version of the tables; 0 if there are none.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The tables cannot be made or brought up to date.
    #[error("the tables cannot be made: {0}; use a database of their own, and an owner of it")]
    Migration(MigrateError),
    /// The database is of another chain.
    #[error(
        "the database is of the chain with genesis {database:?}, and the node of the one with {node:?}; \
         use another database, or a node of that chain"
    )]
    ForeignChain {
        /// Genesis in the database.
        database: Hash,
        /// Genesis of the node.
        node: Hash,
    },
    /// The node has another block at the height to which the database has come.
    #[error(
        "block {height} of the node is not the one in the database, though the genesis is the same: \
         one of the two was started anew; use another database"
    )]
    OtherHistory {
        /// Where they differ.
        height: BlockNumber,
    },
    /// The node is behind the database.
    #[error(
        "the node is at block {tip} and the database at {exported}; wait until the node has caught up, \
         or ask another one"
    )]
    Behind {
        /// Tip of the node.
        tip: BlockNumber,
        /// Last exported block.
        exported: BlockNumber,
    },
    /// Nothing was exported yet.
    #[error("nothing was exported into this database yet; run `xinglin export postgres --once`")]
    Empty,
    /// Another program exports into the same database.
    #[error("another exporter works on this database; one is enough: end it, or let it work")]
    Locked,
    /// Somebody else changed how far the database has come.
    #[error("another program has moved the database from block {0}; end it, and run this again")]
    Moved(BlockNumber),
    /// A block does not decode.
    #[error("block {height}: {source}")]
    Decode {
        /// Its height.
        height: BlockNumber,
        /// What is wrong.
        source: DecodeError,
    },
    /// The node knows other rules than those that made a block.
    #[error(
        "block {height} was made by other rules than version {node} that the node has; \
         export it from an archive node of the release for those rules"
    )]
    OtherRules {
        /// Height of the block.
        height: BlockNumber,
        /// The node's version of the rules.
        node: u32,
    },
    /// The metadata or the state has a form that this program does not know.
    #[error(
        "{0} has a form that this program does not know; use the release for the node's version"
    )]
    Unknown(String),
    /// There is no query of this name.
    #[error("there is no query {name}; there are {known}")]
    NoQuery {
        /// What was asked for.
        name: String,
        /// The names of those there are.
        known: String,
    },
    /// A query needs a value.
    #[error("the query needs a value for {0}: add --param {0}=VALUE")]
    NoValue(String),
    /// A query takes no such value.
    #[error("the query takes no value for {0}; it takes {1}")]
    NotTaken(String, String),
    /// Waited long enough.
    #[error(
        "gave up after {} s without progress: {last}; start this again once that is mended, it goes on \
         from the last block in the database",
        .after.as_secs()
    )]
    GaveUp {
        /// How long nothing went forward.
        after: Duration,
        /// Why, the last time.
        last: Box<ExportError>,
    },
}

impl ExportError {
    /// Whether another attempt may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Source(SourceError::Away(_)) | Self::DatabaseAway(_)
        )
    }
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let is_of = |codes: &[&str]| match &error {
            E::Database(database) => database
                .code()
                .is_some_and(|code| codes.iter().any(|it| code.starts_with(it))),
            _ => false,
        };
        let is_away = match &error {
            E::Io(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => true,
            // The server closed the connection in the middle of an answer.
            E::Protocol(_) => true,
            _ => is_of(TRANSIENT_CODES),
        };
        if is_away {
            Self::DatabaseAway(error)
        } else if is_of(DENIED_CODES) {
            Self::Denied(error)
        } else {
            Self::Database(error)
        }
    }
}
