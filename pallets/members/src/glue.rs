//! What other pallets see of this one.

use xinglin_primitives::{
    glue::{self, HospitalLevel, MemberKind, Scope},
    DepartmentId, EncryptionKey, MemberId, PatientId, PractitionerId,
};

use crate::{
    Accounts, Admittance, Config, Members, Pallet, Patients, Practitioners, Principal, Role,
    Standing,
};

impl<T: Config> glue::Members<T::AccountId> for Pallet<T> {
    fn member_of(who: &T::AccountId) -> Option<MemberId> {
        Self::acting_member(who).map(|(member, _)| member)
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        let member = Members::<T>::get(member)?;
        member.is_active().then_some(member.kind)
    }

    fn account_of(member: MemberId) -> Option<T::AccountId> {
        Some(Members::<T>::get(member)?.account)
    }

    fn level_of(member: MemberId) -> Option<HospitalLevel> {
        Members::<T>::get(member)?.level
    }
}

impl<T: Config> glue::Practitioners<T::AccountId> for Pallet<T> {
    fn practitioner_of(who: &T::AccountId) -> Option<PractitionerId> {
        match Accounts::<T>::get(who)? {
            Role::Practitioner(id) if Self::is_active_practitioner(id) => Some(id),
            _ => None,
        }
    }

    fn department_at(practitioner: PractitionerId, member: MemberId) -> Option<DepartmentId> {
        let practitioner = Practitioners::<T>::get(practitioner)?;
        let licence = practitioner.licences.get(&member)?;
        (practitioner.is_in_good_standing()
            && licence.standing == Standing::Active
            && Self::is_active_member(member))
        .then_some(licence.department)
    }

    fn acts_for(who: &T::AccountId, practitioner: PractitionerId, scope: Scope) -> bool {
        Practitioners::<T>::get(practitioner).is_some_and(|found| {
            (found.account == *who
                || Self::is_delegate(who, Principal::Practitioner(practitioner), scope))
                && Self::may_practise(&found)
        })
    }
}

impl<T: Config> glue::Patients<T::AccountId> for Pallet<T> {
    fn patient_of(who: &T::AccountId) -> Option<PatientId> {
        match Accounts::<T>::get(who)? {
            Role::Patient(id) if Self::is_active_patient(id) => Some(id),
            _ => None,
        }
    }

    fn account_of(patient: PatientId) -> Option<T::AccountId> {
        Some(Patients::<T>::get(patient)?.account)
    }

    fn acts_for(who: &T::AccountId, patient: PatientId, scope: Scope) -> bool {
        Patients::<T>::get(patient).is_some_and(|found| {
            found.is_active()
                && (found.account == *who
                    || Self::is_delegate(who, Principal::Patient(patient), scope))
        })
    }
}

impl<T: Config> glue::Delegations<T::AccountId> for Pallet<T> {
    fn has_delegate(patient: PatientId, who: &T::AccountId, scope: Scope) -> bool {
        Self::holds_delegation(who, Principal::Patient(patient), scope)
    }
}

impl<T: Config> glue::EncryptionKeys for Pallet<T> {
    fn of_patient(patient: PatientId) -> Option<EncryptionKey> {
        Some(Patients::<T>::get(patient)?.encryption_key)
    }

    fn of_practitioner(practitioner: PractitionerId) -> Option<EncryptionKey> {
        Some(Practitioners::<T>::get(practitioner)?.encryption_key)
    }

    fn of_member(member: MemberId) -> Option<EncryptionKey> {
        Some(Members::<T>::get(member)?.encryption_key)
    }
}

impl<T: Config> glue::Admission<T::AccountId> for Pallet<T> {
    fn is_admitted(who: &T::AccountId) -> bool {
        Self::admittance(who) == Admittance::Full
    }
}
