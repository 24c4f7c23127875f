//! Charts drawn with characters; they carry the same information without colour.

use std::fmt::Write as _;
use std::ops::Not as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;

use super::elapsed::Elapsed;
use super::panels::{AxisScale, Chart, Panel, Tone, column, columns, ticks};
use crate::units::{float, whole};

/// Blocks of one eighth of a line, two eighths, up to a whole line.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Fill of the part that is desired and not there yet.
const SHADE: char = '░';

impl Chart {
    /// Draws the chart, `width` columns wide and coloured; every line ends with a newline.
    pub(crate) fn text(&self, width: usize) -> String {
        let Self { from, to, .. } = *self;
        let labels =
            self.panels.iter().map(|panel| HumanCount(panel.peak(from, to)).to_string().len()).max().unwrap_or(1);
        let plot = width.saturating_sub(labels + 2).max(10);
        let mut text = String::new();
        for panel in &self.panels {
            panel.write(&mut text, (from, to), labels, plot);
        }
        self.write_axis(&mut text, labels, plot);
        text
    }

    fn write_axis(&self, text: &mut String, labels: usize, plot: usize) {
        let marks = self.mark_line(plot);
        if !marks.trim().is_empty() {
            let bold = Style::new().bold();
            line(text, &format!("{:>labels$}  {bold}{}{bold:#}", "", marks.trim_end()));
        }
        let differences = self.difference_line(plot);
        if !differences.trim().is_empty() {
            let style = AnsiColor::Red.on_default();
            line(text, &format!("{:>labels$}  {style}{}{style:#}", "", differences.trim_end()));
        }
        let moments = ticks(self.from, self.to, plot / 10);
        let mut times = vec![' '; plot];
        let mut rule = vec!['─'; plot];
        for tick in moments {
            let at = column(tick, self.from, self.to, plot);
            rule[at] = '┴';
            let name = Elapsed(tick).to_string();
            // The last label moves to the left so that it ends with the plot.
            for (place, c) in times.iter_mut().skip(at.min(plot - name.len())).zip(name.chars()) {
                *place = c;
            }
        }
        let rule: String = rule.into_iter().collect();
        let times: String = times.into_iter().collect();
        line(text, &format!("{:>labels$} └{rule}", ""));
        line(text, &format!("{:>labels$}  {}", "", times.trim_end()));
    }

    /// Signs in the columns in which what is compared differs.
    fn difference_line(&self, plot: usize) -> String {
        let mut places = vec![' '; plot];
        for (from, until) in self.differences.iter().filter(|(from, until)| *until >= self.from && *from <= self.to) {
            let [first, last] = [from, until].map(|at| column((*at).max(self.from), self.from, self.to, plot));
            places[first..=last].fill('≠');
        }
        places.into_iter().collect()
    }

    /// Numbers of the marks; one that would overlap another is left out here and still in the timeline.
    fn mark_line(&self, plot: usize) -> String {
        let mut places = vec![' '; plot];
        let mut free = 0;
        for mark in &self.marks {
            let Some(number) = mark.number.map(|number| number.to_string()) else { continue };
            let at = column(mark.at, self.from, self.to, plot);
            if at >= free && at + number.len() <= plot {
                for (place, c) in places.iter_mut().skip(at).zip(number.chars()) {
                    *place = c;
                }
                free = at + number.len() + 1;
            }
        }
        places.into_iter().collect()
    }
}

impl Panel {
    /// Writes the panel, from one moment to another.
    fn write(&self, text: &mut String, (from, to): (Duration, Duration), labels: usize, plot: usize) {
        let peak = self.peak(from, to);
        let solid = columns(&self.solid, from, to, plot);
        let shade = columns(&self.shade, from, to, plot);
        let style = self.tone.style();
        let bold = Style::new().bold();
        let legend =
            self.legend.map(|(solid, shade)| format!("  {style}█{style:#} {solid}  {style}{SHADE}{style:#} {shade}"));
        line(text, &format!("{:>labels$}  {bold}{}{bold:#}{}", "", self.title, legend.unwrap_or_default()));
        for row in (0..self.rows).rev() {
            let cells: String =
                solid.iter().zip(&shade).map(|(solid, shade)| self.cell(row, *solid, *shade, peak)).collect();
            let label = self.label(row, peak).map(|value| HumanCount(value).to_string()).unwrap_or_default();
            let edge = if label.is_empty() { '│' } else { '┤' };
            line(text, &format!("{label:>labels$} {edge}{style}{}{style:#}", cells.trim_end()));
        }
    }

    /// Character of a column in `row`, counted from the bottom.
    fn cell(&self, row: usize, solid: u64, shade: u64, peak: u64) -> char {
        let eighths = |value: u64| self.axis.height(value, peak, self.rows * 8);
        match eighths(solid).saturating_sub(row * 8) {
            0 if eighths(shade) > row * 8 => SHADE,
            0 => ' ',
            filled => EIGHTHS[filled.min(8) - 1],
        }
    }

    /// Value at the upper edge of `row` if the scale shows it: at the top, and in the middle of a tall panel.
    fn label(&self, row: usize, peak: u64) -> Option<u64> {
        if self.axis == AxisScale::Logarithmic {
            // Every other row.
            let share = float(row as u64 + 1) / float(self.rows as u64);
            let value = whole((float(peak).ln_1p() * share).exp_m1().round());
            return (self.rows - row).is_multiple_of(2).not().then_some(value);
        }
        let (steps, rows) = (u128::from(peak) * (row as u128 + 1), self.rows as u128);
        let (value, whole) = (u64::try_from(steps / rows).unwrap_or(peak), steps.is_multiple_of(rows));
        let each = peak == self.rows as u64;
        let middle = self.rows >= 5 && row + 1 == self.rows.div_ceil(2);
        (row + 1 == self.rows || each || (middle && (whole || peak > 100))).then_some(value)
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Backlog => AnsiColor::Yellow,
            Self::InFlight => AnsiColor::Cyan,
            Self::Pods => AnsiColor::Green,
            Self::Recorded => AnsiColor::Magenta,
        }
        .on_default()
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to memory does not fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::panels::Mark;
    use super::*;
    use crate::terminal::columns::display_width;

    fn series(steps: &[(u64, u64)]) -> Vec<(Duration, u64)> {
        steps.iter().map(|(at, value)| (Duration::from_secs(*at), *value)).collect()
    }

    /// A burst at 10 s, processed by three pods.
    pub(crate) fn chart() -> Chart {
        let panel = |title: &str, tone, rows, solid: &[(u64, u64)], shade: &[(u64, u64)]| Panel {
            title: title.to_owned(),
            tone,
            rows,
            axis: AxisScale::Linear,
            solid: series(solid),
            shade: series(shade),
            legend: (!shade.is_empty()).then_some(("ready", "desired")),
        };
        let mark = |at, number| Mark {
            at: Duration::from_secs(at),
            until: None,
            number: Some(number),
            text: "HPA 1 → 3: <so>".to_owned(),
        };
        Chart {
            title: "a & b".to_owned(),
            subtitle: "c".to_owned(),
            from: Duration::ZERO,
            to: Duration::from_secs(60),
            panels: vec![
                panel(
                    "backlog (items)",
                    Tone::Backlog,
                    3,
                    &[(0, 0), (10, 900), (20, 600), (30, 300), (40, 2), (44, 0)],
                    &[],
                ),
                panel(
                    "pods",
                    Tone::Pods,
                    3,
                    &[(0, 0), (14, 1), (24, 3), (50, 0)],
                    &[(0, 0), (12, 1), (20, 3), (50, 0)],
                ),
            ],
            marks: vec![mark(12, 1), mark(20, 2), mark(21, 3), mark(50, 4)],
            differences: Vec::new(),
        }
    }

    #[test]
    fn chart_reads_the_same_without_colour() {
        let text = chart().text(48);
        assert!(text.contains("\u{1b}["), "{text}");
        let plain = anstream::adapter::strip_str(&text).to_string();
        let expected = "     backlog (items)
900 ┤       ███████
    │       ██████████████
    │       █████████████████████▁▁▁
     pods  █ ready  ░ desired
  3 ┤              ░░░██████████████████
  2 ┤              ░░░██████████████████
  1 ┤        ░░█████████████████████████
             1     2                    4
    └┴────────────────────┴────────────────────┴
     0:00                 0:30              1:00
";
        assert_eq!(plain, expected, "\n{plain}");
        assert!(plain.lines().all(|line| display_width(line) <= 48));
    }

    #[test]
    fn chart_marks_where_what_is_compared_differs() {
        let at = Duration::from_secs;
        let chart = Chart { differences: vec![(at(12), at(15)), (at(58), at(90))], ..chart() };
        let plain = anstream::adapter::strip_str(&chart.text(48)).to_string();
        let line = plain.lines().find(|line| line.contains('≠')).unwrap_or_default();
        assert_eq!(line, format!("{:13}≠≠≠{:30}≠≠", "", ""), "\n{plain}");
        assert_eq!(chart.svg().matches("class=\"difference\"").count(), 2);
        let part = chart.part(Some(at(20)), Some(at(40)));
        assert!(!part.text(48).contains('≠') && !part.svg().contains("class=\"difference\""));
    }
}
