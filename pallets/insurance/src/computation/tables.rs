//! Tables by which a scheme decides: the first matching row counts.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::ConstU32, BoundedVec};
use xinglin_primitives::glue::{HospitalLevel, Setting};

use super::Encounter;

/// Most rows of one table: settings × levels × categories, and some for age groups.
pub const ROWS_MAX: u32 = 64;

/// As what a person is insured (参保类别).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// Employed (在职).
    Employed,
    /// Retired (退休).
    Retired,
    /// Resident (城乡居民).
    Resident,
}

/// What the parameters ask of the person.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct Insured {
    /// As what the person is insured.
    pub category: Category,
    /// The age group, counted from 0 for the youngest; the chain knows no date of birth.
    #[serde(default)]
    pub age_group: u8,
}

/// To whom and what a row of a table applies. `None` is anybody, and anything.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Selector {
    /// In- or outpatient.
    pub setting: Option<Setting>,
    /// The level of the hospital. A member without a level matches only rows that ask for none.
    pub level: Option<HospitalLevel>,
    /// The category of the insured.
    pub category: Option<Category>,
    /// The age group of the insured.
    pub age_group: Option<u8>,
}

impl Selector {
    fn matches(&self, insured: Insured, encounter: &Encounter) -> bool {
        self.setting.is_none_or(|it| it == encounter.setting)
            && (self.level.is_none() || self.level == encounter.level)
            && self.category.is_none_or(|it| it == insured.category)
            && self.age_group.is_none_or(|it| it == insured.age_group)
    }
}

/// A row of a table.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row<V> {
    /// When it applies.
    #[serde(default)]
    pub when: Selector,
    /// What then applies.
    pub then: V,
}

/// Values by setting, level, category and age group: the first row that matches counts. Where none
/// matches, the rule does not apply: there is no deductible, no cap, no start, or nothing is paid.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Table<V>(pub BoundedVec<Row<V>, ConstU32<ROWS_MAX>>);

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self(BoundedVec::new())
    }
}

impl<V> Table<V> {
    /// The value that applies, if there is one.
    pub fn find(&self, insured: Insured, encounter: &Encounter) -> Option<&V> {
        let mut rows = self.0.iter();
        rows.find(|row| row.when.matches(insured, encounter))
            .map(|row| &row.then)
    }

    pub(super) fn all(&self, mut is_sane: impl FnMut(&V) -> bool) -> bool {
        self.0.iter().all(|row| is_sane(&row.then))
    }

    pub(super) fn age_groups_are_below(&self, groups: usize) -> bool {
        let mut asked = self.0.iter().filter_map(|row| row.when.age_group);
        asked.all(|group| usize::from(group) < groups)
    }
}
