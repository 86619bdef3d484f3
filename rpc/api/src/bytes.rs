//! Bytes as hexadecimal text.

use std::fmt;

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, written as `"0x…"`. Read with or without the prefix; an empty string is no bytes, as some
/// clients send it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The text form.
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }
}

/// `0x` and the hexadecimal digits of `bytes`.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = vec![0; 2 + 2 * bytes.len()];
    text[..2].copy_from_slice(b"0x");
    match hex::encode_to_slice(bytes, &mut text[2..]) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => unreachable!("the buffer has exactly two digits per byte"),
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes as a hexadecimal string like \"0x00ff\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                hex::decode(digits).map(Bytes).map_err(|error| {
                    E::custom(format_args!(
                        "{error}; expected {}",
                        &self as &dyn de::Expected
                    ))
                })
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_clients_are_read_and_one_is_written() {
        for text in ["\"0x00ff\"", "\"00ff\"", "\"0x00FF\""] {
            let bytes: Bytes = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"0x00ff\"");
        }
        for text in ["\"\"", "\"0x\""] {
            let bytes: Bytes = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"0x\"");
        }
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused() {
        for text in ["\"0x0\"", "\"0xzz\"", "\"0x0x00\"", "7", "null", "[0]"] {
            assert!(serde_json::from_str::<Bytes>(text).is_err(), "{text}");
        }
        let error = serde_json::from_str::<Bytes>("\"0xzz\"").unwrap_err();
        assert!(error.to_string().contains("hexadecimal string"), "{error}");
    }
}
