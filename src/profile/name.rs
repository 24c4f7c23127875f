//! Names that Kubernetes accepts.

use crate::delivery::lists::Lists;
use crate::endpoint::without_password;

/// Name of a workload of the default list.
pub(super) const DEFAULT_NAME: &str = "qscale";

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
    /// An image that no node can pull, because its path has capital letters.
    #[error("`{0}` has capital letters after the registry: write the path of the image in lower case")]
    Capitals(String),
    /// Text after the `@` of an image that is not a digest.
    #[error("has an invalid digest: expected `sha256:` and 64 hexadecimal digits in lower case after the `@`")]
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

/// Makes the name of a workload from the keys of its lists: the key itself if it is one, or else what is left of it with a
/// fingerprint of all keys, so that two workloads do not get the same.
pub(super) fn of_lists(lists: &Lists) -> String {
    let keys = lists.keys().join("-");
    if lists.is_one() && keys != DEFAULT_NAME && name(&keys).is_ok() {
        return keys;
    }
    let fingerprint = format!("{:08x}", fingerprint(lists));
    let lower = keys.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>().join("-");
    let kept = &words[..words.len().min(LONGEST_NAME - 1 - fingerprint.len())];
    [kept.trim_end_matches('-'), &fingerprint].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Hashes the keys (FNV-1a): the same in any version and on any machine.
fn fingerprint(lists: &Lists) -> u32 {
    let bytes = lists.keys().iter().flat_map(|key| key.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
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
        let is_hex = |hash: &str| hash.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let lengths = [("sha256:", 64), ("sha512:", 128)];
        let mut hashes = lengths.into_iter().filter_map(|(kind, length)| Some((digest.strip_prefix(kind)?, length)));
        if !hashes.any(|(hash, length)| hash.len() == length && is_hex(hash)) {
            return Err(NameError::Digest);
        }
    }
    let tag = match last.split_once([':', '@']) {
        Some((name, tag)) if !name.is_empty() && !tag.is_empty() => tag,
        _ => return Err(NameError::Untagged(without_password(text))),
    };
    // The first part is a registry only where it looks like a host; one in capitals is a placeholder.
    let name = text.strip_suffix(tag).unwrap_or(text);
    let path = name.split_once('/').filter(|(registry, _)| registry.contains(['.', ':'])).map(|(_, path)| path);
    if path.is_some_and(|path| path.contains(|c: char| c.is_ascii_uppercase()) && !path.contains(['$', '<', '{'])) {
        return Err(NameError::Capitals(without_password(text)));
    }
    Ok(text.to_owned())
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
    fn name_of_a_workload_is_made_from_its_lists() {
        let of =
            |keys: &[&str]| of_lists(&Lists::of(keys.iter().map(|key| (*key).to_owned()).collect(), None).unwrap());
        assert_eq!(of(&["orders"]), "orders");
        let long = "x".repeat(100);
        let keys: [&[&str]; 12] = [
            &["orders"],
            &["Orders"],
            &["orders:new"],
            &["orders-new"],
            &["{orders}new"],
            &["qscale"],
            &["ä"],
            &["ö"],
            &[&long],
            &["orders", "new"],
            &["new", "orders"],
            &["-orders-"],
        ];
        let names: Vec<String> = keys.iter().map(|keys| of(keys)).collect();
        for name in &names {
            assert_eq!(super::name(name).as_ref(), Ok(name));
        }
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
        assert!(of(&["orders:new"]).starts_with("orders-new-"));
    }

    #[test]
    fn image_has_a_tag_or_a_digest() {
        let hash = "0123456789abcdef".repeat(4);
        let digests = [&hash, &format!("{hash}{hash}")].map(|hash| format!("sha{}:{hash}", hash.len() * 4));
        let pinned = digests.each_ref().map(|digest| format!("ghcr.io/a/qscale@{digest}"));
        let plain = ["qscale:1", "ghcr.io/a/qscale:1", "localhost:5000/qscale:V1"];
        for text in plain.into_iter().chain(pinned.iter().map(String::as_str)) {
            assert_eq!(image(text), Ok(text.to_owned()));
        }
        let capitals = format!("localhost:5000/Qscale@{}", digests[0]);
        for text in ["ghcr.io/Acme/qscale:1", &capitals] {
            assert_eq!(image(text), Err(NameError::Capitals(text.to_owned())));
        }
        for digest in ["sha256:abc", &digests[0].to_uppercase(), &format!("{}0", digests[0]), &format!("sha1:{hash}")] {
            assert_eq!(image(&format!("qscale@{digest}")), Err(NameError::Digest), "{digest}");
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
