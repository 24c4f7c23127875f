//! The load of `simulate`, and the values of triggers next to it.

use std::path::PathBuf;
use std::time::Duration;

use color_eyre::eyre::{Report, Result};

use crate::exit::UsageError;
use crate::files::counts;
use crate::profile::Profile;
use crate::profile::scale::trigger_names;
use crate::workload::{Arrival, Load, Pattern, RecordedCounts, Timing, TriggerSeries};

/// Maximum simulated time; a sample per second is kept in memory.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Simulated time of an open-ended load.
pub(super) const OPEN_ENDED: Duration = Duration::from_secs(5 * 60);

/// Maximum number of items; a load with more is likely a mistyped rate, and does not fit into memory.
const MAX_ITEMS: u64 = 20_000_000;

/// Error for a load whose arrivals cannot be foreseen.
pub(super) const NO_RATE: &str =
    "the profile's load has no rate (`rate = \"max\"`) and cannot be simulated: add --produce";

/// A load, and the values of the triggers of other types.
pub(super) struct SimulatedLoad {
    pub(super) load: Load,
    pub(super) series: Vec<TriggerSeries>,
}

impl SimulatedLoad {
    /// Reads the load of the command line, or else of the profile; warns of triggers without values.
    pub(super) fn read(produce: Option<Pattern>, file: Option<PathBuf>, profile: &Profile) -> Result<Self> {
        let triggers = trigger_names(&profile.scale.triggers);
        let of_pattern = |pattern| Load { timing: Timing::Pattern(pattern), count: None, duration: None };
        let read = match (produce, file, &profile.produce.pattern_file) {
            (Some(pattern), ..) => Self { load: of_pattern(pattern), series: Vec::new() },
            (None, Some(path), _) => {
                let counts = counts::read(&path, &triggers);
                let RecordedCounts { pattern, triggers } =
                    counts.map_err(|error| UsageError(format!("--produce-file: {error}")))?;
                Self { load: of_pattern(pattern), series: triggers }
            }
            (None, None, Some(path)) => {
                let RecordedCounts { pattern, triggers } = counts::read(path, &triggers).map_err(|error| {
                    Report::from(profile.source.error_at(&["produce", "pattern-file"], error.to_string()))
                })?;
                let load = Load { timing: Timing::Pattern(pattern), ..profile.produce.load() };
                Self { load, series: triggers }
            }
            (None, None, None) => Self { load: profile.produce.load(), series: Vec::new() },
        };
        for trigger in triggers.iter().filter(|name| !read.series.iter().any(|series| series.name == **name)) {
            tracing::warn!(%trigger, "a trigger has no values and counts as 0: add a column to --produce-file");
        }
        Ok(read)
    }
}

/// Returns when items are due.
pub(super) fn arrivals(load: &Load, limit: Option<Duration>, seed: u64) -> Result<Vec<Arrival>> {
    let end = limit.unwrap_or(if load.estimate(None).is_some() { Duration::MAX } else { OPEN_ENDED });
    // Before anything is made of it: a load beyond the limit would take all memory first.
    if load.estimate(Some(end)).is_some_and(|items| items > MAX_ITEMS) {
        return Err(UsageError(format!("the load has more than {MAX_ITEMS} items, the limit")).into());
    }
    let Some(arrivals) = load.arrivals(seed) else {
        return Err(UsageError(NO_RATE.to_owned()).into());
    };
    let mut items = 0_u64;
    let mut kept = Vec::new();
    for arrival in arrivals.take_while(|arrival| arrival.at < end || arrival.at.is_zero()) {
        if arrival.at > MAX_DURATION {
            let message = "the load lasts longer than 31 days, the maximum: add --duration";
            return Err(UsageError(message.to_owned()).into());
        }
        items = items.saturating_add(arrival.count);
        if items > MAX_ITEMS {
            return Err(UsageError(format!("the load has more than {MAX_ITEMS} items, the limit")).into());
        }
        kept.push(arrival);
    }
    Ok(kept)
}

/// Describes a load in a few words.
pub(super) fn describe(load: &Load, limit: Option<Duration>) -> String {
    let timing = match &load.timing {
        Timing::Pattern(pattern) => {
            let text = pattern.to_string();
            if text.chars().count() <= 60 { text } else { "a pattern".to_owned() }
        }
        Timing::Pace(pace) => pace.to_string(),
    };
    match limit {
        None if load.estimate(None).is_none() => format!("{timing} for {}", humantime::format_duration(OPEN_ENDED)),
        _ => timing,
    }
}
