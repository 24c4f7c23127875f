//! The items of a pattern, one after the other.

use std::time::Duration;

use rand::distr::Distribution as _;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::Exp1;

use super::{Pattern, Phase, RateShape};
use crate::units::{saturating_seconds, whole};

/// Items that are due at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, after the start.
    pub at: Duration,
    /// Number of items, at least 1.
    pub count: u64,
}

/// Times at which the items of a [`Pattern`] are due; without an end where the pattern has none.
///
/// Item number `n` is due when the integral of the rate reaches `n - ½`, so that a second at 50 items a second holds 50
/// whichever second it is. What is left of an item at the end of a phase is carried into the next.
#[derive(Debug)]
pub struct Arrivals {
    pattern: Pattern,
    rng: StdRng,
    /// Number of rounds that are over.
    round: u64,
    /// The phase, as an index.
    phase: usize,
    /// Start of the phase.
    begun: Duration,
    /// Fraction of an item carried over from the phases before, from -½ to ½.
    owed: f64,
    /// The items of this phase so far.
    given: f64,
    /// Time of the last random item, in seconds from the start of the phase.
    drawn: f64,
}

/// Keeps the times of items apart from what else is drawn with the same seed.
const STREAM: u64 = 0x61_7272_6976_616c;

impl Arrivals {
    pub(super) fn new(pattern: Pattern, seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed ^ STREAM);
        Self { pattern, rng, round: 0, phase: 0, begun: Duration::ZERO, owed: 0.0, given: 0.0, drawn: 0.0 }
    }

    /// Returns how many items are due before `limit`.
    pub(super) fn before(mut self, limit: Duration) -> u64 {
        let mut items = 0_u64;
        while self.begun < limit
            && let Some(phase) = self.current()
        {
            let left = limit.saturating_sub(self.begun).min(phase.span());
            items = items.saturating_add(match phase {
                Phase::Burst(count) => count,
                Phase::Over { shape: shape @ RateShape::Poisson(_), .. } => {
                    let mut count = 0;
                    while self.next_within(shape, left).is_some() {
                        count += 1;
                    }
                    count
                }
                // As many as have `next_within` an answer, without asking for each.
                Phase::Over { shape, .. } => {
                    self.given = (shape.total(left.as_secs_f64()) + self.owed - 0.5).ceil().max(0.0);
                    whole(self.given)
                }
            });
            self.leave(phase);
        }
        items
    }

    fn current(&self) -> Option<Phase> {
        let over = self.pattern.rounds.is_some_and(|rounds| self.round >= rounds);
        self.pattern.phases.get(self.phase).copied().filter(|_| !over)
    }

    /// Returns when the next item is due, from the start of the phase; `None` when not within `span` of it.
    fn next_within(&mut self, shape: RateShape, span: Duration) -> Option<Duration> {
        let offset = if let RateShape::Poisson(rate) = shape {
            let gap: f64 = Exp1.sample(&mut self.rng);
            self.drawn += gap / rate;
            self.drawn
        } else {
            let total = self.given + 0.5 - self.owed;
            if total >= shape.total(span.as_secs_f64()) {
                return None;
            }
            self.given += 1.0;
            return Some(saturating_seconds(shape.time_of(total.max(0.0))).min(span));
        };
        Some(saturating_seconds(offset)).filter(|offset| *offset < span)
    }

    fn leave(&mut self, phase: Phase) {
        if let Phase::Over { span, shape } = phase {
            self.begun = self.begun.saturating_add(span);
            if !matches!(shape, RateShape::Poisson(_)) {
                self.owed += shape.total(span.as_secs_f64()) - self.given;
            }
        }
        (self.given, self.drawn) = (0.0, 0.0);
        self.phase += 1;
        if self.phase == self.pattern.phases.len() {
            self.phase = 0;
            self.round += 1;
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let phase = self.current()?;
            match phase {
                Phase::Burst(count) => {
                    self.leave(phase);
                    return Some(Arrival { at: self.begun, count });
                }
                Phase::Over { span, shape } => match self.next_within(shape, span) {
                    Some(offset) => return Some(Arrival { at: self.begun.saturating_add(offset), count: 1 }),
                    None => self.leave(phase),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().expect("the pattern of this test can be read")
    }

    /// Number of items in each second.
    fn seconds(text: &str, seed: u64) -> Vec<u64> {
        let pattern = pattern(text);
        let length = pattern.length().expect("the pattern of this test ends").as_secs();
        let mut seconds = vec![0; usize::try_from(length).unwrap() + 1];
        for Arrival { at, count } in pattern.arrivals(seed) {
            seconds[usize::try_from(at.as_secs()).unwrap()] += count;
        }
        assert_eq!(seconds.pop(), Some(0), "nothing is due after the end");
        seconds
    }

    #[test]
    fn arrivals_per_second_follow_the_pattern() {
        assert_eq!(seconds("3s@50, 2s@0, 2s@7", 1), [50, 50, 50, 0, 0, 7, 7]);
        assert_eq!(seconds("4s@0..8", 1), [1, 3, 5, 7]);
        assert_eq!(seconds("4s@8..0", 1), [7, 5, 3, 1]);
        assert_eq!(seconds("1s@1, burst 5, 1s@1, repeat 2", 1), [1, 6, 1, 6]);
        // Half an item a second is one in two, over the borders of phases as well.
        assert_eq!(seconds("1s@0.5, 1s@0.5, 2s@30/m", 1).iter().sum::<u64>(), 2);
        let sine = seconds("4s@sine(100,80,4s)", 1);
        assert_eq!(sine.iter().sum::<u64>(), 400);
        assert!(sine[0] == sine[1] && sine[2] == sine[3] && sine[0] > 145 && sine[2] < 55, "{sine:?}");
    }

    #[test]
    fn arrivals_at_a_constant_rate_are_evenly_spaced() {
        let at: Vec<_> = pattern("1s@4").arrivals(0).map(|arrival| arrival.at.as_millis()).collect();
        assert_eq!(at, [125, 375, 625, 875]);
    }

    #[test]
    fn seed_repeats_random_arrivals() {
        let pattern = pattern("2s@poisson(200), 1s@5, 1s@poisson(30), repeat 3");
        let times = |seed| pattern.arrivals(seed).collect::<Vec<_>>();
        assert_eq!(times(1), times(1));
        assert_ne!(times(1), times(2));
    }

    #[test]
    fn poisson_arrivals_have_mean_and_spread() {
        // For counts of a Poisson process, sum((count - mean)²) / mean is chi-squared with as many degrees of freedom as
        // there are seconds: 1000 ± 45, of which four are allowed.
        for seed in 0..8 {
            let counts = seconds("1000s@poisson(20)", seed);
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let chi_squared: f64 = counts.iter().map(|count| (*count as f64 - 20.0).powi(2) / 20.0).sum();
            assert!((chi_squared - 1000.0).abs() < 180.0, "seed {seed}: {chi_squared}");
            // 20000 ± 141.
            let total: u64 = counts.iter().sum();
            assert!(total.abs_diff(20_000) < 566, "seed {seed}: {total}");
        }
    }

    #[test]
    fn repeat_without_a_count_has_no_end() {
        let pattern = pattern("1s@2, burst 1, repeat");
        assert_eq!((pattern.length(), pattern.items(None, 0)), (None, None));
        assert_eq!(pattern.items(Some(Duration::from_secs(1000)), 0), Some(2_999));
        assert_eq!(pattern.arrivals(0).take(2_999).last().map(|last| last.at.as_secs()), Some(999));
    }

    #[test]
    fn count_of_a_long_pattern_takes_no_longer() {
        let items = |text: &str, limit: Option<u64>| pattern(text).items(limit.map(Duration::from_secs), 1);
        assert_eq!(items("1s@1, burst 2, repeat 1000000000000", None), Some(3_000_000_000_000));
        assert_eq!(items("1s@3, 1s@0, repeat", Some(1_000_000_000)), Some(1_500_000_000));
        assert_eq!(items("1s@3, 1s@0, repeat", Some(1_000_000_001)), Some(1_500_000_003));
        assert_eq!(items("1s@1000000000, repeat", Some(1_000_000_000)), Some(1_000_000_000_000_000_000));
        assert_eq!(items("1000000m@poisson(20)", None), None, "random, and too many to draw");
        assert_eq!(items("1s@poisson(20), repeat", Some(1_000_000_000)), None);
        let expected = pattern("1000000m@poisson(20)").expected(None);
        assert_eq!(expected, Some(1_200_000_000.0));
        assert_eq!(pattern("1s@3, burst 4, repeat 5").expected(Some(Duration::from_secs(1))), Some(3.0));
        assert_eq!(pattern("1s@3, burst 4, repeat 5").expected(Some(Duration::from_secs(60))), Some(35.0));
    }

    fn texts() -> impl Strategy<Value = String> {
        let phase = prop_oneof![
            (1_u64..5_000, 0.0..300.0).prop_map(|(millis, rate)| format!("{millis}ms@{rate}")),
            (1_u64..5_000, 0.0..300.0, 0.0..300.0).prop_map(|(millis, from, to)| format!("{millis}ms@{from}..{to}")),
            (1_u64..5_000, 1.0..300.0, 0.0..1.0, 50_u64..9_000).prop_map(|(millis, mean, part, period)| {
                format!("{millis}ms@sine({mean},{},{period}ms)", mean * part)
            }),
            (1_u64..5_000, 1.0..300.0).prop_map(|(millis, rate)| format!("{millis}ms@poisson({rate})")),
            (1_u64..500).prop_map(|items| format!("burst {items}")),
        ];
        prop::collection::vec(phase, 1..6).prop_map(|phases| phases.join(", "))
    }

    proptest! {
        #[test]
        fn items_come_in_order_and_as_many_as_are_counted(text in texts(), seed in 0_u64..100, millis in 0_u64..20_000) {
            let pattern = pattern(&text);
            let arrivals: Vec<_> = pattern.arrivals(seed).collect();
            prop_assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
            let count = |arrivals: &[Arrival]| arrivals.iter().map(|arrival| arrival.count).sum::<u64>();
            prop_assert_eq!(pattern.items(None, seed), Some(count(&arrivals)));
            let limit = Duration::from_millis(millis);
            let early: Vec<_> = arrivals.iter().copied().filter(|arrival| arrival.at < limit).collect();
            prop_assert!(pattern.items(Some(limit), seed).unwrap().abs_diff(count(&early)) <= 1);
        }

        #[test]
        fn count_is_the_integral_without_randomness(text in texts(), seed in 0_u64..100) {
            prop_assume!(!text.contains("poisson"));
            let pattern = pattern(&text);
            let integral: f64 = pattern.phases.iter().map(|phase| match phase {
                Phase::Over { span, shape } => shape.total(span.as_secs_f64()),
                #[expect(clippy::cast_precision_loss, reason = "small counts")]
                Phase::Burst(items) => *items as f64,
            }).sum();
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let items = pattern.items(None, seed).unwrap() as f64;
            prop_assert!((items - integral).abs() <= 0.5 + 1e-6, "{items} for {integral}");
        }

        #[test]
        fn pattern_displays_as_it_was_written(text in texts()) {
            let pattern = pattern(&text);
            prop_assert_eq!(pattern.to_string().parse::<Pattern>().unwrap(), pattern);
        }
    }
}
