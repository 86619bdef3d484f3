//! A4 documents of text and tables, in Chinese and Latin script, as PDF.
//!
//! [`Document`] is filled from top to bottom: headings, paragraphs, labelled fields, tables. It
//! breaks lines and pages, repeats the heads of tables, and numbers the pages. The same calls give
//! the same bytes: there is no time of creation in them and no random identifier.
//!
//! # Attachment
//!
//! A document can carry the JSON from which it is made: uncompressed, as an embedded and associated file,
//! as Factur-X carries its XML. [`attached_json`] finds it in what this crate wrote, not in any PDF;
//! whoever renders it again and compares the bytes knows whether the pages show it.
//!
//! # Font
//!
//! All text is in `STSong-Light` with the encoding `UniGB-UTF16-H`, one of the fonts and encodings
//! that ISO 32000-1 (9.7.5.2) predefines for simplified Chinese. Nothing is embedded; a viewer takes
//! its own Chinese font. Latin letters and digits are half as wide as Chinese characters, so figures
//! stand in columns, and what a line holds is known without the font.

mod document;
mod layout;
mod reading;
mod writing;

pub use document::{Align, Column, Document};
pub use reading::{attached_json, producer};
