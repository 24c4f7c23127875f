//! Results: tables to read, JSON to keep, goals met and missed.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::machine::About;

/// One measured run of one program.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// In the unit of its group.
    pub(crate) value: f64,
    /// Microseconds of processor time per item: of the program, of the server.
    pub(crate) client_cpu: Option<f64>,
    pub(crate) server_cpu: Option<f64>,
    /// Commands at the server per item, those of scripts included.
    pub(crate) commands: Option<f64>,
    /// Reads from sockets by the server per item: about the round trips.
    pub(crate) reads: Option<f64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) runs: Vec<Run>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) programs: Vec<Program>,
}

/// Bound that a value is held against.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::AtMost(most) => format!("≤ {most}"),
        }
    }
}

/// A value, mostly a ratio of two programs, next to what it should be.
#[derive(Serialize, Deserialize)]
struct Goal {
    text: String,
    bound: Option<Bound>,
    /// One for each round.
    values: Vec<f64>,
}

/// All that was measured, and under which conditions.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    about: About,
    groups: Vec<Group>,
    goals: Vec<Goal>,
    missing: Vec<String>,
}

impl Report {
    pub(crate) fn new(about: About) -> Self {
        Self { about, groups: Vec::new(), goals: Vec::new(), missing: Vec::new() }
    }

    /// Reads what [`Self::write`] has written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or holds something else.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| named(&error))?;
        Ok(serde_json::from_str(&text).map_err(|error| named(&error))?)
    }

    /// Writes all of it as JSON.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        Ok(std::fs::write(file, serde_json::to_string_pretty(self)? + "\n")?)
    }

    pub(crate) fn add(&mut self, group: Group) {
        println!("{}", table(&group));
        self.groups.push(group);
    }

    /// Notes a peer or a run that is not there, and why.
    pub(crate) fn miss(&mut self, what: String) {
        if !self.missing.contains(&what) {
            println!("not measured: {what}");
            self.missing.push(what);
        }
    }

    /// Compares `over` with `under`, two programs of the group added last, round by round.
    pub(crate) fn ratio(&mut self, text: &str, over: &str, under: &str, bound: impl Into<Option<Bound>>) {
        self.ratio_of(|run| Some(run.value), text, over, under, bound);
    }

    /// Compares what the server spent per item.
    pub(crate) fn server_ratio(&mut self, text: &str, over: &str, under: &str, bound: impl Into<Option<Bound>>) {
        self.ratio_of(|run| run.server_cpu, text, over, under, bound);
    }

    fn ratio_of(
        &mut self,
        of: fn(&Run) -> Option<f64>,
        text: &str,
        over: &str,
        under: &str,
        bound: impl Into<Option<Bound>>,
    ) {
        // Within a round: what else the machine does changes from one to the next.
        let pairs = self.runs(over).zip(self.runs(under));
        let values = pairs.filter_map(|(over, under)| Some(of(over)? / of(under)?)).collect();
        self.value(text, values, bound);
    }

    /// Values of a program of the group added last, one for each round.
    pub(crate) fn values(&self, name: &str) -> Vec<f64> {
        self.runs(name).map(|run| run.value).collect()
    }

    fn runs(&self, name: &str) -> impl Iterator<Item = &Run> {
        let programs = self.groups.last().into_iter().flat_map(|group| &group.programs);
        programs.filter(move |program| program.name == name).flat_map(|program| &program.runs)
    }

    /// Holds `values` against a bound as they are.
    pub(crate) fn value(&mut self, text: &str, values: Vec<f64>, bound: impl Into<Option<Bound>>) {
        self.goals.push(Goal { text: text.to_owned(), bound: bound.into(), values });
    }

    /// Lists the goals that were missed, and what was not measured.
    pub(crate) fn shortcomings(&self) -> String {
        let mut text = String::new();
        let mut subject = "";
        for goal in &self.goals {
            // In the table, `…` stands for the subject of the lines above.
            if !goal.text.starts_with('…') {
                subject = goal.text.split(',').next().unwrap_or_default();
            }
            let Some((bound, spread)) = goal.bound.zip(Spread::of(&goal.values)) else { continue };
            if !bound.is_met(spread.median) {
                let named = goal.text.replacen('…', &format!("{subject},"), 1);
                let _ = writeln!(text, "* missed: {named}: {:.2}, goal {}", spread.median, bound.text());
            }
        }
        for what in &self.missing {
            let _ = writeln!(text, "* not measured: {what}");
        }
        text
    }
}

/// Conditions and goals of one or more reports, next to each other: what `docs/performance.md` shows.
pub(crate) fn page(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let _ = writeln!(text, "* {}", report.about);
    }
    text.push_str("\n| | goal |");
    for report in reports {
        let _ = write!(text, " {}: median (least – most) | |", report.about.placement());
    }
    text.push_str("\n|---|---:|");
    text.push_str(&"---:|---|".repeat(reports.len()));
    // A report of some groups alone has fewer goals than another.
    let mut order: Vec<&Goal> = Vec::new();
    for goal in reports.iter().flat_map(|report| &report.goals) {
        if !order.iter().any(|known| known.text == goal.text) {
            order.push(goal);
        }
    }
    for goal in order {
        let _ = write!(text, "\n| {} | {} |", goal.text, goal.bound.map(Bound::text).unwrap_or_default());
        for report in reports {
            let measured = report.goals.iter().find(|measured| measured.text == goal.text);
            let spread = measured.and_then(|measured| Spread::of(&measured.values));
            let Some(Spread { least, median, most }) = spread else {
                text.push_str(" | not measured |");
                continue;
            };
            let verdict = goal.bound.map_or("", |bound| if bound.is_met(median) { "met" } else { "**missed**" });
            let _ = write!(text, " {median:.2} ({least:.2} – {most:.2}) | {verdict} |");
        }
    }
    text.push('\n');
    text
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        Some(Self { least: *values.first()?, median: values[values.len() / 2], most: *values.last()? })
    }
}

fn table(group: &Group) -> String {
    let mut text = format!(
        "\n### {}\n\n| program | {} (median) | least – most | client CPU µs/item | server CPU µs/item | commands/item | reads/item |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
        group.title, group.unit
    );
    for program in &group.programs {
        let column = |of: fn(&Run) -> Option<f64>| {
            let values = program.runs.iter().filter_map(of).collect::<Vec<_>>();
            Spread::of(&values).map_or_else(String::new, |spread| format!("{:.2}", spread.median))
        };
        let values = program.runs.iter().map(|run| run.value).collect::<Vec<_>>();
        let _ = match Spread::of(&values) {
            None => writeln!(text, "| {} | failed | | | | | |", program.name),
            Some(spread) => writeln!(
                text,
                "| {} | {} | {} – {} | {} | {} | {} | {} |",
                program.name,
                short(spread.median),
                short(spread.least),
                short(spread.most),
                column(|run| run.client_cpu),
                column(|run| run.server_cpu),
                column(|run| run.commands),
                column(|run| run.reads),
            ),
        };
    }
    text
}

fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.2} M", v / 1e6),
        v if v >= 1e4 => format!("{:.0} k", v / 1e3),
        v if v >= 1e3 => format!("{:.1} k", v / 1e3),
        v if v >= 100.0 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    }
}
