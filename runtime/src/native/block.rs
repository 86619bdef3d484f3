//! The steps of a block.

use codec::{DecodeAll, Encode};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    storage::{storage_prefix, unhashed, with_transaction_unchecked},
    traits::{PalletsInfoAccess, TryState, TryStateSelect},
};
use sp_runtime::{
    generic::{Digest, DigestItem},
    traits::{Applyable, Header as _},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, TransactionOutcome,
};
use xinglin_primitives::{time::Moment, AccountId, BlockNumber, Hash, Header, AUTHOR_ENGINE_ID};

use super::extrinsic::{DecodedExtrinsic, SignedAt};
use crate::{
    AllPalletsWithSystem, Executive, Runtime, RuntimeCall, System, UncheckedExtrinsic, Upgrade,
    VERSION,
};

/// Why a block cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The chain's rules are not those of this binary.
    #[error("block {number} needs version {needed} of the rules and this binary has {have}; install the release with `spec_version` {needed} and start it again")]
    SpecVersion {
        /// Height of the block.
        number: BlockNumber,
        /// The version voted for it.
        needed: u32,
        /// The binary's.
        have: u32,
    },
    /// The number does not follow the parent's.
    #[error("the header's number is {found}, expected {expected}")]
    Number {
        /// Number in the header.
        found: BlockNumber,
        /// The parent's number plus one.
        expected: BlockNumber,
    },
    /// The digest does not begin with the author, or holds more for the runtime.
    #[error("the header's digest must hold exactly one pre-runtime item, the author, and first")]
    Digest,
}

/// Why a block's inherents are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InherentError {
    /// The first transaction does not set the time.
    #[error("the first transaction must set the time")]
    Missing,
    /// A later transaction is an inherent.
    #[error("transaction {0} is an inherent out of place")]
    Misplaced(usize),
    /// The time is not after the parent's.
    #[error("block time {found} is before {earliest}, the earliest after the parent's")]
    TimeNotIncreasing {
        /// Time set.
        found: Moment,
        /// Earliest possible.
        earliest: Moment,
    },
}

/// Why a block cannot be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinalizeError {
    /// No transaction has set the time.
    #[error("no transaction of the block has set its time")]
    NoTime,
}

/// What does not hold of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pallet}: {reason}")]
pub struct BrokenInvariant {
    /// The pallet whose invariant it is.
    pub pallet: &'static str,
    /// What does not hold.
    pub reason: &'static str,
}

/// The digest with which a block is started by its author.
pub fn digest_of(author: &AccountId) -> Digest {
    Digest {
        logs: vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, author.encode())],
    }
}

/// The author that a header names. Needs no externalities.
pub fn author_of(header: &Header) -> Result<AccountId, HeaderError> {
    let mut pre_runtime = header
        .digest()
        .logs()
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((index, item.as_pre_runtime()?)));
    match (pre_runtime.next(), pre_runtime.next()) {
        (Some((0, (AUTHOR_ENGINE_ID, author))), None) => {
            AccountId::decode_all(&mut &author[..]).map_err(|_| HeaderError::Digest)
        }
        _ => Err(HeaderError::Digest),
    }
}

/// The version of the rules under which the block after this state is made. A node whose
/// [`VERSION`] has another `spec_version` must stop.
pub fn required_spec_version() -> u32 {
    Upgrade::version_at(System::block_number().saturating_add(1))
}

/// Starts a block on the parent's state. Of the header it reads the number, the parent's hash,
/// which the caller must have compared with the tip, and the author.
pub fn initialize_block(header: &Header) -> Result<(), HeaderError> {
    let number = *header.number();
    let expected = System::block_number().saturating_add(1);
    if number != expected {
        return Err(HeaderError::Number {
            found: number,
            expected,
        });
    }
    author_of(header)?;
    let needed = required_spec_version();
    let have = VERSION.spec_version;
    if needed != have {
        return Err(HeaderError::SpecVersion {
            number,
            needed,
            have,
        });
    }
    // The mode matters to chains whose migrations span blocks; ours do not.
    let _mode = Executive::initialize_block(header);
    Ok(())
}

/// The earliest time that the block after this state, or the one being made, may have.
pub fn time_after_parent() -> Moment {
    pallet_timestamp::Now::<Runtime>::get().saturating_add(1)
}

/// The transaction by which a proposer sets the time of its block. Needs no externalities.
pub fn timestamp_inherent(now: Moment) -> UncheckedExtrinsic {
    // Version 4, which old decoders know too.
    UncheckedExtrinsic::new_bare_legacy(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }))
}

/// Checks that a body sets the time exactly once and first, to one after the parent's, and returns
/// it. To be called before the body is executed, which would panic otherwise.
pub fn check_inherents<'a>(
    body: impl IntoIterator<Item = &'a DecodedExtrinsic>,
) -> Result<Moment, InherentError> {
    let mut body = body.into_iter();
    let first = body.next().filter(|first| first.is_inherent());
    let time = match first.map(DecodedExtrinsic::call) {
        Some(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now })) => *now,
        _ => return Err(InherentError::Missing),
    };
    if let Some(index) = body.position(DecodedExtrinsic::is_inherent) {
        return Err(InherentError::Misplaced(index.saturating_add(1)));
    }
    let earliest = time_after_parent();
    if time < earliest {
        return Err(InherentError::TimeNotIncreasing {
            found: time,
            earliest,
        });
    }
    Ok(time)
}

/// Applies one transaction to the block being made. `verified` is what was remembered when its
/// signature was verified; without it, or when its era has ended since, it is verified here.
///
/// `Err` means that it cannot be in this block, and nothing has changed; `Ok(Err(_))` that it is in
/// the block and its call failed.
pub fn apply(extrinsic: &DecodedExtrinsic, verified: Option<SignedAt>) -> ApplyExtrinsicResult {
    with_transaction_unchecked(|| match apply_unprotected(extrinsic, verified) {
        Ok(outcome) => TransactionOutcome::Commit(Ok(outcome)),
        Err(error) => TransactionOutcome::Rollback(Err(error)),
    })
}

/// The executive's `apply_extrinsic` for a transaction that is decoded.
fn apply_unprotected(
    extrinsic: &DecodedExtrinsic,
    verified: Option<SignedAt>,
) -> ApplyExtrinsicResult {
    let checked = extrinsic.check(verified)?;
    let info = checked.get_dispatch_info();
    if !extrinsic.is_inherent() && !System::inherents_applied() {
        Executive::inherents_applied();
    }
    System::note_extrinsic(extrinsic.bytes().to_vec());
    let outcome = checked.apply::<Runtime>(&info, extrinsic.bytes().len())?;
    if outcome.is_err() && info.class == DispatchClass::Mandatory {
        return Err(InvalidTransaction::BadMandatory.into());
    }
    System::note_applied_extrinsic(&outcome, info);
    Ok(outcome.map(|_| ()).map_err(|failure| failure.error))
}

/// Ends the block and returns its header with both roots.
pub fn finalize_block() -> Result<Header, FinalizeError> {
    // The pallet keeps this mark to itself, and would panic without it.
    let has_time = storage_prefix(b"Timestamp", b"DidUpdate");
    if !unhashed::exists(&has_time) {
        return Err(FinalizeError::NoTime);
    }
    Ok(Executive::finalize_block())
}

/// Prepares a state for [`validate`]: transactions are then validated for the block after it,
/// whose parent is `tip`. Once per externalities, and never on those in which a block is made.
pub fn begin_validation(tip: &Hash) {
    let next = System::block_number().saturating_add(1);
    System::initialize(&next, tip, &Digest::default());
}

/// Whether and where a transaction could be in a block on this state. Changes nothing. `verified`
/// as for [`apply`].
pub fn validate(
    extrinsic: &DecodedExtrinsic,
    source: TransactionSource,
    verified: Option<SignedAt>,
) -> TransactionValidity {
    let checked = extrinsic.check(verified)?;
    let info = checked.get_dispatch_info();
    if info.class == DispatchClass::Mandatory {
        return Err(InvalidTransaction::MandatoryValidation.into());
    }
    checked.validate::<Runtime>(source, &info, extrinsic.bytes().len())
}

/// Checks the invariants of every pallet and of the accounts. Slow: it reads the whole state.
pub fn try_state() -> Result<(), BrokenInvariant> {
    for pallet in AllPalletsWithSystem::infos() {
        // One at a time: for all at once the error says only that there is one.
        let only = TryStateSelect::Only(vec![pallet.name.as_bytes().to_vec()]);
        AllPalletsWithSystem::try_state(System::block_number(), only).map_err(|error| {
            BrokenInvariant {
                pallet: pallet.name,
                reason: error.into(),
            }
        })?;
    }
    let keeps_nonce =
        |account: frame_system::AccountInfo<_, _>| account.nonce == 0 || account.sufficients > 0;
    if frame_system::Account::<Runtime>::iter_values().all(keeps_nonce) {
        Ok(())
    } else {
        Err(BrokenInvariant {
            pallet: "System",
            reason: "an account that has transacted could lose its nonce",
        })
    }
}
