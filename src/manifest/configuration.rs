//! What pods share: the ConfigMap of their settings, the Secret they read, the account they run as.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapEnvSource, EnvFromSource, Secret, ServiceAccount};
use sha2::{Digest as _, Sha256};

use super::arguments;
use super::metadata::Component;
use super::workload::Workload;
use crate::profile::ScaleKind;

/// Said above the ConfigMap.
pub(super) const COMMENT: &str =
    "All settings of the pods except the password. Pods read it at start; rendering a change replaces them.";

/// Said above the ServiceAccount.
pub(super) const ACCOUNT_COMMENT: &str = "No token is mounted: nothing here talks to the API server.";

/// Said above the Secret.
pub(super) const SECRET_COMMENT: &str =
    "Replace the placeholders with the real values, and keep the result out of version control.";

/// The annotation of a pod template that is another one when the ConfigMap is: else nothing would start new pods.
pub(super) const CHECKSUM: &str = "checksum/config";

/// The ConfigMap.
pub(super) fn config_map(workload: &Workload<'_>) -> ConfigMap {
    ConfigMap {
        metadata: workload.metadata(workload.profile.deploy.name(), Component::Workload),
        data: Some(settings(workload)),
        ..ConfigMap::default()
    }
}

/// Reference to all of it in a container.
pub(super) fn source(workload: &Workload<'_>) -> EnvFromSource {
    let name = workload.profile.deploy.name().to_owned();
    EnvFromSource { config_map_ref: Some(ConfigMapEnvSource { name, optional: None }), ..EnvFromSource::default() }
}

/// A fingerprint of the ConfigMap's content.
pub(super) fn checksum(workload: &Workload<'_>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in settings(workload) {
        for text in [name, value] {
            // With its length, so that no two contents read alike.
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
    let mut text = format!("{:x}", hash.finalize());
    // Half of it tells two contents apart, and fits into a line.
    text.truncate(32);
    text
}

/// The Secret, with texts that cannot be taken for passwords.
pub(super) fn secret(workload: &Workload<'_>) -> Option<Secret> {
    let deploy = &workload.profile.deploy;
    let name = deploy.secret.as_ref().filter(|_| deploy.write_secret == Some(true))?;
    let keys = workload.connection.secret_keys().into_iter();
    let data = keys.map(|(key, content)| (key.key.clone(), format!("<replace this with {content}>"))).collect();
    Some(Secret {
        metadata: workload.metadata(name, Component::Workload),
        string_data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    })
}

/// The account of all pods, so that rights that others give to `default` are not theirs.
pub(super) fn service_account(workload: &Workload<'_>) -> ServiceAccount {
    ServiceAccount {
        metadata: workload.metadata(workload.profile.deploy.name(), Component::Workload),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// Variables and their values.
fn settings(workload: &Workload<'_>) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> =
        workload.connection.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    settings.insert("LIST_NAME".to_owned(), workload.lists.first().to_owned());
    if !workload.lists.is_one() {
        // For consumers; a producer pushes to the first.
        settings.insert("QSCALE_LISTS".to_owned(), workload.lists.to_string());
    }
    let profile = workload.profile;
    if profile.deploy.producer == Some(true) {
        settings.extend(arguments::produce(profile).settings);
    }
    match profile.scale.kind() {
        ScaleKind::ScaledObject if profile.deploy.target.is_some() => {}
        ScaleKind::ScaledObject => settings.extend(arguments::consume(profile).settings),
        ScaleKind::ScaledJob => settings.extend(arguments::consume_job(profile).settings),
    }
    settings
}
