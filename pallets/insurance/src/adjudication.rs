//! Adjudication: what would be paid for an invoice, and whether it may be. Nothing is written here;
//! `settle`, `claim`, `decide` and the preview all go this way.

use frame_support::ensure;
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{Bill, Invoices, Members},
    time::Date,
    Balance, CoverageId, InvoiceId,
};

use crate::{
    computation::{
        Accumulators, Case, ComputationError, Encounter, Review, Room, SchemeParameters, Split,
        Year,
    },
    coverages::CoverageOf,
    types::{Scheme, Settlement},
    Accumulated, Claims, Config, Error, InvoiceFiles, Pallet, Versions,
};

/// What is to be settled, by what and for whom.
pub(crate) struct Plan<T: Config> {
    pub invoice: InvoiceId,
    pub bill: Bill,
    pub coverage_id: CoverageId,
    pub coverage: CoverageOf<T>,
    pub scheme: Scheme,
    pub version: Date,
    pub year: Year,
    pub encounter: Encounter,
    pub so_far: Accumulators,
    pub review: Review,
    pub split: Split,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn bill(invoice: InvoiceId) -> Result<Bill, Error<T>> {
        T::Invoices::bill(invoice).ok_or(Error::UnknownInvoice)
    }

    /// Plans the settlement of a bill with as much of the personal account as there is, is allowed
    /// and needed ([`Case::split`]).
    pub(crate) fn plan(
        invoice: InvoiceId,
        bill: Bill,
        coverage_id: CoverageId,
        account_max_fen: Balance,
    ) -> Result<Plan<T>, DispatchError> {
        let coverage = Self::coverage(coverage_id)?;
        ensure!(bill.patient == coverage.patient, Error::<T>::OtherPatient);
        ensure!(bill.settlement.is_none(), Error::<T>::AlreadySettled);
        ensure!(bill.is_open, Error::<T>::InvoiceNotOpen);
        let day = bill.service.1;
        ensure!(day <= Self::today(), Error::<T>::ServiceAhead);
        let scheme = Self::scheme(coverage.scheme)?;
        ensure!(!scheme.is_held, Error::<T>::SchemeHeld);
        ensure!(
            Self::is_insurer(scheme.insurer),
            Error::<T>::InsurerSuspended
        );
        ensure!(scheme.is_open_on(day), Error::<T>::SchemeClosed);
        let insured = coverage.insured_on(day).ok_or(Error::<T>::NotCovered)?;
        let version = scheme.version_on(day).ok_or(Error::<T>::NoVersion)?;
        let parameters = Self::parameters(&coverage, version)?;
        let year = day.year();
        let so_far = Accumulated::<T>::get(coverage_id, year);
        let encounter = Encounter::of(&bill, T::Members::level_of(bill.member));
        let case = Case {
            parameters: &parameters,
            insured,
            encounter,
            so_far: &so_far,
        };
        let max_fen = account_max_fen.min(coverage.account_fen());
        let split = case.split(&bill, max_fen).map_err(Error::<T>::from)?;
        Ok(Plan {
            invoice,
            bill,
            coverage_id,
            scheme,
            version,
            year,
            encounter,
            so_far,
            review: parameters.review,
            split,
            coverage,
        })
    }

    /// What the caps leave by now for a settlement made before.
    pub(crate) fn room_of(
        settlement: &Settlement,
        coverage: &CoverageOf<T>,
        so_far: &Accumulators,
    ) -> Result<Room, DispatchError> {
        let insured = coverage
            .insured_on(settlement.service.1)
            .ok_or(Error::<T>::NotCovered)?;
        let parameters = Self::parameters(coverage, settlement.version)?;
        let case = Case {
            parameters: &parameters,
            insured,
            encounter: settlement.encounter,
            so_far,
        };
        Ok(case.room())
    }

    /// An invoice with an open claim is settled by the decision only; one that a coverage's claim
    /// was denied for, by the appeal or another coverage.
    pub(crate) fn ensure_unclaimed(
        invoice: InvoiceId,
        coverage: CoverageId,
    ) -> Result<(), Error<T>> {
        let claim = InvoiceFiles::<T>::get(invoice).claim;
        let Some(claim) = claim.and_then(Claims::<T>::get) else {
            return Ok(());
        };
        ensure!(!claim.state.is_open(), Error::ClaimOpen);
        let was_denied = claim.coverage == coverage && claim.is_denied();
        ensure!(!was_denied, Error::ClaimDenied);
        Ok(())
    }

    fn parameters(
        coverage: &CoverageOf<T>,
        version: Date,
    ) -> Result<SchemeParameters, DispatchError> {
        let parameters = Versions::<T>::get(coverage.scheme, version);
        Ok(parameters.ok_or(Error::<T>::NoVersion)?)
    }
}

impl<T: Config> From<ComputationError> for Error<T> {
    fn from(error: ComputationError) -> Self {
        match error {
            ComputationError::BadLine(_) => Self::BadLine,
            ComputationError::Overflow
            | ComputationError::OtherTotal
            | ComputationError::NotAccumulated => Self::Overflow,
        }
    }
}
