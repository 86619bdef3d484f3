//! Weights of the calls: estimated, until measured ones replace them.
//!
//! An estimate is the number of storage accesses at the runtime's `DbWeight`, plus a fixed part for
//! dispatch and events, plus a part per byte that is decoded, hashed or encoded. Questions to the
//! registry and to the appointments count with the accesses a straightforward one needs for them.
//! The proof size is the bytes read.

use core::marker::PhantomData;

use codec::MaxEncodedLen;
use frame_support::{traits::Get, weights::Weight};

use crate::{
    grants::{Grant, LiveGrantsOf, GRANTS_MAX, GRANTS_TO_ONE_MAX, RESHARES_MAX},
    types::{Record, StoredKey},
};

/// Weights of the calls. `bytes` are those of a ciphertext.
pub trait WeightInfo {
    /// Writing a record, with so many sealed keys.
    fn write(bytes: u32, keys: u32) -> Weight;
    /// Amending one.
    fn amend(bytes: u32, keys: u32) -> Weight;
    /// Retracting one.
    fn retract() -> Weight;
    /// Sharing, with so many sealed keys.
    fn share(keys: u32) -> Weight;
    /// Passing on.
    fn reshare(keys: u32) -> Weight;
    /// Adding so many keys to a grant.
    fn add_keys(keys: u32) -> Weight;
    /// Providing so many keys.
    fn provide_keys(keys: u32) -> Weight;
    /// Revoking a grant and what was passed on from it.
    fn revoke() -> Weight;
    /// Requesting access.
    fn request_access() -> Weight;
    /// Withdrawing a request.
    fn withdraw_request() -> Weight;
    /// Answering a request, with so many sealed keys.
    fn answer(keys: u32) -> Weight;
    /// Opening so many records.
    fn open(records: u32) -> Weight;
    /// Declaring an emergency.
    fn break_glass() -> Weight;
    /// Justifying one.
    fn justify() -> Weight;
    /// Reviewing one.
    fn review() -> Weight;
    /// Replacing so many keys of a patient.
    fn reseal(keys: u32) -> Weight;
    /// Asking for an erasure.
    fn ask_erasure() -> Weight;
    /// Confirming it, when so many keys are removed.
    fn confirm_erasure(keys: u32) -> Weight;
    /// Looking at so many keys, and removing them at worst.
    fn prune_keys(keys: u32) -> Weight;
    /// Ending the grant of a visit: not a call, but what the end of an appointment costs here.
    fn visit_ended() -> Weight;
}

/// Dispatch, checks and one event, in picoseconds.
const BASE_PS: u64 = 10_000_000;
/// Decoding, encoding and hashing a byte, in picoseconds.
const BYTE_PS: u64 = 2_000;
/// Reads of the registry to learn for whom a signer acts: account, delegation, party.
const ACTS_FOR_READS: u64 = 3;
/// Reads of the registry to learn what a signer is: account, party.
const PARTY_READS: u64 = 2;
/// Reads of the registry to learn where a practitioner works: practitioner, member.
const LICENCE_READS: u64 = 2;
/// Reads of the registry to learn all that a signer is: patient, practitioner and member.
const SIGNER_READS: u64 = 3 * PARTY_READS;
/// Bytes of an entry of the access log, of a request or of an emergency, at most.
const ENTRY_BYTES: u64 = 160;

/// The estimate.
pub struct Estimated<T>(PhantomData<T>);

impl<T: frame_system::Config> Estimated<T> {
    fn of(reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(bytes.saturating_mul(BYTE_PS)), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// As often as something happens in one call: without the fixed part.
    fn each(count: u32, reads: u64, writes: u64, bytes: u64) -> Weight {
        Weight::from_parts(bytes.saturating_mul(BYTE_PS), bytes)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
            .saturating_mul(count.into())
    }

    /// Learning what a practitioner or member may rely on: the list of the patient's grants, those
    /// to this holder, the emergencies; or else the delegation.
    const RIGHTS_READS: u64 = 2 + GRANTS_TO_ONE_MAX as u64;

    /// Storing keys of records that are read and written with them, for a reader whose rights are
    /// looked up.
    fn keys(count: u32, reads: u64) -> Weight {
        Self::each(count, reads + 2, 2, key_bytes() + bytes::<Record>())
    }

    /// Storing keys of one record at hand. All but three are for readers whose rights are looked
    /// up; the file of the patient is counted with the record.
    fn version_keys(count: u32) -> Weight {
        Self::each(count, 1, 1, key_bytes()).saturating_add(Self::each(
            count.saturating_sub(3),
            Self::RIGHTS_READS,
            0,
            rights_bytes(),
        ))
    }

    /// Giving a grant: clock, record, grantee, next id, list, count of the grantee; list, count,
    /// index, next id and grant are written.
    fn give() -> Weight {
        Self::of(PARTY_READS + 7, 5, rights_bytes())
    }
}

fn bytes<V: MaxEncodedLen>() -> u64 {
    V::max_encoded_len() as u64
}

fn key_bytes() -> u64 {
    bytes::<StoredKey>() + 64
}

fn rights_bytes() -> u64 {
    bytes::<LiveGrantsOf>() + bytes::<Grant>() * u64::from(GRANTS_TO_ONE_MAX)
}

impl<T: frame_system::Config> WeightInfo for Estimated<T> {
    fn write(ciphertext: u32, keys: u32) -> Weight {
        // Clock, patient, visit, its file, next id, content, patient's file and key; record,
        // version, content, both files, index and next id are written.
        let bytes = u64::from(ciphertext) + bytes::<Record>() + 1_024;
        Self::of(ACTS_FOR_READS + LICENCE_READS + 9, 7, bytes)
            .saturating_add(Self::version_keys(keys))
    }

    fn amend(ciphertext: u32, keys: u32) -> Weight {
        let bytes = u64::from(ciphertext) + bytes::<Record>() + 512;
        Self::of(ACTS_FOR_READS + LICENCE_READS + 5, 4, bytes)
            .saturating_add(Self::version_keys(keys))
    }

    fn retract() -> Weight {
        // Clock, record, file of the visit.
        Self::of(2 * PARTY_READS + 3, 2, bytes::<Record>() + 1_024)
    }

    fn share(keys: u32) -> Weight {
        Self::give()
            .saturating_add(Self::each(1, SIGNER_READS, 0, 0))
            .saturating_add(Self::keys(keys, 0))
    }

    fn reshare(keys: u32) -> Weight {
        // The source and what it is from.
        let reads = 2 + u64::from(RESHARES_MAX);
        Self::share(keys).saturating_add(Self::each(1, reads, 0, bytes::<Grant>() * reads))
    }

    fn add_keys(keys: u32) -> Weight {
        Self::of(PARTY_READS + SIGNER_READS + 3, 0, 2 * bytes::<Grant>())
            .saturating_add(Self::keys(keys, 0))
    }

    fn provide_keys(keys: u32) -> Weight {
        // The rights are looked up once for each patient; each record may be of another.
        Self::of(SIGNER_READS, 0, 0)
            .saturating_add(Self::keys(keys, Self::RIGHTS_READS))
            .saturating_add(Self::each(keys, 0, 0, rights_bytes()))
    }

    fn revoke() -> Weight {
        // Every live grant may have been passed on from this one.
        Self::of(PARTY_READS + 3, 1, rights_bytes()).saturating_add(Self::each(
            GRANTS_MAX,
            1,
            1,
            bytes::<Grant>(),
        ))
    }

    fn request_access() -> Weight {
        // Clock, patient, grantee, record, list, next id; list, next id and request are written.
        Self::of(ACTS_FOR_READS + 6, 3, 4 * ENTRY_BYTES)
    }

    fn withdraw_request() -> Weight {
        Self::of(ACTS_FOR_READS + 3, 2, 4 * ENTRY_BYTES)
    }

    fn answer(keys: u32) -> Weight {
        Self::share(keys).saturating_add(Self::each(1, 2, 2, 4 * ENTRY_BYTES))
    }

    fn open(records: u32) -> Weight {
        // Each: record, rights, file of the patient; file and entry are written.
        Self::of(ACTS_FOR_READS + 2, 0, 0).saturating_add(Self::each(
            records,
            2 + Self::RIGHTS_READS,
            2,
            bytes::<Record>() + rights_bytes() + ENTRY_BYTES,
        ))
    }

    fn break_glass() -> Weight {
        // Clock, member, patient, pending, next id, file; pending, next id, index, emergency, file
        // and entry are written.
        Self::of(PARTY_READS + LICENCE_READS + 6, 6, 8 * ENTRY_BYTES)
    }

    fn justify() -> Weight {
        Self::of(PARTY_READS + 3, 2, 8 * ENTRY_BYTES)
    }

    fn review() -> Weight {
        Self::of(2 * PARTY_READS + 3, 3, 8 * ENTRY_BYTES)
    }

    fn reseal(keys: u32) -> Weight {
        // Each: the patient's key and file too.
        Self::of(SIGNER_READS + 1, 1, 64).saturating_add(Self::keys(keys, 2))
    }

    fn ask_erasure() -> Weight {
        Self::of(PARTY_READS + 2, 1, bytes::<Record>())
    }

    fn confirm_erasure(keys: u32) -> Weight {
        // Which of the live grants are of this record is learnt by reading them all.
        Self::of(PARTY_READS + 6, 3, bytes::<Record>())
            .saturating_add(Self::each(keys, 2, 1, key_bytes()))
            .saturating_add(Self::each(GRANTS_MAX, 2, 1, bytes::<Grant>()))
    }

    fn prune_keys(keys: u32) -> Weight {
        Self::of(1, 1, bytes::<Record>()).saturating_add(Self::each(
            keys,
            1 + Self::RIGHTS_READS,
            1,
            key_bytes() + rights_bytes(),
        ))
    }

    fn visit_ended() -> Weight {
        // Clock, list, grant: one has the token, and it is never passed on.
        Self::of(3, 2, bytes::<LiveGrantsOf>() + bytes::<Grant>())
    }
}
