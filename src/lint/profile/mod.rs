//! The same rules over the objects rendered from a profile, with spans in the profile.

mod purpose;

use self::purpose::Warning;
use crate::lint::check::check as check_manifests;
use crate::lint::file::File;
use crate::lint::finding::Finding;
use crate::lint::rule::Rule;
use crate::profile::{KedaVersion, Profile, ProfileError, Source};

/// Finding in a profile.
#[derive(Debug)]
pub struct ProfileFinding {
    /// The rule that is violated.
    pub rule: Rule,
    /// Error at its place in the profile.
    pub error: ProfileError,
    /// Hint.
    pub hint: String,
}

/// Parts of paths in objects, and the keys of the profile that they come from; the first that is set is shown.
const KEYS: &[(&str, &[&[&str]])] = &[
    (".minReplicaCount", &[&["scale", "min-replica-count"]]),
    (".maxReplicaCount", &[&["scale", "max-replica-count"]]),
    (".idleReplicaCount", &[&["scale", "idle-replica-count"]]),
    (".pollingInterval", &[&["scale", "polling-interval"]]),
    (".cooldownPeriod", &[&["scale", "cooldown-period"]]),
    (".initialCooldownPeriod", &[&["scale", "initial-cooldown-period"]]),
    (".fallback", &[&["scale", "fallback"]]),
    (".activeDeadlineSeconds", &[&["scale", "job", "active-deadline"]]),
    (".rollout.", &[&["scale", "job", "rollout"]]),
    (".scalingStrategy", &[&["scale", "strategy"]]),
    (".activationTarget", &[&["scale", "activation-target"]]),
    (".scalingModifiers", &[&["scale", "formula"], &["scale", "combine"]]),
    (".horizontalPodAutoscalerConfig.name", &[&["scale", "hpa-name"]]),
    (".behavior.scaleUp", &[&["scale", "behavior", "scale-up"]]),
    (".behavior.scaleDown", &[&["scale", "behavior", "scale-down"]]),
    (".metadata.listLength", &[&["scale", "list-length"]]),
    (".metadata.activationListLength", &[&["scale", "activation-list-length"]]),
    (".metadata.listName", &[&["queue", "list"], &["queue", "lists"]]),
    (".metadata.unsafeSsl", &[&["redis", "tls-skip-verify"]]),
    (".metadata.enableTLS", &[&["redis", "tls"], &["redis", "url"]]),
    (".metadata.address", &[&["redis", "url"], &["redis", "host"], &["redis", "addresses"]]),
    (".metadata.host", &[&["redis", "url"], &["redis", "host"], &["redis", "addresses"]]),
    (".metadata.port", &[&["redis", "port"], &["redis", "url"]]),
    ("].type", &[&["redis", "mode"]]),
    (".scaleTargetRef", &[&["deploy", "target"]]),
    ("data.REDIS_HOST", &[&["redis", "url"], &["redis", "host"]]),
    ("data.QSCALE_PAYLOAD", &[&["produce", "payload"]]),
    (".terminationGracePeriodSeconds", &[&["consume", "drain"]]),
    (".args", &[&["consume", "drain"], &["consume", "timeout"], &["consume", "command"], &["consume", "work"]]),
    (".env", &[&["deploy", "env"]]),
    (".volumes", &[&["deploy", "volumes"], &["deploy", "patch"]]),
    (".securityContext", &[&["deploy", "read-only-root"], &["deploy", "patch"]]),
    (".serviceAccountName", &[&["deploy", "service-account"]]),
    (".image", &[&["deploy", "image"]]),
    (".imagePullPolicy", &[&["deploy", "image-pull-policy"]]),
];

/// Exceptions: findings of a rule, in paths with a part, that come from other keys, with a hint for profiles, which have no
/// fields.
type Own = (Rule, &'static str, &'static [&'static [&'static str]], &'static str);

const OWN: &[Own] = &[
    (
        Rule::TlsPort,
        "",
        &[&["redis", "port"], &["redis", "url"], &["redis", "addresses"]],
        "set `tls = true` in [redis], or use rediss:// in the URL",
    ),
    (
        Rule::PasswordInPlainText,
        ".args",
        &[&["consume", "command"]],
        "keep it in a Secret and let the command read it from REDIS_PASSWORD, which the Secret named by `secret` in \
         [deploy] provides",
    ),
    (
        Rule::PasswordInPlainText,
        ".env",
        &[&["deploy", "env"]],
        "keep it in a Secret, and refer to its key: `NAME = { secret = \"database\", key = \"password\" }`",
    ),
    (Rule::PasswordInPlainText, "", &[], "remove it from the profile: it would end up in a ConfigMap"),
    (
        Rule::CooldownTooShort,
        "",
        &[],
        "increase it, or remove `delivery`: with at-least-once, items in flight are counted as well",
    ),
    (
        Rule::Placeholder,
        "",
        &[],
        "replace it before qscale reads the profile, or set it in an overlay: `[env.NAME]` and `--env NAME`",
    ),
    (Rule::Rebound, "", &[], "remove `omit-behavior`, or set the cooldown to at least 5 minutes"),
    (
        Rule::TlsUnverified,
        "",
        &[],
        "remove it, and set `secret-ca-key` in [deploy] to the key of the Secret that holds the trusted certificate",
    ),
];

/// Key at which findings without a key are shown.
const ANYWHERE: &[&[&str]] = &[&["deploy", "name"]];

/// Rules about fields that render writes for completeness: they apply only if the profile sets the key.
const OF_OWN_WORDS: [Rule; 2] = [Rule::CooldownNoEffect, Rule::PollingNoEffect];

/// Rules about objects that the profile deliberately leaves to others.
const ON_PURPOSE: [Rule; 1] = [Rule::AuthenticationMissing];

/// A finding, with the line it is in.
type Placed = (Option<usize>, ProfileFinding);

/// Checks a profile and the objects rendered from it, with spans in the profile.
pub fn check(profile: &Profile, yaml: &str, version: KedaVersion) -> Vec<ProfileFinding> {
    let source = &profile.source;
    let file = File::read(&source.name, yaml);
    let of_objects = check_manifests(&[file], version)
        .into_iter()
        .filter(|finding| !ON_PURPOSE.contains(&finding.rule))
        .filter_map(|finding| placed(source, finding));
    let of_profile = purpose::check(profile, version).filter_map(|warning| warned(source, warning));
    let mut findings: Vec<Placed> = of_objects.chain(of_profile).collect();
    // What is missing comes last.
    findings.sort_by_key(|(line, _)| line.unwrap_or(usize::MAX));
    // Several triggers come from one key.
    findings.dedup_by(|(_, a), (_, b)| a.rule == b.rule && a.error.to_string() == b.error.to_string());
    findings.into_iter().map(|(_, finding)| finding).collect()
}

fn placed(source: &Source, finding: Finding) -> Option<Placed> {
    let Finding { rule, path, message, hint, .. } = finding;
    let own = OWN.iter().find(|(own, part, ..)| *own == rule && path.contains(part));
    // The last of what is named is the nearest.
    let named = KEYS.iter().filter_map(|(part, keys)| Some((path.rfind(part)?, part.len(), *keys)));
    let keys = named.max_by_key(|(at, length, _)| (*at, *length)).map_or(ANYWHERE, |(.., keys)| keys);
    let set = own.iter().flat_map(|(_, _, keys, _)| *keys).chain(keys).find(|key| source.find(key).is_some());
    if set.is_none() && OF_OWN_WORDS.contains(&rule) {
        return None;
    }
    let key = set.unwrap_or(&keys[0]);
    let message = in_profile_words(&message);
    let error = match rule {
        Rule::PasswordInPlainText => source.error_hiding(key, message),
        _ => source.error_at(key, message),
    };
    let hint = own.map_or_else(|| in_profile_words(&hint), |(.., hint)| (*hint).to_owned());
    Some((source.line_of(key), ProfileFinding { rule, error, hint }))
}

/// `None` where a key seems missing only because its value was skipped as invalid.
fn warned(source: &Source, warning: Warning) -> Option<Placed> {
    let Warning { rule, key, message, hint } = warning;
    let last = key.last().copied().unwrap_or_default();
    if source.names_skipped(&format!("`{last}` {message} {hint}")) {
        return None;
    }
    let error = source.error_at(key, message);
    Some((source.line_of(key), ProfileFinding { rule, error, hint }))
}

/// Fields that messages name, and the keys of the profile they are written from; others are called the same.
const WORDS: &[(&str, &str)] = &[
    ("activationTarget", "activation-target"),
    ("databaseIndex", "db"),
    ("enableTLS", "tls"),
    ("horizontalPodAutoscalerConfig.name", "hpa-name"),
    ("idleReplicaCount", "idle-replica-count"),
    ("listLength", "list-length"),
    ("listName", "list"),
    ("maxReplicaCount", "max-replica-count"),
    ("minReplicaCount", "min-replica-count"),
    ("multipleScalersCalculation", "multiple-scalers-calculation"),
    ("rollout.strategy", "rollout"),
    ("scaleDown", "scale-down"),
    ("scalingModifiers", "formula"),
    ("scalingStrategy", "strategy"),
    ("scalingStrategy.strategy", "strategy"),
    ("selectPolicy", "select-policy"),
    ("sentinelMaster", "sentinel-master"),
    ("sentinelPassword", "secret-sentinel-password-key"),
    ("sentinelUsername", "sentinel-username"),
    ("terminationGracePeriodSeconds", "drain"),
];

/// Fields that hold others, and the tables of the profile that have the keys of those.
const TABLES: &[(&str, &str)] = &[("scalingModifiers", "[scale]"), ("scalingStrategy", "[scale.job]")];

/// Translates field names of objects to keys of the profile: `min-replica-count` for `minReplicaCount`.
fn in_profile_words(text: &str) -> String {
    let text = TABLES.iter().fold(text.to_owned(), |text, (field, table)| {
        let within = format!(" in {table}");
        text.replace(&format!(" in `{field}`"), &within).replace(&format!(" of `{field}`"), &within)
    });
    WORDS.iter().fold(text, |text, (field, key)| text.replace(&format!("`{field}`"), &format!("`{key}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_keys_of_the_profile() {
        assert_eq!(
            in_profile_words("set `minReplicaCount` to 1, `a.B` or Cc"),
            "set `min-replica-count` to 1, `a.B` or Cc"
        );
        assert_eq!(in_profile_words("set `rollout.strategy` to `gradual`"), "set `rollout` to `gradual`");
        assert_eq!(in_profile_words("set `formula` of `scalingModifiers`"), "set `formula` in [scale]");
        assert_eq!(
            in_profile_words("set `multipleScalersCalculation` to `sum` in `scalingStrategy`"),
            "set `multiple-scalers-calculation` to `sum` in [scale.job]"
        );
    }
}
