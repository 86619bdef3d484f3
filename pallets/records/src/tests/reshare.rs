//! Passing grants on.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{DAY_MS, HOUR_MS},
    GrantId, RecordId,
};

use crate::{
    access::{Basis, Denial, Purpose},
    grants::{Covered, EndOfGrant, Source, Terms, RESHARES_MAX},
    mock::*,
    types::*,
    Call, Error, Event, Grants, NextGrant,
};

fn passing_on(source: GrantId, terms: Terms) -> Call<Test> {
    Call::reshare {
        source,
        terms,
        keys: KeyBatch::new(),
    }
}

/// The history, to be passed on.
fn open_terms(practitioner: xinglin_primitives::PractitionerId) -> Terms {
    Terms {
        may_reshare: true,
        ..terms(everything(), to_doctor(practitioner))
    }
}

#[track_caller]
fn pass_on(by: AccountId, source: GrantId, terms: Terms) -> GrantId {
    let id = NextGrant::<Test>::get();
    assert_ok!(call(by, passing_on(source, terms)));
    id
}

#[test]
fn a_grantee_passes_on() {
    run(|| {
        let id = write(ALICE);
        let source = share(ALICE, open_terms(COLLEAGUE));
        events();
        let passed = Call::reshare {
            source,
            terms: terms(Covered::Record(id), to_member(CLINIC)),
            keys: batch(&[id]),
        };
        assert_ok!(call(doctor(COLLEAGUE), passed));
        let granted = Event::Granted {
            grant: GrantId(1),
            patient: ALICE,
            grantee: to_member(CLINIC),
            purpose: Purpose::Treatment,
            until: START + DAY_MS,
            source: Source::PassedOn(source),
            by: doctor(COLLEAGUE),
        };
        assert_eq!(events()[0], granted);
        assert!(has_key(id, Reader::Member(CLINIC)));
        let party = Party::Member(CLINIC);
        assert_eq!(
            open_for(staff(CLINIC), party, id, Purpose::Treatment),
            Ok(Basis::Grant(GrantId(1)))
        );
    });
}

#[test]
fn only_the_grantee_herself_passes_on() {
    run(|| {
        let source = share(ALICE, open_terms(COLLEAGUE));
        let call_ = || passing_on(source, terms(everything(), to_doctor(OUTSIDER)));
        for other in [
            tablet(COLLEAGUE),
            doctor(DOCTOR),
            staff(HOSPITAL),
            own(ALICE),
            STRANGER,
        ] {
            assert_noop!(call(other, call_()), Error::<Test>::NotGrantee);
        }
        let none = passing_on(GrantId(8), terms(everything(), to_doctor(OUTSIDER)));
        assert_noop!(call(doctor(COLLEAGUE), none), Error::<Test>::UnknownGrant);
        let to_member = Terms {
            may_reshare: true,
            ..terms(everything(), to_member(CLINIC))
        };
        let of_member = share(ALICE, to_member);
        assert_ok!(call(
            staff(CLINIC),
            passing_on(of_member, terms(everything(), to_doctor(OUTSIDER)))
        ));
        later(DAY_MS);
        assert_noop!(call(doctor(COLLEAGUE), call_()), Error::<Test>::GrantOver);
    });
}

#[test]
fn nothing_is_passed_on_that_may_not_be() {
    run(|| {
        let source = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let passed = passing_on(source, terms(everything(), to_doctor(OUTSIDER)));
        assert_noop!(
            call(doctor(COLLEAGUE), passed),
            Error::<Test>::MayNotReshare
        );
    });
}

#[test]
fn nothing_is_passed_on_wider_or_longer() {
    run(|| {
        let old = write(ALICE);
        later(HOUR_MS);
        let new = write(ALICE);
        let of_bob = write(BOB);
        let what = Covered::History {
            kinds: std::collections::BTreeSet::from([ContentKind::Encounter])
                .try_into()
                .unwrap(),
            from: Now::get(),
            until: Now::get() + HOUR_MS,
        };
        let given = Terms {
            what: what.clone(),
            ..open_terms(COLLEAGUE)
        };
        let source = share(ALICE, given.clone());
        let same = Terms {
            grantee: to_doctor(OUTSIDER),
            ..given
        };
        let history = |kinds, from, until| Covered::History { kinds, from, until };
        let (now, kinds) = (
            Now::get(),
            std::collections::BTreeSet::from([ContentKind::Encounter]),
        );
        let kinds = || kinds.clone().try_into().unwrap();
        let part = |what| Terms {
            what,
            ..same.clone()
        };
        let wider = [
            Terms {
                until: same.until + 1,
                ..same.clone()
            },
            Terms {
                from: same.from - 1,
                ..same.clone()
            },
            Terms {
                purpose: Purpose::Research,
                ..same.clone()
            },
            part(history(all_kinds(), now, now + HOUR_MS)),
            part(history(kinds(), now - 1, now + HOUR_MS)),
            part(history(kinds(), now, now + HOUR_MS + 1)),
            part(Covered::Record(old)),
            part(Covered::Record(RecordId(99))),
        ];
        for terms in wider {
            assert_noop!(
                call(doctor(COLLEAGUE), passing_on(source, terms)),
                Error::<Test>::Wider
            );
        }
        // It looks covered, but is somebody else's.
        assert_noop!(
            call(
                doctor(COLLEAGUE),
                passing_on(source, part(Covered::Record(of_bob)))
            ),
            Error::<Test>::OtherPatient
        );
        pass_on(doctor(COLLEAGUE), source, same.clone());
        pass_on(doctor(COLLEAGUE), source, part(Covered::Record(new)));
        // Nor is a record widened to a history.
        let of_record = share(
            ALICE,
            Terms {
                what: Covered::Record(new),
                ..open_terms(COLLEAGUE)
            },
        );
        assert_noop!(
            call(doctor(COLLEAGUE), passing_on(of_record, same)),
            Error::<Test>::Wider
        );
    });
}

#[test]
fn grants_are_passed_on_a_few_times() {
    run(|| {
        let people = [COLLEAGUE, OUTSIDER, DOCTOR];
        let mut source = share(ALICE, open_terms(COLLEAGUE));
        let mut holder = COLLEAGUE;
        for step in 0..RESHARES_MAX {
            let next = people[(step as usize + 1) % people.len()];
            source = pass_on(doctor(holder), source, open_terms(next));
            holder = next;
        }
        assert_noop!(
            call(doctor(holder), passing_on(source, open_terms(OUTSIDER))),
            Error::<Test>::TooManyReshares
        );
    });
}

#[test]
fn what_is_passed_on_ends_with_its_source() {
    run(|| {
        let id = write(ALICE);
        let first = share(ALICE, open_terms(COLLEAGUE));
        let second = pass_on(doctor(COLLEAGUE), first, open_terms(OUTSIDER));
        let third = pass_on(
            doctor(OUTSIDER),
            second,
            terms(everything(), to_member(CLINIC)),
        );
        let beside = share(ALICE, terms(everything(), to_member(INSURER)));
        assert_eq!(open(OUTSIDER, id), Ok(Basis::Grant(second)));
        events();
        assert_ok!(call(own(ALICE), Call::revoke { grant: first }));
        let ended: Vec<_> = events()
            .into_iter()
            .map(|event| match event {
                Event::GrantEnded { grant, cause, .. } => (grant, cause),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            ended,
            [
                (first, EndOfGrant::Revoked),
                (second, EndOfGrant::SourceEnded),
                (third, EndOfGrant::SourceEnded),
            ]
        );
        assert_eq!(open(OUTSIDER, id), Err(Denial::NoGrant));
        assert_eq!(Grants::<Test>::get(beside).unwrap().ended, None);
    });
}

#[test]
fn who_passed_on_may_revoke_it_and_add_keys() {
    run(|| {
        let id = write(ALICE);
        let first = share(ALICE, open_terms(COLLEAGUE));
        let second = pass_on(doctor(COLLEAGUE), first, open_terms(OUTSIDER));
        let adding = || Call::add_keys {
            grant: second,
            keys: batch(&[id]),
        };
        for other in [tablet(COLLEAGUE), doctor(OUTSIDER), doctor(DOCTOR)] {
            assert_noop!(call(other, adding()), Error::<Test>::NotGiver);
            assert_noop!(
                call(other, Call::revoke { grant: second }),
                Error::<Test>::NotGiver
            );
        }
        assert_ok!(call(doctor(COLLEAGUE), adding()));
        // What is there stays: a wrong key would lock the reader out.
        assert_noop!(call(doctor(COLLEAGUE), adding()), Error::<Test>::KeyExists);
        assert_ok!(call(own(ALICE), adding()));
        assert_ok!(call(doctor(COLLEAGUE), Call::revoke { grant: second }));
        assert_eq!(Grants::<Test>::get(first).unwrap().ended, None);
        assert_eq!(open(OUTSIDER, id), Err(Denial::NoGrant));
    });
}
