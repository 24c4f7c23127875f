//! What is rendered: the arguments over the profile.

use std::path::PathBuf;

use color_eyre::eyre::{Result, WrapErr as _};

use super::args::{Args, Format};
use crate::exit::UsageError;
use crate::files::whole::whole;
use crate::manifest::form::{self, Identity, Only};
use crate::manifest::{Manifest, PodPatch, Workload};
use crate::profile::{KedaVersion, Profile, ProfileError};
use crate::units::MIB;

/// Reason for which an object could not be serialized; none is expected.
pub(super) const CANNOT_FORM: &str = "cannot write the objects down";

/// Resolved settings.
pub(super) struct Plan<'a> {
    pub(super) workload: Workload<'a>,
    /// Some of the workload's objects, or all.
    pub(super) objects: Vec<Manifest>,
    pub(super) whole: bool,
    pub(super) format: Format,
    /// Folder to write to.
    pub(super) folder: Option<PathBuf>,
    /// Deletes files of an earlier render.
    pub(super) prune: bool,
    /// Folder to compare with.
    pub(super) compared: Option<PathBuf>,
}

impl<'a> Plan<'a> {
    /// Lays the arguments over the profile.
    pub(super) fn resolve(args: Args, profile: &'a Profile) -> Result<Self> {
        let Args { namespace, image, keda_version, only, format, out_dir, prune, diff, .. } = args;
        let workload = workload(profile, namespace, image, keda_version)?;
        let objects = select(workload.objects(), &only)?;
        Ok(Self { workload, objects, whole: only.is_empty(), format, folder: out_dir, prune, compared: diff })
    }

    /// Text for stdout.
    pub(super) fn text(&self) -> Result<String> {
        match self.format {
            Format::Yaml => self.workload.to_yaml(&self.objects).wrap_err(CANNOT_FORM),
            Format::Json => Ok(form::json_text(&form::list(&self.objects).wrap_err(CANNOT_FORM)?)),
        }
    }

    /// Name and text of each object's file.
    pub(super) fn files(&self) -> Result<Vec<(String, String)>> {
        let file = |object: &Manifest| {
            let identity = object.identity().wrap_err(CANNOT_FORM)?;
            Ok(match self.format {
                Format::Yaml => (identity.file("yaml"), object.to_yaml().wrap_err(CANNOT_FORM)?),
                Format::Json => (identity.file("json"), form::json_text(&object.to_json().wrap_err(CANNOT_FORM)?)),
            })
        };
        self.objects.iter().map(file).collect()
    }
}

/// Limit of a patch, in bytes.
const MAX_PATCH: u64 = MIB;

/// Returns what is rendered from `profile`, with the patch that it names.
pub(super) fn workload(
    profile: &Profile,
    namespace: Option<String>,
    image: Option<String>,
    keda_version: Option<KedaVersion>,
) -> Result<Workload<'_>, ProfileError> {
    let workload = Workload::of(profile, namespace, image, keda_version)?;
    let Some(file) = &profile.deploy.patch else { return Ok(workload) };
    let wrong = |problem: String| profile.source.error_at(&["deploy", "patch"], problem);
    let shown = file.display();
    let bytes = whole(file, MAX_PATCH).map_err(|error| wrong(format!("cannot read `{shown}`: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(format!("`{shown}` is not UTF-8")))?;
    let patched = PodPatch::parse(&text).and_then(|patch| workload.patched(patch));
    patched.map_err(|error| wrong(format!("`{shown}` {error}")))
}

/// Keeps of `objects` those that are meant, in their order; every one when nothing is said.
fn select(mut objects: Vec<Manifest>, only: &[Only]) -> Result<Vec<Manifest>> {
    let identities: Vec<Identity> =
        objects.iter().map(Manifest::identity).collect::<Result<_, _>>().wrap_err(CANNOT_FORM)?;
    if let Some(nothing) = only.iter().find(|only| !identities.iter().any(|object| only.means(object))) {
        let known: Vec<String> = identities.iter().map(Identity::to_string).collect();
        let message = format!("--only {nothing}: no such object is in this workload; there are {}", known.join(", "));
        return Err(UsageError(message).into());
    }
    let mut identities = identities.iter();
    let meant = |object: &Identity| only.is_empty() || only.iter().any(|only| only.means(object));
    objects.retain(|_| identities.next().is_some_and(meant));
    Ok(objects)
}
