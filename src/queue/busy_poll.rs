//! Busy polling: replies that come at once are awaited awake.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// Longest time to poll for a reply: about what it costs that both sides sleep and are woken.
const LIMIT: Duration = Duration::from_micros(100);

/// Largest number of replies that are awaited asleep after one that was polled for in vain.
const MOST_ASLEEP: u32 = 256;

/// Waits for the replies to the commands of a connection; awake, for a moment, while they come at once.
///
/// A thread that sleeps has to be woken by the kernel, and so has a server whose client sleeps: with both on one machine, that
/// takes more time than the commands do. Across a network, replies take longer than [`LIMIT`], and few are polled for.
#[derive(Debug, Default)]
pub(super) struct BusyPoll {
    /// Number of replies to await asleep before one is polled for again.
    asleep: AtomicU32,
    /// That number after the last one was polled for in vain; 0 if it came in time.
    penalty: AtomicU32,
}

impl BusyPoll {
    /// Waits for `reply`. As cancel-safe as `reply` is.
    pub(super) async fn wait<T>(&self, reply: impl Future<Output = T>) -> T {
        let mut reply = pin!(reply);
        if self.count_reply() {
            let start = Instant::now();
            while start.elapsed() < LIMIT {
                tokio::select! {
                    biased;
                    reply = &mut reply => {
                        self.penalty.store(0, Relaxed);
                        return reply;
                    }
                    // Before it goes on here, the runtime looks for events without waiting for any.
                    () = yield_now() => {}
                }
            }
            self.penalize();
        }
        reply.await
    }

    /// Counts a reply; returns true if it is to be polled for.
    fn count_reply(&self) -> bool {
        let asleep = self.asleep.load(Relaxed);
        self.asleep.store(asleep.saturating_sub(1), Relaxed);
        asleep == 0
    }

    fn penalize(&self) {
        let penalty = (self.penalty.load(Relaxed) * 2).clamp(1, MOST_ASLEEP);
        self.penalty.store(penalty, Relaxed);
        self.asleep.store(penalty, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// Waits for `count` replies that all come too late; returns how many were polled for.
    async fn polled_for(poll: &BusyPoll, count: usize) -> usize {
        let mut polled = 0;
        for _ in 0..count {
            polled += usize::from(poll.asleep.load(Relaxed) == 0);
            poll.wait(sleep(LIMIT * 3)).await;
        }
        polled
    }

    #[tokio::test]
    async fn reply_is_returned_whether_it_is_polled_for_or_not() {
        let poll = BusyPoll::default();
        for number in 0..10 {
            assert_eq!(poll.wait(async { number }).await, number);
            let late = async {
                sleep(LIMIT * 3).await;
                -number
            };
            assert_eq!(poll.wait(late).await, -number);
        }
    }

    #[tokio::test]
    async fn late_replies_are_rarely_polled_for_until_one_comes_in_time() {
        let poll = BusyPoll::default();
        // Those after 0, 1, 2, 4, 8, 16, 32 and 64 others.
        assert_eq!(polled_for(&poll, 200).await, 8);
        while poll.asleep.load(Relaxed) > 0 {
            poll.wait(async {}).await;
        }
        poll.wait(async {}).await;
        assert_eq!(polled_for(&poll, 7).await, 3);
    }
}
