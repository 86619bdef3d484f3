//! Disclosures: what a regulator asks of a member, and the member's answer, both sealed.
//!
//! The request is a letter that the regulator hands to the member; the chain has the hash of its
//! text. The answer is a letter in the member's transaction. Calls that need nothing besides their
//! arguments (`open_case`, `close_case`, `hold`, `lift`) are not here: give them to
//! [`execute`].

use codec::DecodeAll;
use pallet_audit::types::{Case, Disclosure, Envelope, ENVELOPE_BYTES_MAX};
use rand::rngs::OsRng;
use sp_io::hashing::blake2_256;
use xinglin_primitives::{time::Moment, CaseId, DisclosureId, Hash, MemberId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent, UncheckedExtrinsic};
use zeroize::Zeroizing;

use crate::{
    client::{Client, ClientError, Outcome},
    envelope::{content_hash, Compression, EnvelopeError},
    letter::{open_letter, seal_letter, About, Context, Party},
    operation::{execute, told, OperationError},
    parties::{self, encryption_key_of, member_of, unknown},
    wallet::Wallet,
};

/// A request that is on the chain.
#[derive(Clone, Debug)]
pub struct Requested {
    /// Its id.
    pub disclosure: DisclosureId,
    /// The letter that says what is asked for, to be handed to the member.
    pub letter: Vec<u8>,
    /// What the transaction did.
    pub outcome: Outcome,
}

/// Asks a member to disclose something by `due`, in milliseconds since 1970.
pub async fn request_disclosure(
    client: &Client,
    regulator: &Wallet,
    (case, member): (CaseId, MemberId),
    text: &[u8],
    due: Moment,
) -> Result<Requested, OperationError> {
    let key = encryption_key_of(client, Party::Member(member)).await?;
    let about = About::DisclosureRequest { case, member };
    let readers = [(Party::Member(member), key)];
    let letter = seal(client, about, &readers, text)?;
    let call = pallet_audit::Call::<Runtime>::request_disclosure {
        case,
        member,
        request: blake2_256(text).into(),
        due,
    };
    let outcome = execute(client, regulator.key(), call).await?;
    let disclosure = told(&outcome, "DisclosureRequested", |event| match event {
        RuntimeEvent::Audit(pallet_audit::Event::DisclosureRequested { disclosure, .. }) => {
            Some(*disclosure)
        }
        _ => None,
    })?;
    Ok(Requested {
        disclosure,
        letter,
        outcome,
    })
}

/// Opens, as the member, the letter of a request and checks that its text is the one whose hash is
/// on the chain.
pub async fn open_request(
    client: &Client,
    wallet: &Wallet,
    id: DisclosureId,
    letter: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OperationError> {
    let Disclosure {
        case,
        member,
        request,
        ..
    } = disclosure(client, id).await?;
    let context = Context {
        genesis: client.genesis(),
        about: About::DisclosureRequest { case, member },
    };
    // The chain has the hash of the text: that of the letter is not known to it.
    let hash = content_hash(letter);
    let text = open_letter(letter, hash, &context, Party::Member(member), wallet)?;
    let found = Hash::from(blake2_256(&text));
    if found != request {
        let expected = request;
        return Err(EnvelopeError::HashMismatch { expected, found }.into());
    }
    Ok(text)
}

/// Discloses a content to the regulator that asked, and to the member itself.
pub async fn disclose(
    client: &Client,
    wallet: &Wallet,
    id: DisclosureId,
    content: &[u8],
) -> Result<Outcome, OperationError> {
    let Disclosure { case, member, .. } = disclosure(client, id).await?;
    let regulator = regulator_of(client, case).await?;
    let mut readers = Vec::new();
    for reader in [Party::Member(regulator), Party::Member(member)] {
        readers.push((reader, encryption_key_of(client, reader).await?));
    }
    let about = About::Disclosure { disclosure: id };
    let letter = seal(client, about, &readers, content)?;
    let hash = content_hash(&letter);
    let found = letter.len();
    let envelope = Envelope::try_from(letter).map_err(|_| OperationError::TooMany {
        what: "bytes of disclosure",
        found,
        limit: ENVELOPE_BYTES_MAX as usize,
    })?;
    let call = pallet_audit::Call::<Runtime>::disclose {
        disclosure: id,
        envelope,
        hash,
    };
    execute(client, wallet.key(), call).await
}

/// Opens what a member disclosed in a transaction, as the regulator that asked or the member.
pub async fn read_disclosure(
    client: &Client,
    wallet: &Wallet,
    transaction: Hash,
) -> Result<(DisclosureId, Zeroizing<Vec<u8>>), OperationError> {
    let file = client.receipt(transaction).await?;
    let extrinsic =
        UncheckedExtrinsic::decode_all(&mut &file.receipt.extrinsic[..]).map_err(|_| {
            ClientError::Undecodable {
                what: "a transaction",
            }
        })?;
    let RuntimeCall::Audit(pallet_audit::Call::disclose {
        disclosure: id,
        envelope,
        hash,
    }) = extrinsic.function
    else {
        return Err(unknown(format_args!("disclosure in {transaction:?}")));
    };
    let context = Context {
        genesis: client.genesis(),
        about: About::Disclosure { disclosure: id },
    };
    let reader = Party::Member(member_of(client, &wallet.account()).await?);
    let content = open_letter(&envelope, hash, &context, reader, wallet)?;
    Ok((id, content))
}

fn seal(
    client: &Client,
    about: About,
    readers: &[(Party, xinglin_primitives::EncryptionKey)],
    content: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let genesis = client.genesis();
    let context = Context { genesis, about };
    seal_letter(content, Compression::Zstd, &context, readers, &mut OsRng)
}

async fn disclosure(client: &Client, id: DisclosureId) -> Result<Disclosure, OperationError> {
    let key = pallet_audit::Disclosures::<Runtime>::hashed_key_for(id);
    let found = parties::read(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("request for disclosure {id}")))
}

async fn regulator_of(client: &Client, id: CaseId) -> Result<MemberId, OperationError> {
    let key = pallet_audit::Cases::<Runtime>::hashed_key_for(id);
    let found: Option<Case> = parties::read(client, &key).await?;
    let case = found.ok_or_else(|| unknown(format_args!("case {id}")))?;
    Ok(case.regulator)
}
