//! Streams of a command: the item to stdin, lines from stdout and stderr.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::lines::{Lines, Tail};
use super::quota::Quota;
use crate::terminal::{Echo, Speaker, Stream};

/// Size of a read buffer in bytes; small, because each item in flight has two.
const CHUNK: usize = 8 * 1024;

/// Bytes to read at most after the last process has exited: the capacity of a pipe.
const IN_PIPE: usize = 1024 * 1024;

/// Time to wait for a blocked reader of stderr after an abort.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Length of the longest item that an empty pipe takes without a reader: what POSIX guarantees, and Linux.
const AT_ONCE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Returns the stdin of a command for `item`: a pipe that holds it already, or one to write it to when it is longer.
pub(super) fn input(item: &[u8]) -> io::Result<Stdio> {
    if item.len() > AT_ONCE {
        return Ok(Stdio::piped());
    }
    let (stdin, mut writer) = io::pipe()?;
    writer.write_all(item)?;
    Ok(stdin.into())
}

/// Writes to and reads from a command in a background task.
#[derive(Debug)]
pub(super) struct Streams {
    pump: AbortOnDropHandle<()>,
    /// Cancelled when no more output is waited for.
    close: CancellationToken,
    tail: Arc<Mutex<Tail>>,
}

impl Streams {
    /// Writes `item` to `child`, and forwards its output as that of `speaker`.
    pub(super) fn start(child: &mut Child, item: Bytes, speaker: Speaker, echo: &Echo) -> Self {
        let (close, tail) = (CancellationToken::new(), Arc::new(Mutex::new(Tail::default())));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (close_relay, quota) = (close.clone(), Mutex::default());
        let relay = Relay { speaker, echo: echo.clone(), close: close_relay, tail: Arc::clone(&tail), quota };
        let pump = tokio::spawn(async move {
            tokio::join!(
                relay.close.run_until_cancelled(feed(stdin, item)),
                relay.forward(stdout, Stream::Stdout),
                relay.forward(stderr, Stream::Stderr),
            );
            relay.quota().report(&relay.speaker);
        });
        Self { pump: AbortOnDropHandle::new(pump), close, tail }
    }

    /// Waits until all holders of the pipes have closed them. Cancel-safe.
    pub(super) async fn ended(&mut self) {
        if !self.pump.is_finished()
            && let Err(error) = (&mut self.pump).await
        {
            tracing::error!(%error, "reading a handler's output panicked: this is a bug in qscale");
        }
    }

    /// Forwards what is left in the pipes; returns the last 4 KiB of stderr.
    ///
    /// Waits for a slow reader of stderr, unless `abort` is cancelled.
    pub(super) async fn finish(mut self, abort: &CancellationToken) -> Vec<u8> {
        self.close.cancel();
        let timeout = async {
            abort.cancelled().await;
            tokio::time::sleep(FLUSH_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            () = self.ended() => {}
            () = timeout => {}
        }
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }
}

/// Writes an item that did not fit into the pipe, byte for byte. A command need not read it.
async fn feed(stdin: Option<ChildStdin>, item: Bytes) {
    let Some(mut stdin) = stdin else { return };
    match stdin.write_all(&item).await {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tracing::warn!(%error, "cannot write item to its handler");
        }
        _ => {}
    }
}

/// Forwards lines from a command to stderr.
struct Relay {
    speaker: Speaker,
    echo: Echo,
    close: CancellationToken,
    tail: Arc<Mutex<Tail>>,
    quota: Mutex<Quota>,
}

impl Relay {
    /// Passes on lines until their stream ends, or there is nothing in it after `close`.
    async fn forward(&self, from: Option<impl AsyncRead + Unpin>, stream: Stream) {
        let Some(mut from) = from else { return };
        let (mut lines, mut chunk, mut left) = (Lines::default(), vec![0; CHUNK], IN_PIPE);
        loop {
            let read = tokio::select! {
                biased;
                read = from.read(&mut chunk) => read.unwrap_or(0),
                () = self.close.cancelled() => 0,
            };
            // A process that left the group may hold the pipe, and write without end.
            if self.close.is_cancelled() {
                left = left.saturating_sub(read);
            }
            if read == 0 || left == 0 {
                break;
            }
            if stream == Stream::Stderr {
                self.tail.lock().unwrap_or_else(PoisonError::into_inner).push(&chunk[..read]);
            }
            let mut text = Vec::new();
            lines.push(&chunk[..read], |line| self.add(&mut text, stream, line));
            self.write(text).await;
        }
        let mut text = Vec::new();
        lines.finish(|line| self.add(&mut text, stream, line));
        self.write(text).await;
    }

    /// Appends a line to `text`, as far as there is room for it.
    fn add(&self, text: &mut Vec<u8>, stream: Stream, line: &[u8]) {
        let format = |text: &mut Vec<u8>| self.echo.format(text, &self.speaker, stream, line);
        self.quota().add(text, line, &self.speaker, format);
    }

    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, lines: Vec<u8>) {
        if !lines.is_empty() {
            self.echo.write(lines).await;
        }
    }
}
