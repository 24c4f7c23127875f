//! Names and labels of all objects.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::Workload;

/// The part of the workload an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    Producer,
    Consumer,
    Redis,
}

impl Component {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Redis => "redis",
        }
    }

    /// The application that runs.
    fn application(self) -> &'static str {
        match self {
            Self::Producer | Self::Consumer => "qscale",
            Self::Redis => "redis",
        }
    }
}

/// Name, namespace and labels of an object.
pub(super) fn metadata(workload: &Workload<'_>, name: &str, component: Component) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: workload.namespace.clone(),
        labels: Some(labels(workload, name, component)),
        ..ObjectMeta::default()
    }
}

/// The recommended labels, <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>.
pub(super) fn labels(workload: &Workload<'_>, name: &str, component: Component) -> BTreeMap<String, String> {
    let mut labels = selecting(name, component);
    labels.extend([
        label("component", component.name()),
        label("part-of", workload.profile.deploy.name()),
        label("managed-by", "qscale"),
    ]);
    labels
}

/// What never changes in the life of an object: a Deployment's selector cannot be changed.
pub(super) fn selector(name: &str, component: Component) -> LabelSelector {
    LabelSelector { match_labels: Some(selecting(name, component)), ..LabelSelector::default() }
}

/// The labels by which pods are found.
pub(super) fn selecting(name: &str, component: Component) -> BTreeMap<String, String> {
    BTreeMap::from([label("name", component.application()), label("instance", name)])
}

fn label(key: &str, value: &str) -> (String, String) {
    (format!("app.kubernetes.io/{key}"), value.to_owned())
}

/// The namespace of a workload.
pub(super) fn namespace(name: &str) -> Namespace {
    Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            // Everything here runs under the strictest of the Pod Security Standards; what does not is kept out.
            labels: Some(BTreeMap::from([("pod-security.kubernetes.io/enforce".to_owned(), "restricted".to_owned())])),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}
