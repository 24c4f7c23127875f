//! The command line of `render`.

use std::path::PathBuf;

use crate::lint::{Rule, UnknownRule};
use crate::manifest::form::Only;
use crate::profile::{KedaVersion, deploy};

/// Render the profile as Kubernetes objects, for kubectl apply -f -
///
/// Writes Deployments and a ScaledObject or ScaledJob of KEDA as YAML to stdout; the output is reproducible. The address of
/// Redis comes from the profile only, user and password from the Secret in deploy.secret.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Namespace of all objects [default: deploy.namespace]
    #[arg(long, short, value_name = "NAME", value_parser = deploy::namespace)]
    pub(super) namespace: Option<String>,

    /// Container image, with a tag or digest [default: deploy.image]
    #[arg(long, value_name = "IMAGE", value_parser = deploy::image)]
    pub(super) image: Option<String>,

    /// KEDA version of the cluster; fields unknown to it are rejected [default: scale.keda-version, else 2.20.2]
    #[arg(long, value_name = "VERSION")]
    pub(super) keda_version: Option<KedaVersion>,

    /// Write only these objects, such as service,deploy/demo-consumer
    #[arg(long, value_name = "KIND[/NAME]", value_delimiter = ',')]
    pub(super) only: Vec<Only>,

    /// Format of the objects
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    pub(super) format: Format,

    /// Write each object to a file in this folder, with a kustomization.yaml for kubectl apply -k
    ///
    /// Replaces files of the same names and leaves others alone; reports files of an earlier render that no longer belong to
    /// the workload. Keeps a kustomization.yaml that qscale has not written; with --only none is written.
    #[arg(long, value_name = "FOLDER")]
    pub(super) out_dir: Option<PathBuf>,

    /// With --out-dir: delete files of an earlier render that no longer belong to the workload
    #[arg(long, requires = "out_dir", conflicts_with = "only", hide_short_help = true)]
    pub(super) prune: bool,

    /// Compare with the files in this folder, as --out-dir would write them; exit status 4 if they differ
    ///
    /// Writes a unified diff to stdout: of files that would be changed, added, or no longer belong to the workload.
    #[arg(long, value_name = "FOLDER", conflicts_with = "out_dir")]
    pub(super) diff: Option<PathBuf>,

    /// Write the JSON Schema of profiles, for editors, or a Markdown reference of all keys
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "json",
        conflicts_with_all = ["namespace", "image", "keda_version", "only", "format", "out_dir", "diff"], hide_short_help = true)]
    pub(super) schema: Option<SchemaFormat>,

    /// Write the effective profile as TOML, with the origin of every value: line, overlay, variable, flag or default
    ///
    /// The profile with its overlay, and over it the variables that produce, consume and watch read, and the flags of render.
    /// Objects are rendered without the variables. Passwords are not shown.
    #[arg(long, conflicts_with_all = ["only", "format", "out_dir", "diff", "schema"])]
    pub(super) show_profile: bool,

    /// Write the lint rules as Markdown: code, severity and description of each
    #[arg(long, conflicts_with_all = ["namespace", "image", "keda_version", "only", "format", "out_dir", "diff", "schema", "show_profile"], hide_short_help = true)]
    pub(super) rules: bool,

    #[command(flatten)]
    pub(super) checks: CheckArgs,
}

/// Checks in place of rendering.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Validate the profile and lint the objects rendered from it; exit status 4 on errors
    #[arg(long, group = "checked", conflicts_with_all = ["only", "format", "out_dir", "diff", "schema", "show_profile", "rules"])]
    pub(super) check: bool,

    /// Lint existing manifests, files or folders (- for stdin); exit status 4 on errors
    ///
    /// Checks Deployments, StatefulSets, Jobs, Secrets, ConfigMaps, KEDA's objects, HPAs and PodDisruptionBudgets, as YAML or
    /// JSON, together with the objects they refer to. Of a folder, reads what its kustomization.yaml names, else its manifests.
    /// No profile is read.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "checked",
        conflicts_with_all = ["namespace", "image", "only", "format", "out_dir", "diff", "schema", "show_profile", "rules"])]
    pub(super) lint: Vec<PathBuf>,

    /// With --check or --lint: exit status 4 on warnings too
    #[arg(long, requires = "checked")]
    pub(super) deny_warnings: bool,

    /// With --check or --lint: silence these rules, such as short-host,image-tag; --rules lists them
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = allowed, requires = "checked")]
    pub(super) allow: Vec<Rule>,
}

impl Args {
    /// Returns whether the profile is to be checked.
    pub(crate) fn checks_profile(&self) -> bool {
        self.checks.check
    }
}

/// Format of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// YAML documents
    Yaml,
    /// List object in JSON
    Json,
}

/// Format of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SchemaFormat {
    /// JSON Schema, draft 7
    Json,
    /// A heading per key
    Markdown,
}

/// Parses a rule that may be silenced.
fn allowed(code: &str) -> Result<Rule, String> {
    let rule: Rule = code.parse().map_err(|error: UnknownRule| error.to_string())?;
    if rule.can_be_allowed() { Ok(rule) } else { Err("cannot be allowed: nothing else could be checked".to_owned()) }
}
