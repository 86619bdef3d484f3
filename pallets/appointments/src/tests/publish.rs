//! Departments and rules.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::{time::Date, DepartmentId};

use crate::{
    mock::*,
    rules::{BookingRules, LatestCancellation, RULE_VERSIONS_MAX},
    types::{DisplayCode, NewSchedule},
    Call, Departments, Error, Event, Rules,
};

fn code(text: &str) -> DisplayCode {
    BoundedVec::try_from(text.as_bytes().to_vec()).unwrap()
}

fn department(department: DepartmentId, text: &str) -> Call<Test> {
    Call::publish_department {
        department,
        code: code(text),
    }
}

fn publish(schedule: NewSchedule) -> Call<Test> {
    Call::publish_schedule { schedule }
}

fn new_rules(days_ahead: u32, rules: BookingRules) -> Call<Test> {
    Call::publish_rules {
        from: Date(TODAY.0 + days_ahead),
        rules,
    }
}

#[test]
fn a_provider_publishes_renames_and_withdraws_a_department() {
    run(vec![], || {
        for text in ["眼科", "EYE"] {
            assert_ok!(call(staff(HOSPITAL), department(DepartmentId(7), text)));
            assert_eq!(
                Departments::<Test>::get(HOSPITAL, DepartmentId(7)),
                Some(code(text))
            );
        }
        let withdraw = || Call::withdraw_department {
            department: DepartmentId(7),
        };
        assert_ok!(call(main_account(HOSPITAL), withdraw()));
        assert_eq!(Departments::<Test>::get(HOSPITAL, DepartmentId(7)), None);
        assert_noop!(
            call(main_account(HOSPITAL), withdraw()),
            Error::<Test>::UnknownDepartment
        );
        let published = |text| Event::DepartmentPublished {
            member: HOSPITAL,
            department: DepartmentId(7),
            code: code(text),
        };
        let withdrawn = Event::DepartmentWithdrawn {
            member: HOSPITAL,
            department: DepartmentId(7),
        };
        assert_eq!(events(), [published("眼科"), published("EYE"), withdrawn]);
    });
}

#[test]
fn only_active_providers_publish() {
    run_with(session(), || {
        let calls = || {
            [
                department(CARDIOLOGY, "X"),
                Call::withdraw_department {
                    department: CARDIOLOGY,
                },
                new_rules(1, rules()),
                publish(session()),
            ]
        };
        for call_ in calls() {
            assert_noop!(call(own(ALICE), call_.clone()), Error::<Test>::NotProvider);
            assert_noop!(
                call(doctor(HEART), call_.clone()),
                Error::<Test>::NotProvider
            );
            assert_noop!(
                call(main_account(INSURER), call_),
                Error::<Test>::NotProvider
            );
        }
        Suspended::mutate(|suspended| suspended.insert(HOSPITAL));
        for call_ in calls() {
            assert_noop!(call(staff(HOSPITAL), call_), Error::<Test>::NotProvider);
        }
    });
}

#[test]
fn a_display_code_can_be_shown() {
    run(vec![], || {
        for text in ["", "A\nB", "\u{7f}"] {
            assert_noop!(
                call(staff(HOSPITAL), department(SURGERY, text)),
                Error::<Test>::BadCode
            );
        }
        let code = BoundedVec::try_from(vec![0xff, 0xfe]).unwrap();
        assert_noop!(
            call(
                staff(HOSPITAL),
                Call::publish_department {
                    department: SURGERY,
                    code
                }
            ),
            Error::<Test>::BadCode
        );
    });
}

#[test]
fn rules_come_into_force_on_their_date() {
    run(vec![], || {
        let narrow = BookingRules {
            window_days: 1,
            ..rules()
        };
        assert_ok!(call(staff(HOSPITAL), new_rules(2, narrow)));
        assert_eq!(
            events(),
            [Event::RulesPublished {
                member: HOSPITAL,
                from: Date(TODAY.0 + 2),
                rules: narrow
            }]
        );
        assert_eq!(Appointments::rules_of(HOSPITAL), Some(rules()));
        Now::set(Date(TODAY.0 + 2).start() - 1);
        assert_eq!(Appointments::rules_of(HOSPITAL), Some(rules()));
        Now::set(Date(TODAY.0 + 2).start());
        assert_eq!(Appointments::rules_of(HOSPITAL), Some(narrow));
        assert_eq!(Appointments::rules_of(CLINIC), Some(rules()));
    });
}

#[test]
fn rules_in_force_cannot_be_changed_under_those_who_book() {
    run(vec![], || {
        assert_noop!(
            call(staff(HOSPITAL), new_rules(0, rules())),
            Error::<Test>::RulesNotAhead
        );
        // A member without rules may begin today, but not before.
        Rules::<Test>::remove(HOSPITAL);
        let from = Date(TODAY.0 - 1);
        assert_noop!(
            call(
                staff(HOSPITAL),
                Call::publish_rules {
                    from,
                    rules: rules()
                }
            ),
            Error::<Test>::RulesNotAhead
        );
        assert_ok!(call(staff(HOSPITAL), new_rules(0, rules())));
        assert_eq!(Appointments::rules_of(HOSPITAL), Some(rules()));
    });
}

#[test]
fn versions_to_come_are_bounded_and_replaceable() {
    run(vec![], || {
        for day in 1..RULE_VERSIONS_MAX {
            assert_ok!(call(staff(HOSPITAL), new_rules(day, rules())));
        }
        assert_noop!(
            call(staff(HOSPITAL), new_rules(RULE_VERSIONS_MAX, rules())),
            Error::<Test>::TooManyRules
        );
        // Full or not, a version can be replaced.
        let wide = BookingRules {
            window_days: 30,
            ..rules()
        };
        assert_ok!(call(staff(HOSPITAL), new_rules(1, wide)));
        // A version that has been superseded makes room.
        Now::set(Date(TODAY.0 + 1).start());
        assert_ok!(call(staff(HOSPITAL), new_rules(RULE_VERSIONS_MAX, rules())));
        assert_eq!(Appointments::rules_of(HOSPITAL), Some(wide));
        assert_eq!(
            Rules::<Test>::get(HOSPITAL).versions().len(),
            RULE_VERSIONS_MAX as usize
        );
    });
}

#[test]
fn rules_out_of_bounds_are_refused() {
    run(vec![], || {
        let before = LatestCancellation::DayBefore;
        for bad in [
            BookingRules {
                window_days: 367,
                ..rules()
            },
            BookingRules {
                latest_cancellation: before(1_440),
                ..rules()
            },
            BookingRules {
                latest_cancellation: LatestCancellation::MinutesBefore(u32::MAX),
                ..rules()
            },
            BookingRules {
                late_cancels_max: 9,
                ..rules()
            },
            BookingRules {
                no_shows_max: 9,
                ..rules()
            },
            BookingRules {
                period_days: 0,
                ..rules()
            },
            BookingRules {
                block_days: 0,
                ..rules()
            },
            BookingRules {
                period_days: 3_661,
                ..rules()
            },
            BookingRules {
                block_days: 3_661,
                ..rules()
            },
            BookingRules {
                department_day_max: 0,
                ..rules()
            },
            BookingRules {
                grace_minutes: 1_441,
                ..rules()
            },
            BookingRules {
                late_cancel_share_bp: 10_001,
                ..rules()
            },
            BookingRules {
                no_show_share_bp: 10_001,
                ..rules()
            },
        ] {
            assert_noop!(
                call(staff(HOSPITAL), new_rules(1, bad)),
                Error::<Test>::BadRules
            );
        }
        let lenient = BookingRules {
            late_cancels_max: 0,
            no_shows_max: 0,
            period_days: 0,
            block_days: 0,
            latest_cancellation: before(1_439),
            ..rules()
        };
        assert_ok!(call(staff(HOSPITAL), new_rules(1, lenient)));
    });
}
