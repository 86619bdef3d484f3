//! The events and errors of the pallet.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The council admitted a member.
        MemberRegistered {
            /// The new member.
            member: MemberId,
            /// What it is.
            kind: MemberKind,
            /// Its main account.
            account: T::AccountId,
        },
        /// The council changed the name or the level of a member.
        MemberDescribed {
            /// The member.
            member: MemberId,
            /// Its level from now on.
            level: Option<HospitalLevel>,
            /// Its name from now on.
            name: Name,
        },
        /// The council removed a member, for good.
        MemberRemoved {
            /// The member.
            member: MemberId,
        },
        /// A member has a new main account.
        MemberAccountChanged {
            /// The member.
            member: MemberId,
            /// The account before.
            old: T::AccountId,
            /// The account from now on.
            new: T::AccountId,
        },
        /// A member added a service account.
        ServiceAccountAdded {
            /// The member.
            member: MemberId,
            /// The account.
            account: T::AccountId,
        },
        /// A member removed a service account.
        ServiceAccountRemoved {
            /// The member.
            member: MemberId,
            /// The account.
            account: T::AccountId,
        },
        /// The council suspended a party.
        Suspended {
            /// Who.
            party: Party,
        },
        /// The council lifted the suspension of a party.
        Lifted {
            /// Who.
            party: Party,
        },
        /// A regulator holds a party, or holds it no more.
        HoldChanged {
            /// Who.
            party: Party,
            /// Whether it is held from now on.
            is_held: bool,
        },
        /// A party has a new encryption key.
        EncryptionKeyChanged {
            /// Who.
            party: Party,
            /// The key from now on.
            encryption_key: EncryptionKey,
        },
        /// A member registered a practitioner, and licensed it.
        PractitionerRegistered {
            /// The new practitioner.
            practitioner: PractitionerId,
            /// The practitioner's account.
            account: T::AccountId,
            /// The member.
            member: MemberId,
        },
        /// A member licensed a practitioner, or changed what the licence says.
        LicenceSet {
            /// The practitioner.
            practitioner: PractitionerId,
            /// The member.
            member: MemberId,
            /// The department in which the practitioner works.
            department: DepartmentId,
            /// The specialty practised there.
            specialty: Specialty,
        },
        /// A member suspended a licence that it gave.
        LicenceSuspended {
            /// The practitioner.
            practitioner: PractitionerId,
            /// The member.
            member: MemberId,
        },
        /// A member lifted the suspension of a licence.
        LicenceLifted {
            /// The practitioner.
            practitioner: PractitionerId,
            /// The member.
            member: MemberId,
        },
        /// A member revoked a licence that it gave.
        LicenceRevoked {
            /// The practitioner.
            practitioner: PractitionerId,
            /// The member.
            member: MemberId,
        },
        /// A member registered a patient, whose identity it has checked.
        PatientRegistered {
            /// The new patient.
            patient: PatientId,
            /// The patient's account.
            account: T::AccountId,
            /// The member.
            registrar: MemberId,
        },
        /// A member proposed a new account for somebody.
        ReplacementProposed {
            /// Whose account.
            principal: Principal,
            /// The account to come.
            account: T::AccountId,
            /// The member.
            proposer: MemberId,
        },
        /// A second member approved the new account. The old one can veto until `due`.
        ReplacementApproved {
            /// Whose account.
            principal: Principal,
            /// The account to come.
            account: T::AccountId,
            /// The second member.
            approver: MemberId,
            /// The instant from which it can be completed.
            due: Moment,
        },
        /// The old account vetoed its replacement.
        ReplacementVetoed {
            /// Whose account.
            principal: Principal,
        },
        /// One of the members, or the council, took a replacement back.
        ReplacementCancelled {
            /// Whose account.
            principal: Principal,
        },
        /// Somebody's account and encryption key were replaced.
        Replaced {
            /// Whose.
            principal: Principal,
            /// The account before.
            old: T::AccountId,
            /// The account from now on.
            new: T::AccountId,
            /// The encryption key from now on.
            encryption_key: EncryptionKey,
        },
        /// Somebody let another account act for them. It replaces an earlier one between the two.
        Delegated {
            /// For whom it acts.
            principal: Principal,
            /// The account that acts.
            delegate: T::AccountId,
            /// A person or a device.
            kind: DelegationKind,
            /// What it may do.
            scopes: Scopes,
            /// The instant from which it may no longer.
            until: Moment,
            /// The key to which envelopes are sealed for it, if it has one of its own.
            encryption_key: Option<EncryptionKey>,
        },
        /// An account acts for somebody no more.
        DelegationEnded {
            /// For whom it acted.
            principal: Principal,
            /// The account.
            delegate: T::AccountId,
            /// Why.
            cause: EndOfDelegation,
        },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is already registered as something; an account is one thing only.
        AccountInUse,
        /// There is no such member.
        UnknownMember,
        /// There is no such practitioner.
        UnknownPractitioner,
        /// There is no such patient.
        UnknownPatient,
        /// The caller is not the account of an active member.
        NotActiveMember,
        /// Only the main account of an active member may do this.
        NotMainAccount,
        /// Only an active hospital or clinic may do this.
        NotProvider,
        /// Only an active hospital, clinic or insurer registers patients.
        NotRegistrar,
        /// The caller is not registered, or is suspended.
        NotActiveParty,
        /// The caller is neither a patient nor a practitioner that is active.
        NotActivePrincipal,
        /// Names and codes are UTF-8 and not empty.
        NotText,
        /// A hospital has a level, and nobody else does.
        LevelMismatch,
        /// There are as many active members as the council has seats.
        TooManyMembers,
        /// The member has as many service accounts as it may.
        TooManyServiceAccounts,
        /// The account is not a service account of the member.
        NotServiceAccount,
        /// The party is suspended already.
        AlreadySuspended,
        /// The party is not suspended.
        NotSuspended,
        /// The member has been removed, which is for good.
        MemberRemoved,
        /// The last active member can be neither suspended nor removed.
        LastMember,
        /// The member runs a validator; take that out of the set first.
        StillValidating,
        /// All ids of this kind are used up.
        IdsExhausted,
        /// The practitioner is licensed under as many members as one may.
        TooManyLicences,
        /// The practitioner has no licence under this member.
        NoLicence,
        /// A patient with this identity is registered already.
        IdentityInUse,
        /// A replacement for this person is under way; cancel it first.
        ReplacementPending,
        /// No replacement for this person is under way.
        NoReplacement,
        /// Only the member that registered the patient, or that has licensed the practitioner,
        /// proposes a replacement.
        NotProposer,
        /// The second member must be another than the first.
        SameMember,
        /// The account is not the one that was proposed.
        ReplacementMismatch,
        /// The replacement is approved already.
        AlreadyApproved,
        /// The replacement is not yet approved by a second member.
        NotApproved,
        /// The old account can still veto.
        VetoPeriod,
        /// Only the members that proposed and approved it, or the council, cancel a replacement.
        NotInvolved,
        /// One of the members that stand behind the replacement is no longer active.
        BackerNotActive,
        /// These scopes do not exist for such a principal and kind of delegation.
        IllegalScopes,
        /// The end is not in the future.
        EndInPast,
        /// The end is later than such a delegation may last.
        EndTooLate,
        /// Nobody is their own delegate.
        OwnAccount,
        /// The principal has as many delegates and session keys as one may; revoke one first.
        TooManyDelegates,
        /// The delegate acts for as many principals as one may.
        TooManyPrincipals,
        /// There is no such delegation.
        NoDelegation,
    }
}
