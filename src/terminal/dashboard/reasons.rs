//! The last changes of the replica count, each with its reason.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::put;
use super::theme::Theme;
use crate::terminal::board::{ListState, ReplicaChange};
use crate::terminal::chart::Elapsed;
use crate::terminal::columns::fitted;

/// Width from which a reason may take two lines, as there is height as well.
const WIDE: u16 = 100;

/// Draws the last changes of `list`, the newest first.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, list: &ListState, theme: Theme) {
    if area.height == 0 {
        return;
    }
    if list.changes.is_empty() {
        put(buffer, area.x, area.y, "the replica count has not changed yet", theme.label());
        return;
    }
    let whole = |at: Duration| Elapsed(Duration::from_secs(at.as_secs()));
    let whens = list.changes.iter().map(|change| whole(change.at).to_string().len()).max().unwrap_or(0);
    let mut row = area.y;
    for change in list.changes.iter().rev() {
        let ReplicaChange { number, at, from, to, reason } = change;
        let head = format!("{:>2} {:>whens$}  {from} → {to}  ", theme.mark(*number), whole(*at));
        let indent = head.chars().count();
        let lines = if area.width >= WIDE { 1 } else { usize::from(area.height / 4).clamp(1, 2) };
        let room = usize::from(area.width).saturating_sub(indent);
        let reason = fitted(reason.as_deref().unwrap_or_default(), room, lines);
        let left = usize::from(area.bottom().saturating_sub(row));
        if left == 0 {
            return;
        }
        put(buffer, area.x, row, &theme.text(&head), theme.bold());
        let column = area.x + u16::try_from(indent).unwrap_or(0);
        for line in reason.iter().take(left) {
            put(buffer, column, row, &theme.text(line), theme.label());
            row += 1;
        }
    }
}
