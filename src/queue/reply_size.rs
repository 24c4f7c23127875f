//! Size of replies that hold items: small enough for a slow link.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fred::types::FromValue;

use super::connection::Connection;
use super::error::QueueError;
use super::script::Script;

/// Size of the first reply, and largest size of all items in one exchange, so that Redis is not held for long.
pub(super) const PAGE: usize = 256 * 1024;

/// Smallest and largest size of a reply.
const LIMITS: [usize; 2] = [4 * 1024, 16 * 1024 * 1024];

/// Time in which a reply arrives over a link that can take a larger one.
const FAST: Duration = Duration::from_millis(1500);

/// Maximum size of the next reply in bytes. Falls with each call that has to be repeated, because the reply may have been too
/// large to arrive in time, and rises with each that arrives fast.
#[derive(Debug)]
pub(super) struct ReplySize(usize);

impl ReplySize {
    pub(super) fn new() -> Self {
        Self(PAGE)
    }

    pub(super) fn bytes(&self) -> usize {
        self.0
    }

    /// Records that a call is sent again.
    pub(super) fn repeated(&mut self) {
        self.0 = (self.0 / 4).max(LIMITS[0]);
    }

    /// Records a reply of `bytes` that arrived after `duration`.
    pub(super) fn received(&mut self, bytes: usize, duration: Duration) {
        if duration < FAST && bytes >= self.0.min(PAGE) / 2 {
            self.0 = (self.0 * 2).min(LIMITS[1]);
        }
    }
}

/// Runs a script that may be repeated, with arguments for the size of its reply: the size falls with each repetition.
pub(super) async fn sized<T: FromValue>(
    connection: &mut Connection,
    script: &Script,
    key: &str,
    keys: &[String],
    size: &mut ReplySize,
    arguments: impl Fn(usize) -> Vec<Bytes>,
    measure: impl Fn(&T) -> usize,
) -> Result<T, QueueError> {
    let (mut attempts, mut sent) = (0, Instant::now());
    let reply = connection
        .repeat(key, |client| {
            if attempts > 0 {
                size.repeated();
            }
            attempts += 1;
            sent = Instant::now();
            let (keys, arguments) = (keys.to_vec(), arguments(size.bytes()));
            async move { script.run(&client, keys, arguments).await }
        })
        .await?;
    size.received(measure(&reply), sent.elapsed());
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_size_falls_with_repeated_calls_and_rises_with_fast_replies() {
        let mut size = ReplySize::new();
        size.received(PAGE, Duration::from_millis(10));
        assert_eq!(size.bytes(), 2 * PAGE);
        size.received(2 * PAGE, Duration::from_secs(2));
        size.received(100, Duration::from_millis(1));
        assert_eq!(size.bytes(), 2 * PAGE);
        for _ in 0..20 {
            size.repeated();
        }
        assert_eq!(size.bytes(), LIMITS[0]);
        for _ in 0..20 {
            size.received(size.bytes(), Duration::ZERO);
        }
        assert_eq!(size.bytes(), LIMITS[1]);
    }
}
