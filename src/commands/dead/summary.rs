//! Dead letters by list and cause.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::table::{CAUSE, ago, list_cell, list_width, safe};
use crate::delivery::dead_letter::DeadLetter;
use crate::terminal::pad_end;
use crate::units::redis_time;

/// Causes that are told apart; others are counted together.
const MOST: usize = 1000;

/// Cause of those beyond [`MOST`].
const OTHERS: &str = "(other reasons)";

/// Cause of elements that are not dead letters.
const FOREIGN: &str = "(not a dead letter)";

/// Dead letters of a list by cause.
#[derive(Debug)]
pub(super) struct CauseSummary {
    list: String,
    causes: BTreeMap<String, CauseCount>,
    /// Time of the last page, by the clock of Redis (ms since 1970).
    now: u64,
}

/// Dead letters of one cause.
#[derive(Debug, Default)]
struct CauseCount {
    count: u64,
    /// Times at which the first and the last of them died (ms since 1970).
    times: Option<(u64, u64)>,
}

/// Returns the lines of the table of all lists; none without a dead letter.
pub(super) fn table(summaries: &[CauseSummary]) -> Vec<String> {
    if summaries.iter().all(|summary| summary.causes.is_empty()) {
        return Vec::new();
    }
    let lists: Vec<String> = summaries.iter().map(|summary| summary.list.clone()).collect();
    let list = list_width(&lists);
    let head = row("LIST", list, ["COUNT", "OLDEST", "NEWEST"], "REASON");
    [head].into_iter().chain(summaries.iter().flat_map(|summary| summary.rows(list))).collect()
}

fn row(list: &str, width: Option<usize>, [count, oldest, newest]: [&str; 3], cause: &str) -> String {
    let list = list_cell(list, width);
    format!("{list}{count:>8}  {}  {}  {cause}", pad_end(oldest, 10), pad_end(newest, 10))
}

impl CauseSummary {
    pub(super) fn of(list: &str) -> Self {
        Self { list: list.to_owned(), causes: BTreeMap::new(), now: 0 }
    }

    pub(super) fn add(&mut self, dead_letter: &DeadLetter, now: u64) {
        self.now = now;
        let cause = dead_letter.cause().unwrap_or_else(|| FOREIGN.to_owned());
        let is_full = self.causes.len() >= MOST && !self.causes.contains_key(&cause);
        let found = self.causes.entry(if is_full { OTHERS.to_owned() } else { cause }).or_default();
        found.count += 1;
        if let Some(history) = &dead_letter.history {
            let died = history.died.unwrap_or(history.since);
            let (first, last) = found.times.unwrap_or((died, died));
            found.times = Some((first.min(died), last.max(died)));
        }
    }

    /// Returns a row per cause, the most frequent first.
    fn rows(&self, list: Option<usize>) -> Vec<String> {
        let rows = self.sorted().into_iter().map(|(cause, found)| {
            let age = |time: u64| ago(Some(std::time::Duration::from_millis(self.now.saturating_sub(time))));
            let (oldest, newest) =
                found.times.map_or(("-".to_owned(), "-".to_owned()), |(first, last)| (age(first), age(last)));
            row(&self.list, list, [&found.count.to_string(), &oldest, &newest], &safe(cause, CAUSE))
        });
        rows.collect()
    }

    /// Returns an object per cause, the most frequent first.
    pub(super) fn objects(&self) -> Vec<Value> {
        let objects = self.sorted().into_iter().map(|(cause, found)| {
            let (oldest, newest) =
                (found.times.map(|(first, _)| redis_time(first)), found.times.map(|(_, last)| redis_time(last)));
            json!({ "list": self.list, "reason": cause, "count": found.count, "oldest": oldest, "newest": newest })
        });
        objects.collect()
    }

    fn sorted(&self) -> Vec<(&String, &CauseCount)> {
        let mut sorted: Vec<_> = self.causes.iter().collect();
        sorted.sort_by_key(|(_, found)| std::cmp::Reverse(found.count));
        sorted
    }
}
