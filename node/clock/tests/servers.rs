//! The service against real time servers on loopback, and against things that are none.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    net::{SocketAddr, UdpSocket},
    process::Command,
    time::Duration,
};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use xinglin_clock::{Clock, ClockConfig, ClockMetrics};
use xinglin_core::{ClockOffset, ClockStanding, ClockStatus, TimeServerVerdict};
use TimeServerVerdict::{Agrees, Lies, Silent, Unsettled};

use self::support::{free_port, Chrony};

/// Only a failure takes this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running service that stops at the end of a test.
struct Fixture {
    clock: Clock,
    cancel: CancellationToken,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Fixture {
    fn new(servers: &[String]) -> Self {
        let config = ClockConfig {
            servers: servers
                .iter()
                .map(|server| server.parse().unwrap())
                .collect(),
            interval: Duration::from_secs(1),
        };
        config.check().unwrap();
        let cancel = CancellationToken::new();
        let clock = Clock::spawn(config, ClockMetrics::default(), cancel.clone());
        Self { clock, cancel }
    }

    /// What is said once this holds.
    async fn until(&self, what: impl FnMut(&ClockStatus) -> bool) -> ClockStatus {
        let mut status = self.clock.status();
        let found = async { status.wait_for(what).await.unwrap().clone() };
        match timeout(DEADLINE, found).await {
            Ok(found) => found,
            Err(_) => panic!("{:?}", self.clock.status().borrow()),
        }
    }

    /// What the first poll has led to.
    async fn first(&self) -> ClockStatus {
        self.until(|status| !status.servers.is_empty()).await
    }
}

fn verdicts(status: &ClockStatus) -> Vec<TimeServerVerdict> {
    status.servers.iter().map(|server| server.verdict).collect()
}

/// Checks that our clock is ahead by about so many seconds.
fn assert_ahead_by(status: &ClockStatus, seconds: f64) {
    let ClockOffset::Known {
        offset_us,
        uncertainty_us,
    } = status.offset
    else {
        panic!("{status:?}");
    };
    let expected = (seconds * 1e6) as i64;
    assert!(offset_us.abs_diff(expected) <= uncertainty_us, "{status:?}");
    assert!(uncertainty_us < 100_000, "{status:?}");
}

#[tokio::test]
async fn servers_that_are_right_find_the_clock_right() {
    let servers = [0.0; 3].map(Chrony::ahead_by);
    let fixture = Fixture::new(&servers.each_ref().map(Chrony::name));
    let status = fixture.first().await;
    assert_eq!(verdicts(&status), [Agrees; 3], "{status:?}");
    assert_eq!(status.standing(), ClockStanding::Right);
    assert!(status.since_ms > 0);
    assert_ahead_by(&status, 0.0);
}

#[tokio::test]
async fn one_that_lies_is_named_and_ignored() {
    let servers = [0.0, 2.0, 0.0].map(Chrony::ahead_by);
    let names = servers.each_ref().map(Chrony::name);
    let fixture = Fixture::new(&names);
    let status = fixture.first().await;
    assert_eq!(verdicts(&status), [Agrees, Lies, Agrees]);
    assert_eq!(status.names(Lies), [&names[1]]);
    // Our clock seems behind to a server that is ahead.
    let seen = status.servers[1].offset_us.unwrap();
    assert!((-2_100_000..-1_900_000).contains(&seen), "{seen}");
    assert_eq!(status.standing(), ClockStanding::Right);
    assert_ahead_by(&status, 0.0);
}

/// Nothing tells a majority that lies from one that is right: the node does not propose.
#[tokio::test]
async fn a_majority_is_believed_and_its_change_of_mind_too() {
    let right = Chrony::ahead_by(0.0);
    let liars = [-3.0, -3.0].map(Chrony::ahead_by);
    let ports = liars.each_ref().map(Chrony::port);
    let names = [right.name(), liars[0].name(), liars[1].name()];
    let fixture = Fixture::new(&names);
    let status = fixture.first().await;
    assert_eq!(verdicts(&status), [Lies, Agrees, Agrees]);
    assert_eq!(status.standing(), ClockStanding::Off);
    assert!(!status.may_propose());
    assert_ahead_by(&status, 3.0);

    drop(liars);
    let _honest = ports.map(|port| Chrony::on_port(port, 0.0));
    let status = fixture.until(|status| status.standing() == ClockStanding::Right);
    assert_ahead_by(&status.await, 0.0);
}

#[tokio::test]
async fn a_silent_server_has_no_voice_and_one_alone_does_not_speak_for_all() {
    let servers = [0.0, 0.0].map(Chrony::ahead_by);
    // One takes the questions and never answers; on the port of the other there is nobody.
    let mute = UdpSocket::bind("127.0.0.1:0").unwrap();
    let names = [
        servers[0].name(),
        servers[1].name(),
        mute.local_addr().unwrap().to_string(),
        format!("127.0.0.1:{}", free_port()),
    ];
    let fixture = Fixture::new(&names);
    let status = fixture.first().await;
    assert_eq!(verdicts(&status), [Agrees, Agrees, Silent, Silent]);
    assert_eq!(status.servers[2].problem.as_deref(), Some("no answer"));
    let refused = status.servers[3].problem.as_deref().unwrap();
    assert!(refused.contains("refused"), "{refused}");
    assert_ahead_by(&status, 0.0);

    let one = [&names[0], &names[2], &names[3]].map(Clone::clone);
    let status = Fixture::new(&one).first().await;
    assert_eq!(verdicts(&status), [Unsettled, Silent, Silent]);
    assert_eq!(status.offset, ClockOffset::Unknown);
    assert!(status.may_propose());
}

/// A server that answers each question with what `answer` makes of it.
fn impostor(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // It ends with the process.
    std::thread::spawn(move || {
        let mut question = [0; 1_024];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            drop(socket.send_to(&answer(&question[..length]), from));
        }
    });
    address
}

/// An answer of a server that is right, but for what the caller makes of it.
fn good_answer(question: &[u8]) -> Vec<u8> {
    let mut answer = vec![0; 48];
    // Version 4, server, stratum 1, GPS.
    answer[0] = 0x24;
    answer[1] = 1;
    answer[12..16].copy_from_slice(b"GPS\0");
    // The question's own time comes back, and is taken for the server's as well.
    for field in [24, 32, 40] {
        answer[field..field + 8].copy_from_slice(&question[40..48]);
    }
    answer
}

/// Lets the time of the answer be ten seconds after that of the question's arrival.
fn answer_late(answer: &mut [u8]) {
    let seconds = u32::from_be_bytes(answer[40..44].try_into().unwrap());
    answer[40..44].copy_from_slice(&seconds.wrapping_add(10).to_be_bytes());
}

#[tokio::test]
async fn what_is_no_answer_is_no_voice() {
    let servers = [0.0, 0.0].map(Chrony::ahead_by);
    let changed = |change: fn(&mut [u8])| {
        impostor(move |question| {
            let mut answer = good_answer(question);
            change(&mut answer);
            answer
        })
    };
    let garbage = [
        (impostor(|_| Vec::new()), "short"),
        (impostor(|_| vec![0x24; 20]), "short"),
        (impostor(|_| vec![0xff; 48]), "version"),
        (
            impostor(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31m".repeat(3)),
            "version",
        ),
        // Somebody answers who has not seen the question.
        (changed(|answer| answer[31] ^= 1), "riginate"),
        // Not set itself.
        (changed(|answer| answer[0] |= 0xc0), "synchronized"),
        (changed(|answer| answer[1] = 16), "synchronized"),
        // Answered long after it came, in less time.
        (changed(answer_late), "contradict"),
        (changed(|answer| answer[40..48].fill(0)), "contradict"),
    ];
    let mut names = servers.each_ref().map(Chrony::name).to_vec();
    names.extend(garbage.iter().map(|(address, _)| address.to_string()));
    let control = impostor(good_answer).to_string();
    names.push(control.clone());
    let status = Fixture::new(&names).first().await;
    assert_eq!(status.names(Agrees), [&names[0], &names[1], &control]);
    for ((_, expected), server) in garbage.iter().zip(&status.servers[2..]) {
        assert_eq!(server.verdict, Silent, "{server:?}");
        let problem = server.problem.as_deref().unwrap();
        assert!(problem.contains(expected), "{problem}: not {expected}");
        assert!(!problem.contains('\x1b'), "{problem}");
    }
    assert_ahead_by(&status, 0.0);
}

#[tokio::test]
async fn a_server_that_asks_for_it_is_left_alone() {
    let (asked, questions) = std::sync::mpsc::channel();
    let tired = impostor(move |question| {
        // Nobody counts any more when the test is over.
        asked.send(()).ok();
        let mut answer = good_answer(question);
        answer[1] = 0;
        answer[12..16].copy_from_slice(b"RATE");
        answer
    });
    let servers = [0.0, 0.0].map(Chrony::ahead_by);
    let names = [servers[0].name(), servers[1].name(), tired.to_string()];
    let ports = servers.each_ref().map(Chrony::port);
    let fixture = Fixture::new(&names);
    let status = fixture.first().await;
    assert_eq!(verdicts(&status), [Agrees, Agrees, Silent]);
    let problem = status.servers[2].problem.as_deref().unwrap();
    assert!(problem.contains("left alone"), "{problem}");

    // Further polls have been made when the others' new time is known.
    drop(servers);
    let _others = ports.map(|port| Chrony::on_port(port, 2.0));
    let status = fixture.until(|status| status.standing() == ClockStanding::Off);
    assert_eq!(verdicts(&status.await), [Agrees, Agrees, Silent]);
    assert_eq!(questions.try_iter().count(), 1);
}

#[tokio::test]
async fn without_servers_nothing_is_checked() {
    let mut fixture = Fixture::new(&[]);
    assert_eq!(*fixture.clock.status().borrow(), ClockStatus::default());
    fixture.cancel.cancel();
    timeout(DEADLINE, fixture.clock.stopped()).await.unwrap();
    fixture.cancel = CancellationToken::new();
}

/// A server with NTS under a certificate of its own, which the service has been told to trust.
#[tokio::test]
async fn authenticated_time_counts_and_that_of_strangers_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for name in ["trusted", "stranger"] {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", &at(&format!("{name}.key"))])
            .args(["-out", &at(&format!("{name}.pem"))])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
    // Read by the library that looks for the certificates of the system. Each test has a process of
    // its own.
    std::env::set_var("SSL_CERT_FILE", at("trusted.pem"));
    let serve = |name: &str| {
        let port = free_port();
        let lines = format!(
            "bindaddress ::1\nallow ::1\nntsport {port}\nntsprocesses 0\n\
             ntsserverkey {}\nntsservercert {}\nntsdumpdir {}",
            at(&format!("{name}.key")),
            at(&format!("{name}.pem")),
            dir.path().display()
        );
        (
            Chrony::with(free_port(), 0.0, &lines),
            format!("nts:localhost:{port}"),
        )
    };
    let (_trusted, known) = serve("trusted");
    let (_stranger, unknown) = serve("stranger");
    let status = Fixture::new(&[known]).first().await;
    assert_eq!(verdicts(&status), [Agrees], "{status:?}");
    assert_ahead_by(&status, 0.0);

    let status = Fixture::new(&[unknown]).first().await;
    assert_eq!(verdicts(&status), [Silent]);
    let problem = status.servers[0].problem.as_deref().unwrap();
    assert!(problem.contains("ertificate"), "{problem}");
}
