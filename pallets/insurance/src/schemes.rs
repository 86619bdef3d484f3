//! Schemes and their versions.

use frame_support::{ensure, traits::Time, BoundedVec};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{MemberKind, Members},
    text::is_printable,
    time::Date,
    MemberId, SchemeId,
};

use crate::{
    computation::SchemeParameters,
    types::{DisplayCode, Scheme},
    Config, Error, Event, NextScheme, NormsInForce, Pallet, Schemes, Versions,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_create_scheme(
        insurer: MemberId,
        code: DisplayCode,
        from: Date,
        parameters: SchemeParameters,
    ) -> DispatchResult {
        let scheme = Self::create_scheme_as(insurer, code, from, parameters)?;
        Self::deposit_event(Event::SchemeCreated {
            scheme,
            insurer,
            from,
        });
        Ok(())
    }

    /// Also what a chain begins with.
    pub(crate) fn create_scheme_as(
        insurer: MemberId,
        code: DisplayCode,
        from: Date,
        parameters: SchemeParameters,
    ) -> Result<SchemeId, DispatchError> {
        ensure!(is_printable(&code), Error::<T>::BadCode);
        ensure!(parameters.check().is_ok(), Error::<T>::BadParameters);
        let id = NextScheme::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsUsedUp)?;
        let versions = BoundedVec::try_from(vec![from]).map_err(|_| Error::<T>::TooManyVersions)?;
        let scheme = Scheme {
            insurer,
            code,
            versions,
            closed_after: None,
            is_held: false,
        };
        NextScheme::<T>::put(next);
        Schemes::<T>::insert(id, scheme);
        Versions::<T>::insert(id, from, parameters);
        Ok(id)
    }

    pub(crate) fn do_publish_version(
        who: &T::AccountId,
        id: SchemeId,
        from: Date,
        parameters: SchemeParameters,
    ) -> DispatchResult {
        let mut scheme = Self::own_scheme(who, id)?;
        ensure!(from > Self::today(), Error::<T>::VersionSealed);
        ensure!(scheme.is_open_on(from), Error::<T>::SchemeClosed);
        ensure!(parameters.check().is_ok(), Error::<T>::BadParameters);
        if let Err(place) = scheme.versions.binary_search(&from) {
            scheme
                .versions
                .try_insert(place, from)
                .map_err(|_| Error::<T>::TooManyVersions)?;
            Schemes::<T>::insert(id, scheme);
        }
        Versions::<T>::insert(id, from, parameters);
        Self::deposit_event(Event::VersionPublished { scheme: id, from });
        Ok(())
    }

    pub(crate) fn do_close_scheme(who: &T::AccountId, id: SchemeId, last: Date) -> DispatchResult {
        let mut scheme = Self::own_scheme(who, id)?;
        let today = Self::today();
        ensure!(
            last >= today && scheme.is_open_on(today),
            Error::<T>::ClosedInPast
        );
        scheme.closed_after = Some(last);
        Schemes::<T>::insert(id, scheme);
        Self::deposit_event(Event::SchemeClosed { scheme: id, last });
        Ok(())
    }

    /// Holds a scheme for a regulator, or lifts the hold: nothing is settled, and no claim approved,
    /// under a held scheme. Doing either twice changes nothing more.
    ///
    /// # Errors
    ///
    /// `UnknownScheme`.
    pub fn set_scheme_hold(id: SchemeId, is_held: bool) -> DispatchResult {
        let mut scheme = Self::scheme(id)?;
        if scheme.is_held != is_held {
            scheme.is_held = is_held;
            Schemes::<T>::insert(id, scheme);
            Self::deposit_event(Event::SchemeHoldChanged {
                scheme: id,
                is_held,
            });
        }
        Ok(())
    }

    pub(crate) fn scheme(id: SchemeId) -> Result<Scheme, Error<T>> {
        Schemes::<T>::get(id).ok_or(Error::UnknownScheme)
    }

    /// The scheme, if `who` is an account of its insurer.
    pub(crate) fn own_scheme(who: &T::AccountId, id: SchemeId) -> Result<Scheme, Error<T>> {
        let scheme = Self::scheme(id)?;
        Self::ensure_insurer(who, scheme.insurer)?;
        Ok(scheme)
    }

    /// The active insurer that `who` is an account of.
    pub(crate) fn insurer(who: &T::AccountId) -> Result<MemberId, Error<T>> {
        T::Members::member_of(who)
            .filter(|member| Self::is_insurer(*member))
            .ok_or(Error::NotInsurer)
    }

    pub(crate) fn ensure_insurer(who: &T::AccountId, insurer: MemberId) -> Result<(), Error<T>> {
        ensure!(
            T::Members::member_of(who) == Some(insurer) && Self::is_insurer(insurer),
            Error::<T>::NotItsInsurer
        );
        Ok(())
    }

    /// Whether the member is an insurer and not suspended.
    pub(crate) fn is_insurer(member: MemberId) -> bool {
        T::Members::kind_of(member) == Some(MemberKind::Insurer)
    }

    pub(crate) fn today() -> Date {
        Date::of(T::Time::now())
    }

    /// The insurer's main account, where the fund's money is.
    pub(crate) fn fund_of(insurer: MemberId) -> Result<T::AccountId, Error<T>> {
        T::Members::account_of(insurer).ok_or(Error::NoAccount)
    }

    /// What a chain begins with.
    pub(crate) fn build_genesis(genesis: &crate::GenesisConfig<T>) {
        genesis
            .norms
            .check()
            .expect("the numbers of the norms are within their bounds");
        NormsInForce::<T>::put(genesis.norms);
        for (insurer, code, from, parameters) in &genesis.schemes {
            let code = DisplayCode::try_from(code.clone().into_bytes())
                .expect("a scheme's display code is short");
            Self::create_scheme_as(*insurer, code, *from, parameters.clone())
                .expect("a scheme has a printable code and parameters within their bounds");
        }
        for (patient, scheme, insured, period) in &genesis.coverages {
            Self::enrol_as(*patient, *scheme, *insured, *period)
                .expect("a coverage is within its scheme and overlaps no other by that scheme");
        }
    }
}
