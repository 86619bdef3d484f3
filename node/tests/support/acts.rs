//! What the parties of the presets do on a development node.

use std::future::Future;

use tokio::time::timeout;
use xinglin_primitives::{
    time::{Date, HOUR_MS},
    Hash, Party, PatientId,
};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, Outcome},
    operation::{execute, FINALITY_LIMIT},
    parties,
    wallet::Wallet,
};

use super::calls;

const HOSPITAL: &str = "//Alice";
const PATIENT: &str = "//Alice//patient//1";
const INSURER: &str = "//Charlie";
const REGULATOR: &str = "//Dave";

/// The wallet of a party.
pub fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

/// Waits for what must come: only a failure takes as long as the limit.
pub async fn soon<T>(coming: impl Future<Output = T>) -> T {
    timeout(FINALITY_LIMIT, coming).await.unwrap()
}

/// Waits for the first block: the chain has no time before.
pub async fn begun(client: &Client) {
    client.wait_for_height(1, FINALITY_LIMIT).await.unwrap();
}

/// The day of the chain.
pub async fn today(client: &Client) -> Date {
    begun(client).await;
    Date::of(parties::now(client).await.unwrap())
}

/// Makes a call, and waits until it is final.
pub async fn act(client: &Client, path: &str, call: impl Into<RuntimeCall>) -> Outcome {
    execute(client, wallet(path).key(), call).await.unwrap()
}

/// Makes a call, and waits until it can be found.
pub async fn act_indexed(client: &Client, path: &str, call: impl Into<RuntimeCall>) -> Outcome {
    let outcome = act(client, path, call).await;
    indexed(client, &outcome).await;
    outcome
}

/// Waits until an operation can be found.
pub async fn indexed(client: &Client, outcome: &Outcome) {
    client
        .wait_until_indexed(outcome.number, FINALITY_LIMIT)
        .await
        .unwrap();
}

/// The hospital publishes a schedule of its doctor, and the patient books the first slot. Gives the
/// hashes of both.
pub async fn book(client: &Client) -> (Hash, Hash) {
    let start = Date(today(client).await.0 + 2).start() + 9 * HOUR_MS;
    let published = act_indexed(client, HOSPITAL, calls::publish_schedule(start)).await;
    let booked = act_indexed(client, PATIENT, calls::book(0, 0)).await;
    (published.hash, booked.hash)
}

/// The insurer covers the patient by a scheme under which what has no visit is flagged.
pub async fn cover(client: &Client) {
    let parameters = calls::visits_needed();
    act_indexed(client, INSURER, calls::create_scheme(parameters)).await;
    act_indexed(client, INSURER, calls::enrol(PatientId(0))).await;
}

/// The regulator opens a case about the patient.
pub async fn open_case(client: &Client) -> Outcome {
    let patient = Party::Patient(PatientId(0));
    act_indexed(client, REGULATOR, calls::open_case(patient, 1)).await
}
