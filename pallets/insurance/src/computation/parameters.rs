//! The parameters of a scheme.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::ConstU32, BoundedVec};
use xinglin_primitives::{glue::WHOLE_BP, Balance};

use super::{bands, Bands, Table};

/// Most deductibles by ordinal of the admission; the last holds for all after it.
pub const ORDINALS_MAX: u32 = 8;
/// Most age groups of a scheme.
pub const AGE_GROUPS_MAX: u32 = 8;
/// Most bounds between age groups.
pub const AGE_BOUNDS_MAX: u32 = AGE_GROUPS_MAX - 1;
/// Longest period over which invoices are counted, in days.
pub const FREQUENCY_DAYS_MAX: u16 = 366;
/// Most invoices that may be allowed within such a period.
pub const FREQUENCY_INVOICES_MAX: u8 = 63;

/// The deductible (起付标准), in fen.
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
#[serde(rename_all = "camelCase")]
pub enum Deductible {
    /// One amount for the year.
    Annual(Balance),
    /// An amount for every admission, or outpatient visit: the first of the year, the second, and
    /// so on; the last one holds for all after it. Not empty.
    PerAdmission(BoundedVec<Balance, ConstU32<ORDINALS_MAX>>),
}

/// From where bands are counted.
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
#[serde(rename_all = "camelCase")]
pub enum Basis {
    /// From the first fen above deductible or start.
    #[default]
    Net,
    /// From the first fen; deductible or start eat the lowest part.
    Gross,
}

/// What of the year counts for a settlement's deductible and bands.
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
#[serde(rename_all = "camelCase")]
pub enum Accumulation {
    /// In- and outpatient settlements each for themselves.
    #[default]
    PerSetting,
    /// Both together.
    Together,
}

/// Over what the pool's bands run.
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
#[serde(rename_all = "camelCase")]
pub enum Span {
    /// Over the year: they go on where the settlement before left them.
    #[default]
    Year,
    /// Over one admission or visit: they begin anew with each.
    Admission,
}

/// How the pool's ratios change for those to whom it applies.
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
pub enum Modifier {
    /// So many basis points are added to every ratio, up to the whole.
    Points(u16),
    /// The personal share of every band is multiplied by so many basis points.
    PersonalFactor(u16),
}

/// The most that the pool pays in a year (最高支付限额), in fen.
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
pub struct PoolCap {
    /// For settlements of the same setting.
    pub of_setting_fen: Option<Balance>,
    /// For all settlements.
    pub of_year_fen: Option<Balance>,
}

/// The pool (统筹基金).
#[derive(
    Clone,
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
pub struct Pool {
    /// From where the bands are counted.
    pub basis: Basis,
    /// Over what they run.
    pub span: Span,
    /// The bands.
    pub bands: Table<Bands>,
    /// What modifies their ratios.
    pub modifiers: Table<Modifier>,
    /// The caps.
    pub caps: Table<PoolCap>,
}

/// What counts towards the second tier.
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
pub enum SecondBase {
    /// What the pool left of the eligible amount: `E − F1`.
    EligibleRest,
    /// What the pool and flat fund shares left of the total.
    TotalRest,
    /// Only the part of `E` above what exhausted the pool's cap.
    AboveCap,
}

/// The second tier (大病保险, 大额互助).
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
pub struct SecondTier {
    /// What counts towards it.
    pub base: SecondBase,
    /// Whether the pool's deductible counts, too.
    pub with_deductible: bool,
    /// From where its bands are counted.
    #[serde(default)]
    pub basis: Basis,
    /// From which sum of the year on it pays (起付线), in fen.
    #[serde(default)]
    pub starts: Table<Balance>,
    /// Its bands.
    pub bands: Table<Bands>,
    /// The most that it pays in a year, in fen.
    #[serde(default)]
    pub caps: Table<Balance>,
}

/// Medical aid (医疗救助).
#[derive(
    Clone,
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
pub struct Aid {
    /// Its share of what is left of `E`, in basis points.
    pub ratios: Table<u16>,
    /// The most that it pays in a year, in fen.
    pub caps: Table<Balance>,
}

/// How many invoices are usual.
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Frequency {
    /// So many, 1 to [`FREQUENCY_INVOICES_MAX`], within the period are not remarkable.
    pub invoices: u8,
    /// The period in days, up to and with the last service day; 1 to [`FREQUENCY_DAYS_MAX`].
    pub days: u16,
}

impl Frequency {
    /// Whether invoices and days are within their bounds.
    pub fn is_within_bounds(&self) -> bool {
        (1..=FREQUENCY_INVOICES_MAX).contains(&self.invoices)
            && (1..=FREQUENCY_DAYS_MAX).contains(&self.days)
    }
}

/// What makes the insurer look at a settlement before it is paid.
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
pub struct Review {
    /// A total above this, in fen.
    pub total_fen: Option<Balance>,
    /// More settled invoices of the patient, this one included, than is usual.
    pub frequency: Option<Frequency>,
    /// No visit that took place.
    pub needs_visit: bool,
    /// No record of the visit.
    pub needs_record: bool,
}

/// One version of a scheme.
#[derive(
    Clone,
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
pub struct SchemeParameters {
    /// The ages in years at which the next age group begins, ascending. Without any, everybody is
    /// in group 0.
    pub age_bounds_years: BoundedVec<u8, ConstU32<AGE_BOUNDS_MAX>>,
    /// What of the year counts for deductible and bands.
    pub accumulation: Accumulation,
    /// The deductibles.
    pub deductibles: Table<Deductible>,
    /// The pool.
    pub pool: Pool,
    /// The second tier, if there is one.
    pub second: Option<SecondTier>,
    /// Medical aid, if there is any.
    pub aid: Option<Aid>,
    /// What makes the insurer look first.
    pub review: Review,
}

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The ages do not ascend.
    #[error("age bounds must ascend")]
    AgeBounds,
    /// A row asks for an age group that the bounds do not make.
    #[error("a row asks for an age group beyond the last: add a bound or correct the row")]
    AgeGroup,
    /// A list of deductibles by ordinal is empty.
    #[error("deductibles per admission need at least one amount")]
    Deductibles,
    /// Bands do not ascend, or have a ratio above the whole.
    #[error("bands must ascend, only the last may be without an end, ratios end at 10,000")]
    Bands,
    /// A ratio or modifier is above the whole.
    #[error("ratios, points and factors end at 10,000 basis points")]
    Ratio,
    /// Invoices or days of a frequency are out of bounds.
    #[error("a frequency has 1 to 63 invoices within 1 to 366 days")]
    Frequency,
}

impl SchemeParameters {
    /// How many age groups there are.
    pub fn age_groups(&self) -> usize {
        self.age_bounds_years.len().saturating_add(1)
    }

    /// The age group of somebody of that age.
    pub fn age_group_of(&self, age_years: u8) -> u8 {
        let bounds = self.age_bounds_years.iter();
        let passed = bounds.filter(|bound| **bound <= age_years).count();
        // At most [`AGE_BOUNDS_MAX`].
        u8::try_from(passed).unwrap_or(u8::MAX)
    }

    /// Checks every number against its bounds.
    pub fn check(&self) -> Result<(), ParameterError> {
        let ascend = self.age_bounds_years.windows(2).all(|it| it[0] < it[1]);
        ensure(ascend, ParameterError::AgeBounds)?;
        ensure(self.age_groups_exist(), ParameterError::AgeGroup)?;
        let have_amounts = self.deductibles.all(|deductible| match deductible {
            Deductible::Annual(_) => true,
            Deductible::PerAdmission(fen) => !fen.is_empty(),
        });
        ensure(have_amounts, ParameterError::Deductibles)?;
        let are_sane = |bands: &Bands| bands::are_well_formed(bands);
        let second = self.second.as_ref();
        ensure(
            self.pool.bands.all(are_sane) && second.is_none_or(|tier| tier.bands.all(are_sane)),
            ParameterError::Bands,
        )?;
        let ratios = |aid: &Aid| aid.ratios.all(|ratio_bp| *ratio_bp <= WHOLE_BP);
        let modifiers = self.pool.modifiers.all(|modifier| match modifier {
            Modifier::Points(bp) | Modifier::PersonalFactor(bp) => *bp <= WHOLE_BP,
        });
        ensure(
            modifiers && self.aid.as_ref().is_none_or(ratios),
            ParameterError::Ratio,
        )?;
        let frequency = self.review.frequency;
        let is_usual = frequency.is_none_or(|it| it.is_within_bounds());
        ensure(is_usual, ParameterError::Frequency)
    }

    fn age_groups_exist(&self) -> bool {
        let groups = self.age_groups();
        let second = self.second.as_ref();
        let aid = self.aid.as_ref();
        self.deductibles.age_groups_are_below(groups)
            && self.pool.bands.age_groups_are_below(groups)
            && self.pool.modifiers.age_groups_are_below(groups)
            && self.pool.caps.age_groups_are_below(groups)
            && second.is_none_or(|tier| {
                tier.starts.age_groups_are_below(groups)
                    && tier.bands.age_groups_are_below(groups)
                    && tier.caps.age_groups_are_below(groups)
            })
            && aid.is_none_or(|aid| {
                aid.ratios.age_groups_are_below(groups) && aid.caps.age_groups_are_below(groups)
            })
    }
}

fn ensure(is_met: bool, error: ParameterError) -> Result<(), ParameterError> {
    if is_met {
        Ok(())
    } else {
        Err(error)
    }
}
