//! The profile: one TOML file that describes one workload for all subcommands.

pub mod consume;
pub mod deploy;
mod document;
mod effective;
mod error;
mod exit_map;
mod listen;
mod load;
mod message;
mod name;
mod overlay;
mod produce;
mod queue;
mod redis;
mod reference;
pub mod scale;
mod scenario;
#[cfg(test)]
mod schema;
mod source;
mod suggestion;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::consume::ConsumeTable;
pub use self::deploy::{DeployTable, TargetTable};
pub use self::error::{Diagnostic, Problem, ProfileError};
pub use self::exit_map::ExitTable;
pub use self::listen::ListenAddress;
pub use self::overlay::Overlay;
pub use self::produce::ProduceTable;
pub use self::queue::QueueTable;
pub use self::redis::RedisTable;
pub use self::reference::Alternative;
pub use self::scale::{Authentication, KedaVersion, ScaleKind, ScaleTable};
pub use self::source::Source;
pub use self::suggestion::table_of;
use crate::delivery::defaults::DEFAULT_LIST;
use crate::delivery::lists::Lists;
use crate::units::{MIB, Origin, Setting, read_text};

/// Limit of a profile, in bytes.
const MAX_SIZE: u64 = MIB;

/// File of the working directory that is used unless a profile is named.
pub const IN_WORKING_DIRECTORY: &str = "qscale.toml";

/// Profile of one workload. Each subcommand has its own defaults for what a table leaves out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(title = "qscale profile")]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Text that the profile was read from.
    #[serde(skip)]
    pub source: Source,
    /// URL of the JSON Schema, for editors; ignored by qscale.
    #[serde(rename = "$schema")]
    #[schemars(extend("x-default" = "none", "examples" = ["https://example.com/qscale.schema.json"]))]
    pub schema: Option<String>,
    /// Connection to Redis.
    pub redis: RedisTable,
    /// Redis List that holds the items.
    pub queue: QueueTable,
    /// Items that `produce` pushes.
    pub produce: ProduceTable,
    /// Processing of items by `consume`.
    pub consume: ConsumeTable,
    /// Autoscaling of the consumers by KEDA.
    pub scale: ScaleTable,
    /// Kubernetes objects of producer and consumers.
    pub deploy: DeployTable,
    /// Overlays such as `[env.prod.scale]`, selected by `--env`: their keys override those of the profile.
    pub env: BTreeMap<String, Overlay>,
}

/// JSON Schema of the profile, as text: made from its types when it is built, because what makes it is half a megabyte.
pub const SCHEMA: &str = include_str!("../../config/qscale.schema.json");

/// Returns the JSON Schema of the profile.
pub fn schema() -> serde_json::Value {
    // A test compares it with the types.
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

/// Returns whether the table of this name has the key, by the schema of the profile.
pub fn has_key(schema: &serde_json::Value, table: &str, key: &str) -> bool {
    reference::resolved(schema, &schema["properties"][table])["properties"].get(key).is_some()
}

/// Returns the reference of the profile in Markdown; `alternative` looks up the flag of a key.
pub fn reference(alternative: &dyn Fn(&[&str]) -> Option<Alternative>) -> String {
    reference::of(&schema(), alternative)
}

impl Profile {
    /// Reads the text of the profile `named` by flag or environment, of `qscale.toml` if it exists, or of the built-in
    /// profile.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be read.
    pub fn read(named: Option<&Path>) -> Result<Source, ProfileError> {
        let path = match named {
            Some(path) => path,
            None if Path::new(IN_WORKING_DIRECTORY).exists() => Path::new(IN_WORKING_DIRECTORY),
            None => return Ok(Source::built_in()),
        };
        let name = path.display().to_string();
        match std::fs::File::open(path).and_then(|file| read_text(file, MAX_SIZE)) {
            Ok(text) => Ok(Source::new(name, text)),
            Err(source) => Err(ProfileError::Unreadable { path: name, source }),
        }
    }

    /// Returns the built-in profile: `config/demo.toml`.
    ///
    /// # Errors
    ///
    /// Fails when it is invalid, which a test rules out.
    pub fn built_in() -> Result<Self, ProfileError> {
        Self::parse_with(Source::built_in(), None)
    }

    /// Returns true for the built-in profile.
    pub fn is_built_in(&self) -> bool {
        self.source.is_built_in()
    }

    /// Parses a profile from `text`, called `name` in messages.
    ///
    /// # Errors
    ///
    /// Fails for an invalid profile, with its first problem.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        Self::parse_with(Source::new(name, text), None)
    }

    /// Parses a profile with the overlay `env`. The other overlays are validated as well, so that a problem in one does not
    /// surface on the day it is used.
    ///
    /// # Errors
    ///
    /// Fails for an invalid profile or overlay, and for an unknown `env`.
    pub fn parse_with(source: Source, env: Option<&Setting<String>>) -> Result<Self, ProfileError> {
        let plain = Self::of(source.clone())?;
        let overlays: Vec<String> = plain.env.keys().cloned().collect();
        let with = |env: &String| {
            let profile = Self::of(Source { env: Some(env.clone()), ..source.clone() })?;
            profile.check().map(|()| profile)
        };
        let profile = match env {
            Some(env) => with(overlay::choose(&source, &plain.env, env)?)?,
            None => plain.check().map(|()| plain)?,
        };
        overlays.iter().try_for_each(|other| with(other).map(drop))?;
        Ok(profile)
    }

    /// Parses `source`; validates keys and single values.
    fn of(mut source: Source) -> Result<Self, ProfileError> {
        let document = source.document().map_err(|error| source.toml_error(&error))?;
        source.check_tables(document.get_ref())?;
        source.check_texts(document.get_ref())?;
        let spans = document::spans(document.get_ref());
        let read = Self::deserialize(toml::Deserializer::from(document));
        let profile = read.map_err(|error| source.toml_error(&error))?;
        source.spans = Some(spans);
        let mut profile = Self { source, ..profile };
        profile.deploy.of_lists = profile.queue.named().and_then(Result::ok).map(|lists| name::of_lists(&lists));
        Ok(profile)
    }

    /// Returns the profile as TOML, with the origin of every value; `given` looks up what overrides the key of a path.
    pub fn effective(&self, given: &dyn Fn(&[&str]) -> Option<Setting<String>>) -> String {
        effective::of(self, &schema(), given)
    }

    /// Returns the origin of the value at `path`.
    pub fn origin(&self, path: &[&str]) -> Origin {
        match self.source.line_of(path) {
            Some(line) => Origin::Profile { name: self.source.name.clone(), line },
            None => Origin::Default,
        }
    }

    /// Returns the lists of the profile, or the default.
    pub fn lists(&self) -> Setting<Lists> {
        let key = if self.queue.lists.is_some() { "lists" } else { "list" };
        match self.queue.named().and_then(Result::ok) {
            Some(value) => Setting { value, origin: self.origin(&["queue", key]) },
            None => Setting::default(Lists::one(DEFAULT_LIST)),
        }
    }

    /// Returns the list of the profile, the first of several, or the default.
    pub fn list(&self) -> Setting<String> {
        let Setting { value, origin } = self.lists();
        Setting { value: value.first().to_owned(), origin }
    }

    /// Cross-field validation.
    fn check(&self) -> Result<(), ProfileError> {
        let wrong = |path: &[&str], message: &str| Err(self.source.error_at(path, message));
        self.queue.check(&self.source)?;
        self.produce.check(&self.source)?;
        if self.redis.port == Some(0) {
            return wrong(&["redis", "port"], "must be from 1 to 65535");
        }
        if let Some((key, message)) = self.redis.wrong_with_servers() {
            return wrong(&["redis", key], &message);
        }
        self.consume.check(&self.source)?;
        self.scale.check(&self.source, self.consume.delivery.unwrap_or_default())?;
        if !self.lists().value.is_one() {
            self.scale.check_several_lists(&self.source)?;
        }
        if let Some(sidecar) = &self.deploy.sidecar {
            sidecar.check(&self.source, &self.consume)?;
        }
        self.deploy.check(&self.source, self.scale.kind())
    }
}
