//! What the council finds remarkable in any settlement, whatever its scheme.
//!
//! A rule whose parameter is not set is off, and at first all are. A scheme may ask for more in its
//! own [`Review`](crate::computation::Review), never for less.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::CatalogueClass,
    time::{Moment, DAY_MS},
};

use crate::{
    computation::{Frequency, FREQUENCY_DAYS_MAX},
    Config, Error, Event, NormsInForce, Pallet,
};

/// Most days between a discharge and an admission that a norm may find too few.
pub const READMISSION_DAYS_MAX: u16 = 90;
/// Longest time over which a norm compares the charges of an item, in days.
pub const ITEM_DAYS_MAX: u16 = 366;
/// Largest difference between the prices of an item that a norm may allow, in basis points.
pub const PRICE_BP_MAX: u16 = 50_000;
/// Most charges of an item that a norm may find usual.
pub const REPETITION_TIMES_MAX: u8 = 63;
/// Longest time after a settlement, or after a refund, that a norm may look at, in days.
pub const REFUND_DAYS_MAX: u16 = 366;
/// Longest time that a norm may give an insurer, in days.
pub const DECISION_DAYS_MAX: u16 = 366;

/// When an item is charged in another way than before.
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
pub struct Swap {
    /// So many days lie between the charges that are compared; 0 to [`ITEM_DAYS_MAX`].
    pub days: u16,
    /// So much of the lower price the higher one may be above it, in basis points; 0 to
    /// [`PRICE_BP_MAX`].
    pub price_bp: u16,
}

/// How often an item is usually charged.
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
pub struct Repetition {
    /// So many lines, 1 to [`REPETITION_TIMES_MAX`], within the period are not remarkable.
    pub times: u8,
    /// The period in days, up to and with the last service day; 1 to [`ITEM_DAYS_MAX`].
    pub days: u16,
}

/// How often an item is usually charged, by its class in the catalogue.
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
pub struct Repetitions {
    /// An item of class A.
    pub a: Option<Repetition>,
    /// An item of class B.
    pub b: Option<Repetition>,
    /// An item of class C.
    pub c: Option<Repetition>,
}

impl Repetitions {
    /// The norm of a class, if it has one.
    pub fn of(&self, class: CatalogueClass) -> Option<Repetition> {
        match class {
            CatalogueClass::A => self.a,
            CatalogueClass::B => self.b,
            CatalogueClass::C => self.c,
        }
    }

    /// Whether no class has a norm.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    fn all(&self) -> impl Iterator<Item = Repetition> {
        [self.a, self.b, self.c].into_iter().flatten()
    }
}

/// The council's norms.
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
pub struct Norms {
    /// A stay that begins at most so many days after the end of another at the same member is a
    /// part of it; 1 to [`READMISSION_DAYS_MAX`].
    pub readmission_days: Option<u16>,
    /// An item is not charged in other ways.
    pub swap: Option<Swap>,
    /// An item is not charged more often.
    pub repetition: Repetitions,
    /// A patient has no more invoices settled.
    pub frequency: Option<Frequency>,
    /// Whatever is settled has a visit that took place.
    pub needs_visit: bool,
    /// Whatever is settled has a record of the visit.
    pub needs_record: bool,
    /// An invoice is not refunded so many days after it was settled or sooner, and the patient not
    /// charged anew by the member so many days after that; 1 to [`REFUND_DAYS_MAX`].
    pub refund_days: Option<u16>,
    /// So many days an insurer has to decide a claim, and to review a refund; 1 to
    /// [`DECISION_DAYS_MAX`].
    pub decision_days: Option<u16>,
}

/// Why norms are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NormError {
    /// The days of a readmission are out of bounds.
    #[error("a readmission is 1 to 90 days after the discharge")]
    Readmission,
    /// Days or difference of a swap are out of bounds.
    #[error("a swap is within 0 to 366 days and 0 to 50,000 basis points")]
    Swap,
    /// Times or days of a repetition are out of bounds.
    #[error("a repetition has 1 to 63 times within 1 to 366 days")]
    Repetition,
    /// Invoices or days of a frequency are out of bounds.
    #[error("a frequency has 1 to 63 invoices within 1 to 366 days")]
    Frequency,
    /// The days of a refund are out of bounds.
    #[error("a refund is 1 to 366 days after the settlement")]
    Refund,
    /// The days of a decision are out of bounds.
    #[error("an insurer has 1 to 366 days to decide")]
    Decision,
}

impl Norms {
    /// Checks every number against its bounds.
    pub fn check(&self) -> Result<(), NormError> {
        let within = |days: Option<u16>, max| days.is_none_or(|days| (1..=max).contains(&days));
        let is_swap = |it: Swap| it.days <= ITEM_DAYS_MAX && it.price_bp <= PRICE_BP_MAX;
        let is_repetition = |it: Repetition| {
            (1..=REPETITION_TIMES_MAX).contains(&it.times) && (1..=ITEM_DAYS_MAX).contains(&it.days)
        };
        let checks = [
            (
                within(self.readmission_days, READMISSION_DAYS_MAX),
                NormError::Readmission,
            ),
            (self.swap.is_none_or(is_swap), NormError::Swap),
            (
                self.repetition.all().all(is_repetition),
                NormError::Repetition,
            ),
            (
                self.frequency.is_none_or(|it| it.is_within_bounds()),
                NormError::Frequency,
            ),
            (within(self.refund_days, REFUND_DAYS_MAX), NormError::Refund),
            (
                within(self.decision_days, DECISION_DAYS_MAX),
                NormError::Decision,
            ),
        ];
        match checks.into_iter().find(|(is_met, _)| !is_met) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Until when, that instant included, an insurer has to do what it has to since `since`.
    pub fn due(&self, since: Moment) -> Option<Moment> {
        let days = Moment::from(self.decision_days?);
        Some(since.saturating_add(days.saturating_mul(DAY_MS)))
    }

    /// Whether a rule looks at the items that were charged before.
    pub(crate) fn looks_at_items(&self) -> bool {
        self.swap.is_some() || !self.repetition.is_empty()
    }
}

// The periods of invoices and items are the same, so that one text tells both.
const _: () = assert!(FREQUENCY_DAYS_MAX == ITEM_DAYS_MAX);

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_norms(norms: Norms) -> DispatchResult {
        norms.check().map_err(|_| Error::<T>::BadNorms)?;
        NormsInForce::<T>::put(norms);
        Self::deposit_event(Event::NormsSet { norms });
        Ok(())
    }
}
