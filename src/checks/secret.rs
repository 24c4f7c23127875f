//! What looks like a secret, and must not be seen.

/// What names of secrets have in them.
const WORDS: [&str; 8] = ["password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey"];

/// What comes last in names of where a secret is, rather than of the secret.
const ELSEWHERE: [&str; 8] = ["file", "path", "name", "ref", "key", "fromenv", "dir", "url"];

/// Whether the value of what is called `name` is most likely a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let whole = WORDS.iter().any(|word| name.ends_with(word)) || name.ends_with("pass");
    whole || (WORDS.iter().any(|word| name.contains(word)) && !ELSEWHERE.iter().any(|end| name.ends_with(end)))
}

/// Whether there is a URL with a password in the text.
pub(super) fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(rest.len());
        let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
        user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("$("))
    })
}

/// What else there is in names of secrets; as many others have it, it is no more than a reason not to show a value.
const SUSPECT: [&str; 7] = ["pass", "pw", "auth", "cred", "key", "dsn", "sas"];

/// Whether `text`, which is called `name`, may be a secret or hold one: then it is not shown.
pub(super) fn may_be_secret(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let suspect = |word: &str| is_secret_name(word) || word.to_ascii_lowercase().ends_with("pw");
    // Somebody may have written the password where the name of its variable belongs, and those are in capitals.
    let variable = lower.ends_with("fromenv") && lower.contains("pass") && text.contains(char::is_lowercase);
    let before_at = text.match_indices('@').any(|(at, _)| !text[at + 1..].starts_with("sha256:"));
    let key = lower == "key" && !is_word(text);
    let mut words = text.rsplit(|c: char| matches!(c, '=' | ':' | '&' | '?') || c.is_whitespace()).skip(1);
    suspect(name) || variable || key || before_at || words.any(suspect)
}

/// Whether `text` is a secret in no variable that is called `name`: a switch, a small number, an address of a network.
pub(super) fn is_harmless(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let small = text.len() <= 5 && text.parse::<f64>().is_ok();
    !SUSPECT.iter().any(|word| lower.contains(word))
        && (small || matches!(text, "true" | "false") || text.parse::<std::net::IpAddr>().is_ok())
}

/// Whether this is a word of letters, digits and what stands between them in names, as keys are.
pub(super) fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_from_names_of_their_places() {
        for name in [
            "password",
            "REDIS_PASSWORD",
            "sentinelPassword",
            "API_KEY",
            "DB_PASS",
            "auth-token",
            "S3_SECRET_ACCESS_KEY",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["PASSWORD_FILE", "secretName", "secretKeyRef", "passwordFromEnv", "tokenUrl", "bypass-cache", "key"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(has_password("redis://u:p@h:1/0") && has_password("redis://:p@h"));
        assert!(!has_password("redis://h:1") && !has_password("redis://u@h") && !has_password("redis://:$(PW)@h"));
    }
}
