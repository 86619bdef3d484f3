//! Break-glass: access without a grant in an emergency, justified afterwards and reviewed.
//!
//! ```text
//!  –  ── break_glass ──▶ Declared ── justify ──▶ Justified ── review ──▶ Reviewed
//!                            └─────── review, once it is overdue ──────────▲
//! ```
//!
//! A practitioner with an emergency that is overdue cannot declare another before it is justified or
//! reviewed. A justification that comes late is taken, and shows as late.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{ConstU32, Get, Time},
    BoundedVec,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{EncryptionKeys, MemberKind, Members, Practitioners},
    time::Moment,
    EmergencyId, Hash, InOrder, MemberId, Party, PatientId, PractitionerId,
};

use crate::{
    access::{Basis, Purpose},
    reading::{AccessEntry, Accessed},
    Config, Emergencies, EmergenciesOf, Error, Event, NextEmergency, Pallet, UnreviewedEmergencies,
};

/// Most emergencies of one practitioner that are live or not settled.
pub const EMERGENCIES_MAX: u32 = 16;

/// Why a practitioner breaks the glass.
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
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum EmergencyReason {
    /// Life is in danger.
    LifeThreatening,
    /// The patient cannot be asked.
    Unconscious,
    /// The patient cannot decide, and nobody who can is there.
    Incapable,
    /// Something else.
    Other,
}

/// What a regulator found.
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
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The access was right.
    Upheld,
    /// It was not; what is left of it ends at once.
    Unfounded,
}

/// A practitioner's justification.
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
pub struct Justification {
    /// When it was given.
    pub at: Moment,
    /// Digest of its text.
    pub digest: Hash,
}

/// How far an emergency has come.
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
pub enum EmergencyState {
    /// Declared.
    Declared,
    /// Justified by the practitioner.
    Justified(Justification),
    /// Reviewed. Final.
    Reviewed {
        /// The justification, if there ever was one.
        justification: Option<Justification>,
        /// The regulator.
        by: MemberId,
        /// When.
        at: Moment,
        /// What it found.
        verdict: Verdict,
    },
}

/// What may happen to an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The practitioner justifies it.
    Justify(Justification),
    /// A regulator reviews it.
    Review {
        /// The regulator.
        by: MemberId,
        /// When.
        at: Moment,
        /// What it found.
        verdict: Verdict,
    },
}

impl EmergencyState {
    /// The state that `step` leads to, or `None` where it is not possible. Without a justification
    /// a review has to wait until it is due.
    pub fn after(self, step: Step, due: Moment) -> Option<Self> {
        let reviewed = |justification, by, at, verdict| Self::Reviewed {
            justification,
            by,
            at,
            verdict,
        };
        match (self, step) {
            (Self::Declared, Step::Justify(justification)) => Some(Self::Justified(justification)),
            (Self::Justified(justification), Step::Review { by, at, verdict }) => {
                Some(reviewed(Some(justification), by, at, verdict))
            }
            (Self::Declared, Step::Review { by, at, verdict }) if at > due => {
                Some(reviewed(None, by, at, verdict))
            }
            _ => None,
        }
    }
}

/// One access without a grant.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Emergency {
    /// Whose records.
    pub patient: PatientId,
    /// Who reads.
    pub practitioner: PractitionerId,
    /// Where: a hospital or clinic at which she is licensed.
    pub member: MemberId,
    /// Why.
    pub reason: EmergencyReason,
    /// Digest of what she wrote about it.
    pub digest: Hash,
    /// When it was declared.
    pub at: Moment,
    /// The instant from which it gives no access.
    pub until: Moment,
    /// Until then, inclusively, it is to be justified.
    pub due: Moment,
    /// How far it has come.
    pub state: EmergencyState,
}

impl Emergency {
    /// Whether it should have been justified by now.
    pub fn is_overdue(&self, now: Moment) -> bool {
        self.state == EmergencyState::Declared && now > self.due
    }
}

/// What still matters of an emergency for what its practitioner may do.
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
pub struct PendingEmergency {
    /// The emergency.
    pub id: EmergencyId,
    /// Whose records.
    pub patient: PatientId,
    /// The instant from which it gives no access.
    pub until: Moment,
    /// Until when it is to be justified; `None` once it is, or is reviewed.
    pub due: Option<Moment>,
}

/// The emergencies of a practitioner that are live or not settled, oldest first.
pub type PendingEmergencies = BoundedVec<PendingEmergency, ConstU32<EMERGENCIES_MAX>>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_break_glass(
        by: T::AccountId,
        patient: PatientId,
        member: MemberId,
        reason: EmergencyReason,
        digest: Hash,
    ) -> DispatchResult {
        let practitioner =
            T::Practitioners::practitioner_of(&by).ok_or(Error::<T>::NotPractitioner)?;
        let is_licensed = T::Practitioners::department_at(practitioner, member).is_some();
        ensure!(is_licensed, Error::<T>::NotLicensed);
        let is_provider = T::Members::kind_of(member).is_some_and(MemberKind::is_provider);
        ensure!(is_provider, Error::<T>::NotProvider);
        let is_known = T::EncryptionKeys::of_patient(patient).is_some();
        ensure!(is_known, Error::<T>::UnknownPatient);

        let now = T::Time::now();
        let id = NextEmergency::<T>::get();
        let until = now.saturating_add(T::EmergencyAccess::get());
        let due = now.saturating_add(T::JustificationPeriod::get());
        Self::add_pending(
            practitioner,
            PendingEmergency {
                id,
                patient,
                until,
                due: Some(due),
            },
            now,
        )?;
        NextEmergency::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        UnreviewedEmergencies::<T>::insert(InOrder::from(id), ());
        let emergency = Emergency {
            patient,
            practitioner,
            member,
            reason,
            digest,
            at: now,
            until,
            due,
            state: EmergencyState::Declared,
        };
        Emergencies::<T>::insert(id, emergency);
        let entry = AccessEntry {
            by,
            party: Party::Practitioner(practitioner),
            what: Accessed::Emergency(id),
            purpose: Purpose::EmergencyTreatment,
            outcome: Ok(Basis::Emergency(id)),
            at: now,
            block: frame_system::Pallet::<T>::block_number(),
        };
        Self::log(patient, entry);
        Self::deposit_event(Event::GlassBroken {
            emergency: id,
            patient,
            practitioner,
            member,
            reason,
            until,
            due,
        });
        Ok(())
    }

    pub(crate) fn do_justify(by: T::AccountId, id: EmergencyId, digest: Hash) -> DispatchResult {
        let mut emergency = Emergencies::<T>::get(id).ok_or(Error::<T>::UnknownEmergency)?;
        let practitioner = T::Practitioners::practitioner_of(&by);
        let is_own = practitioner == Some(emergency.practitioner);
        ensure!(is_own, Error::<T>::NotPractitioner);
        let at = T::Time::now();
        let is_late = emergency.is_overdue(at);
        let step = Step::Justify(Justification { at, digest });
        let state = emergency.state.after(step, emergency.due);
        emergency.state = state.ok_or(Error::<T>::WrongState)?;
        Self::settle_pending(emergency.practitioner, id, emergency.until, at);
        Emergencies::<T>::insert(id, emergency);
        Self::deposit_event(Event::EmergencyJustified {
            emergency: id,
            digest,
            is_late,
        });
        Ok(())
    }

    pub(crate) fn do_review(by: T::AccountId, id: EmergencyId, verdict: Verdict) -> DispatchResult {
        let regulator = T::Members::member_of(&by)
            .filter(|member| T::Members::kind_of(*member) == Some(MemberKind::Regulator))
            .ok_or(Error::<T>::NotRegulator)?;
        let mut emergency = Emergencies::<T>::get(id).ok_or(Error::<T>::UnknownEmergency)?;
        let at = T::Time::now();
        let step = Step::Review {
            by: regulator,
            at,
            verdict,
        };
        let state = emergency.state.after(step, emergency.due);
        emergency.state = state.ok_or(Error::<T>::WrongState)?;
        if verdict == Verdict::Unfounded {
            emergency.until = emergency.until.min(at);
        }
        Self::settle_pending(emergency.practitioner, id, emergency.until, at);
        UnreviewedEmergencies::<T>::remove(InOrder::from(id));
        Emergencies::<T>::insert(id, emergency);
        Self::deposit_event(Event::EmergencyReviewed {
            emergency: id,
            regulator,
            verdict,
            by,
        });
        Ok(())
    }

    /// Lists a new emergency of a practitioner, unless one is overdue, or live for that patient.
    fn add_pending(
        practitioner: PractitionerId,
        new: PendingEmergency,
        now: Moment,
    ) -> Result<(), Error<T>> {
        EmergenciesOf::<T>::try_mutate(practitioner, |pending| {
            pending.retain(|it| it.due.is_some() || now < it.until);
            let is_overdue = pending.iter().any(|it| it.due.is_some_and(|due| now > due));
            ensure!(!is_overdue, Error::Overdue);
            let is_live = |it: &PendingEmergency| it.patient == new.patient && now < it.until;
            ensure!(!pending.iter().any(is_live), Error::AlreadyDeclared);
            pending.try_push(new).map_err(|_| Error::TooManyEmergencies)
        })
    }

    /// Takes notice that an emergency is justified or reviewed, and of its end.
    fn settle_pending(practitioner: PractitionerId, id: EmergencyId, until: Moment, now: Moment) {
        EmergenciesOf::<T>::mutate_exists(practitioner, |slot| {
            let Some(pending) = slot else { return };
            if let Some(it) = pending.iter_mut().find(|it| it.id == id) {
                it.due = None;
                it.until = until;
            }
            pending.retain(|it| it.due.is_some() || now < it.until);
            if pending.is_empty() {
                *slot = None;
            }
        });
    }
}
