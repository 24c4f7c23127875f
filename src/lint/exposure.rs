//! Secrets in plain text: a name that is one of a secret, with a value that is one.
//!
//! A finding needs both. What may be shown in an excerpt is decided elsewhere, where in doubt the value is hidden.

use super::connection_string::{pairs, password_of_source_name};
use super::placeholder::Placeholder;
use crate::endpoint::secret;

/// Last words of names of secrets.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "masterauth",
];

/// Endings of words in which a name is not divided: `redispassword`, `requirepass`.
const ENDINGS: [&str; 7] = ["password", "passwd", "passphrase", "pass", "secret", "token", "apikey"];

/// Words that end in `pass`, and are no password.
const NOT_PASS: [&str; 4] = ["bypass", "compass", "trespass", "encompass"];

/// Words before `key` that make it the secret itself rather than the name of a key.
const KEYS: [&str; 10] =
    ["api", "access", "account", "private", "signing", "encryption", "master", "shared", "license", "secret"];

/// Last words that say which of several secrets it is.
const WHICH: [&str; 19] = [
    "value",
    "prod",
    "production",
    "staging",
    "stage",
    "dev",
    "test",
    "old",
    "new",
    "current",
    "previous",
    "primary",
    "secondary",
    "main",
    "default",
    "plain",
    "raw",
    "redis",
    "valkey",
];

/// Words of settings about secrets, and of tokens that are parts of a text.
const ABOUT: [&str; 42] = [
    "allow", "enable", "enabled", "disable", "disabled", "use", "require", "requires", "required", "has", "is", "no",
    "show", "hide", "reset", "skip", "with", "without", "need", "check", "validate", "verify", "ask", "generate",
    "rotate", "min", "max", "per", "pull", "tls", "existing", "bos", "eos", "pad", "unk", "sep", "mask", "stop",
    "image", "num", "empty", "expire",
];

/// Beginnings of values that say where a secret is.
const REFERENCES: [&str; 16] = [
    "$",
    "/",
    "./",
    "~/",
    "arn:",
    "vault:",
    "ref+",
    "ENC[",
    "sm://",
    "op://",
    "file:",
    "projects/",
    "secret://",
    "secretsmanager:",
    "ssm:",
    "env:",
];

/// Returns whether `value`, under this name, is a secret that can be read.
pub(super) fn exposes(name: &str, value: &str) -> bool {
    has_password(value) || (names_secret(name) && !is_harmless(name, value))
}

/// Indexes of the words of a command that hold a secret: in a URL, or as the value of an argument.
pub(super) fn words(words: &[&str]) -> Vec<usize> {
    let starts: Vec<usize> =
        words.iter().scan(0, |end, word| Some(std::mem::replace(end, *end + word.len() + 1))).collect();
    let text = words.join("\n");
    let secret = |start: usize, value: &str| {
        let name = name_before(&text[..start]);
        // `-a` of redis-cli.
        name == "a" || (names_secret(name) && !is_harmless(name, value))
    };
    let values = secret::arguments(&text);
    let starts_of: Vec<usize> =
        values.into_iter().filter(|value| secret(value.start, &text[value.clone()])).map(|value| value.start).collect();
    let holds = |(index, word): (usize, &&str)| {
        let within = starts[index]..starts[index] + word.len();
        (has_password(word) || starts_of.iter().any(|start| within.contains(start))).then_some(index)
    };
    words.iter().enumerate().filter_map(holds).collect()
}

/// The argument that ends a text, without its dashes.
fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\''));
    let start = text.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).map_or(0, |at| at + 1);
    text[start..].trim_start_matches('-')
}

/// Returns whether a name is that of a secret, and not of a setting about one: the last word decides.
///
/// Stricter than what hides secrets in output, which rather hides too much: a finding that is wrong has to be silenced.
pub(super) fn names_secret(name: &str) -> bool {
    let words = parts(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_which = |word: &str| WHICH.contains(&word) || word.chars().all(|c| c.is_ascii_digit());
    while words.len() > 1 && words.last().is_some_and(|word| is_which(word)) {
        words.pop();
    }
    let Some((last, before)) = words.split_last() else { return false };
    if before.iter().any(|word| ABOUT.contains(word)) {
        return false;
    }
    let of_redis = |word: &&&str| word.starts_with("redis") || word.starts_with("valkey");
    match *last {
        // Short words are secrets where it is said of what: `PWD` is a folder.
        "pw" | "pwd" | "pass" => before.iter().any(|word| *word != "old"),
        "auth" => before.iter().any(|word| of_redis(&word)),
        "key" => before.last().is_some_and(|word| KEYS.contains(word)),
        word => SECRETS.contains(&word) || (ENDINGS.iter().any(|end| word.ends_with(end)) && !NOT_PASS.contains(&word)),
    }
}

/// The words of a name, in lower case: `sentinelPassword` and `REDIS_PASSWORD` have two.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        let divides = !c.is_ascii_alphanumeric();
        if divides || (c.is_ascii_uppercase() && lower) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| !divides) {
            part.push(c.to_ascii_lowercase());
        }
        lower = c.is_ascii_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns whether a value is certainly not a secret: nothing, a switch, a duration, a place, the name of a Secret, or a
/// text that is replaced later.
fn is_harmless(name: &str, value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let switch = matches!(lower.as_str(), "" | "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null");
    let place = REFERENCES.iter().any(|start| value.starts_with(start)) || value.contains("://");
    let duration = lower
        .strip_suffix(['s', 'm', 'h', 'd'])
        .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
    let masked = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '…'));
    // `redis-credentials`, as the value of `…_SECRET`, is what the Secret is called.
    let object = parts(name).last().is_some_and(|last| last == "secret")
        && value.contains('-')
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
        && ["secret", "cred", "tls", "cert", "auth", "token", "password"].iter().any(|word| value.contains(word));
    switch || place || duration || masked || object || Placeholder::of(value).is_some()
}

/// Returns whether the text holds a URL or a connection string with a password, which nothing replaces.
fn has_password(text: &str) -> bool {
    let of_pair = |(name, value): (&str, &str)| {
        // Alone, `PWD` is a folder, and `Pwd` in a connection string is not.
        let is_secret = names_secret(name) || name.eq_ignore_ascii_case("pwd");
        is_secret && !is_harmless(name, value) && !is_expression(name, value)
    };
    let of_source_name = password_of_source_name(text).is_some_and(|password| !is_replaced(password));
    has_password_in_url(text) || of_source_name || pairs(text).any(of_pair)
}

/// Returns whether a value in a script, a template or a pattern stands for the secret, and is not the secret itself:
/// `$token`, `%s`, `[^&]+`, `os.environ["TOKEN"]`, `config.password`.
fn is_expression(name: &str, value: &str) -> bool {
    let is_variable = value.contains(['.', '_']) && names_secret(value);
    value.starts_with(['$', '%', '{', ':', '@', '?', '[', '(', '\\', '.', '^', '=', '>', '<', '`'])
        || value.contains(['(', '['])
        || value.ends_with([')', ']', '}'])
        || is_variable
        || value.eq_ignore_ascii_case(name)
}

/// Returns whether a password is masked, or is replaced later.
fn is_replaced(password: &str) -> bool {
    let masked = password.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'));
    masked || password.starts_with('$') || Placeholder::of(password).is_some()
}

fn has_password_in_url(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(rest.len());
        let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
        let Some((user, password)) = user.split_once(':') else { return false };
        // In `https://host:80/path@version` the `@` is not part of the address.
        let port = password.split_once('/').is_some_and(|(port, _)| port.chars().all(|c| c.is_ascii_digit()));
        !(user.contains('/') || port || is_replaced(password))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_settings_about_them() {
        for name in [
            "password",
            "REDIS_PASSWORD",
            "sentinelPassword",
            "API_KEY",
            "OPENAI_APIKEY",
            "DB_PASS",
            "auth-token",
            "S3_SECRET_ACCESS_KEY",
            "STRIPE_SECRET_KEY",
            "SECRET_KEY",
            "AWS_SESSION_TOKEN",
            "REDIS_AUTH",
            "REDISCLI_AUTH",
            "REDIS_PW",
            "MYSQL_PWD",
            "requirepass",
            "redispassword",
            "masterauth",
            "PASSWORD_PROD",
            "TOKEN_2",
            "CLIENT_SECRET",
            "clientSecret",
            "HF_TOKEN",
            "ssh_passphrase",
            "PRIVATE_KEY",
        ] {
            assert!(names_secret(name), "{name}");
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
            "TOKENIZER",
            "tokenizer",
            "TOKENIZERS_PARALLELISM",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "ALLOW_EMPTY_PASSWORD",
            "MAX_TOKEN_LENGTH",
            "VAULT_SECRET_ENGINE",
            "PASSWORD_RESET_TIMEOUT",
            "PASSWORD_MIN_LENGTH",
            "SECRET_MANAGER_ENABLED",
            "TOKEN_ISSUER",
            "TOKEN_URL",
            "PARTITION_KEY",
            "KEY_PREFIX",
            "PASSWORD_KEY",
            "PUBLIC_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ARN",
            "IMAGE_PULL_SECRET",
            "EOS_TOKEN",
            "COST_PER_TOKEN",
            "USE_AUTH_TOKEN",
            "SKIP_TOKEN",
            "PASSWORD_HASHERS",
            "SECRETS_BACKEND",
            "JWT_TOKEN_LIFETIME",
            "PASSENGER_COUNT",
            "COMPASS",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn values_that_are_no_secret_are_not_exposed() {
        for (name, value) in [
            ("REDIS_PASSWORD", ""),
            ("REDIS_PASSWORD", "$(OTHER)"),
            ("REDIS_PASSWORD", "${REDIS_PASSWORD}"),
            ("REDIS_PASSWORD", "{{ .Values.password }}"),
            ("REDIS_PASSWORD", "/run/secrets/redis"),
            ("REDIS_PASSWORD", "vault:secret/data/redis#password"),
            ("REDIS_PASSWORD", "arn:aws:secretsmanager:eu-west-1:1:secret:x"),
            ("REDIS_PASSWORD", "***"),
            ("REDIS_PASSWORD", "<redis-password>"),
            ("AUTH_TOKEN", "https://auth.example.com/token"),
            ("ACCESS_TOKEN", "15m"),
            ("DB_SECRET", "postgres-credentials"),
            ("TOKEN", "false"),
            ("DATABASE_URL", "postgres://app@db/app"),
            ("DATABASE_URL", "postgres://app:$(PASSWORD)@db/app"),
            ("DATABASE_URL", "postgres://app:${PASSWORD}@db/app"),
            ("DATABASE_URL", "postgres://app:{{password}}@db/app"),
            ("DATABASE_URL", "postgres://app:****@db/app"),
            ("PACKAGE", "https://example.com/a:b@1.2"),
            ("PACKAGE", "https://example.com:8443/a@1.2"),
            ("REDIS_DSN", "redis:6379,ssl=True,abortConnect=False"),
            ("REDIS_DSN", "redis:6379,password=${REDIS_PASSWORD}"),
            ("REDIS_DSN", "redis:6379,password=,ssl=True"),
            ("PG_DSN", "host=db user=app passfile=/run/pgpass"),
            ("MYSQL_DSN", "app@tcp(db:3306)/app"),
            ("MYSQL_DSN", "app:$(DB_PASSWORD)@tcp(db:3306)/app"),
            ("FORMAT", "host=%s password=%s"),
            ("run.sh", "export REDIS_PASSWORD=$(cat /run/secrets/redis)\n[ \"$TOKEN\" = \"\" ]"),
            ("app.py", "Redis(password=os.environ[\"REDIS_PASSWORD\"], token=self.token, secret=None)"),
            ("redact.conf", "(password|token)=[^&]+ token=\\S+"),
            ("redis.conf", "# requirepass foobared\nrequirepass $REDIS_PASSWORD"),
            ("QUERY", "sum(rate(items{token=\"\"}[1m]))"),
        ] {
            assert!(!exposes(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("REDIS_PASSWORD", "s3cret"),
            ("REDIS_PASSWORD", "12345"),
            ("API_KEY", "abc123def"),
            ("CLIENT_SECRET", "a8f5f167f44f4964e6c998dee827110c"),
            ("DATABASE_URL", "postgres://app:s3cret@db/app"),
            ("REDIS_URL", "redis://:ab/c=@redis:6379"),
            ("REDIS_DSN", "redis:6379,password=s3cret,ssl=True"),
            ("REDIS_DSN", "redis:6379,ssl=True,password=s3cret"),
            ("CONNECTION", "Server=db;Database=app;User Id=app;Pwd=s3cret;"),
            ("CONNECTION", "host=db user=app password='s3 cret'"),
            ("CONNECTION", "redis://redis:6379?password=s3cret&db=2"),
            ("CONNECTION", "jdbc:postgresql://db/app?user=app&password=s3cret"),
            (
                "STORAGE",
                "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abcd==;EndpointSuffix=core.windows.net",
            ),
            ("BUS", "Endpoint=sb://b.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=abcd="),
            ("KAFKA", "org.apache.kafka.PlainLoginModule required username=\"a\" password=\"s3cret\";"),
            ("MYSQL_DSN", "app:s3cret@tcp(db:3306)/app"),
            ("redis.conf", "port 6379\nrequirepass s3cret\n"),
            ("application.properties", "spring.data.redis.host=redis\nspring.data.redis.password=s3cret\n"),
        ] {
            assert!(exposes(name, value), "{name}={value}");
        }
    }

    #[test]
    fn arguments_with_secrets_are_known() {
        for (command, secret) in [
            (&["x", "--password=s3cret"][..], 1),
            (&["x", "--password", "s3cret"], 2),
            (&["redis-server", "--requirepass", "s3cret"], 2),
            (&["/usr/bin/redis-cli", "-h", "r", "-a", "s3cret", "ping"], 4),
            (&["sh", "-c", "redis-cli -a s3cret ping"], 2),
            (&["sh", "-c", "serve --api-key s3cret --port 80"], 2),
            (&["x", "redis://u:s3cret@h"], 1),
            (&["x", "--hf-token", "s3cret"], 2),
        ] {
            assert_eq!(words(command), [secret], "{command:?}");
        }
        for command in [
            &["x", "--tokenizer", "bert"][..],
            &["x", "--tokenizer=bert"],
            &["x", "--max-token-length", "512"],
            &["x", "--secret-name", "redis"],
            &["x", "--token-url", "https://auth.example.com/token"],
            &["x", "--access-token-ttl", "15m"],
            &["x", "--secret-arn=arn:aws:secretsmanager:eu-west-1:1:secret:x"],
            &["x", "--password=${REDIS_PASSWORD}"],
            &["x", "--eos-token", "</s>"],
            &["sh", "-c", "exec worker --password \"$REDIS_PASSWORD\""],
            &["grep", "-a", "text"],
        ] {
            assert!(words(command).is_empty(), "{command:?}");
        }
    }
}
