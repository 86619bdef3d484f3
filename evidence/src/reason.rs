//! Why a step of a verification fails.

use xinglin_envelope::EnvelopeError;
use xinglin_primitives::{receipt::ReceiptError, BlockNumber, Hash};

use crate::{
    archive::ArchiveError,
    format::{ContentOf, FORMAT_VERSION},
    state::{Item, StateError},
    trust::ChangeError,
};

/// Why a step fails. `at` names the entry of the claim, such as `operations[2]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The bytes are no package.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file that every package has is not there.
    #[error("`{0}` is missing")]
    Missing(String),
    /// There is a file that the manifest does not name, or that no package has.
    #[error("`{0}` belongs to no part of the package")]
    Stray(String),
    /// The files of one kind are not counted from 0 without gaps, or not as many as the claim says.
    #[error("there are {found} files of the kind of `{path}`, the claim speaks of {expected}")]
    Count {
        /// The first file of the kind.
        path: String,
        /// How many there are, in a row.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A file does not have the size that the manifest names.
    #[error("`{path}` has {found} bytes, the manifest says {expected}")]
    Size {
        /// Which.
        path: String,
        /// How many it has.
        found: u64,
        /// How many it should have.
        expected: u64,
    },
    /// A file does not have a hash that the manifest names.
    #[error("`{path}` does not have the {hash} that the manifest names: it was altered")]
    HashOf {
        /// Which.
        path: String,
        /// Which hash.
        hash: &'static str,
    },
    /// The package is of another format.
    #[error("the package is of format {0}, this program knows {FORMAT_VERSION}; use a release that knows it")]
    Format(u32),
    /// A file is not what it should be, or not in the form in which it is written.
    #[error("`{path}` cannot be read: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// There is more than a package may have.
    #[error("{at}: {found} are more than a package has ({limit})")]
    TooMany {
        /// Of what.
        at: String,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Manifest and claim name different subjects.
    #[error("the manifest speaks of another subject than the claim")]
    Subject,
    /// The package is of another chain.
    #[error("the package is of the chain with the genesis {found:?}, you trust {expected:?}; take the specification of that chain, if you trust it")]
    OtherChain {
        /// The package's.
        found: Hash,
        /// The trusted one.
        expected: Hash,
    },
    /// The trusted validators do not lead further.
    #[error("validators/{number}: {error}")]
    Change {
        /// Which change.
        number: usize,
        /// Why.
        error: ChangeError,
    },
    /// A block is from before the trusted validators.
    #[error("{at} is of height {height}, the trusted validators begin at {from}; take an earlier anchor, such as the chain's specification")]
    BeforeAnchor {
        /// What.
        at: String,
        /// Its height.
        height: BlockNumber,
        /// The anchor's.
        from: BlockNumber,
    },
    /// A receipt or header does not hold.
    #[error("{at}: {error}")]
    NotDecided {
        /// Which.
        at: String,
        /// Why.
        error: ReceiptError,
    },
    /// A state proof does not hold.
    #[error("{at}: {error}")]
    State {
        /// Which.
        at: String,
        /// Why.
        error: StateError,
    },
    /// The claim says something else than what the files prove.
    #[error("{at}: the claim says something else than what is proven")]
    Misstated {
        /// Which field.
        at: String,
    },
    /// The same thing is there twice.
    #[error("{at} is there twice")]
    Twice {
        /// Which.
        at: String,
    },
    /// The claim refers to an operation that is not there.
    #[error("{at} refers to an operation that is not in the package")]
    NoOperation {
        /// Which.
        at: String,
    },
    /// What a ciphertext belongs to is not proven.
    #[error(
        "the {of} is not among the proven facts, so nothing says what its ciphertext should be"
    )]
    NotProven {
        /// Of what.
        of: ContentOf,
    },
    /// A ciphertext lies beyond the end of its transaction.
    #[error("the {of} is said to lie beyond the end of its transaction")]
    Beyond {
        /// Of what.
        of: ContentOf,
    },
    /// A ciphertext is in another block than the state says.
    #[error("the {of} is said to be in block {found}, the state says otherwise")]
    OtherBlock {
        /// Of what.
        of: ContentOf,
        /// The block of the operation.
        found: BlockNumber,
    },
    /// A ciphertext is not the one that the state knows, or its key does not open it.
    #[error("the {of}: {error}")]
    Content {
        /// Of what.
        of: ContentOf,
        /// Why.
        error: EnvelopeError,
    },
    /// A plaintext is not what is in the ciphertext.
    #[error("the {of}: the plaintext is not what the ciphertext holds")]
    OtherPlaintext {
        /// Of what.
        of: ContentOf,
    },
    /// A token is not what it should be.
    #[error("time/{number}: {error}")]
    Token {
        /// Which.
        number: usize,
        /// Why.
        error: String,
    },
    /// The transaction that should carry a token does not.
    #[error("time/{number}: the operation does not carry the token")]
    NotRecorded {
        /// Which token.
        number: usize,
    },
    /// What the subject needs is not among the facts.
    #[error("{item:?} is not among the proven facts, so the evidence is incomplete")]
    Incomplete {
        /// What is missing.
        item: Item,
    },
    /// There is no such thing on the chain.
    #[error("by the chain's state there is no {0}")]
    Absent(String),
    /// A version is on the chain and its ciphertext is not in the package.
    #[error("the ciphertext of the {of} is on the chain and not in the package")]
    NoContent {
        /// Of what.
        of: ContentOf,
    },
    /// There is nothing in the package.
    #[error("the package has no operation")]
    Empty,
    /// The report is not the one that follows from the claim.
    #[error("the report is not the one that follows from the claim: it was altered, or made by a release that words it in another way; go by this verification alone")]
    OtherReport,
}
