//! `render`: the profile as Kubernetes objects, on stdout or as files.

mod args;
mod check;
mod files;
mod manifests;
mod plan;
mod reference;

use color_eyre::eyre::Result;

pub(crate) use self::args::Args;
use self::args::SchemaFormat;
use self::plan::Plan;
use super::Context;
use crate::exit::Outcome;
use crate::files::folder::Folder;
use crate::lint;
use crate::profile::{self, Source};
use crate::terminal::Printer;
use crate::units::Setting;

pub(crate) fn run(args: Args, context: &Context, command: impl FnOnce() -> clap::Command) -> Result<Outcome> {
    if args.show_profile {
        let version = args.keda_version.map(|version| version.to_string());
        let flags =
            [("deploy.namespace", args.namespace), ("deploy.image", args.image), ("scale.keda-version", version)];
        context.printer.raw(reference::effective(&command(), context, &flags).as_bytes())?;
        return Ok(Outcome::Done);
    }
    let plan = Plan::resolve(args, &context.profile)?;
    for warning in plan.workload.warnings(&plan.objects) {
        tracing::warn!("{warning}");
    }
    check::warn(&plan.workload)?;
    match (&plan.folder, &plan.compared) {
        (_, Some(path)) => return files::compare(&plan, path, &context.printer),
        (Some(path), None) => files::write(&plan, &Folder::create(path)?)?,
        (None, None) => context.printer.raw(plan.text()?.as_bytes())?,
    }
    Ok(Outcome::Done)
}

/// Does what needs no profile, or a profile that need not be right; `None` where it has to be.
pub(crate) async fn without_profile(
    args: &Args,
    command: impl FnOnce() -> clap::Command,
    printer: &Printer,
) -> Option<Result<Outcome>> {
    match args.schema {
        Some(SchemaFormat::Json) => return Some(schema(printer)),
        Some(SchemaFormat::Markdown) => return Some(reference(&command(), printer)),
        None => {}
    }
    if args.rules {
        return Some(printer.raw(lint::markdown().as_bytes()).map(|()| Outcome::Done));
    }
    if args.checks.lint.is_empty() { None } else { Some(check::lint(args, printer).await) }
}

/// Says all that is wrong with the profile and with what is rendered from it.
pub(crate) fn check(args: &Args, source: Source, env: Option<&Setting<String>>, printer: &Printer) -> Result<Outcome> {
    check::profile(args, source, env, printer)
}

/// Writes the schema of profiles, also where the profile is invalid: that is when an editor needs it.
fn schema(printer: &Printer) -> Result<Outcome> {
    printer.raw(profile::SCHEMA.as_bytes())?;
    Ok(Outcome::Done)
}

/// Writes the reference of all keys.
fn reference(command: &clap::Command, printer: &Printer) -> Result<Outcome> {
    printer.raw(reference::reference(command).as_bytes())?;
    Ok(Outcome::Done)
}
