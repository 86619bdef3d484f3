//! Blocks: transactions with what became of them, and events.

use std::collections::BTreeSet;

use codec::{Compact, Decode};
use serde_json::{Map, Value};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Entity, Hash};

use crate::{
    extrinsic::is_bare,
    json::BYTES_WHOLE_MAX,
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
    /// The arguments by name. Byte strings longer than [`BYTES_WHOLE_MAX`] are an object
    /// `{bytes, blake2_256}` of their length and hash.
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
    /// The fields, by name if they have names. An error of a pallet is `Pallet.Error`.
    pub fields: Value,
    /// What it mentions.
    pub entities: BTreeSet<Entity>,
}

/// What was taken apart of a block. Of what nobody wants nothing is known but that it is there.
struct Taken<'s, 'b> {
    time_ms: Option<u64>,
    extrinsics: Vec<Option<TakenExtrinsic<'s, 'b>>>,
    events: Vec<Option<TakenEvent<'s, 'b>>>,
}

struct TakenExtrinsic<'s, 'b> {
    outline: OutlinedExtrinsic<'s>,
    /// The encoded call.
    call: &'b [u8],
}

struct TakenEvent<'s, 'b> {
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
        let extrinsics = taken.extrinsics.into_iter().flatten();
        let events = taken.events.into_iter().flatten();
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
        let mut events = Vec::new();
        let mut errors = vec![None; taken.extrinsics.len()];
        for (index, event) in taken.events.into_iter().enumerate() {
            let Some(TakenEvent { outline, encoded }) = event else {
                continue;
            };
            let (ty, bytes) = encoded;
            let fault = |fault: Fault| event_error(index, &fault);
            let fields = self.within_enum(ty, bytes).map_err(fault)?;
            if let (FAILED_EVENT, Some(extrinsic)) = (outline.event, outline.extrinsic) {
                errors[extrinsic as usize] = fields.get("dispatch_error").cloned();
            }
            events.push(DecodedEvent {
                index: number(index),
                extrinsic: outline.extrinsic,
                pallet: outline.event.pallet.to_owned(),
                event: outline.event.name.to_owned(),
                fields,
                entities: outline.entities,
            });
        }
        let mut extrinsics = Vec::new();
        let taken_extrinsics = taken.extrinsics.into_iter().zip(errors);
        for (index, (extrinsic, error)) in taken_extrinsics.enumerate() {
            let Some(TakenExtrinsic { outline, call }) = extrinsic else {
                continue;
            };
            let fault = |fault: Fault| extrinsic_error(index, &fault);
            let ty = self.call_type(call).map_err(fault)?;
            let name = |name: Name<'_>| (name.pallet.to_owned(), name.name.to_owned());
            let (pallet, call_name) = name(outline.call);
            extrinsics.push(DecodedExtrinsic {
                index: number(index),
                hash: extrinsic_hash(body[index].as_ref()),
                signer: outline.signer,
                nonce: outline.nonce,
                pallet,
                call: call_name,
                wrapped: outline.wrapped.into_iter().map(name).collect(),
                arguments: self.within_enum(ty, &call[1..]).map_err(fault)?,
                outcome: outcome(outline.succeeded, error),
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
        let mut taken = Taken {
            time_ms: None,
            extrinsics: Vec::with_capacity(body.len()),
            events: Vec::new(),
        };
        for (index, bytes) in body.iter().enumerate() {
            let (bytes, is_wanted) = (bytes.as_ref(), is_wanted(number(index)));
            // The block's time is among what nobody has signed.
            if !is_wanted && !is_bare(bytes) {
                taken.extrinsics.push(None);
                continue;
            }
            let parts = self.parts(bytes);
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
            taken.extrinsics.push(is_wanted.then(|| TakenExtrinsic {
                outline: OutlinedExtrinsic {
                    signer: parts.signer,
                    nonce: parts.nonce,
                    call,
                    wrapped: names.collect(),
                    succeeded: true,
                    entities: parts.found.entities,
                },
                call: parts.call,
            }));
        }
        self.take_events(encoded_events, is_event_wanted, &mut taken)?;
        Ok(taken)
    }

    /// Adds the events, and what they say of the transactions.
    fn take_events<'s, 'b>(
        &'s self,
        encoded: &'b [u8],
        is_wanted: impl Fn(u32, Option<u32>) -> bool,
        taken: &mut Taken<'s, 'b>,
    ) -> Result<(), DecodeError> {
        let mut rest = encoded;
        if rest.is_empty() {
            return Ok(());
        }
        let count = Compact::<u32>::decode(&mut rest);
        let count = count.map_err(|_| DecodeError::Events("their number is cut short"))?;
        for index in 0..count.0 as usize {
            let parts = self
                .event_parts(&mut rest, |extrinsic| is_wanted(number(index), extrinsic))
                .map_err(|fault| event_error(index, &fault))?;
            let owner = match parts.extrinsic {
                Some(extrinsic) => {
                    let owner = taken.extrinsics.get_mut(extrinsic as usize);
                    owner.ok_or(DecodeError::Events(
                        "one belongs to a transaction that the block does not have",
                    ))?
                }
                None => &mut None,
            };
            let Some(found) = parts.found else {
                taken.events.push(None);
                continue;
            };
            if let Some(TakenExtrinsic { outline, .. }) = owner {
                outline.entities.extend(&found.entities);
                outline.succeeded &= parts.name != FAILED_EVENT;
            }
            taken.events.push(Some(TakenEvent {
                outline: OutlinedEvent {
                    extrinsic: parts.extrinsic,
                    event: parts.name,
                    entities: found.entities,
                },
                encoded: (parts.ty, parts.event),
            }));
        }
        match rest {
            [] => Ok(()),
            _ => Err(DecodeError::Events("bytes follow the last one")),
        }
    }

    /// The fields of a value of an enum: an empty object if there are none.
    fn within_enum(&self, ty: u32, mut bytes: &[u8]) -> Result<Value, Fault> {
        let value = self.json(ty, &mut bytes, BYTES_WHOLE_MAX)?;
        Ok(match value {
            Value::Object(one) => one.into_iter().next().map_or(Value::Null, |(_, it)| it),
            _ => Value::Object(Map::new()),
        })
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

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn extrinsic_error(index: usize, fault: &Fault) -> DecodeError {
    DecodeError::Extrinsic {
        index,
        reason: fault.to_string(),
    }
}

fn event_error(index: usize, fault: &Fault) -> DecodeError {
    DecodeError::Event {
        index,
        reason: fault.to_string(),
    }
}
