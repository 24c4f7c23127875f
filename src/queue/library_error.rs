//! Errors of the client library in words: it keeps many as the debug form of their cause.

use std::borrow::Cow;

/// Fields of debug forms that hold a message.
const MESSAGES: [&str; 2] = ["message: \"", "error: \""];

/// Returns an error of the library in words. It has many for the end of a connection, most of them about its own tasks.
pub(super) fn in_words(text: &str) -> Cow<'_, str> {
    let words = message(text);
    match words.trim_end_matches('.') {
        "Canceled"
        | "Connection closed"
        | "Unexpected end of stream"
        | "channel closed"
        | "Missing response"
        | "unexpected end of file"
        | "failed to fill whole buffer" => Cow::Borrowed("closed by the server"),
        words if words.starts_with("Decode Error: ") => Cow::Borrowed("not a reply of Redis"),
        "tls handshake eof" => Cow::Borrowed("closed in the TLS handshake"),
        _ => words,
    }
}

/// Returns the message in a debug form: that of `Os { code: 104, kind: ConnectionReset, message: "…" }`, and else the kind in
/// words, as of `Kind(TimedOut)` and `InvalidCertificate(UnknownIssuer)`. Other text is returned as it is.
fn message(text: &str) -> Cow<'_, str> {
    if let Some(rest) = MESSAGES.iter().find_map(|field| text.split_once(field).map(|(_, rest)| rest)) {
        return Cow::Owned(quoted(rest));
    }
    if text.starts_with("Spawn Error: ") {
        return Cow::Borrowed("the task of the connection has ended");
    }
    // A cause that is a struct or an enum itself: `Custom { kind: InvalidData, error: … }`.
    if let Some((_, rest)) = text.split_once("kind: ").filter(|(before, _)| before.trim_end().ends_with('{')) {
        let end = rest.find([',', ' ', '}']).unwrap_or(rest.len());
        return Cow::Owned(words(&rest[..end]));
    }
    let form = text.strip_prefix("Kind(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    if is_variant(form) { Cow::Owned(words(form)) } else { Cow::Borrowed(text) }
}

/// Returns whether a text is the debug form of an enum: names without blanks, in parentheses.
fn is_variant(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric())
            // Words that are no debug form are capitals, or one word: `NOAUTH`, `Canceled.`
            && name.chars().any(|c| c.is_ascii_lowercase())
    };
    let mut names = text.trim_end_matches(')').split('(');
    let several = text.contains('(') || text.chars().filter(char::is_ascii_uppercase).count() > 1;
    several && names.all(is_name)
}

/// Splits names at their capitals: `InvalidCertificate(UnknownIssuer)` is `invalid certificate (unknown issuer)`.
fn words(names: &str) -> String {
    let mut words = String::with_capacity(names.len() + 8);
    for c in names.chars() {
        if (c.is_ascii_uppercase() && !words.is_empty() && !words.ends_with('(')) || c == '(' {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words.replace("unexpected eof", "unexpected end of file")
}

/// Returns the text up to the quote that ends it, with its escapes resolved.
fn quoted(text: &str) -> String {
    let mut message = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next().filter(|c| *c != '"') {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('n' | 't' | 'r')) => message.push(' '),
            (_, Some(escaped)) => message.push(escaped),
            (c, None) => message.push(c),
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;

    #[test]
    fn debug_forms_are_put_into_words() {
        let custom = |kind, error: &str| format!("{:?}", io::Error::new(kind, error.to_owned()));
        for (form, expected) in [
            (format!("{:?}", io::Error::from_raw_os_error(104)), "Connection reset by peer"),
            (format!("{:?}", io::Error::from(ErrorKind::UnexpectedEof)), "closed by the server"),
            (format!("{:?}", io::Error::from(ErrorKind::TimedOut)), "timed out"),
            (custom(ErrorKind::UnexpectedEof, "tls handshake eof"), "closed in the TLS handshake"),
            (custom(ErrorKind::Other, "a \"b\"\nc"), "a \"b\" c"),
            (format!("{:?}", io::Error::new(ErrorKind::InvalidData, rustls::Error::DecryptError)), "invalid data"),
            (
                format!("{:?}", rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)),
                "invalid certificate (unknown issuer)",
            ),
            (format!("{:?}", rustls::Error::DecryptError), "decrypt error"),
            (
                "Error { kind: UnexpectedEof, message: \"failed to fill whole buffer\" }".to_owned(),
                "closed by the server",
            ),
            ("Spawn Error: JoinError::Panic(Id(3), ...)".to_owned(), "the task of the connection has ended"),
            ("Connection closed.".to_owned(), "closed by the server"),
            ("Canceled.".to_owned(), "closed by the server"),
            ("channel closed".to_owned(), "closed by the server"),
            ("Decode Error: frame_type: Invalid frame type.".to_owned(), "not a reply of Redis"),
        ] {
            assert_eq!(in_words(&form), expected, "{form}");
        }
        for text in ["NOAUTH Authentication required.", "Request timed out.", "ERR x: {a: 1}", ""] {
            assert_eq!(in_words(text), text);
        }
    }
}
