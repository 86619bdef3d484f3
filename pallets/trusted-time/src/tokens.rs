//! Recording tokens.

use frame_support::{
    ensure,
    traits::{Get, Time},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Hash as _, DispatchResult, SaturatedConversion};
use xinglin_primitives::{
    glue::Members, stamp::Stamp, time::Moment, BlockNumber, Hashing, MemberId,
};
use xinglin_timestamps::TokenError;

use crate::{
    types::{StampKey, Token, ACCURACY_MS_MAX},
    Authorities, BlockTimes, ByBlock, Certificates, Config, Error, Event, NextStamp, Pallet,
    Stamps,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_submit_token(
        by: T::AccountId,
        block: BlockNumber,
        number: u32,
        token: Token,
    ) -> DispatchResult {
        let member = T::Members::member_of(&by).ok_or(Error::<T>::NotTimeAuthority)?;
        let mut authority = Authorities::<T>::get(member).ok_or(Error::<T>::NotTimeAuthority)?;
        ensure!(
            authority.in_force.contains(&number),
            Error::<T>::UnknownCertificates
        );
        let last = authority.last.and_then(Stamps::<T>::get);
        Self::check_block_is_later(member, block, last.as_ref())?;
        let (hash, block_time) = Self::recent_block(block)?;

        // The costly part comes when nothing cheap speaks against it.
        let stated = Self::verify(member, number, &token, hash)?;
        Self::check_times(&stated, block_time, last.as_ref())?;

        let id = NextStamp::<T>::get();
        NextStamp::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let stamp = Stamp {
            authority: member,
            certificates: number,
            block,
            time: stated.time_ms,
            accuracy_ms: stated.accuracy_ms,
            token: Hashing::hash(&token),
            token_bytes: token.len() as u32,
            recorded_in: Self::this_block(),
            extrinsic: frame_system::Pallet::<T>::extrinsic_index().unwrap_or_default(),
        };
        authority.last = Some(id);
        Authorities::<T>::insert(member, authority);
        Stamps::<T>::insert(id, stamp);
        ByBlock::<T>::insert(StampKey::new(block, member), id);
        Self::deposit_event(Event::BlockStamped {
            stamp: id,
            authority: member,
            block,
            time: stamp.time,
            token: stamp.token,
            by,
        });
        Ok(())
    }

    /// Keeps the time of the block that ends, in the place of one that is too old to be stamped.
    pub(crate) fn note_time(number: BlockNumber) {
        BlockTimes::<T>::insert(number % Self::recent_blocks(), T::Time::now());
    }

    /// How many blocks back one may be stamped.
    pub(crate) fn recent_blocks() -> BlockNumber {
        T::BlockHashCount::get()
            .saturated_into::<BlockNumber>()
            .max(1)
    }

    fn this_block() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    fn check_block_is_later(
        member: MemberId,
        block: BlockNumber,
        last: Option<&Stamp>,
    ) -> Result<(), Error<T>> {
        let key = StampKey::new(block, member);
        ensure!(!ByBlock::<T>::contains_key(key), Error::Replayed);
        ensure!(last.is_none_or(|last| block > last.block), Error::NotLater);
        Ok(())
    }

    /// Hash and time of a block before this one.
    fn recent_block(block: BlockNumber) -> Result<(T::Hash, Moment), Error<T>> {
        let now = Self::this_block();
        // The genesis has no time, and needs none: its hash is the name of the chain.
        ensure!(block > 0 && block < now, Error::UnknownBlock);
        let recent = Self::recent_blocks();
        ensure!(now.saturating_sub(block) <= recent, Error::BlockTooOld);
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(block));
        let time = BlockTimes::<T>::get(block % recent);
        match time {
            Some(time) if hash != T::Hash::default() => Ok((hash, time)),
            _ => Err(Error::BlockTooOld),
        }
    }

    fn verify(
        member: MemberId,
        number: u32,
        token: &Token,
        hash: T::Hash,
    ) -> Result<xinglin_timestamps::Stamp, Error<T>> {
        let registered =
            Certificates::<T>::get(member, number).ok_or(Error::UnknownCertificates)?;
        let service = xinglin_timestamps::Authority::new(&registered.certificates)?;
        Ok(xinglin_timestamps::verify(token, hash.as_ref(), &service)?)
    }

    fn check_times(
        stated: &xinglin_timestamps::Stamp,
        block_time: Moment,
        last: Option<&Stamp>,
    ) -> Result<(), Error<T>> {
        let drift = T::DriftMax::get();
        let accuracy = stated.accuracy_ms.unwrap_or(0);
        ensure!(accuracy <= ACCURACY_MS_MAX, Error::TooInaccurate);
        let latest = stated
            .time_ms
            .saturating_add(accuracy)
            .saturating_add(drift);
        ensure!(latest >= block_time, Error::BeforeBlock);
        let now = T::Time::now().saturating_add(drift);
        ensure!(stated.time_ms <= now, Error::InFuture);
        ensure!(
            last.is_none_or(|last| stated.time_ms > last.time),
            Error::NotLater
        );
        Ok(())
    }
}

impl<T> From<TokenError> for Error<T> {
    fn from(error: TokenError) -> Self {
        use TokenError as E;
        match error {
            E::TooLarge { .. }
            | E::Malformed { .. }
            | E::NotAToken { .. }
            | E::Signers { .. }
            | E::Attribute { .. }
            | E::ContentType
            | E::CriticalExtension { .. } => Self::MalformedToken,
            E::UnknownSigner | E::SigningCertificate => Self::UnknownSigner,
            E::NationalAlgorithm { .. } => Self::NationalAlgorithm,
            E::UnsupportedAlgorithm { .. } => Self::UnsupportedAlgorithm,
            E::Imprint => Self::WrongImprint,
            E::MessageDigest | E::Signature => Self::WrongSignature,
            E::Certificate(error) => error.into(),
        }
    }
}
