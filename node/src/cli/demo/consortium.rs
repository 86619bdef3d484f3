//! A consortium of processes of this program on loopback.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use tempfile::TempDir;
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_sdk::{client::Client, keys::random_seed, secret_file};

use crate::{
    cli::{
        network::{self, FirstPorts, NewArgs},
        passphrase::PassphraseArgs,
    },
    settings::BaseFolder,
};

/// How long a node may take to answer, or to catch up.
pub const NODE_TIMEOUT: Duration = Duration::from_secs(60);
/// The folder for what the parties write.
const PAPERS: &str = "papers";
/// Seconds between two anchors of regulators' questions.
const ANCHOR_INTERVAL_S: &str = "2";
/// How often a node that is not there yet is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How many sets of ports are tried.
const PORT_ATTEMPTS: usize = 100;
/// Lines of a log that are shown when a node does not come up.
const LOG_LINES_SHOWN: usize = 20;

/// The consortium. Its processes end with it, unless [`finish`](Self::finish) keeps them.
pub struct Consortium {
    base: BaseFolder,
    network: PathBuf,
    passphrase_file: PathBuf,
    nodes: Vec<Node>,
}

/// One process.
struct Node {
    name: String,
    folder: PathBuf,
    rpc_port: u16,
    child: Option<Child>,
}

impl Consortium {
    /// Makes keys, genesis and configurations. Nothing runs yet.
    pub fn create(validators: u16, base: Option<&Path>, rpc_port: Option<u16>) -> Result<Self> {
        let base = match base {
            Some(path) => {
                ensure!(
                    !path.exists(),
                    "{} exists already; give another --base-path",
                    path.display()
                );
                fs::create_dir_all(path).context("--base-path")?;
                BaseFolder::Given(path.canonicalize().context("--base-path")?)
            }
            None => {
                BaseFolder::Temporary(tempfile::Builder::new().prefix("xinglin-demo-").tempdir()?)
            }
        };
        let network = base.path().join("network");
        let passphrase = hex::encode(*random_seed());
        let passphrase_file = base.path().join("passphrase");
        secret_file::write_new(&passphrase_file, passphrase.as_bytes())?;
        let ports = free_ports(validators, rpc_port)?;
        let created = network::create(
            &NewArgs {
                validators,
                output: network.clone(),
                hosts: Vec::new(),
                base_port: ports.consensus,
                rpc_port: ports.rpc,
                prometheus_port: ports.prometheus,
                name: "Xinglin Demo".to_owned(),
                id: "xinglin-demo".to_owned(),
                dev_parties: true,
                index: true,
                passphrase: PassphraseArgs::default(),
            },
            &passphrase,
        )?;
        let nodes = created.into_iter().map(|node| Node {
            folder: network::node_folder(&network, &node.name),
            name: node.name,
            rpc_port: node.rpc_port,
            child: None,
        });
        Ok(Self {
            nodes: nodes.collect(),
            base,
            network,
            passphrase_file,
        })
    }

    /// The chain specification.
    pub fn spec(&self) -> PathBuf {
        self.network.join("chain-spec.json")
    }

    /// A folder for what the parties of the demo write, beside the nodes'.
    pub fn papers(&self) -> Result<PathBuf> {
        let folder = self.base.path().join(PAPERS);
        fs::create_dir_all(&folder).context("the folder for papers")?;
        Ok(folder)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// RPC addresses of all nodes.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Node::url).collect()
    }

    /// Starts all nodes, and waits until they answer and have made a block.
    pub async fn start_all(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.spawn(&self.passphrase_file)?;
        }
        for node in &mut self.nodes {
            let client = node.wait_ready().await?;
            client
                .wait_for_height(1, NODE_TIMEOUT)
                .await
                .with_context(|| format!("{} makes no block", node.name))?;
        }
        Ok(())
    }

    /// Kills a node as a power failure would.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        let node = &mut self.nodes[index];
        node.kill()?;
        println!("{} is gone.", node.name);
        Ok(())
    }

    /// Starts one node again and waits until it has a block that was made without it; how long that
    /// took.
    pub async fn restart_and_catch_up(
        &mut self,
        index: usize,
        height: BlockNumber,
    ) -> Result<Duration> {
        let started = Instant::now();
        let node = &mut self.nodes[index];
        node.spawn(&self.passphrase_file)?;
        let client = node.wait_ready().await?;
        client
            .wait_for_height(height, NODE_TIMEOUT)
            .await
            .with_context(|| format!("{} does not catch up", node.name))?;
        Ok(started.elapsed())
    }

    /// The state root after the last block of the first node, if all nodes have the same there.
    pub async fn same_state_everywhere(&self) -> Result<Hash> {
        let first = Client::connect(&self.nodes[0].url()).await?;
        let header = first.header(first.tip().await?).await?;
        for node in &self.nodes {
            let client = Client::connect(&node.url()).await?;
            client.wait_for_height(header.number, NODE_TIMEOUT).await?;
            let own = client
                .header(client.block_hash(header.number).await?)
                .await?;
            ensure!(
                own == header,
                "{} has another block {}: {own:?}, not {header:?}",
                node.name,
                header.number
            );
        }
        Ok(header.state_root)
    }

    /// Stops the nodes in order, or leaves them and says how to connect. The folder, which is
    /// removed with what is returned if it is a temporary one and nothing runs in it.
    pub async fn finish(mut self, keep: bool) -> Result<BaseFolder> {
        if !keep {
            for node in &mut self.nodes {
                node.terminate()?;
            }
            for node in &mut self.nodes {
                node.wait_exit().await?;
            }
            println!("\nThe nodes have stopped in order.");
            return Ok(self.base);
        }
        let urls = self.urls();
        let processes: Vec<String> = self
            .nodes
            .iter_mut()
            .filter_map(|node| node.child.take())
            .map(|child| child.id().to_string())
            .collect();
        let folder = match self.base {
            BaseFolder::Given(ref path) => path.clone(),
            BaseFolder::Temporary(folder) => TempDir::keep(folder),
        };
        println!("\nThe network runs on:");
        for url in &urls {
            println!("  {url}");
        }
        println!("Look at it:   xinglin status --url {}", urls.join(","));
        println!(
            "In a browser: https://polkadot.js.org/apps/?rpc={}",
            urls[0]
        );
        println!("Its folder:   {}", folder.display());
        println!("Papers:       {}", folder.join(PAPERS).display());
        println!("Stop it:      kill {}", processes.join(" "));
        println!(
            "Start again:  XINGLIN={} XINGLIN_PASSPHRASE_FILE={} {}",
            program()?.display(),
            self.passphrase_file.display(),
            self.network.join("start-local.sh").display()
        );
        Ok(BaseFolder::Given(folder))
    }
}

impl Node {
    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("node.log")
    }

    fn spawn(&mut self, passphrase_file: &Path) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let mut command = Command::new(program()?);
        // What the environment says of one node must not reach all of them.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("XINGLIN_") {
                command.env_remove(name);
            }
        }
        let child = command
            .args(["start", "--config"])
            .arg(self.folder.join("node.toml"))
            .arg("--passphrase-file")
            .arg(passphrase_file)
            // The export reads events and state of all blocks; nobody waits an hour here.
            .args([
                "--pruning",
                "archive",
                "--anchor-interval",
                ANCHOR_INTERVAL_S,
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the demo, which stops its nodes; kept nodes outlive the terminal's.
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", self.name))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the process answers.
    async fn wait_ready(&mut self) -> Result<Client> {
        let deadline = Instant::now() + NODE_TIMEOUT;
        loop {
            if let Some(child) = &mut self.child {
                if let Some(status) = child.try_wait()? {
                    bail!("{} ended with {status}:\n{}", self.name, self.log_tail());
                }
            }
            match Client::connect(&self.url()).await {
                Ok(client) => return Ok(client),
                Err(error) if Instant::now() > deadline => {
                    bail!("{}: {error}\n{}", self.name, self.log_tail())
                }
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }

    fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks the process to end. The standard library can only kill; every shell can ask.
    fn terminate(&self) -> Result<()> {
        let Some(child) = &self.child else {
            return Ok(());
        };
        let status = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\""])
            .arg(child.id().to_string())
            .status()?;
        ensure!(status.success(), "{} could not be signalled", self.name);
        Ok(())
    }

    /// Waits until the process has ended, which must be in order.
    async fn wait_exit(&mut self) -> Result<()> {
        let deadline = Instant::now() + NODE_TIMEOUT;
        while let Some(child) = &mut self.child {
            match child.try_wait()? {
                Some(status) => {
                    self.child = None;
                    ensure!(
                        status.success(),
                        "{} ended with {status}:\n{}",
                        self.name,
                        self.log_tail()
                    );
                }
                None if Instant::now() > deadline => bail!("{} does not stop", self.name),
                None => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
        Ok(())
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

/// The file of this program.
pub fn program() -> Result<PathBuf> {
    std::env::current_exe().context("finding this program")
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("{}: {error:#}", self.name);
        }
    }
}

/// Finds ports that are all free at the moment.
fn free_ports(nodes: u16, rpc: Option<u16>) -> Result<FirstPorts> {
    for _ in 0..PORT_ATTEMPTS {
        let seed = random_seed();
        // Below the range from which the system takes ports for outgoing connections.
        let random = |at: usize| 10_000 + u16::from_le_bytes([seed[at], seed[at + 1]]) % 20_000;
        let first = FirstPorts {
            consensus: random(0),
            rpc: rpc.unwrap_or(random(2)),
            prometheus: random(4),
        };
        // All are held together, so that no two of them are the same.
        let listeners: Option<Vec<TcpListener>> = (0..nodes)
            .map(|index| first.of(index))
            .flat_map(|ports| match ports {
                Some(ports) => ports.all().map(Some),
                None => [None; 4],
            })
            .map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port?)).ok())
            .collect();
        if listeners.is_some() {
            return Ok(first);
        }
    }
    bail!("found no free ports; give another --rpc-port, or none")
}
