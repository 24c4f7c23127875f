//! Environment of the consumers' containers: `env` and `env-from` of the `[deploy]` table.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::error::ProfileError;
use super::super::name::{object_name, secret_key};
use super::super::source::Source;

/// Beginnings of names that qscale reads itself.
const RESERVED: [&str; 2] = ["QSCALE_", "REDIS_"];

/// Value of an environment variable: a text, or a key of a Secret or ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum EnvValue {
    /// The text itself.
    Text(String),
    /// Value of a key.
    Key(EnvKey),
}

/// Key of an existing Secret or ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvKey {
    /// Secret that has the key.
    pub secret: Option<String>,
    /// ConfigMap that has the key.
    pub config_map: Option<String>,
    /// Key.
    pub key: String,
    /// Starts the container without it, if it is missing.
    #[serde(default)]
    pub optional: bool,
}

/// All keys of an existing Secret or ConfigMap as environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvSource {
    /// Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["database"]))]
    pub secret: Option<String>,
    /// ConfigMap.
    #[schemars(extend("x-default" = "none", "examples" = ["settings"]))]
    pub config_map: Option<String>,
    /// Prefix of the variables' names.
    #[schemars(extend("x-default" = "none", "examples" = ["APP_"]))]
    pub prefix: Option<String>,
    /// Starts the container without it, if it is missing.
    #[serde(default)]
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub optional: bool,
}

impl<'de> Deserialize<'de> for EnvValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = EnvValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes, or a table such as { secret = \"database\", key = \"url\" }")
            }

            fn visit_str<E>(self, text: &str) -> Result<EnvValue, E> {
                Ok(EnvValue::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EnvValue, A::Error> {
                EnvKey::deserialize(MapAccessDeserializer::new(map)).map(EnvValue::Key)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

/// Rejects a variable that Kubernetes rejects, or that is a setting of qscale.
pub(super) fn check_variable(source: &Source, name: &str, value: &EnvValue) -> Result<(), ProfileError> {
    let path = ["deploy", "env", name];
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(known) || name.starts_with(|c: char| c.is_ascii_digit()) {
        let message = "has an invalid name: use letters, digits and underscores, and no digit first";
        return Err(source.error_at(&path, message));
    }
    if name == "LIST_NAME" || RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
        let message =
            "is a setting of qscale: set it in the table of the profile that has it, or in `secret` of [deploy]";
        return Err(source.error_hiding(&path, message));
    }
    let EnvValue::Key(EnvKey { secret, config_map, key, optional: _ }) = value else { return Ok(()) };
    check_origin(source, &path, secret.as_deref(), config_map.as_deref())?;
    secret_key(key).map_err(|error| source.error_hiding(&[&path[..], &["key"]].concat(), error)).map(drop)
}

impl EnvSource {
    /// Rejects what Kubernetes rejects.
    pub(super) fn check(&self, source: &Source, index: usize) -> Result<(), ProfileError> {
        let index = index.to_string();
        let path = ["deploy", "env-from", &index];
        check_origin(source, &path, self.secret.as_deref(), self.config_map.as_deref())
    }
}

/// Rejects any number of Secrets and ConfigMaps but one.
fn check_origin(
    source: &Source,
    path: &[&str],
    secret: Option<&str>,
    config_map: Option<&str>,
) -> Result<(), ProfileError> {
    let (key, name) = match (secret, config_map) {
        (Some(name), None) => ("secret", name),
        (None, Some(name)) => ("config-map", name),
        (Some(_), Some(_)) => return Err(source.error_at(path, "has both `secret` and `config-map`: remove one")),
        (None, None) => return Err(source.error_at(path, "requires `secret` or `config-map`")),
    };
    object_name(name).map(drop).map_err(|error| source.error_at(&[path, &[key]].concat(), error))
}
