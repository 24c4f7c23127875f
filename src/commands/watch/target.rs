//! The scaled object as `watch` follows it: its replicas, the reason for them, and failures to read it, each reported once.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::Result;

use super::jobs::WatchedJobs;
use crate::args::Consumers;
use crate::cluster::{LiveHpa, LiveModel, LiveScaledObject, LiveTarget, Look, Reasoned, Values};
use crate::delivery::snapshot::Snapshot;
use crate::diagnosis::{Diagnosis, FaultCode, Situation, diagnose};
use crate::kubernetes::{self, Facts, KubernetesError, ScaledRef, TargetRef, Watcher};
use crate::sample::{Replicas, ReportedFault, Sample};
use crate::scaler::Scale;
use crate::units::saturating_u32;

/// The scaled object, if it is watched.
pub(super) struct Target {
    watcher: Option<Watcher>,
    /// What was known of the cluster at the latest look.
    facts: Facts,
    scaled: ScaledRef,
    model: LiveModel,
    jobs: WatchedJobs,
    reported: Reported,
    /// Codes of the faults in the latest sample.
    faults: Vec<FaultCode>,
    /// Time since 1970 from which on items wait.
    waiting_since: Option<Duration>,
    /// Time since 1970 from which on the controller of the target has not seen its latest generation.
    ignored_since: Option<Duration>,
    /// Failure without a watcher: the configuration cannot be used.
    unusable: Option<String>,
    is_ready: bool,
}

/// The moment, and for how long a state has lasted.
#[derive(Clone, Copy)]
struct Past {
    now: Duration,
    waiting: Option<Duration>,
    ignored: Option<Duration>,
}

/// Failures that were reported.
#[derive(Default)]
struct Reported {
    target: Option<Arc<KubernetesError>>,
    others: [Option<Arc<KubernetesError>>; 5],
}

impl Target {
    /// Starts to watch the scaled object; without a cluster the list alone is watched.
    ///
    /// # Errors
    ///
    /// Fails only when `--context` names a context that does not exist: waiting does not help.
    pub(super) async fn find(consumers: &Consumers) -> Result<Self> {
        let Consumers { context, namespace, scaled, is_named } = consumers;
        let mut unusable = None;
        let watcher = match kubernetes::watch(context.as_deref(), namespace.as_deref(), scaled).await {
            Ok(Some(watcher)) => Some(watcher),
            Ok(None) => {
                let text = "watching the list only: no Kubernetes cluster is configured";
                if *is_named {
                    tracing::warn!("{text}");
                } else {
                    tracing::info!("{text}");
                }
                None
            }
            Err(error @ KubernetesError::NotBuiltIn) => {
                tracing::info!("watching the list only: {error}");
                None
            }
            Err(error @ KubernetesError::NoContext { .. }) if context.is_some() => return Err(error.into()),
            Err(error) => {
                report(&error);
                unusable = Some(chain(&error));
                None
            }
        };
        Ok(Self {
            watcher,
            facts: Facts::default(),
            scaled: scaled.clone(),
            model: LiveModel::default(),
            jobs: WatchedJobs::default(),
            reported: Reported::default(),
            faults: Vec::new(),
            waiting_since: None,
            ignored_since: None,
            unusable,
            is_ready: false,
        })
    }

    /// Takes what is known of the cluster now, and waits for it before the first sample, no longer than `limit`.
    ///
    /// The list is read after it: what has changed in the cluster follows from items that were there before.
    pub(super) async fn look(&mut self, limit: Duration) {
        let Some(watcher) = &mut self.watcher else { return };
        if !self.is_ready {
            self.is_ready = true;
            watcher.ready(limit).await;
        }
        self.facts.clone_from(&watcher.facts());
    }

    /// Returns the reason why there are no replica counts now, if there is one.
    pub(super) fn fault(&self) -> Option<String> {
        self.reported.target.as_ref().map(|error| chain(&**error)).or_else(|| self.unusable.clone())
    }

    /// Adds to a sample of the list what is known of the cluster; logs the first of several equal failures, and recovery.
    pub(super) fn add_to(&mut self, sample: &mut Sample, snapshot: &Snapshot, others: &[(&str, &Snapshot)]) {
        if self.watcher.is_none() {
            return;
        }
        let facts = &self.facts;
        let target = target_of(facts, &self.scaled);
        let replicas = target.as_ref().ok().and_then(Clone::clone);
        self.reported.follow(facts, target, &self.scaled);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.waiting_since = self.waiting_since.or(Some(now)).filter(|_| sample.backlog > 0);
        let values = Values { list: &sample.list, snapshot, others };
        let (jobs, of_jobs) = self.jobs.observe(facts, values, now);
        let of_target = replicas.as_ref().and_then(|replicas| reasoned(&mut self.model, facts, replicas, values, now));
        let reasoned = of_target.or(of_jobs);
        (sample.target, sample.jobs) = (replicas, jobs);
        let is_ignored = facts.target.objects().first().is_some_and(LiveTarget::is_ignored);
        self.ignored_since = self.ignored_since.or(Some(now)).filter(|_| is_ignored);
        let lasting = |since: Option<Duration>| since.map(|since| now.saturating_sub(since));
        let past = Past { now, waiting: lasting(self.waiting_since), ignored: lasting(self.ignored_since) };
        let faults = faults(facts, &self.scaled, &sample.list, past);
        self.log(&faults);
        if let Some(Reasoned { reason, next }) = reasoned {
            (sample.reason, sample.next) = (Some(reason), next);
        }
        sample.reason = with_faults(sample.reason.take(), &faults);
        let reported = |fault: Diagnosis| ReportedFault { code: fault.code.to_string(), text: fault.text };
        sample.faults = faults.into_iter().map(reported).collect();
    }

    /// Logs the faults that the last sample did not have.
    fn log(&mut self, faults: &[Diagnosis]) {
        for Diagnosis { code, text, .. } in faults {
            if !self.faults.contains(code) && is_worth_a_warning(*code) {
                tracing::warn!(%code, "{text}");
            }
        }
        self.faults = faults.iter().map(|fault| fault.code).collect();
    }
}

/// Returns true for a fault that does not pass by itself, and that no setting asks for.
fn is_worth_a_warning(code: FaultCode) -> bool {
    let is_note = matches!(
        code,
        FaultCode::ScaledObjectMissing
            | FaultCode::AutoscalerMissing
            | FaultCode::KedaConnecting
            // The target is reported by itself.
            | FaultCode::TargetMissing
    );
    !is_note && !is_in_reason(code)
}

/// Returns true for what the reason of the model says as well.
fn is_in_reason(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::Paused
            | FaultCode::PausedScaleIn
            | FaultCode::PausedScaleOut
            | FaultCode::AtMaximum
            | FaultCode::BelowActivation
    )
}

/// Returns the fault that stops the scaling in place of the reason, or the reason and all other faults.
fn with_faults(reason: Option<String>, faults: &[Diagnosis]) -> Option<String> {
    if let Some(fault) = faults.iter().find(|fault| fault.code.stops_scaling()) {
        return Some(fault.text.clone());
    }
    let others = faults.iter().filter(|fault| !is_in_reason(fault.code)).map(|fault| fault.text.clone());
    let sentences: Vec<String> = reason.into_iter().chain(others).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

/// Returns what is not in order in the cluster.
fn faults(facts: &Facts, scaled: &ScaledRef, list: &str, past: Past) -> Vec<Diagnosis> {
    let (kind, name, is_target) = match scaled {
        ScaledRef::Target(TargetRef { kind, name, .. }) => (kind.as_str(), name.as_str(), true),
        ScaledRef::Jobs(name) => ("ScaledJob", name.as_str(), false),
    };
    let of_target = |object: &&LiveScaledObject| !is_target || object.spec.scale_target_ref.is(kind, name);
    let autoscaler = |hpa: &&LiveHpa| hpa.spec.scale_target_ref.is(kind, name);
    diagnose(&Situation {
        kind,
        name,
        list,
        waiting_for: past.waiting,
        ignored_for: past.ignored,
        now: past.now,
        scaled: facts.scaled.is_seen().then(|| facts.scaled.objects().iter().filter(of_target).collect()),
        autoscalers: facts
            .autoscalers
            .is_seen()
            .then(|| facts.autoscalers.objects().iter().filter(autoscaler).collect()),
        target: facts.target.objects().first(),
        pods: facts.pods.objects(),
        events: facts.events.objects(),
    })
}

/// Returns the replicas of the target; `None` until they are known.
fn target_of(facts: &Facts, scaled: &ScaledRef) -> Result<Option<Replicas>, Arc<KubernetesError>> {
    let ScaledRef::Target(TargetRef { kind, name, .. }) = scaled else { return Ok(None) };
    if let Some(error) = facts.target.failure() {
        return Err(Arc::clone(error));
    }
    match facts.target.objects() {
        [] if facts.target.is_pending() => Ok(None),
        [] => {
            let (kind, namespace, name) = (kind.clone(), facts.namespace.clone(), name.clone());
            Err(Arc::new(KubernetesError::NotFound { kind, namespace, name }))
        }
        [target, ..] => Ok(Some(replicas(target, kind, facts))),
    }
}

fn replicas(target: &LiveTarget, kind: &str, facts: &Facts) -> Replicas {
    let count = |count: i32| u32::try_from(count).unwrap_or(0);
    let status = &target.status;
    let (ready, available) = if let Some(ready) = status.ready_replicas {
        (count(ready), count(status.available_replicas))
    } else {
        // The HPA counts the pods, too.
        let ready = saturating_u32(facts.pods.objects().iter().filter(|pod| pod.is_ready()).count());
        (ready, ready)
    };
    Replicas {
        kind: kind.to_owned(),
        namespace: facts.namespace.clone(),
        name: target.metadata.name.clone(),
        // The API's default is 1.
        desired: count(target.spec.replicas.unwrap_or(1)),
        current: count(status.replicas),
        ready,
        available,
        terminating: status.terminating_replicas.map(count),
    }
}

/// Returns the reason for the replicas, where KEDA or an HPA scales them.
fn reasoned(
    model: &mut LiveModel,
    facts: &Facts,
    replicas: &Replicas,
    values: Values<'_>,
    now: Duration,
) -> Option<Reasoned> {
    let Replicas { kind, name, desired, current, ready, .. } = replicas;
    let of_target = |object: &&LiveScaledObject| object.spec.scale_target_ref.is(kind, name);
    let Some(object) = facts.scaled.objects().iter().find(of_target) else {
        model.forget();
        return None;
    };
    let hpa: Option<&LiveHpa> = facts.autoscalers.objects().iter().find(|hpa| hpa.spec.scale_target_ref.is(kind, name));
    model.observe(&Look {
        now,
        object,
        hpa,
        settings: object.settings(values.list, hpa)?,
        values: object.values(values, hpa),
        scale: Scale { spec: *desired, status: *current, ready: *ready },
    })
}

impl Reported {
    fn follow(&mut self, facts: &Facts, target: Result<Option<Replicas>, Arc<KubernetesError>>, scaled: &ScaledRef) {
        match target {
            Ok(None) => {}
            Ok(Some(Replicas { kind, namespace, name, .. })) => {
                if self.target.take().is_some() {
                    tracing::info!(kind, namespace, name, "reading replica counts again");
                }
            }
            Err(error) => {
                if !self.target.as_ref().is_some_and(|reported| reported.same_as(&error)) {
                    report(&error);
                    self.target = Some(error);
                }
            }
        }
        self.follow_others(facts, scaled);
    }

    /// Reports what else cannot be read; missing rights in one line.
    fn follow_others(&mut self, facts: &Facts, scaled: &ScaledRef) {
        let failures = [
            facts.scaled.failure(),
            facts.autoscalers.failure(),
            facts.pods.failure(),
            facts.jobs.failure(),
            facts.events.failure(),
        ];
        let mut denied = Vec::new();
        for (failure, reported) in failures.into_iter().zip(&mut self.others) {
            let Some(error) = failure else {
                *reported = None;
                continue;
            };
            if reported.as_ref().is_some_and(|reported| reported.same_as(error)) {
                continue;
            }
            *reported = Some(Arc::clone(error));
            match &**error {
                KubernetesError::Forbidden { resource, .. } => denied.push(resource.clone()),
                // The same failure as that of the target.
                error if self.target.as_ref().is_some_and(|target| target.same_as(error)) => {}
                error => {
                    let hint = error.hint();
                    tracing::warn!(error = %chain(error), %hint, "cannot read what scales the consumers");
                }
            }
        }
        if !denied.is_empty() {
            let subject = if matches!(scaled, ScaledRef::Jobs(_)) { "Jobs" } else { "replicas" };
            let hint = format!("grant the verbs `get`, `list` and `watch` on {}", denied.join(", "));
            let namespace = &facts.namespace;
            tracing::warn!(%namespace, %hint, "access denied to {}: reasons for {subject} may be missing", denied.join(", "));
        }
    }
}

fn report(error: &KubernetesError) {
    let (error, hint) = (chain(error), error.hint());
    tracing::warn!(%error, %hint, "cannot read replica counts, watching the list only");
}

/// Joins an error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
