//! `doctor --codes`: the page of all codes.

use std::fmt::Write as _;

use crate::diagnosis::{FaultCode, FaultSeverity};

/// Opening of `docs/fault-codes.md`.
const INTRODUCTION: &str = "\
# Fault codes

<!-- Written by `make regenerate` from src/diagnosis/code.rs. -->

`qscale doctor` names each finding by one of these codes, and so do the dashboard of [`watch`](watch.md), the field
`faults` of its samples, and its log. A *fault* is something that does not work; with a *warning* everything works, and it
may not be what was meant, or not for long. The rule in the last column is that of
[`render --lint`](lints.md) which tells the same before manifests are applied.

| Code | Severity | Finding | What to do | Lint rule |
|---|---|---|---|---|
";

/// Returns the page.
pub(super) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for code in FaultCode::ALL {
        let severity = match code.severity() {
            FaultSeverity::Fault => "fault",
            FaultSeverity::Warning => "warning",
        };
        let rule = code.rule().map(|rule| format!("[`{rule}`](lints.md#{rule})")).unwrap_or_default();
        let (summary, hint) = (code.summary().replace('|', "\\|"), code.hint().replace('|', "\\|"));
        // Writing to memory does not fail.
        let _ = writeln!(page, "| `{code}` | {severity} | {summary} | {hint} | {rule} |");
    }
    page
}
