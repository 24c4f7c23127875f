//! What of a text that people wrote may be shown: all but passwords.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::secret;

/// Keys that have to do with a password, and hold none.
const HARMLESS: [&str; 4] =
    ["password-file", "sentinel-password-file", "secret-password-key", "secret-sentinel-password-key"];

/// Mistyped characters up to which a key still means a password.
const MISTYPED: usize = 2;

/// Parameters of a connection string that hold a password.
const PARAMETERS: [&str; 4] = ["password", "passwd", "pass", "pwd"];

/// Returns `line` as it may be shown: without the value of `secret`, without that of a key that holds a password by its
/// name, and without the password in a URL.
pub(crate) fn redacted(line: &str, secret: Option<&str>) -> String {
    let hides = |at: usize| {
        let key = key_before(&line[..at]);
        // Some write both into the name, as in a URL.
        let both = key == "username" && line[at..].contains(':');
        Some(key) == secret || both || (is_password(key) && !HARMLESS.contains(&key))
    };
    let visible = line.match_indices('=').map(|(at, _)| at).find(|at| hides(*at));
    match visible {
        Some(at) => format!("{}= …", without_password(&line[..at])),
        None => without_arguments(&without_password(line)),
    }
}

/// Text without the passwords among the arguments of a command.
pub(crate) fn without_arguments(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secret::arguments(text) {
        shown += &text[end..secret.start];
        shown.extend(text[secret.clone()].chars().map(|_| '*'));
        end = secret.end;
    }
    shown + &text[end..]
}

/// Returns whether `key` most likely names a password.
pub(crate) fn is_password(key: &str) -> bool {
    const PASSWORD: &str = "password";
    let key = key.to_ascii_lowercase();
    // The distance is at least the difference in length, which is cheaper to find out.
    let is_near = key.chars().count().abs_diff(PASSWORD.len()) <= MISTYPED
        && strsim::damerau_levenshtein(&key, PASSWORD) <= MISTYPED;
    key.contains("pass") || is_near
}

/// The key that ends `text`, the last part of a dotted one, without quotes.
fn key_before(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'']);
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
    start.map_or(text, |at| text[at..].trim_start_matches(|c: char| !c.is_alphanumeric() && c != '-' && c != '_'))
}

/// Text with a URL in it as it may be shown: the URL keeps its shape and loses its password. Without an `@`, what is no
/// port may be one as well. An address with user and password, as a URL without its scheme, loses that too.
pub fn without_password(text: &str) -> String {
    without_parameter(&without_userinfo(text))
}

/// Text without the value of the parameter `sentinelPassword` of a URL.
fn without_parameter(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for (at, name) in lower.match_indices("sentinelpassword=") {
        let start = at + name.len();
        if start < end {
            continue;
        }
        let length = text[start..].find(|c: char| matches!(c, '&' | '"' | '\'' | '`') || c.is_whitespace());
        shown += &text[end..start];
        end = length.map_or(text.len(), |length| start + length);
        shown.extend(text[start..end].chars().map(|_| '*'));
    }
    shown + &text[end..]
}

fn without_userinfo(text: &str) -> String {
    let Some(start) = text.find("://").map(|at| at + 3) else { return without_credentials(text) };
    let end = text[start..].rfind('@').map(|at| start + at);
    // The colons of an IPv6 address separate no password.
    let address = text[start..].strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    let address = address.filter(|address| end.is_none() && address.parse::<Ipv6Addr>().is_ok());
    let host = start + address.map_or(0, |address| address.len() + 2);
    let Some(colon) = text[host..end.unwrap_or(text.len())].find(':').map(|colon| host + colon + 1) else {
        return text.to_owned();
    };
    let end = end.unwrap_or_else(|| {
        let port = text[colon..].chars().take_while(char::is_ascii_digit).count();
        let word = text[colon..].find(|c: char| matches!(c, '"' | '\'' | '/') || c.is_whitespace());
        let word = word.unwrap_or(text.len() - colon);
        let parameters = port > 0 && text[colon + port..].starts_with('?');
        if port == word || parameters { colon } else { colon + word }
    });
    format!("{}{}{}", &text[..colon], "*".repeat(text[colon..end].chars().count()), &text[end..])
}

/// Returns a message as it may be shown: each URL and address in it loses its password, and a URL its user as well unless
/// `is_user` knows the name, for many a password stands where the user belongs.
pub(crate) fn in_message(text: &str, is_user: impl Fn(&str) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for range in secrets_in(text, is_user) {
        // What is covered already keeps its width: carets may stand below it.
        let is_covered = text[range.clone()].bytes().all(|byte| byte == b'*');
        if range.start >= end && !is_covered {
            shown += &text[end..range.start];
            shown += COVER;
            end = range.end;
        }
    }
    shown + &text[end..]
}

/// Replacement of a password.
pub(crate) const COVER: &str = "***";

/// Returns the passwords of the URLs and addresses in `value`.
pub(crate) fn passwords(value: &str) -> Vec<&str> {
    // Each form of a password has one of these before it or behind it: most values have none.
    if !value.contains(['@', '=', ':']) {
        return Vec::new();
    }
    // As a whole it may be one URL, with anything in its password.
    let whole = without_password(value);
    let hidden = whole.bytes().zip(value.bytes()).position(|(shown, typed)| shown != typed);
    let whole = hidden.map(|start| {
        let rest = whole[start..].bytes().take_while(|byte| *byte == b'*').count();
        let end = value[start..].char_indices().nth(rest).map_or(value.len(), |(at, _)| start + at);
        &value[start..end]
    });
    secrets_in(value, |_| false).into_iter().map(|range| &value[range]).chain(whole).collect()
}

/// Returns the values of the keys in a line of a profile that hold a password by their names.
pub(crate) fn password_values(line: &str) -> impl Iterator<Item = &str> {
    let keys = line.match_indices('=').filter(|(at, _)| is_password(key_before(&line[..*at])));
    keys.map(|(at, _)| {
        let value = line[at + 1..].trim_start();
        match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split([' ', ',', '}']).next().unwrap_or_default(),
        }
    })
}

/// Byte ranges of passwords, in order: in URLs, and in addresses with user and password.
fn secrets_in(text: &str, is_user: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_whitespace() || matches!(c, '`' | '"' | '\'') {
            secrets.extend(secret_in_word(text, start..at, &is_user));
            secrets.extend(secrets_in_query(text, start..at));
            start = at + c.len_utf8();
        }
    }
    secrets
}

/// Parameters that hold a password by their names: of a URL, or of a connection string such as `h:6379,password=…`.
fn secrets_in_query(text: &str, word: Range<usize>) -> Vec<Range<usize>> {
    let is_url = text[word.clone()].contains("://");
    let end_of_value = |at: usize| {
        let end = text[at..word.end].find(if is_url { ['&'; 2] } else { [',', ';'] });
        end.map_or(word.end, |end| at + end)
    };
    let names = text[word.clone()].match_indices('=').map(|(at, _)| word.start + at);
    let passwords = names.filter(|at| {
        let key = key_before(&text[word.start..*at]);
        if is_url { is_password(key) } else { PARAMETERS.iter().any(|name| key.eq_ignore_ascii_case(name)) }
    });
    let values = passwords.map(|at| at + 1..end_of_value(at));
    values.filter(|value| !value.is_empty()).collect()
}

fn secret_in_word(text: &str, word: Range<usize>, is_user: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let scheme = text[word.clone()].find("://").map(|at| word.start + at + 3);
    let start = scheme.unwrap_or(word.start);
    let at = text[start..word.end].rfind('@').map(|at| start + at);
    let colon = |end: usize| text[start..end].find(':').map(|colon| start + colon + 1);
    match (scheme, at) {
        (_, Some(at)) if scheme.is_some() || !text[at + 1..].starts_with("sha256:") => match colon(at) {
            Some(colon) => (colon < at).then_some(colon..at),
            None => (scheme.is_some() && start < at && !is_user(&text[start..at])).then_some(start..at),
        },
        // Without an `@`, what is no port may be a password.
        (Some(_), None) => {
            let colon = colon(word.end).filter(|_| !text[start..].starts_with('['))?;
            // A style of the terminal may end with the word.
            let end = text[colon..word.end].find(['/', '?', ',', ')', ';', '\u{1b}']);
            let end = end.map_or(word.end, |end| colon + end);
            let port = text[colon..end].trim_end_matches([':', '.']);
            (!port.bytes().all(|byte| byte.is_ascii_digit())).then_some(colon..end)
        }
        _ => None,
    }
}

/// Text between a colon and an `@` of the same quoted text is a password, except the tag before a digest.
fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let quote = before.rfind(['"', '\'']).map_or(0, |quote| quote + 1);
        let colon = before[quote..].find(':').filter(|_| !after.starts_with("sha256:"));
        let password = colon.map_or(at, |colon| quote + colon + 1);
        shown.push_str(&before[..password]);
        shown.extend(before[password..].chars().map(|_| '*'));
        shown.push('@');
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden() {
        for (line, shown) in [
            ("password = \"s3cret\"", "password = …"),
            ("redis.pasword=\"s3cret\"", "redis.pasword= …"),
            ("\"PASSWD\" = 's3cret'", "\"PASSWD\" = …"),
            ("redis = { host = \"h\", password = \"s3cret\" }", "redis = { host = \"h\", password = …"),
            ("addresses = [\"u:s3cret@r:1\", \":s3c, ret@r\"]", "addresses = [\"u:******@r:1\", \":********@r\"]"),
            ("image = \"r.io:5000/q@sha256:0\"", "image = \"r.io:5000/q@sha256:0\""),
            ("url = \"redis://app:s3cret@h:1\"", "url = \"redis://app:******@h:1\""),
            ("url = \"redis://:s3cr@et@h\"", "url = \"redis://:*******@h\""),
            ("url = \"redis://:s3cret\"", "url = \"redis://:******\""),
            ("command = [\"redis-cli\", \"-a\", \"s3cret\"]", "command = [\"redis-cli\", \"-a\", \"******\"]"),
            ("command = [\"x\", \"--token=s3cret\"]", "command = [\"x\", \"--token=******\"]"),
            ("command = [\"x\", \"--password=s3cret\"]", "command = [\"x\", \"--password= …"),
            ("username = \"u:s3cret\"", "username = …"),
        ] {
            assert_eq!(redacted(line, None), shown);
        }
        assert_eq!(redacted("auth = \"s3cret\"", Some("auth")), "auth = …");
    }

    #[test]
    fn url_in_a_text_loses_only_its_password() {
        for (text, shown) in [
            ("redis://app:s3cret@h:1/2", "redis://app:******@h:1/2"),
            ("url = \"http://:p@ss@h\" # x", "url = \"http://:****@h\" # x"),
            ("redis://app@h:1", "redis://app@h:1"),
            ("redis://h:s3cret", "redis://h:******"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
            ("redis://[::1]:s3cret", "redis://[::1]:******"),
            ("redis://[:s3cret]", "redis://[:*******"),
            ("redis://:s3cret@[::1]:6379", "redis://:******@[::1]:6379"),
            ("a:b@c", "a:*@c"),
            ("redis://app:s3cret@h:1?sentinelPassword=t0p&db=1", "redis://app:******@h:1?sentinelPassword=***&db=1"),
            (
                "redis://h:1?sentinelUsername=m&sentinelPassword=t0p",
                "redis://h:1?sentinelUsername=m&sentinelPassword=***",
            ),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn messages_lose_passwords_and_keep_the_rest() {
        let user = |name: &str| name == "app";
        for (message, shown) in [
            (
                "cannot use Redis at redis://app@h:1: no reply from redis://u:s3cret@h",
                "cannot use Redis at redis://app@h:1: no reply from redis://u:***@h",
            ),
            ("`redis://s3cret@h` is not a port", "`redis://***@h` is not a port"),
            (
                "invalid type: string \"rediss://:s3cret@h:1/0\", expected u16",
                "invalid type: string \"rediss://:***@h:1/0\", expected u16",
            ),
            ("redis://h:s3cret, redis://h:6379: x, http://[::1]:5", "redis://h:***, redis://h:6379: x, http://[::1]:5"),
            ("q.toml:2:8: redis.port: u:s3cret@h:1 is not", "q.toml:2:8: redis.port: u:***@h:1 is not"),
            ("image r.io:5000/q@sha256:0, mail a@b, at 10:00", "image r.io:5000/q@sha256:0, mail a@b, at 10:00"),
            ("\u{1b}[1mon redis://h:6379\u{1b}[0m", "\u{1b}[1mon redis://h:6379\u{1b}[0m"),
            ("redis://u:p@ss@h", "redis://u:***@h"),
            ("redis://u:******@h", "redis://u:******@h"),
            ("redis://u:a@h?sentinelPassword=s3cret&db=1", "redis://u:***@h?sentinelPassword=***&db=1"),
            ("`h:6379,password=s3cret,ssl=True` is not a port", "`h:6379,password=***,ssl=True` is not a port"),
            ("REDIS_DB: `Server=h;Pwd=s3cret;` is not", "REDIS_DB: `Server=h;Pwd=***;` is not"),
            ("password-file=/run/p passed=3", "password-file=/run/p passed=3"),
        ] {
            assert_eq!(in_message(message, user), shown);
        }
    }

    #[test]
    fn passwords_of_a_value_are_found() {
        for (value, expected) in [
            ("redis://u:s3cret@h", "s3cret"),
            ("redis://s3cret@h", "s3cret"),
            ("redis://u:a b`c\"d@h", "a b`c\"d"),
            ("u:s3cret@h", "s3cret"),
            ("a redis://h:s3cret b", "s3cret"),
        ] {
            assert!(passwords(value).contains(&expected), "{value}: {:?}", passwords(value));
        }
        for value in ["redis://h:1/0", "mylist", "30s@50, 1m@200..1000", "r.io:5000/q@sha256:0", "{\"a\": 1}"] {
            assert!(passwords(value).is_empty(), "{value}");
        }
    }

    #[test]
    fn text_without_a_password_is_unchanged() {
        for line in [
            "",
            "host = \"h\"",
            "password-file = \"/run/secrets/redis\"",
            "secret-password-key = \"password\"",
            "url = \"redis://h:6379/0\"",
            "url = \"redis://app@h:6379\"",
            "url = \"unix:///run/redis.sock\"",
        ] {
            assert_eq!(redacted(line, None), line);
        }
    }
}
