//! `xinglin regulator inbox` and `xinglin insurer inbox`: what waits, as tables, JSON or CSV.

use anyhow::Result;
use clap::Args;
use comfy_table::Table;
use serde_json::{json, Map, Value};
use xinglin_primitives::Party;
use xinglin_sdk::oversight::{
    inbox::ENTRIES_MAX,
    text::{age, csv, held, instant, party},
    Inbox, Item, Task, Worklist,
};

use super::session::Session;
use crate::cli::{output, status::utc};

/// How an inbox is written.
#[derive(Args, Clone, Copy, Debug)]
pub struct InboxArgs {
    /// Print one CSV table instead of a table for each worklist
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
}

/// Whose inbox it is: what can be done next differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A regulator.
    Regulator,
    /// An insurer.
    Insurer,
}

impl Reader {
    /// The worklists that it has.
    fn lists(self) -> &'static [Worklist] {
        match self {
            Self::Regulator => &Worklist::ALL,
            Self::Insurer => &[Worklist::Disclosures, Worklist::Claims, Worklist::Refunds],
        }
    }
}

const CSV_HEAD: [&str; 9] = [
    "list",
    "item",
    "about",
    "since",
    "age",
    "due",
    "overdue",
    "responsible",
    "next",
];

/// Prints an inbox.
pub fn show(session: &Session, inbox: &Inbox, reader: Reader, args: InboxArgs) -> Result<()> {
    let is_shown = |task: &&Task| task.is_overdue || !args.overdue;
    if session.is_json() {
        return output::write_json(None, &document(inbox, reader, is_shown));
    }
    if args.csv {
        let tasks = inbox.tasks.iter().filter(is_shown);
        return output::write(None, &as_csv(inbox, reader, tasks));
    }
    for list in reader.lists() {
        let tasks: Vec<&Task> = inbox.of(*list).filter(is_shown).collect();
        println!("{}", title(*list, &tasks, inbox));
        if !tasks.is_empty() {
            println!("{}", table(inbox, reader, &tasks));
        }
    }
    Ok(())
}

fn title(list: Worklist, tasks: &[&Task], inbox: &Inbox) -> String {
    let overdue = tasks.iter().filter(|task| task.is_overdue).count();
    let mut title = format!("{}: {}", list.name(), tasks.len());
    if overdue > 0 {
        title.push_str(&format!(", {overdue} OVERDUE"));
    }
    if inbox.cut.contains(&list) {
        title.push_str(&format!(
            " (the first {ENTRIES_MAX}; the rest shows when these are done)"
        ));
    }
    title
}

fn table(inbox: &Inbox, reader: Reader, tasks: &[&Task]) -> Table {
    let mut table = output::table();
    table.set_header([
        "item",
        "about",
        "since",
        "age",
        "due",
        "responsible",
        "next",
    ]);
    for task in tasks {
        let due = match (task.due.map(utc), task.is_overdue) {
            (None, _) => "–".to_owned(),
            (Some(due), false) => due,
            (Some(due), true) => format!("{due} OVERDUE"),
        };
        table.add_row([
            task.item.label(),
            task.about.clone(),
            utc(task.since),
            age(task.since, inbox.now),
            due,
            responsible(task, "–"),
            next(task, reader),
        ]);
    }
    table
}

fn as_csv<'a>(inbox: &Inbox, reader: Reader, tasks: impl Iterator<Item = &'a Task>) -> String {
    let rows = tasks.map(|task| {
        [
            task.item.list().name().to_owned(),
            task.item.label(),
            task.about.clone(),
            instant(task.since),
            age(task.since, inbox.now),
            task.due.map(instant).unwrap_or_default(),
            task.is_overdue.to_string(),
            responsible(task, ""),
            next(task, reader),
        ]
    });
    csv(core::iter::once(CSV_HEAD.map(str::to_owned)).chain(rows))
}

fn document(inbox: &Inbox, reader: Reader, is_shown: impl Fn(&&Task) -> bool) -> Value {
    let entry = |task: &Task| {
        json!({
            "item": task.item.label(),
            "about": task.about,
            "since": task.since,
            "due": task.due,
            "isOverdue": task.is_overdue,
            "responsible": task.responsible.map(party),
            "next": next(task, reader),
        })
    };
    let lists: Map<String, Value> = reader
        .lists()
        .iter()
        .map(|list| {
            let entries = inbox.of(*list).filter(&is_shown).map(entry);
            (list.name().to_owned(), entries.collect())
        })
        .collect();
    let cut: Vec<&str> = inbox.cut.iter().map(|list| list.name()).collect();
    json!({ "member": inbox.owner, "at": inbox.now, "lists": lists, "cut": cut })
}

fn responsible(task: &Task, nobody: &str) -> String {
    task.responsible.map_or_else(|| nobody.to_owned(), party)
}

/// The command that brings an entry further, or for whom it waits.
fn next(task: &Task, reader: Reader) -> String {
    let waits = || format!("wait for {}", responsible(task, "nobody"));
    match (reader, task.item) {
        (Reader::Regulator, item) => of_regulator(item, task).unwrap_or_else(waits),
        (Reader::Insurer, Item::Disclosure { id, .. }) => {
            format!("xinglin member disclose {id} FILE")
        }
        (Reader::Insurer, Item::Claim(id)) => {
            format!("xinglin insurer decide {id} approve|deny|FEN --reason CODE")
        }
        (Reader::Insurer, Item::Refund(id)) => {
            format!("xinglin insurer review-refund {id} --reason CODE")
        }
        (Reader::Insurer, _) => waits(),
    }
}

fn of_regulator(item: Item, task: &Task) -> Option<String> {
    const STATEMENT: &str = "--code CODE --document FILE";
    Some(match item {
        Item::Case { id, is_ready: true } => {
            format!("xinglin regulator case close {id} {STATEMENT}")
        }
        Item::Case { id, .. } | Item::Finding(id) => {
            format!("xinglin regulator report {id} -o case-{id}.pdf")
        }
        Item::Disclosure { id, .. } if task.is_overdue => {
            format!("xinglin regulator withdraw-request {id}")
        }
        Item::Hold { case, held: it } => {
            format!("xinglin regulator lift --case {case} {}", held(it))
        }
        Item::Emergency { id, is_ready: true } => {
            format!("xinglin regulator review {id} upheld|unfounded")
        }
        // Somebody else has to act in time.
        Item::Disclosure { .. } | Item::Emergency { .. } => return None,
        Item::Claim(_) | Item::Refund(_) if !task.is_overdue => return None,
        Item::Claim(id) => format!("xinglin regulator case open claim:{id} {STATEMENT}"),
        Item::Refund(_) => {
            let insurer: Option<Party> = task.responsible;
            format!(
                "xinglin regulator case open {} {STATEMENT}",
                insurer.map(party)?
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use xinglin_primitives::{
        glue::Held, CaseId, ClaimId, DisclosureId, EmergencyId, InvoiceId, MemberId,
    };

    use super::*;

    fn task(item: Item, is_overdue: bool) -> Task {
        Task {
            item,
            about: "a, b".to_owned(),
            since: 0,
            due: Some(60_000),
            is_overdue,
            responsible: Some(Party::Member(MemberId(2))),
        }
    }

    fn inbox() -> Inbox {
        let case = CaseId(3);
        let held = Held::Party(Party::Member(MemberId(1)));
        let items = [
            (
                Item::Case {
                    id: case,
                    is_ready: true,
                },
                false,
            ),
            (
                Item::Disclosure {
                    id: DisclosureId(5),
                    case,
                },
                true,
            ),
            (Item::Hold { case, held }, false),
            (
                Item::Emergency {
                    id: EmergencyId(6),
                    is_ready: false,
                },
                false,
            ),
            (Item::Claim(ClaimId(7)), false),
            (Item::Refund(InvoiceId(8)), true),
            (Item::Finding(CaseId(2)), false),
        ];
        Inbox {
            owner: MemberId(3),
            now: 7_200_000,
            tasks: items
                .map(|(item, is_overdue)| task(item, is_overdue))
                .to_vec(),
            cut: vec![Worklist::Claims],
        }
    }

    #[test]
    fn every_entry_says_what_comes_next() {
        let of = |reader| -> Vec<String> {
            let tasks = inbox().tasks;
            tasks.iter().map(|it| next(it, reader)).collect()
        };
        assert_eq!(
            of(Reader::Regulator),
            [
                "xinglin regulator case close 3 --code CODE --document FILE",
                "xinglin regulator withdraw-request 5",
                "xinglin regulator lift --case 3 member:1",
                "wait for member:2",
                "wait for member:2",
                "xinglin regulator case open member:2 --code CODE --document FILE",
                "xinglin regulator report 2 -o case-2.pdf",
            ]
        );
        let insurer = of(Reader::Insurer);
        assert_eq!(insurer[1], "xinglin member disclose 5 FILE");
        assert_eq!(
            insurer[4],
            "xinglin insurer decide 7 approve|deny|FEN --reason CODE"
        );
        assert_eq!(insurer[5], "xinglin insurer review-refund 8 --reason CODE");
    }

    #[test]
    fn json_has_every_list_and_what_is_cut() {
        let all = document(&inbox(), Reader::Regulator, |_| true);
        for list in Worklist::ALL {
            let entries = all["lists"][list.name()].as_array().map(Vec::len);
            assert_eq!(entries, Some(1), "{list:?}");
        }
        assert_eq!(all["cut"], json!(["claims"]));
        assert_eq!(all["lists"]["disclosures"][0]["isOverdue"], true);
        let overdue = document(&inbox(), Reader::Regulator, |task| task.is_overdue);
        assert_eq!(overdue["lists"]["cases"], json!([]));
        assert_eq!(overdue["lists"]["refunds"][0]["item"], "invoice:8");
        let insurer = document(&inbox(), Reader::Insurer, |_| true);
        assert!(insurer["lists"].get("holds").is_none());
    }

    #[test]
    fn tables_show_what_is_overdue() {
        let inbox = inbox();
        let tasks: Vec<&Task> = inbox.of(Worklist::Disclosures).collect();
        assert_eq!(
            title(Worklist::Disclosures, &tasks, &inbox),
            "disclosures: 1, 1 OVERDUE"
        );
        let claims: Vec<&Task> = inbox.of(Worklist::Claims).collect();
        assert!(title(Worklist::Claims, &claims, &inbox).contains("the first 1000"));
        let table = table(&inbox, Reader::Regulator, &tasks).to_string();
        assert!(
            table.contains("OVERDUE") && table.contains("2 h"),
            "{table}"
        );
        let csv = as_csv(&inbox, Reader::Regulator, inbox.tasks.iter());
        assert_eq!(csv.split_terminator("\r\n").count(), 8);
        let row = "disclosures,disclosure:5,\"a, b\",1970-01-01T08:00:00+08:00,2 h,\
                   1970-01-01T08:01:00+08:00,true,member:2,xinglin regulator withdraw-request 5";
        assert!(csv.contains(row), "{csv}");
    }
}
