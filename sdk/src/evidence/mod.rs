//! Evidence packages: exported from a node, for whoever has none.
//!
//! What a package is, and how it is verified, is the crate `xinglin-evidence`, which needs neither this
//! SDK nor the runtime. Here is what needs a node and the chain's own types: gathering what goes into a
//! package, opening what the exporter may read, and the [`Vocabulary`] that knows calls and events.
//!
//! Reading leaves its trace here too: before records are opened for a package, `Records.open` is on the
//! chain, and stands in the package of a record as the latest access. What the chain denies is not opened.

mod contents;
mod gather;
mod operations;
mod outcomes;
mod stamps;
mod subjects;
mod vocabulary;

pub use vocabulary::ChainVocabulary;
pub use xinglin_evidence::{
    archive::PACKAGE_BYTES_MAX, format::ContentOf, verify, AnchorError, Outcome, Reason, Report,
    Step, Subject, Trust, Vocabulary, ACCESSES_MAX,
};

use std::collections::BTreeMap;

use pallet_records::access::{Denial, Purpose};
use xinglin_evidence::{build_within, BuildError};
use xinglin_primitives::{BlockNumber, CaseId, Hash, RecordId, FIRST_HEIGHT};

use self::{gather::Gathering, outcomes::Outcomes};
use crate::{
    client::{Client, ClientError},
    operation::OperationError,
    wallet::Wallet,
};

/// Why no package can be exported.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The node could not be asked, refused, or knows no such thing.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// What the node gave does not make a package.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The block that the chain's state names does not carry what it should.
    #[error("no transaction of block {height} carries the {of}; the node's answers contradict each other, so ask another")]
    NotCarried {
        /// Of what.
        of: ContentOf,
        /// The block.
        height: BlockNumber,
    },
    /// What the node gave does not prove what it should.
    #[error("what the node gave proves nothing: step `{step}` fails: {reason}; ask another node")]
    NotProven {
        /// The step that fails.
        step: Step,
        /// Why.
        reason: Reason,
    },
}

impl From<ClientError> for EvidenceError {
    fn from(error: ClientError) -> Self {
        Self::Operation(error.into())
    }
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Request {
    /// About what.
    pub subject: Subject,
    /// The transactions of a receipt, and for others those to bring in addition.
    pub transactions: Vec<Hash>,
    /// For what contents are read, if a wallet is given to open them.
    pub purpose: Purpose,
    /// The open case of a regulator for which it exports. Contents stay encrypted then.
    pub case: Option<CaseId>,
    /// Whether to prove how the operations ended. This takes all events of their blocks, which tell of
    /// what others did, too.
    pub with_outcomes: bool,
    /// Most bytes of the package, up to [`PACKAGE_BYTES_MAX`]. Outcomes that do not fit are left out.
    pub bytes_max: usize,
}

/// A package with what could not be put into it.
#[derive(Debug)]
pub struct Exported {
    /// The package.
    pub package: Vec<u8>,
    /// SHA-256 of it, by which it can be named.
    pub sha256: Hash,
    /// The contents that are in it as ciphertexts only, each with the reason.
    pub unopened: Vec<(ContentOf, String)>,
    /// Why not all operations of the visit are in it, if they are not: what the state says of it is.
    pub untraced: Option<String>,
    /// Why the nearest time tokens of some blocks may not be in it, if so: those of others are.
    pub untimed: Option<String>,
    /// Why it does not prove how some of its operations ended, if so: that they are on the chain it does.
    pub unproven: Option<String>,
}

/// Exports a package, with the contents that the wallet opens if one is given; for a visit also with
/// the operations that the wallet's owner may see, if the node keeps an index. It is verified before
/// it is returned, as far as the node tells the first validators.
///
/// # Errors
/// There is no such subject, the node does not have what proves it any more, or what it gives proves
/// nothing. That some contents cannot be opened is no error.
pub async fn export(
    client: &Client,
    wallet: Option<&Wallet>,
    request: &Request,
) -> Result<Exported, EvidenceError> {
    let reader = match wallet.filter(|_| request.case.is_none()) {
        None => None,
        Some(wallet) => {
            let records = subjects::records_of(client, request.subject).await?;
            let denied = leave_trace(client, wallet, &records, request.purpose).await?;
            Some(Reader { wallet, denied })
        }
    };
    let reader = reader.as_ref();
    let mut gathering = Gathering::new(client).await?;
    let unopened = match request.subject {
        Subject::Receipt => Vec::new(),
        Subject::Record(id) => subjects::record(&mut gathering, reader, id).await?,
        Subject::Trail(id) => subjects::trail(&mut gathering, reader, id).await?,
    };
    let untraced = match (request.subject, wallet) {
        (Subject::Trail(id), Some(wallet)) => {
            operations::gather(&mut gathering, (wallet.key(), request.case), id).await?
        }
        (Subject::Trail(_), None) => Some(operations::UNSIGNED.to_owned()),
        _ => None,
    };
    for transaction in &request.transactions {
        gathering.receipt(*transaction).await?;
    }
    let mut outcomes = Outcomes::new(request.with_outcomes, request.bytes_max);
    let (evidence, untimed) = gathering.finish(request.subject, &mut outcomes).await?;
    let (package, unfit) = build_within(evidence, Some(&ChainVocabulary), request.bytes_max)?;
    outcomes.note_unfit(unfit);
    check(client, &package).await?;
    let sha256 = sp_io::hashing::sha2_256(&package).into();
    Ok(Exported {
        package,
        sha256,
        unopened,
        untraced,
        untimed,
        unproven: outcomes.unproven(),
    })
}

/// Who opens contents for a package.
struct Reader<'a> {
    wallet: &'a Wallet,
    /// The records that the chain has denied her for this export, and why.
    denied: BTreeMap<RecordId, Denial>,
}

/// Opens records on the chain, so that what is read for the package is in the access log. Those that
/// the chain denies, whatever keys there are for them.
async fn leave_trace(
    client: &Client,
    wallet: &Wallet,
    ids: &[RecordId],
    purpose: Purpose,
) -> Result<BTreeMap<RecordId, Denial>, OperationError> {
    let Some(first) = ids.first() else {
        return Ok(BTreeMap::new());
    };
    let patient = crate::records::record(client, *first).await?.patient;
    let party = crate::export::party_of(client, wallet, patient).await?;
    let opening = crate::records::open(client, wallet, party, ids, purpose).await?;
    Ok(opening.denied.into_iter().collect())
}

/// Verifies a package against what the node says of the first validators.
async fn check(client: &Client, package: &[u8]) -> Result<(), EvidenceError> {
    let anchor = match client.trust_anchor(FIRST_HEIGHT).await {
        Ok(anchor) => anchor,
        // The state of the genesis is pruned: whoever verifies has the specification.
        Err(ClientError::Refused { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let trust = Trust {
        anchor,
        vocabulary: Some(&ChainVocabulary),
    };
    match verify(package, &trust).failure() {
        None => Ok(()),
        Some((step, reason)) => Err(EvidenceError::NotProven {
            step,
            reason: reason.clone(),
        }),
    }
}
