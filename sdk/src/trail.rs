//! A visit with everything that came of it: by the chain's state, and by the index of a node.

use std::collections::{btree_map::Entry, BTreeMap, BTreeSet};

use xinglin_primitives::{AppointmentId, CaseId, Entity};
use xinglin_rpc_api::{
    codes,
    explorer::{Extrinsics, Filter, OperationView, Order, PAGE_MAX},
    questions,
};
use xinglin_runtime::apis::Trail;

use crate::{
    client::{Client, ClientError},
    keys::KeyPair,
    operation::OperationError,
    parties::unknown,
};

/// Most pages of operations that are read about one thing.
const PAGES_MAX: usize = 20;

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
    let question = questions::Trail { appointment };
    let trail = client.ask_for(key, case, &question).await?;
    let trail = trail.ok_or_else(|| unknown(format_args!("appointment {appointment}")))?;
    let mut found = Found::new();
    let mut hidden = Vec::new();
    let mut about = entities(appointment, &trail);
    let mut next = 0;
    while let Some(entity) = about.get(next).copied() {
        next += 1;
        if !collect(client, (key, case), entity, &mut found).await? {
            hidden.push(entity);
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
    })
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

/// Adds the operations that mention something; `false` if the asker may not see them.
async fn collect(
    client: &Client,
    (key, case): (&KeyPair, Option<CaseId>),
    entity: Entity,
    found: &mut Found,
) -> Result<bool, ClientError> {
    let mut question = Extrinsics {
        filter: Filter {
            entities: vec![entity],
            ..Filter::default()
        },
        order: Order::Oldest,
        cursor: None,
        limit: PAGE_MAX,
    };
    for _ in 0..PAGES_MAX {
        let page = match client.find_operations(key, case, &question).await {
            Err(ClientError::Refused {
                code: codes::QUESTION_REFUSED,
                ..
            }) => return Ok(false),
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
            break;
        }
    }
    Ok(true)
}
