//! Output of handlers, passed on to stderr: whole lines, each with the id of its item.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use indicatif::MultiProgress;
use serde_json::{Map, Value};

use super::entry::{RunFields, begin_entry};
use super::output::LogFormat;
use super::stderr::Stderr;
use crate::units::{visible_bytes, visible_output};

/// Longest line in bytes that is taken for JSON.
const LONGEST_JSON: usize = 16 * 1024;

/// Stream of a handler that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Passes on the output of handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Echo {
    format: LogFormat,
    run: RunFields,
    /// Writes whole lines, never parts of one.
    write: Arc<Write>,
}

type Write = dyn Fn(Vec<u8>) -> BoxFuture<'static, ()> + Send + Sync;

/// Writer of a line.
#[derive(Debug, Clone)]
pub(crate) enum Speaker {
    /// The handler of one item.
    Attempt {
        /// Id of the item.
        item: String,
        attempt: u32,
    },
    /// A process that handles several items, or none at the moment.
    Process {
        /// Id of the process.
        pid: u32,
    },
}

impl Speaker {
    /// Returns the number of the attempt, if it is the handler of one.
    pub(crate) fn attempt(&self) -> Option<u32> {
        match self {
            Self::Attempt { attempt, .. } => Some(*attempt),
            Self::Process { .. } => None,
        }
    }
}

impl std::fmt::Display for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attempt { item, .. } => f.write_str(item),
            Self::Process { pid } => write!(f, "process {pid}"),
        }
    }
}

impl Echo {
    /// Writes to `stderr`, above `bars`.
    pub(super) fn above(bars: MultiProgress, stderr: Stderr, format: LogFormat, run: RunFields) -> Self {
        let echo = Self::new(format, move |lines| {
            let (bars, stderr) = (bars.clone(), stderr.clone());
            async move {
                if let Some(chunk) = stderr.reserve(lines).await {
                    bars.suspend(|| chunk.send());
                }
            }
        });
        Self { run, ..echo }
    }

    /// Passes whole lines to `write`, one call at a time per stream.
    pub(crate) fn new<F>(format: LogFormat, write: impl Fn(Vec<u8>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { format, run: RunFields::default(), write: Arc::new(move |lines| Box::pin(write(lines))) }
    }

    /// Appends `line`, which has no newline, to `lines` in the format of the log.
    ///
    /// Of what controls a terminal only colors are kept, for it may come from an item. JSON holds only characters, so that
    /// invalid UTF-8 becomes U+FFFD there; a line that is a JSON object stays one.
    pub(crate) fn format(&self, lines: &mut Vec<u8>, speaker: &Speaker, stream: Stream, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.format {
            LogFormat::Text => {
                lines.extend_from_slice(format!("[{speaker}] ").as_bytes());
                lines.extend_from_slice(visible_bytes(line).as_bytes());
            }
            LogFormat::Json => self.format_json(lines, speaker, stream, line),
        }
        lines.push(b'\n');
    }

    fn format_json(&self, lines: &mut Vec<u8>, speaker: &Speaker, stream: Stream, line: &[u8]) {
        let object = Some(line).filter(|line| is_json_object(line));
        let mut entry = begin_entry("INFO");
        let message = if object.is_some() { "handler output".into() } else { String::from_utf8_lossy(line) };
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        entry.insert("message".to_owned(), message.into());
        entry.insert("event".to_owned(), "handler_output".into());
        match speaker {
            Speaker::Attempt { item, attempt } => {
                entry.insert("item".to_owned(), item.as_str().into());
                entry.insert("attempt".to_owned(), (*attempt).into());
            }
            Speaker::Process { pid } => drop(entry.insert("process".to_owned(), (*pid).into())),
        }
        entry.insert("stream".to_owned(), stream.into());
        self.run.add_to(&mut entry);
        let mut entry = Value::Object(entry).to_string();
        if let Some(object) = object {
            // As it was written: a number with many digits keeps them all.
            entry.pop();
            entry.push_str(",\"handler\":");
            entry.push_str(&String::from_utf8_lossy(object));
            entry.push('}');
        }
        // JSON keeps its value: hidden characters stand in its strings only.
        lines.extend_from_slice(visible_output(&entry).as_bytes());
    }

    /// Writes whole lines. A slow reader delays the caller; one that does not read at all does so only for a while.
    pub(crate) async fn write(&self, lines: Vec<u8>) {
        (self.write)(lines).await;
    }
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Echo").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Returns true if `line` is a JSON object, with blanks alone between its values.
fn is_json_object(line: &[u8]) -> bool {
    let looks_so = line.trim_ascii_start().starts_with(b"{") && line.len() <= LONGEST_JSON && !line.contains(&b'\r');
    looks_so && serde_json::from_slice::<Map<String, Value>>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::is_hidden;

    fn formatted(format: LogFormat, line: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        let echo = Echo::new(format, |_| std::future::ready(()));
        echo.run.set([("list", "fruit")]);
        echo.format(&mut lines, &Speaker::Attempt { item: "17".to_owned(), attempt: 2 }, Stream::Stderr, line);
        lines
    }

    #[test]
    fn text_line_is_the_id_and_what_does_not_control_a_terminal() {
        assert_eq!(
            formatted(LogFormat::Text, b"a \xff\x1b[31m\x1b]52;c;eA==\x07\r"),
            b"[17] a \\xff\x1b[31m\\u001b]52;c;eA==\\u0007\n"
        );
        assert_eq!(formatted(LogFormat::Text, b""), b"[17] \n");
    }

    #[test]
    fn json_line_is_one_object_for_any_bytes() {
        let line = formatted(LogFormat::Json, b"a \"\n\xff");
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        let entry: Value = serde_json::from_str(&line).unwrap();
        let fields = [
            ("level", "INFO"),
            ("message", "a \"\n\u{fffd}"),
            ("event", "handler_output"),
            ("item", "17"),
            ("stream", "stderr"),
            ("list", "fruit"),
        ];
        for (field, value) in fields {
            assert_eq!(entry[field], value);
        }
        assert_eq!(entry["attempt"], 2);
    }

    #[test]
    fn json_hides_no_character() {
        for line in ["a \u{9b}2J \u{202e}b", "{\"a\":\"\u{9b}2J \u{202e}b\"}"] {
            let entry = String::from_utf8(formatted(LogFormat::Json, line.as_bytes())).unwrap();
            assert!(entry.contains("\\u009b2J \\u202eb"), "{entry}");
        }
    }

    #[test]
    fn json_object_stays_one() {
        let said = r#" {"level":"warn", "n": 123456789012345678901234567890, "text":"a\nb"}"#;
        let line = String::from_utf8(formatted(LogFormat::Json, said.as_bytes())).unwrap();
        assert!(line.ends_with(&format!(",\"handler\":{said}}}\n")), "{line}");
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&entry["handler"]["level"], &entry["level"]), (&"warn".into(), &"INFO".into()));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST_JSON));
        for text in ["{", "[1]", "17", r#"{"a":1} b"#, &long] {
            let entry: Value = serde_json::from_slice(&formatted(LogFormat::Json, text.as_bytes())).unwrap();
            assert_eq!((&entry["message"], &entry["handler"]), (&text.into(), &Value::Null));
        }
    }

    proptest! {
        #[test]
        fn any_output_of_a_handler_is_one_line_that_controls_nothing(
            parts in prop::collection::vec(prop_oneof![
                prop::sample::select(&["{", "}", "\"a\":", "\"\\u001b\"", "1", " ", "\r", "\t", "\u{1b}[31m", "\u{1b}[2J", "\u{202e}", "\u{9b}"][..])
                    .prop_map(|part| part.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>().prop_filter("the end of a line", |byte| *byte != b'\n'), 0..9),
            ], 0..9),
        ) {
            let line = parts.concat();
            let text = String::from_utf8(formatted(LogFormat::Text, &line)).unwrap();
            let text = text.strip_suffix('\n').unwrap().replace("\u{1b}[31m", "");
            prop_assert!(!text.contains(|c| is_hidden(c) && c != '\t' && c != '\u{1b}') && !text.contains("\u{1b}[2J"), "{text}");
            let json = String::from_utf8(formatted(LogFormat::Json, &line)).unwrap();
            prop_assert!(!json.trim_end().contains(|c| is_hidden(c) && c != '\t'), "{json}");
            prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
        }
    }
}
