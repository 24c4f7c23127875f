//! `render`: the profile as Kubernetes objects, on stdout or as files.

mod args;
mod check;
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
use crate::manifest::form::{self, KUSTOMIZATION};
use crate::profile::{self, Source};
use crate::terminal::Printer;
use crate::units::Setting;

pub(crate) fn run(args: Args, context: &Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context.profile)?;
    for warning in plan.workload.warnings(&plan.objects) {
        tracing::warn!("{warning}");
    }
    check::warn(&plan.workload)?;
    match &plan.folder {
        Some(path) => write(&plan, &Folder::create(path)?)?,
        None => context.printer.raw(plan.text()?.as_bytes())?,
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
    if args.lint.is_empty() { None } else { Some(check::lint(args, printer).await) }
}

/// Says all that is wrong with the profile and with what is rendered from it.
pub(crate) fn check(args: &Args, source: Source, env: Option<&Setting<String>>, printer: &Printer) -> Result<Outcome> {
    check::profile(args, source, env, printer)
}

/// Writes the schema of profiles, also where the profile is invalid: that is when an editor needs it.
fn schema(printer: &Printer) -> Result<Outcome> {
    printer.result(&format_args!("{:#}", profile::schema()))?;
    Ok(Outcome::Done)
}

/// Writes the reference of all keys.
fn reference(command: &clap::Command, printer: &Printer) -> Result<Outcome> {
    printer.raw(reference::reference(command).as_bytes())?;
    Ok(Outcome::Done)
}

/// Writes a file for each object, and last what lists them: who reads it finds them all.
fn write(plan: &Plan<'_>, folder: &Folder) -> Result<()> {
    let files = plan.files()?;
    for (name, text) in &files {
        folder.write(name, text)?;
        tracing::info!("wrote {}", folder.path(name).display());
    }
    if !plan.whole {
        return Ok(());
    }
    let files: Vec<String> = files.into_iter().map(|(name, _)| name).collect();
    // kustomize reads any of these, and refuses two.
    for name in [KUSTOMIZATION, "kustomization.yml", "Kustomization"] {
        let Some(text) = folder.read(name)? else { continue };
        let Some(before) = form::listed(&text) else {
            tracing::warn!("{} was not written by qscale and stays as it is", folder.path(name).display());
            return Ok(());
        };
        for name in before.into_iter().filter(|before| !files.iter().any(|file| file == before)) {
            if folder.path(name).exists() {
                let path = folder.path(name);
                tracing::warn!("{} stays, and is no longer part of the workload: delete it", path.display());
            }
        }
    }
    folder.write(KUSTOMIZATION, &plan.workload.kustomization(&files))?;
    tracing::info!("wrote {}: kubectl apply -k {folder}", folder.path(KUSTOMIZATION).display());
    Ok(())
}
