//! What others may ask.

use frame_support::assert_ok;
use xinglin_primitives::{AppointmentId, InvoiceId, MemberId, PatientId};

use crate::{
    mock::*,
    number::InvoiceNumber,
    reads::{Document, InvoiceStatus, PAGE_MAX},
    types::{ProviderId, RedemptionId, RefundOf},
    Call,
};

fn ids(page: &[InvoiceStatus]) -> Vec<InvoiceId> {
    page.iter().map(|status| status.id).collect()
}

fn for_visit(patient: PatientId, visit: AppointmentId) -> InvoiceId {
    let mut invoice = charge(&[(100, 1)]);
    (invoice.patient, invoice.visit) = (patient, Some(visit));
    issue(HOSPITAL, invoice)
}

#[test]
fn invoices_are_found_by_number() {
    run(|| {
        let id = issued();
        pay(id, 1_000, 1);
        let red = refund(id, RefundOf::Everything, 1);
        let number = |sequence| InvoiceNumber {
            year: 2024,
            member: HOSPITAL,
            sequence,
        };
        let (found, document) = Payments::document_by_number(number(1)).unwrap();
        assert_eq!(found, id);
        assert!(matches!(document, Document::Blue(status, _) if status.id == id));
        let (found, document) = Payments::document_by_number(number(2)).unwrap();
        assert_eq!(found, red);
        assert!(matches!(document, Document::Red(letter) if letter.blue == id));
        assert_eq!(Payments::document_by_number(number(3)), None);
        assert_eq!(Payments::document(InvoiceId(77)), None);
        assert_eq!(Payments::status_of(red), None);
    });
}

#[test]
fn a_patients_invoices_come_in_pages_newest_first() {
    run(|| {
        let mut own: Vec<_> = (0..5)
            .map(|n| {
                let id = issue(
                    if n % 2 == 0 { HOSPITAL } else { CLINIC },
                    charge(&[(100, 1)]),
                );
                // Others come between.
                for_visit(BOB, AppointmentId(8));
                id
            })
            .collect();
        own.reverse();
        let page = |before, limit| ids(&Payments::invoices_of(ALICE, before, limit));
        assert_eq!(page(None, 3), own[..3]);
        assert_eq!(page(Some(own[2]), 3), own[3..]);
        assert_eq!(page(Some(own[4]), 3), []);
        assert_eq!(page(None, 0), []);
        // The cursor must be the patient's own.
        let bobs = Payments::invoices_of(BOB, None, 1)[0].id;
        assert_eq!(page(Some(bobs), 3), []);
        assert_eq!(Payments::invoices_of(PatientId(77), None, 3), []);
    });
}

#[test]
fn a_visits_invoices_come_newest_first() {
    run(|| {
        let first = for_visit(ALICE, VISIT);
        issued();
        let second = for_visit(ALICE, VISIT);
        for_visit(BOB, AppointmentId(8));
        let page = |before, limit| ids(&Payments::invoices_of_visit(VISIT, before, limit));
        assert_eq!(page(None, 9), [second, first]);
        assert_eq!(page(None, 1), [second]);
        assert_eq!(page(Some(second), 9), [first]);
    });
}

#[test]
fn pages_are_bounded() {
    run(|| {
        for _ in 0..=PAGE_MAX {
            issue(HOSPITAL, charge(&[(1, 1)]));
        }
        let max = PAGE_MAX as usize;
        assert_eq!(Payments::invoices_of(ALICE, None, u32::MAX).len(), max);
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, u32::MAX).len(), max);
    });
}

#[test]
fn what_a_member_is_owed_comes_oldest_first() {
    run(|| {
        // More than one byte of ids, so that the order of the bytes matters.
        let issued: Vec<_> = (0..300)
            .map(|_| issue(HOSPITAL, charge(&[(10, 1)])))
            .collect();
        issue(CLINIC, charge(&[(10, 1)]));
        for (n, id) in issued.iter().enumerate() {
            if n % 100 != 99 {
                pay(*id, 10, n as u64);
            }
        }
        let due: Vec<_> = issued.iter().copied().skip(99).step_by(100).collect();
        let page = |after, limit| ids(&Payments::unpaid_of(HOSPITAL, after, limit));
        assert_eq!(page(None, 9), due);
        assert_eq!(page(None, 1), due[..1]);
        assert_eq!(page(Some(due[0]), 9), due[1..]);
        // The cursor may have been paid by then.
        assert_eq!(page(Some(issued[150]), 9), due[1..]);
        assert_eq!(page(Some(due[2]), 9), []);
        assert_eq!(Payments::unpaid_of(MemberId(77), None, 9), []);
    });
}

#[test]
fn open_redemptions_are_found_by_holder_and_bank() {
    run(|| {
        let issue = |bank, n| {
            let issue = Call::issue {
                to: own(ALICE),
                amount_fen: 100,
                reference: hash(n),
            };
            assert_ok!(call(staff(bank), issue));
        };
        issue(BANK, 1);
        issue(SECOND_BANK, 1);
        let request = |patient, bank| {
            let request = Call::request_redemption {
                bank,
                amount_fen: 10,
                payout: hash(1),
            };
            assert_ok!(call(own(patient), request));
        };
        request(ALICE, BANK);
        request(ALICE, SECOND_BANK);
        request(BOB, BANK);
        let numbers = |list: Vec<(RedemptionId, _)>| -> Vec<u64> {
            list.into_iter().map(|(id, _)| id.0).collect()
        };
        assert_eq!(numbers(Payments::redemptions_of(&own(ALICE))), [0, 1]);
        assert_eq!(numbers(Payments::redemptions_at(BANK, None, 9)), [0, 2]);
        assert_eq!(numbers(Payments::redemptions_at(BANK, None, 1)), [0]);
        let after = Some(RedemptionId(0));
        assert_eq!(numbers(Payments::redemptions_at(BANK, after, 9)), [2]);
        assert_eq!(Payments::bank_book(BANK).redeemable_fen(), 80);
    });
}

#[test]
fn providers_are_found() {
    run(|| {
        let card = Payments::provider(CARD).unwrap();
        assert_eq!(card.name.to_vec(), "银行卡".as_bytes());
        assert_eq!(
            (card.account, card.key),
            (provider_account(CARD), key_of(CARD))
        );
        assert_eq!(Payments::provider(ProviderId(2)), None);
    });
}
