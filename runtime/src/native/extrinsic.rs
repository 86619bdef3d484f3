//! Transactions between their bytes and their execution.

use bytes::Bytes;
use codec::{DecodeLimit, Encode};
use sp_io::hashing::blake2_256;
use sp_runtime::{
    generic::{Era, ExtrinsicFormat, Preamble},
    traits::{StaticLookup, TransactionExtension, Verify},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use xinglin_primitives::{
    receipt::extrinsic_hash, AccountId, Hash, Nonce, Signature, EXTRINSIC_BYTES_MAX,
};

use crate::{
    extensions::tx_extension, CheckedExtrinsic, Runtime, RuntimeCall, TxExtension,
    UncheckedExtrinsic,
};

/// How deep calls may nest in calls.
pub(crate) const CALL_DEPTH_MAX: u32 = 64;
/// A longer payload is hashed before it is signed.
const PAYLOAD_BYTES_UNHASHED_MAX: usize = 256;

/// Why bytes are not a transaction of this chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than [`EXTRINSIC_BYTES_MAX`].
    #[error("{0} bytes exceed the limit of {EXTRINSIC_BYTES_MAX} for one transaction")]
    TooLong(usize),
    /// Not a length-prefixed extrinsic with a call that this version of the rules has.
    #[error("not a transaction with a call that this version of the chain knows")]
    Malformed,
    /// A signed one whose address is not a plain account.
    #[error("the signer must be given as an account id")]
    Address,
    /// Neither signed nor bare. The extrinsic format's third kind needs extensions that we lack.
    #[error("only signed (version 4) and bare transactions are accepted")]
    General,
}

impl From<DecodeError> for TransactionValidityError {
    fn from(_: DecodeError) -> Self {
        InvalidTransaction::Call.into()
    }
}

/// A transaction, decoded once, with the bytes and the hash by which everybody knows it.
#[derive(Clone, Debug)]
pub struct DecodedExtrinsic {
    bytes: Bytes,
    hash: Hash,
    /// Where in `bytes` the call begins; it reaches to the end.
    call_offset: usize,
    format: Format,
    call: RuntimeCall,
}

#[derive(Clone, Debug)]
enum Format {
    Bare,
    Signed(Box<Signed>),
}

#[derive(Clone, Debug)]
struct Signed {
    signer: AccountId,
    signature: Signature,
    extension: TxExtension,
}

/// The block hash that a signature covers: that of the first block of the transaction's era, or of
/// the genesis.
///
/// An era ends by this hash becoming another, which makes the signature wrong. Whoever remembers
/// that a signature has been verified must therefore remember it together with this value, and
/// [`apply`](super::apply) and [`validate`](super::validate) verify anew when it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignedAt(Hash);

/// A signature to verify outside of externalities, in a batch.
#[derive(Clone, Debug)]
pub struct SignatureToVerify {
    /// Who must have signed.
    pub signer: AccountId,
    /// The signature.
    pub signature: Signature,
    /// What must have been signed.
    pub payload: Vec<u8>,
    /// What to remember once it is verified.
    pub signed_at: SignedAt,
}

impl SignatureToVerify {
    /// Verifies it alone.
    pub fn is_valid(&self) -> bool {
        self.signature.verify(&self.payload[..], &self.signer)
    }
}

impl DecodedExtrinsic {
    /// Decodes a transaction, length prefix included. Needs no externalities.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        if bytes.len() > EXTRINSIC_BYTES_MAX as usize {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        let extrinsic =
            UncheckedExtrinsic::decode_all_with_depth_limit(CALL_DEPTH_MAX, &mut &bytes[..])
                .map_err(|_| DecodeError::Malformed)?;
        Self::from_parts(extrinsic, bytes)
    }

    /// Encodes a transaction that was made here.
    pub fn encode(extrinsic: UncheckedExtrinsic) -> Result<Self, DecodeError> {
        Self::decode(extrinsic.encode().into())
    }

    fn from_parts(extrinsic: UncheckedExtrinsic, bytes: Bytes) -> Result<Self, DecodeError> {
        let format = match extrinsic.preamble {
            Preamble::Bare(_) => Format::Bare,
            Preamble::Signed(address, signature, extension) => {
                let signer = <Runtime as frame_system::Config>::Lookup::lookup(address)
                    .map_err(|_| DecodeError::Address)?;
                Format::Signed(Box::new(Signed {
                    signer,
                    signature,
                    extension,
                }))
            }
            Preamble::General(_) => return Err(DecodeError::General),
        };
        let call_len = extrinsic
            .encoded_call
            .map_or_else(|| extrinsic.function.encoded_size(), |call| call.len());
        Ok(Self {
            hash: extrinsic_hash(&bytes),
            call_offset: bytes.len().saturating_sub(call_len),
            bytes,
            format,
            call: extrinsic.function,
        })
    }

    /// The encoded transaction, length prefix included.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its hash, by which it is known.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// What it calls.
    pub fn call(&self) -> &RuntimeCall {
        &self.call
    }

    /// The signer and its nonce, unless it is bare.
    pub fn sender(&self) -> Option<(&AccountId, Nonce)> {
        match &self.format {
            Format::Bare => None,
            Format::Signed(signed) => Some((&signed.signer, signed.extension.5 .0)),
        }
    }

    /// Whether it is what a proposer puts into a block by itself: the time.
    pub fn is_inherent(&self) -> bool {
        matches!(
            (&self.format, &self.call),
            (
                Format::Bare,
                RuntimeCall::Timestamp(pallet_timestamp::Call::set { .. })
            )
        )
    }

    /// The signature with what it must cover at the block that is being executed or validated for
    /// (after [`initialize_block`](super::initialize_block) or
    /// [`begin_validation`](super::begin_validation)), or `None` if it is bare.
    ///
    /// Fails when the era is over or the mode of the metadata hash is not supported.
    pub fn signature(&self) -> Result<Option<SignatureToVerify>, TransactionValidityError> {
        let Format::Signed(signed) = &self.format else {
            return Ok(None);
        };
        let implicit = signed.extension.implicit()?;
        let signed_at = SignedAt(implicit.4);
        let mut payload = self.bytes[self.call_offset..].to_vec();
        signed.extension.encode_to(&mut payload);
        implicit.encode_to(&mut payload);
        if payload.len() > PAYLOAD_BYTES_UNHASHED_MAX {
            payload = blake2_256(&payload).to_vec();
        }
        Ok(Some(SignatureToVerify {
            signer: signed.signer.clone(),
            signature: signed.signature.clone(),
            payload,
            signed_at,
        }))
    }

    /// Turns it into what can be applied, verifying the signature unless it was `verified` for the
    /// era that it is in.
    pub(super) fn check(
        &self,
        verified: Option<SignedAt>,
    ) -> Result<CheckedExtrinsic, TransactionValidityError> {
        let format = match &self.format {
            Format::Bare => ExtrinsicFormat::Bare,
            Format::Signed(signed) => {
                if verified != Some(SignedAt(signed.extension.4.implicit()?)) {
                    let is_valid = self.signature()?.is_some_and(|it| it.is_valid());
                    if !is_valid {
                        return Err(InvalidTransaction::BadProof.into());
                    }
                }
                ExtrinsicFormat::Signed(signed.signer.clone(), signed.extension.clone())
            }
        };
        Ok(CheckedExtrinsic {
            format,
            function: self.call.clone(),
        })
    }
}

/// Signs a call, for the chain of the externalities and with `sign` over the payload.
///
/// `at` is the number and hash of the first block of a mortal era, with the era; `None` makes a
/// transaction that never expires.
pub fn sign(
    call: RuntimeCall,
    signer: AccountId,
    nonce: Nonce,
    genesis: Hash,
    at: Option<(Era, Hash)>,
    sign: impl FnOnce(&[u8]) -> Signature,
) -> UncheckedExtrinsic {
    let (era, birth) = at.unwrap_or((Era::Immortal, genesis));
    let extension = tx_extension(nonce, era);
    let implicit = (
        (),
        crate::VERSION.spec_version,
        crate::VERSION.transaction_version,
        genesis,
        birth,
        (),
        (),
        (),
        None,
    );
    let payload = crate::SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(sign);
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, signer.into(), signature, extension)
}
