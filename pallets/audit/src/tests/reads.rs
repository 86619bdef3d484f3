//! What others may ask.

use frame_support::assert_ok;
use xinglin_primitives::{CaseId, DisclosureId};

use crate::{mock::*, reads::PAGE_MAX, Call};

fn ids<V>(page: Vec<(DisclosureId, V)>) -> Vec<u64> {
    page.into_iter().map(|(id, _)| id.0).collect()
}

#[test]
fn open_cases_come_oldest_first() {
    run(|| {
        // More than one byte of ids, so that the order of the bytes matters.
        let cases: Vec<CaseId> = (0..300).map(|_| open(REGULATOR)).collect();
        open(OTHER);
        for (n, case) in cases.iter().enumerate() {
            if n % 100 != 99 {
                assert_ok!(call(staff(REGULATOR), closing(*case)));
            }
        }
        let page = |after, limit| -> Vec<u64> {
            let page = Audit::open_cases_of(REGULATOR, after, limit);
            page.into_iter().map(|(id, _)| id.0).collect()
        };
        assert_eq!(page(None, 9), [99, 199, 299]);
        assert_eq!(page(None, 1), [99]);
        assert_eq!(page(Some(CaseId(99)), 9), [199, 299]);
        assert_eq!(page(Some(CaseId(150)), 9), [199, 299]);
        assert!(page(Some(CaseId(299)), 9).is_empty());
        assert!(page(None, 0).is_empty());
    });
}

#[test]
fn findings_come_newest_first() {
    run(|| {
        let cases: Vec<CaseId> = (0..300).map(|_| open(REGULATOR)).collect();
        let handed = Call::transfer_case {
            case: cases[7],
            to: OTHER,
        };
        assert_ok!(call(staff(REGULATOR), handed));
        assert_ok!(call(staff(OTHER), closing(cases[7])));
        // In another order than they were opened.
        for n in [299, 1, 255, 256] {
            assert_ok!(call(staff(REGULATOR), closing(cases[n])));
        }
        let page = |of, before, limit| -> Vec<u64> {
            let page = Audit::closed_cases_of(of, before, limit);
            assert!(page.iter().all(|(_, case)| case.ensure_open().is_err()));
            page.into_iter().map(|(id, _)| id.0).collect()
        };
        assert_eq!(page(REGULATOR, None, 9), [299, 256, 255, 1]);
        assert_eq!(page(REGULATOR, None, 2), [299, 256]);
        assert_eq!(page(REGULATOR, Some(CaseId(256)), 9), [255, 1]);
        assert_eq!(page(REGULATOR, Some(CaseId(200)), 9), [1]);
        assert_eq!(page(OTHER, None, 9), [7]);
    });
}

#[test]
fn open_requests_come_by_due_time() {
    run(|| {
        let case = open(REGULATOR);
        let others = open(OTHER);
        for within_ms in [300, 100, 70_000, 100] {
            ask(case, within_ms);
        }
        assert_ok!(call(staff(OTHER), asking(others, 200)));
        let of_clinic = Call::request_disclosure {
            case,
            member: CLINIC,
            request: hash(3),
            due: morning() + 50,
        };
        assert_ok!(call(staff(REGULATOR), of_clinic));

        let open = |after, limit| ids(Audit::open_requests_of(HOSPITAL, after, limit));
        assert_eq!(open(None, 9), [1, 3, 4, 0, 2]);
        assert_eq!(open(None, 2), [1, 3]);
        assert_eq!(open(Some(DisclosureId(3)), 2), [4, 0]);
        let awaited = |is_overdue, after| ids(Audit::awaited_by(REGULATOR, is_overdue, after, 9));
        assert_eq!(awaited(false, None), [5, 1, 3, 0, 2]);
        assert_eq!(awaited(false, Some(DisclosureId(3))), [0, 2]);
        assert!(awaited(true, None).is_empty());
        Now::set(morning() + 100);
        assert_eq!(awaited(true, None), [5]);
        Now::set(morning() + 101);
        assert_eq!(awaited(true, None), [5, 1, 3]);
        assert_eq!(awaited(true, Some(DisclosureId(1))), [3]);

        assert_ok!(call(staff(HOSPITAL), disclosing(DisclosureId(3), b"x")));
        assert_ok!(call(staff(REGULATOR), withdrawing(DisclosureId(0))));
        assert_eq!(open(None, 9), [1, 4, 2]);
        // The cursor may be closed by then.
        assert_eq!(open(Some(DisclosureId(3)), 9), [4, 2]);
        assert_eq!(awaited(false, None), [5, 1, 2]);
    });
}

#[test]
fn a_case_keeps_all_its_requests() {
    run(|| {
        let case = open(REGULATOR);
        for _ in 0..=PAGE_MAX {
            let id = ask(case, 10);
            assert_ok!(call(staff(HOSPITAL), disclosing(id, b"x")));
        }
        let all = ids(Audit::requests_of(case, None, u32::MAX));
        assert_eq!(all, (0..u64::from(PAGE_MAX)).collect::<Vec<_>>());
        let rest = Audit::requests_of(case, Some(DisclosureId(98)), 9);
        assert_eq!(ids(rest), [99, 100]);
        assert_eq!(Audit::requests_of(CaseId(7), None, 9), []);
    });
}
