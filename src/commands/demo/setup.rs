//! The setup of a demo: its Redis, and the sandbox of its processes.

use color_eyre::eyre::{Result, WrapErr};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::super::Context;
use super::{RECONNECT_FOR, supervise};
use crate::args::RedisArgs;
use crate::delivery::lists::Lists;
use crate::endpoint::Endpoint;
use crate::queue::{Inspector, Redis};
use crate::sandbox::{Process, RedisAt, Sandbox};

/// Redis and processes of a demo.
pub(super) struct Setup {
    pub(super) redis: Redis,
    sandbox: Sandbox,
}

impl Setup {
    /// Starts a private Redis, unless `url` names a running one.
    pub(super) async fn start(url: Option<SecretString>, lists: &Lists, context: &Context) -> Result<Self> {
        // The processes get all settings as arguments. Of the profile they keep how to reach the user's own Redis: a CA
        // certificate, a user name.
        let profile = if url.is_some() { context.profile.source.only("redis") } else { String::new() };
        let endpoint = url.as_ref().map(|url| context.endpoint(RedisArgs::of_url(url.clone()))).transpose()?;
        let arguments = supervise::arguments(lists, url.is_none());
        let sandbox = Sandbox::start(url.map(RedisAt::Given), &profile, arguments).await?;
        if let Some(program) = sandbox.program() {
            tracing::info!(program, "started a private Redis");
        }
        let endpoint = endpoint.unwrap_or_else(|| Endpoint::unix(sandbox.socket()));
        let redis = Redis::new(endpoint, Some(RECONNECT_FOR), CancellationToken::new());
        Ok(Self { redis, sandbox })
    }

    /// Starts a qscale process.
    pub(super) fn spawn(&self, name: &str, arguments: &[String]) -> Result<Process> {
        self.sandbox.spawn(name, arguments).wrap_err_with(|| format!("cannot start {name}"))
    }

    /// Connects to each list.
    pub(super) async fn inspectors(&self, lists: &Lists) -> Result<Vec<Inspector>> {
        let mut inspectors = Vec::new();
        for list in lists.keys() {
            inspectors.push(Inspector::connect(&self.redis, list).await?);
        }
        Ok(inspectors)
    }

    /// Stops the private Redis, or deletes the keys of `lists` on the user's own.
    pub(super) async fn clear(self, lists: &Lists) -> Result<()> {
        if self.sandbox.program().is_none() {
            for mut inspector in self.inspectors(lists).await? {
                inspector.delete().await?;
            }
        }
        self.sandbox.stop().await;
        Ok(())
    }
}
