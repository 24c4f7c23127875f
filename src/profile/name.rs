//! Names that Kubernetes accepts.

use crate::endpoint::without_password;

/// Longest name of a workload: with the prefix `keda-hpa-` and the suffix `-consumer` it still fits a label of 63.
const LONGEST_NAME: usize = 45;

/// Invalid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too long for the names derived from it.
    #[error("must be at most {LONGEST_NAME} characters: the names of objects are derived from it")]
    TooLong,
    /// Not a DNS label.
    #[error(
        "`{0}` is not a valid name: use lower-case letters, digits and dashes, with a letter or digit at both ends"
    )]
    Label(String),
    /// Not DNS labels joined by dots.
    #[error("`{0}` is not a valid name: use lower-case letters, digits, dashes and dots")]
    Object(String),
    /// Not a container image.
    #[error("`{0}` is not a valid image")]
    Image(String),
    /// Text after the `@` of an image that is not a digest.
    #[error("has an invalid digest: expected `sha256:` and 64 hexadecimal digits after the `@`")]
    Digest,
    /// An image whose content changes.
    #[error("`{0}` has no tag or digest: pin a version, such as `:1.2.3`")]
    Untagged(String),
    /// Not an absolute path.
    #[error("`{0}` is not an absolute path, such as `/usr/local/bin/qscale`")]
    Path(String),
    /// Not a key of a Secret; not repeated, because it may be the secret.
    #[error(
        "is not a valid key of a Secret: use letters, digits, dashes, underscores and dots; set the key, not its value"
    )]
    SecretKey,
}

/// Parses the name of a workload.
///
/// # Errors
///
/// Fails for a name that is too long or not a DNS label.
pub fn name(text: &str) -> Result<String, NameError> {
    if text.len() > LONGEST_NAME {
        return Err(NameError::TooLong);
    }
    namespace(text)
}

/// Parses a namespace.
///
/// # Errors
///
/// Fails for anything but a DNS label.
pub fn namespace(text: &str) -> Result<String, NameError> {
    if text.len() <= 63 && is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(NameError::Label(text.to_owned()))
}

/// Parses an image with a tag or digest.
///
/// # Errors
///
/// Fails when tag and digest are missing, or for anything but an image.
pub fn image(text: &str) -> Result<String, NameError> {
    if text.is_empty() || text.contains("://") || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(NameError::Image(without_password(text)));
    }
    // A colon before the last slash belongs to the registry's port.
    let last = text.rsplit('/').next().unwrap_or(text);
    if let Some((_, digest)) = last.split_once('@') {
        let hex = |hash: &str| !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit());
        if !digest.split_once(':').is_some_and(|(algorithm, hash)| algorithm.starts_with("sha") && hex(hash)) {
            return Err(NameError::Digest);
        }
    }
    match last.split_once([':', '@']) {
        Some((name, tag)) if !name.is_empty() && !tag.is_empty() => Ok(text.to_owned()),
        _ => Err(NameError::Untagged(without_password(text))),
    }
}

/// Parses the name of an object: DNS labels joined by dots.
pub(super) fn object_name(text: &str) -> Result<String, NameError> {
    if text.len() <= 253 && text.split('.').all(is_dns_label) {
        return Ok(text.to_owned());
    }
    Err(NameError::Object(text.to_owned()))
}

/// Parses the path of a program in an image.
pub(super) fn program(text: &str) -> Result<String, NameError> {
    if text.starts_with('/') && !text.ends_with('/') && !text.contains(|c: char| c.is_control()) {
        return Ok(text.to_owned());
    }
    Err(NameError::Path(text.to_owned()))
}

/// Parses a key of a Secret.
pub(super) fn secret_key(text: &str) -> Result<String, NameError> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 253 && text.chars().all(known) && !text.starts_with("..") && text != "." {
        return Ok(text.to_owned());
    }
    Err(NameError::SecretKey)
}

fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_has_a_tag_or_a_digest() {
        for text in ["qscale:1", "ghcr.io/a/qscale:1", "localhost:5000/qscale:1", "qscale@sha256:0123"] {
            assert_eq!(image(text), Ok(text.to_owned()));
        }
        assert!(matches!(image("redis://u:secret@h:1"), Err(NameError::Image(shown)) if !shown.contains("secret")));
        for text in
            ["qscale", "localhost:5000/qscale", "qscale:", "qscale@latest", "user:secret@registry", "u:secret@h/x"]
        {
            let error = image(text).expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
