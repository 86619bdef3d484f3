//! `xinglin_*`: receipts that verify, certificates, status; and the probe.

use codec::Decode;
use serde_json::{json, Value};
use xinglin_core::{ClockOffset, ClockStatus, TimeServerStatus, TimeServerVerdict};
use xinglin_primitives::{
    consensus::{CommitCertificate, ConsensusKey},
    receipt::{extrinsic_hash, Receipt},
};
use xinglin_rpc_api::Bytes;

use crate::{
    fixture::Fixture,
    socket::{http, Ws},
};

fn decode<T: Decode>(value: &Value) -> T {
    let bytes: Bytes = serde_json::from_value(value.clone()).unwrap();
    T::decode(&mut &bytes.0[..]).unwrap()
}

#[tokio::test]
async fn a_receipt_verifies_against_genesis_and_validators() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let body: Vec<Vec<u8>> = (0..20u8).map(|n| vec![4, n]).collect();
    let block = fixture.chain.commit_extrinsics(&body);
    fixture.chain.commit();
    for (index, bytes) in body.iter().enumerate() {
        let hash = extrinsic_hash(bytes);
        let receipt = ws.call("xinglin_receipt", json!([hash])).await;
        assert_eq!(receipt["hash"], json!(hash));
        assert_eq!(receipt["index"], index);
        assert_eq!(receipt["blockNumber"], 8);
        assert_eq!(receipt["blockHash"], json!(block));
        assert_eq!(receipt["header"]["number"], "0x8");
        assert_eq!(receipt["certificate"]["height"], 8);
        let decoded: Receipt = decode(&receipt["encoded"]);
        assert_eq!(decoded.hash(), hash);
        let genesis = fixture.chain.hash(0);
        assert_eq!(
            decoded.verify(&genesis, &fixture.chain.validators()),
            Ok(())
        );
    }
    let unknown = json!([format!("0x{}", "77".repeat(32))]);
    assert_eq!(ws.call("xinglin_receipt", unknown).await, Value::Null);
}

#[tokio::test]
async fn certificates_are_found_by_height_and_hash() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let hash = fixture.chain.hash(5);
    let by_height = ws.call("xinglin_blockCertificate", json!([5])).await;
    assert_eq!(by_height["blockHash"], json!(hash));
    assert_eq!(by_height["signatures"].as_array().unwrap().len(), 1);
    for params in [json!(["0x5"]), json!([hash])] {
        assert_eq!(ws.call("xinglin_blockCertificate", params).await, by_height);
    }
    let decoded: CommitCertificate = decode(&by_height["encoded"]);
    let genesis = fixture.chain.hash(0);
    assert_eq!(
        decoded.verify(&genesis, &fixture.chain.validators()),
        Ok(())
    );
    for params in [
        json!([0]),
        json!([99]),
        json!([format!("0x{}", "77".repeat(32))]),
    ] {
        assert_eq!(
            ws.call("xinglin_blockCertificate", params).await,
            Value::Null
        );
    }
    assert_eq!(
        ws.fail("xinglin_blockCertificate", json!(["five"])).await,
        -32602
    );
}

#[tokio::test]
async fn the_status_names_who_is_missing() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let voter = fixture.chain.validators()[0].key;
    let absent = ConsensusKey::from_raw([9; 32]);
    fixture.consensus.send_modify(|status| {
        status.missing = vec![absent];
        status.round = 2;
    });
    let status = ws.call("xinglin_status", json!([])).await;
    assert_eq!(status["height"], 7);
    assert_eq!(status["blockHash"], json!(fixture.chain.hash(7)));
    assert_eq!(status["consensusRound"], 2);
    let hex = |key: ConsensusKey| json!(Bytes::from(&key.0[..]));
    assert_eq!(status["missingValidators"], json!([hex(absent)]));
    let validators = status["validators"].as_array().unwrap();
    assert!(validators.contains(&hex(voter)) && validators.contains(&hex(absent)));
    assert_eq!(status["pool"], json!({"ready": 0, "future": 0, "bytes": 0}));
    assert_eq!(status["syncing"], false);
}

#[tokio::test]
async fn the_status_tells_what_time_servers_say_of_the_clock() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let status = ws.call("xinglin_status", json!([])).await;
    let unchecked = json!({
        "standing": "notChecked", "sinceMs": 0, "offsetUs": null, "uncertaintyUs": null,
        "servers": [], "turnsPassed": 0
    });
    assert_eq!(status["clock"], unchecked);

    let server = |name: &str, verdict, offset_us: Option<i64>| TimeServerStatus {
        name: name.to_owned(),
        verdict,
        offset_us,
        problem: offset_us.is_none().then(|| "no answer".to_owned()),
    };
    fixture.clock.send_replace(ClockStatus {
        offset: ClockOffset::Known {
            offset_us: -2_000_000,
            uncertainty_us: 900,
        },
        servers: vec![
            server("a", TimeServerVerdict::Agrees, Some(-2_000_000)),
            server("nts:b", TimeServerVerdict::Silent, None),
        ],
        since_ms: 5,
    });
    fixture
        .consensus
        .send_modify(|status| status.turns_passed = 3);
    let status = ws.call("xinglin_status", json!([])).await;
    let off = json!({
        "standing": "off", "sinceMs": 5, "offsetUs": -2_000_000, "uncertaintyUs": 900,
        "servers": [
            {"name": "a", "verdict": "agrees", "offsetUs": -2_000_000, "problem": null},
            {"name": "nts:b", "verdict": "silent", "offsetUs": null, "problem": "no answer"}
        ],
        "turnsPassed": 3
    });
    assert_eq!(status["clock"], off);
}

#[tokio::test]
async fn the_probe_is_well_until_the_node_is_behind() {
    let fixture = Fixture::new().await;
    // Probes come under any host name.
    let headers = [("Host", "10.0.0.1:9944")];
    let response = http(fixture.address(), "GET", "/health", &headers, b"").await;
    assert_eq!(response.status, 200);
    assert_eq!(
        response.json(),
        json!({"healthy": true, "height": 7, "peers": 1, "isSyncing": false, "isStalled": false})
    );
    fixture
        .consensus
        .send_modify(|status| status.best_peer_height = 100);
    let response = http(fixture.address(), "GET", "/health", &headers, b"").await;
    assert_eq!(response.status, 503);
    assert_eq!(response.json()["isSyncing"], true);
}
