//! The text of a profile, where in it something stands, and what is wrong there.

use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::DeTable;

use super::document::{apply_overlay, find, remove, table};
use super::error::{Place, ProfileError, Wrong};
use super::suggestion::nearest;
use crate::endpoint::redaction::{is_password, redacted};
use crate::units::{Origin, SettingError};

/// Said to who writes a password into a profile.
const PASSWORD_SOURCES: &str =
    "a password comes from REDIS_PASSWORD, from the file that `password-file` names, or from the URL";

/// What the message about a key that nobody knows begins with.
const UNKNOWN_KEY: &str = "unknown key";

/// The text of a profile and the name it goes by in messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, or `built-in profile`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The overlay that is laid over the rest.
    pub env: Option<String>,
    /// Keys and values that are passed over, by their bytes, and the keys' names: what is wrong with them is known.
    pub(super) passed_over: Vec<(Range<usize>, String)>,
}

impl Source {
    /// Makes the source of a profile that says `text` and goes by `name` in messages.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), env: None, passed_over: Vec::new() }
    }

    /// The same without what `wrong` points at, so that what else is wrong comes to light; `None` where it points at
    /// nothing that can be left out.
    pub fn passing_over(&self, wrong: &Wrong) -> Option<Self> {
        let span = wrong.span.clone()?;
        let mut document = DeTable::parse(&self.text).ok()?;
        for (known, _) in &self.passed_over {
            remove(document.get_mut(), known);
        }
        let key = remove(document.get_mut(), &span)?;
        Some(Self { passed_over: [self.passed_over.as_slice(), &[(span, key)]].concat(), ..self.clone() })
    }

    /// Whether `wrong` asks for a key that is there, and has been passed over.
    pub fn is_to_be_expected(&self, wrong: &Wrong) -> bool {
        !wrong.message.starts_with(UNKNOWN_KEY) && self.names_passed_over(&wrong.message)
    }

    /// Whether `text` names a key that has been passed over.
    pub(crate) fn names_passed_over(&self, text: &str) -> bool {
        self.passed_over.iter().any(|(_, key)| text.contains(&format!("`{key}`")))
    }

    /// Returns where the value of `path` stands, such as `["scale", "list-length"]`; the whole of it, as bytes.
    pub fn find(&self, path: &[&str]) -> Option<Range<usize>> {
        find(self.document().ok()?.get_ref(), path)
    }

    /// The profile as TOML, with the overlay laid over it; each value knows where it stands.
    pub(super) fn document(&self) -> Result<Spanned<DeTable<'_>>, toml::de::Error> {
        let mut document = DeTable::parse(&self.text)?;
        for (known, _) in &self.passed_over {
            remove(document.get_mut(), known);
        }
        if let Some(env) = &self.env {
            apply_overlay(document.get_mut(), env);
        }
        Ok(document)
    }

    /// Refuses a list where the profile or an overlay has a table: serde would take what is in it for the values of the
    /// table's keys, one after the other.
    pub(super) fn check_tables(&self, document: &DeTable<'_>) -> Result<(), ProfileError> {
        let overlays = table(document, "env");
        let each = overlays.into_iter().flat_map(|all| all.iter()).filter_map(|(_, value)| value.get_ref().as_table());
        for (key, value) in [document].into_iter().chain(overlays).chain(each).flat_map(|table| table.iter()) {
            if value.get_ref().is_array() {
                let message = format!("`{}` is a table, not a list", key.get_ref());
                let hint = "the name of a table stands in single brackets".to_owned();
                return Err(self.error(Some(value.span()), message, Some(hint)));
            }
        }
        Ok(())
    }

    /// Whether the overlay says `path`.
    fn is_overlaid(&self, path: &[&str]) -> bool {
        let (Some(env), Ok(document)) = (&self.env, DeTable::parse(&self.text)) else { return false };
        find(document.get_ref(), &[&["env", env], path].concat()).is_some()
    }

    /// Returns the text of a profile that says nothing but the table `name` of this one.
    pub fn only(&self, name: &str) -> String {
        let document =
            self.document().and_then(|document| toml::Table::deserialize(toml::Deserializer::from(document)));
        let tables = document.unwrap_or_default();
        tables.into_iter().filter(|(table, _)| table == name).collect::<toml::Table>().to_string()
    }

    /// Returns the line of `path`, counted from 1; `None` when the profile does not set it.
    pub fn line_of(&self, path: &[&str]) -> Option<usize> {
        self.find(path).map(|span| self.position(span.start).0)
    }

    /// Makes the error that the value of `path` is wrong, pointing at it where the profile sets it.
    pub fn error_at(&self, path: &[&str], message: impl Into<String>) -> ProfileError {
        self.error(self.find(path), self.named(path, &message.into()), None)
    }

    /// The same where the value may hold a secret: it is not shown.
    pub(crate) fn error_hiding(&self, path: &[&str], message: impl Into<String>) -> ProfileError {
        self.error_beside(path.last().copied(), self.find(path), self.named(path, &message.into()), None)
    }

    /// A message with the key that it is about.
    fn named(&self, path: &[&str], message: &str) -> String {
        let key = path.join(".");
        match &self.env {
            Some(env) if self.is_overlaid(path) => format!("env.{env}.{key}: {message}"),
            Some(env) => format!("{key}, with env.{env}: {message}"),
            None => format!("{key}: {message}"),
        }
    }

    /// Turns what is wrong with a setting into what is wrong with the profile, where it comes from there.
    pub(super) fn setting_error(&self, error: SettingError) -> ProfileError {
        let Origin::Profile { line, .. } = error.origin else { return error.into() };
        let Some((key, span)) = self.document().ok().and_then(|document| self.set_on(document.get_ref(), "", line))
        else {
            return error.into();
        };
        // A host may be a URL, password and all.
        let secret = (key.rsplit('.').next() == Some("host")).then_some("host");
        self.error_beside(secret, Some(span), format!("{key}: {}", error.message), None)
    }

    /// The key that is set on `line`, and where its value stands.
    fn set_on(&self, document: &DeTable<'_>, within: &str, line: usize) -> Option<(String, Range<usize>)> {
        document.iter().find_map(|(key, value)| {
            let key = if within.is_empty() { key.get_ref().to_string() } else { format!("{within}.{}", key.get_ref()) };
            let inner = value.get_ref().as_table().and_then(|table| self.set_on(table, &key, line));
            inner.or_else(|| (self.position(value.span().start).0 == line).then(|| (key, value.span())))
        })
    }

    /// Turns what the TOML reader says into our words, with the key that was meant for a near miss.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> ProfileError {
        let message = error.message().trim_end();
        let Some((unknown, known)) = unknown_field(message) else {
            return self.error(error.span(), in_plain_words(message), None);
        };
        let hint = match nearest(unknown, &known) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if is_password(unknown) => Some(PASSWORD_SOURCES.to_owned()),
            None if known.is_empty() => None,
            None => Some(format!("the keys here are: {}", known.join(", "))),
        };
        // Whatever it is called: in `[redis]` it may be a password.
        let secret = known.contains(&"password-file").then_some(unknown);
        self.error_beside(secret, error.span(), format!("{UNKNOWN_KEY} `{unknown}`"), hint)
    }

    fn error(&self, span: Option<Range<usize>>, message: String, hint: Option<String>) -> ProfileError {
        self.error_beside(None, span, message, hint)
    }

    /// Makes an error whose line is shown without the value of the key `secret`.
    fn error_beside(
        &self,
        secret: Option<&str>,
        span: Option<Range<usize>>,
        message: String,
        hint: Option<String>,
    ) -> ProfileError {
        let place = span.clone().map(|span| {
            let (line, column) = self.position(span.start);
            let text = self.text.lines().nth(line - 1).unwrap_or_default();
            let rest = text.chars().count().saturating_sub(column - 1);
            let width = self.text.get(span).unwrap_or_default().chars().take_while(|c| *c != '\n').count();
            Place { line, column, width: width.clamp(1, rest.max(1)), text: redacted(text, secret) }
        });
        ProfileError::Wrong(Box::new(Wrong { profile: self.name.clone(), span, place, message, hint }))
    }

    /// Line and column of a byte, both counted from 1; the column in characters.
    fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Takes serde's "unknown field `a`, expected one of `b`, `c`" apart: what was written, and what is known.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    Some((unknown, quoted.collect()))
}

/// What serde says of a value, without the names that types have in the code.
fn in_plain_words(message: &str) -> String {
    let message = message.replacen("unknown variant", "unknown value", 1);
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message };
    let expected = match expected {
        "a nonzero u32" | "a nonzero u64" => "a whole number from 1 on",
        "u32" | "u64" => "a whole number from 0 on",
        "u16" => "a whole number from 0 to 65535",
        "u8" => "a whole number from 0 to 255",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        expected if expected.starts_with("struct ") => "a table",
        expected => expected,
    };
    format!("{}, expected {expected}", found.trim_end_matches(" as i128"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("q.toml", text)
    }

    #[test]
    fn a_value_is_found_by_its_path() {
        let source = source("[scale]\nmin-replica-count = 3\n\n[scale.deep]\nx = \"é\"\n");
        assert_eq!(source.line_of(&["scale", "min-replica-count"]), Some(2));
        assert_eq!(source.find(&["scale", "deep", "x"]).map(|span| &source.text[span]), Some("\"é\""));
        assert_eq!(source.line_of(&["scale", "max"]), None);
    }

    #[test]
    fn an_error_shows_its_line_and_points_at_the_value() {
        let error = source("[queue]\nlist = \"\"\n").error_at(&["queue", "list"], "is empty");
        assert_eq!(error.to_string(), "q.toml:2:8: queue.list: is empty\n  |\n2 | list = \"\"\n  |        ^^");
    }

    #[test]
    fn what_is_wrong_can_be_passed_over_to_find_the_next() {
        let text = "[scale]\nmin = 5\nlist-length = 0\nbehavior = { scale-up = { tolerance = -1.0 } }\n[[queue]]\n";
        let mut source = source(text);
        let mut lines = Vec::new();
        while let Err(ProfileError::Wrong(wrong)) = crate::profile::Profile::parse_with(source.clone(), None) {
            lines.push(wrong.headline().split(':').nth(1).unwrap().to_owned());
            source = source.passing_over(&wrong).expect("it points at something");
        }
        assert_eq!(lines, ["5", "2", "3", "4"], "each once, and then none");
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        let text = "[redis]\nurl = \"redis://app:s3cret@host:1/x\"\n";
        let error = source(text).error_at(&["redis", "url"], "no").to_string();
        assert!(!error.contains("s3cret") && error.contains("redis://app:******@host"), "{error}");
    }
}
