//! Output of handlers, passed on to stderr: whole lines, each with the id of its item.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use indicatif::MultiProgress;
use serde_json::{Map, Value};

use super::entry::{RunFields, begin_entry};
use super::output::LogFormat;
use super::stderr::Stderr;
use crate::units::visible_output;

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
    /// Text is kept byte for byte; JSON holds only characters, so that invalid UTF-8 becomes U+FFFD there. A line that is a
    /// JSON object stays one.
    pub(crate) fn format(&self, lines: &mut Vec<u8>, speaker: &Speaker, stream: Stream, line: &[u8]) {
        match self.format {
            LogFormat::Text => {
                lines.extend_from_slice(format!("[{speaker}] ").as_bytes());
                lines.extend_from_slice(line);
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

/// Returns true if `line` is a JSON object.
fn is_json_object(line: &[u8]) -> bool {
    let looks_so = line.trim_ascii_start().starts_with(b"{") && line.len() <= LONGEST_JSON;
    looks_so && serde_json::from_slice::<Map<String, Value>>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(format: LogFormat, line: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        let echo = Echo::new(format, |_| std::future::ready(()));
        echo.run.set([("list", "fruit")]);
        echo.format(&mut lines, &Speaker::Attempt { item: "17".to_owned(), attempt: 2 }, Stream::Stderr, line);
        lines
    }

    #[test]
    fn text_line_is_the_id_and_the_unchanged_bytes() {
        assert_eq!(formatted(LogFormat::Text, b"a \xff\x1b[31m"), b"[17] a \xff\x1b[31m\n");
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
}
