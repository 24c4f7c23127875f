//! What `watch` observes and until when: the arguments over the profile.

use std::time::Duration;

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::Args;
use crate::exit::Outcome;
use crate::profile::{Endpoint, Profile, ScaleKind, TargetTable};
use crate::terminal::Output;

/// What is watched, and until when.
pub(super) struct Plan {
    pub(super) every: Duration,
    /// `Duration::MAX` is for ever.
    pub(super) limit: Duration,
    pub(super) goal: Goal,
    pub(super) output: Output,
    pub(super) list: String,
    pub(super) endpoint: Endpoint,
    pub(super) target: Target,
}

/// What it is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    None,
    Empty,
    Settled,
}

/// Where the consumers are.
#[derive(Debug)]
pub(super) struct Target {
    /// `None` is the kubeconfig's current one.
    pub(super) context: Option<String>,
    /// `None` is the context's own.
    pub(super) namespace: Option<String>,
    /// `None` where a `ScaledJob` starts them: nothing there has a count of replicas.
    pub(super) consumers: Option<TargetTable>,
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
        let goal = match (until_empty, until_settled) {
            (_, true) => Goal::Settled,
            (true, _) => Goal::Empty,
            _ => Goal::None,
        };
        Ok(Self {
            every,
            limit: duration.unwrap_or(Duration::MAX),
            goal,
            output,
            list: context.list(list),
            endpoint: context.endpoint(redis)?,
            target: Target::resolve(cluster, namespace, deployment, &context.profile),
        })
    }

    /// What it means to be stopped, or to have watched for as long as was asked.
    pub(super) fn stopped(&self) -> Outcome {
        if self.goal == Goal::None { Outcome::Done } else { Outcome::Unfinished }
    }
}

impl Target {
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
            namespace: namespace.or_else(|| profile.deploy.namespace.clone()),
            consumers: named.or_else(|| (!jobs).then(|| profile.deploy.scaled())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_profile_and_the_profile_over_the_context() {
        let profile = Profile::parse("q.toml", "[deploy]\nname = \"shop\"\nnamespace = \"eu\"").unwrap();
        let flag = |text: &str| Some(text.to_owned());
        for (namespace, deployment, expected) in [
            (None, None, (Some("eu"), "shop-consumer")),
            (flag("us"), None, (Some("us"), "shop-consumer")),
            (None, flag("worker"), (Some("eu"), "worker")),
        ] {
            let target = Target::resolve(None, namespace, deployment, &profile);
            let name = target.consumers.map(|consumers| consumers.name).unwrap();
            assert_eq!((target.namespace.as_deref(), name.as_str()), expected);
        }
        for (tables, kind) in [
            ("workload = \"StatefulSet\"", Some("StatefulSet")),
            ("target = { api-version = \"a.io/v1\", kind = \"Rollout\", name = \"w\" }", Some("Rollout")),
            ("[scale]\nkind = \"ScaledJob\"", None),
        ] {
            let profile = Profile::parse("q.toml", &format!("[deploy]\n{tables}\n")).unwrap();
            let consumers = Target::resolve(None, None, None, &profile).consumers;
            assert_eq!(consumers.map(|consumers| consumers.kind).as_deref(), kind);
        }
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Target::resolve(None, None, None, &silent).namespace, None);
    }
}
