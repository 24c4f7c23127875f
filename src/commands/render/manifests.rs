//! Manifests to lint: files, stdin, and folders with what their kustomization names.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::UsageError;
use crate::files::{folder, input};
use crate::lint::{self, File, KUSTOMIZATIONS, Kustomization};
use crate::units::{MIB, counted};

/// Name of stdin in messages.
const STDIN: &str = "<stdin>";

/// Limit of a file, in bytes.
const MAX_SIZE: u64 = 64 * MIB;

/// Name of the file that makes a folder a chart.
const CHART: &str = "Chart.yaml";

/// Depth down to which folders are searched for a hint.
const DEEPEST: usize = 3;

/// Endings of manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads the manifests at `paths`, each once.
pub(super) async fn read(paths: &[PathBuf]) -> Result<Vec<File>, UsageError> {
    let mut files = Vec::with_capacity(paths.len());
    let mut known = BTreeSet::new();
    let mut left: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = left.pop() {
        if path == Path::new("-") {
            files.push(File::read(STDIN, text(&path).await?));
        } else if !known.insert(lint::normal_path(&path)) {
        } else if path.is_dir() {
            let (kustomization, more) = within(&path).await?;
            files.extend(kustomization);
            left.extend(more.into_iter().rev());
        } else {
            files.push(File::read(path.display().to_string(), text(&path).await?));
        }
    }
    Ok(files)
}

/// Returns the kustomization of a folder and what it names, or else the manifests in the folder.
async fn within(path: &Path) -> Result<(Option<File>, Vec<PathBuf>), UsageError> {
    if let Some(file) = KUSTOMIZATIONS.iter().map(|name| path.join(name)).find(|file| file.is_file()) {
        let file = File::read(file.display().to_string(), text(&file).await?);
        let Kustomization { resources, patches } = Kustomization::of(&file).unwrap_or_default();
        let named = resources.into_iter().filter(|name| !is_remote(path, name)).chain(patches);
        let named = named.map(|name| lint::normal_path(&path.join(name))).collect();
        return Ok((Some(file), named));
    }
    if path.join(CHART).is_file() {
        let message = format!(
            "--lint: `{}` is a Helm chart: lint what it renders, `helm template {0} | qscale render --lint -`",
            path.display()
        );
        return Err(UsageError(message));
    }
    let manifests = folder::files(path, &ENDINGS).map_err(|error| unreadable(path, &error))?;
    if !manifests.is_empty() {
        return Ok((None, manifests));
    }
    let message = format!("--lint: `{}` contains no manifests (.yaml, .yml, .json)", path.display());
    let below = folders_below(path, DEEPEST);
    let Some(first) = below.first() else { return Err(UsageError(message)) };
    // Not read together: what belongs to several environments contradicts itself.
    let folders = counted(below.len(), "folder below it does", "folders below it do");
    Err(UsageError(format!("{message}, but {folders}: lint one of them, such as `{}`", first.display())))
}

/// Returns the folders below `path`, down to this depth, with a kustomization, or else with manifests; sorted.
fn folders_below(path: &Path, depth: usize) -> Vec<PathBuf> {
    // One that cannot be read has nothing to lint.
    let folders = folder::folders(path).unwrap_or_default();
    let holds = |folder: &Path| {
        KUSTOMIZATIONS.iter().any(|name| folder.join(name).is_file())
            || folder::files(folder, &ENDINGS).is_ok_and(|files| !files.is_empty())
    };
    let below = |folder: PathBuf| match depth {
        _ if holds(&folder) => vec![folder],
        0 | 1 => Vec::new(),
        _ => folders_below(&folder, depth - 1),
    };
    folders.into_iter().flat_map(below).collect()
}

/// Returns whether a resource of a kustomization is not in this file system: a URL, or a repository without a scheme.
fn is_remote(path: &Path, name: &str) -> bool {
    let host = name.split('/').next().unwrap_or_default();
    name.contains("://")
        || name.starts_with("git@")
        || (!path.join(name).exists() && name.contains('/') && host.contains('.') && !host.starts_with('.'))
}

async fn text(path: &Path) -> Result<String, UsageError> {
    input::text(path, MAX_SIZE).await.map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> UsageError {
    UsageError(format!("--lint: cannot read `{}`: {error}", path.display()))
}
