//! What handlers print, passed on to stderr: whole lines, each with its item's id.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use indicatif::MultiProgress;
use serde::Serialize;

use super::logs::LogFormat;

/// Which stream of a handler a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Passes on what handlers print; cheap to clone.
#[derive(Clone)]
pub(crate) struct Echo {
    format: LogFormat,
    /// Writes whole lines, and nothing between them.
    write: Arc<Write>,
}

type Write = dyn Fn(&[u8]) + Send + Sync;

/// A line in the form of the log's own JSON lines.
#[derive(Serialize)]
struct Entry<'a> {
    timestamp: String,
    level: &'a str,
    item: &'a str,
    stream: Stream,
    line: &'a str,
}

impl Echo {
    /// Writes to stderr, above `bars`.
    pub(super) fn above(bars: MultiProgress, format: LogFormat) -> Self {
        // Once stderr is gone, nobody is left to tell.
        Self::new(format, move |lines| bars.suspend(|| drop(io::stderr().write_all(lines))))
    }

    /// Hands whole lines to `write`, one call at a time for each stream.
    pub(crate) fn new(format: LogFormat, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { format, write: Arc::new(write) }
    }

    /// Appends `line`, which has no newline, to `lines` in the form of the log.
    ///
    /// Text stays as it is, byte for byte; JSON knows only characters, so that what is none becomes U+FFFD there.
    pub(crate) fn format(&self, lines: &mut Vec<u8>, item: &str, stream: Stream, line: &[u8]) {
        match self.format {
            LogFormat::Text => {
                lines.push(b'[');
                lines.extend_from_slice(item.as_bytes());
                lines.extend_from_slice(b"] ");
                lines.extend_from_slice(line);
            }
            LogFormat::Json => {
                let timestamp = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
                let line = String::from_utf8_lossy(line);
                let entry = Entry { timestamp, level: "INFO", item, stream, line: &line };
                // Writing strings to memory does not fail.
                let _ = serde_json::to_writer(&mut *lines, &entry);
            }
        }
        lines.push(b'\n');
    }

    /// Writes whole lines. Not on the caller's thread: one who does not read our stderr must not stop the leases.
    pub(crate) async fn write(&self, lines: Vec<u8>) {
        let write = Arc::clone(&self.write);
        // It fails only when the runtime ends, and then nothing is left to write for.
        let _ = tokio::task::spawn_blocking(move || write(&lines)).await;
    }
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Echo").field("format", &self.format).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(format: LogFormat, line: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        Echo::new(format, |_| {}).format(&mut lines, "17", Stream::Stderr, line);
        lines
    }

    #[test]
    fn text_has_the_id_in_front_and_the_bytes_as_they_came() {
        assert_eq!(formatted(LogFormat::Text, b"a \xff\x1b[31m"), b"[17] a \xff\x1b[31m\n");
        assert_eq!(formatted(LogFormat::Text, b""), b"[17] \n");
    }

    #[test]
    fn json_is_one_object_a_line_whatever_was_printed() {
        let line = formatted(LogFormat::Json, b"a \"\n\xff");
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
        for (field, value) in [("item", "17"), ("stream", "stderr"), ("line", "a \"\n\u{fffd}"), ("level", "INFO")] {
            assert_eq!(entry[field], value);
        }
    }
}
