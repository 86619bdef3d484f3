//! What must hold of the storage after every call.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{ensure, traits::GetStorageVersion};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::glue::MemberKind;

use crate::{
    delegations::are_legal, types::is_text, Accounts, Config, Delegates, Delegations, Identities,
    Members, Membership, NextMember, NextPatient, NextPractitioner, Pallet, Patients,
    Practitioners, Principal, Replacements, Role, Seats, ServiceAccounts,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant over the whole storage; slow, for tests and audits.
    pub(crate) fn check_invariants() -> Result<(), TryRuntimeError> {
        ensure!(
            Self::on_chain_storage_version() == Self::in_code_storage_version(),
            "the storage is of another version"
        );
        Self::check_accounts()?;
        Self::check_members()?;
        Self::check_practitioners()?;
        Self::check_patients()?;
        Self::check_replacements()?;
        Self::check_delegations()
    }

    /// The index of accounts is exactly what the parties say their accounts are.
    fn check_accounts() -> Result<(), TryRuntimeError> {
        let mut claims = Vec::new();
        claims.extend(Members::<T>::iter().map(|(id, it)| (it.account, Role::Main(id))));
        for (id, accounts) in ServiceAccounts::<T>::iter() {
            claims.extend(accounts.into_iter().map(|it| (it, Role::Service(id))));
        }
        claims.extend(
            Practitioners::<T>::iter().map(|(id, it)| (it.account, Role::Practitioner(id))),
        );
        claims.extend(Patients::<T>::iter().map(|(id, it)| (it.account, Role::Patient(id))));

        let claimed = claims.len();
        let claims: BTreeMap<_, _> = claims.into_iter().collect();
        ensure!(claims.len() == claimed, "an account is two things");
        let index: BTreeMap<_, _> = Accounts::<T>::iter().collect();
        ensure!(
            index == claims,
            "the index of accounts differs from the parties"
        );
        Ok(())
    }

    fn check_members() -> Result<(), TryRuntimeError> {
        let mut active = BTreeSet::new();
        for (id, member) in Members::<T>::iter() {
            ensure!(id < NextMember::<T>::get(), "a member has an id to come");
            ensure!(is_text(&member.name), "a member has no name");
            ensure!(
                member.level.is_some() == (member.kind == MemberKind::Hospital),
                "a level without a hospital, or the other way round"
            );
            match member.membership {
                Membership::Active => {
                    active.insert(member.account);
                }
                Membership::Suspended => {}
                Membership::Removed => ensure!(
                    ServiceAccounts::<T>::get(id).is_empty(),
                    "a removed member has service accounts"
                ),
            }
        }
        ensure!(
            Seats::<T>::get().into_inner() == Vec::from_iter(active),
            "the seats are not the active members' accounts in order"
        );
        for (id, _) in ServiceAccounts::<T>::iter() {
            ensure!(
                Members::<T>::contains_key(id),
                "service accounts of no member"
            );
        }
        Ok(())
    }

    fn check_practitioners() -> Result<(), TryRuntimeError> {
        for (id, practitioner) in Practitioners::<T>::iter() {
            ensure!(
                id < NextPractitioner::<T>::get(),
                "a practitioner has an id to come"
            );
            for (member, licence) in &practitioner.licences {
                ensure!(is_text(&licence.specialty), "a licence has no specialty");
                ensure!(
                    Members::<T>::get(member).is_some_and(|member| member.kind.is_provider()),
                    "a licence under none that treats patients"
                );
            }
        }
        Ok(())
    }

    fn check_patients() -> Result<(), TryRuntimeError> {
        for (id, patient) in Patients::<T>::iter() {
            ensure!(id < NextPatient::<T>::get(), "a patient has an id to come");
            ensure!(
                Identities::<T>::get(patient.identity) == Some(id),
                "a patient is not found by identity"
            );
            ensure!(
                Members::<T>::get(patient.registrar)
                    .is_some_and(|member| Self::registers_patients(member.kind)),
                "a patient registered by none that may"
            );
        }
        ensure!(
            Identities::<T>::iter().count() == Patients::<T>::iter().count(),
            "an identity of no patient"
        );
        Ok(())
    }

    fn check_replacements() -> Result<(), TryRuntimeError> {
        for (principal, replacement) in Replacements::<T>::iter() {
            ensure!(Self::exists(principal.into()), "a replacement for nobody");
            ensure!(
                Members::<T>::contains_key(replacement.proposer),
                "a replacement proposed by no member"
            );
            if let Some(approval) = replacement.approval {
                ensure!(
                    Members::<T>::contains_key(approval.approver)
                        && approval.approver != replacement.proposer,
                    "a replacement without a second member"
                );
            }
        }
        Ok(())
    }

    /// Both lists of delegations hold the same, and nothing illegal or empty.
    fn check_delegations() -> Result<(), TryRuntimeError> {
        let mut by_delegate = Vec::new();
        for (account, delegations) in Delegations::<T>::iter() {
            ensure!(!delegations.is_empty(), "an empty list of delegations");
            for delegation in delegations {
                let principal = delegation.principal;
                ensure!(Self::exists(principal.into()), "a delegation of nobody");
                ensure!(
                    are_legal(principal, delegation.kind, &delegation.scopes),
                    "a delegation with illegal scopes"
                );
                ensure!(
                    Self::principal_of(&account) != Some(principal),
                    "a delegation to oneself"
                );
                by_delegate.push((order(principal), account.clone(), delegation.until));
            }
        }
        let mut by_principal = Vec::new();
        for (principal, delegates) in Delegates::<T>::iter() {
            ensure!(!delegates.is_empty(), "an empty list of delegates");
            by_principal.extend(
                delegates
                    .into_iter()
                    .map(|(it, until)| (order(principal), it, until)),
            );
        }
        by_delegate.sort();
        by_principal.sort();
        ensure!(
            by_delegate == by_principal,
            "the two lists of delegations differ"
        );
        ensure!(
            by_delegate
                .windows(2)
                .all(|pair| (pair[0].0, &pair[0].1) != (pair[1].0, &pair[1].1)),
            "two delegations between the same two"
        );
        Ok(())
    }
}

/// Principals have no order of their own; this one serves the comparison above.
fn order(principal: Principal) -> (u8, u64) {
    match principal {
        Principal::Patient(id) => (0, id.0),
        Principal::Practitioner(id) => (1, u64::from(id.0)),
    }
}
