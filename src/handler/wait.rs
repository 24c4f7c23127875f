//! Simulated work: waiting.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;

use super::Disposition;
use crate::delivery::item::Item;
use crate::workload::Work;

/// Simulated work.
#[derive(Debug)]
pub(super) struct SimulatedWork {
    pub(super) work: Work,
    /// Factor by which it is faster.
    pub(super) speed: f64,
    /// Random seed; with it, an item always takes the same time.
    pub(super) seed: Option<u64>,
}

/// Waits for the duration that `simulated` gives for `item`.
pub(super) async fn wait(simulated: &SimulatedWork, item: &Item, abort: &CancellationToken) -> Disposition {
    let SimulatedWork { work, speed, seed } = simulated;
    let duration = match seed {
        Some(seed) => work.duration(&item.0, &mut StdRng::seed_from_u64(seed ^ hash(item))),
        None => work.duration(&item.0, &mut rand::rng()),
    };
    let duration = match duration {
        Ok(duration) => duration.div_f64(*speed),
        Err(reason) => return Disposition::dead_letter(reason.to_string()),
    };
    let shown = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    tracing::debug!(duration = %humantime::format_duration(shown), payload = %item, "processing item");
    // A timer is never shorter than a millisecond.
    if !duration.is_zero() {
        tokio::select! {
            biased;
            () = tokio::time::sleep(duration) => {}
            () = abort.cancelled() => return Disposition::Interrupted,
        }
    }
    Disposition::Ack
}

/// Returns the same number for the same item, in every process.
fn hash(item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.0.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    use super::*;

    async fn disposition(work: &str, item: &'static str, abort: &CancellationToken) -> Disposition {
        let simulated = SimulatedWork { work: work.parse().expect("work"), speed: 2.0, seed: None };
        wait(&simulated, &Item(Bytes::from(item)), abort).await
    }

    #[tokio::test(start_paused = true)]
    async fn work_takes_its_duration_divided_by_the_speed() {
        let start = Instant::now();
        assert!(matches!(
            disposition("field:wait", r#"{"wait": 6}"#, &CancellationToken::new()).await,
            Disposition::Ack
        ));
        assert_eq!(start.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn work_with_a_seed_takes_the_same_time_for_an_item() {
        let mut times = std::collections::BTreeSet::new();
        for (seed, item) in [(1, "a"), (1, "a"), (1, "b"), (2, "a")] {
            let simulated = SimulatedWork { work: "1s..1h".parse().expect("work"), speed: 1.0, seed: Some(seed) };
            let start = Instant::now();
            wait(&simulated, &Item(Bytes::from(item)), &CancellationToken::new()).await;
            times.insert(start.elapsed());
        }
        assert_eq!(times.len(), 3, "{times:?}");
    }

    #[test]
    fn work_of_no_time_ends_at_once() {
        let abort = CancellationToken::new();
        assert!(matches!(disposition("0s", "x", &abort).now_or_never(), Some(Disposition::Ack)));
    }

    #[tokio::test]
    async fn work_dead_letters_a_malformed_item() {
        let Disposition::DeadLetter { reason, .. } = disposition("field:wait", "nope", &CancellationToken::new()).await
        else {
            panic!("it was not dead-lettered")
        };
        assert!(reason.starts_with("not JSON"), "{reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn work_ends_on_abort() {
        let abort = CancellationToken::new();
        let (disposition, ()) = tokio::join!(disposition("1h", "x", &abort), async { abort.cancel() });
        assert!(matches!(disposition, Disposition::Interrupted));
    }
}
