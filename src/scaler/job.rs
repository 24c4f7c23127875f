//! ScaledJobs: the number of Jobs that KEDA creates at a poll.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::observation::Unfinished;
use super::settings::Settings;
use super::trigger::{Counted, Trigger};
use crate::units::{counted, float, saturating_u32, signed_whole};

/// Settings that only a ScaledJob has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobSettings {
    /// `scalingStrategy.strategy`.
    pub strategy: Strategy,
    /// `multipleScalersCalculation`.
    pub calculation: Calculation,
    /// `customScalingQueueLengthDeduction`.
    pub deduction: u32,
    /// `customScalingRunningJobPercentage`, from 0 to 1.
    pub running_part: f64,
}

/// `scalingStrategy.strategy`: number of Jobs to create from the queue and the Jobs that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Subtracts running Jobs from the queue: for items that count until they are processed.
    Default,
    /// Subtracts pending Jobs only: for items that leave the list, uncounted, when their Job starts.
    Accurate,
    /// Starts as many Jobs as `maxReplicaCount` allows.
    Eager,
    /// Subtracts a share of the running Jobs, and a fixed number.
    Custom,
}

/// `scalingStrategy.multipleScalersCalculation`: demand of several triggers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calculation {
    /// The largest queue.
    Max,
    /// The smallest queue of the active triggers.
    Min,
    /// The average of the active triggers.
    Avg,
    /// The sum of the active triggers.
    #[default]
    Sum,
}

/// Result of a poll.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// Jobs to create.
    pub jobs: u32,
    /// Jobs that the active triggers want, within `maxReplicaCount`.
    pub wanted: u32,
    /// Jobs that exist.
    pub unfinished: Unfinished,
    /// `maxReplicaCount`.
    pub max: u32,
    /// Paused by an annotation.
    pub paused: bool,
    /// Values of the triggers that decide.
    pub counted: Vec<(Counted, u64)>,
}

/// Demand of triggers, in items and in Jobs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct JobDemand {
    queue: f64,
    jobs: f64,
}

impl JobSettings {
    /// Runs one poll: `scale_jobs.go::RequestJobScale`, with the demand of `scaledjob/metrics.go`.
    ///
    /// A trigger that cannot be read is left out.
    pub fn poll(&self, settings: &Settings, values: &[Option<u64>], unfinished: Unfinished) -> Created {
        let Unfinished { running, pending } = unfinished;
        let min = i64::from(settings.min.min(settings.max));
        let headroom = i64::from(settings.max) - min;
        let active: Vec<(&Trigger, u64)> = settings
            .triggers
            .iter()
            .zip(values)
            .filter_map(|(trigger, value)| Some((trigger, (*value)?)))
            .filter(|(trigger, value)| *value > trigger.activation)
            .collect();
        let demand = self.demand(&active, float(headroom.unsigned_abs()));
        let (wanted, queue) = (signed_whole(demand.jobs.ceil()), signed_whole(demand.queue.ceil()));
        let (running, pending) = (i64::from(running), i64::from(pending));
        let paused = settings.pause.paused;
        let jobs = if paused {
            0
        } else if running < min {
            min - running
        } else if active.is_empty() && min == 0 {
            0
        } else {
            let (effective, most) = self.effective(wanted, running - min, pending, headroom, queue);
            effective.clamp(0, most.max(0))
        };
        Created {
            jobs: saturating_u32(jobs),
            wanted: saturating_u32(wanted),
            unfinished,
            max: settings.max,
            paused,
            counted: self.deciding(&active).iter().map(|(trigger, value)| (trigger.counted, *value)).collect(),
        }
    }

    /// Returns the Jobs to create, and their limit at this poll: `GetEffectiveMaxScale` of each strategy.
    fn effective(&self, wanted: i64, running: i64, pending: i64, headroom: i64, queue: i64) -> (i64, i64) {
        match self.strategy {
            Strategy::Default => (wanted - running, queue),
            Strategy::Custom => {
                let counted = signed_whole((self.running_part * float(running.unsigned_abs())).trunc());
                ((wanted - i64::from(self.deduction) - counted).min(headroom), queue)
            }
            Strategy::Accurate if wanted + running - pending > headroom => (headroom - running, queue),
            Strategy::Accurate => (wanted - pending, queue),
            Strategy::Eager => ((headroom - running - pending).min(wanted), headroom),
        }
    }

    /// Returns the triggers that decide; the first of equal ones.
    fn deciding<'a>(&self, active: &'a [(&'a Trigger, u64)]) -> Vec<&'a (&'a Trigger, u64)> {
        match self.calculation {
            Calculation::Max => active.iter().rev().max_by_key(|(_, value)| *value).into_iter().collect(),
            Calculation::Min => active.iter().min_by_key(|(_, value)| *value).into_iter().collect(),
            Calculation::Sum | Calculation::Avg => active.iter().collect(),
        }
    }

    fn demand(&self, active: &[(&Trigger, u64)], headroom: f64) -> JobDemand {
        let mut demands = active.iter().map(|(trigger, value)| JobDemand {
            queue: float(*value),
            jobs: (float(*value) / float(trigger.target)).min(headroom),
        });
        let sum = |demands: &mut dyn Iterator<Item = JobDemand>| {
            demands.fold(JobDemand { queue: 0.0, jobs: 0.0 }, |sum, next| JobDemand {
                queue: sum.queue + next.queue,
                jobs: sum.jobs + next.jobs,
            })
        };
        let by_queue = |a: &JobDemand, b: &JobDemand| a.queue.total_cmp(&b.queue);
        match self.calculation {
            // Of equal queues the first decides, and its listLength.
            Calculation::Max => demands.rev().max_by(by_queue),
            Calculation::Min => demands.min_by(by_queue),
            Calculation::Sum => {
                let JobDemand { queue, jobs } = sum(&mut demands);
                Some(JobDemand { queue, jobs: jobs.min(headroom) })
            }
            Calculation::Avg => {
                let JobDemand { queue, jobs } = sum(&mut demands);
                let triggers = float(u64::try_from(active.len().max(1)).unwrap_or(u64::MAX));
                Some(JobDemand { queue: queue / triggers, jobs: jobs / triggers })
            }
        }
        .unwrap_or(JobDemand { queue: 0.0, jobs: 0.0 })
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, wanted, unfinished: Unfinished { running, pending }, max, paused, counted } = self;
        if *paused {
            return f.write_str("paused: autoscaling.keda.sh/paused");
        }
        let parts: Vec<String> = counted.iter().map(|(what, value)| format!("{value} {what}")).collect();
        match parts.join(" + ") {
            parts if parts.is_empty() => f.write_str("inactive")?,
            parts => write!(f, "{parts}: {} wanted", jobs_in_words(*wanted))?,
        }
        if *running > 0 {
            write!(f, ", {running} running")?;
        }
        if *pending > 0 {
            write!(f, " ({pending} pending)")?;
        }
        if running + jobs >= *max && jobs < wanted {
            write!(f, ", capped at maxReplicaCount {max}")?;
        }
        Ok(())
    }
}

/// Returns a number of Jobs, in words.
pub fn jobs_in_words(jobs: u32) -> String {
    counted(jobs, "Job", "Jobs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaler::{Pause, TRIGGERS};

    /// Settings with these triggers, each a `listLength`.
    fn settings(targets: &[u64], max: u32) -> Settings {
        let counted = [Counted::Waiting, Counted::Busy, Counted::Delayed, Counted::Landing];
        let trigger = |(counted, target): (Counted, &u64)| Trigger {
            key: counted.name().to_owned(),
            counted,
            target: *target,
            activation: 0,
        };
        assert!(targets.len() <= TRIGGERS.len());
        Settings { max, triggers: counted.into_iter().zip(targets).map(trigger).collect(), ..Settings::default() }
    }

    fn jobs(strategy: Strategy) -> JobSettings {
        JobSettings { strategy, calculation: Calculation::Sum, deduction: 0, running_part: 0.0 }
    }

    /// The vectors of KEDA's own `scale_jobs_test.go`, and what follows from its rules.
    #[test]
    fn strategies_create_as_many_jobs_as_keda() {
        let custom = JobSettings { deduction: 1, running_part: 0.5, ..jobs(Strategy::Custom) };
        for (jobs, waiting, running, pending, max, expected) in [
            (jobs(Strategy::Default), 3, 2, 0, 10, 1),
            (jobs(Strategy::Accurate), 5, 4, 2, 5, 1),
            (jobs(Strategy::Accurate), 20, 15, 10, 20, 5),
            (jobs(Strategy::Eager), 4, 7, 0, 10, 3),
            (custom, 3, 2, 0, 10, 1),
            (jobs(Strategy::Default), 3, 3, 0, 10, 0),
            (jobs(Strategy::Accurate), 3, 3, 0, 10, 3),
            (jobs(Strategy::Default), 0, 0, 0, 10, 0),
            (jobs(Strategy::Default), 1_000, 0, 0, 10, 10),
        ] {
            let created = jobs.poll(&settings(&[1], max), &[Some(waiting)], Unfinished { running, pending });
            assert_eq!(created.jobs, expected, "{jobs:?}: {waiting} waiting, {running} running, {pending} pending");
        }
    }

    #[test]
    fn minimum_activation_and_pause_come_before_the_strategy() {
        let jobs = jobs(Strategy::Default);
        let min = Settings { min: 2, ..settings(&[1], 10) };
        assert_eq!(jobs.poll(&min, &[Some(0)], Unfinished::default()).jobs, 2);
        let mut activation = settings(&[1], 10);
        activation.triggers[0].activation = 5;
        assert_eq!(jobs.poll(&activation, &[Some(5)], Unfinished::default()).jobs, 0);
        let paused = Settings { pause: Pause { paused: true, ..Pause::default() }, ..min };
        assert_eq!(jobs.poll(&paused, &[Some(5)], Unfinished::default()).jobs, 0);
    }

    #[test]
    fn first_of_equal_queues_decides() {
        let jobs = JobSettings { calculation: Calculation::Max, ..jobs(Strategy::Default) };
        let created = jobs.poll(&settings(&[5, 1], 10), &[Some(5), Some(5)], Unfinished::default());
        assert_eq!((created.wanted, created.counted), (1, vec![(Counted::Waiting, 5)]));
    }

    #[test]
    fn sum_names_every_count() {
        let values = [Some(7), Some(13), Some(0), None];
        let unfinished = Unfinished { running: 16, pending: 0 };
        let created = jobs(Strategy::Default).poll(&settings(&[1; 4], 100), &values, unfinished);
        assert_eq!(created.to_string(), "7 waiting + 13 busy: 20 Jobs wanted, 16 running");
    }
}
