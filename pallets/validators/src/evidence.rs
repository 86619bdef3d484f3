//! Evidence of equivocation: who signed two messages that exclude each other.

use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionPriority, TransactionValidity, ValidTransaction,
};
use xinglin_primitives::{consensus::Equivocation, glue::ChainId, MemberId};

use crate::{Config, Error, Event, OffenceId, Offences, Pallet, OFFENCES_MAX};

/// The space of the tags by which the pool tells reports apart.
const TAG: &str = "xinglin-equivocation";

impl<T: Config> Pallet<T> {
    /// The member whose validator is proven to have equivocated, if that is not yet known.
    ///
    /// What costs least is checked first: reports come from anyone and pay nothing.
    pub(crate) fn offender(equivocation: &Equivocation) -> Result<MemberId, Error<T>> {
        let id = OffenceId::from(equivocation);
        ensure!(
            id.height <= Self::now().saturating_add(1),
            Error::<T>::FutureOffence
        );
        let member = Self::set_at(id.height)
            .unwrap_or_default()
            .iter()
            .find(|validator| validator.key == id.key)
            .map(|validator| validator.member)
            .ok_or(Error::<T>::NotAValidator)?;
        let record = Offences::<T>::get(member);
        ensure!(
            !record.offences.contains(&id) && id.height > record.cleared,
            Error::<T>::AlreadyReported
        );
        ensure!(
            record.offences.len() < OFFENCES_MAX as usize,
            Error::<T>::RecordFull
        );
        ensure!(
            equivocation.is_proven(&T::ChainId::genesis_hash()),
            Error::<T>::NotProven
        );
        Ok(member)
    }

    pub(crate) fn record_offence(equivocation: &Equivocation) -> DispatchResult {
        let member = Self::offender(equivocation)?;
        let offence = OffenceId::from(equivocation);
        Offences::<T>::try_mutate(member, |record| record.offences.try_push(offence))
            .map_err(|_| Error::<T>::RecordFull)?;
        Self::deposit_event(Event::EquivocationRecorded { member, offence });
        Ok(())
    }

    pub(crate) fn clear_record(member: MemberId) -> DispatchResult {
        Offences::<T>::try_mutate(member, |record| {
            ensure!(!record.offences.is_empty(), Error::<T>::NoOffences);
            record.offences.clear();
            record.cleared = Self::now();
            Ok::<_, Error<T>>(())
        })?;
        Self::deposit_event(Event::OffencesCleared { member });
        Ok(())
    }

    /// Whether the pool and a block may take a report.
    pub(crate) fn validate_report(equivocation: &Equivocation) -> TransactionValidity {
        Self::offender(equivocation).map_err(|error| match error {
            Error::FutureOffence => InvalidTransaction::Future,
            Error::AlreadyReported | Error::RecordFull => InvalidTransaction::Stale,
            _ => InvalidTransaction::BadProof,
        })?;
        ValidTransaction::with_tag_prefix(TAG)
            .priority(TransactionPriority::MAX)
            .and_provides(OffenceId::from(equivocation))
            .propagate(true)
            .build()
    }
}
