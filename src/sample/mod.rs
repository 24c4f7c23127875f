//! One observation of list and Deployment, and what the last few say together: net rate and outlook.

pub mod recording;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::delivery::snapshot::ClaimState;
use crate::units::{float, saturating_seconds};

/// The net rate is taken from this long at least, so that pushes in batches do not make it jump.
const SHORT: Duration = Duration::from_secs(10);
/// It is taken from so many times as long at most, however slowly the list moves.
const LONG: u32 = 3;
/// Between the two, it reaches back until the backlog has changed this often: a list that moves every few seconds
/// needs a longer look than one that moves all the time.
const CHANGES: u32 = 5;
/// Below this much time there is no rate: two looks in a blink would make a batch a flood.
const SHORTEST: Duration = Duration::from_millis(900);
/// Below this many items per second the backlog holds steady.
const STEADY: f64 = 0.01;

/// One observation: the line that `watch` writes for every tick, and `simulate` for every second.
///
/// With `--output json` it is one object a line, with exactly these fields. It is read from the same: a field that is
/// not there is `null`, one that nobody knows is passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When the list was looked at; RFC 3339, UTC, milliseconds.
    #[serde(serialize_with = "rfc3339", deserialize_with = "from_rfc3339")]
    pub time: SystemTime,
    /// The list's name.
    #[serde(default)]
    pub list: String,
    /// How many items wait on it.
    pub backlog: u64,
    /// How many items are in flight; `null` where nobody claims items, as with at-most-once delivery.
    pub in_flight: Option<u64>,
    /// How many items wait for another try; `null` likewise.
    pub delayed: Option<u64>,
    /// How many dead letters there are; `null` likewise.
    pub dead: Option<u64>,
    /// How fast the backlog grows, in items per second: negative when it shrinks, `null` until it is known.
    pub net_per_second: Option<f64>,
    /// When the list will be empty at that rate, in seconds; `null` unless it shrinks.
    pub seconds_to_empty: Option<f64>,
    /// The consumers' Deployment; `null` without a cluster, and while it cannot be seen.
    pub deployment: Option<Deployment>,
    /// Why there are to be as many pods as there are; `null` where nobody says.
    pub reason: Option<String>,
}

/// The pods of a Deployment, as its spec and status count them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The Deployment's namespace.
    pub namespace: String,
    /// The Deployment's name.
    pub name: String,
    /// How many pods there shall be (`spec.replicas`).
    pub desired: u32,
    /// How many there are (`status.replicas`).
    pub current: u32,
    /// How many of them are ready (`status.readyReplicas`).
    pub ready: u32,
    /// How many have been ready for long enough (`status.availableReplicas`).
    pub available: u32,
}

impl Sample {
    /// Makes one; `net` is what [`Trend::observe`] said for this backlog.
    pub fn new(
        time: SystemTime,
        list: impl Into<String>,
        backlog: u64,
        net: Option<f64>,
        deployment: Option<Deployment>,
    ) -> Self {
        // A thousandth of an item is as exact as a rate of whole items can be; `+ 0.0` turns -0 into 0.
        let net = net.map(|net| (net * 1e3).round() / 1e3 + 0.0);
        let shrinking = net.filter(|net| *net <= -STEADY && backlog > 0);
        let seconds_to_empty = shrinking.map(|net| (float(backlog) / -net * 1e3).round() / 1e3);
        Self {
            time,
            list: list.into(),
            backlog,
            in_flight: None,
            delayed: None,
            dead: None,
            net_per_second: net,
            seconds_to_empty,
            deployment,
            reason: None,
        }
    }

    /// Adds what is claimed, where anybody claims.
    #[must_use]
    pub fn with_claims(self, claims: Option<&ClaimState>) -> Self {
        match claims.filter(|claims| claims.any) {
            Some(ClaimState { in_flight, delayed, dead, .. }) => {
                Self { in_flight: Some(*in_flight), delayed: Some(*delayed), dead: Some(*dead), ..self }
            }
            None => self,
        }
    }

    /// Says where the backlog is going.
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
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

fn from_rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_rfc3339(&text)
        .map_err(|_| D::Error::custom(format!("`{text}` is not a time such as 2026-03-01T12:00:00Z")))
}

/// Where the backlog is going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outlook {
    /// There has been no time to tell.
    Unknown,
    /// Nothing waits.
    Empty,
    /// It shrinks, and is gone after this long at the present rate.
    EmptyIn(Duration),
    /// It neither grows nor shrinks.
    Steady,
    /// It grows by this many items per second.
    Growing(f64),
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unknown => f.write_str("measuring"),
            Self::Empty => f.write_str("empty"),
            Self::EmptyIn(time) => write!(f, "empty in {}", Rough(time)),
            Self::Steady => f.write_str("steady"),
            Self::Growing(rate) => write!(f, "growing {}", PerSecond(rate)),
        }
    }
}

/// A rate for people: always signed, with decimals only where they tell something.
#[derive(Debug, Clone, Copy)]
pub struct PerSecond(pub f64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.0;
        match rate.abs() {
            size if size < STEADY => f.write_str("0/s"),
            size if size < 1.0 => write!(f, "{rate:+.2}/s"),
            size if size < 100.0 => write!(f, "{rate:+.1}/s"),
            _ => write!(f, "{rate:+.0}/s"),
        }
    }
}

/// A time to come, in its two largest units.
struct Rough(Duration);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A forecast beyond this is none.
        let seconds = self.0.as_secs_f64().ceil();
        if seconds > 99.0 * 86_400.0 {
            return f.write_str("over 99days");
        }
        let coarse = match seconds {
            s if s < 3_600.0 => 1,
            s if s < 86_400.0 => 60,
            _ => 3_600,
        };
        let whole = Duration::from_secs_f64(seconds).as_secs().max(1);
        humantime::format_duration(Duration::from_secs(whole / coarse * coarse)).fmt(f)
    }
}

/// The last observations of one backlog, and the rate at which it changes.
///
/// The rate is the slope of the line through them (least squares). LLEN makes no measuring errors; what must not show is
/// the step of a single batch, and a line through all points is the smoothest that still has the sign of every backlog
/// that only grows or only shrinks.
#[derive(Debug)]
pub struct Trend {
    /// Time between two observations.
    every: Duration,
    /// The least time the rate is taken from.
    short: Duration,
    /// The oldest first; `at` counts from any fixed moment.
    points: VecDeque<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    at: Duration,
    backlog: u64,
}

impl Trend {
    /// Starts with nothing known, to be asked once in `every`.
    pub fn new(every: Duration) -> Self {
        Self { every, short: SHORT, points: VecDeque::new() }
    }

    /// Takes the rate from as little as `short`: for a load that is over in seconds.
    #[must_use]
    pub fn over(self, short: Duration) -> Self {
        Self { short, ..self }
    }

    /// Takes an observation made `at` (from any fixed moment, never going back), and returns the net rate in items per
    /// second; `None` until there has been time to tell.
    ///
    /// After a gap, as when Redis was away, it starts anew: nobody saw what happened meanwhile.
    pub fn observe(&mut self, at: Duration, backlog: u64) -> Option<f64> {
        let gap = self.points.back().map_or(Duration::ZERO, |last| at.saturating_sub(last.at));
        if gap > self.every.saturating_mul(3).max(self.short / 2) {
            self.points.clear();
        }
        self.points.push_back(Point { at, backlog });
        let long = (self.short * LONG).max(self.every.saturating_mul(4));
        while self.points.front().is_some_and(|first| at.saturating_sub(first.at) > long) {
            self.points.pop_front();
        }
        self.slope()
    }

    fn slope(&self) -> Option<f64> {
        let recent = self.recent();
        let (first, last) = (self.points.get(recent)?, self.points.back()?);
        if last.at.saturating_sub(first.at) < SHORTEST {
            return None;
        }
        // Both relative to the newest, which keeps large numbers exact.
        let points = || {
            self.points.range(recent..).map(|point| {
                let time = -(last.at.saturating_sub(point.at)).as_secs_f64();
                (time, float(point.backlog) - float(last.backlog))
            })
        };
        let count = float((self.points.len() - recent) as u64);
        let (times, backlogs) = points().fold((0.0, 0.0), |(times, backlogs), (t, b)| (times + t, backlogs + b));
        let (time, backlog) = (times / count, backlogs / count);
        let (covariance, variance) = points().fold((0.0, 0.0), |(covariance, variance), (t, b)| {
            ((t - time).mul_add(b - backlog, covariance), (t - time).mul_add(t - time, variance))
        });
        (variance > 0.0).then(|| covariance / variance)
    }

    /// The index of the first point that the rate is taken from.
    fn recent(&self) -> usize {
        let short = self.short.max(self.every.saturating_mul(4));
        let Some(mut newer) = self.points.back().copied() else { return 0 };
        let newest = newer.at;
        let mut changes = 0;
        for (index, point) in self.points.iter().enumerate().rev() {
            changes += u32::from(point.backlog != newer.backlog);
            if newest.saturating_sub(point.at) >= short && changes >= CHANGES {
                return index;
            }
            newer = *point;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds a series of one value a second and returns the last rate.
    fn rate(series: impl IntoIterator<Item = u64>) -> Option<f64> {
        let mut trend = Trend::new(Duration::from_secs(1));
        let mut rate = None;
        for (second, backlog) in (0..).zip(series) {
            rate = trend.observe(Duration::from_secs(second), backlog);
        }
        rate
    }

    fn sample(backlog: u64, net: Option<f64>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH, "mylist", backlog, net, None)
    }

    #[test]
    fn one_look_says_nothing_of_the_rate() {
        assert_eq!(rate([]), None);
        assert_eq!(rate([1_000]), None);
        assert_eq!(rate([1_000, 990]), Some(-10.0));
    }

    #[test]
    fn pushes_in_batches_are_a_rate_and_not_a_staircase() {
        // 50 every two seconds, as the built-in profile does.
        let staircase: Vec<u64> = (0..40).map(|second| second / 2 * 50).collect();
        for seconds in 12..40 {
            let rate = rate(staircase[..seconds].iter().copied()).unwrap();
            assert!((rate - 25.0).abs() < 1.0, "{rate} after {seconds} s");
        }
    }

    #[test]
    fn a_slow_list_is_looked_at_for_longer() {
        // One item every four seconds.
        let rate = rate((0..60).map(|second| 100 - second / 4)).unwrap();
        assert!((rate + 0.25).abs() < 0.03, "{rate}");
    }

    #[test]
    fn a_drain_shows_soon_after_a_burst() {
        let series = (0..30).map(|_| 0).chain((0..12).map(|second| 1_000 - 20 * second));
        let rate = rate(series).unwrap();
        assert!((rate + 20.0).abs() < 1.0, "{rate}");
    }

    #[test]
    fn a_gap_starts_the_rate_anew() {
        let mut trend = Trend::new(Duration::from_secs(1));
        for second in 0..20 {
            trend.observe(Duration::from_secs(second), second * 100);
        }
        // Redis was away for ten seconds and came back with an empty list.
        assert_eq!(trend.observe(Duration::from_secs(30), 0), None);
        assert_eq!(trend.observe(Duration::from_secs(31), 7), Some(7.0));
    }

    #[test]
    fn seldom_looks_have_a_rate_too() {
        let mut trend = Trend::new(Duration::from_secs(60));
        let rates: Vec<_> = (0..6).map(|n| trend.observe(Duration::from_secs(n * 60), 6_000 - n * 600)).collect();
        assert_eq!(rates[0], None);
        assert!(rates[1..].iter().all(|rate| rate.is_some_and(|rate| (rate + 10.0).abs() < 1e-9)), "{rates:?}");
    }

    #[test]
    fn the_outlook_is_what_people_would_say() {
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
    fn a_rate_has_its_sign_and_no_needless_decimals() {
        for (rate, text) in [(0.0, "0/s"), (-0.001, "0/s"), (-12.5, "-12.5/s"), (0.05, "+0.05/s"), (250.4, "+250/s")] {
            assert_eq!(PerSecond(rate).to_string(), text);
        }
    }

    #[test]
    fn the_json_object_has_the_documented_fields_in_order() {
        let deployment = Deployment {
            namespace: "default".into(),
            name: "demo-consumer".into(),
            desired: 5,
            current: 4,
            ready: 3,
            available: 2,
        };
        let sample = Sample::new(SystemTime::UNIX_EPOCH, "mylist", 30, Some(-1.5), Some(deployment));
        assert_eq!(
            serde_json::to_string(&sample).unwrap(),
            r#"{"time":"1970-01-01T00:00:00.000Z","list":"mylist","backlog":30,"in_flight":null,"#.to_owned()
                + r#""delayed":null,"dead":null,"net_per_second":-1.5,"#
                + r#""seconds_to_empty":20.0,"deployment":{"namespace":"default","name":"demo-consumer","#
                + r#""desired":5,"current":4,"ready":3,"available":2},"reason":null}"#
        );
        assert_eq!(serde_json::from_str::<Sample>(&serde_json::to_string(&sample).unwrap()).unwrap(), sample);
        let bare = serde_json::to_value(self::sample(30, None)).unwrap();
        for field in ["net_per_second", "seconds_to_empty", "deployment", "reason"] {
            assert!(bare.as_object().unwrap()[field].is_null(), "{field}");
        }
    }

    #[test]
    fn a_recording_of_before_a_field_was_there_can_be_read() {
        let line = r#"{"time":"1970-01-01T00:00:01Z","backlog":7,"unknown":1}"#;
        let read: Sample = serde_json::from_str(line).unwrap();
        assert_eq!(read, Sample::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1), "", 7, None, None));
        let error = serde_json::from_str::<Sample>(r#"{"time":"soon","backlog":7}"#).unwrap_err();
        assert!(error.to_string().starts_with("`soon` is not a time"), "{error}");
    }

    proptest! {
        #[test]
        fn a_straight_line_has_its_own_slope(start in 100_000_u64..1_000_000, step in -1_000_i64..1_000, seconds in 2_i64..90) {
            let series = (0..seconds).map(|second| start.saturating_add_signed(step * second));
            let rate = rate(series).unwrap();
            #[allow(clippy::cast_precision_loss)]
            let step = step as f64;
            prop_assert!((rate - step).abs() < 1e-6, "{rate} for {step}");
        }

        #[test]
        fn what_only_shrinks_never_has_a_growing_rate(steps in prop::collection::vec(0_u64..50, 2..80)) {
            let series = steps.iter().scan(10_000_u64, |backlog, step| { *backlog -= step; Some(*backlog) });
            prop_assert!(rate(series).unwrap() <= 1e-9);
        }

        #[test]
        fn time_to_empty_is_there_only_for_what_shrinks(backlog in 0_u64..1_000_000, net in -1e5..1e5_f64) {
            let sample = sample(backlog, Some(net));
            prop_assert_eq!(sample.seconds_to_empty.is_some(), backlog > 0 && sample.net_per_second.unwrap() <= -STEADY);
            prop_assert!(sample.seconds_to_empty.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0));
        }
    }
}
