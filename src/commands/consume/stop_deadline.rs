//! Deadline for calls to Redis after a consumer was told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::shutdown::Shutdown;

/// Time to wait for Redis when requeueing; Kubernetes waits a little longer than `drain`.
pub(super) const REQUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time to wait for Redis when stopping with no item in flight.
const IDLE_STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Deadline for calls to Redis after a stop.
pub(super) struct StopDeadline {
    /// Cancelled when no call is waited for any more.
    pub(super) over: CancellationToken,
    pub(super) stop: CancellationToken,
}

impl StopDeadline {
    pub(super) fn begin(shutdown: &Shutdown) -> Self {
        let over = CancellationToken::new();
        let (abort, end) = (shutdown.abort.clone(), over.clone());
        tokio::spawn(async move {
            abort.cancelled().await;
            tokio::time::sleep(REQUEUE_TIMEOUT).await;
            end.cancel();
        });
        Self { over, stop: shutdown.stop.clone() }
    }

    /// Runs `call`. A consumer with no item in flight (`idle`) waits only briefly for it after a stop.
    pub(super) async fn run<T>(&self, idle: bool, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        let stopped_before = self.stop.is_cancelled();
        let timeout = async {
            self.stop.cancelled().await;
            tokio::time::sleep(IDLE_STOP_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            reply = &mut call => return reply,
            () = timeout, if idle => self.over.cancel(),
            () = self.stop.cancelled(), if !idle && !stopped_before => {
                tracing::debug!("stopping: waiting for Redis to acknowledge items in flight");
            }
        }
        call.await
    }
}
