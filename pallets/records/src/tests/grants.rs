//! Sharing and revoking.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{Moment, DAY_MS, HOUR_MS},
    GrantId, MemberId, PractitionerId, RecordId,
};

use crate::{
    access::{Basis, Denial, Purpose},
    grants::{
        Covered, EndOfGrant, Grant, Kinds, Source, Terms, GRANTS_MAX, GRANTS_TO_ONE_MAX,
        GRANT_MS_MAX,
    },
    mock::*,
    types::*,
    Call, Error, Event, Grants, LiveGrants,
};

fn revoking(grant: GrantId) -> Call<Test> {
    Call::revoke { grant }
}

fn one(record: RecordId) -> Terms {
    terms(Covered::Record(record), to_doctor(COLLEAGUE))
}

fn kinds(kinds: &[ContentKind]) -> Kinds {
    kinds
        .iter()
        .copied()
        .collect::<std::collections::BTreeSet<_>>()
        .try_into()
        .unwrap()
}

#[test]
fn a_record_is_shared_with_its_key() {
    run(|| {
        let id = write(ALICE);
        events();
        let share = Call::share {
            terms: one(id),
            token: None,
            keys: batch(&[id]),
        };
        assert_ok!(call(own(ALICE), share));
        let grant = GrantId(0);
        assert_eq!(
            events(),
            [
                Event::Granted {
                    grant,
                    patient: ALICE,
                    grantee: to_doctor(COLLEAGUE),
                    purpose: Purpose::Treatment,
                    until: START + DAY_MS,
                    source: Source::Shared,
                    by: own(ALICE),
                },
                Event::KeysAdded { grant, count: 1 },
            ]
        );
        let expected = Grant {
            patient: ALICE,
            terms: one(id),
            source: Source::Shared,
            given_at: START,
            ended: None,
        };
        assert_eq!(Grants::<Test>::get(grant), Some(expected));
        assert!(has_key(id, Reader::Practitioner(COLLEAGUE)));
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(grant)));
        assert_eq!(open(OUTSIDER, id), Err(Denial::NoGrant));
    });
}

#[test]
fn only_the_patient_herself_shares() {
    run(|| {
        let id = write(ALICE);
        let others = [
            carer(ALICE),
            booker(ALICE),
            doctor(DOCTOR),
            staff(HOSPITAL),
            STRANGER,
        ];
        for other in others {
            assert_noop!(call(other, sharing(one(id))), Error::<Test>::NotPatient);
        }
        assert_noop!(
            call(own(BOB), sharing(one(id))),
            Error::<Test>::OtherPatient
        );
    });
}

#[test]
fn a_grant_covers_kinds_and_a_period() {
    run(|| {
        let early = write(ALICE);
        later(10);
        let image = write_new(NewRecord {
            kind: ContentKind::Image,
            ..about(ALICE)
        });
        let within = write(ALICE);
        let what = Covered::History {
            kinds: kinds(&[ContentKind::Encounter, ContentKind::Report]),
            from: START + 10,
            until: START + 20,
        };
        let grant = share(ALICE, terms(what, to_doctor(COLLEAGUE)));
        later(9);
        let last = write(ALICE);
        later(1);
        let late = write(ALICE);
        for (record, expected) in [
            (early, Err(Denial::NoGrant)),
            (image, Err(Denial::NoGrant)),
            (within, Ok(Basis::Grant(grant))),
            (last, Ok(Basis::Grant(grant))),
            (late, Err(Denial::NoGrant)),
        ] {
            assert_eq!(open(COLLEAGUE, record), expected, "{record:?}");
        }
        // Of this patient only.
        let of_bob = write(BOB);
        assert_eq!(open(COLLEAGUE, of_bob), Err(Denial::NoGrant));
    });
}

#[test]
fn a_grant_has_a_beginning_and_an_end() {
    run(|| {
        let id = write(ALICE);
        let grant = share(
            ALICE,
            Terms {
                from: START + HOUR_MS,
                ..one(id)
            },
        );
        for (at, expected) in [
            (HOUR_MS - 1, Err(Denial::NotYet)),
            (HOUR_MS, Ok(Basis::Grant(grant))),
            (DAY_MS - 1, Ok(Basis::Grant(grant))),
            (DAY_MS, Err(Denial::Expired)),
        ] {
            Now::set(START + at);
            assert_eq!(open(COLLEAGUE, id), expected, "{at}");
        }
        assert_noop!(call(own(ALICE), revoking(grant)), Error::<Test>::GrantOver);
    });
}

#[test]
fn terms_out_of_bounds_are_refused() {
    run(|| {
        let id = write(ALICE);
        let refuse = |terms: Terms, error: Error<Test>| {
            assert_noop!(call(own(ALICE), sharing(terms)), error);
        };
        let period = |from: Moment, until: Moment| Terms {
            from,
            until,
            ..one(id)
        };
        refuse(period(START + 2, START + 2), Error::BadPeriod);
        refuse(period(0, START), Error::BadPeriod);
        refuse(
            period(START, START + GRANT_MS_MAX + 1),
            Error::PeriodTooLong,
        );
        refuse(one(RecordId(7)), Error::UnknownRecord);
        let history = |kinds, from, until| {
            terms(
                Covered::History { kinds, from, until },
                to_doctor(COLLEAGUE),
            )
        };
        refuse(history(Kinds::new(), 0, 9), Error::Empty);
        refuse(history(all_kinds(), 9, 9), Error::Empty);
        for grantee in [to_doctor(PractitionerId(99)), to_member(MemberId(99))] {
            refuse(terms(everything(), grantee), Error::UnknownGrantee);
        }
        let reason = RetractReason::Other;
        assert_ok!(call(doctor(DOCTOR), Call::retract { record: id, reason }));
        refuse(one(id), Error::Retracted);
        share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        crate::NextGrant::<Test>::put(GrantId(u64::MAX));
        refuse(terms(everything(), to_doctor(COLLEAGUE)), Error::IdsUsedUp);
        crate::NextGrant::<Test>::put(GrantId(1));
    });
}

#[test]
fn a_grant_outlives_a_retraction_and_none_of_the_record_alone_follows() {
    run(|| {
        let id = write(ALICE);
        let to_be_passed_on = Terms {
            may_reshare: true,
            ..one(id)
        };
        let grant = share(ALICE, to_be_passed_on);
        let reason = RetractReason::WrongContent;
        assert_ok!(call(doctor(DOCTOR), Call::retract { record: id, reason }));
        assert_eq!(open(COLLEAGUE, id), Ok(Basis::Grant(grant)));
        let alone = |grantee| terms(Covered::Record(id), grantee);
        assert_noop!(
            call(own(ALICE), sharing(alone(to_doctor(OUTSIDER)))),
            Error::<Test>::Retracted
        );
        let passed_on = Call::reshare {
            source: grant,
            terms: alone(to_member(CLINIC)),
            keys: KeyBatch::new(),
        };
        assert_noop!(call(doctor(COLLEAGUE), passed_on), Error::<Test>::Retracted);
        // The history has it, marked as it is.
        let history = share(ALICE, terms(everything(), to_doctor(OUTSIDER)));
        assert_eq!(open(OUTSIDER, id), Ok(Basis::Grant(history)));
    });
}

#[test]
fn a_grant_of_a_record_that_was_retracted_before_is_noticed() {
    ext().execute_with(|| {
        let id = write(ALICE);
        share(ALICE, one(id));
        check();
        crate::Records::<Test>::mutate(id, |record| {
            record.as_mut().unwrap().retracted_at = Some(START - 1);
        });
        assert!(Records::check_invariants().is_err());
    });
}

#[test]
fn keys_of_a_grant_are_of_what_it_covers() {
    run(|| {
        let id = write(ALICE);
        let other = write(ALICE);
        let of_bob = write(BOB);
        let refuse = |keys: KeyBatch, error: Error<Test>| {
            let share = Call::share {
                terms: one(id),
                token: None,
                keys,
            };
            assert_noop!(call(own(ALICE), share), error);
        };
        refuse(batch(&[id, other]), Error::NotCovered);
        refuse(batch(&[of_bob]), Error::NotCovered);
        refuse(batch(&[RecordId(9)]), Error::UnknownRecord);
        for version in [0, 2] {
            let keys = vec![key_for(id, version)].try_into().unwrap();
            refuse(keys, Error::UnknownVersion);
        }
        let all_of_bob = Call::share {
            terms: terms(everything(), to_doctor(COLLEAGUE)),
            token: None,
            keys: batch(&[id]),
        };
        assert_noop!(call(own(BOB), all_of_bob), Error::<Test>::NotCovered);
    });
}

#[test]
fn keys_follow_in_batches() {
    run(|| {
        let ids = [write(ALICE), write(ALICE)];
        let grant = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let adding = |grant, keys| Call::add_keys { grant, keys };
        assert_noop!(
            call(own(ALICE), adding(grant, KeyBatch::new())),
            Error::<Test>::Empty
        );
        for other in [own(BOB), doctor(COLLEAGUE), doctor(DOCTOR), carer(ALICE)] {
            assert_noop!(
                call(other, adding(grant, batch(&ids))),
                Error::<Test>::NotGiver
            );
        }
        assert_noop!(
            call(own(ALICE), adding(GrantId(9), batch(&ids))),
            Error::<Test>::UnknownGrant
        );
        assert_ok!(call(own(ALICE), adding(grant, batch(&ids))));
        for id in ids {
            assert!(has_key(id, Reader::Practitioner(COLLEAGUE)));
            assert_eq!(stored(id).keys, 4);
        }
        // The patient may replace a key, which takes no more room.
        assert_ok!(call(own(ALICE), adding(grant, batch(&ids))));
        assert_eq!(stored(ids[0]).keys, 4);
        later(DAY_MS);
        assert_noop!(
            call(own(ALICE), adding(grant, batch(&ids))),
            Error::<Test>::GrantOver
        );
    });
}

#[test]
fn a_revoked_grant_gives_nothing() {
    run(|| {
        let id = write(ALICE);
        let grant = share(ALICE, one(id));
        for other in [
            own(BOB),
            carer(ALICE),
            doctor(COLLEAGUE),
            doctor(DOCTOR),
            STRANGER,
        ] {
            assert_noop!(call(other, revoking(grant)), Error::<Test>::NotGiver);
        }
        assert_noop!(
            call(own(ALICE), revoking(GrantId(9))),
            Error::<Test>::UnknownGrant
        );
        later(7);
        events();
        assert_ok!(call(own(ALICE), revoking(grant)));
        let cause = EndOfGrant::Revoked;
        let ended = Event::GrantEnded {
            grant,
            patient: ALICE,
            cause,
        };
        assert_eq!(events(), [ended]);
        assert_eq!(
            Grants::<Test>::get(grant).unwrap().ended,
            Some((START + 7, cause))
        );
        assert_eq!(open(COLLEAGUE, id), Err(Denial::NoGrant));
        assert_noop!(call(own(ALICE), revoking(grant)), Error::<Test>::GrantOver);
    });
}

#[test]
fn a_grant_to_a_member_is_for_its_own_accounts() {
    run(|| {
        let id = write(ALICE);
        let claim = Terms {
            purpose: Purpose::ClaimAttachment,
            ..terms(Covered::Record(id), to_member(INSURER))
        };
        let grant = share(ALICE, claim);
        let insurer = Party::Member(INSURER);
        let read = |purpose| open_for(staff(INSURER), insurer, id, purpose);
        assert_eq!(read(Purpose::ClaimAttachment), Ok(Basis::Grant(grant)));
        assert_eq!(read(Purpose::Treatment), Err(Denial::OtherPurpose));
        let of_clinic = terms(Covered::Record(id), to_member(CLINIC));
        share(ALICE, of_clinic);
        assert_eq!(open(OUTSIDER, id), Err(Denial::NoGrant));
    });
}

#[test]
fn live_grants_are_bounded() {
    run(|| {
        let to_one = || terms(everything(), to_doctor(COLLEAGUE));
        for _ in 0..GRANTS_TO_ONE_MAX {
            share(ALICE, to_one());
        }
        assert_noop!(
            call(own(ALICE), sharing(to_one())),
            Error::<Test>::TooManyGrantsToOne
        );
        // Others still find room, and grants that are over make some.
        later(DAY_MS - 1);
        share(ALICE, terms(everything(), to_doctor(OUTSIDER)));
        later(1);
        share(ALICE, to_one());
        assert_eq!(LiveGrants::<Test>::get(ALICE).len(), 2);
    });
}

#[test]
fn live_grants_of_a_patient_are_bounded() {
    run(|| {
        // As many grantees as the registry has, and as many grants to each.
        let grantees = PRACTITIONERS
            .map(to_doctor)
            .into_iter()
            .chain(MEMBERS.map(to_member));
        let mut count = 0;
        for grantee in grantees {
            for _ in 0..GRANTS_TO_ONE_MAX {
                share(ALICE, terms(everything(), grantee));
                count += 1;
            }
        }
        let missing = GRANTS_MAX - count;
        LiveGrants::<Test>::mutate(ALICE, |live| {
            let first = live[0];
            for _ in 0..missing {
                live.force_push(crate::grants::LiveGrant {
                    grantee: to_doctor(PractitionerId(50)),
                    ..first
                });
            }
        });
        LiveGrants::<Test>::mutate(ALICE, |live| live[0].grantee = to_member(MemberId(60)));
        assert_noop!(
            call(own(ALICE), sharing(terms(everything(), to_doctor(DOCTOR)))),
            Error::<Test>::TooManyGrants
        );
        LiveGrants::<Test>::remove(ALICE);
        Now::set(START + DAY_MS);
    });
}
