//! The scale target as `watch` follows it, and failures to read it, each reported once.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::Result;

use super::plan::Consumers;
use crate::kubernetes::{self, KubernetesError, Observation, Watcher};
use crate::sample::Replicas;

/// Longest time that a sample waits for the poll of the target; a slower response shows in a later sample.
const LONGEST_WAIT: Duration = Duration::from_millis(700);

/// The target, if it is watched, and the failure that was reported last.
pub(super) struct Target {
    watcher: Option<Watcher>,
    reported: Option<Arc<KubernetesError>>,
    /// Failure without a watcher: the configuration cannot be used.
    unusable: Option<String>,
    has_waited: bool,
}

impl Target {
    /// Starts to watch the target; without a cluster the list alone is watched.
    ///
    /// # Errors
    ///
    /// Fails only when `--context` names a context that does not exist: waiting does not mend that.
    pub(super) async fn find(consumers: &Consumers) -> Result<Self> {
        let Consumers { context, namespace, target } = consumers;
        let Some(target) = target else {
            tracing::info!("watching the list only: a ScaledJob has no replica count (see `kubectl get jobs`)");
            return Ok(Self { watcher: None, reported: None, unusable: None, has_waited: false });
        };
        let mut unusable = None;
        let watcher = match kubernetes::watch(context.as_deref(), namespace.as_deref(), target).await {
            Ok(Some(watcher)) => Some(watcher),
            Ok(None) => {
                tracing::info!("watching the list only: no Kubernetes cluster is configured");
                None
            }
            Err(error @ KubernetesError::NotBuiltIn) => {
                tracing::info!("watching the list only: {error}");
                None
            }
            Err(error @ KubernetesError::NoContext { .. }) if context.is_some() => return Err(error.into()),
            Err(error) => {
                report(&error);
                unusable = Some(chain(&error));
                None
            }
        };
        Ok(Self { watcher, reported: None, unusable, has_waited: false })
    }

    /// Starts to read the replica counts.
    pub(super) fn refresh(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            watcher.refresh();
        }
    }

    /// Waits for the replica counts of a sample that is taken once in every `every`; longer for the first.
    pub(super) async fn refreshed(&mut self, every: Duration) {
        if let Some(watcher) = &mut self.watcher {
            let first = !std::mem::replace(&mut self.has_waited, true);
            watcher.refreshed(if first { LONGEST_WAIT } else { LONGEST_WAIT.min(every / 2) }).await;
        }
    }

    /// Returns the reason why there are no replica counts now, if there is one.
    pub(super) fn fault(&self) -> Option<String> {
        self.reported.as_ref().map(|error| chain(&**error)).or_else(|| self.unusable.clone())
    }

    /// Returns the latest replica counts; logs the first of several equal failures, and recovery.
    pub(super) fn replicas(&mut self) -> Option<Replicas> {
        match self.watcher.as_ref()?.latest() {
            Observation::Pending => None,
            Observation::Seen(replicas) => {
                if self.reported.take().is_some() {
                    let Replicas { kind, namespace, name, .. } = &replicas;
                    tracing::info!(kind, namespace, name, "reading replica counts again");
                }
                Some(replicas)
            }
            Observation::Failed(error) => {
                if !self.reported.as_ref().is_some_and(|reported| reported.same_as(&error)) {
                    report(&error);
                    self.reported = Some(error);
                }
                None
            }
        }
    }
}

fn report(error: &KubernetesError) {
    let (error, hint) = (chain(error), error.hint());
    tracing::warn!(%error, %hint, "cannot read replica counts, watching the list only");
}

/// Joins an error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
