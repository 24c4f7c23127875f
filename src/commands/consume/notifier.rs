//! What tells a consumer with a free hand that an item has come.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::queue::{QueueError, Waiter};

/// Told to wait, rings when an item has landed; waits on a connection of its own, which nobody interrupts.
pub(super) struct Notifier {
    ask: mpsc::Sender<()>,
    rings: mpsc::Receiver<Result<bool, QueueError>>,
    task: JoinHandle<()>,
    waiting: bool,
}

impl Notifier {
    pub(super) fn hang(mut waiter: Waiter, stop: CancellationToken) -> Self {
        let (ask, mut asked) = mpsc::channel(1);
        let (ring, rings) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            while asked.recv().await.is_some() {
                // Never dropped half-way: who asked has time.
                if ring.send(waiter.wait(&stop).await).await.is_err() {
                    break;
                }
            }
            waiter.close().await;
        });
        Self { ask, rings, task, waiting: false }
    }

    pub(super) fn listen(&mut self) {
        self.waiting = self.waiting || self.ask.try_send(()).is_ok();
    }

    /// Waits for the answer; for ever when nobody listens.
    pub(super) async fn ring(&mut self) -> Result<bool, QueueError> {
        if !self.waiting {
            return std::future::pending().await;
        }
        let answer = self.rings.recv().await;
        self.waiting = false;
        answer.unwrap_or(Ok(false))
    }

    /// Waits until nothing can land any more, as far as that can be known.
    pub(super) async fn take_down(mut self) {
        if self.waiting {
            let _ = self.ring().await;
        }
        drop(self.ask);
        let _ = self.task.await;
    }
}
