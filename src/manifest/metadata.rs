//! Names and labels of all objects.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::workload::Workload;

/// The part of the workload an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    /// Labels common to all objects.
    Workload,
    Producer,
    Consumer,
    Exporter,
    Redis,
}

impl Component {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Exporter => "exporter",
            Self::Redis => "redis",
        }
    }

    /// The application that runs.
    fn application(self) -> &'static str {
        match self {
            Self::Workload | Self::Producer | Self::Consumer | Self::Exporter => "qscale",
            Self::Redis => "redis",
        }
    }
}

impl Workload<'_> {
    /// Name, namespace and labels of an object of one component.
    pub(super) fn metadata(&self, name: &str, component: Component) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: self.namespace.clone(),
            labels: Some(labels(self, name, component)),
            ..ObjectMeta::default()
        }
    }
}

/// The recommended labels, <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>.
pub(super) fn labels(workload: &Workload<'_>, name: &str, component: Component) -> BTreeMap<String, String> {
    let image = match component {
        Component::Redis => workload.redis_image(),
        Component::Workload | Component::Producer | Component::Consumer | Component::Exporter => &workload.image,
    };
    let mut labels = selecting(name, component);
    labels.extend([
        label("component", component.name()),
        label("part-of", workload.profile.deploy.name()),
        label("managed-by", "qscale"),
        // In no selector: those of a Deployment cannot be changed.
        label("version", &version(image)),
    ]);
    labels.extend(workload.profile.deploy.labels.clone());
    labels
}

/// The tag of an image, or the beginning of its digest, as far as it fits into a label.
fn version(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, digest) = last.split_once('@').unwrap_or((last, ""));
    let version = match name.split_once(':') {
        Some((_, tag)) => tag.chars().take(63).collect::<String>(),
        None => digest.rsplit(':').next().unwrap_or(digest).chars().take(12).collect(),
    };
    version.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// Lays `annotations` over those that are there.
pub(super) fn annotated(metadata: ObjectMeta, annotations: BTreeMap<String, String>) -> ObjectMeta {
    let all: BTreeMap<_, _> = metadata.annotations.into_iter().flatten().chain(annotations).collect();
    ObjectMeta { annotations: Some(all).filter(|all| !all.is_empty()), ..metadata }
}

/// Labels that never change in the life of an object.
pub(super) fn selector(name: &str, component: Component) -> LabelSelector {
    LabelSelector { match_labels: Some(selecting(name, component)), ..LabelSelector::default() }
}

/// The labels by which pods are found.
pub(super) fn selecting(name: &str, component: Component) -> BTreeMap<String, String> {
    BTreeMap::from([label("name", component.application()), label("instance", name)])
}

pub(super) fn label(key: &str, value: &str) -> (String, String) {
    (format!("app.kubernetes.io/{key}"), value.to_owned())
}

/// The namespace of a workload.
pub(super) fn namespace(workload: &Workload<'_>, name: &str) -> Namespace {
    let mut labels = labels(workload, name, Component::Workload);
    // Everything here runs under the strictest of the Pod Security Standards; what does not is kept out.
    labels.insert("pod-security.kubernetes.io/enforce".to_owned(), "restricted".to_owned());
    Namespace {
        metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(labels), ..ObjectMeta::default() },
        ..Namespace::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_label_is_the_image_tag() {
        for (image, expected) in [
            ("qscale:0.1.0", "0.1.0"),
            ("localhost:5000/a/qscale:1.2-rc.1", "1.2-rc.1"),
            ("qscale:1@sha256:0123456789abcdef", "1"),
            ("registry:5000/qscale@sha256:0123456789abcdef", "0123456789ab"),
            ("qscale:_odd-", "odd"),
        ] {
            assert_eq!(version(image), expected);
        }
        assert_eq!(version(&format!("qscale:{}", "a".repeat(128))).len(), 63);
    }
}
