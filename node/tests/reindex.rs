//! An index is removed and made anew: the same is found, and what regulators asked is still there.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{path::Path, process::Output};

use serde_json::Value;
use xinglin_rpc_api::explorer::ActivityFilter;
use xinglin_sdk::{client::Client, operation::FINALITY_LIMIT, records};

use self::support::{
    acts::{open_case, soon, wallet},
    drafts, xinglin, DevNode,
};

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
const REGULATOR: &str = "//Dave";

/// What `xinglin explorer` prints.
fn explorer(node: &DevNode, path: &str, arguments: &[&str]) -> Value {
    let url = node.url();
    let who = ["explorer", "--json", "--url", &url, "--dev-key", path];
    let output = xinglin(&[&who[..], arguments].concat());
    assert!(output.status.success(), "{}", errors(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A list to its end, with the cursors.
fn pages(node: &DevNode, path: &str, list: &[&str]) -> Vec<Value> {
    let mut pages = vec![explorer(node, path, list)];
    while let Some(cursor) = pages.last().unwrap()["next"].as_str() {
        let next = [list, &["--cursor", cursor]].concat();
        pages.push(explorer(node, path, &next));
    }
    pages
}

/// Lists that do not change with the blocks to come. The regulator asks one question for them.
fn lists(node: &DevNode, height: u32) -> Vec<Vec<Value>> {
    let height = height.to_string();
    let counts = explorer(node, PATIENT, &["counts", "--member", "0"]);
    let counts = counts["items"].as_array().unwrap().iter();
    let of_records = counts.filter(|it| it["pallet"] == "Records").cloned();
    vec![
        // Amendments name the record alone: whose it is, the index has learned.
        pages(
            node,
            PATIENT,
            &["find", "--entity", "patient:0", "--limit", "2"],
        ),
        pages(
            node,
            PATIENT,
            &["find", "--events", "--entity", "record:1", "--oldest"],
        ),
        pages(
            node,
            REGULATOR,
            &["find", "--case", "0", "--pallet", "Records"],
        ),
        pages(
            node,
            PATIENT,
            &["blocks", "--oldest", "--to-block", &height],
        ),
        of_records.collect(),
    ]
}

/// Two records of two versions, and a case about their patient. The height at the end.
async fn fill(client: &Client) -> u32 {
    let author = wallet(DOCTOR);
    for _ in 0..2 {
        let draft = drafts::record(b"{}");
        let written = records::write(client, author.key(), &draft).await;
        let amendment = drafts::amendment(written.unwrap().record, b"{ }");
        let amended = records::amend(client, author.key(), &amendment).await;
        amended.unwrap();
    }
    open_case(client).await.number
}

fn reindex(chain: &str, base: &Path) -> Output {
    let base = base.to_str().unwrap();
    xinglin(&["db", "reindex", "--chain", chain, "--base-path", base])
}

#[tokio::test]
async fn an_index_that_is_made_anew_finds_the_same_and_questions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let options = [
        "--base-path",
        base.to_str().unwrap(),
        "--anchor-interval",
        "1",
    ];
    let mut node = DevNode::start(&options);
    let client = Client::connect(&node.url()).await.unwrap();
    let height = fill(&client).await;
    let anchored = ActivityFilter {
        pallet: Some("Audit".to_owned()),
        event: Some("QuestionsAnchored".to_owned()),
    };
    let mut anchors = client.watch_activity(&anchored).await.unwrap();
    let before = lists(&node, height);
    // Three pages of the patient's: two records with their amendments, and the case.
    assert_eq!(before[0].len(), 3);
    assert!(before.iter().all(|list| !list.is_empty()));
    let questions = explorer(&node, REGULATOR, &["questions"]);
    assert_eq!(questions.as_array().unwrap().len(), 1);
    soon(anchors.next()).await.unwrap().unwrap();
    let anchor = client.check_questions().await.unwrap().anchor.unwrap();
    assert_eq!(anchor.count, 1);
    let refused = reindex("dev", &base);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("in use by another process"));
    drop((anchors, client));
    assert_eq!(node.terminate(), Some(0));

    let (index, kept) = (base.join("index"), base.join("questions"));
    let refused = reindex("local", &base);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("belongs to the chain"));
    assert!(index.exists());
    for told in ["is removed", "There is no index"] {
        let removed = reindex("dev", &base);
        assert!(removed.status.success(), "{}", errors(&removed));
        let text = String::from_utf8_lossy(&removed.stdout).into_owned();
        assert!(text.contains(told), "{text}");
        assert_eq!((index.exists(), kept.exists()), (false, true));
    }

    let node = DevNode::start(&options);
    let client = Client::connect(&node.url()).await.unwrap();
    client
        .wait_until_indexed(height, FINALITY_LIMIT)
        .await
        .unwrap();
    assert_eq!(explorer(&node, REGULATOR, &["questions"]), questions);
    let check = client.check_questions().await.unwrap();
    assert_eq!((check.kept, check.anchor), (1, Some(anchor)));
    assert!(check.agrees());
    assert_eq!(client.explorer_status().await.unwrap().first, 1);
    assert_eq!(lists(&node, height), before);
    // The record goes on where it ended.
    let check = client.check_questions().await.unwrap();
    assert_eq!(check.kept, 2);
    assert!(check.agrees());
}
