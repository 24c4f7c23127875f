//! The plan of `watch`: the arguments laid over the profile.

use std::time::Duration;

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::Args;
use crate::endpoint::Endpoint;
use crate::exit::Outcome;
use crate::kubernetes::{ScaledRef, TargetRef};
use crate::profile::{ListenAddress, Profile, ScaleKind, TargetTable};
use crate::terminal::{Output, RunFiles};

/// List and target to watch, and when to stop.
pub(super) struct Plan {
    pub(super) every: Duration,
    /// `Duration::MAX` means without an end.
    pub(super) limit: Duration,
    pub(super) stop_when: StopWhen,
    /// One sample of each list.
    pub(super) once: bool,
    pub(super) output: Output,
    /// Lines in place of a dashboard.
    pub(super) plain: bool,
    pub(super) files: RunFiles,
    pub(super) serve: Option<ListenAddress>,
    pub(super) metrics: Option<ListenAddress>,
    /// At least one.
    pub(super) lists: Vec<String>,
    /// Index of the list that the consumers process.
    pub(super) processed: usize,
    /// Field of a JSON item with its creation time.
    pub(super) stamp_field: Option<String>,
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
    pub(super) scaled: ScaledRef,
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            every,
            duration,
            once,
            until_empty,
            until_settled,
            output,
            plain,
            files,
            serve,
            metrics,
            replay: _,
            speed: _,
            lists,
            context: cluster,
            namespace,
            deployment,
            target,
            stamp_field,
            redis,
        } = args;
        let target = target.or(deployment.map(|name| target_ref(TargetTable::deployment(name))));
        let stop_when = match (until_empty, until_settled) {
            (_, true) => StopWhen::Settled,
            (true, _) => StopWhen::Empty,
            _ => StopWhen::Stopped,
        };
        let lists = lists_of(lists, context);
        let own = &context.profile.queue.list;
        Ok(Self {
            every,
            limit: duration.unwrap_or(Duration::MAX),
            stop_when,
            once,
            output,
            // A dashboard would be gone at once.
            plain: plain || once,
            files,
            serve,
            metrics,
            // Of several lists the consumers of the profile process its own.
            processed: lists.iter().position(|list| Some(list) == own.as_ref()).unwrap_or(0),
            lists,
            stamp_field: stamp_field.or_else(|| context.profile.consume.stamp_field.clone()),
            endpoint: context.endpoint(redis)?,
            consumers: Consumers::resolve(cluster, namespace, target, &context.profile),
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
        target: Option<ScaledRef>,
        profile: &Profile,
    ) -> Self {
        let jobs = profile.scale.kind() == ScaleKind::ScaledJob;
        Self {
            context,
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

/// Returns the lists to watch, each once: those of the command line, else the one of the profile.
fn lists_of(given: Vec<String>, context: &Context) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for list in given {
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    if lists.is_empty() {
        lists.push(context.list(None));
    }
    lists
}

fn target_ref(table: TargetTable) -> ScaledRef {
    let TargetTable { api_version, kind, name } = table;
    ScaledRef::Target(TargetRef { api_version, kind, name })
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
            (None, Some(target_ref(TargetTable::deployment("worker".to_owned()))), (Some("eu"), "worker")),
        ] {
            let consumers = Consumers::resolve(None, namespace, deployment, &profile);
            let ScaledRef::Target(TargetRef { name, .. }) = consumers.scaled else { panic!("{:?}", consumers.scaled) };
            assert_eq!((consumers.namespace.as_deref(), name.as_str()), expected);
        }
        for (tables, kind) in [
            ("workload = \"StatefulSet\"", "StatefulSet"),
            ("target = { api-version = \"a.io/v1\", kind = \"Rollout\", name = \"w\" }", "Rollout"),
            ("name = \"shop\"\n[scale]\nkind = \"ScaledJob\"", "shop-consumer"),
        ] {
            let profile = Profile::parse("q.toml", &format!("[deploy]\n{tables}\n")).unwrap();
            let found = match Consumers::resolve(None, None, None, &profile).scaled {
                ScaledRef::Target(TargetRef { kind, .. }) => kind,
                ScaledRef::Jobs(name) => name,
            };
            assert_eq!(found, kind);
        }
        let built_in = Profile::built_in().unwrap();
        assert_eq!(Consumers::resolve(None, None, None, &built_in).namespace, None);
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Consumers::resolve(None, None, None, &silent).namespace, None);
    }
}
