//! Jobs that the model starts for a recorded list, next to the Jobs that a `ScaledJob` started.
//!
//! The model is asked at the times at which KEDA polls, with the list and the unfinished Jobs as they were recorded: each
//! poll stands for itself. Where the recording does not say when the first one was, that is fitted.

use std::time::Duration;

use super::clock::moments;
use super::{FINE, grid, read};
use crate::sample::recording::Recording;
use crate::scaler::{Created, JobSettings, Settings};

/// A poll of KEDA's.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Since the begin of the recording.
    pub at: Duration,
    /// Backlog.
    pub backlog: u64,
    /// Jobs created until the next poll, as recorded.
    pub recorded: u32,
    /// Jobs created by the model.
    pub predicted: Created,
}

/// Prediction and recording, poll by poll.
#[derive(Debug, Clone, PartialEq)]
pub struct JobComparison {
    /// All polls, in order.
    pub polls: Vec<Poll>,
    /// The recording holds the times of polls.
    pub timed: bool,
}

impl JobComparison {
    /// Asks the model what it makes of the recording; `None` where that knows of no Jobs.
    pub fn of(settings: &Settings, jobs: &JobSettings, recording: &Recording) -> Option<Self> {
        let unknown = if recording.polls.is_empty() { settings.polling } else { FINE };
        let fits = grid(Duration::ZERO, unknown, FINE)
            .map(|first| Self::begun(first, settings, jobs, recording))
            .collect::<Option<Vec<_>>>()?;
        let best = fits.iter().map(Self::difference).min()?;
        // Between two rows any moment fits as well as the next: the middle of those that do is the most likely.
        let mut best: Vec<Self> = fits.into_iter().filter(|fit| fit.difference() == best).collect();
        Some(best.swap_remove(best.len() / 2))
    }

    fn begun(first: Duration, settings: &Settings, jobs: &JobSettings, recording: &Recording) -> Option<Self> {
        let times = moments(&recording.polls, first, settings.poll_period(), recording.span());
        let nexts = times.iter().skip(1).copied().chain([Duration::MAX]);
        let polls = times.iter().copied().zip(nexts).map(|(at, next)| {
            let look = recording.at(at);
            let there = look.jobs?;
            let until = recording.at(next).jobs?.created;
            Some(Poll {
                at,
                backlog: look.backlog,
                recorded: until.saturating_sub(there.created),
                predicted: jobs.poll(settings, &read(settings, recording, look), there.unfinished),
            })
        });
        Some(Self { polls: polls.collect::<Option<_>>()?, timed: !recording.polls.is_empty() })
    }

    /// By how many Jobs the two differ, taken over all polls.
    pub fn difference(&self) -> u32 {
        self.polls.iter().map(|poll| poll.recorded.abs_diff(poll.predicted.jobs)).sum()
    }

    /// Number of polls with the same result.
    pub fn same(&self) -> usize {
        self.polls.iter().filter(|poll| poll.recorded == poll.predicted.jobs).count()
    }
}
