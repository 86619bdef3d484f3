//! Patients from FHIR bundles to the chain and back, through the binary on a development node.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use xinglin_fhir::{Bundle, Limits};

use self::support::{
    bundles::{foreign_bundles, own_bundles},
    DevNode,
};

/// How long the import of six patients of a synthetic population may take.
const IMPORT_LIMIT: Duration = Duration::from_secs(30);
const PASSPHRASE: &str = "a passphrase of the test";

/// A folder with all that an import leaves.
struct Desk {
    folder: tempfile::TempDir,
    url: String,
}

impl Desk {
    fn new(url: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: url.to_owned(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn import(&self, paths: &[&str]) -> Output {
        let (keys, salt) = (self.path("keys"), self.path("salt"));
        let roles = [
            "--member-key",
            "//Alice",
            "--doctor-key",
            "//Alice//doctor//1",
        ];
        let kept = ["--patient-keys", &keys, "--salt-file", &salt];
        let options = ["--invoices", "--json", "--url", &self.url];
        xinglin(&[&["fhir", "import"], paths, &roles, &kept, &options].concat())
    }

    fn imported(&self, folder: &Path) -> Vec<Value> {
        let output = self.import(&[folder.to_str().unwrap()]);
        json(&output)["patients"].as_array().unwrap().clone()
    }

    /// Exports with a patient's own key and compares with the bundle that was imported.
    fn compare_export(&self, patient: &Value) {
        let file = self.path(&format!("patient-{}.json", patient["patient"]));
        let keystore = patient["keystore"].as_str().unwrap();
        let arguments = ["fhir", "export", "--url", &self.url, "--key", keystore];
        let arguments = [&arguments[..], &["--json", "-o", &file]].concat();
        let report = json(&xinglin(&arguments));
        assert_eq!(report["unread"], Value::Array(Vec::new()));
        assert_eq!(report["records"], patient["records"]);
        let source = Path::new(patient["bundle"].as_str().unwrap());
        assert_eq!(resources(Path::new(&file)), resources(source));
        for secret in [file.as_str(), keystore] {
            let mode = fs::metadata(secret).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
        let again = xinglin(&arguments);
        assert!(!again.status.success());
        assert!(errors(&again).contains("exists already"));
    }
}

fn xinglin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(arguments)
        .env("XINGLIN_PASSPHRASE", PASSPHRASE)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", errors(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The resources of a bundle, each with the URL by which it is called and byte for byte.
fn resources(path: &Path) -> BTreeSet<(Option<String>, String)> {
    let bundle = Bundle::parse(&fs::read(path).unwrap(), &Limits::default()).unwrap();
    let of = |entry: &xinglin_fhir::Entry| {
        let url = entry.full_url().map(str::to_owned);
        (url, entry.json().to_owned())
    };
    bundle.entries().iter().map(of).collect()
}

/// The ids of all records and invoices of an import.
fn ids(patients: &[Value]) -> Vec<Value> {
    let ids = |one: &Value| {
        [
            one["patient"].clone(),
            one["records"].clone(),
            one["invoices"].clone(),
        ]
    };
    patients.iter().flat_map(ids).collect()
}

fn written(patients: &[Value]) -> u64 {
    let of = |one: &Value, field: &str| one[field].as_u64().unwrap();
    let counts = patients
        .iter()
        .map(|one| of(one, "recordsWritten") + of(one, "invoicesIssued"));
    counts.sum()
}

/// Makes the journals of an import say that it was interrupted after submitting everything.
fn interrupt(desk: &Desk) {
    let mut count = 0;
    for entry in fs::read_dir(desk.path("keys")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "import") {
            continue;
        }
        let mut journal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for entry in journal["entries"].as_object_mut().unwrap().values_mut() {
            entry["id"] = Value::Null;
            count += 1;
        }
        fs::write(&path, journal.to_string()).unwrap();
    }
    assert!(count > 0);
}

#[test]
fn bundles_come_back_byte_for_byte_and_are_imported_once() {
    let node = DevNode::start(&[]);
    let desk = Desk::new(&node.url());
    let first = desk.imported(&own_bundles());
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|one| one["isNew"] == true));
    let all: usize = ids(&first)
        .iter()
        .filter_map(|ids| ids.as_array().map(Vec::len))
        .sum();
    assert_eq!(written(&first), u64::try_from(all).unwrap());

    let again = desk.imported(&own_bundles());
    assert_eq!((written(&again), ids(&again)), (0, ids(&first)));
    interrupt(&desk);
    let resumed = desk.imported(&own_bundles());
    assert_eq!((written(&resumed), ids(&resumed)), (0, ids(&first)));
    first.iter().for_each(|one| desk.compare_export(one));

    let lost = Desk::new(&node.url());
    fs::rename(desk.path("keys"), lost.path("keys")).unwrap();
    let refused = lost.import(&[own_bundles().to_str().unwrap()]);
    assert!(errors(&refused).contains("salt"), "{}", errors(&refused));
}

#[test]
fn whoever_has_no_access_exports_nothing() {
    let node = DevNode::start(&[]);
    let desk = Desk::new(&node.url());
    let patients = desk.imported(&own_bundles());
    let (patient, file) = (patients[0]["patient"].to_string(), desk.path("stolen.json"));
    let reader = ["--dev-key", "//Bob//doctor//1", "--patient", &patient];
    let url = node.url();
    let place = ["--url", &url, "-o", &file, "--json"];
    let output = xinglin(&[&["fhir", "export"][..], &reader, &place].concat());
    if output.status.success() {
        let stolen = resources(Path::new(&file));
        assert!(stolen.is_empty(), "{} resources", stolen.len());
    } else {
        assert!(!Path::new(&file).exists());
    }
}

#[test]
fn an_e_invoice_is_what_the_chain_says_until_it_is_changed() {
    let node = DevNode::start(&[]);
    let desk = Desk::new(&node.url());
    let patients = desk.imported(&own_bundles());
    let invoice = patients[0]["invoices"][0].to_string();
    let keystore = patients[0]["keystore"].as_str().unwrap();
    let (pdf, document) = (desk.path("invoice.pdf"), desk.path("invoice.json"));
    let url = node.url();
    let who = ["--url", &url, "--key", keystore];
    let files = ["--pdf", &pdf, "--json-file", &document];
    let which = ["invoice", "render", "--invoice", &invoice];
    let rendered = xinglin(&[&which[..], &who, &files].concat());
    assert!(rendered.status.success(), "{}", errors(&rendered));
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));

    let check = [&["invoice", "check", &document, "--json"][..], &who].concat();
    let report = json(&xinglin(&check));
    assert_eq!(report["matches"], true, "{report}");
    let text = fs::read_to_string(&document).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["lines"][0]["name"] = "something else".into();
    fs::write(&document, changed.to_string()).unwrap();
    let output = xinglin(&check);
    assert!(!output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{report}");
    assert!(differences[0].as_str().unwrap().starts_with("line 1 "));
}

#[test]
fn a_population_is_imported_in_time() {
    let Some(folder) = foreign_bundles() else {
        return;
    };
    let node = DevNode::start(&[]);
    let desk = Desk::new(&node.url());
    let begun = Instant::now();
    let patients = desk.imported(&folder);
    let taken = begun.elapsed();
    assert!(!patients.is_empty());
    assert!(taken <= IMPORT_LIMIT, "it took {taken:?}");
    patients.iter().for_each(|one| desk.compare_export(one));
}

#[test]
fn what_is_no_bundle_is_refused_before_anything_is_written() {
    // Nobody listens there: the input is refused before the node is asked.
    let desk = Desk::new("ws://127.0.0.1:1");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let cases = [
        ("large.json", " ".repeat(20 * 1024 * 1024), "longer than"),
        ("deep.json", deep, "nested deeper"),
        ("text.json", "plum blossom".to_owned(), "is not JSON"),
        ("number.json", "[\"plum blossom\"]".to_owned(), "$"),
        (
            "patient.json",
            r#"{"resourceType":"Patient","id":"plum blossom"}"#.to_owned(),
            "is not a Bundle",
        ),
        (
            "types.json",
            r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p","identifier":"plum blossom"}}]}"#.to_owned(),
            "$.entry[0].resource",
        ),
        (
            "nobody.json",
            r#"{"resourceType":"Bundle","type":"collection","entry":[]}"#.to_owned(),
            "none of the bundles is of a patient",
        ),
    ];
    for (name, content, expected) in cases {
        let path = desk.path(name);
        fs::write(&path, content).unwrap();
        let output = desk.import(&[&path]);
        let told = errors(&output);
        assert!(!output.status.success(), "{name} is taken");
        assert!(told.contains(expected), "{name}: {told}");
        assert!(name == "nobody.json" || told.contains(name), "{told}");
        assert!(!told.contains("plum"), "{name}: {told}");
        assert!(told.len() < 1_000, "{name}: {told}");
        // A good one beside it changes nothing.
        let good = own_bundles().join("patient-001.json");
        let beside = desk.import(&[good.to_str().unwrap(), &path]);
        assert!(!beside.status.success());
    }
    assert!(!Path::new(&desk.path("keys")).exists());
    assert!(!Path::new(&desk.path("salt")).exists());
}
