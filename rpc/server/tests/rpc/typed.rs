//! The typed clients of `xinglin-rpc-api` understand the server.

use jsonrpsee::{http_client::HttpClientBuilder, ws_client::WsClientBuilder};
use xinglin_rpc_api::{
    archive::ArchiveApiClient,
    chain::ChainApiClient,
    chain_head::{ChainHeadApiClient, FollowEvent, OperationReply},
    number::{Height, OneOrMany},
    state::StateApiClient,
    storage::{StorageFound, StorageQuery, StorageQueryKind},
    system::{ChainType, MethodsApiClient, SystemApiClient},
    xinglin::{BlockRef, XinglinApiClient},
    Bytes,
};

use crate::{fixture::Fixture, socket::soon};

#[tokio::test]
async fn calls_over_http() {
    let fixture = Fixture::new().await;
    let url = format!("http://{}", fixture.address());
    let client = HttpClientBuilder::default().build(url).unwrap();
    let tip = fixture.chain.hash(7);
    let height = Some(OneOrMany::One(Height(7)));
    assert_eq!(
        client.block_hash(height).await.unwrap(),
        OneOrMany::One(Some(tip))
    );
    let header = ChainApiClient::header(&client, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(header.hash(), tip);
    assert_eq!(client.chain_type().await.unwrap(), ChainType::Local);
    assert_eq!(client.runtime_version(None).await.unwrap().spec_version, 1);
    let outcome = ArchiveApiClient::call(&client, tip, "Test_echo".into(), Bytes(vec![1]));
    assert_eq!(outcome.await.unwrap().unwrap().value, Some(Bytes(vec![1])));
    let status = client.status().await.unwrap();
    assert_eq!((status.height, status.validators.len()), (7, 1));
    let certificate = client.block_certificate(BlockRef::Hash(tip)).await.unwrap();
    assert_eq!(certificate.unwrap().height, 7);
    assert!(client.rpc_methods().await.unwrap().methods.len() > 80);
}

#[tokio::test]
async fn following_over_websocket() {
    let fixture = Fixture::new().await;
    let url = format!("ws://{}", fixture.address());
    let client = WsClientBuilder::default().build(url).await.unwrap();
    let mut events = client.follow(true).await.unwrap();
    let first = soon(events.next()).await.unwrap().unwrap();
    assert!(matches!(
        first,
        FollowEvent::Initialized {
            finalized_block_runtime: Some(_),
            ..
        }
    ));
    let second = soon(events.next()).await.unwrap().unwrap();
    let tip = fixture.chain.hash(7);
    assert_eq!(
        second,
        FollowEvent::BestBlockChanged {
            best_block_hash: tip
        }
    );

    let jsonrpsee::core::client::SubscriptionKind::Subscription(id) = events.kind() else {
        panic!("a subscription");
    };
    let id = serde_json::to_value(id)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    let query = StorageQuery {
        key: Bytes(b":code".to_vec()),
        kind: StorageQueryKind::Value,
        pagination_start_key: None,
    };
    let reply = ChainHeadApiClient::storage(&client, id, tip, vec![query], None);
    assert!(matches!(
        reply.await.unwrap(),
        OperationReply::Started { .. }
    ));
    let third = soon(events.next()).await.unwrap().unwrap();
    let FollowEvent::OperationStorageItems { items, .. } = third else {
        panic!("{third:?}");
    };
    assert_eq!(
        items[0].found,
        StorageFound::Value(Bytes(b"some code".to_vec()))
    );
}
