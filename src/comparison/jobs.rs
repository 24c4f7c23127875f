//! Comparison of recorded Jobs of a `ScaledJob` with the model.
//!
//! The model runs at the times of KEDA's polls, with the recorded list and unfinished Jobs: each poll stands for itself.
//! Where the recording has no poll phase, it is fitted.

use std::time::Duration;

use super::Coverage;
use super::clock::moments;
use super::fit::{FINE, grid};
use super::readings::values;
use crate::sample::recording::Recording;
use crate::scaler::{Created, JobSettings, Settings};

/// One poll.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Time since the start of the recording.
    pub at: Duration,
    /// Waiting items.
    pub backlog: u64,
    /// Jobs started until the next poll.
    pub recorded: u32,
    /// Prediction of the model.
    pub predicted: Created,
    /// Fewest and most Jobs that are predicted from what KEDA can have read between the rows.
    pub possible: (u32, u32),
}

impl Poll {
    /// Returns true if the prediction is as recorded.
    pub fn same(&self) -> bool {
        self.recorded == self.predicted.jobs
    }

    /// Returns true if the prediction is not as recorded, but would be from something that KEDA can have read.
    pub fn undecided(&self) -> bool {
        !self.same() && (self.possible.0..=self.possible.1).contains(&self.recorded)
    }
}

/// Prediction and recording, by poll.
#[derive(Debug, Clone, PartialEq)]
pub struct JobComparison {
    /// All polls, in order.
    pub polls: Vec<Poll>,
    /// The times are recorded, not fitted.
    pub timed: bool,
    /// Limits of what the recording can tell.
    pub coverage: Coverage,
}

impl JobComparison {
    /// Runs the model over the recording; `None` if that has no Jobs.
    pub fn of(settings: &Settings, jobs: &JobSettings, recording: &Recording) -> Option<Self> {
        let unknown = if recording.polls.is_empty() { settings.polling } else { FINE };
        let coverage = Coverage::of(settings, recording);
        let fits = grid(Duration::ZERO, unknown, FINE)
            .map(|first| Self::begun(first, settings, jobs, recording, &coverage))
            .collect::<Option<Vec<_>>>()?;
        let best = fits.iter().map(Self::difference).min()?;
        // Between two rows, any time fits equally well: the middle of those is the most likely.
        let mut best: Vec<Self> = fits.into_iter().filter(|fit| fit.difference() == best).collect();
        Some(best.swap_remove(best.len() / 2))
    }

    fn begun(
        first: Duration,
        settings: &Settings,
        jobs: &JobSettings,
        recording: &Recording,
        coverage: &Coverage,
    ) -> Option<Self> {
        let times = moments(&recording.polls, first, settings.poll_period(), recording.span());
        let nexts = times.iter().skip(1).copied().chain([Duration::MAX]);
        let polls = times.iter().copied().zip(nexts).map(|(at, next)| {
            let look = recording.at(at);
            let there = look.jobs?;
            let until = recording.at(next).jobs?.created;
            let predicted = |sample| jobs.poll(settings, &values(settings, recording, sample), there.unfinished);
            let predictions = [look, recording.around(at).1].map(|sample| predicted(sample).jobs);
            Some(Poll {
                at,
                backlog: look.backlog,
                recorded: until.saturating_sub(there.created),
                predicted: predicted(look),
                possible: (predictions[0].min(predictions[1]), predictions[0].max(predictions[1])),
            })
        });
        Some(Self {
            polls: polls.collect::<Option<_>>()?,
            timed: !recording.polls.is_empty(),
            coverage: coverage.clone(),
        })
    }

    /// Returns the difference in Jobs over all polls.
    pub fn difference(&self) -> u32 {
        self.polls.iter().map(|poll| poll.recorded.abs_diff(poll.predicted.jobs)).sum()
    }

    /// Returns the number of polls that the recording does not decide.
    pub fn undecided(&self) -> usize {
        self.polls.iter().filter(|poll| poll.undecided()).count()
    }

    /// Returns the number of polls with equal Jobs.
    pub fn same(&self) -> usize {
        self.polls.iter().filter(|poll| poll.same()).count()
    }
}
