//! From the JSON of decoded values to what columns take.
//!
//! A field that is not there becomes NULL, and the table says whether that may be: a chain whose rules
//! have lost a field is noticed when the first row is written.

use serde_json::{Map, Value};
use xinglin_decoding::{iso_date, iso_instant};
use xinglin_primitives::{
    time::{Date, Moment},
    Entity,
};

/// What a time is that lies after the year 9999: there is no end.
const INFINITY: &str = "infinity";

static NULL: Value = Value::Null;

/// The value at a path of names.
pub(crate) fn get<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter()
        .fold(value, |value, name| value.get(name).unwrap_or(&NULL))
}

/// A field as it is.
pub(crate) fn field(value: &Value, name: &str) -> Value {
    get(value, &[name]).clone()
}

/// A number, also one that is text because of its size.
pub(crate) fn number(value: &Value) -> Option<u128> {
    match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The number of something that is numbered.
pub(crate) fn id(value: &Value) -> Option<u64> {
    number(value)?.try_into().ok()
}

/// The sum of some amounts.
pub(crate) fn sum<'v>(amounts: impl IntoIterator<Item = &'v Value>) -> Value {
    let sum = amounts
        .into_iter()
        .try_fold(0u128, |sum, amount| sum.checked_add(number(amount)?));
    sum.map_or(Value::Null, |sum| sum.to_string().into())
}

/// Milliseconds since 1970 as `timestamptz` reads them.
pub(crate) fn moment(ms: Moment) -> String {
    iso_instant(ms).unwrap_or_else(|| INFINITY.to_owned())
}

/// A moment of the chain's state.
pub(crate) fn time(value: &Value) -> Value {
    id(value).map_or(Value::Null, |ms| moment(ms).into())
}

/// A day of the chain's state.
pub(crate) fn date(value: &Value) -> Value {
    let days = id(value).and_then(|days| u32::try_from(days).ok());
    days.map_or(Value::Null, |days| {
        let date = iso_date(Date(days));
        date.unwrap_or_else(|| INFINITY.to_owned()).into()
    })
}

/// Whether an id fits the tables. The chain numbers things one by one, so that one that does not is of nothing,
/// but anybody may name it.
pub(crate) fn is_storable(entity: &Entity) -> bool {
    i64::try_from(entity.number()).is_ok()
}

/// Bytes as `bytea` reads them.
pub(crate) fn bytes(value: &Value) -> Value {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits.map_or(Value::Null, |digits| format!("\\x{digits}").into())
}

/// The same of bytes that are at hand.
pub(crate) fn bytea(bytes: &[u8]) -> Value {
    format!("\\x{}", hex::encode(bytes)).into()
}

/// Bytes that are text.
pub(crate) fn text(value: &Value) -> Value {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let bytes = digits.and_then(|digits| hex::decode(digits).ok());
    bytes.map_or(Value::Null, |bytes| {
        without_nul(&String::from_utf8_lossy(&bytes)).into()
    })
}

/// The name of an enum's variant, and what is in it.
pub(crate) fn variant(value: &Value) -> (Option<&str>, &Value) {
    match value {
        Value::String(name) => (Some(name), &NULL),
        Value::Object(one) => match one.iter().next() {
            Some((name, inner)) => (Some(name), inner),
            None => (None, &NULL),
        },
        _ => (None, &NULL),
    }
}

/// The name alone.
pub(crate) fn name(value: &Value) -> Value {
    variant(value).0.into()
}

/// What is in a variant of this name.
pub(crate) fn within<'v>(value: &'v Value, wanted: &str) -> &'v Value {
    match variant(value) {
        (Some(name), inner) if name == wanted => inner,
        _ => &NULL,
    }
}

/// Kind and number of a party, or of what is one or something else, such as the subject of a case.
pub(crate) fn tagged(value: &Value) -> (Value, Value) {
    let (kind, inner) = match variant(value) {
        (Some("Party"), party) => variant(party),
        other => other,
    };
    (kind.into(), inner.clone())
}

/// Makes text of the chain fit for PostgreSQL, which has no character 0.
pub(crate) fn storable(value: &Value) -> Value {
    match value {
        Value::String(text) => without_nul(text).into(),
        Value::Array(items) => items.iter().map(storable).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Map<String, Value> = fields
                .map(|(name, value)| (name.clone(), storable(value)))
                .collect();
            fields.into()
        }
        other => other.clone(),
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Adds a value to bytes that are the same for equal values, in whatever order fields stand.
pub(crate) fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, value) in fields {
                canonical(&name.as_str().into(), out);
                out.push(b':');
                canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        other => out.extend(other.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_what_postgresql_reads() {
        assert_eq!(moment(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(moment(1_767_225_599_001), "2025-12-31T23:59:59.001Z");
        assert_eq!(date(&serde_json::json!(20_000)), "2024-10-04");
        assert_eq!(date(&serde_json::json!(u32::MAX)), "infinity");
        assert_eq!(moment(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        assert_eq!(moment(253_402_300_800_000), "infinity");
        assert_eq!(moment(Moment::MAX), "infinity");
    }

    #[test]
    fn variants_are_told_by_name() {
        assert_eq!(variant(&json!("Open")).0, Some("Open"));
        let closed = json!({ "Closed": { "at": 3 } });
        assert_eq!(get(within(&closed, "Closed"), &["at"]), &json!(3));
        assert_eq!(within(&closed, "Open"), &Value::Null);
        let subject = json!({ "Party": { "Patient": 7 } });
        assert_eq!(tagged(&subject), (json!("Patient"), json!(7)));
        assert_eq!(tagged(&json!({ "Claim": 2 })), (json!("Claim"), json!(2)));
    }

    #[test]
    fn amounts_add_up_beyond_what_json_numbers_hold() {
        let large = json!("340282366920938463463374607431768211454");
        assert_eq!(
            sum([&large, &json!(1)]),
            "340282366920938463463374607431768211455"
        );
        assert_eq!(sum([&large, &json!(2)]), Value::Null);
        assert_eq!(sum([&json!(null)]), Value::Null);
    }

    #[test]
    fn text_has_no_character_that_postgresql_lacks() {
        assert_eq!(text(&json!("0xe69d8f00")), "杏\u{fffd}");
        let nested = json!({ "a": ["\0", 1] });
        assert_eq!(storable(&nested), json!({ "a": ["\u{fffd}", 1] }));
    }

    #[test]
    fn equal_values_have_equal_bytes() {
        let bytes = |value: &Value| {
            let mut bytes = Vec::new();
            canonical(value, &mut bytes);
            bytes
        };
        let one = json!({ "a": 1, "b": [true, null] });
        assert_eq!(bytes(&one), br#"{"a":1,"b":[true,null,],}"#);
        assert_ne!(bytes(&json!(["a,"])), bytes(&json!(["a", ""])));
    }
}
