//! Registering and withdrawing certificates.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{Hash, MemberId};
use xinglin_timestamps::testing::Keys;

use crate::{
    mock::*,
    types::{Authority, SERVICES_MAX},
    Call, Error, Event,
};

fn registering_these(certificates: &[Vec<u8>]) -> Call<Test> {
    Call::register_certificates {
        member: AUTHORITY,
        certificates: chain(certificates),
    }
}

#[test]
fn the_council_registers_and_withdraws() {
    run(|| {
        let service = registered(AUTHORITY);
        let own = xinglin_timestamps::Authority::new(&service.chain()).unwrap();
        let key = Hash::from(own.key_id());
        let (member, number) = (AUTHORITY, 0);
        let event = Event::CertificatesRegistered {
            member,
            number,
            key,
        };
        assert_eq!(events(), [event]);
        let stored = TrustedTime::certificates(AUTHORITY, 0).unwrap();
        assert_eq!(stored.certificates, service_chain(&service));
        assert_eq!((stored.key, stored.withdrawn_at), (key, None));

        assert_ok!(council(withdrawing(AUTHORITY, 0)));
        assert_eq!(events(), [Event::CertificatesWithdrawn { member, number }]);
        let stored = TrustedTime::certificates(AUTHORITY, 0).unwrap();
        assert_eq!(stored.withdrawn_at, Some(Now::get()));
        let authority = Authority {
            in_force: Default::default(),
            next: 1,
            last: None,
        };
        assert_eq!(TrustedTime::authority(AUTHORITY), Some(authority));
        assert_noop!(
            council(withdrawing(AUTHORITY, 0)),
            Error::<Test>::UnknownCertificates
        );
        // The same key again, by the same member: a new number.
        assert_ok!(council(registering(AUTHORITY, &service)));
        assert_eq!(TrustedTime::authority(AUTHORITY).unwrap().in_force, [1]);
    });
}

#[test]
fn nobody_else_does() {
    run(|| {
        let service = service();
        for origin in [
            RuntimeOrigin::signed(account(AUTHORITY)),
            RuntimeOrigin::none(),
        ] {
            for call_ in [registering(AUTHORITY, &service), withdrawing(AUTHORITY, 0)] {
                assert_noop!(dispatch(origin.clone(), call_), DispatchError::BadOrigin);
            }
        }
    });
}

#[test]
fn only_time_authorities_have_certificates() {
    run(|| {
        let service = service();
        for member in [HOSPITAL, MemberId(77)] {
            assert_noop!(
                council(registering(member, &service)),
                Error::<Test>::NotTimeAuthority
            );
            assert_noop!(
                council(withdrawing(member, 0)),
                Error::<Test>::UnknownCertificates
            );
        }
    });
}

#[test]
fn a_key_has_one_owner() {
    run(|| {
        let service = registered(AUTHORITY);
        assert_noop!(
            council(registering(OTHER, &service)),
            Error::<Test>::KeyTaken
        );
        assert_ok!(council(withdrawing(AUTHORITY, 0)));
        assert_noop!(
            council(registering(OTHER, &service)),
            Error::<Test>::KeyTaken
        );
    });
}

#[test]
fn services_are_bounded() {
    run(|| {
        let service = service();
        for _ in 0..SERVICES_MAX {
            assert_ok!(council(registering(AUTHORITY, &service)));
        }
        assert_noop!(
            council(registering(AUTHORITY, &service)),
            Error::<Test>::TooManyServices
        );
        assert_ok!(council(withdrawing(AUTHORITY, 3)));
        assert_ok!(council(registering(AUTHORITY, &service)));
    });
}

#[test]
fn each_fault_of_certificates_has_its_error() {
    run(|| {
        let (service, other) = (service(), service());
        let root = service.der("root");
        let faults = [
            (vec![], Error::<Test>::MalformedCertificate),
            (
                vec![b"no certificate".to_vec()],
                Error::MalformedCertificate,
            ),
            (
                vec![service.issue("other", "unknown_extension", 9)],
                Error::MalformedCertificate,
            ),
            (
                vec![service.issue("other", "none", 9)],
                Error::NotForTimestamping,
            ),
            (
                vec![service.issue("other", "not_critical", 9), root.clone()],
                Error::NotForTimestamping,
            ),
            (
                vec![service.issue("other", "two_purposes", 9), root.clone()],
                Error::NotForTimestamping,
            ),
            (
                vec![service.der("own"), other.der("root")],
                Error::WrongChain,
            ),
            (
                vec![service.der("own"), other.der("own")],
                Error::WrongChain,
            ),
            (
                vec![service.issue("other", "good", -1), root],
                Error::CertificateNotValid,
            ),
            (
                vec![service.self_signed(Keys::Sm2)],
                Error::NationalAlgorithm,
            ),
            (
                vec![service.self_signed(Keys::P521)],
                Error::UnsupportedAlgorithm,
            ),
        ];
        for (certificates, error) in faults {
            assert_noop!(council(registering_these(&certificates)), error);
        }
    });
}
