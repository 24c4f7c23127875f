//! Names and values in text that is not a URL: connection strings, property files, `redis.conf`.

/// Directives of `redis.conf` whose value is a password.
const DIRECTIVES: [&str; 2] = ["requirepass", "masterauth"];

/// Ends of values that are not quoted.
const ENDS: [char; 5] = [';', ',', '&', '"', '\''];

/// Returns the name and value of each `name=value`, as in `redis:6379,password=…`, `Server=db;Pwd=…` or
/// `host=db password=…`, and of the directives of `redis.conf` that set a password.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let named = text.match_indices('=').map(|(at, _)| (name_before(&text[..at]), value_of(&text[at + 1..])));
    let directives = text.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(char::is_whitespace)?;
        DIRECTIVES.contains(&name).then(|| (name, value_of(value.trim_start())))
    });
    named.chain(directives).filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// Returns the password of a data source name in the form of Go's drivers: `app:…@tcp(db:3306)/app`.
pub(super) fn password_of_source_name(text: &str) -> Option<&str> {
    let end = ["@tcp(", "@unix("].into_iter().find_map(|network| text.find(network))?;
    let start = text[..end].rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=')).map_or(0, |at| at + 1);
    text[start..end].split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
}

/// Returns the name that ends a text: letters, digits, `-`, `_` and `.`.
fn name_before(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let start = text.rfind(|c| !is_part(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

/// Returns the value that begins a text, without its quotes.
fn value_of(text: &str) -> &str {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => text[1..].split(quote).next().unwrap_or_default(),
        None => text.split(|c: char| c.is_whitespace() || ENDS.contains(&c)).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_any_form_are_read() {
        for (text, expected) in [
            ("redis:6379,password=a b,ssl=True", &[("password", "a"), ("ssl", "True")][..]),
            ("Server=db;User Id=x;Pwd=a,b;", &[("Server", "db"), ("Id", "x"), ("Pwd", "a")]),
            ("host=db password='a b' user=x", &[("host", "db"), ("password", "a b"), ("user", "x")]),
            ("redis://h:1?password=a&db=2", &[("password", "a"), ("db", "2")]),
            ("username=\"x\" password=\"a;b\";", &[("username", "x"), ("password", "a;b")]),
            ("# none\n  requirepass \"a b\"\nport 1\nmasterauth c", &[("requirepass", "a b"), ("masterauth", "c")]),
            ("é=1, ü a=2", &[("a", "2")]),
            ("password == x, password= y, =z", &[]),
        ] {
            assert_eq!(pairs(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn source_names_have_a_password() {
        assert_eq!(password_of_source_name("dsn=app:a:b@tcp(db:3306)/app"), Some("a:b"));
        assert_eq!(password_of_source_name("app@tcp(db:3306)/app"), None);
        assert_eq!(password_of_source_name("app:a@example.com"), None);
    }
}
