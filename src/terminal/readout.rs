//! Samples as they are shown: redrawn in place on a terminal, one line each elsewhere.

use std::fmt;
use std::io::{self, IsTerminal as _};

use color_eyre::eyre::Result;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::filter::OutputFilter;
use super::output::Output;
use super::printer::Printer;
use crate::sample::{Outlook, PerSecond, Replicas, Sample};
use crate::units::visible;

/// Shows samples as they come; the last one stays on the screen.
pub(crate) struct Readout {
    printer: Printer,
    output: Output,
    live: Option<Live>,
}

impl Readout {
    /// Draws in place, on stderr, when both streams are terminals; writes lines to stdout otherwise.
    pub(crate) fn new(printer: &Printer, output: Output) -> Self {
        let live = output == Output::Text && printer.live() && io::stdout().is_terminal();
        Self { printer: printer.clone(), output, live: live.then(|| Live::new(printer)) }
    }

    /// Shows a sample.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be shown any more, for example because the pipe or the terminal was closed.
    pub(crate) fn show(&mut self, sample: &Sample) -> Result<()> {
        match (&mut self.live, self.output) {
            (Some(live), _) => {
                self.printer.check_stderr()?;
                live.draw(sample);
            }
            (None, Output::Text) => self.printer.result(&visible(&Line(sample).to_string()))?,
            (None, Output::Json) => self.printer.result(&serde_json::to_string(sample)?)?,
        }
        Ok(())
    }

    /// Removes the drawing.
    pub(crate) fn clear(self) {
        if let Some(live) = &self.live {
            live.bar.finish_and_clear();
        }
    }
}

/// State of the drawing.
struct Live {
    bar: ProgressBar,
    filter: OutputFilter,
    /// Largest backlog so far: the full width of the bar.
    peak: u64,
    /// True if pods were seen before, so that their absence is shown.
    pods: bool,
}

impl Live {
    fn new(printer: &Printer) -> Self {
        let colored = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
        let template = if colored {
            "{spinner:.cyan} {prefix:.bold}\n  {wide_bar:.cyan/white.dim}  \n  {msg}"
        } else {
            "{spinner} {prefix}\n  {wide_bar}  \n  {msg}"
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(1).with_style(style.progress_chars("█▉▊▋▌▍▎▏░"));
        Self { bar: printer.bars().add(bar), filter: printer.filter().clone(), peak: 0, pods: false }
    }

    fn draw(&mut self, sample: &Sample) {
        self.peak = self.peak.max(sample.backlog);
        self.pods |= sample.target.is_some();
        // An empty bar needs a length, too.
        self.bar.set_length(self.peak.max(1));
        self.bar.set_position(sample.backlog);
        self.bar.set_prefix(self.filter.line(&headline(sample, self.peak)));
        let pods = match &sample.target {
            Some(replicas) => format!("\n  {}", PodCounts(replicas)),
            None if self.pods => "\n  pods: unknown".to_owned(),
            None => String::new(),
        };
        let reason = sample.reason.as_ref().map(|reason| format!("\n  {reason}")).unwrap_or_default();
        self.bar.set_message(self.filter.lines(&format!("{}{pods}{reason}", Movement(sample))));
        self.bar.tick();
        self.bar.force_draw();
    }
}

impl Drop for Live {
    /// Leaves the last drawing as it is: after the terminal has echoed `^C` the cursor is elsewhere, and drawing again would
    /// leave a second copy.
    fn drop(&mut self) {
        std::mem::forget(self.bar.clone());
    }
}

fn headline(sample: &Sample, peak: u64) -> String {
    let waiting = HumanCount(sample.backlog);
    format!("{}: {waiting} waiting (peak {}){}", sample.list, HumanCount(peak), ItemCounts(sample))
}

/// Items in flight, where items are claimed; delayed items and dead letters only if there are any.
struct ItemCounts<'a>(&'a Sample);

impl fmt::Display for ItemCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sample { in_flight, delayed, dead, .. } = self.0;
        if let Some(in_flight) = in_flight {
            write!(f, ", {in_flight} in flight")?;
        }
        if let Some(delayed @ 1..) = delayed {
            write!(f, ", {delayed} delayed")?;
        }
        match dead {
            Some(dead @ 1..) => write!(f, ", {dead} dead"),
            _ => Ok(()),
        }
    }
}

/// A sample as one line; digits are not grouped, so that `awk` reads them.
struct Line<'a>(&'a Sample);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sample = self.0;
        let time = humantime::format_rfc3339_seconds(sample.time);
        write!(f, "{time}  {}: {} waiting{}  {}", sample.list, sample.backlog, ItemCounts(sample), Movement(sample))?;
        match &sample.target {
            Some(replicas) => write!(f, "  {}", PodCounts(replicas)),
            None => Ok(()),
        }
    }
}

/// Net rate and outlook; the rate is left out where the outlook contains it.
struct Movement<'a>(&'a Sample);

impl fmt::Display for Movement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.net_per_second, self.0.outlook()) {
            (_, outlook @ Outlook::Growing(_)) | (None, outlook) => outlook.fmt(f),
            (Some(net), outlook) => write!(f, "net {}, {outlook}", PerSecond(net)),
        }
    }
}

/// Pod counts of a scale target.
struct PodCounts<'a>(&'a Replicas);

impl fmt::Display for PodCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replicas { namespace, name, desired, current, ready, available, .. } = self.0;
        write!(
            f,
            "pods: {desired} desired, {current} current, {ready} ready, {available} available ({namespace}/{name})"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn sample(backlog: u64, net: Option<f64>, target: Option<Replicas>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500), "mylist", backlog, net, target)
    }

    #[test]
    fn line_has_every_value_once() {
        let target = Replicas {
            kind: "Deployment".into(),
            namespace: "demo".into(),
            name: "demo-consumer".into(),
            desired: 5,
            current: 4,
            ready: 3,
            available: 2,
        };
        let pods = "  pods: 5 desired, 4 current, 3 ready, 2 available (demo/demo-consumer)";
        for (sample, line) in [
            (sample(7, None, None), "7 waiting  measuring".to_owned()),
            (sample(1_250, Some(-12.5), None), "1250 waiting  net -12.5/s, empty in 1m 40s".to_owned()),
            (sample(1_250, Some(25.0), Some(target)), format!("1250 waiting  growing +25.0/s{pods}")),
            (sample(3, Some(0.0), None), "3 waiting  net 0/s, steady".to_owned()),
            (sample(0, Some(-3.0), None), "0 waiting  net -3.0/s, empty".to_owned()),
        ] {
            assert_eq!(Line(&sample).to_string(), format!("1970-01-01T00:00:01Z  mylist: {line}"));
        }
    }

    #[test]
    fn item_counts_are_shown_where_items_are_claimed() {
        for (claims, text) in [
            ((None, None, None), ""),
            ((Some(0), Some(0), Some(0)), ", 0 in flight"),
            ((Some(5), Some(2), Some(1)), ", 5 in flight, 2 delayed, 1 dead"),
        ] {
            let (in_flight, delayed, dead) = claims;
            let sample = Sample { in_flight, delayed, dead, ..sample(7, None, None) };
            assert_eq!(Line(&sample).to_string(), format!("1970-01-01T00:00:01Z  mylist: 7 waiting{text}  measuring"));
        }
    }

    #[test]
    fn headline_groups_digits() {
        assert_eq!(headline(&sample(1_250, None, None), 2_400), "mylist: 1,250 waiting (peak 2,400)");
    }
}
