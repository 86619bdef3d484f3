//! Recording tokens, and every reason not to.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::Hash as _, DispatchError};
use xinglin_primitives::{stamp::Stamp, Hashing, StampId};
use xinglin_timestamps::testing::{Keys, TestAuthority};

use crate::{mock::*, types::Token, Call, Error, Event, NextStamp, Stamps};

const HOUR_MS: u64 = 3_600_000;

/// A token over a block of the chain.
fn token(service: &TestAuthority, block: u32) -> Vec<u8> {
    let token = service.token(hash(block).as_bytes());
    Now::set(clock());
    token
}

#[test]
fn a_token_is_recorded() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let token = token(&service, block);
        System::set_extrinsic_index(3);
        assert_ok!(call(account(AUTHORITY), submitting(block, token.clone())));
        let id = StampId(0);
        let stamp = TrustedTime::stamp(id).unwrap();
        let own = xinglin_timestamps::Authority::new(&service.chain()).unwrap();
        let stated = xinglin_timestamps::verify(&token, hash(block).as_bytes(), &own).unwrap();
        let expected = Stamp {
            authority: AUTHORITY,
            certificates: 0,
            block,
            time: stated.time_ms,
            accuracy_ms: Some(1_501),
            token: Hashing::hash(&token),
            token_bytes: token.len() as u32,
            recorded_in: block + 1,
            extrinsic: 3,
        };
        assert_eq!(stamp, expected);
        let event = Event::BlockStamped {
            stamp: id,
            authority: AUTHORITY,
            block,
            time: stamp.time,
            token: stamp.token,
            by: account(AUTHORITY),
        };
        assert_eq!(events(), [event]);
    });
}

#[test]
fn keys_of_each_kind_count_and_certificates_may_come_along() {
    run(|| {
        for (number, keys) in (0..).zip([Keys::Rsa, Keys::P256, Keys::P384]) {
            let service = TestAuthority::new(keys);
            assert_ok!(council(registering(AUTHORITY, &service)));
            let block = next_block();
            let request = xinglin_timestamps::request(hash(block).as_bytes(), 1, true);
            let token = xinglin_timestamps::token_of(&service.answer(&request)).unwrap();
            Now::set(clock());
            let call_ = Call::submit_token {
                block,
                number,
                token: Token::truncate_from(token),
            };
            assert_ok!(call(account(AUTHORITY), call_));
        }
    });
}

#[test]
fn only_an_active_authority_submits() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let token = token(&service, block);
        for who in [STRANGER, account(HOSPITAL), account(OTHER)] {
            assert_noop!(
                call(who, submitting(block, token.clone())),
                Error::<Test>::NotTimeAuthority
            );
        }
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            let call_ = submitting(block, token.clone());
            assert_noop!(dispatch(origin, call_), DispatchError::BadOrigin);
        }
        Removed::mutate(|removed| removed.insert(AUTHORITY));
        assert_noop!(
            call(account(AUTHORITY), submitting(block, token)),
            Error::<Test>::NotTimeAuthority
        );
    });
}

#[test]
fn certificates_count_while_they_are_in_force() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let submit = |number| Call::submit_token {
            block,
            number,
            token: Token::truncate_from(token(&service, block)),
        };
        let unknown = Error::<Test>::UnknownCertificates;
        assert_noop!(call(account(AUTHORITY), submit(1)), unknown);
        assert_ok!(council(withdrawing(AUTHORITY, 0)));
        assert_noop!(
            call(account(AUTHORITY), submit(0)),
            Error::<Test>::UnknownCertificates
        );
        // While one service takes over from another, both count.
        assert_ok!(council(registering(AUTHORITY, &service)));
        assert_ok!(call(account(AUTHORITY), submit(1)));
    });
}

#[test]
fn a_token_is_by_the_registered_service() {
    run(|| {
        let (service, stranger) = (registered(AUTHORITY), service());
        let block = next_block();
        assert_noop!(
            call(
                account(AUTHORITY),
                submitting(block, token(&stranger, block))
            ),
            Error::<Test>::UnknownSigner
        );
        let mut forged = token(&service, block);
        *forged.last_mut().unwrap() ^= 1;
        assert_noop!(
            call(account(AUTHORITY), submitting(block, forged)),
            Error::<Test>::WrongSignature
        );
    });
}

#[test]
fn a_token_is_about_the_block() {
    run(|| {
        let service = registered(AUTHORITY);
        let (first, second) = (next_block(), next_block());
        assert_noop!(
            call(
                account(AUTHORITY),
                submitting(second, token(&service, first))
            ),
            Error::<Test>::WrongImprint
        );
    });
}

#[test]
fn what_is_no_token_is_refused() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let whole = token(&service, block);
        let truncated = whole[..whole.len() - 1].to_vec();
        for other in [vec![], truncated, vec![0x30; 16 * 1024]] {
            assert_noop!(
                call(account(AUTHORITY), submitting(block, other)),
                Error::<Test>::MalformedToken
            );
        }
        // A larger one does not even decode.
        assert!(Token::try_from(vec![0; 1024 * 1024]).is_err());
    });
}

#[test]
fn certificates_are_valid_at_the_time_of_the_token() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        // The chain has the certificates of a service that has expired since.
        service.issue("own", "good", -1);
        crate::Certificates::<Test>::mutate(AUTHORITY, 0, |registered| {
            registered.as_mut().unwrap().certificates = service_chain(&service);
        });
        assert_noop!(
            call(
                account(AUTHORITY),
                submitting(block, token(&service, block))
            ),
            Error::<Test>::CertificateNotValid
        );
    });
}

#[test]
fn blocks_are_recent() {
    run(|| {
        let service = registered(AUTHORITY);
        let first = next_block();
        let early = token(&service, first);
        for _ in 1..RECENT {
            next_block();
        }
        let oldest = System::block_number() as u32 - RECENT;
        assert_eq!(oldest, first);
        for (block, error) in [
            (0, Error::<Test>::UnknownBlock),
            (System::block_number() as u32, Error::UnknownBlock),
            (u32::MAX, Error::UnknownBlock),
        ] {
            assert_noop!(
                call(account(AUTHORITY), submitting(block, early.clone())),
                error
            );
        }
        next_block();
        assert_noop!(
            call(account(AUTHORITY), submitting(first, early)),
            Error::<Test>::BlockTooOld
        );
        assert_ok!(stamp(AUTHORITY, &service, first + 1));
    });
}

#[test]
fn no_token_counts_twice() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let first = token(&service, block);
        assert_ok!(call(account(AUTHORITY), submitting(block, first.clone())));
        let replayed = Error::<Test>::Replayed;
        assert_noop!(
            call(account(AUTHORITY), submitting(block, first.clone())),
            replayed
        );
        // Nor another about the same block, nor later.
        let again = token(&service, block);
        assert_noop!(
            call(account(AUTHORITY), submitting(block, again)),
            Error::<Test>::Replayed
        );
        next_block();
        assert_noop!(
            call(account(AUTHORITY), submitting(block, first)),
            Error::<Test>::Replayed
        );
    });
}

#[test]
fn tokens_are_about_later_and_later_blocks() {
    run(|| {
        let (service, other) = (registered(AUTHORITY), registered(OTHER));
        let (first, second, third) = (next_block(), next_block(), next_block());
        assert_ok!(stamp(AUTHORITY, &service, second));
        let not_later = Error::<Test>::NotLater;
        let early = token(&service, first);
        assert_noop!(
            call(account(AUTHORITY), submitting(first, early)),
            not_later
        );
        // Members do not wait for each other.
        assert_ok!(stamp(OTHER, &other, first));
        assert_ok!(stamp(AUTHORITY, &service, third));
    });
}

#[test]
fn tokens_are_of_later_and_later_times() {
    ext().execute_with(|| {
        let service = registered(AUTHORITY);
        let (first, second) = (next_block(), next_block());
        let late = token(&service, second);
        assert_ok!(stamp(AUTHORITY, &service, first));
        // It was made before the one that was submitted before it.
        assert_noop!(
            call(account(AUTHORITY), submitting(second, late)),
            Error::<Test>::NotLater
        );
    });
}

#[test]
fn a_token_is_not_made_before_its_block() {
    run(|| {
        let service = registered(AUTHORITY);
        // By the accuracy that the service states and the drift the token may seem too early.
        let most = 1_501 + DRIFT_MS;
        let early = token(&service, 1);
        let own = xinglin_timestamps::Authority::new(&service.chain()).unwrap();
        let stated = xinglin_timestamps::verify(&early, hash(1).as_bytes(), &own).unwrap();
        Now::set(stated.time_ms + most + 1);
        let block = next_block();
        Now::set(clock() + HOUR_MS);
        assert_noop!(
            call(account(AUTHORITY), submitting(block, early.clone())),
            Error::<Test>::BeforeBlock
        );
        crate::BlockTimes::<Test>::insert(block, stated.time_ms + most);
        assert_ok!(call(account(AUTHORITY), submitting(block, early)));
    });
}

#[test]
fn a_token_is_not_from_the_future() {
    run(|| {
        let service = registered(AUTHORITY);
        Now::set(clock() - HOUR_MS);
        TrustedTime::note_time(1);
        let block = next_block();
        let token = token(&service, block);
        let own = xinglin_timestamps::Authority::new(&service.chain()).unwrap();
        let stated = xinglin_timestamps::verify(&token, hash(block).as_bytes(), &own).unwrap();
        Now::set(stated.time_ms - DRIFT_MS - 1);
        assert_noop!(
            call(account(AUTHORITY), submitting(block, token.clone())),
            Error::<Test>::InFuture
        );
        Now::set(stated.time_ms - DRIFT_MS);
        assert_ok!(call(account(AUTHORITY), submitting(block, token)));
    });
}

#[test]
fn a_token_that_says_too_little_is_refused() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        service.set("accuracy = secs:60, millisecs:1");
        assert_noop!(
            call(
                account(AUTHORITY),
                submitting(block, token(&service, block))
            ),
            Error::<Test>::TooInaccurate
        );
        service.set("accuracy = secs:60");
        assert_ok!(stamp(AUTHORITY, &service, block));
    });
}

#[test]
fn no_ids_are_left_at_the_end() {
    ext().execute_with(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        NextStamp::<Test>::put(StampId(u64::MAX));
        let token = token(&service, block);
        assert_noop!(
            call(account(AUTHORITY), submitting(block, token)),
            Error::<Test>::IdsUsedUp
        );
        assert_eq!(Stamps::<Test>::iter().count(), 0);
    });
}
