//! Dead letters as text.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::delivery::dead_letter::DeadLetter;
use crate::delivery::item::Item;
use crate::queue::Page;
use crate::terminal::{display_width, pad_end, stdout_width};
use crate::units::redis_time;

/// Characters of an item that `ls` shows where there is room.
const ITEM: usize = 60;

/// Characters of a reason that `ls` shows where there is room.
const REASON: usize = 40;

/// Characters of a reason, and of an item, that `ls` shows on the narrowest terminal.
const LEAST: usize = 16;

/// Columns after an item that is cut.
const CUT: usize = "… (10000 bytes)".len();

/// Width of the columns of attempts and crashes, and of all gaps but that after the list.
const COUNTS_AND_GAPS: usize = 8 + 7 + 5 * 2;

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
    /// Width of the column of ages, from the first page.
    died: usize,
    /// Width of the column of reasons, from the first page.
    reason: usize,
    /// Characters of an item.
    item: usize,
}

impl Table {
    /// Lays out the dead letters of `lists`, of which `page` is the first page.
    pub(super) fn of(lists: &[String], page: &Page) -> Self {
        Self::fitting(stdout_width(), lists, page)
    }

    /// Lays out the dead letters for a terminal of this width; a file takes any.
    fn fitting(terminal: Option<usize>, lists: &[String], page: &Page) -> Self {
        let dead = || page.dead_letters.iter().filter(|dead_letter| dead_letter.history.is_some());
        let id = dead().filter_map(|dead_letter| dead_letter.history.as_ref()).map(|history| safe(&history.id, ITEM));
        let id = id.map(|id| display_width(&id)).max().unwrap_or_default().max("ID".len());
        let died = dead().map(|dead_letter| display_width(&ago(dead_letter.age(page.now)))).max();
        let died = died.unwrap_or_default().max("DIED".len());
        let list = list_width(lists);
        let taken = list.map_or(0, |list| list + 2) + id + died + COUNTS_AND_GAPS;
        let left = terminal.map_or(usize::MAX, |width| width.saturating_sub(taken));
        // Items that are not cut leave more room for reasons.
        let item = |dead_letter: &DeadLetter| dead_letter.item.beginning(ITEM, dead_letter.size).to_string();
        let widest = page.dead_letters.iter().map(|dead_letter| display_width(&item(dead_letter))).max();
        let items = widest.filter(|widest| *widest <= LEAST).unwrap_or(LEAST + CUT);
        let most = left.saturating_sub(items).clamp(LEAST, REASON);
        let reason = page.dead_letters.iter().map(|dead_letter| display_width(&reason(dead_letter, most))).max();
        let reason = reason.unwrap_or_default().max("REASON".len());
        Self { list, id, died, reason, item: left.saturating_sub(reason + CUT).clamp(LEAST, ITEM) }
    }

    pub(super) fn head(&self) -> String {
        self.lay_out("LIST", ["ID", "DIED", "ATTEMPTS", "CRASHES"], "REASON", "ITEM")
    }

    pub(super) fn row(&self, list: &str, dead_letter: &DeadLetter, now: u64) -> String {
        let item = dead_letter.item.beginning(self.item, dead_letter.size).to_string();
        let reason = reason(dead_letter, self.reason);
        let Some(history) = &dead_letter.history else {
            return self.lay_out(list, ["-"; 4], &reason, &item);
        };
        let [attempts, crashes] = [history.attempts, history.crashes].map(|count| count.to_string());
        self.lay_out(list, [&safe(&history.id, ITEM), &ago(dead_letter.age(now)), &attempts, &crashes], &reason, &item)
    }

    fn lay_out(&self, list: &str, [id, died, attempts, crashes]: [&str; 4], reason: &str, item: &str) -> String {
        let list = list_cell(list, self.list);
        let (id, reason, died_width) = (pad_end(id, self.id), pad_end(reason, self.reason), self.died);
        format!("{list}{id}  {died:>died_width$}  {attempts:>8}  {crashes:>7}  {reason}  {item}")
    }
}

/// Returns the cause of a death, cut to so many characters.
fn reason(dead_letter: &DeadLetter, most: usize) -> String {
    if dead_letter.history.is_none() {
        return "(not a dead letter)".to_owned();
    }
    let cause = dead_letter.cause().unwrap_or_default();
    match cause.char_indices().nth(most) {
        Some(_) => {
            let end = cause.char_indices().nth(most - 1).map_or(0, |(end, _)| end);
            format!("{}…", safe(&cause[..end], most))
        }
        None => safe(&cause, most),
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
    let died = history.died.map_or_else(|| "-".to_owned(), redis_time);
    let mut lines = vec![
        format!("list      {}", safe(list, usize::MAX)),
        format!("id        {}", safe(&history.id, usize::MAX)),
        format!("died      {died} ({} ago)", ago(dead_letter.age(now))),
        format!("since     {}", redis_time(history.since)),
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
    use crate::delivery::history::History;

    #[test]
    fn table_fits_a_terminal_and_cuts_less_where_there_is_room() {
        let died = |id: &str, reason: &str| DeadLetter {
            history: Some(History { id: id.into(), reason: reason.into(), died: Some(0), ..History::default() }),
            item: Item(Bytes::from("x".repeat(90))),
            size: 90,
        };
        let reason = "exit status 65: no such address: info@example.com";
        let dead_letters = vec![died("consumer-f53349d1:c3:1", reason), died("consumer-f53349d1:c12:1", "timeout")];
        let page = Page { dead_letters, over: true, now: 61_000 };
        let lists = ["mail".to_owned()];
        let rows = |terminal| {
            let table = Table::fitting(terminal, &lists, &page);
            let rows = page.dead_letters.iter().map(|dead_letter| table.row("mail", dead_letter, page.now));
            std::iter::once(table.head()).chain(rows).collect::<Vec<_>>()
        };
        for width in [100, 120, 160] {
            let rows = rows(Some(width));
            assert!(rows.iter().all(|row| display_width(row) <= width), "{width}: {rows:#?}");
        }
        assert_eq!(
            rows(None)[1],
            format!(
                "consumer-f53349d1:c3:1   1m 1s         0        0  {}…  {}… (90 bytes)",
                &reason[..39],
                "x".repeat(60)
            )
        );
    }

    #[test]
    fn short_items_leave_their_room_to_reasons() {
        let history = History {
            id: "worker-0:c3:1".into(),
            reason: "exit status 65: no such address".into(),
            ..History::default()
        };
        let dead_letter = DeadLetter { history: Some(history), item: Item(Bytes::from("{\"order\": 2}")), size: 12 };
        let page = Page { dead_letters: vec![dead_letter], over: true, now: 61_000 };
        let row = Table::fitting(Some(90), &["mail".to_owned()], &page).row("mail", &page.dead_letters[0], page.now);
        assert!(row.ends_with("  exit status 65: no such address  {\"order\": 2}"), "{row}");
        assert!(display_width(&row) <= 90, "{row}");
    }

    #[test]
    fn age_has_at_most_two_units() {
        for (seconds, text) in [(0, "0s"), (61, "1m 1s"), (3_661, "1h 1m"), (90_061, "1day 1h")] {
            assert_eq!(ago(Some(Duration::from_secs(seconds))), text);
        }
        assert_eq!(ago(None), "-");
    }
}
