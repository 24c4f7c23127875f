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
