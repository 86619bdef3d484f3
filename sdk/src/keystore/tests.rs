use super::*;

/// `//Alice`, passphrase `apricot grove`, written by the wallet library.
const FROM_WALLET: [(&str, &str); 2] = [
    (
        "sr25519",
        r#"{"encoded":"Wsc2UsBqGvLr6AKK3H9fgnhbvla2ox1YRqQu4GiJr+sAAAIAAQAAAAgAAAD5C7vlHEvR11MAEz6U158ZEdHJEfKBhFE9SRu41tBP/ZTXUyfFSyCU7E5IYkPsdN5JaS+K53YSpFRlIom8xsWZUbiLHtFbw1zWbkh/KP/8FkkLkFA7GBXDR2QmvEb6qf0XHuOHJVDy2Dha3Hdw8a8rlbdYsun8o3mBFvQDcwts4yzjhrigfGmW8pKMTeIrZTsnkPmG6/WlS0z+tZdf","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","meta":{"name":"vector","whenCreated":1}}"#,
    ),
    (
        "ed25519",
        r#"{"encoded":"84Jm6Edf0FVtHFmZyt4TSjWAh/76uN6ykBisAfal9nUAAAIAAQAAAAgAAABGI/09nXZo4DvHDqj6IfBtb19gduLiPxCcvwncPgW2YOHU3W1XKqNlgK66yOtyYjnIzonPYxW7wTljAvSlW0/yoBtKbhRXtrz40yQR04v+pf+eD7r/HQ3UJYTqvOMrqhw1uJs3/dwSZGPrkgawQ+Pt8CuftmBPSipKRMxWNltYOQaXIeeUihEHzMsvNQIPvVCJbB6vMkLMbdqYwldB","encoding":{"content":["pkcs8","ed25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu","meta":{"name":"vector"}}"#,
    ),
];

fn sealed() -> (KeyPair, Keystore) {
    let (pair, _) = KeyPair::generate(Scheme::Sr25519);
    let keystore = Keystore::seal(&pair, "correct horse", Meta::default()).unwrap();
    (pair, keystore)
}

fn with_encoded(keystore: &Keystore, change: impl FnOnce(&mut Vec<u8>)) -> Keystore {
    let mut bytes = BASE64.decode(&keystore.encoded).unwrap();
    change(&mut bytes);
    Keystore {
        encoded: BASE64.encode(bytes),
        ..keystore.clone()
    }
}

#[test]
fn files_of_the_wallet_open_and_sign_alike() {
    for (scheme, json) in FROM_WALLET {
        let scheme: Scheme = scheme.parse().unwrap();
        let opened = Keystore::from_json(json.as_bytes())
            .unwrap()
            .open("apricot grove")
            .unwrap();
        let alice = KeyPair::from_secret(scheme, "//Alice").unwrap();
        assert_eq!(opened.public(), alice.public());
        assert_eq!(*opened.to_stored(), *alice.to_stored());
    }
}

#[test]
fn a_file_round_trips_and_keeps_its_label() {
    let folder = tempfile::tempdir().unwrap();
    for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
        let path = folder.path().join(scheme.name());
        let (pair, _) = KeyPair::generate(scheme);
        let meta = Meta {
            name: Some("cashier".into()),
            genesis_hash: None,
        };
        let keystore = Keystore::seal(&pair, "correct horse", meta).unwrap();
        keystore.write_new(&path).unwrap();
        let read = Keystore::read(&path).unwrap();
        assert_eq!(read, keystore);
        assert_eq!(read.open("correct horse").unwrap().public(), pair.public());
    }
}

#[test]
fn a_wrong_passphrase_and_a_changed_byte_are_refused() {
    let (_, keystore) = sealed();
    assert!(matches!(
        keystore.open("wrong horse"),
        Err(KeystoreError::Passphrase(_))
    ));
    let changed = with_encoded(&keystore, |bytes| bytes[100] ^= 1);
    assert!(matches!(
        changed.open("correct horse"),
        Err(KeystoreError::Passphrase(_))
    ));
}

#[test]
fn a_changed_address_is_noticed() {
    let (_, mut keystore) = sealed();
    keystore.address = KeyPair::generate(Scheme::Sr25519).0.address();
    assert!(matches!(
        keystore.open("correct horse"),
        Err(KeystoreError::Damaged(_))
    ));
}

#[test]
fn costs_that_no_wallet_uses_are_refused_before_any_work() {
    let (_, keystore) = sealed();
    let costly = with_encoded(&keystore, |bytes| {
        bytes[32..36].copy_from_slice(&(1u32 << 30).to_le_bytes());
    });
    assert!(matches!(
        costly.open("correct horse"),
        Err(KeystoreError::Damaged(_))
    ));
}

#[test]
fn short_foreign_and_plain_files_are_refused() {
    let (pair, keystore) = sealed();
    let short = with_encoded(&keystore, |bytes| bytes.truncate(60));
    assert!(short.open("correct horse").is_err());

    let mut plain = keystore.clone();
    plain.encoding.kind = vec!["none".into()];
    assert!(matches!(plain.open(""), Err(KeystoreError::Plain)));

    let mut foreign = keystore.clone();
    foreign.encoding.version = "4".into();
    assert!(matches!(
        foreign.open("correct horse"),
        Err(KeystoreError::Format(_))
    ));

    assert!(matches!(
        Keystore::from_json(b"{}"),
        Err(KeystoreError::Json { .. })
    ));
    assert!(matches!(
        Keystore::seal(&pair, "", Meta::default()),
        Err(KeystoreError::EmptyPassphrase)
    ));
}

/// A node's own keystore has files of this kind, and one is soon given for the other.
#[test]
fn a_file_that_is_a_secret_is_not_repeated_in_the_error() {
    for file in [
        r#""bottom drive obey""#,
        "1234567890",
        r#"{"encoded":12345678}"#,
    ] {
        let error = Keystore::from_json(file.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            !error.contains("drive") && !error.contains("345"),
            "{error}"
        );
    }
}
