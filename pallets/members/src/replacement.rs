//! Replacement of an account whose key is lost.
//!
//! ```text
//!  –  ── propose (first member) ──▶ proposed ── approve (second) ──▶ approved ── complete ──▶ –
//!                                      │                                │      (after the delay)
//!                                      └───────── veto, cancel ─────────┴──────────▶ –
//! ```

use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{Get, Time},
};
use xinglin_primitives::{glue::OnAccountChange, EncryptionKey, MemberId};

use crate::{
    Accounts, Approval, Config, Error, Event, Members, Membership, Pallet, Patients, Practitioners,
    Principal, Replacement, Replacements, Role, Standing,
};

impl<AccountId> Replacement<AccountId> {
    /// Whether a member proposed or approved this.
    pub fn is_backed_by(&self, member: MemberId) -> bool {
        self.proposer == member
            || self
                .approval
                .is_some_and(|approval| approval.approver == member)
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn open_replacement(
        principal: Principal,
        account: T::AccountId,
        encryption_key: EncryptionKey,
        proposer: MemberId,
    ) -> DispatchResult {
        ensure!(
            Self::vouches_for(proposer, principal)?,
            Error::<T>::NotProposer
        );
        ensure!(
            !Accounts::<T>::contains_key(&account),
            Error::<T>::AccountInUse
        );
        ensure!(
            !Replacements::<T>::contains_key(principal),
            Error::<T>::ReplacementPending
        );
        let replacement = Replacement {
            account: account.clone(),
            encryption_key,
            proposer,
            approval: None,
        };
        Replacements::<T>::insert(principal, replacement);
        Self::deposit_event(Event::ReplacementProposed {
            principal,
            account,
            proposer,
        });
        Ok(())
    }

    pub(crate) fn back_replacement(
        principal: Principal,
        account: T::AccountId,
        approver: MemberId,
    ) -> DispatchResult {
        let mut replacement = Replacements::<T>::get(principal).ok_or(Error::<T>::NoReplacement)?;
        ensure!(replacement.approval.is_none(), Error::<T>::AlreadyApproved);
        ensure!(replacement.proposer != approver, Error::<T>::SameMember);
        ensure!(
            replacement.account == account,
            Error::<T>::ReplacementMismatch
        );
        let due = T::Time::now().saturating_add(T::ReplacementDelay::get());
        replacement.approval = Some(Approval { approver, due });
        Replacements::<T>::insert(principal, replacement);
        Self::deposit_event(Event::ReplacementApproved {
            principal,
            account,
            approver,
            due,
        });
        Ok(())
    }

    /// Ends a replacement without completing it.
    pub(crate) fn close_replacement(
        principal: Principal,
    ) -> Result<Replacement<T::AccountId>, Error<T>> {
        Replacements::<T>::take(principal).ok_or(Error::<T>::NoReplacement)
    }

    pub(crate) fn replace_account(principal: Principal) -> DispatchResult {
        let Replacement {
            account: new,
            encryption_key,
            proposer,
            approval,
        } = Self::close_replacement(principal)?;
        let Approval { approver, due } = approval.ok_or(Error::<T>::NotApproved)?;
        ensure!(T::Time::now() >= due, Error::<T>::VetoPeriod);
        ensure!(
            Self::is_active_member(proposer) && Self::is_active_member(approver),
            Error::<T>::BackerNotActive
        );

        let mut old = new.clone();
        match principal {
            Principal::Patient(id) => Self::try_patient(id, |patient| {
                core::mem::swap(&mut patient.account, &mut old);
                patient.encryption_key = encryption_key;
                Self::move_role(&old, &new, Role::Patient(id))
            })?,
            Principal::Practitioner(id) => Self::try_practitioner(id, |practitioner| {
                core::mem::swap(&mut practitioner.account, &mut old);
                practitioner.encryption_key = encryption_key;
                Self::move_role(&old, &new, Role::Practitioner(id))
            })?,
        }
        // Session keys are only as good as the account that made them.
        Self::end_keys_beside(principal, &new)?;
        T::OnAccountChange::account_changed(&old, &new)?;
        Self::deposit_event(Event::Replaced {
            principal,
            old,
            new,
            encryption_key,
        });
        Ok(())
    }

    /// Whether a member knows who a person is, so that it may propose another account.
    fn vouches_for(member: MemberId, principal: Principal) -> Result<bool, Error<T>> {
        match principal {
            Principal::Patient(id) => {
                let patient = Patients::<T>::get(id).ok_or(Error::<T>::UnknownPatient)?;
                Ok(patient.registrar == member
                    || Self::is_removed(patient.registrar)
                        && Members::<T>::get(member)
                            .is_some_and(|member| Self::registers_patients(member.kind)))
            }
            Principal::Practitioner(id) => {
                let practitioner =
                    Practitioners::<T>::get(id).ok_or(Error::<T>::UnknownPractitioner)?;
                Ok(practitioner
                    .licences
                    .get(&member)
                    .is_some_and(|licence| licence.standing == Standing::Active))
            }
        }
    }

    fn is_removed(member: MemberId) -> bool {
        Members::<T>::get(member).is_some_and(|member| member.membership == Membership::Removed)
    }
}
