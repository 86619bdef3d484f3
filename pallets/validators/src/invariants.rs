//! What must hold of the storage after every block.

use std::collections::BTreeMap;

use frame_support::{ensure, traits::GetStorageVersion};
use sp_runtime::TryRuntimeError;

use crate::{
    parameters, types::is_peer_id, Candidates, Config, CurrentSet, KeyOwners, Nodes, NodesOf,
    Offences, Pallet, Parameters, PendingSet, Set, Sets, Validators,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant over the whole storage; slow, for tests and audits.
    pub(crate) fn check_invariants() -> Result<(), TryRuntimeError> {
        ensure!(
            Self::on_chain_storage_version() == Self::in_code_storage_version(),
            "the storage is of another version"
        );
        ensure!(
            parameters::check::<T>(&Parameters::<T>::get()).is_ok(),
            "the consensus parameters are out of range"
        );
        check_set(&Validators::<T>::get())?;
        if let Some(pending) = PendingSet::<T>::get() {
            check_set(&pending)?;
            ensure!(
                pending != Validators::<T>::get(),
                "the change to come changes nothing"
            );
        }
        Self::check_history()?;
        Self::check_keys()?;
        Self::check_nodes()?;
        for (_, record) in Offences::<T>::iter() {
            let offences = record.offences;
            ensure!(
                (1..offences.len()).all(|at| !offences[..at].contains(&offences[at])),
                "an offence is recorded twice"
            );
            ensure!(
                offences.iter().all(|it| it.height > record.cleared),
                "a settled offence is recorded"
            );
        }
        Ok(())
    }

    /// Sets follow one another without gaps, each different from the one before; the last is live.
    fn check_history() -> Result<(), TryRuntimeError> {
        let current = CurrentSet::<T>::get();
        ensure!(
            Sets::<T>::iter_keys().count() == current as usize + 1,
            "a set is missing in the history"
        );
        let sets: Vec<_> = (0..=current).filter_map(Sets::<T>::get).collect();
        ensure!(
            sets.windows(2)
                .all(|pair| pair[0].from < pair[1].from && pair[0].validators != pair[1].validators),
            "the history is out of order"
        );
        ensure!(
            sets.last().map(|set| &set.validators) == Some(&Validators::<T>::get()),
            "the live set is not the last of the history"
        );
        Ok(())
    }

    /// The owned keys are exactly those of candidates and of the sets, live and to come; whoever is
    /// in a set is a candidate too.
    fn check_keys() -> Result<(), TryRuntimeError> {
        let mut used: BTreeMap<_, _> = Candidates::<T>::iter()
            .map(|(member, candidate)| (candidate.key, member))
            .collect();
        ensure!(
            used.len() == Candidates::<T>::iter().count(),
            "two candidates have one key"
        );
        for set in [Some(Validators::<T>::get()), PendingSet::<T>::get()] {
            for validator in set.iter().flatten() {
                ensure!(
                    Candidates::<T>::contains_key(validator.member),
                    "a validator is no candidate"
                );
                let other = used.insert(validator.key, validator.member);
                ensure!(
                    other.is_none_or(|other| other == validator.member),
                    "two members have one key"
                );
            }
        }
        let owned: BTreeMap<_, _> = KeyOwners::<T>::iter().collect();
        ensure!(owned == used, "the index of keys differs from their use");
        Ok(())
    }

    fn check_nodes() -> Result<(), TryRuntimeError> {
        let mut nodes = 0;
        for (member, peers) in NodesOf::<T>::iter() {
            ensure!(!peers.is_empty(), "an empty list of nodes");
            for peer in &peers {
                ensure!(is_peer_id(peer), "a malformed peer id");
                ensure!(
                    Nodes::<T>::get(peer).is_some_and(|node| node.member == member),
                    "a node is not found by its peer id"
                );
            }
            nodes += peers.len();
        }
        ensure!(
            Nodes::<T>::iter_keys().count() == nodes,
            "a node is in no member's list"
        );
        for (member, candidate) in Candidates::<T>::iter() {
            ensure!(
                Nodes::<T>::get(candidate.peer).is_some_and(|node| node.member == member),
                "a candidate runs on a foreign node"
            );
        }
        Ok(())
    }
}

fn check_set(set: &Set) -> Result<(), TryRuntimeError> {
    ensure!(!set.is_empty(), "there is no validator");
    ensure!(
        set.iter().all(|validator| validator.power > 0),
        "a validator has no power"
    );
    ensure!(
        set.windows(2).all(|pair| pair[0].member < pair[1].member),
        "a set is out of order"
    );
    Ok(())
}
