//! What the council finds remarkable, each rule with what it finds and what it does not.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{CatalogueClass, Line, VisitState, LINES_MAX},
    time::Date,
    Hash, InvoiceId, MemberId,
};

use crate::{
    computation::Frequency,
    mock::*,
    norms::{Norms, Repetition, Repetitions, Swap},
    review::{Flag, ITEMS_MAX},
    types::Decision,
    Call, Error, Event, Items, NormsInForce,
};

/// Runs a test under norms.
fn under(norms: Norms, test: impl FnOnce()) {
    run(|| {
        assert_ok!(set_norms(norms));
        test();
    });
}

fn flags(invoice: InvoiceId) -> Vec<Flag> {
    let coverage = if bill(invoice).patient == ALICE {
        OF_ALICE
    } else {
        OF_BOB
    };
    let preview = Insurance::pre_settle(invoice, coverage, 0).unwrap();
    preview.flags.to_vec()
}

fn on(day: Date, lines: &[Line]) -> MockBill {
    MockBill {
        service: (day, day),
        lines: BoundedVec::truncate_from(lines.to_vec()),
        ..outpatient(0)
    }
}

fn of_class(class: CatalogueClass) -> Line {
    Line {
        class,
        ..line(1, 1_000)
    }
}

#[test]
fn only_the_council_sets_norms_and_within_bounds() {
    run(|| {
        let norms = Norms {
            readmission_days: Some(90),
            swap: Some(Swap {
                days: 366,
                price_bp: 50_000,
            }),
            refund_days: Some(366),
            decision_days: Some(366),
            ..Norms::default()
        };
        for by in [staff(INSURER), staff(REGULATOR), own(ALICE)] {
            let set = call(by, Call::set_norms { norms });
            assert_eq!(set, Err(DispatchError::BadOrigin));
        }
        assert_ok!(set_norms(norms));
        assert_eq!(NormsInForce::<Test>::get(), norms);
        assert_eq!(events(), [Event::NormsSet { norms }]);
        let repeated = |times, days| Repetitions {
            b: Some(Repetition { times, days }),
            ..Repetitions::default()
        };
        let swapped = |days, price_bp| Some(Swap { days, price_bp });
        let none = Norms::default();
        for bad in [
            Norms {
                readmission_days: Some(0),
                ..none
            },
            Norms {
                readmission_days: Some(91),
                ..none
            },
            Norms {
                swap: swapped(367, 0),
                ..none
            },
            Norms {
                swap: swapped(0, 50_001),
                ..none
            },
            Norms {
                repetition: repeated(0, 1),
                ..none
            },
            Norms {
                repetition: repeated(64, 1),
                ..none
            },
            Norms {
                repetition: repeated(1, 0),
                ..none
            },
            Norms {
                repetition: repeated(1, 367),
                ..none
            },
            Norms {
                frequency: Some(Frequency {
                    invoices: 64,
                    days: 1,
                }),
                ..none
            },
            Norms {
                refund_days: Some(0),
                ..none
            },
            Norms {
                refund_days: Some(367),
                ..none
            },
            Norms {
                decision_days: Some(0),
                ..none
            },
            Norms {
                decision_days: Some(367),
                ..none
            },
        ] {
            assert_eq!(
                set_norms(bad),
                Err(Error::<Test>::BadNorms.into()),
                "{bad:?}"
            );
        }
        assert_eq!(NormsInForce::<Test>::get(), norms);
    });
}

#[test]
fn a_rule_without_its_parameter_is_off() {
    run(|| {
        settle(put(1, inpatient(1_000, ago(20), ago(10))));
        assert_eq!(flags(put(2, inpatient(1_000, ago(10), ago(5)))), []);
        let dear = on(ago(5), &[line(1, 9_000)]);
        assert_eq!(flags(put(3, dear)), []);
    });
}

#[test]
fn a_stay_that_goes_on_within_days_is_a_split_admission() {
    let norms = Norms {
        readmission_days: Some(7),
        ..Norms::default()
    };
    under(norms, || {
        let first = Some(visit(5, VisitState::Fulfilled));
        let second = Some(visit(6, VisitState::Fulfilled));
        let stay = |id, member: MemberId, visit, from, to| {
            let served = MockBill {
                member,
                visit,
                ..inpatient(1_000, ago(from), ago(to))
            };
            put(id, served)
        };
        settle(stay(1, HOSPITAL, first, 40, 30));
        let split = [Flag::SplitAdmission];
        // Discharged and admitted on one day, and seven days later.
        assert_eq!(flags(stay(2, HOSPITAL, second, 30, 25)), split);
        assert_eq!(flags(stay(3, HOSPITAL, second, 23, 20)), split);
        // One day too late.
        assert_eq!(flags(stay(4, HOSPITAL, second, 22, 20)), []);
        // What comes before, but is settled afterwards.
        assert_eq!(flags(stay(5, HOSPITAL, second, 50, 47)), split);
        assert_eq!(flags(stay(6, HOSPITAL, second, 50, 48)), []);
        // The same visit in parts, another member, a visit without a bed, another patient.
        assert_eq!(flags(stay(7, HOSPITAL, first, 30, 25)), []);
        assert_eq!(flags(stay(8, CLINIC, second, 30, 25)), []);
        assert_eq!(flags(put(9, on(ago(28), &[line(9, 100)]))), []);
        let of_bob = MockBill {
            patient: BOB,
            ..inpatient(1_000, ago(30), ago(25))
        };
        assert_eq!(flags(put(10, of_bob)), []);
        // A stay that overlaps is that, and no other one.
        let overlapping = stay(11, HOSPITAL, second, 35, 29);
        assert_eq!(flags(overlapping), [Flag::OverlapsAdmission]);
    });
}

#[test]
fn an_item_on_other_terms_is_a_swap() {
    let norms = Norms {
        swap: Some(Swap {
            days: 30,
            price_bp: 2_000,
        }),
        ..Norms::default()
    };
    under(norms, || {
        let class_b = Line {
            class: CatalogueClass::B,
            prepay_bp: 1_000,
            ..line(1, 1_000)
        };
        settle(put(1, on(ago(50), &[class_b.clone(), line(2, 500)])));
        let swapped = [Flag::SwappedItem];
        let at = |id, days, line: &Line| put(id, on(ago(days), core::slice::from_ref(line)));
        assert_eq!(flags(at(2, 40, &class_b)), []);
        // Another class, prepayment or flat share.
        let class_a = Line {
            class: CatalogueClass::A,
            ..class_b.clone()
        };
        assert_eq!(flags(at(3, 40, &class_a)), swapped);
        let cheap = Line {
            prepay_bp: 999,
            ..class_b.clone()
        };
        assert_eq!(flags(at(4, 40, &cheap)), swapped);
        let flat = Line {
            fund_share_bp: Some(5_000),
            ..class_b.clone()
        };
        assert_eq!(flags(at(5, 40, &flat)), swapped);
        // A fifth dearer is usual, more is not; nor is what is so much cheaper.
        let priced = |unit_price_fen| Line {
            unit_price_fen,
            ..class_b.clone()
        };
        assert_eq!(flags(at(6, 40, &priced(1_200))), []);
        assert_eq!(flags(at(7, 40, &priced(1_201))), swapped);
        assert_eq!(flags(at(8, 40, &priced(834))), []);
        assert_eq!(flags(at(9, 40, &priced(833))), swapped);
        // 30 days before and after, and no more.
        assert_eq!(flags(at(10, 20, &class_a)), swapped);
        assert_eq!(flags(at(11, 19, &class_a)), []);
        assert_eq!(flags(at(12, 80, &class_a)), swapped);
        assert_eq!(flags(at(13, 81, &class_a)), []);
        // Quantity and limit are not compared, nor other items, members and patients.
        let more = Line {
            quantity: 9,
            price_limit_fen: Some(10),
            ..class_b.clone()
        };
        assert_eq!(flags(at(14, 40, &more)), []);
        assert_eq!(flags(at(15, 40, &line(3, 77))), []);
        for (id, it) in [
            (
                16,
                MockBill {
                    member: CLINIC,
                    ..on(ago(40), core::slice::from_ref(&class_a))
                },
            ),
            (
                17,
                MockBill {
                    patient: BOB,
                    ..on(ago(40), core::slice::from_ref(&class_a))
                },
            ),
        ] {
            assert_eq!(flags(put(id, it)), []);
        }
        // Within one bill it is charged twice, too.
        let both = put(18, on(ago(10), &[class_a, class_b]));
        assert_eq!(flags(both), [Flag::DuplicateCharge, Flag::SwappedItem]);
    });
}

#[test]
fn an_item_charged_too_often_for_its_class() {
    let norms = Norms {
        repetition: Repetitions {
            a: Some(Repetition { times: 2, days: 10 }),
            b: None,
            c: Some(Repetition { times: 1, days: 10 }),
        },
        ..Norms::default()
    };
    under(norms, || {
        settle(put(1, on(ago(30), &[of_class(CatalogueClass::A)])));
        settle(put(2, on(ago(25), &[of_class(CatalogueClass::A)])));
        let at = |id, days, line: Line| put(id, on(ago(days), &[line]));
        let frequent = [Flag::FrequentItem];
        let class_a = || of_class(CatalogueClass::A);
        assert_eq!(flags(at(3, 21, class_a())), frequent);
        // The first has left the period; a later one counts, too.
        assert_eq!(flags(at(4, 20, class_a())), []);
        assert_eq!(flags(at(5, 28, class_a())), frequent);
        assert_eq!(flags(at(12, 35, class_a())), []);
        assert_eq!(flags(at(6, 21, line(2, 100))), []);
        // A class without a norm, and one with a stricter.
        assert_eq!(flags(at(7, 21, of_class(CatalogueClass::B))), []);
        assert_eq!(flags(at(8, 20, of_class(CatalogueClass::C))), frequent);
        // Lines of the bill itself count.
        let thrice = on(ago(5), &[line(7, 1), line(7, 1), line(7, 1)]);
        assert_eq!(
            flags(put(9, thrice)),
            [Flag::DuplicateCharge, Flag::FrequentItem]
        );
        for (id, it) in [
            (
                10,
                MockBill {
                    member: CLINIC,
                    ..on(ago(21), &[class_a()])
                },
            ),
            (
                11,
                MockBill {
                    patient: BOB,
                    ..on(ago(21), &[class_a()])
                },
            ),
        ] {
            assert_eq!(flags(put(id, it)), []);
        }
    });
}

#[test]
fn the_council_asks_of_all_what_a_scheme_may_ask_of_its_own() {
    let norms = Norms {
        needs_visit: true,
        needs_record: true,
        frequency: Some(Frequency {
            invoices: 1,
            days: 30,
        }),
        ..Norms::default()
    };
    under(norms, || {
        let visited = |id, day| {
            let it = MockBill {
                visit: Some(visit(5, VisitState::Arrived)),
                ..on(day, &[line(1, 100)])
            };
            put(id, it)
        };
        assert_eq!(flags(visited(1, ago(9))), [Flag::NoRecord]);
        Documented::set([xinglin_primitives::AppointmentId(5)].into());
        settle(visited(1, ago(9)));
        assert_eq!(flags(visited(2, ago(8))), [Flag::Frequent]);
        let without = put(3, on(ago(60), &[line(1, 100)]));
        assert_eq!(flags(without), [Flag::NoVisit, Flag::NoRecord]);
    });
}

/// A flag makes the insurer look; approved, the invoice brings what it would have brought.
#[test]
fn a_flag_changes_nothing_of_what_is_paid() {
    let paid = |norms: Norms| {
        let mut split = None;
        under(norms, || {
            settle(put(1, inpatient(900_000, ago(20), ago(10))));
            let second = put(2, inpatient(700_000, ago(8), ago(5)));
            let preview = Insurance::pre_settle(second, OF_ALICE, 0).unwrap();
            let settlement = if norms.readmission_days.is_some() {
                let claim = flag(second);
                let approve = Call::decide {
                    claim,
                    decision: Decision::Approve,
                    reason: 1,
                };
                assert_ok!(call(staff(INSURER), approve));
                crate::Claims::<Test>::get(claim)
                    .unwrap()
                    .settlement
                    .unwrap()
            } else {
                settle(second)
            };
            assert_eq!(settled(settlement).split, preview.split);
            split = Some(preview.split);
        });
        split
    };
    let flagged = Norms {
        readmission_days: Some(9),
        ..Norms::default()
    };
    assert_eq!(paid(flagged), paid(Norms::default()));
}

#[test]
fn the_latest_items_are_remembered_and_forgotten_with_their_settlement() {
    run(|| {
        let full = |id: u64| {
            let lines = (0..LINES_MAX).map(|n| Line {
                item: Hash::from_low_u64_le(u64::from(n) + id * 1_000),
                ..line(0, 1)
            });
            MockBill {
                service: (ago(90 - id as u32), ago(90 - id as u32)),
                lines: BoundedVec::truncate_from(lines.collect()),
                ..outpatient(0)
            }
        };
        let full_bills = u64::from(ITEMS_MAX / LINES_MAX);
        let ids: Vec<_> = (0..=full_bills)
            .map(|id| settle(put(id, full(id))))
            .collect();
        let known = Items::<Test>::get((ALICE, HOSPITAL));
        assert_eq!(known.len(), ITEMS_MAX as usize);
        assert!(known.iter().all(|it| it.settlement != ids[0]));
        check();
        for settlement in ids.iter().skip(1).rev() {
            let settlement = *settlement;
            assert_ok!(call(staff(HOSPITAL), Call::reverse { settlement }));
            check();
        }
        assert!(!Items::<Test>::contains_key((ALICE, HOSPITAL)));
        assert_noop!(
            call(staff(HOSPITAL), Call::reverse { settlement: ids[1] }),
            Error::<Test>::AlreadyReversed
        );
    });
}
