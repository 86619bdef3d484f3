//! The whole day of all parties through the binary: the visit of the documentation word for word, then
//! every other command, each with `--json`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

#[path = "parties/invalid.rs"]
mod invalid;
#[path = "parties/leaves.rs"]
mod leaves;
#[path = "parties/money.rs"]
mod money;
#[path = "parties/records.rs"]
mod records;
#[path = "parties/registry.rs"]
mod registry;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::Mutex,
};

use serde_json::Value;
use xinglin_primitives::{
    time::{Date, Moment, DAY_MS, HOUR_MS},
    Hash,
};
use xinglin_sdk::{client::Client, parties};

use self::support::{
    acts::{begun, wallet},
    DevNode,
};

/// Opens the keystores of this test.
const PASSPHRASE: &str = "a passphrase of the test";
const DOCUMENTATION: &str = include_str!("../../docs/parties.md");

/// Somebody at the command line: the party and the development key.
type Who = (&'static str, &'static str);

const PATIENT: Who = ("patient", "//Alice//patient//1");
const DOCTOR: Who = ("doctor", "//Alice//doctor//1");
const HOSPITAL: Who = ("member", "//Alice");
const INSURER: Who = ("insurer", "//Charlie");

/// A node, a folder with documents, and what was done.
struct Day {
    node: DevNode,
    folder: tempfile::TempDir,
    genesis: Hash,
    /// The time of the chain at the beginning.
    now: Moment,
    /// The commands that were used, without their arguments.
    used: Mutex<BTreeSet<String>>,
}

impl Day {
    async fn begin() -> (Self, Client) {
        let node = DevNode::start(&[]);
        let client = Client::connect(&node.url()).await.unwrap();
        begun(&client).await;
        let day = Self {
            genesis: client.genesis(),
            now: parties::now(&client).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            used: Mutex::default(),
            node,
        };
        (day, client)
    }

    /// A day before or after today.
    fn date(&self, days: i64) -> Date {
        let today = i64::from(Date::of(self.now).0);
        Date(u32::try_from(today + days).unwrap())
    }

    /// In the morning of a day to come.
    fn morning(&self, days: i64) -> Moment {
        self.date(days).start() + 9 * HOUR_MS
    }

    fn tomorrow(&self) -> Moment {
        self.now + DAY_MS
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs a command in the folder of the documents.
    fn run(&self, (party, path): Who, line: &str) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.note(party, &words);
        let url = self.node.url();
        let session = ["--json", "--url", &url, "--dev-key", path];
        self.binary(&[&[party], &words[..], &session[..]].concat())
    }

    /// Runs the binary.
    fn binary(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xinglin"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XINGLIN_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn note(&self, party: &str, words: &[&str]) {
        // Whom a delegate or device acts for stands before the command.
        let words = match words {
            ["--patient" | "--practitioner", _, rest @ ..] => rest,
            words => words,
        };
        let mut used = self.used.lock().unwrap();
        // The first word of a command that has commands below it is not counted as one.
        used.insert(format!("{party} {}", words[0]));
        if let Some(second) = words.get(1) {
            used.insert(format!("{party} {} {second}", words[0]));
        }
    }

    /// Runs a command that succeeds: it prints one JSON document.
    #[track_caller]
    fn ok(&self, who: Who, line: &str) -> Value {
        let output = self.run(who, line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who:?} {line}: {error}");
        let document = serde_json::from_slice(&output.stdout);
        document.unwrap_or_else(|error| panic!("{who:?} {line}: no JSON document: {error}"))
    }

    /// Runs a command that makes something; its number.
    #[track_caller]
    fn made(&self, who: Who, line: &str, what: &str) -> String {
        let told = self.ok(who, line);
        let number = told["made"][what].as_str();
        let number = number.unwrap_or_else(|| panic!("{line} made no {what}: {told}"));
        number.to_owned()
    }

    /// Runs a command that is refused in one line, which says why.
    #[track_caller]
    fn refused(&self, who: Who, line: &str, why: &str) {
        let output = self.run(who, line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{who:?} {line}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{line}: {error}");
        assert!(error.contains(why), "{line}: {error}");
    }
}

/// The first block of a language after some words of the documentation.
fn documented(after: &str, language: &str) -> &'static str {
    let (_, text) = DOCUMENTATION.split_once(after).unwrap();
    let (_, block) = text.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0
}

/// A document of the documentation.
fn document(name: &str) -> Value {
    let text = documented(&format!("`{name}`:"), "json");
    serde_json::from_str(text).unwrap()
}

/// Writes the documents of the documentation, with days that are right today.
fn write_documents(day: &Day) {
    let mut schedule = document("schedule.json");
    schedule["start"] = day.morning(2).into();
    day.write("schedule.json", &schedule.to_string());
    let mut invoice = document("invoice.json");
    let today = day.date(0).0;
    invoice["service"] = vec![today, today].into();
    day.write("invoice.json", &invoice.to_string());
    for name in ["scheme.json", "rules.json"] {
        day.write(name, &document(name).to_string());
    }
    day.write("encounter.json", r#"{"resourceType":"Bundle"}"#);
    day.write("note.txt", "what there is to say");
}

/// The visit of the documentation, line by line.
fn visit(day: &Day) {
    let block = documented("## A visit on a development chain", "sh");
    let mut count = 0;
    for line in block.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (word, command) = line.split_once(' ').unwrap();
        let who = match word {
            "patient" => PATIENT,
            "doctor" => DOCTOR,
            "hospital" => HOSPITAL,
            "insurer" => INSURER,
            other => panic!("the documentation does not say who {other} is"),
        };
        day.ok(who, command);
        count += 1;
    }
    assert!(count >= 10, "the documentation has {count} lines");
}

/// The address of a development key.
fn address(path: &str) -> String {
    wallet(path).key().address()
}

/// The encryption key of a development key.
fn encryption_key(path: &str) -> String {
    hex::encode(wallet(path).encryption_key().0)
}

#[tokio::test]
async fn a_day_of_all_parties_uses_every_command() {
    let (day, client) = Day::begin().await;
    write_documents(&day);
    visit(&day);
    invalid::documents_change_nothing(&day, &client).await;
    money::admit_provider(&day);
    // No two of these act with the same key at a time.
    std::thread::scope(|scope| {
        let scenes = [
            scope.spawn(|| records::scene(&day)),
            scope.spawn(|| money::scene(&day)),
            scope.spawn(|| registry::scene(&day)),
        ];
        for scene in scenes {
            scene.join().unwrap();
        }
    });
    leaves::are_all_used(&day);
    assert!(Path::new(&day.path("case.pdf")).exists());
}
