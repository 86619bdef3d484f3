//! The binary as operators use it, without a running network.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use sp_core::{ed25519, Pair};
use xinglin_chain_spec::ChainSpec;
use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusSignature, SignedPayload},
    MemberId,
};
use xinglin_runtime::genesis::dev;

fn xinglin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xinglin"));
    for (name, _) in std::env::vars() {
        if name.starts_with("XINGLIN_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What stands behind a word at the beginning of a line.
fn told<'a>(text: &'a str, word: &str) -> &'a str {
    let value = text.lines().find_map(|line| line.strip_prefix(word));
    value.unwrap().trim()
}

/// So many bytes out of their hexadecimal form.
fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).unwrap().try_into().unwrap()
}

fn passphrase_file(folder: &Path) -> String {
    let path = folder.join("passphrase");
    fs::write(&path, "apricot\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn flags_prevail_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    fs::write(
        &file,
        "rpc-port = 1\nport = 1\nname = 'file'\nvalidator = true",
    )
    .unwrap();
    let output = xinglin()
        .args(["start", "--print-config", "--rpc-port", "3", "--config"])
        .arg(&file)
        .env("XINGLIN_RPC_PORT", "2")
        .env("XINGLIN_PORT", "2")
        .env("XINGLIN_VALIDATOR", "false")
        .output()
        .unwrap();
    let merged: toml::Table = stdout(&output).parse().unwrap();
    assert_eq!(merged["rpc-port"].as_integer(), Some(3));
    assert_eq!(merged["port"].as_integer(), Some(2));
    assert_eq!(merged["validator"].as_bool(), Some(false));
    assert_eq!(merged["name"].as_str(), Some("file"));
}

#[test]
fn the_environment_may_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    fs::write(&file, "rpc-port = 7").unwrap();
    let output = xinglin()
        .args(["start", "--print-config"])
        .env("XINGLIN_CONFIG", &file)
        .output()
        .unwrap();
    assert!(stdout(&output).contains("rpc-port = 7"));
}

#[test]
fn mistakes_are_one_line_with_a_remedy_and_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    fs::write(&file, "rpc-prot = 1").unwrap();
    let spec = folder.path().join("spec.json");
    fs::write(&spec, "{}").unwrap();
    let (file, spec) = (file.to_str().unwrap(), spec.to_str().unwrap());
    let base = folder.path().join("base");
    let base = base.to_str().unwrap();
    for (arguments, remedy) in [
        (&["start", "--config", file][..], "did you mean `rpc-port`"),
        (&["start"], "give --chain"),
        (&["start", "--chain", spec], "give --base-path"),
        (
            &["start", "--chain", spec, "-d", base],
            "not a chain specification",
        ),
        (
            &["start", "--chain", "local", "-d", base],
            "generate-node-key",
        ),
        (
            &["start", "--dev", "--dev-member", "//Eve"],
            "//Alice, //Bob",
        ),
        (
            &["db", "check", "--chain", "dev", "-d", base],
            "--base-path",
        ),
        (
            &["status", "--url", "ws://127.0.0.1:1"],
            "is the node running",
        ),
    ] {
        let output = xinglin().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = stderr(&output);
        assert!(text.contains(remedy), "{arguments:?}: {text}");
        let errors = text.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{arguments:?}: {text}");
    }
}

#[test]
fn a_key_is_made_shown_signed_with_and_copied_without_telling_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(folder.path());
    let key = folder.path().join("key.json");
    let key = key.to_str().unwrap();
    let made = xinglin()
        .args([
            "key",
            "generate",
            "-o",
            key,
            "--passphrase-file",
            &passphrase,
        ])
        .output()
        .unwrap();
    let made = stdout(&made);
    assert!(!made.contains("mnemonic"), "{made}");
    let shown = xinglin().args(["key", "inspect", key]).output().unwrap();
    assert_eq!(stdout(&shown), made);

    let mut signing = xinglin()
        .args(["key", "sign", key, "--passphrase-file", &passphrase])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    signing.stdin.take().unwrap().write_all(b"hello").unwrap();
    let signature = stdout(&signing.wait_with_output().unwrap());
    assert_eq!(signature.trim().len(), 2 + 2 * 65, "{signature}");

    let copy = folder.path().join("copy.json");
    let copy = copy.to_str().unwrap();
    let copied = xinglin()
        .args(["key", "export", key, "-o", copy])
        .args(["--passphrase-file", &passphrase])
        .args(["--new-passphrase-file", &passphrase])
        .output()
        .unwrap();
    assert_eq!(stdout(&copied), made);

    let again = xinglin()
        .args([
            "key",
            "generate",
            "-o",
            key,
            "--passphrase-file",
            &passphrase,
        ])
        .output()
        .unwrap();
    assert!(stderr(&again).contains("never overwritten"));
}

#[test]
fn the_mnemonic_is_printed_on_request_and_restores_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(folder.path());
    let made = xinglin()
        .args(["key", "generate", "--show-mnemonic"])
        .output()
        .unwrap();
    let made = stdout(&made);
    let (mnemonic, public) = made.split_once('\n').unwrap();
    let mnemonic = mnemonic.strip_prefix("mnemonic").unwrap().trim();
    let key = folder.path().join("key.json");
    let mut import = xinglin()
        .args(["key", "import", "-o", key.to_str().unwrap()])
        .args(["--passphrase-file", &passphrase])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    import
        .stdin
        .take()
        .unwrap()
        .write_all(mnemonic.as_bytes())
        .unwrap();
    assert_eq!(stdout(&import.wait_with_output().unwrap()), public);
}

#[test]
fn the_possession_of_a_consensus_key_is_proven_for_one_member_of_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(folder.path());
    let passphrase = ["--passphrase-file", &passphrase];
    let make = |scheme: &str| {
        let file = folder.path().join(scheme);
        let mut command = xinglin();
        let command = command.args(["key", "generate", "--scheme", scheme, "-o"]);
        let made = command.arg(&file).args(passphrase).output().unwrap();
        (file, stdout(&made))
    };
    let prove = |file: &Path| {
        let mut command = xinglin();
        let command = command.args(["key", "prove-possession", "--member", "3"]);
        let command = command.args(["--chain", "local"]).args(passphrase);
        command.arg(file).output().unwrap()
    };

    let (file, public) = make("sr25519");
    let proof = stdout(&prove(&file));
    let key = told(&proof, "key");
    assert_eq!(key, told(&public, "public key"));
    let key = ConsensusKey::from_raw(bytes(key));
    let possession = ConsensusSignature::from_raw(bytes(told(&proof, "possession")));
    let proves = |member, chain| {
        let genesis = ChainSpec::from_preset(chain).unwrap().build().unwrap();
        let member = MemberId(member);
        SignedPayload::Possession { member }.verify(&genesis.hash(), &key, &possession)
    };
    assert!(proves(3, "local"));
    assert!(!proves(2, "local"));
    assert!(!proves(3, "dev"));

    let (file, _) = make("ed25519");
    let refused = prove(&file);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains("not an sr25519 key"), "{said}");
}

#[test]
fn a_node_key_is_made_once_and_always_has_the_same_peer_id() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.key");
    let key = |command: &str| {
        let mut key = xinglin();
        key.args(["key", command, "--file"]).arg(&file);
        key.output().unwrap()
    };
    let missing = key("inspect-node-key");
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("key generate-node-key"));

    let made = stdout(&key("generate-node-key"));
    assert_eq!(stdout(&key("inspect-node-key")), made);
    let seed = bytes(&fs::read_to_string(&file).unwrap());
    let peer = dev::peer_id_of(&ed25519::Pair::from_seed(&seed).public());
    assert_eq!(made.trim(), bs58::encode(peer).into_string());

    let again = key("generate-node-key");
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("never overwritten"));
    assert_eq!(stdout(&key("inspect-node-key")), made);

    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = stderr(&key("inspect-node-key"));
    assert!(exposed.contains("chmod 600"), "{exposed}");
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(folder.path());
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o644)).unwrap();
    let key = folder.path().join("key.json");
    let output = xinglin()
        .args(["key", "generate", "-o", key.to_str().unwrap()])
        .args(["--passphrase-file", &passphrase])
        .output()
        .unwrap();
    assert!(stderr(&output).contains("chmod 600"), "{}", stderr(&output));
    assert!(!key.exists());
}

#[test]
fn without_a_terminal_or_a_file_a_passphrase_is_asked_for_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.json");
    let output = xinglin()
        .args(["key", "generate", "-o", key.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(stderr(&output).contains("--passphrase-file"));
}

#[test]
fn a_new_network_passes_its_check_and_its_scripts_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(folder.path());
    let output = folder.path().join("net");
    let made = xinglin()
        .args(["network", "new", "--validators", "2", "-o"])
        .arg(&output)
        .args(["--passphrase-file", &passphrase])
        .output()
        .unwrap();
    assert!(stdout(&made).contains("hospital-1"));
    let check = |spec: &Path| {
        let check = xinglin()
            .args(["chain-spec", "check", "--json"])
            .arg(spec)
            .output()
            .unwrap();
        serde_json::from_str::<serde_json::Value>(&stdout(&check)).unwrap()
    };
    let checked = check(&output.join("chain-spec.json"));
    assert_eq!(checked["validators"], 2);
    assert_eq!(
        check(&output.join("nodes/clinic-1/chain-spec.json")),
        checked
    );
    for script in ["start-local.sh", "nodes/hospital-1/start.sh"] {
        let path = output.join(script);
        let syntax = Command::new("sh").arg("-n").arg(&path).output().unwrap();
        assert!(syntax.status.success(), "{script}: {}", stderr(&syntax));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}

#[test]
fn a_built_specification_is_the_preset() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spec.json");
    let built = xinglin()
        .args(["chain-spec", "build", "--chain", "local", "-o"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(stdout(&built), "");
    let export = |chain: &Path| {
        let export = xinglin()
            .args(["chain-spec", "export", "--chain"])
            .arg(chain)
            .output()
            .unwrap();
        stdout(&export)
    };
    let anchor = export(&file);
    assert_eq!(anchor, export(Path::new("local")));
    assert_ne!(anchor, export(Path::new("dev")));
}
