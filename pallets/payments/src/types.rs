//! What the pallet stores and what its calls carry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    glue::{Lines, Setting, LINES_MAX},
    time::{Date, Moment},
    AppointmentId, Balance, BlockNumber, Hash, Hashing, InvoiceId, MemberId, PatientId,
};

pub use xinglin_primitives::{InOrder, ProviderId, RedemptionId};

use crate::{number::InvoiceNumber, receipts::ReceiptKey, states::Tally};

/// Most payments of one invoice; the last of them pays all that is due. Bounds what a refund looks
/// at.
pub const PAYMENTS_MAX: u32 = 32;
/// Most red-letter invoices of one invoice; the last of them takes back all that is left.
pub const RED_LETTERS_MAX: u32 = 32;
/// Most members, besides the issuing one, to which the details of an invoice are sealed.
pub const READERS_MAX: u32 = 8;
/// Longest envelope with the details of an invoice, in bytes: 64 KiB. Enough for [`LINES_MAX`] lines
/// with some hundred bytes of text each, the sealed keys of the patient, the member and
/// [`READERS_MAX`] readers, and what sealing adds; and little enough that a block takes dozens.
pub const ENVELOPE_BYTES_MAX: u32 = 64 * 1024;
/// Most redemptions of one holder that are open.
pub const REDEMPTIONS_MAX: u32 = 16;
/// Longest name of a provider, in bytes of UTF-8.
pub const NAME_BYTES_MAX: u32 = 64;

/// What a bank has issued and redeemed, in fen.
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
pub struct BankBook {
    /// All that it ever issued.
    pub issued_fen: Balance,
    /// All that it ever redeemed.
    pub redeemed_fen: Balance,
    /// What it is asked to redeem.
    pub pending_fen: Balance,
}

impl BankBook {
    /// What it can still be asked to redeem.
    pub fn redeemable_fen(&self) -> Balance {
        self.issued_fen
            .saturating_sub(self.redeemed_fen)
            .saturating_sub(self.pending_fen)
    }
}

/// Whose money an account has, whichever account that is by now.
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
pub enum Owner {
    /// A patient, with her own account.
    Patient(PatientId),
    /// A member, with its main account or one of its service accounts.
    Member(MemberId),
}

/// A holder's request that a bank redeem on-chain CNY. The money is held until it is answered.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Redemption<AccountId> {
    /// The account on which the money is held.
    pub holder: AccountId,
    /// Whose account that was when it was asked.
    pub owner: Option<Owner>,
    /// Who is asked.
    pub bank: MemberId,
    /// How much, in fen.
    pub amount_fen: Balance,
    /// Blake2b-256 of the sealed instruction where the bank pays it out.
    pub payout: Hash,
    /// When it was asked.
    pub requested_at: Moment,
}

/// Why a bank does not redeem.
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
pub enum Rejection {
    /// The instruction cannot be read or followed.
    BadInstruction,
    /// The holder is not the bank's customer.
    NotCustomer,
    /// The law forbids it.
    Compliance,
    /// Something else.
    Other,
}

/// A provider's name: UTF-8, not empty, no control characters.
pub type Name = BoundedVec<u8, ConstU32<NAME_BYTES_MAX>>;

/// A provider of payment services (WeChat Pay, Alipay, UnionPay).
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Provider<AccountId> {
    /// Its public name.
    pub name: Name,
    /// Under which it submits its receipts itself.
    pub account: AccountId,
    /// With which it signs receipts.
    pub key: ReceiptKey,
    /// Whether it is registered no more. Its receipts are refused then.
    pub is_retired: bool,
}

/// The members, besides the issuing one, to which details are sealed: in ascending order.
pub type Readers = BoundedVec<MemberId, ConstU32<READERS_MAX>>;

/// The sealed details of an invoice: what each line is, with the key sealed to each reader: the
/// patient, the issuing member, and those that [`Details`] name. Opaque to the chain, which carries
/// it in the block and keeps its hash.
pub type Envelope = BoundedVec<u8, ConstU32<ENVELOPE_BYTES_MAX>>;

/// What the state keeps of the [`Envelope`] of an invoice.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Details {
    /// Blake2b-256 of the envelope. No two invoices have the same.
    pub envelope: Hash,
    /// To whom it is sealed besides the patient and the issuing member: insurers and regulators.
    pub readers: Readers,
}

/// An invoice as its member issues it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NewInvoice {
    /// Whom it charges.
    pub patient: PatientId,
    /// The visit it charges for.
    pub visit: Option<AppointmentId>,
    /// Where the patient was treated.
    pub setting: Setting,
    /// First and last day of the service, both not after today (UTC+8).
    pub service: (Date, Date),
    /// What it charges.
    pub lines: Lines,
    /// The sum of the lines, in fen.
    #[codec(compact)]
    pub total_fen: Balance,
    /// What the lines are.
    pub details: Details,
}

/// A blue invoice. Its lines are kept apart, because paying does not need them.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Invoice {
    /// Its number, which names its member.
    pub number: InvoiceNumber,
    /// Whom it charges.
    pub patient: PatientId,
    /// The visit it charges for.
    pub visit: Option<AppointmentId>,
    /// Where the patient was treated.
    pub setting: Setting,
    /// First and last day of the service.
    pub service: (Date, Date),
    /// When it was issued.
    pub issued_at: Moment,
    /// The block whose body carries the envelope.
    pub issued_in: BlockNumber,
    /// What the lines are.
    pub details: Details,
    /// What is charged, paid, covered and refunded.
    pub tally: Tally,
    /// The patient's invoice before this one.
    pub previous_of_patient: Option<InvoiceId>,
    /// The visit's invoice before this one.
    pub previous_of_visit: Option<InvoiceId>,
}

/// Why an invoice is cancelled or refunded.
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
pub enum Reason {
    /// It was issued by mistake or says something wrong.
    Error,
    /// The service was not rendered, or the goods were returned.
    NotRendered,
    /// The member lowers its price.
    Allowance,
    /// Something else.
    Other,
}

/// Where a payment came from.
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
pub enum Source {
    /// The patient's on-chain balance.
    Balance {
        /// The id that the client chose.
        payment: Hash,
        /// Whether another than the patient's own account signed.
        is_delegated: bool,
    },
    /// Outside of the chain.
    Outside {
        /// Who vouches for it.
        provider: ProviderId,
        /// Blake2b-256 of the provider's number of the transaction.
        reference: Hash,
        /// When, by the provider's clock.
        paid_at: Moment,
    },
}

/// One payment of an invoice.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Payment {
    /// Where it came from.
    pub source: Source,
    /// How much, in fen.
    #[codec(compact)]
    pub amount_fen: Balance,
    /// What of it red-letter invoices gave back, in fen.
    #[codec(compact)]
    pub returned_fen: Balance,
    /// When it was booked.
    pub at: Moment,
}

/// The payments of an invoice, in the order in which they were booked.
pub type Payments = BoundedVec<Payment, ConstU32<PAYMENTS_MAX>>;

/// What a payment id stands for: the same id with anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PaymentRecord {
    /// What was paid.
    pub invoice: InvoiceId,
    /// How much, in fen.
    pub amount_fen: Balance,
}

/// What a refund id stands for: the same id with anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RefundRecord {
    /// The red-letter invoice.
    pub red: InvoiceId,
    /// Blake2b-256 of what was asked for.
    pub request: Hash,
}

impl RefundRecord {
    /// Blake2b-256 of the SCALE encoding of what a refund asks for.
    pub fn request_of(invoice: InvoiceId, what: &RefundOf, reason: Reason) -> Hash {
        Hashing::hash_of(&(invoice, what, reason))
    }
}

/// A part of one line of an invoice.
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
pub struct LinePart {
    /// Which line, from 0.
    pub line: u8,
    /// How many units of it. 0: none are returned, only their price is lowered.
    #[codec(compact)]
    pub quantity: u32,
    /// How much of its amount, in fen.
    #[codec(compact)]
    pub amount_fen: Balance,
}

/// Parts of lines, at most one of each, in the order of the lines.
pub type LineParts = BoundedVec<LinePart, ConstU32<LINES_MAX>>;

/// What a refund takes back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RefundOf {
    /// All that is left of the invoice.
    Everything,
    /// All that is left of these lines, in ascending order.
    Lines(BoundedVec<u8, ConstU32<LINES_MAX>>),
    /// Parts of lines.
    Parts(LineParts),
}

impl RefundOf {
    /// Most lines of which it may take something back.
    pub fn lines_max(&self) -> u32 {
        let lines = match self {
            Self::Everything => return LINES_MAX,
            Self::Lines(lines) => lines.len(),
            Self::Parts(parts) => parts.len(),
        };
        u32::try_from(lines).unwrap_or(LINES_MAX)
    }
}

/// Money that was paid outside of the chain and is paid back there.
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
pub struct Repayment {
    /// Through whom it was paid.
    pub provider: ProviderId,
    /// Blake2b-256 of the provider's number of the payment.
    pub reference: Hash,
    /// How much is paid back, in fen.
    #[codec(compact)]
    pub amount_fen: Balance,
    /// Blake2b-256 of the provider's number of the repayment, once the provider confirmed it.
    pub confirmed: Option<Hash>,
}

/// A red-letter invoice (红字发票). Nothing but the confirmations ever changes.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RedLetter {
    /// Its number, which names its member.
    pub number: InvoiceNumber,
    /// The blue invoice of which it takes something back.
    pub blue: InvoiceId,
    /// When it was issued.
    pub issued_at: Moment,
    /// The block whose body carries the call that issued it.
    pub issued_in: BlockNumber,
    /// Why.
    pub reason: Reason,
    /// What it takes back.
    pub parts: LineParts,
    /// The sum of the parts, in fen. What of it had not been paid is not given back.
    #[codec(compact)]
    pub total_fen: Balance,
    /// What went back to the patient's balance, in fen.
    #[codec(compact)]
    pub to_balance_fen: Balance,
    /// What is paid back outside of the chain.
    pub outside: BoundedVec<Repayment, ConstU32<PAYMENTS_MAX>>,
}
