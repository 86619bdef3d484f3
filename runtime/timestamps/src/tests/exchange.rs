//! Requests and answers.

use crate::{request, testing::*, token_of, verify, Authority, ResponseError, RESPONSE_BYTES_MAX};

const DATA: &[u8] = &[7; 32];

#[test]
fn an_authority_answers_a_request() {
    let authority = TestAuthority::new(Keys::P256);
    for nonce in [0, 1, 127, 128, u64::MAX] {
        for with_certificate in [false, true] {
            let answer = authority.answer(&request(DATA, nonce, with_certificate));
            let token = token_of(&answer).unwrap();
            let stamp = verify(&token, DATA, &Authority::new(&authority.chain()).unwrap()).unwrap();
            assert!(stamp.answers(nonce));
            assert!(!stamp.answers(nonce ^ 1));
            // A certificate takes more than 300 bytes.
            assert_eq!(token.len() > 800, with_certificate, "{}", token.len());
        }
    }
}

#[test]
fn a_refusal_says_why() {
    let authority = TestAuthority::new(Keys::P256);
    let mut bad = request(DATA, 1, false);
    // The version.
    bad[4] = 2;
    let Err(ResponseError::Refused { status, reason }) = token_of(&authority.answer(&bad)) else {
        panic!("not refused");
    };
    assert_eq!(status, 2);
    assert!(reason.to_lowercase().contains("version"), "{reason}");
}

#[test]
fn other_answers_are_none() {
    for other in [&b""[..], b"<html>404</html>", &[0x30, 0x80], &[0; 300]] {
        assert_eq!(token_of(other), Err(ResponseError::Malformed));
    }
    // Granted, and nothing else.
    let empty = [0x30, 5, 0x30, 3, 2, 1, 0];
    assert_eq!(token_of(&empty), Err(ResponseError::Malformed));
    let bytes = RESPONSE_BYTES_MAX + 1;
    assert_eq!(
        token_of(&vec![0; bytes]),
        Err(ResponseError::TooLarge { bytes })
    );
}
