//! The results as lines on stdout, or as JSON.

use std::fmt::Write as _;

use anstyle::AnsiColor;
use color_eyre::eyre::Result;
use serde_json::json;

use super::super::SummaryLine;
use crate::diagnosis::{Checked, FaultCode, FaultSeverity};
use crate::exit::Outcome;
use crate::terminal::{Output, Printer, pad_end, terminal_width, wrapped, wrapped_line};
use crate::units::counted;

/// Width of the column of checks.
const NAMES: usize = 15;

/// Prints results as they come, and counts them.
pub(super) struct DoctorView<'a> {
    output: Output,
    printer: &'a Printer,
    faults: u32,
    warnings: u32,
    passed: u32,
    not_checked: u32,
}

impl<'a> DoctorView<'a> {
    pub(super) fn new(output: Output, printer: &'a Printer) -> Self {
        Self { output, printer, faults: 0, warnings: 0, passed: 0, not_checked: 0 }
    }

    /// Prints one result.
    pub(super) fn show(&mut self, check: &Checked) -> Result<()> {
        let (mark, word, color) = match (check.severity(), check.hint()) {
            (Some(FaultSeverity::Fault), _) => {
                self.faults += 1;
                ('✗', "fault", AnsiColor::Red)
            }
            (Some(FaultSeverity::Warning), _) => {
                self.warnings += 1;
                ('!', "warning", AnsiColor::Yellow)
            }
            (None, Some(_)) => {
                self.not_checked += 1;
                ('-', "not-checked", AnsiColor::Cyan)
            }
            (None, None) => {
                self.passed += 1;
                ('✓', "ok", AnsiColor::Green)
            }
        };
        match self.output {
            Output::Json => {
                let Checked { check: name, subject, got, .. } = check;
                let code = check.code().map(FaultCode::name);
                let line = json!({
                    "check": name, "severity": word, "code": code, "subject": subject, "got": got, "hint": check.hint(),
                });
                self.printer.object(&line)
            }
            Output::Text => self.printer.result(&text(check, mark, word, color, terminal_width())),
        }
    }

    /// Prints the verdict.
    pub(super) fn conclude(self) -> Result<Outcome> {
        let Self { output, printer, faults, warnings, passed, not_checked } = self;
        let verdict = match (faults, warnings) {
            (0, 0) => "ok",
            (0, _) => "warning",
            _ => "fault",
        };
        match output {
            Output::Json => {
                let summary = json!({
                    "verdict": verdict, "faults": faults, "warnings": warnings, "passed": passed, "not_checked": not_checked,
                });
                printer.object(&SummaryLine { list: None, summary: &summary })?;
            }
            Output::Text => {
                let color = match verdict {
                    "ok" => AnsiColor::Green,
                    "warning" => AnsiColor::Yellow,
                    _ => AnsiColor::Red,
                };
                let color = color.on_default().bold();
                let words = match verdict {
                    "ok" if not_checked > 0 => "nothing is wrong in what could be checked",
                    "ok" => "nothing is wrong",
                    "warning" => "it works; the warnings name what may be unintended, or may not last",
                    _ if faults == 1 => "it does not work until the fault is fixed",
                    _ => "it does not work; start with the first fault",
                };
                let faults = counted(faults, "fault", "faults");
                let warnings = counted(warnings, "warning", "warnings");
                let skipped = if not_checked > 0 { format!(", {not_checked} not checked") } else { String::new() };
                let line = format!("{color}{faults}, {warnings}{color:#}, {passed} passed{skipped}: {words}");
                printer.result(&format_args!("\n{}", wrapped_line(&line, terminal_width(), 2)))?;
            }
        }
        Ok(if faults > 0 { Outcome::CheckFailed } else { Outcome::Done })
    }
}

/// Lays out one result: its mark, its name, the answer, and below it the hint.
fn text(check: &Checked, mark: char, word: &str, color: AnsiColor, width: usize) -> String {
    let color = color.on_default().bold();
    let cyan = AnsiColor::Cyan.on_default().bold();
    let indent = 2 + NAMES;
    let code = check.code().map(|code| format!(" [{code}]")).unwrap_or_default();
    let label = if word == "ok" { String::new() } else { format!("{word}{code}: ") };
    let mut lines = wrapped(&format!("{label}{}", check.got), width.saturating_sub(indent)).into_iter();
    let first = lines.next().unwrap_or_default();
    // A long code may be broken off from its word; the color then covers what is on the first line.
    let (head, rest) = first.split_at(label.trim_end().len().min(first.len()));
    let mut text = format!("{color}{mark}{color:#} {}{color}{head}{color:#}{rest}", pad_end(check.check, NAMES));
    // Writing to memory does not fail.
    for line in lines {
        let _ = write!(text, "\n{:indent$}{line}", "");
    }
    if let Some(hint) = check.hint() {
        let mut hint = wrapped(&format!("hint: {hint}"), width.saturating_sub(indent)).into_iter();
        let first = hint.next().unwrap_or_default();
        let first = first.strip_prefix("hint:").unwrap_or(&first).to_owned();
        let _ = write!(text, "\n{:indent$}{cyan}hint:{cyan:#}{first}", "");
        for line in hint {
            let _ = write!(text, "\n{:indent$}{line}", "");
        }
    }
    text
}
