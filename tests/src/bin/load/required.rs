//! What a run must reach to succeed.

use anyhow::{ensure, Result};

/// What is required of a run.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Required {
    /// Exit with an error below this many final transactions per second.
    #[arg(long, value_name = "TPS")]
    require_tps: Option<f64>,
    /// Exit with an error if pre-settlements, plain or signed, take longer than this at the 99th
    /// percentile.
    #[arg(long, value_name = "MS")]
    require_question_p99_ms: Option<f64>,
}

/// What a run reached of it.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Final transactions per second.
    pub tps: f64,
    /// The 99th percentile of plain and of signed pre-settlements, in milliseconds, if there were any.
    pub question_p99_ms: [Option<f64>; 2],
}

impl Required {
    /// The error names, in one line, all that was not reached and what is required.
    pub fn check(&self, reached: &Reached) -> Result<()> {
        let missed = self.missed(reached);
        ensure!(missed.is_empty(), "{}", missed.join("; "));
        Ok(())
    }

    fn missed(&self, reached: &Reached) -> Vec<String> {
        let mut missed = Vec::new();
        if let Some(required) = self.require_tps.filter(|least| reached.tps < *least) {
            missed.push(format!("{:.1} TPS, {required} are required", reached.tps));
        }
        let kinds = ["pre-settlements", "signed pre-settlements"];
        for (kind, measured) in kinds.into_iter().zip(reached.question_p99_ms) {
            let Some(most) = self.require_question_p99_ms else {
                continue;
            };
            match measured {
                Some(p99) if p99 <= most => {}
                Some(p99) => missed.push(format!(
                    "{kind} took {p99:.2} ms at p99, at most {most} ms are required"
                )),
                None => missed.push(format!(
                    "no {kind} were measured, at most {most} ms at p99 are required"
                )),
            }
        }
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACHED: Reached = Reached {
        tps: 1_200.0,
        question_p99_ms: [Some(0.8), Some(5.0)],
    };

    fn error(required: Required, reached: Reached) -> String {
        let checked = required.check(&reached);
        checked.expect_err("too little").to_string()
    }

    #[test]
    fn what_is_reached_exactly_is_enough() {
        let required = Required {
            require_tps: Some(1_200.0),
            require_question_p99_ms: Some(5.0),
        };
        assert!(required.check(&REACHED).is_ok());
    }

    #[test]
    fn what_is_not_required_is_not_checked() {
        let nothing = Reached {
            tps: 0.0,
            question_p99_ms: [None, None],
        };
        assert!(Required::default().check(&nothing).is_ok());
    }

    #[test]
    fn either_kind_of_question_is_held_to_its_percentile() {
        let required = Required {
            require_question_p99_ms: Some(5.0),
            ..Required::default()
        };
        for (p99, kind) in [
            ([Some(5.01), Some(1.0)], "pre-settlements"),
            ([Some(1.0), Some(5.01)], "signed pre-settlements"),
        ] {
            let reached = Reached {
                question_p99_ms: p99,
                ..REACHED
            };
            let expected = format!("{kind} took 5.01 ms at p99, at most 5 ms are required");
            assert_eq!(error(required, reached), expected);
        }
    }

    #[test]
    fn questions_that_nobody_asked_are_none_in_time() {
        let required = Required {
            require_question_p99_ms: Some(5.0),
            ..Required::default()
        };
        let reached = Reached {
            question_p99_ms: [Some(1.0), None],
            ..REACHED
        };
        assert_eq!(
            error(required, reached),
            "no signed pre-settlements were measured, at most 5 ms at p99 are required"
        );
    }

    #[test]
    fn all_that_is_missed_is_told_in_one_line() {
        let required = Required {
            require_tps: Some(1_200.5),
            require_question_p99_ms: Some(1.5),
        };
        assert_eq!(
            error(required, REACHED),
            "1200.0 TPS, 1200.5 are required; \
             signed pre-settlements took 5.00 ms at p99, at most 1.5 ms are required"
        );
    }
}
