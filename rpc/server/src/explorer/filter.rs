//! Filters as clients write them, checked and made those of the index.

use std::collections::BTreeSet;

use xinglin_core as core;
use xinglin_decoding::{Name, Schema};
use xinglin_primitives::{
    privacy::Topic,
    time::{Moment, DAY_MS},
    AccountId, BlockNumber,
};
use xinglin_rpc_api::{
    explorer::{ActivityFilter, Filter, Order, Outcome, ENTITIES_MAX, PAGE_MAX},
    number::Height,
    time::Time,
};

/// The year 10000, which four digits cannot write.
const TIME_MAX: Moment = 2_932_897 * DAY_MS;
/// Most names that are suggested for a wrong one.
const SUGGESTIONS_MAX: usize = 5;
/// Letters that may be wrong in a name for which others are suggested.
const TYPOS_MAX: usize = 3;
/// Letters of a name that are compared with others.
const NAME_LETTERS_MAX: usize = 64;

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadFilter {
    /// A height that no block can have.
    #[error("no block has the height {0}")]
    Height(u64),
    /// A range that ends before it begins.
    #[error("block {from} is after block {to}; exchange fromBlock and toBlock")]
    Blocks {
        /// Its beginning.
        from: BlockNumber,
        /// Its end.
        to: BlockNumber,
    },
    /// A period that ends before it begins, or lasts no time.
    #[error("{from} is not earlier than {before}; `before` is the first instant that is left out")]
    Times {
        /// Its beginning.
        from: Time,
        /// Its end.
        before: Time,
    },
    /// An instant beyond four digits of the year.
    #[error("times are before the year 10000, in milliseconds since 1970")]
    Time,
    /// A name without that of its pallet.
    #[error("`{name}` needs `{pallet}`, since pallets share names")]
    NoPallet {
        /// The field that is there.
        name: &'static str,
        /// The field that is missing.
        pallet: &'static str,
    },
    /// A name that the runtime does not know.
    #[error("the runtime has no {what} `{name}`; {suggestion}")]
    Name {
        /// A pallet, call or event.
        what: &'static str,
        /// The name.
        name: String,
        /// Others, or where they are found.
        suggestion: String,
    },
    /// Too many entities.
    #[error("{0} entities; at most {ENTITIES_MAX} at once")]
    Entities(usize),
    /// A page of no items, or of too many.
    #[error("a page has 1 to {max} items, not {limit}; ask for several pages")]
    Limit {
        /// What was asked for.
        limit: u32,
        /// Most there can be.
        max: u32,
    },
    /// A subscription to what is past.
    #[error("what is to come has no height or time yet; leave blocks and times out")]
    Past,
    /// The index has its own reason.
    #[error("{0}")]
    Index(String),
}

/// The number of items to look for.
pub(super) fn limit(limit: u32, max: u32) -> Result<u32, BadFilter> {
    match limit {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(BadFilter::Limit { limit, max }),
    }
}

/// The same of a list of operations or events.
pub(super) fn page_limit(of_page: u32) -> Result<u32, BadFilter> {
    limit(of_page, PAGE_MAX)
}

/// Heights as the chain counts.
pub(super) fn blocks(
    from: Option<Height>,
    to: Option<Height>,
) -> Result<(Option<BlockNumber>, Option<BlockNumber>), BadFilter> {
    let number = |height: Height| height.block_number().ok_or(BadFilter::Height(height.0));
    let range = (from.map(number).transpose()?, to.map(number).transpose()?);
    match range {
        (Some(from), Some(to)) if from > to => Err(BadFilter::Blocks { from, to }),
        range => Ok(range),
    }
}

/// A period in milliseconds.
pub(super) fn times(
    from: Option<Time>,
    before: Option<Time>,
) -> Result<(Option<Moment>, Option<Moment>), BadFilter> {
    if from.max(before).is_some_and(|time| time.0 >= TIME_MAX) {
        return Err(BadFilter::Time);
    }
    match (from, before) {
        (Some(from), Some(before)) if from >= before => Err(BadFilter::Times { from, before }),
        (from, before) => Ok((from.map(|it| it.0), before.map(|it| it.0))),
    }
}

/// The order as the index has it.
pub(super) fn order(order: Order) -> core::Order {
    match order {
        Order::Newest => core::Order::Newest,
        Order::Oldest => core::Order::Oldest,
    }
}

/// A filter as the index has it, if it can be.
pub(super) fn checked(filter: &Filter, schema: &Schema) -> Result<core::Filter, BadFilter> {
    let (from_block, to_block) = blocks(filter.from_block, filter.to_block)?;
    let (from_ms, before_ms) = times(filter.from, filter.before)?;
    if filter.call.is_some() && filter.pallet.is_none() {
        return Err(BadFilter::NoPallet {
            name: "call",
            pallet: "pallet",
        });
    }
    if filter.event.is_some() && filter.event_pallet.is_none() {
        return Err(BadFilter::NoPallet {
            name: "event",
            pallet: "eventPallet",
        });
    }
    known("call", schema.call_names(), &filter.pallet, &filter.call)?;
    known(
        "event",
        schema.event_names(),
        &filter.event_pallet,
        &filter.event,
    )?;
    if filter.entities.len() > ENTITIES_MAX {
        return Err(BadFilter::Entities(filter.entities.len()));
    }
    Ok(core::Filter {
        from_block,
        to_block,
        from_ms,
        before_ms,
        signer: filter.signer.clone(),
        pallet: filter.pallet.clone(),
        call: filter.call.clone(),
        event_pallet: filter.event_pallet.clone(),
        event: filter.event.clone(),
        outcome: filter.outcome.map(|outcome| match outcome {
            Outcome::Success => core::Outcome::Success,
            Outcome::Error => core::Outcome::Error,
        }),
        entities: filter.entities.clone(),
    })
}

/// A filter of what is still to come.
pub(super) fn live(filter: &Filter, schema: &Schema) -> Result<core::Filter, BadFilter> {
    let is_past = filter.from_block.is_some()
        || filter.to_block.is_some()
        || filter.from.is_some()
        || filter.before.is_some();
    if is_past {
        return Err(BadFilter::Past);
    }
    checked(filter, schema)
}

/// A filter of events by name.
pub(super) fn activity(
    filter: &ActivityFilter,
    schema: &Schema,
) -> Result<core::Filter, BadFilter> {
    let filter = Filter {
        event_pallet: filter.pallet.clone(),
        event: filter.event.clone(),
        ..Filter::default()
    };
    if filter.event.is_some() && filter.event_pallet.is_none() {
        return Err(BadFilter::NoPallet {
            name: "event",
            pallet: "pallet",
        });
    }
    checked(&filter, schema)
}

/// What must be the asker's business for her to see what a filter lets through: one is enough, since
/// all that is found is of it.
pub(super) fn topics(filter: &Filter, asker: &AccountId) -> Vec<Topic> {
    let own = (filter.signer.as_ref() == Some(asker)).then_some(Topic::OwnOperations);
    let histories = filter.entities.iter().copied().map(Topic::History);
    let topics: Vec<Topic> = own.into_iter().chain(histories).collect();
    match topics.is_empty() {
        true => vec![Topic::Operations],
        false => topics,
    }
}

/// Refuses names that the runtime does not have.
fn known<'s>(
    what: &'static str,
    names: impl Iterator<Item = Name<'s>> + Clone,
    pallet: &Option<String>,
    name: &Option<String>,
) -> Result<(), BadFilter> {
    let Some(pallet) = pallet else {
        return Ok(());
    };
    if !names.clone().any(|known| known.pallet == pallet) {
        let pallets = names.map(|known| known.pallet).collect();
        return Err(unknown("pallet", pallet, pallets));
    }
    let Some(name) = name else {
        return Ok(());
    };
    let of_pallet: BTreeSet<&str> = names
        .filter(|known| known.pallet == pallet)
        .map(|known| known.name)
        .collect();
    if of_pallet.contains(name.as_str()) {
        return Ok(());
    }
    Err(unknown(what, name, of_pallet))
}

fn unknown(what: &'static str, name: &str, known: BTreeSet<&str>) -> BadFilter {
    let name: String = name.chars().take(NAME_LETTERS_MAX).collect();
    let normal = |text: &str| text.replace('_', "").to_lowercase();
    let wanted = normal(&name);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|known| {
            let candidate = normal(known);
            let is_part = !wanted.is_empty() && candidate.contains(&wanted);
            let typos = if is_part {
                0
            } else {
                distance(&candidate, &wanted)
            };
            (typos, known)
        })
        .filter(|(typos, _)| *typos <= TYPOS_MAX)
        .collect();
    near.sort_unstable();
    near.truncate(SUGGESTIONS_MAX);
    let suggestion = match near.is_empty() {
        true => "its names are those of the metadata (state_getMetadata)".to_owned(),
        false => {
            let names: Vec<String> = near.iter().map(|(_, name)| format!("`{name}`")).collect();
            format!("did you mean {}?", names.join(", "))
        }
    };
    BadFilter::Name {
        what,
        name,
        suggestion,
    }
}

/// How many letters have to be changed, added or taken away to get from one name to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use xinglin_primitives::{Entity, PatientId};

    use super::*;

    const NAMES: [Name<'static>; 3] = [
        Name {
            pallet: "Appointments",
            name: "book",
        },
        Name {
            pallet: "Appointments",
            name: "check_in",
        },
        Name {
            pallet: "Records",
            name: "open",
        },
    ];

    fn check(pallet: &str, name: Option<&str>) -> Result<(), BadFilter> {
        let name = name.map(str::to_owned);
        known("call", NAMES.into_iter(), &Some(pallet.to_owned()), &name)
    }

    #[test]
    fn a_wrong_name_is_answered_with_near_ones() {
        assert_eq!(check("Appointments", Some("book")), Ok(()));
        assert_eq!(check("Records", None), Ok(()));
        for (pallet, name, expected) in [
            ("appointments", None, "did you mean `Appointments`?"),
            ("Apointment", None, "did you mean `Appointments`?"),
            ("Appointments", Some("checkIn"), "did you mean `check_in`?"),
            ("Appointments", Some("boook"), "did you mean `book`?"),
            ("Records", Some("book_appointment"), "state_getMetadata"),
            ("Zzzzzzzzzz", None, "state_getMetadata"),
        ] {
            let error = check(pallet, name).unwrap_err().to_string();
            assert!(error.contains(expected), "{pallet} {name:?}: {error}");
        }
        let long = "x".repeat(100_000);
        assert!(check(&long, None).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn ranges_that_cannot_be_are_refused() {
        let height = |number| Some(Height(number));
        assert_eq!(blocks(height(5), height(5)), Ok((Some(5), Some(5))));
        assert!(blocks(height(6), height(5)).is_err());
        assert!(blocks(height(1 << 32), None).is_err());
        let time = |ms| Some(Time(ms));
        assert_eq!(times(time(5), time(6)), Ok((Some(5), Some(6))));
        assert!(times(time(5), time(5)).is_err());
        assert_eq!(times(None, time(u64::MAX)), Err(BadFilter::Time));
        assert!(page_limit(0).is_err() && page_limit(PAGE_MAX + 1).is_err());
        assert_eq!(page_limit(PAGE_MAX), Ok(PAGE_MAX));
    }

    #[test]
    fn a_filter_is_admitted_by_any_part_that_is_the_askers() {
        let (asker, other) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
        let patient = Entity::Patient(PatientId(7));
        let mut filter = Filter::default();
        assert_eq!(topics(&filter, &asker), [Topic::Operations]);
        filter.signer = Some(other);
        assert_eq!(topics(&filter, &asker), [Topic::Operations]);
        filter.entities = vec![patient];
        assert_eq!(topics(&filter, &asker), [Topic::History(patient)]);
        filter.signer = Some(asker.clone());
        assert_eq!(
            topics(&filter, &asker),
            [Topic::OwnOperations, Topic::History(patient)]
        );
    }
}
