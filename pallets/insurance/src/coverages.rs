//! Coverages: who is covered by which scheme, when and as what.

use frame_support::{ensure, BoundedVec};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{glue::Patients, time::Date, CoverageId, PatientId, SchemeId};

use crate::{
    computation::Insured,
    types::{Coverage, Period, Scheme, Standing},
    Config, Coverages, CoveragesOf, Error, Event, NextCoverage, Pallet, Versions,
};

pub(crate) type CoverageOf<T> = Coverage<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_enrol(
        who: &T::AccountId,
        patient: PatientId,
        scheme: SchemeId,
        insured: Insured,
        period: Period,
    ) -> DispatchResult {
        Self::own_scheme(who, scheme)?;
        ensure!(
            T::Patients::account_of(patient).is_some(),
            Error::<T>::UnknownPatient
        );
        let coverage = Self::enrol_as(patient, scheme, insured, period)?;
        Self::deposit_event(Event::Enrolled {
            coverage,
            patient,
            scheme,
        });
        Ok(())
    }

    /// Also what a chain begins with.
    pub(crate) fn enrol_as(
        patient: PatientId,
        scheme_id: SchemeId,
        insured: Insured,
        period: Period,
    ) -> Result<CoverageId, DispatchError> {
        let scheme = Self::scheme(scheme_id)?;
        ensure!(period.is_well_formed(), Error::<T>::BadPeriod);
        ensure!(scheme.is_open_on(period.from), Error::<T>::SchemeClosed);
        Self::ensure_age_group(scheme_id, &scheme, period.from, insured)?;
        Self::ensure_free(patient, scheme_id, period, None)?;
        let id = NextCoverage::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsUsedUp)?;
        CoveragesOf::<T>::try_append(patient, id).map_err(|_| Error::<T>::TooManyCoverages)?;
        let first = Standing {
            from: period.from,
            insured,
        };
        let coverage = Coverage {
            patient,
            scheme: scheme_id,
            period,
            standings: BoundedVec::try_from(vec![first])
                .map_err(|_| Error::<T>::TooManyStandings)?,
            account: None,
            served_until: None,
            latest: None,
            latest_live: None,
        };
        NextCoverage::<T>::put(next);
        Coverages::<T>::insert(id, coverage);
        Ok(id)
    }

    pub(crate) fn do_change_standing(
        who: &T::AccountId,
        id: CoverageId,
        from: Date,
        insured: Insured,
    ) -> DispatchResult {
        let (mut coverage, scheme) = Self::own_coverage(who, id)?;
        let is_ahead = coverage.standings.last().is_some_and(|it| it.from < from);
        ensure!(
            is_ahead && coverage.period.has(from),
            Error::<T>::StandingNotAhead
        );
        ensure!(
            coverage.served_until.is_none_or(|day| day < from),
            Error::<T>::ServedLater
        );
        Self::ensure_age_group(coverage.scheme, &scheme, from, insured)?;
        coverage
            .standings
            .try_push(Standing { from, insured })
            .map_err(|_| Error::<T>::TooManyStandings)?;
        Coverages::<T>::insert(id, coverage);
        Self::deposit_event(Event::StandingChanged { coverage: id, from });
        Ok(())
    }

    pub(crate) fn do_set_coverage_end(
        who: &T::AccountId,
        id: CoverageId,
        until: Option<Date>,
    ) -> DispatchResult {
        let (mut coverage, _) = Self::own_coverage(who, id)?;
        let period = Period {
            until,
            ..coverage.period
        };
        ensure!(period.is_well_formed(), Error::<T>::BadPeriod);
        ensure!(
            coverage.served_until.is_none_or(|day| period.has(day)),
            Error::<T>::ServedLater
        );
        Self::ensure_free(coverage.patient, coverage.scheme, period, Some(id))?;
        // A standing that would begin after the end never will.
        coverage.standings.retain(|it| period.has(it.from));
        coverage.period = period;
        Coverages::<T>::insert(id, coverage);
        Self::deposit_event(Event::CoverageEndChanged {
            coverage: id,
            until,
        });
        Ok(())
    }

    pub(crate) fn coverage(id: CoverageId) -> Result<CoverageOf<T>, Error<T>> {
        Coverages::<T>::get(id).ok_or(Error::UnknownCoverage)
    }

    /// The coverage and its scheme, if `who` is an account of the insurer.
    pub(crate) fn own_coverage(
        who: &T::AccountId,
        id: CoverageId,
    ) -> Result<(CoverageOf<T>, Scheme), Error<T>> {
        let coverage = Self::coverage(id)?;
        let scheme = Self::own_scheme(who, coverage.scheme)?;
        Ok((coverage, scheme))
    }

    /// The age group must be one of the version on that day, or of the first one before that.
    fn ensure_age_group(
        id: SchemeId,
        scheme: &Scheme,
        day: Date,
        insured: Insured,
    ) -> Result<(), Error<T>> {
        let version = scheme.version_on(day).or(scheme.versions.first().copied());
        let parameters = version.and_then(|from| Versions::<T>::get(id, from));
        ensure!(
            parameters.is_some_and(|it| usize::from(insured.age_group) < it.age_groups()),
            Error::<T>::BadAgeGroup
        );
        Ok(())
    }

    /// No day may be covered twice by one scheme.
    fn ensure_free(
        patient: PatientId,
        scheme: SchemeId,
        period: Period,
        except: Option<CoverageId>,
    ) -> Result<(), Error<T>> {
        let mut others = CoveragesOf::<T>::get(patient)
            .into_iter()
            .filter(|id| Some(*id) != except)
            .filter_map(Coverages::<T>::get);
        let is_taken = others.any(|it| it.scheme == scheme && it.period.overlaps(&period));
        ensure!(!is_taken, Error::<T>::CoverageOverlaps);
        Ok(())
    }
}
