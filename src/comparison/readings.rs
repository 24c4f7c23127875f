//! Values that KEDA can have read: those of the row before a poll, those of the row after it, and all between them.

use std::time::Duration;

use crate::sample::recording::{RecordedSample, Recording};
use crate::scaler::{Counted, Reading, Settings};

/// Parts of the way from the row before to the row after that are tried, besides the nearer row.
const PARTS: [f64; 9] = [0.0, 1.0, 0.5, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875];

/// Returns the value of each trigger in a sample; 0 for one that is not recorded, as long as the list can be read.
pub(super) fn values(settings: &Settings, recording: &Recording, sample: &RecordedSample) -> Vec<Option<f64>> {
    let count = |counted| recording.counted(sample, counted).unwrap_or(sample.readable.then_some(0.0));
    settings.triggers.iter().map(|trigger| count(&trigger.counted)).collect()
}

/// Returns the reading of the sample nearest to `at`.
pub(super) fn nearest(settings: &Settings, recording: &Recording, at: Duration) -> Reading {
    reading(settings, recording, recording.near(at))
}

/// Returns the readings that are possible at `at`: none where the rows before and after say the same.
pub(super) fn possible(settings: &Settings, recording: &Recording, at: Duration) -> Vec<Reading> {
    let (before, after) = recording.around(at);
    let (first, last) = (reading(settings, recording, before), reading(settings, recording, after));
    if first == last {
        return Vec::new();
    }
    let (Reading::Read(from), Reading::Read(to)) = (&first, &last) else { return vec![first, last] };
    let between = |part: f64| {
        let value = |(from, to): (&Option<f64>, &Option<f64>)| {
            let (from, to) = ((*from)?, (*to)?);
            let between = from + (to - from) * part;
            // Between two counts is another.
            Some(if from.fract() == 0.0 && to.fract() == 0.0 { between.round() } else { between })
        };
        Reading::Read(from.iter().zip(to).map(value).collect())
    };
    let readable = from.iter().chain(to).all(Option::is_some);
    if readable { PARTS.map(between).to_vec() } else { vec![first, last] }
}

/// An unreachable Redis is one that KEDA cannot connect to.
fn reading(settings: &Settings, recording: &Recording, sample: &RecordedSample) -> Reading {
    if sample.is_blind() { Reading::NotBuilt } else { Reading::Read(values(settings, recording, sample)) }
}

/// Returns the triggers that the recording has no column for: the name of each, and the columns it needs.
pub(super) fn unrecorded(settings: &Settings, recording: &Recording) -> Vec<(String, String)> {
    let columns = |counted: &Counted| match counted {
        Counted::Busy => Some("`busy` or `in_flight`".to_owned()),
        Counted::Delayed => Some("`delayed`".to_owned()),
        Counted::OfList { name, .. } | Counted::Other(name) => Some(format!("`{name}`")),
        // Nearly always empty, and recorded by nothing.
        Counted::Waiting | Counted::Landing => None,
    };
    let missing = settings.triggers.iter().map(|trigger| &trigger.counted);
    let missing = missing.filter(|counted| recording.counted(&recording.samples[0], counted).is_none());
    missing.filter_map(|counted| Some((counted.name().to_owned(), columns(counted)?))).collect()
}
