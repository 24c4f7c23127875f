//! Latest state of everything that is watched.

use std::sync::Arc;

use super::error::KubernetesError;
use crate::cluster::{ClusterEvent, ClusterPod, LiveHpa, LiveJob, LiveScaledObject, LiveTarget};

/// Latest state of the watched objects.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Namespace of all of them.
    pub namespace: String,
    /// The scale target: at most one.
    pub target: ObjectsOf<LiveTarget>,
    /// ScaledObjects of the namespace; with a ScaledJob, that one.
    pub scaled: ObjectsOf<LiveScaledObject>,
    /// HPAs of the namespace.
    pub autoscalers: ObjectsOf<LiveHpa>,
    /// Pods of the target or ScaledJob.
    pub pods: ObjectsOf<ClusterPod>,
    /// Jobs of the ScaledJob.
    pub jobs: ObjectsOf<LiveJob>,
    /// Warnings of the namespace.
    pub events: ObjectsOf<ClusterEvent>,
}

/// Objects of one kind as they were seen last.
#[derive(Debug, Clone, Default)]
pub enum ObjectsOf<T> {
    /// No answer yet.
    #[default]
    Pending,
    /// The objects.
    Seen(Vec<T>),
    /// They cannot be read; they may be later.
    Failed(Arc<KubernetesError>),
}

impl<T> ObjectsOf<T> {
    /// Returns the objects; none while they cannot be read.
    pub fn objects(&self) -> &[T] {
        if let Self::Seen(objects) = self { objects } else { &[] }
    }

    /// Returns the reason why they cannot be read.
    pub fn failure(&self) -> Option<&Arc<KubernetesError>> {
        if let Self::Failed(error) = self { Some(error) } else { None }
    }

    /// Returns true while they can be read.
    pub fn is_seen(&self) -> bool {
        matches!(self, Self::Seen(_))
    }

    /// Returns true until there is an answer.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}
