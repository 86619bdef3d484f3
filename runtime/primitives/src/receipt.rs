//! Receipts: the proof that an operation is in the chain's history.
//!
//! A receipt stands by itself. From the trusted validators of a height it follows, by signatures,
//! which block was decided; from the block's header which transactions it holds; from a Merkle proof
//! that the operation is one of them.

use codec::{Compact, Decode, DecodeAll, DecodeWithMemTracking, Encode};
use sp_core::Hasher;
use sp_runtime::{generic::DigestItem, traits::Header as _};
use sp_trie::{verify_trie_proof, LayoutV0};

use crate::{
    consensus::{CertificateError, CommitCertificate, Validator},
    Hash, Hashing, Header, VALIDATOR_SET_ENGINE_ID,
};

/// The proof of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Receipt {
    /// The transaction as it stands in the block, length prefix included.
    pub extrinsic: Vec<u8>,
    /// Its place in the block.
    pub index: u32,
    /// Merkle proof against the header's extrinsics root.
    pub inclusion: Vec<Vec<u8>>,
    /// The block's header.
    pub header: Header,
    /// The precommits that made the block final.
    pub certificate: CommitCertificate,
}

/// The step at which a [`Receipt`] fails, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The Merkle proof does not lead from the transaction to the extrinsics root.
    #[error("inclusion: the proof does not place the transaction at index {index} of the block")]
    Inclusion {
        /// The claimed place.
        index: u32,
    },
    /// The certificate is for another block than the header.
    #[error("header: its hash {header:?} is not the certified hash {certified:?}")]
    Header {
        /// Hash of the receipt's header.
        header: Hash,
        /// Hash in the certificate.
        certified: Hash,
    },
    /// The certificate names another height than the header.
    #[error("header: its height {header} is not the certified height {certified}")]
    Height {
        /// Height of the header.
        header: u32,
        /// Height in the certificate.
        certified: u32,
    },
    /// The certificate does not hold.
    #[error("certificate: {0}")]
    Certificate(#[from] CertificateError),
}

/// The hash of an encoded transaction, which is also the receipt's name.
pub fn extrinsic_hash(encoded: &[u8]) -> Hash {
    <Hashing as Hasher>::hash(encoded)
}

/// The extrinsics root of a block, over its encoded transactions in order.
pub fn extrinsics_root(encoded: Vec<Vec<u8>>) -> Hash {
    use sp_runtime::traits::Hash as _;
    Hashing::ordered_trie_root(encoded, sp_core::storage::StateVersion::V0)
}

/// The Merkle proof that the transaction at `index` is in the block made of `encoded`.
///
/// `None` if there is no such index.
pub fn prove_inclusion(encoded: &[Vec<u8>], index: u32) -> Option<Vec<Vec<u8>>> {
    use sp_trie::{MemoryDB, TrieDBMutBuilder, TrieMut};

    encoded.get(usize::try_from(index).ok()?)?;
    let mut db = MemoryDB::<Hashing>::default();
    let mut root = Hash::default();
    {
        let mut trie = TrieDBMutBuilder::<LayoutV0<Hashing>>::new(&mut db, &mut root).build();
        for (position, bytes) in (0u32..).zip(encoded) {
            trie.insert(&Compact(position).encode(), bytes).ok()?;
        }
    }
    let key = Compact(index).encode();
    sp_trie::generate_trie_proof::<LayoutV0<Hashing>, _, _, _>(&db, root, [&key]).ok()
}

impl Receipt {
    /// The hash by which the operation is known.
    pub fn hash(&self) -> Hash {
        extrinsic_hash(&self.extrinsic)
    }

    /// Verifies every step against the genesis and the validators of the header's height.
    pub fn verify(&self, genesis: &Hash, validators: &[Validator]) -> Result<(), ReceiptError> {
        let key = Compact(self.index).encode();
        verify_trie_proof::<LayoutV0<Hashing>, _, _, _>(
            self.header.extrinsics_root(),
            &self.inclusion,
            &[(key, Some(&self.extrinsic))],
        )
        .map_err(|_| ReceiptError::Inclusion { index: self.index })?;

        ensure_certified(&self.header, &self.certificate, genesis, validators)
    }
}

/// A header and the precommits that made its block final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct CertifiedHeader {
    /// The header.
    pub header: Header,
    /// The precommits.
    pub certificate: CommitCertificate,
}

impl CertifiedHeader {
    /// Verifies that the validators of the header's height have decided its block.
    pub fn verify(&self, genesis: &Hash, validators: &[Validator]) -> Result<(), ReceiptError> {
        ensure_certified(&self.header, &self.certificate, genesis, validators)
    }

    /// The validators that the header announces for the next height, if they change.
    pub fn announced_set(&self) -> Option<Vec<Validator>> {
        let mut logs = self.header.digest().logs().iter();
        logs.find_map(|item| match item {
            DigestItem::Consensus(VALIDATOR_SET_ENGINE_ID, set) => {
                Vec::decode_all(&mut &set[..]).ok()
            }
            _ => None,
        })
    }
}

/// Whether the certificate is for this header and holds.
fn ensure_certified(
    header: &Header,
    certificate: &CommitCertificate,
    genesis: &Hash,
    validators: &[Validator],
) -> Result<(), ReceiptError> {
    let hash = header.hash();
    if hash != certificate.block_hash {
        return Err(ReceiptError::Header {
            header: hash,
            certified: certificate.block_hash,
        });
    }
    if *header.number() != certificate.height {
        return Err(ReceiptError::Height {
            header: *header.number(),
            certified: certificate.height,
        });
    }
    Ok(certificate.verify(genesis, validators)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_of_a_block_is_proven_and_no_other_content() {
        let encoded: Vec<Vec<u8>> = (0..200u32)
            .map(|n| n.to_le_bytes().repeat(n as usize + 1))
            .collect();
        let root = extrinsics_root(encoded.clone());
        for (index, bytes) in (0u32..).zip(&encoded) {
            let proof = prove_inclusion(&encoded, index).unwrap();
            let key = Compact(index).encode();
            let check = |value: &Vec<u8>| {
                verify_trie_proof::<LayoutV0<Hashing>, _, _, _>(
                    &root,
                    &proof,
                    &[(key.clone(), Some(value))],
                )
            };
            assert!(check(bytes).is_ok());
            let mut other = bytes.clone();
            other[0] ^= 1;
            assert!(check(&other).is_err());
        }
        assert_eq!(prove_inclusion(&encoded, 200), None);
    }
}
