//! A time authority from its admission by the council to tokens that OpenSSL verifies: a
//! development node, the service, and OpenSSL as those who stamp.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        mpsc::{channel, Receiver},
        Arc, Mutex,
    },
    time::{Duration, Instant},
};

use axum::{body::Bytes, http::StatusCode, routing::post, Router};
use serde_json::Value;
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use xinglin_evidence::archive::unpack;
use xinglin_primitives::{BlockNumber, MemberId, StampId};
use xinglin_rpc_api::xinglin::{TimeToken, TimeTokens};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, Outcome},
    keys::address_of,
    operation::{execute, OperationError, FINALITY_LIMIT},
    trusted_time::{self, read_certificates},
};
use xinglin_timestamps::{
    request,
    testing::{Keys, TestAuthority},
    token_of, verify, Authority,
};

use self::support::{acts::wallet, xinglin, DevNode};

/// The first member after those of the presets.
const AUTHORITY: MemberId = MemberId(6);
const AUTHORITY_PATH: &str = "//Ferdie";
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(120);

/// What a command that succeeds prints as JSON.
#[track_caller]
fn told(arguments: &[&str]) -> Value {
    let output = xinglin(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Has the council of the presets carry a motion, as its members do it; the hash of the motion.
fn carry(node: &DevNode, proposal: &[&str]) -> String {
    let url = node.url();
    let council = |member: &str, words: &[&str]| {
        let session = ["--url", &url, "--dev-key", member, "--json"];
        told(&[&["council"], words, &session[..]].concat())["details"].take()
    };
    let proposed = council("//Alice", &[&["propose"], proposal].concat());
    let motion = proposed["motion"].as_str().unwrap();
    for member in ["//Bob", "//Charlie", "//Dave", "//Eve"] {
        council(member, &["vote", motion, "aye"]);
    }
    let closed = council("//Alice", &["close", motion]);
    assert_eq!(closed["isCarried"], true);
    motion.to_owned()
}

/// Has the council admit the authority and register its services.
fn admit(node: &DevNode, services: &[&TestAuthority]) {
    let key = wallet(AUTHORITY_PATH);
    let (account, sealing) = (address_of(&key.account()), key.encryption_key());
    let member = ["register-member", &account, "--kind", "timeAuthority"];
    let name = ["--name", "Ferdie Time Service"];
    let sealing = ["--encryption-key", &hex::encode(sealing.0)];
    carry(node, &[&member[..], &name, &sealing].concat());
    for service in services {
        let file = service.chain_file();
        let file = file.to_str().unwrap();
        let of = ["--member", &AUTHORITY.to_string()];
        let check = ["time-authority", "certificates", file, "--json"];
        let checked = told(&[&check[..], &of].concat());
        assert_eq!(checked["subject"], "CN=Authority,O=Test");
        let motion = carry(node, &[&["register-certificates", file][..], &of].concat());
        // The call that is printed is the one that was carried.
        let call = checked["call"].as_str().unwrap();
        let call = hex::decode(call.strip_prefix("0x").unwrap()).unwrap();
        assert_eq!(motion, format!("{:?}", BlakeTwo256::hash(&call)));
    }
}

/// Serves the good service at `/good` and others that each fail in their way; returns the address.
async fn serve(good: Arc<Mutex<TestAuthority>>) -> String {
    let stranger = Arc::new(Mutex::new(TestAuthority::new(Keys::P256)));
    let answering = |authority: Arc<Mutex<TestAuthority>>| {
        move |query: Bytes| async move {
            let answer = move || authority.lock().unwrap().answer(&query);
            tokio::task::spawn_blocking(answer).await.unwrap()
        }
    };
    let other_data = {
        let authority = Arc::clone(&good);
        move |_: Bytes| async move {
            let query = request(b"other data", 1, false);
            let answer = move || authority.lock().unwrap().answer(&query);
            tokio::task::spawn_blocking(answer).await.unwrap()
        }
    };
    let router = Router::new()
        .route("/good", post(answering(good)))
        .route("/stranger", post(answering(stranger)))
        .route("/other-data", post(other_data))
        .route("/large", post(|| async { vec![0u8; 1024 * 1024] }))
        .route("/garbage", post(|| async { "<html>" }))
        .route("/broken", post(|| async { StatusCode::BAD_GATEWAY }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// The service as a process, which is killed if the test fails.
struct Service {
    child: Child,
    log: Receiver<String>,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
    }
}

impl Service {
    fn start(node: &DevNode, services: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xinglin"));
        command.args(["time-authority", "--interval", "1", "--log-format", "json"]);
        command.args(["--url", &node.url(), "--dev-key", AUTHORITY_PATH]);
        for service in services {
            command.args(["--tsa", service]);
        }
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            let mut lines = lines.map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        Self { child, log }
    }

    /// Reads what it logs up to the next line with a message.
    fn wait(&self, message: &str) -> (Value, Vec<Value>) {
        let deadline = Instant::now() + LIMIT;
        let mut before = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.log.recv_timeout(left);
            // It has ended, or says other things all the time.
            let line = line.unwrap_or_else(|error| panic!("{error}: {before:?}"));
            let parsed: Value = serde_json::from_str(&line).unwrap();
            if parsed["message"] == message {
                return (parsed, before);
            }
            before.push(parsed);
        }
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status();
        assert!(asked.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

/// Runs the service until it has stamped as many blocks.
fn stamp<const N: usize>(node: &DevNode, services: &[String]) -> [BlockNumber; N] {
    tokio::task::block_in_place(|| {
        let service = Service::start(node, services);
        let lines = [(); N].map(|()| service.wait("block stamped").0);
        assert_eq!(service.terminate(), Some(0));
        lines.map(|line| block_of(&line))
    })
}

fn block_of(line: &Value) -> BlockNumber {
    let block = line["block"].as_u64().unwrap();
    BlockNumber::try_from(block).unwrap()
}

fn chain_of(token: &TimeToken) -> Vec<Vec<u8>> {
    let certificates = token.certificates.iter();
    certificates.map(|it| it.0.clone()).collect()
}

/// Checks a token as everybody can: by the certificates that come with it.
fn check(token: &TimeToken) {
    let authority = Authority::new(&chain_of(token)).unwrap();
    let stamp = verify(&token.token.0, token.block_hash.as_bytes(), &authority).unwrap();
    assert_eq!(stamp.time_ms, token.time_ms);
    assert_eq!(token.authority, AUTHORITY);
}

async fn around(client: &Client, block: BlockNumber) -> [Option<TimeToken>; 2] {
    let found = trusted_time::tokens_around(client, block).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.block_number, block);
    [found.before, found.after]
}

/// The explorer shows the tokens from before and after a block.
fn check_explorer(node: &DevNode, block: BlockNumber, tokens: &[TimeToken; 2]) {
    let (block, url) = (block.to_string(), node.url());
    let command = ["explorer", "block", &block, "--url", &url];
    let shown = told(&[&command[..], &["--json"]].concat());
    let shown: TimeTokens = serde_json::from_value(shown["timeTokens"].clone()).unwrap();
    assert_eq!([shown.before, shown.after], tokens.clone().map(Some));
    let table = xinglin(&command).stdout;
    let table = String::from_utf8_lossy(&table);
    for token in tokens {
        let (id, stamped) = (token.id, token.block_number);
        let line = format!("by token {id} of member {AUTHORITY} over block {stamped}");
        assert!(table.contains(&line), "{table}");
    }
}

/// An evidence package of the operation brings the tokens from before and after it. The binary proves
/// its time by them, and OpenSSL verifies them; neither asks the node.
fn check_package(node: &DevNode, operation: &Outcome, tokens: &[TimeToken; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence.zip");
    let name = file.to_str().unwrap();
    let (hash, url) = (format!("{:?}", operation.hash), node.url());
    let export = ["evidence", "export", "receipt", &hash, "--url", &url];
    let exported = told(&[&export[..], &["--output", name, "--json"]].concat());
    assert_eq!(exported.get("untimed"), Some(&Value::Null));
    let files = unpack(&fs::read(&file).unwrap()).unwrap();
    for (number, token) in tokens.iter().enumerate() {
        assert_eq!(files[&format!("time/{number}.tsr")], token.token.0);
    }

    let report = told(&["evidence", "verify", name, "--trust", "dev", "--json"]);
    let mut steps = report["steps"].as_array().unwrap().iter();
    let step = steps.find(|it| it["step"] == "time").unwrap();
    assert_eq!(step["outcome"], "proven");
    assert_eq!(step["note"], "2 tokens");
    let expected = format!("Block {} was made between ", operation.number);
    let proven = report["proven"].as_array().unwrap();
    let mut sentences = proven.iter().map(|it| it.as_str().unwrap());
    assert!(sentences.any(|it| it.starts_with(&expected)), "{proven:?}");

    // The commands of the documentation.
    let guide = include_str!("../../docs/evidence.md");
    let (_, section) = guide.split_once("### Tokens by other means").unwrap();
    let commands = section.split("```").nth(1).unwrap();
    let verified = Command::new("sh")
        .args(["-ec", commands])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let said = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(said.matches("Verification: OK").count(), 2, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_stamped_and_openssl_verifies_it() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let good = TestAuthority::new(Keys::Rsa);
    let next = TestAuthority::new(Keys::P256);
    let chain_file = good.chain_file();
    admit(&node, &[&good, &next]);
    let good = Arc::new(Mutex::new(good));
    let address = serve(Arc::clone(&good)).await;

    // An operation between the tokens of two services.
    let services = [format!("{address}/good")];
    let [first] = stamp(&node, &services);
    let retired = std::mem::replace(&mut *good.lock().unwrap(), next);
    let remark = frame_system::Call::remark { remark: vec![1] };
    let key = wallet("//Alice");
    let operation = execute(&client, key.key(), RuntimeCall::System(remark)).await;
    let operation = operation.unwrap();
    let [second, third] = stamp(&node, &services);
    assert!(first < second && second < third);

    // Each block lies between the nearest tokens.
    let [before, after] = around(&client, first).await;
    assert_eq!(before, None);
    let after = after.unwrap();
    assert_eq!((after.block_number, after.id), (first, StampId(0)));
    check(&after);
    let [before, after] = around(&client, after.recorded_in).await;
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!(before.block_number, first);
    assert_eq!(after.block_number, second);
    assert!(before.time_ms < after.time_ms);
    let [_, none] = around(&client, third + 1).await;
    assert_eq!(none, None);
    let unknown = trusted_time::tokens_around(&client, u32::MAX).await;
    assert_eq!(unknown.unwrap(), None);

    let [from, until] = around(&client, operation.number).await.map(Option::unwrap);
    assert_eq!((from.block_number, until.block_number), (first, second));
    let chains = [retired.chain(), good.lock().unwrap().chain()];
    assert_eq!([&from, &until].map(chain_of), chains);
    client
        .wait_until_indexed(operation.number, FINALITY_LIMIT)
        .await
        .unwrap();
    let around = [from, until];
    check_explorer(&node, operation.number, &around);
    check_package(&node, &operation, &around);

    // What the binary saves is what the command of the documentation takes.
    let folder = tempfile::tempdir().unwrap();
    let block = before.recorded_in.to_string();
    let save = folder.path().to_str().unwrap();
    let url = node.url();
    let saved = xinglin(&[
        "time-authority",
        "tokens",
        &block,
        "--save",
        save,
        "--url",
        &url,
    ]);
    let told = String::from_utf8_lossy(&saved.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&saved.stderr).into_owned();
    assert!(saved.status.success(), "{complaint}");
    assert!(told.contains(&format!("member {AUTHORITY}")), "{told}");
    for side in ["before", "after"] {
        let command = format!(
            "openssl ts -verify -token_in -in {side}-token.der -data {side}-hash.bin \
            -CAfile {side}-trusted.pem -untrusted {side}-service.pem"
        );
        let verified = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(verified.status.success(), "{verified:?}");
    }
    // The certificates are those that were registered.
    let pem = fs::read_to_string(chain_file).unwrap();
    let (_, certificates) = read_certificates(&pem).unwrap();
    assert_eq!(chain_of(&before), certificates);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_the_next_service_asked() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let good = TestAuthority::new(Keys::P256);
    admit(&node, &[&good]);
    let good = Arc::new(Mutex::new(good));
    let address = serve(Arc::clone(&good)).await;
    let failing = [
        ("stranger", "another certificate"),
        ("other-data", "other data"),
        ("large", "limit"),
        ("garbage", "not that of a time-stamping authority"),
        ("broken", "502"),
    ];
    let mut services = failing
        .map(|(path, _)| format!("{address}/{path}"))
        .to_vec();
    services.push("http://127.0.0.1:1/".to_owned());
    services.push(format!("{address}/good"));
    let (line, before) = tokio::task::block_in_place(|| {
        let service = Service::start(&node, &services);
        let found = service.wait("block stamped");
        assert_eq!(service.terminate(), Some(0));
        found
    });
    let reasons: Vec<_> = before
        .iter()
        .filter(|line| line["message"] == "no token")
        .map(|line| {
            (
                line["service"].as_str().unwrap(),
                line["error"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(reasons.len(), failing.len() + 1, "{reasons:?}");
    for ((_, expected), (service, reason)) in failing.iter().zip(&reasons) {
        assert!(reason.contains(expected), "{service}: {reason}");
    }

    // The chain takes nothing twice, nothing that is too large, and nothing from others.
    let block = block_of(&line);
    let [_, token] = around(&client, block).await;
    let token = token.unwrap().token.0;
    let authority = wallet(AUTHORITY_PATH);
    let refusal = |outcome: Result<_, OperationError>| match outcome {
        Err(OperationError::Refused { error, .. }) => error,
        other => panic!("{other:?}"),
    };
    let again = trusted_time::submit(&client, authority.key(), block, 0, token.clone());
    let error = refusal(again.await);
    assert!(error.contains("Replayed"), "{error}");
    let stranger = wallet("//Dave");
    let foreign = trusted_time::submit(&client, stranger.key(), block, 0, token);
    let error = refusal(foreign.await);
    assert!(error.contains("NotTimeAuthority"), "{error}");
    let large = trusted_time::submit(&client, authority.key(), block, 0, vec![0; 1024 * 1024]);
    assert!(matches!(
        large.await,
        Err(OperationError::TooMany {
            found: 1_048_576,
            ..
        })
    ));
    let tip = client.tip().await.unwrap();
    let block = client.header(tip).await.unwrap().number;
    let hash = client.block_hash(block).await.unwrap();
    let foreign = TestAuthority::new(Keys::P256);
    let answer = foreign.answer(&request(hash.as_bytes(), 1, false));
    let token = token_of(&answer).unwrap();
    let unknown = trusted_time::submit(&client, authority.key(), block, 0, token);
    let error = refusal(unknown.await);
    assert!(error.contains("UnknownSigner"), "{error}");
}
