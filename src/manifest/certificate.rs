//! Certificates and keys that the Secret holds: files in pods, parameters of KEDA.

use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource, Volume, VolumeMount};

use super::secret_key::{SecretKey, secret_key};
use crate::profile::{Profile, ProfileError};

/// The name of the volume that holds them.
const VOLUME: &str = "redis-tls";

/// The folder in the container that it is mounted at.
const FOLDER: &str = "/etc/qscale/tls";

/// One of them.
pub(super) struct Certificate {
    /// Key of the Secret.
    pub(super) key: SecretKey,
    /// The variable that names its file.
    pub(super) variable: &'static str,
    /// Parameter of a `TriggerAuthentication`.
    pub(super) parameter: &'static str,
    /// Name in messages.
    pub(super) content: &'static str,
    file: &'static str,
}

/// Those that the profile names.
///
/// # Errors
///
/// Says which of a certificate and its key is missing: KEDA and qscale take both or none.
pub(super) fn certificates(profile: &Profile) -> Result<Vec<Certificate>, ProfileError> {
    let deploy = &profile.deploy;
    let wrong = |key: &str, message: &str| Err(profile.source.error_at(&["deploy", key], message));
    match (&deploy.secret_cert_key, &deploy.secret_key_key) {
        (Some(_), None) => {
            return wrong("secret-cert-key", "requires `secret-key-key`");
        }
        (None, Some(_)) => {
            return wrong("secret-key-key", "requires `secret-cert-key`");
        }
        _ => {}
    }
    let known = [
        (&deploy.secret_ca_key, "ca.crt", "REDIS_TLS_CA", "ca", "the certificates to trust, in PEM"),
        (&deploy.secret_cert_key, "tls.crt", "REDIS_TLS_CERT", "cert", "the client's certificate, in PEM"),
        (&deploy.secret_key_key, "tls.key", "REDIS_TLS_KEY", "key", "the client's key, in PEM"),
    ];
    let held = known.into_iter().filter_map(|(key, file, variable, parameter, content)| {
        let key = secret_key(profile, key.as_deref()?)?;
        Some(Certificate { key, variable, parameter, content, file })
    });
    Ok(held.collect())
}

impl Certificate {
    /// The file in the container.
    pub(super) fn path(&self) -> String {
        format!("{FOLDER}/{}", self.file)
    }
}

/// The volume of those that there are, and where it is mounted.
pub(super) fn volume(certificates: &[Certificate]) -> Option<(Volume, VolumeMount)> {
    let secret = certificates.first()?.key.secret.clone();
    let item = |held: &Certificate| KeyToPath { key: held.key.key.clone(), path: held.file.to_owned(), mode: None };
    let source = SecretVolumeSource {
        secret_name: Some(secret),
        items: Some(certificates.iter().map(item).collect()),
        ..SecretVolumeSource::default()
    };
    let volume = Volume { name: VOLUME.to_owned(), secret: Some(source), ..Volume::default() };
    let mount = VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: FOLDER.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    Some((volume, mount))
}
