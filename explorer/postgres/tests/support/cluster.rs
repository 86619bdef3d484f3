//! A PostgreSQL server for one test: in a temporary folder, on a socket there, stopped at the end.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// Where Debian keeps the servers, a folder per version.
const SERVERS: &str = "/usr/lib/postgresql";
/// Who runs the server if we are root, as whom it does not run.
const UNPRIVILEGED: &str = "postgres";

/// A running server.
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    is_root: bool,
}

fn binaries() -> PathBuf {
    let versions = fs::read_dir(SERVERS).into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    versions.retain(|bin| bin.join("initdb").exists());
    versions.sort();
    versions
        .pop()
        .expect("PostgreSQL is not installed; run scripts/setup")
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
        };
        if cluster.is_root {
            let own = Command::new("chown")
                .arg(UNPRIVILEGED)
                .arg(cluster.folder.path())
                .output();
            succeeded(own.unwrap());
        }
        let data = cluster.data();
        let data = data.to_str().unwrap();
        let options = ["-A", "trust", "-U", "xinglin", "-E", "UTF8"];
        let arguments = ["-D", data, "--locale=C", "--no-sync"];
        cluster.run("initdb", &[&arguments[..], &options[..]].concat());
        cluster.up();
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
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
        succeeded(command.output().unwrap())
    }

    /// Starts the server and waits until it answers.
    pub fn up(&self) {
        let (data, folder) = (self.data(), self.folder.path().to_owned());
        let log = folder.join("log");
        let options = format!("-c listen_addresses='' -F -k {}", folder.display());
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let (data, log) = (path(&data), path(&log));
        self.run(
            "pg_ctl",
            &["start", "-w", "-s", "-D", &data, "-l", &log, "-o", &options],
        );
    }

    /// Stops the server as a crash does.
    pub fn crash(&self) {
        let data = self.data();
        let data = data.to_str().unwrap();
        self.run(
            "pg_ctl",
            &["stop", "-w", "-s", "-m", "immediate", "-D", data],
        );
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://xinglin@{folder}/{database}")
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

    /// Runs a statement in the database at an address. What it gives, as text.
    pub fn execute(&self, url: &str, sql: &str) -> String {
        let options = ["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"];
        let answer = self.run("psql", &[&options[..], &["-c", sql, url]].concat());
        answer.trim().to_owned()
    }

    /// Waits until the server has noticed that nobody else is connected to a database any more.
    pub fn wait_until_alone(&self, url: &str) {
        let others = "DO $$ BEGIN \
            WHILE EXISTS (SELECT FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') \
            LOOP PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.01); END LOOP; END $$";
        self.execute(url, others);
    }

    /// The one number that a query gives.
    pub fn number(&self, url: &str, sql: &str) -> i64 {
        let answer = self.execute(url, sql);
        answer.parse().unwrap_or_else(|_| panic!("{sql}: {answer}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be down already.
        if self.data().join("postmaster.pid").exists() {
            self.crash();
        }
    }
}
