//! Where on-chain money meets the world outside: receipts of providers, references and payout
//! instructions of banks.

use std::num::TryFromIntError;

use codec::Encode;
use pallet_payments::receipts::{ProviderReceipt, ReceiptSignature};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    time::Moment, AccountId, EncryptionKey, Hash, InvoiceId, MemberId, ProviderId,
};
use zeroize::Zeroizing;

use crate::{
    envelope::{content_hash, Compression, EnvelopeError},
    keys::KeyPair,
    letter::{open_letter, seal_letter, About, Context, Party},
    wallet::Wallet,
};

/// Signs, as a provider of payment services, that money was paid outside of the chain with this
/// genesis.
pub fn sign_receipt(key: &KeyPair, receipt: &ProviderReceipt, genesis: &Hash) -> ReceiptSignature {
    let signature = key.sign(&receipt.payload(genesis)).encode();
    // The scheme's number comes first; keys of this SDK sign with 64 bytes.
    let mut bytes = [0; 64];
    let from = signature.len().saturating_sub(bytes.len());
    for (byte, signed) in bytes.iter_mut().zip(&signature[from..]) {
        *byte = *signed;
    }
    bytes
}

/// A receipt as a provider hands it out, in JSON. The patient, the member or the provider itself
/// submits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedReceipt {
    /// Who vouches.
    pub provider: ProviderId,
    /// Blake2b-256 of the provider's number of the transaction: see [`reference_of`].
    pub reference: Hash,
    /// The blue invoice that was paid, or the red one that was paid back.
    pub invoice: InvoiceId,
    /// How much, in fen.
    pub amount_fen: u64,
    /// When, by the provider's clock, in milliseconds since 1970.
    pub paid_at: Moment,
    /// The signature: 64 bytes in hexadecimal.
    pub signature: String,
}

impl SignedReceipt {
    /// Signs a receipt for the chain with this genesis.
    pub fn sign(
        key: &KeyPair,
        genesis: &Hash,
        receipt: &ProviderReceipt,
    ) -> Result<Self, TryFromIntError> {
        Ok(Self {
            provider: receipt.provider,
            reference: receipt.reference,
            invoice: receipt.invoice,
            amount_fen: receipt.amount_fen.try_into()?,
            paid_at: receipt.paid_at,
            signature: hex::encode(sign_receipt(key, receipt, genesis)),
        })
    }

    /// Receipt and signature as calls carry them; `None` if the signature does not have its length.
    pub fn parts(&self) -> Option<(ProviderReceipt, ReceiptSignature)> {
        let mut signature = [0; 64];
        hex::decode_to_slice(&self.signature, &mut signature).ok()?;
        let receipt = ProviderReceipt {
            provider: self.provider,
            reference: self.reference,
            invoice: self.invoice,
            amount_fen: self.amount_fen.into(),
            paid_at: self.paid_at,
        };
        Some((receipt, signature))
    }
}

/// How the chain knows a number of a bank or provider: its Blake2b-256.
pub fn reference_of(number: &str) -> Hash {
    blake2_256(number.as_bytes()).into()
}

/// Seals the instruction where a bank is to pay out, for the bank. The holder sends the letter to the
/// bank and its hash to the chain.
pub fn seal_payout(
    genesis: Hash,
    (bank, key): (MemberId, EncryptionKey),
    holder: AccountId,
    instruction: &[u8],
) -> Result<(Vec<u8>, Hash), EnvelopeError> {
    let about = About::Payout { bank, holder };
    let context = Context { genesis, about };
    let readers = [(Party::Member(bank), key)];
    let letter = seal_letter(
        instruction,
        Compression::None,
        &context,
        &readers,
        &mut OsRng,
    )?;
    let hash = content_hash(&letter);
    Ok((letter, hash))
}

/// Opens, as the bank, the instruction whose hash a redemption names.
pub fn open_payout(
    genesis: Hash,
    (bank, wallet): (MemberId, &Wallet),
    holder: AccountId,
    letter: &[u8],
    hash: Hash,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let about = About::Payout { bank, holder };
    let context = Context { genesis, about };
    open_letter(letter, hash, &context, Party::Member(bank), wallet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Scheme;
    use pallet_payments::receipts::ReceiptKey;

    #[test]
    fn the_chain_takes_receipts_of_both_schemes() {
        let genesis = Hash::repeat_byte(1);
        let receipt = ProviderReceipt {
            provider: ProviderId(3),
            reference: reference_of("20260101-17"),
            invoice: InvoiceId(9),
            amount_fen: 1_250,
            paid_at: 1_767_225_600_000,
        };
        for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
            let (key, _) = KeyPair::generate(scheme);
            let public = match scheme {
                Scheme::Sr25519 => ReceiptKey::Sr25519(key.public()),
                Scheme::Ed25519 => ReceiptKey::Ed25519(key.public()),
            };
            let signature = sign_receipt(&key, &receipt, &genesis);
            assert!(public.verify(&receipt.payload(&genesis), &signature));
            let signed = SignedReceipt::sign(&key, &genesis, &receipt).unwrap();
            let (same, signature) = signed.parts().unwrap();
            assert_eq!(same, receipt);
            assert!(public.verify(&receipt.payload(&genesis), &signature));
            let other = receipt.payload(&Hash::repeat_byte(2));
            assert!(!public.verify(&other, &signature));
        }
    }

    #[test]
    fn only_the_bank_reads_where_to_pay() {
        let genesis = Hash::repeat_byte(1);
        let bank = Wallet::development("//Bank").unwrap();
        let holder = Wallet::development("//Alice//patient//1").unwrap();
        let to = (MemberId(4), bank.encryption_key());
        let (letter, hash) = seal_payout(genesis, to, holder.account(), b"account 17").unwrap();
        let open =
            |wallet, account| open_payout(genesis, (MemberId(4), wallet), account, &letter, hash);
        assert_eq!(&**open(&bank, holder.account()).unwrap(), b"account 17");
        assert!(open(&holder, holder.account()).is_err());
        assert!(open(&bank, bank.account()).is_err());
    }
}
