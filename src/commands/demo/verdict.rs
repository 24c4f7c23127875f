//! How a demonstration ended.

use color_eyre::eyre::Result;
use serde::Serialize;

use crate::delivery::reconciliation::{self, Answer, Standing};
use crate::terminal::Output;

/// Whether every item that was pushed was worked.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) pass: bool,
    pushed: u64,
    worked: u64,
    left: u64,
    worked_twice: u64,
    dead: u64,
    #[serde(skip)]
    because: Vec<String>,
}

impl Verdict {
    /// Judges by what the producer says it has pushed, and by what Redis says became of that.
    pub(super) fn new(pushed: u64, standing: &Standing, stranded: u64) -> Self {
        let verdict = reconciliation::Verdict::of(standing, stranded);
        let reconciliation::Verdict { acknowledged: worked, dead, left, worked_twice, because, .. } = verdict;
        let pass = verdict.verdict == Answer::Pass && pushed == worked + dead;
        Self { pass, pushed, worked, left, worked_twice, dead, because }
    }

    pub(super) fn show(&self, output: Output) -> Result<String> {
        let Self { pass, pushed, worked, left, worked_twice, dead, because } = self;
        if output == Output::Json {
            return Ok(serde_json::to_string(self)?);
        }
        let dead = if *dead > 0 { format!(" + {dead} dead") } else { String::new() };
        let twice = match worked_twice {
            0 => String::new(),
            count => format!(", at most {count} worked more than once"),
        };
        Ok(if *pass {
            format!("PASS: {pushed} pushed = {worked} worked{dead}, list empty{twice}")
        } else {
            let because = if because.is_empty() { String::new() } else { format!(": {}", because.join("; ")) };
            format!("FAIL: {pushed} pushed, {worked} worked{dead}, {left} left on the list{twice}{because}")
        })
    }
}
