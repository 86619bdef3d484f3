//! Why an envelope cannot be made or opened. Nothing of a content or key is in it.

use xinglin_primitives::Hash;

use crate::PLAIN_BYTES_MAX;

/// Why an envelope cannot be made or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// There are fewer bytes than the smallest envelope has.
    #[error("the envelope is cut off: {bytes} bytes; fetch it again")]
    CutOff {
        /// How many there are.
        bytes: usize,
    },
    /// The bytes are not those that the chain has registered.
    #[error("the envelope has hash {found:?} instead of the registered {expected:?}: it was altered; fetch it from another node")]
    HashMismatch {
        /// The hash on the chain.
        expected: Hash,
        /// The hash of the bytes.
        found: Hash,
    },
    /// The header names a format that this SDK does not know.
    #[error("envelope format {0} is unknown; update the SDK")]
    UnknownVersion(u8),
    /// The header names a compression that this SDK does not know.
    #[error("compression {0} is unknown; update the SDK")]
    UnknownCompression(u8),
    /// Authentication of the content failed.
    #[error("the content does not authenticate: the envelope was altered, or the key or what it should be about (chain, patient, author, kind, version) is another record's")]
    ContentRefused,
    /// Authentication of the sealed key failed.
    #[error("the sealed key does not authenticate: it was altered, or is for another content, reader or encryption key; if the encryption key was replaced, ask for it to be sealed again")]
    KeyRefused,
    /// The public key of the reader cannot be sealed to.
    #[error(
        "the reader's encryption key is no usable X25519 key; let the reader register another"
    )]
    BadEncryptionKey,
    /// The content could be decrypted but not decompressed.
    #[error("the content is not what its compression says; its author has to write it again")]
    BadCompression,
    /// The content is larger than the bound, or would be when decompressed.
    #[error("the content is larger than {PLAIN_BYTES_MAX} bytes; split it")]
    TooLarge,
    /// The list of readers does not ascend, is empty or names an unknown kind of reader.
    #[error("the list of readers is damaged: the letter was altered; fetch it again")]
    BadReaders,
    /// There are more readers than a letter has slots.
    #[error("a letter has at most {} readers", crate::letter::READERS_MAX)]
    TooManyReaders,
    /// No slot of the letter is the reader's.
    #[error("the letter is not sealed to this reader; ask one of its readers, or its sender")]
    NotAReader,
    /// The envelope does not fit into a transaction.
    #[error("the envelope has {bytes} bytes, a transaction carries {limit}; keep it in the object store and write it as an external file")]
    TooLargeForTransaction {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
}
