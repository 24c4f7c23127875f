//! Values of Secrets: their encoding, and newlines that were not meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::lint::exposure;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object};
use crate::lint::placeholder::Placeholder;
use crate::lint::rule::Rule;

/// Keys of credentials that are no secrets.
const NAMES: [&str; 8] =
    ["user", "username", "login", "redis-username", "redis_username", "REDIS_USERNAME", "REDIS_USER", "host"];

/// Checks the values of a Secret.
pub(super) fn check(secret: &Object<'_>, report: &mut Report) {
    for (key, value) in secret.at(&["data"]).entries() {
        let Some(text) = value.text().filter(|text| !is_replaced(secret, text)) else { continue };
        match decoded(text) {
            Some(bytes) if is_line(&bytes) && is_credential(key) => newline(&value, report),
            Some(_) => {}
            None => {
                let message = "is not base64: the API server refuses the Secret";
                let hint = "encode it with `printf %s VALUE | base64 -w0`, or write it unencoded under `stringData`";
                report.add(Rule::SecretData, &value.by_key(), message, hint);
            }
        }
    }
    for (key, value) in secret.at(&["stringData"]).entries() {
        if value.text().is_some_and(|text| is_line(text.as_bytes())) && is_credential(key) {
            newline(&value, report);
        }
    }
}

/// Checks a value that is used as a credential, under whatever key.
pub(super) fn check_credential(secret: &Object<'_>, key: &str, report: &mut Report) {
    let (data, plain) = (secret.at(&["data", key]), secret.at(&["stringData", key]));
    let bytes = data.text().filter(|text| !is_replaced(secret, text)).and_then(decoded);
    if bytes.is_some_and(|bytes| is_line(&bytes)) {
        newline(&data, report);
    }
    if plain.text().is_some_and(|text| is_line(text.as_bytes())) {
        newline(&plain, report);
    }
}

fn newline(at: &Cursor<'_>, report: &mut Report) {
    let message = "ends with a newline, which is a part of the password: Redis answers WRONGPASS to programs that do \
                   not trim it, as KEDA does";
    let hint = "encode it with `printf %s VALUE | base64 -w0`: `echo` adds a newline";
    report.add(Rule::TrailingNewline, &at.by_key(), message, hint);
}

/// Returns the bytes of a value; the API server accepts line breaks in it, and nothing without its padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    STANDARD.decode(text).ok()
}

/// Returns whether it is a single line, newline and all: certificates and keys have several.
fn is_line(bytes: &[u8]) -> bool {
    bytes.strip_suffix(b"\n").is_some_and(|line| !line.is_empty() && !line.contains(&b'\n') && !line.starts_with(b"{"))
}

fn is_credential(key: &str) -> bool {
    exposure::names_secret(key) || NAMES.contains(&key)
}

/// Returns whether another tool puts the value in its place: sops, the Argo CD Vault plugin, envsubst.
fn is_replaced(secret: &Object<'_>, text: &str) -> bool {
    let annotations = secret.at(&["metadata", "annotations"]);
    let by_plugin = || annotations.entries().iter().any(|(key, _)| key.starts_with("avp.kubernetes.io/"));
    match Placeholder::of(text) {
        Some(Placeholder::Example) => by_plugin(),
        kind => kind.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_as_the_api_server_does() {
        assert_eq!(decoded("c2VjcmV0Cg=="), Some(b"secret\n".to_vec()));
        assert_eq!(decoded("c2Vj\ncmV0"), Some(b"secret".to_vec()));
        for text in ["notbase64!", "c2VjcmV0Cg", "c2VjcmV0-_==", "<base64-encoded-password>"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn one_line_is_told_from_a_certificate() {
        assert!(is_line(b"secret\n") && is_line(b"secret\r\n"));
        for bytes in [&b"secret"[..], b"", b"\n", b"-----BEGIN\nabc\n-----END\n", b"{\"auths\":{}}\n"] {
            assert!(!is_line(bytes), "{bytes:?}");
        }
    }
}
