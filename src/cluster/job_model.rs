//! The model of KEDA's polls of a ScaledJob next to the real ones: it counts the Jobs that KEDA creates, and says why.

use std::collections::BTreeSet;
use std::time::Duration;

use super::job::LiveJob;
use super::model::{GRACE, Reasoned, next};
use super::scaled_object::LiveScaledObject;
use crate::scaler::{Created, JobSettings, NextStep, Settings, Unfinished, jobs_in_words};

/// Jobs that appear within this time are of one poll: KEDA creates them one after the other.
const TOGETHER: Duration = Duration::from_secs(2);

/// The model, and what it has seen so far.
#[derive(Debug, Clone, Default)]
pub struct LiveJobModel {
    /// Names of the Jobs seen last.
    present: BTreeSet<String>,
    /// Number of Jobs seen so far.
    created: u32,
    polls: Option<JobPolls>,
}

/// Observation of one moment; times count from 1970.
#[derive(Debug, Clone)]
pub struct JobLook<'a> {
    /// The moment.
    pub now: Duration,
    /// The ScaledJob.
    pub object: &'a LiveScaledObject,
    /// Its Jobs.
    pub jobs: &'a [LiveJob],
    /// Settings of its triggers.
    pub settings: Settings,
    /// Values of its triggers.
    pub values: Vec<Option<f64>>,
}

/// The model of one object with unchanged settings.
#[derive(Debug, Clone)]
struct JobPolls {
    settings: Settings,
    job_settings: JobSettings,
    /// Values and unfinished Jobs of the moment before: a poll that creates Jobs has read these.
    values: Vec<Option<f64>>,
    unfinished: Unfinished,
    next_poll: Duration,
    /// Latest poll: that of KEDA where it has created Jobs, else that of the model.
    poll: Option<Created>,
    /// Number of Jobs that KEDA created at that poll.
    by_keda: Option<u32>,
    /// The latest creation.
    creation: Option<Creation>,
    /// Time from which on the model would have created Jobs, and KEDA has not.
    expected_since: Option<Duration>,
}

/// Jobs that one poll has created.
#[derive(Debug, Clone)]
struct Creation {
    /// The moment at which the first of them is seen.
    at: Duration,
    /// Number of Jobs so far.
    jobs: u32,
    /// Values and unfinished Jobs of the moment before.
    values: Vec<Option<f64>>,
    unfinished: Unfinished,
}

impl LiveJobModel {
    /// Counts the Jobs created so far: those that are there, and those that were.
    pub fn count(&mut self, jobs: &[LiveJob]) -> u32 {
        let present: BTreeSet<String> = jobs.iter().map(|job| job.metadata.name.clone()).collect();
        let new = present.difference(&self.present).count();
        self.created = self.created.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
        self.present = present;
        self.created
    }

    /// Takes what is seen now, and returns the reason for the number of Jobs.
    pub fn observe(&mut self, look: &JobLook<'_>) -> Option<Reasoned> {
        let before = self.created;
        let created = self.count(look.jobs) - before;
        let job_settings = look.object.job_settings();
        let is_same = |running: &JobPolls| running.settings == look.settings && running.job_settings == job_settings;
        match self.polls.as_mut().filter(|running| is_same(running)) {
            Some(running) => running.follow(look, created),
            None => self.polls = Some(JobPolls::new(look, job_settings)),
        }
        self.polls.as_ref().and_then(|running| running.reasoned(look.now))
    }
}

impl JobPolls {
    fn new(look: &JobLook<'_>, job_settings: JobSettings) -> Self {
        let unfinished = unfinished(look.jobs);
        Self {
            settings: look.settings.clone(),
            job_settings,
            values: look.values.clone(),
            unfinished,
            next_poll: next(look.object.last_active(), look.settings.poll_period(), look.now),
            poll: Some(job_settings.poll(&look.settings, &look.values, unfinished)),
            by_keda: None,
            creation: None,
            expected_since: None,
        }
    }

    fn follow(&mut self, look: &JobLook<'_>, created: u32) {
        let (now, period) = (look.now, self.settings.poll_period());
        if created > 0 {
            let creation = match self.creation.take().filter(|one| now <= one.at + TOGETHER.min(period / 2)) {
                Some(one) => Creation { jobs: one.jobs + created, ..one },
                None => Creation { at: now, jobs: created, values: self.values.clone(), unfinished: self.unfinished },
            };
            self.poll = Some(self.explained(look, &creation));
            (self.by_keda, self.expected_since) = (Some(creation.jobs), None);
            self.creation = Some(creation);
            self.next_poll = next(look.object.last_active(), period, now);
        } else if now >= self.next_poll {
            let poll = self.job_settings.poll(&self.settings, &look.values, unfinished(look.jobs));
            self.expected_since = if poll.jobs > 0 { self.expected_since.or(Some(now)) } else { None };
            (self.poll, self.by_keda) = (Some(poll), None);
            self.next_poll = next(look.object.last_active(), period, now);
        }
        (self.values, self.unfinished) = (look.values.clone(), unfinished(look.jobs));
    }

    /// Returns the poll that has created so many Jobs. It was between two observations, so that items may have been pushed and
    /// Jobs may have finished by then; if nothing of that explains it, the earlier one counts.
    fn explained(&self, look: &JobLook<'_>, creation: &Creation) -> Created {
        let Creation { jobs, values, unfinished: before, .. } = creation;
        let poll = |values: &[Option<f64>], unfinished| self.job_settings.poll(&self.settings, values, unfinished);
        let now = unfinished(look.jobs);
        let running = now.running.saturating_sub(*jobs);
        let between = before.running.min(running)..=before.running.max(running);
        let unfinished = [before.pending, now.pending.saturating_sub(*jobs)]
            .into_iter()
            .flat_map(|pending| between.clone().rev().map(move |running| Unfinished { running, pending }));
        let first = poll(values, *before);
        let others = unfinished.flat_map(|unfinished| [values, &look.values].map(|values| poll(values, unfinished)));
        std::iter::once(first.clone()).chain(others).find(|poll| poll.jobs == *jobs).unwrap_or(first)
    }

    fn reasoned(&self, now: Duration) -> Option<Reasoned> {
        let poll = self.poll.as_ref()?;
        let jobs = self.by_keda.unwrap_or(poll.jobs);
        let mut reason = format!("KEDA: +{}: {poll}", jobs_in_words(jobs));
        let is_late = |since: &Duration| now >= *since + self.settings.poll_period() + GRACE;
        let is_whole = self.creation.as_ref().is_none_or(|creation| now >= creation.at + TOGETHER);
        if let Some(created) = self.by_keda.filter(|created| is_whole && *created != poll.jobs) {
            let said = format!("; +{created} in the cluster, where the model expected +{}", poll.jobs);
            reason.push_str(&said);
        } else if self.expected_since.as_ref().is_some_and(is_late) {
            reason.push_str("; the cluster creates none");
        }
        let coming = self.job_settings.poll(&self.settings, &self.values, self.unfinished).jobs;
        let what = match coming {
            0 => "KEDA polls again".to_owned(),
            jobs => format!("KEDA polls, and creates {}", jobs_in_words(jobs)),
        };
        let seconds = self.next_poll.saturating_sub(now).as_secs_f64();
        Some(Reasoned { reason, next: Some(NextStep { what, seconds }) })
    }
}

/// Counts the Jobs that are neither complete nor failed, as KEDA does: `scale_jobs.go::getRunningJobCount` and
/// `getPendingJobCount`.
fn unfinished(jobs: &[LiveJob]) -> Unfinished {
    let count = |is: fn(&LiveJob) -> bool| u32::try_from(jobs.iter().filter(|job| is(job)).count()).unwrap_or(u32::MAX);
    Unfinished {
        running: count(|job| !job.is_complete() && !job.is_failed()),
        pending: count(|job| !job.is_complete() && !job.is_failed() && !job.is_running()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(strategy: &str) -> LiveScaledObject {
        let object = json!({
            "metadata": { "name": "demo" },
            "spec": {
                "jobTargetRef": {}, "pollingInterval": 5, "maxReplicaCount": 3, "scalingStrategy": { "strategy": strategy },
                "triggers": [{ "type": "redis", "metadata": { "listName": "mylist", "listLength": "1" } }],
            },
        });
        serde_json::from_value(object).unwrap()
    }

    fn jobs(names: &[&str], is_running: bool) -> Vec<LiveJob> {
        let ready = u32::from(is_running);
        let job = |name: &&str| json!({ "metadata": { "name": name }, "status": { "ready": ready } });
        serde_json::from_value(Value::Array(names.iter().map(job).collect())).unwrap()
    }

    fn look<'a>(object: &'a LiveScaledObject, second: u64, waiting: f64, jobs: &'a [LiveJob]) -> JobLook<'a> {
        let (now, settings) = (Duration::from_secs(second), object.settings("mylist", None).unwrap());
        JobLook { now, object, jobs, settings, values: vec![Some(waiting)] }
    }

    #[test]
    fn created_jobs_have_the_reason_of_the_poll_that_created_them() {
        let (object, mut model) = (object("accurate"), LiveJobModel::default());
        let none = jobs(&[], false);
        let idle = model.observe(&look(&object, 100, 0.0, &none)).unwrap();
        assert_eq!(idle.reason, "KEDA: +0 Jobs: inactive: no active trigger");
        let waiting = model.observe(&look(&object, 101, 7.0, &none)).unwrap();
        assert_eq!(waiting.next.unwrap().what, "KEDA polls, and creates 3 Jobs");
        let three = jobs(&["a", "b", "c"], false);
        let created = model.observe(&look(&object, 105, 7.0, &three)).unwrap();
        assert!(
            created.reason.starts_with("KEDA: +3 Jobs: 7 waiting ÷ 1 per Job = 7 Jobs, capped at maxReplicaCount 3")
        );
        assert!(!created.reason.contains("expected"), "{}", created.reason);
        let running = jobs(&["a", "b", "c"], true);
        let full = model.observe(&look(&object, 111, 4.0, &running)).unwrap();
        assert!(full.reason.starts_with("KEDA: +0 Jobs: 4 waiting"), "{}", full.reason);
        assert!(full.reason.contains("3 running"), "{}", full.reason);
    }

    #[test]
    fn jobs_against_the_model_are_said() {
        let (object, mut model) = (object("default"), LiveJobModel::default());
        let none = jobs(&[], false);
        model.observe(&look(&object, 100, 2.0, &none));
        let one = jobs(&["a"], false);
        let first = model.observe(&look(&object, 101, 2.0, &one)).unwrap();
        assert!(!first.reason.contains("expected"), "{}", first.reason);
        let other = model.observe(&look(&object, 103, 2.0, &one)).unwrap();
        assert!(other.reason.contains("+1 in the cluster, where the model expected +2"), "{}", other.reason);
        model.observe(&look(&object, 107, 2.0, &one));
        let late = model.observe(&look(&object, 130, 2.0, &one)).unwrap();
        assert!(late.reason.ends_with("; the cluster creates none"), "{}", late.reason);
    }

    #[test]
    fn items_pushed_and_jobs_finished_right_before_a_poll_explain_it() {
        let object = object("default");
        let created_after = |waiting: f64, before: &[LiveJob], now: &[LiveJob]| {
            let mut model = LiveJobModel::default();
            model.observe(&look(&object, 100, 1.0, before));
            model.observe(&look(&object, 101, waiting, now)).unwrap().reason
        };
        let pushed = created_after(3.0, &jobs(&[], true), &jobs(&["a", "b", "c"], false));
        assert_eq!(pushed, "KEDA: +3 Jobs: 3 waiting ÷ 1 per Job = 3 Jobs; strategy default: 3 − 0 running = 3");
        let finished = created_after(1.0, &jobs(&["a", "b"], true), &jobs(&["c"], true));
        assert_eq!(finished, "KEDA: +1 Job: 1 waiting ÷ 1 per Job = 1 Job; strategy default: 1 − 0 running = 1");
    }

    #[test]
    fn jobs_that_appear_one_after_the_other_are_of_one_poll() {
        let (object, mut model) = (object("default"), LiveJobModel::default());
        model.observe(&look(&object, 100, 3.0, &jobs(&[], false)));
        model.observe(&look(&object, 101, 3.0, &jobs(&["a"], false)));
        model.observe(&look(&object, 102, 3.0, &jobs(&["a", "b", "c"], false)));
        let all = model.observe(&look(&object, 104, 3.0, &jobs(&["a", "b", "c"], false))).unwrap();
        assert!(
            all.reason.starts_with("KEDA: +3 Jobs: 3 waiting") && !all.reason.contains("expected"),
            "{}",
            all.reason
        );
    }

    #[test]
    fn jobs_that_are_deleted_still_count() {
        let mut model = LiveJobModel::default();
        assert_eq!(model.count(&jobs(&["a", "b"], true)), 2);
        assert_eq!(model.count(&jobs(&["b"], true)), 2);
        assert_eq!(model.count(&jobs(&["b", "c"], true)), 3);
    }
}
