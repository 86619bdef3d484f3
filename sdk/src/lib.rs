//! The wallet side of Xinglin: keys, typed transactions, receipts.
//!
//! - [`keys`], [`keystore`], [`secret_file`]: key pairs and the encrypted files that hold them;
//! - [`envelope`]: encrypts records and seals their keys to readers;
//! - [`transaction`]: signs a call;
//! - [`client`]: a connection to a node, which reads state, submits transactions and follows them to
//!   finality;
//! - [`receipt`]: verifies, without any node, that an operation is in the chain;
//! - [`council`]: motions of the council;
//! - [`wallet`]: a key that signs together with the secret that opens what was sealed to its owner;
//! - [`records`], [`billing`], [`insurance`], [`audit`]: operations that are more than one call;
//! - [`oversight`]: what waits for regulators and insurers, and case files as PDF and CSV;
//! - [`einvoice`]: e-invoices from the chain, and compared with it;
//! - [`import`], [`export`]: patients from FHIR bundles to the chain and back;
//! - [`trail`]: a visit with everything that came of it;
//! - [`evidence`]: packages that prove operations, records and visits to whoever has no node;
//! - [`letter`]: one content, encrypted for several readers.
//!
//! An operation that is one call needs nothing of its own: build the call, which the compiler
//! checks, and give it to [`operation::execute`].
//!
//! # Why not a generic client
//!
//! Calls, storage keys, events and errors here are the runtime's own Rust types over plain JSON-RPC.
//! A generic client would decode them by metadata at run time; that is what a program needs that
//! must follow several chains or versions. This SDK belongs to one chain and is released with it, so
//! the compiler checks every call, a mismatch of versions is found when connecting, and one large
//! dependency is not needed.

pub mod audit;
pub mod billing;
pub mod client;
pub mod council;
pub mod einvoice;
pub mod envelope;
pub mod evidence;
pub mod export;
pub mod identity;
pub mod import;
pub mod insurance;
pub mod keys;
pub mod keystore;
pub mod letter;
pub mod operation;
pub mod oversight;
pub mod parties;
pub mod receipt;
pub mod records;
pub mod secret_file;
pub mod trail;
pub mod transaction;
pub mod trusted_time;
pub mod wallet;
