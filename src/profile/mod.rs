//! The profile: one TOML file that describes one workload for all subcommands.

pub mod consume;
pub mod deploy;
mod duration;
mod exit_map;
mod listen;
mod redacted;
mod redis;
mod resolution;
pub mod scale;
mod setting;
mod source;
mod topology;
mod url;
mod variables;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use self::consume::{ConsumeTable, DEFAULT_DRAIN, Delivery};
pub use self::deploy::DeployTable;
pub use self::duration::{Span, SpanRange};
pub use self::exit_map::{ExitMap, ExitMeaning, ExitRule, ExitTable};
pub use self::listen::ListenAddress;
pub use self::redacted::without_password;
pub use self::redis::{CONNECT_TIMEOUT, Endpoint, Password, RedisTable, Tls};
pub use self::scale::{Authentication, ScaleKind, ScaleTable, Strategy};
pub use self::setting::{Environment, Origin, Setting, SettingError};
pub use self::source::{ProfileError, Source};
pub(crate) use self::topology::parse_addresses;
pub use self::topology::{NodeAddress, Servers, Topology};
pub use self::url::{Address, RedisUrl};
use crate::workload::{Pattern, Payload, Rate};

/// The list that is used when nothing names one.
pub const DEFAULT_LIST: &str = "mylist";

/// The profile that is compiled in.
const BUILT_IN: &str = include_str!("../../config/demo.toml");

/// The file that is taken from the working directory when nothing else is named.
const IN_WORKING_DIRECTORY: &str = "qscale.toml";

/// One workload. What a table leaves out is decided by the subcommand that needs it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Where the profile's text came from.
    #[serde(skip)]
    pub source: Source,
    /// The address of the schema, for editors; not used here.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// How to reach Redis.
    pub redis: RedisTable,
    /// The list.
    pub queue: QueueTable,
    /// What `produce` puts on it.
    pub produce: ProduceTable,
    /// How `consume` works it.
    pub consume: ConsumeTable,
    /// How KEDA scales the consumers.
    pub scale: ScaleTable,
    /// How producer and consumers run in Kubernetes.
    pub deploy: DeployTable,
}

/// The `[queue]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QueueTable {
    /// The Redis List: pushed left, taken right.
    pub list: Option<String>,
}

/// The `[produce]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProduceTable {
    /// Items a batch.
    pub batch: Option<NonZeroU64>,
    /// From the start of one batch to the start of the next; `0s` is as fast as Redis takes them.
    pub every: Option<Span>,
    /// Items per second, in place of `every`.
    pub rate: Option<Rate>,
    /// A load that changes, in place of `every` and `rate`.
    pub pattern: Option<Pattern>,
    /// A file of counts, in place of `pattern`; read by the command that needs it.
    pub pattern_file: Option<PathBuf>,
    /// What makes chance the same every time: in the times of items, and in what they hold.
    pub seed: Option<u64>,
    /// Stop after this many items.
    pub count: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Span>,
    /// What the items hold.
    pub payload: Option<Payload>,
    /// Wait while the list is longer than this.
    pub max_backlog: Option<u64>,
    /// Log every item.
    pub echo: Option<bool>,
}

impl ProduceTable {
    /// What no single value can be wrong in alone.
    fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let said = [
            ("pattern-file", self.pattern_file.is_some()),
            ("pattern", self.pattern.is_some()),
            ("rate", self.rate.is_some()),
            ("every", self.every.is_some()),
        ];
        match said.iter().filter(|(_, said)| *said).collect::<Vec<_>>()[..] {
            [(key, _), (other, _), ..] => {
                Err(source.error_at(&["produce", key], format!("excludes `{other}`: keep one of them")))
            }
            _ => Ok(()),
        }
    }
}

impl Profile {
    /// Reads the profile that `named` (by flag or environment) says, or `qscale.toml` where that is there, or the one
    /// that is compiled in.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be read or says something that cannot be; the error shows the place.
    pub fn read(named: Option<&Path>) -> Result<Self, ProfileError> {
        let path = match named {
            Some(path) => path,
            None if Path::new(IN_WORKING_DIRECTORY).exists() => Path::new(IN_WORKING_DIRECTORY),
            None => return Self::built_in(),
        };
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| ProfileError::Unreadable { path: name.clone(), source })?;
        Self::parse(&name, &text)
    }

    /// The profile that is compiled in: `config/demo.toml`.
    ///
    /// # Errors
    ///
    /// None that a release could have: a test reads it.
    pub fn built_in() -> Result<Self, ProfileError> {
        Self::parse("built-in profile", BUILT_IN)
    }

    /// Reads a profile from `text`, which goes by `name` in messages.
    ///
    /// # Errors
    ///
    /// Shows the place of what cannot be, and the key that was meant for a near miss.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        let profile: Self = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
        let profile = Self { source, ..profile };
        profile.check()?;
        Ok(profile)
    }

    /// Returns where the value of `path` was set.
    pub fn origin(&self, path: &[&str]) -> Origin {
        match self.source.line_of(path) {
            Some(line) => Origin::Profile { name: self.source.name.clone(), line },
            None => Origin::Default,
        }
    }

    /// The list, as the environment (`LIST_NAME`) over the profile over the default says.
    pub fn list(&self, environment: &Environment) -> Setting<String> {
        if let Some(value) = environment.get("LIST_NAME") {
            return Setting { value, origin: Origin::Variable("LIST_NAME") };
        }
        match &self.queue.list {
            Some(value) => Setting { value: value.clone(), origin: self.origin(&["queue", "list"]) },
            None => Setting::default(DEFAULT_LIST.to_owned()),
        }
    }

    /// What no single value can be wrong in alone.
    fn check(&self) -> Result<(), ProfileError> {
        let wrong = |path: &[&str], message: &str| Err(self.source.error_at(path, message));
        if self.queue.list.as_deref() == Some("") {
            return wrong(&["queue", "list"], "is empty");
        }
        self.produce.check(&self.source)?;
        if self.redis.port == Some(0) {
            return wrong(&["redis", "port"], "is not a port from 1 to 65535");
        }
        if let Some((key, message)) = self.redis.wrong_with_servers() {
            return wrong(&["redis", key], &message);
        }
        self.consume.check(&self.source)?;
        self.scale.check(&self.source)?;
        if self.consume.delivery.unwrap_or_default() == Delivery::AtLeastOnce
            && matches!(self.scale.strategy, Some(Strategy::Accurate | Strategy::Eager))
        {
            let message = "leaves items in work uncounted, and those of a pod that died would wait for the next push: \
                           leave it out, or set `delivery = \"at-most-once\"` in [consume]";
            return wrong(&["scale", "strategy"], message);
        }
        self.deploy.check(&self.source)
    }
}
