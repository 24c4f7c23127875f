//! Wakes an idle consumer when an item arrives.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::queue::{QueueError, Waiter};

/// Waits for items on request, in its own task and on its own connection, so that no wait is dropped halfway.
pub(super) struct Notifier {
    requests: mpsc::Sender<()>,
    replies: mpsc::Receiver<Result<bool, QueueError>>,
    task: JoinHandle<()>,
    waiting: bool,
}

impl Notifier {
    pub(super) fn start(mut waiter: Waiter, stop: CancellationToken) -> Self {
        let (requests, mut requested) = mpsc::channel(1);
        let (reply, replies) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            while requested.recv().await.is_some() {
                if reply.send(waiter.wait(&stop).await).await.is_err() {
                    break;
                }
            }
            waiter.close().await;
        });
        Self { requests, replies, task, waiting: false }
    }

    /// Starts to wait for an item, unless a wait is already running.
    pub(super) fn request(&mut self) {
        self.waiting = self.waiting || self.requests.try_send(()).is_ok();
    }

    /// Waits for the result of the last request; forever if there is none.
    ///
    /// Cancel-safe: the wait goes on in its task.
    pub(super) async fn notified(&mut self) -> Result<bool, QueueError> {
        if !self.waiting {
            return std::future::pending().await;
        }
        let reply = self.replies.recv().await;
        self.waiting = false;
        reply.unwrap_or(Ok(false))
    }

    /// Waits for a running wait, and ends the task.
    pub(super) async fn stop(mut self) {
        if self.waiting {
            let _ = self.notified().await;
        }
        drop(self.requests);
        let _ = self.task.await;
    }
}
