//! Answers of the runtime's functions.

use serde_json::{Map, Value};

use crate::{json::Style, schema::Schema};

/// What a function of the runtime returned.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What was asked.
    Found(Value),
    /// The error that the rules give instead: `Pallet.Error` for one of a pallet's.
    Refused(Value),
}

impl Schema {
    /// The output of the function `Api_function` as JSON; `None` if the metadata does not describe
    /// it. Byte strings are given whole, whatever their length, and times as numbers.
    pub fn answer(&self, function: &str, output: &[u8]) -> Option<Answer> {
        let ty = *self.outputs.get(function)?;
        let value = self.json(ty, &mut &output[..], Style::Exact).ok()?;
        if !self.is(ty, "Result") {
            return Some(Answer::Found(value));
        }
        let Value::Object(one) = value else {
            return None;
        };
        let (name, inner) = Map::into_iter(one).next()?;
        Some(match name.as_str() {
            "Ok" => Answer::Found(inner),
            _ => Answer::Refused(inner),
        })
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use scale_info::{MetaType, Registry, TypeInfo};
    use sp_runtime::{DispatchError, ModuleError};

    use serde_json::json;
    use xinglin_primitives::AccountId;

    use super::*;
    use crate::{schema::Names, EXACT_MAX};

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
        let types = registry.into();
        let errors = Names::of_pallets(&types, [(43, "Insurance", errors)].into_iter());
        let outputs = outputs.map(|(name, ty)| (name.to_owned(), ty)).into();
        Schema::of_functions(types, outputs, errors)
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
