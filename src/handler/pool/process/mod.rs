//! One process of a pool: items in, answers out, until it ends or is to end.

mod answers;

use std::collections::VecDeque;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout};

use super::log::ProcessLog;
use super::pipes::{at, read, write};
use super::seats::{PoolCall, PoolItem, PoolResult};
use super::shared::PoolShared;
use crate::delivery::exit_map::ExitMeaning;
use crate::handler::Disposition;
use crate::handler::command::exit_reason;
use crate::handler::group::Group;
use crate::handler::message;

/// Bytes that are read at a time, and that are ready to be written.
const CHUNK: usize = 64 * 1024;

/// Time that a process may take to exit once it has closed a stream, and others to outlive it.
const LINGER: Duration = Duration::from_secs(1);

/// End of a process.
#[derive(Debug)]
pub(super) enum ProcessEnd {
    /// It was told that there are no more items.
    Retired,
    /// It ended by itself, or was ended.
    Failed(String),
    /// No process of this command can run.
    Unrunnable(String),
    Aborted,
}

/// A process that is running.
pub(super) struct PoolProcess<'a> {
    pool: &'a PoolShared,
    place: usize,
    group: Group,
    /// `None` once it is closed.
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    log: ProcessLog,
    /// Lines to write, and the number of bytes of them that are written.
    output: Vec<u8>,
    written: usize,
    chunk: Vec<u8>,
    /// Answer whose end has not been read.
    begun: Vec<u8>,
    unsent: VecDeque<PoolCall>,
    /// Calls that are handed over and not answered, the first one first.
    in_flight: VecDeque<HandedCall>,
    /// Results of answers that were read, on their way to the consumer.
    results: Vec<PoolResult>,
    /// Number of calls that it was given room for, that it may have, and that it has answered.
    granted: u64,
    limit_of_calls: u64,
    ended: u64,
    /// Number of items that it has answered.
    answered: u64,
    is_ready: bool,
    is_closing: bool,
    /// Time by which it has to be ready, or to exit.
    limit: Option<(Instant, ProcessEnd)>,
}

/// Items that were handed over together.
struct HandedCall {
    /// Those that are not answered.
    items: VecDeque<PoolItem>,
    /// Number of all of them.
    count: usize,
    /// Time by which all have to be answered, and the limit that says so.
    due: Option<(Instant, Duration)>,
}

impl<'a> PoolProcess<'a> {
    pub(super) fn new(pool: &'a PoolShared, place: usize, mut group: Group) -> Self {
        let (stdin, stdout, stderr) =
            (group.leader.stdin.take(), group.leader.stdout.take(), group.leader.stderr.take());
        let log = ProcessLog::new(stderr, group.leader.id().unwrap_or_default(), &pool.echo);
        let limit = pool.spec.ready_within.map(|within| {
            let reason = format!("was not ready within {}", humantime::format_duration(within));
            (Instant::now() + within, ProcessEnd::Failed(reason))
        });
        let batch = pool.spec.batch.map_or(1, |batch| batch as u64);
        let limit_of_calls = pool.spec.restart_after.map_or(u64::MAX, |items| items.div_ceil(batch));
        Self {
            pool,
            place,
            group,
            stdin,
            stdout,
            log,
            output: Vec::new(),
            written: 0,
            chunk: vec![0; CHUNK],
            begun: Vec::new(),
            unsent: VecDeque::new(),
            in_flight: VecDeque::new(),
            results: Vec::new(),
            granted: 0,
            limit_of_calls,
            ended: 0,
            answered: 0,
            is_ready: false,
            is_closing: false,
            limit,
        }
    }

    /// Serves items until the process ends, and ends all that it has started; returns the end and the number of answers.
    pub(super) async fn run(mut self) -> (ProcessEnd, u64) {
        if self.pool.spec.ready_within.is_none() {
            self.open();
        }
        // Its items would be in flight for good if the task ended here.
        let served = AssertUnwindSafe(self.serve()).catch_unwind().await;
        let end =
            served.unwrap_or_else(|_| ProcessEnd::Failed("was ended by a panic: this is a bug in qscale".to_owned()));
        self.unsent.extend(self.pool.seats.shut(self.place));
        // An answer that was on its way when the process was told to end comes too late.
        self.terminate().await;
        self.requeue(&end);
        (end, self.answered)
    }

    async fn serve(&mut self) -> ProcessEnd {
        let (pool, place) = (self.pool, self.place);
        let seats = &pool.seats;
        let (mut aborted, mut closing) = (pin!(pool.abort.cancelled()), pin!(pool.closing.cancelled()));
        loop {
            self.fill();
            self.retire();
            let overdue = self.in_flight.iter().filter_map(|handed| handed.due).min();
            let wake = overdue.map(|(at, _)| at).into_iter().chain(self.limit.as_ref().map(|(at, _)| *at)).min();
            tokio::select! {
                biased;
                () = &mut aborted => return ProcessEnd::Aborted,
                read = read(&mut self.stdout, &mut self.chunk) => match read {
                    Ok(0) | Err(_) => return self.exit().await,
                    Ok(read) => if let Err(reason) = self.receive(read) {
                        return ProcessEnd::Failed(reason);
                    }
                },
                written = write(&mut self.stdin, &self.output[self.written..]) => match written {
                    Ok(written) => self.written += written,
                    Err(_) => self.lose_stdin(),
                },
                () = at(wake) => {
                    if let Some((_, end)) = self.limit.take_if(|(at, _)| Some(*at) == wake) {
                        return end;
                    }
                    let limit = overdue.map(|(_, limit)| limit).unwrap_or_default();
                    let limit = humantime::format_duration(limit);
                    return ProcessEnd::Failed(format!("timed out after {limit}"));
                }
                () = seats.mail(place) => self.unsent.extend(seats.take(place)),
                () = &mut closing, if !self.is_closing => self.close(),
                _ = self.group.leader_exit() => return self.exit().await,
                () = self.log.progress() => {}
            }
        }
    }

    /// Makes room for items.
    fn open(&mut self) {
        (self.is_ready, self.limit) = (true, None);
        self.pool.succeed();
        let room = self.grant(self.pool.spec.per_process);
        self.pool.seats.open(self.place, room);
    }

    /// Returns for how many of `count` calls there is room before the process is replaced.
    fn grant(&mut self, count: usize) -> usize {
        let left = usize::try_from(self.limit_of_calls.saturating_sub(self.granted)).unwrap_or(usize::MAX);
        let room = if self.is_closing { 0 } else { count.min(left) };
        self.granted += room as u64;
        room
    }

    /// Requeues what was not handed over: there are to be no more items.
    fn close(&mut self) {
        self.is_closing = true;
        if !self.is_ready {
            // It has nothing to finish.
            self.limit = None;
        }
        self.unsent.extend(self.pool.seats.shut(self.place));
        self.pool.interrupt(self.unsent.drain(..));
    }

    /// Closes stdin if there are no more items, or if the process has had as many as it may.
    fn retire(&mut self) {
        let is_full = self.ended >= self.limit_of_calls;
        if self.stdin.is_some() && self.written == self.output.len() && (self.is_closing || is_full) {
            self.stdin = None;
        }
        if self.stdin.is_none() && self.in_flight.is_empty() && self.limit.is_none() {
            self.limit = Some((Instant::now() + self.pool.spec.command.kill_after, ProcessEnd::Retired));
        }
    }

    fn lose_stdin(&mut self) {
        self.stdin = None;
        self.written = self.output.len();
        self.limit = Some((Instant::now() + LINGER, ProcessEnd::Failed("closed its stdin".to_owned())));
    }

    /// Writes the next items as lines, as far as the process keeps up.
    fn fill(&mut self) {
        if self.written > 0 && (self.written == self.output.len() || self.written >= CHUNK) {
            self.output.drain(..self.written);
            self.written = 0;
            self.output.shrink_to(self.output.len().max(CHUNK));
        }
        while self.output.len() - self.written < CHUNK
            && self.stdin.is_some()
            && let Some(PoolCall(items)) = self.unsent.pop_front()
        {
            self.hand_over(items);
        }
    }

    fn hand_over(&mut self, items: Vec<PoolItem>) {
        let spec = &self.pool.spec;
        let stamp_field = spec.stamp_field.as_deref();
        let is_first = self.in_flight.is_empty();
        self.in_flight.push_back(HandedCall { count: items.len(), items: items.into(), due: None });
        let Some(handed) = self.in_flight.back_mut() else { return };
        let limit = if let (None, Some(PoolItem { assignment, .. })) = (spec.batch, handed.items.front()) {
            message::write(&mut self.output, assignment, stamp_field);
            spec.command.limit.of(&assignment.item)
        } else {
            message::write_batch(&mut self.output, handed.items.iter().map(|item| &item.assignment), stamp_field);
            spec.command.limit.longest
        };
        handed.due = limit.map(|limit| (Instant::now() + limit, limit));
        if is_first {
            let is_alone = spec.per_process == 1 && handed.count == 1;
            let alone = handed.items.front().map(|item| &item.assignment).filter(|_| is_alone);
            self.log.begin(alone.map(|alone| (alone.id.as_str(), alone.attempt)));
        }
    }

    /// Takes the last answers of a process that has exited, or closed its stdout.
    async fn exit(&mut self) -> ProcessEnd {
        match timeout(LINGER, self.rest()).await {
            Ok(Ok(Ok(status))) => self.meaning(status),
            Ok(Ok(Err(error))) => ProcessEnd::Failed(format!("cannot wait for it: {error}")),
            Ok(Err(reason)) => ProcessEnd::Failed(reason),
            Err(_) => match self.group.leader.try_wait() {
                Ok(Some(status)) => self.meaning(status),
                _ => ProcessEnd::Failed("closed its stdout".to_owned()),
            },
        }
    }

    async fn rest(&mut self) -> Result<io::Result<ExitStatus>, String> {
        while let Ok(read @ 1..) = read(&mut self.stdout, &mut self.chunk).await {
            self.receive(read)?;
        }
        // Ends a last line without a line feed: an answer if it is complete. If not, the exit says more about it.
        self.chunk[0] = b'\n';
        let _ = self.receive(1);
        self.log.finish().await;
        Ok(self.group.leader_exit().await)
    }

    fn meaning(&self, status: ExitStatus) -> ProcessEnd {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let command = &self.pool.spec.command;
        match code {
            Some(code) if command.exit.meaning(code) == ExitMeaning::Stop => {
                ProcessEnd::Unrunnable(command.stop_reason(code))
            }
            Some(0) if self.stdin.is_none() && (self.is_closing || self.in_flight.is_empty()) => ProcessEnd::Retired,
            Some(code) => ProcessEnd::Failed(format!("exited with status {code}")),
            None => ProcessEnd::Failed(format!("was {}", exit_reason(status))),
        }
    }

    /// Ends the process and all that it has started.
    async fn terminate(&mut self) {
        (self.stdin, self.stdout) = (None, None);
        if timeout(Duration::ZERO, self.group.gone()).await.is_err() {
            let log = async {
                self.log.finish().await;
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = self.group.terminate(self.pool.spec.command.kill_after) => {}
                () = log => {}
            }
        }
        self.log.catch_up();
    }

    /// Passes on the outcome of items that were not answered.
    fn requeue(&mut self, end: &ProcessEnd) {
        let stderr = self.log.tail();
        // Left only by a panic.
        self.pool.seats.report(self.results.drain(..));
        let results = self.in_flight.drain(..).flat_map(|call| call.items).map(|item| {
            let disposition = match end {
                ProcessEnd::Failed(reason) => Disposition::fail(format!("handler {reason}"), stderr.clone()),
                ProcessEnd::Retired | ProcessEnd::Unrunnable(_) | ProcessEnd::Aborted => Disposition::Interrupted,
            };
            PoolResult { ticket: Some(item.ticket), disposition }
        });
        self.pool.seats.report(results);
        let unsent = self.unsent.drain(..);
        if self.pool.closing.is_cancelled() {
            self.pool.interrupt(unsent);
        } else {
            self.pool.seats.give(unsent);
        }
    }
}
