//! A development node whose time servers say that its clock is off.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "../clock/tests/support/mod.rs"]
mod servers;
mod support;

use std::time::Duration;

use jsonrpsee::rpc_params;
use tokio::time::{sleep, timeout};
use xinglin_rpc_api::xinglin::{ClockStanding, Status};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};

use self::{
    servers::Chrony,
    support::{xinglin, DevNode},
};

/// Only a failure takes this long.
const DEADLINE: Duration = Duration::from_secs(90);
/// How often the node is asked.
const POLL: Duration = Duration::from_millis(50);

/// Waits until the node says so.
async fn until(client: &Client, what: impl Fn(&Status) -> bool) -> Status {
    let ask = async {
        loop {
            let status = client.request("xinglin_status", rpc_params![]).await;
            let status: Status = status.unwrap();
            if what(&status) {
                break status;
            }
            sleep(POLL).await;
        }
    };
    timeout(DEADLINE, ask).await.unwrap()
}

fn table(node: &DevNode) -> String {
    let told = xinglin(&["status", "--url", &node.url()]);
    assert!(told.status.success());
    String::from_utf8(told.stdout).unwrap()
}

#[tokio::test]
async fn a_node_proposes_nothing_while_its_clock_is_off() {
    let servers = [2.0; 3].map(Chrony::ahead_by);
    let ports = servers.each_ref().map(Chrony::port);
    let names = servers.each_ref().map(Chrony::name).join(",");
    let mut node = DevNode::start(&["--time-server", &names, "--time-interval", "1"]);
    let client = Client::connect(&node.url()).await.unwrap();
    let off = until(&client, |it| it.clock.standing == ClockStanding::Off).await;
    let offset_us = off.clock.offset_us.unwrap();
    assert!((-2_100_000..-1_900_000).contains(&offset_us), "{offset_us}");

    let alice = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
    let remark = frame_system::Call::remark_with_event {
        remark: b"apricot".to_vec(),
    };
    let executed = client.execute(&alice, RuntimeCall::System(remark), DEADLINE);
    let meanwhile = async {
        let waiting = until(&client, |it| it.pool.ready == 1).await;
        let enough = waiting.clock.turns_passed + 2;
        let passed = until(&client, |it| it.clock.turns_passed >= enough).await;
        assert_eq!(passed.height, waiting.height, "a block was proposed");
        assert_eq!(passed.pool.ready, 1);
        assert!(passed.consensus_round > 0);

        let told = table(&node);
        let expected = [" ms behind", "proposes no blocks since", "agrees: -"];
        for part in expected {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let metrics = node.get("/metrics");
        for line in [
            "xinglin_clock_proposing_allowed 0\n",
            "xinglin_clock_servers{verdict=\"agrees\"} 3\n",
            "xinglin_clock_server{server=\"127.0.0.1:",
            "xinglin_clock_offset_seconds -",
        ] {
            assert!(metrics.contains(line), "{line} is not in\n{metrics}");
        }

        drop(servers);
        let right = ports.map(|port| Chrony::on_port(port, 0.0));
        until(&client, |it| it.clock.standing == ClockStanding::Right).await;
        (passed.height, right)
    };
    let (outcome, (height, _servers)) = tokio::join!(executed, meanwhile);
    assert!(outcome.unwrap().number > height);
    assert!(table(&node).contains("right: "), "{}", table(&node));

    assert_eq!(node.terminate(), Some(0));
    let log = node.log();
    for message in [
        "the clock is off; this node proposes no blocks until it is set right",
        "this node lets its turn to propose pass: its clock is off",
        "the clock is right",
    ] {
        assert!(log.contains(message), "{message} is not in\n{log}");
    }
}

#[tokio::test]
async fn a_development_node_has_nobody_to_ask_unless_told() {
    let mut node = DevNode::start(&[]);
    assert!(table(&node).contains("not checked"));
    assert!(node
        .get("/metrics")
        .contains("xinglin_clock_proposing_allowed 1\n"));
    assert_eq!(node.terminate(), Some(0));
    let wrong = xinglin(&["start", "--dev", "--time-server", "http://ntp.example"]);
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(!wrong.status.success());
    assert!(said.contains("write ntp.example"), "{said}");
}
