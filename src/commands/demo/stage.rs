//! Where a demonstration takes place: its Redis, and a folder for what its processes need.

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

/// What the processes have as their profile, in the demo's folder.
const PROFILE: &str = "profile.toml";

/// How long a lost connection is tried for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the demo takes place.
pub(super) struct Stage {
    pub(super) redis: Redis,
    at: RedisAt,
    server: Option<Server>,
    folder: TempDir,
}

impl Stage {
    /// Starts a private Redis, unless `url` names one that runs already.
    pub(super) async fn set(url: Option<SecretString>, context: &Context) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("qscale-demo-").tempdir()?;
        // What the processes are to do is typed out to them. Of the profile they are left how to reach Redis, where that
        // is not the demo's own: an authority, a user.
        let profile = if url.is_some() { context.profile.source.only("redis") } else { String::new() };
        std::fs::write(folder.path().join(PROFILE), profile)?;
        let (endpoint, at, server) = if let Some(url) = url {
            (context.endpoint(RedisArgs::of_url(url.clone()))?, RedisAt::Given(url), None)
        } else {
            let server = Server::start().await?;
            tracing::info!("started a private {}", server.program());
            (Endpoint::unix(server.socket()), RedisAt::Private(server.socket()), Some(server))
        };
        let redis = Redis::new(endpoint, Some(PATIENCE), CancellationToken::new());
        Ok(Self { redis, at, server, folder })
    }

    /// Starts qscale here.
    pub(super) fn start(&self, name: &str, arguments: &[String]) -> Result<Process> {
        let profile = self.path().join(PROFILE).display().to_string();
        let arguments: Vec<String> = ["--quiet".to_owned(), "--profile".to_owned(), profile]
            .into_iter()
            .chain(arguments.iter().cloned())
            .collect();
        Process::start(name, &arguments, &self.at, self.path()).wrap_err_with(|| format!("cannot start {name}"))
    }

    /// Leaves nothing behind; nothing of `list` on somebody's own Redis either.
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
