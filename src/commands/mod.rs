//! The flows: one file per subcommand, each with `Args`, `Plan` and `run`.

pub(crate) mod completions;
pub(crate) mod consume;
pub(crate) mod dead;
pub(crate) mod demo;
pub(crate) mod health;
pub(crate) mod produce;
pub(crate) mod render;
pub(crate) mod simulate;
pub(crate) mod watch;

use serde::Serialize;

use crate::args::RedisArgs;
use crate::endpoint::{self, Endpoint};
use crate::profile::{Profile, ProfileError};
use crate::shutdown::Shutdown;
use crate::terminal::Printer;
use crate::units::{Environment, Setting};

/// Context of every flow.
pub(crate) struct Context {
    pub(crate) profile: Profile,
    pub(crate) environment: Environment,
    pub(crate) printer: Printer,
    pub(crate) shutdown: Shutdown,
}

/// Last line of the JSON output of a run: `{"summary": …}`, of one shape for `watch`, `demo` and `simulate`.
fn summary_line(summary: &impl Serialize) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct SummaryLine<'a, T> {
        summary: &'a T,
    }
    serde_json::to_string(&SummaryLine { summary })
}

impl Context {
    /// Resolves the Redis endpoint, and logs the origin of each setting with `--verbose`.
    pub(crate) fn endpoint(&self, redis: RedisArgs) -> Result<Endpoint, ProfileError> {
        let endpoint = {
            let (set, injected) = endpoint::from_environment(&self.environment)?;
            self.profile.endpoint([redis.layer()?, set], [injected])?
        };
        for (setting, value, origin) in endpoint.explain() {
            tracing::debug!("{setting}: {value} (from {origin})");
        }
        if endpoint.tls.as_ref().is_some_and(|tls| tls.skip_verify) {
            tracing::warn!(%endpoint, "certificates are not verified (tls-skip-verify): the connection can be intercepted");
        }
        Ok(endpoint)
    }

    /// Resolves the list: flag, `LIST_NAME`, profile, default.
    pub(crate) fn list(&self, flag: Option<String>) -> String {
        let list = match flag {
            Some(value) => Setting { value, origin: crate::units::Origin::flag("--list") },
            None => self.profile.list(&self.environment),
        };
        tracing::debug!("list: {} (from {})", list.value, list.origin);
        list.value
    }
}
