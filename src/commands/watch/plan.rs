//! The plan of `watch`: the arguments laid over the profile.

use std::time::Duration;

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::Args;
use crate::endpoint::Endpoint;
use crate::exit::Outcome;
use crate::kubernetes::TargetRef;
use crate::profile::{Profile, ScaleKind, TargetTable};
use crate::terminal::Output;

/// List and target to watch, and when to stop.
pub(super) struct Plan {
    pub(super) every: Duration,
    /// `Duration::MAX` means without an end.
    pub(super) limit: Duration,
    pub(super) stop_when: StopWhen,
    pub(super) output: Output,
    pub(super) list: String,
    pub(super) endpoint: Endpoint,
    pub(super) consumers: Consumers,
}

/// State of the list that ends the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopWhen {
    /// Runs until it is stopped.
    Stopped,
    Empty,
    Settled,
}

/// The consumers in Kubernetes.
#[derive(Debug)]
pub(super) struct Consumers {
    /// Context of the kubeconfig; `None` for its current one.
    pub(super) context: Option<String>,
    /// Namespace; `None` for the context's own.
    pub(super) namespace: Option<String>,
    /// `None` with a `ScaledJob`, which has no replica count.
    pub(super) target: Option<TargetRef>,
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            every,
            duration,
            until_empty,
            until_settled,
            output,
            list,
            context: cluster,
            namespace,
            deployment,
            redis,
        } = args;
        let stop_when = match (until_empty, until_settled) {
            (_, true) => StopWhen::Settled,
            (true, _) => StopWhen::Empty,
            _ => StopWhen::Stopped,
        };
        Ok(Self {
            every,
            limit: duration.unwrap_or(Duration::MAX),
            stop_when,
            output,
            list: context.list(list),
            endpoint: context.endpoint(redis)?,
            consumers: Consumers::resolve(cluster, namespace, deployment, &context.profile),
        })
    }

    /// Outcome of a run that was stopped or reached `--duration`.
    pub(super) fn stopped(&self) -> Outcome {
        if self.stop_when == StopWhen::Stopped { Outcome::Done } else { Outcome::Unfinished }
    }
}

impl Consumers {
    pub(super) fn resolve(
        context: Option<String>,
        namespace: Option<String>,
        deployment: Option<String>,
        profile: &Profile,
    ) -> Self {
        let named = deployment.map(TargetTable::deployment);
        let jobs = profile.scale.kind() == ScaleKind::ScaledJob;
        Self {
            context,
            // Without a profile of one's own, that of the context or pod is nearer than that of the demo.
            namespace: namespace.or_else(|| profile.deploy.namespace.clone().filter(|_| !profile.is_built_in())),
            target: named.or_else(|| (!jobs).then(|| profile.deploy.scaled())).map(target_ref),
        }
    }
}

fn target_ref(table: TargetTable) -> TargetRef {
    let TargetTable { api_version, kind, name } = table;
    TargetRef { api_version, kind, name }
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
            let consumers = Consumers::resolve(None, namespace, deployment, &profile);
            let name = consumers.target.map(|target| target.name).unwrap();
            assert_eq!((consumers.namespace.as_deref(), name.as_str()), expected);
        }
        for (tables, kind) in [
            ("workload = \"StatefulSet\"", Some("StatefulSet")),
            ("target = { api-version = \"a.io/v1\", kind = \"Rollout\", name = \"w\" }", Some("Rollout")),
            ("[scale]\nkind = \"ScaledJob\"", None),
        ] {
            let profile = Profile::parse("q.toml", &format!("[deploy]\n{tables}\n")).unwrap();
            let target = Consumers::resolve(None, None, None, &profile).target;
            assert_eq!(target.map(|target| target.kind).as_deref(), kind);
        }
        let built_in = Profile::built_in().unwrap();
        assert_eq!(Consumers::resolve(None, None, None, &built_in).namespace, None);
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Consumers::resolve(None, None, None, &silent).namespace, None);
    }
}
