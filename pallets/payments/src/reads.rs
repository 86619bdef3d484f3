//! What others may ask: the runtime's APIs answer from here. Lists come in pages of at most
//! [`PAGE_MAX`].

use codec::{Decode, Encode};
use scale_info::TypeInfo;
use xinglin_primitives::{
    glue::Lines, AppointmentId, Balance, Hash, InvoiceId, MemberId, PatientId,
};

use crate::{
    number::InvoiceNumber,
    providers::ProviderOf,
    states::InvoiceState,
    types::{
        BankBook, InOrder, Invoice, Payments as PaymentList, ProviderId, RedLetter, Redemption,
        RedemptionId,
    },
    Banks, ByEnvelope, Call, Config, InvoiceLines, Invoices, LatestOfPatient, LatestOfVisit,
    Numbers, OpenRedemptions, Pallet, Payments, Providers, RedLetters, RedLettersOf, Redemptions,
    RedemptionsOf, Unpaid,
};

/// Most entries of one page.
pub const PAGE_MAX: u32 = 100;

/// A blue invoice without its lines.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct InvoiceStatus {
    /// Its id.
    pub id: InvoiceId,
    /// The invoice.
    pub invoice: Invoice,
    /// Where it stands.
    pub state: InvoiceState,
    /// What is left to pay, in fen.
    pub due_fen: Balance,
}

/// An invoice of either colour, with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Document {
    /// A blue one.
    Blue(InvoiceStatus, Lines),
    /// A red-letter one; its lines are parts of those of the blue one.
    Red(RedLetter),
}

type RedemptionOf<T> = Redemption<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
    /// The invoice `id`, blue or red.
    pub fn document(id: InvoiceId) -> Option<Document> {
        match RedLetters::<T>::get(id) {
            Some(letter) => Some(Document::Red(letter)),
            None => Some(Document::Blue(
                Self::status_of(id)?,
                InvoiceLines::<T>::get(id)?,
            )),
        }
    }

    /// The invoice with this number, blue or red.
    pub fn document_by_number(number: InvoiceNumber) -> Option<(InvoiceId, Document)> {
        let id = Numbers::<T>::get(number)?;
        Some((id, Self::document(id)?))
    }

    /// The blue invoice whose envelope has this Blake2b-256.
    pub fn by_envelope(hash: Hash) -> Option<InvoiceId> {
        ByEnvelope::<T>::get(hash)
    }

    /// The envelope that a call carries, with the hash that it states: what a node indexes.
    pub fn carried(call: &Call<T>) -> Option<(Hash, &[u8])> {
        match call {
            Call::issue_invoice { invoice, envelope } => Some((invoice.details.envelope, envelope)),
            _ => None,
        }
    }

    /// Where the blue invoice `id` stands.
    pub fn status_of(id: InvoiceId) -> Option<InvoiceStatus> {
        let invoice = Invoices::<T>::get(id)?;
        Some(InvoiceStatus {
            id,
            state: invoice.tally.state(),
            due_fen: invoice.tally.due_fen(),
            invoice,
        })
    }

    /// Blue invoices of a patient, newest first: the latest, or those before the patient's invoice
    /// `before`.
    pub fn invoices_of(
        patient: PatientId,
        before: Option<InvoiceId>,
        limit: u32,
    ) -> Vec<InvoiceStatus> {
        let of_patient = |id| Self::status_of(id).filter(|s| s.invoice.patient == patient);
        let first = match before {
            None => LatestOfPatient::<T>::get(patient),
            Some(id) => of_patient(id).and_then(|s| s.invoice.previous_of_patient),
        };
        chain(first, limit, |id| {
            let status = of_patient(id)?;
            let previous = status.invoice.previous_of_patient;
            Some((status, previous))
        })
    }

    /// Blue invoices of a visit, newest first: the latest, or those before the visit's invoice
    /// `before`.
    pub fn invoices_of_visit(
        visit: AppointmentId,
        before: Option<InvoiceId>,
        limit: u32,
    ) -> Vec<InvoiceStatus> {
        let of_visit = |id| Self::status_of(id).filter(|s| s.invoice.visit == Some(visit));
        let first = match before {
            None => LatestOfVisit::<T>::get(visit),
            Some(id) => of_visit(id).and_then(|s| s.invoice.previous_of_visit),
        };
        chain(first, limit, |id| {
            let status = of_visit(id)?;
            let previous = status.invoice.previous_of_visit;
            Some((status, previous))
        })
    }

    /// Invoices of a member on which something is due, oldest first, from the first or the one
    /// after `after` on.
    pub fn unpaid_of(member: MemberId, after: Option<InvoiceId>, limit: u32) -> Vec<InvoiceStatus> {
        let keys = match after {
            None => Unpaid::<T>::iter_key_prefix(member),
            Some(id) => {
                let start = Unpaid::<T>::hashed_key_for(member, InOrder::from(id));
                Unpaid::<T>::iter_key_prefix_from(member, start)
            }
        };
        keys.take(page(limit))
            .filter_map(|key| Self::status_of(InvoiceId(key.id())))
            .collect()
    }

    /// The payments of an invoice, in the order in which they were booked.
    pub fn payments_of(id: InvoiceId) -> PaymentList {
        Payments::<T>::get(id)
    }

    /// The red-letter invoices of a blue one, oldest first.
    pub fn red_letters_of(id: InvoiceId) -> Vec<(InvoiceId, RedLetter)> {
        RedLettersOf::<T>::get(id)
            .into_iter()
            .filter_map(|red| Some((red, RedLetters::<T>::get(red)?)))
            .collect()
    }

    /// What a bank has issued and redeemed.
    pub fn bank_book(bank: MemberId) -> BankBook {
        Banks::<T>::get(bank)
    }

    /// The open redemptions of a holder, oldest first.
    pub fn redemptions_of(holder: &T::AccountId) -> Vec<(RedemptionId, RedemptionOf<T>)> {
        RedemptionsOf::<T>::get(holder)
            .into_iter()
            .filter_map(|id| Some((id, Redemptions::<T>::get(id)?)))
            .collect()
    }

    /// The open redemptions that a bank has to answer, oldest first, from the first or the one
    /// after `after` on.
    pub fn redemptions_at(
        bank: MemberId,
        after: Option<RedemptionId>,
        limit: u32,
    ) -> Vec<(RedemptionId, RedemptionOf<T>)> {
        let keys = match after {
            None => OpenRedemptions::<T>::iter_key_prefix(bank),
            Some(id) => {
                let start = OpenRedemptions::<T>::hashed_key_for(bank, InOrder::from(id));
                OpenRedemptions::<T>::iter_key_prefix_from(bank, start)
            }
        };
        keys.take(page(limit))
            .map(|key| RedemptionId(key.id()))
            .filter_map(|id| Some((id, Redemptions::<T>::get(id)?)))
            .collect()
    }

    /// A provider of payment services.
    pub fn provider(id: ProviderId) -> Option<ProviderOf<T>> {
        Providers::<T>::get(id)
    }
}

fn page(limit: u32) -> usize {
    limit.min(PAGE_MAX) as usize
}

/// Follows a chain of invoices from the newest on: `step` gives an entry and what comes before it.
fn chain(
    mut next: Option<InvoiceId>,
    limit: u32,
    step: impl Fn(InvoiceId) -> Option<(InvoiceStatus, Option<InvoiceId>)>,
) -> Vec<InvoiceStatus> {
    let links = core::iter::from_fn(|| {
        let (status, previous) = step(next?)?;
        next = previous;
        Some(status)
    });
    links.take(page(limit)).collect()
}
