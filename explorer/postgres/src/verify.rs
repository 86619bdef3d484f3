//! Holding a database against its chain.
//!
//! The chain is read again, and what would be exported of it is put beside the rows that are there:
//! PostgreSQL counts and digests both in the same manner, block by block. The digests of blocks are
//! chained, so the last one stands for the whole history. Then every table of state is compared with
//! the chain's state after the last exported block.

use std::sync::Arc;

use futures::{pin_mut, StreamExt};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    chain::{Chain, Rules},
    database::{json_list, same_owner, Database, ExportState},
    domain::{self, Kind},
    error::ExportError,
    export::check_chain,
    rows::{Rows, Table, HISTORY, STATE},
    source::Source,
};

/// Blocks that are compared at a time.
const BATCH_BLOCKS: u32 = 128;
/// Bytes of blocks after which a comparison takes no more of them.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Where database and chain differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// In what a block says.
    Block {
        /// Its height.
        height: BlockNumber,
        /// The table.
        table: &'static str,
        /// Rows of the block by the chain.
        on_chain: u64,
        /// Rows of the block in the database.
        in_database: u64,
    },
    /// In how things stand after the last exported block.
    State {
        /// The height of that block.
        height: BlockNumber,
        /// The table.
        table: &'static str,
        /// A row that is on the chain or in the database and not in the other, as JSON; `None` if the
        /// database has rows of things that the chain does not have.
        row: Option<String>,
    },
}

/// What a comparison has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last block in the database.
    pub height: BlockNumber,
    /// How many blocks were compared.
    pub blocks: u64,
    /// How many rows of state were compared.
    pub state_rows: u64,
    /// The chained digest of the history, as the chain has it.
    pub digest: Hash,
    /// The first difference, if there is one: nothing beyond it was compared.
    pub difference: Option<Difference>,
}

/// Compares the database at `url` with the chain. `tell` hears how many blocks of how many are done.
pub async fn verify(
    source: Arc<dyn Source>,
    url: &str,
    mut tell: impl FnMut(BlockNumber, BlockNumber),
) -> Result<Verified, ExportError> {
    let chain = Chain::new(source);
    let mut database = Database::open_to_read(url).await?;
    let mut snapshot = database
        .connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let state = ExportState::read(&mut snapshot).await?;
    let state = state.ok_or(ExportError::Empty)?;
    check_chain(&chain, Some(&state)).await?;
    let tip = chain.source.tip().await?;
    if tip < state.height {
        let exported = state.height;
        return Err(ExportError::Behind { tip, exported });
    }
    let mut verifier = Verifier {
        chain,
        connection: &mut snapshot,
        verified: Verified {
            height: state.height,
            blocks: 0,
            state_rows: 0,
            digest: Hash::zero(),
            difference: None,
        },
        rules: None,
    };
    verifier.compare_blocks(&mut tell).await?;
    verifier.compare_state(state.hash).await?;
    Ok(verifier.verified)
}

struct Verifier<'c> {
    chain: Arc<Chain>,
    connection: &'c mut PgConnection,
    verified: Verified,
    /// Those of the last block.
    rules: Option<Arc<Rules>>,
}

impl Verifier<'_> {
    async fn compare_blocks(
        &mut self,
        tell: &mut impl FnMut(BlockNumber, BlockNumber),
    ) -> Result<(), ExportError> {
        let last = self.verified.height;
        let blocks = Arc::clone(&self.chain).blocks(0, last);
        pin_mut!(blocks);
        let (mut rows, mut first, mut bytes) = (Rows::default(), 0, 0);
        while let Some(next) = blocks.next().await {
            let next = next?;
            let block = next.block;
            self.rules = Some(next.rules);
            self.verified.digest = block.digest(self.verified.digest);
            block.add_rows(self.verified.digest, &mut rows);
            bytes += block.source.body.iter().map(Vec::len).sum::<usize>();
            let height = block.height;
            let count = height - first + 1;
            if count < BATCH_BLOCKS && bytes < BATCH_BYTES && height < last {
                continue;
            }
            self.verified.difference = self.compare_batch(&rows, first, height).await?;
            if self.verified.difference.is_some() {
                return Ok(());
            }
            self.verified.blocks += u64::from(count);
            tell(height, last);
            (rows, first, bytes) = (Rows::default(), height + 1, 0);
        }
        self.verified.difference = self.rows_beyond(last).await?;
        Ok(())
    }

    /// The first difference among some blocks, by height and then by table.
    async fn compare_batch(
        &mut self,
        rows: &Rows,
        first: BlockNumber,
        last: BlockNumber,
    ) -> Result<Option<Difference>, ExportError> {
        let mut found: Option<Difference> = None;
        for table in HISTORY {
            let upto = match &found {
                Some(Difference::Block { height, .. }) => height.saturating_sub(1),
                _ => last,
            };
            if upto < first {
                break;
            }
            let expected: Vec<&Value> = rows.history(table).iter().collect();
            let difference = self.compare_table(table, &expected, first, last).await?;
            let is_earlier = matches!(
                &difference,
                Some(Difference::Block { height, .. }) if *height <= upto
            );
            if is_earlier {
                found = difference;
            }
        }
        Ok(found)
    }

    async fn compare_table(
        &mut self,
        table: &'static Table,
        expected: &[&Value],
        first: BlockNumber,
        last: BlockNumber,
    ) -> Result<Option<Difference>, ExportError> {
        let digest = "count(*) AS count, \
            sha256(convert_to(string_agg(to_jsonb(r)::text, ',' ORDER BY to_jsonb(r)::text), 'UTF8')) AS digest";
        let sql = format!(
            "WITH chain AS (\
                SELECT height, {digest} FROM json_populate_recordset(NULL::{0}, $1::json) AS r GROUP BY height\
             ), database AS (\
                SELECT height, {digest} FROM {0} AS r WHERE height BETWEEN $2 AND $3 GROUP BY height\
             ) \
             SELECT height, coalesce(chain.count, 0) AS on_chain, coalesce(database.count, 0) AS in_database \
             FROM chain FULL JOIN database USING (height) \
             WHERE (chain.count, chain.digest) IS DISTINCT FROM (database.count, database.digest) \
             ORDER BY height LIMIT 1",
            table.name
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(json_list(expected))
            .bind(i64::from(first))
            .bind(i64::from(last))
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| difference_of(table, &row)).transpose()
    }

    /// Rows of blocks that are said not to be exported.
    async fn rows_beyond(&mut self, last: BlockNumber) -> Result<Option<Difference>, ExportError> {
        for table in HISTORY {
            let sql = format!(
                "SELECT height, 0::bigint AS on_chain, count(*) AS in_database FROM {} \
                 WHERE height > $1 OR height < 0 GROUP BY height ORDER BY height LIMIT 1",
                table.name
            );
            let row = sqlx::query(AssertSqlSafe(sql))
                .bind(i64::from(last))
                .fetch_optional(&mut *self.connection)
                .await?;
            if let Some(row) = row {
                return difference_of(table, &row).map(Some);
            }
        }
        Ok(None)
    }

    async fn compare_state(&mut self, at: Hash) -> Result<(), ExportError> {
        let (None, Some(rules)) = (&self.verified.difference, self.rules.clone()) else {
            return Ok(());
        };
        let chain = Arc::clone(&self.chain);
        let state = chain.state(at, &rules);
        let mut counts = std::collections::BTreeMap::new();
        for kind in Kind::ALL {
            let mut after: Option<Vec<u8>> = None;
            while let Some((keys, last)) = state.page(kind.map(), after.as_deref()).await? {
                let things = keys.iter().filter_map(|key| kind.thing(key)).collect();
                let mut rows = Rows::default();
                domain::read(&state, &things, &mut rows).await?;
                for (table, owners, expected) in rows.state() {
                    *counts.entry(table).or_insert(0u64) += expected.len() as u64;
                    self.verified.state_rows += expected.len() as u64;
                    let row = self.compare_owners(table, &owners, &expected).await?;
                    if row.is_some() {
                        self.differ(table, row);
                        return Ok(());
                    }
                }
                after = Some(last);
            }
        }
        for table in STATE {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut *self.connection)
                .await?;
            if u64::try_from(count) != Ok(counts.get(table).copied().unwrap_or_default()) {
                self.differ(table, None);
                return Ok(());
            }
        }
        Ok(())
    }

    fn differ(&mut self, table: &'static Table, row: Option<String>) {
        self.verified.difference = Some(Difference::State {
            height: self.verified.height,
            table: table.name,
            row,
        });
    }

    /// A row of some owners that is on one side only.
    async fn compare_owners(
        &mut self,
        table: &Table,
        owners: &[Value],
        expected: &[&Value],
    ) -> Result<Option<String>, ExportError> {
        let sql = format!(
            "WITH chain AS (\
                SELECT to_jsonb(r) AS row FROM json_populate_recordset(NULL::{0}, $1::json) AS r\
             ), database AS (\
                SELECT to_jsonb(r) AS row FROM {0} AS r \
                JOIN json_populate_recordset(NULL::{0}, $2::json) AS owner ON {1}\
             ) \
             SELECT row::text FROM (\
                (TABLE chain EXCEPT TABLE database) UNION ALL (TABLE database EXCEPT TABLE chain)\
             ) AS different LIMIT 1",
            table.name,
            same_owner(table, "r")
        );
        let row = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(json_list(expected))
            .bind(json_list(&owners.iter().collect::<Vec<_>>()))
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row)
    }
}

fn difference_of(
    table: &'static Table,
    row: &sqlx::postgres::PgRow,
) -> Result<Difference, ExportError> {
    let number = |column: &str| -> Result<i64, ExportError> { Ok(row.try_get(column)?) };
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(Difference::Block {
        height: number("height")?.try_into().unwrap_or(BlockNumber::MAX),
        table: table.name,
        on_chain: count(number("on_chain")?),
        in_database: count(number("in_database")?),
    })
}
