//! Values as JSON, by the names of their types.

use codec::{Compact, Decode};
use scale_decode::visitor::{
    types::{Array, BitSequence, Composite, Sequence, Str, Tuple, Variant},
    DecodeAsTypeResult, DecodeError as ScaleError, Visitor,
};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use serde_json::{json, Map, Value};
use sp_core::Hasher;
use xinglin_primitives::{AccountId, Hashing};

use crate::{
    schema::Schema,
    shape::Shape,
    times::{Place, Time},
    walk::take,
};

/// Integers up to this are JSON numbers, since every reader keeps them exact: 2⁵³ − 1. Larger ones
/// are text.
pub const EXACT_MAX: u128 = (1 << 53) - 1;
/// Byte strings of blocks up to this length are given whole, longer ones by length and hash.
pub const BYTES_WHOLE_MAX: usize = 1_024;

/// For whom JSON is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// For people: times are ISO 8601, and byte strings longer than [`BYTES_WHOLE_MAX`] are given by
    /// length and hash.
    Shown,
    /// For programs: times are the numbers that the chain has, and byte strings are given whole.
    Exact,
}

/// Makes JSON of one value.
#[derive(Clone, Copy)]
struct Json<'s> {
    schema: &'s Schema,
    style: Style,
    /// What times it is or holds, if times are shown.
    time: Option<Time>,
}

impl Schema {
    /// The JSON of a value of type `ty`, after which `input` begins with what follows it.
    pub(crate) fn json(
        &self,
        ty: u32,
        input: &mut &[u8],
        style: Style,
    ) -> Result<Value, ScaleError> {
        let json = Json {
            schema: self,
            style,
            time: None,
        };
        scale_decode::visitor::decode_with_visitor(input, ty, &self.types, json)
    }

    /// `Pallet.Error` for an error of a pallet, else what it is.
    fn named_error(&self, error: Value) -> Value {
        let name = || {
            let module = error.get("Module")?;
            let pallet = u8::try_from(module.get("index")?.as_u64()?).ok()?;
            let code = module.get("error")?.as_str()?;
            let code = u8::from_str_radix(code.strip_prefix("0x")?.get(..2)?, 16).ok()?;
            self.error_name(pallet, code)
        };
        name().map_or_else(|| error.clone(), |name| name.to_string().into())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> Value {
    format!("0x{}", hex::encode(bytes)).into()
}

fn natural(number: u128) -> Value {
    match u64::try_from(number) {
        Ok(exact) if number <= EXACT_MAX => exact.into(),
        _ => number.to_string().into(),
    }
}

fn integer(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(exact) if number.unsigned_abs() <= EXACT_MAX => exact.into(),
        _ => number.to_string().into(),
    }
}

impl Json<'_> {
    /// Bytes and accounts are taken as they are, not one by one; `None` for anything else.
    fn flat(&self, input: &mut &[u8], ty: u32) -> Result<Option<Value>, ScaleError> {
        if self.schema.is(ty, "AccountId32") {
            let account = <[u8; 32]>::decode(input)?;
            return Ok(Some(json!(AccountId::new(account))));
        }
        let types = &self.schema.types;
        let is_byte = |ty: u32| {
            let definition = types.resolve(ty).map(|ty| &ty.type_def);
            matches!(definition, Some(TypeDef::Primitive(TypeDefPrimitive::U8)))
        };
        let bytes = match types.resolve(ty).map(|ty| &ty.type_def) {
            Some(TypeDef::Array(array)) if is_byte(array.type_param.id) => {
                take(input, array.len as usize)?
            }
            Some(TypeDef::Sequence(sequence)) if is_byte(sequence.type_param.id) => {
                let length = Compact::<u32>::decode(input)?.0 as usize;
                take(input, length)?
            }
            _ => return Ok(None),
        };
        Ok(Some(self.bytes(bytes)))
    }

    fn bytes(&self, bytes: &[u8]) -> Value {
        if self.style == Style::Exact || bytes.len() <= BYTES_WHOLE_MAX {
            return hex(bytes);
        }
        json!({ "bytes": bytes.len(), "blake2_256": hex(Hashing::hash(bytes).as_bytes()) })
    }

    /// A number as wide as times of a kind are.
    fn number(&self, number: u64, kind: Time) -> Value {
        let is_one = self.time == Some(kind);
        let text = is_one.then(|| kind.iso(number)).flatten();
        text.map_or_else(|| natural(number.into()), Value::from)
    }

    /// For a field of this.
    fn field(self, place: Place) -> Self {
        let time = match self.style {
            Style::Shown => self.schema.times.at(place, self.time),
            Style::Exact => None,
        };
        Self { time, ..self }
    }

    /// The fields of a struct or variant, by its type and the variant's index: an object if they have
    /// names, the one field by itself, else a list.
    fn fields(
        self,
        fields: &mut Composite<'_, '_, PortableRegistry>,
        (ty, variant): (u32, u8),
    ) -> Result<Value, ScaleError> {
        let field = |place: usize| self.field((ty, variant, place));
        if !fields.has_unnamed_fields() {
            let mut object = Map::new();
            while let Some(name) = fields.peek_name() {
                let Some(value) = fields.decode_item(field(object.len())) else {
                    break;
                };
                object.insert(name.to_owned(), value?);
            }
            return Ok(match object.is_empty() {
                true => Value::Null,
                false => object.into(),
            });
        }
        let mut values = Vec::new();
        while let Some(value) = fields.decode_item(field(values.len())) {
            values.push(value?);
        }
        Ok(one_or_list(values))
    }
}

fn one_or_list(mut values: Vec<Value>) -> Value {
    match (values.pop(), values.is_empty()) {
        (None, _) => Value::Null,
        (Some(only), true) => only,
        (Some(last), false) => {
            values.push(last);
            values.into()
        }
    }
}

/// The methods for numbers.
macro_rules! numbers {
    ($($method:ident($number:ty) = $json:ident,)*) => {
        $(fn $method<'scale, 'resolver>(
            self,
            number: $number,
            _: u32,
        ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
            Ok($json(number.into()))
        })*
    };
}

impl Visitor for Json<'_> {
    type Value<'scale, 'resolver> = Value;
    type Error = ScaleError;
    type TypeResolver = PortableRegistry;

    numbers! {
        visit_u8(u8) = natural,
        visit_u16(u16) = natural,
        visit_u128(u128) = natural,
        visit_i8(i8) = integer,
        visit_i16(i16) = integer,
        visit_i32(i32) = integer,
        visit_i64(i64) = integer,
        visit_i128(i128) = integer,
    }

    fn unchecked_decode_as_type<'scale, 'resolver>(
        self,
        input: &mut &'scale [u8],
        ty: u32,
        _: &'resolver PortableRegistry,
    ) -> DecodeAsTypeResult<Self, Result<Self::Value<'scale, 'resolver>, ScaleError>> {
        match self.flat(input, ty).transpose() {
            Some(done) => DecodeAsTypeResult::Decoded(done),
            None => DecodeAsTypeResult::Skipped(self),
        }
    }

    fn visit_u32<'scale, 'resolver>(
        self,
        number: u32,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        Ok(self.number(number.into(), Time::Date))
    }

    fn visit_u64<'scale, 'resolver>(
        self,
        number: u64,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        Ok(self.number(number, Time::Instant))
    }

    fn visit_u256<'resolver>(
        self,
        number: &[u8; 32],
        _: u32,
    ) -> Result<Self::Value<'_, 'resolver>, ScaleError> {
        Ok(hex(number))
    }

    fn visit_i256<'resolver>(
        self,
        number: &[u8; 32],
        _: u32,
    ) -> Result<Self::Value<'_, 'resolver>, ScaleError> {
        Ok(hex(number))
    }

    fn visit_bool<'scale, 'resolver>(
        self,
        is: bool,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        Ok(is.into())
    }

    fn visit_char<'scale, 'resolver>(
        self,
        char: char,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        Ok(char.to_string().into())
    }

    fn visit_str<'scale, 'resolver>(
        self,
        text: &mut Str<'scale>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        Ok(text.as_str()?.into())
    }

    fn visit_bitsequence<'scale, 'resolver>(
        self,
        bits: &mut BitSequence<'scale>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        let bits: Result<Vec<bool>, _> = bits.decode()?.collect();
        Ok(bits?.into())
    }

    fn visit_sequence<'scale, 'resolver>(
        self,
        items: &mut Sequence<'scale, 'resolver, PortableRegistry>,
        ty: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        // Any number of items without bytes takes no bytes: only their number says something.
        if self.schema.shape(ty) == Shape::List(0) {
            return Ok(items.remaining().into());
        }
        let mut values = Vec::new();
        while let Some(item) = items.decode_item(self) {
            values.push(item?);
        }
        Ok(values.into())
    }

    fn visit_array<'scale, 'resolver>(
        self,
        items: &mut Array<'scale, 'resolver, PortableRegistry>,
        ty: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        if self.schema.shape(ty) == Shape::Fixed(0) {
            return Ok(items.remaining().into());
        }
        let mut values = Vec::new();
        while let Some(item) = items.decode_item(self) {
            values.push(item?);
        }
        Ok(values.into())
    }

    fn visit_tuple<'scale, 'resolver>(
        self,
        items: &mut Tuple<'scale, 'resolver, PortableRegistry>,
        _: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        let mut values = Vec::new();
        while let Some(item) = items.decode_item(self) {
            values.push(item?);
        }
        Ok(one_or_list(values))
    }

    fn visit_composite<'scale, 'resolver>(
        self,
        fields: &mut Composite<'scale, 'resolver, PortableRegistry>,
        ty: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        self.fields(fields, (ty, 0))
    }

    fn visit_variant<'scale, 'resolver>(
        self,
        variant: &mut Variant<'scale, 'resolver, PortableRegistry>,
        ty: u32,
    ) -> Result<Self::Value<'scale, 'resolver>, ScaleError> {
        let (name, of) = (variant.name(), (ty, variant.index()));
        let fields = variant.fields();
        if self.schema.is(ty, "Option") {
            return match name {
                "Some" => self.fields(fields, of),
                _ => Ok(Value::Null),
            };
        }
        if fields.remaining() == 0 {
            return Ok(name.into());
        }
        let value = json!({ name: self.fields(fields, of)? });
        if self.schema.is(ty, "DispatchError") {
            return Ok(self.schema.named_error(value));
        }
        Ok(value)
    }
}
