//! The run: items are pushed as they are due, and their lateness is measured.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use color_eyre::eyre::Result;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::until;
use super::items::Items;
use super::plan::{Content, Plan};
use crate::delivery::item::Item;
use crate::queue::{Pusher, QueueError};
use crate::terminal::{Progress, PushState};
use crate::units::float;
use crate::workload::{LATE, Lateness, Schedule, Timing};

/// Interval at which the backlog is polled while it is too long.
const BACKLOG_POLL: Duration = Duration::from_millis(200);

/// Pause of the input after which outstanding batches are confirmed.
const INPUT_PAUSE: Duration = Duration::from_millis(100);

/// Time in which an input that is there is read.
const READ_WITHIN: Duration = Duration::from_millis(10);

/// Interval at which the lateness is shown while Redis does not answer.
const SHOW_INTERVAL: Duration = Duration::from_secs(1);

/// A run in progress.
pub(super) struct Push<'a> {
    pub(super) plan: &'a Plan,
    pub(super) items: Items,
    pub(super) pusher: Pusher,
    pub(super) lateness: Lateness,
    pub(super) progress: Progress,
    pub(super) stop: &'a CancellationToken,
    pub(super) start: Instant,
    /// Time until the last item is due.
    takes: Option<Duration>,
    /// Number of items that were sent.
    sent: u64,
}

impl<'a> Push<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        items: Items,
        pusher: Pusher,
        progress: Progress,
        stop: &'a CancellationToken,
    ) -> Self {
        let lateness = Lateness::new(&plan.timing, plan.total, plan.seed, plan.speed);
        Self { plan, items, pusher, lateness, progress, stop, start: Instant::now(), takes: plan.takes(), sent: 0 }
    }

    /// Pushes items as they are due, until the plan is complete or `stop` is cancelled; returns `false` in the latter case.
    pub(super) async fn until_stopped(&mut self) -> Result<bool> {
        let plan = self.plan;
        let limit = plan.limit.map(|limit| self.start + limit);
        let mut schedule = Schedule::new(&plan.timing, plan.seed).faster(plan.speed);
        let finished = loop {
            if plan.total.is_some_and(|total| self.sent >= total) {
                break true;
            }
            let Some(next) = schedule.next_after(self.sent) else { break true };
            let next = self.start + next;
            if next > Instant::now() {
                self.flush().await?;
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => break false,
                    () = tokio::time::sleep_until(next) => {}
                }
            }
            if !plan.paced && limit.is_some_and(|limit| Instant::now() >= limit) {
                break true;
            }
            if !self.wait_for_backlog(limit).await? {
                break !self.stop.is_cancelled();
            }
            // The next item is due now, whatever the rounding.
            let total = plan.total.unwrap_or(u64::MAX);
            let due = schedule.due(self.start.elapsed()).max(self.sent + 1).min(total) - self.sent;
            let most = usize::try_from(due).unwrap_or(usize::MAX).min(plan.batch);
            let asked = Instant::now();
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => break false,
                batch = self.items.next(self.sent, most) => Some(batch?),
                () = until(limit) => break true,
                // Detect a lost batch without waiting for more input.
                () = tokio::time::sleep(INPUT_PAUSE), if self.pusher.unanswered() > 0 => None,
            };
            if matches!(plan.content, Content::Input { .. }) && asked.elapsed() >= READ_WITHIN {
                self.lateness.hold(self.sent, self.start.elapsed());
            }
            match batch {
                None => self.flush().await?,
                Some(batch) if batch.is_empty() => break true,
                Some(batch) => self.push(batch).await?,
            }
        };
        self.flush().await?;
        Ok(finished)
    }

    async fn push(&mut self, batch: Vec<Bytes>) -> Result<(), QueueError> {
        if self.plan.echo {
            for item in &batch {
                tracing::info!(item = %Item(item.clone()), "pushing item");
            }
        }
        self.settle_while(Pusher::is_full).await?;
        self.sent += batch.len() as u64;
        self.pusher.push(batch).await?;
        self.show();
        Ok(())
    }

    /// Waits until every batch is confirmed.
    async fn flush(&mut self) -> Result<(), QueueError> {
        self.settle_while(|pusher| pusher.unanswered() > 0).await?;
        self.show();
        Ok(())
    }

    /// Waits for replies, and shows meanwhile by how much items are late.
    async fn settle_while(&mut self, more: impl Fn(&Pusher) -> bool) -> Result<(), QueueError> {
        while more(&self.pusher) {
            let (pushed, backlog, share) = (self.pusher.pushed(), self.pusher.backlog(), self.share());
            let settled = shown(self.pusher.settle(), || {
                let late = late(&mut self.lateness, self.start);
                self.progress.show(PushState { pushed, backlog, late, share });
            });
            settled.await?;
            self.lateness.push(self.pusher.pushed() - pushed, self.start.elapsed());
        }
        Ok(())
    }

    fn show(&mut self) {
        let late = late(&mut self.lateness, self.start);
        let (pushed, backlog, share) = (self.pusher.pushed(), self.pusher.backlog(), self.share());
        self.progress.show(PushState { pushed, backlog, late, share });
    }

    /// Returns the part of the run that is over, from 0 to 1; `None` if it has no end, or none that is known.
    fn share(&self) -> Option<f64> {
        let Plan { timing, total, limit, .. } = self.plan;
        let elapsed = self.start.elapsed().as_secs_f64();
        let by_time = |longest: Duration| (elapsed / longest.as_secs_f64().max(f64::MIN_POSITIVE)).min(1.0);
        let by_items = total.map(|total| float(self.pusher.pushed()) / float(total.max(1)));
        if matches!(timing, Timing::Pattern(_)) {
            // Its items are not evenly spread.
            let by_time = self.takes.map(by_time);
            return if by_time == Some(1.0) { by_items } else { by_time };
        }
        [by_items, limit.map(by_time), self.items.share()].into_iter().flatten().reduce(f64::max)
    }

    /// Waits until the list is short enough; returns `false` when `stop` is cancelled or the time limit is reached.
    async fn wait_for_backlog(&mut self, limit: Option<Instant>) -> Result<bool, QueueError> {
        let Some(most) = self.plan.max_backlog else { return Ok(true) };
        let mut said = false;
        loop {
            self.flush().await?;
            let (pushed, backlog, share) = (self.pusher.pushed(), self.pusher.backlog(), self.share());
            let length = shown(self.pusher.length(), || {
                let late = late(&mut self.lateness, self.start);
                self.progress.show(PushState { pushed, backlog, late, share });
            });
            if length.await? <= most {
                return Ok(true);
            }
            if !said {
                tracing::info!(list = %self.plan.list, max_backlog = most, "backlog too long, waiting");
                said = true;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(false),
                () = until(limit) => return Ok(false),
                () = tokio::time::sleep(BACKLOG_POLL) => self.lateness.hold(self.sent, self.start.elapsed()),
            }
        }
    }
}

/// Lateness of the oldest item that is not on the list; `None` if it is not late.
fn late(lateness: &mut Lateness, start: Instant) -> Option<Duration> {
    Some(lateness.at(start.elapsed())).filter(|late| *late >= LATE)
}

/// Awaits a reply, and calls `show` once per [`SHOW_INTERVAL`] until it is there.
async fn shown<T>(reply: impl Future<Output = T>, mut show: impl FnMut()) -> T {
    let mut reply = pin!(reply);
    loop {
        tokio::select! {
            biased;
            reply = &mut reply => return reply,
            () = tokio::time::sleep(SHOW_INTERVAL) => show(),
        }
    }
}
