//! Whether the facts are all that belongs to the subject.

use std::collections::BTreeMap;

use xinglin_primitives::{AppointmentId, BlockNumber, InvoiceId, RecordId};

use crate::{
    format::{Claim, ContentOf, Subject},
    reason::Reason,
    state::{Carrier, Item, Record, Value},
};

/// The facts of a claim by item, each after the latest block of which there is a proof.
pub(crate) struct Facts<'a> {
    latest: BTreeMap<Item, (BlockNumber, Option<&'a Value>)>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(claim: &'a Claim) -> Self {
        let mut latest: BTreeMap<Item, (BlockNumber, Option<&'a Value>)> = BTreeMap::new();
        for state in &claim.states {
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
    fn height(&self, item: Item) -> BlockNumber {
        self.latest.get(&item).map_or(0, |(height, _)| *height)
    }
}

/// Checks that a claim is complete for its subject, and says in words what it amounts to.
pub(crate) fn check(claim: &Claim, facts: &Facts<'_>) -> Result<Vec<String>, Reason> {
    match claim.subject {
        Subject::Receipt if claim.operations.is_empty() => Err(Reason::Empty),
        Subject::Receipt => Ok(Vec::new()),
        Subject::Record(id) => {
            let mut words = Vec::new();
            let record = check_record(id, claim, facts, &mut words)?;
            words.push(check_accesses(id, record, facts)?);
            Ok(words)
        }
        Subject::Trail(id) => check_trail(id, claim, facts),
    }
}

/// A record with all its versions.
fn check_record<'a>(
    id: RecordId,
    claim: &Claim,
    facts: &Facts<'a>,
    words: &mut Vec<String>,
) -> Result<&'a Record, Reason> {
    let item = Item::Record(id);
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
        if matches!(version.carrier, Carrier::Block(_)) && !is_here {
            return Err(Reason::NoContent { of });
        }
    }
    let height = facts.height(item);
    words.push(format!(
        "After block {height} record {id} had {} versions, and all of them are here: of patient {}, by practitioner {} for member {}.",
        record.versions, record.patient, record.author, record.member,
    ));
    if record.retracted_at.is_some() {
        words.push(format!("Record {id} counts as entered in error."));
    }
    Ok(record)
}

/// The patient's access log, from some entry to its end.
fn check_accesses(id: RecordId, record: &Record, facts: &Facts<'_>) -> Result<String, Reason> {
    let item = Item::Accesses(record.patient);
    let count = match facts.need(item)? {
        Some(Value::Accesses(file)) => file.accesses,
        _ => 0,
    };
    let first = (0..count)
        .rev()
        .take_while(|at| facts.get(Item::Access(record.patient, *at)).is_some())
        .last()
        .unwrap_or(count);
    // A gap would hide what is in it.
    let is_gap = |item: &Item| matches!(item, Item::Access(patient, at) if *patient == record.patient && *at < first);
    if facts.latest.keys().any(is_gap) || (count > 0 && first == count) {
        let at = first.saturating_sub(1);
        let item = Item::Access(record.patient, at);
        return Err(Reason::Incomplete { item });
    }
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
    let height = facts.height(item);
    if count == 0 {
        return Ok(format!(
            "Up to block {height} nobody opened a record of the patient, or tried to."
        ));
    }
    Ok(format!(
        "Up to block {height}, entries {first} to {} of the patient's access log are all there are from there on; {of_record} of them are about record {id}.",
        count.saturating_sub(1),
    ))
}

fn check_trail(id: AppointmentId, claim: &Claim, facts: &Facts<'_>) -> Result<Vec<String>, Reason> {
    let mut words = Vec::new();
    let item = Item::Appointment(id);
    let Some(Value::Appointment(appointment)) = facts.need(item)? else {
        return Err(Reason::Absent(format!("appointment {id}")));
    };
    let height = facts.height(item);
    words.push(format!(
        "After block {height} appointment {id} of patient {} with practitioner {} at member {} was {:?}.",
        appointment.patient, appointment.practitioner, appointment.member, appointment.state,
    ));
    if let Some(Value::VisitRecords(visit)) = facts.need(Item::VisitRecords(id))? {
        for record in &visit.records {
            check_record(*record, claim, facts, &mut words)?;
        }
    }
    let mut next = match facts.need(Item::LatestInvoice(id))? {
        Some(Value::LatestInvoice(invoice)) => Some(*invoice),
        _ => None,
    };
    // Each invoice names one before it, so that this ends: an invoice that is there is left behind.
    while let Some(invoice) = next {
        next = check_invoice(invoice, facts, &mut words)?.filter(|before| *before < invoice);
    }
    Ok(words)
}

/// An invoice with its settlements; the visit's invoice before it.
fn check_invoice(
    id: InvoiceId,
    facts: &Facts<'_>,
    words: &mut Vec<String>,
) -> Result<Option<InvoiceId>, Reason> {
    let Some(Value::Invoice(invoice)) = facts.need(Item::Invoice(id))? else {
        return Err(Reason::Absent(format!("invoice {id}")));
    };
    let tally = &invoice.tally;
    words.push(format!(
        "Invoice {id} is over {} fen: {} paid, {} covered, {} taken back{}.",
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
        words.push(format!(
            "Settlement {number} of invoice {id} ({:?}): fund {} fen, personal account {}, cash {}.",
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
