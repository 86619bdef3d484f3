//! E-invoices (医疗电子票据): the document that is rendered from the chain and from the envelope of
//! an invoice's details.
//!
//! - [`EInvoice`] is the document, as data; [`EInvoice::to_json`] and [`EInvoice::from_json`] carry
//!   it, [`EInvoice::to_pdf`] shows it to people, with the JSON attached;
//! - [`EInvoiceFile`] reads either, and compares a PDF with its document;
//! - [`EInvoice::check`] finds every contradiction within it. Whether it is what the chain says is
//!   checked by who has a connection to a node: [`Proof`] says where to look;
//! - [`capitals`] writes an amount in Chinese capital numerals (大写金额).
//!
//! # Format
//!
//! JSON with the fields of [`EInvoice`] in camel case, described in `docs/e-invoice.md`. `schema` names the version; a change of
//! meaning, or of a field that is not optional, brings another one. Unknown fields are refused, so
//! that nothing stands in an invoice that no check looks at. Amounts are integer fen; on a
//! red-letter invoice they are what is taken back, and positive. Dates are civil dates in UTC+8
//! (`2024-03-11`), times milliseconds since 1970-01-01T00:00:00Z, hashes `0x` and 64 digits.

mod capital;
mod check;
mod day;
mod document;
mod file;
mod hash;
mod pdf;

pub use capital::capitals;
pub use check::Fault;
pub use day::Day;
pub use document::{
    EInvoice, FormatError, ItemClass, Kind, Line, Member, Number, Payment, Proof, Service, Setting,
    Settlement, Source, State, JSON_BYTES_MAX, LINES_MAX, PAYMENTS_MAX, SCHEMA, SCHEMA_1,
};
pub use file::{EInvoiceFile, PagesFault, FILE_BYTES_MAX};
pub use hash::Hash;
pub use pdf::RENDERING;
