//! What regulators have asked a node.

use anyhow::{ensure, Result};
use clap::Args;
use serde_json::json;
use xinglin_rpc_api::explorer::QuestionView;
use xinglin_sdk::keys::address_of;

use super::{
    listing::{self, Form, Row},
    Asking,
};
use crate::cli::output;

/// Which questions.
#[derive(Args, Clone, Debug)]
pub struct QuestionsArgs {
    /// Compare the record with its digest on the chain, which takes no key; fail if they differ
    #[arg(long)]
    check: bool,
    /// From this number on
    #[arg(long, value_name = "N", default_value = "0")]
    from: u64,
    /// Most items
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

impl QuestionsArgs {
    /// Whether the question is signed: regulators alone see what was asked.
    pub fn is_signed(&self) -> bool {
        !self.check
    }
}

impl Row for QuestionView {
    const COLUMNS: &'static [&'static str] =
        &["number", "asked at", "case", "by", "method", "question"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.asked_at.to_string(),
            self.case.to_string(),
            address_of(&self.account),
            self.method.clone(),
            self.question.clone(),
        ]
    }
}

/// Lists or checks questions.
pub async fn run(asking: &Asking, args: QuestionsArgs) -> Result<()> {
    if args.check {
        return check(asking).await;
    }
    let client = &asking.client;
    let questions = client.kept_questions(asking.key()?, args.from, args.limit);
    let questions = questions.await?;
    for question in &questions {
        ensure!(
            question.computed_hash() == question.hash,
            "question {} does not have the hash that the node gives it: the record was changed",
            question.number
        );
    }
    if asking.form == Form::Json {
        return output::write_json(None, &json!(questions));
    }
    let rows = questions.iter().map(Row::cells);
    listing::print_rows(asking.form, QuestionView::COLUMNS, rows)
}

async fn check(asking: &Asking) -> Result<()> {
    let check = asking.client.check_questions().await?;
    let anchored = check.anchor.map_or(0, |anchor| anchor.count);
    let digest = check.anchor.map(|anchor| format!("{:?}", anchor.digest));
    let value = json!({
        "account": check.account,
        "kept": check.kept,
        "anchored": anchored,
        "digest": digest,
        "agrees": check.agrees(),
    });
    let fields = vec![
        ("anchored by", address_of(&check.account)),
        ("questions kept", check.kept.to_string()),
        ("of these on the chain", anchored.to_string()),
        ("digest", digest.unwrap_or_default()),
        (
            "agrees",
            if check.agrees() { "yes" } else { "no" }.to_owned(),
        ),
    ];
    listing::print_fields(asking.form, &value, fields)?;
    ensure!(
        check.agrees(),
        "the node's record is not the one whose digest the chain has: questions are missing or changed"
    );
    Ok(())
}
