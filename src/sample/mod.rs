//! Samples: one observation of list and target each; their rates, and recordings of them.

mod accounting;
mod flow;
mod outlook;
pub mod recording;
mod trend;

use std::time::SystemTime;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::flow::{Flow, Rates};
use self::outlook::STEADY;
pub use self::outlook::{Outlook, PerSecond};
pub use self::trend::Trend;
use crate::delivery::snapshot::ClaimState;
use crate::scaler::NextStep;
use crate::units::{float, rfc_3339_millis, saturating_seconds, thousandths};

/// One observation of a list and of the target that processes it.
///
/// `watch` and `demo` write one per interval, `simulate` one per second: with `--output json` an object per line, with exactly
/// these fields. It is read back from the same form: missing fields are `null`, unknown ones are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Time of the observation: RFC 3339, UTC, milliseconds.
    #[serde(serialize_with = "rfc3339", deserialize_with = "from_rfc3339")]
    pub time: SystemTime,
    /// Key of the list.
    #[serde(default)]
    pub list: String,
    /// Number of waiting items.
    pub backlog: u64,
    /// Number of items in flight; `null` where no consumer claims items, as with at-most-once delivery.
    pub in_flight: Option<u64>,
    /// Number of delayed retries; `null` likewise.
    pub delayed: Option<u64>,
    /// Number of dead letters; `null` likewise.
    pub dead: Option<u64>,
    /// Number of items pushed by `produce` so far; `null` likewise.
    pub pushed: Option<u64>,
    /// Number of items processed successfully so far; `null` likewise.
    pub acknowledged: Option<u64>,
    /// Number of consumers that are alive; `null` where it is unknown.
    pub consumers: Option<u64>,
    /// Number of consumers with items in flight; `null` where no consumer claims items.
    pub busy: Option<u64>,
    /// Age of the item that waits longest, in seconds; `null` where its stamp field is not known.
    pub oldest_seconds: Option<f64>,
    /// Items pushed per second, by any client; `null` until it is known, and where no consumer claims items.
    pub in_per_second: Option<f64>,
    /// Items acknowledged or dead-lettered per second; `null` likewise.
    pub out_per_second: Option<f64>,
    /// Growth of the backlog in items per second: negative while it shrinks, `null` until it is known.
    pub net_per_second: Option<f64>,
    /// Time until the list is empty at this rate, in seconds; `null` unless the backlog shrinks.
    pub seconds_to_empty: Option<f64>,
    /// Replica counts of the target; `null` without a cluster, and while they cannot be read.
    #[serde(alias = "deployment")]
    pub target: Option<Replicas>,
    /// Jobs of a ScaledJob; `null` elsewhere.
    pub jobs: Option<JobCounts>,
    /// Reason for the number of desired replicas; `null` where it is unknown.
    pub reason: Option<String>,
    /// Faults of what scales the consumers, and of their pods, the most severe first.
    #[serde(default)]
    pub faults: Vec<ReportedFault>,
    /// The step that is expected next; `null` where it is unknown.
    pub next: Option<NextStep>,
    /// Factor by which the model clock of a demo is faster than `time`: all other times and rates are of that clock. `null`
    /// for 1.
    pub speed: Option<f64>,
}

/// A fault in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedFault {
    /// Kind of the fault, such as `redis-credentials-rejected`.
    pub code: String,
    /// The fault in words.
    pub text: String,
}

/// Jobs of a ScaledJob, as far as the cluster keeps them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// Jobs seen since the watch began.
    pub created: u32,
    /// Jobs with a running pod.
    pub running: u32,
    /// Jobs whose pod does not run yet.
    pub pending: u32,
    /// Completed Jobs.
    pub succeeded: u32,
    /// Failed Jobs.
    pub failed: u32,
}

/// Replica counts of a scale target, from its spec and status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicas {
    /// Kind of the target, such as `Deployment`.
    #[serde(default)]
    pub kind: String,
    /// Namespace of the target.
    pub namespace: String,
    /// Name of the target.
    pub name: String,
    /// Desired pods (`spec.replicas`).
    pub desired: u32,
    /// Existing pods (`status.replicas`).
    pub current: u32,
    /// Ready pods (`status.readyReplicas`).
    pub ready: u32,
    /// Pods that have been ready for `minReadySeconds` (`status.availableReplicas`).
    pub available: u32,
    /// Pods that are terminating (`status.terminatingReplicas`); `null` where they are not counted.
    #[serde(default)]
    pub terminating: Option<u32>,
}

/// Dead letters of one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadCause {
    /// Reason, with the last line that the handler wrote to stderr.
    pub reason: String,
    /// Number of them.
    pub count: u64,
}

impl Sample {
    /// Creates a sample; `net` is the growth per second, as [`Flow::observe`] returns it for this backlog.
    pub fn new(
        time: SystemTime,
        list: impl Into<String>,
        backlog: u64,
        net: Option<f64>,
        target: Option<Replicas>,
    ) -> Self {
        let net = net.map(thousandths);
        let shrinking = net.filter(|net| *net <= -STEADY && backlog > 0);
        let seconds_to_empty = shrinking.map(|net| thousandths(float(backlog) / -net));
        Self {
            time,
            list: list.into(),
            backlog,
            in_flight: None,
            delayed: None,
            dead: None,
            pushed: None,
            acknowledged: None,
            consumers: None,
            busy: None,
            oldest_seconds: None,
            in_per_second: None,
            out_per_second: None,
            net_per_second: net,
            seconds_to_empty,
            target,
            jobs: None,
            reason: None,
            faults: Vec::new(),
            next: None,
            speed: None,
        }
    }

    /// Adds the counts of claimed items, where items are claimed.
    #[must_use]
    pub fn with_claims(self, claims: Option<&ClaimState>) -> Self {
        match claims.filter(|claims| claims.any) {
            Some(ClaimState { in_flight, delayed, dead, busy, counters, .. }) => Self {
                in_flight: Some(*in_flight),
                delayed: Some(*delayed),
                dead: Some(*dead),
                pushed: Some(counters.pushed),
                acknowledged: Some(counters.acknowledged),
                busy: Some(*busy),
                ..self
            },
            None => self,
        }
    }

    /// Adds the rates of arrivals and departures, where they are known.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        Self {
            in_per_second: rates.arrivals.map(thousandths),
            out_per_second: rates.departures.map(thousandths),
            ..self
        }
    }

    /// Returns the outlook of the backlog.
    pub fn outlook(&self) -> Outlook {
        match (self.net_per_second, self.seconds_to_empty) {
            _ if self.backlog == 0 => Outlook::Empty,
            (None, _) => Outlook::Unknown,
            (_, Some(seconds)) => Outlook::EmptyIn(saturating_seconds(seconds)),
            (Some(net), None) if net >= STEADY => Outlook::Growing(net),
            _ => Outlook::Steady,
        }
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&rfc_3339_millis(*time))
}

fn from_rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    crate::units::rfc_3339(&text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is not a time such as 2026-03-01T12:00:00Z")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn sample(backlog: u64, net: Option<f64>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH, "mylist", backlog, net, None)
    }

    #[test]
    fn outlook_is_displayed_in_words() {
        for (backlog, net, outlook) in [
            (5, None, "measuring"),
            (0, Some(-3.0), "empty"),
            (0, None, "empty"),
            (1_250, Some(-12.5), "empty in 1m 40s"),
            (1, Some(-50.0), "empty in 1s"),
            (100_000, Some(-1.0), "empty in 1day 3h"),
            (u64::MAX, Some(-0.01), "empty in over 99days"),
            (1_250, Some(0.001), "steady"),
            (1_250, Some(0.25), "growing +0.25/s"),
            (1_250, Some(25.04), "growing +25.0/s"),
            (1_250, Some(1_234.5), "growing +1234/s"),
        ] {
            assert_eq!(sample(backlog, net).outlook().to_string(), outlook, "{backlog} at {net:?}");
        }
    }

    #[test]
    fn json_object_has_the_documented_fields_in_order() {
        let target = Replicas {
            kind: "Deployment".into(),
            namespace: "default".into(),
            name: "demo-consumer".into(),
            desired: 5,
            current: 4,
            ready: 3,
            available: 2,
            terminating: None,
        };
        let sample = Sample::new(SystemTime::UNIX_EPOCH, "mylist", 30, Some(-1.5), Some(target));
        assert_eq!(
            serde_json::to_string(&sample).unwrap(),
            r#"{"time":"1970-01-01T00:00:00.000Z","list":"mylist","backlog":30,"in_flight":null,"#.to_owned()
                + r#""delayed":null,"dead":null,"pushed":null,"acknowledged":null,"consumers":null,"busy":null,"#
                + r#""oldest_seconds":null,"in_per_second":null,"out_per_second":null,"net_per_second":-1.5,"#
                + r#""seconds_to_empty":20.0,"target":{"kind":"Deployment","namespace":"default","name":"demo-consumer","#
                + r#""desired":5,"current":4,"ready":3,"available":2,"terminating":null},"jobs":null,"reason":null,"faults":[],"next":null,"speed":null}"#
        );
        assert_eq!(serde_json::from_str::<Sample>(&serde_json::to_string(&sample).unwrap()).unwrap(), sample);
        let bare = serde_json::to_value(self::sample(30, None)).unwrap();
        for field in ["net_per_second", "seconds_to_empty", "target", "jobs", "reason"] {
            assert!(bare.as_object().unwrap()[field].is_null(), "{field}");
        }
    }

    #[test]
    fn sample_is_read_without_optional_fields() {
        let line = r#"{"time":"1970-01-01T00:00:01Z","backlog":7,"unknown":1}"#;
        let read: Sample = serde_json::from_str(line).unwrap();
        assert_eq!(read, Sample::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1), "", 7, None, None));
        let error = serde_json::from_str::<Sample>(r#"{"time":"soon","backlog":7}"#).unwrap_err();
        assert!(error.to_string().starts_with("`soon` is not a time"), "{error}");
    }

    proptest! {
        #[test]
        fn time_to_empty_is_known_only_while_the_backlog_shrinks(backlog in 0_u64..1_000_000, net in -1e5..1e5_f64) {
            let sample = sample(backlog, Some(net));
            prop_assert_eq!(sample.seconds_to_empty.is_some(), backlog > 0 && sample.net_per_second.unwrap() <= -STEADY);
            prop_assert!(sample.seconds_to_empty.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0));
        }
    }
}
