//! What clients ask. Bounded: a page never has more than [`PAGE_MAX`] entries.

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{storage::IterableStorageDoubleMap, traits::Time};
use scale_info::TypeInfo;
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::Bill,
    time::{Date, Moment},
    Balance, ClaimId, CoverageId, InOrder, InvoiceId, MemberId, PatientId, SchemeId, SettlementId,
};

use crate::{
    computation::{Accumulators, SchemeParameters, Split, Year},
    refunds::FlaggedRefund,
    review::Flags,
    types::{Claim, Coverage, InvoiceFile, Scheme, Settlement},
    Accumulated, Claims, Config, Coverages, CoveragesOf, FlaggedRefunds, InvoiceFiles,
    NormsInForce, OpenClaims, OpenRefunds, Pallet, Schemes, Settlements, Versions,
};

/// Most entries of a page.
pub const PAGE_MAX: u32 = 100;

/// What a settlement would bring now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct PreSettlement {
    /// Who would pay what.
    pub split: Split,
    /// The version of the scheme, named by its first service date.
    pub version: Date,
    /// What would go to the member, in fen.
    pub to_member_fen: Balance,
    /// What would go to the patient, in fen.
    pub to_patient_fen: Balance,
    /// What the patient would still owe the member, in fen.
    pub rest_fen: Balance,
    /// Why the insurer would look at it first. If there is anything, no money moves at once.
    pub flags: Flags,
}

impl PreSettlement {
    /// What a split of a bill brings.
    pub fn new(bill: &Bill, split: Split, version: Date, flags: Flags) -> Self {
        Self {
            split,
            version,
            to_member_fen: split.to_member_fen(bill),
            to_patient_fen: split.to_patient_fen(bill),
            rest_fen: split.rest_fen(bill),
            flags,
        }
    }
}

/// What waits for an insurer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Waiting<What> {
    /// What it is.
    pub what: What,
    /// Since when.
    pub since: Moment,
    /// Until when the council's norms have it done, that instant included, if they say.
    pub due: Option<Moment>,
    /// Whether it should have been done by now.
    pub is_overdue: bool,
}

impl<What> Waiting<What> {
    fn new<T: Config>(what: What, since: Moment) -> Self {
        let due = NormsInForce::<T>::get().due(since);
        Self {
            what,
            since,
            due,
            is_overdue: due.is_some_and(|due| T::Time::now() > due),
        }
    }
}

/// A coverage with what a year has seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CoverageView<AccountId> {
    /// The coverage's id.
    pub id: CoverageId,
    /// The coverage.
    pub coverage: Coverage<AccountId>,
    /// The year.
    pub year: Year,
    /// What it has seen.
    pub accumulators: Accumulators,
}

impl<T: Config> Pallet<T> {
    /// What [`Pallet::settle`], or [`Pallet::claim`] if the patient has paid all of it, would bring
    /// now if the patient signed it; the error is the one it would be refused with. That the
    /// patient can pay the rest is not checked.
    pub fn pre_settle(
        invoice: InvoiceId,
        coverage: CoverageId,
        account_max_fen: Balance,
    ) -> Result<PreSettlement, DispatchError> {
        let bill = Self::bill(invoice)?;
        Self::ensure_unclaimed(invoice, coverage)?;
        let plan = Self::plan(invoice, bill, coverage, account_max_fen)?;
        let flags = Self::flags_of(&plan.bill, &plan.review);
        if flags.is_empty() {
            Self::ensure_funded(&plan)?;
            Self::ensure_rememberable(&plan.bill)?;
        }
        Ok(PreSettlement::new(
            &plan.bill,
            plan.split,
            plan.version,
            flags,
        ))
    }

    /// The coverages of a patient in the order of enrolment, at most `limit` after the first
    /// `skip`, each with what `year`, or this year, has seen of it.
    pub fn coverages_of(
        patient: PatientId,
        year: Option<Year>,
        skip: u32,
        limit: u32,
    ) -> Vec<CoverageView<T::AccountId>> {
        let year = year.unwrap_or_else(|| Self::today().year());
        let view = |id| {
            Some(CoverageView {
                id,
                coverage: Coverages::<T>::get(id)?,
                year,
                accumulators: Accumulated::<T>::get(id, year),
            })
        };
        let ids = CoveragesOf::<T>::get(patient).into_iter();
        ids.skip(skip as usize)
            .take(limit.min(PAGE_MAX) as usize)
            .filter_map(view)
            .collect()
    }

    /// The claims that an insurer has to decide, oldest first: after `after`, at most `limit` and
    /// [`PAGE_MAX`].
    pub fn open_claims(
        insurer: MemberId,
        after: Option<ClaimId>,
        limit: u32,
    ) -> Vec<(ClaimId, Claim)> {
        let keys = match after {
            None => OpenClaims::<T>::iter_key_prefix(insurer),
            Some(id) => {
                let start = OpenClaims::<T>::hashed_key_for(insurer, InOrder::from(id));
                OpenClaims::<T>::iter_key_prefix_from(insurer, start)
            }
        };
        keys.take(limit.min(PAGE_MAX) as usize)
            .map(|key| ClaimId(key.id()))
            .filter_map(|id| Some((id, Claims::<T>::get(id)?)))
            .collect()
    }

    /// The claims that wait for an insurer, oldest first, or for all of them, insurer by insurer:
    /// after `after`, which need not wait any more, at most `limit` and [`PAGE_MAX`].
    pub fn flagged_claims(
        insurer: Option<MemberId>,
        after: Option<ClaimId>,
        limit: u32,
    ) -> Vec<(ClaimId, Waiting<Claim>)> {
        let start = after.and_then(|id| {
            let insurer = Claims::<T>::get(id)?.insurer;
            Some((insurer, InOrder::from(id)))
        });
        let ids = waiting::<OpenClaims<T>>(insurer, start, limit);
        let found = ids.into_iter().filter_map(|id| {
            let id = ClaimId(id);
            let claim = Claims::<T>::get(id)?;
            let since = claim.waits_since();
            Some((id, Waiting::new::<T>(claim, since)))
        });
        found.collect()
    }

    /// The invoices whose refund waits for the review of an insurer, or of any; as for
    /// [`Pallet::flagged_claims`].
    pub fn flagged_refunds(
        insurer: Option<MemberId>,
        after: Option<InvoiceId>,
        limit: u32,
    ) -> Vec<(InvoiceId, Waiting<FlaggedRefund>)> {
        let start = after.and_then(|id| {
            let insurer = FlaggedRefunds::<T>::get(id)?.insurer;
            Some((insurer, InOrder::from(id)))
        });
        let ids = waiting::<OpenRefunds<T>>(insurer, start, limit);
        let found = ids.into_iter().filter_map(|id| {
            let id = InvoiceId(id);
            let flagged = FlaggedRefunds::<T>::get(id)?;
            let since = flagged.flagged_at;
            Some((id, Waiting::new::<T>(flagged, since)))
        });
        found.collect()
    }

    /// The settlements of a coverage, newest first, reversed ones included, at most `limit`: the
    /// latest, or those made before the coverage's settlement `before`.
    pub fn settlements_of_coverage(
        coverage: CoverageId,
        before: Option<SettlementId>,
        limit: u32,
    ) -> Vec<(SettlementId, Settlement)> {
        let own = |id| Settlements::<T>::get(id).filter(|it| it.coverage == coverage);
        let first = match before {
            None => Coverages::<T>::get(coverage).and_then(|it| it.latest),
            Some(id) => own(id).and_then(|it| it.previous),
        };
        chain(first, limit, own, |it| it.previous)
    }

    /// The settlements of an invoice, newest first: at most one that counts, and reversed ones.
    /// Pages as for [`Pallet::settlements_of_coverage`].
    pub fn settlements_of_invoice(
        invoice: InvoiceId,
        before: Option<SettlementId>,
        limit: u32,
    ) -> Vec<(SettlementId, Settlement)> {
        let own = |id| Settlements::<T>::get(id).filter(|it| it.invoice == invoice);
        let first = match before {
            None => InvoiceFiles::<T>::get(invoice).settlement,
            Some(id) => own(id).and_then(|it| it.previous_of_invoice),
        };
        chain(first, limit, own, |it| it.previous_of_invoice)
    }

    /// A scheme and the parameters in force for services on a date.
    pub fn scheme_on(id: SchemeId, date: Date) -> Option<(Scheme, SchemeParameters)> {
        let scheme = Schemes::<T>::get(id)?;
        let parameters = Versions::<T>::get(id, scheme.version_on(date)?)?;
        Some((scheme, parameters))
    }

    /// Whether there is such a scheme.
    pub fn scheme_exists(id: SchemeId) -> bool {
        Schemes::<T>::contains_key(id)
    }

    /// Whether there is, or was, such a claim.
    pub fn claim_exists(id: ClaimId) -> bool {
        Claims::<T>::contains_key(id)
    }

    /// The latest settlement and the latest claim of an invoice.
    pub fn file_of(invoice: InvoiceId) -> InvoiceFile {
        InvoiceFiles::<T>::get(invoice)
    }
}

/// The numbers in a list by insurer: those of one, or of all, behind `start`.
fn waiting<List>(
    insurer: Option<MemberId>,
    start: Option<(MemberId, InOrder)>,
    limit: u32,
) -> Vec<u64>
where
    List: IterableStorageDoubleMap<MemberId, InOrder, ()>,
{
    let start = start.map(|(insurer, key)| List::hashed_key_for(insurer, key));
    let limit = limit.min(PAGE_MAX) as usize;
    match insurer {
        Some(insurer) => {
            let keys = match start {
                None => List::iter_key_prefix(insurer),
                Some(start) => List::iter_key_prefix_from(insurer, start),
            };
            keys.take(limit).map(InOrder::id).collect()
        }
        None => {
            let keys = match start {
                None => List::iter_keys(),
                Some(start) => List::iter_keys_from(start),
            };
            keys.take(limit).map(|(_, key)| key.id()).collect()
        }
    }
}

/// Follows links from the newest settlement on.
fn chain(
    first: Option<SettlementId>,
    limit: u32,
    get: impl Fn(SettlementId) -> Option<Settlement>,
    next: impl Fn(&Settlement) -> Option<SettlementId>,
) -> Vec<(SettlementId, Settlement)> {
    let found = |id: SettlementId| Some((id, get(id)?));
    let links = core::iter::successors(first.and_then(&found), |(_, settlement)| {
        next(settlement).and_then(&found)
    });
    links.take(limit.min(PAGE_MAX) as usize).collect()
}
