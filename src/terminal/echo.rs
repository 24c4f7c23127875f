//! Output of handlers, passed on to stderr: whole lines, each with the id of its item.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use indicatif::MultiProgress;
use serde::Serialize;

use super::output::LogFormat;
use super::stderr::Stderr;

/// Stream of a handler that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Passes on the output of handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Echo {
    format: LogFormat,
    /// Writes whole lines, never parts of one.
    write: Arc<Write>,
}

type Write = dyn Fn(Vec<u8>) -> BoxFuture<'static, ()> + Send + Sync;

/// A handler's line with the fields of the log's own JSON lines.
#[derive(Serialize)]
struct HandlerLine<'a> {
    timestamp: String,
    level: &'a str,
    item: &'a str,
    stream: Stream,
    line: &'a str,
}

impl Echo {
    /// Writes to `stderr`, above `bars`.
    pub(super) fn above(bars: MultiProgress, stderr: Stderr, format: LogFormat) -> Self {
        Self::new(format, move |lines| {
            let (bars, stderr) = (bars.clone(), stderr.clone());
            async move {
                if let Some(chunk) = stderr.reserve(lines).await {
                    bars.suspend(|| chunk.send());
                }
            }
        })
    }

    /// Passes whole lines to `write`, one call at a time per stream.
    pub(crate) fn new<F>(format: LogFormat, write: impl Fn(Vec<u8>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { format, write: Arc::new(move |lines| Box::pin(write(lines))) }
    }

    /// Appends `line`, which has no newline, to `lines` in the format of the log.
    ///
    /// Text is kept byte for byte; JSON holds only characters, so that invalid UTF-8 becomes U+FFFD there.
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
                let entry = HandlerLine { timestamp, level: "INFO", item, stream, line: &line };
                // Writing strings to memory does not fail.
                let _ = serde_json::to_writer(&mut *lines, &entry);
            }
        }
        lines.push(b'\n');
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

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(format: LogFormat, line: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        Echo::new(format, |_| std::future::ready(())).format(&mut lines, "17", Stream::Stderr, line);
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
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
        for (field, value) in [("item", "17"), ("stream", "stderr"), ("line", "a \"\n\u{fffd}"), ("level", "INFO")] {
            assert_eq!(entry[field], value);
        }
    }
}
