//! What all containers have in common: resources, rights, and how their image is pulled.

use k8s_openapi::api::core::v1::{Capabilities, ResourceRequirements, SecurityContext};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::profile::deploy::{ImagePullPolicy, QuantityText, ResourcesTable};

/// Mount path: the usual place of temporary files for handlers, and of the heartbeat file.
pub(super) const SCRATCH_FOLDER: &str = "/tmp";

/// Cores, memory and disk of a container.
pub(super) type Quantities = [(&'static str, &'static str); 3];

/// Default resource requests of a container.
pub(super) const REQUESTS: Quantities = [("cpu", "50m"), ("memory", "32Mi"), ("ephemeral-storage", "16Mi")];

/// Default resource limits; memory use stays flat for any number of items.
pub(super) const LIMITS: Quantities = [("cpu", "500m"), ("memory", "128Mi"), ("ephemeral-storage", "64Mi")];

/// Default resource requests of a container that runs a command: an interpreter with its libraries.
pub(super) const COMMAND_REQUESTS: Quantities = [("cpu", "100m"), ("memory", "128Mi"), ("ephemeral-storage", "64Mi")];

/// Default resource limits of a container that runs a command.
pub(super) const COMMAND_LIMITS: Quantities = [("cpu", "1"), ("memory", "512Mi"), ("ephemeral-storage", "512Mi")];

/// Rights of a container: none.
pub(super) fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

pub(super) fn pull_policy(policy: ImagePullPolicy) -> &'static str {
    match policy {
        ImagePullPolicy::Always => "Always",
        ImagePullPolicy::IfNotPresent => "IfNotPresent",
        ImagePullPolicy::Never => "Never",
    }
}

/// Lays what the profile says over the defaults. A default gives way where more would be set aside than is allowed, which
/// Kubernetes refuses.
pub(super) fn resources(requests: Quantities, limits: Quantities, table: &ResourcesTable) -> ResourceRequirements {
    let said = table.requests.entries().into_iter().zip(table.limits.entries());
    let both =
        requests.into_iter().zip(limits).zip(said).map(|(((name, request), (_, limit)), ((_, least), (_, most)))| {
            let or =
                |said: Option<&QuantityText>, default: &str| said.cloned().unwrap_or(QuantityText(default.to_owned()));
            let (mut request, mut limit) = (or(least, request), or(most, limit));
            if request.exceeds(&limit) {
                if most.is_some() {
                    request = limit.clone();
                } else {
                    limit = request.clone();
                }
            }
            let quantity = |text: QuantityText| (name.to_owned(), Quantity(text.canonical()));
            (quantity(request), quantity(limit))
        });
    let (requests, limits) = both.unzip();
    ResourceRequirements { requests: Some(requests), limits: Some(limits), claims: None }
}
