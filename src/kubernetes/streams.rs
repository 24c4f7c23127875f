//! The streams of a scaled object: itself, what scales it, its pods, and what is said about them.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio_util::task::AbortOnDropHandle;

use super::access::Access;
use super::client::Cluster;
use super::facts::{Facts, ObjectsOf};
use super::resource::{Resource, Selection};
use super::scale::ScaleReader;
use super::stream::ObjectStream;
use super::target::{ScaledRef, TargetRef};
use super::watcher::Watcher;
use crate::cluster::{ClusterPod, LiveTarget};

/// API of KEDA's objects.
const KEDA_API: &str = "keda.sh/v1alpha1";

/// Label of the Jobs and pods of a ScaledJob.
const SCALED_JOB_LABEL: &str = "scaledjob.keda.sh/name";

/// Streams of a namespace that write to the same facts.
struct Namespace {
    access: Arc<Access>,
    name: String,
    facts: Sender<Facts>,
    streams: Vec<AbortOnDropHandle<()>>,
}

/// Watches `scaled` and all that belongs to it, until the returned watcher is dropped.
pub(super) fn watch(cluster: Cluster, namespace: String, scaled: &ScaledRef) -> Watcher {
    let (sender, facts) = channel(Facts { namespace: namespace.clone(), ..Facts::default() });
    let access = Arc::new(Access::new(cluster));
    let mut streams = Namespace { access, name: namespace, facts: sender, streams: Vec::new() };
    match scaled {
        ScaledRef::Target(TargetRef { api_version, kind, name }) => {
            let resource = streams.resource(api_version, kind, Selection::Named(name.clone()));
            if resource.is_custom() {
                streams.follow_scale(resource, name);
            } else {
                streams.follow_resource(resource, |facts| &mut facts.target);
            }
            // All of them: a second one for the same target is a fault.
            streams.follow(KEDA_API, "ScaledObject", Selection::All, |facts| &mut facts.scaled);
            let autoscalers = ("autoscaling/v2", "HorizontalPodAutoscaler");
            streams.follow(autoscalers.0, autoscalers.1, Selection::All, |facts| &mut facts.autoscalers);
            streams.follow_pods_of_target();
        }
        ScaledRef::Jobs(name) => {
            let labels = format!("{SCALED_JOB_LABEL}={name}");
            streams.follow(KEDA_API, "ScaledJob", Selection::Named(name.clone()), |facts| &mut facts.scaled);
            streams.follow("batch/v1", "Job", Selection::Labels(labels.clone()), |facts| &mut facts.jobs);
            streams.follow("v1", "Pod", Selection::Labels(labels), |facts| &mut facts.pods);
        }
    }
    let warnings = Selection::Fields("type=Warning".to_owned());
    streams.follow("events.k8s.io/v1", "Event", warnings, |facts| &mut facts.events);
    Watcher::new(facts, streams.streams)
}

impl Namespace {
    fn follow<T>(&mut self, api: &str, kind: &str, selection: Selection, part: fn(&mut Facts) -> &mut ObjectsOf<T>)
    where
        T: DeserializeOwned + Clone + Send + 'static,
    {
        self.follow_resource(self.resource(api, kind, selection), part);
    }

    fn resource(&self, api: &str, kind: &str, selection: Selection) -> Resource {
        Resource::new(api, kind, &self.name, selection)
    }

    fn follow_resource<T>(&mut self, resource: Resource, part: fn(&mut Facts) -> &mut ObjectsOf<T>)
    where
        T: DeserializeOwned + Clone + Send + 'static,
    {
        let stream = stream(&self.access, resource, &self.facts, part);
        self.streams.push(AbortOnDropHandle::new(tokio::spawn(stream.run())));
    }

    /// Follows a custom resource, whose counts are those of its scale.
    fn follow_scale(&mut self, resource: Resource, name: &str) {
        let (sender, targets) = channel(ObjectsOf::default());
        let reader =
            ScaleReader { access: Arc::clone(&self.access), resource: resource.scale(), name: name.to_owned() };
        let publish = move |observed| {
            sender.send_replace(observed);
        };
        let stream = ObjectStream::new(Arc::clone(&self.access), resource, publish);
        self.streams.push(AbortOnDropHandle::new(tokio::spawn(stream.run())));
        let read = reader.run(targets, self.facts.clone());
        self.streams.push(AbortOnDropHandle::new(tokio::spawn(read)));
    }

    /// Follows the pods of the target, whose labels it tells.
    fn follow_pods_of_target(&mut self) {
        let (access, facts, namespace) = (Arc::clone(&self.access), self.facts.clone(), self.name.clone());
        self.streams.push(AbortOnDropHandle::new(tokio::spawn(async move {
            let mut target = facts.subscribe();
            let mut labels = None;
            loop {
                labels = changed_labels(&mut target, labels).await;
                let Some(selector) = labels.clone() else { continue };
                let resource = Resource::new("v1", "Pod", &namespace, Selection::Labels(selector));
                let pods = stream::<ClusterPod>(&access, resource, &facts, |facts| &mut facts.pods);
                let mut target = facts.subscribe();
                tokio::select! {
                    () = pods.run() => {}
                    _ = changed_labels(&mut target, labels.clone()) => {}
                }
            }
        })));
    }
}

fn stream<T: DeserializeOwned + Clone + Send + 'static>(
    access: &Arc<Access>,
    resource: Resource,
    facts: &Sender<Facts>,
    part: fn(&mut Facts) -> &mut ObjectsOf<T>,
) -> ObjectStream {
    let facts = facts.clone();
    ObjectStream::new(Arc::clone(access), resource, move |observed| facts.send_modify(|facts| *part(facts) = observed))
}

/// Waits until the target has pods with other labels than `known`.
async fn changed_labels(target: &mut Receiver<Facts>, known: Option<String>) -> Option<String> {
    let labels = |facts: &Facts| facts.target.objects().first().and_then(LiveTarget::selector);
    let changed = target.wait_for(|facts| labels(facts).is_some_and(|labels| Some(labels) != known)).await;
    if let Some(found) = changed.ok().and_then(|facts| labels(&facts)) {
        return Some(found);
    }
    // The sender is held by the task that waits: it does not end before.
    std::future::pending().await
}
