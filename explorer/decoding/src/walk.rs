//! The way over a value in search of entities and calls, without making anything of the rest.

use std::collections::BTreeSet;

use codec::{Compact, Decode};
use scale_decode::visitor::{
    types::{Array, Composite, Sequence, Tuple, Variant},
    DecodeAsTypeResult, DecodeError as ScaleError, Unexpected, Visitor,
};
use scale_info::PortableRegistry;
use xinglin_primitives::Entity;

use crate::{
    schema::{Name, Schema},
    shape::{self, Shape},
    Fault,
};

/// Calls within calls, beyond which a transaction is not looked into. The runtime decodes none that
/// are nested more deeply.
pub const CALL_DEPTH_MAX: u32 = 64;

/// What was met on the way.
#[derive(Debug, Default)]
pub(crate) struct Found<'s> {
    /// Calls in the order in which they stand, an outer one before those that it wraps.
    pub(crate) calls: Vec<Name<'s>>,
    pub(crate) entities: BTreeSet<Entity>,
}

/// Passes over one value.
struct Walk<'s, 'f> {
    schema: &'s Schema,
    found: &'f mut Found<'s>,
    /// Calls around this value.
    depth: u32,
}

impl Schema {
    /// Passes over a value of type `ty`, after which `input` begins with what follows it.
    pub(crate) fn walk<'s>(
        &'s self,
        ty: u32,
        input: &mut &[u8],
        found: &mut Found<'s>,
    ) -> Result<(), Fault> {
        let walk = Walk {
            schema: self,
            found,
            depth: 0,
        };
        scale_decode::visitor::decode_with_visitor(input, ty, &self.types, walk)
    }
}

impl<'s> Walk<'s, '_> {
    /// For what is within this value.
    fn within(&mut self) -> Walk<'s, '_> {
        Walk {
            schema: self.schema,
            found: self.found,
            depth: self.depth,
        }
    }

    fn mention(&mut self, ty: u32, number: u64) {
        let name = shape::name(&self.schema.types, ty);
        let entity = name.and_then(|name| Entity::of_type(name, number));
        self.found.entities.extend(entity);
    }

    /// Passes over what needs no visit; `false` if this does.
    fn pass(&mut self, input: &mut &[u8], ty: u32) -> Result<bool, Fault> {
        match self.schema.shape(ty) {
            Shape::Fixed(bytes) => {
                take(input, bytes)?;
            }
            Shape::List(bytes) => take_list(input, bytes)?,
            Shape::Compact => {
                Compact::<u128>::decode(input)?;
            }
            Shape::Entity(bytes) => {
                let mut number = [0; 8];
                number[..bytes].copy_from_slice(take(input, bytes)?);
                self.mention(ty, u64::from_le_bytes(number));
            }
            Shape::CompactEntity(inner) => {
                let number = Compact::<u64>::decode(input)?.0;
                self.mention(inner, number);
            }
            Shape::Call => {
                if self.depth >= CALL_DEPTH_MAX {
                    return Err(Fault::Depth);
                }
                self.depth += 1;
                self.found.calls.push(self.schema.call_name(input)?);
                return Ok(false);
            }
            Shape::Other => return Ok(false),
        }
        Ok(true)
    }
}

/// Takes bytes off the front.
pub(crate) fn take<'a>(input: &mut &'a [u8], bytes: usize) -> Result<&'a [u8], ScaleError> {
    let (taken, rest) = input
        .split_at_checked(bytes)
        .ok_or(ScaleError::NotEnoughInput)?;
    *input = rest;
    Ok(taken)
}

/// Takes a list of elements of so many bytes each off the front.
pub(crate) fn take_list(input: &mut &[u8], bytes: usize) -> Result<(), Fault> {
    let count = Compact::<u32>::decode(input)?.0 as usize;
    take(input, count.checked_mul(bytes).ok_or(Fault::Length)?)?;
    Ok(())
}

impl<'s> Visitor for Walk<'s, '_> {
    type Value<'scale, 'resolver> = ();
    type Error = Fault;
    type TypeResolver = PortableRegistry;

    fn unchecked_decode_as_type<'scale, 'resolver>(
        mut self,
        input: &mut &'scale [u8],
        ty: u32,
        _: &'resolver PortableRegistry,
    ) -> DecodeAsTypeResult<Self, Result<Self::Value<'scale, 'resolver>, Fault>> {
        match self.pass(input, ty) {
            Ok(true) => DecodeAsTypeResult::Decoded(Ok(())),
            Ok(false) => DecodeAsTypeResult::Skipped(self),
            Err(fault) => DecodeAsTypeResult::Decoded(Err(fault)),
        }
    }

    /// A value without parts: there is nothing in it.
    fn visit_unexpected<'scale, 'resolver>(
        self,
        _: Unexpected,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        Ok(())
    }

    fn visit_sequence<'scale, 'resolver>(
        mut self,
        items: &mut Sequence<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        while let Some(item) = items.decode_item(self.within()) {
            item?;
        }
        Ok(())
    }

    fn visit_array<'scale, 'resolver>(
        mut self,
        items: &mut Array<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        while let Some(item) = items.decode_item(self.within()) {
            item?;
        }
        Ok(())
    }

    fn visit_tuple<'scale, 'resolver>(
        mut self,
        items: &mut Tuple<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        while let Some(item) = items.decode_item(self.within()) {
            item?;
        }
        Ok(())
    }

    fn visit_composite<'scale, 'resolver>(
        mut self,
        fields: &mut Composite<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        while let Some(field) = fields.decode_item(self.within()) {
            field?;
        }
        Ok(())
    }

    fn visit_variant<'scale, 'resolver>(
        mut self,
        variant: &mut Variant<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, Fault> {
        let fields = variant.fields();
        while let Some(field) = fields.decode_item(self.within()) {
            field?;
        }
        Ok(())
    }
}
