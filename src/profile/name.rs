//! Names as Kubernetes takes them.

use crate::endpoint::without_password;

/// The longest name of a workload: with `keda-hpa-` before and `-consumer` after it, it still is a label of 63.
const LONGEST_NAME: usize = 45;

/// Reads a workload's name.
///
/// # Errors
///
/// Says what Kubernetes allows.
pub fn name(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_NAME {
        return Err(format!("is longer than {LONGEST_NAME} characters; names made from it would be too long"));
    }
    namespace(text)
}

/// Reads a namespace: a DNS label.
///
/// # Errors
///
/// Says what Kubernetes allows.
pub fn namespace(text: &str) -> Result<String, String> {
    if text.len() <= 63 && is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a name of lower-case letters, digits and dashes, with a letter or digit at both ends"))
}

/// Reads an image with a tag or digest.
///
/// # Errors
///
/// Says what is missing.
pub fn image(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{}` is not an image", without_password(text)));
    }
    // A colon before the last slash belongs to the registry's port.
    let last = text.rsplit('/').next().unwrap_or(text);
    if let Some((_, digest)) = last.split_once('@') {
        let hex = |hash: &str| !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit());
        if !digest.split_once(':').is_some_and(|(_, hash)| hex(hash)) {
            return Err("what follows the `@` of an image is a digest, such as `sha256:` and 64 digits".to_owned());
        }
    }
    match last.split_once([':', '@']) {
        Some((name, tag)) if !name.is_empty() && !tag.is_empty() => Ok(text.to_owned()),
        _ => {
            let shown = without_password(text);
            Err(format!("`{shown}` needs a tag or digest: without one it is another image tomorrow"))
        }
    }
}

/// Reads the name of an object: labels joined by dots.
pub(super) fn object_name(text: &str) -> Result<String, String> {
    if text.len() <= 253 && text.split('.').all(is_dns_label) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a name of lower-case letters, digits, dashes and dots"))
}

/// Reads the path of a program in an image.
pub(super) fn program(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.ends_with('/') && !text.contains(|c: char| c.is_control()) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not the whole path of a program, such as `/usr/local/bin/qscale`"))
}

/// Reads a key of a Secret.
pub(super) fn secret_key(text: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 253 && text.chars().all(known) && !text.starts_with("..") && text != "." {
        return Ok(text.to_owned());
    }
    Err("is not a key of letters, digits, dashes, underscores and dots: name the key, and not what is in it".to_owned())
}

fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_tag_or_a_digest() {
        for text in ["qscale:1", "ghcr.io/a/qscale:1", "localhost:5000/qscale:1", "qscale@sha256:0123"] {
            assert_eq!(image(text).as_deref(), Ok(text));
        }
        for text in
            ["qscale", "localhost:5000/qscale", "qscale:", "qscale@latest", "user:secret@registry", "u:secret@h/x"]
        {
            let error = image(text).expect_err(text);
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
