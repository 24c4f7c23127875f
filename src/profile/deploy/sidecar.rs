//! The `[deploy.sidecar]` table: the web service that items are posted to, as another container of the consumers' pods.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::consume::ConsumeTable;
use super::super::error::ProfileError;
use super::super::name::image;
use super::super::source::Source;
use super::quantity::ResourcesTable;
use crate::endpoint::{Address, is_loopback};

/// `[deploy.sidecar]`: container of the web service that `url` of `[consume]` names. It is started before qscale, and ended after
/// it; `env`, `env-from` and `volumes` of `[deploy]` are for this container.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SidecarTable {
    /// Image of the web service with a tag or digest.
    #[schemars(extend("x-default" = "required", "examples" = ["registry.example.com/orders:1.0.0"]))]
    pub image: String,
    /// Command in place of the entrypoint of the image.
    #[serde(default)]
    #[schemars(extend("x-default" = "entrypoint of the image", "examples" = [["uvicorn", "app:app", "--port", "8080"]]))]
    pub command: Vec<String>,
    /// Path that answers 2xx or 3xx while the service works.
    #[schemars(extend("x-default" = "probes connect to the port", "examples" = ["/healthz"]))]
    pub probe: Option<String>,
    /// Resource requests and limits of the web service.
    #[serde(default)]
    pub resources: ResourcesTable,
}

impl SidecarTable {
    /// Rejects a sidecar that no items are posted to, and values that Kubernetes rejects.
    pub(in crate::profile) fn check(&self, source: &Source, consume: &ConsumeTable) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: String| Err(source.error_at(&["deploy", "sidecar", key], message));
        if let Err(error) = image(&self.image) {
            return wrong("image", error.to_string());
        }
        if self.probe.as_ref().is_some_and(|path| !path.starts_with('/')) {
            return wrong("probe", "must be a path such as `/healthz`".to_owned());
        }
        if port(consume).is_none() {
            let message = "requires `handler = \"http\"` and a `url` with a host of the pod in [consume], such as \
                           `http://127.0.0.1:8080/jobs`";
            return wrong("image", message.to_owned());
        }
        self.resources.check(source, &["deploy", "sidecar", "resources"])
    }
}

/// Returns the port that items are posted to, if that is one of the pod itself.
pub fn port(consume: &ConsumeTable) -> Option<u16> {
    match &consume.url.as_ref()?.address {
        Address::Tcp { host, port } if is_loopback(host) => Some(*port),
        _ => None,
    }
}
