//! How a demonstration ended.

use color_eyre::eyre::Result;
use serde::Serialize;

use crate::delivery::reconciliation::{self, Reconciliation};
use crate::delivery::snapshot::Snapshot;
use crate::terminal::Output;

/// Whether every item that was pushed was worked.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) pass: bool,
    pushed: u64,
    worked: u64,
    left: u64,
    redelivered: u64,
    dead: u64,
    #[serde(skip)]
    because: Vec<String>,
}

impl Verdict {
    /// Judges by what the producer says it has pushed, and by what Redis says became of that.
    pub(super) fn new(pushed: u64, snapshot: &Snapshot, stranded: u64) -> Self {
        let result = Reconciliation::of(snapshot, stranded);
        let Reconciliation { acknowledged: worked, dead, remaining: left, redelivered, reasons: because, .. } = result;
        let pass = result.verdict == reconciliation::Verdict::Pass && pushed == worked + dead;
        Self { pass, pushed, worked, left, redelivered, dead, because }
    }

    pub(super) fn show(&self, output: Output) -> Result<String> {
        let Self { pass, pushed, worked, left, redelivered, dead, because } = self;
        if output == Output::Json {
            return Ok(serde_json::to_string(self)?);
        }
        let dead = if *dead > 0 { format!(" + {dead} dead") } else { String::new() };
        let twice = match redelivered {
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
