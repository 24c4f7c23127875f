//! Words of the dashboard: why the replica count is what it is, and what comes next.

use std::time::Duration;

use crate::sample::{Outlook, Replicas, Sample};
use crate::terminal::board::{BoardState, Latest, ListState};
use crate::terminal::chart::Elapsed;
use crate::units::counted;

/// Rate in items per second below which a number is shown with decimals.
const LARGE: f64 = 100.0;

/// Shortest time that is shown in minutes.
const MINUTES: f64 = 100.0;

/// Returns a rate, without a sign.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        rate if rate < 0.01 => "0/s".to_owned(),
        rate if rate < 1.0 => format!("{rate:.2}/s"),
        rate if rate < LARGE => format!("{rate:.1}/s"),
        rate => format!("{rate:.0}/s"),
    }
}

/// Returns a length of time in seconds, or like a stop watch.
pub(super) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < MINUTES {
        return format!("{seconds:.0}s");
    }
    Elapsed(Duration::from_secs(crate::units::whole(seconds))).to_string()
}

/// Returns the one sentence that explains the state of `list`.
pub(super) fn headline(state: &BoardState, list: &ListState, now: Duration) -> String {
    let Some(Latest { at, sample }) = &list.latest else {
        return match age_of_nothing(state, now) {
            Some(age) => format!("no data for {age}{}: waiting for Redis", real_time(state)),
            None => "connecting".to_owned(),
        };
    };
    if let Some(old) = state.age(*at, now) {
        return format!("no data for {}{}: Redis does not answer", age(real_seconds(old, state)), real_time(state));
    }
    let pods = list.pods.as_ref().filter(|pods| state.age(pods.at, now).is_none()).map(|pods| &pods.replicas);
    match (pods, &sample.reason) {
        (Some(pods), Some(reason)) => {
            let by = |prefix: &str, who: &str| Some(format!(" by {who}: {}", reason.strip_prefix(prefix)?));
            let by = by("HPA: ", "the HPA").or_else(|| by("KEDA: ", "KEDA"));
            format!("{}{}", counted(pods.desired, "pod", "pods"), by.unwrap_or_else(|| format!(": {reason}")))
        }
        (None, Some(reason)) => reason.clone(),
        (Some(pods), None) => format!("{}; {}", pods_in_words(pods), outlook(sample)),
        (None, None) => outlook(sample),
    }
}

/// Returns the time until the step that is expected next, and the step: what is cut on a narrow screen is at its end.
pub(super) fn next(state: &BoardState, list: &ListState, now: Duration) -> Option<String> {
    let Latest { at, sample } = list.latest.as_ref()?;
    if state.age(*at, now).is_some() {
        return None;
    }
    let next = sample.next.as_ref()?;
    let left = next.seconds - now.saturating_sub(*at).as_secs_f64();
    let when = if left > 0.0 { format!("in {}", age(left.ceil())) } else { "now".to_owned() };
    Some(format!("{when}: {}", next.what))
}

/// Returns the age of data in real seconds: Redis is away for those, whatever clock is shown.
pub(super) fn real_seconds(age: Duration, state: &BoardState) -> f64 {
    age.as_secs_f64() / state.speed
}

/// Returns true if the clock that is shown is faster than the real one, or slower.
pub(super) fn is_model_clock(state: &BoardState) -> bool {
    (state.speed - 1.0).abs() > f64::EPSILON
}

/// Says that a time is real, where the clock that is shown is not.
fn real_time(state: &BoardState) -> &'static str {
    if is_model_clock(state) { " of real time" } else { "" }
}

fn age_of_nothing(state: &BoardState, now: Duration) -> Option<String> {
    state.age(Duration::ZERO, now).map(|old| age(real_seconds(old, state)))
}

fn pods_in_words(pods: &Replicas) -> String {
    let desired = counted(pods.desired, "pod", "pods");
    match pods {
        Replicas { desired: wanted, ready, .. } if ready < wanted => {
            format!("{desired}, {} not ready yet", wanted - ready)
        }
        Replicas { desired: wanted, current, .. } if current > wanted => {
            format!("{desired}, {} more to stop", current - wanted)
        }
        _ => desired,
    }
}

/// Returns what the list alone tells.
fn outlook(sample: &Sample) -> String {
    let waiting = format!("{} waiting", sample.backlog);
    let has_none = sample.consumers == Some(0) && sample.in_flight.is_some();
    match sample.outlook() {
        Outlook::Empty => match sample.in_flight {
            Some(items @ 1..) => format!("nothing waits, {items} in flight"),
            _ => "nothing waits".to_owned(),
        },
        _ if has_none => format!("{waiting} and no consumer is alive"),
        Outlook::EmptyIn(_) => format!("{waiting}: {} at this rate", sample.outlook()),
        Outlook::Unknown => waiting,
        outlook => format!("{waiting}, {outlook}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::scaler::NextStep;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(sample: Sample) -> BoardState {
        let mut state = BoardState::new("watch".to_owned(), &["mylist".to_owned()], SECOND, 1.0);
        state.take(SECOND * 10, &sample);
        state
    }

    fn sample(backlog: u64, net: Option<f64>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH, "mylist", backlog, net, None)
    }

    #[test]
    fn headline_says_why_or_what_the_list_tells() {
        let target = |desired, current, ready| {
            Some(Replicas {
                kind: String::new(),
                namespace: String::new(),
                name: String::new(),
                desired,
                current,
                ready,
                available: ready,
                terminating: None,
            })
        };
        let reason = Some("HPA: 300 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5".to_owned());
        for (sample, text) in [
            (sample(0, None), "nothing waits"),
            (Sample { in_flight: Some(3), ..sample(0, None) }, "nothing waits, 3 in flight"),
            (sample(5, None), "5 waiting"),
            (sample(1_250, Some(-12.5)), "1250 waiting: empty in 1m 40s at this rate"),
            (sample(1_250, Some(12.5)), "1250 waiting, growing +12.5/s"),
            (
                Sample { consumers: Some(0), in_flight: Some(0), ..sample(9, Some(0.0)) },
                "9 waiting and no consumer is alive",
            ),
            (Sample { target: target(5, 5, 3), ..sample(9, None) }, "5 pods, 2 not ready yet; 9 waiting"),
            (Sample { target: target(1, 3, 3), ..sample(9, None) }, "1 pod, 2 more to stop; 9 waiting"),
            (
                Sample { target: target(5, 5, 5), reason, ..sample(300, None) },
                "5 pods by the HPA: 300 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5",
            ),
        ] {
            let state = state(sample);
            assert_eq!(headline(&state, &state.lists[0], SECOND * 10), text);
        }
    }

    #[test]
    fn old_data_is_said_to_be_old() {
        let next = Some(NextStep { what: "the HPA computes again".to_owned(), seconds: 9.0 });
        let state = state(Sample { next, ..sample(5, None) });
        let list = &state.lists[0];
        assert_eq!(next_at(&state, list, 12).as_deref(), Some("in 7s: the HPA computes again"));
        assert_eq!(headline(&state, list, SECOND * 17), "no data for 7s: Redis does not answer");
        let mut overdue = state.clone();
        overdue.lists[0].latest.as_mut().unwrap().sample.next.as_mut().unwrap().seconds = 1.5;
        assert_eq!(next_at(&overdue, &overdue.lists[0], 12).as_deref(), Some("now: the HPA computes again"));
        assert_eq!(next_at(&state, list, 17), None);
        let empty = BoardState::new("watch".to_owned(), &["mylist".to_owned()], SECOND, 1.0);
        assert_eq!(headline(&empty, &empty.lists[0], SECOND), "connecting");
        assert_eq!(headline(&empty, &empty.lists[0], SECOND * 4), "no data for 4s: waiting for Redis");
    }

    fn next_at(state: &BoardState, list: &ListState, second: u32) -> Option<String> {
        next(state, list, SECOND * second)
    }
}
