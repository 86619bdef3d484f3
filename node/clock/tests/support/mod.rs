//! Time servers for tests: chrony from Debian on a free port of loopback, with its clock shifted by
//! libfaketime. It needs no rights and leaves the system's clock alone.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part of this, and a failed unwrap fails the test"
)]

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::{BuildHasher, Hasher},
    net::{TcpListener, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where Debian puts libfaketime, below the folder of the architecture.
const FAKETIME: &str = "faketime/libfaketime.so.1";
/// Where free ports are looked for.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const PORTS_COUNT: u16 = PORTS.end - PORTS.start;
/// Only a failure takes this long.
const DEADLINE: Duration = Duration::from_secs(20);
/// How often a server that is coming up is asked.
const POLL: Duration = Duration::from_millis(20);

/// A time server that is killed when dropped.
pub struct Chrony {
    child: Child,
    port: u16,
    /// Goes away with the server.
    dir: tempfile::TempDir,
}

impl Drop for Chrony {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Chrony {
    /// A server whose clock is ahead of ours by so many seconds: none, or a second at least. It takes
    /// the time of arrival from the kernel, which is not shifted, unless that is far from its own.
    pub fn ahead_by(seconds: f64) -> Self {
        Self::on_port(free_port(), seconds)
    }

    /// The same on a given port, where one has been before.
    pub fn on_port(port: u16, seconds: f64) -> Self {
        Self::with(port, seconds, "")
    }

    /// The same with more lines of configuration.
    pub fn with(port: u16, seconds: f64, lines: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let config = format!(
            "port {port}\nbindaddress 127.0.0.1\ncmdport 0\nlocal stratum 3\nallow 127.0.0.1\n\
             pidfile {}\ndriftfile {}\n{lines}\n",
            at("pid"),
            at("drift")
        );
        fs::write(at("chrony.conf"), config).unwrap();
        let log = fs::File::create(at("log")).unwrap();
        // -d stays in the foreground, -x leaves the system's clock alone, -U needs no rights.
        let child = Command::new("chronyd")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME", format!("{seconds:+}s"))
            .args(["-d", "-x", "-U", "-u", &user(), "-f", &at("chrony.conf")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("chronyd and faketime are needed; run scripts/setup");
        let mut server = Self { child, port, dir };
        server.wait_ready();
        server
    }

    /// As it is given to the service.
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn wait_ready(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(POLL)).unwrap();
        let mut question = [0; 48];
        question[0] = 0x23;
        let mut answer = [0; 48];
        loop {
            // Nothing may listen there yet, which is no more than silence.
            drop(socket.send_to(&question, ("127.0.0.1", self.port)));
            if socket.recv(&mut answer).is_ok() {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert_eq!(ended, None, "chronyd ended:\n{log}");
            assert!(Instant::now() < deadline, "chronyd does not answer:\n{log}");
        }
    }
}

/// The library that shifts the clock of a process.
pub fn faketime() -> String {
    let found = fs::read_dir("/usr/lib")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path().join(FAKETIME)))
        .find(|path: &std::path::PathBuf| Path::exists(path));
    let found = found.expect("faketime is needed; run scripts/setup");
    found.display().to_string()
}

fn user() -> String {
    let id = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}

/// A port that nobody uses, for UDP and TCP. It is below those that systems give to outgoing traffic,
/// which come and go at any time: a server that comes back must find its port free.
pub fn free_port() -> u16 {
    loop {
        let port = PORTS.start + (RandomState::new().build_hasher().finish() as u16) % PORTS_COUNT;
        let is_free = UdpSocket::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free {
            return port;
        }
    }
}
