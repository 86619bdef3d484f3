//! Every signature is verified once, in parallel batches, and then remembered.
//!
//! Remembered is the transaction's hash together with the block hash that its signature covers
//! ([`SignedAt`]). When the era of a mortal transaction is over it covers another block hash, which
//! makes it wrong; so every node comes to the same verdict, whatever it remembers.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use rayon::{iter::ParallelIterator, slice::ParallelSlice, ThreadPool};
use sp_core::sr25519;
use xinglin_primitives::{signature::MultiSignature, Hash};
use xinglin_runtime::native::{DecodedExtrinsic, SignatureToVerify, SignedAt};

use crate::{
    config::{SIGNATURES_REMEMBERED_MAX, SIGNATURE_BATCH},
    metrics::Metrics,
};

/// The context in which Substrate's wallets sign with sr25519.
const SR25519_CONTEXT: &[u8] = b"substrate";

/// Verifies signatures and remembers those that hold.
pub(crate) struct Signatures {
    pool: ThreadPool,
    verified: Mutex<Remembered>,
    metrics: Metrics,
}

/// A signature that has not been verified yet.
pub(crate) struct Claim {
    /// Index of the transaction among those claimed together.
    index: usize,
    hash: Hash,
    signature: SignatureToVerify,
}

impl Signatures {
    /// Verifies on the threads of `pool`.
    pub(crate) fn new(pool: ThreadPool, metrics: Metrics) -> Self {
        Self {
            pool,
            verified: Mutex::new(Remembered::new(SIGNATURES_REMEMBERED_MAX)),
            metrics,
        }
    }

    /// What is remembered of each transaction's signature, to be handed to the runtime.
    pub(crate) fn recall(&self, extrinsics: &[DecodedExtrinsic]) -> Vec<Option<SignedAt>> {
        let verified = self.verified.lock();
        let signed_at: Vec<_> = extrinsics
            .iter()
            .map(|extrinsic| verified.get(&extrinsic.hash()))
            .collect();
        drop(verified);
        let remembered = signed_at.iter().flatten().count() as u64;
        self.metrics.signatures_remembered.inc_by(remembered);
        signed_at
    }

    /// The signatures of those transactions of which nothing is remembered, for the block of the
    /// current externalities. Fills in what may be handed to the runtime once they are verified;
    /// it stays `None` where there is no signature, or none that could be right, and the runtime
    /// then says why.
    pub(crate) fn claims(
        &self,
        extrinsics: &[DecodedExtrinsic],
        signed_at: &mut [Option<SignedAt>],
    ) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (index, (extrinsic, signed_at)) in extrinsics.iter().zip(signed_at).enumerate() {
            if signed_at.is_some() {
                continue;
            }
            if let Ok(Some(signature)) = extrinsic.signature() {
                *signed_at = Some(signature.signed_at);
                claims.push(Claim {
                    index,
                    hash: extrinsic.hash(),
                    signature,
                });
            }
        }
        claims
    }

    /// Verifies signatures and returns the indices of the transactions with a wrong one, in order.
    ///
    /// What makes one batch is verified on the calling thread: to divide it among threads would make
    /// every signature dearer.
    pub(crate) fn verify(&self, claims: &[Claim]) -> Vec<usize> {
        if claims.is_empty() {
            return Vec::new();
        }
        let wrong = if claims.len() <= SIGNATURE_BATCH {
            self.wrong_in_batch(claims)
        } else {
            self.pool.install(|| self.wrong(claims))
        };
        self.remember(claims, &wrong);
        wrong
    }

    /// As [`verify`](Self::verify), while `meanwhile` runs on the calling thread.
    pub(crate) fn verify_during<R>(
        &self,
        claims: &[Claim],
        meanwhile: impl FnOnce() -> R,
    ) -> (Vec<usize>, R) {
        if claims.is_empty() {
            return (Vec::new(), meanwhile());
        }
        let mut wrong = Vec::new();
        let result = self.pool.in_place_scope(|scope| {
            scope.spawn(|_| wrong = self.wrong(claims));
            meanwhile()
        });
        self.remember(claims, &wrong);
        (wrong, result)
    }

    /// To be called on a thread of the pool.
    fn wrong(&self, claims: &[Claim]) -> Vec<usize> {
        let threads = self.pool.current_num_threads();
        let chunk = claims.len().div_ceil(threads).clamp(1, SIGNATURE_BATCH);
        let mut wrong: Vec<usize> = claims
            .par_chunks(chunk)
            .flat_map_iter(|chunk| self.wrong_in_batch(chunk))
            .collect();
        wrong.sort_unstable();
        wrong
    }

    /// The indices of the transactions with a wrong signature, in order.
    fn wrong_in_batch(&self, batch: &[Claim]) -> Vec<usize> {
        let (schnorr, mut single): (Vec<&Claim>, Vec<&Claim>) = batch
            .iter()
            .partition(|claim| matches!(claim.signature.signature, MultiSignature::Sr25519(_)));
        if schnorr.len() > 1 && batch_holds(&schnorr) {
            self.metrics.signatures_batched.inc_by(schnorr.len() as u64);
        } else {
            single.extend(schnorr);
        }
        self.metrics.signatures_single.inc_by(single.len() as u64);
        let mut wrong: Vec<usize> = single
            .into_iter()
            .filter(|claim| !claim.signature.is_valid())
            .map(|claim| claim.index)
            .collect();
        wrong.sort_unstable();
        wrong
    }

    fn remember(&self, claims: &[Claim], wrong: &[usize]) {
        let mut verified = self.verified.lock();
        for claim in claims {
            if wrong.binary_search(&claim.index).is_err() {
                verified.insert(claim.hash, claim.signature.signed_at);
            }
        }
    }
}

/// Whether all of several sr25519 signatures hold. This takes about half the time of one by one,
/// and does not tell which one is wrong.
fn batch_holds(claims: &[&Claim]) -> bool {
    let mut keys = Vec::with_capacity(claims.len());
    let mut signatures = Vec::with_capacity(claims.len());
    for claim in claims {
        let MultiSignature::Sr25519(signature) = &claim.signature.signature else {
            return false;
        };
        let signer: &[u8; 32] = claim.signature.signer.as_ref();
        let signature: &[u8] = <sr25519::Signature as AsRef<[u8]>>::as_ref(signature);
        let (Ok(key), Ok(signature)) = (
            schnorrkel::PublicKey::from_bytes(signer),
            schnorrkel::Signature::from_bytes(signature),
        ) else {
            return false;
        };
        keys.push(key);
        signatures.push(signature);
    }
    let context = schnorrkel::signing_context(SR25519_CONTEXT);
    let transcripts = claims
        .iter()
        .map(|claim| context.bytes(&claim.signature.payload));
    schnorrkel::verify_batch(transcripts, &signatures, &keys, false).is_ok()
}

/// A map that forgets its oldest entries.
struct Remembered {
    entries: HashMap<Hash, SignedAt>,
    order: VecDeque<Hash>,
    max: usize,
}

impl Remembered {
    fn new(max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            max,
        }
    }

    fn get(&self, hash: &Hash) -> Option<SignedAt> {
        self.entries.get(hash).copied()
    }

    fn insert(&mut self, hash: Hash, signed_at: SignedAt) {
        if self.entries.insert(hash, signed_at).is_some() {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sp_core::{ecdsa, ed25519, Pair};
    use sp_runtime::traits::IdentifyAccount;
    use xinglin_primitives::{AccountId, MultiSigner};
    use xinglin_runtime::{native, RuntimeCall};

    use super::*;
    use crate::tests::externalities;

    fn signatures() -> Signatures {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        Signatures::new(pool.unwrap(), Metrics::default())
    }

    fn sign(signer: AccountId, sign: impl FnOnce(&[u8]) -> MultiSignature) -> DecodedExtrinsic {
        let call = RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() });
        let signed = native::sign(call, signer, 0, Hash::zero(), None, sign);
        DecodedExtrinsic::encode(signed).unwrap()
    }

    fn schnorr(n: usize) -> DecodedExtrinsic {
        let pair = sr25519::Pair::from_seed(&sp_io::hashing::blake2_256(&n.to_le_bytes()));
        let signer = AccountId::from(pair.public().0);
        sign(signer, |payload| pair.sign(payload).into())
    }

    fn check(signatures: &Signatures, extrinsics: &[DecodedExtrinsic]) -> Vec<usize> {
        externalities().execute_with(|| {
            let mut signed_at = signatures.recall(extrinsics);
            let claims = signatures.claims(extrinsics, &mut signed_at);
            signatures.verify(&claims)
        })
    }

    #[test]
    fn good_signatures_are_verified_in_batches_and_only_once() {
        let signatures = signatures();
        let extrinsics: Vec<_> = (0..300).map(schnorr).collect();
        assert_eq!(check(&signatures, &extrinsics), Vec::<usize>::new());
        assert_eq!(signatures.metrics.signatures_batched.get(), 300);
        assert_eq!(check(&signatures, &extrinsics), Vec::<usize>::new());
        assert_eq!(signatures.metrics.signatures_batched.get(), 300);
        assert_eq!(signatures.metrics.signatures_remembered.get(), 300);
        assert_eq!(signatures.metrics.signatures_single.get(), 0);
    }

    #[test]
    fn the_wrong_ones_are_found_and_not_remembered() {
        let signatures = signatures();
        let mut extrinsics: Vec<_> = (0..200).map(schnorr).collect();
        let wrong = |bytes: [u8; 64]| MultiSignature::Sr25519(sr25519::Signature::from_raw(bytes));
        let signer = || AccountId::from(sr25519::Pair::from_seed(&[9; 32]).public().0);
        extrinsics[7] = sign(signer(), |_| wrong([0; 64]));
        extrinsics[150] = sign(signer(), |_| wrong([0xff; 64]));
        let other = sr25519::Pair::from_seed(&[8; 32]);
        extrinsics[199] = sign(signer(), |payload| other.sign(payload).into());
        assert_eq!(check(&signatures, &extrinsics), vec![7, 150, 199]);
        assert_eq!(check(&signatures, &extrinsics), vec![7, 150, 199]);
        assert_eq!(signatures.metrics.signatures_remembered.get(), 197);
    }

    #[test]
    fn other_schemes_are_verified_singly() {
        let signatures = signatures();
        let edwards = ed25519::Pair::from_seed(&[1; 32]);
        let koblitz = ecdsa::Pair::from_seed(&[2; 32]);
        let ecdsa = |payload: &[u8]| MultiSignature::Ecdsa(koblitz.sign(payload));
        let extrinsics = [
            sign(
                MultiSigner::Ed25519(edwards.public()).into_account(),
                |payload| edwards.sign(payload).into(),
            ),
            sign(MultiSigner::Ecdsa(koblitz.public()).into_account(), ecdsa),
            sign(AccountId::from([3; 32]), ecdsa),
        ];
        assert_eq!(check(&signatures, &extrinsics), vec![2]);
        assert_eq!(signatures.metrics.signatures_single.get(), 3);
    }

    #[test]
    fn work_goes_on_while_signatures_are_verified() {
        let signatures = signatures();
        let mut extrinsics: Vec<_> = (0..100).map(schnorr).collect();
        extrinsics[42] = sign(AccountId::from([3; 32]), |_| {
            MultiSignature::Sr25519(sr25519::Signature::from_raw([0; 64]))
        });
        externalities().execute_with(|| {
            let mut signed_at = signatures.recall(&extrinsics);
            let claims = signatures.claims(&extrinsics, &mut signed_at);
            let here = std::thread::current().id();
            let (wrong, there) = signatures.verify_during(&claims, || std::thread::current().id());
            assert_eq!((wrong, there), (vec![42], here));
        });
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let signed_at = externalities().execute_with(|| {
            let signature = schnorr(0).signature().unwrap().unwrap();
            signature.signed_at
        });
        let mut remembered = Remembered::new(3);
        for n in [1, 2, 3, 3, 4] {
            remembered.insert(Hash::repeat_byte(n), signed_at);
        }
        let known: Vec<u8> = (0..6)
            .filter(|n| remembered.get(&Hash::repeat_byte(*n)).is_some())
            .collect();
        assert_eq!(known, vec![2, 3, 4]);
        assert_eq!(remembered.entries.len(), remembered.order.len());
    }
}
