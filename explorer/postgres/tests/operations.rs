//! The questions that a node's index answers, asked in SQL: the same operations are found.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../../../node/index/tests/index/support/chain.rs"]
#[allow(dead_code, reason = "the index's own tests use the rest")]
mod fake;
mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fake::FakeChain;
use frame_support::storage::storage_prefix;
use support::{calls::play, chain::Chain, cluster::Cluster};
use tempfile::TempDir;
use xinglin_core::{Explorer, ExplorerError, Filter, Order, Page, Position};
use xinglin_decoding::{iso_instant, Schema};
use xinglin_index::{Index, IndexConfig, PAGE_MAX};
use xinglin_postgres::{export, queries, Options, Source};
use xinglin_primitives::{time::MINUTE_MS, Entity, PatientId};

const ONCE: Options = Options {
    is_once: true,
    patience: Duration::ZERO,
};
/// Of whom most of the play is.
const PATIENT: Entity = Entity::Patient(PatientId(5));

/// A chain that was played, in a database and in an index.
struct Both {
    cluster: Cluster,
    url: String,
    chain: Chain,
    index: Index,
    _folder: TempDir,
}

impl Both {
    async fn play() -> Self {
        let cluster = Cluster::start();
        let url = cluster.create("exported");
        let mut chain = Chain::new(0);
        play(&mut chain);
        export(chain.recorded.clone(), &url, ONCE, |_| {})
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let index = index_of(&chain, &folder).await;
        Self {
            cluster,
            url,
            chain,
            index,
            _folder: folder,
        }
    }

    /// The places that a statement gives.
    fn places(&self, sql: &str) -> BTreeSet<Position> {
        let found = self.cluster.execute(&self.url, sql);
        found.lines().map(place).collect()
    }

    /// What the query finds.
    async fn by_sql(&self, values: &[(&str, String)]) -> BTreeSet<Position> {
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let found = queries::query(&self.url, "operations-of", &values).await;
        let answer = found.unwrap();
        let named: Vec<_> = answer.columns.iter().take(2).collect();
        assert!(named.is_empty() || named == ["height", "index"]);
        let rows = answer.rows.iter();
        rows.map(|row| {
            let number = |at: usize| row[at].as_deref().unwrap();
            place(&format!("{}|{}", number(0), number(1)))
        })
        .collect()
    }

    /// What the index finds.
    fn by_index(&self, filter: &Filter) -> BTreeSet<Position> {
        paged(|after| {
            self.index
                .extrinsics(filter, Order::Oldest, after, PAGE_MAX)
        })
    }

    /// That both find the same of some entities, and what that is.
    async fn same(&self, entities: &[Entity]) -> BTreeSet<Position> {
        let values: Vec<_> = entities
            .iter()
            .map(|entity| (entity.kind(), entity.number().to_string()))
            .collect();
        let by_sql = self.by_sql(&values).await;
        assert_eq!(by_sql, self.by_index(&about(entities)), "{entities:?}");
        by_sql
    }
}

fn about(entities: &[Entity]) -> Filter {
    Filter {
        entities: entities.to_vec(),
        ..Filter::default()
    }
}

/// A place as `psql` writes it.
fn place(text: &str) -> Position {
    let (block, index) = text.split_once('|').unwrap();
    Position {
        block: block.parse().unwrap(),
        index: index.parse().unwrap(),
    }
}

fn paged(ask: impl Fn(Option<Position>) -> Result<Page, ExplorerError>) -> BTreeSet<Position> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = ask(after).unwrap();
        found.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

/// An index of a chain, filled as nodes fill theirs.
async fn index_of(chain: &Chain, folder: &TempDir) -> Index {
    let (source, genesis) = (&chain.recorded, chain.genesis());
    let metadata = source.metadata(genesis).await.unwrap();
    let schema = Arc::new(Schema::read(&metadata).unwrap());
    let (index, questions) = (folder.path().join("index"), folder.path().join("questions"));
    let config = IndexConfig::new(index, questions, "test", genesis);
    let index = Index::open(&config, FakeChain::new(metadata), Arc::clone(&schema)).unwrap();
    let events_key = [storage_prefix(b"System", b"Events").to_vec()];
    let mut writer = index.writer();
    for height in 1..=chain.height() {
        let block = source.block(height).await.unwrap();
        let mut events = source.values(&events_key, block.hash).await.unwrap();
        let events = events.remove(0).unwrap_or_default();
        let outline = schema.outline(&block.body, &events).unwrap();
        writer
            .add(height, block.body.len(), Some(&outline), &events)
            .unwrap();
    }
    writer.commit().unwrap();
    index
}

#[tokio::test]
async fn sql_finds_of_each_party_and_thing_what_the_index_finds() {
    let both = Both::play().await;
    let mentioned = "SELECT DISTINCT kind || ':' || id FROM extrinsic_entities \
        UNION SELECT 'patient:' || patient_id FROM patients";
    let mentioned = both.cluster.execute(&both.url, mentioned);
    let mentioned: Vec<Entity> = mentioned.lines().map(|it| it.parse().unwrap()).collect();
    for kind in [
        "member",
        "practitioner",
        "patient",
        "appointment",
        "record",
        "grant",
        "invoice",
        "settlement",
        "claim",
        "case",
    ] {
        let is_played = mentioned.iter().any(|it| it.kind() == kind);
        assert!(is_played, "the play mentions no {kind}");
    }
    let hers = both.same(&[PATIENT]).await;
    for entity in mentioned {
        let found = both.same(&[entity]).await;
        if entity.kind() != PATIENT.kind() {
            let shared: BTreeSet<_> = found.intersection(&hers).copied().collect();
            assert_eq!(both.same(&[PATIENT, entity]).await, shared, "{entity}");
        }
    }

    // All of it is more than what names her.
    let named = "SELECT height, index FROM extrinsic_entities WHERE kind = 'patient' AND id = 5";
    let named = both.places(named);
    assert!(named.is_subset(&hers) && named.len() + 10 < hers.len());
    for (call, count) in [
        ("Appointments.check_in", 1),
        ("Payments.pay", 1),
        ("Payments.confirm_repayment", 1),
        ("Records.amend", 1),
        ("Insurance.appeal", 2),
        // A third one was before there was anything to open.
        ("Records.open", 2),
    ] {
        let values = [("patient", "5".to_owned()), ("call", call.to_owned())];
        assert_eq!(both.by_sql(&values).await.len(), count, "{call}");
    }
}

#[tokio::test]
async fn sql_finds_the_events_of_a_patient_that_the_index_finds() {
    let both = Both::play().await;
    for patient in 0..16 {
        let sql = format!("SELECT height, index FROM patient_events WHERE patient_id = {patient}");
        let filter = about(&[Entity::Patient(PatientId(patient))]);
        let by_index = paged(|after| both.index.events(&filter, Order::Oldest, after, PAGE_MAX));
        assert_eq!(both.places(&sql), by_index, "{patient}");
    }
}

#[tokio::test]
async fn sql_finds_by_call_and_time_what_the_index_finds() {
    let both = Both::play().await;
    assert_eq!(
        both.by_sql(&[]).await,
        both.by_index(&Filter::default()),
        "without a value"
    );
    // By itself, and in a motion of the council.
    for (pallet, call) in [("Appointments", "book"), ("Members", "register_member")] {
        let filter = Filter {
            pallet: Some(pallet.to_owned()),
            call: Some(call.to_owned()),
            ..Filter::default()
        };
        let found = both.by_index(&filter);
        assert!(!found.is_empty(), "{call}");
        let values = [("call", format!("{pallet}.{call}"))];
        assert_eq!(both.by_sql(&values).await, found, "{call}");
    }
    let before_ms = both.chain.now_ms;
    for minutes in [1, 60 * 24 * 2, 60 * 24 * 30] {
        let from_ms = before_ms - minutes * MINUTE_MS;
        let period = Filter {
            from_ms: Some(from_ms),
            before_ms: Some(before_ms),
            ..Filter::default()
        };
        let mut values = vec![
            ("from", iso_instant(from_ms).unwrap()),
            ("until", iso_instant(before_ms).unwrap()),
        ];
        assert_eq!(both.by_sql(&values).await, both.by_index(&period));
        values.push(("patient", "5".to_owned()));
        let filter = Filter {
            entities: vec![PATIENT],
            ..period
        };
        assert_eq!(both.by_sql(&values).await, both.by_index(&filter));
    }
}
