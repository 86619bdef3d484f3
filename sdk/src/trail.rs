//! A visit with everything that came of it: by the chain's state, and by the index of a node.
//!
//! How much is read of a visit has bounds. What lies beyond them is told ([`Cut`]), never left out in
//! silence.

use std::{
    collections::{btree_map::Entry, BTreeMap, BTreeSet},
    fmt,
};

use xinglin_primitives::{AppointmentId, CaseId, Entity, InvoiceId, SettlementId};
use xinglin_rpc_api::{
    codes,
    explorer::{Extrinsics, Filter, OperationView, Order, PAGE_MAX},
    questions,
};
use xinglin_runtime::apis::{Trail, TrailPart};

use crate::{
    client::{Client, ClientError},
    keys::KeyPair,
    operation::OperationError,
    parties::unknown,
};

/// Most pages that are read of the invoices of a visit, and of the operations about one thing.
pub const PAGES_MAX: usize = 20;

/// How much is read of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most pages of invoices, and of operations about one thing.
    pub pages: usize,
    /// Most operations of a page, up to [`PAGE_MAX`].
    pub page_items: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages: PAGES_MAX,
            page_items: PAGE_MAX,
        }
    }
}

/// A part of a visit that was not read, with the operations on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Operations on this after those that were read. There may be none that were not.
    Operations(Entity),
    /// This invoice of the visit and those before it.
    Invoices(InvoiceId),
    /// This settlement and those before it of the same invoice: a trail has the newest.
    Settlements(SettlementId),
    /// A part that the asker is not told, whether or not there is anything in it.
    Withheld(TrailPart),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operations(entity) => write!(f, "later operations on {entity}"),
            Self::Invoices(id) => {
                let invoice = Entity::Invoice(*id);
                write!(f, "{invoice} and earlier ones of the visit")
            }
            Self::Settlements(id) => {
                let settlement = Entity::Settlement(*id);
                write!(f, "{settlement} and earlier ones of its invoice")
            }
            Self::Withheld(TrailPart::Records) => {
                f.write_str("the records of the visit, which are not told to this key")
            }
            Self::Withheld(TrailPart::Invoices) => {
                f.write_str("the invoices of the visit, which are not told to this key")
            }
        }
    }
}

/// A visit and its operations.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Booking, records, invoices and settlements, as they stand.
    pub trail: Trail,
    /// What it is of: the appointment, its records, invoices, settlements, claims and red-letter invoices.
    pub about: Vec<Entity>,
    /// The operations that mention any of these, oldest first, as far as the index has come.
    pub operations: Vec<OperationView>,
    /// Of what the asker may not see the operations.
    pub hidden: Vec<Entity>,
    /// What was not read of it.
    pub cut: Vec<Cut>,
}

/// Follows a visit. A regulator names an open case, and may see all of it.
///
/// # Errors
/// There is no such appointment, the asker may not ask about it, or the node keeps no index
/// ([`codes::EXPLORER_NO_INDEX`]).
pub async fn follow(
    client: &Client,
    key: &KeyPair,
    case: Option<CaseId>,
    appointment: AppointmentId,
) -> Result<Visit, OperationError> {
    follow_within(client, (key, case), appointment, Limits::default()).await
}

/// As [`follow`], and reads no more than the limits allow.
///
/// # Errors
/// As for [`follow`].
pub async fn follow_within(
    client: &Client,
    (key, case): (&KeyPair, Option<CaseId>),
    appointment: AppointmentId,
    limits: Limits,
) -> Result<Visit, OperationError> {
    let trail = read(client, (key, case), appointment, limits).await?;
    let mut found = Found::new();
    let (mut hidden, mut cut) = (Vec::new(), unread(&trail));
    let mut about = entities(appointment, &trail);
    let mut next = 0;
    while let Some(entity) = about.get(next).copied() {
        next += 1;
        match collect(client, (key, case), (entity, limits), &mut found).await? {
            Extent::Whole => {}
            Extent::Cut => cut.push(Cut::Operations(entity)),
            Extent::Hidden => hidden.push(entity),
        }
        // Claims and red-letter invoices come up with the invoices that they are about.
        let more = found.values().flat_map(|it| brought_up(it, &about));
        let more: BTreeSet<Entity> = more.collect();
        about.extend(more);
    }
    Ok(Visit {
        trail,
        about,
        operations: found.into_values().collect(),
        hidden,
        cut,
    })
}

/// The trail with as many pages of invoices as the limits allow.
async fn read(
    client: &Client,
    (key, case): (&KeyPair, Option<CaseId>),
    appointment: AppointmentId,
    limits: Limits,
) -> Result<Trail, OperationError> {
    let missing = || unknown(format_args!("appointment {appointment}"));
    let mut question = questions::Trail {
        appointment,
        before: None,
    };
    let first = client.ask_for(key, case, &question).await?;
    let mut trail = first.ok_or_else(missing)?;
    for _ in 1..limits.pages {
        if trail.next.is_none() {
            break;
        }
        question.before = trail.next;
        let page = client.ask_for(key, case, &question).await?;
        let page = page.ok_or_else(missing)?;
        trail.invoices.extend(page.invoices);
        trail.next = page.next;
    }
    Ok(trail)
}

/// What a trail does not have of its visit: what was withheld, and what came before the oldest invoices and
/// settlements in it.
fn unread(trail: &Trail) -> Vec<Cut> {
    let withheld = trail.withheld.iter().map(|part| Cut::Withheld(*part));
    let oldest = trail.invoices.last();
    let before = oldest.and_then(|(status, _)| status.invoice.previous_of_visit);
    let settlements = trail.invoices.iter().filter_map(|(_, settlements)| {
        let (_, oldest) = settlements.last()?;
        oldest.previous_of_invoice.map(Cut::Settlements)
    });
    withheld
        .chain(before.map(Cut::Invoices))
        .chain(settlements)
        .collect()
}

/// Operations by their places in the history.
type Found = BTreeMap<(u32, u32), OperationView>;

/// What an operation on something of the visit brings up that is of the visit, too. One that wraps others
/// may be about several visits, and tells nothing.
fn brought_up(operation: &OperationView, about: &[Entity]) -> Vec<Entity> {
    let is_new =
        |it: &&Entity| matches!(it, Entity::Claim(_) | Entity::Invoice(_)) && !about.contains(it);
    let makes = [
        ("Insurance", "settle"),
        ("Insurance", "claim"),
        ("Payments", "refund"),
    ];
    match makes.contains(&(operation.pallet.as_str(), operation.call.as_str())) {
        true => operation.entities.iter().filter(is_new).copied().collect(),
        false => Vec::new(),
    }
}

/// The visit and what came of it, in the order of the trail.
fn entities(appointment: AppointmentId, trail: &Trail) -> Vec<Entity> {
    let records = trail.records.iter().map(|(id, _)| Entity::Record(*id));
    let bills = trail.invoices.iter().flat_map(|(invoice, settlements)| {
        let settlements = settlements.iter().map(|(id, _)| Entity::Settlement(*id));
        std::iter::once(Entity::Invoice(invoice.id)).chain(settlements)
    });
    std::iter::once(Entity::Appointment(appointment))
        .chain(records)
        .chain(bills)
        .collect()
}

/// How far the operations on something were read.
enum Extent {
    /// To the last.
    Whole,
    /// To the last that the limits allow.
    Cut,
    /// Not at all: the asker may not see them.
    Hidden,
}

/// Adds the operations that mention something.
async fn collect(
    client: &Client,
    (key, case): (&KeyPair, Option<CaseId>),
    (entity, limits): (Entity, Limits),
    found: &mut Found,
) -> Result<Extent, ClientError> {
    let mut question = Extrinsics {
        filter: Filter {
            entities: vec![entity],
            ..Filter::default()
        },
        order: Order::Oldest,
        cursor: None,
        limit: limits.page_items,
    };
    for _ in 0..limits.pages {
        let page = match client.find_operations(key, case, &question).await {
            Err(ClientError::Refused {
                code: codes::QUESTION_REFUSED,
                ..
            }) => return Ok(Extent::Hidden),
            page => page?,
        };
        for operation in page.items {
            let place = (operation.block, operation.index);
            match found.entry(place) {
                Entry::Vacant(vacant) => {
                    vacant.insert(operation);
                }
                // Shown in part, it tells each time what it was found by.
                Entry::Occupied(mut known) => {
                    let known = &mut known.get_mut().entities;
                    known.extend(operation.entities);
                    known.sort_unstable();
                    known.dedup();
                }
            }
        }
        question.cursor = page.next;
        if question.cursor.is_none() {
            return Ok(Extent::Whole);
        }
    }
    Ok(Extent::Cut)
}

#[cfg(test)]
mod tests {
    use codec::Decode;
    use pallet_insurance::types::Settlement;
    use pallet_payments::reads::InvoiceStatus;
    use sp_runtime::traits::TrailingZeroInput;

    use super::*;

    fn zeroed<T: Decode>() -> T {
        T::decode(&mut TrailingZeroInput::zeroes()).unwrap()
    }

    fn invoice(previous_of_visit: Option<InvoiceId>) -> InvoiceStatus {
        let mut status: InvoiceStatus = zeroed();
        status.invoice.previous_of_visit = previous_of_visit;
        status
    }

    fn settlement(previous_of_invoice: Option<SettlementId>) -> (SettlementId, Settlement) {
        let mut settlement: Settlement = zeroed();
        settlement.previous_of_invoice = previous_of_invoice;
        (SettlementId(9), settlement)
    }

    #[test]
    fn what_a_trail_does_not_have_is_known_by_its_oldest_entries() {
        let mut trail: Trail = zeroed();
        assert_eq!(unread(&trail), []);
        let newer = (InvoiceId(7), SettlementId(8));
        trail.invoices = vec![
            (
                invoice(Some(newer.0)),
                vec![settlement(Some(newer.1)), settlement(None)],
            ),
            (invoice(None), Vec::new()),
        ];
        assert_eq!(unread(&trail), []);

        let (before, earlier) = (InvoiceId(3), SettlementId(4));
        trail.invoices[0].1.pop();
        trail.invoices[1].0 = invoice(Some(before));
        trail.invoices[1].1 = vec![settlement(Some(earlier))];
        trail.withheld = vec![TrailPart::Records];
        let expected = [
            Cut::Withheld(TrailPart::Records),
            Cut::Invoices(before),
            Cut::Settlements(newer.1),
            Cut::Settlements(earlier),
        ];
        assert_eq!(unread(&trail), expected);
        let told = expected.map(|it| it.to_string());
        assert!(told[0].starts_with("the records of the visit"));
        assert_eq!(told[1], "invoice:3 and earlier ones of the visit");
        assert_eq!(told[3], "settlement:4 and earlier ones of its invoice");
    }
}
