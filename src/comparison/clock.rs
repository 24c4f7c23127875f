//! Times of polls and syncs: as recorded, or one period after the other.

use std::time::Duration;

/// Returns the times of something that runs once per `period`, up to `end`: as `recorded`, with gaps filled; or from `first`
/// on where nothing is recorded.
///
/// The HPA reads nothing at 0 replicas, so a recording of its reads has gaps. Before the first read there are either no
/// pods, or no HPA yet.
pub(super) fn moments(recorded: &[Duration], first: Duration, period: Duration, end: Duration) -> Vec<Duration> {
    if recorded.is_empty() {
        return since(first, period, end).collect();
    }
    let mut moments: Vec<Duration> = Vec::new();
    for (at, next) in recorded.iter().zip(recorded.iter().skip(1).copied().chain([end])) {
        // A time shortly before the next one is the next one itself.
        moments.extend(since(*at, period, next.saturating_sub(period / 2)));
        if moments.last() < Some(at) {
            moments.push(*at);
        }
    }
    moments
}

fn since(first: Duration, period: Duration, end: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), move |at| Some(*at + period)).take_while(move |at| *at <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(moments: &[u64]) -> Vec<Duration> {
        moments.iter().copied().map(Duration::from_secs).collect()
    }

    #[test]
    fn recorded_times_are_kept_and_gaps_are_filled() {
        let (period, end) = (Duration::from_secs(10), Duration::from_secs(75));
        assert_eq!(moments(&[], Duration::from_secs(60), period, end), seconds(&[60, 70]));
        let recorded = seconds(&[21, 31, 40, 62]);
        assert_eq!(moments(&recorded, Duration::ZERO, period, end), seconds(&[21, 31, 40, 50, 62]));
    }
}
