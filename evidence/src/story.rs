//! Whether the facts are all that belongs to the subject.

use std::collections::BTreeMap;

use xinglin_primitives::{AppointmentId, BlockNumber, InvoiceId, RecordId};

use crate::{
    format::{Claim, ContentOf, StateClaim, Subject},
    reason::Reason,
    state::{Carrier, Item, Record, Value},
};

/// The facts of a claim by item, each after the latest block of which there is a proof.
pub(crate) struct Facts<'a> {
    latest: BTreeMap<Item, (BlockNumber, Option<&'a Value>)>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(claim: &'a Claim) -> Self {
        Self::of_states(claim.states.iter())
    }

    /// The facts after the latest block of which there is a proof of `head`, and of no other block: what
    /// belongs together must have been there at once.
    fn at_once(claim: &'a Claim, head: Item) -> Result<Self, Reason> {
        let has_head = |state: &&StateClaim| state.facts.iter().any(|fact| fact.item == head);
        let states = claim.states.iter().filter(has_head);
        let latest = states.max_by_key(|state| state.height);
        let latest = latest.ok_or(Reason::Incomplete { item: head })?;
        Ok(Self::of_states(std::iter::once(latest)))
    }

    fn of_states(states: impl Iterator<Item = &'a StateClaim>) -> Self {
        let mut latest: BTreeMap<Item, (BlockNumber, Option<&'a Value>)> = BTreeMap::new();
        for state in states {
            for fact in &state.facts {
                let entry = (state.height, fact.value.as_ref());
                let known = latest.entry(fact.item).or_insert(entry);
                if known.0 < state.height {
                    *known = entry;
                }
            }
        }
        Self { latest }
    }

    /// What is proven of an item: `None` if nothing is, `Some(None)` that there is nothing.
    pub(crate) fn get(&self, item: Item) -> Option<Option<&'a Value>> {
        self.latest.get(&item).map(|(_, value)| *value)
    }

    /// What is proven to stand at an item.
    pub(crate) fn value(&self, item: Item) -> Option<&'a Value> {
        self.get(item).flatten()
    }

    /// What is proven of an item that the evidence needs.
    fn need(&self, item: Item) -> Result<Option<&'a Value>, Reason> {
        self.get(item).ok_or(Reason::Incomplete { item })
    }

    /// The block after which an item was what is proven of it.
    pub(crate) fn height(&self, item: Item) -> BlockNumber {
        self.latest.get(&item).map_or(0, |(height, _)| *height)
    }
}

/// What a claim amounts to, in sentences.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) proven: Vec<String>,
    pub(crate) not_proven: Vec<String>,
}

/// Most entries of an access log that a package has to bring: the latest.
pub const ACCESSES_MAX: u64 = 3_500;

/// Checks that a claim is complete for its subject, and says in words what it amounts to.
pub(crate) fn check(claim: &Claim) -> Result<Story, Reason> {
    let mut story = Story::default();
    match claim.subject {
        Subject::Receipt if claim.operations.is_empty() => return Err(Reason::Empty),
        Subject::Receipt => {}
        Subject::Record(id) => {
            let facts = Facts::at_once(claim, Item::Record(id))?;
            let record = check_record(id, claim, &facts, &mut story)?;
            check_accesses(id, record, &facts, &mut story)?;
        }
        Subject::Trail(id) => {
            let facts = Facts::at_once(claim, Item::Appointment(id))?;
            check_trail(id, claim, &facts, &mut story)?;
        }
    }
    Ok(story)
}

/// A record with all its versions.
fn check_record<'a>(
    id: RecordId,
    claim: &Claim,
    facts: &Facts<'a>,
    story: &mut Story,
) -> Result<&'a Record, Reason> {
    let item = Item::Record(id);
    let mut elsewhere = 0_usize;
    let Some(Value::Record(record)) = facts.need(item)? else {
        return Err(Reason::Absent(format!("record {id}")));
    };
    for number in 1..=record.versions {
        let item = Item::Version(id, number);
        let Some(Value::Version(version)) = facts.need(item)? else {
            return Err(Reason::Absent(format!("version {number} of record {id}")));
        };
        let of = ContentOf::Version(id, number);
        let is_here = claim.contents.iter().any(|content| content.of == of);
        match version.carrier {
            Carrier::Block(_) if !is_here => return Err(Reason::NoContent { of }),
            Carrier::Block(_) => {}
            Carrier::External(_) => elsewhere += 1,
        }
    }
    let height = facts.height(item);
    let here = match elsewhere {
        0 => "all of them are here".to_owned(),
        _ => format!("all but {elsewhere} of them are here"),
    };
    story.proven.push(format!(
        "After block {height} record {id} had {} versions, and {here}: of patient {}, by practitioner {} for member {}.",
        record.versions, record.patient, record.author, record.member,
    ));
    if elsewhere > 0 {
        story.not_proven.push(format!(
            "What the {elsewhere} versions of record {id} say that are in the object store of its member: their hashes are in the claim."
        ));
    }
    if record.retracted_at.is_some() {
        story
            .proven
            .push(format!("Record {id} counts as entered in error."));
    }
    Ok(record)
}

/// The patient's access log: all of it, or the latest [`ACCESSES_MAX`] entries.
fn check_accesses(
    id: RecordId,
    record: &Record,
    facts: &Facts<'_>,
    story: &mut Story,
) -> Result<(), Reason> {
    let item = Item::Accesses(record.patient);
    let count = match facts.need(item)? {
        Some(Value::Accesses(file)) => file.accesses,
        _ => 0,
    };
    let height = facts.height(item);
    if count == 0 {
        story.proven.push(format!(
            "Up to block {height} nobody opened a record of the patient, or tried to."
        ));
        return Ok(());
    }
    let first = count.saturating_sub(ACCESSES_MAX);
    let mut of_record = 0_usize;
    for at in first..count {
        match facts.need(Item::Access(record.patient, at))? {
            Some(Value::Access(access)) if access.what == crate::state::Accessed::Record(id) => {
                of_record += 1;
            }
            Some(Value::Access(_)) => {}
            _ => {
                let patient = record.patient;
                return Err(Reason::Absent(format!(
                    "entry {at} of the access log of patient {patient}"
                )));
            }
        }
    }
    story.proven.push(format!(
        "Up to block {height}, entries {first} to {} of the patient's access log are all there are from there on; {of_record} of them are about record {id}.",
        count.saturating_sub(1),
    ));
    if first > 0 {
        story.not_proven.push(format!(
            "Who opened records of the patient before entry {first} of the access log."
        ));
    }
    Ok(())
}

fn check_trail(
    id: AppointmentId,
    claim: &Claim,
    facts: &Facts<'_>,
    story: &mut Story,
) -> Result<(), Reason> {
    let item = Item::Appointment(id);
    let Some(Value::Appointment(appointment)) = facts.need(item)? else {
        return Err(Reason::Absent(format!("appointment {id}")));
    };
    let height = facts.height(item);
    story.proven.push(format!(
        "After block {height} appointment {id} of patient {} with practitioner {} at member {} was {:?}.",
        appointment.patient, appointment.practitioner, appointment.member, appointment.state,
    ));
    if let Some(Value::VisitRecords(visit)) = facts.need(Item::VisitRecords(id))? {
        for record in &visit.records {
            check_record(*record, claim, facts, story)?;
        }
    }
    let mut next = match facts.need(Item::LatestInvoice(id))? {
        Some(Value::LatestInvoice(invoice)) => Some(*invoice),
        _ => None,
    };
    // Each invoice names one before it, so that this ends: an invoice that is there is left behind.
    while let Some(invoice) = next {
        next = check_invoice(invoice, facts, story)?.filter(|before| *before < invoice);
    }
    story.proven.push(format!(
        "After block {height} there were no other records, invoices and settlements of appointment {id}."
    ));
    story.not_proven.push(
        "That no other transactions mention the visit: those that are here are proven one by one."
            .to_owned(),
    );
    Ok(())
}

/// An invoice with its settlements; the visit's invoice before it.
fn check_invoice(
    id: InvoiceId,
    facts: &Facts<'_>,
    story: &mut Story,
) -> Result<Option<InvoiceId>, Reason> {
    let Some(Value::Invoice(invoice)) = facts.need(Item::Invoice(id))? else {
        return Err(Reason::Absent(format!("invoice {id}")));
    };
    let (tally, height) = (&invoice.tally, facts.height(Item::Invoice(id)));
    story.proven.push(format!(
        "Invoice {id} is over {} fen, after block {height}: {} paid, {} covered, {} taken back{}.",
        tally.total_fen,
        tally.paid_fen,
        tally.covered_fen,
        tally.refunded_fen,
        if tally.is_cancelled {
            ", cancelled"
        } else {
            ""
        },
    ));
    let mut next = match facts.need(Item::Settled(id))? {
        Some(Value::Settled(settled)) => settled.settlement,
        _ => None,
    };
    while let Some(number) = next {
        let Some(Value::Settlement(settlement)) = facts.need(Item::Settlement(number))? else {
            return Err(Reason::Absent(format!("settlement {number}")));
        };
        let split = &settlement.split;
        story.proven.push(format!(
            "Settlement {number} of invoice {id} ({:?} after block {height}): fund {} fen, personal account {}, cash {}.",
            settlement.state,
            split.fund_fen(),
            split.account_fen,
            split.cash_fen,
        ));
        let before = settlement.previous_of_invoice;
        next = before.filter(|before| *before < number);
    }
    Ok(invoice.previous_of_visit)
}
