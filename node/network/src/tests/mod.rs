//! Real swarms over loopback.

mod abuse;
mod exchange;
mod node;
mod registration;
mod stranger;

use std::{future::Future, time::Duration};

use codec::Encode;
use xinglin_core::Extrinsic;
use xinglin_primitives::Hash;

use self::{
    node::{registered, Node},
    stranger::Stranger,
};

const GENESIS: Hash = Hash::repeat_byte(7);
const SPEC_VERSION: u32 = 3;

/// A well-formed transaction.
fn transaction(content: u8) -> Extrinsic {
    vec![content; 10].encode().into()
}

/// The outcome of something that must happen: a test that would wait forever fails instead.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap()
}
