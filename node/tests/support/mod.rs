//! A development node for tests, started through the binary.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod acts;
pub mod bundles;
pub mod calls;
pub mod drafts;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
    thread::JoinHandle,
};

use serde_json::Value;

/// A node that is killed if the test fails.
pub struct DevNode {
    child: Child,
    rpc: String,
    metrics: String,
    /// Its folder.
    pub base: String,
    /// Collects what it logs, to the end.
    log: Option<JoinHandle<String>>,
}

impl Drop for DevNode {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
    }
}

impl DevNode {
    /// Starts on ports that the system chooses, and learns them from the log.
    pub fn start(extra: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xinglin"))
            .args(["start", "--dev", "--log-format", "json", "--rpc-port", "0"])
            .args(["--prometheus-port", "0", "--port", "0"])
            .args(extra)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let started = loop {
            let mut line = String::new();
            assert_ne!(
                log.read_line(&mut line).unwrap(),
                0,
                "the node ended:\n{seen}"
            );
            seen.push_str(&line);
            let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
            if parsed["message"] == "node started" {
                break parsed;
            }
        };
        // The node must not wait for anybody to read the rest.
        let log = std::thread::spawn(move || {
            let mut rest = Vec::new();
            log.read_to_end(&mut rest).unwrap();
            seen + &String::from_utf8_lossy(&rest)
        });
        let text = |name: &str| started[name].as_str().unwrap().to_owned();
        Self {
            rpc: text("rpc"),
            metrics: text("metrics"),
            base: text("base_path"),
            log: Some(log),
            child,
        }
    }

    /// Where its RPC is.
    pub fn url(&self) -> String {
        format!("ws://{}", self.rpc)
    }

    /// What it answers on the port of its metrics.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.metrics).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to end; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.end("TERM")
    }

    /// Asks it to end as Ctrl-C does; the exit code.
    pub fn interrupt(&mut self) -> Option<i32> {
        self.end("INT")
    }

    fn end(&mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        let asked = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", signal, &pid])
            .status();
        assert!(asked.unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// All that it has logged. It must have ended.
    pub fn log(&mut self) -> String {
        self.log.take().unwrap().join().unwrap()
    }
}

/// Runs the binary.
pub fn xinglin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
