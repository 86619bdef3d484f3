//! Which tokens are accepted.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    request, testing::*, token_of, verify, Authority, CertificateError, TokenError, TOKEN_BYTES_MAX,
};

const DATA: &[u8] = &[7; 32];

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis().try_into().unwrap()
}

fn authority(test: &TestAuthority) -> Authority {
    Authority::new(&test.chain()).unwrap()
}

/// Replaces bytes that occur once by others of the same length.
fn replaced(token: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut places = (0..token.len()).filter(|at| token[*at..].starts_with(from));
    let at = places.next().expect("the bytes occur");
    assert_eq!(places.next(), None, "the bytes occur once");
    let mut token = token.to_vec();
    token[at..at + to.len()].copy_from_slice(to);
    token
}

#[test]
fn a_token_of_each_kind_of_key_states_what_it_states() {
    for keys in [Keys::Rsa, Keys::P256, Keys::P384] {
        let test = TestAuthority::new(keys);
        for digest in ["sha256", "sha384"] {
            test.set(&format!("signer_digest = {digest}"));
            let before = now_ms();
            let token = test.token(DATA);
            let after = now_ms();
            let stamp = verify(&token, DATA, &authority(&test)).unwrap();
            assert!((before..=after).contains(&stamp.time_ms), "{stamp:?}");
            assert_eq!(stamp.accuracy_ms, Some(1_501));
            assert_eq!(stamp.policy, "1.3.6.1.4.1.32473.1");
            assert_eq!(stamp.nonce, Some(vec![7]));
            assert_eq!(stamp.key_id, authority(&test).key_id());
            assert!(test.accepts(&token, DATA));
        }
    }
}

#[test]
fn whole_seconds_and_the_older_attribute_are_read() {
    let test = TestAuthority::new(Keys::Rsa);
    test.set("ess_cert_id_alg = sha1\nclock_precision_digits = 0\nsigner_digest = sha512");
    let stamp = verify(&test.token(DATA), DATA, &authority(&test)).unwrap();
    assert_eq!(stamp.time_ms % 1_000, 0);
    test.set("ess_cert_id_alg = sha384\nclock_precision_digits = 6\naccuracy = millisecs:1");
    let stamp = verify(&test.token(DATA), DATA, &authority(&test)).unwrap();
    assert_eq!(stamp.accuracy_ms, Some(1));
}

#[test]
fn a_token_is_about_its_data() {
    let test = TestAuthority::new(Keys::P256);
    let token = test.token(DATA);
    let refused = verify(&token, &[8; 32], &authority(&test));
    assert_eq!(refused, Err(TokenError::Imprint));
    assert!(!test.accepts(&token, &[8; 32]));
    // The digest must be a good one, whatever the authority puts up with.
    let sha_1 = "ts -query -digest 0123456789012345678901234567890123456789 -sha1 -out weak.tsq";
    let status = std::process::Command::new("openssl")
        .args(sha_1.split(' '))
        .current_dir(test.path(""))
        .status()
        .unwrap();
    assert!(status.success());
    let weak = test.answer(&std::fs::read(test.path("weak.tsq")).unwrap());
    let refused = verify(&token_of(&weak).unwrap(), DATA, &authority(&test));
    let oid = "1.3.14.3.2.26".to_owned();
    assert_eq!(refused, Err(TokenError::UnsupportedAlgorithm { oid }));
}

#[test]
fn a_token_is_that_of_the_authority() {
    let (test, other) = (
        TestAuthority::new(Keys::P256),
        TestAuthority::new(Keys::P256),
    );
    let token = test.token(DATA);
    let refused = verify(&token, DATA, &authority(&other));
    assert_eq!(refused, Err(TokenError::UnknownSigner));
    // Another certificate for the same key is another as well.
    test.issue("renewed", "good", 200);
    let answer = test.answer_with(&request(DATA, 1, false), "renewed", &[]);
    let refused = verify(&token_of(&answer).unwrap(), DATA, &authority(&test));
    assert_eq!(refused, Err(TokenError::UnknownSigner));
}

#[test]
fn certificates_are_valid_at_the_time_of_the_token() {
    let test = TestAuthority::new(Keys::P256);
    test.issue("own", "good", -1);
    let refused = verify(&test.token(DATA), DATA, &authority(&test));
    assert!(matches!(
        refused,
        Err(TokenError::Certificate(CertificateError::NotValid {
            index: 0,
            ..
        }))
    ));
}

#[test]
fn what_is_signed_cannot_be_changed() {
    let test = TestAuthority::new(Keys::P256);
    let authority = authority(&test);
    let token = test.token(DATA);
    let stamp = verify(&token, DATA, &authority).unwrap();
    // The content: the policy in it.
    let policy = [0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59, 1];
    let other = [0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59, 2];
    let changed = replaced(&token, &policy, &other);
    assert_eq!(
        verify(&changed, DATA, &authority),
        Err(TokenError::MessageDigest)
    );
    // The signed attributes: the year of the signing time, which nothing else is compared with.
    let tag = [0x17, 13];
    let at = token.windows(2).position(|it| it == tag).unwrap();
    let mut changed = token.clone();
    changed[at + 2] ^= 1;
    assert_eq!(
        verify(&changed, DATA, &authority),
        Err(TokenError::Signature)
    );
    // The signature.
    let mut changed = token.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(
        verify(&changed, DATA, &authority),
        Err(TokenError::Signature)
    );
    assert_eq!(stamp.nonce, Some(vec![7]));
}

#[test]
fn other_things_are_no_tokens() {
    let test = TestAuthority::new(Keys::P256);
    let authority = authority(&test);
    let malformed = |part| Err(TokenError::Malformed { part });
    assert_eq!(verify(b"", DATA, &authority), malformed("envelope"));
    let token = test.token(DATA);
    assert_eq!(
        verify(&token[..token.len() - 1], DATA, &authority),
        malformed("envelope")
    );
    let longer = [&token[..], &[0]].concat();
    assert_eq!(verify(&longer, DATA, &authority), malformed("envelope"));
    let bytes = 1024 * 1024;
    let refused = verify(&vec![0x30; bytes], DATA, &authority);
    assert_eq!(refused, Err(TokenError::TooLarge { bytes }));
    assert!(token.len() < TOKEN_BYTES_MAX);
    // Signed data that are not signed data, and whose content is not a token.
    let signed_data = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    let enveloped = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3];
    let oid = "1.2.840.113549.1.7.3".to_owned();
    let changed = replaced(&token, &signed_data, &enveloped);
    assert_eq!(
        verify(&changed, DATA, &authority),
        Err(TokenError::NotAToken { oid })
    );
}

#[test]
fn national_algorithms_are_named() {
    let test = TestAuthority::new(Keys::P256);
    let token = test.token(DATA);
    // The digest of the signature: SM3 in the place of SHA-256, which is as long.
    let sha_256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let sm_3 = [0x2A, 0x81, 0x1C, 0xCF, 0x55, 1, 0x83, 0x11];
    let mut changed = token.clone();
    let at = token.windows(9).rposition(|it| it == sha_256).unwrap();
    // One byte shorter: the NULL behind it becomes an octet string of no bytes more.
    changed[at - 1] = 8;
    changed[at..at + 8].copy_from_slice(&sm_3);
    changed[at + 8..at + 11].copy_from_slice(&[4, 1, 0]);
    let oid = "1.2.156.10197.1.401".to_owned();
    assert_eq!(
        verify(&changed, DATA, &authority(&test)),
        Err(TokenError::NationalAlgorithm { oid })
    );
}

#[test]
fn large_sets_are_refused_at_once() {
    let test = TestAuthority::new(Keys::P256);
    let token = test.token(DATA);
    // Thousands of short elements in the set of digests, in the worst order to sort.
    let elements: Vec<u8> = (0..4_000_u16)
        .rev()
        .flat_map(|it| [&[2, 2][..], &(it + 256).to_be_bytes()].concat())
        .collect();
    let der = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    };
    let signed = der(0x30, &[&[2, 1, 3][..], &der(0x31, &elements)].concat());
    let large = der(0x30, &[&token[4..15], &der(0xA0, &signed)].concat());
    assert!(large.len() <= TOKEN_BYTES_MAX);
    let part = "signed data";
    assert_eq!(
        verify(&large, DATA, &authority(&test)),
        Err(TokenError::Malformed { part }),
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4))]
    #[test]
    fn a_flipped_bit_changes_nothing_that_is_stated(with_certificate: bool) {
        let test = TestAuthority::new(Keys::P256);
        let authority = authority(&test);
        let answer = test.answer(&request(DATA, 9, with_certificate));
        let token = token_of(&answer).unwrap();
        let stamp = verify(&token, DATA, &authority).unwrap();
        for at in 0..token.len() * 8 {
            let mut flipped = token.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            // Some bits are not signed: versions, lists of digests, others' certificates.
            if let Ok(other) = verify(&flipped, DATA, &authority) {
                proptest::prop_assert_eq!(&other, &stamp);
            }
        }
        for length in 0..token.len() {
            proptest::prop_assert!(verify(&token[..length], DATA, &authority).is_err());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
        let test = TestAuthority::new(Keys::P256);
        let authority = authority(&test);
        proptest::prop_assert!(verify(&bytes, DATA, &authority).is_err());
        proptest::prop_assert!(token_of(&bytes).is_err());
        proptest::prop_assert!(Authority::new(&[bytes]).is_err());
    }
}
