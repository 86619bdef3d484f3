//! Invoices, as `pallet-payments` keeps them and `pallet-insurance` settles them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::ConstU32, BoundedVec, DispatchError};

use crate::{
    time::{Date, Moment},
    AppointmentId, Balance, Hash, InvoiceId, MemberId, PatientId, SettlementId,
};

/// Most lines of one invoice.
pub const LINES_MAX: u32 = 128;
/// One as a ratio in basis points.
pub const WHOLE_BP: u16 = 10_000;

/// Where the patient was treated.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Setting {
    /// Outpatient (门诊).
    Outpatient,
    /// Inpatient (住院).
    Inpatient,
}

/// The class of an item in the medical insurance catalogue (医保目录).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum CatalogueClass {
    /// Class A (甲类): eligible in full.
    A,
    /// Class B (乙类): eligible after a prepayment by the patient.
    B,
    /// Class C (丙类): the patient's own expense.
    C,
}

/// One line of an invoice: what the rules need in the clear, and a commitment to what the item is.
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
pub struct Line {
    /// Commitment to the item's code: a keyed hash under a key that the member derives for the
    /// patient, so that equal items of one patient at one member are equal and nothing else shows.
    pub item: Hash,
    /// Class in the catalogue.
    pub class: CatalogueClass,
    /// Share that the patient pays before the rest is eligible (先行自付), in basis points.
    pub prepay_bp: u16,
    /// Price of one unit, in fen.
    #[codec(compact)]
    pub unit_price_fen: u64,
    /// How many units; at least 1.
    #[codec(compact)]
    pub quantity: u32,
    /// The price per unit above which the patient pays alone (限价), in fen.
    pub price_limit_fen: Option<u64>,
    /// Share that the fund pays outright, in basis points; the line then takes no part in
    /// deductible and bands.
    pub fund_share_bp: Option<u16>,
}

impl Line {
    /// Price times quantity, in fen: at most 2⁹⁶, so that no sum of [`LINES_MAX`] overflows.
    pub fn amount_fen(&self) -> Balance {
        Balance::from(self.unit_price_fen).saturating_mul(Balance::from(self.quantity))
    }
}

/// The lines of an invoice.
pub type Lines = BoundedVec<Line, ConstU32<LINES_MAX>>;

/// What the insurer's rules need to know of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The member that issued it.
    pub member: MemberId,
    /// Whom it charges.
    pub patient: PatientId,
    /// The visit it charges for.
    pub visit: Option<AppointmentId>,
    /// Where the patient was treated.
    pub setting: Setting,
    /// First and last day of the service. The last one chooses the version of a scheme.
    pub service: (Date, Date),
    /// When it was issued.
    pub issued_at: Moment,
    /// What it charges.
    pub lines: Lines,
    /// The sum of the lines, in fen.
    pub total_fen: Balance,
    /// What the patient has paid, in fen.
    pub paid_fen: Balance,
    /// The settlement that covers it.
    pub settlement: Option<SettlementId>,
    /// Whether it can be settled: issued, neither cancelled nor refunded in whole or part.
    pub is_open: bool,
}

impl Bill {
    /// What the patient owes the member before anything is settled, in fen.
    pub fn due_fen(&self) -> Balance {
        self.total_fen.saturating_sub(self.paid_fen)
    }
}

/// The invoices. Money is moved by the caller, except by [`Invoices::pay_from_balance`].
pub trait Invoices<AccountId> {
    /// What an invoice charges, if there is such an invoice.
    fn bill(invoice: InvoiceId) -> Option<Bill>;
    /// Books that a settlement pays `covered_fen` to the member. The invoice is settled from then
    /// on, also with 0, when the patient had paid all and the fund's part went to her.
    ///
    /// Fails when the invoice is not open, is settled, or less than `covered_fen` is due.
    fn cover(
        invoice: InvoiceId,
        settlement: SettlementId,
        covered_fen: Balance,
    ) -> Result<(), DispatchError>;
    /// Takes back what [`Invoices::cover`] booked.
    fn uncover(invoice: InvoiceId, settlement: SettlementId) -> Result<(), DispatchError>;
    /// Pays `amount_fen` of an invoice from the patient's balance, under a payment id that was never
    /// used for the patient.
    ///
    /// Fails unless the money has moved: also when the id stands for the same payment.
    fn pay_from_balance(
        payer: &AccountId,
        invoice: InvoiceId,
        amount_fen: Balance,
        payment: Hash,
    ) -> Result<(), DispatchError>;
}

/// Who is told that something of an invoice was taken back.
pub trait OnRefund {
    /// A red-letter invoice took `amount_fen` back of a blue one.
    fn on_refund(invoice: InvoiceId, amount_fen: Balance);
}

/// Nobody.
impl OnRefund for () {
    fn on_refund(_: InvoiceId, _: Balance) {}
}
