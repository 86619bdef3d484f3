//! The bytes of consensus, on the wire and in the write-ahead log.
//!
//! Each message is a version byte and the SCALE encoding of a type of [`wire`], which mirrors the
//! engine's. Decoding is bounded before it allocates: by the transport's size limits, by the caps
//! below, and by SCALE itself, which never allocates more than the input can fill.

pub mod convert;
mod wire;

use arc_malachitebft_app::{
    consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg},
    types::{
        codec::{Codec, HasEncodedLen},
        core::{PolkaCertificate, ValidatorProof},
        streaming::StreamMessage,
        sync,
    },
};
use bytes::Bytes;
use codec::{DecodeAll, Encode};

use crate::context::{Context, Part};

/// The version of every format here. Another version is refused, never guessed at.
const VERSION: u8 = 1;
/// Most signatures in a certificate.
const SIGNATURES_MAX: usize = xinglin_primitives::consensus::VALIDATORS_MAX as usize;
/// Most bytes in one part of a block.
pub const PART_BYTES_MAX: usize = 128 * 1024;
/// Most bytes of a stream's name.
const STREAM_ID_BYTES_MAX: usize = 64;
/// Most decided blocks in one sync response.
const SYNC_VALUES_MAX: usize = 64;

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Nothing at all.
    #[error("empty message")]
    Empty,
    /// From a node of another version.
    #[error("message format version {0}, this node speaks {VERSION}")]
    Version(u8),
    /// Not the encoding of such a message.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// More elements than allowed.
    #[error("{0} beyond its limit")]
    TooMany(&'static str),
}

/// Encodes and decodes everything that the engine sends and logs.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScaleCodec;

fn encode<W: Encode>(wire: &W) -> Bytes {
    let mut out = Vec::with_capacity(1 + wire.size_hint());
    out.push(VERSION);
    wire.encode_to(&mut out);
    out.into()
}

fn decode<W: DecodeAll>(bytes: &[u8], what: &'static str) -> Result<W, CodecError> {
    let (version, mut rest) = bytes.split_first().ok_or(CodecError::Empty)?;
    if *version != VERSION {
        return Err(CodecError::Version(*version));
    }
    W::decode_all(&mut rest).map_err(|_| CodecError::Malformed(what))
}

macro_rules! codec {
    ($engine:ty, $wire:ty, $what:literal) => {
        impl Codec<$engine> for ScaleCodec {
            type Error = CodecError;

            fn decode(&self, bytes: Bytes) -> Result<$engine, CodecError> {
                decode::<$wire>(&bytes, $what)?.try_into()
            }

            fn encode(&self, message: &$engine) -> Result<Bytes, CodecError> {
                Ok(encode(&<$wire>::from(message)))
            }
        }
    };
}

codec!(Part, wire::Part, "proposal part");
codec!(
    SignedConsensusMsg<Context>,
    wire::SignedMessage,
    "vote or proposal"
);
codec!(LivenessMsg<Context>, wire::Liveness, "liveness message");
codec!(StreamMessage<Part>, wire::Stream, "stream message");
codec!(
    ValidatorProof<Context>,
    wire::ValidatorProof,
    "validator proof"
);
codec!(
    ProposedValue<Context>,
    wire::ProposedValue,
    "proposed value"
);
codec!(
    PolkaCertificate<Context>,
    wire::PolkaCertificate,
    "polka certificate"
);
codec!(sync::Status<Context>, wire::Status, "sync status");
codec!(sync::Request<Context>, wire::Request, "sync request");
codec!(sync::Response<Context>, wire::Response, "sync response");

impl HasEncodedLen<sync::Response<Context>> for ScaleCodec {
    fn encoded_len(&self, response: &sync::Response<Context>) -> Result<usize, CodecError> {
        Ok(1 + wire::Response::from(response).encoded_size())
    }
}

#[cfg(test)]
mod tests;
