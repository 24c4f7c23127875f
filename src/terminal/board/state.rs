//! Everything that the samples have shown: lists with their history.

use std::collections::VecDeque;
use std::time::Duration;

use super::history::ListHistory;
use crate::sample::{DeadCause, Replicas, Sample};
use crate::units::visible;

/// Changes that are kept for the list of reasons; a chart that is left at the end shows these.
const KEPT_CHANGES: usize = 200;

/// Samples that may be missed before data counts as old.
const MISSED: u32 = 3;

/// Least age of old data.
const OLD: Duration = Duration::from_secs(3);

/// State of the dashboard.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct BoardState {
    /// The command and its subject.
    pub(in crate::terminal) title: String,
    /// Time between two samples, of the clock that is shown.
    pub(in crate::terminal) every: Duration,
    /// Factor by which that clock is faster than the real one.
    pub(in crate::terminal) speed: f64,
    pub(in crate::terminal) lists: Vec<ListState>,
    /// State of the run, such as a load that was changed.
    pub(in crate::terminal) notice: Option<String>,
}

/// One list: its latest sample, and its past.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct ListState {
    pub(in crate::terminal) name: String,
    /// The name as it is shown.
    pub(in crate::terminal) title: String,
    pub(in crate::terminal) history: ListHistory,
    pub(in crate::terminal) latest: Option<Latest>,
    /// Replica counts that were read last.
    pub(in crate::terminal) pods: Option<LastPods>,
    /// Reason why they cannot be read.
    pub(in crate::terminal) pods_fault: Option<String>,
    /// Causes of the newest dead letters, the most frequent first.
    pub(in crate::terminal) dead_letters: Vec<DeadCause>,
    /// Changes of the desired replicas, oldest first.
    pub(in crate::terminal) changes: VecDeque<ReplicaChange>,
    /// Number of changes so far.
    numbered: usize,
}

/// The latest sample and its time.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct Latest {
    pub(in crate::terminal) at: Duration,
    pub(in crate::terminal) sample: Sample,
}

/// Replica counts and the time at which they were read.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct LastPods {
    pub(in crate::terminal) at: Duration,
    pub(in crate::terminal) replicas: Replicas,
}

/// A change of the desired replicas.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct ReplicaChange {
    pub(in crate::terminal) number: usize,
    pub(in crate::terminal) at: Duration,
    pub(in crate::terminal) from: u32,
    pub(in crate::terminal) to: u32,
    pub(in crate::terminal) reason: Option<String>,
}

impl BoardState {
    /// Creates the state of `lists`, which get a sample once per `every`.
    pub(in crate::terminal) fn new(title: String, lists: &[String], every: Duration, speed: f64) -> Self {
        let lists = lists.iter().map(|name| ListState::new(name, every)).collect();
        Self { title, every, speed, lists, notice: None }
    }

    /// Takes a sample of one of the lists.
    pub(in crate::terminal) fn take(&mut self, at: Duration, sample: &Sample) {
        if let Some(list) = self.lists.iter_mut().find(|list| list.name == sample.list) {
            list.take(at, sample);
        }
    }

    /// Takes the reason why the pods of a list cannot be read.
    pub(in crate::terminal) fn pods_fault(&mut self, list: &str, fault: Option<String>) {
        if let Some(list) = self.lists.iter_mut().find(|known| known.name == list) {
            list.pods_fault = fault;
        }
    }

    /// Takes the causes of the newest dead letters of a list.
    pub(in crate::terminal) fn dead_letters(&mut self, list: &str, causes: Vec<DeadCause>) {
        if let Some(list) = self.lists.iter_mut().find(|known| known.name == list) {
            list.dead_letters = causes;
        }
    }

    /// Returns the age of data from `at`, once that is old.
    pub(in crate::terminal) fn age(&self, at: Duration, now: Duration) -> Option<Duration> {
        let age = now.saturating_sub(at);
        (age > (self.every * MISSED).max(OLD.mul_f64(self.speed))).then_some(age)
    }
}

impl ListState {
    fn new(name: &str, every: Duration) -> Self {
        Self {
            name: name.to_owned(),
            title: visible(name).into_owned(),
            history: ListHistory::new(every),
            latest: None,
            pods: None,
            pods_fault: None,
            dead_letters: Vec::new(),
            changes: VecDeque::new(),
            numbered: 0,
        }
    }

    fn take(&mut self, at: Duration, sample: &Sample) {
        self.history.add(at, sample);
        if let Some(replicas) = &sample.target {
            let from = self.pods.as_ref().map(|last| last.replicas.desired);
            if let Some(from) = from.filter(|from| *from != replicas.desired) {
                self.numbered += 1;
                let reason = sample.reason.clone();
                if self.changes.len() == KEPT_CHANGES {
                    self.changes.pop_front();
                }
                self.changes.push_back(ReplicaChange { number: self.numbered, at, from, to: replicas.desired, reason });
            }
            self.pods = Some(LastPods { at, replicas: replicas.clone() });
        }
        self.latest = Some(Latest { at, sample: sample.clone() });
    }
}
