//! Outages: said once for all connections to a server, and lived through by each connection.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::error::Fault;
use crate::endpoint::Endpoint;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a refusal that time seldom cures (a wrong password, a certificate) is tried for: a rotation may be under way.
const PATIENCE_WITH_REFUSALS: Duration = Duration::from_secs(30);

/// What all connections to one server know of its outages, so that each is said once.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    count: u64,
    since: Option<Instant>,
    overcome: u64,
    /// Whether nothing has been answered since a connection was lost.
    silent: bool,
}

impl Outages {
    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.state().count
    }

    /// Whether one goes on: a connection was lost, and none has been answered since.
    ///
    /// Not the same as that all are back: one that was lost while nobody needs it is made again when somebody does.
    pub(super) fn is_out(&self) -> bool {
        self.state().silent
    }

    /// Takes note that a command has been answered, on whatever connection.
    pub(super) fn answered(&self) {
        self.state().silent = false;
    }

    /// How many are over.
    pub(super) fn overcome(&self) -> u64 {
        self.state().overcome
    }

    /// Says that the connection made after `count` outages is lost, if nobody has.
    pub(super) fn say_lost(&self, count: u64, endpoint: &Endpoint, fault: &Fault, patience: Option<Duration>) {
        let mut state = self.state();
        state.silent = true;
        if state.count == count {
            state.count += 1;
            state.since = Some(Instant::now());
            let patience = patience.map_or_else(
                || "until it is back".to_owned(),
                |patience| format!("for {}", humantime::format_duration(patience)),
            );
            tracing::warn!("connection to Redis at {endpoint} lost: {fault}; trying again {patience}");
        }
    }

    /// Says that the connection is back, if nobody has.
    pub(super) fn say_back(&self, endpoint: &Endpoint) {
        let mut state = self.state();
        if let Some(since) = state.since.take() {
            state.overcome += 1;
            let away = Duration::from_millis(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
            tracing::info!("connected to Redis at {endpoint} again after {}", humantime::format_duration(away));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one connection comes through an outage.
///
/// The outage is over when a command has been answered, and not before: a server that turned into a replica greets whoever
/// connects, and refuses what follows.
#[derive(Debug)]
pub(super) struct Recovery {
    start: Instant,
    /// Since when the server answers, and refuses.
    refused: Option<Instant>,
    pauses: ExponentialBackoff,
    over: AtomicBool,
}

impl Recovery {
    /// Whether a command has been answered since.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// Takes note that a command has been answered; `true` for the first.
    pub(super) fn end(&self) -> bool {
        !self.over.swap(true, Relaxed)
    }

    pub(super) fn begin() -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times();
        Self { start: Instant::now(), refused: None, pauses: pauses.build(), over: AtomicBool::new(false) }
    }

    /// How long to wait before the next try; `None` when patience is over.
    pub(super) fn pause(&mut self, fault: &Fault, patience: Option<Duration>) -> Option<Duration> {
        let (since, patience) = if fault.is_transient() {
            self.refused = None;
            (self.start, patience)
        } else {
            let limit = patience.map_or(PATIENCE_WITH_REFUSALS, |patience| patience.min(PATIENCE_WITH_REFUSALS));
            (*self.refused.get_or_insert_with(Instant::now), Some(limit))
        };
        let pause = self.pauses.next().unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        match patience.map(|patience| patience.saturating_sub(since.elapsed())) {
            Some(Duration::ZERO) => None,
            // The last try is made when the time is over, and not a pause before.
            left => Some(left.map_or(pause, |left| pause.min(left))),
        }
    }
}
