//! Volumes of the consumers' pods: `volumes` of the `[deploy]` table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::error::ProfileError;
use super::super::name::{namespace, object_name};
use super::super::source::Source;
use super::quantity::QuantityText;

/// `[[deploy.volumes]]`: a folder of the consumers' containers. One of `secret`, `config-map`, `claim` and `empty-dir` says
/// what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VolumeTable {
    /// Name of the volume.
    #[schemars(extend("x-default" = "required", "examples" = ["models"]))]
    pub name: String,
    /// Path of the folder in the container.
    #[schemars(extend("x-default" = "required", "examples" = ["/models"]))]
    pub mount_path: String,
    /// Mounts a file or folder of the volume in place of all of it.
    #[schemars(extend("x-default" = "none", "examples" = ["settings.json"]))]
    pub sub_path: Option<String>,
    /// Mounts it for reading only.
    #[serde(default)]
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub read_only: bool,
    /// Existing Secret; a file per key.
    #[schemars(extend("x-default" = "none", "examples" = ["certificates"]))]
    pub secret: Option<String>,
    /// Existing ConfigMap; a file per key.
    #[schemars(extend("x-default" = "none", "examples" = ["settings"]))]
    pub config_map: Option<String>,
    /// Existing PersistentVolumeClaim.
    #[schemars(extend("x-default" = "none", "examples" = ["models"]))]
    pub claim: Option<String>,
    /// Size limit of a folder that is gone with the pod.
    #[schemars(extend("x-default" = "none", "examples" = ["1Gi"]))]
    pub empty_dir: Option<QuantityText>,
}

/// Names and paths of the volumes that qscale mounts.
const OWN: [(&str, &str); 3] = [("tmp", "/tmp"), ("app-tmp", "/tmp"), ("redis-tls", "/etc/qscale/tls")];

impl VolumeTable {
    /// Rejects what Kubernetes rejects, and what is taken.
    pub(super) fn check(&self, source: &Source, index: usize, before: &[Self]) -> Result<(), ProfileError> {
        let index = index.to_string();
        let at = |key: &'static str| ["deploy", "volumes", index.as_str(), key].map(str::to_owned);
        let wrong = |key: &'static str, message: String| {
            let path = at(key);
            Err(source.error_at(&path.each_ref().map(String::as_str), message))
        };
        if let Err(error) = namespace(&self.name) {
            return wrong("name", error.to_string());
        }
        let is_taken = |taken: (&str, &str)| taken.0 == self.name || taken.1 == self.mount_path;
        let others = before.iter().map(|other| (other.name.as_str(), other.mount_path.as_str()));
        if let Some((name, path)) = OWN.into_iter().chain(others).find(|taken| is_taken(*taken)) {
            let key = if name == self.name { "name" } else { "mount-path" };
            return wrong(key, format!("is taken by the volume `{name}` at {path}"));
        }
        let is_path = self.mount_path.starts_with('/') && !self.mount_path.contains([':', '\0']);
        if !is_path || self.mount_path == "/" {
            return wrong(
                "mount-path",
                format!("`{}` is not the absolute path of a folder, such as `/data`", self.mount_path),
            );
        }
        if self
            .sub_path
            .as_deref()
            .is_some_and(|path| path.starts_with('/') || path.split('/').any(|part| part == ".."))
        {
            return wrong("sub-path", "must be a relative path without `..`".to_owned());
        }
        let objects = [("secret", &self.secret), ("config-map", &self.config_map), ("claim", &self.claim)];
        let contents =
            objects.iter().filter(|(_, name)| name.is_some()).count() + usize::from(self.empty_dir.is_some());
        if contents != 1 {
            return wrong("name", "requires one of `secret`, `config-map`, `claim` and `empty-dir`".to_owned());
        }
        for (key, name) in objects {
            if let Some(Err(error)) = name.as_deref().map(object_name) {
                return wrong(key, error.to_string());
            }
        }
        Ok(())
    }
}
