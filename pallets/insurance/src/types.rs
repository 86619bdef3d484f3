//! What the pallet stores and what its calls carry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    time::{Date, Moment},
    Balance, ClaimId, CoverageId, InvoiceId, MemberId, PatientId, SchemeId, SettlementId,
};

use crate::{
    computation::{Admission, Encounter, Insured, Split, Year},
    review::Flags,
    states::ClaimState,
};

/// Longest display code of a scheme, in bytes of UTF-8.
pub const CODE_BYTES_MAX: u32 = 32;
/// Most versions of a scheme, from the first to the last.
pub const VERSIONS_MAX: u32 = 64;
/// Most standings of a coverage, from the first to the last.
pub const STANDINGS_MAX: u32 = 32;
/// Most coverages of a patient, ended ones included.
pub const COVERAGES_MAX: u32 = 32;

/// A scheme's public display code: UTF-8, not empty, no control characters.
pub type DisplayCode = BoundedVec<u8, ConstU32<CODE_BYTES_MAX>>;
/// A number from the insurer's own list of reasons.
pub type ReasonCode = u16;

/// An insurance scheme. Its parameters are stored by version.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Scheme {
    /// Whose it is.
    pub insurer: MemberId,
    /// How it is shown.
    pub code: DisplayCode,
    /// The first service date of every version, ascending. Not empty.
    pub versions: BoundedVec<Date, ConstU32<VERSIONS_MAX>>,
    /// The last service day that it covers, once it is closed.
    pub closed_after: Option<Date>,
    /// Whether a regulator holds it: nothing is settled then.
    pub is_held: bool,
}

impl Scheme {
    /// The version in force on a date, named by its first service date.
    pub fn version_on(&self, date: Date) -> Option<Date> {
        let mut versions = self.versions.iter().rev();
        versions.find(|from| **from <= date).copied()
    }

    /// Whether services on a date may be covered.
    pub fn is_open_on(&self, date: Date) -> bool {
        self.closed_after.is_none_or(|last| date <= last)
    }
}

/// As what a person is insured from a date on.
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
)]
pub struct Standing {
    /// The first day.
    pub from: Date,
    /// As what.
    pub insured: Insured,
}

/// Days without gap, the last one included.
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
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day; `None` until one is set.
    pub until: Option<Date>,
}

impl Period {
    /// Whether the period has a first day no later than the last.
    pub fn is_well_formed(&self) -> bool {
        self.until.is_none_or(|until| self.from <= until)
    }

    /// Whether the day is one of them.
    pub fn has(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Whether a day is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time = |a: &Self, b: &Self| b.until.is_none_or(|until| a.from <= until);
        begins_in_time(self, other) && begins_in_time(other, self)
    }
}

/// Money held for a coverage (个人账户).
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PersonalAccount<AccountId> {
    /// The account it is held on: the insurer's main account at the time.
    pub holder: AccountId,
    /// How much, in fen; never 0.
    #[codec(compact)]
    pub amount_fen: Balance,
}

/// A patient's coverage by a scheme.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Coverage<AccountId> {
    /// Who is covered.
    pub patient: PatientId,
    /// By which scheme.
    pub scheme: SchemeId,
    /// When.
    pub period: Period,
    /// As what, ascending by date. The first one begins with the period.
    pub standings: BoundedVec<Standing, ConstU32<STANDINGS_MAX>>,
    /// What the personal account has, if anything.
    pub account: Option<PersonalAccount<AccountId>>,
    /// The latest last service day of all settlements so far, reversed ones included.
    pub served_until: Option<Date>,
    /// The latest settlement, reversed or not.
    pub latest: Option<SettlementId>,
    /// The latest one that is not reversed: the only one that can be.
    pub latest_live: Option<SettlementId>,
}

impl<AccountId> Coverage<AccountId> {
    /// As what the person is insured on a date, if she is covered then.
    pub fn insured_on(&self, date: Date) -> Option<Insured> {
        let mut standings = self.standings.iter().rev();
        standings
            .find(|standing| standing.from <= date && self.period.has(date))
            .map(|standing| standing.insured)
    }

    /// What the personal account has, in fen.
    pub fn account_fen(&self) -> Balance {
        self.account
            .as_ref()
            .map_or(0, |account| account.amount_fen)
    }
}

/// To whom the rest of a personal account goes when the coverage has ended.
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
)]
pub enum AccountHeir {
    /// To the patient's own account.
    Patient,
    /// To the insurer, which pays it out elsewhere, or moves it to another coverage.
    Insurer,
}

/// Where a settlement stands.
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
)]
pub enum SettlementState {
    /// It counts.
    Live,
    /// It was taken back.
    Reversed,
}

/// One settlement of an invoice.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Settlement {
    /// What it settles.
    pub invoice: InvoiceId,
    /// By which coverage.
    pub coverage: CoverageId,
    /// Who issued the invoice.
    pub member: MemberId,
    /// Where and in which visit the patient was treated.
    pub encounter: Encounter,
    /// The first and the last service day. The last one chooses version and year.
    pub service: (Date, Date),
    /// The scheme's version, named by its first service date.
    pub version: Date,
    /// Who pays what.
    pub split: Split,
    /// What of the fund's and the account's part went to the member, in fen. The rest went to the
    /// patient, who had paid it before.
    #[codec(compact)]
    pub to_member_fen: Balance,
    /// The claim by which it was decided, if it was not by rule alone.
    pub claim: Option<ClaimId>,
    /// When.
    pub settled_at: Moment,
    /// Whether it still counts.
    pub state: SettlementState,
    /// The admission that was the latest before, if one begins with this settlement.
    pub admission_before: Option<Admission>,
    /// The coverage's settlement before this one.
    pub previous: Option<SettlementId>,
    /// The coverage's settlement before this one that was live then, and is as long as this one is.
    pub previous_live: Option<SettlementId>,
    /// The invoice's settlement before this one: a reversed one.
    pub previous_of_invoice: Option<SettlementId>,
}

impl Settlement {
    /// What fund and account paid, in fen.
    pub fn covered_fen(&self) -> Balance {
        self.split.covered_fen()
    }

    /// What went to the patient, in fen.
    pub fn to_patient_fen(&self) -> Balance {
        self.covered_fen().saturating_sub(self.to_member_fen)
    }

    /// The year whose accumulators it is part of.
    pub fn year(&self) -> Year {
        self.service.1.year()
    }

    /// Whether it counts.
    pub fn is_live(&self) -> bool {
        self.state == SettlementState::Live
    }
}

/// How the insurer decides a claim.
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
)]
pub enum Decision {
    /// The fund pays what the rules give.
    Approve,
    /// The fund pays no more than this.
    Part {
        /// At least 1 and at most what the rules give, in fen.
        #[codec(compact)]
        fund_fen: Balance,
    },
    /// The fund pays nothing.
    Deny,
}

/// A decision, and why.
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
)]
pub struct Ruling {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: ReasonCode,
    /// When.
    pub at: Moment,
}

/// A settlement that was not paid at once.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim {
    /// What is to be settled. No other settlement of it is taken while the claim is open.
    pub invoice: InvoiceId,
    /// By which coverage.
    pub coverage: CoverageId,
    /// Who decides.
    pub insurer: MemberId,
    /// Why it was not paid at once. Not empty.
    pub flags: Flags,
    /// How much of the personal account the patient allows, in fen.
    #[codec(compact)]
    pub account_max_fen: Balance,
    /// When it was filed.
    pub filed_at: Moment,
    /// When the patient appealed, if she did.
    pub appealed_at: Option<Moment>,
    /// Where it stands.
    pub state: ClaimState,
    /// The latest decision.
    pub ruling: Option<Ruling>,
    /// The settlement that followed.
    pub settlement: Option<SettlementId>,
    /// What the rules gave when only part of it was approved: the most that an appeal can bring.
    pub computed: Option<Split>,
}

impl Claim {
    /// Since when it waits for the insurer, or last did.
    pub fn waits_since(&self) -> Moment {
        self.appealed_at.unwrap_or(self.filed_at)
    }
}

/// What became of an invoice here.
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
)]
pub struct InvoiceFile {
    /// Its latest settlement, reversed or not.
    pub settlement: Option<SettlementId>,
    /// Its latest claim.
    pub claim: Option<ClaimId>,
}
