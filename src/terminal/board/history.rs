//! The past of a list, as a chart shows it: fine for the last minutes, coarser the longer it is ago, bounded for any time.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sample::Sample;

/// Quantities that are kept, in the order of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::terminal) enum Quantity {
    Waiting,
    InFlight,
    Ready,
    Desired,
}

/// Number of quantities.
const QUANTITIES: usize = 4;

/// Buckets of one tier: with samples of a second, half an hour of them.
const LENGTH: usize = 2_048;

/// Buckets of a tier that share one of the next.
const FACTOR: u32 = 8;

/// Number of tiers: with samples of a second, the last reaches back twelve days before it becomes coarser.
const TIERS: u32 = 4;

/// Missed samples after which a value is not shown any more.
const PATIENCE: f64 = 3.5;

/// Values over some time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    from: Duration,
    /// Time of the last sample in it.
    to: Duration,
    /// Greatest values; no peak is lost.
    peaks: [Option<u64>; QUANTITIES],
    last: [Option<u64>; QUANTITIES],
}

/// Buckets of one width.
#[derive(Debug, Clone)]
struct Tier {
    width: Duration,
    buckets: VecDeque<Bucket>,
}

/// The past of a list.
#[derive(Debug, Clone)]
pub(in crate::terminal) struct ListHistory {
    /// Time between two samples.
    every: Duration,
    /// The finest first.
    tiers: Vec<Tier>,
}

impl ListHistory {
    /// Creates an empty history of samples that come once per `every`.
    pub(in crate::terminal) fn new(every: Duration) -> Self {
        let every = every.max(Duration::from_millis(1));
        let tier = |power: u32| {
            // The finest keeps each sample: one that comes early, as after a change, is not to be seen before its time.
            let width = if power == 0 { Duration::ZERO } else { every * FACTOR.pow(power) };
            Tier { width, buckets: VecDeque::new() }
        };
        Self { every, tiers: (0..TIERS).map(tier).collect() }
    }

    /// Adds a sample that was taken `at`, which never decreases.
    pub(in crate::terminal) fn add(&mut self, at: Duration, sample: &Sample) {
        let target = sample.target.as_ref();
        let values = [
            Some(sample.backlog),
            sample.in_flight,
            target.map(|target| target.ready.into()),
            target.map(|target| target.desired.into()),
        ];
        let coarsest = self.tiers.len() - 1;
        for (index, tier) in self.tiers.iter_mut().enumerate() {
            tier.add(at, values);
            if index == coarsest {
                tier.fold();
            } else if tier.buckets.len() > LENGTH {
                tier.buckets.pop_front();
            }
        }
    }

    /// Returns the time of the first sample that is kept.
    pub(in crate::terminal) fn start(&self) -> Option<Duration> {
        self.tiers.last()?.buckets.front().map(|bucket| bucket.from)
    }

    /// Returns the greatest values in each of `count` columns of `width`, the first of which begins at `from`; `None` in a
    /// column without data.
    pub(in crate::terminal) fn columns(
        &self,
        quantity: Quantity,
        from: Duration,
        width: Duration,
        count: usize,
    ) -> Vec<Option<u64>> {
        let mut columns = vec![None; count];
        let Some(tier) = self.tier(from) else { return columns };
        let index = quantity as usize;
        let column = |at: Duration| {
            let nanos = at.checked_sub(from)?.as_nanos();
            usize::try_from(nanos / width.as_nanos().max(1)).ok()
        };
        let mut raise = |column: usize, value: Option<u64>| {
            if let Some(shown) = columns.get_mut(column) {
                *shown = value.max(*shown);
            }
        };
        let nexts = tier.buckets.iter().skip(1).map(Some).chain([None]);
        for (bucket, next) in tier.buckets.iter().zip(nexts) {
            let held = bucket.to + self.every.mul_f64(PATIENCE);
            let until = next.map_or(held, |next| next.from.min(held));
            let (Some(end), first) = (column(until), column(bucket.from).unwrap_or(0)) else { continue };
            raise(first, bucket.peaks[index]);
            for shown in first..=column(bucket.to).unwrap_or(first).min(count) {
                raise(shown, bucket.peaks[index]);
            }
            // A value that only touches the start of a column belongs to the one before.
            let from_edge =
                until.checked_sub(from).is_some_and(|since| since.as_nanos() % width.as_nanos().max(1) == 0);
            let last = if from_edge { end.saturating_sub(1) } else { end };
            for shown in column(bucket.to).unwrap_or(0)..=last.min(count) {
                raise(shown, bucket.last[index]);
            }
        }
        columns
    }

    /// Returns the values over all time, oldest first; each holds until the next. A gap counts as 0.
    pub(in crate::terminal) fn series(&self, quantity: Quantity) -> Vec<(Duration, u64)> {
        let index = quantity as usize;
        let Some(tier) = self.start().and_then(|start| self.tier(start)) else { return Vec::new() };
        let points = |bucket: &Bucket| {
            let peak = (bucket.from, bucket.peaks[index].unwrap_or(0));
            let last = (bucket.to, bucket.last[index].unwrap_or(0));
            [Some(peak), (last != peak).then_some(last)].into_iter().flatten()
        };
        tier.buckets.iter().flat_map(points).collect()
    }

    /// Returns the finest tier that reaches back to `from`.
    fn tier(&self, from: Duration) -> Option<&Tier> {
        let start = self.start()?;
        let reaches = |tier: &&Tier| tier.buckets.front().is_some_and(|bucket| bucket.from <= from.max(start));
        self.tiers.iter().find(reaches).or_else(|| self.tiers.last())
    }
}

impl Tier {
    fn add(&mut self, at: Duration, values: [Option<u64>; QUANTITIES]) {
        match self.buckets.back_mut() {
            Some(bucket) if at < bucket.from + self.width => bucket.merge(&Bucket::new(at, values)),
            _ => self.buckets.push_back(Bucket::new(at, values)),
        }
    }

    /// Doubles the width of a full tier.
    fn fold(&mut self) {
        if self.buckets.len() <= LENGTH {
            return;
        }
        self.width *= 2;
        let mut folded: VecDeque<Bucket> = VecDeque::with_capacity(LENGTH);
        for bucket in self.buckets.drain(..) {
            match folded.back_mut() {
                Some(last) if bucket.from < last.from + self.width => last.merge(&bucket),
                _ => folded.push_back(bucket),
            }
        }
        self.buckets = folded;
    }
}

impl Bucket {
    fn new(at: Duration, values: [Option<u64>; QUANTITIES]) -> Self {
        Self { from: at, to: at, peaks: values, last: values }
    }

    fn merge(&mut self, later: &Self) {
        self.to = later.to;
        self.last = later.last;
        for (peak, value) in self.peaks.iter_mut().zip(later.peaks) {
            *peak = value.max(*peak);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sample(backlog: u64) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH, "mylist", backlog, None, None)
    }

    /// A history with one value per second.
    fn history(values: impl IntoIterator<Item = u64>) -> ListHistory {
        let mut history = ListHistory::new(SECOND);
        for (second, value) in (0..).zip(values) {
            history.add(SECOND * second, &sample(value));
        }
        history
    }

    fn waiting(history: &ListHistory, from: u64, width: u64, count: usize) -> Vec<Option<u64>> {
        history.columns(Quantity::Waiting, SECOND * u32::try_from(from).unwrap(), Duration::from_secs(width), count)
    }

    #[test]
    fn column_shows_its_peak() {
        let history = history([0, 0, 9, 1, 4, 4]);
        assert_eq!(waiting(&history, 0, 2, 3), [Some(0), Some(9), Some(4)]);
        assert_eq!(waiting(&history, 2, 1, 3), [Some(9), Some(1), Some(4)]);
    }

    #[test]
    fn sample_between_two_others_is_shown_at_its_time() {
        let mut history = history([0, 0, 0]);
        history.add(SECOND * 5 / 2, &sample(5));
        history.add(SECOND * 3, &sample(5));
        let columns = history.columns(Quantity::Waiting, Duration::ZERO, SECOND / 2, 7);
        assert_eq!(columns, [0, 0, 0, 0, 0, 5, 5].map(Some));
    }

    #[test]
    fn time_without_samples_is_a_gap() {
        let mut history = history([5, 5]);
        history.add(SECOND * 20, &sample(7));
        let columns = waiting(&history, 0, 1, 22);
        assert_eq!(columns[..5], [Some(5); 5]);
        assert_eq!(columns[6..20], [None; 14]);
        assert_eq!(columns[20], Some(7));
        assert_eq!(history.columns(Quantity::Ready, Duration::ZERO, SECOND, 3), [None; 3]);
    }

    #[test]
    fn memory_is_bounded_and_no_peak_is_lost() {
        let mut history = ListHistory::new(SECOND);
        for second in 0..3_000_000_u32 {
            history.add(SECOND * second, &sample(if second == 1_234_567 { 1_000 } else { 1 }));
        }
        let kept: usize = history.tiers.iter().map(|tier| tier.buckets.len()).sum();
        assert!(kept <= LENGTH * TIERS as usize, "{kept}");
        let columns = waiting(&history, 0, 30_000, 100);
        assert_eq!(columns.iter().flatten().max(), Some(&1_000));
        assert_eq!(columns[41], Some(1_000));
        assert_eq!(history.start(), Some(Duration::ZERO));
        // The last minutes are still fine.
        assert_eq!(history.columns(Quantity::Waiting, SECOND * 2_999_900, SECOND, 100), [Some(1); 100]);
        assert_eq!(history.tier(SECOND * 2_999_000).unwrap().width, Duration::ZERO);
    }
}
