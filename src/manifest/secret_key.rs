//! Keys of the Secret that holds the credentials.

use crate::profile::Profile;

/// A key of an existing Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretKey {
    pub(super) secret: String,
    pub(super) key: String,
}

/// Credential, or where it is kept.
pub(super) enum Credential {
    Literal(String),
    Secret(SecretKey),
}

/// A key of the Secret, where there is a Secret.
pub(super) fn secret_key(profile: &Profile, key: &str) -> Option<SecretKey> {
    let secret = profile.deploy.secret.clone()?;
    Some(SecretKey { secret, key: key.to_owned() })
}
