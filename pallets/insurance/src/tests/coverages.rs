//! Coverages.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{glue::Setting, time::Date, CoverageId, PatientId, SchemeId};

use crate::{
    computation::{Category, Insured, SchemeParameters, Selector},
    mock::*,
    types::{Period, Standing, COVERAGES_MAX, STANDINGS_MAX},
    Call, CoveragesOf, Error, Event, NextCoverage,
};

const CAROL: PatientId = PatientId(3);

fn period(from: Date, until: Option<Date>) -> Period {
    Period { from, until }
}

fn enrolment(patient: PatientId, period: Period) -> Call<Test> {
    Call::enrol {
        patient,
        scheme: SCHEME,
        insured: employed(),
        period,
    }
}

fn retired() -> Insured {
    Insured {
        category: Category::Retired,
        age_group: 0,
    }
}

fn change(from: Date, insured: Insured) -> Call<Test> {
    Call::change_standing {
        coverage: OF_ALICE,
        from,
        insured,
    }
}

fn end(until: Option<Date>) -> Call<Test> {
    Call::set_coverage_end {
        coverage: OF_ALICE,
        until,
    }
}

/// [`parameters`] in which the retired get 95 % as outpatients.
fn by_category() -> SchemeParameters {
    let mut it = parameters();
    let for_retired = Selector {
        category: Some(Category::Retired),
        ..at(Setting::Outpatient)
    };
    it.pool
        .bands
        .0
        .try_insert(0, row(for_retired, bands(&[(None, 9_500)])))
        .unwrap();
    it
}

#[test]
fn an_insurer_enrols_a_patient() {
    run(|| {
        let one_year = period(ago(100), Some(ahead(265)));
        assert_ok!(call(staff(INSURER), enrolment(CAROL, one_year)));
        let coverage = CoverageId(2);
        let it = stored(coverage);
        assert_eq!(
            (it.patient, it.scheme, it.period),
            (CAROL, SCHEME, one_year)
        );
        let first = Standing {
            from: ago(100),
            insured: employed(),
        };
        assert_eq!(it.standings.to_vec(), [first]);
        assert_eq!(CoveragesOf::<Test>::get(CAROL).to_vec(), [coverage]);
        assert_eq!(
            events(),
            [Event::Enrolled {
                coverage,
                patient: CAROL,
                scheme: SCHEME
            }]
        );
    });
}

#[test]
fn enrolment_is_refused_without_effect() {
    run(|| {
        let always = period(ago(1), None);
        for stranger in [staff(OTHER_INSURER), staff(HOSPITAL), own(CAROL)] {
            assert_noop!(
                call(stranger, enrolment(CAROL, always)),
                Error::<Test>::NotItsInsurer
            );
        }
        let insurer = staff(INSURER);
        assert_noop!(
            call(insurer, enrolment(PatientId(99), always)),
            Error::<Test>::UnknownPatient
        );
        assert_noop!(
            call(insurer, enrolment(CAROL, period(ago(1), Some(ago(2))))),
            Error::<Test>::BadPeriod
        );
        let older = Insured {
            age_group: 1,
            ..employed()
        };
        let enrol = |scheme, insured| Call::enrol {
            patient: CAROL,
            scheme,
            insured,
            period: always,
        };
        assert_noop!(
            call(insurer, enrol(SCHEME, older)),
            Error::<Test>::BadAgeGroup
        );
        assert_noop!(
            call(insurer, enrol(SchemeId(7), employed())),
            Error::<Test>::UnknownScheme
        );
        NextCoverage::<Test>::put(CoverageId(u64::MAX));
        assert_noop!(
            call(insurer, enrolment(CAROL, always)),
            Error::<Test>::IdsUsedUp
        );
        NextCoverage::<Test>::put(CoverageId(2));
        let close = Call::close_scheme {
            scheme: SCHEME,
            last: TODAY,
        };
        assert_ok!(call(insurer, close));
        assert_noop!(
            call(insurer, enrolment(CAROL, period(ahead(1), None))),
            Error::<Test>::SchemeClosed
        );
        assert_ok!(call(insurer, enrolment(CAROL, always)));
    });
}

#[test]
fn no_day_is_covered_twice_by_one_scheme() {
    run(|| {
        let insurer = staff(INSURER);
        assert_ok!(call(
            insurer,
            enrolment(CAROL, period(ago(20), Some(ago(10))))
        ));
        for taken in [
            period(ago(30), Some(ago(20))),
            period(ago(15), Some(ago(12))),
            period(ago(10), None),
            period(ago(40), None),
        ] {
            assert_noop!(
                call(insurer, enrolment(CAROL, taken)),
                Error::<Test>::CoverageOverlaps
            );
        }
        assert_ok!(call(insurer, enrolment(CAROL, period(ago(9), None))));
        assert_ok!(call(
            insurer,
            enrolment(CAROL, period(ago(30), Some(ago(21))))
        ));
        let prolong = Call::set_coverage_end {
            coverage: CoverageId(2),
            until: Some(ago(9)),
        };
        assert_noop!(call(insurer, prolong), Error::<Test>::CoverageOverlaps);
    });
}

#[test]
fn a_patient_has_so_many_coverages() {
    run(|| {
        let day = |n: u32| period(ago(n), Some(ago(n)));
        for n in 0..COVERAGES_MAX {
            assert_ok!(call(staff(INSURER), enrolment(CAROL, day(n))));
        }
        assert_noop!(
            call(staff(INSURER), enrolment(CAROL, day(COVERAGES_MAX))),
            Error::<Test>::TooManyCoverages
        );
    });
}

#[test]
fn a_standing_changes_from_a_day_on() {
    run_with(by_category(), || {
        let pool_fen = |id, day, price_fen| {
            let served = MockBill {
                service: (day, day),
                ..outpatient(price_fen)
            };
            settled(settle(put(id, served))).split.pool_fen
        };
        assert_eq!(pool_fen(1, ago(10), 200_000), 70_000);
        assert_ok!(call(staff(INSURER), change(ago(5), retired())));
        let from = ago(5);
        assert!(events().contains(&Event::StandingChanged {
            coverage: OF_ALICE,
            from
        }));
        assert_eq!(pool_fen(2, ago(6), 100_000), 70_000);
        assert_eq!(pool_fen(3, ago(5), 100_000), 95_000);
    });
}

#[test]
fn a_standing_never_changes_what_was_settled() {
    run(|| {
        let insurer = staff(INSURER);
        settle(put(1, outpatient(100)));
        assert_noop!(
            call(insurer, change(ago(1), retired())),
            Error::<Test>::ServedLater
        );
        assert_noop!(
            call(insurer, change(ago(730), retired())),
            Error::<Test>::StandingNotAhead
        );
        assert_noop!(
            call(staff(OTHER_INSURER), change(TODAY, retired())),
            Error::<Test>::NotItsInsurer
        );
        let older = Insured {
            age_group: 1,
            ..retired()
        };
        assert_noop!(
            call(insurer, change(TODAY, older)),
            Error::<Test>::BadAgeGroup
        );
        assert_ok!(call(insurer, end(Some(ahead(3)))));
        assert_noop!(
            call(insurer, change(ahead(4), retired())),
            Error::<Test>::StandingNotAhead
        );
        assert_ok!(call(insurer, change(TODAY, retired())));
        assert_noop!(
            call(insurer, change(TODAY, employed())),
            Error::<Test>::StandingNotAhead
        );
        let unknown = Call::change_standing {
            coverage: CoverageId(9),
            from: TODAY,
            insured: retired(),
        };
        assert_noop!(call(insurer, unknown), Error::<Test>::UnknownCoverage);
    });
}

#[test]
fn a_coverage_has_so_many_standings() {
    run(|| {
        for n in 1..STANDINGS_MAX {
            assert_ok!(call(staff(INSURER), change(ahead(n), retired())));
        }
        assert_noop!(
            call(staff(INSURER), change(ahead(STANDINGS_MAX), retired())),
            Error::<Test>::TooManyStandings
        );
    });
}

#[test]
fn a_coverage_ends_and_is_prolonged() {
    run(|| {
        let insurer = staff(INSURER);
        assert_ok!(call(insurer, change(ahead(5), retired())));
        events();
        assert_ok!(call(insurer, end(Some(ahead(4)))));
        assert_eq!(
            events(),
            [Event::CoverageEndChanged {
                coverage: OF_ALICE,
                until: Some(ahead(4))
            }]
        );
        // The standing after the end never begins.
        assert_eq!(stored(OF_ALICE).standings.len(), 1);
        assert_ok!(call(insurer, end(None)));
        assert_eq!(stored(OF_ALICE).period, for_years());
        settle(put(1, outpatient(100)));
        assert_noop!(call(insurer, end(Some(ago(2)))), Error::<Test>::ServedLater);
        assert_noop!(call(insurer, end(Some(ago(731)))), Error::<Test>::BadPeriod);
        assert_noop!(
            call(staff(OTHER_INSURER), end(None)),
            Error::<Test>::NotItsInsurer
        );
        assert_ok!(call(insurer, end(Some(ago(1)))));
    });
}
