//! What clients ask.

use frame_support::assert_ok;
use xinglin_primitives::{
    glue::VisitState, AppointmentId, ClaimId, CoverageId, InvoiceId, PatientId, SchemeId,
    SettlementId,
};

use crate::{computation::Review, mock::*, reads::PAGE_MAX, review::Flag, Call, Error};

#[test]
fn the_preview_is_what_settling_brings() {
    run(|| {
        credit(OF_ALICE, 50_000);
        let invoice = put(7, outpatient(300_000));
        touch(invoice, |bill| bill.paid_fen = 10_000);
        let preview = Insurance::pre_settle(invoice, OF_ALICE, 20_000).unwrap();
        assert_eq!(preview.flags.to_vec(), []);
        assert_eq!(preview.version, ago(1_095));
        assert_eq!(
            (preview.to_member_fen, preview.to_patient_fen),
            (160_000, 0)
        );
        assert_eq!(preview.rest_fen, 130_000);
        // It wrote nothing.
        assert_eq!(crate::NextSettlement::<Test>::get(), SettlementId(0));
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 20_000)));
        assert_eq!(settled(SettlementId(0)).split, preview.split);
    });
}

#[test]
fn the_preview_says_why_not() {
    let review = Review {
        needs_visit: true,
        ..Review::default()
    };
    let mut parameters = parameters();
    parameters.review = review;
    run_with(parameters, || {
        let preview = |invoice| Insurance::pre_settle(invoice, OF_ALICE, 0);
        assert_eq!(
            preview(InvoiceId(1)),
            Err(Error::<Test>::UnknownInvoice.into())
        );
        let large = inpatient(200_000_000, ago(9), ago(1));
        // The insurer would look first, and no money would move yet.
        assert_eq!(
            preview(put(2, large.clone())).unwrap().flags.to_vec(),
            [Flag::NoVisit]
        );
        let visited = MockBill {
            visit: Some(visit(5, VisitState::Fulfilled)),
            ..large
        };
        assert_eq!(
            preview(put(3, visited)),
            Err(Error::<Test>::FundTooSmall.into())
        );
        // Also of what is paid in full and would be claimed.
        let small = MockBill {
            visit: Some(AppointmentId(5)),
            ..outpatient(300_000)
        };
        let claimed = put(4, small);
        pay_outside(claimed);
        let preview = preview(claimed).unwrap();
        assert_eq!(
            (preview.to_member_fen, preview.to_patient_fen),
            (0, 140_000)
        );
    });
}

#[test]
fn coverages_come_with_a_year() {
    run(|| {
        settle(put(1, outpatient(300_000)));
        let enrol = |from, until| Call::enrol {
            patient: ALICE,
            scheme: SCHEME,
            insured: employed(),
            period: crate::types::Period {
                from,
                until: Some(until),
            },
        };
        for n in 0..3 {
            let day = ago(800 + n);
            assert_ok!(call(staff(INSURER), enrol(day, day)));
        }
        let page = |year, skip, limit| Insurance::coverages_of(ALICE, year, skip, limit);
        let all = page(None, 0, 10);
        let ids: Vec<_> = all.iter().map(|view| view.id.0).collect();
        assert_eq!(ids, [0, 2, 3, 4]);
        assert_eq!(all[0].year, 2024);
        assert_eq!(all[0].accumulators.total_fen, 300_000);
        assert_eq!(all[0].coverage, stored(OF_ALICE));
        assert_eq!(page(Some(2023), 0, 1)[0].accumulators.total_fen, 0);
        assert_eq!(page(None, 1, 2)[1].id, CoverageId(3));
        assert!(page(None, 4, 2).is_empty());
        assert!(Insurance::coverages_of(PatientId(9), None, 0, 9).is_empty());
    });
}

#[test]
fn open_claims_are_paged() {
    let mut parameters = parameters();
    parameters.review.needs_visit = true;
    run_with(parameters, || {
        let claims: Vec<ClaimId> = (0..PAGE_MAX + 5)
            .map(|n| flag(put(n.into(), outpatient(100))))
            .collect();
        let mut found = Vec::new();
        loop {
            let page = Insurance::open_claims(INSURER, found.last().copied(), 40);
            assert!(page.len() <= 40);
            if page.is_empty() {
                break;
            }
            for (id, claim) in page {
                assert_eq!(claim.insurer, INSURER);
                found.push(id);
            }
        }
        found.sort();
        assert_eq!(found, claims);
        let bounded = Insurance::open_claims(INSURER, None, u32::MAX);
        assert_eq!(bounded.len(), PAGE_MAX as usize);
        assert!(Insurance::open_claims(OTHER_INSURER, None, 9).is_empty());
        assert_ok!(call(own(ALICE), Call::withdraw { claim: claims[0] }));
        // A regulator's list is that of all insurers, and goes on behind what waits no more.
        let all = |after| Insurance::flagged_claims(None, after, 200);
        let first = all(None);
        assert_eq!(first.len(), PAGE_MAX as usize);
        let last = first.last().map(|(id, _)| *id);
        assert_eq!(all(last).len(), 4);
        assert_eq!(all(Some(claims[0])).len(), PAGE_MAX as usize);
        let own = Insurance::flagged_claims(Some(INSURER), Some(claims[0]), 2);
        let own: Vec<ClaimId> = own.into_iter().map(|(id, _)| id).collect();
        assert_eq!(own, claims[1..3]);
        let rest = Insurance::open_claims(INSURER, Some(claims[0]), 200);
        assert!(rest.iter().all(|(id, _)| *id != claims[0]));
    });
}

#[test]
fn settlements_are_paged_from_the_newest() {
    run(|| {
        let invoice = put(1, outpatient(100));
        let other = put(
            2,
            MockBill {
                service: (ago(2), ago(2)),
                ..outpatient(100)
            },
        );
        let reverse = |settlement| call(staff(INSURER), Call::reverse { settlement });
        let first = settle(invoice);
        assert_ok!(reverse(first));
        let second = settle(invoice);
        assert_ok!(reverse(second));
        let third = settle(other);
        let fourth = settle(invoice);
        let ids = |page: Vec<(SettlementId, _)>| -> Vec<SettlementId> {
            page.into_iter().map(|(id, _)| id).collect()
        };
        let of_coverage =
            |before, limit| ids(Insurance::settlements_of_coverage(OF_ALICE, before, limit));
        assert_eq!(of_coverage(None, 9), [fourth, third, second, first]);
        assert_eq!(of_coverage(Some(third), 1), [second]);
        assert_eq!(of_coverage(Some(first), 1), []);
        let of_invoice =
            |before, limit| ids(Insurance::settlements_of_invoice(invoice, before, limit));
        assert_eq!(of_invoice(None, 9), [fourth, second, first]);
        assert_eq!(of_invoice(Some(fourth), 1), [second]);
        // A settlement of another invoice or coverage leads nowhere.
        assert_eq!(of_invoice(Some(third), 9), []);
        assert_eq!(
            ids(Insurance::settlements_of_coverage(OF_BOB, Some(third), 9)),
            []
        );
        assert_eq!(Insurance::file_of(invoice).settlement, Some(fourth));
    });
}

#[test]
fn schemes_are_read_by_date() {
    run(|| {
        let (scheme, found) = Insurance::scheme_on(SCHEME, TODAY).unwrap();
        assert_eq!((scheme.insurer, found), (INSURER, parameters()));
        assert!(Insurance::scheme_on(SCHEME, ago(1_096)).is_none());
        assert!(Insurance::scheme_on(SchemeId(1), TODAY).is_none());
        assert!(Insurance::scheme_exists(SCHEME) && !Insurance::scheme_exists(SchemeId(1)));
        assert!(!Insurance::claim_exists(ClaimId(0)));
    });
}
