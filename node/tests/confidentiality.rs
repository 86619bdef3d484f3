//! What was put in as patients' data shows nowhere: not in the database, the blocks, the state, the
//! logs, the metrics, nor in any answer to a stranger.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jsonrpsee::{core::params::ArrayParams, rpc_params};
use serde_json::Value;
use support::DevNode;
use xinglin_sdk::client::{Client, ClientError};

/// Bytes by which a text is looked up; shorter texts say nothing about anybody.
const PREFIX: usize = 8;
/// Keys of one page, and in one question.
const PAGE: u32 = 1_000;

/// Texts to find in any bytes.
struct Needles {
    by_prefix: HashMap<[u8; PREFIX], Vec<String>>,
}

impl Needles {
    /// All names, identifiers, codes and texts of bundles.
    fn of(files: &[PathBuf]) -> Self {
        let mut texts = BTreeSet::new();
        for file in files {
            let bundle: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            gather(&bundle, &mut texts);
        }
        let mut by_prefix: HashMap<[u8; PREFIX], Vec<String>> = HashMap::new();
        for text in texts {
            let prefix = *text.as_bytes().first_chunk().unwrap();
            by_prefix.entry(prefix).or_default().push(text);
        }
        Self { by_prefix }
    }

    fn count(&self) -> usize {
        self.by_prefix.values().map(Vec::len).sum()
    }

    fn find_in(&self, bytes: &[u8]) -> Option<&str> {
        let mut windows = bytes.windows(PREFIX).enumerate();
        windows.find_map(|(at, window)| {
            let prefix: [u8; PREFIX] = window.try_into().unwrap();
            let texts = self.by_prefix.get(&prefix)?;
            let found = texts.iter().find(|text| stands_at(text, at, bytes))?;
            Some(found.as_str())
        })
    }

    #[track_caller]
    fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.find_in(bytes) {
            panic!("{found:?} of a bundle shows in {place}");
        }
    }
}

/// Whether a text is at a place. One that is only a number must be all of a number there: measurements
/// are full of digits.
fn stands_at(text: &str, at: usize, bytes: &[u8]) -> bool {
    let end = at + text.len();
    let is_number = text.bytes().all(|it| it.is_ascii_digit());
    let goes_on = |it: Option<&u8>| it.is_some_and(|it| it.is_ascii_digit() || *it == b'.');
    let is_part = is_number && (goes_on(bytes[..at].last()) || goes_on(bytes.get(end)));
    bytes[at..].starts_with(text.as_bytes()) && !is_part
}

/// Texts that stand for a person or for what was done: those with a digit, a space or a letter that is
/// not ASCII. What FHIR itself defines, words and addresses of its vocabularies, is nobody's.
fn gather(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let is_telling = text
                .chars()
                .any(|it| it.is_ascii_digit() || it == ' ' || !it.is_ascii());
            // A row of nines stands for a number that is not known, and is in any measurement too.
            let is_filler = text.chars().collect::<BTreeSet<char>>().len() < 3;
            let is_vocabulary = text.starts_with("http://") || text.starts_with("https://");
            if text.len() >= PREFIX && is_telling && !is_filler && !is_vocabulary {
                texts.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, texts)),
        _ => {}
    }
}

/// The bundles of the project, and those beside it where they are present.
fn folders() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("../tests/data/fhir");
    let foreign = here.join("../../shared/data/fhir-r4");
    [own, foreign]
        .into_iter()
        .filter(|it| it.is_dir())
        .collect()
}

/// The patients' bundles of a folder.
fn bundles(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_patient = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "json")
            && fs::read_to_string(path).unwrap().contains("\"Encounter\"")
    };
    files.filter(is_patient).collect()
}

fn import(node: &DevNode, folder: &Path, desk: &Path) {
    let at = |name: &str| desk.join(name).to_str().unwrap().to_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(["fhir", "import", folder.to_str().unwrap(), "--invoices"])
        .args([
            "--member-key",
            "//Alice",
            "--doctor-key",
            "//Alice//doctor//1",
        ])
        .args(["--patient-keys", &at("keys"), "--salt-file", &at("salt")])
        .args(["--url", &node.url(), "--json"])
        .env("XINGLIN_PASSPHRASE", "a passphrase of the test")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

fn decoded(hex_text: &str) -> Vec<u8> {
    hex::decode(hex_text.trim_start_matches("0x")).unwrap()
}

/// The transactions of all blocks, as bytes.
async fn blocks(client: &Client) -> Vec<Vec<u8>> {
    let tip = client.tip().await.unwrap();
    let height = client.header(tip).await.unwrap().number;
    let mut found = Vec::new();
    for number in 0..=height {
        let hash = client.block_hash(number).await.unwrap();
        let block: Value = client
            .request("chain_getBlock", rpc_params![hash])
            .await
            .unwrap();
        let extrinsics = block["block"]["extrinsics"].as_array().unwrap();
        found.extend(extrinsics.iter().map(|it| decoded(it.as_str().unwrap())));
    }
    found
}

/// Every key and value of the state, as bytes.
async fn state(client: &Client) -> Vec<Vec<u8>> {
    let at = client.tip().await.unwrap();
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let params = rpc_params!["0x", PAGE, &after, at];
        let keys: Vec<String> = client.request("state_getKeysPaged", params).await.unwrap();
        let Some(last) = keys.last().cloned() else {
            return found;
        };
        let params = rpc_params![&keys, at];
        let sets: Value = client
            .request("state_queryStorageAt", params)
            .await
            .unwrap();
        for change in sets[0]["changes"].as_array().unwrap() {
            for part in change.as_array().unwrap() {
                found.push(decoded(part.as_str().unwrap_or_default()));
            }
        }
        after = Some(last);
    }
}

/// What a stranger is told by every method that takes no parameters, and why the others refuse.
async fn answers(client: &Client) -> Vec<(String, String)> {
    let listed: Value = client.request("rpc_methods", rpc_params![]).await.unwrap();
    let methods = listed["methods"].as_array().unwrap();
    let mut told = Vec::new();
    for method in methods {
        let name: &'static str = method.as_str().unwrap().to_owned().leak();
        if ["subscribe", "watch", "follow", "unfollow", "Watch"]
            .iter()
            .any(|it| name.contains(it))
        {
            continue;
        }
        let answer: Result<Value, ClientError> = client.request(name, ArrayParams::new()).await;
        told.push((name.to_owned(), format!("{answer:?}")));
    }
    told
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn nothing_of_the_bundles_shows() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("node");
    let base_text = base.to_str().unwrap();
    let mut node = DevNode::start(&["--base-path", base_text, "--log", "debug"]);
    let mut sources = Vec::new();
    for source in folders() {
        import(&node, &source, &folder.path().join("desk"));
        sources.extend(bundles(&source));
    }
    let needles = Needles::of(&sources);
    assert!(needles.count() > 200, "{} texts are few", needles.count());
    // The search finds what is there.
    for source in &sources {
        assert!(needles.find_in(&fs::read(source).unwrap()).is_some());
    }

    let client = Client::connect(&node.url()).await.unwrap();
    let transactions = blocks(&client).await;
    let carried: usize = transactions.iter().map(Vec::len).sum();
    assert!(
        carried > 10_000,
        "the blocks have the records: {carried} bytes"
    );
    for transaction in &transactions {
        needles.assert_absent("a transaction", transaction);
    }
    for item in state(&client).await {
        needles.assert_absent("the state", &item);
    }
    for (method, answer) in answers(&client).await {
        needles.assert_absent(&method, answer.as_bytes());
    }
    for path in ["/metrics", "/health"] {
        needles.assert_absent(path, node.get(path).as_bytes());
    }
    drop(client);
    assert_eq!(node.terminate(), Some(0));
    let log = node.log();
    assert!(log.lines().count() > 10, "the node logs");
    needles.assert_absent("the log", log.as_bytes());
    let mut kept = Vec::new();
    files(&base, &mut kept);
    assert!(kept.len() > 5, "the database has files");
    for file in kept {
        let bytes = fs::read(&file).unwrap();
        needles.assert_absent(file.to_str().unwrap(), &bytes);
    }
}
