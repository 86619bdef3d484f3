//! What must hold between blocks. Run by `try_state` and at the end of the tests.

use std::collections::BTreeMap;

use frame_support::{
    ensure,
    traits::{GetStorageVersion, Time},
};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{stamp::Stamp, MemberId, StampId};

use crate::{
    types::StampKey, Authorities, BlockTimes, ByBlock, Certificates, Config, KeyOwners, NextStamp,
    Pallet, Stamps,
};

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        ensure!(
            Self::on_chain_storage_version() == Self::in_code_storage_version(),
            "the storage is of another version"
        );
        Self::check_certificates()?;
        Self::check_stamps()?;
        ensure!(
            BlockTimes::<T>::iter()
                .all(|(slot, time)| slot < Self::recent_blocks() && time <= T::Time::now()),
            "a time of a block is out of place"
        );
        Ok(())
    }

    /// Certificates are numbered without a gap, those in force are not withdrawn, the others are,
    /// and the keys of all belong to their members.
    fn check_certificates() -> Check {
        let mut count = 0;
        for (member, number, registered) in Certificates::<T>::iter() {
            let authority = Authorities::<T>::get(member).ok_or("certificates are of nobody")?;
            ensure!(
                number < authority.next,
                "certificates have a number that was not given"
            );
            ensure!(
                authority.in_force.contains(&number) == registered.withdrawn_at.is_none(),
                "certificates are in force and withdrawn, or neither"
            );
            ensure!(
                KeyOwners::<T>::get(registered.key) == Some(member),
                "a key belongs to another member"
            );
            count += 1;
        }
        let given: u32 = Authorities::<T>::iter_values().map(|it| it.next).sum();
        ensure!(given == count, "certificates are missing");
        Ok(())
    }

    /// Tokens are numbered without a gap, in the order of the blocks that have them; those of a
    /// member are about later and later blocks at later and later times; all are found by block.
    fn check_stamps() -> Check {
        let count = NextStamp::<T>::get().0;
        let mut last_of = BTreeMap::<MemberId, (StampId, Stamp)>::new();
        let mut recorded_in = 0;
        for id in (0..count).map(StampId) {
            let stamp = Stamps::<T>::get(id).ok_or("ids of tokens have a gap")?;
            ensure!(
                recorded_in <= stamp.recorded_in && stamp.block < stamp.recorded_in,
                "a token is recorded too early"
            );
            recorded_in = stamp.recorded_in;
            let key = StampKey::new(stamp.block, stamp.authority);
            ensure!(
                ByBlock::<T>::get(key) == Some(id),
                "a token is not found by its block"
            );
            ensure!(
                Certificates::<T>::contains_key(stamp.authority, stamp.certificates),
                "a token has no certificates"
            );
            if let Some((_, last)) = last_of.insert(stamp.authority, (id, stamp)) {
                ensure!(
                    last.block < stamp.block && last.time < stamp.time,
                    "tokens of a member are not in order"
                );
            }
        }
        let [stamps, keys] = [
            Stamps::<T>::iter_keys().count(),
            ByBlock::<T>::iter_keys().count(),
        ];
        ensure!(
            [stamps, keys].iter().all(|it| *it as u64 == count),
            "there are other tokens than were recorded"
        );
        for (member, authority) in Authorities::<T>::iter() {
            ensure!(
                authority.last == last_of.get(&member).map(|(id, _)| *id),
                "the last token of a member is another"
            );
        }
        ensure!(
            KeyOwners::<T>::iter_values().all(|member| Authorities::<T>::contains_key(member)),
            "a key belongs to nobody"
        );
        Ok(())
    }
}
