//! Outages: logged once for all connections to a server, and the backoff of each connection.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::error::Fault;
use crate::endpoint::Endpoint;

/// Longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Time to keep trying after a refusal that rarely goes away by itself (wrong password, certificate): credentials may be
/// rotating.
const REFUSAL_LIMIT: Duration = Duration::from_secs(30);

/// Events of the log: commands cannot be run, and can be run again.
const UNAVAILABLE: &str = "redis_unavailable";
const AVAILABLE: &str = "redis_available";

/// Outages of one server, shared by all connections to it so that each is logged once.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    count: u64,
    since: Option<Instant>,
    /// True if the server has refused commands, over a connection that works.
    refused: bool,
    /// True once a warning has named what keeps the connection from being made again.
    explained: bool,
    ended: u64,
    /// True from the loss of a connection until the next reply.
    disconnected: bool,
    /// Number of connections that are being re-established.
    reconnecting: usize,
}

impl Outages {
    /// Number of outages so far.
    pub(super) fn count(&self) -> u64 {
        self.state().count
    }

    /// Returns true from the loss of a connection until a reply arrives on any connection.
    ///
    /// An idle connection may still be lost: it is re-established when it is needed.
    pub(super) fn is_disconnected(&self) -> bool {
        self.state().disconnected
    }

    /// Returns true while a connection is being re-established, whatever other connections are told: a replica refuses to
    /// move items and answers who reads.
    pub(super) fn is_reconnecting(&self) -> bool {
        self.state().reconnecting > 0
    }

    /// Counts a connection as being re-established until the guard is dropped.
    pub(super) fn reconnecting(&self) -> Reconnecting<'_> {
        self.state().reconnecting += 1;
        Reconnecting(self)
    }

    /// Records that no connection could be made yet.
    fn connecting(&self) {
        self.state().disconnected = true;
    }

    /// Records a reply, on any connection.
    pub(super) fn answered(&self) {
        self.state().disconnected = false;
    }

    /// Number of outages that have ended.
    pub(super) fn ended(&self) -> u64 {
        self.state().ended
    }

    /// Records the loss of a connection made after `count` outages; logs it once per outage.
    pub(super) fn begin(&self, count: u64, endpoint: &Endpoint, fault: &Fault, reconnect_for: Option<Duration>) {
        let mut state = self.state();
        state.disconnected = true;
        if state.count == count {
            state.count += 1;
            state.since = Some(Instant::now());
            // Even an error that is not known is an answer: the connection is not lost.
            state.refused = fault.is_refusal() || matches!(fault, Fault::Other(_));
            state.explained = false;
            let limit = reconnect_for.map(|limit| humantime::format_duration(limit).to_string());
            let (event, reconnect_for) = (UNAVAILABLE, limit.as_deref().unwrap_or("unlimited"));
            if state.refused {
                tracing::warn!(event, %endpoint, error = %fault, %reconnect_for, "Redis refuses commands, retrying");
            } else {
                tracing::warn!(event, %endpoint, error = %fault, %reconnect_for, "lost connection to Redis, retrying");
            }
        }
    }

    /// Logs an attempt to reconnect that has failed and is repeated. The first fault of an outage that time may not cure,
    /// such as a wrong password, is a warning.
    pub(super) fn retry(&self, endpoint: &Endpoint, fault: &Fault, reconnect_for: Option<Duration>) {
        let mut state = self.state();
        if fault.is_transient() || state.explained {
            tracing::debug!(error = %fault, "still disconnected from Redis");
        } else {
            state.explained = true;
            let event = UNAVAILABLE;
            let retry_for = humantime::format_duration(refusal_limit(reconnect_for));
            tracing::warn!(event, %endpoint, error = %fault, %retry_for, "cannot reconnect to Redis, retrying");
        }
    }

    /// Records the end of the outage; logs it once.
    pub(super) fn end(&self, endpoint: &Endpoint) {
        let mut state = self.state();
        if let Some(since) = state.since.take() {
            state.ended += 1;
            let (event, seconds) = (AVAILABLE, since.elapsed().as_secs_f64());
            if state.refused {
                tracing::info!(event, %endpoint, "Redis accepts commands again after {seconds:.1}s");
            } else {
                tracing::info!(event, %endpoint, "reconnected after {seconds:.1}s");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is being re-established.
#[derive(Debug)]
pub(super) struct Reconnecting<'a>(&'a Outages);

impl Drop for Reconnecting<'_> {
    fn drop(&mut self) {
        self.0.state().reconnecting -= 1;
    }
}

/// Shortest limit of an attempt, for the last one.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(200);

/// Backoff of one connection through an outage.
///
/// The outage ends with the first reply to a command, not with the connection: a server that has become a replica accepts
/// connections and refuses commands.
#[derive(Debug)]
pub(super) struct Backoff {
    start: Instant,
    /// Start of the time in which the server has answered with refusals.
    refused: Option<Instant>,
    pauses: ExponentialBackoff,
    over: AtomicBool,
}

impl Backoff {
    pub(super) fn begin() -> Self {
        Self { start: Instant::now(), refused: None, pauses: pauses(), over: AtomicBool::new(false) }
    }

    /// Returns true once a command has been answered.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// Records the reply to a command; returns true for the first.
    pub(super) fn end(&self) -> bool {
        !self.over.swap(true, Relaxed)
    }

    /// Returns the pause before the next attempt; `None` when the time for reconnecting is over.
    pub(super) fn pause(&mut self, fault: &Fault, reconnect_for: Option<Duration>) -> Option<Duration> {
        let (since, limit) = if fault.is_transient() {
            self.refused = None;
            (self.start, reconnect_for)
        } else {
            (*self.refused.get_or_insert_with(Instant::now), Some(refusal_limit(reconnect_for)))
        };
        let pause = self.pauses.next().unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        match limit.map(|limit| limit.saturating_sub(since.elapsed())) {
            Some(Duration::ZERO) => None,
            // The last attempt is made when the time is over, not one pause earlier.
            left => Some(left.map_or(pause, |left| pause.min(left))),
        }
    }
}

/// Returns how long the server is asked again after refusals.
fn refusal_limit(reconnect_for: Option<Duration>) -> Duration {
    reconnect_for.map_or(REFUSAL_LIMIT, |limit| limit.min(REFUSAL_LIMIT))
}

/// Attempts to make a first connection.
#[derive(Debug)]
pub(super) struct FirstConnect {
    start: Instant,
    connect_for: Duration,
    connect_timeout: Duration,
    pauses: ExponentialBackoff,
    said: bool,
    /// Time at which the last attempt is over, after the first failure.
    end: Option<Instant>,
}

impl FirstConnect {
    pub(super) fn begin(connect_for: Duration, connect_timeout: Duration) -> Self {
        Self { start: Instant::now(), connect_for, connect_timeout, pauses: pauses(), said: false, end: None }
    }

    /// Returns the time limit of the next attempt: the connect timeout, and after a failure the time that is left.
    pub(super) fn limit(&self) -> Duration {
        let left = |end: Instant| end.saturating_duration_since(Instant::now()).max(SHORTEST_ATTEMPT);
        self.end.map_or(self.connect_timeout, |end| left(end).min(self.connect_timeout))
    }

    /// Returns the pause before the next attempt, and logs the first; `None` when the time is over, or when retries do not
    /// cure `fault`.
    pub(super) fn pause(&mut self, fault: &Fault, endpoint: &Endpoint, outages: &Outages) -> Option<Duration> {
        if !fault.is_transient() {
            return None;
        }
        // A server that was reached, and is busy or restarting, is worth the time of one attempt.
        let reached = fault.is_of_server() && self.connect_for.is_zero();
        let limit = if reached { self.connect_timeout } else { self.connect_for };
        let left = limit.saturating_sub(self.start.elapsed());
        if left.is_zero() {
            return None;
        }
        self.end = Some(self.start + limit);
        outages.connecting();
        if self.said {
            tracing::debug!(%endpoint, error = %fault, "cannot connect to Redis yet");
        } else {
            let (event, retry_for) = (UNAVAILABLE, humantime::format_duration(limit));
            tracing::warn!(event, %endpoint, error = %fault, %retry_for, "cannot connect to Redis, retrying");
            self.said = true;
        }
        Some(self.pauses.next().unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE).min(left))
    }

    /// Logs the connection, if it took several attempts.
    pub(super) fn end(&self, endpoint: &Endpoint) {
        if self.said {
            let event = AVAILABLE;
            tracing::info!(event, %endpoint, "connected after {:.1}s", self.start.elapsed().as_secs_f64());
        }
    }
}

/// Returns pauses from 50 ms on that double, with jitter.
fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_at_a_first_connection_end_with_the_time_for_it() {
        let endpoint = Endpoint::unix("/nowhere".into());
        let (connect_for, connect_timeout) = (Duration::from_secs(60), Duration::from_secs(600));
        // A server that was reached gets no longer than was asked for.
        for fault in [Fault::TimedOut(connect_timeout), Fault::ConnectionLost("closed by the server".to_owned())] {
            let mut attempts = FirstConnect::begin(connect_for, connect_timeout);
            assert_eq!(attempts.limit(), connect_timeout);
            let pause = attempts.pause(&fault, &endpoint, &Outages::default());
            assert!(pause.is_some_and(|pause| pause < Duration::from_secs(1)), "{pause:?}");
            assert!(attempts.limit() <= connect_for);
            attempts.start -= connect_for;
            assert_eq!(attempts.pause(&fault, &endpoint, &Outages::default()), None);
        }
        let mut attempts = FirstConnect::begin(Duration::ZERO, connect_timeout);
        let lost = Fault::ConnectionLost("closed by the server".to_owned());
        assert!(attempts.pause(&lost, &endpoint, &Outages::default()).is_some());
    }
}
