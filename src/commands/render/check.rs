//! `render --check` and `render --lint`: findings with their place and a hint.

use std::fmt::Display;

use anstyle::AnsiColor;
use color_eyre::eyre::{Result, WrapErr as _};

use super::args::{Args, CheckArgs};
use super::manifests;
use super::plan::{self, CANNOT_FORM};
use crate::exit::Outcome;
use crate::lint::{self, Finding, ProfileFinding, Rule, Severity};
use crate::manifest::Workload;
use crate::profile::{Profile, ProfileError, Source};
use crate::terminal::Printer;
use crate::units::{Setting, counted, shortened};

/// Host in place of one that is not set, so that the rest can be checked.
const STAND_IN: &str = "redis.example.com";

/// Number of findings.
#[derive(Default)]
struct FindingCount {
    errors: usize,
    warnings: usize,
}

/// Reports all faults of the profile and of everything that is rendered from it, not just the first.
pub(super) fn profile(
    args: &Args,
    mut source: Source,
    env: Option<&Setting<String>>,
    printer: &Printer,
) -> Result<Outcome> {
    let Args { namespace, image, keda_version, checks: CheckArgs { deny_warnings, allow, .. }, .. } = args;
    let look = |source: &Source, addressed: bool| -> Result<Vec<ProfileFinding>> {
        let mut profile = Profile::parse_with(source.clone(), env)?;
        if !addressed {
            profile.redis.host = Some(STAND_IN.to_owned());
        }
        found(&plan::workload(&profile, namespace.clone(), image.clone(), *keda_version)?)
    };
    let mut findings: Vec<ProfileFinding> = Vec::new();
    let mut addressed = true;
    loop {
        let error = match look(&source, addressed) {
            Ok(others) => {
                findings.extend(others.into_iter().filter(|finding| !allow.contains(&finding.rule)));
                break;
            }
            // A password that is not where it should be is no matter of the profile's text.
            Err(report) => match report.downcast::<ProfileError>()? {
                ProfileError::Invalid(diagnostic) => diagnostic,
                other => return Err(other.into()),
            },
        };
        let rest = source.skipping(&error);
        // Where Redis is says nothing about the rest of the profile.
        let missing = rest.is_none() && addressed && error.is_missing("redis.host");
        addressed &= !missing;
        if missing && !findings.is_empty() {
            continue;
        }
        if rest.is_none() && !findings.is_empty() {
            // Something is missing, most likely because an error has just been skipped.
            break;
        }
        // Something else needs what has just been skipped: not an error of its own.
        let expected = source.is_consequence(&error);
        let error = ProfileError::Invalid(error);
        if !expected {
            let hint = error.hint().unwrap_or_default().to_owned();
            findings.push(ProfileFinding { rule: Rule::InvalidProfile, error, hint });
        }
        match rest {
            Some(rest) => source = rest,
            None if missing => {}
            None => break,
        }
    }
    // What is missing has no line, and comes last.
    findings.sort_by_key(|finding| finding.error.line().unwrap_or(usize::MAX));
    let mut count = FindingCount::default();
    for ProfileFinding { rule, error, hint } in findings {
        count.add(rule);
        print(printer, rule, &error, &hint)?;
    }
    count.conclude(*deny_warnings, printer)
}

/// Warns of what is most likely not meant, in a line each; refuses what is wrong.
pub(super) fn warn(workload: &Workload<'_>) -> Result<()> {
    for ProfileFinding { rule, error, hint } in found(workload)? {
        if rule.severity() == Severity::Error {
            return Err(error.with_hint(hint).into());
        }
        tracing::warn!("{} ({hint}) [{rule}]", error.headline());
    }
    Ok(())
}

fn found(workload: &Workload<'_>) -> Result<Vec<ProfileFinding>> {
    let yaml = workload.to_yaml(&workload.objects()).wrap_err(CANNOT_FORM)?;
    Ok(lint::check_profile(workload.profile(), &yaml, workload.keda_version()))
}

/// Lints manifests from any source.
pub(super) async fn lint(args: &Args, printer: &Printer) -> Result<Outcome> {
    let files = manifests::read(&args.checks.lint).await?;
    let mut count = FindingCount::default();
    let findings = lint::check(&files, args.keda_version.unwrap_or_default());
    for finding in findings.into_iter().filter(|finding| !args.checks.allow.contains(&finding.rule)) {
        let Finding { rule, file, span, ref hint, .. } = finding;
        count.add(rule);
        let file = &files[file];
        let mut text = format!("{}:{}:{}: {finding}", file.name, span.line, span.column);
        if let Some(excerpt) = file.excerpt(span) {
            text = format!("{text}\n{excerpt}");
        }
        print(printer, rule, &text, hint)?;
    }
    count.conclude(args.checks.deny_warnings, printer)
}

fn print(printer: &Printer, rule: Rule, text: &dyn Display, hint: &str) -> Result<()> {
    let severity = rule.severity();
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
    };
    let (color, cyan) = (color.on_default().bold(), AnsiColor::Cyan.on_default().bold());
    let hint = if hint.is_empty() { String::new() } else { format!("{cyan}hint:{cyan:#} {hint}\n") };
    let text = text.to_string();
    printer.result(&format_args!("{color}{severity}[{rule}]:{color:#} {}\n{hint}", shortened(&text)))
}

impl FindingCount {
    fn add(&mut self, rule: Rule) {
        match rule.severity() {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
    }

    /// Prints the number of findings, and returns the outcome.
    fn conclude(self, deny_warnings: bool, printer: &Printer) -> Result<Outcome> {
        let Self { errors, warnings } = self;
        let (errors_found, warnings_found) =
            (counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"));
        printer.result(&format_args!("{errors_found}, {warnings_found}"))?;
        let no = errors > 0 || (deny_warnings && warnings > 0);
        Ok(if no { Outcome::CheckFailed } else { Outcome::Done })
    }
}
