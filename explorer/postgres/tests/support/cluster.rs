//! A PostgreSQL server for one test: in a temporary folder, on a port of loopback, with a password, stopped
//! at the end.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    ops::Range,
    path::PathBuf,
    process::{self, Child, Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use tempfile::TempDir;

/// Where Debian keeps the servers, a folder per version.
const SERVERS: &str = "/usr/lib/postgresql";
/// Who runs the server if we are root, as whom it does not run.
const UNPRIVILEGED: &str = "postgres";
/// Whose the server is.
const USER: &str = "xinglin";
/// His password.
pub const PASSWORD: &str = "for-tests-alone";
/// Where the server listens.
const HOST: &str = "127.0.0.1";
/// On one of these ports. They are below those that systems give to outgoing connections, and not those
/// of the nodes of tests: a server that is down must find its port free when it comes back.
const PORTS: Range<u16> = 10_000..12_000;
/// Only a failure takes this long.
const DEADLINE: &str = "-c statement_timeout=60s";

/// A running server.
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    is_root: bool,
    port: u16,
}

/// A statement that was run and not committed: whoever writes what it has written waits until this is
/// dropped, or the server dies.
pub struct Held(Child);

fn binaries() -> PathBuf {
    let versions = fs::read_dir(SERVERS).into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    versions.retain(|bin| bin.join("initdb").exists());
    versions.sort();
    versions
        .pop()
        .expect("PostgreSQL is not installed; run scripts/setup")
}

/// A port that nobody listens on, and that this process has not given out before. Other processes begin
/// to look elsewhere.
fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let begin = process::id() as usize;
    let mut ports = PORTS.map(|_| {
        let place = begin + NEXT.fetch_add(1, Ordering::Relaxed);
        PORTS.start + (place % PORTS.len()) as u16
    });
    ports
        .find(|port| TcpListener::bind((HOST, *port)).is_ok())
        .expect("no port is free")
}

fn succeeded(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

impl Cluster {
    /// Makes and starts a server.
    pub fn start() -> Self {
        let user = Command::new("id").arg("-u").output().unwrap();
        let cluster = Self {
            folder: tempfile::tempdir().unwrap(),
            binaries: binaries(),
            is_root: succeeded(user).trim() == "0",
            port: free_port(),
        };
        fs::write(cluster.path("password"), PASSWORD).unwrap();
        if cluster.is_root {
            let own = Command::new("chown")
                .args(["-R", UNPRIVILEGED])
                .arg(cluster.folder.path())
                .output();
            succeeded(own.unwrap());
        }
        let (data, password) = (cluster.path("data"), cluster.path("password"));
        let access = ["-A", "scram-sha-256", "-U", USER, "--pwfile", &password];
        let arguments = ["-D", &data, "-E", "UTF8", "--locale=C", "--no-sync"];
        cluster.run("initdb", &[&arguments[..], &access[..]].concat());
        cluster.up();
        cluster
    }

    /// A place in its folder.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.binaries.join(program);
        let mut command = match self.is_root {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", UNPRIVILEGED, "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.args(arguments).current_dir(self.folder.path());
        succeeded(command.output().unwrap());
    }

    /// Starts the server and waits until it answers.
    pub fn up(&self) {
        let (data, log) = (self.path("data"), self.path("log"));
        let options = format!(
            "-c listen_addresses={HOST} -p {} -c unix_socket_directories='' -F",
            self.port
        );
        self.run(
            "pg_ctl",
            &["start", "-w", "-s", "-D", &data, "-l", &log, "-o", &options],
        );
    }

    /// Stops the server as a crash does.
    pub fn crash(&self) {
        let data = self.path("data");
        self.run(
            "pg_ctl",
            &["stop", "-w", "-s", "-m", "immediate", "-D", &data],
        );
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@{HOST}:{}/{database}",
            self.port
        )
    }

    /// Makes a database; its address.
    pub fn create(&self, database: &str) -> String {
        let postgres = self.url("postgres");
        self.execute(&postgres, &format!("CREATE DATABASE {database}"));
        self.url(database)
    }

    /// Removes a database.
    pub fn remove(&self, database: &str) {
        let postgres = self.url("postgres");
        self.execute(&postgres, &format!("DROP DATABASE {database} WITH (FORCE)"));
    }

    fn psql(&self, url: &str) -> Command {
        let mut psql = Command::new(self.binaries.join("psql"));
        let options = ["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", url];
        psql.args(options).env("PGOPTIONS", DEADLINE);
        psql
    }

    /// Runs a statement in the database at an address. What it gives, as text.
    pub fn execute(&self, url: &str, sql: &str) -> String {
        let answer = self.psql(url).args(["-c", sql]).output().unwrap();
        succeeded(answer).trim().to_owned()
    }

    /// Runs a statement and does not commit it.
    pub fn hold(&self, url: &str, sql: &str) -> Held {
        let mut psql = self.psql(url);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut held = Held(psql.spawn().unwrap());
        let (input, output) = (held.0.stdin.as_mut().unwrap(), held.0.stdout.take());
        writeln!(input, "BEGIN; {sql}; SELECT 'held';").unwrap();
        let told = BufReader::new(output.unwrap()).lines().next();
        assert_eq!(told.expect("psql has ended").unwrap(), "held");
        held
    }

    /// Waits for as long as something is so on the server.
    fn wait_while(&self, url: &str, condition: &str) {
        let wait = format!(
            "DO $$ BEGIN WHILE {condition} \
             LOOP PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.01); END LOOP; END $$"
        );
        self.execute(url, &wait);
    }

    /// Waits until the server has noticed that nobody else is connected to a database any more.
    pub fn wait_until_alone(&self, url: &str) {
        let others = "EXISTS (SELECT FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')";
        self.wait_while(url, others);
    }

    /// Waits until somebody waits for what another one has [held](Self::hold).
    pub fn wait_until_held_up(&self, url: &str) {
        let nobody = "NOT EXISTS (SELECT FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock')";
        self.wait_while(url, nobody);
    }

    /// The one number that a query gives.
    pub fn number(&self, url: &str, sql: &str) -> i64 {
        let answer = self.execute(url, sql);
        answer.parse().unwrap_or_else(|_| panic!("{sql}: {answer}"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It ends with its input, which is closed by this.
        drop(self.0.wait());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be down already.
        if self.folder.path().join("data/postmaster.pid").exists() {
            self.crash();
        }
    }
}
