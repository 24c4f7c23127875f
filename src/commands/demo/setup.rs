//! The setup of a demo: its Redis, and a temporary folder for its processes.

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::super::Context;
use crate::args::RedisArgs;
use crate::endpoint::Endpoint;
use crate::queue::{Inspector, Redis};
use crate::sandbox::{Process, RedisAt, Server};

/// Name of the processes' profile, in the demo's folder.
const PROFILE: &str = "profile.toml";

/// Time limit for reconnecting.
const RECONNECT_FOR: Duration = Duration::from_secs(10);

/// Redis and folder of a demo.
pub(super) struct Setup {
    pub(super) redis: Redis,
    at: RedisAt,
    server: Option<Server>,
    folder: TempDir,
}

impl Setup {
    /// Starts a private Redis, unless `url` names a running one.
    pub(super) async fn start(url: Option<SecretString>, context: &Context) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("qscale-demo-").tempdir()?;
        // The processes get all settings as arguments. Of the profile they keep how to reach the user's own Redis: a CA
        // certificate, a user name.
        let profile = if url.is_some() { context.profile.source.only("redis") } else { String::new() };
        std::fs::write(folder.path().join(PROFILE), profile)?;
        let (endpoint, at, server) = if let Some(url) = url {
            (context.endpoint(RedisArgs::of_url(url.clone()))?, RedisAt::Given(url), None)
        } else {
            let server = Server::start().await?;
            tracing::info!(program = server.program(), "started a private Redis");
            (Endpoint::unix(server.socket()), RedisAt::Private(server.socket()), Some(server))
        };
        let redis = Redis::new(endpoint, Some(RECONNECT_FOR), CancellationToken::new());
        Ok(Self { redis, at, server, folder })
    }

    /// Starts a qscale process.
    pub(super) fn spawn(&self, name: &str, arguments: &[String]) -> Result<Process> {
        let profile = self.path().join(PROFILE).display().to_string();
        let arguments: Vec<String> = ["--quiet".to_owned(), "--profile".to_owned(), profile]
            .into_iter()
            .chain(arguments.iter().cloned())
            .collect();
        Process::start(name, &arguments, &self.at, self.path()).wrap_err_with(|| format!("cannot start {name}"))
    }

    /// Stops the private Redis, or deletes the keys of `list` on the user's own.
    pub(super) async fn clear(self, list: &str) -> Result<()> {
        match self.server {
            Some(server) => server.stop().await,
            None => Inspector::connect(&self.redis, list).await?.delete().await?,
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
