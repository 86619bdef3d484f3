//! Where the state has what is numbered, and what it has there.

use std::collections::BTreeMap;

use frame_metadata::v15::{PalletMetadata, StorageEntryType, StorageHasher};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive};
use serde_json::Value;
use sp_crypto_hashing::{blake2_128, twox_128, twox_64};

use crate::{json::Style, schema::Schema, walk::take};

/// A map of a pallet whose keys are numbers that can be told from the keys of the state.
#[derive(Debug)]
pub(crate) struct NumberedMap {
    /// What all its keys begin with.
    prefix: Vec<u8>,
    keys: Vec<KeyPart>,
    value: u32,
}

/// One number of a key.
#[derive(Clone, Copy, Debug)]
struct KeyPart {
    hash: Hash,
    /// Bytes of the number.
    bytes: usize,
}

/// What stands before the number.
#[derive(Clone, Copy, Debug)]
enum Hash {
    None,
    Twox64,
    Blake2_128,
}

impl Hash {
    fn of(hasher: &StorageHasher) -> Option<Self> {
        match hasher {
            StorageHasher::Identity => Some(Self::None),
            StorageHasher::Twox64Concat => Some(Self::Twox64),
            StorageHasher::Blake2_128Concat => Some(Self::Blake2_128),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Twox64 => 8,
            Self::Blake2_128 => 16,
        }
    }

    fn write(self, number: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Twox64 => out.extend(twox_64(number)),
            Self::Blake2_128 => out.extend(blake2_128(number)),
        }
    }
}

impl KeyPart {
    fn write(self, number: u64, out: &mut Vec<u8>) -> Option<()> {
        let all = number.to_le_bytes();
        let (number, rest) = all.split_at_checked(self.bytes)?;
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        self.hash.write(number, out);
        out.extend(number);
        Some(())
    }

    fn read(self, input: &mut &[u8]) -> Option<u64> {
        take(input, self.hash.bytes()).ok()?;
        let mut number = [0; 8];
        let bytes = take(input, self.bytes).ok()?;
        number.get_mut(..self.bytes)?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(number))
    }
}

/// All maps of all pallets that can be read here.
pub(crate) fn maps(
    types: &PortableRegistry,
    pallets: &[PalletMetadata<PortableForm>],
) -> BTreeMap<(String, String), NumberedMap> {
    let mut maps = BTreeMap::new();
    for pallet in pallets {
        let Some(storage) = &pallet.storage else {
            continue;
        };
        for entry in &storage.entries {
            let StorageEntryType::Map {
                hashers,
                key,
                value,
            } = &entry.ty
            else {
                continue;
            };
            let Some(keys) = key_parts(types, hashers, key.id) else {
                continue;
            };
            let prefix = [
                twox_128(storage.prefix.as_bytes()),
                twox_128(entry.name.as_bytes()),
            ];
            let map = NumberedMap {
                prefix: prefix.concat(),
                keys,
                value: value.id,
            };
            maps.insert((pallet.name.clone(), entry.name.clone()), map);
        }
    }
    maps
}

/// The parts of a key; `None` if one of them is no number, or hashed so that it cannot be told.
fn key_parts(
    types: &PortableRegistry,
    hashers: &[StorageHasher],
    key: u32,
) -> Option<Vec<KeyPart>> {
    let parts = match (hashers, types.resolve(key).map(|ty| &ty.type_def)) {
        ([_], _) => vec![key],
        (_, Some(TypeDef::Tuple(tuple))) => tuple.fields.iter().map(|field| field.id).collect(),
        _ => return None,
    };
    if parts.len() != hashers.len() {
        return None;
    }
    let parts = hashers.iter().zip(parts);
    let parts = parts.map(|(hasher, ty)| {
        Some(KeyPart {
            hash: Hash::of(hasher)?,
            bytes: number_bytes(types, ty)?,
        })
    });
    parts.collect()
}

/// The bytes of a number, or of a type that is nothing but one.
fn number_bytes(types: &PortableRegistry, ty: u32) -> Option<usize> {
    match &types.resolve(ty)?.type_def {
        TypeDef::Primitive(TypeDefPrimitive::U8) => Some(1),
        TypeDef::Primitive(TypeDefPrimitive::U16) => Some(2),
        TypeDef::Primitive(TypeDefPrimitive::U32) => Some(4),
        TypeDef::Primitive(TypeDefPrimitive::U64) => Some(8),
        TypeDef::Composite(composite) => match &composite.fields[..] {
            // A type cannot be within itself without a list or an enum between.
            [only] => number_bytes(types, only.ty.id),
            _ => None,
        },
        _ => None,
    }
}

impl Schema {
    fn map(&self, pallet: &str, map: &str) -> Option<&NumberedMap> {
        self.maps.get(&(pallet.to_owned(), map.to_owned()))
    }

    /// What the keys of a pallet's map begin with; `None` if there is no such map, or if its keys are
    /// not numbers that can be told from the keys of the state.
    pub fn storage_prefix(&self, pallet: &str, map: &str) -> Option<Vec<u8>> {
        Some(self.map(pallet, map)?.prefix.clone())
    }

    /// The key under which the state has what a map holds for these numbers; `None` as for
    /// [`storage_prefix`](Self::storage_prefix), or if they are not as many numbers, or too large.
    pub fn storage_key(&self, pallet: &str, map: &str, numbers: &[u64]) -> Option<Vec<u8>> {
        let map = self.map(pallet, map)?;
        if map.keys.len() != numbers.len() {
            return None;
        }
        let mut key = map.prefix.clone();
        for (part, number) in map.keys.iter().zip(numbers) {
            part.write(*number, &mut key)?;
        }
        Some(key)
    }

    /// The numbers of a key of the state that is of this map.
    pub fn storage_key_numbers(&self, pallet: &str, map: &str, key: &[u8]) -> Option<Vec<u64>> {
        let map = self.map(pallet, map)?;
        let mut rest = key.strip_prefix(&map.prefix[..])?;
        let numbers = map.keys.iter().map(|part| part.read(&mut rest));
        let numbers = numbers.collect::<Option<Vec<_>>>()?;
        rest.is_empty().then_some(numbers)
    }

    /// What a map holds under one of its keys, as JSON. Byte strings are given whole, and times as
    /// numbers.
    pub fn stored(&self, pallet: &str, map: &str, value: &[u8]) -> Option<Value> {
        let ty = self.map(pallet, map)?.value;
        let mut rest = value;
        let json = self.json(ty, &mut rest, Style::Exact).ok()?;
        rest.is_empty().then_some(json)
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use pallet_records::{AccessLog, Records};
    use serde_json::json;
    use xinglin_primitives::{PatientId, RecordId};
    use xinglin_runtime::Runtime;

    use crate::samples::schema;

    #[test]
    fn keys_are_those_of_the_runtime() {
        let schema = schema();
        let key = Records::<Runtime>::hashed_key_for(RecordId(7));
        assert_eq!(
            schema.storage_key("Records", "Records", &[7]),
            Some(key.clone())
        );
        let numbers = schema.storage_key_numbers("Records", "Records", &key);
        assert_eq!(numbers, Some(vec![7]));
        let key = AccessLog::<Runtime>::hashed_key_for(PatientId(3), u64::MAX);
        let numbers = [3, u64::MAX];
        assert_eq!(
            schema.storage_key("Records", "AccessLog", &numbers),
            Some(key.clone())
        );
        let read = schema.storage_key_numbers("Records", "AccessLog", &key);
        assert_eq!(read.as_deref(), Some(&numbers[..]));
        let departments = schema
            .storage_prefix("Appointments", "Departments")
            .unwrap();
        let key = schema.storage_key("Appointments", "Departments", &[1, 65_535]);
        assert!(key.is_some_and(|key| key.starts_with(&departments)));
    }

    #[test]
    fn what_is_no_key_of_a_map_gives_nothing() {
        let schema = schema();
        for numbers in [&[][..], &[1, 2]] {
            assert_eq!(schema.storage_key("Records", "Records", numbers), None);
        }
        let too_large = [0, 65_536];
        assert_eq!(
            schema.storage_key("Appointments", "Departments", &too_large),
            None
        );
        for (pallet, map) in [("Records", "Nothing"), ("Members", "Identities")] {
            assert_eq!(schema.storage_prefix(pallet, map), None);
        }
        let key = Records::<Runtime>::hashed_key_for(RecordId(7));
        let short = &key[..key.len() - 1];
        assert_eq!(
            schema.storage_key_numbers("Records", "Records", short),
            None
        );
        assert_eq!(schema.storage_key_numbers("Records", "Grants", &key), None);
    }

    #[test]
    fn values_have_the_names_of_the_metadata() {
        let schema = schema();
        let value = schema.stored("Records", "RecordsOf", &RecordId(9).encode());
        assert_eq!(value, Some(json!(9)));
        let long = (RecordId(9), 1u8).encode();
        assert_eq!(schema.stored("Records", "RecordsOf", &long), None);
    }
}
