//! What the insurer looks at first.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::{
    glue::{Line, Setting, VisitState, LINES_MAX},
    time::Date,
    AppointmentId, ClaimId, Hash, InvoiceId, MemberId, SettlementId,
};

use crate::{
    computation::{Frequency, Review, SchemeParameters},
    mock::*,
    review::{Flag, DAY_CHARGES_MAX, SERVICES_MAX},
    states::ClaimState,
    types::Decision,
    Call, Claims, Error, Event, Services,
};

fn reviewed(review: Review) -> SchemeParameters {
    SchemeParameters {
        review,
        ..parameters()
    }
}

/// Why the insurer would look at it.
pub fn flags(invoice: InvoiceId) -> Vec<Flag> {
    let coverage = if bill(invoice).patient == ALICE {
        OF_ALICE
    } else {
        OF_BOB
    };
    Insurance::pre_settle(invoice, coverage, 0)
        .unwrap()
        .flags
        .to_vec()
}

/// An outpatient invoice of one day at the hospital.
pub fn on(day: Date, items: &[u8]) -> MockBill {
    let lines = items.iter().map(|item| line(*item, 100)).collect();
    MockBill {
        service: (day, day),
        lines: BoundedVec::truncate_from(lines),
        ..outpatient(0)
    }
}

#[test]
fn a_flagged_settlement_moves_no_money() {
    run(|| {
        credit(OF_ALICE, 500);
        events();
        let invoice = put(1, on(ago(1), &[1, 1]));
        let by_patient = Call::settle {
            invoice,
            coverage: OF_ALICE,
            account_max_fen: 77,
            payment: Some(Hash::zero()),
        };
        assert_ok!(call(own(ALICE), by_patient));
        let claim = ClaimId(0);
        assert_eq!(
            events(),
            [Event::Flagged {
                claim,
                invoice,
                coverage: OF_ALICE,
                insurer: INSURER
            }]
        );
        let it = Claims::<Test>::get(claim).unwrap();
        assert_eq!(it.state, ClaimState::Flagged);
        assert_eq!(it.flags.to_vec(), [Flag::DuplicateCharge]);
        assert_eq!(
            (it.invoice, it.coverage, it.insurer),
            (invoice, OF_ALICE, INSURER)
        );
        assert_eq!((it.account_max_fen, it.filed_at), (77, Now::get()));
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN);
        assert_eq!(bill(invoice).paid_fen, 0);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::ClaimOpen
        );
        assert_eq!(
            Insurance::pre_settle(invoice, OF_ALICE, 0),
            Err(Error::<Test>::ClaimOpen.into())
        );
    });
}

#[test]
fn an_item_twice_on_a_day_is_a_duplicate() {
    run(|| {
        settle(put(1, on(ago(1), &[1, 2])));
        assert_eq!(flags(put(2, on(ago(1), &[3, 4]))), []);
        assert_eq!(flags(put(3, on(ago(1), &[3, 2]))), [Flag::DuplicateCharge]);
        assert_eq!(flags(put(4, on(ago(1), &[3, 3]))), [Flag::DuplicateCharge]);
        // On another day, by another member, of another patient.
        assert_eq!(flags(put(5, on(ago(2), &[1]))), []);
        let elsewhere = MockBill {
            member: CLINIC,
            ..on(ago(1), &[1])
        };
        assert_eq!(flags(put(6, elsewhere)), []);
        let of_bob = MockBill {
            patient: BOB,
            ..on(ago(1), &[1])
        };
        assert_eq!(flags(put(7, of_bob)), []);
        // Days of a stay are those of its last.
        let stay = MockBill {
            service: (ago(9), ago(1)),
            ..on(ago(1), &[2])
        };
        assert_eq!(flags(put(8, stay)), [Flag::DuplicateCharge]);
    });
}

#[test]
fn a_day_has_so_many_settled_lines() {
    run(|| {
        let full = |id: u64| {
            let lines = (0..LINES_MAX).map(|n| {
                let number = u64::from(n) + id * 1_000;
                Line {
                    item: Hash::from_low_u64_le(number),
                    ..line(0, 1)
                }
            });
            MockBill {
                lines: BoundedVec::truncate_from(lines.collect()),
                ..outpatient(0)
            }
        };
        let bills = u64::from(DAY_CHARGES_MAX / LINES_MAX);
        let ids: Vec<_> = (0..bills).map(|id| settle(put(id, full(id)))).collect();
        let more = put(bills, on(ago(1), &[9]));
        assert_noop!(
            call(own(ALICE), settlement(more, OF_ALICE, 0)),
            Error::<Test>::TooManyCharges
        );
        assert_eq!(
            Insurance::pre_settle(more, OF_ALICE, 0),
            Err(Error::<Test>::TooManyCharges.into())
        );
        let reverse = Call::reverse {
            settlement: *ids.last().unwrap(),
        };
        assert_ok!(call(staff(HOSPITAL), reverse));
        settle(more);
    });
}

#[test]
fn nobody_is_in_two_stays_at_a_time() {
    run(|| {
        let own_visit = visit(5, VisitState::Arrived);
        let stay = |id, member: MemberId, visit, from, to| {
            let served = MockBill {
                member,
                visit,
                ..inpatient(100_000, from, to)
            };
            put(id, served)
        };
        let visited = Some(own_visit);
        settle(stay(1, HOSPITAL, visited, ago(20), ago(10)));
        let overlaps = [Flag::OverlapsAdmission];
        assert_eq!(flags(stay(2, CLINIC, None, ago(11), ago(5))), overlaps);
        assert_eq!(flags(stay(3, CLINIC, None, ago(25), ago(19))), overlaps);
        assert_eq!(flags(stay(4, CLINIC, None, ago(15), ago(14))), overlaps);
        assert_eq!(flags(stay(5, CLINIC, None, ago(30), ago(5))), overlaps);
        // Another visit to the same member, or none that is named.
        let other = Some(AppointmentId(6));
        assert_eq!(flags(stay(6, HOSPITAL, other, ago(15), ago(14))), overlaps);
        assert_eq!(flags(stay(7, HOSPITAL, None, ago(15), ago(14))), overlaps);
        // The same visit, and days on which one is discharged or admitted.
        assert_eq!(flags(stay(8, HOSPITAL, visited, ago(15), ago(11))), []);
        assert_eq!(flags(stay(9, CLINIC, None, ago(10), ago(5))), []);
        assert_eq!(flags(stay(10, CLINIC, None, ago(25), ago(20))), []);
        // An inpatient is no outpatient meanwhile.
        assert_eq!(flags(put(11, on(ago(12), &[9]))), overlaps);
        assert_eq!(flags(put(12, on(ago(10), &[9]))), []);
        let of_bob = MockBill {
            patient: BOB,
            ..inpatient(100, ago(15), ago(14))
        };
        assert_eq!(flags(put(13, of_bob)), []);
    });
}

#[test]
fn a_total_above_the_threshold_is_looked_at() {
    let review = Review {
        total_fen: Some(1_000),
        ..Review::default()
    };
    run_with(reviewed(review), || {
        assert_eq!(flags(put(1, outpatient(1_000))), []);
        assert_eq!(flags(put(2, outpatient(1_001))), [Flag::AboveThreshold]);
    });
}

#[test]
fn a_service_has_a_visit_and_a_record() {
    let review = Review {
        needs_visit: true,
        needs_record: true,
        ..Review::default()
    };
    run_with(reviewed(review), || {
        let at_visit = |id, visit| {
            put(
                id,
                MockBill {
                    visit,
                    ..outpatient(100)
                },
            )
        };
        let both = [Flag::NoVisit, Flag::NoRecord];
        assert_eq!(flags(at_visit(1, None)), both);
        assert_eq!(flags(at_visit(2, Some(AppointmentId(77)))), both);
        for state in [VisitState::Planned, VisitState::Off] {
            assert_eq!(flags(at_visit(3, Some(visit(1, state)))), both);
        }
        for state in [VisitState::Arrived, VisitState::Fulfilled] {
            let took_place = at_visit(4, Some(visit(1, state)));
            assert_eq!(flags(took_place), [Flag::NoRecord]);
        }
        Documented::set([AppointmentId(1)].into());
        assert_eq!(flags(at_visit(5, Some(AppointmentId(1)))), []);
        // The visit of somebody else, or to somebody else.
        let of_bob = MockBill {
            patient: BOB,
            ..bill(InvoiceId(5))
        };
        assert_eq!(flags(put(6, of_bob)), [Flag::NoVisit]);
        let elsewhere = MockBill {
            member: CLINIC,
            ..bill(InvoiceId(5))
        };
        assert_eq!(flags(put(7, elsewhere)), [Flag::NoVisit]);
    });
}

#[test]
fn more_invoices_than_usual_are_looked_at() {
    let review = Review {
        frequency: Some(Frequency {
            invoices: 2,
            days: 10,
        }),
        ..Review::default()
    };
    run_with(reviewed(review), || {
        settle(put(1, on(ago(15), &[1])));
        settle(put(2, on(ago(10), &[1])));
        assert_eq!(flags(put(3, on(ago(6), &[1]))), [Flag::Frequent]);
        // The first has left the period; a later one counts, too.
        assert_eq!(flags(put(4, on(ago(5), &[1]))), []);
        assert_eq!(flags(put(5, on(ago(11), &[1]))), [Flag::Frequent]);
        assert_eq!(flags(put(7, on(ago(20), &[1]))), []);
        let of_bob = MockBill {
            patient: BOB,
            ..on(ago(6), &[1])
        };
        assert_eq!(flags(put(6, of_bob)), []);
    });
}

#[test]
fn the_latest_services_are_remembered() {
    run(|| {
        let ids: Vec<SettlementId> = (0..=SERVICES_MAX)
            .map(|n| settle(put(n.into(), on(ago(200 - n), &[1]))))
            .collect();
        let known = Services::<Test>::get(ALICE);
        assert_eq!(known.len(), SERVICES_MAX as usize);
        assert_eq!(known[0].settlement, ids[1]);
    });
}

#[test]
fn several_reasons_are_told_at_once() {
    let review = Review {
        total_fen: Some(10),
        needs_visit: true,
        needs_record: true,
        frequency: Some(Frequency {
            invoices: 1,
            days: 30,
        }),
    };
    run_with(reviewed(review), || {
        let stay = put(1, inpatient(100, ago(20), ago(10)));
        let claim = flag(stay);
        let approve = Call::decide {
            claim,
            decision: Decision::Approve,
            reason: 0,
        };
        assert_ok!(call(staff(INSURER), approve));
        let all = put(
            2,
            MockBill {
                setting: Setting::Inpatient,
                service: (ago(15), ago(9)),
                ..on(ago(9), &[1, 1])
            },
        );
        assert_eq!(
            flags(all),
            [
                Flag::DuplicateCharge,
                Flag::OverlapsAdmission,
                Flag::AboveThreshold,
                Flag::NoVisit,
                Flag::NoRecord,
                Flag::Frequent,
            ]
        );
    });
}
