//! Answers of the runtime as JSON, by the names of its metadata.

use std::collections::BTreeMap;

use codec::Decode;
use frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use scale_value::{Composite, Primitive, Value as ScaleValue, ValueDef, Variant};
use serde_json::{json, Map, Value};
use xinglin_primitives::AccountId;

/// The version of the metadata that describes the runtime's functions.
pub(crate) const METADATA_VERSION: u32 = 15;
/// Integers up to this are JSON numbers, since every reader keeps them exact: 2⁵³ − 1.
const EXACT_MAX: u128 = (1 << 53) - 1;

/// What the runtime's functions return, and what its errors are called.
pub(crate) struct Schema {
    types: PortableRegistry,
    /// Type of the output by `Api_function`.
    outputs: BTreeMap<String, u32>,
    /// Name and type of the errors by the pallet's index.
    errors: BTreeMap<u8, (String, u32)>,
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// What was asked.
    Found(Value),
    /// The error that the rules give instead.
    Refused(Value),
}

impl Schema {
    /// Reads the metadata of version [`METADATA_VERSION`]; `None` if it is not that.
    pub(crate) fn read(metadata: &[u8]) -> Option<Self> {
        let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).ok()?;
        let RuntimeMetadata::V15(RuntimeMetadataV15 {
            types,
            pallets,
            apis,
            ..
        }) = metadata.1
        else {
            return None;
        };
        let functions = apis.into_iter().flat_map(|api| {
            let name = api.name;
            api.methods
                .into_iter()
                .map(move |method| (format!("{name}_{}", method.name), method.output.id))
        });
        let errors = pallets
            .into_iter()
            .filter_map(|pallet| Some((pallet.index, (pallet.name, pallet.error?.ty.id))));
        Some(Self {
            outputs: functions.collect(),
            errors: errors.collect(),
            types,
        })
    }

    /// The output of a function as JSON; `None` if the metadata does not describe it.
    pub(crate) fn answer(&self, function: &str, output: &[u8]) -> Option<Answer> {
        let ty = *self.outputs.get(function)?;
        let value = scale_value::scale::decode_as_type(&mut &output[..], ty, &self.types).ok()?;
        if self.is(ty, "Result") {
            if let ValueDef::Variant(Variant { name, values }) = value.value {
                let inner = self.fields(values);
                return Some(match name.as_str() {
                    "Ok" => Answer::Found(inner),
                    _ => Answer::Refused(self.named_error(inner)),
                });
            }
            return None;
        }
        Some(Answer::Found(self.json(value)))
    }

    /// Whether a type is called `name`.
    fn is(&self, ty: u32, name: &str) -> bool {
        let path = self.types.resolve(ty).map(|ty| &ty.path.segments);
        path.and_then(|segments| segments.last())
            .is_some_and(|last| last == name)
    }

    fn json(&self, value: ScaleValue<u32>) -> Value {
        let ty = value.context;
        match value.value {
            ValueDef::Primitive(primitive) => primitive_json(primitive),
            ValueDef::BitSequence(bits) => bits.iter().collect(),
            ValueDef::Variant(Variant { name, values }) if self.is(ty, "Option") => {
                match name.as_str() {
                    "Some" => self.fields(values),
                    _ => Value::Null,
                }
            }
            ValueDef::Variant(Variant { name, values }) if values.is_empty() => name.into(),
            ValueDef::Variant(Variant { name, values }) => {
                let mut one = Map::new();
                one.insert(name, self.fields(values));
                one.into()
            }
            ValueDef::Composite(composite) => self.composite(ty, composite),
        }
    }

    /// A struct, tuple, array or list.
    fn composite(&self, ty: u32, composite: Composite<u32>) -> Value {
        let definition = self.types.resolve(ty).map(|ty| &ty.type_def);
        let element = match definition {
            Some(TypeDef::Array(array)) => Some(array.type_param.id),
            Some(TypeDef::Sequence(sequence)) => Some(sequence.type_param.id),
            _ => None,
        };
        match element {
            Some(element) if self.is_byte(element) => {
                let bytes: Vec<u8> = bytes_of(composite);
                xinglin_rpc_api::bytes::to_hex(&bytes).into()
            }
            Some(_) => composite
                .into_values()
                .map(|item| self.json(item))
                .collect(),
            None if self.is(ty, "AccountId32") => {
                let bytes: Vec<u8> = composite.into_values().flat_map(inner_bytes).collect();
                match <[u8; 32]>::try_from(bytes) {
                    Ok(account) => json!(AccountId::new(account)),
                    Err(_) => Value::Null,
                }
            }
            None => self.fields(composite),
        }
    }

    /// The fields of a struct or variant: an object if they have names, the one field by itself,
    /// else a list.
    fn fields(&self, composite: Composite<u32>) -> Value {
        match composite {
            Composite::Named(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, self.json(value)));
                Value::Object(fields.collect())
            }
            Composite::Unnamed(mut values) => match (values.pop(), values.is_empty()) {
                (None, _) => Value::Null,
                (Some(only), true) => self.json(only),
                (Some(last), false) => {
                    values.push(last);
                    values.into_iter().map(|value| self.json(value)).collect()
                }
            },
        }
    }

    fn is_byte(&self, ty: u32) -> bool {
        let definition = self.types.resolve(ty).map(|ty| &ty.type_def);
        matches!(definition, Some(TypeDef::Primitive(TypeDefPrimitive::U8)))
    }

    /// `Pallet.Error` for an error of a pallet, else what it is.
    fn named_error(&self, error: Value) -> Value {
        let name = || {
            let module = error.get("Module")?;
            let pallet = u8::try_from(module.get("index")?.as_u64()?).ok()?;
            let (pallet, ty) = self.errors.get(&pallet)?;
            let code = module
                .get("error")?
                .as_str()?
                .strip_prefix("0x")?
                .get(..2)?;
            let code = u8::from_str_radix(code, 16).ok()?;
            let TypeDef::Variant(errors) = &self.types.resolve(*ty)?.type_def else {
                return None;
            };
            let variant = errors.variants.iter().find(|one| one.index == code)?;
            Some(format!("{pallet}.{}", variant.name))
        };
        name().map_or(error.clone(), Value::from)
    }
}

fn primitive_json(primitive: Primitive) -> Value {
    match primitive {
        Primitive::Bool(is) => is.into(),
        Primitive::Char(char) => char.to_string().into(),
        Primitive::String(text) => text.into(),
        Primitive::U128(number) if number <= EXACT_MAX => (number as u64).into(),
        Primitive::U128(number) => number.to_string().into(),
        Primitive::I128(number) if number.unsigned_abs() <= EXACT_MAX => (number as i64).into(),
        Primitive::I128(number) => number.to_string().into(),
        Primitive::U256(bytes) | Primitive::I256(bytes) => {
            xinglin_rpc_api::bytes::to_hex(&bytes).into()
        }
    }
}

/// The bytes of a list of bytes.
fn bytes_of(composite: Composite<u32>) -> Vec<u8> {
    let byte = |value: ScaleValue<u32>| value.as_u128().and_then(|byte| u8::try_from(byte).ok());
    composite.into_values().filter_map(byte).collect()
}

/// The bytes of an array within a struct.
fn inner_bytes(value: ScaleValue<u32>) -> Vec<u8> {
    match value.value {
        ValueDef::Composite(composite) => bytes_of(composite),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use scale_info::{MetaType, Registry, TypeInfo};
    use sp_runtime::{DispatchError, ModuleError};

    use super::*;

    #[derive(Encode, TypeInfo)]
    struct Id(u64);

    #[derive(Encode, TypeInfo)]
    enum State {
        Open,
        Closed { at: u64 },
        Both(Id, bool),
    }

    #[derive(Encode, TypeInfo)]
    struct Case {
        id: Id,
        who: AccountId,
        hash: [u8; 4],
        note: Vec<u8>,
        amounts_fen: Vec<u128>,
        states: Vec<State>,
        next: Option<Id>,
        none: Option<u8>,
        nothing: (),
        pair: (u8, bool),
    }

    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its names are used")]
    enum Errors {
        TooEarly,
        #[codec(index = 5)]
        TooLate,
    }

    fn schema() -> Schema {
        let mut registry = Registry::new();
        let mut add = |ty: MetaType| registry.register_type(&ty).id;
        let outputs = [
            ("Test_case", add(MetaType::new::<Case>())),
            (
                "Test_result",
                add(MetaType::new::<Result<Case, DispatchError>>()),
            ),
        ];
        let errors = add(MetaType::new::<Errors>());
        Schema {
            outputs: outputs.map(|(name, ty)| (name.to_owned(), ty)).into(),
            errors: [(43, ("Insurance".to_owned(), errors))].into(),
            types: registry.into(),
        }
    }

    fn case() -> Case {
        Case {
            id: Id(9),
            who: AccountId::new([1; 32]),
            hash: [1, 2, 3, 255],
            note: b"ab".to_vec(),
            amounts_fen: vec![0, EXACT_MAX, EXACT_MAX + 1, u128::MAX],
            states: vec![
                State::Open,
                State::Closed { at: 3 },
                State::Both(Id(4), true),
            ],
            next: Some(Id(10)),
            none: None,
            nothing: (),
            pair: (5, false),
        }
    }

    fn json_of_case() -> Value {
        json!({
            "id": 9,
            "who": AccountId::new([1; 32]),
            "hash": "0x010203ff",
            "note": "0x6162",
            "amounts_fen": [
                0,
                9_007_199_254_740_991u64,
                "9007199254740992",
                "340282366920938463463374607431768211455",
            ],
            "states": ["Open", { "Closed": { "at": 3 } }, { "Both": [4, true] }],
            "next": 10,
            "none": null,
            "nothing": null,
            "pair": [5, false],
        })
    }

    #[test]
    fn an_answer_has_the_names_of_the_metadata() {
        let answer = schema().answer("Test_case", &case().encode());
        assert_eq!(answer, Some(Answer::Found(json_of_case())));
    }

    #[test]
    fn a_result_is_its_value_or_a_named_error() {
        let schema = schema();
        let found = Ok::<_, DispatchError>(case()).encode();
        let expected = Answer::Found(json_of_case());
        assert_eq!(schema.answer("Test_result", &found), Some(expected));

        for (error, expected) in [
            (
                DispatchError::Module(ModuleError {
                    index: 43,
                    error: [5, 0, 0, 0],
                    message: None,
                }),
                json!("Insurance.TooLate"),
            ),
            (DispatchError::BadOrigin, json!("BadOrigin")),
        ] {
            let refused = Err::<Case, _>(error).encode();
            let expected = Answer::Refused(expected);
            assert_eq!(schema.answer("Test_result", &refused), Some(expected));
        }
    }

    #[test]
    fn what_the_metadata_does_not_describe_is_no_answer() {
        let schema = schema();
        assert_eq!(schema.answer("Test_other", &[]), None);
        assert_eq!(schema.answer("Test_case", &[1, 2, 3]), None);
    }
}
