//! What came of a verification.

use std::fmt;

use serde::Serialize;
use xinglin_primitives::Hash;

use crate::{format::Subject, reason::Reason};

/// The steps, in order. Each relies on those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The bytes are a package.
    Package,
    /// Its files are those of the manifest, and can be read.
    Manifest,
    /// The chain is the trusted one, and the trusted validators lead to those of later heights.
    Validators,
    /// The transactions are in blocks that the validators decided.
    Operations,
    /// The state held what the claim says.
    State,
    /// Calls and outcomes are what the claim says.
    Meaning,
    /// The ciphertexts are those of the state, and hold the plaintexts.
    Contents,
    /// Time-stamping authorities confirm when blocks were there.
    Time,
    /// The evidence is complete for its subject.
    Subject,
    /// The readable report says what the claim says.
    Report,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Self; 10] = [
        Self::Package,
        Self::Manifest,
        Self::Validators,
        Self::Operations,
        Self::State,
        Self::Meaning,
        Self::Contents,
        Self::Time,
        Self::Subject,
        Self::Report,
    ];

    /// What the step shows when it holds.
    pub fn shows(self) -> &'static str {
        match self {
            Self::Package => "the file is a package, in the one form there is",
            Self::Manifest => "every file is the one that the manifest names",
            Self::Validators => "the trusted validators lead to those of every height",
            Self::Operations => "the transactions are in blocks that more than two thirds decided",
            Self::State => "the chain's state held what the claim says",
            Self::Meaning => "calls, signers and outcomes are what the claim says",
            Self::Contents => "the plaintexts are what was recorded, encrypted",
            Self::Time => "time-stamping authorities confirm when blocks were there",
            Self::Subject => "nothing that belongs to the subject is left out",
            Self::Report => "report.pdf says what the claim says",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Package => "package",
            Self::Manifest => "manifest",
            Self::Validators => "validators",
            Self::Operations => "operations",
            Self::State => "state",
            Self::Meaning => "meaning",
            Self::Contents => "contents",
            Self::Time => "time",
            Self::Subject => "subject",
            Self::Report => "report",
        })
    }
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Proven,
    /// It does not.
    Failed(Reason),
    /// The package claims nothing of the kind.
    NotClaimed,
    /// The package claims it, and the verifier was not given what checking takes.
    NotChecked,
    /// A step before it fails.
    NotReached,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Failed(_) => "FAILED",
            Self::NotClaimed => "not claimed",
            Self::NotChecked => "not checked",
            Self::NotReached => "not reached",
        })
    }
}

/// A step with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// Which.
    pub step: Step,
    /// What came of it.
    pub outcome: Outcome,
    /// How much of it there was, in words.
    pub note: String,
}

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// SHA-256 of the package, by which it can be named.
    pub package: Hash,
    /// What it is about, once that could be read.
    pub subject: Option<Subject>,
    /// All steps in order.
    pub steps: Vec<StepReport>,
    /// What is proven, in sentences. Empty if a step fails.
    pub proven: Vec<String>,
    /// What is not, in sentences.
    pub not_proven: Vec<String>,
}

impl Report {
    pub(crate) fn new(package: Hash) -> Self {
        Self {
            package,
            subject: None,
            steps: Vec::with_capacity(Step::ALL.len()),
            proven: Vec::new(),
            not_proven: Vec::new(),
        }
    }

    /// Whether all that the package claims, and that could be checked, is proven.
    pub fn is_proven(&self) -> bool {
        self.failure().is_none()
    }

    /// The step that fails, and why.
    pub fn failure(&self) -> Option<(Step, &Reason)> {
        self.steps.iter().find_map(|it| match &it.outcome {
            Outcome::Failed(reason) => Some((it.step, reason)),
            _ => None,
        })
    }

    /// What came of a step.
    pub fn outcome(&self, step: Step) -> &Outcome {
        let found = self.steps.iter().find(|it| it.step == step);
        found.map_or(&Outcome::NotReached, |it| &it.outcome)
    }

    pub(crate) fn tell(&mut self, step: Step, outcome: Outcome, note: impl Into<String>) {
        self.steps.push(StepReport {
            step,
            outcome,
            note: note.into(),
        });
    }

    /// Ends with a step that fails: those after it are not reached, and nothing is proven.
    pub(crate) fn fail(&mut self, step: Step, reason: Reason) {
        self.proven.clear();
        self.not_proven.clear();
        let note = reason.to_string();
        self.tell(step, Outcome::Failed(reason), note);
        for later in Step::ALL.into_iter().filter(|later| *later > step) {
            self.tell(later, Outcome::NotReached, "");
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let steps: Vec<_> = self
            .steps
            .iter()
            .map(|it| {
                let outcome = match &it.outcome {
                    Outcome::Proven => "proven",
                    Outcome::Failed(_) => "failed",
                    Outcome::NotClaimed => "notClaimed",
                    Outcome::NotChecked => "notChecked",
                    Outcome::NotReached => "notReached",
                };
                serde_json::json!({ "step": it.step, "outcome": outcome, "note": it.note })
            })
            .collect();
        serde_json::json!({
            "package": self.package,
            "subject": self.subject,
            "isProven": self.is_proven(),
            "steps": steps,
            "proven": self.proven,
            "notProven": self.not_proven,
        })
    }
}
