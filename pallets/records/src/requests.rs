//! Requests for access: referral (转诊) and consultation (会诊). A practitioner asks, the patient
//! answers.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{ConstU32, Time},
    BoundedVec,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{EncryptionKeys, Practitioners, Scope},
    time::{Moment, DAY_MS},
    AccessRequestId, GrantId, PatientId, PractitionerId,
};

use crate::{
    access::Purpose,
    grants::{Covered, Grantee, Source, Terms},
    types::KeyBatch,
    AccessRequests, Config, Error, Event, NextRequest, OpenRequests, Pallet,
};

/// Most requests to one patient that are open.
pub const REQUESTS_MAX: u32 = 16;
/// Most of them by the same practitioner, so that one cannot crowd out the others.
pub const REQUESTS_BY_ONE_MAX: u32 = 2;
/// How long a request stays open, in milliseconds.
pub const REQUEST_MS: Moment = 30 * DAY_MS;

/// Why access is asked for.
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
pub enum RequestReason {
    /// The patient goes on to another practitioner or member (转诊).
    Referral,
    /// Another practitioner is consulted (会诊).
    Consultation,
    /// A second opinion.
    SecondOpinion,
    /// The treatment goes on at the same place.
    Continuation,
}

/// What a practitioner asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NewRequest {
    /// Whose records.
    pub patient: PatientId,
    /// Which of them.
    pub what: Covered,
    /// Who shall read them: the practitioner herself, a colleague or another member.
    pub grantee: Grantee,
    /// For what.
    pub purpose: Purpose,
    /// Why.
    pub reason: RequestReason,
}

/// The patient's answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Answer {
    /// She grants what was asked for.
    Accept {
        /// The instant from which.
        from: Moment,
        /// The instant until which.
        until: Moment,
        /// Whether it may be passed on.
        may_reshare: bool,
        /// Sealed keys of covered records.
        keys: KeyBatch,
    },
    /// She does not.
    Refuse,
}

impl Answer {
    /// How many sealed keys come with it.
    pub fn keys(&self) -> u32 {
        match self {
            Self::Accept { keys, .. } => keys.len() as u32,
            Self::Refuse => 0,
        }
    }
}

/// How far a request has come.
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
pub enum RequestState {
    /// It waits for an answer, until it expires.
    Open,
    /// Accepted with this grant.
    Accepted(GrantId),
    /// Refused.
    Refused,
    /// Taken back by the practitioner.
    Withdrawn,
}

/// A request for access.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AccessRequest {
    /// Whose records.
    pub patient: PatientId,
    /// Who asks.
    pub requester: PractitionerId,
    /// For which records.
    pub what: Covered,
    /// Who shall read them.
    pub grantee: Grantee,
    /// For what.
    pub purpose: Purpose,
    /// Why.
    pub reason: RequestReason,
    /// The instant from which it can no longer be answered.
    pub expires: Moment,
    /// How far it has come.
    pub state: RequestState,
}

/// The line of a request in the list of its patient.
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
pub struct OpenRequest {
    /// The request.
    pub id: AccessRequestId,
    /// Who asks.
    pub requester: PractitionerId,
    /// When it expires.
    pub expires: Moment,
}

/// The open requests to a patient, oldest first. Some may have expired; they are cleared away when
/// the next one comes.
pub type OpenRequestsOf = BoundedVec<OpenRequest, ConstU32<REQUESTS_MAX>>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_request_access(
        by: T::AccountId,
        requester: PractitionerId,
        new: NewRequest,
    ) -> DispatchResult {
        Self::ensure_requester(&by, requester)?;
        let NewRequest {
            patient,
            what,
            grantee,
            purpose,
            reason,
        } = new;
        let is_known = T::EncryptionKeys::of_patient(patient).is_some();
        ensure!(is_known, Error::<T>::UnknownPatient);
        Self::ensure_covers_something(patient, &what)?;
        Self::ensure_known(grantee)?;

        let now = T::Time::now();
        let id = NextRequest::<T>::get();
        let expires = now.saturating_add(REQUEST_MS);
        OpenRequests::<T>::try_mutate(patient, |open| {
            open.retain(|request| now < request.expires);
            let own = open.iter().filter(|request| request.requester == requester);
            ensure!(
                own.count() < REQUESTS_BY_ONE_MAX as usize,
                Error::<T>::TooManyRequests
            );
            let line = OpenRequest {
                id,
                requester,
                expires,
            };
            open.try_push(line).map_err(|_| Error::<T>::TooManyRequests)
        })?;
        NextRequest::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let request = AccessRequest {
            patient,
            requester,
            what,
            grantee,
            purpose,
            reason,
            expires,
            state: RequestState::Open,
        };
        AccessRequests::<T>::insert(id, request);
        Self::deposit_event(Event::AccessRequested {
            request: id,
            patient,
            requester,
            grantee,
            purpose,
            reason,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_request(by: T::AccountId, id: AccessRequestId) -> DispatchResult {
        let request = Self::open_request(id)?;
        Self::ensure_requester(&by, request.requester)?;
        Self::close_request(id, request, RequestState::Withdrawn);
        Self::deposit_event(Event::RequestWithdrawn { request: id, by });
        Ok(())
    }

    pub(crate) fn do_answer(
        by: T::AccountId,
        id: AccessRequestId,
        answer: Answer,
    ) -> DispatchResult {
        let request = Self::open_request(id)?;
        let patient = Self::own_patient(&by)?;
        ensure!(request.patient == patient, Error::<T>::OtherPatient);
        let state = match answer {
            Answer::Refuse => RequestState::Refused,
            Answer::Accept {
                from,
                until,
                may_reshare,
                keys,
            } => {
                let terms = Terms {
                    what: request.what.clone(),
                    grantee: request.grantee,
                    purpose: request.purpose,
                    from,
                    until,
                    may_reshare,
                };
                let signer = Self::signer(&by);
                let (grant_id, grant) = Self::give(patient, terms, Source::Requested(id), by)?;
                Self::put_grant_keys(Some(&signer), grant_id, &grant, keys)?;
                RequestState::Accepted(grant_id)
            }
        };
        Self::close_request(id, request, state);
        Self::deposit_event(Event::RequestAnswered {
            request: id,
            patient,
            state,
        });
        Ok(())
    }

    fn ensure_requester(by: &T::AccountId, requester: PractitionerId) -> Result<(), Error<T>> {
        let acts = T::Practitioners::acts_for(by, requester, Scope::Routine);
        ensure!(acts, Error::NotPractitioner);
        Ok(())
    }

    fn open_request(id: AccessRequestId) -> Result<AccessRequest, Error<T>> {
        let request = AccessRequests::<T>::get(id).ok_or(Error::UnknownRequest)?;
        let is_open = request.state == RequestState::Open && T::Time::now() < request.expires;
        ensure!(is_open, Error::RequestOver);
        Ok(request)
    }

    fn close_request(id: AccessRequestId, mut request: AccessRequest, state: RequestState) {
        OpenRequests::<T>::mutate_exists(request.patient, |slot| {
            let Some(open) = slot else { return };
            open.retain(|line| line.id != id);
            if open.is_empty() {
                *slot = None;
            }
        });
        request.state = state;
        AccessRequests::<T>::insert(id, request);
    }
}
