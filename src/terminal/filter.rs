//! The one way of every message out of the program: without passwords, and without characters that control a terminal.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::endpoint::redaction::{COVER, in_message, is_password, password_values, passwords};
use crate::units::{shortened, visible, visible_lines, visible_output};

/// Limit of secrets that are kept: inputs may hold any number.
const MAX_SECRETS: usize = 1_000;

/// Filters messages; cheap to clone, and all clones know the same secrets.
///
/// Two nets: whatever looks like a password by its place in a URL or address, and whatever was one in the inputs, wherever it
/// turns up.
#[derive(Clone, Default)]
pub(crate) struct OutputFilter(Arc<RwLock<Learned>>);

#[derive(Default)]
struct Learned {
    /// The longest first: one may be part of another.
    secrets: Vec<String>,
    users: BTreeSet<String>,
}

impl OutputFilter {
    /// Learns the passwords in a value from outside: a word of the command line, a variable, a line of the profile.
    pub(crate) fn learn(&self, value: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for password in passwords(value) {
            known.add(password);
        }
    }

    /// Learns a password.
    pub(crate) fn learn_password(&self, password: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(password.trim());
    }

    /// Learns the passwords in the text of a profile, which need not be valid.
    pub(crate) fn learn_profile(&self, text: &str) {
        // Values as they are meant, without the escapes of TOML.
        if let Ok(table) = text.parse::<toml::Table>() {
            self.learn_values(&toml::Value::Table(table));
        }
        for line in text.lines() {
            let value = line.split_once('=').map_or(line, |(_, value)| value);
            value.split(['"', '\'']).for_each(|word| self.learn(word));
            self.learn(value.trim().trim_matches(['"', '\'']));
            password_values(line).for_each(|password| self.learn_password(password));
        }
    }

    fn learn_values(&self, value: &toml::Value) {
        match value {
            toml::Value::String(text) => self.learn(text),
            toml::Value::Array(values) => values.iter().for_each(|value| self.learn_values(value)),
            toml::Value::Table(table) => {
                for (key, value) in table {
                    match value {
                        toml::Value::String(password) if is_password(key) => self.learn_password(password),
                        value => self.learn_values(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Learns that `name` is a user, and no password in the wrong place.
    pub(crate) fn learn_user(&self, name: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.secrets.retain(|secret| secret != name);
        known.users.insert(name.to_owned());
    }

    /// Filters a message in one line.
    pub(crate) fn line(&self, text: &str) -> String {
        visible(&self.redact(text)).into_owned()
    }

    /// Filters a message that may have several lines, and shortens long ones.
    pub(crate) fn lines(&self, text: &str) -> String {
        shortened(&visible_lines(&self.redact(text))).into_owned()
    }

    /// Filters the output of a command: text with colors of its own.
    pub(crate) fn output(&self, text: &str) -> String {
        visible_output(&self.redact(text)).into_owned()
    }

    /// Filters a value, and writes it in one line. Its texts are filtered before they are written: what looks like a password
    /// may end within an escape.
    pub(crate) fn json(&self, value: Value) -> String {
        visible_output(&self.redact_value(value).to_string()).into_owned()
    }

    fn redact_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.redact(&text).into(),
            Value::Array(values) => values.into_iter().map(|value| self.redact_value(value)).collect(),
            Value::Object(entries) => {
                entries.into_iter().map(|(key, value)| (self.redact(&key), self.redact_value(value))).collect()
            }
            value => value,
        }
    }

    fn redact(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let distinct = known.secrets.iter().filter(|secret| is_distinct(secret));
        let text = distinct.fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), COVER) } else { text }
        });
        in_message(&text, |name| known.users.contains(name))
    }
}

impl Learned {
    /// Adds a password in each form that messages may have it in.
    fn add(&mut self, password: &str) {
        let decoded = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        for form in [password, &*decoded] {
            let quoted: String = form.escape_debug().collect();
            for form in [form.to_owned(), quoted] {
                let is_new = !form.is_empty() && !self.secrets.contains(&form) && !self.users.contains(&form);
                if is_new && self.secrets.len() < MAX_SECRETS {
                    self.secrets.push(form);
                }
            }
        }
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }
}

/// Returns false for passwords that are words or small numbers: they stand in messages for other reasons as well, and are
/// only covered in their own place.
fn is_distinct(secret: &str) -> bool {
    let word = secret.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = secret.bytes().all(|byte| byte.is_ascii_digit());
    match secret.len() {
        0..4 => false,
        4..6 => !word && !number,
        6..10 => !word,
        _ => true,
    }
}

impl std::fmt::Debug for OutputFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputFilter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_secrets_are_covered_wherever_they_turn_up() {
        let filter = OutputFilter::default();
        filter.learn("redis://u:s3cr%40et`x y@h");
        filter.learn_password("hunter2\n");
        filter.learn_password("redis");
        let shown = filter.lines("Redis said: s3cr@et`x y, s3cr%40et`x y; redis: hunter2\n");
        assert_eq!(shown, "Redis said: ***, ***; redis: ***\n");
    }

    #[test]
    fn value_without_its_passwords_is_still_json() {
        let filter = OutputFilter::default();
        filter.learn_password("hunter2\\");
        let value = json!({ "a": "http://h\u{1b}:\"x", "hunter2\\": ["at hunter2\\", 1, "redis://u:p\\ss@h"] });
        let shown: Value = serde_json::from_str(&filter.json(value)).expect("JSON");
        assert_eq!(shown, json!({ "a": "http://h\u{1b}:\"x", "***": ["at ***", 1, "redis://u:***@h"] }));
    }

    #[test]
    fn passwords_of_a_profile_are_learned_even_if_it_is_invalid() {
        let filter = OutputFilter::default();
        filter.learn_profile(
            "[redis\npassword = \"hunter2\"\nport = \"redis://u:s3cret@h\"\nx = { passwd = 'p4ssw0rd' }\n",
        );
        assert_eq!(filter.line("hunter2 s3cret p4ssw0rd h"), "*** *** *** h");
    }

    #[test]
    fn passwords_with_quotes_and_ends_of_lines_are_covered() {
        let profile = "[redis]\nmode = \"redis://u:\\\"S3kretMark9\\\"@h\"\n";
        for value in ["redis://u:\"S3kretMark9\"@h", "redis://u:x\nS3kretMark9@h", "redis://u:x\\S3kretMark9@h"] {
            let filter = OutputFilter::default();
            filter.learn_profile(profile);
            filter.learn(value);
            for message in [format!("unknown value `{value}`"), format!("unknown value {value:?}")] {
                let shown = [filter.line(&message), filter.lines(&message), filter.output(&message)];
                assert!(shown.iter().all(|shown| !shown.contains("S3kret")), "{shown:?}");
            }
        }
        let filter = OutputFilter::default();
        filter.learn_profile(profile);
        let shown = filter.line("unknown value `redis://u:\"S3kretMark9\"@h`");
        assert!(!shown.contains("S3kret"), "{shown}");
    }

    #[test]
    fn users_are_shown_once_they_are_known() {
        let filter = OutputFilter::default();
        filter.learn("redis://worker-1@h");
        assert_eq!(filter.line("redis://worker-1@h"), "redis://***@h");
        filter.learn_user("worker-1");
        assert_eq!(filter.line("redis://worker-1@h"), "redis://worker-1@h");
    }

    #[test]
    fn controls_are_escaped_in_each_form() {
        let filter = OutputFilter::default();
        assert_eq!(filter.line("a\n\u{9b}"), "a\\n\\u{9b}");
        assert_eq!(filter.lines("a\n\u{9b}"), "a\n\\u{9b}");
        assert_eq!(filter.output("\u{1b}[1mb\u{1b}[2J"), "\u{1b}[1mb\\u001b[2J");
        assert_eq!(filter.output("\"\u{9b}\""), "\"\\u009b\"");
    }
}
