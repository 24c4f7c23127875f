//! Diagnosis of a scaled object: its faults, each as a code and a sentence.
//!
//! The texts that are recognized are those of KEDA 2.20 and Kubernetes 1.36. Several causes may have the same text; the sentence
//! then names all of them.

mod check;
mod cluster;
mod code;
mod installation;
mod library;
mod network;
mod pods;
mod practice;
mod redis;
mod references;
mod rights;
mod scaling;
mod server;

use std::time::Duration;

pub use self::check::{CheckResult, Checked};
pub use self::cluster::{Patient, of_cluster};
pub use self::code::{FaultCode, FaultSeverity};
pub use self::library::{LibraryList, candidates, mistaken, priorities};
pub use self::network::services;
pub use self::references::{TriggerHost, hosts};
pub use self::rights::{PROGRAMS, Program, REPLICA_WAIT, call};
pub use self::server::{ServerInfo, of_database, of_server};
use crate::cluster::{ClusterEvent, ClusterPod, LiveHpa, LiveScaledObject, LiveTarget};

/// Facts about a scaled object at one moment.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Kind of the target, or `ScaledJob`.
    pub kind: &'a str,
    /// Name of the target or ScaledJob.
    pub name: &'a str,
    /// Name of the list.
    pub list: &'a str,
    /// Time for which items have been waiting without a pause; `None` while none wait.
    pub waiting_for: Option<Duration>,
    /// Time for which the controller of the target has not seen its latest generation; `None` if it has.
    pub ignored_for: Option<Duration>,
    /// Time since 1970.
    pub now: Duration,
    /// ScaledObjects of the target, or the ScaledJob; `None` if they cannot be read.
    pub scaled: Option<Vec<&'a LiveScaledObject>>,
    /// HPAs of the target; `None` if they cannot be read.
    pub autoscalers: Option<Vec<&'a LiveHpa>>,
    /// The target, if it exists.
    pub target: Option<&'a LiveTarget>,
    /// Its pods.
    pub pods: &'a [ClusterPod],
    /// Warnings of the namespace.
    pub events: &'a [ClusterEvent],
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its code.
    pub code: FaultCode,
    /// A sentence without a full stop.
    pub text: String,
    /// Remedy.
    pub hint: String,
}

impl Diagnosis {
    /// Creates a fault with the hint of its code.
    fn new(code: FaultCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), hint: code.hint().to_owned() }
    }

    /// Sets a hint that knows better.
    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

/// Returns the faults, the most severe first.
pub fn diagnose(situation: &Situation<'_>) -> Vec<Diagnosis> {
    let mut faults = scaling::faults(situation);
    faults.extend(pods::faults(situation));
    // More pods are no remedy while something does not work.
    if faults.iter().any(|fault| fault.code.severity() == FaultSeverity::Fault) {
        faults.retain(|fault| fault.code != FaultCode::AtMaximum);
    }
    faults
}

impl Situation<'_> {
    /// Returns the text of the latest event with this reason about an object.
    fn event(&self, kind: &str, name: &str, reason: &str) -> Option<&str> {
        self.event_that(kind, name, |event| event.reason == reason)
    }

    /// Returns the text of the latest event about an object that `is_meant`.
    fn event_that(&self, kind: &str, name: &str, is_meant: impl Fn(&ClusterEvent) -> bool) -> Option<&str> {
        let about =
            |event: &&ClusterEvent| event.regarding.kind == kind && event.regarding.name == name && is_meant(event);
        let latest = self.events.iter().filter(about).max_by_key(|event| event.last_seen())?;
        Some(latest.note.as_str())
    }
}
