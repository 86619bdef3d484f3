//! What an entry says, and whose it is.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use frame_support::BoundedVec;
use pallet_audit::{
    states::{CaseState, DisclosureState},
    types::{Hold, Statement},
};
use pallet_insurance::{refunds::RefundState, review::Flag, states::ClaimState};
use pallet_records::emergency::{Emergency, EmergencyReason, Justification};
use xinglin_primitives::{
    glue::Subject, CoverageId, Hash, PatientId, PractitionerId, SettlementId,
};

use super::*;

const REGULATOR: MemberId = MemberId(3);
const INSURER: MemberId = MemberId(2);

fn statement() -> Statement {
    Statement {
        code: 7,
        digest: Hash::zero(),
    }
}

fn case(holds: &[Held]) -> Case {
    let holds = holds.iter().map(|held| Hold {
        held: *held,
        since: 20,
    });
    Case {
        regulator: REGULATOR,
        subject: Subject::Claim(ClaimId(4)),
        basis: statement(),
        opened_at: 10,
        holds: BoundedVec::truncate_from(holds.collect()),
        requests: BoundedVec::default(),
        state: CaseState::Open,
    }
}

#[test]
fn a_case_is_ready_once_nothing_of_it_is_open() {
    let member = Held::Party(Party::Member(MemberId(1)));
    let held = case(&[member]);
    let task = case_task(CaseId(5), held.clone());
    assert_eq!(task.item.label(), "case:5");
    assert_eq!(task.about, "claim:4, 0 open requests, 1 holds");
    assert_eq!(task.responsible, Some(Party::Member(REGULATOR)));
    assert_eq!((task.since, task.due), (10, None));
    assert!(matches!(
        task.item,
        Item::Case {
            is_ready: false,
            ..
        }
    ));
    let holds: Vec<Task> = hold_tasks(CaseId(5), &held).collect();
    assert_eq!(holds.len(), 1);
    assert_eq!(
        (holds[0].item.label(), holds[0].since),
        ("case:5/member:1".into(), 20)
    );
    let free = case_task(CaseId(5), case(&[]));
    assert!(matches!(free.item, Item::Case { is_ready: true, .. }));
}

#[test]
fn a_request_is_overdue_after_its_last_instant() {
    let request = Disclosure {
        case: CaseId(5),
        member: INSURER,
        request: Hash::zero(),
        requested_at: 10,
        due: 100,
        state: DisclosureState::Open,
    };
    let at = |now| disclosure_task(DisclosureId(6), &request, now);
    assert!(!at(100).is_overdue);
    assert!(at(101).is_overdue);
    // The member has to act, whoever looks.
    assert_eq!(at(0).responsible, Some(Party::Member(INSURER)));
    assert_eq!(at(0).about, "case:5, of member:2");
}

#[test]
fn an_emergency_waits_for_its_practitioner_first() {
    let doctor = PractitionerId(8);
    let emergency = |state, is_overdue| Unreviewed {
        emergency: Emergency {
            patient: PatientId(9),
            practitioner: doctor,
            member: MemberId(1),
            reason: EmergencyReason::Unconscious,
            digest: Hash::zero(),
            at: 10,
            until: 50,
            due: 100,
            state,
        },
        is_overdue,
    };
    let justified = EmergencyState::Justified(Justification {
        at: 60,
        digest: Hash::zero(),
    });
    let task = |state, is_overdue| {
        let it = emergency(state, is_overdue);
        emergency_task(EmergencyId(1), &it, REGULATOR)
    };
    let declared = task(EmergencyState::Declared, false);
    assert_eq!(declared.responsible, Some(Party::Practitioner(doctor)));
    assert_eq!((declared.due, declared.is_overdue), (Some(100), false));
    let late = task(EmergencyState::Declared, true);
    assert!(late.is_overdue && matches!(late.item, Item::Emergency { is_ready: true, .. }));
    let ready = task(justified, false);
    assert_eq!(ready.responsible, Some(Party::Member(REGULATOR)));
    assert_eq!(ready.due, None);
    assert_eq!(
        ready.about,
        "patient:9 by practitioner:8 at member:1, Unconscious, justified"
    );
}

fn waiting<V>(what: V, since: Moment) -> Waiting<V> {
    Waiting {
        what,
        since,
        due: Some(since + 5),
        is_overdue: since < 20,
    }
}

#[test]
fn flags_are_told_with_their_names() {
    let claim = Claim {
        invoice: InvoiceId(1),
        coverage: CoverageId(0),
        insurer: INSURER,
        flags: BoundedVec::truncate_from(vec![Flag::SplitAdmission, Flag::SwappedItem]),
        account_max_fen: 0,
        filed_at: 10,
        appealed_at: Some(12),
        state: ClaimState::Appealed,
        ruling: None,
        settlement: None,
        computed: None,
    };
    let task = claim_task(ClaimId(3), &waiting(claim, 12));
    assert_eq!(
        task.about,
        "invoice:1, appealed: SplitAdmission, SwappedItem"
    );
    assert_eq!(
        (task.since, task.due, task.is_overdue),
        (12, Some(17), true)
    );
    assert_eq!(task.responsible, Some(Party::Member(INSURER)));
    let refund = FlaggedRefund {
        settlement: SettlementId(2),
        coverage: CoverageId(0),
        member: MemberId(1),
        insurer: INSURER,
        refunded_fen: 500,
        flagged_at: 30,
        state: RefundState::Open,
    };
    let task = refund_task(InvoiceId(1), &waiting(refund, 30));
    assert_eq!(task.about, "settlement:2 of member:1, 500 fen refunded");
    assert_eq!(task.item.label(), "invoice:1");
}

#[test]
fn a_finding_needs_nobody() {
    let mut closed = case(&[]);
    closed.state = CaseState::Closed {
        finding: statement(),
        at: 99,
    };
    let task = finding_task(CaseId(5), closed);
    assert_eq!(
        (task.about.as_str(), task.since),
        ("claim:4, finding 7", 99)
    );
    assert_eq!(task.responsible, None);
}

#[test]
fn entries_of_several_insurers_are_put_in_order() {
    let of = |since| waiting((), since);
    let found = Found {
        entries: vec![(1, of(30)), (2, of(10)), (3, of(20))],
        is_cut: true,
    };
    let mut inbox = Inbox::new(REGULATOR, 40);
    inbox.add(Worklist::Claims, by_age(found), |id, it| Task {
        item: Item::Claim(ClaimId(id)),
        about: String::new(),
        since: it.since,
        due: it.due,
        is_overdue: it.is_overdue,
        responsible: None,
    });
    let order: Vec<String> = inbox
        .of(Worklist::Claims)
        .map(|it| it.item.label())
        .collect();
    assert_eq!(order, ["claim:2", "claim:3", "claim:1"]);
    assert_eq!(inbox.of(Worklist::Refunds).count(), 0);
    assert_eq!(inbox.cut, [Worklist::Claims]);
}
