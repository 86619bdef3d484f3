//! The way over events of which nothing is wanted.
//!
//! A page of operations takes a few events out of blocks of thousands. The others are passed over by
//! steps that are worked out of the metadata once; mostly it is one, over all bytes of an event. They
//! take the same bytes as the [way in search of something](crate::walk), and refuse what it refuses.

use std::iter::once;

use codec::{Compact, Decode};
use scale_decode::visitor::DecodeError as ScaleError;
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive};

use crate::{
    schema::Schema,
    shape::{entity_bytes, primitive_bytes, NESTING_MAX},
    walk::{take, take_list, Found},
    Fault,
};

/// Steps that are worked out at most, and places of variants. The events of the runtime take a few
/// thousand.
const STEPS_MAX: usize = 65_536;

/// Steps, one after the other.
pub(crate) type Way = Vec<Step>;

/// Over one part of a value.
#[derive(Debug)]
pub(crate) enum Step {
    /// So many bytes, whatever they are.
    Bytes(usize),
    /// One byte, not all of which are one.
    Bool,
    /// A number of its own length.
    Compact,
    /// A list of elements of so many bytes each, whatever they are.
    List(usize),
    /// A list, with the way over each element.
    Each(Way),
    /// A variant by its index, with the way over what it holds; `None` where there is no such variant.
    Variant(Vec<Option<Way>>),
    /// What takes more: a value of this type.
    Walk(u32),
}

/// The way over values of type `ty`.
pub(crate) fn way(types: &PortableRegistry, call_ty: u32, ty: u32) -> Way {
    let mut ways = Ways {
        types,
        call_ty,
        left: STEPS_MAX,
    };
    ways.over(once(ty), 0)
}

/// Works out ways.
struct Ways<'a> {
    types: &'a PortableRegistry,
    call_ty: u32,
    /// Steps that may still be worked out.
    left: usize,
}

impl Ways<'_> {
    /// Over values of some types that follow each other.
    fn over(&mut self, types: impl Iterator<Item = u32>, nesting: u32) -> Way {
        let mut way = Way::new();
        for ty in types {
            self.add(ty, nesting, &mut way);
        }
        way
    }

    fn add(&mut self, ty: u32, nesting: u32, way: &mut Way) {
        let is_too_much = nesting >= NESTING_MAX || self.left == 0;
        if is_too_much || ty == self.call_ty {
            return push(way, Step::Walk(ty));
        }
        self.left -= 1;
        let types = self.types;
        let nesting = nesting + 1;
        match types.resolve(ty).map(|ty| &ty.type_def) {
            Some(TypeDef::Tuple(tuple)) => {
                for field in &tuple.fields {
                    self.add(field.id, nesting, way);
                }
            }
            Some(TypeDef::Composite(composite)) => {
                for field in &composite.fields {
                    self.add(field.ty.id, nesting, way);
                }
            }
            Some(definition) => push(way, self.step(ty, definition, nesting)),
            None => push(way, Step::Walk(ty)),
        }
    }

    fn step(&mut self, ty: u32, definition: &TypeDef<PortableForm>, nesting: u32) -> Step {
        match definition {
            TypeDef::Primitive(TypeDefPrimitive::Bool) => Step::Bool,
            TypeDef::Primitive(primitive) => {
                primitive_bytes(primitive).map_or(Step::Walk(ty), Step::Bytes)
            }
            TypeDef::Compact(compact) => match entity_bytes(self.types, compact.type_param.id) {
                Some(_) => Step::Walk(ty),
                None => Step::Compact,
            },
            TypeDef::Sequence(sequence) => {
                let element = self.over(once(sequence.type_param.id), nesting);
                let may_be_empty = |step: &Step| matches!(step, Step::Bytes(0) | Step::Walk(_));
                match bytes_of(&element) {
                    Some(bytes) => Step::List(bytes),
                    // Any number of such elements may take no bytes.
                    None if element.iter().all(may_be_empty) => Step::Walk(ty),
                    None => Step::Each(element),
                }
            }
            TypeDef::Array(array) => {
                let element = self.over(once(array.type_param.id), nesting);
                let bytes = bytes_of(&element);
                let bytes = bytes.and_then(|bytes| bytes.checked_mul(array.len as usize));
                bytes.map_or(Step::Walk(ty), Step::Bytes)
            }
            TypeDef::Variant(variants) => {
                let mut ways = Vec::new();
                for variant in &variants.variants {
                    let index = usize::from(variant.index);
                    if ways.len() <= index {
                        ways.resize_with(index + 1, || None);
                    }
                    // Of two with one index, the first counts.
                    if ways[index].is_none() {
                        let fields = variant.fields.iter().map(|field| field.ty.id);
                        ways[index] = Some(self.over(fields, nesting));
                    }
                }
                self.left = self.left.saturating_sub(ways.len());
                Step::Variant(ways)
            }
            TypeDef::Tuple(_) | TypeDef::Composite(_) | TypeDef::BitSequence(_) => Step::Walk(ty),
        }
    }
}

/// Adds a step. Those over mere bytes become one.
fn push(way: &mut Way, step: Step) {
    if let (Some(Step::Bytes(before)), Step::Bytes(more)) = (way.last_mut(), &step) {
        *before = before.saturating_add(*more);
        return;
    }
    way.push(step);
}

/// The bytes of a way that has the same number always, whatever they are.
fn bytes_of(way: &Way) -> Option<usize> {
    match way[..] {
        [] => Some(0),
        [Step::Bytes(bytes)] => Some(bytes),
        _ => None,
    }
}

impl Schema {
    /// Passes over a value of type `ty` of which nothing is wanted.
    pub(crate) fn skip(&self, ty: u32, input: &mut &[u8]) -> Result<(), Fault> {
        self.walk(ty, input, &mut Found::default())
    }

    /// Passes over an event of which nothing is wanted, its pallet's index included.
    pub(crate) fn skip_event(&self, input: &mut &[u8]) -> Result<(), Fault> {
        let start = *input;
        let passed = self.follow(&self.event_way, input);
        // That there is no such event is said with its numbers.
        passed.map_err(|fault| self.event_name(start).err().unwrap_or(fault))
    }

    fn follow(&self, way: &[Step], input: &mut &[u8]) -> Result<(), Fault> {
        for step in way {
            match step {
                Step::Bytes(bytes) => {
                    take(input, *bytes)?;
                }
                Step::Bool => {
                    bool::decode(input)?;
                }
                Step::Compact => {
                    Compact::<u128>::decode(input)?;
                }
                Step::List(bytes) => take_list(input, *bytes)?,
                Step::Each(way) => {
                    // Each takes a byte at least, so that the input ends the longest list.
                    let count = Compact::<u64>::decode(input)?.0;
                    for _ in 0..count {
                        self.follow(way, input)?;
                    }
                }
                Step::Variant(ways) => {
                    let index = u8::decode(input)?;
                    let way = ways.get(usize::from(index)).and_then(Option::as_ref);
                    let way = way.ok_or(ScaleError::VariantNotFound(index))?;
                    self.follow(way, input)?;
                }
                Step::Walk(ty) => self.skip(*ty, input)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, Samples};

    /// Values of each event.
    const ROUNDS: usize = 4;

    /// Chooses differently each time, and the same in each run.
    fn chooser() -> impl FnMut(usize) -> usize {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move |count| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % count as u64) as usize
        }
    }

    /// Values of all events, each several times.
    fn events(schema: &Schema) -> Vec<Vec<u8>> {
        let variants = |ty: u32| match schema.types.resolve(ty).map(|ty| &ty.type_def) {
            Some(TypeDef::Variant(variants)) => &variants.variants[..],
            other => panic!("{other:?}"),
        };
        let mut choose = chooser();
        let mut events = Vec::new();
        for pallet in variants(schema.extrinsic.event) {
            for event in variants(pallet.fields[0].ty.id) {
                for _ in 0..ROUNDS {
                    let mut sample = Samples::new(&schema.types, &mut choose);
                    sample.bytes.push(pallet.index);
                    sample.variant(event);
                    events.push(sample.bytes);
                }
            }
        }
        events
    }

    /// Whether bytes are an event, and where it ends: both ways say the same.
    fn passed(schema: &Schema, bytes: &[u8]) -> Option<usize> {
        let (mut walked, mut skipped) = (bytes, bytes);
        let walk = schema.skip(schema.extrinsic.event, &mut walked);
        let skip = schema.skip_event(&mut skipped);
        let walk = walk.ok().map(|()| walked.len());
        let skip = skip.ok().map(|()| skipped.len());
        assert_eq!(walk, skip, "{}", hex::encode(bytes));
        skip
    }

    #[test]
    fn skipping_is_as_looking_without_finding() {
        let schema = samples::schema();
        let mut passed_whole = 0;
        let events = events(&schema);
        for event in &events {
            let followed = [&event[..], &[1, 2, 3]].concat();
            passed_whole += usize::from(passed(&schema, &followed) == Some(3));
            for length in 0..event.len() {
                passed(&schema, &event[..length]);
            }
            let mut wrong = followed;
            for index in 0..event.len() {
                for flip in [1, 0x80, 0xff] {
                    wrong[index] ^= flip;
                    passed(&schema, &wrong);
                    wrong[index] ^= flip;
                }
            }
        }
        // Few have a part without values.
        assert!(passed_whole > events.len() * 9 / 10, "{passed_whole}");
    }

    #[test]
    fn what_is_not_there_is_told_by_its_numbers() {
        let schema = samples::schema();
        for bytes in [[250, 0], [0, 250]] {
            let error = schema.skip_event(&mut &bytes[..]).unwrap_err();
            assert!(matches!(error, Fault::Unknown { .. }), "{error}");
        }
    }

    /// Whether a way takes more than steps somewhere.
    fn has_walk(way: &Way) -> bool {
        way.iter().any(|step| match step {
            Step::Walk(_) => true,
            Step::Each(way) => has_walk(way),
            Step::Variant(ways) => ways.iter().flatten().any(has_walk),
            _ => false,
        })
    }

    #[test]
    fn steps_lead_over_all_events_of_the_runtime() {
        let schema = samples::schema();
        let [Step::Variant(pallets)] = &schema.event_way[..] else {
            panic!("{:?}", schema.event_way);
        };
        for (pallet, way) in pallets.iter().enumerate() {
            assert!(!way.as_ref().is_some_and(has_walk), "pallet {pallet}");
        }
    }

    #[test]
    fn a_booking_is_one_step() {
        let schema = samples::schema();
        let is_booking = |event: &Vec<u8>| {
            let (name, _) = schema.event_name(event).unwrap();
            (name.pallet, name.name) == ("Appointments", "Booked")
        };
        let booking = events(&schema).into_iter().find(is_booking).unwrap();
        let [pallet, event] = [booking[0], booking[1]].map(usize::from);
        let within = |way: &Way, index: usize| match &way[..] {
            [Step::Variant(ways)] => ways[index].as_ref().map(bytes_of),
            other => panic!("{other:?}"),
        };
        let Step::Variant(pallets) = &schema.event_way[0] else {
            panic!("{:?}", schema.event_way);
        };
        let bytes = within(pallets[pallet].as_ref().unwrap(), event);
        assert_eq!(bytes, Some(Some(booking.len() - 2)));
    }
}
