//! Settings of `doctor`.

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::Args;
use crate::args::Consumers;
use crate::diagnosis::{Checked, FaultCode};
use crate::endpoint::Endpoint;
use crate::profile::KedaVersion;
use crate::terminal::Output;

/// Resolved settings.
pub(super) struct Plan {
    pub(super) output: Output,
    /// At least one.
    pub(super) lists: Vec<String>,
    pub(super) endpoint: Endpoint,
    /// True if `produce` waits for replicas, by its variable or the profile.
    pub(super) waits_for_replicas: bool,
    /// Consumers in a cluster, if that is to be examined.
    pub(super) consumers: Option<Consumers>,
    pub(super) keda_namespace: String,
    /// Version of KEDA that manifests are rendered for.
    pub(super) keda_version: (u64, u64, u64),
    /// The same, for the lint rules.
    pub(super) keda_release: KedaVersion,
    /// True if flags or a profile name the consumers.
    pub(super) is_named: bool,
    /// Findings about the settings themselves.
    pub(super) settings: Vec<Checked>,
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args { output, codes: _, lists, no_cluster, consumers, keda_namespace, redis } = args;
        let is_named = consumers.names_them() || !context.profile.is_built_in();
        let consumers = Consumers::resolve(consumers, &context.profile);
        let keda_release = context.profile.scale.keda_version();
        let KedaVersion(major, minor, patch) = keda_release;
        let settings =
            ["REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD"].into_iter().filter_map(|name| newline(context, name));
        let replicas = context.environment.get("QSCALE_WAIT_REPLICAS").and_then(|count| count.parse().ok());
        Ok(Self {
            output,
            waits_for_replicas: replicas.or(context.profile.produce.wait_replicas).unwrap_or_default() > 0,
            lists: context.list_keys(lists)?,
            settings: settings.collect(),
            consumers: (!no_cluster).then_some(consumers),
            keda_namespace,
            keda_version: (major.into(), minor.into(), patch.into()),
            keda_release,
            is_named,
            endpoint: context.endpoint(redis)?,
        })
    }
}

/// Returns the finding of a password that ends with a newline, as `echo` and editors leave it in a Secret.
fn newline(context: &Context, name: &'static str) -> Option<Checked> {
    let value = context.environment.get(name)?;
    value.ends_with(['\r', '\n']).then(|| {
        let got = format!("{name} ends with a newline: qscale and KEDA do not send it, other programs do");
        let hint = "remove it from the Secret: create it with `printf` or `kubectl create secret`, not with `echo`";
        Checked::found("password", FaultCode::PasswordNewline, name, got, hint)
    })
}
