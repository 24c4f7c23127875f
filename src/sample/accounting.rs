//! The account of all items that were pushed.

use super::Sample;

impl Sample {
    /// Returns where all items are, if the counters account for each.
    #[must_use]
    pub fn accounting(&self) -> Option<String> {
        let (pushed, acknowledged) = (self.pushed?, self.acknowledged?);
        let left = self.backlog + self.in_flight? + self.delayed?;
        let dead = self.dead?;
        let ended = if dead > 0 {
            format!("{acknowledged} processed + {dead} dead")
        } else {
            format!("{acknowledged} processed")
        };
        (pushed > 0 && pushed == acknowledged + left + dead)
            .then(|| format!("{pushed} pushed = {ended} + {left} left, none lost"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn items_are_accounted_for_only_if_the_sum_is_right() {
        let sample = Sample {
            pushed: Some(10),
            acknowledged: Some(3),
            in_flight: Some(2),
            delayed: Some(0),
            dead: Some(1),
            ..Sample::new(SystemTime::UNIX_EPOCH, "mylist", 4, None, None)
        };
        let text = "10 pushed = 3 processed + 1 dead + 6 left, none lost";
        assert_eq!(sample.accounting().as_deref(), Some(text));
        // Other clients push or pop as well.
        assert_eq!(Sample { backlog: 5, ..sample }.accounting(), None);
    }
}
