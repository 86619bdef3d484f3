//! Which certificates are those of an authority.

use crate::{testing::*, Authority, CertificateError, CERTIFICATE_BYTES_MAX};

const SM2_CURVE: &str = "1.2.156.10197.1.301";

fn refusal(chain: &[Vec<u8>]) -> CertificateError {
    Authority::new(chain).expect_err("the chain is refused")
}

#[test]
fn a_chain_of_each_kind_of_key_is_accepted() {
    for keys in [Keys::Rsa, Keys::P256, Keys::P384] {
        let test = TestAuthority::new(keys);
        let authority = Authority::new(&test.chain()).unwrap();
        assert_eq!(authority.subject(), "CN=Authority,O=Test");
        // Alone it is trusted as well: that is for the caller to say.
        let alone = Authority::new(&test.chain()[..1]).unwrap();
        assert_eq!(alone.key_id(), authority.key_id());
        let renewed = test.issue("renewed", "good", 200);
        assert_eq!(
            Authority::new(&[renewed]).unwrap().key_id(),
            authority.key_id()
        );
    }
}

#[test]
fn the_purpose_is_time_stamping_and_nothing_else() {
    let test = TestAuthority::new(Keys::P256);
    for section in ["none", "not_critical", "two_purposes", "other_purpose"] {
        let chain = [test.issue("other", section, 9), test.der("root")];
        assert_eq!(
            refusal(&chain),
            CertificateError::NotForTimestamping,
            "{section}"
        );
    }
    let chain = [test.issue("other", "may_not_sign", 9), test.der("root")];
    assert_eq!(refusal(&chain), CertificateError::MayNotSign);
    let chain = [
        test.issue("other", "unknown_extension", 9),
        test.der("root"),
    ];
    let oid = "1.2.3.4.5".to_owned();
    assert_eq!(
        refusal(&chain),
        CertificateError::CriticalExtension { index: 0, oid }
    );
    assert_eq!(
        refusal(&[test.der("root")]),
        CertificateError::NotForTimestamping
    );
}

#[test]
fn each_is_issued_by_the_next() {
    let (test, other) = (
        TestAuthority::new(Keys::P256),
        TestAuthority::new(Keys::P256),
    );
    // Both roots have the same name.
    let chain = [test.der("own"), other.der("root")];
    assert_eq!(refusal(&chain), CertificateError::Signature { index: 0 });
    let chain = [test.der("own"), test.der("own"), test.der("root")];
    assert_eq!(refusal(&chain), CertificateError::OutOfOrder { index: 0 });
    // The root has issued itself, but not for a certificate that is no issuer.
    let twice = [test.der("own"), test.der("root"), test.der("root")];
    assert!(Authority::new(&twice).is_ok());
    let rsa = TestAuthority::new(Keys::Rsa);
    let chain = [test.der("own"), rsa.der("root")];
    assert!(matches!(
        refusal(&chain),
        CertificateError::UnsupportedAlgorithm { index: 0, .. }
    ));
}

#[test]
fn what_signs_certificates_must_be_an_issuer() {
    let test = TestAuthority::new(Keys::P256);
    // A root of the right name and key that may not issue.
    let other = test.path("openssl.cnf");
    let config = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, config.replace("CA:TRUE", "CA:FALSE")).unwrap();
    let status = std::process::Command::new("openssl")
        .args("req -new -x509 -key root.key -out root.pem -subj /O=Test/CN=Root -extensions root -config openssl.cnf".split(' '))
        .current_dir(other.parent().unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(
        refusal(&test.chain()),
        CertificateError::NotAnIssuer { index: 1 }
    );
}

#[test]
fn national_and_other_algorithms_are_named() {
    let test = TestAuthority::new(Keys::P256);
    let oid = SM2_CURVE.to_owned();
    assert_eq!(
        refusal(&[test.self_signed(Keys::Sm2)]),
        CertificateError::NationalAlgorithm { index: 0, oid }
    );
    for keys in [Keys::P521, Keys::SmallRsa] {
        assert!(matches!(
            refusal(&[test.self_signed(keys)]),
            CertificateError::UnsupportedAlgorithm { index: 0, .. }
        ));
    }
}

#[test]
fn signatures_with_pss_are_read_as_everybody_makes_them() {
    let test = TestAuthority::new(Keys::Rsa);
    let pss = |digest, salt| {
        let salt = format!("rsa_pss_saltlen:{salt}");
        let options = [digest, "-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt];
        [
            test.issue_with("pss", "good", 9, &options),
            test.der("root"),
        ]
    };
    for digest in ["-sha256", "-sha384", "-sha512"] {
        assert!(Authority::new(&pss(digest, "digest")).is_ok(), "{digest}");
    }
    assert!(matches!(
        refusal(&pss("-sha256", "20")),
        CertificateError::UnsupportedAlgorithm { index: 0, .. }
    ));
}

#[test]
fn a_chain_is_bounded() {
    let test = TestAuthority::new(Keys::P256);
    let none: [Vec<u8>; 0] = [];
    assert_eq!(refusal(&none), CertificateError::Count { count: 0 });
    let many = vec![test.der("own"); 5];
    assert_eq!(refusal(&many), CertificateError::Count { count: 5 });
    let bytes = CERTIFICATE_BYTES_MAX + 1;
    let chain = [test.der("own"), vec![0; bytes]];
    assert_eq!(
        refusal(&chain),
        CertificateError::TooLarge { index: 1, bytes }
    );
    let chain = [test.der("own"), b"-----BEGIN CERTIFICATE-----".to_vec()];
    assert_eq!(refusal(&chain), CertificateError::Malformed { index: 1 });
}

#[test]
fn certificates_are_valid_for_their_time() {
    let test = TestAuthority::new(Keys::P256);
    let authority = Authority::new(&test.chain()).unwrap();
    let Err(CertificateError::NotValid {
        index: 0,
        not_before_ms,
        not_after_ms,
        ..
    }) = authority.check_valid_at(0)
    else {
        panic!("valid in 1970");
    };
    assert_eq!(not_after_ms - not_before_ms, 100 * 86_400_000);
    assert!(authority.check_valid_at(not_before_ms - 1).is_err());
    assert!(authority.check_valid_at(not_after_ms + 1_000).is_err());
    assert!(authority.check_valid_at(not_after_ms).is_ok());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
    #[test]
    fn damaged_certificates_are_refused_and_never_panic(seed: u64) {
        let test = TestAuthority::new(Keys::P256);
        let chain = test.chain();
        let whole = &chain[0];
        for step in 0..2_000_u64 {
            let at = (seed.wrapping_add(step.wrapping_mul(0x9E37_79B9_7F4A_7C15)) >> 7) as usize;
            let mut damaged = whole.clone();
            damaged[at % whole.len()] ^= 1 << (at % 8);
            proptest::prop_assert!(Authority::new(&[damaged, chain[1].clone()]).is_err());
            proptest::prop_assert!(Authority::new(&[&whole[..at % whole.len()], &chain[1][..]]).is_err());
        }
    }
}
