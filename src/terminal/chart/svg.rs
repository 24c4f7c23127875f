//! Charts as SVG: reproducible byte for byte, without external fonts, scripts or styles.

use std::time::Duration;

use indicatif::HumanCount;
use svg::Document;
use svg::node::element::Element;
use svg::node::element::path::Data;
use svg::node::element::{Definitions, Group, Line, Path, Rectangle, Style, Title};
use svg::node::{Node as _, Text as TextNode};

use super::elapsed::Elapsed;
use super::panels::{AxisScale, Chart, Panel, Tone, column, columns, ticks};
use crate::terminal::columns::{fitted, wrapped};
use crate::units::visible;

const WIDTH: usize = 1_200;
/// Left end and width of the plot.
const LEFT: usize = 90;
const PLOT: usize = 1_080;
/// Height of the heading, of a row of a panel, and of the gap between panels.
const HEAD: usize = 84;
const ROW: usize = 26;
const GAP: usize = 46;
/// Radius of a mark, its height with a gap, and the width of a further digit in it.
const RADIUS: usize = 10;
const APART: usize = 2 * RADIUS + 2;
const DIGIT: usize = 7;
/// Rows of marks; one that finds no room in them is a line without a number.
const MARK_ROWS: usize = 4;
/// Distance of two lines without a number.
const APART_LINES: usize = 4;
/// Entries of the list; of more, the first and the last are shown.
const LISTED: usize = 40;
const LISTED_LAST: usize = 10;
/// Height of a line of the list of marks, and its length in characters.
const LINE: usize = 22;
const LINE_LENGTH: usize = 140;
/// Lines of a title at most, the height of one, and its length in characters.
const TITLE_LINES: usize = 3;
const TITLE_LINE: usize = 28;
const TITLE_LENGTH: usize = 76;

/// Style sheet of text and lines.
const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:15px;fill:#222}\
.title{font-size:22px;font-weight:600}.panel{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}\
.number{font-size:12px;font-weight:600;fill:#fff;text-anchor:middle}\
.grid{stroke:#ddd}.axis{stroke:#555}.difference{fill:#d55e00;fill-opacity:.18}.moment{stroke:#888;stroke-dasharray:3 4}.plateau{fill:#999}.held{fill:#666}.shade{fill:none;stroke:#333;stroke-width:2;stroke-dasharray:6 4}";

impl Chart {
    /// Draws the chart.
    pub(crate) fn svg(&self) -> String {
        let heights: Vec<usize> = self.panels.iter().map(|panel| panel.rows.max(3) * ROW).collect();
        let bottom = HEAD + heights.iter().map(|height| height + GAP).sum::<usize>();
        let (marks, marked) = self.draw_marks(bottom);
        let (list, height) = self.draw_list(bottom + marked + 2 * LINE);
        let (title, above) = self.draw_title();
        let height = height + LINE + above;
        let top = format!("-{above}");
        let top = if above == 0 { "0" } else { &top };
        let mut picture = Document::new()
            .set("viewBox", format!("0 {top} {WIDTH} {height}"))
            .set("width", WIDTH)
            .set("height", height)
            .set("role", "img")
            .add(Title::new(visible(&self.title)))
            .add(Definitions::new().add(Style::new(STYLE)))
            .add(Rectangle::new().set("y", top).set("width", "100%").set("height", "100%").set("fill", "#fff"))
            .add(title)
            .add(text(&self.subtitle, LEFT, 60, "subtitle"))
            .add(self.draw_grid(bottom));
        for (from, until) in &self.differences {
            picture = picture.add(self.draw_difference(*from, *until, bottom));
        }
        let mut top = HEAD + GAP - 12;
        for (panel, height) in self.panels.iter().zip(heights) {
            picture = picture.add(panel.draw(top, height, self.from, self.to));
            top += height + GAP;
        }
        let mut written = picture.add(marks).add(list).to_string();
        written.push('\n');
        written
    }

    /// Draws the title; also returns the height of the lines that are above the picture, as there are more than one.
    fn draw_title(&self) -> (Group, usize) {
        let lines = fitted(&self.title, TITLE_LENGTH, TITLE_LINES);
        let above = lines.len().saturating_sub(1) * TITLE_LINE;
        let group = lines
            .iter()
            .enumerate()
            .fold(Group::new(), |group, (index, line)| group.add(text(line, LEFT, 34 + index * TITLE_LINE, "title")));
        (if above == 0 { group } else { group.set("transform", format!("translate(0 -{above})")) }, above)
    }

    /// Draws a band through all panels where what is compared differs.
    fn draw_difference(&self, from: Duration, until: Duration, bottom: usize) -> Group {
        let (x, end) = (self.place(from.max(self.from)), self.place(until.min(self.to)));
        let band = Rectangle::new().set("x", x).set("y", HEAD).set("width", end.saturating_sub(x).max(2));
        let tip = format!("differs from {} to {}", Elapsed(from), Elapsed(until));
        Group::new().add(Title::new(tip)).add(band.set("height", bottom - 12 - HEAD).set("class", "difference"))
    }

    /// Draws the time axis and its grid lines through all panels.
    fn draw_grid(&self, bottom: usize) -> Group {
        let mut grid = Group::new();
        for tick in ticks(self.from, self.to, 12) {
            let x = self.place(tick);
            // In the middle, the last one would not fit into the picture.
            let (label, class) = if x + 30 > WIDTH - 5 { (x + 25, "end") } else { (x, "middle") };
            let time = text(&Elapsed(tick).to_string(), label, bottom + 8, class);
            grid = grid.add(vertical(x, HEAD, bottom - 12, "grid")).add(time);
        }
        grid
    }

    /// Draws a line and a numbered disc with a tooltip for each change, and a bar with one for each reason that prevented one;
    /// also returns the height of the rows of discs.
    fn draw_marks(&self, bottom: usize) -> (Group, usize) {
        let mut group = Group::new();
        // Right end of each row of discs: a disc that would cover another goes to the next row.
        let mut rows: Vec<usize> = Vec::new();
        let mut lined = 0;
        for mark in &self.marks {
            let x = self.place(mark.at.max(self.from));
            let Some(number) = mark.number.map(|number| number.to_string()) else {
                let end = self.place(mark.until.unwrap_or(mark.at)).max(x + 2);
                let bar = Rectangle::new().set("x", x).set("y", bottom - 9).set("width", end - x).set("height", 4);
                let tip = format!("{}: {}", mark.when(), mark.text);
                group = group.add(Group::new().add(Title::new(visible(&tip))).add(bar.set("class", "plateau")));
                continue;
            };
            let half = RADIUS + (number.len().saturating_sub(2)) * DIGIT / 2;
            let row = rows.iter().position(|end| *end + half <= x + RADIUS).unwrap_or(rows.len());
            let tip = format!("{number}. {} {}", Elapsed(mark.at), mark.text);
            let marked = Group::new().add(Title::new(visible(&tip)));
            if row >= MARK_ROWS {
                // Lines that would touch are one.
                if x < lined + APART_LINES {
                    continue;
                }
                lined = x;
                group = group.add(marked.add(vertical(x, HEAD, bottom - 12, "moment")));
                continue;
            }
            rows.resize(rows.len().max(row + 1), 0);
            rows[row] = x + RADIUS + half + 2;
            let y = bottom + 28 + row * APART;
            let disc = Rectangle::new()
                .set("x", x - half)
                .set("y", y - RADIUS)
                .set("width", 2 * half)
                .set("height", 2 * RADIUS)
                .set("rx", RADIUS)
                .set("fill", "#333");
            group =
                group.add(marked.add(vertical(x, HEAD, y, "moment")).add(disc).add(text(&number, x, y + 4, "number")));
        }
        (group, 16 + rows.len() * APART)
    }

    /// Lists the marks as text, changes with their number; also returns the position of the last line.
    fn draw_list(&self, top: usize) -> (Group, usize) {
        let mut y = top;
        let mut group = Group::new();
        let skipped = self.marks.len().saturating_sub(LISTED);
        let first = if skipped == 0 { self.marks.len() } else { LISTED - LISTED_LAST };
        for (index, mark) in self.marks.iter().enumerate() {
            if skipped > 0 && index == first {
                group = group.add(text(&format!("… {skipped} more"), LEFT, y, "list"));
                y += LINE;
            }
            if (first..first + skipped).contains(&index) {
                continue;
            }
            let class = match mark.number {
                Some(number) => {
                    group = group.add(text(&format!("{number}."), LEFT - 10, y, "end"));
                    "list"
                }
                None => "list held",
            };
            for line in wrapped(&format!("{}  {}", mark.when(), mark.text), LINE_LENGTH) {
                group = group.add(text(&line, LEFT, y, class));
                y += LINE;
            }
        }
        (group, y)
    }

    /// Returns the position of a moment.
    fn place(&self, at: Duration) -> usize {
        LEFT + column(at, self.from, self.to, PLOT + 1)
    }
}

impl Panel {
    fn draw(&self, top: usize, height: usize, from: Duration, to: Duration) -> Group {
        let peak = self.peak(from, to);
        let base = top + height;
        let y = |value: u64| base - self.axis.height(value, peak, height);
        let mut group = Group::new().add(text(&self.title, LEFT, top - 12, "panel"));
        if let Some((solid, shade)) = self.legend {
            let y = top - 12;
            let swatch = Rectangle::new().set("x", LEFT + 110).set("y", y - 12).set("width", 24).set("height", 13);
            let dash = Path::new().set("d", Data::new().move_to((LEFT + 260, y - 5)).horizontal_line_by(30));
            group = group
                .add(swatch.set("fill", self.tone.fill()))
                .add(text(solid, LEFT + 142, y, "legend"))
                .add(dash.set("class", "shade"))
                .add(text(shade, LEFT + 298, y, "legend"));
        }
        let named = match self.axis {
            _ if peak <= 6 => (0..=peak).collect(),
            AxisScale::Linear => vec![0, peak / 2, peak],
            AxisScale::Logarithmic => {
                let powers = (0..20).map(|power| 10_u64.pow(power)).take_while(|value| *value < peak.div_ceil(2));
                [0].into_iter().chain(powers).chain([peak]).collect()
            }
        };
        for value in named {
            group = group
                .add(
                    Line::new()
                        .set("x1", LEFT)
                        .set("x2", LEFT + PLOT)
                        .set("y1", y(value))
                        .set("y2", y(value))
                        .set("class", "grid"),
                )
                .add(text(&HumanCount(value).to_string(), LEFT - 10, y(value) + 5, "end"));
        }
        let mut area = Data::new().move_to((LEFT, base));
        for (x, value) in runs(&columns(&self.solid, from, to, PLOT)) {
            area = area.vertical_line_to(y(value)).horizontal_line_to(LEFT + x);
        }
        area = area.vertical_line_to(base).close();
        group = group.add(Path::new().set("d", area).set("fill", self.tone.fill()).set("fill-opacity", 0.85));
        if !self.shade.is_empty() {
            let steps = runs(&columns(&self.shade, from, to, PLOT));
            let first = steps.first().map_or(base, |(_, value)| y(*value));
            let line = steps.iter().fold(Data::new().move_to((LEFT, first)), |line, (x, value)| {
                line.vertical_line_to(y(*value)).horizontal_line_to(LEFT + x)
            });
            group = group.add(Path::new().set("d", line).set("class", "shade"));
        }
        group.add(
            Line::new().set("x1", LEFT).set("x2", LEFT + PLOT).set("y1", base).set("y2", base).set("class", "axis"),
        )
    }
}

impl Tone {
    /// Colours that are distinct with colour blindness, too (Okabe and Ito).
    fn fill(self) -> &'static str {
        match self {
            Self::Backlog => "#E69F00",
            Self::InFlight => "#56B4E9",
            Self::Pods => "#009E73",
            Self::Recorded => "#CC79A7",
        }
    }
}

/// Joins neighbouring columns of one value into steps: the end, counted from the left, and the value.
fn runs(columns: &[u64]) -> Vec<(usize, u64)> {
    let mut runs: Vec<(usize, u64)> = Vec::new();
    for (column, value) in columns.iter().enumerate() {
        match runs.last_mut() {
            Some((end, last)) if last == value => *end = column + 1,
            _ => runs.push((column + 1, *value)),
        }
    }
    runs
}

fn vertical(x: usize, from: usize, to: usize, class: &str) -> Line {
    Line::new().set("x1", x).set("x2", x).set("y1", from).set("y2", to).set("class", class)
}

/// A text element. The crate's own puts the content on a separate line, which is rendered as a space.
fn text(content: &str, x: usize, y: usize, class: &str) -> Element {
    let mut text = Element::new("text");
    for (name, value) in [("x", x.to_string()), ("y", y.to_string()), ("class", class.to_owned())] {
        text.assign(name, value);
    }
    // XML has no control characters, not even escaped ones.
    text.append(TextNode::new(visible(content)));
    text
}

#[cfg(test)]
mod tests {
    use super::super::panels::Mark;
    use super::super::text::tests::chart;
    use super::*;

    #[test]
    fn svg_has_all_marks_as_tooltips_and_as_text_and_escapes_them() {
        let picture = chart().svg();
        assert!(picture.contains("<title>2. 0:20 HPA 1 → 3: &lt;so&gt;</title>"), "{picture}");
        assert_eq!(picture.matches("class=\"list\"").count(), 4);
        assert!(picture.contains("a &amp; b"));
        assert_eq!(picture, chart().svg());
    }

    /// A chart with this many changes, one every ten seconds, and a reason for none.
    fn crowded(changes: usize) -> Chart {
        let at = |index: usize| Duration::from_secs(10 * index as u64);
        let change = |number| Mark { at: at(number), until: None, number: Some(number), text: "HPA".to_owned() };
        let held = Mark { at: at(1), until: Some(at(2)), number: None, text: "HPA stays 5: the window".to_owned() };
        Chart { to: at(changes), marks: (1..=changes).map(change).chain([held]).collect(), ..chart() }
    }

    #[test]
    fn svg_of_many_changes_is_bounded_and_its_numbers_fit() {
        let picture = crowded(1500).svg();
        let height: usize =
            picture.split("height=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok()).unwrap();
        assert!(height < 1600, "{height}");
        assert!(picture.contains("… 1461 more") && picture.contains(">1500.</text>"), "{picture}");
        // A disc of four digits is wider than one of two.
        assert!(picture.contains("width=\"34\"") && picture.contains("width=\"20\""), "{picture}");
        let lines = picture.matches("class=\"moment\"").count();
        assert!((100..500).contains(&lines), "{lines}");
    }

    #[test]
    fn svg_breaks_a_long_title_between_words() {
        let title = "orders: 10m@poisson(2), 2m@2..12, 5m@12, 10m@poisson(2), lognormal(3s, 0.6) per item";
        let picture = Chart { title: title.to_owned(), ..chart() }.svg();
        let lines: Vec<&str> = picture.split("class=\"title\"").skip(1).collect();
        assert_eq!(lines.len(), 2, "{picture}");
        assert!(lines[0].contains("lognormal(3s, 0.6)</text>") && lines[1].contains(">per item</text>"), "{picture}");
        assert!(picture.contains("viewBox=\"0 -28 1200 ") && picture.contains("y=\"-28\""), "{picture}");
        let picture = Chart { title: "订单".repeat(200), ..chart() }.svg();
        assert!(picture.contains("订…</text>"), "{picture}");
    }

    #[test]
    fn svg_has_reasons_for_no_change_and_whole_labels() {
        let picture = Chart { to: Duration::from_secs(24 * 60 * 60), ..crowded(3) }.svg();
        assert!(
            picture.contains("class=\"plateau\"")
                && picture.contains("<title>0:10 to 0:20: HPA stays 5: the window</title>"),
            "{picture}"
        );
        assert!(picture.contains(">0:10 to 0:20  HPA stays 5: the window</text>"), "{picture}");
        let label = picture
            .lines()
            .chain(picture.split('>'))
            .find(|part| part.contains("class=\"end\"") && part.contains("x=\"1195\""));
        assert!(label.is_some(), "{picture}");
    }
}
