//! Who is told how an invoice was settled that two insurers may open, and both have settled: the second
//! after the settlement by the first was taken back.

use std::collections::BTreeSet;

use xinglin_primitives::{privacy::Topic, ClaimId, Entity, InvoiceId, MemberId, SettlementId};

use super::{
    money,
    policy::{apply, asker_of, populated, settlement, COVERAGE, OTHER_COVERAGE, ROLES, VISIT},
    *,
};
use crate::{answers, privacy::may_ask, Runtime};

const PATIENT: &str = "//Alice//patient//1";
const HOSPITAL: &str = "//Alice";
const INSURER: &str = "//Charlie";
const OTHER_INSURER: &str = "//Ferdie";
const INSURERS: [MemberId; 2] = [MemberId(2), MemberId(6)];
/// Enough for all that is settled here.
const FUND_FEN: u128 = 1_000_000;

const INVOICE: InvoiceId = InvoiceId(3);
/// By the insurer, and reversed.
const FIRST: SettlementId = SettlementId(1);
/// By the other insurer.
const SECOND: SettlementId = SettlementId(2);
/// Put to the other insurer.
const OTHER_CLAIM: ClaimId = ClaimId(1);
/// To whom all settlements are told.
const TOLD_ALL: [&str; 6] = [
    "patient",
    "pays",
    "hospital",
    "desk",
    "case of her",
    "case of the hospital",
];

fn reversal(settlement: u64) -> RuntimeCall {
    pallet_insurance::Call::reverse {
        settlement: SettlementId(settlement),
    }
    .into()
}

/// A chain with an invoice that both insurers may open and that nobody has settled.
fn charged() -> Chain {
    let mut chain = populated();
    // What is settled already would make the same a duplicate.
    apply(&mut chain, INSURER, 4, reversal(0));
    apply(&mut chain, INSURER, 5, transfer(OTHER_INSURER, FUND_FEN));
    let invoice = money::invoice(Some(VISIT), b"fourth", &INSURERS);
    apply(&mut chain, HOSPITAL, 8, invoice);
    chain
}

/// The same chain, on which one insurer's settlement was reversed, the other one has settled the
/// invoice, and the same once more is put to it as a claim.
fn settled_by_both() -> Chain {
    let mut chain = charged();
    apply(&mut chain, PATIENT, 7, settlement(INVOICE.0, COVERAGE));
    apply(&mut chain, INSURER, 6, reversal(FIRST.0));
    let second = settlement(INVOICE.0, OTHER_COVERAGE);
    apply(&mut chain, PATIENT, 8, second);
    let duplicate = money::invoice(Some(VISIT), b"fifth", &INSURERS);
    apply(&mut chain, HOSPITAL, 9, duplicate);
    let claim = settlement(INVOICE.0 + 1, OTHER_COVERAGE);
    apply(&mut chain, PATIENT, 9, claim);
    chain.check();
    chain
}

/// The settlements of the invoice that a role is told of: none if it may not ask about the invoice.
fn told(
    chain: &mut Chain,
    role: &str,
    before: Option<SettlementId>,
    limit: u32,
) -> Vec<SettlementId> {
    let asker = asker_of(role);
    let page = || match may_ask(&asker.account, Topic::Invoice(INVOICE), asker.case) {
        Ok(()) => answers::settlements_of(&asker, INVOICE, before, limit),
        Err(_) => Vec::new(),
    };
    chain.discard(page).into_iter().map(|(id, _)| id).collect()
}

/// The roles that may ask about a topic without a case.
fn askers(chain: &mut Chain, topic: Topic) -> BTreeSet<&'static str> {
    let roles = ROLES.iter().filter(|(.., case)| case.is_none());
    roles
        .map(|(role, ..)| *role)
        .filter(|role| {
            let account = asker_of(role).account;
            chain.discard(|| may_ask(&account, topic, None)).is_ok()
        })
        .collect()
}

#[test]
fn an_insurer_is_told_of_its_own_settlements() {
    let mut chain = settled_by_both();
    for (role, ..) in ROLES {
        let expected = match role {
            "insurer" => vec![FIRST],
            "other insurer" => vec![SECOND],
            role if TOLD_ALL.contains(&role) => vec![SECOND, FIRST],
            _ => Vec::new(),
        };
        assert_eq!(told(&mut chain, role, None, 100), expected, "{role}");
    }
}

#[test]
fn who_may_open_an_invoice_that_it_has_not_settled_is_told_of_no_settlement() {
    let mut chain = charged();
    apply(&mut chain, PATIENT, 7, settlement(INVOICE.0, COVERAGE));
    let topic = Topic::Invoice(INVOICE);
    assert!(askers(&mut chain, topic).contains("other insurer"));
    assert!(told(&mut chain, "other insurer", None, 100).is_empty());
    assert_eq!(told(&mut chain, "insurer", None, 100), [FIRST]);
}

#[test]
fn a_page_of_settlements_counts_what_is_told() {
    let mut chain = settled_by_both();
    assert_eq!(told(&mut chain, "insurer", None, 1), [FIRST]);
    assert_eq!(told(&mut chain, "insurer", Some(SECOND), 1), [FIRST]);
    assert!(told(&mut chain, "insurer", Some(FIRST), 1).is_empty());
    assert!(told(&mut chain, "other insurer", None, 0).is_empty());
    assert!(told(&mut chain, "other insurer", Some(SECOND), 1).is_empty());
    assert_eq!(told(&mut chain, "patient", None, 1), [SECOND]);
    assert_eq!(told(&mut chain, "patient", Some(SECOND), 1), [FIRST]);
}

/// Puts so many reversed settlements by the other insurer between the first and the second one.
fn bury_first(chain: &mut Chain, count: u64) {
    use pallet_insurance::{types::SettlementState, Settlements};

    chain.ext.execute_with(|| {
        let mut second = Settlements::<Runtime>::get(SECOND).unwrap();
        let mut earlier = second.clone();
        earlier.state = SettlementState::Reversed;
        second.previous_of_invoice = Some(FIRST);
        for id in 1_000..1_000 + count {
            earlier.previous_of_invoice = second.previous_of_invoice;
            Settlements::<Runtime>::insert(SettlementId(id), &earlier);
            second.previous_of_invoice = Some(SettlementId(id));
        }
        Settlements::<Runtime>::insert(SECOND, second);
    });
}

#[test]
fn settlements_are_looked_for_on_so_many_pages() {
    let mut chain = settled_by_both();
    // With the first and the second one, they fill ten pages.
    bury_first(&mut chain, 998);
    assert_eq!(told(&mut chain, "insurer", None, 1), [FIRST]);
    bury_first(&mut chain, 999);
    assert!(told(&mut chain, "insurer", None, 1).is_empty());
}

#[test]
fn histories_of_settlements_and_claims_are_not_the_other_insurers() {
    let mut chain = settled_by_both();
    let sides = ["patient", "pays", "hospital", "desk"];
    let rows = [
        (Entity::Settlement(FIRST), "insurer"),
        (Entity::Settlement(SECOND), "other insurer"),
        (Entity::Claim(OTHER_CLAIM), "other insurer"),
    ];
    for (entity, insurer) in rows {
        let expected = BTreeSet::from_iter(sides.into_iter().chain([insurer]));
        let found = askers(&mut chain, Topic::History(entity));
        assert_eq!(found, expected, "{entity}");
    }
}

#[test]
fn a_trail_has_the_settlements_by_all_insurers_for_the_sides_of_the_invoice() {
    let mut chain = settled_by_both();
    for role in TOLD_ALL {
        let asker = asker_of(role);
        let trail = chain
            .discard(|| answers::trail_of(&asker, VISIT, None))
            .unwrap();
        let mut invoices = trail.invoices.iter();
        let found = invoices.find(|(status, _)| status.id == INVOICE);
        let (_, settlements) = found.unwrap();
        let ids: Vec<_> = settlements.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [SECOND, FIRST], "{role}");
    }
    for role in ["insurer", "other insurer"] {
        let asker = asker_of(role);
        let trail = chain
            .discard(|| answers::trail_of(&asker, VISIT, None))
            .unwrap();
        assert!(trail.invoices.is_empty(), "{role}");
    }
}

#[test]
fn a_trail_has_its_invoices_in_pages() {
    use pallet_payments::{Invoices, LatestOfVisit};

    let mut chain = populated();
    let ids: Vec<_> = (0..3).chain(1_000..1_247).map(InvoiceId).collect();
    chain.ext.execute_with(|| {
        let mut invoice = Invoices::<Runtime>::get(ids[2]).unwrap();
        for id in &ids[3..] {
            invoice.previous_of_visit = LatestOfVisit::<Runtime>::get(VISIT);
            Invoices::<Runtime>::insert(id, &invoice);
            LatestOfVisit::<Runtime>::insert(VISIT, id);
        }
    });
    let mut page = |role, before| {
        let asker = asker_of(role);
        let trail = chain.discard(|| answers::trail_of(&asker, VISIT, before));
        let trail = trail.unwrap();
        let invoices = trail.invoices.iter().map(|(status, _)| status.id);
        (
            invoices.collect::<Vec<_>>(),
            trail.next,
            trail.records.len(),
        )
    };
    let newest_first: Vec<_> = ids.iter().rev().copied().collect();
    let mut before = None;
    for expected in newest_first.chunks(100) {
        let (invoices, next, records) = page("patient", before);
        assert_eq!((&invoices[..], records), (expected, 1));
        before = next;
        assert_eq!(before.is_some(), invoices.last() != ids.first());
    }
    assert_eq!(page("doctor", None), (Vec::new(), None, 1));
}
