//! The worklists of a regulator and of an insurer.
//!
//! Everything is asked with signed questions, in pages, and dated by the chain's time: whether
//! something is overdue does not hang on the clock of who asks.

use pallet_audit::types::{Case, Disclosure};
use pallet_insurance::{reads::Waiting, refunds::FlaggedRefund, review::Flags, types::Claim};
use pallet_records::{emergency::EmergencyState, reads::Unreviewed};
use xinglin_primitives::{
    glue::Held, page::PAGE_MAX, time::Moment, CaseId, ClaimId, DisclosureId, EmergencyId,
    InvoiceId, MemberId, Party,
};
use xinglin_rpc_api::questions as ask;

use super::text;
use crate::{
    client::{Answered, Client, ClientError},
    keys::KeyPair,
    operation::OperationError,
    parties,
};

/// Most entries of a worklist that an inbox has: the oldest, or those due first.
pub const ENTRIES_MAX: usize = 1_000;
/// Most findings that an inbox has: the latest.
pub const FINDINGS_MAX: u32 = 20;

/// The worklists, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worklist {
    /// Open cases.
    Cases,
    /// Requests for disclosure that are open.
    Disclosures,
    /// Holds in force.
    Holds,
    /// Accesses in emergencies that no regulator has reviewed.
    Emergencies,
    /// Flagged claims that wait for an insurer.
    Claims,
    /// Refunds after a settlement that wait for an insurer.
    Refunds,
    /// The latest cases that were closed.
    Findings,
}

impl Worklist {
    /// All of a regulator, in order.
    pub const ALL: [Self; 7] = [
        Self::Cases,
        Self::Disclosures,
        Self::Holds,
        Self::Emergencies,
        Self::Claims,
        Self::Refunds,
        Self::Findings,
    ];

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Disclosures => "disclosures",
            Self::Holds => "holds",
            Self::Emergencies => "emergencies",
            Self::Claims => "claims",
            Self::Refunds => "refunds",
            Self::Findings => "findings",
        }
    }
}

/// What an entry of a worklist is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An open case; whether it can be closed, because nothing of it is open.
    Case {
        /// Which.
        id: CaseId,
        /// Whether none of its holds is in force and none of its requests open.
        is_ready: bool,
    },
    /// A request for disclosure.
    Disclosure {
        /// Which.
        id: DisclosureId,
        /// For which case.
        case: CaseId,
    },
    /// A hold.
    Hold {
        /// Of which case.
        case: CaseId,
        /// Whom or what.
        held: Held,
    },
    /// An access in an emergency.
    Emergency {
        /// Which.
        id: EmergencyId,
        /// Whether it can be reviewed: it is justified, or should have been.
        is_ready: bool,
    },
    /// A flagged claim.
    Claim(ClaimId),
    /// A refund after a settlement, by its invoice.
    Refund(InvoiceId),
    /// A closed case.
    Finding(CaseId),
}

impl Item {
    /// In which worklist it is.
    pub fn list(&self) -> Worklist {
        match self {
            Self::Case { .. } => Worklist::Cases,
            Self::Disclosure { .. } => Worklist::Disclosures,
            Self::Hold { .. } => Worklist::Holds,
            Self::Emergency { .. } => Worklist::Emergencies,
            Self::Claim(_) => Worklist::Claims,
            Self::Refund(_) => Worklist::Refunds,
            Self::Finding(_) => Worklist::Findings,
        }
    }

    /// How it is called in tables: `case:3`.
    pub fn label(&self) -> String {
        match self {
            Self::Case { id, .. } | Self::Finding(id) => format!("case:{id}"),
            Self::Disclosure { id, .. } => format!("disclosure:{id}"),
            Self::Hold { case, held } => format!("case:{case}/{}", text::held(*held)),
            Self::Emergency { id, .. } => format!("emergency:{id}"),
            Self::Claim(id) => format!("claim:{id}"),
            Self::Refund(id) => format!("invoice:{id}"),
        }
    }
}

/// One entry of a worklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is.
    pub item: Item,
    /// Whom or what it concerns, in pseudonyms, and why.
    pub about: String,
    /// Since when.
    pub since: Moment,
    /// Until when it is to be done, that instant included, if the chain says.
    pub due: Option<Moment>,
    /// Whether it should have been done by now.
    pub is_overdue: bool,
    /// Who has to act now; nobody in a list of what is done.
    pub responsible: Option<Party>,
}

/// What waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Whose it is.
    pub owner: MemberId,
    /// The chain's time.
    pub now: Moment,
    /// The entries, by worklist, each in the order of its age or due time.
    pub tasks: Vec<Task>,
    /// Worklists that have more entries than are here.
    pub cut: Vec<Worklist>,
}

impl Inbox {
    fn new(owner: MemberId, now: Moment) -> Self {
        Self {
            owner,
            now,
            tasks: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// The entries of a worklist.
    pub fn of(&self, list: Worklist) -> impl Iterator<Item = &Task> {
        let tasks = self.tasks.iter();
        tasks.filter(move |task| task.item.list() == list)
    }

    fn add<K, V>(&mut self, list: Worklist, found: Found<K, V>, task: impl Fn(K, V) -> Task) {
        if found.is_cut {
            self.cut.push(list);
        }
        let entries = found.entries.into_iter();
        self.tasks.extend(entries.map(|(id, what)| task(id, what)));
    }
}

/// What waits for a regulator, that of whose member `key` is an account.
pub async fn of_regulator(
    client: &Client,
    key: &KeyPair,
    regulator: MemberId,
) -> Result<Inbox, OperationError> {
    let now = parties::now(client).await?;
    let mut inbox = Inbox::new(regulator, now);
    let cases = all(client, key, |after| ask::Cases {
        regulator,
        after,
        limit: PAGE_MAX,
    });
    let cases = cases.await?;
    let held: Vec<Task> = cases
        .entries
        .iter()
        .flat_map(|(id, case)| hold_tasks(*id, case))
        .collect();
    inbox.add(Worklist::Cases, cases, case_task);
    let awaited = all(client, key, |after| ask::AwaitedDisclosures {
        regulator,
        is_overdue: false,
        after,
        limit: PAGE_MAX,
    });
    inbox.add(Worklist::Disclosures, awaited.await?, |id, it| {
        disclosure_task(id, &it, now)
    });
    inbox.tasks.extend(held);
    let emergencies = all(client, key, |after| ask::Emergencies {
        after,
        limit: PAGE_MAX,
    });
    inbox.add(Worklist::Emergencies, emergencies.await?, |id, it| {
        emergency_task(id, &it, regulator)
    });
    add_flags(&mut inbox, client, key, None).await?;
    let findings = ask::Findings {
        regulator,
        before: None,
        limit: FINDINGS_MAX,
    };
    let entries = client.ask(key, &findings).await?;
    // The latest are all that is meant to be there.
    let findings = Found {
        entries,
        is_cut: false,
    };
    inbox.add(Worklist::Findings, findings, finding_task);
    Ok(inbox)
}

/// What waits for an insurer: its flags, and what regulators ask of it.
pub async fn of_insurer(
    client: &Client,
    key: &KeyPair,
    insurer: MemberId,
) -> Result<Inbox, OperationError> {
    let now = parties::now(client).await?;
    let mut inbox = Inbox::new(insurer, now);
    let requests = all(client, key, |after| ask::DisclosureRequests {
        member: insurer,
        after,
        limit: PAGE_MAX,
    });
    inbox.add(Worklist::Disclosures, requests.await?, |id, it| {
        disclosure_task(id, &it, now)
    });
    add_flags(&mut inbox, client, key, Some(insurer)).await?;
    Ok(inbox)
}

async fn add_flags(
    inbox: &mut Inbox,
    client: &Client,
    key: &KeyPair,
    insurer: Option<MemberId>,
) -> Result<(), ClientError> {
    let claims = all(client, key, |after| ask::FlaggedClaims {
        insurer,
        after,
        limit: PAGE_MAX,
    });
    inbox.add(Worklist::Claims, by_age(claims.await?), |id, it| {
        claim_task(id, &it)
    });
    let refunds = all(client, key, |after| ask::FlaggedRefunds {
        insurer,
        after,
        limit: PAGE_MAX,
    });
    inbox.add(Worklist::Refunds, by_age(refunds.await?), |id, it| {
        refund_task(id, &it)
    });
    Ok(())
}

/// What a question has brought, page by page.
struct Found<K, V> {
    entries: Vec<(K, V)>,
    is_cut: bool,
}

/// All answers to a question that comes in pages, as far as an inbox goes.
async fn all<Q, K, V>(
    client: &Client,
    key: &KeyPair,
    question: impl Fn(Option<K>) -> Q,
) -> Result<Found<K, V>, ClientError>
where
    Q: Answered<Answer = Vec<(K, V)>>,
    K: Copy,
{
    let mut entries: Vec<(K, V)> = Vec::new();
    loop {
        let after = entries.last().map(|(id, _)| *id);
        let page = client.ask(key, &question(after)).await?;
        let is_last = page.len() < PAGE_MAX as usize;
        entries.extend(page);
        if is_last || entries.len() >= ENTRIES_MAX {
            let is_cut = !is_last;
            return Ok(Found { entries, is_cut });
        }
    }
}

/// The oldest first: the lists of several insurers come one after the other.
fn by_age<K, V>(mut found: Found<K, Waiting<V>>) -> Found<K, Waiting<V>> {
    found.entries.sort_by_key(|(_, it)| it.since);
    found
}

fn case_task(id: CaseId, case: Case) -> Task {
    let (holds, requests) = (case.holds.len(), case.requests.len());
    let subject = text::subject(case.subject);
    Task {
        item: Item::Case {
            id,
            is_ready: holds == 0 && requests == 0,
        },
        about: format!("{subject}, {requests} open requests, {holds} holds"),
        since: case.opened_at,
        due: None,
        is_overdue: false,
        responsible: Some(Party::Member(case.regulator)),
    }
}

fn hold_tasks(id: CaseId, case: &Case) -> impl Iterator<Item = Task> + '_ {
    case.holds.iter().map(move |hold| Task {
        item: Item::Hold {
            case: id,
            held: hold.held,
        },
        about: text::held(hold.held),
        since: hold.since,
        due: None,
        is_overdue: false,
        responsible: Some(Party::Member(case.regulator)),
    })
}

fn disclosure_task(id: DisclosureId, it: &Disclosure, now: Moment) -> Task {
    Task {
        item: Item::Disclosure { id, case: it.case },
        about: format!("case:{}, of member:{}", it.case, it.member),
        since: it.requested_at,
        due: Some(it.due),
        is_overdue: now > it.due,
        responsible: Some(Party::Member(it.member)),
    }
}

/// Until it is justified or should have been, it waits for the practitioner; then for a regulator.
fn emergency_task(id: EmergencyId, it: &Unreviewed, regulator: MemberId) -> Task {
    let emergency = &it.emergency;
    let is_ready = it.is_overdue || emergency.state != EmergencyState::Declared;
    let state = match emergency.state {
        EmergencyState::Declared => "not justified",
        _ => "justified",
    };
    let practitioner = Party::Practitioner(emergency.practitioner);
    Task {
        item: Item::Emergency { id, is_ready },
        about: format!(
            "patient:{} by {} at member:{}, {:?}, {state}",
            emergency.patient,
            text::party(practitioner),
            emergency.member,
            emergency.reason,
        ),
        since: emergency.at,
        // The due time is that of the justification.
        due: (emergency.state == EmergencyState::Declared).then_some(emergency.due),
        is_overdue: it.is_overdue,
        responsible: Some(if is_ready {
            Party::Member(regulator)
        } else {
            practitioner
        }),
    }
}

fn claim_task(id: ClaimId, it: &Waiting<Claim>) -> Task {
    let claim = &it.what;
    let state = match claim.appealed_at {
        Some(_) => ", appealed",
        None => "",
    };
    Task {
        item: Item::Claim(id),
        about: format!("invoice:{}{state}: {}", claim.invoice, flags(&claim.flags)),
        since: it.since,
        due: it.due,
        is_overdue: it.is_overdue,
        responsible: Some(Party::Member(claim.insurer)),
    }
}

fn refund_task(invoice: InvoiceId, it: &Waiting<FlaggedRefund>) -> Task {
    let refund = &it.what;
    Task {
        item: Item::Refund(invoice),
        about: format!(
            "settlement:{} of member:{}, {} fen refunded",
            refund.settlement, refund.member, refund.refunded_fen
        ),
        since: it.since,
        due: it.due,
        is_overdue: it.is_overdue,
        responsible: Some(Party::Member(refund.insurer)),
    }
}

fn finding_task(id: CaseId, case: Case) -> Task {
    use pallet_audit::states::CaseState;

    let (found, since) = match case.state {
        CaseState::Closed { finding, at } => (format!("finding {}", finding.code), at),
        CaseState::Open => ("open".to_owned(), case.opened_at),
    };
    Task {
        item: Item::Finding(id),
        about: format!("{}, {found}", text::subject(case.subject)),
        since,
        due: None,
        is_overdue: false,
        responsible: None,
    }
}

fn flags(flags: &Flags) -> String {
    let names: Vec<String> = flags.iter().map(|flag| format!("{flag:?}")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
