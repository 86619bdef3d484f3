//! Ciphertexts in transactions, and what they hold.

use codec::{Compact, Encode};
use xinglin_envelope::{content_hash, letter, EnvelopeError, RecordKey};
use xinglin_primitives::{BlockNumber, Hash};
use zeroize::Zeroizing;

use crate::{
    format::ContentOf,
    reason::Reason,
    state::{Carrier, Item, Value},
    story::Facts,
};

/// Separates the details of invoices from other letters: the number of the variant in the SDK's
/// `letter::About`.
const ABOUT_INVOICE_DETAILS: u8 = 0;

/// Where in a transaction a ciphertext of known hash and length, in bytes, begins. It stands there as
/// SCALE writes bytes: after its length.
pub fn locate(extrinsic: &[u8], hash: Hash, bytes: usize) -> Option<usize> {
    let length = Compact(u32::try_from(bytes).ok()?).encode();
    let places = extrinsic.windows(length.len()).enumerate();
    places
        .filter(|(_, window)| *window == length.as_slice())
        .map(|(at, _)| at + length.len())
        .find(|start| {
            let end = start.saturating_add(bytes);
            let found = extrinsic.get(*start..end);
            found.is_some_and(|found| content_hash(found) == hash)
        })
}

/// What the chain's state knows of a ciphertext.
pub(crate) struct Registered {
    hash: Hash,
    /// The block that carries it.
    block: BlockNumber,
    /// What the content is bound to, in SCALE.
    binding: Vec<u8>,
    is_letter: bool,
}

impl Registered {
    /// Looks a ciphertext up among the proven facts.
    pub(crate) fn find(of: ContentOf, genesis: Hash, facts: &Facts<'_>) -> Option<Self> {
        match of {
            ContentOf::Version(id, number) => {
                let Some(Value::Record(record)) = facts.value(Item::Record(id)) else {
                    return None;
                };
                let Some(Value::Version(version)) = facts.value(Item::Version(id, number)) else {
                    return None;
                };
                let Carrier::Block(block) = version.carrier else {
                    return None;
                };
                let binding = (genesis, record.patient, record.author, &record.kind, number);
                Some(Self {
                    hash: version.hash,
                    block,
                    binding: binding.encode(),
                    is_letter: false,
                })
            }
            ContentOf::Invoice(id) => {
                let Some(Value::Invoice(invoice)) = facts.value(Item::Invoice(id)) else {
                    return None;
                };
                let about = (
                    ABOUT_INVOICE_DETAILS,
                    invoice.number.member,
                    invoice.patient,
                );
                Some(Self {
                    hash: invoice.details.envelope,
                    block: invoice.issued_in,
                    binding: (genesis, about).encode(),
                    is_letter: true,
                })
            }
        }
    }

    /// Holds a ciphertext against what the state knows of it.
    pub(crate) fn check(
        &self,
        of: ContentOf,
        height: BlockNumber,
        ciphertext: &[u8],
    ) -> Result<(), Reason> {
        let found = content_hash(ciphertext);
        if found != self.hash {
            let expected = self.hash;
            let error = EnvelopeError::HashMismatch { expected, found };
            return Err(Reason::Content { of, error });
        }
        if height != self.block {
            return Err(Reason::OtherBlock { of, found: height });
        }
        Ok(())
    }

    /// Opens a ciphertext that was checked.
    pub(crate) fn open(
        &self,
        ciphertext: &[u8],
        key: Hash,
    ) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let key = RecordKey::from_bytes(key.0);
        if self.is_letter {
            letter::open(ciphertext, self.hash, &key, &self.binding)
        } else {
            xinglin_envelope::open(ciphertext, self.hash, &key, &self.binding)
        }
    }
}
