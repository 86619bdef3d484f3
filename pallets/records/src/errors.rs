//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer neither is the author nor holds a session key of hers.
        NotAuthor,
        /// The practitioner is not licensed at that member now.
        NotLicensed,
        /// The signer is no practitioner that this is for.
        NotPractitioner,
        /// The signer is no patient's own account. Delegates and session keys cannot do this.
        NotPatient,
        /// The signer is neither the author's own account nor one of her member's.
        NotAuthorNorMember,
        /// The signer is no account of the author's member. A regulator or the council confirms
        /// only while that member does not take part.
        MayNotConfirm,
        /// The signer is neither the record's patient nor its author nor the author's member.
        NotKeeper,
        /// The signer is not the grantee.
        NotGrantee,
        /// The signer neither is the patient nor passed the grant on.
        NotGiver,
        /// The signer is no account of a regulator.
        NotRegulator,
        /// The signer does not act for the party that it names.
        NotActing,
        /// The member is no hospital or clinic.
        NotProvider,
        /// There is no such patient.
        UnknownPatient,
        /// There is no such practitioner or member.
        UnknownGrantee,
        /// There is no such appointment.
        UnknownVisit,
        /// There is no such record.
        UnknownRecord,
        /// The record has no such version.
        UnknownVersion,
        /// There is no such grant.
        UnknownGrant,
        /// There is no such request.
        UnknownRequest,
        /// There is no such emergency.
        UnknownEmergency,
        /// That is another patient's.
        OtherPatient,
        /// The visit is another patient's, or at another member.
        OtherVisit,
        /// The patient has not arrived for the visit.
        NotArrived,
        /// The ciphertext does not have the hash that the call states: it was damaged, send it
        /// again.
        HashMismatch,
        /// That ciphertext is registered already: encrypt under a fresh key.
        AlreadyRegistered,
        /// Nothing is in it: no bytes, no records, no keys, no kinds or no time.
        Empty,
        /// A key for the patient, the author or the author's member is missing.
        MissingReader,
        /// There are two keys for one reader.
        DuplicateReader,
        /// The reader has no reason to hold a key of the record: share it first.
        NotAReader,
        /// There is a key for that reader already, which the signer may not replace: leave it out.
        KeyExists,
        /// A patient's own keys are replaced by `reseal`.
        UseReseal,
        /// The record has as many versions as it can.
        TooManyVersions,
        /// The record has as many sealed keys as it can, the room for amendments set aside: remove
        /// those that are void with `prune_keys`.
        TooManyKeys,
        /// The visit has as many records as it can.
        TooManyForVisit,
        /// No key of the record is void.
        NothingToPrune,
        /// The record was entered in error.
        Retracted,
        /// The keys of the record were destroyed.
        Erased,
        /// The patient has asked for the erasure already.
        AlreadyAsked,
        /// The patient has not asked for the erasure.
        NotAsked,
        /// The end of the period is not after its beginning, or has passed.
        BadPeriod,
        /// A grant cannot last that long.
        PeriodTooLong,
        /// The record is not covered by the grant.
        NotCovered,
        /// The grant has ended.
        GrantOver,
        /// The grant may not be passed on.
        MayNotReshare,
        /// What is passed on is wider, longer or for another purpose than the grant it is from.
        Wider,
        /// The grant was passed on as often as can be.
        TooManyReshares,
        /// A grant for a visit cannot be passed on: it ends with the visit.
        VisitGrantPassedOn,
        /// A live grant of the patient has that token.
        TokenInUse,
        /// The patient has as many live grants as can be.
        TooManyGrants,
        /// The patient has as many live grants to that grantee as can be.
        TooManyGrantsToOne,
        /// The patient has as many open requests, in all or by that practitioner, as can be.
        TooManyRequests,
        /// The request was answered or withdrawn, or has expired.
        RequestOver,
        /// The practitioner has an emergency that is overdue: justify it first.
        Overdue,
        /// The practitioner has access to that patient by an emergency already.
        AlreadyDeclared,
        /// The practitioner has as many unsettled emergencies as can be: justify them first.
        TooManyEmergencies,
        /// The emergency is not in a state in which this can happen.
        WrongState,
        /// No ids are left.
        IdsUsedUp,
    }
}
