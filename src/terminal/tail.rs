//! Log lines while the dashboard has the screen: shown there, and held back from a terminal they would tear.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::Level;

/// Lines that are kept.
const KEPT: usize = 200;

/// Last lines of the log. Cheap to clone, and all clones hold the same.
#[derive(Debug, Clone, Default)]
pub(super) struct LogTail(Arc<Mutex<TailState>>);

#[derive(Debug, Default)]
struct TailState {
    /// True while lines are kept here.
    open: bool,
    lines: VecDeque<TailLine>,
    /// Number of lines that were pushed out by later ones.
    dropped: u64,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub(super) struct TailLine {
    pub(super) at: Instant,
    level: Level,
    /// The line as it is written to the log, with its newline.
    bytes: Vec<u8>,
}

impl LogTail {
    /// Keeps lines from now on.
    pub(super) fn open(&self) {
        self.lock().open = true;
    }

    /// Keeps a line; returns false if lines are not kept.
    pub(super) fn keep(&self, level: Level, line: &[u8]) -> bool {
        let mut tail = self.lock();
        if tail.open {
            if tail.lines.len() == KEPT {
                tail.lines.pop_front();
                tail.dropped += 1;
            }
            tail.lines.push_back(TailLine { at: Instant::now(), level, bytes: line.to_vec() });
        }
        tail.open
    }

    /// Returns the last `count` lines, oldest first.
    pub(super) fn last(&self, count: usize) -> Vec<TailLine> {
        let tail = self.lock();
        tail.lines.iter().skip(tail.lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Keeps no more lines, and returns those of `level` or more important.
    pub(super) fn close(&self, level: Level) -> Vec<u8> {
        let TailState { lines, dropped, .. } = std::mem::take(&mut *self.lock());
        let kept: Vec<u8> = lines.into_iter().filter(|line| line.level <= level).flat_map(|line| line.bytes).collect();
        if dropped > 0 && !kept.is_empty() {
            return [format!("{dropped} earlier log lines are not shown\n").into_bytes(), kept].concat();
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, TailState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TailLine {
    /// Returns the line without colours and newline.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        anstream::adapter::strip_str(text.trim_end()).to_string()
    }

    /// Returns true for warnings and errors.
    pub(super) fn is_warning(&self) -> bool {
        self.level <= Level::WARN
    }
}
