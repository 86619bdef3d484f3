//! Receipts by which providers of payment services vouch for payments outside of the chain.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{ed25519, sr25519, Pair};
use xinglin_primitives::{time::Moment, Balance, Hash, InvoiceId};

use crate::types::ProviderId;

/// What stands in front of every receipt that is signed, so that no other signature of the
/// provider's is one.
pub const RECEIPT_DOMAIN: &[u8] = b"xinglin/provider-receipt/v1";

/// The public key with which a provider signs.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum ReceiptKey {
    /// Schnorr over Ristretto255, in the signing context `substrate`.
    Sr25519([u8; 32]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

/// The signature of a receipt, by the scheme of the provider's key.
pub type ReceiptSignature = [u8; 64];

/// A provider's statement that money was paid outside of the chain: for a blue invoice, to its
/// member; for a red one, back to the patient.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ProviderReceipt {
    /// Who says so.
    pub provider: ProviderId,
    /// Blake2b-256 of the provider's number of the transaction. Usable once.
    pub reference: Hash,
    /// What was paid.
    pub invoice: InvoiceId,
    /// How much, in fen.
    #[codec(compact)]
    pub amount_fen: Balance,
    /// When, by the provider's clock.
    pub paid_at: Moment,
}

impl ProviderReceipt {
    /// What the provider signs: [`RECEIPT_DOMAIN`], the hash of the genesis block, and the SCALE
    /// encoding of the receipt. The first two are of fixed length.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        let mut payload = RECEIPT_DOMAIN.to_vec();
        payload.extend_from_slice(genesis.as_bytes());
        self.encode_to(&mut payload);
        payload
    }
}

impl ReceiptKey {
    /// Whether `signature` is the key's, of `payload`.
    ///
    /// This asks the schemes themselves. The signature type of transactions is of no use here: it
    /// takes every signature for valid while a block is executed whose transactions were verified
    /// before.
    pub fn verify(&self, payload: &[u8], signature: &ReceiptSignature) -> bool {
        match self {
            Self::Sr25519(key) => sr25519::Pair::verify(
                &sr25519::Signature::from_raw(*signature),
                payload,
                &sr25519::Public::from_raw(*key),
            ),
            Self::Ed25519(key) => ed25519::Pair::verify(
                &ed25519::Signature::from_raw(*signature),
                payload,
                &ed25519::Public::from_raw(*key),
            ),
        }
    }
}
