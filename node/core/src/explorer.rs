//! What the index of operations answers, and what it keeps of who asked.
//!
//! The index finds transactions and events; what they say is read from the blocks. It runs beside
//! the node and may lag behind the tip: [`Explorer::progress`] tells how far it has come.

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    questions::question_hash, AccountId, BlockNumber, CaseId, Entity, Hash, MemberId, PatientId,
};

use crate::store::StoreError;

/// Why the index cannot answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExplorerError {
    /// The database under it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The filter asks for something that cannot be.
    #[error("the filter is refused: {0}")]
    Filter(String),
    /// The position is not one of this chain.
    #[error("the cursor is not of this chain: block {0} is not in its index")]
    Cursor(BlockNumber),
    /// The index is being rebuilt and has not come to where it could answer.
    #[error("the index is at block {indexed} of {tip}; ask again later")]
    Behind {
        /// The last block that is indexed.
        indexed: BlockNumber,
        /// The tip.
        tip: BlockNumber,
    },
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexProgress {
    /// The first block that is indexed. Above 1 if older states were pruned before the index began.
    pub first: BlockNumber,
    /// The last block that is indexed: all between the two are.
    pub last: BlockNumber,
    /// The last committed block.
    pub tip: BlockNumber,
}

/// Why the index comes no further. What is indexed can be asked all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexProblem {
    /// A database or the runtime fails.
    #[error(
        "the index {}; the node tries again to go on, and its log says what fails",
        stays(*.indexed)
    )]
    Failing {
        /// The last indexed block; `None` if there is none yet.
        indexed: Option<BlockNumber>,
    },
    /// A write has failed, after which nothing more is written until the node starts anew.
    #[error(
        "the index {} and cannot be written; restart the node once the disk is well and has room, \
         its log says what failed",
        stays(*.indexed)
    )]
    Unwritable {
        /// The last indexed block; `None` if there is none yet.
        indexed: Option<BlockNumber>,
    },
    /// States that are needed are gone: it cannot go on.
    #[error(
        "the index ends at block {indexed} and the states before block {oldest} are pruned; \
         `xinglin db reindex` makes it anew from there, or a node with --pruning archive keeps all"
    )]
    Gap {
        /// The last indexed block.
        indexed: BlockNumber,
        /// The oldest state.
        oldest: BlockNumber,
    },
}

/// How far the index is that comes no further.
fn stays(indexed: Option<BlockNumber>) -> String {
    indexed.map_or_else(
        || "has no block yet".to_owned(),
        |indexed| format!("stays at block {indexed}"),
    )
}

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This patient's: herself, or a thing of hers.
    Patient(PatientId),
    /// A patient's of whom the index does not know: the thing is from before the index begins, or not there.
    Unknown,
    /// No patient's: a member, a practitioner or a case.
    Nobody,
}

/// A transaction or an event: where it is on the chain. Positions are in the order of the history.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
pub struct Position {
    /// Height of the block.
    pub block: BlockNumber,
    /// Index among the block's transactions, or among its events.
    pub index: u32,
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

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It did what it says.
    Success,
    /// The rules refused it.
    Error,
}

/// What is looked for. All that is given must hold at once; nothing given means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    /// From this height on.
    pub from_block: Option<BlockNumber>,
    /// Up to this height, itself included.
    pub to_block: Option<BlockNumber>,
    /// In blocks of this time or later, in milliseconds since 1970.
    pub from_ms: Option<u64>,
    /// In blocks before this time, in milliseconds since 1970.
    pub before_ms: Option<u64>,
    /// Signed by this account.
    pub signer: Option<AccountId>,
    /// Of this pallet, by its name in the metadata: the call itself or one that it wraps.
    pub pallet: Option<String>,
    /// This call of the pallet. Needs `pallet`.
    pub call: Option<String>,
    /// With an event of this pallet.
    pub event_pallet: Option<String>,
    /// With this event. Needs `event_pallet`.
    pub event: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// That mention all of these, in the call or in its events.
    pub entities: Vec<Entity>,
}

/// One page of positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What was found, in the order asked for.
    pub items: Vec<Position>,
    /// Where to go on: what comes after it has not been looked at. `None` at the end. A page may be
    /// short, even empty, and yet have one: the work for a page is bounded.
    pub next: Option<Position>,
}

/// Length of the periods in which operations are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Period {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A civil day, in UTC+8.
    Day,
}

/// How many operations there were in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// When the period begins, in milliseconds since 1970.
    pub from_ms: u64,
    /// Pallet of the calls.
    pub pallet: String,
    /// Name of the calls.
    pub call: String,
    /// Those that did what they say.
    pub succeeded: u64,
    /// Those that the rules refused.
    pub failed: u64,
}

/// Finds operations.
pub trait Explorer: Send + Sync + 'static {
    /// How far the index has come.
    fn progress(&self) -> IndexProgress;
    /// Why it comes no further; `None` if nothing is in its way.
    fn problem(&self) -> Option<IndexProblem>;
    /// The transactions that a filter lets through, after a position if one is given, at most
    /// `limit`.
    fn extrinsics(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError>;
    /// The events that a filter lets through: of the filter's event, by transactions that the rest
    /// of the filter lets through, mentioning the entities themselves.
    fn events(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError>;
    /// The time of an indexed block in milliseconds since 1970; `None` for one that is not indexed.
    fn time_of(&self, block: BlockNumber) -> Result<Option<u64>, ExplorerError>;
    /// The first block of this time or later; `None` if there is none yet.
    fn block_at(&self, time_ms: u64) -> Result<Option<BlockNumber>, ExplorerError>;
    /// The encoded events of an indexed block, also when its state is pruned.
    fn encoded_events(&self, block: BlockNumber) -> Result<Option<Vec<u8>>, ExplorerError>;
    /// Whose something is.
    fn owner_of(&self, entity: Entity) -> Result<Owner, ExplorerError>;
    /// Counts of all periods that begin within a range of times, of one member's operations or of
    /// everybody's, oldest first, at most `limit`. A member's are those that it is named in, and
    /// those of which an event is about something that was made with it, as a visit to it was booked.
    fn counts(
        &self,
        period: Period,
        member: Option<MemberId>,
        from_ms: u64,
        before_ms: u64,
        limit: u32,
    ) -> Result<Vec<Count>, ExplorerError>;
}

/// A question that was answered to a regulator, of which the chain gets a digest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptQuestion {
    /// When it was answered, in milliseconds since 1970 by the node's clock.
    pub asked_at_ms: u64,
    /// Who asked.
    pub account: AccountId,
    /// For which open case.
    pub case: CaseId,
    /// The RPC method.
    pub method: String,
    /// The question as it was signed.
    pub question: String,
    /// Blake2b-256 of the signed text and the signature, which make it undeniable.
    pub signed: Hash,
}

impl KeptQuestion {
    /// The hash by which it is in the digest that the chain keeps.
    pub fn hash(&self) -> Hash {
        question_hash(self)
    }
}

/// How far the chain vouches for the questions that this node keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchoringStatus {
    /// The account that anchors them.
    pub account: AccountId,
    /// How many of them are anchored.
    pub anchored: u64,
    /// Why no more can be anchored, so that the node must not answer such questions.
    pub problem: Option<AnchoringProblem>,
}

/// Why questions cannot be anchored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchoringProblem {
    /// The chain would refuse it.
    #[error(
        "the account {0} that should anchor the questions is none of an active member; give \
         --anchor-key the keystore of a service account, and grant that account the role"
    )]
    NoMember(AccountId),
    /// The kept questions are not those that are anchored.
    #[error(
        "the chain has {anchored} questions of this account and the node keeps {kept}, or others; \
         restore the index from a backup, or give --anchor-key another account, whose record begins \
         anew"
    )]
    OtherRecord {
        /// How many are anchored.
        anchored: u64,
        /// How many are kept.
        kept: u64,
    },
    /// The database or the runtime failed; the log says how.
    #[error("the node cannot read its record of questions; its log says why")]
    Unreadable,
}

/// Keeps regulators' questions until the chain has their digest, and after.
pub trait QuestionLog: Send + Sync + 'static {
    /// Keeps a question; it is on the disk when this returns. Gives its number, from 0 without gaps.
    fn keep_question(&self, question: &KeptQuestion) -> Result<u64, StoreError>;
    /// Questions from a number on, at most `limit`.
    fn questions(&self, from: u64, limit: u32) -> Result<Vec<KeptQuestion>, StoreError>;
    /// How many are kept.
    fn question_count(&self) -> Result<u64, StoreError>;
}
