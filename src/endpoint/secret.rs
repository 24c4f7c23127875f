//! What looks like a secret, and must not be seen.

use std::ops::Range;

use super::RedisUrl;

/// Parts of names of secrets.
const WORDS: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "masterauth"];

/// Last parts of names of a secret's place or number, rather than of the secret.
const ELSEWHERE: [&str; 10] = ["file", "path", "name", "ref", "key", "fromenv", "dir", "url", "stdin", "tokens"];

/// Programs whose `-a` is a password.
const CLIENTS: [&str; 4] = ["redis-cli", "redis-benchmark", "valkey-cli", "valkey-benchmark"];

/// Returns whether the value of `name` is most likely a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let parts: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .filter(|p| !p.is_empty())
        .collect();
    let whole = match parts.split_last() {
        // Short words are secrets where it is said of what: `PWD` is a folder.
        Some((last, before)) if matches!(last.as_str(), "pw" | "pwd") => before.iter().any(|part| part != "old"),
        Some((last, before)) if last == "auth" => {
            before.iter().any(|part| part.starts_with("redis") || part.starts_with("valkey"))
        }
        _ => false,
    };
    let name = parts.concat();
    let ends = WORDS.iter().any(|word| name.ends_with(word)) || (name.ends_with("pass") && !name.ends_with("bypass"));
    let holds = WORDS.iter().any(|word| name.contains(word)) && !ELSEWHERE.iter().any(|end| name.ends_with(end));
    whole || ends || holds
}

/// Returns whether a variable holds a password that qscale uses for Redis. A file with one is not meant: who may read it
/// is decided by its permissions.
pub(crate) fn is_password_of_redis(variable: &str, value: &str) -> bool {
    let has_none = |url: RedisUrl| url.password.is_none() && url.sentinel_password.is_none();
    match variable {
        "REDIS_PASSWORD" | "REDIS_SENTINEL_PASSWORD" => true,
        // What cannot be read may hold one.
        "REDIS_URL" => !RedisUrl::parse(value.trim()).is_ok_and(has_none),
        "REDIS_ADDRESSES" => value.contains('@'),
        _ => false,
    }
}

/// Byte ranges of secrets that are values of arguments, in the text of a command or of a list of its words in quotes:
/// `--password=…`, `--requirepass …`, and `-a …` of redis-cli.
pub(crate) fn arguments(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let client = |at: usize| {
        let program = |token: &Range<usize>| text[token.clone()].rsplit('/').next().unwrap_or_default();
        tokens[..at].iter().any(|token| CLIENTS.contains(&program(token)))
    };
    let mut secrets = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let word = &text[token.clone()];
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(token.end - value.len()..token.end)),
            None => (word, tokens.get(at + 1).cloned()),
        };
        let short = name == "-a" && word == name && client(at);
        let secret = name.strip_prefix('-').is_some_and(is_secret_argument) || short;
        if let Some(value) = value.filter(|value| secret && is_value(&text[value.clone()])) {
            secrets.push(value);
        }
    }
    secrets
}

/// Of arguments, `--pull-secret` names where one is, and `--no-password` asks for none.
fn is_secret_argument(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    is_secret_name(name) && !name.ends_with("secret") && !name.starts_with("no-") && !name.starts_with("ask")
}

/// Returns whether a value is certainly not a secret: another argument, a variable, a file, the item, a switch.
fn is_value(value: &str) -> bool {
    !(value.is_empty() || value.starts_with(['-', '$', '/', '{']) || matches!(value, "true" | "false"))
}

/// The words of a text: between blanks and quotes, without what only separates quoted ones.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let (mut start, mut quote, mut escaped) = (0, None, false);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let quotes = matches!(c, '"' | '\'') && !escaped && quote.is_none_or(|open| open == c);
        if c.is_whitespace() || quotes {
            tokens.push(start..at);
            start = at + c.len_utf8();
            quote = (quotes && quote.is_none()).then_some(c);
        }
        escaped = c == '\\' && !escaped;
    }
    tokens.retain(|token| !text[token.clone()].chars().all(|c| ",=[]".contains(c)));
    tokens
}

/// Further parts of names of secrets; other names have them as well, so they are only a reason to hide a value.
const SUSPECT: [&str; 7] = ["pass", "pw", "auth", "cred", "key", "dsn", "sas"];

/// Returns whether `text`, the value of `name`, may be or hold a secret and is not shown.
pub(crate) fn may_be_secret(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let suspect = |word: &str| is_secret_name(word) || word.to_ascii_lowercase().ends_with("pw");
    // The password may stand where the name of its variable belongs, and those are in capitals.
    let variable = lower.ends_with("fromenv") && lower.contains("pass") && text.contains(char::is_lowercase);
    let before_at = text.match_indices('@').any(|(at, _)| !text[at + 1..].starts_with("sha256:"));
    let key = lower == "key" && !is_word(text);
    let mut words = text.rsplit(|c: char| matches!(c, '=' | ':' | '&' | '?') || c.is_whitespace()).skip(1);
    suspect(name) || variable || key || before_at || words.any(suspect)
}

/// Returns whether `text` is not a secret whatever `name` is: a switch, a small number, a network address.
pub(crate) fn is_harmless(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let small = text.len() <= 5 && text.parse::<f64>().is_ok();
    !SUSPECT.iter().any(|word| lower.contains(word))
        && (small || matches!(text, "true" | "false") || text.parse::<std::net::IpAddr>().is_ok())
}

/// Returns whether this is a word of letters, digits and separators of names, as keys are.
pub(crate) fn is_word(text: &str) -> bool {
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
            "REDIS_AUTH",
            "REDISCLI_AUTH",
            "REDIS_PW",
            "MYSQL_PWD",
            "requirepass",
            "masterauth",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "secretName",
            "secretKeyRef",
            "passwordFromEnv",
            "tokenUrl",
            "bypass-cache",
            "bypass",
            "key",
            "PWD",
            "OLD_PWD",
            "AUTH",
            "MAX_TOKENS",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn arguments_with_secrets_are_known() {
        let found = |words: &[&str]| {
            let text = words.join("\n");
            arguments(&text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        for words in [
            &["x", "--password=s3cret"][..],
            &["x", "--password", "s3cret"],
            &["redis-server", "--requirepass", "s3cret"],
            &["/usr/bin/redis-cli", "-h", "r", "-a", "s3cret", "ping"],
            &["sh", "-c", "redis-cli -a s3cret ping"],
            &["x", "--api-key=s3cret"],
        ] {
            assert_eq!(found(words), ["s3cret"], "{words:?}");
        }
        for words in [
            &["grep", "-a", "text"][..],
            &["x", "--password-file=/run/secret"],
            &["x", "--password-file", "secret"],
            &["x", "--password=$(REDIS_PASSWORD)"],
            &["x", "--password", "$REDIS_PASSWORD"],
            &["redis-cli", "--askpass", "ping"],
            &["x", "--no-password", "y"],
            &["x", "--pull-secret", "registry"],
            &["x", "--max-tokens=100"],
            &["x", "--password"],
        ] {
            assert!(found(words).is_empty(), "{words:?}");
        }
    }

    #[test]
    fn secrets_are_found_in_a_list_of_quoted_words() {
        let text = r#"command = ["redis-cli", "-a", "s3cret", '--token=a"b']"#;
        let found: Vec<&str> = arguments(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["s3cret", "a\"b"]);
    }
}
