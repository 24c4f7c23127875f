//! The patch of the consumers' pods in place, and its mistakes that show there.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::deployment;
use super::patch::{PatchError, PodPatch};
use super::workload::Workload;
use crate::profile::ScaleKind;
use crate::profile::deploy::any_amount;

impl Workload<'_> {
    /// Lays `patch` over the consumers' pods.
    ///
    /// # Errors
    ///
    /// Fails for a patch with which the API server would refuse them.
    pub fn patched(self, patch: PodPatch) -> Result<Self, PatchError> {
        // That of a Job is set after the patch.
        let restart = if self.profile.scale.kind() == ScaleKind::ScaledJob { "Never" } else { "Always" };
        let patched = Self { patch: Some(patch), ..self };
        let template = deployment::consumer_template(&patched, &patched.profile.deploy.consumer_name());
        let mistake = template.spec.and_then(|pod| mistake(&pod, restart));
        mistake.map_or(Ok(patched), |mistake| Err(PatchError::Type(mistake)))
    }
}

/// Returns the first mistake, as the end of a sentence about the patch; `restart` is the restart policy that the pods have to
/// have.
fn mistake(pod: &PodSpec, restart: &str) -> Option<String> {
    if let Some(policy) = pod.restart_policy.as_deref().filter(|policy| *policy != restart) {
        return Some(format!("sets the restart policy `{policy}`: these pods need `{restart}`"));
    }
    let volumes = || pod.volumes.iter().flatten();
    let scratch = volumes().filter_map(|volume| volume.empty_dir.as_ref()?.size_limit.as_ref());
    let wrong_size = scratch.into_iter().find_map(invalid).map(|quantity| format!("has a volume of {quantity}"));
    let has_volume = |name: &str| volumes().any(|volume| volume.name == name);
    let mut containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    wrong_size.or_else(|| containers.find_map(|container| mistake_in(container, &has_volume)))
}

fn mistake_in(container: &Container, has_volume: &dyn Fn(&str) -> bool) -> Option<String> {
    let name = &container.name;
    if container.image.as_deref().is_none_or(str::is_empty) {
        return Some(format!("adds the container `{name}` without an image"));
    }
    let mut mounts = container.volume_mounts.iter().flatten();
    if let Some(mount) = mounts.find(|mount| !has_volume(&mount.name)) {
        return Some(format!("mounts `{}` in the container `{name}`: there is no such volume", mount.name));
    }
    let resources = container.resources.as_ref()?;
    let (requests, limits) = (resources.requests.as_ref(), resources.limits.as_ref());
    let mut quantities = [requests, limits].into_iter().flatten().flat_map(BTreeMap::values);
    if let Some(quantity) = quantities.find_map(invalid) {
        return Some(format!("gives the container `{name}` {quantity}"));
    }
    requests?.iter().find_map(|(resource, request)| {
        let limit = limits?.get(resource)?;
        let (asked, most) = (any_amount(&request.0)?, any_amount(&limit.0)?);
        let (request, limit) = (&request.0, &limit.0);
        (asked > most).then(|| {
            format!("leaves the container `{name}` a request of {request} {resource} above its limit of {limit}")
        })
    })
}

fn invalid(quantity: &Quantity) -> Option<String> {
    any_amount(&quantity.0)
        .is_none()
        .then(|| format!("`{}`, which is not a valid quantity, such as `64Mi`", quantity.0))
}
