//! The scale of a custom resource, read again whenever the resource changes: it cannot be watched itself.

use std::sync::Arc;
use std::time::Duration;

use kube::core::Request;
use tokio::sync::watch::{Receiver, Sender};
use tokio::time::timeout;

use super::access::Access;
use super::error::KubernetesError;
use super::facts::{Facts, ObjectsOf};
use super::resource::Resource;
use crate::cluster::{LiveScale, LiveTarget};

/// Time until a read that has failed is repeated.
const RETRY: Duration = Duration::from_secs(5);

/// The subresource `/scale` of the object `name` of a resource.
pub(super) struct ScaleReader {
    pub(super) access: Arc<Access>,
    pub(super) resource: Resource,
    pub(super) name: String,
}

impl ScaleReader {
    /// Passes on the target with the counts of its scale, until it is dropped.
    pub(super) async fn run(self, mut targets: Receiver<ObjectsOf<LiveTarget>>, facts: Sender<Facts>) {
        let mut known = None;
        loop {
            let observed = targets.borrow_and_update().clone();
            let read = match observed.objects() {
                [] => Ok(None),
                _ => self.read().await,
            };
            let is_retried = read.as_ref().is_err_and(|error| !matches!(**error, KubernetesError::Forbidden { .. }));
            let scaled = scaled(observed, read, &mut known);
            facts.send_modify(|facts| facts.target = scaled);
            let changed = targets.changed();
            let changed = if is_retried { timeout(RETRY, changed).await.unwrap_or(Ok(())) } else { changed.await };
            if changed.is_err() {
                return;
            }
        }
    }

    /// Returns the scale; `None` if the kind has none.
    async fn read(&self) -> Result<Option<LiveScale>, Arc<KubernetesError>> {
        let (path, name) = (self.resource.path(), self.name.clone());
        let response = self.access.request("get", &self.resource, |client| async move {
            let request = Request::new(path).get_subresource("scale", &name);
            client.request::<LiveScale>(request.map_err(kube::Error::BuildRequest)?).await
        });
        match response.await {
            Ok(scale) => Ok(Some(scale)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the target with the counts of its scale. After a failure these are the last known ones, or those that the target
/// has under the usual names.
fn scaled(
    observed: ObjectsOf<LiveTarget>,
    read: Result<Option<LiveScale>, Arc<KubernetesError>>,
    known: &mut Option<LiveScale>,
) -> ObjectsOf<LiveTarget> {
    let ObjectsOf::Seen(mut targets) = observed else { return observed };
    let failure = match read {
        Ok(scale) => {
            *known = scale;
            None
        }
        Err(error) => Some(error),
    };
    for target in &mut targets {
        match (&*known, &failure) {
            (Some(scale), _) => target.take_scale(scale),
            (None, Some(error)) if target.spec.replicas.is_none() => return ObjectsOf::Failed(Arc::clone(error)),
            _ => {}
        }
    }
    ObjectsOf::Seen(targets)
}

/// Returns true if the resource has no such subresource, or the object is gone.
fn is_missing(error: &KubernetesError) -> bool {
    matches!(error, KubernetesError::NotFound { .. } | KubernetesError::UnknownKind { .. })
}
