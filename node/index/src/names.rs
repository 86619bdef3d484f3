//! Numbers for the names of calls and events: a key has two bytes instead of thirty.

use std::collections::BTreeMap;

use codec::{Decode, Encode};
use xinglin_core::StoreError;
use xinglin_decoding::Name;
use xinglin_storage::{Batch, OrderedDatabase};

use crate::keys::NAMES;

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Calls.
    Call,
    /// Events.
    Event,
}

impl Kind {
    fn tag(self) -> u8 {
        match self {
            Self::Call => 1,
            Self::Event => 2,
        }
    }
}

/// Pallet and name as stored.
type Pair = (String, String);

/// All names met so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    calls: Group,
    events: Group,
}

#[derive(Debug, Default)]
struct Group {
    by_pallet: BTreeMap<String, BTreeMap<String, u16>>,
    by_number: Vec<Pair>,
}

impl Group {
    fn get(&self, name: Name<'_>) -> Option<u16> {
        self.by_pallet.get(name.pallet)?.get(name.name).copied()
    }

    fn add(&mut self, (pallet, name): Pair) -> Result<u16, StoreError> {
        let number = u16::try_from(self.by_number.len())
            .map_err(|_| StoreError::Refused("the index has no number for another name".into()))?;
        let of_pallet = self.by_pallet.entry(pallet.clone()).or_default();
        of_pallet.insert(name.clone(), number);
        self.by_number.push((pallet, name));
        Ok(number)
    }
}

impl Names {
    /// Those that the index has.
    pub(crate) fn load(database: &OrderedDatabase) -> Result<Self, StoreError> {
        let mut names = Self::default();
        let mut cursor = database.cursor(NAMES, &[], None);
        cursor.seek(&[]);
        while let Some((key, value)) = cursor.item()? {
            let corrupt = || StoreError::Corrupt("a name in the index does not decode".to_owned());
            let group = match key.first() {
                Some(tag) if *tag == Kind::Call.tag() => &mut names.calls,
                Some(tag) if *tag == Kind::Event.tag() => &mut names.events,
                _ => return Err(corrupt()),
            };
            let pair = Pair::decode(&mut &value[..]).map_err(|_| corrupt())?;
            let number = group.add(pair)?;
            // Numbers are without gaps, and keys in their order.
            if key.get(1..) != Some(&number.to_be_bytes()[..]) {
                return Err(corrupt());
            }
            cursor.next();
        }
        Ok(names)
    }

    /// The number of a name that was met.
    pub(crate) fn get(&self, kind: Kind, name: Name<'_>) -> Option<u16> {
        self.group(kind).get(name)
    }

    /// Gives a new name a number, which `batch` then makes last.
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        name: Name<'_>,
        batch: &mut Batch<'_>,
    ) -> Result<u16, StoreError> {
        let pair = (name.pallet.to_owned(), name.name.to_owned());
        let value = pair.encode();
        let group = match kind {
            Kind::Call => &mut self.calls,
            Kind::Event => &mut self.events,
        };
        let number = group.add(pair)?;
        let [high, low] = number.to_be_bytes();
        batch.put(NAMES, &[kind.tag(), high, low], &value);
        Ok(number)
    }

    /// The numbers of a pallet's names, or of one of them; none if it was not met.
    pub(crate) fn numbers(&self, kind: Kind, pallet: &str, name: Option<&str>) -> Vec<u16> {
        let Some(of_pallet) = self.group(kind).by_pallet.get(pallet) else {
            return Vec::new();
        };
        match name {
            Some(name) => of_pallet.get(name).copied().into_iter().collect(),
            None => of_pallet.values().copied().collect(),
        }
    }

    /// The name of a call.
    pub(crate) fn call(&self, number: u16) -> Option<&Pair> {
        self.calls.by_number.get(usize::from(number))
    }

    fn group(&self, kind: Kind) -> &Group {
        match kind {
            Kind::Call => &self.calls,
            Kind::Event => &self.events,
        }
    }
}
