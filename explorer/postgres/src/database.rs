//! The tables in PostgreSQL: made, guarded, written.

use std::str::FromStr;

use serde_json::Value;
use sqlx::{
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    postgres::{PgAdvisoryLock, PgConnectOptions},
    Connection, PgConnection, Row, SqlSafeStr,
};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    error::ExportError,
    rows::{Rows, Table, HISTORY},
};

/// The migrations in the order in which they are applied, numbered from 1. An applied one never
/// changes; what changes the tables is another one.
const MIGRATIONS: &[(&str, &str)] = &[
    ("chain", include_str!("../migrations/0001_chain.sql")),
    (
        "parties and visits",
        include_str!("../migrations/0002_parties_and_visits.sql"),
    ),
    ("records", include_str!("../migrations/0003_records.sql")),
    ("money", include_str!("../migrations/0004_money.sql")),
    (
        "oversight",
        include_str!("../migrations/0005_oversight.sql"),
    ),
    (
        "times as text",
        include_str!("../migrations/0006_times_as_text.sql"),
    ),
    (
        "operations by patient",
        include_str!("../migrations/0007_operations_by_patient.sql"),
    ),
];
/// The version of the tables that this program makes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;
/// What exporters of one database agree on.
const LOCK_NAME: &str = "xinglin export";
/// SQLSTATE of a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

/// How far a database has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportState {
    pub(crate) genesis: Hash,
    pub(crate) height: BlockNumber,
    pub(crate) hash: Hash,
    pub(crate) digest: Hash,
}

impl ExportState {
    /// How far a database has come; `None` before the first block.
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Option<Self>, ExportError> {
        let row = sqlx::query("SELECT genesis, height, hash, digest FROM export_state")
            .fetch_optional(connection)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let hash = |column: &str| -> Result<Hash, ExportError> {
            let bytes: Vec<u8> = row.try_get(column)?;
            let bytes: [u8; 32] = bytes.try_into().map_err(|_| not_ours())?;
            Ok(bytes.into())
        };
        let height: i64 = row.try_get("height")?;
        Ok(Some(Self {
            genesis: hash("genesis")?,
            height: height.try_into().map_err(|_| not_ours())?,
            hash: hash("hash")?,
            digest: hash("digest")?,
        }))
    }
}

/// A connection to a database with the tables.
pub(crate) struct Database {
    pub(crate) connection: PgConnection,
}

impl Database {
    /// Connects to write: brings the tables up to date, and keeps other exporters out for as long as
    /// this connection lives.
    pub(crate) async fn open(url: &str) -> Result<Self, ExportError> {
        let mut database = Self::connect(url).await?;
        let lock = PgAdvisoryLock::new(LOCK_NAME);
        let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(lock.key().as_bigint())
            .fetch_one(&mut database.connection)
            .await?;
        if !is_ours {
            return Err(ExportError::Locked);
        }
        database.migrate().await?;
        Ok(database)
    }

    /// Connects to read tables that are there already.
    pub(crate) async fn open_to_read(url: &str) -> Result<Self, ExportError> {
        let mut database = Self::connect(url).await?;
        let known = SCHEMA_VERSION;
        match database.version().await? {
            found if found > known => Err(ExportError::NewerSchema { found, known }),
            found if found < known => Err(ExportError::OlderSchema { found, known }),
            _ => Ok(database),
        }
    }

    async fn connect(url: &str) -> Result<Self, ExportError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| ExportError::Address)?;
        let options = options.application_name("xinglin");
        let connection = PgConnection::connect_with(&options).await?;
        Ok(Self { connection })
    }

    /// Version of the tables; 0 if there are none.
    async fn version(&mut self) -> Result<i64, ExportError> {
        let found: Result<Option<i64>, _> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&mut self.connection)
                .await;
        match found {
            Ok(version) => Ok(version.unwrap_or_default()),
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(UNDEFINED_TABLE) =>
            {
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn migrate(&mut self) -> Result<(), ExportError> {
        let known = SCHEMA_VERSION;
        let found = self.version().await?;
        if found > known {
            return Err(ExportError::NewerSchema { found, known });
        }
        let migrations = (1..).zip(MIGRATIONS).map(|(version, (name, sql))| {
            let sql = sql.into_sql_str();
            Migration::new(version, (*name).into(), MigrationType::Simple, sql, false)
        });
        let migrator = Migrator::with_migrations(migrations.collect());
        migrator
            .run(&mut self.connection)
            .await
            .map_err(|error| match error {
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                    match ExportError::from(error) {
                        ExportError::Database(error) => {
                            ExportError::Migration(MigrateError::Execute(error))
                        }
                        away => away,
                    }
                }
                other => ExportError::Migration(other),
            })
    }

    /// How far it has come; `None` before the first block.
    pub(crate) async fn state(&mut self) -> Result<Option<ExportState>, ExportError> {
        ExportState::read(&mut self.connection).await
    }

    /// Writes the rows of some blocks and how far the database has come with them: all of it, or
    /// nothing. `before` is how far it had come.
    pub(crate) async fn write(
        &mut self,
        rows: &Rows,
        before: Option<ExportState>,
        after: ExportState,
    ) -> Result<(), ExportError> {
        let mut transaction = self.connection.begin().await?;
        // First, so that of two who write at a time the second waits, and then finds that the state has
        // moved.
        advance(&mut transaction, before, after).await?;
        for table in HISTORY {
            let rows: Vec<&Value> = rows.history(table).iter().collect();
            insert(&mut transaction, table, &rows).await?;
        }
        for (table, owners, rows) in rows.state() {
            let delete = format!(
                "DELETE FROM {0} USING json_populate_recordset(NULL::{0}, $1::json) AS owner WHERE {1}",
                table.name,
                same_owner(table, table.name)
            );
            sqlx::query(sqlx::AssertSqlSafe(delete))
                .bind(json_list(&owners.iter().collect::<Vec<_>>()))
                .execute(&mut *transaction)
                .await?;
            insert(&mut transaction, table, &rows).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn not_ours() -> ExportError {
    ExportError::Unknown("the table export_state".into())
}

/// That a row belongs to `owner`.
pub(crate) fn same_owner(table: &Table, row: &str) -> String {
    let columns = table.owner.iter();
    let columns: Vec<String> = columns
        .map(|column| format!("{row}.{column} = owner.{column}"))
        .collect();
    columns.join(" AND ")
}

/// Rows as one JSON text.
pub(crate) fn json_list(rows: &[&Value]) -> String {
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    format!("[{}]", rows.join(","))
}

/// Inserts rows of one table. The types of the columns make of the text what it stands for.
async fn insert(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[&Value],
) -> Result<(), ExportError> {
    if rows.is_empty() {
        return Ok(());
    }
    let insert = format!(
        "INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, $1::json)",
        table.name
    );
    sqlx::query(sqlx::AssertSqlSafe(insert))
        .bind(json_list(rows))
        .execute(connection)
        .await?;
    Ok(())
}

async fn advance(
    connection: &mut PgConnection,
    before: Option<ExportState>,
    after: ExportState,
) -> Result<(), ExportError> {
    let sql = match before {
        None => {
            "INSERT INTO export_state (genesis, height, hash, digest) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING"
        }
        Some(_) => {
            "UPDATE export_state SET height = $2, hash = $3, digest = $4 \
             WHERE genesis = $1 AND height = $5 AND hash = $6"
        }
    };
    let mut query = sqlx::query(sql)
        .bind(after.genesis.as_bytes().to_vec())
        .bind(i64::from(after.height))
        .bind(after.hash.as_bytes().to_vec())
        .bind(after.digest.as_bytes().to_vec());
    if let Some(before) = before {
        query = query
            .bind(i64::from(before.height))
            .bind(before.hash.as_bytes().to_vec());
    }
    match query.execute(connection).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ExportError::Moved(before.map_or(0, |before| before.height))),
    }
}
