//! What calls carry for others: the ciphertexts of medical records and of what invoices charge for,
//! and time-stamp tokens.

use pallet_payments::Pallet as Payments;
use pallet_records::Pallet as Records;
use pallet_trusted_time::Pallet as TrustedTime;
use sp_io::hashing::blake2_256;
use xinglin_primitives::Hash;

use crate::{
    calls::{all_within, decode},
    Runtime, RuntimeCall,
};

/// The ciphertexts that a call carries, itself or in the calls that it wraps, in their order, each
/// with the hash that its sender states for it.
///
/// It looks into batches, proxies and multisigs. Other wrappers cannot write a record, since they
/// do not let a call be signed by its author. Carrying is not writing: whether a call came to be
/// executed, and so whether the hash is true, is for the state to say
/// ([`by_content`](pallet_records::Pallet::by_content)). One ciphertext may come several times, since
/// each signatory of a multisig may send it.
///
/// Calls nested more deeply than a transaction can be decoded are not looked into.
pub fn carried(call: &RuntimeCall) -> Vec<(Hash, &[u8])> {
    all_within(call)
        .filter_map(|call| match call {
            RuntimeCall::Records(call) => Records::<Runtime>::carried(call),
            RuntimeCall::Payments(call) => Payments::<Runtime>::carried(call),
            _ => None,
        })
        .collect()
}

/// The ciphertext with a hash that an encoded transaction carries. That it has the hash is checked.
pub fn find(extrinsic: &[u8], content: Hash) -> Option<Vec<u8>> {
    let extrinsic = decode(extrinsic)?;
    let mut found = carried(&extrinsic.function).into_iter();
    found
        .find(|(stated, bytes)| *stated == content && Hash::from(blake2_256(bytes)) == content)
        .map(|(_, bytes)| bytes.to_vec())
}

/// The time-stamp token with a hash that an encoded transaction carries. That it has the hash is
/// checked.
pub fn find_token(extrinsic: &[u8], token: Hash) -> Option<Vec<u8>> {
    let extrinsic = decode(extrinsic)?;
    let found = all_within(&extrinsic.function).find_map(|call| match call {
        RuntimeCall::TrustedTime(call) => TrustedTime::<Runtime>::carried(call, token),
        _ => None,
    });
    found.map(<[u8]>::to_vec)
}
