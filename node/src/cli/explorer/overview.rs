//! What everybody may ask: the index, blocks, counts.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use xinglin_primitives::{time::CST_OFFSET_MS, MemberId};
use xinglin_rpc_api::{
    explorer::{BlockView, BlocksQuery, CountView, CountsQuery, Cursor, Order, Period},
    number::Height,
    time::Time,
    xinglin::BlockRef,
};
use xinglin_sdk::keys::address_of;

use super::{
    listing::{self, Row},
    Asking,
};
use crate::cli::{output, parties::input};

/// Which blocks.
#[derive(Args, Clone, Debug)]
pub struct BlocksArgs {
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    page: PageArgs,
}

/// A range of the history.
#[derive(Args, Clone, Debug)]
pub struct RangeArgs {
    /// From this height on
    #[arg(long, value_name = "HEIGHT")]
    pub from_block: Option<u32>,
    /// Up to this height
    #[arg(long, value_name = "HEIGHT")]
    pub to_block: Option<u32>,
    #[command(flatten)]
    pub period: PeriodArgs,
}

/// A period.
#[derive(Args, Clone, Debug)]
pub struct PeriodArgs {
    /// At this time or later: 2026-01-31, 2026-01-31T08:30 (UTC+8), or with an offset as in ISO 8601
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Time>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub before: Option<Time>,
}

/// Part of a list.
#[derive(Args, Clone, Debug)]
pub struct PageArgs {
    /// The earliest first, instead of the latest
    #[arg(long)]
    oldest: bool,
    /// Most items
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
    /// Continue where a page ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

impl PageArgs {
    /// In which order.
    pub fn order(&self) -> Order {
        match self.oldest {
            true => Order::Oldest,
            false => Order::Newest,
        }
    }

    /// After which page.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor.clone().map(Cursor)
    }
}

/// Which counts.
#[derive(Args, Clone, Debug)]
pub struct CountsArgs {
    /// minute, hour or day; days are those of UTC+8
    #[arg(long, value_name = "PERIOD", default_value = "hour", value_parser = input::word::<Period>)]
    per: Period,
    /// Of the operations that mention this member, or are about an appointment, record, grant or bill
    /// that was made with it
    #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
    member: Option<MemberId>,
    #[command(flatten)]
    period: PeriodArgs,
    /// Continue where a page ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// A block by height or hash, as typed.
#[derive(Clone, Debug)]
pub struct BlockName(BlockRef);

/// A height or a hash.
pub fn block_ref(text: &str) -> Result<BlockName, String> {
    let block = match text.parse::<u64>() {
        Ok(height) => BlockRef::Height(Height(height)),
        Err(_) => text
            .parse()
            .map(BlockRef::Hash)
            .map_err(|_| "expected a height, or a hash of 32 bytes in hexadecimal")?,
    };
    Ok(BlockName(block))
}

/// An instant; without an offset it is in UTC+8.
pub fn time(text: &str) -> Result<Time, String> {
    let offset_ms = i64::try_from(CST_OFFSET_MS).unwrap_or_default();
    Time::parse(text, offset_ms).map_err(|error| error.to_string())
}

/// Shows how far the index is.
pub async fn status(asking: &Asking) -> Result<()> {
    let status = asking.client.explorer_status().await?;
    let mut fields = vec![
        ("genesis", format!("{:?}", status.genesis_hash)),
        ("first indexed block", status.first.to_string()),
        ("last indexed block", status.last.to_string()),
        ("last block", status.tip.to_string()),
    ];
    if let Some(problem) = &status.problem {
        fields.push(("problem of the index", problem.clone()));
    }
    match &status.record {
        Some(record) => {
            fields.push(("questions kept", record.kept.to_string()));
            fields.push(("of these on the chain", record.anchored.to_string()));
            fields.push(("anchored by", address_of(&record.account)));
            if let Some(problem) = &record.problem {
                fields.push(("problem", problem.clone()));
            }
        }
        None => fields.push(("regulators' questions", "not answered".to_owned())),
    }
    listing::print_fields(asking.form, &serde_json::to_value(&status)?, fields)
}

impl Row for BlockView {
    const COLUMNS: &'static [&'static str] = &["block", "time", "transactions", "author", "hash"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.time.map(|time| time.to_string()).unwrap_or_default(),
            self.transactions.to_string(),
            self.author.as_ref().map(address_of).unwrap_or_default(),
            format!("{:?}", self.hash),
        ]
    }
}

/// Lists blocks.
pub async fn blocks(asking: &Asking, args: BlocksArgs) -> Result<()> {
    let query = BlocksQuery {
        from_block: args.range.from_block.map(Height::from),
        to_block: args.range.to_block.map(Height::from),
        from: args.range.period.from,
        before: args.range.period.before,
        order: args.page.order(),
        cursor: args.page.cursor(),
        limit: Some(args.page.limit),
    };
    let page = asking.client.find_blocks(&query).await?;
    listing::print(asking.form, &page)
}

/// Shows a block.
pub async fn block(asking: &Asking, BlockName(block): BlockName) -> Result<()> {
    let found = asking.client.block_details(block).await?;
    let found = found.context("there is no such block; it may not be decided yet")?;
    let block = &found.block;
    let mut fields = vec![
        ("block", block.number.to_string()),
        ("hash", format!("{:?}", block.hash)),
        ("parent", format!("{:?}", found.parent_hash)),
        (
            "time",
            block.time.map(|time| time.to_string()).unwrap_or_default(),
        ),
        (
            "author",
            block.author.as_ref().map(address_of).unwrap_or_default(),
        ),
        ("state root", format!("{:?}", found.state_root)),
        ("size", output::bytes(found.bytes)),
        ("transactions", block.transactions.to_string()),
        ("events", found.events.to_string()),
    ];
    let calls: Vec<String> = found
        .calls
        .iter()
        .map(|count| {
            let refused = match count.failed {
                0 => String::new(),
                failed => format!(", {failed} refused"),
            };
            format!(
                "{}.{} {}{refused}",
                count.pallet, count.call, count.succeeded
            )
        })
        .collect();
    fields.push(("calls", calls.join("\n")));
    fields.extend(listing::time_fields(found.time_tokens.as_ref()));
    listing::print_fields(asking.form, &json!(found), fields)
}

impl Row for CountView {
    const COLUMNS: &'static [&'static str] = &["from", "call", "succeeded", "failed"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.from.to_string(),
            format!("{}.{}", self.pallet, self.call),
            self.succeeded.to_string(),
            self.failed.to_string(),
        ]
    }
}

/// Counts operations.
pub async fn counts(asking: &Asking, args: CountsArgs) -> Result<()> {
    let query = CountsQuery {
        period: args.per,
        member: args.member,
        from: args.period.from,
        before: args.period.before,
        cursor: args.cursor.map(Cursor),
    };
    let page = asking.client.counts(&query).await?;
    listing::print(asking.form, &page)
}

#[cfg(test)]
mod tests {
    use xinglin_primitives::time::Date;

    use super::*;

    #[test]
    fn a_date_alone_is_the_beginning_of_a_counted_day() {
        let from = time("2026-11-01").unwrap();
        assert_eq!(from, time("2026-10-31T16:00:00Z").unwrap());
        assert_eq!(from.0, Date::of(from.0).start());
        assert_eq!(Date::of(from.0).to_string(), "2026-11-01");
    }
}
