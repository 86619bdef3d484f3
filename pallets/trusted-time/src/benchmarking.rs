//! Benchmarks of the calls, each on its most expensive path.

use codec::Decode;
use frame_benchmarking::v2::*;
use frame_support::{assert_ok, traits::EnsureOrigin};
use frame_system::RawOrigin;
use xinglin_primitives::{time::Moment, MemberId};

use crate::{
    types::{Chain, Token},
    Authorities, BlockTimes, Call, Config, NextStamp, Pallet,
};

/// Parties and tokens that the registry of the runtime knows, with the slowest keys.
pub trait BenchmarkHelper<AccountId> {
    /// An active time authority and an account of it.
    fn authority() -> (MemberId, AccountId);
    /// Certificates of a service.
    fn certificates() -> Chain;
    /// Certificates of a service, its token over a hash, and the token's time or a little later.
    fn token(hash: &[u8]) -> (Chain, Token, Moment);
}

fn council<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::CouncilOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_certificates() -> Result<(), BenchmarkError> {
        let (member, _) = T::BenchmarkHelper::authority();
        let origin = council::<T>()?;
        #[extrinsic_call]
        _(
            origin as T::RuntimeOrigin,
            member,
            T::BenchmarkHelper::certificates(),
        );
        assert!(Authorities::<T>::contains_key(member));
        Ok(())
    }

    #[benchmark]
    fn withdraw_certificates() -> Result<(), BenchmarkError> {
        let (member, _) = T::BenchmarkHelper::authority();
        let origin = council::<T>()?;
        let certificates = T::BenchmarkHelper::certificates();
        assert_ok!(Pallet::<T>::register_certificates(
            origin.clone(),
            member,
            certificates
        ));
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, member, 0);
        assert!(Authorities::<T>::get(member).is_some_and(|it| it.in_force.is_empty()));
        Ok(())
    }

    #[benchmark]
    fn submit_token() -> Result<(), BenchmarkError> {
        let (member, who) = T::BenchmarkHelper::authority();
        let hash = T::Hash::decode(&mut &[7; 32][..]).map_err(|_| BenchmarkError::Weightless)?;
        let (chain, token, time) = T::BenchmarkHelper::token(hash.as_ref());
        assert_ok!(Pallet::<T>::register_certificates(
            council::<T>()?,
            member,
            chain
        ));
        frame_system::Pallet::<T>::set_block_number(2u32.into());
        frame_system::BlockHash::<T>::insert(
            frame_system::pallet_prelude::BlockNumberFor::<T>::from(1u32),
            hash,
        );
        BlockTimes::<T>::insert(1, time);
        let next = NextStamp::<T>::get();
        #[extrinsic_call]
        _(RawOrigin::Signed(who), 1, 0, token);
        assert!(NextStamp::<T>::get() > next);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
