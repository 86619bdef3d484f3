//! Signing a call of the runtime.

use codec::Encode;
use sp_runtime::generic::Era;
use xinglin_primitives::{receipt::extrinsic_hash, Hash, Nonce};
use xinglin_runtime::{
    extensions::tx_extension, Address, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION,
};

use crate::keys::KeyPair;

/// What a signature covers besides the call: for which chain, in which order and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// How many transactions the account has made before this one.
    pub nonce: Nonce,
    /// In which blocks the transaction may be.
    pub era: Era,
    /// Hash of the block at which the era begins; the genesis for an immortal transaction.
    pub checkpoint: Hash,
}

impl Signing {
    /// For a transaction that stays valid until its nonce is used.
    pub fn immortal(genesis: Hash, nonce: Nonce) -> Self {
        Self {
            genesis,
            nonce,
            era: Era::Immortal,
            checkpoint: genesis,
        }
    }
}

/// A transaction ready to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Its encoding, length prefix included.
    pub bytes: Vec<u8>,
    /// Its hash, by which its receipt is found.
    pub hash: Hash,
}

/// Signs a call for the rules of this program's version.
pub fn sign(key: &KeyPair, call: RuntimeCall, signing: &Signing) -> SignedTransaction {
    let extension = tx_extension(signing.nonce, signing.era);
    let implicit = (
        (),
        VERSION.spec_version,
        VERSION.transaction_version,
        signing.genesis,
        signing.checkpoint,
        (),
        (),
        (),
        None,
    );
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| key.sign(bytes));
    let (call, extension, _) = payload.deconstruct();
    let signer = Address::Id(key.account());
    let bytes = UncheckedExtrinsic::new_signed(call, signer, signature, extension).encode();
    let hash = extrinsic_hash(&bytes);
    SignedTransaction { bytes, hash }
}
