//! Output of items: takes at once what its reader takes, so that a reader that does not keep up delays nothing else.
//!
//! Other processes may share stdout, and would be surprised by non-blocking mode. So its mode is not changed: a pipe is
//! opened a second time with a mode of its own, and a thread writes what else would have to be waited for.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{FileType, OFlags, Stat, fcntl_getfl, fstat, stat};
use rustix::net::SendFlags;
use tokio::net::unix::pipe;
use tokio::sync::Notify;

/// Bytes that a pipe takes whole or not at all: one page.
const ATOMIC: usize = 4096;

/// Bytes per write where there is no such limit.
const CHUNK: usize = 64 * 1024;

/// Pause before the next attempt to write to a stream that another program has set to non-blocking mode.
const RETRY: Duration = Duration::from_millis(10);

/// OutputStream, or another stream of its kind.
#[derive(Debug)]
pub(super) enum OutputStream {
    /// A file, or a device without a reader to wait for.
    File(File),
    /// A pipe in non-blocking mode.
    Pipe(pipe::Sender),
    /// A stream that can be written to only by waiting for its reader, at least sometimes.
    Waiting(WriterThread),
}

impl OutputStream {
    /// Opens the stdout of this process.
    ///
    /// # Errors
    ///
    /// Fails when no more files can be opened.
    pub(super) fn open() -> io::Result<Self> {
        if may_be_closed() {
            tracing::warn!(event = "items_discarded", "stdout is closed, or /dev/null: items are discarded");
        }
        Self::of(io::stdout().as_fd().try_clone_to_owned()?.into())
    }

    /// Finds out how to write to `stream`.
    ///
    /// # Errors
    ///
    /// Fails when the stream is unusable.
    pub(super) fn of(stream: File) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(fstat(&stream)?.st_mode);
        Ok(match kind {
            FileType::RegularFile | FileType::BlockDevice => Self::File(stream),
            FileType::CharacterDevice if !stream.is_terminal() => Self::File(stream),
            // Fails where the pipe belongs to another user, its reader has left, or the system has no such path.
            FileType::Fifo => match pipe::OpenOptions::new().open_sender(path(&stream)) {
                Ok(pipe) => Self::Pipe(pipe),
                Err(_) => Self::Waiting(WriterThread::new(stream, kind)),
            },
            _ => Self::Waiting(WriterThread::new(stream, kind)),
        })
    }

    /// Number of bytes to collect for one write. A pipe tears no lines apart that fit together into as many, even if other
    /// processes write to it as well.
    pub(super) fn chunk(&self) -> usize {
        if matches!(self, Self::File(_)) { CHUNK } else { ATOMIC }
    }

    /// Writes as many of `bytes` as the stream takes without waiting for its reader; returns their number.
    ///
    /// # Errors
    ///
    /// Fails when the stream is broken; and with [`io::ErrorKind::WouldBlock`] when its reader must be waited for: then the
    /// same bytes are to be offered again once it is [`ready`](Self::ready).
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(stream) => (&*stream).write(bytes),
            Self::Pipe(pipe) => pipe.try_write(bytes),
            Self::Waiting(thread) => thread.write(bytes),
        }
    }

    /// Waits until the stream may take more. Cancel-safe.
    ///
    /// # Errors
    ///
    /// Fails when the stream cannot be waited for.
    pub(super) async fn ready(&self) -> io::Result<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Pipe(pipe) => pipe.writable().await,
            Self::Waiting(thread) => {
                thread.progress.changed.notified().await;
                Ok(())
            }
        }
    }
}

/// Returns true if stdout was closed when the program started: Rust then opens `/dev/null` in its place, for reading and
/// writing, as some supervisors do on purpose. A shell's `> /dev/null` opens it for writing alone.
fn may_be_closed() -> bool {
    let stdout = io::stdout();
    let is_for_both = fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
    let device = |file: rustix::io::Result<Stat>| file.ok().map(|file| file.st_rdev);
    is_for_both && device(fstat(&stdout)) == device(stat("/dev/null"))
}

/// Path under which Linux opens a pipe a second time.
fn path(pipe: &File) -> String {
    format!("/proc/self/fd/{}", pipe.as_raw_fd())
}

/// A stream that a thread writes to, one chunk at a time, wherever its reader must be waited for.
#[derive(Debug)]
pub(super) struct WriterThread {
    stream: Arc<File>,
    is_socket: bool,
    progress: Arc<WriteProgress>,
}

/// State of the write on the thread.
#[derive(Debug, Default)]
struct WriteProgress {
    write: Mutex<ChunkWrite>,
    changed: Notify,
}

#[derive(Debug, Default)]
enum ChunkWrite {
    #[default]
    None,
    Running,
    Ended(io::Result<usize>),
}

impl WriterThread {
    fn new(stream: File, kind: FileType) -> Self {
        Self { stream: Arc::new(stream), is_socket: kind == FileType::Socket, progress: Arc::default() }
    }

    /// Writes to a socket that has room; else begins to write a chunk, or returns the result of the write that has ended.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut write = self.progress.write();
        match std::mem::take(&mut *write) {
            ChunkWrite::Ended(result) => return result,
            ChunkWrite::Running => {}
            ChunkWrite::None => {
                if self.is_socket
                    && let Ok(sent) = rustix::net::send(&self.stream, bytes, SendFlags::DONTWAIT)
                {
                    return Ok(sent);
                }
                let (stream, progress) = (Arc::clone(&self.stream), Arc::clone(&self.progress));
                let chunk = bytes[..bytes.len().min(CHUNK)].to_vec();
                tokio::task::spawn_blocking(move || {
                    let result = write_waiting(&stream, &chunk);
                    *progress.write() = ChunkWrite::Ended(result);
                    progress.changed.notify_one();
                });
            }
        }
        *write = ChunkWrite::Running;
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl WriteProgress {
    fn write(&self) -> MutexGuard<'_, ChunkWrite> {
        self.write.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes once, after waiting for the reader if the stream is in non-blocking mode.
fn write_waiting(mut stream: &File, chunk: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            written => return written,
        }
    }
}
