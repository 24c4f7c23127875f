//! Samples as they are shown: redrawn in place on a terminal, a line each everywhere else.

use std::fmt;
use std::io::{self, IsTerminal as _};

use color_eyre::eyre::Result;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::printer::{Output, Printer};
use crate::sample::{Deployment, Outlook, PerSecond, Sample};

/// Shows one sample after the other; the last one stays on the screen.
pub(crate) struct Readout {
    printer: Printer,
    output: Output,
    live: Option<Live>,
}

impl Readout {
    /// Draws in place when people look at both streams: what is drawn goes to stderr, in place of lines on stdout.
    pub(crate) fn new(printer: &Printer, output: Output) -> Self {
        let live = output == Output::Text && printer.live() && io::stdout().is_terminal();
        Self { printer: printer.clone(), output, live: live.then(|| Live::new(printer)) }
    }

    /// Shows a sample.
    ///
    /// # Errors
    ///
    /// Fails when stdout cannot be written to, as when its reader has left.
    pub(crate) fn show(&mut self, sample: &Sample) -> Result<()> {
        match (&mut self.live, self.output) {
            (Some(live), _) => live.draw(sample),
            (None, Output::Text) => self.printer.result(&Line(sample))?,
            (None, Output::Json) => self.printer.result(&serde_json::to_string(sample)?)?,
        }
        Ok(())
    }

    /// Takes the drawing away, for what comes in its place.
    pub(crate) fn clear(self) {
        if let Some(live) = &self.live {
            live.bar.finish_and_clear();
        }
    }
}

/// The drawing, and what it remembers.
struct Live {
    bar: ProgressBar,
    /// The largest backlog so far: the full width of the bar.
    peak: u64,
    /// Whether pods were ever seen: only then is it news that they are not.
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
        Self { bar: printer.bars().add(bar), peak: 0, pods: false }
    }

    fn draw(&mut self, sample: &Sample) {
        self.peak = self.peak.max(sample.backlog);
        self.pods |= sample.deployment.is_some();
        // An empty bar needs a length all the same.
        self.bar.set_length(self.peak.max(1));
        self.bar.set_position(sample.backlog);
        self.bar.set_prefix(headline(sample, self.peak));
        let pods = match &sample.deployment {
            Some(deployment) => format!("\n  {}", Pods(deployment)),
            None if self.pods => "\n  pods: not known".to_owned(),
            None => String::new(),
        };
        let reason = sample.reason.as_ref().map(|reason| format!("\n  {reason}")).unwrap_or_default();
        self.bar.set_message(format!("{}{pods}{reason}", Movement(sample)));
        self.bar.tick();
        self.bar.force_draw();
    }
}

impl Drop for Live {
    /// Leaves the last drawing as it is: the `^C` of a terminal has moved the cursor, and to draw again would be to draw
    /// beside it.
    fn drop(&mut self) {
        std::mem::forget(self.bar.clone());
    }
}

fn headline(sample: &Sample, peak: u64) -> String {
    let waiting = HumanCount(sample.backlog);
    format!("{}: {waiting} waiting (peak {}){}", sample.list, HumanCount(peak), Claims(sample))
}

/// What is claimed, where anybody claims; what is seldom there only when it is.
struct Claims<'a>(&'a Sample);

impl fmt::Display for Claims<'_> {
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

/// A sample as one line; digits are left as they are, for `awk` and its like.
struct Line<'a>(&'a Sample);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sample = self.0;
        let time = humantime::format_rfc3339_seconds(sample.time);
        write!(f, "{time}  {}: {} waiting{}  {}", sample.list, sample.backlog, Claims(sample), Movement(sample))?;
        match &sample.deployment {
            Some(deployment) => write!(f, "  {}", Pods(deployment)),
            None => Ok(()),
        }
    }
}

/// Net rate and outlook, without saying the same thing twice.
struct Movement<'a>(&'a Sample);

impl fmt::Display for Movement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.net_per_second, self.0.outlook()) {
            (_, outlook @ Outlook::Growing(_)) | (None, outlook) => outlook.fmt(f),
            (Some(net), outlook) => write!(f, "net {}, {outlook}", PerSecond(net)),
        }
    }
}

/// The pods of a Deployment.
struct Pods<'a>(&'a Deployment);

impl fmt::Display for Pods<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deployment { namespace, name, desired, current, ready, available } = self.0;
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

    fn sample(backlog: u64, net: Option<f64>, deployment: Option<Deployment>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500), "mylist", backlog, net, deployment)
    }

    #[test]
    fn a_line_says_all_and_nothing_twice() {
        let deployment = Deployment {
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
            (sample(1_250, Some(25.0), Some(deployment)), format!("1250 waiting  growing +25.0/s{pods}")),
            (sample(3, Some(0.0), None), "3 waiting  net 0/s, steady".to_owned()),
            (sample(0, Some(-3.0), None), "0 waiting  net -3.0/s, empty".to_owned()),
        ] {
            assert_eq!(Line(&sample).to_string(), format!("1970-01-01T00:00:01Z  mylist: {line}"));
        }
    }

    #[test]
    fn what_is_claimed_is_shown_where_anybody_claims() {
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
    fn the_headline_is_for_people() {
        assert_eq!(headline(&sample(1_250, None, None), 2_400), "mylist: 1,250 waiting (peak 2,400)");
    }
}
