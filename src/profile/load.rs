//! Load of the workload, from the `[produce]` table.

use std::num::NonZeroU64;

use super::ProduceTable;
use crate::workload::{Load, Pace, Rate, Timing, USUAL_BATCH};

impl ProduceTable {
    /// Returns the load: the pattern, the rate, or the batches.
    ///
    /// A `pattern-file` is left out: the command that may read files puts its contents into `pattern`.
    pub fn load(&self) -> Load {
        let every = self.every.map(|every| every.0).filter(|every| !every.is_zero());
        let timing = match (&self.pattern, self.rate, every) {
            (Some(pattern), _, _) => Timing::Pattern(pattern.clone()),
            (None, Some(Rate::PerSecond(rate)), _) => Timing::Pace(Pace::Steady { rate }),
            (None, None, Some(every)) => {
                let batch = self.batch.map_or(USUAL_BATCH, NonZeroU64::get);
                Timing::Pace(Pace::Batches { batch, every })
            }
            _ => Timing::Pace(Pace::Unpaced),
        };
        Load { timing, count: self.count, duration: self.duration.map(|duration| duration.0) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::profile::Profile;
    use crate::workload::{Pace, Timing, USUAL_BATCH};

    #[test]
    fn load_is_the_pattern_the_rate_or_the_batches() {
        let every = Duration::from_secs(2);
        for (produce, timing) in [
            ("batch = 20\nevery = \"2s\"", Timing::Pace(Pace::Batches { batch: 20, every })),
            ("every = \"2s\"", Timing::Pace(Pace::Batches { batch: USUAL_BATCH, every })),
            ("every = \"0s\"", Timing::Pace(Pace::Unpaced)),
            ("rate = \"120/m\"", Timing::Pace(Pace::Steady { rate: 2.0 })),
            ("rate = \"max\"", Timing::Pace(Pace::Unpaced)),
            ("pattern = \"2s@1, burst 9\"", Timing::Pattern("2s@1, burst 9".parse().unwrap())),
        ] {
            let profile = Profile::parse("q.toml", &format!("[produce]\n{produce}")).unwrap();
            assert_eq!(profile.produce.load().timing, timing, "{produce}");
        }
    }
}
