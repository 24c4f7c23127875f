//! Steps of the model, and the recorded changes they are.

use std::time::Duration;

use crate::scaler::Controller;

/// Longest time between a recorded change and the model's that count as one: one sync, or one row.
const MATCH_WITHIN: Duration = Duration::from_secs(16);

/// A decision of the model that changes the replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Time since the start of the recording.
    pub at: Duration,
    /// Controller that decides.
    pub by: Controller,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Reason, as text.
    pub reason: String,
    /// The recording does not tell whether the step is right: the rows before and after decide differently, or it ends.
    pub undecided: bool,
    /// Time at which it was recorded; `None` for a step of the model alone.
    pub recorded: Option<Duration>,
}

/// A recorded change.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedStep {
    /// Time of the first row with it, since the start of the recording.
    pub at: Duration,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Time from the row before.
    pub row: Duration,
    /// The model has it as well.
    pub predicted: bool,
}

/// Finds the steps that are recorded changes; several steps between two rows are one change.
pub(super) fn pair(steps: &mut [Step], recorded: &mut [RecordedStep]) {
    let mut begin = 0;
    for change in recorded {
        let within = MATCH_WITHIN.max(change.row);
        while steps.get(begin).is_some_and(|step| step.at + within < change.at) {
            begin += 1;
        }
        let near = steps[begin..].iter().take_while(|step| step.at <= change.at + within).count();
        let found = (begin..begin + near).find_map(|first| {
            let run = steps[first..begin + near]
                .iter()
                .take_while(|step| step.recorded.is_none() && step.at.saturating_sub(steps[first].at) <= change.row);
            let length = run.map(|step| step.to).position(|to| to == change.to)? + 1;
            (steps[first].from == change.from).then_some(first..first + length)
        });
        if let Some(run) = found {
            steps[run].iter_mut().for_each(|step| step.recorded = Some(change.at));
            change.predicted = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(millis: u64, from: u32, to: u32) -> Step {
        let at = Duration::from_millis(millis);
        Step { at, by: Controller::Hpa, from, to, reason: String::new(), undecided: false, recorded: None }
    }

    fn change(seconds: u64, from: u32, to: u32) -> RecordedStep {
        let row = Duration::from_secs(1);
        RecordedStep { at: Duration::from_secs(seconds), from, to, row, predicted: false }
    }

    #[test]
    fn steps_between_two_rows_are_one_change() {
        let mut steps = [step(10_100, 0, 1), step(10_600, 1, 4), step(40_000, 4, 5), step(90_000, 5, 4)];
        let mut recorded = [change(11, 0, 4), change(50, 4, 5), change(120, 5, 4)];
        pair(&mut steps, &mut recorded);
        let found: Vec<_> = steps.iter().map(|step| step.recorded.map(|at| at.as_secs())).collect();
        assert_eq!(found, [Some(11), Some(11), Some(50), None]);
        assert_eq!(recorded.map(|change| change.predicted), [true, true, false]);
    }

    #[test]
    fn steps_that_take_longer_than_a_row_are_several_changes() {
        let mut steps = [step(10_100, 0, 1), step(14_000, 1, 4)];
        pair(&mut steps, &mut [change(11, 0, 4)]);
        assert_eq!(steps.map(|step| step.recorded), [None, None]);
    }
}
