//! Jobs that a poll creates, and the reason, made from the numbers that decided.

use std::fmt;

use super::count::Inactivity;
use super::observation::Unfinished;
use super::strategy::{Calculation, Strategy};
use super::trigger::Counted;
use crate::units::{counted, saturating_u32};

/// Result of a poll.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// Jobs to create.
    pub jobs: u32,
    /// Jobs that exist.
    pub unfinished: Unfinished,
    /// Waiting items.
    pub waiting: u64,
    /// Reason for the number, whatever it is.
    pub reason: JobReason,
}

/// Reason for the number of Jobs to create.
#[derive(Debug, Clone, PartialEq)]
pub enum JobReason {
    /// `autoscaling.keda.sh/paused`.
    Paused,
    /// Fewer unfinished Jobs than `minReplicaCount`.
    BelowMin(u32),
    /// No trigger is active.
    Inactive(Inactivity),
    /// No trigger is active, and there are as many Jobs as `minReplicaCount`, or more.
    AtMin {
        /// The minimum.
        min: u32,
        /// Cause of the inactivity.
        inactivity: Inactivity,
    },
    /// No trigger that can be read is active.
    Unreadable,
    /// Demand of the active triggers, and the strategy.
    Demand(JobSum),
}

/// Numbers that decide while a trigger is active.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSum {
    /// Triggers that decide, each with its value and its target.
    pub counted: Vec<(Counted, f64, f64)>,
    /// `multipleScalersCalculation`, if several triggers are active.
    pub calculation: Option<Calculation>,
    /// Jobs for the items, without a maximum.
    pub uncapped: u32,
    /// Jobs for the items within the maximum.
    pub wanted: u32,
    /// `minReplicaCount`.
    pub min: u32,
    /// `maxReplicaCount`.
    pub max: u32,
    /// `scalingStrategy.strategy`.
    pub strategy: Strategy,
    /// Rule of the strategy that decides.
    pub rule: StrategyRule,
    /// Number of items, if it is less than what the strategy gives.
    pub items: Option<u32>,
}

/// Rule of a strategy. Running Jobs are those above `minReplicaCount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrategyRule {
    /// As many as wanted.
    All,
    /// Less the running Jobs.
    LessRunning {
        /// Running Jobs.
        running: u32,
    },
    /// Less the pending Jobs.
    LessPending {
        /// Pending Jobs.
        pending: u32,
    },
    /// Less a fixed number, and a share of the running Jobs.
    LessPart {
        /// `customScalingQueueLengthDeduction`.
        deduction: u32,
        /// Running Jobs that count.
        counted: u32,
        /// Running Jobs.
        running: u32,
    },
    /// As many as the maximum leaves room for.
    Room {
        /// `maxReplicaCount` less `minReplicaCount`.
        headroom: u32,
        /// Running Jobs.
        running: u32,
        /// Pending Jobs, where the strategy subtracts them.
        pending: Option<u32>,
    },
    /// The maximum.
    Most {
        /// `maxReplicaCount` less `minReplicaCount`.
        headroom: u32,
    },
}

impl StrategyRule {
    /// Returns the Jobs that remain of those wanted; below zero if there are too many.
    pub(super) fn jobs(self, wanted: i64) -> i64 {
        match self {
            Self::All => wanted,
            Self::LessRunning { running } => wanted - i64::from(running),
            Self::LessPending { pending } => wanted - i64::from(pending),
            Self::LessPart { deduction, counted, .. } => wanted - i64::from(deduction) - i64::from(counted),
            Self::Room { headroom, running, pending } => {
                i64::from(headroom) - i64::from(running) - i64::from(pending.unwrap_or(0))
            }
            Self::Most { headroom } => i64::from(headroom),
        }
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            JobReason::Paused => f.write_str("paused: autoscaling.keda.sh/paused"),
            JobReason::BelowMin(min) => write!(f, "{} running, below minReplicaCount {min}", self.unfinished.running),
            JobReason::Inactive(Inactivity::NoItems) => f.write_str("inactive: no active trigger"),
            JobReason::Inactive(inactivity) => inactivity.fmt(f),
            JobReason::AtMin { min, inactivity } => {
                write!(f, "{inactivity}{} minReplicaCount {min} stays", inactivity.separator())
            }
            JobReason::Unreadable => f.write_str("a trigger cannot be read: no Jobs are created"),
            JobReason::Demand(sum) => sum.fmt(f),
        }
    }
}

impl fmt::Display for JobSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, calculation, uncapped, wanted, min, max, strategy, rule, items } = self;
        let parts: Vec<String> =
            counted.iter().map(|(what, value, target)| format!("{value} {what} ÷ {target}")).collect();
        if let Some(calculation @ (Calculation::Max | Calculation::Min | Calculation::Avg)) = calculation {
            write!(f, "{calculation}: ")?;
        }
        write!(f, "{} per Job = {}", parts.join(" + "), jobs_in_words(*uncapped))?;
        if wanted < uncapped {
            match min {
                0 => write!(f, ", capped at maxReplicaCount {max}")?,
                _ => write!(f, ", capped at {wanted} (maxReplicaCount {max} − minReplicaCount {min})")?,
            }
        }
        write!(f, "; strategy {strategy}: ")?;
        let above = if *min == 0 { String::new() } else { format!(" above minReplicaCount {min}") };
        match *rule {
            StrategyRule::All => write!(f, "{wanted}")?,
            StrategyRule::LessRunning { running } => write!(f, "{wanted} − {running} running{above}")?,
            StrategyRule::LessPending { pending } => write!(f, "{wanted} − {pending} pending")?,
            StrategyRule::LessPart { deduction, counted, running } => {
                write!(f, "{wanted} − {deduction} deducted − {counted} of {running} running{above}")?;
            }
            StrategyRule::Room { headroom, running, pending } => {
                write!(f, "room for {headroom}")?;
                match min {
                    0 => write!(f, " (maxReplicaCount) − {running} running")?,
                    _ => write!(f, " (maxReplicaCount {max} − minReplicaCount {min}) − {running} running{above}")?,
                }
                if let Some(pending) = pending {
                    write!(f, " − {pending} pending")?;
                }
            }
            StrategyRule::Most { headroom } => write!(f, "capped at {headroom}")?,
        }
        let jobs = rule.jobs(i64::from(*wanted));
        match (jobs, rule) {
            (_, StrategyRule::All | StrategyRule::Most { .. }) => {}
            (..0, _) => f.write_str(" is below 0")?,
            _ => write!(f, " = {}", saturating_u32(jobs))?,
        }
        items.map_or(Ok(()), |items| write!(f, ", at most one per item: {items}"))
    }
}

/// Returns a number of Jobs, in words.
pub fn jobs_in_words(jobs: u32) -> String {
    counted(jobs, "Job", "Jobs")
}
