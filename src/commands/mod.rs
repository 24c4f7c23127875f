//! The flows: one file per subcommand, each with `Args`, `Plan` and `run`.

pub(crate) mod completions;
pub(crate) mod consume;
pub(crate) mod dead;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod init;
mod precedence;
pub(crate) mod produce;
pub(crate) mod render;
pub(crate) mod simulate;
pub(crate) mod watch;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr as _};
use serde::Serialize;
use tokio::time::Instant;

use self::precedence::Precedence;
use crate::args::{ListsArgs, Origins, RedisArgs};
use crate::delivery::lists::{Lists, ListsError};
use crate::delivery::reconciliation::Reconciliation;
use crate::endpoint::{self, Endpoint, SettingFile};
use crate::page;
use crate::profile::{ListenAddress, Profile, ProfileError};
use crate::shutdown::Shutdown;
use crate::terminal::{Output, Printer};
use crate::units::{Environment, Origin, Setting, SettingError};

/// Context of every flow.
pub(crate) struct Context {
    pub(crate) profile: Profile,
    pub(crate) environment: Environment,
    /// Origins of the values on the command line and in its variables.
    pub(crate) origins: Origins,
    pub(crate) printer: Printer,
    pub(crate) shutdown: Shutdown,
}

/// Last line of the JSON output of a run: `{"summary": …}`, of one shape for `watch`, `demo` and `simulate`. With one of several
/// lists, its name comes first.
#[derive(Serialize)]
struct SummaryLine<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<&'a str>,
    summary: &'a T,
}

impl Context {
    /// Prints what became of the items of a list: as the last line of the output, with the name of one of several lists.
    pub(crate) fn show_reconciled(&self, list: Option<&str>, result: &Reconciliation, output: Output) -> Result<()> {
        match (output, list) {
            (Output::Json, list) => self.printer.object(&SummaryLine { list, summary: result }),
            (Output::Text, Some(list)) => self.printer.result(&format!("{list}: {}", result.text())),
            (Output::Text, None) => self.printer.result(&result.text()),
        }
    }

    /// Resolves the Redis endpoint, and logs the origin of each setting with `--verbose`.
    pub(crate) fn endpoint(&self, redis: RedisArgs) -> std::result::Result<Endpoint, ProfileError> {
        let endpoint = {
            let above = [redis.typed()?, RedisArgs::of_environment(&self.environment)?];
            self.profile.endpoint(above, [endpoint::injected(&self.environment)?])?
        };
        self.check_files(&endpoint)?;
        if let Some(user) = endpoint.shown_user() {
            self.printer.filter().learn_user(user);
        }
        for (setting, value, origin) in endpoint.explain() {
            tracing::debug!("{setting}: {value} (from {origin})");
        }
        if let Some(origin) = &endpoint.withheld {
            tracing::warn!(%endpoint, "the password of {origin} is not sent: it was given for another host; set REDIS_PASSWORD");
        }
        if endpoint.tls.as_ref().is_some_and(|tls| tls.skip_verify) {
            tracing::warn!(%endpoint, "certificates are not verified (tls-skip-verify): the connection can be intercepted");
        }
        Ok(endpoint)
    }

    /// Fails if a file that the profile names cannot be read. Those that flags and variables name are read when they are needed.
    fn check_files(&self, endpoint: &Endpoint) -> std::result::Result<(), ProfileError> {
        let of_profile = |file: &SettingFile| matches!(file.origin, Origin::Profile { .. });
        for file in endpoint.files().into_iter().filter(of_profile) {
            readable(&file.path).map_err(|error| self.profile.unreadable(file, &error))?;
        }
        Ok(())
    }

    /// Serves the page of a run at `address`, if one is given; returns what shows a new state on it.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be bound.
    pub(crate) async fn page(address: Option<ListenAddress>) -> Result<Option<page::PageSender>> {
        let Some(ListenAddress(address)) = address else { return Ok(None) };
        let served = page::serve(address).await;
        let (address, latest) = served.wrap_err_with(|| format!("cannot serve the page at {address}"))?;
        tracing::info!(url = %format_args!("http://{address}/"), "serving the page");
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "the page has no password: all who reach this address can read it");
        }
        Ok(Some(latest))
    }

    /// Returns the list of `--list` or `LIST_NAME`, of the profile, the first of several, or the default.
    pub(crate) fn list(&self, given: Option<String>) -> String {
        if let Some(given) = given {
            return given;
        }
        let Setting { value, origin } = self.profile.list();
        tracing::debug!("list: {value} (from {origin})");
        value
    }

    /// Returns the keys of the lists to look at, each once: those of `--list`, of `QSCALE_LISTS`, of `LIST_NAME`, or of the
    /// profile, in this order of precedence. `given` are those of the first or the third.
    ///
    /// # Errors
    ///
    /// Fails for a variable that names lists that cannot be used together.
    pub(crate) fn list_keys(&self, given: Vec<String>) -> std::result::Result<Vec<String>, SettingError> {
        // Pods of several lists have both variables: the first list in one, all in the other.
        let is_typed = matches!(self.origins.get("lists"), Some(Origin::Flag(_)));
        if !is_typed && let Some(Setting { value, origin }) = self.environment.setting("QSCALE_LISTS") {
            let lists: Lists =
                value.parse().map_err(|error: ListsError| SettingError::new(origin, error.to_string()))?;
            return Ok(lists.keys().to_vec());
        }
        let mut keys: Vec<String> = Vec::new();
        for key in given {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(if keys.is_empty() { self.profile.lists().value.keys().to_vec() } else { keys })
    }

    /// Returns the lists of `--list`, `LIST_NAME` or `QSCALE_LISTS`, of the profile, or the default.
    ///
    /// # Errors
    ///
    /// Fails for lists that cannot be used together.
    pub(crate) fn lists(&self, given: &ListsArgs) -> std::result::Result<Lists, SettingError> {
        if let Some(given) = given.given(|id| self.origins.get(id).cloned())? {
            return Ok(given.value);
        }
        let Setting { value, origin } = self.profile.lists();
        tracing::debug!("list: {value} (from {origin})");
        Ok(value)
    }

    /// Returns the precedence of options over the keys of the profile's table `table`.
    pub(crate) fn precedence(&self, table: &'static str) -> Precedence<'_> {
        Precedence::new(&self.origins, &self.profile, table)
    }
}

/// Waits until `time`; forever if there is none. Cancel-safe.
pub(crate) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Fails if a file cannot be read. Opens none that is not regular, such as a pipe: its content can be read only once.
fn readable(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.is_file() { File::open(path).map(drop) } else { Ok(()) }
}
