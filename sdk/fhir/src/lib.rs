//! FHIR R4 in and out.
//!
//! - [`Bundle`] reads a bundle within [`Limits`] and writes it again; a resource is never
//!   rewritten, its JSON text travels as it was read;
//! - [`Dossier`] splits a bundle by encounter into records that fit into transactions, and
//!   [`Bundle::merge`] puts them together again;
//! - [`Charge`] maps a claim to the lines of an invoice, in integer fen;
//! - [`Patient`], [`Visit`], [`Organization`] and [`Practitioner`] are what an import needs to know
//!   of the resources.
//!
//! # What is understood and what only travels
//!
//! Resources of the 146 types of R4 must be what R4 defines: [`Dossier::split`] reads each by the types
//! of the crate `fhir-r4`, and takes from them what an import has to understand. What is kept and
//! written is the text, byte for byte: resource types and elements that nobody here has heard of, and
//! numbers in any notation, come out as they went in.
//!
//! # Errors
//!
//! A [`FhirError`] says where in the document something is wrong, what was expected and what to do.
//! It never quotes the document: that is a patient's. For the same reason `Debug` of the types here
//! prints counts and kinds only.

mod bundle;
mod charge;
mod concept;
mod dossier;
mod error;
mod money;
mod party;
mod patient;
mod record;
mod references;
mod scan;
mod secret;
mod time;
mod visit;

pub use bundle::{Bundle, Entry, Form, Limits};
pub use charge::{Charge, ChargeKind, ClaimLine, ItemClass};
pub use dossier::Dossier;
pub use error::FhirError;
pub use money::AmountFault;
pub use party::{organizations, practitioners, Identifier, Organization, Party, Practitioner};
pub use patient::{Gender, Patient};
pub use record::{Grouping, RecordKind, RecordOptions, RecordPart};
pub use secret::Secret;
pub use time::{civil_date, CivilDate};
pub use visit::{EncounterClass, Visit};
