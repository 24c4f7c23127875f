//! Stderr of a process: forwarded as it is written, and its end kept for the items that fail.

use std::io;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;

use crate::handler::lines::{Lines, Tail};
use crate::handler::quota::Quota;
use crate::terminal::{Echo, Speaker, Stream};

/// Size of the read buffer in bytes.
const CHUNK: usize = 8 * 1024;

/// Stderr of a process.
pub(super) struct ProcessLog {
    /// `None` once it is closed.
    from: Option<ChildStderr>,
    echo: Echo,
    chunk: Vec<u8>,
    lines: Lines,
    tail: Tail,
    quota: Quota,
    speaker: Speaker,
    pid: u32,
    /// Lines on their way to a reader that may be slow. Until they are there, nothing else is read.
    writing: Option<BoxFuture<'static, ()>>,
}

impl ProcessLog {
    pub(super) fn new(from: Option<ChildStderr>, pid: u32, echo: &Echo) -> Self {
        Self {
            from,
            echo: echo.clone(),
            chunk: vec![0; CHUNK],
            lines: Lines::default(),
            tail: Tail::default(),
            quota: Quota::default(),
            speaker: Speaker::Process { pid },
            pid,
            writing: None,
        }
    }

    /// Forwards what is written from here on as that of `item` and its attempt, or of the process.
    pub(super) fn begin(&mut self, item: Option<(&str, u32)>) {
        self.quota.report(&self.speaker);
        (self.quota, self.tail) = (Quota::default(), Tail::default());
        self.speaker = match item {
            Some((item, attempt)) => Speaker::Attempt { item: item.to_owned(), attempt },
            None => Speaker::Process { pid: self.pid },
        };
    }

    /// Returns the last 4 KiB.
    pub(super) fn tail(&self) -> Vec<u8> {
        self.tail.bytes()
    }

    /// Forwards the next chunk; forever pending once the stream is closed. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        if let Some(writing) = &mut self.writing {
            writing.await;
            self.writing = None;
        }
        let read = match &mut self.from {
            Some(from) => from.read(&mut self.chunk).await,
            None => std::future::pending().await,
        };
        self.forward(read);
    }

    /// Forwards what is there already, without waiting.
    pub(super) fn catch_up(&mut self) {
        while self.from.is_some() && self.progress().now_or_never().is_some() {}
    }

    /// Forwards the rest, until all holders of the stream have closed it. Cancel-safe.
    pub(super) async fn finish(&mut self) {
        while self.from.is_some() || self.writing.is_some() {
            if self.from.is_some() {
                self.progress().await;
            } else if let Some(writing) = &mut self.writing {
                writing.await;
                self.writing = None;
            }
        }
        self.quota.report(&self.speaker);
    }

    fn forward(&mut self, read: io::Result<usize>) {
        let read = read.unwrap_or(0);
        let mut text = Vec::new();
        let Self { echo, speaker, quota, .. } = self;
        let mut add = |line: &[u8]| {
            let format = |text: &mut Vec<u8>| echo.format(text, speaker, Stream::Stderr, line);
            quota.add(&mut text, line, speaker, format);
        };
        if read == 0 {
            self.from = None;
            self.lines.finish(&mut add);
        } else {
            self.tail.push(&self.chunk[..read]);
            self.lines.push(&self.chunk[..read], &mut add);
        }
        if !text.is_empty() {
            let echo = self.echo.clone();
            let mut writing = async move { echo.write(text).await }.boxed();
            if (&mut writing).now_or_never().is_none() {
                self.writing = Some(writing);
            }
        }
    }
}
