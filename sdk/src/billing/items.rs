//! What the lines of an invoice are, and how they are bound to the chain.

use std::fmt;

use codec::Encode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{glue::Line, Balance, Hash, MemberId, PatientId};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::wallet::Wallet;

/// Longest system, code or name of an item, in bytes of UTF-8.
pub const ITEM_TEXT_BYTES_MAX: usize = 256;

/// Separates item keys from everything else that is derived from a member's secret.
const KEY_DOMAIN: &[u8] = b"xinglin/item-key/v1";
/// Separates commitments from everything else that is hashed under an item key.
const ITEM_DOMAIN: &[u8] = b"xinglin/item/v1";

/// Why an invoice and its details contradict each other, or do not make an invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceProblem {
    /// The details do not have one item for each line.
    #[error("the invoice has {lines} lines, its details have {items} items: its member has to issue it again")]
    ItemCount {
        /// Lines on the chain.
        lines: usize,
        /// Items in the details.
        items: usize,
    },
    /// A line's commitment is to another item.
    #[error("line {0} of the invoice is for another item than the details say: do not pay it, and tell the regulator")]
    OtherItem(usize),
    /// The sum of the lines is not the total.
    #[error("the lines of the invoice make {lines_fen} fen, its total is {total_fen} fen: do not pay it")]
    OtherTotal {
        /// The sum of the lines.
        lines_fen: Balance,
        /// The total.
        total_fen: Balance,
    },
    /// The details are not what they should be.
    #[error("the details of the invoice cannot be read: {0}")]
    BadDetails(String),
    /// A text is empty or too long.
    #[error("line {line}: {field} must have 1 to {ITEM_TEXT_BYTES_MAX} bytes")]
    BadText {
        /// Which line, from 0.
        line: usize,
        /// `system`, `code` or `name`.
        field: &'static str,
    },
    /// A number is out of its bounds.
    #[error("line {line}: {field} must be {bounds}")]
    BadNumber {
        /// Which line, from 0.
        line: usize,
        /// The field of the document.
        field: &'static str,
        /// What it may be.
        bounds: &'static str,
    },
    /// The lines are too many, or none.
    #[error("an invoice has 1 to {limit} lines, not {found}")]
    LineCount {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// What is charged. It says what a patient was treated for and is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// The catalogue that the code is from, as a rule a URI.
    pub system: String,
    /// The code.
    pub code: String,
    /// What people call it.
    pub name: String,
}

impl Item {
    pub(super) fn check(&self, line: usize) -> Result<(), InvoiceProblem> {
        for (field, text) in [
            ("system", &self.system),
            ("code", &self.code),
            ("name", &self.name),
        ] {
            if !(1..=ITEM_TEXT_BYTES_MAX).contains(&text.len()) {
                return Err(InvoiceProblem::BadText { line, field });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Item(..)")
    }
}

/// The key under which one member commits to the items of one patient: equal items are equal, and
/// nothing else shows. It is wiped from memory when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ItemKey([u8; 32]);

impl ItemKey {
    /// The key of a member, whose encryption secret the wallet has, for a patient:
    /// `blake2_256("xinglin/item-key/v1" ‖ secret ‖ SCALE(member, patient))`. It changes with the
    /// member's encryption key: what is equal before and after it then shows no more.
    pub fn derive(issuer: &Wallet, member: MemberId, patient: PatientId) -> Self {
        let mut input = Zeroizing::new(KEY_DOMAIN.to_vec());
        input.extend_from_slice(&**issuer.secret());
        (member, patient).encode_to(&mut *input);
        Self(blake2_256(&input))
    }

    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a document that binds its items to the chain. Whoever has them can tell by
    /// trial what else the member charged the patient for.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The commitment to an item: `blake2_256("xinglin/item/v1" ‖ key ‖ SCALE(system, code))`. Both
    /// prefixes are of fixed length, so that the hash is one under a key.
    pub fn commit(&self, item: &Item) -> Hash {
        let mut input = Zeroizing::new(ITEM_DOMAIN.to_vec());
        input.extend_from_slice(&self.0);
        (&item.system, &item.code).encode_to(&mut *input);
        blake2_256(&input).into()
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemKey(..)")
    }
}

impl Serialize for ItemKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(self.0)))
    }
}

impl<'de> Deserialize<'de> for ItemKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let mut key = [0; 32];
        hex::decode_to_slice(&*text, &mut key)
            .map_err(|_| serde::de::Error::custom("an item key has 32 bytes in hexadecimal"))?;
        Ok(Self(key))
    }
}

/// What the letter of an invoice holds, in JSON: `{"itemKey": "<hex>", "items": [{"system",
/// "code", "name"}]}`, one item for each line and in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Details {
    /// The key under which the lines commit to the items.
    pub item_key: ItemKey,
    /// The items.
    pub items: Vec<Item>,
}

impl Details {
    /// Reads the content of a letter.
    pub fn from_json(json: &[u8]) -> Result<Self, InvoiceProblem> {
        // The error's own text could repeat what stands there.
        serde_json::from_slice(json).map_err(|error| {
            InvoiceProblem::BadDetails(format!("line {}, column {}", error.line(), error.column()))
        })
    }

    /// The content of a letter.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, InvoiceProblem> {
        let json = serde_json::to_vec(self);
        json.map(Zeroizing::new)
            .map_err(|_| InvoiceProblem::BadDetails("they do not encode".to_owned()))
    }

    /// Whether these are the details of lines on the chain.
    pub fn check(&self, lines: &[Line]) -> Result<(), InvoiceProblem> {
        if lines.len() != self.items.len() {
            return Err(InvoiceProblem::ItemCount {
                lines: lines.len(),
                items: self.items.len(),
            });
        }
        let mut pairs = lines.iter().zip(&self.items);
        let other = pairs.position(|(line, item)| self.item_key.commit(item) != line.item);
        other.map_or(Ok(()), |line| Err(InvoiceProblem::OtherItem(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinglin_primitives::glue::CatalogueClass;

    fn item(code: &str) -> Item {
        Item {
            system: "urn:example:catalogue".into(),
            code: code.into(),
            name: "Example".into(),
        }
    }

    fn key() -> ItemKey {
        let wallet = Wallet::development("//Alice").unwrap();
        ItemKey::derive(&wallet, MemberId(0), PatientId(1))
    }

    fn line(item: Hash) -> Line {
        Line {
            item,
            class: CatalogueClass::A,
            prepay_bp: 0,
            unit_price_fen: 100,
            quantity: 1,
            price_limit_fen: None,
            fund_share_bp: None,
        }
    }

    #[test]
    fn equal_items_are_equal_for_one_patient_at_one_member_only() {
        let (alice, bob) = (
            Wallet::development("//Alice").unwrap(),
            Wallet::development("//Bob").unwrap(),
        );
        let desk = Wallet::development("//Alice//service//1").unwrap();
        let of = |wallet, member, patient, code| {
            ItemKey::derive(wallet, MemberId(member), PatientId(patient)).commit(&item(code))
        };
        let commitment = of(&alice, 0, 1, "a");
        assert_eq!(commitment, of(&desk, 0, 1, "a"));
        for other in [
            of(&alice, 0, 1, "b"),
            of(&alice, 0, 2, "a"),
            of(&alice, 1, 1, "a"),
            of(&bob, 0, 1, "a"),
        ] {
            assert_ne!(commitment, other);
        }
    }

    #[test]
    fn system_and_code_do_not_run_into_each_other() {
        let split = |system: &str, code: &str| {
            key().commit(&Item {
                system: system.into(),
                code: code.into(),
                name: "x".into(),
            })
        };
        assert_ne!(split("ab", "c"), split("a", "bc"));
    }

    #[test]
    fn details_are_for_their_lines_only() {
        let key = key();
        let details = Details {
            items: vec![item("a"), item("b")],
            item_key: key.clone(),
        };
        let lines = [line(key.commit(&item("a"))), line(key.commit(&item("b")))];
        assert_eq!(details.check(&lines), Ok(()));
        let swapped = [lines[1].clone(), lines[0].clone()];
        assert_eq!(details.check(&swapped), Err(InvoiceProblem::OtherItem(0)));
        assert_eq!(
            details.check(&lines[..1]),
            Err(InvoiceProblem::ItemCount { lines: 1, items: 2 })
        );
        let json = details.to_json().unwrap();
        assert_eq!(Details::from_json(&json), Ok(details));
    }

    #[test]
    fn neither_items_nor_keys_are_printed_or_in_errors() {
        let details = Details {
            item_key: key(),
            items: vec![item("secret-code")],
        };
        let shown = format!("{details:?}");
        assert!(!shown.contains("secret-code"));
        assert!(!shown.contains(&hex::encode(key().0)));
        let error = Details::from_json(br#"{"itemKey": "secret-code"}"#).unwrap_err();
        assert!(!error.to_string().contains("secret-code"));
    }
}
