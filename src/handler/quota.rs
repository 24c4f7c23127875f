//! Limit of what is passed on of an attempt's output: one handler must not fill the log.

use crate::terminal::Speaker;

/// Bytes of the log that the output of one attempt may take up.
const LIMIT: usize = 1024 * 1024;

/// Output of an attempt that may still be passed on, and what was left out.
#[derive(Debug)]
pub(super) struct Quota {
    left: usize,
    /// True from the first line on that is left out.
    is_spent: bool,
    lines: u64,
    bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { left: LIMIT, is_spent: false, lines: 0, bytes: 0 }
    }
}

impl Quota {
    /// Appends a line to `text` with `format`, or counts it as left out once the limit is reached.
    pub(super) fn add(
        &mut self,
        text: &mut Vec<u8>,
        line: &[u8],
        speaker: &Speaker,
        format: impl FnOnce(&mut Vec<u8>),
    ) {
        if !self.is_spent {
            let before = text.len();
            format(text);
            if let Some(left) = self.left.checked_sub(text.len() - before) {
                self.left = left;
                return;
            }
            text.truncate(before);
            self.is_spent = true;
            tracing::warn!(
                event = "output_cut", item = %speaker, attempt = speaker.attempt(), limit_bytes = LIMIT,
                "handler writes too much, leaving out the rest of its output"
            );
        }
        self.lines += 1;
        self.bytes += line.len() as u64 + 1;
    }

    /// Logs the amount left out, if any.
    pub(super) fn report(&self, speaker: &Speaker) {
        if self.is_spent {
            let (lines, bytes) = (self.lines, self.bytes);
            tracing::warn!(
                event = "output_left_out", item = %speaker, attempt = speaker.attempt(), left_out_lines = lines, left_out_bytes = bytes,
                "left out output of a handler"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_beyond_the_limit_is_counted_and_not_passed_on() {
        let (mut quota, mut text) = (Quota::default(), Vec::new());
        let speaker = Speaker::Attempt { item: "17".to_owned(), attempt: 1 };
        let line = [b'x'; 999];
        for _ in 0..2000 {
            quota.add(&mut text, &line, &speaker, |text| {
                text.extend_from_slice(&line);
                text.push(b'\n');
            });
        }
        quota.add(&mut text, b"", &speaker, |text| text.push(b'\n'));
        assert_eq!((text.len(), quota.lines, quota.bytes), (1_048_000, 2001 - 1048, (2000 - 1048) * 1000 + 1));
    }
}
