//! The steps of a case from the history of the chain, which a node with an index finds.

use serde_json::Value;
use xinglin_primitives::{
    glue::Held, AccountId, CaseId, DisclosureId, Entity, MemberId, Party, PatientId,
    PractitionerId, SchemeId,
};
use xinglin_rpc_api::explorer::{EventView, Events, Filter, Order, PAGE_MAX};

use super::{
    case_file::{Act, Step},
    keep_first,
};
use crate::{
    client::{Client, ClientError},
    keys::KeyPair,
};

/// Most steps that are read: the first.
pub const STEPS_MAX: usize = 10_000;
/// The pallet whose events these are.
const PALLET: &str = "Audit";

/// The steps of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The steps, oldest first.
    pub steps: Vec<Step>,
    /// Whether there are later ones, which were not read.
    pub is_cut: bool,
}

/// The first `steps_max` steps of a case of the regulator of which `key` is an account, as far as the
/// node's index has come. Fails if the node keeps no index.
pub async fn of_case(
    client: &Client,
    key: &KeyPair,
    case: CaseId,
    steps_max: usize,
) -> Result<History, ClientError> {
    let mut question = Events {
        filter: Filter {
            event_pallet: Some(PALLET.to_owned()),
            entities: vec![Entity::Case(case)],
            ..Filter::default()
        },
        order: Order::Oldest,
        cursor: None,
        limit: PAGE_MAX,
    };
    let mut steps = Vec::new();
    loop {
        let page = client.find_events(key, None, &question).await?;
        steps.extend(page.items.iter().filter_map(step_of));
        question.cursor = page.next;
        // One more is read than is kept, so that it is known whether there are more.
        if question.cursor.is_none() || steps.len() > steps_max {
            let is_cut = keep_first(&mut steps, steps_max);
            return Ok(History { steps, is_cut });
        }
    }
}

/// What an event tells of a case, if it is one of those that do.
fn step_of(event: &EventView) -> Option<Step> {
    let fields = &event.fields;
    let disclosure = || number(fields.get("disclosure")?).map(DisclosureId);
    let member = |name| small(fields.get(name)?).map(MemberId);
    let held = || held_of(fields.get("held")?);
    let act = match event.event.as_str() {
        "CaseOpened" => Act::Opened,
        "CaseClosed" => Act::Closed,
        "CaseTransferred" => Act::Transferred {
            from: member("from")?,
            to: member("to")?,
        },
        "DisclosureRequested" => Act::Requested(disclosure()?),
        "RequestWithdrawn" => Act::Withdrawn(disclosure()?),
        "Disclosed" => Act::Disclosed(disclosure()?),
        "HoldPlaced" => Act::Held(held()?),
        "HoldLifted" => Act::Lifted(held()?),
        _ => return None,
    };
    let by = fields.get("by").cloned();
    Some(Step {
        at: event.time.0,
        act,
        // The council signs with no account of its own.
        by: by.and_then(|by| serde_json::from_value::<AccountId>(by).ok()),
        place: event.operation.map(|hash| (event.block, hash)),
    })
}

/// Whom or what a hold stops, with the names of the metadata: `{ "Party": { "Member": 1 } }`.
fn held_of(value: &Value) -> Option<Held> {
    let (kind, inner) = only(value)?;
    match kind {
        "Scheme" => small(inner).map(SchemeId).map(Held::Scheme),
        "Party" => {
            let (kind, id) = only(inner)?;
            let party = match kind {
                "Member" => Party::Member(MemberId(small(id)?)),
                "Practitioner" => Party::Practitioner(PractitionerId(small(id)?)),
                "Patient" => Party::Patient(PatientId(number(id)?)),
                _ => return None,
            };
            Some(Held::Party(party))
        }
        _ => None,
    }
}

/// The one field of an object.
fn only(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object
        .iter()
        .next()
        .map(|(name, inner)| (name.as_str(), inner))
}

/// A number, which is text when it is large.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

fn small(value: &Value) -> Option<u32> {
    number(value)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use serde_json::json;
    use xinglin_primitives::Hash;
    use xinglin_rpc_api::time::Time;

    use super::*;

    fn event(name: &str, fields: Value) -> EventView {
        EventView {
            block: 7,
            index: 1,
            time: Time(1_000),
            operation: Some(Hash::repeat_byte(9)),
            pallet: PALLET.to_owned(),
            event: name.to_owned(),
            fields,
            entities: vec![Entity::Case(CaseId(1))],
            in_part: false,
        }
    }

    fn act(name: &str, fields: Value) -> Option<Act> {
        step_of(&event(name, fields)).map(|step| step.act)
    }

    #[test]
    fn every_event_of_a_case_is_a_step() {
        let request = json!({ "case": 1, "disclosure": 4 });
        let id = DisclosureId(4);
        assert_eq!(act("CaseOpened", json!({})), Some(Act::Opened));
        assert_eq!(act("CaseClosed", json!({})), Some(Act::Closed));
        assert_eq!(
            act("CaseTransferred", json!({ "from": 3, "to": 5, "by": null })),
            Some(Act::Transferred {
                from: MemberId(3),
                to: MemberId(5)
            })
        );
        assert_eq!(
            act("DisclosureRequested", request.clone()),
            Some(Act::Requested(id))
        );
        assert_eq!(
            act("RequestWithdrawn", request.clone()),
            Some(Act::Withdrawn(id))
        );
        assert_eq!(act("Disclosed", request), Some(Act::Disclosed(id)));
        for (held, json) in [
            (
                Held::Party(Party::Member(MemberId(1))),
                json!({ "Party": { "Member": 1 } }),
            ),
            (
                Held::Party(Party::Patient(PatientId(1 << 60))),
                json!({ "Party": { "Patient": (1_u64 << 60).to_string() } }),
            ),
            (Held::Scheme(SchemeId(2)), json!({ "Scheme": 2 })),
        ] {
            let fields = json!({ "case": 1, "held": json });
            assert_eq!(act("HoldPlaced", fields.clone()), Some(Act::Held(held)));
            assert_eq!(act("HoldLifted", fields), Some(Act::Lifted(held)));
        }
        assert_eq!(act("QuestionsAnchored", json!({})), None);
        assert_eq!(act("HoldPlaced", json!({ "held": "?" })), None);
    }

    #[test]
    fn a_step_knows_who_signed_and_where_it_is() {
        let account = AccountId::new([1; 32]);
        let step = step_of(&event("CaseOpened", json!({ "by": account }))).unwrap();
        assert_eq!(step.by, Some(account));
        assert_eq!(step.place, Some((7, Hash::repeat_byte(9))));
        assert_eq!(step.at, 1_000);
    }
}
