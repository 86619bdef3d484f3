//! What others may ask.

use frame_support::assert_ok;
use xinglin_primitives::{time::DAY_MS, Hash, RecordId};

use crate::{
    access::{Basis, Denial},
    mock::*,
    reads::PAGE_MAX,
    types::*,
    Call,
};

#[test]
fn records_of_a_patient_come_in_pages_newest_first() {
    run(|| {
        let ids: Vec<_> = (0..5)
            .map(|_| {
                write(BOB);
                write(ALICE)
            })
            .collect();
        let page = |before, limit| {
            let page = Records::records_of(ALICE, None, before, limit);
            let ids: Vec<_> = page.items.iter().map(|(_, (id, _))| *id).collect();
            (ids, page.next)
        };
        assert_eq!(page(None, 2), (vec![ids[4], ids[3]], Some(3)));
        assert_eq!(page(Some(3), 2), (vec![ids[2], ids[1]], Some(1)));
        assert_eq!(page(Some(1), 2), (vec![ids[0]], None));
        assert_eq!(page(None, 5).1, None);
        assert_eq!(page(Some(u64::MAX), 9).0.len(), 5);
        assert_eq!(page(None, 0), (vec![], Some(5)));
    });
}

#[test]
fn records_are_found_by_kind() {
    run(|| {
        for kind in [ContentKind::Image, ContentKind::Report, ContentKind::Image] {
            write_new(NewRecord {
                kind,
                ..about(ALICE)
            });
        }
        let images = Records::records_of(ALICE, Some(ContentKind::Image), None, 9);
        let numbers: Vec<_> = images.items.iter().map(|(at, _)| *at).collect();
        assert_eq!(numbers, [2, 0]);
        assert_eq!(images.next, None);
    });
}

#[test]
fn a_page_is_bounded() {
    run(|| {
        for _ in 0..=PAGE_MAX {
            write(ALICE);
        }
        let page = Records::records_of(ALICE, None, None, u32::MAX);
        assert_eq!(page.items.len(), PAGE_MAX as usize);
        assert_eq!(page.next, Some(1));
    });
}

#[test]
fn grants_are_found_from_both_sides() {
    run(|| {
        let first = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        let other = share(ALICE, terms(everything(), to_member(CLINIC)));
        let of_bob = share(BOB, terms(everything(), to_doctor(COLLEAGUE)));
        let of = |patient| -> Vec<_> {
            let grants = Records::grants_of(patient).into_iter();
            grants.map(|(id, _)| id).collect()
        };
        let to = |grantee| -> Vec<_> {
            let page = Records::grants_to(grantee, None, 9);
            page.items.iter().map(|(_, (id, _))| *id).collect()
        };
        assert_eq!(of(ALICE), [first, other]);
        assert_eq!(to(to_doctor(COLLEAGUE)), [of_bob, first]);
        assert_ok!(call(own(ALICE), Call::revoke { grant: first }));
        assert_eq!(of(ALICE), [other]);
        assert_eq!(to(to_doctor(COLLEAGUE)), [of_bob]);
        later(DAY_MS);
        assert_eq!(of(ALICE), []);
        assert_eq!(to(to_member(CLINIC)), []);
    });
}

#[test]
fn the_access_log_comes_in_pages_newest_first() {
    run(|| {
        let id = write(ALICE);
        for _ in 0..3 {
            assert_ok!(open(DOCTOR, id));
        }
        let page = Records::access_log(ALICE, None, 2);
        assert_eq!(page.items.len(), 2);
        assert_eq!((page.items[0].0, page.next), (2, Some(1)));
        assert_eq!(Records::access_log(ALICE, page.next, 2).next, None);
    });
}

#[test]
fn nodes_ask_who_may_read() {
    run(|| {
        let id = write(ALICE);
        let may = |who| Records::may_read(&who, id, Now::get());
        assert_eq!(may(own(ALICE)), Ok(Basis::Patient));
        assert_eq!(may(carer(ALICE)), Ok(Basis::Delegate));
        assert_eq!(may(doctor(DOCTOR)), Ok(Basis::Author));
        assert_eq!(may(staff(HOSPITAL)), Ok(Basis::AuthorsMember));
        for stranger in [
            booker(ALICE),
            own(BOB),
            doctor(COLLEAGUE),
            staff(CLINIC),
            STRANGER,
        ] {
            assert_eq!(may(stranger), Err(Denial::NoGrant));
        }
        assert_eq!(
            Records::may_read(&own(ALICE), RecordId(9), START),
            Err(Denial::Unknown)
        );
        let grant = share(ALICE, terms(everything(), to_doctor(COLLEAGUE)));
        assert_eq!(may(doctor(COLLEAGUE)), Ok(Basis::Grant(grant)));
        let at = |now| Records::may_read(&doctor(COLLEAGUE), id, now);
        assert_eq!(at(START + DAY_MS), Err(Denial::Expired));
        assert_eq!(at(START - 1), Err(Denial::NotYet));
        // A session key says for whom it acts.
        let as_ = |who, party| Records::may_read_as(&who, party, id, START);
        let party = Party::Practitioner(COLLEAGUE);
        assert_eq!(may(tablet(COLLEAGUE)), Err(Denial::NoGrant));
        assert_eq!(as_(tablet(COLLEAGUE), party), Ok(Basis::Grant(grant)));
        assert_eq!(as_(tablet(DOCTOR), party), Err(Denial::NoGrant));
    });
}

#[test]
fn a_key_is_given_to_whoever_acts_for_its_reader() {
    run(|| {
        let id = write(ALICE);
        let key = |who, party| Records::key_as(&who, party, id, 1).map(|(reader, _)| reader);
        let author = Party::Practitioner(DOCTOR);
        for who in [doctor(DOCTOR), tablet(DOCTOR)] {
            assert_eq!(key(who, author), Some(Reader::Practitioner(DOCTOR)));
        }
        for who in [own(ALICE), carer(ALICE)] {
            assert_eq!(key(who, Party::Patient(ALICE)), Some(Reader::Patient));
        }
        let member = Party::Member(HOSPITAL);
        assert_eq!(key(staff(HOSPITAL), member), Some(Reader::Member(HOSPITAL)));
        for (who, party) in [
            (booker(ALICE), Party::Patient(ALICE)),
            (carer(ALICE), Party::Patient(BOB)),
            (own(BOB), Party::Patient(BOB)),
            (tablet(COLLEAGUE), author),
            (tablet(COLLEAGUE), Party::Practitioner(COLLEAGUE)),
            (tablet(DOCTOR), member),
        ] {
            assert_eq!(key(who, party), None, "{who} as {party:?}");
        }
        // By itself a device is nobody.
        assert_eq!(Records::key_for(&tablet(DOCTOR), id, 1), None);
        let of_none = Records::key_as(&doctor(DOCTOR), author, RecordId(9), 1);
        assert_eq!(of_none, None);
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    run(|| {
        assert_eq!(Records::record(RecordId(0)), None);
        assert_eq!(Records::version(RecordId(0), 1), None);
        assert_eq!(Records::by_content(Hash::zero()), None);
        assert_eq!(Records::sealed_key(RecordId(0), 1, Reader::Patient), None);
        assert_eq!(Records::key_progress(ALICE).total, 0);
    });
}
