//! Pipes to and from a process that may be closed already.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::Instant;

/// Reads; at the end if the stream is closed. Cancel-safe.
pub(super) async fn read(stdout: &mut Option<ChildStdout>, chunk: &mut [u8]) -> io::Result<usize> {
    match stdout {
        Some(stdout) => stdout.read(chunk).await,
        None => Ok(0),
    }
}

/// Writes; forever pending if there is nothing to write, or nowhere. Cancel-safe.
pub(super) async fn write(stdin: &mut Option<ChildStdin>, bytes: &[u8]) -> io::Result<usize> {
    match stdin {
        Some(stdin) if !bytes.is_empty() => stdin.write(bytes).await,
        _ => std::future::pending().await,
    }
}

/// Waits until `time`; forever if there is none.
pub(super) async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
