//! The pallet's events. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened. `by` is the account that signed.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    #[allow(
        missing_docs,
        reason = "a variant's own text speaks of its fields, and their types say the rest"
    )]
    pub enum Event<T: Config> {
        /// A record was written. `hash` and `size` (in bytes) are those of its ciphertext.
        Written {
            record: RecordId,
            patient: PatientId,
            author: PractitionerId,
            member: MemberId,
            visit: Option<AppointmentId>,
            kind: ContentKind,
            hash: Hash,
            size: u64,
            by: T::AccountId,
        },
        /// A record has another version.
        Amended {
            record: RecordId,
            version: VersionNumber,
            reason: AmendReason,
            hash: Hash,
            size: u64,
            by: T::AccountId,
        },
        /// A record counts as entered in error.
        Retracted {
            record: RecordId,
            reason: RetractReason,
            by: T::AccountId,
        },
        /// Access was granted until a time.
        Granted {
            grant: GrantId,
            patient: PatientId,
            grantee: Grantee,
            purpose: Purpose,
            until: Moment,
            source: Source,
            by: T::AccountId,
        },
        /// Sealed keys were stored under a grant.
        KeysAdded { grant: GrantId, count: u32 },
        /// Sealed keys were stored for a reader.
        KeysProvided {
            reader: Reader<T::AccountId>,
            count: u32,
            by: T::AccountId,
        },
        /// Sealed keys of a patient were replaced: so many of her versions can be read again.
        Resealed {
            patient: PatientId,
            restored: u32,
            total: u32,
            by: T::AccountId,
        },
        /// Sealed keys of readers that may no longer read were removed.
        KeysPruned { record: RecordId, count: u32 },
        /// A grant ended before its time.
        GrantEnded {
            grant: GrantId,
            patient: PatientId,
            cause: EndOfGrant,
        },
        /// A practitioner asks for access.
        AccessRequested {
            request: AccessRequestId,
            patient: PatientId,
            requester: PractitionerId,
            grantee: Grantee,
            purpose: Purpose,
            reason: RequestReason,
            by: T::AccountId,
        },
        /// A practitioner took a request back.
        RequestWithdrawn {
            request: AccessRequestId,
            by: T::AccountId,
        },
        /// The patient accepted or refused.
        RequestAnswered {
            request: AccessRequestId,
            patient: PatientId,
            state: RequestState,
        },
        /// Records were opened. What was denied is in the patients' access logs too.
        Opened {
            by: T::AccountId,
            party: Party,
            purpose: Purpose,
            allowed: RecordBatch,
            denied: BoundedVec<(RecordId, Denial), ConstU32<BATCH_MAX>>,
        },
        /// A practitioner took access in an emergency, without a grant.
        GlassBroken {
            emergency: EmergencyId,
            patient: PatientId,
            practitioner: PractitionerId,
            member: MemberId,
            reason: EmergencyReason,
            until: Moment,
            due: Moment,
        },
        /// A practitioner justified an emergency.
        EmergencyJustified {
            emergency: EmergencyId,
            digest: Hash,
            is_late: bool,
        },
        /// A regulator reviewed an emergency.
        EmergencyReviewed {
            emergency: EmergencyId,
            regulator: MemberId,
            verdict: Verdict,
            by: T::AccountId,
        },
        /// The patient asked for the erasure of a record.
        ErasureAsked { record: RecordId, by: T::AccountId },
        /// The author's member has destroyed its keys of a record, as it says, or as who stands in
        /// for it says, without `by` the council; as many sealed keys are gone.
        Erased {
            record: RecordId,
            keys: u32,
            by: Option<T::AccountId>,
        },
    }
}
