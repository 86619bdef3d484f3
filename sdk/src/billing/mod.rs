//! Invoices: issuing one with its details, reading it back and checking it, paying it.
//!
//! An invoice on the chain has everything that the rules of insurance need in the clear, and not what
//! its items are. These are in a [letter](crate::letter) for the patient, the issuing member and
//! those whom it names (insurers, regulators): [`Details`] in JSON. Each line on the chain has a
//! commitment to its item; whoever reads the details recomputes it, so that they cannot say
//! something else than what was charged.
//!
//! Calls that need nothing besides their arguments (`pay`, `pay_external`, `refund`,
//! `cancel_invoice`, those of banks) are not here: give them to
//! [`execute`](crate::operation::execute), with a fresh [`random_id`](crate::operation::random_id)
//! for each payment or refund. Submitting the same id again changes nothing.

mod invoice;
mod items;
mod outside;

pub use invoice::{
    check, issue, prepare, read, DraftLine, InvoiceDraft, Issued, PreparedInvoice, ReadInvoice,
};
pub(crate) use invoice::{context, reader_of};
pub use items::{Details, InvoiceProblem, Item, ItemKey, ITEM_TEXT_BYTES_MAX};
pub use outside::{open_payout, reference_of, seal_payout, sign_receipt, SignedReceipt};
