//! What was put in as patients' data shows nowhere: not in the database, the blocks, the state, the
//! logs, the metrics, nor in any answer to a stranger.
//!
//! The same day is played on two chains: one with the patients of bundles, one with nothing of a
//! bundle. A text that shows on the second as well is a word of the chain and of its programs, and
//! no evidence; there are few of them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "confidentiality/asker.rs"]
mod asker;
#[path = "confidentiality/day.rs"]
mod day;
#[path = "confidentiality/everybody.rs"]
mod everybody;
#[path = "confidentiality/needles.rs"]
mod needles;
#[path = "confidentiality/private.rs"]
mod private;
#[path = "confidentiality/stores.rs"]
mod stores;
mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{json, Value};
use xinglin_sdk::client::Client;

use self::{
    asker::Asker,
    day::{Affairs, Person},
    needles::{texts_of, Needles, Scan},
    private::Owner,
    support::{
        bundles::{foreign_bundles, own_bundles},
        DevNode,
    },
};

const PASSPHRASE: &str = "a passphrase of the test";
/// A patient of the same hospital.
const STRANGER: &str = "//Alice//patient//2";
/// Strangers to the first patient: those of another hospital, a bank, and a regulator without her case.
const STRANGERS: &[(&str, Option<Owner>)] = &[
    (STRANGER, None),
    ("//Bob", None),
    ("//Bob//doctor//1", None),
    ("//Eve", None),
    ("//Dave", Some(Owner::Regulator)),
];
/// Strangers to the second patient: besides, an insurer that covers others.
const STRANGERS_OF_SECOND: &[(&str, Option<Owner>)] = &[
    (STRANGER, None),
    ("//Bob", None),
    ("//Charlie", Some(Owner::Insurer)),
];
/// Bytes that are on the chain, and must be seen where a text would be.
const WITNESS: &str = "the end of a ciphertext";
const WITNESS_BYTES: usize = 32;
/// Most texts of bundles that are words of the chain as well.
const WORDS_MAX: usize = 16;

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

/// Imports a folder; what the import reports.
fn import(node: &DevNode, folder: &Path, desk: &Path) -> Value {
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
        .env("XINGLIN_PASSPHRASE", PASSPHRASE)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a day left.
struct Seen {
    scan: Scan,
    /// The e-invoice of the first patient.
    e_invoice: String,
}

/// Plays the day on a node and looks for texts in all that it tells and leaves.
async fn observe(
    mut node: DevNode,
    people: &[Person],
    written: &[u8],
    texts: &BTreeSet<String>,
) -> Seen {
    let client = Client::connect(&node.url()).await.unwrap();
    let affairs = day::play(&client, people, written).await;
    let e_invoice = day::e_invoice(&client, &affairs[0]).await;
    let mut needles = Needles::new(texts);
    let first = &affairs[0];
    let ciphertext = client.record_ciphertext(first.wallet.key(), first.content);
    let ciphertext = ciphertext.await.unwrap().unwrap();
    let end = ciphertext.len() - WITNESS_BYTES;
    needles.add_bytes(WITNESS, &ciphertext[end..]);

    let mut scan = ask(&node, &client, &affairs, Scan::new(needles)).await;
    for path in ["/metrics", "/health"] {
        scan.look_at_text(path, &node.get(path));
    }
    drop(client);
    let base = PathBuf::from(&node.base);
    assert_eq!(node.terminate(), Some(0));
    let log = node.log();
    assert!(log.lines().count() > 10, "the node logs");
    scan.look_at_text("the log", &log);
    stores::look_into_files(&base, &mut scan);
    stores::look_into_databases(&base, &mut scan);
    Seen { scan, e_invoice }
}

/// Asks every method that the node lists: what everybody may ask, and as strangers what only some may.
async fn ask(node: &DevNode, client: &Client, affairs: &[Affairs], scan: Scan) -> Scan {
    let genesis = client.genesis();
    let nothing = Scan::new(Needles::new(&BTreeSet::new()));
    let mut owners = Asker::connect(&node.url(), genesis, nothing).await;
    for about in affairs {
        private::answer_owners(&mut owners, about).await;
    }
    let mut asker = Asker::connect(&node.url(), genesis, scan).await;
    for (path, own) in STRANGERS {
        private::refuse_stranger(&mut asker, path, *own, &affairs[0]).await;
    }
    for (path, own) in STRANGERS_OF_SECOND {
        private::refuse_stranger(&mut asker, path, *own, &affairs[1]).await;
    }
    everybody::ask_everything(&mut asker, client, STRANGER, &affairs[0]).await;
    let listed = asker.answer("rpc_methods", json!([])).await;
    let listed: BTreeSet<String> = serde_json::from_value(listed["methods"].clone()).unwrap();
    assert_eq!(
        asker.methods, listed,
        "each method has its place in the test"
    );
    asker.finish()
}

fn start(base: &Path) -> DevNode {
    DevNode::start(&["--base-path", base.to_str().unwrap(), "--log", "debug"])
}

/// The texts that show where nothing of a bundle was put in.
async fn words_of_the_chain(texts: &BTreeSet<String>) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let node = start(folder.path());
    let client = Client::connect(&node.url()).await.unwrap();
    let people = day::drafted(&client).await;
    drop(client);
    let seen = observe(node, &people, b"books", texts).await;
    expect_witness(&seen.scan);
    let mut words: BTreeSet<String> = seen.scan.found.into_keys().collect();
    words.remove(WITNESS);
    words
}

/// The search has come to the transactions, wherever they are told or kept.
fn expect_witness(scan: &Scan) {
    let places = scan.places_of(WITNESS);
    for place in ["archive_v1_body", "chain_getBlock", "db/blocks"] {
        assert!(places.contains(place), "{place} is not in {places:?}");
    }
    assert!(places.iter().all(|place| !place.starts_with("xinglin_")));
}

fn finds_in(texts: &BTreeSet<String>, bytes: &[u8]) -> bool {
    let mut scan = Scan::new(Needles::new(texts));
    scan.look("here", bytes);
    !scan.found.is_empty()
}

#[tokio::test]
async fn nothing_of_the_bundles_shows() {
    let mut sources = bundles(&own_bundles());
    let written = fs::read(&sources[0]).unwrap();
    let foreign = foreign_bundles();
    sources.extend(foreign.iter().flat_map(|folder| bundles(folder)));
    let texts = texts_of(&sources);
    assert!(texts.len() > 200, "{} texts are few", texts.len());
    let words = words_of_the_chain(&texts).await;
    eprintln!(
        "{} of {} texts are words: {words:?}",
        words.len(),
        texts.len()
    );
    assert!(words.len() <= WORDS_MAX, "{words:?}");
    // No name of somebody, no number and no date is among them.
    let has_digit = |text: &String| text.bytes().any(|it| it.is_ascii_digit());
    assert!(!words.iter().any(has_digit), "{words:?}");
    let evidence: BTreeSet<String> = texts.difference(&words).cloned().collect();

    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder.path().join("node"));
    let desk = folder.path().join("desk");
    let report = import(&node, &own_bundles(), &desk);
    if let Some(foreign) = foreign {
        import(&node, &foreign, &desk);
    }
    let people = day::imported(&report, PASSPHRASE);
    let seen = observe(node, &people, &written, &evidence).await;
    // The search finds what is there: in the bundles, and in what is rendered from the chain.
    for source in &sources {
        assert!(finds_in(&evidence, &fs::read(source).unwrap()));
    }
    assert!(finds_in(&evidence, seen.e_invoice.as_bytes()));
    expect_witness(&seen.scan);
    let mut found = seen.scan.found;
    found.remove(WITNESS);
    assert!(found.is_empty(), "texts of bundles show: {found:#?}");
}
