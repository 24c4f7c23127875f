//! Simulated work: waiting.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Disposition;
use crate::delivery::item::Item;
use crate::workload::Work;

/// Waits for the duration that `work` gives for `item`, divided by `speed`.
pub(super) async fn wait(work: &Work, speed: f64, item: &Item, abort: &CancellationToken) -> Disposition {
    let duration = match work.duration(&item.0, &mut rand::rng()) {
        Ok(duration) => duration.div_f64(speed),
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    use super::*;

    async fn disposition(work: &str, item: &'static str, abort: &CancellationToken) -> Disposition {
        wait(&work.parse().expect("work"), 2.0, &Item(Bytes::from(item)), abort).await
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
