//! Benchmarks of the calls, each on its most expensive path.

use frame_benchmarking::v2::*;
use frame_support::{assert_ok, traits::Time};
use frame_system::RawOrigin;
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    glue::{Held, Subject},
    CaseId, DisclosureId, Hash, Hashing, MemberId, Party,
};

use crate::{
    types::{Envelope, Statement, ENVELOPE_BYTES_MAX, REQUESTS_MAX},
    Anchors, Call, Cases, Config, Disclosures, Holders, NextCase, NextDisclosure, Pallet,
};

/// Parties that the registry of the runtime knows.
pub trait BenchmarkHelper<AccountId> {
    /// An active regulator and an account of it.
    fn regulator() -> (MemberId, AccountId);
    /// Another active regulator.
    fn other_regulator() -> MemberId;
    /// Another active member and an account of it.
    fn member() -> (MemberId, AccountId);
    /// What can be held.
    fn held() -> Held;
}

fn statement() -> Statement {
    Statement {
        code: 1,
        digest: Hash::repeat_byte(1),
    }
}

fn regulator<T: Config>() -> RawOrigin<T::AccountId> {
    RawOrigin::Signed(T::BenchmarkHelper::regulator().1)
}

/// An open case.
fn opened<T: Config>() -> CaseId {
    let id = NextCase::<T>::get();
    let (member, _) = T::BenchmarkHelper::member();
    assert_ok!(Pallet::<T>::open_case(
        regulator::<T>().into(),
        Subject::Party(Party::Member(member)),
        statement()
    ));
    id
}

/// A case with so many open requests, and the last of them.
fn asked<T: Config>(count: u32) -> (CaseId, DisclosureId) {
    let case = opened::<T>();
    let (member, _) = T::BenchmarkHelper::member();
    let mut last = NextDisclosure::<T>::get();
    for _ in 0..count {
        last = NextDisclosure::<T>::get();
        assert_ok!(Pallet::<T>::request_disclosure(
            regulator::<T>().into(),
            case,
            member,
            Hash::repeat_byte(1),
            T::Time::now().saturating_add(1)
        ));
    }
    (case, last)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn open_case() {
        let id = NextCase::<T>::get();
        let (member, _) = T::BenchmarkHelper::member();
        #[extrinsic_call]
        _(
            regulator::<T>(),
            Subject::Party(Party::Member(member)),
            statement(),
        );
        assert!(Cases::<T>::contains_key(id));
    }

    #[benchmark]
    fn close_case() {
        let id = opened::<T>();
        #[extrinsic_call]
        _(regulator::<T>(), id, statement());
        assert!(Cases::<T>::get(id).is_some_and(|case| case.ensure_open().is_err()));
    }

    #[benchmark]
    fn transfer_case() {
        let (id, _) = asked::<T>(REQUESTS_MAX);
        let to = T::BenchmarkHelper::other_regulator();
        #[extrinsic_call]
        _(regulator::<T>(), id, to);
        assert!(Cases::<T>::get(id).is_some_and(|case| case.regulator == to));
    }

    #[benchmark]
    fn request_disclosure() {
        let (case, last) = asked::<T>(REQUESTS_MAX - 1);
        let (member, _) = T::BenchmarkHelper::member();
        let due = T::Time::now().saturating_add(1);
        #[extrinsic_call]
        _(regulator::<T>(), case, member, Hash::repeat_byte(1), due);
        assert!(last.next().is_some_and(Disclosures::<T>::contains_key));
    }

    #[benchmark]
    fn withdraw_request() {
        let (_, last) = asked::<T>(REQUESTS_MAX);
        #[extrinsic_call]
        _(regulator::<T>(), last);
        assert!(Disclosures::<T>::get(last).is_some_and(|d| !d.is_open()));
    }

    #[benchmark]
    fn disclose(b: Linear<1, ENVELOPE_BYTES_MAX>) {
        let (_, last) = asked::<T>(REQUESTS_MAX);
        let (_, staff) = T::BenchmarkHelper::member();
        let envelope = Envelope::truncate_from(vec![7; b as usize]);
        let hash = Hashing::hash(&envelope);
        #[extrinsic_call]
        _(RawOrigin::Signed(staff), last, envelope, hash);
        assert!(Disclosures::<T>::get(last).is_some_and(|d| !d.is_open()));
    }

    #[benchmark]
    fn hold() {
        let id = opened::<T>();
        let held = T::BenchmarkHelper::held();
        #[extrinsic_call]
        _(regulator::<T>(), id, held);
        assert!(Holders::<T>::contains_key(held));
    }

    #[benchmark]
    fn lift() {
        let id = opened::<T>();
        let held = T::BenchmarkHelper::held();
        assert_ok!(Pallet::<T>::hold(regulator::<T>().into(), id, held));
        #[extrinsic_call]
        _(regulator::<T>(), id, held);
        assert!(!Holders::<T>::contains_key(held));
    }

    #[benchmark]
    fn anchor_questions() {
        let (_, staff) = T::BenchmarkHelper::member();
        let signed = RawOrigin::Signed(staff.clone());
        let digest = Hash::repeat_byte(1);
        assert_ok!(Pallet::<T>::anchor_questions(
            signed.clone().into(),
            0,
            1,
            digest,
            1,
            2
        ));
        #[extrinsic_call]
        _(signed, 1, 1, digest, 2, 3);
        assert!(Anchors::<T>::get(&staff).is_some_and(|anchor| anchor.count == 2));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
