//! The calls of the pallet. Each names its origin here; the rules are in the file of its subject.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod calls {
    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Admits a member to the consortium.
        ///
        /// Origin: the council.
        ///
        /// `account` becomes its main account and a seat of the council. A hospital has a `level`,
        /// nobody else does. `name` is public, UTF-8.
        ///
        /// Errors: `NotText`, `LevelMismatch`, `AccountInUse`, `TooManyMembers`, `IdsExhausted`.
        ///
        /// Event: `MemberRegistered`.
        #[pallet::call_index(0)]
        #[pallet::weight(Pallet::<T>::with_seats(T::WeightInfo::register_member()))]
        pub fn register_member(
            origin: OriginFor<T>,
            account: T::AccountId,
            kind: MemberKind,
            level: Option<HospitalLevel>,
            name: Name,
            encryption_key: EncryptionKey,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::admit_member(account, kind, level, name, encryption_key)?;
            Ok(())
        }

        /// Changes the public name and the level of a member.
        ///
        /// Origin: the council.
        ///
        /// Errors: `UnknownMember`, `MemberRemoved`, `NotText`, `LevelMismatch`.
        ///
        /// Event: `MemberDescribed`.
        #[pallet::call_index(1)]
        pub fn describe_member(
            origin: OriginFor<T>,
            member: MemberId,
            level: Option<HospitalLevel>,
            name: Name,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::set_description(member, level, name)
        }

        /// Suspends a member, a practitioner or a patient.
        ///
        /// Origin: the council.
        ///
        /// While a member is suspended, its accounts do not transact, licences under it are not in
        /// force and its seat in the council is vacant. Its validator, if any, stays in the set.
        ///
        /// Errors: `UnknownMember`, `UnknownPractitioner`, `UnknownPatient`, `AlreadySuspended`,
        /// `MemberRemoved`, `LastMember`.
        ///
        /// Event: `Suspended`.
        #[pallet::call_index(2)]
        #[pallet::weight(Pallet::<T>::with_seats(T::WeightInfo::suspend()))]
        pub fn suspend(origin: OriginFor<T>, party: Party) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::suspend_party(party)
        }

        /// Lifts the suspension of a member, a practitioner or a patient.
        ///
        /// Origin: the council.
        ///
        /// Errors: `UnknownMember`, `UnknownPractitioner`, `UnknownPatient`, `NotSuspended`,
        /// `MemberRemoved`, `TooManyMembers`.
        ///
        /// Event: `Lifted`.
        #[pallet::call_index(3)]
        #[pallet::weight(Pallet::<T>::with_seats(T::WeightInfo::lift()))]
        pub fn lift(origin: OriginFor<T>, party: Party) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::lift_party(party)
        }

        /// Removes a member from the consortium, for good.
        ///
        /// Origin: the council.
        ///
        /// Its licences are void and its service accounts are free. Its main account stays bound to
        /// it, so that money owed to it still finds it; to come back it is registered anew.
        ///
        /// Errors: `UnknownMember`, `MemberRemoved`, `LastMember`, `StillValidating`.
        ///
        /// Event: `MemberRemoved`.
        #[pallet::call_index(4)]
        #[pallet::weight(Pallet::<T>::with_seats(T::WeightInfo::remove_member()))]
        pub fn remove_member(origin: OriginFor<T>, member: MemberId) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::expel_member(member)
        }

        /// Gives a member another main account.
        ///
        /// Origin: the member's main account; or the council, for one that has lost its key.
        ///
        /// The account before is free afterwards. Its free balance moves along.
        ///
        /// Errors: `NotMainAccount`, `UnknownMember`, `MemberRemoved`, `AccountInUse`.
        ///
        /// Event: `MemberAccountChanged`.
        #[pallet::call_index(5)]
        #[pallet::weight(Pallet::<T>::with_account_change(Pallet::<T>::with_seats(
            T::WeightInfo::change_member_account()
        )))]
        pub fn change_member_account(
            origin: OriginFor<T>,
            member: MemberId,
            account: T::AccountId,
        ) -> DispatchResult {
            if let Err(origin) = T::CouncilOrigin::try_origin(origin) {
                let own = Self::ensure_main(origin)?;
                ensure!(own == member, Error::<T>::NotMainAccount);
            }
            Self::set_main_account(member, account)
        }

        /// Adds a service account to the caller's member: a server or a desk.
        ///
        /// Origin: the main account of an active member.
        ///
        /// Errors: `NotMainAccount`, `AccountInUse`, `TooManyServiceAccounts`.
        ///
        /// Event: `ServiceAccountAdded`.
        #[pallet::call_index(6)]
        pub fn add_service_account(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
            let member = Self::ensure_main(origin)?;
            Self::take_service_account(member, account)
        }

        /// Removes a service account of the caller's member. The account is free afterwards.
        ///
        /// Origin: the main account of an active member.
        ///
        /// Errors: `NotMainAccount`, `NotServiceAccount`.
        ///
        /// Event: `ServiceAccountRemoved`.
        #[pallet::call_index(7)]
        pub fn remove_service_account(
            origin: OriginFor<T>,
            account: T::AccountId,
        ) -> DispatchResult {
            let member = Self::ensure_main(origin)?;
            Self::drop_service_account(member, account)
        }

        /// Changes the caller's own encryption key. What is sealed to the key before stays so.
        ///
        /// Origin: the main account of an active member, an active practitioner or patient.
        ///
        /// Errors: `NotActiveParty`.
        ///
        /// Event: `EncryptionKeyChanged`.
        #[pallet::call_index(8)]
        pub fn set_encryption_key(
            origin: OriginFor<T>,
            encryption_key: EncryptionKey,
        ) -> DispatchResult {
            let party = Self::ensure_party(origin)?;
            Self::change_encryption_key(party, encryption_key)
        }

        /// Registers a practitioner and licenses it under the caller's member.
        ///
        /// Origin: the main or a service account of an active hospital or clinic.
        ///
        /// `specialty` is the code in the catalogue that the member uses.
        ///
        /// Errors: `NotProvider`, `NotText`, `AccountInUse`, `IdsExhausted`.
        ///
        /// Events: `PractitionerRegistered`, `LicenceSet`.
        #[pallet::call_index(10)]
        pub fn register_practitioner(
            origin: OriginFor<T>,
            account: T::AccountId,
            encryption_key: EncryptionKey,
            department: DepartmentId,
            specialty: Specialty,
        ) -> DispatchResult {
            let member = Self::ensure_provider(origin)?;
            let practitioner = Self::enrol_practitioner(member, account, encryption_key)?;
            Self::put_licence(practitioner, member, department, specialty)
        }

        /// Licenses a practitioner under the caller's member, or changes what the licence says. A
        /// licence that is suspended stays so.
        ///
        /// Origin: the main or a service account of an active hospital or clinic.
        ///
        /// Errors: `NotProvider`, `UnknownPractitioner`, `NotText`, `TooManyLicences`.
        ///
        /// Event: `LicenceSet`.
        #[pallet::call_index(11)]
        pub fn set_licence(
            origin: OriginFor<T>,
            practitioner: PractitionerId,
            department: DepartmentId,
            specialty: Specialty,
        ) -> DispatchResult {
            let member = Self::ensure_provider(origin)?;
            Self::put_licence(practitioner, member, department, specialty)
        }

        /// Suspends a practitioner's licence under the caller's member.
        ///
        /// Origin: the main or a service account of an active hospital or clinic.
        ///
        /// Errors: `NotProvider`, `UnknownPractitioner`, `NoLicence`, `AlreadySuspended`.
        ///
        /// Event: `LicenceSuspended`.
        #[pallet::call_index(12)]
        pub fn suspend_licence(
            origin: OriginFor<T>,
            practitioner: PractitionerId,
        ) -> DispatchResult {
            let member = Self::ensure_provider(origin)?;
            Self::set_licence_standing(practitioner, member, Standing::Suspended)
        }

        /// Lifts the suspension of a practitioner's licence under the caller's member.
        ///
        /// Origin: the main or a service account of an active hospital or clinic.
        ///
        /// Errors: `NotProvider`, `UnknownPractitioner`, `NoLicence`, `NotSuspended`.
        ///
        /// Event: `LicenceLifted`.
        #[pallet::call_index(13)]
        pub fn lift_licence(origin: OriginFor<T>, practitioner: PractitionerId) -> DispatchResult {
            let member = Self::ensure_provider(origin)?;
            Self::set_licence_standing(practitioner, member, Standing::Active)
        }

        /// Revokes a practitioner's licence under the caller's member.
        ///
        /// Origin: the main or a service account of an active hospital or clinic.
        ///
        /// Errors: `NotProvider`, `UnknownPractitioner`, `NoLicence`.
        ///
        /// Event: `LicenceRevoked`.
        #[pallet::call_index(14)]
        pub fn revoke_licence(
            origin: OriginFor<T>,
            practitioner: PractitionerId,
        ) -> DispatchResult {
            let member = Self::ensure_provider(origin)?;
            Self::drop_licence(practitioner, member)
        }

        /// Registers a patient whose identity the caller's member has checked.
        ///
        /// Origin: the main or a service account of an active hospital, clinic or insurer.
        ///
        /// `identity` is `blake2_256(salt ‖ identity number)` with the salt of the consortium; one
        /// identity is one patient.
        ///
        /// Errors: `NotRegistrar`, `IdentityInUse`, `AccountInUse`, `IdsExhausted`.
        ///
        /// Event: `PatientRegistered`.
        #[pallet::call_index(20)]
        pub fn register_patient(
            origin: OriginFor<T>,
            identity: IdentityHash,
            account: T::AccountId,
            encryption_key: EncryptionKey,
        ) -> DispatchResult {
            let member = Self::ensure_registrar(origin)?;
            Self::enrol_patient(member, identity, account, encryption_key)?;
            Ok(())
        }

        /// Proposes a new account and encryption key for a person that lost the old ones.
        ///
        /// Origin: the main or a service account of the active member that registered the patient
        /// or has licensed the practitioner. Where a patient's registrar has been removed, any
        /// member that may register patients stands in.
        ///
        /// Errors: `NotActiveMember`, `UnknownPatient`, `UnknownPractitioner`, `NotProposer`,
        /// `AccountInUse`, `ReplacementPending`.
        ///
        /// Event: `ReplacementProposed`.
        #[pallet::call_index(30)]
        pub fn propose_replacement(
            origin: OriginFor<T>,
            principal: Principal,
            account: T::AccountId,
            encryption_key: EncryptionKey,
        ) -> DispatchResult {
            let proposer = Self::ensure_member(origin)?;
            Self::open_replacement(principal, account, encryption_key, proposer)
        }

        /// Approves a proposed replacement as the second member; the delay begins.
        ///
        /// Origin: the main or a service account of an active member other than the first.
        ///
        /// `account` must be the one that was proposed, so that nobody approves another.
        ///
        /// Errors: `NotActiveMember`, `NoReplacement`, `SameMember`, `ReplacementMismatch`,
        /// `AlreadyApproved`.
        ///
        /// Event: `ReplacementApproved`.
        #[pallet::call_index(31)]
        pub fn approve_replacement(
            origin: OriginFor<T>,
            principal: Principal,
            account: T::AccountId,
        ) -> DispatchResult {
            let approver = Self::ensure_member(origin)?;
            Self::back_replacement(principal, account, approver)
        }

        /// Vetoes the replacement of the caller's own account, at any time before it is completed.
        ///
        /// Origin: the account that would be replaced. One that the council has suspended cannot
        /// veto: that is how it takes an account back from somebody who stole its key. One that a
        /// regulator holds can.
        ///
        /// Errors: `NotActivePrincipal`, `NoReplacement`.
        ///
        /// Event: `ReplacementVetoed`.
        #[pallet::call_index(32)]
        pub fn veto_replacement(origin: OriginFor<T>) -> DispatchResult {
            let principal = Self::ensure_not_suspended(origin)?;
            Self::close_replacement(principal)?;
            Self::deposit_event(Event::ReplacementVetoed { principal });
            Ok(())
        }

        /// Takes a replacement back before it is completed.
        ///
        /// Origin: an account of the member that proposed or of the one that approved it; or the
        /// council.
        ///
        /// Errors: `NotActiveMember`, `NoReplacement`, `NotInvolved`.
        ///
        /// Event: `ReplacementCancelled`.
        #[pallet::call_index(33)]
        pub fn cancel_replacement(origin: OriginFor<T>, principal: Principal) -> DispatchResult {
            let by = match T::CouncilOrigin::try_origin(origin) {
                Ok(_) => None,
                Err(origin) => Some(Self::ensure_member(origin)?),
            };
            let replacement = Self::close_replacement(principal)?;
            ensure!(
                by.is_none_or(|member| replacement.is_backed_by(member)),
                Error::<T>::NotInvolved
            );
            Self::deposit_event(Event::ReplacementCancelled { principal });
            Ok(())
        }

        /// Completes a replacement whose delay is over: account and encryption key become the new
        /// ones, the session keys beside the old account end, and the free balance moves along.
        /// What is held on the old account stays there until it is settled as agreed; what then
        /// comes back goes to the new one.
        ///
        /// Origin: anyone who may transact.
        ///
        /// Errors: `NoReplacement`, `NotApproved`, `VetoPeriod`, `BackerNotActive`,
        /// `AccountInUse`.
        ///
        /// Events: `Replaced`, and `DelegationEnded` for every session key.
        #[pallet::call_index(34)]
        #[pallet::weight(Pallet::<T>::with_account_change(T::WeightInfo::complete_replacement()))]
        pub fn complete_replacement(origin: OriginFor<T>, principal: Principal) -> DispatchResult {
            ensure_signed(origin)?;
            Self::replace_account(principal)
        }

        /// Lets another account act for the caller. It takes the place of an earlier delegation
        /// between the two.
        ///
        /// Origin: an active patient or practitioner.
        ///
        /// A patient gives `Booking`, `Reading` and `Paying` to delegates and session keys; a
        /// practitioner gives `Routine` to session keys. A session key lives 72 hours at most, a
        /// delegate acts for five years at most.
        ///
        /// `encryption_key` is the delegate's: what a patient's delegate may read is sealed to it. A
        /// delegate that is registered itself needs none, since it has the one with which it is; a
        /// session key may do without, and open with the secret of its principal.
        ///
        /// Errors: `NotActivePrincipal`, `OwnAccount`, `IllegalScopes`, `EndInPast`, `EndTooLate`,
        /// `TooManyDelegates`, `TooManyPrincipals`.
        ///
        /// Event: `Delegated`.
        #[pallet::call_index(40)]
        pub fn delegate(
            origin: OriginFor<T>,
            delegate: T::AccountId,
            kind: DelegationKind,
            scopes: Scopes,
            until: Moment,
            encryption_key: Option<EncryptionKey>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let principal = Self::active_principal(&who).ok_or(Error::<T>::NotActivePrincipal)?;
            ensure!(delegate != who, Error::<T>::OwnAccount);
            let delegation = Delegation {
                principal,
                kind,
                scopes,
                until,
                encryption_key,
            };
            Self::put_delegation(delegate, delegation)
        }

        /// Revokes a delegation or session key of the caller.
        ///
        /// Origin: a patient or practitioner.
        ///
        /// Errors: `NotActivePrincipal`, `NoDelegation`.
        ///
        /// Event: `DelegationEnded`.
        #[pallet::call_index(41)]
        pub fn revoke_delegation(origin: OriginFor<T>, delegate: T::AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let principal = Self::principal_of(&who).ok_or(Error::<T>::NotActivePrincipal)?;
            Self::end_delegation(principal, &delegate, EndOfDelegation::Revoked)
        }

        /// Gives up acting for somebody.
        ///
        /// Origin: the delegate.
        ///
        /// Errors: `NoDelegation`.
        ///
        /// Event: `DelegationEnded`.
        #[pallet::call_index(42)]
        pub fn renounce_delegation(origin: OriginFor<T>, principal: Principal) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::end_delegation(principal, &who, EndOfDelegation::Renounced)
        }

        /// Clears away the delegations of a principal that are over. They count for nothing
        /// already; this frees the state that they take.
        ///
        /// Origin: anyone who may transact.
        ///
        /// Errors: none; without anything to clear it does nothing.
        ///
        /// Event: `DelegationEnded` for each.
        #[pallet::call_index(43)]
        pub fn clear_expired(origin: OriginFor<T>, principal: Principal) -> DispatchResult {
            ensure_signed(origin)?;
            Self::clear_expired_of(principal)
        }
    }
}
