//! Where in its work a validator was when it was killed, by its own log and database.

use std::{
    fmt,
    fs::File,
    io::{Read, Seek, SeekFrom},
    time::{Duration, Instant},
};

use anyhow::{ensure, Result};
use xinglin_primitives::BlockNumber;

use crate::{process::DEADLINE, Node};

/// What a validator must log (`--log`) for its phases to be known: the engine's proposals and
/// decisions.
pub const LOG_FILTER: &str = "arc_malachitebft_core_consensus::handle::driver=info,\
    arc_malachitebft_core_consensus::handle::proposal=info";
/// How often the log is looked at for the beginning of a phase: the shortest lasts about a millisecond.
const GLANCE: Duration = Duration::from_micros(100);

// Messages as they stand in the log, between the target and the fields.
const OPENED: &str = ": database open ";
const STARTED: &str = ": node started ";
const PROPOSED: &str = ": Received proposal ";
const DECIDED: &str = ": Decided ";
const COMMITTED: &str = ": committed ";

/// What a validator is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Coming up: not all of its services run.
    Starting,
    /// Its last block is committed, and it knows of no proposal for the next.
    Waiting,
    /// It has made or received a proposal for the next block, and knows of no decision.
    Proposed,
    /// The next block is decided, and its database does not have it.
    Decided,
}

impl Phase {
    /// All of them, in the order of a validator's life.
    pub const ALL: [Self; 4] = [Self::Starting, Self::Waiting, Self::Proposed, Self::Decided];

    /// The message with which it begins.
    fn sign(self) -> &'static str {
        match self {
            Self::Starting => OPENED,
            Self::Waiting => COMMITTED,
            Self::Proposed => PROPOSED,
            Self::Decided => DECIDED,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "while starting",
            Self::Waiting => "between commit and proposal",
            Self::Proposed => "between proposal and decision",
            Self::Decided => "between decision and commit",
        })
    }
}

/// What the log of one run of a validator tells, from its start to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The last block in the database when the run opened it.
    pub opened: Option<BlockNumber>,
    /// The last block that it said to have committed.
    pub committed: Option<BlockNumber>,
    is_started: bool,
    proposed: Option<BlockNumber>,
    decided: Option<BlockNumber>,
}

impl Trace {
    /// Reads the log of a run.
    pub fn of(log: &str) -> Self {
        let mut trace = Self::default();
        for line in log.lines() {
            trace.is_started |= line.contains(STARTED);
            trace.opened = number_in(line, OPENED, "tip").or(trace.opened);
            let proposed = number_in(line, PROPOSED, "consensus.height");
            trace.proposed = proposed.or(trace.proposed);
            trace.decided = number_in(line, DECIDED, "height").or(trace.decided);
            trace.committed = number_in(line, COMMITTED, "height").or(trace.committed);
        }
        trace
    }

    /// The phase in which the run ended, if the database then had `tip` as its last block.
    ///
    /// The log alone does not tell a block that is about to be written from one that has just been.
    pub fn phase(&self, tip: BlockNumber) -> Phase {
        if !self.is_started {
            Phase::Starting
        } else if self.decided > Some(tip) {
            Phase::Decided
        } else if self.proposed > Some(tip) {
            Phase::Proposed
        } else {
            Phase::Waiting
        }
    }
}

/// The number in a field of a line, if the line has this message.
fn number_in(line: &str, message: &str, field: &str) -> Option<BlockNumber> {
    let (_, fields) = line.split_once(message)?;
    let mut values = fields
        .split(' ')
        .filter_map(|it| it.strip_prefix(field)?.strip_prefix('='));
    values.next()?.parse().ok()
}

/// Kills a validator as soon as its log, kept by [`LOG_FILTER`], tells that a phase begins. Blocks the
/// thread until then: to wake a task takes as long as the shortest phase lasts.
pub fn kill_upon(node: &mut Node, phase: Phase) -> Result<()> {
    let mut log = File::open(node.log_path())?;
    log.seek(SeekFrom::End(0))?;
    let deadline = Instant::now() + DEADLINE;
    let mut news = Vec::new();
    while !String::from_utf8_lossy(&news).contains(phase.sign()) {
        ensure!(
            Instant::now() < deadline,
            "{} does not log `{}`:\n{}",
            node.name(),
            phase.sign(),
            node.log_tail()
        );
        std::thread::sleep(GLANCE);
        log.read_to_end(&mut news)?;
    }
    node.kill()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: [&str; 7] = [
        "2026-11-23T10:00:00.000001Z  INFO xinglin_storage::open: database open path=/tmp/a/db tip=6 oldest_state=0 mode=Archive",
        "2026-11-23T10:00:00.000002Z  INFO xinglin::service: node started chain=\"local\" height=6 validator=true",
        "2026-11-23T10:00:00.000003Z  INFO arc_malachitebft_core_consensus::handle::driver: Starting new round height=7 round=0 proposer=0x01 role=Validator",
        "2026-11-23T10:00:00.000004Z  INFO arc_malachitebft_core_consensus::handle::proposal: Received proposal consensus.height=7 consensus.round=0 proposal.height=7 proposal.round=0 proposer=0x01",
        "2026-11-23T10:00:00.000005Z  INFO arc_malachitebft_core_consensus::handle::driver: Decided round=0 height=7 value=0x02",
        "2026-11-23T10:00:00.000006Z  INFO xinglin_consensus::host::commit: committed height=7 round=0 hash=0x02 transactions=3",
        "2026-11-23T10:00:00.000007Z  INFO arc_malachitebft_core_consensus::handle::proposal: Received proposal consensus.height=8 consensus.round=0",
    ];

    #[test]
    fn a_log_tells_the_phase_with_the_database() {
        let after = |lines: usize| Trace::of(&LOG[..lines].join("\n"));
        let phases = [
            (0, 6, Phase::Starting),
            (1, 6, Phase::Starting),
            (2, 6, Phase::Waiting),
            (3, 6, Phase::Waiting),
            (4, 6, Phase::Proposed),
            (5, 6, Phase::Decided),
            // Written, but not yet said.
            (5, 7, Phase::Waiting),
            (6, 7, Phase::Waiting),
            (7, 7, Phase::Proposed),
        ];
        for (lines, tip, phase) in phases {
            assert_eq!(after(lines).phase(tip), phase, "after {lines} lines");
        }
        assert_eq!(after(0).opened, None);
        assert_eq!(after(5).opened, Some(6));
        assert_eq!(after(5).committed, None);
        assert_eq!(after(7).committed, Some(7));
    }
}
