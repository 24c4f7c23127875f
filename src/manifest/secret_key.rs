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

impl Credential {
    /// The key of the Secret, where it is kept in one.
    pub(super) fn key(&self) -> Option<&SecretKey> {
        match self {
            Self::Literal(_) => None,
            Self::Secret(key) => Some(key),
        }
    }

    /// The text, where it is not secret.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Secret(_) => None,
        }
    }
}

/// A key of the Secret, where there is a Secret.
pub(super) fn secret_key(profile: &Profile, key: &str) -> Option<SecretKey> {
    let secret = profile.deploy.secret.clone()?;
    Some(SecretKey { secret, key: key.to_owned() })
}
