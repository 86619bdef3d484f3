//! The parties with which a chain starts.

use serde::{Deserialize, Serialize};
use xinglin_primitives::{glue::MemberKind, DepartmentId, EncryptionKey, IdentityHash, MemberId};

use crate::{Config, GenesisConfig, HospitalLevel, Members, Name, Pallet, Specialty};

/// A member at genesis. Its id is its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisMember<AccountId> {
    /// What it is.
    pub kind: MemberKind,
    /// Its level, if it is a hospital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<HospitalLevel>,
    /// Its public name.
    pub name: String,
    /// Its main account.
    pub account: AccountId,
    /// The key to which envelopes for it are sealed.
    pub encryption_key: EncryptionKey,
    /// Its service accounts.
    #[serde(default = "Vec::new")]
    pub service_accounts: Vec<AccountId>,
}

/// A licence at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisLicence {
    /// The hospital or clinic.
    pub member: MemberId,
    /// The department there.
    pub department: DepartmentId,
    /// The code of the specialty.
    pub specialty: String,
}

/// A practitioner at genesis. The id is the place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisPractitioner<AccountId> {
    /// The practitioner's own account.
    pub account: AccountId,
    /// The key to which envelopes for the practitioner are sealed.
    pub encryption_key: EncryptionKey,
    /// The licences, at least one; the first member counts as the one that registered.
    pub licences: Vec<GenesisLicence>,
}

/// A patient at genesis. The id is the place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisPatient<AccountId> {
    /// Salted hash of the identity number.
    pub identity: IdentityHash,
    /// The patient's own account.
    pub account: AccountId,
    /// The key to which envelopes for the patient are sealed.
    pub encryption_key: EncryptionKey,
    /// The member that has checked the identity.
    pub registrar: MemberId,
}

/// Registers everybody by the rules of the calls.
///
/// # Panics
/// When a rule is broken: there is no chain to protect yet, and one with half of its parties must
/// not begin.
pub(crate) fn build<T: Config>(config: &GenesisConfig<T>) {
    for (index, member) in config.members.iter().enumerate() {
        or_panic("member", index, register_member::<T>(member));
    }
    for (index, practitioner) in config.practitioners.iter().enumerate() {
        or_panic(
            "practitioner",
            index,
            register_practitioner::<T>(practitioner),
        );
    }
    for (index, patient) in config.patients.iter().enumerate() {
        or_panic("patient", index, register_patient::<T>(patient));
    }
}

fn or_panic(what: &str, index: usize, result: Result<(), String>) {
    if let Err(reason) = result {
        panic!("genesis {what} {index} cannot be registered: {reason}");
    }
}

fn register_member<T: Config>(member: &GenesisMember<T::AccountId>) -> Result<(), String> {
    let name = Name::try_from(member.name.clone().into_bytes())
        .map_err(|_| format!("the name is longer than {} bytes", Name::bound()))?;
    let id = Pallet::<T>::admit_member(
        member.account.clone(),
        member.kind,
        member.level,
        name,
        member.encryption_key,
    )
    .map_err(|error| format!("{error:?}"))?;
    for account in &member.service_accounts {
        Pallet::<T>::take_service_account(id, account.clone())
            .map_err(|error| format!("{error:?}"))?;
    }
    Ok(())
}

fn register_practitioner<T: Config>(
    practitioner: &GenesisPractitioner<T::AccountId>,
) -> Result<(), String> {
    let first = practitioner
        .licences
        .first()
        .ok_or("there is no licence; give at least one")?;
    let id = Pallet::<T>::enrol_practitioner(
        first.member,
        practitioner.account.clone(),
        practitioner.encryption_key,
    )
    .map_err(|error| format!("{error:?}"))?;
    for licence in &practitioner.licences {
        ensure_kind::<T>(licence.member, MemberKind::is_provider)?;
        let specialty = Specialty::try_from(licence.specialty.clone().into_bytes())
            .map_err(|_| format!("the specialty is longer than {} bytes", Specialty::bound()))?;
        Pallet::<T>::put_licence(id, licence.member, licence.department, specialty)
            .map_err(|error| format!("{error:?}"))?;
    }
    Ok(())
}

fn register_patient<T: Config>(patient: &GenesisPatient<T::AccountId>) -> Result<(), String> {
    ensure_kind::<T>(patient.registrar, Pallet::<T>::registers_patients)?;
    Pallet::<T>::enrol_patient(
        patient.registrar,
        patient.identity,
        patient.account.clone(),
        patient.encryption_key,
    )
    .map_err(|error| format!("{error:?}"))?;
    Ok(())
}

fn ensure_kind<T: Config>(
    member: MemberId,
    is_right: impl FnOnce(MemberKind) -> bool,
) -> Result<(), String> {
    match Members::<T>::get(member) {
        Some(found) if is_right(found.kind) => Ok(()),
        Some(_) => Err(format!(
            "member {member} is of a kind that does not do this"
        )),
        None => Err(format!("there is no member {member}")),
    }
}
