//! What an asker is told: the answers that are not the same for everybody who may ask.
//!
//! [`privacy`](crate::privacy) decides who may ask about what. Of some topics, parts belong to some
//! of those only; what is here leaves the others out. It expects that the asker was admitted, and for
//! a case, if she names one, that is hers: a regulator is told all of what her case opens.

use codec::{Decode, Encode};
use frame_support::{ensure, traits::Time};
use pallet_appointments::types::Appointment;
use pallet_insurance::{
    computation::{SchemeParameters, Year},
    reads::{CoverageView, PreSettlement, PAGE_MAX},
    types::{Coverage, Scheme, Settlement},
};
use pallet_payments::reads::InvoiceStatus;
use pallet_records::types::Record;
use scale_info::TypeInfo;
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{Members as _, Scope},
    time::Date,
    AccountId, AppointmentId, Balance, CaseId, CoverageId, InvoiceId, MemberId, Party, PatientId,
    RecordId, SchemeId, SettlementId,
};

use crate::{
    privacy::{acts_as, acts_for, is_by, is_coverage_by, is_told_all_settlements},
    Insurance, Members, Payments, Records, Runtime, System, Timestamp,
};

/// Most invoices of a visit, and settlements of an invoice, on one page of a trail.
const TRAIL_PAGE_MAX: u32 = PAGE_MAX;
/// Pages of an invoice's settlements that are looked through for those that the asker is told of. All
/// but the latest one are reversed, so that hardly any invoice has a second page.
const SETTLEMENT_PAGES_MAX: usize = 10;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Asker {
    /// The account that has signed the question.
    pub account: AccountId,
    /// The regulator's case for which it asks.
    pub case: Option<CaseId>,
}

impl Asker {
    fn acts_for(&self, patient: PatientId, scope: Scope) -> bool {
        acts_for(&self.account, patient, &[scope])
    }

    fn member(&self) -> Option<MemberId> {
        Members::member_of(&self.account)
    }

    fn is_for_case(&self) -> bool {
        self.case.is_some()
    }

    /// Whether the asker is the insurer behind a coverage.
    fn insures(&self, coverage: &Coverage<AccountId>) -> bool {
        self.member().is_some_and(|member| is_by(coverage, member))
    }

    /// The same of a coverage by its id.
    fn insures_by(&self, coverage: CoverageId) -> bool {
        self.member()
            .is_some_and(|member| is_coverage_by(coverage, member))
    }
}

/// A part of a visit's trail that not everybody is told who may ask about the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum TrailPart {
    /// The records, told to: the patient, her delegates with the scope `Reading`, the practitioner
    /// and the member of the visit.
    Records,
    /// The invoices with their settlements, told to: the patient, her delegates with the scope
    /// `Paying`, and the member of the visit, which issues them.
    Invoices,
}

/// The trail of a visit: booking, records, invoices and what became of each.
///
/// The booking is told to everybody who may ask about the visit, each other part as [`TrailPart`]
/// says; a regulator who asks for a case is told all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Trail {
    /// The booking and how far the visit has come.
    pub appointment: Appointment<AccountId>,
    /// The records written for it, all of them, on every page.
    pub records: Vec<(RecordId, Record)>,
    /// A page of its invoices, newest first, each with its settlements, newest first. If there are
    /// too many of these, the last one here names the one before it (`previous_of_invoice`), and
    /// [`settlements_of`] has the others.
    pub invoices: Vec<(InvoiceStatus, Vec<(SettlementId, Settlement)>)>,
    /// If there are older invoices: the one before which the next page begins.
    pub next: Option<InvoiceId>,
    /// The parts that the asker is not told, whether or not there is anything in them.
    pub withheld: Vec<TrailPart>,
}

/// A scheme with the version of its parameters that is in force on a date.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SchemeInForce {
    /// The scheme.
    pub scheme: Scheme,
    /// The version, named by its first service date.
    pub version: Date,
    /// Deductibles, bands, ratios, caps: what settlements of that date are computed by.
    pub parameters: SchemeParameters,
}

/// What an account has of on-chain CNY.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AccountBalance {
    /// The account.
    pub account: AccountId,
    /// What can be spent, in fen.
    pub free_fen: Balance,
    /// What is held on it, in fen: fees of visits to come, and on an insurer's the personal accounts.
    pub held_fen: Balance,
}

/// The coverages of a patient with what a year has seen of them: for the patient and who may pay for
/// her all; for an insurer its own ones, those that have ended included. `skip` and `limit` count
/// what the asker is told.
pub fn coverages_of(
    asker: &Asker,
    patient: PatientId,
    year: Option<Year>,
    skip: u32,
    limit: u32,
) -> Vec<CoverageView<AccountId>> {
    let is_told_all = asker.is_for_case() || asker.acts_for(patient, Scope::Paying);
    // A patient has no more coverages than there are on one page.
    let all = Insurance::coverages_of(patient, year, 0, u32::MAX).into_iter();
    all.filter(|view| is_told_all || asker.insures(&view.coverage))
        .skip(skip as usize)
        .take(limit as usize)
        .collect()
}

/// How a settlement would split an invoice now.
///
/// # Errors
///
/// What the settlement would be refused with, and before that: `UnknownInvoice`; `NeedsPatient` to
/// whom may not pay for the patient and asks what her personal account would give, as if it had
/// signed the settlement; `NotItsInsurer` to an insurer about a coverage by another one.
pub fn pre_settle(
    asker: &Asker,
    invoice: InvoiceId,
    coverage: CoverageId,
    account_max_fen: Balance,
) -> Result<PreSettlement, DispatchError> {
    ensure_may_preview(asker, invoice, coverage, account_max_fen)?;
    Insurance::pre_settle(invoice, coverage, account_max_fen)
}

fn ensure_may_preview(
    asker: &Asker,
    invoice: InvoiceId,
    coverage: CoverageId,
    account_max_fen: Balance,
) -> Result<(), pallet_insurance::Error<Runtime>> {
    use pallet_insurance::Error;

    let status = Payments::status_of(invoice).ok_or(Error::<Runtime>::UnknownInvoice)?;
    let invoice = status.invoice;
    if asker.acts_for(invoice.patient, Scope::Paying) {
        return Ok(());
    }
    // The most that is used would tell how much there is.
    ensure!(account_max_fen == 0, Error::<Runtime>::NeedsPatient);
    let is_staff = asker.member() == Some(invoice.number.member);
    let is_insurer = || asker.insures_by(coverage);
    ensure!(
        asker.is_for_case() || is_staff || is_insurer(),
        Error::<Runtime>::NotItsInsurer
    );
    Ok(())
}

/// The settlements of an invoice, newest first, reversed ones included: for who may pay for the patient
/// and the member that issued it all; for an insurer those by its own schemes. `limit` counts what the
/// asker is told.
pub fn settlements_of(
    asker: &Asker,
    invoice: InvoiceId,
    before: Option<SettlementId>,
    limit: u32,
) -> Vec<(SettlementId, Settlement)> {
    let is_told_all =
        asker.is_for_case() || is_told_all_settlements(&asker.account, asker.member(), invoice);
    if is_told_all {
        return Insurance::settlements_of_invoice(invoice, before, limit);
    }
    let page = |before| Insurance::settlements_of_invoice(invoice, before, PAGE_MAX);
    let pages = core::iter::successors(Some(page(before)), |newer| {
        newer.last().map(|(oldest, _)| page(Some(*oldest)))
    });
    let all = pages.take(SETTLEMENT_PAGES_MAX).flatten();
    all.filter(|(_, settlement)| asker.insures_by(settlement.coverage))
        .take(limit.min(PAGE_MAX) as usize)
        .collect()
}

/// From an appointment to its records, invoices and settlements, as far as the asker is told of
/// them; `None` if there is no such appointment. The invoices are the newest ones, or those before
/// the visit's invoice `before`.
pub fn trail_of(asker: &Asker, id: AppointmentId, before: Option<InvoiceId>) -> Option<Trail> {
    let visit = pallet_appointments::Appointments::<Runtime>::get(id)?;
    let parts = [TrailPart::Records, TrailPart::Invoices].into_iter();
    let withheld: Vec<TrailPart> = parts
        .filter(|part| !is_told(asker, &visit, *part))
        .collect();
    let records = match withheld.contains(&TrailPart::Records) {
        true => Vec::new(),
        false => Records::records_of_visit(id),
    };
    let invoices = match withheld.contains(&TrailPart::Invoices) {
        true => Vec::new(),
        false => invoices_of_visit(asker, id, before),
    };
    let older =
        |(oldest, _): &(InvoiceStatus, _)| oldest.invoice.previous_of_visit.map(|_| oldest.id);
    Some(Trail {
        appointment: visit,
        records,
        next: invoices.last().and_then(older),
        invoices,
        withheld,
    })
}

fn is_told(asker: &Asker, visit: &Appointment<AccountId>, part: TrailPart) -> bool {
    let is_own = match part {
        TrailPart::Records => {
            asker.acts_for(visit.patient, Scope::Reading)
                || acts_as(&asker.account, visit.practitioner)
        }
        TrailPart::Invoices => asker.acts_for(visit.patient, Scope::Paying),
    };
    is_own || asker.is_for_case() || asker.member() == Some(visit.member)
}

fn invoices_of_visit(
    asker: &Asker,
    id: AppointmentId,
    before: Option<InvoiceId>,
) -> Vec<(InvoiceStatus, Vec<(SettlementId, Settlement)>)> {
    let invoices = Payments::invoices_of_visit(id, before, TRAIL_PAGE_MAX).into_iter();
    let with_settlements = |invoice: InvoiceStatus| {
        let settlements = settlements_of(asker, invoice.id, None, TRAIL_PAGE_MAX);
        (invoice, settlements)
    };
    invoices.map(with_settlements).collect()
}

/// A scheme and its parameters in force on a date, or today; `None` if there is no such scheme, or
/// none of its versions had begun.
pub fn scheme_on(id: SchemeId, date: Option<Date>) -> Option<SchemeInForce> {
    let date = date.unwrap_or_else(|| Date::of(Timestamp::now()));
    let (scheme, parameters) = Insurance::scheme_on(id, date)?;
    Some(SchemeInForce {
        version: scheme.version_on(date)?,
        scheme,
        parameters,
    })
}

/// What the main account of a party has, or the asker's own account; `None` if there is no such
/// party.
pub fn balance_of(asker: AccountId, of: Option<Party>) -> Option<AccountBalance> {
    let account = match of {
        None => asker,
        Some(Party::Patient(id)) => pallet_members::Patients::<Runtime>::get(id)?.account,
        Some(Party::Practitioner(id)) => pallet_members::Practitioners::<Runtime>::get(id)?.account,
        Some(Party::Member(id)) => pallet_members::Members::<Runtime>::get(id)?.account,
    };
    let data = System::account(&account).data;
    Some(AccountBalance {
        account,
        free_fen: data.free,
        held_fen: data.reserved,
    })
}
