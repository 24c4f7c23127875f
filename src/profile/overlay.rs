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
        let expected = "q.toml:10:21: env.prod.scale.max-replica-count: must be at least `min-replica-count`";
        assert!(error.starts_with(expected), "{error}");
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
        for (base, key, value) in [
            ("pattern = \"30s@50\"", "rate", "7"),
            ("pattern = \"30s@50\"", "every", "\"2s\""),
            ("pattern = \"30s@50\"", "pattern-file", "\"load.csv\""),
            ("pattern-file = \"load.csv\"", "pattern", "\"30s@50\""),
            ("pattern-file = \"load.csv\"", "rate", "7"),
            ("rate = 7", "pattern", "\"30s@50\""),
            ("every = \"2s\"", "pattern-file", "\"load.csv\""),
        ] {
            let text = format!("[produce]\n{base}\n[env.e.produce]\n{key} = {value}\n");
            let produce = read(&text, "e").unwrap_or_else(|error| panic!("{text}: {error}")).produce;
            let set = [
                ("rate", produce.rate.is_some()),
                ("every", produce.every.is_some()),
                ("pattern", produce.pattern.is_some()),
                ("pattern-file", produce.pattern_file.is_some()),
            ];
            assert_eq!(set.into_iter().filter(|(_, set)| *set).collect::<Vec<_>>(), [(key, true)], "{text}");
        }
        for (table, base, over) in [
            ("redis", "addresses = [\"a:1\"]", "host = \"b\""),
            ("redis", "host = \"a\"\nport = 1", "addresses = [\"b:1\"]"),
            ("scale", "combine = \"sum\"", "formula = \"waiting\""),
            ("scale", "formula = \"waiting\"", "combine = \"sum\""),
            ("scale", "omit-behavior = true", "behavior = { scale-up = { tolerance = 0.1 } }"),
        ] {
            let text = format!("[{table}]\n{base}\n[env.e.{table}]\n{over}\n");
            read(&text, "e").unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let both = format!("{TEXT}produce.every = \"1s\"\n");
        let error = read(&both, "staging").unwrap_err().to_string();
        assert!(error.contains("env.staging.produce.rate: conflicts with `every`"), "{error}");
    }

    #[test]
    fn conflict_within_an_overlay_points_at_the_overlay() {
        for (over, place) in [
            ("every = \"1s\"\npattern = \"30s@50\"", "q.toml:5:11: env.e.produce.pattern: conflicts with `every`"),
            ("rate = 7\npattern-file = \"a.csv\"", "q.toml:5:16: env.e.produce.pattern-file: conflicts with `rate`"),
        ] {
            let text = format!("[produce]\nbatch = 2\n[env.e.produce]\n{over}\n");
            let error = read(&text, "e").unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        let text = "[scale]\ncombine = \"sum\"\n[env.e.scale]\ncombine = \"max\"\nformula = \"waiting\"\n";
        let error = read(text, "e").unwrap_err().to_string();
        assert!(error.starts_with("q.toml:4:11: env.e.scale.combine: conflicts with `formula`"), "{error}");
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
