//! The items in work.

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Plan;
use crate::handler::{Handler, Verdict};
use crate::item::Item;
use crate::shutdown::Shutdown;
use crate::tally::Tally;

/// The items in work, never more than `concurrency`.
pub(super) struct Workers {
    handler: Handler,
    abort: CancellationToken,
    /// How many items may be in work.
    hands: usize,
    running: JoinSet<(Taken, Verdict)>,
    pub(super) tally: Tally,
    unfinished: Vec<Taken>,
    closed: Option<std::io::Error>,
}

/// An item, and which one it was that was taken.
struct Taken {
    number: u64,
    item: Item,
}

impl Workers {
    pub(super) fn new(plan: &Plan, shutdown: &Shutdown) -> Self {
        Self {
            handler: Handler::new(plan.work.clone(), plan.speed),
            abort: shutdown.abort.clone(),
            hands: plan.concurrency as usize,
            running: JoinSet::new(),
            tally: Tally::default(),
            unfinished: Vec::new(),
            closed: None,
        }
    }

    pub(super) fn idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits until one more item may be begun; `false` when none may any more.
    pub(super) async fn free_hand(&mut self, stop: &CancellationToken) -> bool {
        while let Some(ended) = self.running.try_join_next() {
            self.count(ended);
        }
        while self.running.len() >= self.hands && self.closed.is_none() {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                Some(ended) = self.running.join_next() => self.count(ended),
            }
        }
        self.closed.is_none() && !stop.is_cancelled()
    }

    pub(super) fn begin(&mut self, item: Item) {
        let taken = self.taken(item);
        let (handler, abort) = (self.handler.clone(), self.abort.clone());
        self.running.spawn(async move {
            let verdict = handler.work(&taken.item, &abort).await;
            (taken, verdict)
        });
    }

    /// Keeps an item to be given back.
    pub(super) fn put_down(&mut self, item: Item) {
        let taken = self.taken(item);
        self.unfinished.push(taken);
    }

    fn taken(&mut self, item: Item) -> Taken {
        self.tally.taken += 1;
        Taken { number: self.tally.taken, item }
    }

    fn count(&mut self, ended: Result<(Taken, Verdict), JoinError>) {
        match ended {
            Ok((_, Verdict::Done)) => self.tally.done += 1,
            Ok((Taken { item, .. }, Verdict::Malformed(reason))) => {
                self.tally.malformed += 1;
                tracing::error!("malformed item, dropped: {reason}: {item}");
            }
            Ok((taken, Verdict::Interrupted)) => self.unfinished.push(taken),
            Ok((taken, Verdict::Closed(error))) => {
                self.unfinished.push(taken);
                self.closed.get_or_insert(error);
            }
            Err(error) => tracing::error!("a handler ended with a bug in qscale: {error}"),
        }
    }

    /// Waits for what is in work; returns what was done, what is to be given back in that order, and why
    /// handlers could not go on.
    pub(super) async fn finish(mut self) -> (Tally, Vec<Item>, Option<std::io::Error>) {
        if !self.idle() {
            tracing::info!("finishing {} items in work", self.running.len());
        }
        while let Some(ended) = self.running.join_next().await {
            self.count(ended);
        }
        // What was taken last goes back first, so that the list is as it was.
        self.unfinished.sort_by_key(|taken| std::cmp::Reverse(taken.number));
        (self.tally, self.unfinished.into_iter().map(|taken| taken.item).collect(), self.closed)
    }
}
