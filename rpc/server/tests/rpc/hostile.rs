//! Bad input: each a clear error, and a server that goes on.

use serde_json::{json, Value};
use xinglin_rpc_server::{start, ConfigError, RpcConfig, RpcError};

use crate::{
    fixture::{config, Fixture},
    socket::{http, Ws},
};

async fn still_well(fixture: &Fixture, ws: &mut Ws) {
    assert_eq!(ws.call("system_chain", json!([])).await, "Fake Chain");
    let response = http(fixture.address(), "GET", "/health", &[], b"").await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn a_mebibyte_of_brackets_is_an_error() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let depth = 1 << 20;
    let open = "[".repeat(depth);
    let closed = format!("{}{}", "[".repeat(depth / 2), "]".repeat(depth / 2));
    let objects = "{\"a\":".repeat(depth / 5);
    let params = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"state_getStorage\",\"params\":{closed}}}"
    );
    let key = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_getBlockHash\",\"params\":[{closed}]}}"
    );
    let id = format!("{{\"jsonrpc\":\"2.0\",\"id\":{closed},\"method\":\"system_chain\"}}");
    for bomb in [&open, &closed, &objects, &params, &key] {
        ws.send_raw(bomb.as_bytes()).await;
        let answer = ws.next_raw().await.unwrap();
        assert_bad_input(&answer);
        let response = http(fixture.address(), "POST", "/", &[], bomb.as_bytes()).await;
        assert_bad_input(&response.json());
    }
    // What has no valid id is a notification, which is not answered.
    ws.send_raw(id.as_bytes()).await;
    still_well(&fixture, &mut ws).await;
}

fn assert_bad_input(answer: &Value) {
    let error = match answer.as_array() {
        Some(batch) => batch[0]["error"]["code"].as_i64(),
        None => answer["error"]["code"].as_i64(),
    };
    assert!(matches!(error, Some(-32700 | -32600 | -32602)), "{answer}");
}

#[tokio::test]
async fn what_is_not_json_rpc_is_an_error() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    for (text, code) in [
        ("", -32700),
        ("nonsense", -32700),
        ("{", -32700),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        ("[]", -32600),
        (
            "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"system_chain\"}",
            -32600,
        ),
    ] {
        ws.send_raw(text.as_bytes()).await;
        let answer = ws.next_raw().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
    }
    ws.send_raw(
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_chain\",\"params\":[\"\\ud800\"]}",
    )
    .await;
    assert!(ws.next_raw().await.unwrap().is_object());
    still_well(&fixture, &mut ws).await;
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    for (method, params) in [
        ("state_getStorage", json!(["0x0g"])),
        ("state_getStorage", json!(["0x0"])),
        ("state_getStorage", json!([5])),
        ("state_getStorage", json!([])),
        ("state_getStorage", json!(["0x00", "0x1234"])),
        ("chain_getHeader", json!(["hash"])),
        ("author_submitExtrinsic", json!(["0xzz"])),
        ("author_submitAndWatchExtrinsic", json!(["0xzz"])),
        ("system_accountNextIndex", json!(["5Nonsense"])),
        ("chainHead_v1_follow", json!(["yes"])),
        ("state_getKeysPaged", json!(["0x", -1])),
        ("state_getKeysPaged", json!(["0x", 1e30])),
    ] {
        let answer = ws.ask(method, params.clone()).await;
        assert_eq!(
            answer["error"]["code"], -32602,
            "{method} {params}: {answer}"
        );
        assert!(
            answer["error"]["data"].is_string(),
            "{method} {params}: {answer}"
        );
    }
    let answer = ws.ask("state_getStorage", json!(["0x0g"])).await;
    assert!(
        answer["error"]["data"]
            .as_str()
            .unwrap()
            .contains("hexadecimal string"),
        "{answer}"
    );
    still_well(&fixture, &mut ws).await;
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_refused() {
    let fixture = Fixture::new().await;
    let address = fixture.address();
    let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system_chain\"}";
    let host = ("Host", "evil.example");
    assert_eq!(
        http(address, "POST", "/", &[host], request).await.status,
        403
    );
    let refused = Ws::open(address, &[host]).await.err().unwrap();
    assert!(refused.contains("403"), "{refused}");

    let evil = ("Origin", "https://evil.example");
    let refused = Ws::open(address, &[evil]).await.err().unwrap();
    assert!(refused.contains("403"), "{refused}");
    let response = http(address, "POST", "/", &[evil], request).await;
    assert!(
        !response.head.contains("access-control-allow-origin"),
        "{}",
        response.head
    );

    let local = ("Origin", "http://localhost:3000");
    assert!(Ws::open(address, &[local]).await.is_ok());
    let response = http(address, "POST", "/", &[local], request).await;
    let allowed = "access-control-allow-origin: http://localhost:3000";
    assert!(response.head.contains(allowed), "{}", response.head);
    let preflight = [local, ("Access-Control-Request-Method", "POST")];
    let response = http(address, "OPTIONS", "/", &preflight, b"").await;
    assert!(response.head.contains(allowed), "{}", response.head);
}

#[tokio::test]
async fn operators_can_allow_other_hosts_and_pages() {
    let fixture = Fixture::with(
        RpcConfig {
            allowed_hosts: Some(vec!["node.example:*".to_owned()]),
            allowed_origins: vec!["*".to_owned()],
            ..config()
        },
        1,
    )
    .await;
    let headers = [
        ("Host", "node.example:9944"),
        ("Origin", "https://app.example"),
    ];
    assert!(Ws::open(fixture.address(), &headers).await.is_ok());
    let headers = [("Host", "localhost:9944")];
    assert!(Ws::open(fixture.address(), &headers).await.is_err());

    let any = RpcConfig {
        allowed_hosts: Some(vec!["*".to_owned()]),
        ..config()
    };
    let fixture = Fixture::with(any, 1).await;
    let headers = [("Host", "whatever.example")];
    assert!(Ws::open(fixture.address(), &headers).await.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_named_before_listening() {
    for (setting, expected) in [
        (
            RpcConfig {
                allowed_origins: vec!["app.example".to_owned()],
                ..config()
            },
            "allowed_origins",
        ),
        (
            RpcConfig {
                allowed_hosts: Some(vec!["a b".to_owned()]),
                ..config()
            },
            "allowed_hosts",
        ),
        (
            RpcConfig {
                workers: 0,
                ..config()
            },
            "workers",
        ),
    ] {
        let fixture = Fixture::new().await;
        let error = start(setting, fixture.ports()).await.unwrap_err();
        assert!(matches!(error, RpcError::Config(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let fixture = Fixture::new().await;
    let taken = RpcConfig {
        listen: fixture.address(),
        ..config()
    };
    let error = start(taken, fixture.ports()).await.unwrap_err();
    assert!(matches!(error, RpcError::Listen { .. }), "{error}");
    let zero = ConfigError::Zero("workers");
    assert!(zero.to_string().contains("set it to 1"));
}
