//! A folder of rendered files: written, or compared with what would be written.

use std::path::Path;

use color_eyre::eyre::Result;
use similar::TextDiff;

use super::plan::Plan;
use crate::exit::{Outcome, UsageError};
use crate::files::folder::Folder;
use crate::lint::KUSTOMIZATIONS;
use crate::manifest::form::{self, KUSTOMIZATION};
use crate::terminal::Printer;
use crate::units::counted;

/// Files of an earlier render in a folder.
struct Earlier {
    /// Names that are no longer part of the workload.
    stale: Vec<String>,
    /// File that lists the objects, and that qscale has not written.
    foreign: Option<&'static str>,
}

impl Earlier {
    fn of(folder: &Folder, current: &[String]) -> Result<Self> {
        let mut stale = Vec::new();
        for name in KUSTOMIZATIONS {
            let Some(text) = folder.read(name)? else { continue };
            let Some(before) = form::listed(&text) else { return Ok(Self { stale: Vec::new(), foreign: Some(name) }) };
            let is_stale = |name: &&str| {
                // A file of the folder, whatever else has been written into the list.
                !name.contains('/') && !current.iter().any(|file| file == name) && folder.path(name).is_file()
            };
            stale.extend(before.into_iter().filter(is_stale).map(str::to_owned));
        }
        Ok(Self { stale, foreign: None })
    }
}

/// Writes a file for each object, and last what lists them: who reads it finds them all.
pub(super) fn write(plan: &Plan<'_>, folder: &Folder) -> Result<()> {
    let files = plan.files()?;
    for (name, text) in &files {
        folder.write(name, text)?;
        tracing::info!("wrote {}", folder.path(name).display());
    }
    if !plan.whole {
        return Ok(());
    }
    let files: Vec<String> = files.into_iter().map(|(name, _)| name).collect();
    let earlier = Earlier::of(folder, &files)?;
    if let Some(name) = earlier.foreign {
        tracing::warn!("{} was not written by qscale and stays as it is", folder.path(name).display());
        return Ok(());
    }
    let mut left = Vec::new();
    for name in earlier.stale {
        let path = folder.path(&name);
        if plan.prune {
            folder.remove(&name)?;
            tracing::info!("deleted {}, which is no longer part of the workload", path.display());
        } else {
            tracing::warn!(
                "{} stays, and is no longer part of the workload: delete it, or add --prune",
                path.display()
            );
            left.push(name);
        }
    }
    folder.write(KUSTOMIZATION, &plan.workload.kustomization(&files, &left))?;
    tracing::info!("wrote {}: kubectl apply -k {folder}", folder.path(KUSTOMIZATION).display());
    Ok(())
}

/// Prints what writing to the folder at `path` would change, as a unified diff.
///
/// # Errors
///
/// Fails where there is no such folder, or a file cannot be read.
pub(super) fn compare(plan: &Plan<'_>, path: &Path, printer: &Printer) -> Result<Outcome> {
    let Some(folder) = Folder::open(path) else {
        return Err(UsageError(format!("--diff: there is no folder `{}`", path.display())).into());
    };
    let mut files = plan.files()?;
    let mut stale = Vec::new();
    if plan.whole {
        let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        let earlier = Earlier::of(&folder, &names)?;
        if earlier.foreign.is_none() {
            files.push((KUSTOMIZATION.to_owned(), plan.workload.kustomization(&names, &[])));
        }
        stale = earlier.stale;
    }
    let mut different = 0;
    let rendered = files.iter().map(|(name, text)| (name, Some(text.as_str())));
    for (name, after) in rendered.chain(stale.iter().map(|name| (name, None))) {
        let before = folder.read(name)?;
        if before.as_deref() == after {
            continue;
        }
        different += 1;
        let shown = folder.path(name).display().to_string();
        let label = |is_there: bool| if is_there { shown.clone() } else { "/dev/null".to_owned() };
        let (from, to) = (label(before.is_some()), label(after.is_some()));
        let diff = TextDiff::from_lines(before.as_deref().unwrap_or_default(), after.unwrap_or_default());
        printer.raw(diff.unified_diff().header(&from, &to).to_string().as_bytes())?;
    }
    if different == 0 {
        tracing::info!("{folder} is what is rendered");
        return Ok(Outcome::Done);
    }
    let files = counted(different, "file differs", "files differ");
    tracing::warn!(
        "{files}: with --out-dir {folder} --prune in place of --diff, the same command writes what is rendered"
    );
    Ok(Outcome::CheckFailed)
}
