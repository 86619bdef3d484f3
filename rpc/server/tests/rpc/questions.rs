//! Signed questions: who may ask, once, and what others are told.

use codec::Encode;
use serde_json::{json, Value};
use sp_core::Pair;
use xinglin_primitives::{CaseId, Hash, MultiSignature};
use xinglin_rpc_api::{codes, questions::signed_text, Bytes};

use crate::{asker::Asker, fake::blake2_256, fixture::Fixture, socket::Ws};

const METHOD: &str = "xinglin_keyProgress";
/// Questions within a minute of one account, or of all strangers.
const QUOTA: usize = 4_096;
/// How many of them are under way at a time.
const AT_ONCE: usize = 64;

fn question() -> Value {
    json!({ "patient": 7 })
}

#[tokio::test]
async fn an_answer_comes_once_for_each_challenge() {
    let fixture = Fixture::new().await;
    let genesis = fixture.chain.hash(0);
    let mut ws = Ws::connect(fixture.address()).await;
    let asker = Asker::patient();
    let challenge = asker.challenge(&mut ws).await;
    let auth = asker.auth(genesis, &challenge, METHOD, &question());
    let params = json!([question(), auth, "scale"]);
    let answer = ws.call(METHOD, params.clone()).await;
    assert_eq!(answer, json!(Bytes(7u64.encode())));
    let replayed = ws.fail(METHOD, params).await;
    assert_eq!(replayed, i64::from(codes::QUESTION_CHALLENGE));
}

#[tokio::test]
async fn every_form_of_a_signature_is_taken() {
    let fixture = Fixture::new().await;
    let genesis = fixture.chain.hash(0);
    let mut ws = Ws::connect(fixture.address()).await;
    let asker = Asker::patient();
    for wrapped in [false, true] {
        for typed in [false, true] {
            let challenge = asker.challenge(&mut ws).await;
            let text = signed_text(&genesis, &challenge, METHOD, None, &question().to_string());
            let text = if wrapped {
                format!("<Bytes>{text}</Bytes>")
            } else {
                text
            };
            let signature = asker.pair.sign(text.as_bytes());
            let bytes = if typed {
                MultiSignature::from(signature).encode()
            } else {
                signature.0.to_vec()
            };
            // By name as well as by place.
            let params = json!({
                "question": question(),
                "auth": { "account": asker.account, "challenge": challenge, "signature": Bytes(bytes) },
                "form": "scale",
            });
            let answer = ws.call(METHOD, params).await;
            assert_eq!(answer, json!(Bytes(7u64.encode())));
        }
    }
}

#[tokio::test]
async fn what_was_not_signed_is_refused_and_uses_nothing_up() {
    let fixture = Fixture::new().await;
    let genesis = fixture.chain.hash(0);
    let mut ws = Ws::connect(fixture.address()).await;
    let asker = Asker::patient();
    let challenge = asker.challenge(&mut ws).await;
    let good = asker.auth(genesis, &challenge, METHOD, &question());
    let signature = i64::from(codes::QUESTION_SIGNATURE);

    let other = json!({ "patient": 8 });
    assert_eq!(ws.fail(METHOD, json!([other, good])).await, signature);
    assert_eq!(
        ws.fail("xinglin_grants", json!([question(), good])).await,
        signature
    );
    let elsewhere = asker.auth(Hash::repeat_byte(1), &challenge, METHOD, &question());
    assert_eq!(
        ws.fail(METHOD, json!([question(), elsewhere])).await,
        signature
    );
    let mut for_case = good.clone();
    for_case["case"] = json!(CaseId(1));
    assert_eq!(
        ws.fail(METHOD, json!([question(), for_case])).await,
        signature
    );
    let mut short = good.clone();
    short["signature"] = json!("0x00");
    assert_eq!(ws.fail(METHOD, json!([question(), short])).await, signature);

    let mut of_another = good.clone();
    of_another["account"] = json!(Asker::stranger().account);
    let unknown = i64::from(codes::QUESTION_CHALLENGE);
    assert_eq!(
        ws.fail(METHOD, json!([question(), of_another])).await,
        unknown
    );
    let mut made_up = good.clone();
    made_up["challenge"] = json!(Bytes(vec![0; 56]));
    assert_eq!(ws.fail(METHOD, json!([question(), made_up])).await, unknown);

    let answer = ws.call(METHOD, json!([question(), good, "scale"])).await;
    assert_eq!(answer, json!(Bytes(7u64.encode())));
}

#[tokio::test]
async fn a_stranger_is_refused_whatever_she_signs() {
    let fixture = Fixture::new().await;
    let genesis = fixture.chain.hash(0);
    let mut ws = Ws::connect(fixture.address()).await;
    let stranger = Asker::stranger();
    for method in [METHOD, "xinglin_grants", "xinglin_accessLog"] {
        let challenge = stranger.challenge(&mut ws).await;
        let auth = stranger.auth(genesis, &challenge, method, &question());
        let refused = ws.fail(method, json!([question(), auth])).await;
        assert_eq!(refused, i64::from(codes::QUESTION_REFUSED), "{method}");
    }
}

#[tokio::test]
async fn a_refused_question_is_refused_as_used_from_then_on() {
    let fixture = Fixture::new().await;
    let genesis = fixture.chain.hash(0);
    let mut ws = Ws::connect(fixture.address()).await;
    for asker in [Asker::stranger(), Asker::regulator()] {
        let params = asker
            .signed(&mut ws, genesis, METHOD, &question(), None)
            .await;
        let refused = ws.fail(METHOD, params.clone()).await;
        assert_eq!(refused, i64::from(codes::QUESTION_REFUSED));
        let replayed = ws.fail(METHOD, params).await;
        assert_eq!(replayed, i64::from(codes::QUESTION_CHALLENGE));
    }
}

/// What the node says to a question.
async fn said(fixture: &Fixture, ws: &mut Ws, asker: &Asker) -> Value {
    let challenge = asker.challenge(ws).await;
    let auth = asker.auth(fixture.chain.hash(0), &challenge, METHOD, &question());
    ws.ask(METHOD, json!([question(), auth, "scale"])).await
}

/// Asks as much as one may within a minute, and gives the first question.
async fn use_up(fixture: &Fixture, ws: &mut Ws, asker: &Asker) -> Value {
    let genesis = fixture.chain.hash(0);
    let mut first = None;
    for _ in 0..QUOTA / AT_ONCE {
        let (mut given, mut asked) = (Vec::new(), Vec::new());
        for _ in 0..AT_ONCE {
            given.push(ws.send("xinglin_challenge", json!([asker.account])).await);
        }
        for id in given {
            let given = ws.answer(id).await;
            let challenge = given["result"]["challenge"].clone();
            let challenge = serde_json::from_value(challenge).unwrap();
            let auth = asker.auth(genesis, &challenge, METHOD, &question());
            let params = json!([question(), auth, "scale"]);
            first.get_or_insert_with(|| params.clone());
            asked.push(ws.send(METHOD, params).await);
        }
        for id in asked {
            let answer = ws.answer(id).await;
            assert_ne!(answer["error"]["code"], codes::QUESTION_QUOTA, "{answer}");
        }
    }
    first.unwrap()
}

#[tokio::test]
async fn who_asks_too_much_takes_nothing_from_the_others() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let (patient, delegate) = (Asker::patient(), Asker::delegate());
    let (quota, refused) = (codes::QUESTION_QUOTA, codes::QUESTION_REFUSED);

    let asked = use_up(&fixture, &mut ws, &Asker::stranger()).await;
    // Who has another key is a stranger still.
    for stranger in [Asker::stranger(), Asker::seeded(11)] {
        let error = said(&fixture, &mut ws, &stranger).await["error"].clone();
        assert_eq!(error["code"], quota, "{error}");
        let remedy = error["data"].as_str().unwrap();
        assert!(remedy.contains("registered"), "{remedy}");
    }
    let answer = said(&fixture, &mut ws, &patient).await;
    assert_eq!(answer["result"], json!(Bytes(7u64.encode())));
    let answer = said(&fixture, &mut ws, &delegate).await;
    assert_eq!(answer["error"]["code"], refused);
    let replayed = ws.fail(METHOD, asked).await;
    assert_eq!(replayed, i64::from(codes::QUESTION_CHALLENGE));

    let regulator = Asker::regulator();
    use_up(&fixture, &mut ws, &regulator).await;
    let error = said(&fixture, &mut ws, &regulator).await["error"].clone();
    assert_eq!(error["code"], quota, "{error}");
    let remedy = error["data"].as_str().unwrap();
    assert!(remedy.contains("service accounts"), "{remedy}");
    let answer = said(&fixture, &mut ws, &patient).await;
    assert_eq!(answer["result"], json!(Bytes(7u64.encode())));
}

#[tokio::test]
async fn parameters_that_are_none_are_refused() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let asker = Asker::patient();
    let challenge = asker.challenge(&mut ws).await;
    let genesis = fixture.chain.hash(0);
    for question in [
        json!({}),
        json!({ "patient": "7" }),
        json!({ "patient": -1 }),
        json!({ "patient": 7, "all": true }),
        json!({ "patient": 7, "note": "x".repeat(5_000) }),
        json!([]),
    ] {
        let auth = asker.auth(genesis, &challenge, METHOD, &question);
        assert_eq!(ws.fail(METHOD, json!([question, auth])).await, -32602);
    }
    for params in [
        json!([]),
        json!([question()]),
        json!({}),
        json!([question(), 1]),
    ] {
        assert_eq!(ws.fail(METHOD, params).await, -32602);
    }
}

#[tokio::test]
async fn a_ciphertext_comes_out_of_the_block_that_carries_it() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let content = blake2_256(b"content");
    let carrier = [content.as_bytes(), &[1, 2, 3]].concat();
    fixture.chain.commit_extrinsics(&[vec![4, 1], carrier]);
    let asker = Asker::patient();
    let method = "xinglin_recordCiphertext";
    for (content, expected) in [
        (content, json!("0x010203")),
        (Hash::repeat_byte(9), Value::Null),
    ] {
        let question = json!({ "content": content });
        let challenge = asker.challenge(&mut ws).await;
        let auth = asker.auth(fixture.chain.hash(0), &challenge, method, &question);
        assert_eq!(ws.call(method, json!([question, auth])).await, expected);
    }
}
