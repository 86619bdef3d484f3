//! Blocks: transactions with what became of them, and events.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Compact, Decode};
use serde_json::{Map, Value};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Entity, Hash};

use crate::{
    extrinsic::{is_bare, EventContent},
    json::Style,
    schema::{Name, Schema},
    DecodeError, Fault,
};

/// The call that sets a block's time: its one argument is in milliseconds since 1970.
const TIME_CALL: Name<'_> = Name {
    pallet: "Timestamp",
    name: "set",
};
/// The event that tells that the rules refused a transaction: it begins with the error.
const FAILED_EVENT: Name<'_> = Name {
    pallet: "System",
    name: "ExtrinsicFailed",
};

/// What a block says, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline<'s> {
    /// The block's time in milliseconds since 1970; genesis has none.
    pub time_ms: Option<u64>,
    /// Its transactions in order, inherents included.
    pub extrinsics: Vec<OutlinedExtrinsic<'s>>,
    /// Its events in order.
    pub events: Vec<OutlinedEvent<'s>>,
}

/// What a transaction says, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlinedExtrinsic<'s> {
    /// Who signed it; an inherent and an unsigned transaction have nobody.
    pub signer: Option<AccountId>,
    /// The signer's number of the transaction.
    pub nonce: Option<u32>,
    /// The call.
    pub call: Name<'s>,
    /// The calls within, at any depth, in the order in which they stand: in batches, in another's
    /// name, proposed to the council. Whether such a call came to be executed, events tell.
    pub wrapped: Vec<Name<'s>>,
    /// Whether the rules let it be. A wrapper may do so although they refused what it wraps.
    pub succeeded: bool,
    /// What the call and its events mention.
    pub entities: BTreeSet<Entity>,
}

/// What an event says, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlinedEvent<'s> {
    /// Index of the transaction that it belongs to; the start and the end of a block have none.
    pub extrinsic: Option<u32>,
    /// Its names.
    pub event: Name<'s>,
    /// What it mentions.
    pub entities: BTreeSet<Entity>,
}

/// What a block says, in full.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedBlock {
    /// The block's time in milliseconds since 1970; genesis has none.
    pub time_ms: Option<u64>,
    /// Its transactions in order, inherents included.
    pub extrinsics: Vec<DecodedExtrinsic>,
    /// Its events in order.
    pub events: Vec<DecodedEvent>,
}

/// What a transaction says, in full.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedExtrinsic {
    /// Index in the block.
    pub index: u32,
    /// Hash of the encoded transaction.
    pub hash: Hash,
    /// Who signed it; an inherent and an unsigned transaction have nobody.
    pub signer: Option<AccountId>,
    /// The signer's number of the transaction.
    pub nonce: Option<u32>,
    /// Pallet of the call.
    pub pallet: String,
    /// Name of the call.
    pub call: String,
    /// Pallets and names of the calls within, as [`OutlinedExtrinsic::wrapped`].
    pub wrapped: Vec<(String, String)>,
    /// The arguments by name. Times are ISO 8601, those after the year 9999 numbers. Byte strings
    /// longer than [`BYTES_WHOLE_MAX`](crate::BYTES_WHOLE_MAX) are an object `{bytes, blake2_256}` of
    /// their length and hash.
    pub arguments: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// What the call and its events mention.
    pub entities: BTreeSet<Entity>,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rules let it be. A wrapper may do so although they refused what it wraps.
    Success,
    /// The rules refused it, and it changed nothing.
    Error {
        /// The pallet whose rule it was; `None` if it was the dispatcher, as for a wrong origin.
        pallet: Option<String>,
        /// The error's name; the dispatcher's as it stands in JSON.
        error: String,
    },
}

/// What an event says, in full.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedEvent {
    /// Index in the block.
    pub index: u32,
    /// Index of the transaction that it belongs to; the start and the end of a block have none.
    pub extrinsic: Option<u32>,
    /// Pallet.
    pub pallet: String,
    /// Name.
    pub event: String,
    /// The fields, by name if they have names, as the arguments of a transaction. An error of a pallet
    /// is `Pallet.Error`.
    pub fields: Value,
    /// What it mentions.
    pub entities: BTreeSet<Entity>,
}

/// What was taken apart of a block: what somebody wants, in order.
#[derive(Default)]
struct Taken<'s, 'b> {
    time_ms: Option<u64>,
    extrinsics: Vec<TakenExtrinsic<'s, 'b>>,
    events: Vec<TakenEvent<'s, 'b>>,
}

struct TakenExtrinsic<'s, 'b> {
    index: u32,
    outline: OutlinedExtrinsic<'s>,
    /// The encoded transaction.
    encoded: &'b [u8],
    /// The call in it.
    call: &'b [u8],
}

struct TakenEvent<'s, 'b> {
    index: u32,
    outline: OutlinedEvent<'s>,
    /// Type of the pallet's events, and the event without the pallet's index.
    encoded: (u32, &'b [u8]),
}

impl Schema {
    /// What a block says in short: `body` are its encoded transactions, length prefixes included,
    /// `encoded_events` what the state holds as the block's events, empty if it holds none.
    ///
    /// What holds neither names nor numbers of entities is passed over by its length.
    pub fn outline<'s>(
        &'s self,
        body: &[impl AsRef<[u8]>],
        encoded_events: &[u8],
    ) -> Result<Outline<'s>, DecodeError> {
        let taken = self.take(body, encoded_events, |_| true, |_, _| true)?;
        let extrinsics = taken.extrinsics.into_iter();
        let events = taken.events.into_iter();
        Ok(Outline {
            time_ms: taken.time_ms,
            extrinsics: extrinsics.map(|it| it.outline).collect(),
            events: events.map(|it| it.outline).collect(),
        })
    }

    /// What a block says in full. The arguments are those of [`outline`](Self::outline).
    pub fn block(
        &self,
        body: &[impl AsRef<[u8]>],
        encoded_events: &[u8],
    ) -> Result<DecodedBlock, DecodeError> {
        self.decoded(body, encoded_events, |_| true, |_, _| true)
    }

    /// As [`block`](Self::block), of some transactions, by their indexes, and their events.
    pub fn operations_of(
        &self,
        body: &[impl AsRef<[u8]>],
        encoded_events: &[u8],
        wanted: &BTreeSet<u32>,
    ) -> Result<DecodedBlock, DecodeError> {
        let is_wanted = |index| wanted.contains(&index);
        self.decoded(body, encoded_events, is_wanted, |_, extrinsic| {
            extrinsic.is_some_and(is_wanted)
        })
    }

    /// As [`block`](Self::block), of some events, by their indexes, and of no transaction.
    pub fn events_of(
        &self,
        body: &[impl AsRef<[u8]>],
        encoded_events: &[u8],
        wanted: &BTreeSet<u32>,
    ) -> Result<DecodedBlock, DecodeError> {
        let is_wanted = |index, _| wanted.contains(&index);
        self.decoded(body, encoded_events, |_| false, is_wanted)
    }

    fn decoded(
        &self,
        body: &[impl AsRef<[u8]>],
        encoded_events: &[u8],
        is_wanted: impl Fn(u32) -> bool,
        is_event_wanted: impl Fn(u32, Option<u32>) -> bool,
    ) -> Result<DecodedBlock, DecodeError> {
        let taken = self.take(body, encoded_events, is_wanted, is_event_wanted)?;
        let mut events = Vec::with_capacity(taken.events.len());
        let mut errors = BTreeMap::new();
        for event in taken.events {
            let (index, outline, (ty, bytes)) = (event.index, event.outline, event.encoded);
            let fault = |fault: Fault| event_error(index, &fault);
            let fields = self.within_enum(ty, bytes).map_err(fault)?;
            if let (FAILED_EVENT, Some(extrinsic)) = (outline.event, outline.extrinsic) {
                let error = fields.get("dispatch_error").cloned();
                errors.extend(error.map(|error| (extrinsic, error)));
            }
            events.push(DecodedEvent {
                index,
                extrinsic: outline.extrinsic,
                pallet: outline.event.pallet.to_owned(),
                event: outline.event.name.to_owned(),
                fields,
                entities: outline.entities,
            });
        }
        let mut extrinsics = Vec::with_capacity(taken.extrinsics.len());
        for extrinsic in taken.extrinsics {
            let (index, outline, call) = (extrinsic.index, extrinsic.outline, extrinsic.call);
            let fault = |fault: Fault| extrinsic_error(index, &fault);
            let ty = self.call_type(call).map_err(fault)?;
            let name = |name: Name<'_>| (name.pallet.to_owned(), name.name.to_owned());
            let (pallet, call_name) = name(outline.call);
            extrinsics.push(DecodedExtrinsic {
                index,
                hash: extrinsic_hash(extrinsic.encoded),
                signer: outline.signer,
                nonce: outline.nonce,
                pallet,
                call: call_name,
                wrapped: outline.wrapped.into_iter().map(name).collect(),
                arguments: self.within_enum(ty, &call[1..]).map_err(fault)?,
                outcome: outcome(outline.succeeded, errors.remove(&index)),
                entities: outline.entities,
            });
        }
        Ok(DecodedBlock {
            time_ms: taken.time_ms,
            extrinsics,
            events,
        })
    }

    /// Takes a block apart, as far as somebody wants to know.
    fn take<'s, 'b>(
        &'s self,
        body: &'b [impl AsRef<[u8]>],
        encoded_events: &'b [u8],
        is_wanted: impl Fn(u32) -> bool,
        is_event_wanted: impl Fn(u32, Option<u32>) -> bool,
    ) -> Result<Taken<'s, 'b>, DecodeError> {
        let mut taken = Taken::default();
        for (index, encoded) in (0u32..).zip(body) {
            let (encoded, is_wanted) = (encoded.as_ref(), is_wanted(index));
            // The block's time is among what nobody has signed.
            if !is_wanted && !is_bare(encoded) {
                continue;
            }
            let parts = self.parts(encoded);
            let parts = parts.map_err(|fault| extrinsic_error(index, &fault))?;
            let mut names = parts.found.calls.into_iter();
            let Some(call) = names.next() else {
                return Err(extrinsic_error(index, &Fault::Length));
            };
            if call == TIME_CALL && parts.signer.is_none() {
                let time = parts.call.get(2..).unwrap_or_default();
                let time = Compact::<u64>::decode(&mut &time[..]);
                taken.time_ms = time.ok().map(|time| time.0);
            }
            taken.extrinsics.extend(is_wanted.then(|| TakenExtrinsic {
                index,
                outline: OutlinedExtrinsic {
                    signer: parts.signer,
                    nonce: parts.nonce,
                    call,
                    wrapped: names.collect(),
                    succeeded: true,
                    entities: parts.found.entities,
                },
                encoded,
                call: parts.call,
            }));
        }
        self.take_events((encoded_events, body.len()), is_event_wanted, &mut taken)?;
        Ok(taken)
    }

    /// Adds the events of a block of so many transactions, and what they say of these.
    fn take_events<'s, 'b>(
        &'s self,
        (encoded, extrinsic_count): (&'b [u8], usize),
        is_wanted: impl Fn(u32, Option<u32>) -> bool,
        taken: &mut Taken<'s, 'b>,
    ) -> Result<(), DecodeError> {
        let mut rest = encoded;
        if rest.is_empty() {
            return Ok(());
        }
        let count = Compact::<u32>::decode(&mut rest);
        let count = count.map_err(|_| DecodeError::Events("their number is cut short"))?;
        for index in 0..count.0 {
            let parts = self
                .event_parts(&mut rest, |extrinsic| is_wanted(index, extrinsic))
                .map_err(|fault| event_error(index, &fault))?;
            let extrinsic = parts.extrinsic;
            if extrinsic.is_some_and(|extrinsic| extrinsic as usize >= extrinsic_count) {
                return Err(DecodeError::Events(
                    "one belongs to a transaction that the block does not have",
                ));
            }
            if let Some(content) = parts.content {
                taken.add(index, extrinsic, content);
            }
        }
        match rest {
            [] => Ok(()),
            _ => Err(DecodeError::Events("bytes follow the last one")),
        }
    }

    /// The fields of a value of an enum: an empty object if there are none.
    fn within_enum(&self, ty: u32, mut bytes: &[u8]) -> Result<Value, Fault> {
        let value = self.json(ty, &mut bytes, Style::Shown)?;
        Ok(match value {
            Value::Object(one) => one.into_iter().next().map_or(Value::Null, |(_, it)| it),
            _ => Value::Object(Map::new()),
        })
    }
}

impl<'s, 'b> Taken<'s, 'b> {
    /// Adds an event, and what it says of its transaction.
    fn add(&mut self, index: u32, extrinsic: Option<u32>, content: EventContent<'s, 'b>) {
        let EventContent {
            name,
            ty,
            encoded,
            found,
        } = content;
        if let Some(owner) = extrinsic.and_then(|index| self.extrinsic(index)) {
            owner.outline.entities.extend(&found.entities);
            owner.outline.succeeded &= name != FAILED_EVENT;
        }
        self.events.push(TakenEvent {
            index,
            outline: OutlinedEvent {
                extrinsic,
                event: name,
                entities: found.entities,
            },
            encoded: (ty, encoded),
        });
    }

    /// A transaction, if somebody wants it.
    fn extrinsic(&mut self, index: u32) -> Option<&mut TakenExtrinsic<'s, 'b>> {
        let extrinsics = &mut self.extrinsics;
        let place = extrinsics.binary_search_by_key(&index, |one| one.index);
        extrinsics.get_mut(place.ok()?)
    }
}

/// The outcome by the error that the event tells, as JSON.
fn outcome(succeeded: bool, error: Option<Value>) -> Outcome {
    if succeeded {
        return Outcome::Success;
    }
    match error {
        Some(Value::String(name)) => match name.split_once('.') {
            Some((pallet, error)) => Outcome::Error {
                pallet: Some(pallet.to_owned()),
                error: error.to_owned(),
            },
            None => Outcome::Error {
                pallet: None,
                error: name,
            },
        },
        other => Outcome::Error {
            pallet: None,
            error: other.map_or_else(|| "unknown".to_owned(), |other| other.to_string()),
        },
    }
}

fn extrinsic_error(index: u32, fault: &Fault) -> DecodeError {
    DecodeError::Extrinsic {
        index: index as usize,
        reason: fault.to_string(),
    }
}

fn event_error(index: u32, fault: &Fault) -> DecodeError {
    DecodeError::Event {
        index: index as usize,
        reason: fault.to_string(),
    }
}
