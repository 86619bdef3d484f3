//! Values of any type of the metadata, for tests.

use codec::{Compact, Encode};
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef, TypeDefPrimitive, Variant};
use xinglin_runtime::Runtime;

use crate::{schema::Schema, METADATA_VERSION};

/// 2025-06-02T00:00Z, which every number of 64 bits is.
pub(crate) const INSTANT_MS: u64 = 1_748_822_400_000;
/// 2025-06-02, which every number of 32 bits is.
pub(crate) const DAYS: u32 = 20_241;

/// The schema of the runtime.
pub(crate) fn schema() -> Schema {
    let metadata = Runtime::metadata_at_version(METADATA_VERSION).unwrap();
    Schema::read(&metadata).unwrap()
}

/// Encodes values one after the other.
pub(crate) struct Samples<'t, F> {
    types: &'t PortableRegistry,
    /// Chooses one of so many: variants, and numbers of items.
    choose: F,
    pub(crate) bytes: Vec<u8>,
    /// `false` if a type was met that has no values.
    pub(crate) is_possible: bool,
    /// How many values were of the type of dates.
    pub(crate) dates: usize,
    /// The types of the fields, as the sources write them.
    type_names: Vec<&'t str>,
}

impl<'t, F: FnMut(usize) -> usize> Samples<'t, F> {
    pub(crate) fn new(types: &'t PortableRegistry, choose: F) -> Self {
        Self {
            types,
            choose,
            bytes: Vec::new(),
            is_possible: true,
            dates: 0,
            type_names: Vec::new(),
        }
    }

    /// How often the types of the fields have this word in them.
    pub(crate) fn words(&self, word: &str) -> usize {
        let names = self.type_names.iter();
        let words = names.flat_map(|name| name.split(|char: char| !char.is_alphanumeric()));
        words.filter(|one| *one == word).count()
    }

    /// Adds a value of a type.
    pub(crate) fn value(&mut self, ty: u32) {
        let types = self.types;
        let ty = types.resolve(ty).unwrap();
        match &ty.type_def {
            TypeDef::Composite(composite) => {
                let name = ty.path.segments.last();
                self.dates += usize::from(name.is_some_and(|name| name == "Date"));
                self.fields(&composite.fields);
            }
            TypeDef::Variant(variants) => match variants.variants.len() {
                0 => self.is_possible = false,
                count => {
                    let chosen = (self.choose)(count);
                    self.variant(&variants.variants[chosen]);
                }
            },
            TypeDef::Sequence(sequence) => {
                let count = (self.choose)(3);
                self.bytes.extend(Compact(count as u32).encode());
                (0..count).for_each(|_| self.value(sequence.type_param.id));
            }
            TypeDef::Array(array) => {
                (0..array.len).for_each(|_| self.value(array.type_param.id));
            }
            TypeDef::Tuple(tuple) => {
                for field in &tuple.fields {
                    self.value(field.id);
                }
            }
            TypeDef::Primitive(primitive) => self.primitive(primitive),
            TypeDef::Compact(compact) => self.compact(compact.type_param.id),
            TypeDef::BitSequence(_) => self.bytes.push(0),
        }
    }

    /// Adds a variant of an enum.
    pub(crate) fn variant(&mut self, variant: &'t Variant<PortableForm>) {
        self.bytes.push(variant.index);
        self.fields(&variant.fields);
    }

    fn fields(&mut self, fields: &'t [Field<PortableForm>]) {
        for field in fields {
            self.type_names.extend(field.type_name.as_deref());
            self.value(field.ty.id);
        }
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive) {
        use TypeDefPrimitive as P;
        match primitive {
            P::Bool | P::U8 | P::I8 => self.bytes.push(1),
            // Without letters.
            P::Str => self.bytes.push(0),
            P::U16 | P::I16 => self.bytes.extend([1, 0]),
            P::Char => self.bytes.extend(97u32.encode()),
            P::U32 | P::I32 => self.bytes.extend(DAYS.encode()),
            P::U64 | P::I64 => self.bytes.extend(INSTANT_MS.encode()),
            P::U128 | P::I128 => self.bytes.extend([1; 16]),
            P::U256 | P::I256 => self.bytes.extend([1; 32]),
        }
    }

    /// Adds a number of its own length.
    fn compact(&mut self, ty: u32) {
        let types = self.types;
        match &types.resolve(ty).unwrap().type_def {
            TypeDef::Composite(composite) => self.compact(composite.fields[0].ty.id),
            // Nothing in its own length is not decoded.
            TypeDef::Tuple(_) => self.is_possible = false,
            TypeDef::Primitive(TypeDefPrimitive::U64) => {
                self.bytes.extend(Compact(INSTANT_MS).encode());
            }
            TypeDef::Primitive(TypeDefPrimitive::U32) => {
                self.bytes.extend(Compact(DAYS).encode());
            }
            _ => self.bytes.extend(Compact(1u8).encode()),
        }
    }
}
