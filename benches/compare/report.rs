//! Results: tables to read, JSON to keep, goals met and missed.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One measured run of one program.
#[derive(Default)]
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

pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) runs: Vec<Run>,
}

pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) programs: Vec<Program>,
}

/// Bound that a ratio is held against.
#[derive(Clone, Copy)]
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
struct Goal {
    text: String,
    bound: Option<Bound>,
    values: Vec<f64>,
}

#[derive(Default)]
pub(crate) struct Report {
    groups: Vec<Group>,
    goals: Vec<Goal>,
    missing: Vec<String>,
}

impl Report {
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
        // Within a round: what else the machine does changes from one to the next.
        let values = self.values(over).into_iter().zip(self.values(under)).map(|(over, under)| over / under).collect();
        self.goals.push(Goal { text: text.to_owned(), bound: bound.into(), values });
    }

    /// Values of a program of the group added last, one for each round.
    pub(crate) fn values(&self, name: &str) -> Vec<f64> {
        let programs = self.groups.last().into_iter().flat_map(|group| &group.programs);
        let runs = programs.filter(|program| program.name == name).flat_map(|program| &program.runs);
        runs.map(|run| run.value).collect()
    }

    /// Holds `values` against a bound as they are.
    pub(crate) fn value(&mut self, text: &str, values: Vec<f64>, bound: impl Into<Option<Bound>>) {
        self.goals.push(Goal { text: text.to_owned(), bound: bound.into(), values });
    }

    pub(crate) fn goals(&self) -> String {
        let mut text = String::from("| goal | bound | median | least – most | |\n|---|---:|---:|---:|---|\n");
        for goal in &self.goals {
            let bound = goal.bound.map(Bound::text).unwrap_or_default();
            let _ = match Spread::of(&goal.values) {
                None => writeln!(text, "| {} | {bound} | | | not measured |", goal.text),
                Some(Spread { least, median, most }) => {
                    let verdict =
                        goal.bound.map_or("", |bound| if bound.is_met(median) { "met" } else { "**missed**" });
                    writeln!(text, "| {} | {bound} | {median:.2} | {least:.2} – {most:.2} | {verdict} |", goal.text)
                }
            };
        }
        text
    }

    pub(crate) fn json(&self, about: Value) -> Value {
        let run = |run: &Run| {
            json!({"value": run.value, "client_cpu_us": run.client_cpu, "server_cpu_us": run.server_cpu,
                   "commands": run.commands, "reads": run.reads})
        };
        let program =
            |program: &Program| json!({"name": program.name, "runs": program.runs.iter().map(run).collect::<Vec<_>>()});
        let group = |group: &Group| {
            json!({"title": group.title, "unit": group.unit,
                   "programs": group.programs.iter().map(program).collect::<Vec<_>>()})
        };
        let goal = |goal: &Goal| {
            let median = Spread::of(&goal.values).map(|spread| spread.median);
            json!({"text": goal.text, "bound": goal.bound.map(Bound::text), "values": goal.values, "median": median,
                   "met": goal.bound.zip(median).map(|(bound, median)| bound.is_met(median))})
        };
        json!({
            "about": about,
            "groups": self.groups.iter().map(group).collect::<Vec<_>>(),
            "goals": self.goals.iter().map(goal).collect::<Vec<_>>(),
            "missing": self.missing,
        })
    }
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
