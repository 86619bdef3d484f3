//! What the chain's state held after a block, proven against the state root of its header.
//!
//! An [`Item`] names one value of the state; its key follows from it. A [`StateProof`] brings the trie
//! nodes under which the values lie, or would lie: absence is proven as presence is. A [`Fact`] is an
//! item with what the proof says of it, in the words of this crate.

pub mod layout;

pub use layout::{
    Access, AccessOutcome, Accessed, Accesses, AmendReason, Appointment, AppointmentState, Basis,
    Carrier, Certificates, ContentKind, Denial, Erasure, Invoice, InvoiceDetails, InvoiceNumber,
    Purpose, Record, RecordVersion, Settled, Settlement, SettlementState, Split, Stamp, Tally,
    VisitRecords,
};

use std::collections::BTreeSet;

use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode};
use serde::{Deserialize, Serialize};
use sp_io::hashing::{blake2_256, twox_128, twox_64};
use sp_runtime::traits::Header as _;
use sp_trie::{LayoutV1, MemoryDB, Recorder, Trie, TrieDBBuilder};
use xinglin_primitives::{
    receipt::CertifiedHeader, AppointmentId, Hash, Hashing, InvoiceId, MemberId, PatientId,
    RecordId, SettlementId, StampId,
};

use crate::archive::PACKAGE_BYTES_MAX;

/// Most bytes of values that are taken out of all state proofs of a package together.
///
/// Each value lies in a node of the package, and each item is looked up once. So the values have fewer
/// bytes than the package, unless many items have one and the same value: that is one node, from which a
/// small package could have any number of copies taken.
pub const VALUE_BYTES_MAX: usize = PACKAGE_BYTES_MAX;

/// One value of the chain's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Item {
    /// The time of the block.
    BlockTime,
    /// What the block's transactions brought about.
    Events,
    /// A record.
    Record(RecordId),
    /// A version of a record, from 1.
    Version(RecordId, u16),
    /// How many entries a patient's access log has.
    Accesses(PatientId),
    /// An entry of a patient's access log, from 0.
    Access(PatientId, u64),
    /// An appointment.
    Appointment(AppointmentId),
    /// The records of a visit.
    VisitRecords(AppointmentId),
    /// The newest invoice of a visit.
    LatestInvoice(AppointmentId),
    /// A blue invoice.
    Invoice(InvoiceId),
    /// The latest settlement and claim of an invoice.
    Settled(InvoiceId),
    /// A settlement.
    Settlement(SettlementId),
    /// Certificates of a time authority, by their number.
    Certificates(MemberId, u32),
    /// A token that the chain accepted.
    Stamp(StampId),
}

/// What stands at an [`Item`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Value {
    /// Milliseconds since 1970.
    BlockTime(u64),
    /// Blake2b-256 of the encoded events.
    Events(Hash),
    /// A record.
    Record(Record),
    /// A version of a record.
    Version(RecordVersion),
    /// How much is counted for a patient.
    Accesses(Accesses),
    /// An entry of an access log.
    Access(Access),
    /// An appointment.
    Appointment(Appointment),
    /// The records of a visit.
    VisitRecords(VisitRecords),
    /// An invoice's number in the order of all.
    LatestInvoice(InvoiceId),
    /// A blue invoice.
    Invoice(Invoice),
    /// The latest settlement and claim.
    Settled(Settled),
    /// A settlement.
    Settlement(Settlement),
    /// Certificates of a time authority.
    Certificates(Certificates),
    /// What the chain keeps of a token.
    Stamp(Stamp),
}

/// An item with what the state says of it; `None` if nothing is stored there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fact {
    /// What is looked up.
    pub item: Item,
    /// What is there.
    pub value: Option<Value>,
}

/// A block and the trie nodes that lead from its state root to some items.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct StateProof {
    /// The block after which the state was this.
    pub block: CertifiedHeader,
    /// The nodes, each once, in any order.
    pub nodes: Vec<Vec<u8>>,
}

/// Why a proof does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The nodes do not lead from the state root to the item.
    #[error("the proof does not lead from the state root to {0:?}")]
    NotLed(Item),
    /// There are nodes that lead nowhere, or one is there twice.
    #[error("{0} nodes of the proof belong to none of its items")]
    Surplus(usize),
    /// The value is not of the layout that is known here.
    #[error("the value at {0:?} is of a layout that this program does not know; use the release for the chain's version")]
    Layout(Item),
    /// The values have more bytes than those of a package have.
    #[error("the values have more bytes than those of a package have ({VALUE_BYTES_MAX})")]
    TooLarge,
}

fn prefix(pallet: &str, name: &str) -> Vec<u8> {
    [twox_128(pallet.as_bytes()), twox_128(name.as_bytes())].concat()
}

/// FRAME's `Twox64Concat`.
fn extend(mut key: Vec<u8>, part: impl Encode) -> Vec<u8> {
    let part = part.encode();
    key.extend_from_slice(&twox_64(&part));
    key.extend_from_slice(&part);
    key
}

/// A value of the state; `None` where the key has none.
type Stored = Option<Vec<u8>>;

impl Item {
    /// Where it lies in the state.
    pub fn key(&self) -> Vec<u8> {
        match *self {
            Self::BlockTime => prefix("Timestamp", "Now"),
            Self::Events => prefix("System", "Events"),
            Self::Record(id) => extend(prefix("Records", "Records"), id),
            Self::Version(id, version) => {
                extend(extend(prefix("Records", "Versions"), id), version)
            }
            Self::Accesses(patient) => extend(prefix("Records", "Files"), patient),
            Self::Access(patient, at) => {
                extend(extend(prefix("Records", "AccessLog"), patient), at)
            }
            Self::Appointment(id) => extend(prefix("Appointments", "Appointments"), id),
            Self::VisitRecords(id) => extend(prefix("Records", "VisitFiles"), id),
            Self::LatestInvoice(id) => extend(prefix("Payments", "LatestOfVisit"), id),
            Self::Invoice(id) => extend(prefix("Payments", "Invoices"), id),
            Self::Settled(id) => extend(prefix("Insurance", "InvoiceFiles"), id),
            Self::Settlement(id) => extend(prefix("Insurance", "Settlements"), id),
            Self::Certificates(authority, number) => extend(
                extend(prefix("TrustedTime", "Certificates"), authority),
                number,
            ),
            Self::Stamp(id) => extend(prefix("TrustedTime", "Stamps"), id),
        }
    }

    /// What an encoded value says; `None` if it is of another layout.
    pub fn read(&self, encoded: &[u8]) -> Option<Value> {
        fn decode<T: Decode>(mut encoded: &[u8]) -> Option<T> {
            T::decode_all(&mut encoded).ok()
        }
        Some(match self {
            Self::BlockTime => Value::BlockTime(decode(encoded)?),
            Self::Events => Value::Events(blake2_256(encoded).into()),
            Self::Record(_) => Value::Record(decode(encoded)?),
            Self::Version(..) => Value::Version(decode(encoded)?),
            Self::Accesses(_) => Value::Accesses(decode(encoded)?),
            Self::Access(..) => Value::Access(decode(encoded)?),
            Self::Appointment(_) => Value::Appointment(decode(encoded)?),
            Self::VisitRecords(_) => Value::VisitRecords(decode(encoded)?),
            Self::LatestInvoice(_) => Value::LatestInvoice(decode(encoded)?),
            Self::Invoice(_) => Value::Invoice(decode(encoded)?),
            Self::Settled(_) => Value::Settled(decode(encoded)?),
            Self::Settlement(_) => Value::Settlement(decode(encoded)?),
            Self::Certificates(..) => Value::Certificates(decode(encoded)?),
            Self::Stamp(_) => Value::Stamp(decode(encoded)?),
        })
    }
}

impl StateProof {
    /// What the proof says of some items, encoded as stored, in their order. That the block was
    /// decided is not checked here.
    ///
    /// # Errors
    /// Nodes are missing, there are more than the items need, or the values have more than
    /// [`VALUE_BYTES_MAX`] bytes.
    pub fn values(&self, items: &[Item]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let mut room = VALUE_BYTES_MAX;
        self.values_within(items, &mut room)
    }

    /// As [`values`](Self::values), of no more bytes than there is room, which becomes less.
    fn values_within(&self, items: &[Item], room: &mut usize) -> Result<Vec<Stored>, StateError> {
        let mut lookup = Lookup::of(self);
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = lookup.get(*item).ok_or(StateError::NotLed(*item))?;
            let bytes = value.as_ref().map_or(0, Vec::len);
            *room = room.checked_sub(bytes).ok_or(StateError::TooLarge)?;
            values.push(value);
        }
        // Each node that was visited is one of these, and so they are the same if they are as many.
        match self.nodes.len().abs_diff(lookup.visited.len()) {
            0 => Ok(values),
            surplus => Err(StateError::Surplus(surplus)),
        }
    }

    /// What the proof says of some items, in the words of this crate.
    ///
    /// # Errors
    /// As for [`values`](Self::values), and if a value is of an unknown layout.
    pub fn facts(&self, items: &[Item]) -> Result<Vec<Fact>, StateError> {
        let mut room = VALUE_BYTES_MAX;
        self.facts_within(items, &mut room)
    }

    /// As [`facts`](Self::facts), of values of no more bytes than there is room, which becomes less.
    pub(crate) fn facts_within(
        &self,
        items: &[Item],
        room: &mut usize,
    ) -> Result<Vec<Fact>, StateError> {
        let values = self.values_within(items, room)?;
        let pairs = items.iter().zip(values);
        pairs
            .map(|(item, encoded)| {
                let value = encoded
                    .map(|encoded| item.read(&encoded).ok_or(StateError::Layout(*item)))
                    .transpose()?;
                Ok(Fact { item: *item, value })
            })
            .collect()
    }

    /// Leaves out the nodes that these items do not need, and those that are there twice.
    pub fn trimmed(self, items: &[Item]) -> Self {
        let mut lookup = Lookup::of(&self);
        for item in items {
            lookup.get(*item);
        }
        Self {
            nodes: lookup.visited.into_iter().collect(),
            block: self.block,
        }
    }
}

/// Looks items up in the nodes of a proof.
struct Lookup {
    db: MemoryDB<Hashing>,
    root: Hash,
    /// The nodes on the way to the items so far.
    visited: BTreeSet<Vec<u8>>,
}

impl Lookup {
    fn of(proof: &StateProof) -> Self {
        let mut db = MemoryDB::<Hashing>::default();
        for node in &proof.nodes {
            hash_db::HashDB::insert(&mut db, hash_db::EMPTY_PREFIX, node);
        }
        Self {
            db,
            root: *proof.block.header.state_root(),
            visited: BTreeSet::new(),
        }
    }

    /// What is stored at an item; `None` if the nodes do not lead there.
    fn get(&mut self, item: Item) -> Option<Stored> {
        let mut recorder = Recorder::<LayoutV1<Hashing>>::new();
        let found = TrieDBBuilder::<LayoutV1<Hashing>>::new(&self.db, &self.root)
            .with_recorder(&mut recorder)
            .build()
            .get(&item.key())
            .ok();
        // Drained each time: nodes that many items share are kept once.
        let visited = recorder.drain().into_iter().map(|node| node.data);
        self.visited.extend(visited);
        found
    }
}
