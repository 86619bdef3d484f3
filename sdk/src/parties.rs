//! Who is who on the chain, and under which keys to seal for them.

use codec::{Decode, Encode};
use frame_support::storage::storage_prefix;
use pallet_members::{
    DelegatesOf, DelegationKind, DelegationsOf, Member, Patient, Practitioner, Principal, Role,
};
use pallet_records::types::Reader;
use xinglin_primitives::{
    glue::Scope, time::Moment, AccountId, EncryptionKey, MemberId, PatientId, PractitionerId,
};
use xinglin_runtime::Runtime;

use crate::{
    client::{Client, ClientError},
    operation::OperationError,
};

pub use xinglin_primitives::Party;

/// A value of the state after the last block.
pub(crate) async fn read<V: Decode>(client: &Client, key: &[u8]) -> Result<Option<V>, ClientError> {
    client.storage(key, client.tip().await?).await
}

pub(crate) fn unknown(what: impl ToString) -> OperationError {
    OperationError::Unknown {
        what: what.to_string(),
    }
}

/// The time of the last block, in milliseconds since 1970.
pub async fn now(client: &Client) -> Result<Moment, OperationError> {
    let key = storage_prefix(b"Timestamp", b"Now");
    Ok(read(client, &key).await?.unwrap_or_default())
}

/// What an account is registered as.
pub async fn role_of(client: &Client, account: &AccountId) -> Result<Option<Role>, OperationError> {
    let key = pallet_members::Accounts::<Runtime>::hashed_key_for(account);
    Ok(read(client, &key).await?)
}

/// The patient whose own account this is.
pub async fn patient_of(client: &Client, account: &AccountId) -> Result<PatientId, OperationError> {
    match role_of(client, account).await? {
        Some(Role::Patient(patient)) => Ok(patient),
        _ => Err(OperationError::WrongRole { role: "a patient" }),
    }
}

/// The practitioner whose own account this is.
pub async fn practitioner_of(
    client: &Client,
    account: &AccountId,
) -> Result<PractitionerId, OperationError> {
    match role_of(client, account).await? {
        Some(Role::Practitioner(practitioner)) => Ok(practitioner),
        _ => Err(OperationError::WrongRole {
            role: "a practitioner",
        }),
    }
}

/// The member of which this is the main or a service account.
pub async fn member_of(client: &Client, account: &AccountId) -> Result<MemberId, OperationError> {
    match role_of(client, account).await? {
        Some(Role::Main(member) | Role::Service(member)) => Ok(member),
        _ => Err(OperationError::WrongRole { role: "a member" }),
    }
}

/// A patient as registered.
pub async fn patient(client: &Client, id: PatientId) -> Result<Patient<AccountId>, OperationError> {
    let key = pallet_members::Patients::<Runtime>::hashed_key_for(id);
    let found = read(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("patient {id}")))
}

/// A practitioner as registered.
pub async fn practitioner(
    client: &Client,
    id: PractitionerId,
) -> Result<Practitioner<AccountId>, OperationError> {
    let key = pallet_members::Practitioners::<Runtime>::hashed_key_for(id);
    let found = read(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("practitioner {id}")))
}

/// A member as registered.
pub async fn member(client: &Client, id: MemberId) -> Result<Member<AccountId>, OperationError> {
    let key = pallet_members::Members::<Runtime>::hashed_key_for(id);
    let found = read(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("member {id}")))
}

/// The key under which to seal for a party.
pub async fn encryption_key_of(
    client: &Client,
    party: Party,
) -> Result<EncryptionKey, OperationError> {
    Ok(match party {
        Party::Patient(id) => patient(client, id).await?.encryption_key,
        Party::Practitioner(id) => practitioner(client, id).await?.encryption_key,
        Party::Member(id) => member(client, id).await?.encryption_key,
    })
}

/// The key under which to seal for a reader of a patient's record.
pub async fn encryption_key_of_reader(
    client: &Client,
    patient: PatientId,
    reader: &Reader<AccountId>,
) -> Result<EncryptionKey, OperationError> {
    let party = match reader {
        Reader::Patient => Party::Patient(patient),
        Reader::Practitioner(id) => Party::Practitioner(*id),
        Reader::Member(id) => Party::Member(*id),
        Reader::Delegate(account) => {
            let principal = Principal::Patient(patient);
            let delegations = delegations_of(client, account).await?;
            let delegation = delegations.iter().find(|it| it.principal == principal);
            let named = delegation.and_then(|it| it.encryption_key);
            let key = key_of_delegate(client, account, named).await?;
            return key.ok_or(OperationError::WrongRole {
                role: "anybody with an encryption key",
            });
        }
    };
    encryption_key_of(client, party).await
}

/// The encryption key of a delegate: the one that the delegation names, or else the one with which it
/// is registered itself. A registered one that does not take part has none.
async fn key_of_delegate(
    client: &Client,
    account: &AccountId,
    named: Option<EncryptionKey>,
) -> Result<Option<EncryptionKey>, OperationError> {
    let party = match role_of(client, account).await? {
        None => return Ok(named),
        Some(Role::Patient(id)) => Party::Patient(id),
        Some(Role::Practitioner(id)) => Party::Practitioner(id),
        Some(Role::Main(id) | Role::Service(id)) => Party::Member(id),
    };
    // An account that is registered is admitted as what it is registered as.
    let takes_part: bool = client
        .runtime_call(
            "MembersApi_is_admitted",
            &account.encode(),
            client.tip().await?,
        )
        .await?;
    match named {
        _ if !takes_part => Ok(None),
        Some(key) => Ok(Some(key)),
        None => encryption_key_of(client, party).await.map(Some),
    }
}

/// The delegations that an account holds.
async fn delegations_of(
    client: &Client,
    account: &AccountId,
) -> Result<DelegationsOf, OperationError> {
    let key = pallet_members::Delegations::<Runtime>::hashed_key_for(account);
    Ok(read(client, &key).await?.unwrap_or_default())
}

/// Those who act for a patient within a scope now, each with the key under which to seal for it. A
/// session key without one of its own is left out: it opens with the patient's secret.
pub async fn delegates_of(
    client: &Client,
    patient: PatientId,
    scope: Scope,
) -> Result<Vec<(AccountId, Option<EncryptionKey>)>, OperationError> {
    let principal = Principal::Patient(patient);
    let now = now(client).await?;
    let key = pallet_members::Delegates::<Runtime>::hashed_key_for(principal);
    let delegates: DelegatesOf<AccountId> = read(client, &key).await?.unwrap_or_default();
    let mut acting = Vec::new();
    for (account, _) in delegates {
        let delegations = delegations_of(client, &account).await?;
        let mut delegations = delegations.iter();
        let Some(delegation) = delegations.find(|it| it.allows(principal, scope, now)) else {
            continue;
        };
        let key = key_of_delegate(client, &account, delegation.encryption_key).await?;
        if key.is_some() || delegation.kind == DelegationKind::Delegate {
            acting.push((account, key));
        }
    }
    Ok(acting)
}
