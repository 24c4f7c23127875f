//! The `[deploy.target]` table: an existing workload that KEDA scales.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::error::ProfileError;
use super::super::name::object_name;
use super::super::source::Source;

/// `[deploy.target]`: any workload of the namespace with a `/scale` subresource.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetTable {
    /// API group and version.
    #[schemars(extend("default" = api_version(), "examples" = ["argoproj.io/v1alpha1"]))]
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Kind.
    #[schemars(extend("default" = kind(), "examples" = ["Rollout"]))]
    #[serde(default = "kind")]
    pub kind: String,
    /// Name.
    #[schemars(extend("x-default" = "required", "examples" = ["worker"]))]
    pub name: String,
}

/// Default of KEDA.
fn api_version() -> String {
    "apps/v1".to_owned()
}

/// Default of KEDA.
fn kind() -> String {
    "Deployment".to_owned()
}

impl TargetTable {
    /// Creates a reference to the Deployment `name`.
    pub fn deployment(name: String) -> Self {
        Self { api_version: api_version(), kind: kind(), name }
    }

    /// Rejects values that Kubernetes rejects.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: String| Err(source.error_at(&["deploy", "target", key], message));
        let Self { api_version, kind, name } = self;
        let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
        let is_version = version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            && version.chars().all(|c| c.is_ascii_alphanumeric());
        if object_name(group).is_err() || !is_version {
            return wrong(
                "api-version",
                format!("`{api_version}` is not a valid group and version, such as `apps/v1`"),
            );
        }
        if !kind.starts_with(|c: char| c.is_ascii_uppercase()) || !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            return wrong("kind", format!("`{kind}` is not a valid kind, such as `Deployment` or `Rollout`"));
        }
        object_name(name).map(drop).map_err(|error| source.error_at(&["deploy", "target", "name"], error))
    }
}
