//! One node: a process of the real binary with its folder, ports and log.

use std::{
    ffi::OsStr,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use xinglin_primitives::BlockNumber;
use xinglin_sdk::{
    client::Client,
    keys::KeyPair,
    keystore::{Keystore, Meta},
    secret_file,
};

/// Only a failure takes this long.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// How often a process that is coming up is asked whether it is there.
const POLL: Duration = Duration::from_millis(20);
/// The passphrase of test keys.
const PASSPHRASE: &str = "test";
/// How much of a log a failure shows.
const LOG_TAIL_LINES: usize = 40;

/// What makes up a node.
#[derive(Clone)]
pub struct NodeSetup {
    /// Its name in logs.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// The chain specification.
    pub chain: PathBuf,
    /// The consensus key, for a validator.
    pub consensus_key: Option<KeyPair>,
    /// Seed of the network identity.
    pub node_seed: [u8; 32],
    /// Port of consensus; the exchange of transactions has the next one.
    pub port: u16,
    /// Port of JSON-RPC.
    pub rpc_port: u16,
    /// Port of the metrics.
    pub metrics_port: u16,
    /// Further options of `xinglin start`, by their names in the configuration file. They prevail over
    /// those that follow from the rest. Relative paths begin at the node's folder.
    pub options: toml::Table,
}

/// A node that runs, or has run.
pub struct Node {
    setup: NodeSetup,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    /// Where in the log the last start begins, in bytes.
    log_start: usize,
}

/// The binary with these arguments, for commands that end.
pub fn xinglin<S: AsRef<OsStr>>(arguments: &[S]) -> Result<Output> {
    let mut command = Command::new(binary()?);
    Ok(command.args(arguments).stdin(Stdio::null()).output()?)
}

/// The height that a write-ahead log is about, which stands after four bytes of version; `None` if the
/// log is empty.
pub fn wal_height(log: &[u8]) -> Option<BlockNumber> {
    let height = log.get(4..12)?.try_into().ok()?;
    u64::from_be_bytes(height).try_into().ok()
}

/// The binary under test, which the test scripts build: beside this one, or where
/// `XINGLIN_BINARY` says.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("XINGLIN_BINARY") {
        return Ok(path.into());
    }
    let here = std::env::current_exe()?;
    let found = here
        .ancestors()
        .skip(1)
        .take(3)
        .map(|dir| dir.join("xinglin"))
        .find(|path| path.is_file());
    found.context("no `xinglin` binary; build it with `cargo build --release --package xinglin`")
}

impl Node {
    /// Writes the node's keys and configuration. It does not run yet.
    pub fn new(setup: NodeSetup) -> Result<Self> {
        let keys = setup.dir.join("keys");
        fs::create_dir_all(&keys)?;
        secret_file::write_new(
            &keys.join("node.key"),
            hex::encode(setup.node_seed).as_bytes(),
        )?;
        let mut config = toml::Table::new();
        let mut set = |name: &str, value: toml::Value| {
            config.insert(name.into(), value);
        };
        let text = |path: &Path| toml::Value::from(path.display().to_string());
        set("chain", text(&setup.chain));
        set("base-path", text(&setup.dir));
        set("name", setup.name.clone().into());
        set("port", i64::from(setup.port).into());
        set("listen-host", "127.0.0.1".into());
        set("rpc-port", i64::from(setup.rpc_port).into());
        set("rpc-rate-limit", 0.into());
        set("prometheus-port", i64::from(setup.metrics_port).into());
        if let Some(key) = &setup.consensus_key {
            let passphrase = keys.join("passphrase");
            secret_file::write_new(&passphrase, PASSPHRASE.as_bytes())?;
            Keystore::seal(key, PASSPHRASE, Meta::default())?
                .write_new(&keys.join("consensus.json"))?;
            set("validator", true.into());
            set("passphrase-file", text(&passphrase));
        }
        config.extend(setup.options.clone());
        fs::write(setup.dir.join("node.toml"), toml::to_string(&config)?)?;
        Ok(Self {
            setup,
            child: None,
            environment: Vec::new(),
            log_start: 0,
        })
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.setup.name
    }

    /// The node's folder.
    pub fn dir(&self) -> &Path {
        &self.setup.dir
    }

    /// The folder of what the running node keeps.
    pub fn base_path(&self) -> PathBuf {
        match self.setup.options.get("base-path") {
            Some(toml::Value::String(path)) => self.setup.dir.join(path),
            _ => self.setup.dir.clone(),
        }
    }

    /// The folder of its database.
    pub fn database(&self) -> PathBuf {
        self.base_path().join("db")
    }

    /// The write-ahead log of its consensus.
    pub fn wal(&self) -> PathBuf {
        self.base_path().join("wal").join("consensus.wal")
    }

    /// The file with the node's log.
    pub fn log_path(&self) -> PathBuf {
        self.setup.dir.join("log")
    }

    /// The whole log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Where its JSON-RPC is.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.setup.rpc_port)
    }

    /// The same as an address.
    pub fn rpc_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.setup.rpc_port).into()
    }

    /// Where its metrics are, as host and port.
    pub fn metrics_address(&self) -> String {
        format!("127.0.0.1:{}", self.setup.metrics_port)
    }

    /// Sets a variable in the environment of the process, from its next start on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the process and does not wait for it.
    pub fn spawn(&mut self) -> Result<()> {
        self.spawn_with(&[])
    }

    /// As [`spawn`](Self::spawn) with more options on the command line.
    pub fn spawn_with(&mut self, options: &[&str]) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs already", self.name());
        self.log_start = self.log().len();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let child = Command::new(binary()?)
            .arg("start")
            .arg("--config")
            .arg(self.setup.dir.join("node.toml"))
            .args(options)
            .envs(self.environment.clone())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// Starts the process and waits until its JSON-RPC answers.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        self.wait_ready().await
    }

    /// Waits until the JSON-RPC of the started process answers.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.exit_status()? {
                bail!("{} ended with {status}:\n{}", self.name(), self.log_tail());
            }
            if TcpStream::connect(("127.0.0.1", self.setup.rpc_port)).is_ok() {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{} does not answer:\n{}",
                self.name(),
                self.log_tail()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// A client of the running node.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::connect(&self.url()).await?)
    }

    /// The id of the running process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How the process ended, if it has.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    /// Kills the process as a power failure would: it is told nothing.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks the process to end and waits for it.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let pid = self.pid().context("it does not run")?;
        let asked = Command::new("kill").arg(pid.to_string()).status()?;
        ensure!(asked.success(), "cannot signal {pid}");
        self.wait_exit().await
    }

    /// Waits for the process to end by itself.
    pub async fn wait_exit(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("it does not run")?;
        let waited = tokio::task::spawn_blocking(move || {
            let deadline = Instant::now() + DEADLINE;
            loop {
                match child.try_wait() {
                    Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL),
                    Ok(None) => {
                        child.kill()?;
                        child.wait()?;
                        break Err(std::io::Error::other("it does not end"));
                    }
                    Ok(Some(status)) => break Ok(status),
                    Err(error) => break Err(error),
                }
            }
        })
        .await?;
        waited.with_context(|| format!("{}:\n{}", self.name(), self.log_tail()))
    }

    /// Waits for the process to fail: it ends by itself, says why in one line, which this returns, and
    /// nothing panics.
    pub async fn wait_failure(&mut self) -> Result<String> {
        let status = self.wait_exit().await?;
        let log = self.log_since_start();
        ensure!(status.code() == Some(1), "it ended with {status}:\n{log}");
        ensure!(
            !log.contains("panic"),
            "something panicked on the way:\n{log}"
        );
        let mut errors = log.lines().filter(|line| line.starts_with("error: "));
        let (Some(error), None) = (errors.next(), errors.next()) else {
            bail!("it does not say why in one line:\n{log}");
        };
        Ok(error.to_owned())
    }

    /// What the process has logged since it was started last.
    pub fn log_since_start(&self) -> String {
        self.log().split_off(self.log_start)
    }

    /// The end of the log, for messages.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("{}: {error}", self.name());
        }
    }
}
