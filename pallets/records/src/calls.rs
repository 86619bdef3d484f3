//! The calls of the pallet. Each names its origin here; the rules are in the file of its subject.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Writes a record. The ciphertext stays in the transaction; the state keeps its hash.
        ///
        /// Origin: signed by the author or her session key. She is licensed at the member.
        ///
        /// - `content_hash`: Blake2b-256 of `ciphertext`, as the sender encrypted it.
        /// - `keys`: the record key for the patient, the author and her member, each once; further
        ///   for delegates who may read, and for grantees whose grant covers the record.
        ///
        /// Errors: `NotAuthor`, `NotLicensed`, `UnknownPatient`, `UnknownVisit`, `OtherVisit`,
        /// `NotArrived`, `TooManyForVisit`, `HashMismatch`, `Empty`, `AlreadyRegistered`,
        /// `MissingReader`, `DuplicateReader`, `NotAReader`, `IdsUsedUp`. Events: `Written`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::write(ciphertext.len() as u32, keys.len() as u32))]
        pub fn write(
            origin: OriginFor<T>,
            record: NewRecord,
            content_hash: Hash,
            ciphertext: Ciphertext,
            keys: ReaderKeys<T::AccountId>,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            let content = Content::Carried(content_hash, ciphertext);
            Self::do_write(by, record, content, keys)
        }

        /// Writes a record whose ciphertext is too large for a transaction. It stays in the
        /// member's object store.
        ///
        /// Origin, errors and events: as for `write`, without `HashMismatch`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::write(LOCATION_BYTES_MAX, keys.len() as u32))]
        pub fn write_external(
            origin: OriginFor<T>,
            record: NewRecord,
            file: ExternalFile,
            keys: ReaderKeys<T::AccountId>,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_write(by, record, Content::External(file), keys)
        }

        /// Adds a version to a record. The versions before stay as they are.
        ///
        /// Origin: signed by the author or her session key. She is licensed at the member still.
        ///
        /// `content_hash`, `ciphertext` and `keys` as for `write`.
        ///
        /// Errors: `UnknownRecord`, `NotAuthor`, `NotLicensed`, `Erased`, `Retracted`,
        /// `HashMismatch`, `Empty`, `AlreadyRegistered`, `TooManyVersions`, `MissingReader`,
        /// `DuplicateReader`, `NotAReader`, `TooManyKeys`. Events: `Amended`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::amend(ciphertext.len() as u32, keys.len() as u32))]
        pub fn amend(
            origin: OriginFor<T>,
            record: RecordId,
            reason: AmendReason,
            content_hash: Hash,
            ciphertext: Ciphertext,
            keys: ReaderKeys<T::AccountId>,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            let content = Content::Carried(content_hash, ciphertext);
            Self::do_amend(by, record, reason, content, keys)
        }

        /// Adds a version whose ciphertext is in the member's object store.
        ///
        /// Origin, errors and events: as for `amend`, without `HashMismatch`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::amend(LOCATION_BYTES_MAX, keys.len() as u32))]
        pub fn amend_external(
            origin: OriginFor<T>,
            record: RecordId,
            reason: AmendReason,
            file: ExternalFile,
            keys: ReaderKeys<T::AccountId>,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_amend(by, record, reason, Content::External(file), keys)
        }

        /// Marks a record as entered in error. It counts for nothing from then on, and no grant is
        /// given of it alone any more. It stays readable, also by grants: whoever relied on it must
        /// be able to see what it said.
        ///
        /// Origin: signed by the author's own account or an account of her member.
        ///
        /// Errors: `UnknownRecord`, `NotAuthorNorMember`, `Retracted`. Events: `Retracted`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::retract())]
        pub fn retract(
            origin: OriginFor<T>,
            record: RecordId,
            reason: RetractReason,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_retract(by, record, reason)
        }

        /// Shares one record, or the history by kinds and period, with a practitioner or a member.
        ///
        /// Origin: signed by the patient's own account.
        ///
        /// - `token`: the grant ends with the visit whose booking carries the same hash as its
        ///   pre-visit grant. Any 32 bytes that are not used by another live grant will do, best
        ///   random ones. Both calls can go into one batch.
        /// - `keys`: sealed keys of covered records for the grantee, replacing those there are
        ///   unless the grantee holds them by right, as author or author's member; more can follow
        ///   with `add_keys`.
        ///
        /// Errors: `NotPatient`, `BadPeriod`, `PeriodTooLong`, `Empty`, `UnknownRecord`,
        /// `OtherPatient`, `Erased`, `Retracted`, `UnknownGrantee`, `TooManyGrants`,
        /// `TooManyGrantsToOne`, `VisitGrantPassedOn`, `TokenInUse`, `IdsUsedUp`, and those of
        /// `add_keys` about keys. Events: `Granted`, `KeysAdded`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::share(keys.len() as u32))]
        pub fn share(
            origin: OriginFor<T>,
            terms: Terms,
            token: Option<Hash>,
            keys: KeyBatch,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_share(by, terms, token, keys)
        }

        /// Passes a grant on, in whole or in part: no wider, no longer and for the same purpose.
        /// What is passed on ends with what it is from.
        ///
        /// Origin: signed by the grantee of `source`: the practitioner's own account, or an account
        /// of the member.
        ///
        /// Errors: `UnknownGrant`, `GrantOver`, `NotGrantee`, `MayNotReshare`, `Wider`,
        /// `TooManyReshares`, and those of `share` and `add_keys`. Events: `Granted`, `KeysAdded`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::reshare(keys.len() as u32))]
        pub fn reshare(
            origin: OriginFor<T>,
            source: GrantId,
            terms: Terms,
            keys: KeyBatch,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_reshare(by, source, terms, keys)
        }

        /// Adds sealed keys for the grantee of a grant, of records that it covers.
        ///
        /// Origin: signed by the patient's own account, or by whoever passed the grant on. Only the
        /// patient replaces keys that are there, and none that the grantee holds by right.
        ///
        /// Errors: `UnknownGrant`, `GrantOver`, `NotGiver`, `Empty`, `UnknownRecord`, `Erased`,
        /// `NotCovered`, `UnknownVersion`, `KeyExists`, `TooManyKeys`. Events: `KeysAdded`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::add_keys(keys.len() as u32))]
        pub fn add_keys(origin: OriginFor<T>, grant: GrantId, keys: KeyBatch) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_add_keys(by, grant, keys)
        }

        /// Stores or replaces sealed keys for a reader who may read the records, or will once a
        /// grant begins: a grantee, a delegate, a practitioner in an emergency, or the author or
        /// her member with another key than before.
        ///
        /// Origin: signed by the patient's or the author's own account, or by an account of the
        /// author's member; so for every record. The keys of the author and of her member are
        /// replaced by nobody but these two, and those of the member by itself alone.
        ///
        /// Errors: `UseReseal`, `Empty`, `UnknownRecord`, `Erased`, `NotKeeper`, `NotAReader`,
        /// `UnknownVersion`, `KeyExists`, `TooManyKeys`. Events: `KeysProvided`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::provide_keys(keys.len() as u32))]
        pub fn provide_keys(
            origin: OriginFor<T>,
            reader: Reader<T::AccountId>,
            keys: KeyBatch,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_provide_keys(by, reader, keys)
        }

        /// Ends a grant, and with it all that was passed on from it.
        ///
        /// Origin: signed by the patient's own account, or by whoever passed the grant on.
        ///
        /// Errors: `UnknownGrant`, `GrantOver`, `NotGiver`. Events: `GrantEnded`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::revoke())]
        pub fn revoke(origin: OriginFor<T>, grant: GrantId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_revoke(by, grant)
        }

        /// Asks a patient for access, for oneself or for whom the patient is referred to.
        ///
        /// Origin: signed by the practitioner `requester` or her session key.
        ///
        /// Errors: `NotPractitioner`, `UnknownPatient`, `UnknownGrantee`, `Empty`,
        /// `UnknownRecord`, `OtherPatient`, `Erased`, `Retracted`, `TooManyRequests`,
        /// `IdsUsedUp`. Events: `AccessRequested`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::request_access())]
        pub fn request_access(
            origin: OriginFor<T>,
            requester: PractitionerId,
            request: NewRequest,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_request_access(by, requester, request)
        }

        /// Takes back a request that is open.
        ///
        /// Origin: signed by the practitioner who made it or her session key.
        ///
        /// Errors: `UnknownRequest`, `RequestOver`, `NotPractitioner`. Events: `RequestWithdrawn`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::withdraw_request())]
        pub fn withdraw_request(origin: OriginFor<T>, request: AccessRequestId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_withdraw_request(by, request)
        }

        /// Accepts a request, which makes a grant of it, or refuses it.
        ///
        /// Origin: signed by the patient's own account.
        ///
        /// Errors: `UnknownRequest`, `RequestOver`, `NotPatient`, `OtherPatient`, and those of
        /// `share`. Events: `RequestAnswered`; `Granted`, `KeysAdded`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::answer(answer.keys()))]
        pub fn answer(
            origin: OriginFor<T>,
            request: AccessRequestId,
            answer: Answer,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_answer(by, request, answer)
        }

        /// Opens up to 64 records for a purpose. Each is allowed or denied by itself, and either
        /// goes into the access log of its patient. So that denied attempts stay recorded, the call
        /// succeeds even if all of them are denied: the event tells.
        ///
        /// Origin: signed for the party, which is the patient (herself, a delegate or session key
        /// with the scope reading), a practitioner (herself or her session key) or a member.
        ///
        /// Errors: `Empty`, `NotActing`. Events: `Opened`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::open(records.len() as u32))]
        pub fn open(
            origin: OriginFor<T>,
            party: Party,
            records: RecordBatch,
            purpose: Purpose,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_open(by, party, records, purpose)
        }

        /// Takes access to all records of a patient in an emergency, for a short time. It must be
        /// justified afterwards and is reviewed by a regulator.
        ///
        /// Origin: signed by a practitioner's own account. She is licensed at the member, a
        /// hospital or clinic.
        ///
        /// `digest`: of what she writes about it, which stays off the chain.
        ///
        /// Errors: `NotPractitioner`, `NotLicensed`, `NotProvider`, `UnknownPatient`, `Overdue`,
        /// `AlreadyDeclared`, `TooManyEmergencies`, `IdsUsedUp`. Events: `GlassBroken`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::break_glass())]
        pub fn break_glass(
            origin: OriginFor<T>,
            patient: PatientId,
            member: MemberId,
            reason: EmergencyReason,
            digest: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_break_glass(by, patient, member, reason, digest)
        }

        /// Justifies an emergency. One that is overdue can still be justified, and shows as late.
        ///
        /// Origin: signed by the own account of its practitioner.
        ///
        /// `digest`: of the justification, which stays off the chain.
        ///
        /// Errors: `UnknownEmergency`, `NotPractitioner`, `WrongState`.
        /// Events: `EmergencyJustified`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::justify())]
        pub fn justify(
            origin: OriginFor<T>,
            emergency: EmergencyId,
            digest: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_justify(by, emergency, digest)
        }

        /// Reviews an emergency that is justified or overdue.
        ///
        /// Origin: signed by an account of a regulator.
        ///
        /// Errors: `NotRegulator`, `UnknownEmergency`, `WrongState`. Events: `EmergencyReviewed`.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::review())]
        pub fn review(
            origin: OriginFor<T>,
            emergency: EmergencyId,
            verdict: Verdict,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_review(by, emergency, verdict)
        }

        /// Replaces sealed keys of a patient after her encryption key changed.
        ///
        /// Origin: signed by an account of the author's member, by the author's or the patient's
        /// own account; so for every record.
        ///
        /// Errors: `Empty`, `UnknownRecord`, `Erased`, `OtherPatient`, `NotKeeper`,
        /// `UnknownVersion`. Events: `Resealed`.
        #[pallet::call_index(17)]
        #[pallet::weight(T::WeightInfo::reseal(keys.len() as u32))]
        pub fn reseal(origin: OriginFor<T>, patient: PatientId, keys: KeyBatch) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_reseal(by, patient, keys)
        }

        /// Asks for the erasure of a record: all its keys are to be destroyed.
        ///
        /// Origin: signed by the patient's own account.
        ///
        /// Errors: `NotPatient`, `UnknownRecord`, `OtherPatient`, `Erased`, `AlreadyAsked`.
        /// Events: `ErasureAsked`.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::ask_erasure())]
        pub fn ask_erasure(origin: OriginFor<T>, record: RecordId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_ask_erasure(by, record)
        }

        /// Confirms that the author's member has destroyed its keys of a record, and removes the
        /// sealed ones. Grants of this record alone end. That it happened stays on the chain.
        ///
        /// Origin: signed by an account of the author's member. While that member does not take
        /// part, being suspended, held or removed: signed by an account of a regulator, or the
        /// council.
        ///
        /// Errors: `UnknownRecord`, `MayNotConfirm`, `Erased`, `NotAsked`.
        /// Events: `Erased`; `GrantEnded`.
        #[pallet::call_index(19)]
        #[pallet::weight(T::WeightInfo::confirm_erasure(KEYS_MAX))]
        pub fn confirm_erasure(
            origin: OriginFor<T>,
            record: RecordId,
        ) -> DispatchResultWithPostInfo {
            let by = match T::CouncilOrigin::try_origin(origin) {
                Ok(_) => None,
                Err(origin) => Some(ensure_signed(origin)?),
            };
            let removed = Self::do_confirm_erasure(by, record)?;
            Ok(Some(T::WeightInfo::confirm_erasure(removed)).into())
        }

        /// Removes the sealed keys of a record whose readers have no reason to read it any more.
        ///
        /// Origin: signed by anybody.
        ///
        /// Errors: `UnknownRecord`, `Erased`, `NothingToPrune`. Events: `KeysPruned`.
        #[pallet::call_index(20)]
        #[pallet::weight(T::WeightInfo::prune_keys(KEYS_MAX))]
        pub fn prune_keys(origin: OriginFor<T>, record: RecordId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let looked_at = Self::do_prune_keys(record)?;
            Ok(Some(T::WeightInfo::prune_keys(looked_at)).into())
        }
    }
}
