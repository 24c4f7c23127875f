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

use crate::args::RedisArgs;
use crate::endpoint::{self, Endpoint};
use crate::profile::{Profile, ProfileError};
use crate::shutdown::Shutdown;
use crate::terminal::Printer;
use crate::units::{Environment, Setting};

/// What every flow is given.
pub(crate) struct Context {
    pub(crate) profile: Profile,
    pub(crate) environment: Environment,
    pub(crate) printer: Printer,
    pub(crate) shutdown: Shutdown,
}

impl Context {
    /// Decides which Redis is meant, and says with `--verbose` why.
    pub(crate) fn endpoint(&self, redis: RedisArgs) -> Result<Endpoint, ProfileError> {
        let endpoint = {
            let (set, injected) = endpoint::from_environment(&self.environment)?;
            self.profile.endpoint([redis.layer()?, set], [injected])?
        };
        for (setting, value, origin) in endpoint.explain() {
            tracing::debug!("{setting}: {value} (from {origin})");
        }
        if endpoint.tls.as_ref().is_some_and(|tls| tls.skip_verify) {
            tracing::warn!(
                "CERTIFICATES ARE NOT CHECKED (tls-skip-verify): whoever stands between here and {endpoint} \
                 reads and changes everything, the password included"
            );
        }
        Ok(endpoint)
    }

    /// Decides which list is meant: flag, `LIST_NAME`, profile, default.
    pub(crate) fn list(&self, flag: Option<String>) -> String {
        let list = match flag {
            Some(value) => Setting { value, origin: crate::units::Origin::flag("--list") },
            None => self.profile.list(&self.environment),
        };
        tracing::debug!("list: {} (from {})", list.value, list.origin);
        list.value
    }
}
