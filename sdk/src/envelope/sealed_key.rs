//! Record keys, sealed to readers with HPKE.

use codec::Encode;
use hpke::{
    aead::ChaCha20Poly1305,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{Infallible, TryCryptoRng, TryRng},
    single_shot_open, single_shot_seal_with_rng, Deserializable, Kem, OpModeR, OpModeS,
    Serializable,
};
use pallet_records::types::{Reader, SealedKey, SEALED_KEY_BYTES};
use rand::{CryptoRng, RngCore};
use xinglin_envelope::KEY_BYTES;
use xinglin_primitives::{AccountId, EncryptionKey, Hash};
use zeroize::Zeroizing;

use super::{EnvelopeError, RecordKey};

/// The `info` of HPKE: for what the keys that are sealed are.
pub const KEY_INFO: &[u8] = b"xinglin/record-key/v1";
/// Length of an encapsulated key in bytes.
const ENCAPSULATED_BYTES: usize = 32;

type EncapsulatedKey = <X25519HkdfSha256 as Kem>::EncappedKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;

/// The random number generator of `rand` as the newer traits of `hpke` want it.
struct Adapted<'a, R>(&'a mut R);

impl<R: CryptoRng + RngCore> TryRng for Adapted<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng + RngCore> TryCryptoRng for Adapted<'_, R> {}

fn associated_data(content: Hash, reader: &Reader<AccountId>) -> Vec<u8> {
    (content, reader).encode()
}

/// Seals the key of the content with hash `content` to a reader, whose encryption key `to` is.
/// From `rng` come 32 bytes: the input of `DeriveKeyPair` for the ephemeral key.
pub fn seal_key(
    key: &RecordKey,
    to: &EncryptionKey,
    content: Hash,
    reader: &Reader<AccountId>,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<SealedKey, EnvelopeError> {
    seal_for(key, to, (KEY_INFO, &associated_data(content, reader)), rng)
}

/// Opens a sealed key with the reader's encryption secret, as
/// [`encryption_secret`](crate::keys::encryption_secret) gives it.
pub fn open_key(
    sealed: &SealedKey,
    secret: &Zeroizing<[u8; 32]>,
    content: Hash,
    reader: &Reader<AccountId>,
) -> Result<RecordKey, EnvelopeError> {
    open_for(
        sealed,
        secret,
        (KEY_INFO, &associated_data(content, reader)),
    )
}

/// HPKE in base mode, with the `info` and the associated data of `context`.
pub(crate) fn seal_for(
    key: &RecordKey,
    to: &EncryptionKey,
    (info, associated_data): (&[u8], &[u8]),
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<SealedKey, EnvelopeError> {
    let to = PublicKey::from_bytes(&to.0).map_err(|_| EnvelopeError::BadEncryptionKey)?;
    let (encapsulated, ciphertext) =
        single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            info,
            key.as_bytes(),
            associated_data,
            &mut Adapted(rng),
        )
        // Only a key of small order leads here.
        .map_err(|_| EnvelopeError::BadEncryptionKey)?;
    let mut sealed = [0; SEALED_KEY_BYTES];
    sealed[..ENCAPSULATED_BYTES].copy_from_slice(&encapsulated.to_bytes());
    sealed[ENCAPSULATED_BYTES..].copy_from_slice(&ciphertext);
    Ok(SealedKey(sealed))
}

/// The reverse of [`seal_for`].
pub(crate) fn open_for(
    sealed: &SealedKey,
    secret: &Zeroizing<[u8; 32]>,
    (info, associated_data): (&[u8], &[u8]),
) -> Result<RecordKey, EnvelopeError> {
    let refused = |_| EnvelopeError::KeyRefused;
    let (encapsulated, ciphertext) = sealed.0.split_at(ENCAPSULATED_BYTES);
    let secret = PrivateKey::from_bytes(&**secret).map_err(refused)?;
    let encapsulated = EncapsulatedKey::from_bytes(encapsulated).map_err(refused)?;
    let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        info,
        ciphertext,
        associated_data,
    )
    .map(Zeroizing::new)
    .map_err(refused)?;
    let bytes: &[u8; KEY_BYTES] = opened
        .as_slice()
        .try_into()
        .map_err(|_| EnvelopeError::KeyRefused)?;
    Ok(RecordKey::from_bytes(*bytes))
}
