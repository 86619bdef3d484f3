//! `explorer_*`: finding blocks and operations, if the node keeps an index of them.
//!
//! | method | about | answer | who |
//! |---|---|---|---|
//! | `explorer_status` | the index and the record of questions | status | all |
//! | `explorer_blocks` | blocks by height and time | page of headers | all |
//! | `explorer_block` | one, by height or hash | what it counts, without who signed what; time tokens | all |
//! | `explorer_counts` | how many operations, per minute, hour or day | page of counts | all |
//! | `explorer_questionHashes` | the questions that the chain vouches for | hashes | all |
//! | `explorer_subscribeActivity` | events as they happen, by name only | `explorer_activity` | all |
//! | `explorer_extrinsics` | operations | page | signed |
//! | `explorer_events` | events | page | signed |
//! | `explorer_operation` | one operation, by hash | it, its events, receipt and time tokens | signed |
//! | `explorer_questions` | regulators' questions as they were asked | page | signed |
//! | `explorer_subscribeOperations` | operations as they happen | `explorer_newOperation` | signed |
//!
//! Signed ones take a [question and an `Auth`](crate::questions). Everybody may ask for what she
//! signed herself ([`Filter::signer`]) and for what mentions somebody or something that she may ask
//! about ([`Filter::entities`]). A regulator may ask for anything, naming an open case; the node
//! keeps the question before it answers, and has the chain keep a digest of it.
//!
//! Lists come in pages, each with a cursor for the next. A page may be short, even empty, and yet
//! have one: the work for a page is bounded. Transactions and events keep their places, so that a
//! list that was begun goes on where it ended, whatever has happened since.

use jsonrpsee::{
    core::{RpcResult, SubscriptionResult},
    proc_macros::rpc,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xinglin_primitives::{
    questions::question_hash, AccountId, BlockNumber, CaseId, Entity, Hash, MemberId,
};

use crate::{
    number::Height,
    questions::{SignedQuestion, PAGE_DEFAULT},
    time::Time,
    xinglin::{BlockRef, Receipt, TimeTokens},
};

/// Most items of a page of blocks, operations or events.
pub const PAGE_MAX: u32 = 100;
/// Most entities in a filter.
pub const ENTITIES_MAX: usize = 8;
/// Most hashes of questions at once.
pub const HASHES_MAX: u32 = 1_000;

fn page_default() -> u32 {
    PAGE_DEFAULT
}

/// In which order results come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It did what it says.
    Success,
    /// The rules refused it.
    Error,
}

/// Length of the periods in which operations are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Period {
    /// A minute.
    Minute,
    /// An hour.
    #[default]
    Hour,
    /// A civil day, in UTC+8.
    Day,
}

/// Where a page ended, for the next one. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Which operations. All that is given must hold at once; nothing given means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    /// From this height on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_block: Option<Height>,
    /// Up to this height, itself included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_block: Option<Height>,
    /// At this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Time>,
    /// Signed by this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<AccountId>,
    /// A call of this pallet, by its name in the metadata, or one that wraps such a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pallet: Option<String>,
    /// This call of the pallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// With an event of this pallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_pallet: Option<String>,
    /// With this event of the pallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// With this outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Mentioning all of these, at most [`ENTITIES_MAX`], each as `patient:7`. What mentions an
    /// appointment, record, grant or bill counts as mentioning its patient.
    #[serde(with = "mentioned", skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
}

/// Entities as text.
mod mentioned {
    use serde::{de, Deserialize, Deserializer, Serializer};
    use xinglin_primitives::Entity;

    pub fn serialize<S: Serializer>(entities: &[Entity], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(entities.iter().map(Entity::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entity>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let entities = texts.iter().map(|text| text.parse());
        entities
            .collect::<Result<_, _>>()
            .map_err(de::Error::custom)
    }
}

/// Operations: their calls, with outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extrinsics {
    /// Which.
    #[serde(default)]
    pub filter: Filter,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// After this page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Most items, up to [`PAGE_MAX`].
    #[serde(default = "page_default")]
    pub limit: u32,
}

/// Events of operations. Of the filter, `eventPallet` and `event` say which events, the entities
/// what these mention, the rest by which operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Events {
    /// Which.
    #[serde(default)]
    pub filter: Filter,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// After this page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Most items, up to [`PAGE_MAX`].
    #[serde(default = "page_default")]
    pub limit: u32,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Hash of the transaction.
    pub hash: Hash,
}

/// Operations from now on, as their blocks are indexed. The filter cannot name blocks or times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Live {
    /// Which.
    #[serde(default)]
    pub filter: Filter,
}

/// What regulators have asked this node, oldest first. For regulators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Questions {
    /// From this number on.
    #[serde(default)]
    pub from: u64,
    /// Most items, up to [`PAGE_MAX`].
    #[serde(default = "page_default")]
    pub limit: u32,
}

macro_rules! signed {
    ($($question:ident = $method:literal,)*) => {
        $(impl SignedQuestion for $question {
            const METHOD: &'static str = $method;
        })*
    };
}

signed! {
    Extrinsics = "explorer_extrinsics",
    Events = "explorer_events",
    Operation = "explorer_operation",
    Live = "explorer_subscribeOperations",
    Questions = "explorer_questions",
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Where to go on; `null` at the end.
    pub next: Option<Cursor>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

/// What an operation said and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationView {
    /// Hash of the transaction, by which its receipt is found.
    pub hash: Hash,
    /// Height of its block.
    pub block: BlockNumber,
    /// Its place in the block.
    pub index: u32,
    /// Time of its block.
    pub time: Time,
    /// Who signed it; `null` for what validators put into blocks themselves.
    pub signer: Option<AccountId>,
    /// Pallet of the call.
    pub pallet: String,
    /// Name of the call.
    pub call: String,
    /// The calls that it wraps, at any depth, as `Pallet.call`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrapped: Vec<String>,
    /// The arguments by name, times as ISO 8601. Long byte strings are given by length and hash. `null`
    /// if only a part of the operation is the asker's business.
    pub arguments: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// The rule that refused it, as `Pallet.Error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it and its events mention, each as `patient:7`; of what is shown in part, what is the
    /// asker's business.
    #[serde(with = "mentioned")]
    pub entities: Vec<Entity>,
    /// Whether it may concern others than the asker, as a batch and what is about things of several
    /// patients may: `arguments` is left out then, and so is what concerns others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

/// An operation with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationDetails {
    /// What it said and did.
    #[serde(flatten)]
    pub operation: OperationView,
    /// Its events, in order; of what is shown in part, those that mention what is the asker's business,
    /// each in part if it concerns several patients itself.
    pub events: Vec<EventView>,
    /// Proof that it is in the chain's history, with the whole transaction; none of what is shown in
    /// part.
    pub receipt: Option<Receipt>,
    /// The nearest time tokens before and after its block, each with what verifies it.
    pub time_tokens: Option<TimeTokens>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Height of its block.
    pub block: BlockNumber,
    /// Its place among the events of the block.
    pub index: u32,
    /// Time of its block.
    pub time: Time,
    /// Hash of the transaction that it belongs to; `null` for what belongs to the block.
    pub operation: Option<Hash>,
    /// Pallet.
    pub pallet: String,
    /// Name.
    pub event: String,
    /// The fields by name, times as ISO 8601. `null` if only a part of it is the asker's business.
    pub fields: Value,
    /// What it mentions, each as `patient:7`; of what is shown in part, what is the asker's business.
    #[serde(with = "mentioned")]
    pub entities: Vec<Entity>,
    /// Whether it concerns several patients, as the opening of many records may: `fields` is left out
    /// then, and so is what concerns others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

/// That something happened, without whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Height of the block.
    pub block: BlockNumber,
    /// Place among the events of the block.
    pub index: u32,
    /// Time of the block.
    pub time: Time,
    /// Pallet.
    pub pallet: String,
    /// Name.
    pub event: String,
}

/// Which activity is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ActivityFilter {
    /// Of this pallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pallet: Option<String>,
    /// This event of the pallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// Which blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BlocksQuery {
    /// From this height on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_block: Option<Height>,
    /// Up to this height, itself included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_block: Option<Height>,
    /// Of this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Time>,
    /// In which order.
    pub order: Order,
    /// After this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Most items, up to [`PAGE_MAX`]; [`PAGE_DEFAULT`] without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A block in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
    /// Its time; `null` for one that is not indexed, as genesis.
    pub time: Option<Time>,
    /// The account of who proposed it; genesis has none.
    pub author: Option<AccountId>,
    /// How many transactions it has, inherents included.
    pub transactions: u32,
}

/// How many calls of a kind a block has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallCount {
    /// Pallet of the calls.
    pub pallet: String,
    /// Name of the calls.
    pub call: String,
    /// Those that did what they say.
    pub succeeded: u32,
    /// Those that the rules refused.
    pub failed: u32,
}

/// A block, without who signed what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockDetails {
    /// In short.
    #[serde(flatten)]
    pub block: BlockView,
    /// Hash of the block before.
    pub parent_hash: Hash,
    /// The state root after it.
    pub state_root: Hash,
    /// Merkle root of its transactions.
    pub extrinsics_root: Hash,
    /// Bytes of its transactions.
    pub bytes: u64,
    /// Its events.
    pub events: u32,
    /// Its transactions by call.
    pub calls: Vec<CallCount>,
    /// The nearest time tokens before and after it, each with what verifies it.
    pub time_tokens: Option<TimeTokens>,
}

/// Which counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CountsQuery {
    /// Per what.
    pub period: Period,
    /// Of the operations that mention this member, or of which an event is about an appointment, record,
    /// grant or bill that was made with it; of everybody's without it. What the rules refused has no
    /// such event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// In periods that begin at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// In periods that begin before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Time>,
    /// After this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

/// How many operations of a kind there were in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountView {
    /// When the period begins.
    pub from: Time,
    /// Pallet of the calls.
    pub pallet: String,
    /// Name of the calls.
    pub call: String,
    /// Those that did what they say.
    pub succeeded: u64,
    /// Those that the rules refused.
    pub failed: u64,
}

/// Where the node's record of questions stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordStatus {
    /// The account that anchors it.
    pub account: AccountId,
    /// How many questions are kept.
    pub kept: u64,
    /// How many of them the chain vouches for.
    pub anchored: u64,
    /// Why regulators' questions are not answered, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Where the index stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplorerStatus {
    /// Hash of the chain's genesis block.
    pub genesis_hash: Hash,
    /// The first block that is indexed.
    pub first: BlockNumber,
    /// The last block that is indexed: all between the two are.
    pub last: BlockNumber,
    /// The last committed block.
    pub tip: BlockNumber,
    /// Why no further block is indexed; what is indexed can be asked all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The record of regulators' questions; `null` if the node answers none.
    pub record: Option<RecordStatus>,
}

/// The questions that the chain vouches for, by their hashes: see
/// [`xinglin_primitives::questions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionHashes {
    /// The account that anchors them.
    pub account: AccountId,
    /// How many are kept in all.
    pub kept: u64,
    /// The hashes, from the number that was asked for on.
    pub hashes: Vec<Hash>,
}

/// A question that was answered to a regulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionView {
    /// Its number.
    pub number: u64,
    /// When it was answered, by the node's clock.
    pub asked_at: Time,
    /// Who asked.
    pub account: AccountId,
    /// For which case.
    pub case: CaseId,
    /// The method.
    pub method: String,
    /// The question as it was signed.
    pub question: String,
    /// Blake2b-256 of the signed text and the signature.
    pub signed: Hash,
    /// The hash of all of this, which is in the digest.
    pub hash: Hash,
}

impl QuestionView {
    /// What the hash must be.
    pub fn computed_hash(&self) -> Hash {
        question_hash(&(
            self.asked_at.0,
            &self.account,
            self.case,
            &self.method,
            &self.question,
            self.signed,
        ))
    }
}

/// What everybody may ask.
#[rpc(client, server)]
pub trait ExplorerApi {
    /// Where the index stands.
    #[method(name = "explorer_status")]
    async fn status(&self) -> RpcResult<ExplorerStatus>;

    /// Blocks by height and time.
    #[method(name = "explorer_blocks")]
    async fn blocks(&self, query: Option<BlocksQuery>) -> RpcResult<Page<BlockView>>;

    /// One block; `null` if there is no such block.
    #[method(name = "explorer_block")]
    async fn block(&self, block: BlockRef) -> RpcResult<Option<BlockDetails>>;

    /// How many operations there were, oldest period first.
    #[method(name = "explorer_counts")]
    async fn counts(&self, query: Option<CountsQuery>) -> RpcResult<Page<CountView>>;

    /// Hashes of the questions that regulators asked, from a number on, at most [`HASHES_MAX`].
    #[method(name = "explorer_questionHashes")]
    async fn question_hashes(&self, from: u64, limit: Option<u32>) -> RpcResult<QuestionHashes>;

    /// Events from now on, as their blocks are indexed.
    #[subscription(
        name = "explorer_subscribeActivity" => "explorer_activity",
        unsubscribe = "explorer_unsubscribeActivity",
        item = Activity,
    )]
    async fn subscribe_activity(&self, filter: Option<ActivityFilter>) -> SubscriptionResult;
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use xinglin_primitives::PatientId;

    use super::*;

    #[test]
    fn a_filter_is_read_and_written_in_words() {
        let json = json!({
            "fromBlock": 5,
            "before": "2026-01-31T00:30:00.000Z",
            "pallet": "Appointments",
            "outcome": "success",
            "entities": ["patient:7", "member:0"],
        });
        let filter: Filter = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(
            filter.entities,
            [Entity::Patient(PatientId(7)), Entity::Member(MemberId(0))]
        );
        assert_eq!(filter.before, Some(Time(1_769_819_400_000)));
        assert_eq!(serde_json::to_value(&filter).unwrap(), json);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for json in [
            json!({ "patient": 7 }),
            json!({ "entities": ["dog:7"] }),
            json!({ "entities": ["patient:99999999999999999999"] }),
            json!({ "entities": "patient:7" }),
            json!({ "from": "yesterday" }),
            json!({ "outcome": "maybe" }),
            json!({ "fromBlock": -1 }),
        ] {
            let read = serde_json::from_value::<Filter>(json.clone());
            assert!(read.is_err(), "{json}");
        }
    }
}
