//! The forms in which objects are handed on: a stream, a list, or a file each; all of them, or some.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::object::Manifest;
use super::references;
use super::workload::Workload;

/// The file that `kubectl apply -k` reads in a folder.
pub const KUSTOMIZATION: &str = "kustomization.yaml";

/// Short names of kinds in kubectl, for the resources of Kubernetes, KEDA and the Prometheus operator.
const SHORT_NAMES: [(&str, &str); 16] = [
    ("cm", "configmap"),
    ("cta", "clustertriggerauthentication"),
    ("clustertriggerauth", "clustertriggerauthentication"),
    ("deploy", "deployment"),
    ("netpol", "networkpolicy"),
    ("ns", "namespace"),
    ("pdb", "poddisruptionbudget"),
    ("pmon", "podmonitor"),
    ("sa", "serviceaccount"),
    ("sj", "scaledjob"),
    ("smon", "servicemonitor"),
    ("so", "scaledobject"),
    ("sts", "statefulset"),
    ("svc", "service"),
    ("ta", "triggerauthentication"),
    ("triggerauth", "triggerauthentication"),
];

/// Reference to an object: its kind and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Such as `ScaledObject`.
    pub kind: String,
    /// The name in its metadata.
    pub name: String,
}

impl Identity {
    /// The file that holds the object and no other: `scaledobject-demo-consumer.yaml`.
    pub fn file(&self, extension: &str) -> String {
        format!("{}-{}.{extension}", self.kind.to_lowercase(), self.name)
    }
}

/// As kubectl says it: `scaledobject/demo-consumer`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// Objects that are meant: `KIND` or `KIND/NAME`, the kind as kubectl takes it: in any case, in the plural, for short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// As it was typed.
    text: String,
    /// In lower case and in full.
    kind: String,
    name: Option<String>,
}

impl Only {
    /// Returns whether the object matches.
    pub fn means(&self, object: &Identity) -> bool {
        let kind = object.kind.to_lowercase();
        let plural = match kind.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{kind}s"),
        };
        (self.kind == kind || self.kind == plural) && self.name.as_ref().is_none_or(|name| *name == object.name)
    }
}

/// Text that names no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a kind such as `Deployment`, or a kind and a name such as `deployment/demo`")]
pub struct OnlyError;

impl FromStr for Only {
    type Err = OnlyError;

    fn from_str(text: &str) -> Result<Self, OnlyError> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind, Some(name.to_owned())),
            None => (text, None),
        };
        if kind.is_empty() || name.as_ref().is_some_and(String::is_empty) {
            return Err(OnlyError);
        }
        let kind = kind.to_lowercase();
        let kind = SHORT_NAMES.iter().find(|(short, _)| *short == kind).map_or(kind, |(_, kind)| (*kind).to_owned());
        Ok(Self { text: text.to_owned(), kind, name })
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Manifest {
    /// Kind and name.
    ///
    /// # Errors
    ///
    /// None that a value made here could cause.
    pub fn identity(&self) -> serde_json::Result<Identity> {
        #[derive(Deserialize)]
        struct Named {
            kind: String,
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            name: String,
        }
        let Named { kind, metadata } = serde_json::from_value(serde_json::to_value(&self.kind)?)?;
        Ok(Identity { kind, name: metadata.name })
    }

    /// The object as JSON, which has no comments: read back from its YAML, and so the same.
    ///
    /// # Errors
    ///
    /// None that a value made here could cause.
    pub fn to_json(&self) -> Result<Value, FormError> {
        Ok(serde_saphyr::from_str(&self.to_yaml()?)?)
    }
}

impl Workload<'_> {
    /// Writes `objects` as one stream of YAML documents; the same bytes every time.
    ///
    /// # Errors
    ///
    /// None that a value made here could cause.
    pub fn to_yaml(&self, objects: &[Manifest]) -> Result<String, serde_saphyr::SerializeError> {
        let documents: Result<Vec<_>, _> = objects.iter().map(Manifest::to_yaml).collect();
        Ok(format!("{}---\n{}", self.header(), documents?.join("---\n")))
    }

    /// Rank of an object; those with a lower one must exist first.
    fn header(&self) -> String {
        let name = self.profile.deploy.name();
        let title = format!("# The workload `{name}`, as `qscale render` wrote it.\n");
        let needed = references::needed(&self.profile.deploy).join("; ");
        let needed = if needed.is_empty() { needed } else { format!("# The pods need as well: {needed}.\n") };
        if self.profile.deploy.write_secret == Some(true) {
            return format!("{title}# Do not apply as is: the Secret holds placeholders to replace.\n{needed}");
        }
        let secret = self.connection.secret_command(self.namespace.as_deref()).map(|command| {
            format!(
                "# The Secret is not included. Create it once, or have your secret manager create it:\n#   {command}\n"
            )
        });
        format!("{title}{}{needed}", secret.unwrap_or_default())
    }

    /// Writes a kustomization of `files`, in their order. It remembers in comments the files of an earlier render that are `left`.
    pub fn kustomization(&self, files: &[String], left: &[String]) -> String {
        let mut text = self.header();
        text.push_str("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
        text.extend(files.iter().flat_map(|file| ["- ", file, "\n"]));
        if !left.is_empty() {
            text.push_str("# No longer part of the workload; --prune deletes them:\n");
            text.extend(left.iter().flat_map(|file| ["#- ", file, "\n"]));
        }
        text
    }
}

/// The files that a kustomization lists or remembers, in its order; `None` when it was not written here.
pub fn listed(kustomization: &str) -> Option<Vec<&str>> {
    let first = kustomization.lines().next()?;
    let ours = first.starts_with("# The workload `") && first.ends_with("as `qscale render` wrote it.");
    let resources = kustomization.lines().skip_while(|line| *line != "resources:").skip(1);
    let resources = resources.take_while(|line| line.starts_with(['-', '#']));
    ours.then(|| resources.filter_map(|line| line.trim_start_matches('#').strip_prefix("- ")).collect())
}

/// Puts `objects` into a list, as kubectl writes and reads several of them in JSON.
///
/// # Errors
///
/// None that a value made here could cause.
pub fn list(objects: &[Manifest]) -> Result<Value, FormError> {
    let items: Vec<Value> = objects.iter().map(Manifest::to_json).collect::<Result<_, _>>()?;
    Ok(json!({ "apiVersion": "v1", "kind": "List", "items": items }))
}

/// Writes JSON that is YAML as well, as which kustomize reads it: there some characters that JSON has as they are end a line, or
/// are not allowed.
pub fn json_text(value: &Value) -> String {
    let escaped = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    };
    // Only texts hold such characters.
    format!("{value:#}\n").chars().map(escaped).collect()
}

/// An object that cannot be written down: nothing that a profile could cause.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// As YAML.
    #[error("cannot write an object as YAML")]
    Yaml(#[from] serde_saphyr::SerializeError),
    /// As JSON.
    #[error("cannot write an object as JSON")]
    Json(#[from] serde_saphyr::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn kind_is_parsed_as_by_kubectl() {
        let object = |kind: &str| Identity { kind: kind.to_owned(), name: "demo".to_owned() };
        for (typed, kind) in [
            ("Deployment", "Deployment"),
            ("deployments", "Deployment"),
            ("DEPLOY", "Deployment"),
            ("so", "ScaledObject"),
            ("networkpolicies", "NetworkPolicy"),
            ("triggerauth/demo", "TriggerAuthentication"),
        ] {
            assert!(typed.parse::<Only>().unwrap().means(&object(kind)), "{typed}");
        }
        for typed in ["deployment/other", "Deploymentss", "service"] {
            assert!(!typed.parse::<Only>().unwrap().means(&object("Deployment")), "{typed}");
        }
        for typed in ["", "/demo", "deployment/"] {
            assert!(typed.parse::<Only>().is_err(), "{typed}");
        }
    }

    #[test]
    fn kustomization_is_recognized_only_if_rendered() {
        let profile = Profile::built_in().unwrap();
        let workload = Workload::of(&profile, None, None, None).unwrap();
        let files = ["namespace-a.yaml".to_owned(), "service-b.yaml".to_owned()];
        let (first, second) = files.split_at(1);
        for text in [workload.kustomization(&files, &[]), workload.kustomization(first, second)] {
            assert_eq!(listed(&text).as_deref(), Some(&["namespace-a.yaml", "service-b.yaml"][..]), "{text}");
        }
        assert_eq!(listed("resources:\n- service-b.yaml\n"), None);
        assert_eq!(listed(""), None);
    }
}
