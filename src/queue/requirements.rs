//! Requirements of at-least-once delivery: version, memory policy and permissions.

use std::time::Duration;

use fred::prelude::ClientLike;
use fred::types::InfoKind;

use super::claims::Claims;
use super::connection::Connection;
use super::error::{Fault, QueueError};
use super::keys::Keys;
use super::script::Script;

impl Connection {
    /// Fails when server or user lack what the scripts of `consumer` need, and warns when the server may evict items.
    pub(super) async fn check_requirements(&mut self, keys: &Keys, consumer: &str) -> Result<(), QueueError> {
        if let Some(version) = self.client().server_version()
            && (version.major, version.minor) < (6, 2)
        {
            return Err(self.redis().error(Fault::TooOld(version.to_string())));
        }
        let policy = self.info(InfoKind::Memory, "maxmemory_policy:").await;
        if let Some(policy) = policy.filter(|policy| policy != "noeviction") {
            tracing::warn!(
                maxmemory_policy = %policy,
                "Redis may evict items when it runs out of memory: set maxmemory-policy to noeviction"
            );
        }
        let rights = Script::new(include_str!("scripts/rights.lua"));
        self.script::<()>(&rights, &keys.pattern(), &keys.rights(consumer), &[]).await?;
        self.check_companions().await
    }

    /// Returns the longest time that the server may have run, if it says so: it counts whole seconds.
    pub(super) async fn uptime(&mut self) -> Option<Duration> {
        let seconds: u64 = self.info(InfoKind::Server, "uptime_in_seconds:").await?.parse().ok()?;
        Some(Duration::from_secs(seconds + 1))
    }

    /// Returns the value that follows `field` in the server's information, if the user may read it.
    async fn info(&mut self, kind: InfoKind, field: &str) -> Option<String> {
        let info = self
            .repeat("", |client| {
                let kind = kind.clone();
                async move { client.info::<String>(Some(kind)).await }
            })
            .await;
        info.ok()?.lines().find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
    }
}

impl Claims {
    /// Returns the longest time that the server may have run, if it says so: it counts whole seconds.
    pub async fn uptime(&mut self) -> Option<Duration> {
        self.connection.uptime().await
    }
}
