//! Doctors who write large records faster than the chain takes them, and patients who book meanwhile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use codec::{Compact, Encode};
use futures::future::join_all;
use pallet_records::types::{
    Ciphertext, ContentKind, NewRecord, Reader, ReaderKeys, SealedKey, CIPHERTEXT_BYTES_MAX,
    SEALED_KEY_BYTES,
};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use xinglin_primitives::{BlockNumber, Hash, Nonce, ScheduleId, BLOCK_BYTES_MAX};
use xinglin_rpc_api::codes::AUTHOR_POOL_FULL;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, ClientError},
    keys::KeyPair,
    transaction::{sign, SignedTransaction, Signing},
};
use xinglin_tests::{
    cluster::now_ms,
    parties::{crowd_key, doctor_key, Crowd, HOSPITAL},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const KIB: usize = 1024;
/// Bytes of the pool. Half is one doctor's at most, three quarters are for records at most.
const POOL_BYTES: usize = 8 * 1024 * KIB;
/// Bytes of the transaction that writes a record: without a share of their own, records would fill
/// the pool to the last byte.
const RECORD_BYTES: usize = POOL_BYTES / 32;
/// Patients that make a crowd of so many doctors.
const PATIENTS: u32 = 800;
const DOCTORS: u32 = 2;
/// Time between two blocks, in which the pool fills up again.
const BLOCK_INTERVAL_MS: u32 = 2_000;
/// How many times patients book, and how many of them each time.
const WAVES: u32 = 2;
const WAVE_PATIENTS: u32 = 8;
/// A booking is in one of the next so many blocks: the first may be under way already.
const BLOCKS_MAX: BlockNumber = 4;

/// One validator with a small pool and a crowd.
async fn start() -> (Cluster, Crowd) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let pool_kbytes = i64::try_from(POOL_BYTES / KIB).unwrap();
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        options: [("pool-kbytes".to_owned(), pool_kbytes.into())]
            .into_iter()
            .collect(),
        genesis: Box::new(move |genesis| {
            genesis.validators.parameters.block_interval_min_ms = BLOCK_INTERVAL_MS;
            let crowd = Crowd::join(genesis, PATIENTS, now_ms());
            sender.send(crowd).unwrap();
        }),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    (cluster, receiver.recv().unwrap())
}

/// So many bytes, which say whose ciphertext it is, and which one.
fn ciphertext(doctor: u32, nonce: Nonce, bytes: usize) -> Vec<u8> {
    let mut ciphertext = (doctor, nonce).encode();
    ciphertext.resize(bytes, 7);
    ciphertext
}

/// Writes a record with this ciphertext.
fn write(crowd: &Crowd, doctor: u32, ciphertext: Vec<u8>) -> RuntimeCall {
    let author = crowd.doctor_id(doctor);
    let readers = [
        Reader::Patient,
        Reader::Practitioner(author),
        Reader::Member(HOSPITAL),
    ];
    // The chain does not look into ciphertexts and keys.
    let keys = readers.map(|reader| (reader, SealedKey([7; SEALED_KEY_BYTES])));
    RuntimeCall::Records(pallet_records::Call::write {
        record: NewRecord {
            patient: crowd.patient_id(doctor),
            author,
            member: HOSPITAL,
            visit: None,
            kind: ContentKind::Encounter,
        },
        content_hash: BlakeTwo256::hash(&ciphertext),
        ciphertext: Ciphertext::truncate_from(ciphertext),
        keys: ReaderKeys::truncate_from(keys.into()),
    })
}

/// A transaction of [`RECORD_BYTES`] that writes a record, and the ciphertext.
fn record(crowd: &Crowd, doctor: u32, nonce: Nonce, genesis: Hash) -> (SignedTransaction, Vec<u8>) {
    let key = KeyPair::Sr25519(Box::new(doctor_key(doctor)));
    let signing = Signing::immortal(genesis, nonce);
    let of_size = |bytes| {
        let ciphertext = ciphertext(doctor, nonce, bytes);
        let writing = write(crowd, doctor, ciphertext.clone());
        (sign(&key, writing, &signing), ciphertext)
    };
    // What a record of half the size has besides its ciphertext, every other has, too.
    let half = RECORD_BYTES / 2;
    let besides = of_size(half).0.bytes.len() - half;
    let (record, ciphertext) = of_size(RECORD_BYTES - besides);
    assert_eq!(record.bytes.len(), RECORD_BYTES);
    (record, ciphertext)
}

/// A doctor who writes records until told to stop, and again after each block what the pool had no
/// room for. Tells of every refusal. Gives the number of records taken.
async fn flood(
    url: String,
    crowd: Crowd,
    doctor: u32,
    refusals: mpsc::UnboundedSender<u32>,
    stop: watch::Receiver<bool>,
) -> Nonce {
    let client = Client::connect(&url).await.unwrap();
    let mut nonce = 0;
    let (mut next, _) = record(&crowd, doctor, nonce, client.genesis());
    while !*stop.borrow() {
        let tip = height(&client).await;
        match client.submit(&next).await {
            Ok(_) => {
                nonce += 1;
                (next, _) = record(&crowd, doctor, nonce, client.genesis());
            }
            Err(ClientError::Refused {
                code: AUTHOR_POOL_FULL,
                message,
                ..
            }) => {
                // Which bound it is, and what to do.
                assert!(message.contains("too many bytes of"), "{message}");
                assert!(message.contains("after the next block"), "{message}");
                // Nobody may listen any more.
                let _told = refusals.send(doctor).is_ok();
                client.wait_for_height(tip + 1, LIMIT).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
    nonce
}

async fn height(client: &Client) -> BlockNumber {
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number
}

/// Waits until every doctor has been refused once more.
async fn all_refused(refusals: &mut mpsc::UnboundedReceiver<u32>) {
    while refusals.try_recv().is_ok() {}
    let mut waiting: Vec<u32> = (0..DOCTORS).collect();
    while !waiting.is_empty() {
        let doctor = timeout(LIMIT, refusals.recv()).await.unwrap().unwrap();
        waiting.retain(|it| *it != doctor);
    }
}

/// A patient books the place that the crowd has for her. Gives how many blocks that took.
async fn book(client: &Client, crowd: &Crowd, patient: u32) -> BlockNumber {
    let (schedule, slot) = crowd.place(patient);
    let booking = RuntimeCall::Appointments(pallet_appointments::Call::book {
        patient: crowd.patient_id(patient),
        schedule: ScheduleId(schedule),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    });
    let key = KeyPair::Sr25519(Box::new(crowd_key(patient)));
    let booking = client.sign(&key, booking).await.unwrap();
    let before = height(client).await;
    let outcome = client.submit_and_finalize(&booking, LIMIT).await.unwrap();
    assert_eq!(outcome.failure(), None);
    outcome.number.saturating_sub(before)
}

/// Bytes of the body of every block so far, the genesis left out.
async fn body_bytes(node: &Node) -> Vec<usize> {
    let client = node.client().await.unwrap();
    let mut sizes = Vec::new();
    for number in 1..=height(&client).await {
        let block = client.block_hash(number).await.unwrap();
        let body = client.body(block).await.unwrap();
        let count = u32::try_from(body.len()).unwrap();
        let prefix = Compact(count).encode().len();
        sizes.push(prefix + body.iter().map(Vec::len).sum::<usize>());
    }
    sizes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_records_does_not_starve_bookings() {
    let (cluster, crowd) = start().await;
    let node = &cluster.nodes[0];
    assert!(crowd.doctors() >= DOCTORS);
    let (stop, stopped) = watch::channel(false);
    let (refuse, mut refusals) = mpsc::unbounded_channel();
    let mut doctors = JoinSet::new();
    for doctor in 0..DOCTORS {
        let (refuse, stopped) = (refuse.clone(), stopped.clone());
        doctors.spawn(flood(node.url(), crowd, doctor, refuse, stopped));
    }
    drop(refuse);

    let client = node.client().await.unwrap();
    for wave in 0..WAVES {
        // The pool has as many records as it takes.
        all_refused(&mut refusals).await;
        let patients = wave * WAVE_PATIENTS..(wave + 1) * WAVE_PATIENTS;
        let took = join_all(patients.map(|patient| book(&client, &crowd, patient))).await;
        assert!(took.iter().all(|it| *it <= BLOCKS_MAX), "{took:?}");
    }
    stop.send_replace(true);
    let records = doctors.join_all().await;
    assert!(records.iter().all(|taken| *taken > 0), "{records:?}");

    let sizes = body_bytes(node).await;
    let largest = sizes.iter().max().copied().unwrap();
    assert!(largest <= BLOCK_BYTES_MAX as usize, "{sizes:?}");
    // Blocks had several records at a time.
    assert!(largest >= 4 * RECORD_BYTES, "{sizes:?}");

    // A record about as large as one may be comes back whole to its author.
    let (_, ciphertext) = record(&crowd, 0, 0, client.genesis());
    assert!(ciphertext.len() > CIPHERTEXT_BYTES_MAX as usize - KIB);
    let author = KeyPair::Sr25519(Box::new(doctor_key(0)));
    let content = BlakeTwo256::hash(&ciphertext);
    let found = client.record_ciphertext(&author, content).await.unwrap();
    assert!(found == Some(ciphertext), "it is not what was written");
}
