//! Waits for the next item on behalf of a consumer.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::queue::{List, QueueError, Wait, Waited, Waiter};

/// A connection that waits for items.
pub(super) trait ItemWaiter: Send + 'static {
    /// Kind of wait.
    type Request: Send;
    /// Result of a wait.
    type Reply: Send;

    /// Waits for an item, until one has come or `stop` is cancelled. Not cancel-safe.
    fn wait(
        &mut self,
        request: Self::Request,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<Self::Reply, QueueError>> + Send;

    /// Closes the connection.
    fn close(self) -> impl Future<Output = ()> + Send;
}

impl ItemWaiter for Waiter {
    type Request = Wait;
    type Reply = Waited;

    async fn wait(&mut self, request: Wait, stop: &CancellationToken) -> Result<Waited, QueueError> {
        Self::wait(self, request, stop).await
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

impl ItemWaiter for List {
    type Request = ();
    type Reply = ();

    async fn wait(&mut self, (): (), stop: &CancellationToken) -> Result<(), QueueError> {
        self.watch(stop).await
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

/// Waits for items on request, in its own task and on its own connection, so that no wait is dropped halfway.
pub(super) struct Notifier<W: ItemWaiter> {
    requests: mpsc::Sender<(W::Request, CancellationToken)>,
    replies: mpsc::Receiver<Result<W::Reply, QueueError>>,
    task: JoinHandle<()>,
    stop: CancellationToken,
    /// Cancelled to end the last wait alone.
    interrupt: CancellationToken,
    is_waiting: bool,
    /// Result of the last wait, until it is taken.
    ended: Option<Result<W::Reply, QueueError>>,
}

impl<W: ItemWaiter> Notifier<W> {
    /// Starts the task; a wait ends when `stop` is cancelled.
    pub(super) fn start(mut waiter: W, stop: &CancellationToken) -> Self {
        let (requests, mut requested) = mpsc::channel::<(W::Request, CancellationToken)>(1);
        let (reply, replies) = mpsc::channel(1);
        let stop = stop.child_token();
        let task = tokio::spawn(async move {
            while let Some((wait, interrupted)) = requested.recv().await {
                if reply.send(waiter.wait(wait, &interrupted).await).await.is_err() {
                    break;
                }
            }
            waiter.close().await;
        });
        Self { requests, replies, task, interrupt: stop.child_token(), stop, is_waiting: false, ended: None }
    }

    /// Returns true while a wait is under way, or its result is to be taken.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Starts to wait for an item; no wait may be under way.
    pub(super) fn request(&mut self, wait: W::Request) {
        self.interrupt = self.stop.child_token();
        self.is_waiting = self.requests.try_send((wait, self.interrupt.clone())).is_ok();
    }

    /// Ends a wait that is under way; its result comes as usual.
    pub(super) fn interrupt(&self) {
        self.interrupt.cancel();
    }

    /// Returns the result of the wait, if it has ended.
    pub(super) fn ended(&mut self) -> Option<Result<W::Reply, QueueError>> {
        let ended = self.ended.take().or_else(|| self.replies.try_recv().ok());
        self.is_waiting &= ended.is_none();
        ended
    }

    /// Waits until the wait has ended; forever if none is under way.
    ///
    /// Cancel-safe: the wait goes on in its task.
    pub(super) async fn progress(&mut self) {
        match self.replies.recv().await {
            Some(waited) => self.ended = Some(waited),
            // Only a task that has panicked ends without a reply.
            None => std::future::pending().await,
        }
    }

    /// Ends a wait that is under way, and the task; returns the result of the wait.
    pub(super) async fn stop(mut self) -> Option<Result<W::Reply, QueueError>> {
        self.stop.cancel();
        drop(self.requests);
        let waited = match self.ended {
            None => self.replies.recv().await,
            ended => ended,
        };
        let _ = self.task.await;
        waited
    }
}
