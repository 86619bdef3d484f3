//! Schemes and their versions.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::{
    glue::{HospitalLevel, Setting},
    time::Date,
    SchemeId,
};

use crate::{
    computation::{
        Aid, Band, Deductible, Frequency, Modifier, ParameterError, SchemeParameters, Selector,
    },
    mock::*,
    types::{DisplayCode, VERSIONS_MAX},
    Call, Error, Event, NextScheme, Schemes, Versions,
};

fn creation(code: &[u8], from: Date, parameters: SchemeParameters) -> Call<Test> {
    Call::create_scheme {
        code: DisplayCode::truncate_from(code.to_vec()),
        from,
        parameters: Box::new(parameters),
    }
}

fn version(from: Date, parameters: SchemeParameters) -> Call<Test> {
    Call::publish_version {
        scheme: SCHEME,
        from,
        parameters: Box::new(parameters),
    }
}

fn close(last: Date) -> Call<Test> {
    Call::close_scheme {
        scheme: SCHEME,
        last,
    }
}

/// Makes parameters bad.
type Spoil = fn(&mut SchemeParameters);

/// [`parameters`] with another ratio for outpatients.
fn with_ratio(ratio_bp: u16) -> SchemeParameters {
    let mut it = parameters();
    it.pool.bands.0[0].then = bands(&[(None, ratio_bp)]);
    it
}

#[test]
fn an_insurer_creates_a_scheme() {
    run(|| {
        let create = creation("居民医保".as_bytes(), ago(400), parameters());
        assert_ok!(call(staff(OTHER_INSURER), create));
        let scheme = SchemeId(1);
        let stored = Schemes::<Test>::get(scheme).unwrap();
        assert_eq!(stored.insurer, OTHER_INSURER);
        assert_eq!(stored.versions.to_vec(), [ago(400)]);
        assert_eq!(Versions::<Test>::get(scheme, ago(400)), Some(parameters()));
        let from = ago(400);
        assert_eq!(
            events(),
            [Event::SchemeCreated {
                scheme,
                insurer: OTHER_INSURER,
                from
            }]
        );
    });
}

#[test]
fn only_insurers_create_schemes() {
    run(|| {
        let create = || creation(b"A", ago(1), parameters());
        for stranger in [staff(HOSPITAL), staff(REGULATOR), own(ALICE)] {
            assert_noop!(call(stranger, create()), Error::<Test>::NotInsurer);
        }
        Suspended::set([INSURER].into());
        assert_noop!(call(staff(INSURER), create()), Error::<Test>::NotInsurer);
        Suspended::set(Default::default());
        let origin = RuntimeOrigin::root();
        assert_noop!(
            Insurance::close_scheme(origin, SCHEME, TODAY),
            sp_runtime::DispatchError::BadOrigin
        );
    });
}

#[test]
fn a_scheme_has_a_printable_code() {
    run(|| {
        for code in [&b""[..], b"\xff", b"a\nb"] {
            assert_noop!(
                call(staff(INSURER), creation(code, ago(1), parameters())),
                Error::<Test>::BadCode
            );
        }
    });
}

#[test]
fn ids_end() {
    run(|| {
        NextScheme::<Test>::put(SchemeId(u32::MAX));
        assert_noop!(
            call(staff(INSURER), creation(b"A", ago(1), parameters())),
            Error::<Test>::IdsUsedUp
        );
        NextScheme::<Test>::put(SchemeId(1));
    });
}

#[test]
fn parameters_are_checked() {
    let rows = |age_group| Selector {
        age_group: Some(age_group),
        ..Selector::default()
    };
    let cases: [(ParameterError, Spoil); 9] = [
        (ParameterError::AgeBounds, |it| {
            it.age_bounds_years = BoundedVec::truncate_from(vec![60, 60]);
        }),
        (ParameterError::Deductibles, |it| {
            it.deductibles.0[1].then = Deductible::PerAdmission(BoundedVec::new());
        }),
        (ParameterError::Bands, |it| {
            it.pool.bands.0[0].then = bands(&[(Some(5), 1), (Some(5), 2)]);
        }),
        (ParameterError::Bands, |it| {
            it.pool.bands.0[0].then = bands(&[(None, 1), (Some(5), 2)]);
        }),
        (ParameterError::Bands, |it| {
            it.pool.bands.0[0].then = bands(&[])
        }),
        (ParameterError::Bands, |it| {
            it.pool.bands.0[0].then = bands(&[(None, 10_001)]);
        }),
        (ParameterError::Ratio, |it| {
            it.pool.modifiers = table(&[row(Selector::default(), Modifier::Points(10_001))]);
        }),
        (ParameterError::Ratio, |it| {
            it.aid = Some(Aid {
                ratios: table(&[row(Selector::default(), 10_001)]),
                ..Aid::default()
            });
        }),
        (ParameterError::Frequency, |it| {
            it.review.frequency = Some(Frequency {
                invoices: 64,
                days: 1,
            });
        }),
    ];
    run(|| {
        for (error, spoil) in cases {
            let mut bad = parameters();
            spoil(&mut bad);
            assert_eq!(bad.check(), Err(error));
            assert_noop!(
                call(staff(INSURER), creation(b"A", ago(1), bad.clone())),
                Error::<Test>::BadParameters
            );
            assert_noop!(
                call(staff(INSURER), version(ahead(1), bad)),
                Error::<Test>::BadParameters
            );
        }
        let mut bad = parameters();
        bad.pool.caps.0[0].when = rows(1);
        assert_eq!(bad.check(), Err(ParameterError::AgeGroup));
        bad.age_bounds_years = BoundedVec::truncate_from(vec![60]);
        assert_eq!(bad.check(), Ok(()));
        assert_eq!([bad.age_group_of(59), bad.age_group_of(60)], [0, 1]);
    });
}

#[test]
fn the_last_service_day_chooses_the_version() {
    run(|| {
        assert_ok!(call(staff(INSURER), version(ahead(10), with_ratio(5_000))));
        assert_eq!(
            events(),
            [Event::VersionPublished {
                scheme: SCHEME,
                from: ahead(10)
            }]
        );
        Now::set(ahead(20).start());
        let pool_fen = |id, day| {
            let served = MockBill {
                service: (ahead(1), day),
                ..outpatient(200_000)
            };
            settled(settle(put(id, served))).split.pool_fen
        };
        assert_eq!(pool_fen(1, ahead(9)), 70_000);
        assert_eq!(pool_fen(2, ahead(10)), 100_000);
    });
}

#[test]
fn a_version_in_force_is_sealed() {
    run(|| {
        for day in [ago(1_095), ago(1), TODAY] {
            assert_noop!(
                call(staff(INSURER), version(day, with_ratio(1))),
                Error::<Test>::VersionSealed
            );
        }
        // What lies ahead is replaced, or comes before what was published.
        assert_ok!(call(staff(INSURER), version(ahead(2), with_ratio(1))));
        assert_ok!(call(staff(INSURER), version(ahead(2), with_ratio(2))));
        assert_ok!(call(staff(INSURER), version(ahead(1), with_ratio(3))));
        assert_eq!(Versions::<Test>::get(SCHEME, ahead(2)), Some(with_ratio(2)));
        let scheme = Schemes::<Test>::get(SCHEME).unwrap();
        assert_eq!(scheme.versions.to_vec(), [ago(1_095), ahead(1), ahead(2)]);
        Now::set(ahead(1).start());
        assert_noop!(
            call(staff(INSURER), version(ahead(1), with_ratio(4))),
            Error::<Test>::VersionSealed
        );
    });
}

#[test]
fn only_the_insurer_changes_its_scheme() {
    run(|| {
        for stranger in [staff(OTHER_INSURER), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(
                call(stranger, version(ahead(1), parameters())),
                Error::<Test>::NotItsInsurer
            );
            assert_noop!(call(stranger, close(TODAY)), Error::<Test>::NotItsInsurer);
        }
        let unknown = Call::close_scheme {
            scheme: SchemeId(1),
            last: TODAY,
        };
        assert_noop!(call(staff(INSURER), unknown), Error::<Test>::UnknownScheme);
    });
}

#[test]
fn a_scheme_has_so_many_versions() {
    run(|| {
        for n in 1..VERSIONS_MAX {
            assert_ok!(call(staff(INSURER), version(ahead(n), parameters())));
        }
        assert_noop!(
            call(staff(INSURER), version(ahead(VERSIONS_MAX), parameters())),
            Error::<Test>::TooManyVersions
        );
        assert_ok!(call(staff(INSURER), version(ahead(1), with_ratio(1))));
    });
}

#[test]
fn a_scheme_is_closed_ahead_of_time() {
    run(|| {
        assert_noop!(
            call(staff(INSURER), close(ago(1))),
            Error::<Test>::ClosedInPast
        );
        assert_ok!(call(staff(INSURER), close(ahead(5))));
        assert_eq!(
            events(),
            [Event::SchemeClosed {
                scheme: SCHEME,
                last: ahead(5)
            }]
        );
        assert_noop!(
            call(staff(INSURER), version(ahead(6), parameters())),
            Error::<Test>::SchemeClosed
        );
        assert_ok!(call(staff(INSURER), close(ahead(2))));
        Now::set(ahead(3).start());
        assert_noop!(
            call(staff(INSURER), close(ahead(9))),
            Error::<Test>::ClosedInPast
        );
    });
}

#[test]
fn rows_are_chosen_by_level_and_the_first_counts() {
    let at_level = |level| Selector {
        level: Some(level),
        setting: Some(Setting::Outpatient),
        ..Selector::default()
    };
    let mut by_level = parameters();
    by_level.pool.bands = table(&[
        row(at_level(HospitalLevel::Three), bands(&[(None, 5_000)])),
        row(at_level(HospitalLevel::Two), bands(&[(None, 6_000)])),
        row(Selector::default(), bands(&[(None, 8_000)])),
        row(at_level(HospitalLevel::Three), bands(&[(None, 9_000)])),
    ]);
    run_with(by_level, || {
        let hospital = put(1, outpatient(200_000));
        assert_eq!(settled(settle(hospital)).split.pool_fen, 50_000);
        let clinic = MockBill {
            member: CLINIC,
            ..outpatient(100_000)
        };
        assert_eq!(settled(settle(put(2, clinic))).split.pool_fen, 80_000);
    });
}

#[test]
fn a_band_without_end_is_the_last() {
    let unbounded = Band {
        up_to_fen: None,
        ratio_bp: 1,
    };
    let mut it = parameters();
    it.pool.bands.0[0].then = BoundedVec::truncate_from(vec![unbounded, unbounded]);
    assert_eq!(it.check(), Err(ParameterError::Bands));
}
