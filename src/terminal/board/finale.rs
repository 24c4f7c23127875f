//! The picture that stays when the dashboard is gone: the charts of the whole run, and its changes with their reasons.

use std::time::Duration;

use super::history::Quantity;
use super::state::{BoardState, ListState, ReplicaChange};
use crate::terminal::chart::{AxisScale, Chart, Mark, Panel, Tone};
use crate::terminal::timeline::{TimelineEntry, heading, timeline};
use crate::units::counted;

/// Shortest time that the last values are shown for, and their least part of the axis.
const LEAST: Duration = Duration::from_secs(1);
const LAST_PART: u32 = 32;

/// Tallest chart of pods, in lines.
const MOST_PODS: usize = 6;

/// Returns the charts of the list at `chosen`, `width` columns wide; `None` without data, or where nothing has happened.
pub(in crate::terminal) fn picture(state: &BoardState, chosen: usize, width: usize) -> Option<String> {
    let list = state.lists.get(chosen).or(state.lists.first())?;
    let latest = list.latest.as_ref()?;
    let (title, chart) = (heading(&title(state, list)), chart(list, latest.at));
    let mut values = chart.panels.iter().flat_map(|panel| panel.solid.iter().chain(&panel.shade));
    if values.all(|(_, value)| *value == 0) {
        return None;
    }
    let mut text = format!("{}{}", title.trim_start(), chart.text(width));
    if !list.changes.is_empty() {
        text.push_str(&heading("Scaling events"));
        text.push_str(&timeline(&entries(list), width, true));
    }
    Some(text)
}

fn title(state: &BoardState, list: &ListState) -> String {
    format!("{}: {}", list.title, state.title)
}

impl BoardState {
    /// Returns the charts of the lists that have data, each over the whole run.
    pub(in crate::terminal) fn charts(&self) -> Vec<Chart> {
        let chart = |list: &ListState| Some(chart(list, list.latest.as_ref()?.at));
        self.lists.iter().filter_map(chart).collect()
    }
}

/// Returns the chart of a run whose last sample was taken `at`; what changed last shows.
fn chart(list: &ListState, at: Duration) -> Chart {
    let panel = |title: &str, tone, rows, quantity| Panel {
        title: title.to_owned(),
        tone,
        rows,
        axis: AxisScale::Linear,
        solid: list.history.series(quantity),
        shade: Vec::new(),
        legend: None,
    };
    let sample = list.latest.as_ref().map(|latest| &latest.sample);
    let mut panels = vec![panel("backlog (items)", Tone::Backlog, 6, Quantity::Waiting)];
    if sample.is_some_and(|sample| sample.in_flight.is_some()) {
        panels.push(panel("in flight (items)", Tone::InFlight, 2, Quantity::InFlight));
    }
    if list.pods.is_some() {
        let shade = list.history.series(Quantity::Desired);
        let most = shade.iter().map(|(_, pods)| *pods).max().unwrap_or(1);
        let rows = usize::try_from(most).unwrap_or(MOST_PODS).clamp(1, MOST_PODS);
        let pods = panel("pods", Tone::Pods, rows, Quantity::Ready);
        panels.push(Panel { shade, legend: Some(("ready", "desired")), ..pods });
    }
    let mark = |change: &ReplicaChange| Mark {
        at: change.at,
        until: None,
        number: Some(change.number),
        text: in_words(change),
    };
    let peak = |panel: &Panel| panel.solid.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let mut subtitle = format!("peak backlog {}", counted(peak(&panels[0]), "item", "items"));
    if list.pods.is_some() {
        let pods = counted(panels.last().map_or(0, peak), "pod", "pods");
        let changes = counted(list.changes.back().map_or(0, |last| last.number), "change", "changes");
        subtitle = format!("{subtitle}; at most {pods} ready; {changes}");
    }
    Chart {
        title: list.title.clone(),
        subtitle,
        from: Duration::ZERO,
        to: at + (at / LAST_PART).max(LEAST),
        panels,
        marks: list.changes.iter().map(mark).collect(),
        differences: Vec::new(),
    }
}

/// Returns a change with its reason.
pub(in crate::terminal) fn in_words(ReplicaChange { from, to, reason, .. }: &ReplicaChange) -> String {
    let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{from} → {to}{reason}")
}

fn entries(list: &ListState) -> Vec<TimelineEntry> {
    let entry = |change: &ReplicaChange| TimelineEntry {
        number: Some(change.number),
        at: change.at,
        until: None,
        by: "",
        what: format!("{} → {}", change.from, change.to),
        reason: change.reason.clone().unwrap_or_default(),
    };
    list.changes.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::sample::Sample;
    use crate::terminal::OutputFilter;
    use crate::terminal::board::{DashboardSetup, KeySet, SharedBoard};

    #[test]
    fn list_that_was_always_empty_leaves_no_chart() {
        let setup = DashboardSetup {
            title: "on redis://localhost:6379".to_owned(),
            lists: vec!["mylist".to_owned()],
            every: Duration::from_secs(1),
            speed: 1.0,
            keys: KeySet::Watch,
        };
        let board = SharedBoard::new(&setup, &OutputFilter::default());
        for (second, backlog, charts) in [(0, 0, 0), (1, 0, 0), (2, 1, 1), (3, 0, 1)] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            board.take(&Sample::new(time, "mylist", backlog, None, None));
            let picture = picture(&board.board().state, 0, 80);
            assert_eq!(picture.iter().count(), charts, "after {second} s: {picture:?}");
        }
    }
}
