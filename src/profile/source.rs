//! Text of a profile: positions of keys and values, and errors that point at them.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::DeTable;

use super::document::{apply_overlay, find, is_in_list, remove, table, with_nul};
use super::error::{Diagnostic, Place, Problem, ProfileError};
use super::message::{hint_of, problem_of, unknown_field};
use super::suggestion;
use crate::endpoint::redaction::{is_password, redacted};
use crate::units::{Origin, SettingError};

/// Text of the built-in profile.
const BUILT_IN: &str = include_str!("../../config/demo.toml");

/// Name of the built-in profile in messages.
const BUILT_IN_NAME: &str = "built-in profile";

/// Hint for a password in a profile.
const PASSWORD_SOURCES: &str = "set the password with REDIS_PASSWORD, `password-file` or the URL";

/// Text of a profile, and its name in messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, or `built-in profile`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Name of the overlay that is applied.
    pub env: Option<String>,
    /// Bytes and names of keys that are skipped because their problems have been reported.
    pub(super) skipped: Vec<(Range<usize>, String)>,
    /// Bytes of values in the tables of a list that stay although their problems have been reported: such a table may not do
    /// without them.
    pub(super) reported: Vec<Range<usize>>,
    /// Bytes of each value, by the path of its key, such as `scale.list-length`; known once the profile has been parsed.
    pub(super) spans: Option<BTreeMap<String, Range<usize>>>,
}

impl Source {
    /// Creates the source of a profile with `text`, called `name` in messages.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), env: None, skipped: Vec::new(), reported: Vec::new(), spans: None }
    }

    /// Creates the source of the built-in profile.
    pub(super) fn built_in() -> Self {
        Self::new(BUILT_IN_NAME, BUILT_IN)
    }

    /// Returns true for the built-in profile.
    pub fn is_built_in(&self) -> bool {
        self.name == BUILT_IN_NAME && self.text == BUILT_IN
    }

    /// Returns the source without the key that `diagnostic` points at, to find the next problem; `None` where it points at
    /// no key.
    pub fn skipping(&self, diagnostic: &Diagnostic) -> Option<Self> {
        let span = diagnostic.span.clone()?;
        let mut document = DeTable::parse(&self.text).ok()?;
        for (known, _) in &self.skipped {
            remove(document.get_mut(), known);
        }
        // Errors of the parser name no key.
        let is_parsed = diagnostic.key.is_some() && !self.reported.contains(&span);
        if is_parsed && is_in_list(document.get_ref(), &span) {
            let reported = [self.reported.as_slice(), &[span]].concat();
            return Some(Self { reported, ..self.clone() });
        }
        let key = remove(document.get_mut(), &span)?;
        let skipped = [self.skipped.as_slice(), &[(span, key)]].concat();
        Some(Self { skipped, spans: None, ..self.clone() })
    }

    /// Reports whether a problem of the value at `path` has been reported.
    pub(super) fn is_reported(&self, path: &[&str]) -> bool {
        !self.reported.is_empty() && self.find(path).is_some_and(|span| self.reported.contains(&span))
    }

    /// Reports whether `diagnostic` only follows from a key that has been skipped.
    pub fn is_consequence(&self, diagnostic: &Diagnostic) -> bool {
        !matches!(diagnostic.problem, Problem::UnknownKey(_)) && self.names_skipped(&diagnostic.message())
    }

    /// Reports whether `text` names a skipped key in backticks.
    pub(crate) fn names_skipped(&self, text: &str) -> bool {
        self.skipped.iter().any(|(_, key)| text.contains(&format!("`{key}`")))
    }

    /// Returns the bytes of the value at `path`, such as `["scale", "list-length"]`; where a table of a list has no such key,
    /// those of the table.
    pub fn find(&self, path: &[&str]) -> Option<Range<usize>> {
        match &self.spans {
            Some(spans) => spans.get(&path.join(".")).cloned().or_else(|| {
                let index = path.iter().rposition(|key| key.parse::<usize>().is_ok())?;
                spans.get(&path[..=index].join(".")).cloned()
            }),
            None => find(self.document().ok()?.get_ref(), path),
        }
    }

    /// Returns the profile as TOML with positions, the overlay applied.
    pub(super) fn document(&self) -> Result<Spanned<DeTable<'_>>, toml::de::Error> {
        let mut document = DeTable::parse(&self.text)?;
        for (known, _) in &self.skipped {
            remove(document.get_mut(), known);
        }
        if let Some(env) = &self.env {
            apply_overlay(document.get_mut(), env);
        }
        Ok(document)
    }

    /// Rejects an array in place of a table, which serde would read as the values of the table's keys, in order.
    pub(super) fn check_tables(&self, document: &DeTable<'_>) -> Result<(), ProfileError> {
        let overlays = table(document, "env");
        let each = overlays.into_iter().flat_map(|all| all.iter()).filter_map(|(_, value)| value.get_ref().as_table());
        for (key, value) in [document].into_iter().chain(overlays).chain(each).flat_map(|table| table.iter()) {
            if value.get_ref().is_array() {
                let problem = Problem::Form(format!("`{}` must be a table, not an array", key.get_ref()));
                let hint = "write the name of the table in single brackets".to_owned();
                return Err(self.error(Some(value.span()), None, problem, Some(hint)));
            }
        }
        Ok(())
    }

    /// Rejects a NUL character in a text.
    pub(super) fn check_texts(&self, document: &DeTable<'_>) -> Result<(), ProfileError> {
        let Some(path) = with_nul(document) else { return Ok(()) };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if self.is_reported(&path) {
            return Ok(());
        }
        let key = path.iter().rfind(|key| key.parse::<usize>().is_err()).copied();
        let problem = "has a NUL character, which no argument and no manifest can hold: remove it";
        Err(self.error_without(key, self.find(&path), Some(self.named(&path)), problem.into(), None))
    }

    /// Reports whether the overlay sets `path`.
    pub(super) fn is_overlaid(&self, path: &[&str]) -> bool {
        let (Some(env), Ok(document)) = (&self.env, DeTable::parse(&self.text)) else { return false };
        find(document.get_ref(), &[&["env", env], path].concat()).is_some()
    }

    /// Returns the text of a profile with only the table `name` of this one.
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

    /// Creates an error about the value at `path`, which points at it where the profile sets it.
    pub fn error_at(&self, path: &[&str], problem: impl Into<Problem>) -> ProfileError {
        self.error(self.find(path), Some(self.named(path)), problem.into(), None)
    }

    /// Creates an error about two keys of a table that exclude each other; it points at the one that the overlay sets, if it
    /// sets one of them.
    pub(super) fn conflict(&self, table: &str, key: &'static str, other: &'static str) -> ProfileError {
        let meant = self.overlaid_of(table, [key, other]);
        let other = if meant == key { other } else { key };
        self.error_at(&[table, meant], Problem::Conflict(other))
    }

    /// Returns the key, of those that contradict each other, that the overlay sets; the first if it sets none.
    pub(super) fn overlaid_of<'k>(&self, table: &str, keys: [&'k str; 2]) -> &'k str {
        keys.into_iter().find(|key| self.is_overlaid(&[table, key])).unwrap_or(keys[0])
    }

    /// Creates an error about a value that may be a secret and is not shown.
    pub(crate) fn error_hiding(&self, path: &[&str], problem: impl Into<Problem>) -> ProfileError {
        self.error_without(path.last().copied(), self.find(path), Some(self.named(path)), problem.into(), None)
    }

    /// Returns the key of `path`, with the overlay that is applied.
    fn named(&self, path: &[&str]) -> String {
        let mut key = String::new();
        for (at, name) in path.iter().enumerate() {
            match name.parse::<usize>() {
                Ok(index) => key.extend(["[", &self.index_in_text(&path[..at], index).to_string(), "]"]),
                Err(_) => key.extend([if key.is_empty() { "" } else { "." }, *name]),
            }
        }
        match &self.env {
            Some(env) if self.is_overlaid(path) => format!("env.{env}.{key}"),
            Some(env) => format!("{key}, with env.{env}"),
            None => key,
        }
    }

    /// Returns the index in the text of an item of the list at `path`; others before it may be skipped.
    fn index_in_text(&self, path: &[&str], index: usize) -> usize {
        let number = index.to_string();
        let item = self.find(&[path, &[number.as_str()]].concat());
        let whole = Self { skipped: Vec::new(), spans: None, ..self.clone() };
        let item_at = |index: &usize| whole.find(&[path, &[index.to_string().as_str()]].concat());
        let found =
            (index..usize::MAX).take_while(|index| item_at(index).is_some()).find(|index| item_at(index) == item);
        found.unwrap_or(index)
    }

    /// Turns an error about a setting of the profile into one that points at it.
    pub(crate) fn setting_error(&self, error: SettingError) -> ProfileError {
        let Origin::Profile { line, .. } = error.origin else { return error.into() };
        let Some((key, span)) = self.document().ok().and_then(|document| self.set_on(document.get_ref(), "", line))
        else {
            return error.into();
        };
        // A host may be a URL, password and all.
        let secret = (key.rsplit('.').next() == Some("host")).then_some("host");
        self.error_without(secret, Some(span), Some(key), Problem::Value(error.message), None)
    }

    /// Returns the key set on `line`, and the bytes of its value.
    fn set_on(&self, document: &DeTable<'_>, within: &str, line: usize) -> Option<(String, Range<usize>)> {
        document.iter().find_map(|(key, value)| {
            let key = if within.is_empty() { key.get_ref().to_string() } else { format!("{within}.{}", key.get_ref()) };
            let inner = value.get_ref().as_table().and_then(|table| self.set_on(table, &key, line));
            inner.or_else(|| (self.position(value.span().start).0 == line).then(|| (key, value.span())))
        })
    }

    /// Converts an error of the TOML parser, with a suggestion for a misspelled key.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> ProfileError {
        let message = error.message().trim_end();
        let Some((unknown, known)) = unknown_field(message) else {
            let span = error.span().map(|span| self.within_pattern(span.clone(), message).unwrap_or(span));
            return self.error(span, None, problem_of(message), hint_of(message));
        };
        let hint = match suggestion::hint(unknown, &known) {
            Some(hint) => Some(hint),
            None if is_password(unknown) => Some(PASSWORD_SOURCES.to_owned()),
            None if known.is_empty() => None,
            None => Some(format!("known keys: {}", known.join(", "))),
        };
        // Under any name, an unknown key of `[redis]` may hold a password.
        let secret = known.contains(&"password-file").then_some(unknown);
        self.error_without(secret, error.span(), None, Problem::UnknownKey(unknown.to_owned()), hint)
    }

    /// Returns the part of a pattern that an error names by its column; `None` for other errors, and where escapes move
    /// the columns.
    fn within_pattern(&self, span: Range<usize>, message: &str) -> Option<Range<usize>> {
        let (_, column) = message.strip_suffix(" of the pattern)")?.rsplit_once("(column ")?;
        let column = column.parse::<usize>().ok()?.checked_sub(1)?;
        let quoted = self.text.get(span.clone())?;
        let text = quoted.strip_prefix(['"', '\'']).filter(|text| !text.contains('\\'))?;
        let start = span.start + quoted.len() - text.len() + text.char_indices().nth(column)?.0;
        let part = self.text.get(start..span.end.saturating_sub(1))?;
        let width = part.find(',').unwrap_or(part.len()).max(1);
        Some(start..start + width)
    }

    fn error(
        &self,
        span: Option<Range<usize>>,
        key: Option<String>,
        problem: Problem,
        hint: Option<String>,
    ) -> ProfileError {
        self.error_without(None, span, key, problem, hint)
    }

    /// Creates an error whose line is shown without the value of the key `secret`.
    fn error_without(
        &self,
        secret: Option<&str>,
        span: Option<Range<usize>>,
        key: Option<String>,
        problem: Problem,
        hint: Option<String>,
    ) -> ProfileError {
        let place = span.clone().map(|span| {
            let (line, column) = self.position(span.start);
            let text = self.text.lines().nth(line - 1).unwrap_or_default();
            let rest = text.chars().count().saturating_sub(column - 1);
            let width = self.text.get(span).unwrap_or_default().chars().take_while(|c| *c != '\n').count();
            Place { line, column, width: width.clamp(1, rest.max(1)), text: redacted(text, secret) }
        });
        ProfileError::Invalid(Box::new(Diagnostic { profile: self.name.clone(), span, place, key, problem, hint }))
    }

    /// Returns line and column of a byte, both from 1; the column counts characters.
    fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("q.toml", text)
    }

    #[test]
    fn value_is_found_by_its_path() {
        let source = source("[scale]\nmin-replica-count = 3\n\n[scale.deep]\nx = \"é\"\n");
        assert_eq!(source.line_of(&["scale", "min-replica-count"]), Some(2));
        assert_eq!(source.find(&["scale", "deep", "x"]).map(|span| &source.text[span]), Some("\"é\""));
        assert_eq!(source.line_of(&["scale", "max"]), None);
    }

    #[test]
    fn error_shows_its_line_and_points_at_the_value() {
        let error = source("[queue]\nlist = \"\"\n").error_at(&["queue", "list"], "is empty");
        assert_eq!(error.to_string(), "q.toml:2:8: queue.list: is empty\n  |\n2 | list = \"\"\n  |        ^^");
    }

    #[test]
    fn mistake_in_a_pattern_is_marked_in_its_text() {
        for (text, marked) in [
            ("[produce]\npattern = \"30s@50, 1m@2OO, 5s@1\"\n", "2OO"),
            ("[produce]\npattern = '10m@poison(3)'\n", "poison(3)"),
        ] {
            let error = crate::profile::Profile::parse("q.toml", text).unwrap_err();
            let ProfileError::Invalid(diagnostic) = &error else { panic!("{error}") };
            assert_eq!(diagnostic.span.clone().map(|span| &text[span]), Some(marked), "{error}");
        }
    }

    #[test]
    fn rejected_value_has_a_hint() {
        for (text, hint) in [
            ("[consume]\nconcurrency = \"three\"\n", "without quotes"),
            ("[consume]\n[consume]\n", "each table once"),
            ("[consume]\ncommand = \"python3 worker.py\"\n", r#"write ["python3", "worker.py"]"#),
            ("[consume]\ncommand = \"sort | uniq\"\n", r#"["sh", "-c", "…"]"#),
            ("[scale]\npolling-interval = 30\n", r#"write "30s""#),
            ("[deploy]\nenv = [{ name = \"A\", value = \"b\" }]\n", "{ NAME = "),
            ("redis = \"redis://localhost\"\n", "in brackets"),
        ] {
            let error = crate::profile::Profile::parse("q.toml", text).unwrap_err();
            assert!(error.hint().is_some_and(|found| found.contains(hint)), "{text}: {error}");
        }
    }

    #[test]
    fn problem_can_be_skipped_to_find_the_next() {
        let text = "[scale]\nmin = 5\nlist-length = 0\nbehavior = { scale-up = { tolerance = -1.0 } }\n[[queue]]\n";
        let mut source = source(text);
        let mut lines = Vec::new();
        while let Err(ProfileError::Invalid(diagnostic)) = crate::profile::Profile::parse_with(source.clone(), None) {
            lines.push(diagnostic.headline().split(':').nth(1).unwrap().to_owned());
            source = source.skipping(&diagnostic).expect("it points at something");
        }
        assert_eq!(lines, ["5", "2", "3", "4"], "each once, and then none");
    }

    #[test]
    fn password_in_a_url_is_not_shown() {
        let text = "[redis]\nurl = \"redis://app:s3cret@host:1/x\"\n";
        let error = source(text).error_at(&["redis", "url"], "no").to_string();
        assert!(!error.contains("s3cret") && error.contains("redis://app:******@host"), "{error}");
    }
}
