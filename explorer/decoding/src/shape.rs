//! What to do at each type of the registry when only numbers of entities and names of calls are
//! looked for. Worked out once, so that the way over a block stops only where there is something.

use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use xinglin_primitives::Entity;

/// Types within types, beyond which a size is not worked out. Types of the runtime have a few.
pub(crate) const NESTING_MAX: u32 = 32;

/// How a value of one type is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Always this many bytes, and nothing in them.
    Fixed(usize),
    /// A list of elements of this many bytes each, with nothing in them.
    List(usize),
    /// A number of its own length, and not an entity's.
    Compact,
    /// The number of an entity in this many bytes.
    Entity(usize),
    /// The same in its own length, of the entity that this type stands for.
    CompactEntity(u32),
    /// A call.
    Call,
    /// Anything else: what is in it has to be looked at.
    Other,
}

/// The shape of each type, by its number.
pub(crate) fn shapes(types: &PortableRegistry, call_ty: Option<u32>) -> Vec<Shape> {
    let count = types.types.len();
    let mut sizes = Sizes {
        types,
        call_ty,
        known: vec![None; count],
    };
    (0u32..)
        .take(count)
        .map(|ty| {
            if Some(ty) == call_ty {
                return Shape::Call;
            }
            if let Some(bytes) = entity_bytes(types, ty) {
                return Shape::Entity(bytes);
            }
            match types.resolve(ty).map(|ty| &ty.type_def) {
                Some(TypeDef::Compact(compact)) => {
                    let inner = compact.type_param.id;
                    match entity_bytes(types, inner) {
                        Some(_) => Shape::CompactEntity(inner),
                        None => Shape::Compact,
                    }
                }
                Some(TypeDef::Sequence(sequence)) => sizes
                    .of(sequence.type_param.id, 0)
                    .map_or(Shape::Other, Shape::List),
                _ => sizes.of(ty, 0).map_or(Shape::Other, Shape::Fixed),
            }
        })
        .collect()
}

/// The last segment of a type's path.
pub(crate) fn name(types: &PortableRegistry, ty: u32) -> Option<&str> {
    let segments = &types.resolve(ty)?.path.segments;
    segments.last().map(String::as_str)
}

/// The bytes of an entity's number, if the type is that of one.
pub(crate) fn entity_bytes(types: &PortableRegistry, ty: u32) -> Option<usize> {
    Entity::of_type(name(types, ty)?, 0)?;
    let TypeDef::Composite(composite) = &types.resolve(ty)?.type_def else {
        return None;
    };
    let [field] = &composite.fields[..] else {
        return None;
    };
    match types.resolve(field.ty.id)?.type_def {
        TypeDef::Primitive(TypeDefPrimitive::U16) => Some(2),
        TypeDef::Primitive(TypeDefPrimitive::U32) => Some(4),
        TypeDef::Primitive(TypeDefPrimitive::U64) => Some(8),
        _ => None,
    }
}

/// Works out which types always have the same size, and nothing that is looked for in them.
struct Sizes<'a> {
    types: &'a PortableRegistry,
    call_ty: Option<u32>,
    /// What is known of each type; the inner `None` is one without a size.
    known: Vec<Option<Option<usize>>>,
}

impl Sizes<'_> {
    fn of(&mut self, ty: u32, nesting: u32) -> Option<usize> {
        let index = ty as usize;
        if let Some(known) = self.known.get(index)? {
            return *known;
        }
        // Stands while the parts are looked at, so that a type within itself ends.
        self.known[index] = Some(None);
        let size = self.work_out(ty, nesting);
        self.known[index] = Some(size);
        size
    }

    fn work_out(&mut self, ty: u32, nesting: u32) -> Option<usize> {
        let is_sought = Some(ty) == self.call_ty || entity_bytes(self.types, ty).is_some();
        if is_sought || nesting >= NESTING_MAX {
            return None;
        }
        let types = self.types;
        match &types.resolve(ty)?.type_def {
            TypeDef::Primitive(primitive) => primitive_bytes(primitive),
            TypeDef::Array(array) => {
                let element = self.of(array.type_param.id, nesting + 1)?;
                element.checked_mul(array.len as usize)
            }
            TypeDef::Tuple(tuple) => {
                self.sum(tuple.fields.iter().map(|field| field.id), nesting + 1)
            }
            TypeDef::Composite(composite) => {
                let fields = composite.fields.iter().map(|field| field.ty.id);
                self.sum(fields, nesting + 1)
            }
            // An enum is looked at, so that a wrong variant is noticed.
            _ => None,
        }
    }

    fn sum(&mut self, mut fields: impl Iterator<Item = u32>, nesting: u32) -> Option<usize> {
        fields.try_fold(0usize, |sum, field| {
            sum.checked_add(self.of(field, nesting)?)
        })
    }
}

/// The bytes of a number; `None` of what not all bytes are one of.
pub(crate) fn primitive_bytes(primitive: &TypeDefPrimitive) -> Option<usize> {
    use TypeDefPrimitive as P;
    match primitive {
        P::U8 | P::I8 => Some(1),
        P::U16 | P::I16 => Some(2),
        P::U32 | P::I32 => Some(4),
        P::U64 | P::I64 => Some(8),
        P::U128 | P::I128 => Some(16),
        P::U256 | P::I256 => Some(32),
        P::Bool | P::Char | P::Str => None,
    }
}
