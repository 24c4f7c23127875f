//! Existing objects that the consumers' pods need, besides the Secret of Redis.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::profile::deploy::{DeployTable, EnvKey, EnvSource, EnvValue, VolumeTable};

/// Returns the objects without which the pods do not start, each with the keys that are read.
pub(super) fn needed(deploy: &DeployTable) -> Vec<String> {
    let mut found: Vec<(&str, &Option<String>, Option<&str>)> = Vec::new();
    for value in deploy.env.values() {
        if let EnvValue::Key(EnvKey { secret, config_map, key, optional: false }) = value {
            found.push(("Secret", secret, Some(key)));
            found.push(("ConfigMap", config_map, Some(key)));
        }
    }
    for EnvSource { secret, config_map, .. } in deploy.env_from.iter().filter(|source| !source.optional) {
        found.push(("Secret", secret, None));
        found.push(("ConfigMap", config_map, None));
    }
    for VolumeTable { secret, config_map, claim, .. } in &deploy.volumes {
        found.push(("Secret", secret, None));
        found.push(("ConfigMap", config_map, None));
        found.push(("PersistentVolumeClaim", claim, None));
    }
    let mut keys: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (kind, name, key) in found {
        if let Some(name) = name.as_deref() {
            keys.entry((kind, name)).or_default().extend(key);
        }
    }
    keys.into_iter().map(|((kind, name), keys)| described(kind, name, &keys)).collect()
}

fn described(kind: &str, name: &str, keys: &BTreeSet<&str>) -> String {
    let mut text = format!("{kind} `{name}`");
    for (index, key) in keys.iter().enumerate() {
        let before = if index == 0 { " with" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{before} `{key}`");
    }
    text
}
