//! Settings of `doctor`.

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::Args;
use crate::diagnosis::{Checked, FaultCode};
use crate::endpoint::Endpoint;
use crate::terminal::Output;

/// Resolved settings.
pub(super) struct Plan {
    pub(super) output: Output,
    pub(super) list: String,
    pub(super) endpoint: Endpoint,
    /// Findings about the settings themselves.
    pub(super) settings: Vec<Checked>,
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args { output, list, redis } = args;
        let settings =
            ["REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD"].into_iter().filter_map(|name| newline(context, name));
        Ok(Self { output, list: context.list(list), settings: settings.collect(), endpoint: context.endpoint(redis)? })
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
