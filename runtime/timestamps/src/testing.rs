//! A time-stamping authority for tests: OpenSSL's, with certificates made on the spot.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// Certificates and the authority's settings. What differs between tests stands in sections.
const CONFIG: &str = "
[req]
distinguished_name = names
[names]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[none]
[good]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[not_critical]
extendedKeyUsage = timeStamping
[two_purposes]
extendedKeyUsage = critical, timeStamping, codeSigning
[other_purpose]
extendedKeyUsage = critical, codeSigning
[may_not_sign]
keyUsage = critical, keyEncipherment
extendedKeyUsage = critical, timeStamping
[unknown_extension]
extendedKeyUsage = critical, timeStamping
1.2.3.4.5 = critical, ASN1:NULL
[tsa]
default_tsa = tsa_settings
[tsa_settings]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha1, sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:1
clock_precision_digits = 3
ordering = yes
tsa_name = yes
";

/// What keys certificates are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// RSA of 2048 bits.
    Rsa,
    /// RSA of 1024 bits, which is too small.
    SmallRsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521, which is not supported.
    P521,
    /// SM2, which is not supported.
    Sm2,
}

impl Keys {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Rsa => &["-newkey", "rsa:2048"],
            Self::SmallRsa => &["-newkey", "rsa:1024"],
            Self::P256 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::P384 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            Self::P521 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
            Self::Sm2 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:SM2"],
        }
    }
}

/// An authority that runs OpenSSL in a folder of its own, which goes with it.
///
/// Its functions panic when OpenSSL does not do what it is told.
#[derive(Debug)]
pub struct TestAuthority {
    folder: TempDir,
}

impl TestAuthority {
    /// A new root and an authority under it, valid for a hundred days.
    pub fn new(keys: Keys) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = Self { folder };
        fs::write(authority.path("openssl.cnf"), CONFIG).expect("the folder can be written");
        let root = ["req", "-new", "-x509", "-nodes", "-days", "3650", "-sha256"];
        let files = "-keyout root.key -out root.pem -subj /O=Test/CN=Root -extensions root";
        authority.openssl_ok(&[&root, keys.arguments(), &words(files), &CONFIGURED].concat());
        let files = "-keyout own.key -out own.csr -subj /O=Test/CN=Authority";
        let request: &[&str] = &["req", "-new", "-nodes", "-sha256"];
        authority.openssl_ok(&[request, keys.arguments(), &words(files), &CONFIGURED].concat());
        authority.issue("own", "good", 100);
        authority
    }

    /// Issues another certificate for the authority's key, with the extensions of a section of the
    /// configuration and for so many days from now, or until so many days ago if negative. Returns
    /// it in DER.
    pub fn issue(&self, name: &str, section: &str, days: i32) -> Vec<u8> {
        self.issue_with(name, section, days, &[])
    }

    /// As [`TestAuthority::issue`], with more arguments for `openssl x509 -req`.
    pub fn issue_with(&self, name: &str, section: &str, days: i32, arguments: &[&str]) -> Vec<u8> {
        let (out, days) = (format!("{name}.pem"), days.to_string());
        let command = "x509 -req -in own.csr -CA root.pem -CAkey root.key -CAcreateserial -sha256";
        let files = [
            "-out",
            &out,
            "-days",
            &days,
            "-extfile",
            "openssl.cnf",
            "-extensions",
            section,
        ];
        self.openssl_ok(&[&words(command)[..], &files, arguments].concat());
        self.der(name)
    }

    /// A certificate for a new key that has signed itself, for time-stamping, in DER.
    pub fn self_signed(&self, keys: Keys) -> Vec<u8> {
        let command = "req -new -x509 -nodes -keyout self.key -out self.pem -subj /CN=Self";
        let section = ["-extensions", "good"];
        let command = [&words(command)[..], keys.arguments(), &section, &CONFIGURED].concat();
        self.openssl_ok(&command);
        self.der("self")
    }

    /// A certificate in DER: `own`, `root`, or one that was issued.
    pub fn der(&self, name: &str) -> Vec<u8> {
        let file = format!("{name}.pem");
        self.openssl_ok(&["x509", "-in", &file, "-outform", "DER"])
    }

    /// The authority's certificate and the root's, in DER.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.der("own"), self.der("root")]
    }

    /// The authority's certificate and the root's in one PEM file.
    pub fn chain_file(&self) -> PathBuf {
        let read = |name| fs::read_to_string(self.path(name)).expect("the certificate is there");
        let path = self.path("chain.pem");
        fs::write(&path, read("own.pem") + &read("root.pem")).expect("the folder can be written");
        path
    }

    /// A file in the authority's folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The answer to a request, both in DER.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        self.answer_with(request, "own", &[])
    }

    /// As [`TestAuthority::answer`], by another certificate and with more arguments for
    /// `openssl ts -reply`.
    pub fn answer_with(&self, request: &[u8], certificate: &str, arguments: &[&str]) -> Vec<u8> {
        fs::write(self.path("request.tsq"), request).expect("the folder can be written");
        let signer = format!("{certificate}.pem");
        let command = "ts -reply -queryfile request.tsq -inkey own.key -out response.tsr";
        let command = [
            &words(command)[..],
            &["-signer", &signer],
            &CONFIGURED,
            arguments,
        ]
        .concat();
        self.openssl_ok(&command);
        fs::read(self.path("response.tsr")).expect("OpenSSL has answered")
    }

    /// A token about data, in DER.
    pub fn token(&self, data: &[u8]) -> Vec<u8> {
        let answer = self.answer(&crate::request(data, 7, false));
        crate::token_of(&answer).expect("the authority grants a token")
    }

    /// Whether `openssl ts -verify` accepts a token about data.
    pub fn accepts(&self, token: &[u8], data: &[u8]) -> bool {
        fs::write(self.path("token.der"), token).expect("the folder can be written");
        fs::write(self.path("data.bin"), data).expect("the folder can be written");
        let command =
            "ts -verify -token_in -in token.der -data data.bin -CAfile root.pem -untrusted own.pem";
        self.openssl(&words(command)).status.success()
    }

    /// Appends to the settings of the authority.
    pub fn set(&self, line: &str) {
        let config = format!("{CONFIG}{line}\n");
        fs::write(self.path("openssl.cnf"), config).expect("the folder can be written");
    }

    fn openssl(&self, arguments: &[&str]) -> Output {
        Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .expect("OpenSSL is installed; run scripts/setup")
    }

    fn openssl_ok(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.openssl(arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        output.stdout
    }
}

const CONFIGURED: [&str; 2] = ["-config", "openssl.cnf"];

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}
