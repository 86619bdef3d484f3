//! A time authority from its admission by the council to tokens that OpenSSL verifies: a
//! development node, the service, and OpenSSL as those who stamp.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{body::Bytes, http::StatusCode, routing::post, Router};
use codec::Encode;
use pallet_collective::Instance1;
use serde_json::Value;
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    Weight,
};
use xinglin_primitives::{glue::MemberKind, BlockNumber, MemberId, StampId};
use xinglin_rpc_api::xinglin::TimeToken;
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    client::Client,
    operation::{execute, OperationError},
    trusted_time::{self, read_certificates},
    wallet::Wallet,
};
use xinglin_timestamps::{
    request,
    testing::{Keys, TestAuthority},
    token_of, verify, Authority,
};

use self::support::{xinglin, DevNode};

/// The first member after those of the presets.
const AUTHORITY: MemberId = MemberId(5);
const AUTHORITY_PATH: &str = "//Ferdie";
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(120);

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

async fn succeed(client: &Client, path: &str, call: impl Into<RuntimeCall>) {
    execute(client, wallet(path).key(), call).await.unwrap();
}

/// Carries a call through the council of the presets.
async fn by_council(client: &Client, call: impl Into<RuntimeCall>) {
    let call = call.into();
    let length_bound = u32::try_from(call.encoded_size()).unwrap();
    let proposal_hash = BlakeTwo256::hash_of(&call);
    let count = pallet_collective::ProposalCount::<Runtime, Instance1>::hashed_key();
    let tip = client.tip().await.unwrap();
    let index: Option<u32> = client.storage(&count, tip).await.unwrap();
    let index = index.unwrap_or_default();
    let propose = pallet_collective::Call::propose {
        threshold: 4,
        proposal: Box::new(call),
        length_bound,
    };
    succeed(client, "//Alice", RuntimeCall::Council(propose)).await;
    for member in ["//Alice", "//Bob", "//Charlie", "//Dave"] {
        let vote = pallet_collective::Call::vote {
            proposal: proposal_hash,
            index,
            approve: true,
        };
        succeed(client, member, RuntimeCall::Council(vote)).await;
    }
    let close = pallet_collective::Call::close {
        proposal_hash,
        index,
        proposal_weight_bound: Weight::from_parts(100_000_000_000, 10_000_000),
        length_bound,
    };
    succeed(client, "//Alice", RuntimeCall::Council(close)).await;
}

/// Has the council admit the authority and register its service.
async fn admit(client: &Client, service: &TestAuthority) {
    let key = wallet(AUTHORITY_PATH);
    by_council(
        client,
        pallet_members::Call::register_member {
            account: key.account(),
            kind: MemberKind::TimeAuthority,
            level: None,
            name: b"Ferdie Time Service".to_vec().try_into().unwrap(),
            encryption_key: key.encryption_key(),
        },
    )
    .await;
    // As an operator does it: by the call that the binary prints.
    let file = service.chain_file();
    let printed = xinglin(&[
        "time-authority",
        "certificates",
        file.to_str().unwrap(),
        "--member",
        &AUTHORITY.to_string(),
        "--json",
    ]);
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["subject"], "CN=Authority,O=Test");
    let call = printed["call"]
        .as_str()
        .unwrap()
        .strip_prefix("0x")
        .unwrap();
    let call: RuntimeCall =
        codec::DecodeAll::decode_all(&mut &hex::decode(call).unwrap()[..]).unwrap();
    by_council(client, call).await;
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
    log: BufReader<std::process::ChildStderr>,
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
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Reads what it logs up to the next line with a message.
    fn wait(&mut self, message: &str) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the service ended: {before:?}");
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

/// Checks a token as everybody can: by the certificates that come with it.
fn check(token: &TimeToken) {
    let certificates: Vec<_> = token.certificates.iter().map(|it| &it.0[..]).collect();
    let authority = Authority::new(&certificates).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_stamped_and_openssl_verifies_it() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let good = TestAuthority::new(Keys::Rsa);
    let chain_file = good.chain_file();
    admit(&client, &good).await;
    let good = Arc::new(Mutex::new(good));
    let address = serve(Arc::clone(&good)).await;

    let tokens = tokio::time::timeout(LIMIT, async {
        let services = vec![format!("{address}/good")];
        tokio::task::block_in_place(|| {
            let mut service = Service::start(&node, &services);
            let lines = [(); 3].map(|()| service.wait("block stamped").0);
            assert_eq!(service.terminate(), Some(0));
            lines
        })
    });
    let tokens = tokens.await.unwrap();
    let [first, second, third] = tokens.map(|line| {
        let block = line["block"].as_u64().unwrap();
        BlockNumber::try_from(block).unwrap()
    });
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
    assert!(told.contains("member 5"), "{told}");
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
    let given: Vec<_> = before.certificates.iter().map(|it| it.0.clone()).collect();
    assert_eq!(given, certificates);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_the_next_service_asked() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let good = TestAuthority::new(Keys::P256);
    admit(&client, &good).await;
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
        let mut service = Service::start(&node, &services);
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
    let block = BlockNumber::try_from(line["block"].as_u64().unwrap()).unwrap();
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
