//! What must hold between blocks. Run by `try_state` and after every step of the property tests.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{ensure, traits::GetStorageVersion};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{glue::Held, CaseId, DisclosureId};

use crate::{
    states::CaseState,
    types::{ByDue, Case, Disclosure, Hold, InOrder, NewestFirst},
    Anchors, Awaited, Cases, ClosedCases, Config, Disclosures, Holders, NextCase, NextDisclosure,
    OpenCases, OpenRequests, Pallet, RequestsOf,
};

type Check = Result<(), TryRuntimeError>;
type CasesById = BTreeMap<CaseId, Case>;
type DisclosuresById = BTreeMap<DisclosureId, Disclosure>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        ensure!(
            Self::on_chain_storage_version() == Self::in_code_storage_version(),
            "the storage is of another version"
        );
        let cases: CasesById = Cases::<T>::iter().collect();
        let disclosures: DisclosuresById = Disclosures::<T>::iter().collect();
        Self::check_cases(&cases)?;
        Self::check_requests(&cases, &disclosures)?;
        Self::check_holds(&cases)?;
        ensure!(
            Anchors::<T>::iter_values().all(|anchor| anchor.count > 0),
            "an anchor of no question"
        );
        Ok(())
    }

    /// Cases are numbered without a gap; the open ones are listed under their regulators, and the
    /// closed ones have left nothing behind.
    fn check_cases(cases: &CasesById) -> Check {
        ensure!(
            NextCase::<T>::get().0 == cases.len() as u64,
            "ids of cases have a gap"
        );
        let mut open = 0;
        for (id, case) in cases {
            let is_open = case.state == CaseState::Open;
            ensure!(
                is_open || (case.holds.is_empty() && case.requests.is_empty()),
                "a closed case has holds or requests"
            );
            ensure!(
                OpenCases::<T>::contains_key(case.regulator, InOrder::from(*id)) == is_open,
                "the list of open cases is wrong"
            );
            ensure!(
                ClosedCases::<T>::contains_key(case.regulator, NewestFirst::from(*id)) != is_open,
                "the list of closed cases is wrong"
            );
            open += usize::from(is_open);
        }
        ensure!(
            OpenCases::<T>::iter_keys().count() == open
                && ClosedCases::<T>::iter_keys().count() == cases.len() - open,
            "a case is in another regulator's list"
        );
        Ok(())
    }

    /// Requests belong to cases; the open ones, and no others, are listed with the case, the member
    /// and the regulator.
    fn check_requests(cases: &CasesById, disclosures: &DisclosuresById) -> Check {
        ensure!(
            NextDisclosure::<T>::get().0 == disclosures.len() as u64,
            "ids of requests have a gap"
        );
        let mut open = 0;
        for (id, disclosure) in disclosures {
            let case = cases.get(&disclosure.case).ok_or("a request has no case")?;
            ensure!(
                disclosure.due > disclosure.requested_at,
                "a request was due before it was made"
            );
            ensure!(
                RequestsOf::<T>::contains_key(disclosure.case, InOrder::from(*id)),
                "a request is not in its case's list"
            );
            let (is_open, key) = (disclosure.is_open(), ByDue::new(disclosure.due, *id));
            ensure!(
                case.requests.contains(id) == is_open
                    && OpenRequests::<T>::contains_key(disclosure.member, key) == is_open
                    && Awaited::<T>::contains_key(case.regulator, key) == is_open,
                "the lists of open requests are wrong"
            );
            open += usize::from(is_open);
        }
        let in_cases: usize = cases.values().map(|case| case.requests.len()).sum();
        ensure!(
            RequestsOf::<T>::iter_keys().count() == disclosures.len()
                && in_cases == open
                && OpenRequests::<T>::iter_keys().count() == open
                && Awaited::<T>::iter_keys().count() == open,
            "a list has a request that is not its own"
        );
        Ok(())
    }

    /// Who holds something is who says so, each case once.
    fn check_holds(cases: &CasesById) -> Check {
        let mut expected: BTreeMap<Held, BTreeSet<CaseId>> = BTreeMap::new();
        for (id, case) in cases {
            for Hold { held, since } in &case.holds {
                ensure!(*since >= case.opened_at, "a hold is older than its case");
                let is_new = expected.entry(*held).or_default().insert(*id);
                ensure!(is_new, "a case holds something twice");
            }
        }
        for (held, holders) in Holders::<T>::iter() {
            let cases = expected.remove(&held).unwrap_or_default();
            ensure!(!holders.is_empty(), "nobody holds what is held");
            ensure!(
                holders.len() == cases.len() && holders.iter().all(|case| cases.contains(case)),
                "the holds on something are not those of the cases"
            );
        }
        ensure!(expected.is_empty(), "a hold is not counted");
        Ok(())
    }
}
