//! `xinglin export`: the chain as tables of a database, and questions to them.

mod postgres;
mod query;
pub mod source;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Export the chain into PostgreSQL, and ask it there.
#[derive(Subcommand)]
pub enum ExportCommand {
    /// Write blocks, operations and the domain into tables, from where the database has come, and follow
    /// the chain; or compare the tables with the chain
    Postgres(postgres::PostgresArgs),
    /// Run one of the queries that come with the tables
    Query(query::QueryArgs),
}

/// Which database.
#[derive(Args, Clone, Debug)]
struct DatabaseArgs {
    /// The database, as postgres://user:password@host:port/database; the password may come from
    /// PGPASSWORD
    #[arg(
        long,
        env = "XINGLIN_POSTGRES_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    url: String,
}

/// Does what `xinglin export …` says.
pub fn run(command: ExportCommand) -> Result<()> {
    match command {
        ExportCommand::Postgres(args) => postgres::run(&args),
        ExportCommand::Query(args) => query::run(&args),
    }
}
