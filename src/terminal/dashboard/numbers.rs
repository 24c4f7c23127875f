//! The numbers of a list: the most important in large digits, the others as facts in lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::charts::short;
use super::digits;
use super::paint::put;
use super::theme::Theme;
use super::words::{age, rate};
use crate::sample::{JobCounts, Outlook, Replicas, Sample};
use crate::terminal::board::{BoardState, Latest, ListState};
use crate::terminal::chart::Tone;
use crate::terminal::columns::fitted;
use crate::units::counted;

/// Columns between two numbers.
const SPACE: u16 = 3;

/// A number and its name.
struct NamedNumber {
    name: &'static str,
    text: String,
    style: Style,
}

/// Height of the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// Of one line.
    Plain,
    /// Of pixels, each so many columns wide.
    Large(u16),
}

impl Digits {
    /// Returns the lines that numbers and their names take.
    pub(super) fn lines(self) -> u16 {
        match self {
            Self::Plain => 1,
            Self::Large(scale) => digits::lines(scale) + 1,
        }
    }
}

/// Draws the numbers of `list` in `area`.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    (state, list): (&BoardState, &ListState),
    now: std::time::Duration,
    size: Digits,
    theme: Theme,
) {
    let mut numbers = numbers(state, list, now, theme);
    let Digits::Large(scale) = size else {
        // There may be no room for all of them, and a dead letter is what no one should miss.
        numbers.sort_by_key(|number| !matches!(number.name, "waiting" | "dead"));
        return draw_plain(buffer, area, &numbers);
    };
    let mut x = area.x + 1;
    for NamedNumber { name, text, style } in &numbers {
        let width = digits::width(text, scale).max(u16::try_from(name.len()).unwrap_or(0));
        if x + width > area.right() {
            break;
        }
        digits::draw(buffer, (x, area.y), text, scale, *style, theme);
        put(buffer, x, area.y + digits::lines(scale), name, style.patch(theme.bold()));
        x += width + SPACE * scale;
    }
}

fn draw_plain(buffer: &mut Buffer, area: Rect, numbers: &[NamedNumber]) {
    let mut x = area.x;
    for NamedNumber { name, text, style } in numbers {
        let text = format!("{text} {name}");
        let width = u16::try_from(text.len()).unwrap_or(u16::MAX);
        if x.saturating_add(width) > area.right() {
            break;
        }
        put(buffer, x, area.y, &text, style.add_modifier(ratatui::style::Modifier::BOLD));
        x += width + 2;
    }
}

/// Returns the numbers that are known, the most important first.
fn numbers(state: &BoardState, list: &ListState, now: std::time::Duration, theme: Theme) -> Vec<NamedNumber> {
    let Some(Latest { at, sample }) = &list.latest else { return Vec::new() };
    let is_old = state.age(*at, now).is_some();
    let style = |style: Style, is_old: bool| if is_old { theme.stale() } else { style };
    let number = |name, value: u64, tone: Style| NamedNumber { name, text: short(value), style: style(tone, is_old) };
    let mut numbers = vec![number("waiting", sample.backlog, theme.tone(Tone::Backlog))];
    numbers.extend(sample.in_flight.map(|items| number("in flight", items, theme.tone(Tone::InFlight))));
    if let Some(pods) = &list.pods {
        let is_old = state.age(pods.at, now).is_some();
        let text = format!("{}/{}", pods.replicas.ready, pods.replicas.desired);
        numbers.push(NamedNumber { name: "pods ready", text, style: style(theme.tone(Tone::Pods), is_old) });
    } else if let Some(jobs) = sample.jobs {
        numbers.push(number("Jobs running", jobs.running.into(), theme.tone(Tone::Pods)));
    } else {
        numbers.extend(sample.consumers.map(|count| {
            let label = if count == 1 { "consumer" } else { "consumers" };
            number(label, count, theme.tone(Tone::Pods))
        }));
    }
    numbers.extend(sample.acknowledged.map(|items| number("processed", items, theme.bold())));
    numbers.extend(sample.dead.filter(|dead| *dead > 0).map(|items| number("dead", items, theme.warning())));
    numbers.extend(sample.delayed.filter(|delayed| *delayed > 0).map(|items| number("delayed", items, theme.bold())));
    numbers
}

/// Draws the facts about `list`, as many as fit.
pub(super) fn draw_facts(
    buffer: &mut Buffer,
    area: Rect,
    (state, list): (&BoardState, &ListState),
    now: std::time::Duration,
    theme: Theme,
) {
    let Some(Latest { at, sample }) = &list.latest else { return };
    let mut facts = movement(sample);
    facts.extend(sample.oldest_seconds.map(|seconds| format!("oldest waits {}", age(seconds))));
    facts.extend(sample.consumers.map(|count| {
        let busy = sample.busy.map(|busy| format!(", {busy} busy")).unwrap_or_default();
        format!("{} alive{busy}", counted(count, "consumer", "consumers"))
    }));
    match (&list.pods, &list.pods_fault) {
        (_, Some(fault)) => facts.push(format!("pods unknown: {fault}")),
        (Some(pods), None) => facts.extend(pod_counts(&pods.replicas)),
        (None, None) => {}
    }
    facts.extend(sample.jobs.map(|jobs| jobs_in_words(&jobs)));
    facts.extend(sample.accounting());
    if let (Some(delayed), Some(dead)) = (sample.delayed, sample.dead) {
        facts.push(format!("{delayed} delayed, {dead} dead"));
    }
    let style = if state.age(*at, now).is_some() { theme.stale() } else { theme.label() };
    for (row, line) in (0..area.height).zip(flow(&facts, usize::from(area.width), usize::from(area.height))) {
        put(buffer, area.x, area.y + row, &theme.text(&line), style);
    }
}

/// Returns the rates, and what follows from them.
fn movement(sample: &Sample) -> Vec<String> {
    let rates = match (sample.in_per_second, sample.out_per_second, sample.net_per_second) {
        (Some(arrivals), Some(departures), _) => Some(format!("in {}, out {}", rate(arrivals), rate(departures))),
        // The outlook of a growing list has its rate.
        (_, _, Some(net)) if !matches!(sample.outlook(), Outlook::Growing(_)) => {
            Some(format!("net {}", crate::sample::PerSecond(net)))
        }
        _ => None,
    };
    rates.into_iter().chain([sample.outlook().to_string()]).collect()
}

/// Returns the replica counts, unless all are the same: then the number of ready pods has said it.
fn pod_counts(replicas: &Replicas) -> Option<String> {
    let Replicas { desired, current, ready, terminating, .. } = *replicas;
    let stopping = terminating.unwrap_or(0);
    if desired == current && current == ready && stopping == 0 {
        return None;
    }
    let counts = [("starting", current.saturating_sub(ready)), ("stopping", stopping)];
    let counts = counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(", {count} {name}"));
    Some(format!("pods: {desired} desired, {current} current, {ready} ready{}", counts.collect::<String>()))
}

fn jobs_in_words(JobCounts { running, pending, succeeded, failed, .. }: &JobCounts) -> String {
    format!("Jobs: {running} running, {pending} pending, {succeeded} succeeded, {failed} failed")
}

/// Joins facts in lines of `width` columns, `lines` at most.
fn flow(facts: &[String], width: usize, lines: usize) -> Vec<String> {
    const SEPARATOR: &str = " · ";
    let mut flowed: Vec<String> = Vec::new();
    for fact in facts {
        let is_full = flowed.len() == lines;
        match flowed.last_mut() {
            Some(line) if line.chars().count() + SEPARATOR.chars().count() + fact.chars().count() <= width => {
                line.push_str(SEPARATOR);
                line.push_str(fact);
            }
            _ if is_full => break,
            _ => flowed.extend(fitted(fact, width, 1)),
        }
    }
    flowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_fill_lines() {
        let facts = ["one".to_owned(), "two".to_owned(), "three".to_owned(), "four".to_owned()];
        assert_eq!(flow(&facts, 11, 2), ["one · two", "three"]);
        assert_eq!(flow(&facts, 40, 2), ["one · two · three · four"]);
    }
}
