//! Charts over one time axis: history from left to right, with the changes of the replica count marked.

use std::time::Duration;

use indicatif::HumanCount;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::put;
use super::theme::Theme;
use super::view::{ViewSettings, Zoom};
use crate::terminal::board::{ListState, Quantity};
use crate::terminal::chart::{AxisScale, Elapsed, Tone, tick_step};

/// Columns of the labels on the left, with the edge of the plot.
const GUTTER: u16 = 11;

/// Height from which the times have a line of their own.
const LABELLED: u16 = 6;

/// Height from which panels are parted.
const ROOMY: u16 = 24;

/// One quantity over time.
struct ChartPanel {
    name: &'static str,
    tone: Tone,
    solid: Quantity,
    /// Desired values, drawn where they exceed `solid`.
    shade: Option<Quantity>,
    /// Share of the height.
    weight: u16,
    axis: AxisScale,
}

/// The time axis of all panels.
struct Axis {
    from: Duration,
    /// Time of a column.
    width: Duration,
    columns: u16,
    now: Duration,
}

/// Draws the charts of `list` in `area`.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    list: &ListState,
    view: &ViewSettings,
    now: Duration,
    theme: Theme,
) {
    if area.width <= GUTTER + 4 || area.height < 2 {
        return;
    }
    let axis = Axis::of(area.width - GUTTER, view, now);
    let axis_rows = if area.height >= LABELLED { 2 } else { 1 };
    let [plots, below] = split(area, area.height - axis_rows);
    let panels = panels(list, view, plots.height);
    let mut top = plots.y;
    for (panel, height) in panels.iter().zip(heights(&panels, plots.height)) {
        panel.draw(buffer, Rect { y: top, height: height.rows, ..plots }, list, &axis, theme);
        top += height.rows + height.gap;
    }
    axis.draw(buffer, below, list, theme);
}

/// Returns the panels that fit into `rows`, of those that have data.
fn panels(list: &ListState, view: &ViewSettings, rows: u16) -> Vec<ChartPanel> {
    let sample = list.latest.as_ref().map(|latest| &latest.sample);
    let has_claims = sample.is_some_and(|sample| sample.in_flight.is_some());
    let panel = |name, tone, solid, weight| ChartPanel {
        name,
        tone,
        solid,
        shade: None,
        weight,
        axis: if view.is_log && !matches!(tone, Tone::Pods) { AxisScale::Logarithmic } else { AxisScale::Linear },
    };
    let waiting = panel("waiting", Tone::Backlog, Quantity::Waiting, 5);
    let in_flight = panel("in flight", Tone::InFlight, Quantity::InFlight, 2);
    let pods = ChartPanel {
        shade: Some(Quantity::Desired),
        ..panel("pods", Tone::Pods, Quantity::Ready, if list.pods.is_some() { 3 } else { 0 })
    };
    let mut panels = match view.zoom {
        Zoom::All => {
            let mut panels = vec![waiting];
            panels.extend(has_claims.then_some(in_flight));
            panels.extend(list.pods.is_some().then_some(pods));
            panels
        }
        Zoom::Waiting => vec![waiting],
        Zoom::InFlight => vec![in_flight],
        Zoom::Pods => vec![pods],
    };
    // With little room the items in flight, which follow the pods, are left to the numbers.
    if usize::from(rows) < panels.len() * 2 && panels.len() > 2 {
        panels.remove(1);
    }
    panels.truncate(usize::from(rows));
    panels
}

/// Height of a panel, and of the gap below it.
struct Height {
    rows: u16,
    gap: u16,
}

fn heights(panels: &[ChartPanel], rows: u16) -> Vec<Height> {
    let count = u16::try_from(panels.len()).unwrap_or(1);
    let gap = u16::from(rows >= ROOMY);
    let rows = rows - gap * count.saturating_sub(1);
    let weights = panels.iter().map(|panel| panel.weight.max(1)).sum::<u16>().max(1);
    let share = |panel: &ChartPanel| (rows * panel.weight.max(1) / weights).max(1);
    let mut left = rows - panels.iter().map(share).sum::<u16>().min(rows);
    let mut heights: Vec<Height> = panels.iter().map(|panel| Height { rows: share(panel), gap }).collect();
    // The first gets what remains.
    if let Some(first) = heights.first_mut() {
        first.rows += std::mem::take(&mut left);
    }
    heights
}

impl ChartPanel {
    fn draw(&self, buffer: &mut Buffer, area: Rect, list: &ListState, axis: &Axis, theme: Theme) {
        let columns = |quantity| axis.values(list, quantity);
        let solid = columns(self.solid);
        let shade = self.shade.map(columns).unwrap_or_default();
        let peak = solid.iter().chain(&shade).flatten().max().copied().unwrap_or(0).max(1);
        let style = theme.tone(self.tone);
        self.label(buffer, area, peak, style, theme);
        let start = list.history.start().unwrap_or(axis.now);
        for (index, column) in (0..axis.columns).enumerate() {
            let x = area.x + GUTTER + column;
            let desired = shade.get(index).copied().flatten().unwrap_or(0);
            let Some(value) = solid[index] else {
                let moment = axis.from + axis.width * u32::from(column);
                if moment >= start && moment + axis.width <= axis.now {
                    put(buffer, x, area.bottom() - 1, &theme.axis().gap.to_string(), theme.stale());
                }
                continue;
            };
            let eighths = |value| self.axis.height(value, peak, usize::from(area.height) * 8);
            let (full, wanted) = (eighths(value), eighths(desired));
            for row in 0..area.height {
                let below = usize::from(row) * 8;
                let shown = match full.saturating_sub(below) {
                    0 if wanted > below => theme.shade(),
                    0 => break,
                    filled => theme.block(filled),
                };
                put(buffer, x, area.bottom() - 1 - row, &shown.to_string(), style);
            }
        }
    }

    /// Draws name and scale on the left, and the edge of the plot.
    fn label(&self, buffer: &mut Buffer, area: Rect, peak: u64, style: Style, theme: Theme) {
        let glyphs = theme.axis();
        let text = GUTTER - 1;
        for row in 0..area.height {
            let edge = if row == 0 { glyphs.labelled } else { glyphs.edge };
            put(buffer, area.x + text, area.y + row, &edge.to_string(), theme.label());
        }
        let right = |buffer: &mut Buffer, row: u16, text_: &str, style: Style| {
            let shown: String = text_.chars().take(usize::from(text - 1)).collect();
            put(buffer, area.x, area.y + row, &format!("{shown:>0$} ", usize::from(text - 1)), style);
        };
        let top = match self.axis {
            AxisScale::Logarithmic => format!("log {}", short(peak)),
            AxisScale::Linear => short(peak),
        };
        if area.height == 1 {
            let both = format!("{} {}", self.name, short(peak));
            let fits = both.len() < usize::from(text);
            right(buffer, 0, if fits { &both } else { self.name }, style);
            return;
        }
        right(buffer, 0, &top, theme.label());
        right(buffer, 1, self.name, style);
        if area.height > 2 {
            right(buffer, area.height - 1, "0", theme.label());
        }
    }
}

impl Axis {
    fn of(columns: u16, view: &ViewSettings, now: Duration) -> Self {
        let span = view.span(now);
        let width = (span / u32::from(columns)).max(Duration::from_millis(1));
        // Whole columns, so that the picture stands still until one is full.
        let shown = now.as_nanos() / width.as_nanos() + 1;
        let first = shown.saturating_sub(u128::from(columns));
        let from = width * u32::try_from(first).unwrap_or(u32::MAX);
        Self { from, width, columns, now }
    }

    /// Returns the values of each column; none of the time to come.
    fn values(&self, list: &ListState, quantity: Quantity) -> Vec<Option<u64>> {
        let mut values = list.history.columns(quantity, self.from, self.width, usize::from(self.columns));
        let past = self.column(self.now).map_or(values.len(), |column| usize::from(column) + 1);
        values.iter_mut().skip(past).for_each(|value| *value = None);
        values
    }

    /// Returns the column that `at` falls into, if it is shown.
    fn column(&self, at: Duration) -> Option<u16> {
        let nanos = at.checked_sub(self.from)?.as_nanos();
        u16::try_from(nanos / self.width.as_nanos()).ok().filter(|column| *column < self.columns)
    }

    /// Draws the axis with the marks of changes on it, and the times below if there is room.
    fn draw(&self, buffer: &mut Buffer, area: Rect, list: &ListState, theme: Theme) {
        let glyphs = theme.axis();
        let left = area.x + GUTTER;
        put(buffer, left - 1, area.y, &glyphs.corner.to_string(), theme.label());
        let line: String = std::iter::repeat_n(glyphs.line, usize::from(self.columns)).collect();
        put(buffer, left, area.y, &line, theme.label());
        let span = self.width * u32::from(self.columns);
        let step = tick_step(span, usize::from(self.columns / 10).max(1));
        let first = self.from.as_millis().div_ceil(1_000);
        let mut tick = u64::try_from(first).unwrap_or(u64::MAX).div_ceil(step) * step;
        while let Some(column) = self.column(Duration::from_secs(tick)) {
            put(buffer, left + column, area.y, &glyphs.tick.to_string(), theme.label());
            let name = Elapsed(Duration::from_secs(tick)).to_string();
            let room = self.columns - column;
            if area.height > 1 && usize::from(room) >= name.len() {
                put(buffer, left + column, area.y + 1, &name, theme.label());
            }
            tick += step;
        }
        let mut free = 0;
        for change in &list.changes {
            let mark = theme.mark(change.number);
            let Some(column) = self.column(change.at).filter(|column| *column >= free) else { continue };
            put(buffer, left + column, area.y, &mark, theme.bold());
            free = column + u16::try_from(mark.chars().count()).unwrap_or(1);
        }
    }
}

/// Parts the first `rows` of an area from the others.
fn split(area: Rect, rows: u16) -> [Rect; 2] {
    let rows = rows.min(area.height);
    [Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area }]
}

/// Writes a number in at most eight characters.
pub(super) fn short(value: u64) -> String {
    match value {
        0..=999_999 => HumanCount(value).to_string(),
        1_000_000..=999_999_999 => format!("{:.1}M", crate::units::float(value) / 1e6),
        _ => format!("{:.1}G", crate::units::float(value) / 1e9),
    }
}
