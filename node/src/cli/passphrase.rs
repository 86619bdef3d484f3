//! Where passphrases come from: a file, the environment, or the person at the terminal.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};
use clap::Args;
use xinglin_sdk::secret_file;
use zeroize::Zeroizing;

/// The environment variable that may hold the passphrase.
pub const PASSPHRASE_ENV: &str = "XINGLIN_PASSPHRASE";

/// Options of every command that opens or makes a keystore.
#[derive(Args, Clone, Debug, Default)]
pub struct PassphraseArgs {
    /// File with the passphrase, mode 0600; else XINGLIN_PASSPHRASE is taken, else the terminal is
    /// asked
    #[arg(long, alias = "password-filename", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase of an existing keystore.
    pub fn existing(&self, what: &str) -> Result<Zeroizing<String>> {
        existing(self.passphrase_file.as_deref(), what)
    }

    /// A passphrase for a new keystore; a person has to type it twice.
    pub fn new_one(&self) -> Result<Zeroizing<String>> {
        match given(self.passphrase_file.as_deref())? {
            Some(given) => Ok(given),
            None => ask_twice(),
        }
    }
}

/// A passphrase that a person types twice.
pub fn ask_twice() -> Result<Zeroizing<String>> {
    let first = ask("New passphrase: ")?;
    if *ask("The same again: ")? != *first {
        bail!("the passphrases differ; nothing was written");
    }
    Ok(first)
}

/// The passphrase that opens `what`, which a person is asked for by that name.
pub fn existing(file: Option<&Path>, what: &str) -> Result<Zeroizing<String>> {
    match given(file)? {
        Some(given) => Ok(given),
        None => ask(&format!("Passphrase of {what}: ")),
    }
}

fn given(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    match file {
        Some(path) => from_file(path).map(Some),
        None => Ok(std::env::var(PASSPHRASE_ENV).ok().map(Zeroizing::new)),
    }
}

/// The first line of a file that only its owner may read.
pub fn from_file(path: &Path) -> Result<Zeroizing<String>> {
    let contents = secret_file::read(path).context("passphrase file")?;
    let text = std::str::from_utf8(&contents)
        .with_context(|| format!("passphrase file {} is not text", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!(
            "passphrase file {} is empty; write the passphrase into its first line",
            path.display()
        );
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        bail!("a passphrase is needed and there is no terminal to ask at; give --passphrase-file or {PASSPHRASE_ENV}");
    }
    let text =
        Zeroizing::new(rpassword::prompt_password(prompt).context("reading the passphrase")?);
    if text.is_empty() {
        bail!("an empty passphrase protects nothing");
    }
    Ok(text)
}
