//! Registering and withdrawing certificates.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{MemberKind, Members},
    Hash, MemberId,
};
use xinglin_timestamps::CertificateError;

use crate::{
    types::{Chain, Registered},
    Authorities, Certificates, Config, Error, Event, KeyOwners, Pallet,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register_certificates(
        member: MemberId,
        certificates: Chain,
    ) -> DispatchResult {
        ensure!(
            T::Members::kind_of(member) == Some(MemberKind::TimeAuthority),
            Error::<T>::NotTimeAuthority
        );
        let now = T::Time::now();
        let mut authority = Authorities::<T>::get(member).unwrap_or_default();
        let number = authority.next;
        authority.next = number.checked_add(1).ok_or(Error::<T>::IdsUsedUp)?;
        authority
            .in_force
            .try_push(number)
            .map_err(|_| Error::<T>::TooManyServices)?;
        let service =
            xinglin_timestamps::Authority::new(&certificates).map_err(Error::<T>::from)?;
        service.check_valid_at(now).map_err(Error::<T>::from)?;
        let key = Hash::from(service.key_id());
        let owner = KeyOwners::<T>::get(key);
        ensure!(
            owner.is_none_or(|owner| owner == member),
            Error::<T>::KeyTaken
        );
        KeyOwners::<T>::insert(key, member);
        Authorities::<T>::insert(member, authority);
        let registered = Registered {
            certificates,
            key,
            registered_at: now,
            withdrawn_at: None,
        };
        Certificates::<T>::insert(member, number, registered);
        Self::deposit_event(Event::CertificatesRegistered {
            member,
            number,
            key,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_certificates(member: MemberId, number: u32) -> DispatchResult {
        let unknown = Error::<T>::UnknownCertificates;
        let mut authority = Authorities::<T>::get(member).ok_or(Error::<T>::UnknownCertificates)?;
        let mut registered = Certificates::<T>::get(member, number).ok_or(unknown)?;
        let before = authority.in_force.len();
        authority.in_force.retain(|other| *other != number);
        ensure!(
            authority.in_force.len() < before,
            Error::<T>::UnknownCertificates
        );
        registered.withdrawn_at = Some(T::Time::now());
        Authorities::<T>::insert(member, authority);
        Certificates::<T>::insert(member, number, registered);
        Self::deposit_event(Event::CertificatesWithdrawn { member, number });
        Ok(())
    }
}

impl<T> From<CertificateError> for Error<T> {
    fn from(error: CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::Count { .. }
            | E::TooLarge { .. }
            | E::Malformed { .. }
            | E::CriticalExtension { .. } => Self::MalformedCertificate,
            E::NotForTimestamping | E::MayNotSign => Self::NotForTimestamping,
            E::OutOfOrder { .. } | E::NotAnIssuer { .. } | E::Signature { .. } => Self::WrongChain,
            E::NationalAlgorithm { .. } => Self::NationalAlgorithm,
            E::UnsupportedAlgorithm { .. } => Self::UnsupportedAlgorithm,
            E::NotValid { .. } => Self::CertificateNotValid,
        }
    }
}
