//! How many operations there were: by minute, hour and day, by call, of everybody and of each member.
//!
//! What counts is a transaction that somebody signed, by its own call, whatever it wraps. It is one of
//! a member's if it or one of its events mentions the member, or if one of its events is about something
//! that was made with the member (`owners`). What the rules refused has no such event: it counts for the
//! members that it names itself.
//!
//! Days are civil ones, in UTC+8. Minutes are kept for [`MINUTES_KEPT_MS`], hours for [`HOURS_KEPT_MS`], days for ever.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Decode, Encode};
use xinglin_core::{Count, Period, StoreError};
use xinglin_decoding::OutlinedExtrinsic;
use xinglin_primitives::{
    time::{Date, DAY_MS, HOUR_MS, MINUTE_MS},
    MemberId,
};
use xinglin_storage::{after_prefix, Batch, OrderedDatabase};

use crate::{keys::COUNTS, names::Names};

/// How long counts of minutes are kept, by the chain's time: 31 days.
pub const MINUTES_KEPT_MS: u64 = 31 * DAY_MS;
/// How long counts of hours are kept, by the chain's time: two years.
pub const HOURS_KEPT_MS: u64 = 731 * DAY_MS;

const PERIODS: [Period; 3] = [Period::Minute, Period::Hour, Period::Day];

/// Whose operations: everybody's, or those of one member.
type Whose = [u8; 5];

/// Bytes of a key before the start of the period: the period, and whose.
const SCOPE_BYTES: usize = 1 + 5;
/// Bytes of a key before the call.
const START_BYTES: usize = SCOPE_BYTES + 8;

fn whose(member: Option<MemberId>) -> Whose {
    let mut whose = Whose::default();
    if let Some(member) = member {
        whose[0] = 1;
        whose[1..].copy_from_slice(&member.0.to_be_bytes());
    }
    whose
}

fn tag(period: Period) -> u8 {
    match period {
        Period::Minute => 1,
        Period::Hour => 2,
        Period::Day => 3,
    }
}

/// When the period begins in which a time is.
fn start_of(period: Period, time_ms: u64) -> u64 {
    match period {
        Period::Minute => time_ms - time_ms % MINUTE_MS,
        Period::Hour => time_ms - time_ms % HOUR_MS,
        Period::Day => Date::of(time_ms).start(),
    }
}

fn scope_key(period: u8, whose: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(START_BYTES + 2);
    key.push(period);
    key.extend_from_slice(whose);
    key
}

fn start_key(period: u8, whose: &[u8], start_ms: u64) -> Vec<u8> {
    let mut key = scope_key(period, whose);
    key.extend_from_slice(&start_ms.to_be_bytes());
    key
}

/// Succeeded and failed.
#[derive(Clone, Copy, Debug, Default, Encode, Decode)]
struct Numbers {
    #[codec(compact)]
    succeeded: u64,
    #[codec(compact)]
    failed: u64,
}

impl Numbers {
    fn decode_stored(mut bytes: &[u8]) -> Result<Self, StoreError> {
        Self::decode(&mut bytes)
            .map_err(|_| StoreError::Corrupt("a count in the index does not decode".to_owned()))
    }

    fn add(&mut self, other: Self) {
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// What the blocks of one batch add.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    numbers: BTreeMap<Vec<u8>, Numbers>,
}

impl Tally {
    /// Counts one transaction of a block, for everybody and for these members.
    pub(crate) fn count(
        &mut self,
        time_ms: u64,
        call: u16,
        extrinsic: &OutlinedExtrinsic<'_>,
        members: &BTreeSet<MemberId>,
    ) {
        if extrinsic.signer.is_none() {
            return;
        }
        let one = Numbers {
            succeeded: u64::from(extrinsic.succeeded),
            failed: u64::from(!extrinsic.succeeded),
        };
        for member in members.iter().copied().map(Some).chain([None]) {
            let whose = whose(member);
            for period in PERIODS {
                let mut key = start_key(tag(period), &whose, start_of(period, time_ms));
                key.extend_from_slice(&call.to_be_bytes());
                self.numbers.entry(key).or_default().add(one);
            }
        }
    }

    /// Adds what was counted to what is stored.
    pub(crate) fn put(
        self,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        for (key, mut numbers) in self.numbers {
            if let Some(stored) = database.get(COUNTS, &key)? {
                numbers.add(Numbers::decode_stored(&stored)?);
            }
            batch.put(COUNTS, &key, &numbers.encode());
        }
        Ok(())
    }
}

/// Removes what is too old at a time. It looks at one count of each member and period.
pub(crate) fn prune(
    database: &OrderedDatabase,
    batch: &mut Batch<'_>,
    now_ms: u64,
) -> Result<(), StoreError> {
    for (period, kept_ms) in [
        (Period::Minute, MINUTES_KEPT_MS),
        (Period::Hour, HOURS_KEPT_MS),
    ] {
        let period = tag(period);
        let cutoff_ms = now_ms.saturating_sub(kept_ms);
        let mut cursor = database.cursor(COUNTS, &[period], after_prefix(&[period]).as_deref());
        cursor.seek(&[period]);
        while let Some((key, _)) = cursor.item()? {
            let Some(whose) = key.get(1..SCOPE_BYTES).map(<[u8]>::to_vec) else {
                return Err(StoreError::Corrupt("a count's key is too short".to_owned()));
            };
            let from = start_key(period, &whose, 0);
            batch.remove_range(COUNTS, &from, &start_key(period, &whose, cutoff_ms));
            let Some(next) = after_prefix(&scope_key(period, &whose)) else {
                break;
            };
            cursor.seek(&next);
        }
    }
    Ok(())
}

/// Counts of the periods that begin from `from_ms` on and before `before_ms`, oldest first.
pub(crate) fn read(
    database: &OrderedDatabase,
    names: &Names,
    period: Period,
    member: Option<MemberId>,
    range_ms: std::ops::Range<u64>,
    limit: usize,
) -> Result<Vec<Count>, StoreError> {
    let (period, whose) = (tag(period), whose(member));
    let from = start_key(period, &whose, range_ms.start);
    let to = start_key(period, &whose, range_ms.end.max(range_ms.start));
    let mut cursor = database.cursor(COUNTS, &from, Some(&to));
    cursor.seek(&from);
    let mut counts = Vec::new();
    while let (true, Some((key, value))) = (counts.len() < limit, cursor.item()?) {
        let corrupt = || StoreError::Corrupt("a count in the index has a wrong key".to_owned());
        let start = key.get(SCOPE_BYTES..START_BYTES).ok_or_else(corrupt)?;
        let call = key.get(START_BYTES..).ok_or_else(corrupt)?;
        let call = u16::from_be_bytes(call.try_into().map_err(|_| corrupt())?);
        let (pallet, call) = names.call(call).ok_or_else(corrupt)?.clone();
        let numbers = Numbers::decode_stored(value)?;
        counts.push(Count {
            from_ms: u64::from_be_bytes(start.try_into().map_err(|_| corrupt())?),
            pallet,
            call,
            succeeded: numbers.succeeded,
            failed: numbers.failed,
        });
        cursor.next();
    }
    Ok(counts)
}
