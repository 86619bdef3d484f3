//! What an account is: one role each, and which origins follow from it.

use frame_support::{ensure, pallet_prelude::DispatchError};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use xinglin_primitives::{glue::MemberKind, MemberId};

use crate::{
    Accounts, Admittance, Config, Error, Members, Membership, Pallet, Party, Patients,
    Practitioners, Principal, Role,
};

impl<T: Config> Pallet<T> {
    /// Makes a free account into something.
    pub(crate) fn claim_account(account: &T::AccountId, role: Role) -> Result<(), Error<T>> {
        ensure!(
            !Accounts::<T>::contains_key(account),
            Error::<T>::AccountInUse
        );
        Accounts::<T>::insert(account, role);
        Ok(())
    }

    /// Moves a role from one account to another, which must be free.
    pub(crate) fn move_role(
        old: &T::AccountId,
        new: &T::AccountId,
        role: Role,
    ) -> Result<(), Error<T>> {
        Self::claim_account(new, role)?;
        Accounts::<T>::remove(old);
        Ok(())
    }

    /// Whether what the account is takes part now.
    pub(crate) fn is_active(role: Role) -> bool {
        match role {
            Role::Main(member) | Role::Service(member) => Self::is_active_member(member),
            Role::Practitioner(practitioner) => Self::is_active_practitioner(practitioner),
            Role::Patient(patient) => Self::is_active_patient(patient),
        }
    }

    /// How far an account may transact. One that is registered stands and falls with what it is
    /// registered as; any other must act for somebody.
    pub fn admittance(who: &T::AccountId) -> Admittance {
        match Accounts::<T>::get(who) {
            Some(role) if Self::is_active(role) => Admittance::Full,
            Some(role) if Self::may_defend_itself(role) => Admittance::Restricted(role),
            Some(_) => Admittance::Refused,
            None if Self::acts_for_anyone(who) => Admittance::Full,
            None => Admittance::Unknown,
        }
    }

    /// Whether an account keeps what [`Admittance::Restricted`] leaves to those who do not take
    /// part.
    fn may_defend_itself(role: Role) -> bool {
        match role {
            Role::Main(member) => Members::<T>::get(member)
                .is_some_and(|member| member.membership == Membership::Active),
            Role::Service(_) => false,
            Role::Practitioner(id) => !Self::is_suspended(Principal::Practitioner(id)),
            Role::Patient(id) => !Self::is_suspended(Principal::Patient(id)),
        }
    }

    /// Whether there is, or was, such a party.
    pub fn exists(party: Party) -> bool {
        match party {
            Party::Member(id) => Members::<T>::contains_key(id),
            Party::Practitioner(id) => Practitioners::<T>::contains_key(id),
            Party::Patient(id) => Patients::<T>::contains_key(id),
        }
    }

    /// The patient or practitioner whose own account `who` is, active or not.
    pub(crate) fn principal_of(who: &T::AccountId) -> Option<Principal> {
        match Accounts::<T>::get(who)? {
            Role::Patient(patient) => Some(Principal::Patient(patient)),
            Role::Practitioner(practitioner) => Some(Principal::Practitioner(practitioner)),
            Role::Main(_) | Role::Service(_) => None,
        }
    }

    /// The active patient or practitioner whose own account `who` is.
    pub(crate) fn active_principal(who: &T::AccountId) -> Option<Principal> {
        Self::principal_of(who).filter(|principal| Self::is_active_principal(*principal))
    }

    /// Whether a person takes part now.
    pub(crate) fn is_active_principal(principal: Principal) -> bool {
        match principal {
            Principal::Patient(patient) => Self::is_active_patient(patient),
            Principal::Practitioner(practitioner) => Self::is_active_practitioner(practitioner),
        }
    }

    /// The active member behind an account, and its kind.
    pub(crate) fn acting_member(who: &T::AccountId) -> Option<(MemberId, MemberKind)> {
        let (Role::Main(id) | Role::Service(id)) = Accounts::<T>::get(who)? else {
            return None;
        };
        let member = Members::<T>::get(id)?;
        member.is_active().then_some((id, member.kind))
    }

    /// The origin is an account of an active member.
    pub(crate) fn ensure_member(origin: OriginFor<T>) -> Result<MemberId, DispatchError> {
        let who = ensure_signed(origin)?;
        let (member, _) = Self::acting_member(&who).ok_or(Error::<T>::NotActiveMember)?;
        Ok(member)
    }

    /// The origin is an account of an active hospital or clinic.
    pub(crate) fn ensure_provider(origin: OriginFor<T>) -> Result<MemberId, DispatchError> {
        let who = ensure_signed(origin)?;
        match Self::acting_member(&who) {
            Some((member, kind)) if kind.is_provider() => Ok(member),
            _ => Err(Error::<T>::NotProvider.into()),
        }
    }

    /// The origin is an account of an active member that registers patients.
    pub(crate) fn ensure_registrar(origin: OriginFor<T>) -> Result<MemberId, DispatchError> {
        let who = ensure_signed(origin)?;
        match Self::acting_member(&who) {
            Some((member, kind)) if Self::registers_patients(kind) => Ok(member),
            _ => Err(Error::<T>::NotRegistrar.into()),
        }
    }

    /// The origin is the main account of an active member.
    pub(crate) fn ensure_main(origin: OriginFor<T>) -> Result<MemberId, DispatchError> {
        let who = ensure_signed(origin)?;
        match Accounts::<T>::get(&who) {
            Some(Role::Main(member)) if Self::is_active_member(member) => Ok(member),
            _ => Err(Error::<T>::NotMainAccount.into()),
        }
    }

    /// The origin is the own account of an active member, practitioner or patient.
    pub(crate) fn ensure_party(origin: OriginFor<T>) -> Result<Party, DispatchError> {
        let who = ensure_signed(origin)?;
        let role = Accounts::<T>::get(&who)
            .filter(|role| Self::is_active(*role))
            .ok_or(Error::<T>::NotActiveParty)?;
        match role {
            Role::Main(member) => Ok(Party::Member(member)),
            Role::Practitioner(practitioner) => Ok(Party::Practitioner(practitioner)),
            Role::Patient(patient) => Ok(Party::Patient(patient)),
            Role::Service(_) => Err(Error::<T>::NotActiveParty.into()),
        }
    }

    /// The origin is a patient or practitioner whom the council has not suspended. A regulator may
    /// hold the person, and a practitioner may be without a licence.
    pub(crate) fn ensure_not_suspended(origin: OriginFor<T>) -> Result<Principal, DispatchError> {
        let who = ensure_signed(origin)?;
        let principal = Self::principal_of(&who)
            .filter(|principal| !Self::is_suspended(*principal))
            .ok_or(Error::<T>::NotActivePrincipal)?;
        Ok(principal)
    }
}
