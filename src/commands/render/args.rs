//! The command line of `render`.

use std::path::PathBuf;

use crate::lint::{Rule, UnknownRule};
use crate::manifest::form::Only;
use crate::profile::{KedaVersion, deploy};

/// Write the profile as Kubernetes objects, for kubectl apply -f -
///
/// Deployments and a ScaledObject or ScaledJob of KEDA, as YAML on stdout; the same bytes every time. The address of
/// Redis comes from the profile alone, user and password from the Secret that deploy.secret names.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Namespace of all objects [default: deploy.namespace]
    #[arg(long, short, value_name = "NAME", value_parser = deploy::namespace)]
    pub(super) namespace: Option<String>,

    /// Container image, with a tag or digest [default: deploy.image]
    #[arg(long, value_name = "IMAGE", value_parser = deploy::image)]
    pub(super) image: Option<String>,

    /// The KEDA in the cluster: what it does not know is refused [default: scale.keda-version, else 2.20.2]
    #[arg(long, value_name = "VERSION")]
    pub(super) keda_version: Option<KedaVersion>,

    /// Write only these objects, such as service,deploy/demo-consumer
    #[arg(long, value_name = "KIND[/NAME]", value_delimiter = ',')]
    pub(super) only: Vec<Only>,

    /// The form of the objects
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    pub(super) format: Format,

    /// Write a file for each object into this folder, and a kustomization.yaml: for kubectl apply -k
    ///
    /// Files of the same names are replaced, others never touched; those of an earlier render that are no longer part of
    /// the workload are named. A kustomization.yaml of your own stays as it is, and --only writes none.
    #[arg(long, value_name = "FOLDER")]
    pub(super) out_dir: Option<PathBuf>,

    /// Write the JSON Schema of profiles instead, for editors; markdown writes the reference of all keys
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "json",
        conflicts_with_all = ["namespace", "image", "keda_version", "only", "format", "out_dir"])]
    pub(super) schema: Option<SchemaFormat>,

    /// Write the lint rules as Markdown instead: code, severity and description of each
    #[arg(long, conflicts_with_all = ["namespace", "image", "keda_version", "only", "format", "out_dir", "schema"])]
    pub(super) rules: bool,

    /// Check the profile and the objects rendered from it instead; exit 4 for errors
    #[arg(long, group = "checked", conflicts_with_all = ["only", "format", "out_dir", "schema", "rules"])]
    pub(crate) check: bool,

    /// Check existing manifests instead, `-` for stdin; exit 4 for errors
    ///
    /// Deployments, StatefulSets, Jobs, Secrets, ConfigMaps, KEDA's objects, HPAs and PodDisruptionBudgets, as YAML or
    /// JSON. Files given together are checked together. No profile is read.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "checked",
        conflicts_with_all = ["namespace", "image", "only", "format", "out_dir", "schema", "rules"])]
    pub(super) lint: Vec<PathBuf>,

    /// With --check or --lint: exit 4 for warnings as well
    #[arg(long, requires = "checked")]
    pub(super) deny_warnings: bool,

    /// With --check or --lint: silence these rules, such as short-host,image-tag; --rules lists them
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = allowed, requires = "checked")]
    pub(super) allow: Vec<Rule>,
}

/// How objects are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Documents, one below the other
    Yaml,
    /// A List
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
