//! `xinglin key`: makes, shows and moves keys.

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context, Result};
use clap::{Args, Subcommand};
use codec::Encode;
use xinglin_primitives::{consensus::SignedPayload, MemberId};
use xinglin_sdk::{
    client::to_hex,
    keys::{self, KeyPair, Scheme},
    keystore::{Keystore, Meta},
    secret_file,
};
use zeroize::Zeroizing;

use super::{
    chain_spec,
    passphrase::{self, PassphraseArgs},
};
use crate::{peer::peer_id_text, settings};

/// Largest message that is signed, in bytes.
const MESSAGE_BYTES_MAX: u64 = 1024 * 1024;

/// Make, show and move keys. Keystore files are those of the polkadot.js wallets.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a new key
    Generate(GenerateArgs),
    /// Show the public side of a keystore file or an address
    Inspect(InspectArgs),
    /// Store a key that exists as a mnemonic or seed, read from the standard input or asked for
    Import(ImportArgs),
    /// Store a copy of a key under another passphrase, to be handed to a wallet or a machine
    Export(ExportArgs),
    /// Sign a message from the standard input; prints the signature as clients encode it
    Sign(SignArgs),
    /// Prove the possession of a consensus key, for the call that registers a validator
    ProvePossession(ProveArgs),
    /// Make a node's network identity, and print its peer id
    GenerateNodeKey(NodeKeyArgs),
    /// Print the peer id of a node's network identity
    InspectNodeKey(NodeKeyArgs),
}

/// Options of `key generate`.
#[derive(Args)]
pub struct GenerateArgs {
    /// sr25519 for accounts and consensus keys, or ed25519
    #[arg(long, default_value = "sr25519")]
    scheme: Scheme,
    /// Keystore file to write; it must not exist
    #[arg(
        long,
        short,
        value_name = "FILE",
        required_unless_present = "show_mnemonic"
    )]
    output: Option<PathBuf>,
    /// Label for wallets
    #[arg(long)]
    name: Option<String>,
    /// Print the mnemonic: whoever sees it has the key
    #[arg(long)]
    show_mnemonic: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of `key inspect`.
#[derive(Args)]
pub struct InspectArgs {
    /// Keystore file, SS58 address or public key in hex
    key: String,
    /// Open the keystore, to see whether the passphrase is right, and show the encryption key, too
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of `key import`.
#[derive(Args)]
pub struct ImportArgs {
    /// Keystore file to write; it must not exist
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// sr25519 or ed25519
    #[arg(long, default_value = "sr25519")]
    scheme: Scheme,
    /// Label for wallets
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of `key export`.
#[derive(Args)]
pub struct ExportArgs {
    /// Keystore file to copy
    file: PathBuf,
    /// Keystore file to write; it must not exist
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// File with the passphrase of the copy, mode 0600; else the terminal is asked
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of `key sign`.
#[derive(Args)]
pub struct SignArgs {
    /// Keystore file
    file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of `key prove-possession`.
#[derive(Args)]
pub struct ProveArgs {
    /// Keystore file of the consensus key
    file: PathBuf,
    /// Id of the member that registers the validator
    #[arg(long, value_name = "ID")]
    member: u32,
    /// The chain on which it does, since the proof means nothing elsewhere
    #[arg(long, value_name = "dev|local|FILE")]
    chain: String,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Options of the commands for node keys.
#[derive(Args)]
pub struct NodeKeyArgs {
    /// The file, which holds the seed of 32 bytes in hex
    #[arg(long, value_name = "FILE", default_value = "node.key")]
    file: PathBuf,
}

/// Does what `xinglin key …` says.
pub fn run(command: KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Generate(args) => generate(&args),
        KeyCommand::Inspect(args) => inspect(&args),
        KeyCommand::Import(args) => import(&args),
        KeyCommand::Export(args) => export(&args),
        KeyCommand::Sign(args) => sign(&args),
        KeyCommand::ProvePossession(args) => prove_possession(&args),
        KeyCommand::GenerateNodeKey(args) => generate_node_key(&args.file),
        KeyCommand::InspectNodeKey(args) => {
            let seed = read_node_key(&args.file)?;
            println!("{}", peer_id_text(&seed));
            Ok(())
        }
    }
}

fn generate(args: &GenerateArgs) -> Result<()> {
    let (pair, mnemonic) = KeyPair::generate(args.scheme);
    if let Some(path) = &args.output {
        store(&pair, path, args.name.clone(), &args.passphrase.new_one()?)?;
    }
    if args.show_mnemonic {
        println!("mnemonic    {}", *mnemonic);
    }
    print_public(&pair);
    Ok(())
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let path = Path::new(&args.key);
    if !path.exists() {
        let account = keys::parse_account(&args.key)
            .with_context(|| format!("`{}` is neither a file nor an address", args.key))?;
        println!("address     {}", keys::address_of(&account));
        println!("public key  {}", to_hex(account.as_ref()));
        return Ok(());
    }
    let keystore = Keystore::read(path)?;
    let account = keys::parse_account(&keystore.address)?;
    if args.open {
        let pair = keystore.open(&args.passphrase.existing(&args.key)?)?;
        print_public(&pair);
        println!("encryption  {}", to_hex(&keys::encryption_key(&pair).0));
        return Ok(());
    }
    println!("scheme      {}", keystore.scheme()?);
    println!("address     {}", keys::address_of(&account));
    println!("public key  {}", to_hex(account.as_ref()));
    Ok(())
}

fn import(args: &ImportArgs) -> Result<()> {
    let secret = read_secret()?;
    let pair = KeyPair::from_secret(args.scheme, secret.trim())?;
    store(
        &pair,
        &args.output,
        args.name.clone(),
        &args.passphrase.new_one()?,
    )?;
    print_public(&pair);
    Ok(())
}

fn export(args: &ExportArgs) -> Result<()> {
    let pair = open(&args.file, &args.passphrase)?;
    let meta = Keystore::read(&args.file)?.meta;
    let passphrase = match &args.new_passphrase_file {
        Some(path) => passphrase::from_file(path)?,
        None => passphrase::ask_twice()?,
    };
    Keystore::seal(&pair, &passphrase, meta)?.write_new(&args.output)?;
    print_public(&pair);
    Ok(())
}

fn sign(args: &SignArgs) -> Result<()> {
    let mut message = Vec::new();
    std::io::stdin()
        .take(MESSAGE_BYTES_MAX + 1)
        .read_to_end(&mut message)
        .context("reading the message")?;
    ensure!(
        message.len() as u64 <= MESSAGE_BYTES_MAX,
        "the message is larger than {MESSAGE_BYTES_MAX} bytes; sign its hash"
    );
    let pair = open(&args.file, &args.passphrase)?;
    println!("{}", to_hex(&pair.sign(&message).encode()));
    Ok(())
}

fn prove_possession(args: &ProveArgs) -> Result<()> {
    let genesis = chain_spec::anchor(&settings::chain_spec(&args.chain)?)?.genesis;
    let key = open(&args.file, &args.passphrase)?
        .to_schnorrkel()
        .context("the key is not an sr25519 key, as consensus keys are")?;
    let payload = SignedPayload::Possession {
        member: MemberId(args.member),
    };
    let key_bytes = key.public.to_bytes();
    println!("key         {}", to_hex(&key_bytes));
    println!("possession  {}", to_hex(&payload.sign(&genesis, &key).0));
    Ok(())
}

fn open(file: &Path, passphrase: &PassphraseArgs) -> Result<KeyPair> {
    let name = file.display().to_string();
    Ok(Keystore::read(file)?.open(&passphrase.existing(&name)?)?)
}

/// Encrypts a key into a new file.
pub fn store(pair: &KeyPair, path: &Path, name: Option<String>, passphrase: &str) -> Result<()> {
    let meta = Meta {
        name,
        genesis_hash: None,
    };
    Keystore::seal(pair, passphrase, meta)?
        .write_new(path)
        .map_err(Into::into)
}

/// Writes a new network identity.
fn generate_node_key(path: &Path) -> Result<()> {
    let seed = keys::random_seed();
    write_node_key(path, &seed)?;
    println!("{}", peer_id_text(&seed));
    Ok(())
}

/// Writes the seed of a node's network identity into a new file.
pub fn write_node_key(path: &Path, seed: &[u8; 32]) -> Result<()> {
    let digits = Zeroizing::new(hex::encode(seed));
    Ok(secret_file::write_new(path, digits.as_bytes())?)
}

/// Reads the seed of a node's network identity.
pub fn read_node_key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let contents = secret_file::read(path).context(
        "node key; make one with `xinglin key generate-node-key`, and have its peer id registered",
    )?;
    let mut seed = Zeroizing::new([0; 32]);
    let digits = contents.trim_ascii();
    hex::decode_to_slice(digits.strip_prefix(b"0x").unwrap_or(digits), &mut *seed)
        .ok()
        .with_context(|| format!("{} does not hold 32 bytes in hex", path.display()))?;
    Ok(seed)
}

fn read_secret() -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        let prompt = "Mnemonic or seed (not shown): ";
        return Ok(Zeroizing::new(rpassword::prompt_password(prompt)?));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(secret_file::SECRET_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .context("reading the secret")?;
    Ok(text)
}

fn print_public(pair: &KeyPair) {
    println!("scheme      {}", pair.scheme());
    println!("address     {}", pair.address());
    println!("public key  {}", to_hex(&pair.public()));
}
