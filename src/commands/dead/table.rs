//! Dead letters as text.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::delivery::dead_letter::{DeadLetter, rfc3339};
use crate::delivery::item::Item;
use crate::queue::Page;
use crate::terminal::{display_width, pad_end};

/// Characters of an item that `ls` shows.
const ITEM: usize = 60;

/// Characters of a reason that `ls` shows.
const REASON: usize = 40;

/// Characters of a cause that a summary shows.
pub(super) const CAUSE: usize = 120;

pub(super) fn encode(bytes: &Bytes) -> String {
    STANDARD.encode(bytes)
}

/// Cuts text, and makes it safe for terminals.
pub(super) fn safe(text: &str, most: usize) -> String {
    Item(Bytes::copy_from_slice(text.as_bytes())).beginning(most, text.len() as u64).to_string()
}

/// Layout of dead letters in rows.
pub(super) struct Table {
    /// Width of the column of lists; `None` leaves it out.
    list: Option<usize>,
    /// Width of the id column, from the first page: later ids are hardly longer.
    id: usize,
}

impl Table {
    /// Lays out the dead letters of `lists`, of which `page` is the first page.
    pub(super) fn of(lists: &[String], page: &Page) -> Self {
        let histories = page.dead_letters.iter().filter_map(|dead_letter| dead_letter.history.as_ref());
        let widest = histories.map(|history| display_width(&safe(&history.id, ITEM))).max();
        Self { list: list_width(lists), id: widest.unwrap_or_default().max(2) }
    }

    pub(super) fn head(&self) -> String {
        self.lay_out("LIST", ["ID", "DIED", "ATTEMPTS", "CRASHES"], "REASON", "ITEM")
    }

    pub(super) fn row(&self, list: &str, dead_letter: &DeadLetter, now: u64) -> String {
        let item = dead_letter.item.beginning(ITEM, dead_letter.size).to_string();
        let Some(history) = &dead_letter.history else {
            return self.lay_out(list, ["-"; 4], "(not a dead letter)", &item);
        };
        let [attempts, crashes] = [history.attempts, history.crashes].map(|count| count.to_string());
        let cause = dead_letter.cause().unwrap_or_default();
        let reason = match cause.char_indices().nth(REASON) {
            Some(_) => {
                let end = cause.char_indices().nth(REASON - 1).map_or(0, |(end, _)| end);
                format!("{}…", safe(&cause[..end], REASON))
            }
            None => safe(&cause, REASON),
        };
        self.lay_out(list, [&safe(&history.id, ITEM), &ago(dead_letter.age(now)), &attempts, &crashes], &reason, &item)
    }

    fn lay_out(&self, list: &str, [id, died, attempts, crashes]: [&str; 4], reason: &str, item: &str) -> String {
        let list = list_cell(list, self.list);
        let (id, reason) = (pad_end(id, self.id), pad_end(reason, REASON));
        format!("{list}{id}  {died:>12}  {attempts:>8}  {crashes:>7}  {reason}  {item}")
    }
}

/// Returns the width of the column of lists, which only several have.
pub(super) fn list_width(lists: &[String]) -> Option<usize> {
    let widest = lists.iter().map(|list| display_width(&safe(list, ITEM))).max();
    widest.filter(|_| lists.len() > 1).map(|width| width.max("LIST".len()))
}

/// Formats the name of a list for its column, if there is one.
pub(super) fn list_cell(list: &str, width: Option<usize>) -> String {
    width.map(|width| format!("{}  ", pad_end(&safe(list, ITEM), width))).unwrap_or_default()
}

/// Formats a dead letter of `list` with its whole history.
pub(super) fn details(list: &str, dead_letter: &DeadLetter, now: u64) -> String {
    let item = dead_letter.item.beginning(usize::MAX, dead_letter.size);
    let Some(history) = &dead_letter.history else { return item.to_string() };
    let died = history.died.map_or_else(|| "-".to_owned(), rfc3339);
    let mut lines = vec![
        format!("list      {}", safe(list, usize::MAX)),
        format!("id        {}", safe(&history.id, usize::MAX)),
        format!("died      {died} ({} ago)", ago(dead_letter.age(now))),
        format!("since     {}", rfc3339(history.since)),
        format!("attempts  {}", history.attempts),
        format!("crashes   {}", history.crashes),
        format!("reason    {}", safe(&history.reason, usize::MAX)),
    ];
    lines.extend(history.stderr.lines().map(|line| format!("stderr    {}", safe(line, usize::MAX))));
    lines.push(format!("bytes     {}", dead_letter.size));
    lines.push(format!("item      {item}"));
    lines.join("\n")
}

/// Formats an age in its two largest units.
pub(super) fn ago(age: Option<Duration>) -> String {
    let Some(seconds) = age.map(|age| age.as_secs()) else { return "-".to_owned() };
    let coarse = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        86_400..2_630_016 => 3_600,
        _ => 86_400,
    };
    humantime::format_duration(Duration::from_secs(seconds / coarse * coarse)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_has_at_most_two_units() {
        for (seconds, text) in [(0, "0s"), (61, "1m 1s"), (3_661, "1h 1m"), (90_061, "1day 1h")] {
            assert_eq!(ago(Some(Duration::from_secs(seconds))), text);
        }
        assert_eq!(ago(None), "-");
    }
}
