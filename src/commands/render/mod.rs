//! `render`: the profile as Kubernetes objects, on stdout or as files.

mod check;

use std::path::PathBuf;

use color_eyre::eyre::{Result, WrapErr as _};

use super::Context;
use crate::exit::{Outcome, UsageError};
use crate::files::folder::Folder;
use crate::manifest::form::{self, Identity, KUSTOMIZATION, Only};
use crate::manifest::{Object, Workload};
use crate::profile::{self, KedaVersion, Profile, Source, deploy};
use crate::terminal::Printer;
use crate::units::Setting;

/// Write the profile as Kubernetes objects, for kubectl apply -f -
///
/// Deployments and a ScaledObject or ScaledJob of KEDA, as YAML on stdout; the same bytes every time. The address of
/// Redis comes from the profile alone, user and password from the Secret that deploy.secret names.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Namespace of all objects [default: deploy.namespace]
    #[arg(long, short, value_name = "NAME", value_parser = deploy::namespace)]
    namespace: Option<String>,

    /// Container image, with a tag or digest [default: deploy.image]
    #[arg(long, value_name = "IMAGE", value_parser = deploy::image)]
    image: Option<String>,

    /// The KEDA in the cluster: what it does not know is refused [default: scale.keda-version, else 2.20.2]
    #[arg(long, value_name = "VERSION")]
    keda_version: Option<KedaVersion>,

    /// Write only these objects, such as service,deploy/demo-consumer
    #[arg(long, value_name = "KIND[/NAME]", value_delimiter = ',')]
    only: Vec<Only>,

    /// The form of the objects
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Format,

    /// Write a file for each object into this folder, and a kustomization.yaml: for kubectl apply -k
    ///
    /// Files of the same names are replaced, others never touched; those of an earlier render that are no longer part of
    /// the workload are named. A kustomization.yaml of your own stays as it is, and --only writes none.
    #[arg(long, value_name = "FOLDER")]
    out_dir: Option<PathBuf>,

    /// Write the JSON Schema of profiles instead, for editors
    #[arg(long, conflicts_with_all = ["namespace", "image", "keda_version", "only", "format", "out_dir"])]
    schema: bool,

    /// Say instead what is wrong with the profile and what is rendered from it; exit 4 for errors
    #[arg(long, group = "checked", conflicts_with_all = ["only", "format", "out_dir", "schema"])]
    pub(crate) check: bool,

    /// Say instead what is wrong with manifests that are there already, `-` for stdin; exit 4 for errors
    ///
    /// Deployments, StatefulSets, Jobs, Secrets, ConfigMaps and what scales them: KEDA's objects, HPAs and
    /// PodDisruptionBudgets, as YAML or JSON. What belongs together is looked at together. No profile is read.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "checked",
        conflicts_with_all = ["namespace", "image", "only", "format", "out_dir", "schema"])]
    lint: Vec<PathBuf>,

    /// With --check or --lint: exit 4 for warnings as well
    #[arg(long, requires = "checked")]
    deny_warnings: bool,
}

/// How objects are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Documents, one below the other
    Yaml,
    /// A List
    Json,
}

/// Why an object could not be written down, which no object gives a reason for.
const CANNOT_FORM: &str = "cannot write the objects down";

/// What is rendered, with nothing left open.
struct Plan<'a> {
    workload: Workload<'a>,
    /// Some of the workload's objects, or all.
    objects: Vec<Object>,
    whole: bool,
    format: Format,
    folder: Option<PathBuf>,
}

impl<'a> Plan<'a> {
    /// Lays the arguments over the profile.
    fn resolve(args: Args, profile: &'a Profile) -> Result<Self> {
        let Args { namespace, image, keda_version, only, format, out_dir, .. } = args;
        let workload = Workload::of(profile, namespace, image, keda_version)?;
        let objects = select(workload.objects(), &only)?;
        Ok(Self { workload, objects, whole: only.is_empty(), format, folder: out_dir })
    }

    /// What goes to stdout.
    fn text(&self) -> Result<String> {
        match self.format {
            Format::Yaml => self.workload.to_yaml(&self.objects).wrap_err(CANNOT_FORM),
            Format::Json => Ok(format!("{:#}\n", form::list(&self.objects).wrap_err(CANNOT_FORM)?)),
        }
    }

    /// Name and text of each object's file.
    fn files(&self) -> Result<Vec<(String, String)>> {
        let file = |object: &Object| {
            let identity = object.identity().wrap_err(CANNOT_FORM)?;
            Ok(match self.format {
                Format::Yaml => (identity.file("yaml"), object.to_yaml().wrap_err(CANNOT_FORM)?),
                Format::Json => (identity.file("json"), format!("{:#}\n", object.to_json().wrap_err(CANNOT_FORM)?)),
            })
        };
        self.objects.iter().map(file).collect()
    }
}

pub(crate) fn run(args: Args, context: &Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context.profile)?;
    for warning in plan.workload.warnings(&plan.objects) {
        tracing::warn!("{warning}");
    }
    check::warn(&plan.workload)?;
    match &plan.folder {
        Some(path) => write(&plan, &Folder::make(path)?)?,
        None => context.printer.raw(plan.text()?.as_bytes())?,
    }
    Ok(Outcome::Done)
}

/// Does what needs no profile, or a profile that need not be right; `None` where it has to be.
pub(crate) async fn without_profile(args: &Args, printer: &Printer) -> Option<Result<Outcome>> {
    if args.schema {
        return Some(schema(printer));
    }
    if args.lint.is_empty() { None } else { Some(check::lint(args, printer).await) }
}

/// Says all that is wrong with the profile and with what is rendered from it.
pub(crate) fn check(args: &Args, source: Source, env: Option<&Setting<String>>, printer: &Printer) -> Result<Outcome> {
    check::profile(args, source, env, printer)
}

/// Writes the schema of profiles; no profile is needed for it, least of all one that is right.
fn schema(printer: &Printer) -> Result<Outcome> {
    printer.result(&format_args!("{:#}", profile::schema()))?;
    Ok(Outcome::Done)
}

/// Keeps of `objects` those that are meant, in their order; every one when nothing is said.
fn select(mut objects: Vec<Object>, only: &[Only]) -> Result<Vec<Object>> {
    let identities: Vec<Identity> =
        objects.iter().map(Object::identity).collect::<Result<_, _>>().wrap_err(CANNOT_FORM)?;
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
