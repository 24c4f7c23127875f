//! The consumers in a cluster, as `watch` and `doctor` find them.

use super::name;
use crate::kubernetes::{ScaledRef, TargetRef};
use crate::profile::{Profile, ScaleKind, TargetTable};

/// Flags that name the consumers in Kubernetes.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
pub(crate) struct ConsumersArgs {
    /// Context of the kubeconfig [default: the current one; in a pod, the pod's cluster]
    #[arg(long, value_name = "NAME", value_parser = name, hide_short_help = true)]
    pub(crate) context: Option<String>,

    /// Namespace of the consumers [default: deploy.namespace of a profile, else that of the context or
    /// pod]
    #[arg(long, short, value_name = "NAME", value_parser = name)]
    pub(crate) namespace: Option<String>,

    /// Deployment of the consumers [default: the one that qscale render writes or scales]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) deployment: Option<String>,

    /// Consumers of another kind: StatefulSet/NAME, ScaledJob/NAME, or with the API version, as in
    /// argoproj.io/v1alpha1/Rollout/NAME
    #[arg(long, value_name = "[API/]KIND/NAME", conflicts_with = "deployment", value_parser = scaled_ref, hide_short_help = true)]
    pub(crate) target: Option<ScaledRef>,
}

impl ConsumersArgs {
    /// Returns true if more than the cluster is named.
    pub(crate) fn names_them(&self) -> bool {
        self.namespace.is_some() || self.deployment.is_some() || self.target.is_some()
    }
}

/// The consumers in Kubernetes.
#[derive(Debug)]
pub(crate) struct Consumers {
    /// Context of the kubeconfig; `None` for its current one.
    pub(crate) context: Option<String>,
    /// Namespace; `None` for the context's own.
    pub(crate) namespace: Option<String>,
    pub(crate) scaled: ScaledRef,
    /// True if a flag names more than the cluster.
    pub(crate) is_named: bool,
}

impl Consumers {
    pub(crate) fn resolve(args: ConsumersArgs, profile: &Profile) -> Self {
        let is_named = args.names_them();
        let ConsumersArgs { context, namespace, deployment, target } = args;
        let target = target.or_else(|| Some(target_ref(TargetTable::deployment(deployment?))));
        let jobs = profile.scale.kind() == ScaleKind::ScaledJob;
        Self {
            context,
            is_named,
            // Without a profile of one's own, that of the context or pod is nearer than that of the demo.
            namespace: namespace.or_else(|| profile.deploy.namespace.clone().filter(|_| !profile.is_built_in())),
            scaled: match target {
                Some(target) => target,
                None if jobs => ScaledRef::Jobs(profile.deploy.consumer_name()),
                None => target_ref(profile.deploy.scaled()),
            },
        }
    }
}

fn target_ref(table: TargetTable) -> ScaledRef {
    let TargetTable { api_version, kind, name } = table;
    ScaledRef::Target(TargetRef { api_version, kind, name })
}

/// Reads the object that KEDA scales.
fn scaled_ref(text: &str) -> Result<ScaledRef, String> {
    let mut words = text.rsplitn(3, '/');
    let (name, kind, api) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next());
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    if !is_word(name) || !is_word(kind) || api.is_some_and(|api| !api.split('/').all(is_word)) {
        return Err("expected KIND/NAME, such as StatefulSet/worker".to_owned());
    }
    let api_version = match (api, kind) {
        (Some(api), _) => api.to_owned(),
        (None, "ScaledJob") => return Ok(ScaledRef::Jobs(name.to_owned())),
        (None, "Deployment" | "StatefulSet") => "apps/v1".to_owned(),
        (None, kind) => {
            return Err(format!("the API version of {kind} is not known: put it first, as in v1/{kind}/{name}"));
        }
    };
    Ok(ScaledRef::Target(TargetRef { api_version, kind: kind.to_owned(), name: name.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_precedence_over_profile_and_context() {
        let profile = Profile::parse("q.toml", "[deploy]\nname = \"shop\"\nnamespace = \"eu\"").unwrap();
        let flag = |text: &str| Some(text.to_owned());
        for (namespace, deployment, expected) in [
            (None, None, (Some("eu"), "shop-consumer")),
            (flag("us"), None, (Some("us"), "shop-consumer")),
            (None, flag("worker"), (Some("eu"), "worker")),
        ] {
            let args = ConsumersArgs { namespace, deployment, ..ConsumersArgs::default() };
            let consumers = Consumers::resolve(args, &profile);
            let ScaledRef::Target(TargetRef { name, .. }) = consumers.scaled else { panic!("{:?}", consumers.scaled) };
            assert_eq!((consumers.namespace.as_deref(), name.as_str()), expected);
        }
        for (tables, kind) in [
            ("workload = \"StatefulSet\"", "StatefulSet"),
            ("target = { api-version = \"a.io/v1\", kind = \"Rollout\", name = \"w\" }", "Rollout"),
            ("name = \"shop\"\n[scale]\nkind = \"ScaledJob\"", "shop-consumer"),
        ] {
            let profile = Profile::parse("q.toml", &format!("[deploy]\n{tables}\n")).unwrap();
            let found = match Consumers::resolve(ConsumersArgs::default(), &profile).scaled {
                ScaledRef::Target(TargetRef { kind, .. }) => kind,
                ScaledRef::Jobs(name) => name,
            };
            assert_eq!(found, kind);
        }
        let built_in = Profile::built_in().unwrap();
        assert_eq!(Consumers::resolve(ConsumersArgs::default(), &built_in).namespace, None);
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Consumers::resolve(ConsumersArgs::default(), &silent).namespace, None);
    }

    #[test]
    fn target_names_kind_and_api_version() {
        let target = |api_version: &str, kind: &str| {
            let (api_version, kind, name) = (api_version.to_owned(), kind.to_owned(), "w".to_owned());
            ScaledRef::Target(TargetRef { api_version, kind, name })
        };
        assert_eq!(scaled_ref("StatefulSet/w"), Ok(target("apps/v1", "StatefulSet")));
        assert_eq!(scaled_ref("argoproj.io/v1alpha1/Rollout/w"), Ok(target("argoproj.io/v1alpha1", "Rollout")));
        assert_eq!(scaled_ref("ScaledJob/w"), Ok(ScaledRef::Jobs("w".to_owned())));
        for wrong in ["w", "Rollout/w", "StatefulSet/", "/w", "a b/w", "//Rollout/w"] {
            assert!(scaled_ref(wrong).is_err(), "{wrong}");
        }
    }
}
