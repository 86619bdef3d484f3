//! What the pallet stores, and the bounds of it.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedBTreeMap, BoundedBTreeSet, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::{
    glue::{MemberKind, Scope},
    time::{Moment, DAY_MS, HOUR_MS},
    DepartmentId, EncryptionKey, IdentityHash, MemberId, PatientId, PractitionerId,
};

/// Most members that are active at a time, which is the size of the council.
pub const MEMBERS_MAX: u32 = 256;
/// Longest public name of a member, in bytes of UTF-8.
pub const NAME_BYTES_MAX: u32 = 64;
/// Most service accounts of one member.
pub const SERVICE_ACCOUNTS_MAX: u32 = 32;
/// Most members under which one practitioner is licensed.
pub const LICENCES_MAX: u32 = 8;
/// Longest code of a specialty, in bytes of UTF-8.
pub const SPECIALTY_BYTES_MAX: u32 = 16;
/// Most delegates and session keys of one principal.
pub const DELEGATES_MAX: u32 = 16;
/// Most principals for whom one account acts. Bounds what admitting an account reads.
pub const PRINCIPALS_MAX: u32 = 8;
/// How many scopes there are, and so most that a delegation holds.
pub const SCOPES_MAX: u32 = 4;
/// Longest life of a session key, in milliseconds.
pub const SESSION_KEY_MS_MAX: Moment = 72 * HOUR_MS;
/// Longest life of a delegation to a person, in milliseconds: five years.
pub const DELEGATE_MS_MAX: Moment = 5 * 366 * DAY_MS;

pub use xinglin_primitives::{glue::HospitalLevel, Party};

/// The public name of an organisation, in UTF-8.
pub type Name = BoundedVec<u8, ConstU32<NAME_BYTES_MAX>>;
/// The code of a specialty (诊疗科目) in the catalogue that the member uses, in UTF-8.
pub type Specialty = BoundedVec<u8, ConstU32<SPECIALTY_BYTES_MAX>>;
/// What a delegation allows.
pub type Scopes = BoundedBTreeSet<Scope, ConstU32<SCOPES_MAX>>;
/// The licences of a practitioner, by member.
pub type Licences = BoundedBTreeMap<MemberId, Licence, ConstU32<LICENCES_MAX>>;
/// The delegations that one account holds.
pub type DelegationsOf = BoundedVec<Delegation, ConstU32<PRINCIPALS_MAX>>;
/// The delegates of one principal, each with the end of its delegation.
pub type DelegatesOf<AccountId> = BoundedVec<(AccountId, Moment), ConstU32<DELEGATES_MAX>>;

/// What the council says of a member.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Membership {
    /// It belongs to the consortium and has a seat in the council.
    Active,
    /// The council has suspended it. What depends on it rests until that is lifted.
    Suspended,
    /// The council has removed it, for good.
    Removed,
}

/// What the council says of a person, or a member of a licence that it gave.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Standing {
    /// Nothing is said against it.
    Active,
    /// Suspended until that is lifted.
    Suspended,
}

/// An organisation of the consortium.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Member<AccountId> {
    /// What it is. Never changes.
    pub kind: MemberKind,
    /// Its level: a hospital has one, nobody else does.
    pub level: Option<HospitalLevel>,
    /// Its public name.
    pub name: Name,
    /// Its main account, which holds its money and its seat in the council.
    pub account: AccountId,
    /// The key to which envelopes for it are sealed.
    pub encryption_key: EncryptionKey,
    /// What the council says of it.
    pub membership: Membership,
    /// Whether a regulator holds it, whatever the council says.
    pub is_held: bool,
}

impl<AccountId> Member<AccountId> {
    /// Whether it takes part: it is neither suspended, removed nor held.
    pub fn is_active(&self) -> bool {
        self.membership == Membership::Active && !self.is_held
    }
}

/// A practitioner's licence under one member.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Licence {
    /// The member's department in which the practitioner works.
    pub department: DepartmentId,
    /// The specialty practised there.
    pub specialty: Specialty,
    /// Whether the member has suspended it.
    pub standing: Standing,
}

/// A practitioner.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Practitioner<AccountId> {
    /// The practitioner's own account.
    pub account: AccountId,
    /// The key to which envelopes for the practitioner are sealed.
    pub encryption_key: EncryptionKey,
    /// What the council says, whatever the licences say.
    pub standing: Standing,
    /// Whether a regulator holds the practitioner, whatever the council says.
    pub is_held: bool,
    /// The licences, by member.
    pub licences: Licences,
}

impl<AccountId> Practitioner<AccountId> {
    /// Whether neither the council nor a regulator stops the practitioner.
    pub fn is_in_good_standing(&self) -> bool {
        self.standing == Standing::Active && !self.is_held
    }

    /// Whether the practitioner is in good standing and has a licence that its member has not
    /// suspended. To be active takes a member that takes part besides.
    pub fn is_licensed(&self) -> bool {
        self.is_in_good_standing()
            && self
                .licences
                .values()
                .any(|licence| licence.standing == Standing::Active)
    }
}

/// A patient: a pseudonym, bound to an account and a key.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Patient<AccountId> {
    /// The patient's own account.
    pub account: AccountId,
    /// The key to which envelopes for the patient are sealed.
    pub encryption_key: EncryptionKey,
    /// Salted hash of the identity number.
    pub identity: IdentityHash,
    /// The member that has checked the identity.
    pub registrar: MemberId,
    /// What the council says.
    pub standing: Standing,
    /// Whether a regulator holds the patient, whatever the council says.
    pub is_held: bool,
}

impl<AccountId> Patient<AccountId> {
    /// Whether the patient takes part: neither suspended nor held.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active && !self.is_held
    }
}

/// The one thing that an account is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Role {
    /// The main account of a member.
    Main(MemberId),
    /// A service account of a member: a server or a desk.
    Service(MemberId),
    /// A practitioner's own account.
    Practitioner(PractitionerId),
    /// A patient's own account.
    Patient(PatientId),
}

/// How far an account may transact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admittance {
    /// Without restriction.
    Full,
    /// It is registered, and the council says nothing against it, but it does not take part now: a
    /// regulator holds the party, or a practitioner has no licence in force. What it needs to defend
    /// itself stays open: its vote in the council to the main account of a member, the veto against
    /// the replacement of the account to a person.
    Restricted(Role),
    /// Not at all: it is registered, and suspended, removed or a service account of a member that
    /// does not take part.
    Refused,
    /// It is neither registered nor acts for anybody who takes part.
    Unknown,
}

/// A person for whom others can act, and whose account can be replaced.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Principal {
    /// A patient.
    Patient(PatientId),
    /// A practitioner.
    Practitioner(PractitionerId),
}

impl From<Principal> for Party {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Patient(id) => Self::Patient(id),
            Principal::Practitioner(id) => Self::Practitioner(id),
        }
    }
}

/// What a delegate is to its principal.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum DelegationKind {
    /// Another person: a parent, a carer.
    Delegate,
    /// A key of one of the principal's own devices.
    SessionKey,
}

impl DelegationKind {
    /// Longest life of such a delegation, in milliseconds.
    pub fn lifetime_ms_max(self) -> Moment {
        match self {
            Self::Delegate => DELEGATE_MS_MAX,
            Self::SessionKey => SESSION_KEY_MS_MAX,
        }
    }
}

/// The right of an account to act for a principal.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Delegation {
    /// For whom it acts.
    pub principal: Principal,
    /// What it is to the principal.
    pub kind: DelegationKind,
    /// What it may do.
    pub scopes: Scopes,
    /// The instant from which it may no longer.
    pub until: Moment,
    /// The key to which a patient's envelopes are sealed for it, if it is not registered itself or
    /// is to read with another key than that. A session key without one opens with the secret of its
    /// principal.
    pub encryption_key: Option<EncryptionKey>,
}

impl Delegation {
    /// Whether it is in force at `now`.
    pub fn is_live(&self, now: Moment) -> bool {
        now < self.until
    }

    /// Whether it allows `scope` for `principal` at `now`.
    pub fn allows(&self, principal: Principal, scope: Scope, now: Moment) -> bool {
        self.principal == principal && self.scopes.contains(&scope) && self.is_live(now)
    }
}

/// Why a delegation ended.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum EndOfDelegation {
    /// The principal revoked it.
    Revoked,
    /// The delegate renounced it.
    Renounced,
    /// Its time was over, and it was cleared away.
    Expired,
    /// The key that it stood beside was replaced.
    KeyReplaced,
}

/// A second member's approval of a [`Replacement`].
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Approval {
    /// The member that approved.
    pub approver: MemberId,
    /// The instant from which the replacement can be completed.
    pub due: Moment,
}

/// A new account and key for somebody who lost the old ones.
///
/// It is proposed, then approved, then completed; until then it can be vetoed or cancelled.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Replacement<AccountId> {
    /// The account to come.
    pub account: AccountId,
    /// The encryption key to come.
    pub encryption_key: EncryptionKey,
    /// The member that proposed it.
    pub proposer: MemberId,
    /// The approval, once there is one.
    pub approval: Option<Approval>,
}

/// Text that is not empty and is UTF-8.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && core::str::from_utf8(bytes).is_ok()
}
