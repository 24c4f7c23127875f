//! The three streams of a command: the item into it, lines out of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::lines::{Lines, Tail};
use crate::terminal::{Echo, Stream};

/// Bytes read at once; small, since every item in flight has two of it.
const CHUNK: usize = 8 * 1024;

/// The most that is read after the last process of a command was ended: what a pipe may hold, in bytes.
const IN_PIPE: usize = 1024 * 1024;

/// How long a reader of our stderr who sleeps is waited for when abort insists.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Feeds and reads a command, all at once and beside whatever its owner does.
#[derive(Debug)]
pub(super) struct Streams {
    pump: AbortOnDropHandle<()>,
    /// Cancelled when no more is to be waited for.
    close: CancellationToken,
    tail: Arc<Mutex<Tail>>,
}

impl Streams {
    /// Feeds `item` to `child`, and passes on what it prints with `id` in front.
    pub(super) fn start(child: &mut Child, item: Bytes, id: &str, echo: &Echo) -> Self {
        let (close, tail) = (CancellationToken::new(), Arc::new(Mutex::new(Tail::default())));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let passage = Passage { id: id.to_owned(), echo: echo.clone(), close: close.clone(), tail: Arc::clone(&tail) };
        let pump = tokio::spawn(async move {
            tokio::join!(
                passage.close.run_until_cancelled(feed(stdin, item)),
                passage.relay(stdout, Stream::Stdout),
                passage.relay(stderr, Stream::Stderr),
            );
        });
        Self { pump: AbortOnDropHandle::new(pump), close, tail }
    }

    /// Waits until the command, and who else holds its pipes, has closed them. May be dropped and asked again.
    pub(super) async fn ended(&mut self) {
        if !self.pump.is_finished()
            && let Err(error) = (&mut self.pump).await
        {
            tracing::error!("reading a handler's output ended with a bug in qscale: {error}");
        }
    }

    /// Passes on what is in the pipes, and waits for no more; returns the last 4 KiB of stderr.
    ///
    /// A slow reader of our stderr is waited for, unless `abort` insists.
    pub(super) async fn finish(mut self, abort: &CancellationToken) -> Vec<u8> {
        self.close.cancel();
        let patience = async {
            abort.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            biased;
            () = self.ended() => {}
            () = patience => {}
        }
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }
}

/// Writes the item, byte for byte. Who does not read all of it is free to.
async fn feed(stdin: Option<ChildStdin>, item: Bytes) {
    let Some(mut stdin) = stdin else { return };
    match stdin.write_all(&item).await {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            tracing::warn!("cannot write an item to its handler: {error}");
        }
        _ => {}
    }
}

/// The way of lines from a command to stderr.
struct Passage {
    id: String,
    echo: Echo,
    close: CancellationToken,
    tail: Arc<Mutex<Tail>>,
}

impl Passage {
    /// Passes on lines until their stream ends, or there is nothing in it after `close`.
    async fn relay(&self, from: Option<impl AsyncRead + Unpin>, stream: Stream) {
        let Some(mut from) = from else { return };
        let (mut lines, mut chunk, mut left) = (Lines::default(), vec![0; CHUNK], IN_PIPE);
        loop {
            let read = tokio::select! {
                biased;
                read = from.read(&mut chunk) => read.unwrap_or(0),
                () = self.close.cancelled() => 0,
            };
            // Somebody who left the group may hold the pipe, and write for ever.
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
            lines.push(&chunk[..read], |line| self.echo.format(&mut text, &self.id, stream, line));
            self.write(text).await;
        }
        let mut text = Vec::new();
        lines.finish(|line| self.echo.format(&mut text, &self.id, stream, line));
        self.write(text).await;
    }

    async fn write(&self, lines: Vec<u8>) {
        if !lines.is_empty() {
            self.echo.write(lines).await;
        }
    }
}
