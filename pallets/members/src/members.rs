//! Members: admission, removal, their accounts and their seats in the council.

use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{MemberKind, OnAccountChange, OnMembership, ValidatorSet},
    EncryptionKey, MemberId,
};

use crate::{
    types::is_text, Accounts, Config, Error, Event, HospitalLevel, Member, Members, Membership,
    Name, NextMember, Pallet, Party, Role, Seats, ServiceAccounts,
};

impl<T: Config> Pallet<T> {
    /// Whether a member takes part.
    pub(crate) fn is_active_member(member: MemberId) -> bool {
        Members::<T>::get(member).is_some_and(|member| member.is_active())
    }

    /// Whether members of this kind check identities and register patients.
    pub(crate) fn registers_patients(kind: MemberKind) -> bool {
        kind.is_provider() || kind == MemberKind::Insurer
    }

    pub(crate) fn admit_member(
        account: T::AccountId,
        kind: MemberKind,
        level: Option<HospitalLevel>,
        name: Name,
        encryption_key: EncryptionKey,
    ) -> Result<MemberId, DispatchError> {
        check_description::<T>(kind, level, &name)?;
        let id = NextMember::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsExhausted)?;
        Self::claim_account(&account, Role::Main(id))?;
        Self::take_seat(account.clone())?;

        NextMember::<T>::put(next);
        let member = Member {
            kind,
            level,
            name,
            account: account.clone(),
            encryption_key,
            membership: Membership::Active,
            is_held: false,
        };
        Members::<T>::insert(id, member);
        Self::tell_council();
        Self::deposit_event(Event::MemberRegistered {
            member: id,
            kind,
            account,
        });
        Ok(id)
    }

    pub(crate) fn set_description(
        id: MemberId,
        level: Option<HospitalLevel>,
        name: Name,
    ) -> DispatchResult {
        let mut member = Self::member_to_change(id)?;
        check_description::<T>(member.kind, level, &name)?;
        member.level = level;
        member.name = name.clone();
        Members::<T>::insert(id, member);
        Self::deposit_event(Event::MemberDescribed {
            member: id,
            level,
            name,
        });
        Ok(())
    }

    pub(crate) fn suspend_member(id: MemberId) -> DispatchResult {
        let mut member = Self::member_to_change(id)?;
        ensure!(
            member.membership == Membership::Active,
            Error::<T>::AlreadySuspended
        );
        Self::leave_seat(&member.account)?;
        member.membership = Membership::Suspended;
        Members::<T>::insert(id, member);
        Self::tell_council();
        Ok(())
    }

    pub(crate) fn lift_member(id: MemberId) -> DispatchResult {
        let mut member = Self::member_to_change(id)?;
        ensure!(
            member.membership == Membership::Suspended,
            Error::<T>::NotSuspended
        );
        Self::take_seat(member.account.clone())?;
        member.membership = Membership::Active;
        Members::<T>::insert(id, member);
        Self::tell_council();
        Ok(())
    }

    pub(crate) fn expel_member(id: MemberId) -> DispatchResult {
        let mut member = Self::member_to_change(id)?;
        ensure!(
            !T::ValidatorSet::is_validating(id),
            Error::<T>::StillValidating
        );
        if member.membership == Membership::Active {
            Self::leave_seat(&member.account)?;
        }
        for account in ServiceAccounts::<T>::take(id) {
            Accounts::<T>::remove(account);
        }
        member.membership = Membership::Removed;
        Members::<T>::insert(id, member);
        Self::tell_council();
        Self::deposit_event(Event::MemberRemoved { member: id });
        Ok(())
    }

    pub(crate) fn set_main_account(id: MemberId, new: T::AccountId) -> DispatchResult {
        let mut member = Self::member_to_change(id)?;
        let old = member.account.clone();
        Self::move_role(&old, &new, Role::Main(id))?;
        if member.membership == Membership::Active {
            Seats::<T>::mutate(|seats| {
                seats.retain(|seat| *seat != old);
            });
            Self::take_seat(new.clone())?;
        }
        member.account = new.clone();
        Members::<T>::insert(id, member);
        Self::tell_council();
        T::OnAccountChange::account_changed(&old, &new)?;
        Self::deposit_event(Event::MemberAccountChanged {
            member: id,
            old,
            new,
        });
        Ok(())
    }

    pub(crate) fn take_service_account(member: MemberId, account: T::AccountId) -> DispatchResult {
        Self::claim_account(&account, Role::Service(member))?;
        ServiceAccounts::<T>::try_append(member, account.clone())
            .map_err(|()| Error::<T>::TooManyServiceAccounts)?;
        Self::deposit_event(Event::ServiceAccountAdded { member, account });
        Ok(())
    }

    pub(crate) fn drop_service_account(member: MemberId, account: T::AccountId) -> DispatchResult {
        ServiceAccounts::<T>::try_mutate(member, |accounts| {
            let at = accounts
                .iter()
                .position(|other| *other == account)
                .ok_or(Error::<T>::NotServiceAccount)?;
            accounts.remove(at);
            Ok::<_, Error<T>>(())
        })?;
        Accounts::<T>::remove(&account);
        Self::deposit_event(Event::ServiceAccountRemoved { member, account });
        Ok(())
    }

    pub(crate) fn change_encryption_key(
        party: Party,
        encryption_key: EncryptionKey,
    ) -> DispatchResult {
        match party {
            Party::Member(id) => {
                let mut member = Self::member_to_change(id)?;
                member.encryption_key = encryption_key;
                Members::<T>::insert(id, member);
            }
            Party::Practitioner(id) => Self::try_practitioner(id, |practitioner| {
                practitioner.encryption_key = encryption_key;
                Ok(())
            })?,
            Party::Patient(id) => Self::try_patient(id, |patient| {
                patient.encryption_key = encryption_key;
                Ok(())
            })?,
        }
        Self::deposit_event(Event::EncryptionKeyChanged {
            party,
            encryption_key,
        });
        Ok(())
    }

    fn member_to_change(id: MemberId) -> Result<Member<T::AccountId>, Error<T>> {
        let member = Members::<T>::get(id).ok_or(Error::<T>::UnknownMember)?;
        ensure!(
            member.membership != Membership::Removed,
            Error::<T>::MemberRemoved
        );
        Ok(member)
    }

    fn take_seat(account: T::AccountId) -> Result<(), Error<T>> {
        Seats::<T>::try_mutate(|seats| {
            let at = seats.partition_point(|seat| *seat < account);
            seats
                .try_insert(at, account)
                .map_err(|_| Error::<T>::TooManyMembers)
        })
    }

    /// Empties a seat, but never the last: nobody would be left to fill it again.
    fn leave_seat(account: &T::AccountId) -> Result<(), Error<T>> {
        Seats::<T>::try_mutate(|seats| {
            ensure!(seats.len() > 1, Error::<T>::LastMember);
            seats.retain(|seat| seat != account);
            Ok(())
        })
    }

    fn tell_council() {
        T::OnMembership::membership_changed(&Seats::<T>::get());
    }
}

fn check_description<T: Config>(
    kind: MemberKind,
    level: Option<HospitalLevel>,
    name: &Name,
) -> Result<(), Error<T>> {
    ensure!(is_text(name), Error::<T>::NotText);
    ensure!(
        level.is_some() == (kind == MemberKind::Hospital),
        Error::<T>::LevelMismatch
    );
    Ok(())
}
