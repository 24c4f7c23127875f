//! The only writer of stderr: a thread of its own, so that a reader that does not keep up delays no signal and no lease.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may wait to be written.
const LIMIT: u32 = 1024 * 1024;

/// Bytes that a chunk counts for beyond its own, so that many empty ones are bounded, too.
const OVERHEAD: u32 = 64;

/// Time to wait for a reader that does not read at all before the output of a handler is dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time for which a full queue delays a log line, so that a reader that is only slow misses none. Far less than a lease.
const DELAY: Duration = Duration::from_millis(100);

/// Bytes written in one call.
const BATCH: usize = 64 * 1024;

/// Pause before the next attempt to write to a stream in non-blocking mode.
const RETRY: Duration = Duration::from_millis(10);

/// Stderr, written in the background. Cheap to clone; never fails and never panics.
#[derive(Debug, Clone)]
pub(super) struct Stderr {
    queue: Arc<LazyLock<mpsc::Sender<Message>, StartWriter>>,
    state: Arc<StreamState>,
}

/// Starts the thread, and returns its queue.
type StartWriter = Box<dyn FnOnce() -> mpsc::Sender<Message> + Send>;

#[derive(Debug)]
enum Message {
    Chunk(Vec<u8>, OwnedSemaphorePermit),
    /// The sender is dropped once everything before it is written.
    Flush(mpsc::Sender<()>),
}

#[derive(Debug)]
struct StreamState {
    /// Room left in the queue, which it bounds, in bytes.
    room: Arc<Semaphore>,
    /// Lines dropped since the last report.
    dropped: AtomicU64,
    /// True since something has waited for a reader in vain, until something is written again.
    stalled: AtomicBool,
}

impl Stderr {
    /// Prepares the thread that writes to `out`, which starts at the first line: many runs print none.
    pub(super) fn start(out: impl Write + Send + 'static) -> Self {
        let state = Arc::new(StreamState {
            room: Arc::new(Semaphore::new(LIMIT as usize)),
            dropped: AtomicU64::new(0),
            stalled: AtomicBool::new(false),
        });
        let writer = Writer { out, state: Arc::clone(&state) };
        let start = move || {
            let (queue, messages) = mpsc::channel();
            // Without a thread the queue is closed, and all is dropped: there is no way to write that cannot block.
            let _ = thread::Builder::new().name("stderr".to_owned()).spawn(move || writer.run(&messages));
            queue
        };
        Self { queue: Arc::new(LazyLock::new(Box::new(start))), state }
    }

    /// Writes whole lines in the background. Waits a moment for room, and drops and counts them if there is none.
    pub(super) fn push(&self, lines: Vec<u8>) {
        let start = Instant::now();
        loop {
            if let Ok(room) = Arc::clone(&self.state.room).try_acquire_many_owned(cost(&lines)) {
                return self.send(lines, room);
            }
            if self.state.stalled.load(Relaxed) || start.elapsed() >= DELAY {
                break;
            }
            thread::sleep(DELAY / 100);
        }
        self.state.stalled.store(true, Relaxed);
        self.state.drop_lines(&lines);
    }

    /// Waits for room for whole lines. A slow reader delays the caller; lines are dropped and counted only when nothing at
    /// all is read for some time.
    pub(super) async fn reserve(&self, lines: Vec<u8>) -> Option<Reserved> {
        let patience = if self.state.stalled.load(Relaxed) { Duration::ZERO } else { PATIENCE };
        let room = Arc::clone(&self.state.room).acquire_many_owned(cost(&lines));
        if let Ok(Ok(room)) = tokio::time::timeout(patience, room).await {
            return Some(Reserved { stderr: self.clone(), lines, room });
        }
        self.state.stalled.store(true, Relaxed);
        self.state.drop_lines(&lines);
        None
    }

    /// Waits until everything is written, at most for `limit`. Returns true if it is.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        if self.state.room.available_permits() == LIMIT as usize {
            return true;
        }
        let (done, written) = mpsc::channel();
        let _ = self.queue.send(Message::Flush(done));
        let flushed = written.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Disconnected);
        if !flushed {
            self.state.stalled.store(true, Relaxed);
        }
        flushed
    }

    /// Waits like [`flush`](Self::flush), but not again for a reader that has not read since.
    pub(super) fn flush_unless_stalled(&self, limit: Duration) {
        if !self.state.stalled.load(Relaxed) {
            self.flush(limit);
        }
    }

    fn send(&self, lines: Vec<u8>, room: OwnedSemaphorePermit) {
        let _ = self.queue.send(Message::Chunk(lines, room));
    }
}

/// Lines that there is room for.
pub(super) struct Reserved {
    stderr: Stderr,
    lines: Vec<u8>,
    room: OwnedSemaphorePermit,
}

impl Reserved {
    /// Writes the lines in the background.
    pub(super) fn send(self) {
        self.stderr.send(self.lines, self.room);
    }
}

/// Part of the limit that `lines` take, at most all of it.
fn cost(lines: &[u8]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(LIMIT).saturating_add(OVERHEAD).min(LIMIT)
}

impl StreamState {
    fn drop_lines(&self, lines: &[u8]) {
        let count = lines.split(|byte| *byte == b'\n').count() - 1;
        self.dropped.fetch_add(count as u64, Relaxed);
    }

    /// Reports the lines that were dropped, once there is room for the report.
    fn report(&self) {
        if self.dropped.load(Relaxed) > 0 && self.room.available_permits() > LIMIT as usize / 2 {
            let lines = self.dropped.swap(0, Relaxed);
            tracing::warn!(lines, "stderr was not read in time, dropped lines");
        }
    }
}

/// The thread that writes.
struct Writer<W> {
    out: W,
    state: Arc<StreamState>,
}

impl<W: Write> Writer<W> {
    fn run(mut self, messages: &mpsc::Receiver<Message>) {
        while let Ok(message) = messages.recv() {
            match message {
                Message::Chunk(bytes, room) => self.write(bytes, room, messages),
                Message::Flush(done) => drop(done),
            }
        }
    }

    /// Writes `bytes`, together with what has queued up behind them.
    fn write(&mut self, mut bytes: Vec<u8>, mut room: OwnedSemaphorePermit, messages: &mpsc::Receiver<Message>) {
        let mut flushed = None;
        while bytes.len() < BATCH {
            match messages.try_recv() {
                Ok(Message::Chunk(more, its_room)) => {
                    bytes.extend(more);
                    room.merge(its_room);
                }
                Ok(Message::Flush(done)) => {
                    flushed = Some(done);
                    break;
                }
                Err(_) => break,
            }
        }
        let written = write_all(&mut self.out, &bytes);
        drop(room);
        self.note(written, &bytes);
        drop(flushed);
    }

    fn note(&self, written: io::Result<()>, bytes: &[u8]) {
        match written {
            Ok(()) => {
                self.state.stalled.store(false, Relaxed);
                self.state.report();
            }
            Err(error) if is_gone(&error) => {}
            // A full disk, for example, which may have room again.
            Err(_) => self.state.drop_lines(bytes),
        }
    }
}

/// Writes everything, also to a stream that another program has set to non-blocking mode.
pub(super) fn write_all(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    loop {
        match out.flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            flushed => return flushed,
        }
    }
}

/// Returns true if `error` says that a pipe has no reader, or that a terminal was closed.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::PIPE | Errno::IO | Errno::NXIO | Errno::BADF))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A stream whose reader begins to read once the other end of `unread` is dropped.
    struct Stuck {
        unread: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.unread.recv();
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stuck(written: &Arc<Mutex<Vec<u8>>>) -> (Stderr, mpsc::Sender<()>) {
        let (read, unread) = mpsc::channel();
        (Stderr::start(Stuck { unread, written: Arc::clone(written) }), read)
    }

    #[test]
    fn stderr_that_is_not_read_drops_lines_and_counts_them() {
        let written = Arc::default();
        let (stderr, read) = stuck(&written);
        let line = [b'x'; 1023];
        for _ in 0..2000 {
            stderr.push([&line[..], b"\n"].concat());
        }
        let dropped = stderr.state.dropped.load(Relaxed);
        assert!(!stderr.flush(Duration::ZERO) && (900..2000).contains(&dropped), "{dropped}");
        drop(read);
        assert!(stderr.flush(Duration::from_secs(30)) && stderr.flush(Duration::ZERO));
        assert_eq!(written.lock().unwrap().len() as u64, (2000 - dropped) * 1024);
        assert_eq!(stderr.state.dropped.load(Relaxed), 0, "it is reported");
    }

    #[tokio::test(start_paused = true)]
    async fn stderr_that_is_not_read_delays_a_handler_once() {
        let (stderr, _read) = stuck(&Arc::default());
        let chunk = || vec![b'\n'; LIMIT as usize];
        stderr.reserve(chunk()).await.expect("an empty queue has room").send();
        for patience in [PATIENCE, Duration::ZERO] {
            let start = tokio::time::Instant::now();
            assert!(stderr.reserve(chunk()).await.is_none());
            assert!(start.elapsed() >= patience && start.elapsed() < patience + PATIENCE / 2);
        }
        assert_eq!(stderr.state.dropped.load(Relaxed), 2 * u64::from(LIMIT));
    }

    #[test]
    fn flush_ends_when_stderr_is_gone() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let stderr = Stderr::start(writer);
        stderr.push(b"line\n".to_vec());
        assert!(stderr.flush(Duration::from_secs(30)));
    }

    #[test]
    fn stderr_in_non_blocking_mode_gets_every_byte() {
        /// Takes one byte at every other attempt.
        struct Hesitant(Vec<u8>, bool);
        impl Write for Hesitant {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                self.0.write(&bytes[..1])
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut out = Hesitant(Vec::new(), false);
        write_all(&mut out, b"line\n").unwrap();
        assert_eq!(out.0, b"line\n");
    }
}
