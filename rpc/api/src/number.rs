//! Numbers and lists in the forms that clients send them.

use std::fmt;

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use xinglin_primitives::BlockNumber;

/// A height as a client names it: a number, or text in hexadecimal (`"0x5"`) or decimal (`"5"`).
/// Heights beyond the chain's range are kept as [`u64`]: they name no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Height(pub u64);

impl Height {
    /// The height as the chain counts, or `None` beyond its range.
    pub fn block_number(self) -> Option<BlockNumber> {
        BlockNumber::try_from(self.0).ok()
    }
}

impl From<BlockNumber> for Height {
    fn from(number: BlockNumber) -> Self {
        Self(u64::from(number))
    }
}

impl Serialize for Height {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Height {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Height;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a height as a number or as text like \"0x5\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Height, E> {
                Ok(Height(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Height, E> {
                match text.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16),
                    None => text.parse(),
                }
                .map(Height)
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected one value or a list of them")]
pub enum OneOrMany<T> {
    /// One value.
    One(T),
    /// A list.
    Many(Vec<T>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_numbers_or_text() {
        let read = |text| serde_json::from_str::<OneOrMany<Height>>(text);
        assert_eq!(read("5").unwrap(), OneOrMany::One(Height(5)));
        assert_eq!(read("\"0x5\"").unwrap(), OneOrMany::One(Height(5)));
        assert_eq!(read("\"17\"").unwrap(), OneOrMany::One(Height(17)));
        assert_eq!(
            read("[1,\"0x2\"]").unwrap(),
            OneOrMany::Many(vec![Height(1), Height(2)])
        );
        for text in ["-1", "1.5", "\"0x\"", "\"five\"", "{}"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(Height(1 << 40).block_number(), None);
    }
}
