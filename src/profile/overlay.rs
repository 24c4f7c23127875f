//! The `[env.NAME]` tables: overrides for one environment.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::consume::ConsumeTable;
use super::deploy::DeployTable;
use super::produce::ProduceTable;
use super::queue::QueueTable;
use super::redis::RedisTable;
use super::scale::ScaleTable;
use super::source::Source;
use super::suggestion::nearest;
use crate::units::{Setting, SettingError};

/// Tables of an overlay; their keys override those of the profile, lists as a whole.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Overlay {
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
}

/// Returns the overlay of `overlays` that `env` names.
///
/// # Errors
///
/// Fails for an unknown name; lists those in `source`.
pub(super) fn choose<'a>(
    source: &Source,
    overlays: &'a BTreeMap<String, Overlay>,
    env: &Setting<String>,
) -> Result<&'a String, SettingError> {
    if let Some((name, _)) = overlays.get_key_value(&env.value) {
        return Ok(name);
    }
    let (source, name) = (&source.name, &env.value);
    let known: Vec<&str> = overlays.keys().map(String::as_str).collect();
    let message = match nearest(name, &known) {
        _ if known.is_empty() => format!("{source} has no overlays: add a table such as [env.{name}.scale]"),
        Some(meant) => format!("{source} has no overlay `{name}`; did you mean `{meant}`?"),
        None => format!("{source} has no overlay `{name}`; known overlays: {}", known.join(", ")),
    };
    Err(SettingError::new(env.origin.clone(), message))
}

#[cfg(test)]
mod tests {
    use super::super::{Profile, ProfileError, Source};
    use crate::units::{Origin, Setting};

    const TEXT: &str = "\
[produce]
batch = 5
every = \"2s\"
[scale]
min-replica-count = 3
list-length = 10
[scale.behavior.scale-up]
policies = [{ type = \"Pods\", value = 1, period = \"10s\" }, { type = \"Pods\", value = 2, period = \"20s\" }]
[env.prod.scale]
max-replica-count = 50
behavior.scale-up.policies = [{ type = \"Percent\", value = 50, period = \"30s\" }]
[env.staging]
produce.rate = 7
";

    fn read(text: &str, env: &str) -> Result<Profile, ProfileError> {
        let env = Setting { value: env.to_owned(), origin: Origin::flag("--env") };
        Profile::parse_with(Source::new("q.toml", text), Some(&env))
    }

    #[test]
    fn overlay_overrides_its_keys_only() {
        let prod = read(TEXT, "prod").unwrap();
        assert_eq!((prod.scale.max_replica_count, prod.scale.min_replica_count), (Some(50), Some(3)));
        assert_eq!(prod.scale.behavior.scale_up.policies.as_ref().map(Vec::len), Some(1), "a list goes as a whole");
        assert_eq!(prod.produce.batch.map(u64::from), Some(5));
        assert_eq!(Profile::parse("q.toml", TEXT).unwrap().scale.max_replica_count, None);
    }

    #[test]
    fn value_of_an_overlay_knows_its_line() {
        let prod = read(TEXT, "prod").unwrap();
        let line = |path: &[&str]| prod.origin(path).to_string();
        assert_eq!(line(&["scale", "max-replica-count"]), "q.toml:10");
        assert_eq!(line(&["scale", "list-length"]), "q.toml:6");
        assert_eq!(line(&["scale", "polling-interval"]), "default");
    }

    #[test]
    fn error_in_an_overlay_points_at_its_place() {
        let text = TEXT.replace("= 50\n", "= 2\n");
        let error = read(&text, "prod").unwrap_err().to_string();
        assert!(error.starts_with("q.toml:5:21: scale.min-replica-count, with env.prod: must be at most"), "{error}");
        let text = TEXT.replace("= 50\n", "= 0\n");
        let error = read(&text, "prod").unwrap_err().to_string();
        assert!(error.starts_with("q.toml:10:21: env.prod.scale.max-replica-count: must be at least 1"), "{error}");
        // The same for every overlay, and without one.
        assert_eq!(read(&text, "staging").unwrap_err().to_string(), error);
        assert_eq!(Profile::parse("q.toml", &text).unwrap_err().to_string(), error);
    }

    #[test]
    fn overlay_key_replaces_its_alternatives() {
        let staging = read(TEXT, "staging").unwrap();
        assert!(staging.produce.rate.is_some() && staging.produce.every.is_none());
        let text =
            "redis = { host = \"a\", port = 1, tls = true, username = \"u\" }\nenv.e.redis.url = \"redis://b\"\n";
        let redis = read(text, "e").unwrap().redis;
        assert_eq!((redis.host, redis.port, redis.tls), (None, None, None));
        assert_eq!(redis.username.as_deref(), Some("u"));
        let both = format!("{TEXT}produce.every = \"1s\"\n");
        let error = read(&both, "staging").unwrap_err().to_string();
        assert!(error.contains("env.staging.produce.rate: conflicts with `every`"), "{error}");
    }

    #[test]
    fn unknown_overlay_lists_the_known_ones() {
        for (text, env, said) in [
            (TEXT, "prdo", "--env: q.toml has no overlay `prdo`; did you mean `prod`?"),
            (TEXT, "zebra", "--env: q.toml has no overlay `zebra`; known overlays: prod, staging"),
            ("", "prod", "--env: q.toml has no overlays: add a table such as [env.prod.scale]"),
        ] {
            assert_eq!(read(text, env).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn single_table_includes_the_overlay() {
        let text = "[redis]\nhost = \"a\"\ndb = 1\n[env.e.redis]\nhost = \"b\"\n";
        let only = read(text, "e").unwrap().source.only("redis");
        let redis = Profile::parse("only", &only).unwrap().redis;
        assert_eq!((redis.host.as_deref(), redis.db), (Some("b"), Some(1)));
    }
}
