//! Giving grants, passing them on and ending them.

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{EncryptionKeys, Members, Patients, Practitioners},
    time::Moment,
    GrantId, Hash, PatientId,
};

use crate::{
    grants::{
        Covered, EndOfGrant, Grant, Grantee, LiveGrant, Source, Terms, GRANTS_TO_ONE_MAX,
        GRANT_MS_MAX, RESHARES_MAX,
    },
    types::KeyBatch,
    Config, Error, Event, GranteeCounts, Grants, GrantsTo, LiveGrants, NextGrant, Pallet, Records,
};

/// Who acts on a grant. Only the patient replaces sealed keys: whoever passes on could lock others
/// out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Giver {
    /// The patient whose records it is about.
    Patient,
    /// The grantee of the grant that it was passed on from.
    Grantee,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_share(
        by: T::AccountId,
        terms: Terms,
        token: Option<Hash>,
        keys: KeyBatch,
    ) -> DispatchResult {
        let patient = Self::own_patient(&by)?;
        let source = token.map_or(Source::Shared, Source::ForVisit);
        let signer = Self::signer(&by);
        let (id, grant) = Self::give(patient, terms, source, by)?;
        Self::put_grant_keys(Some(&signer), id, &grant, keys)
    }

    pub(crate) fn do_reshare(
        by: T::AccountId,
        source: GrantId,
        terms: Terms,
        keys: KeyBatch,
    ) -> DispatchResult {
        let from = Self::live_grant(source)?;
        ensure!(
            Self::is_grantee(&by, from.terms.grantee),
            Error::<T>::NotGrantee
        );
        Self::ensure_within(&terms, &from)?;
        ensure!(
            Self::reshares(&from) < RESHARES_MAX,
            Error::<T>::TooManyReshares
        );
        let (id, grant) = Self::give(from.patient, terms, Source::PassedOn(source), by)?;
        Self::put_grant_keys(None, id, &grant, keys)
    }

    pub(crate) fn do_add_keys(by: T::AccountId, id: GrantId, keys: KeyBatch) -> DispatchResult {
        let grant = Self::live_grant(id)?;
        let giver = Self::ensure_giver(&by, &grant)?;
        ensure!(!keys.is_empty(), Error::<T>::Empty);
        let signer = (giver == Giver::Patient).then(|| Self::signer(&by));
        Self::put_grant_keys(signer.as_ref(), id, &grant, keys)
    }

    pub(crate) fn do_revoke(by: T::AccountId, id: GrantId) -> DispatchResult {
        let grant = Self::live_grant(id)?;
        Self::ensure_giver(&by, &grant)?;
        Self::end_grants(grant.patient, |live| live.id == id, EndOfGrant::Revoked);
        Ok(())
    }

    /// Gives a grant, which must be well formed and find room.
    pub(crate) fn give(
        patient: PatientId,
        terms: Terms,
        source: Source,
        by: T::AccountId,
    ) -> Result<(GrantId, Grant), DispatchError> {
        let now = T::Time::now();
        Self::ensure_well_formed(patient, &terms, now)?;
        let id = NextGrant::<T>::get();
        let mut live = LiveGrants::<T>::get(patient);
        live.retain(|grant| grant.until > now);
        let to_same = live.iter().filter(|grant| grant.grantee == terms.grantee);
        ensure!(
            to_same.count() < GRANTS_TO_ONE_MAX as usize,
            Error::<T>::TooManyGrantsToOne
        );
        if let Source::ForVisit(_) = source {
            ensure!(!terms.may_reshare, Error::<T>::VisitGrantPassedOn);
            ensure!(
                live.iter().all(|grant| grant.source != source),
                Error::<T>::TokenInUse
            );
        }
        let line = LiveGrant {
            id,
            grantee: terms.grantee,
            until: terms.until,
            source,
        };
        live.try_push(line).map_err(|_| Error::<T>::TooManyGrants)?;

        NextGrant::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        LiveGrants::<T>::insert(patient, live);
        let at = GranteeCounts::<T>::mutate(terms.grantee, |count| {
            let at = *count;
            *count = count.saturating_add(1);
            at
        });
        GrantsTo::<T>::insert(terms.grantee, at, id);
        Self::deposit_event(Event::Granted {
            grant: id,
            patient,
            grantee: terms.grantee,
            purpose: terms.purpose,
            until: terms.until,
            source,
            by,
        });
        let grant = Grant {
            patient,
            terms,
            source,
            given_at: now,
            ended: None,
        };
        Grants::<T>::insert(id, &grant);
        Ok((id, grant))
    }

    fn ensure_well_formed(patient: PatientId, terms: &Terms, now: Moment) -> Result<(), Error<T>> {
        ensure!(
            terms.from < terms.until && now < terms.until,
            Error::BadPeriod
        );
        ensure!(
            terms.until.saturating_sub(now) <= GRANT_MS_MAX,
            Error::PeriodTooLong
        );
        Self::ensure_covers_something(patient, &terms.what)?;
        Self::ensure_known(terms.grantee)
    }

    /// Refuses what covers nothing: no kinds, no time, or no record of the patient that is neither
    /// erased nor retracted.
    pub(crate) fn ensure_covers_something(
        patient: PatientId,
        what: &Covered,
    ) -> Result<(), Error<T>> {
        match what {
            Covered::Record(id) => {
                let record = Records::<T>::get(id).ok_or(Error::UnknownRecord)?;
                ensure!(record.patient == patient, Error::OtherPatient);
                ensure!(!record.is_erased(), Error::Erased);
                ensure!(record.retracted_at.is_none(), Error::Retracted);
            }
            Covered::History { kinds, from, until } => {
                ensure!(!kinds.is_empty() && from < until, Error::Empty);
            }
        }
        Ok(())
    }

    /// Refuses a grantee that was never registered.
    pub(crate) fn ensure_known(grantee: Grantee) -> Result<(), Error<T>> {
        let key = match grantee {
            Grantee::Practitioner(practitioner) => T::EncryptionKeys::of_practitioner(practitioner),
            Grantee::Member(member) => T::EncryptionKeys::of_member(member),
        };
        ensure!(key.is_some(), Error::UnknownGrantee);
        Ok(())
    }

    /// Refuses terms that are wider or longer than those they are passed on from.
    fn ensure_within(terms: &Terms, source: &Grant) -> Result<(), Error<T>> {
        let wider = &source.terms;
        ensure!(wider.may_reshare, Error::MayNotReshare);
        let is_within = terms.purpose == wider.purpose
            && terms.from >= wider.from
            && terms.until <= wider.until
            && Self::is_part(&terms.what, &wider.what);
        ensure!(is_within, Error::Wider);
        Ok(())
    }

    fn is_part(part: &Covered, whole: &Covered) -> bool {
        match (part, whole) {
            (Covered::Record(id), _) => {
                Records::<T>::get(id).is_some_and(|record| whole.covers(*id, &record))
            }
            (Covered::History { .. }, Covered::Record(_)) => false,
            (
                Covered::History { kinds, from, until },
                Covered::History {
                    kinds: all,
                    from: first,
                    until: last,
                },
            ) => kinds.is_subset(all) && from >= first && until <= last,
        }
    }

    /// How often a grant was passed on since the patient gave it.
    fn reshares(grant: &Grant) -> u32 {
        let mut count = 0;
        let mut next = grant.source;
        // Bounded: nothing is passed on more often than `RESHARES_MAX`.
        while let Source::PassedOn(from) = next {
            count += 1;
            match Grants::<T>::get(from) {
                Some(from) if count < RESHARES_MAX => next = from.source,
                _ => break,
            }
        }
        count
    }

    /// The grant `id`, if it is not over.
    pub(crate) fn live_grant(id: GrantId) -> Result<Grant, Error<T>> {
        let grant = Grants::<T>::get(id).ok_or(Error::UnknownGrant)?;
        let is_live = grant.ended.is_none() && T::Time::now() < grant.terms.until;
        ensure!(is_live, Error::GrantOver);
        Ok(grant)
    }

    /// The patient whose own account `who` is.
    pub(crate) fn own_patient(who: &T::AccountId) -> Result<PatientId, Error<T>> {
        T::Patients::patient_of(who).ok_or(Error::NotPatient)
    }

    /// Whether `who` is the grantee's own account, or one of the member's.
    fn is_grantee(who: &T::AccountId, grantee: Grantee) -> bool {
        match grantee {
            Grantee::Practitioner(practitioner) => {
                T::Practitioners::practitioner_of(who) == Some(practitioner)
            }
            Grantee::Member(member) => T::Members::member_of(who) == Some(member),
        }
    }

    /// Refuses whoever did not give the grant and is not its patient.
    fn ensure_giver(who: &T::AccountId, grant: &Grant) -> Result<Giver, Error<T>> {
        if T::Patients::patient_of(who) == Some(grant.patient) {
            return Ok(Giver::Patient);
        }
        let Source::PassedOn(source) = grant.source else {
            return Err(Error::NotGiver);
        };
        let source = Grants::<T>::get(source).ok_or(Error::UnknownGrant)?;
        ensure!(Self::is_grantee(who, source.terms.grantee), Error::NotGiver);
        Ok(Giver::Grantee)
    }

    /// Ends grants of a patient, and with them all that were passed on from them.
    pub(crate) fn end_grants(
        patient: PatientId,
        is_meant: impl Fn(&LiveGrant) -> bool,
        cause: EndOfGrant,
    ) {
        let now = T::Time::now();
        let mut live = LiveGrants::<T>::get(patient);
        let mut ended: Vec<(GrantId, EndOfGrant)> = Vec::new();
        // One pass is enough: what is passed on comes after what it is passed on from.
        live.retain(|grant| {
            let has_lost_source = ended.iter().any(|(id, _)| grant.is_passed_on_from(*id));
            let cause = if is_meant(grant) {
                cause
            } else if has_lost_source {
                EndOfGrant::SourceEnded
            } else {
                return true;
            };
            ended.push((grant.id, cause));
            false
        });
        if ended.is_empty() {
            return;
        }
        if live.is_empty() {
            LiveGrants::<T>::remove(patient);
        } else {
            LiveGrants::<T>::insert(patient, live);
        }
        for (id, cause) in ended {
            Grants::<T>::mutate(id, |grant| {
                // One that is over by time ended then, whoever clears it away.
                if let Some(grant) = grant.as_mut().filter(|grant| now < grant.terms.until) {
                    grant.ended = Some((now, cause));
                    Self::deposit_event(Event::GrantEnded {
                        grant: id,
                        patient,
                        cause,
                    });
                }
            });
        }
    }
}
