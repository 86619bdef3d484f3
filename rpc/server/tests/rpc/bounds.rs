//! Every bound holds, says so, and lets go again.

use std::num::NonZeroU32;

use serde_json::{json, Value};
use xinglin_rpc_api::bytes::to_hex as hex;
use xinglin_rpc_server::RpcConfig;

use crate::{
    fixture::{config, Fixture},
    socket::{http, post, soon, Ws},
};

fn call(id: usize, method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": []})
}

#[tokio::test]
async fn batches_up_to_the_bound() {
    let fixture = Fixture::with(
        RpcConfig {
            batch_max: 10,
            ..config()
        },
        1,
    )
    .await;
    let batch: Vec<Value> = (0..10).map(|id| call(id, "system_chain")).collect();
    let answers = post(fixture.address(), &json!(batch)).await;
    assert_eq!(answers.as_array().unwrap().len(), 10);
    assert_eq!(
        answers[9],
        json!({"jsonrpc": "2.0", "id": 9, "result": "Fake Chain"})
    );
    let mut ws = Ws::connect(fixture.address()).await;
    ws.send_raw(json!(batch).to_string().as_bytes()).await;
    assert_eq!(ws.next_raw().await.unwrap(), answers);
    let batch: Vec<Value> = (0..11).map(|id| call(id, "system_chain")).collect();
    assert_eq!(
        post(fixture.address(), &json!(batch)).await["error"]["code"],
        -32010
    );
    let mixed = json!([call(1, "system_chain"), {"nonsense": 1}, call(2, "No_such")]);
    let answers = post(fixture.address(), &mixed).await;
    assert_eq!(answers[0]["result"], "Fake Chain");
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["error"]["code"], -32601);
}

#[tokio::test]
async fn a_client_above_its_rate_is_refused_whatever_the_transport() {
    let fixture = Fixture::with(
        RpcConfig {
            requests_per_second: NonZeroU32::new(20),
            ..config()
        },
        1,
    )
    .await;
    let mut ws = Ws::connect(fixture.address()).await;
    let mut refused = None;
    for _ in 0..1_000 {
        let answer = ws.ask("system_chain", json!([])).await;
        if answer.get("error").is_some() {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the rate is bounded");
    assert_eq!(refused["error"]["code"], -32005);
    assert!(refused["error"]["message"]
        .as_str()
        .unwrap()
        .contains("wait"));
    // Another connection of the same client, and calls in a batch, draw on the same tokens.
    let batch: Vec<Value> = (0..1_000).map(|id| call(id, "system_chain")).collect();
    let answers = post(fixture.address(), &json!(batch)).await;
    let answers = answers.as_array().unwrap();
    assert!(
        answers
            .iter()
            .filter(|answer| answer["error"]["code"] == -32005)
            .count()
            > 500
    );
    assert!(
        fixture
            .metric("rpc_refused_total{reason=\"rate\"}")
            .unwrap()
            > 500.0
    );
    // Tokens come back with time.
    soon(async {
        while ws
            .ask("system_chain", json!([]))
            .await
            .get("error")
            .is_some()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn calls_in_progress_are_bounded_per_connection_and_others_wait_their_turn() {
    let fixture = Fixture::with(
        RpcConfig {
            in_flight_max: 3,
            ..config()
        },
        1,
    )
    .await;
    fixture.chain.set_gate(false);
    let mut ws = Ws::connect(fixture.address()).await;
    let mut ids = Vec::new();
    let mut waiting = fixture.chain.waiting.subscribe();
    for _ in 0..5 {
        ids.push(ws.send("state_call", json!(["Test_wait", "0x"])).await);
    }
    soon(waiting.wait_for(|count| *count == 3)).await.unwrap();
    let mut other = Ws::connect(fixture.address()).await;
    assert_eq!(
        other.call("state_call", json!(["Test_echo", "0x01"])).await,
        "0x01"
    );
    assert_eq!(*fixture.chain.waiting.borrow(), 3);
    fixture.chain.set_gate(true);
    for id in ids {
        assert_eq!(ws.answer(id).await["result"], "0x");
    }
}

#[tokio::test]
async fn answers_that_are_not_read_do_not_pile_up() {
    let fixture = Fixture::with(
        RpcConfig {
            in_flight_max: 16,
            message_buffer: 4,
            ..config()
        },
        1,
    )
    .await;
    let mut ws = Ws::connect(fixture.address()).await;
    let calls = 2_000;
    for _ in 0..calls {
        ws.send("state_call", json!(["Test_large", "0x"])).await;
    }
    // Turns, buffered messages, unsent bytes and what the sockets hold, in answers of half a MiB.
    let bound = 16 + 4 + 8 + 64;
    for read in 0..calls {
        let answer = ws.next_raw().await.unwrap();
        assert!(answer["result"].is_string(), "{answer}");
        let made = *fixture.chain.waiting.borrow();
        assert!(made - read <= bound, "{made} answers made, {read} read");
    }
}

#[tokio::test]
async fn workers_are_bounded_and_calls_without_them_go_on() {
    let fixture = Fixture::with(
        RpcConfig {
            workers: 2,
            ..config()
        },
        1,
    )
    .await;
    fixture.chain.set_gate(false);
    let mut waiting = fixture.chain.waiting.subscribe();
    let mut ws = Ws::connect(fixture.address()).await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(ws.send("state_call", json!(["Test_wait", "0x"])).await);
    }
    soon(waiting.wait_for(|count| *count == 2)).await.unwrap();
    assert_eq!(ws.call("system_chain", json!([])).await, "Fake Chain");
    assert_eq!(*fixture.chain.waiting.borrow(), 2);
    fixture.chain.set_gate(true);
    for id in ids {
        assert_eq!(ws.answer(id).await["result"], "0x");
    }
}

#[tokio::test]
async fn subscriptions_are_bounded_per_connection() {
    let fixture = Fixture::with(
        RpcConfig {
            subscriptions_max: 2,
            ..config()
        },
        1,
    )
    .await;
    let mut ws = Ws::connect(fixture.address()).await;
    let first = ws.subscribe("chain_subscribeNewHeads", json!([])).await;
    ws.subscribe("chain_subscribeAllHeads", json!([])).await;
    assert_eq!(ws.fail("chain_subscribeNewHeads", json!([])).await, -32006);
    ws.call("chain_unsubscribeNewHeads", json!([first])).await;
    soon(async {
        while ws
            .ask("chain_subscribeNewHeads", json!([]))
            .await
            .get("error")
            .is_some()
        {}
    })
    .await;
}

#[tokio::test]
async fn connections_are_bounded_and_closing_one_makes_room() {
    let fixture = Fixture::with(
        RpcConfig {
            connections_max: 2,
            ..config()
        },
        1,
    )
    .await;
    let mut first = Ws::connect(fixture.address()).await;
    let mut second = Ws::connect(fixture.address()).await;
    let refused = Ws::open(fixture.address(), &[]).await.err().unwrap();
    assert!(refused.contains("429"), "{refused}");
    assert_eq!(first.call("system_chain", json!([])).await, "Fake Chain");
    assert_eq!(second.call("system_chain", json!([])).await, "Fake Chain");
    drop(second);
    soon(async { while Ws::open(fixture.address(), &[]).await.is_err() {} }).await;
}

#[tokio::test]
async fn large_requests_and_responses_are_refused_and_the_connection_lives() {
    let fixture = Fixture::with(
        RpcConfig {
            request_bytes_max: 10_000,
            response_bytes_max: 5_000,
            ..config()
        },
        1,
    )
    .await;
    let mut ws = Ws::connect(fixture.address()).await;
    let echo = |bytes: usize| json!(["Test_echo", hex(&vec![7; bytes])]);
    assert_eq!(ws.fail("state_call", echo(3_000)).await, -32008);
    let over_http =
        json!({"jsonrpc": "2.0", "id": 1, "method": "state_call", "params": echo(20_000)});
    let body = over_http.to_string();
    let response = http(fixture.address(), "POST", "/", &[], body.as_bytes()).await;
    assert_eq!(response.status, 413);
    let body =
        json!({"jsonrpc": "2.0", "id": null, "method": "state_call", "params": echo(20_000)});
    ws.send_raw(body.to_string().as_bytes()).await;
    let answer = ws.next_raw().await.unwrap();
    assert_eq!(answer["error"]["code"], -32007, "{answer}");
    assert_eq!(ws.call("system_chain", json!([])).await, "Fake Chain");
}

#[tokio::test]
async fn a_client_that_does_not_read_harms_nobody_else() {
    let fixture = Fixture::with(
        RpcConfig {
            message_buffer: 4,
            ..config()
        },
        1,
    )
    .await;
    let mut deaf = Ws::connect(fixture.address()).await;
    let large = vec![7; 200_000];
    deaf.subscribe("state_subscribeStorage", json!([[hex(b"a")]]))
        .await;
    let mut ws = Ws::connect(fixture.address()).await;
    let heads = ws.subscribe("chain_subscribeNewHeads", json!([])).await;
    ws.notification(&heads).await;
    for number in 2..302 {
        fixture.chain.commit_changes(&[(b"a", &large)]);
        let (_, header) = ws.notification(&heads).await;
        assert_eq!(header["number"], json!(format!("{number:#x}")));
    }
    assert_eq!(ws.call("system_chain", json!([])).await, "Fake Chain");
}

#[tokio::test]
async fn nothing_is_left_of_a_closed_connection() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    ws.subscribe("chainHead_v1_follow", json!([true])).await;
    ws.subscribe("chain_subscribeNewHeads", json!([])).await;
    ws.subscribe("state_subscribeStorage", json!([["0x00"]]))
        .await;
    ws.call("transaction_v1_broadcast", json!([hex(b"full")]))
        .await;
    assert_eq!(fixture.metric("rpc_subscriptions"), Some(3.0));
    assert_eq!(fixture.metric("rpc_connections"), Some(1.0));
    assert_eq!(
        fixture.metric("rpc_calls_total{method=\"chainHead_v1_follow\"}"),
        Some(1.0)
    );
    drop(ws);
    soon(async {
        while fixture.metric("rpc_subscriptions") != Some(0.0)
            || fixture.metric("rpc_connections") != Some(0.0)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn stopping_closes_connections_and_completes() {
    let fixture = Fixture::new().await;
    let address = fixture.address();
    let mut ws = Ws::connect(address).await;
    ws.subscribe("chain_subscribeNewHeads", json!([])).await;
    fixture.server.stop();
    soon(async { while ws.next_raw().await.is_some() {} }).await;
    soon(fixture.server.stopped()).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
