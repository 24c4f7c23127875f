//! Printing items as lines.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::iter::Peekable;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::stdout::OutputStream;
use crate::delivery::item::Item;
use crate::units::visible_bytes;

/// Bytes of memory to keep for the next chunk: that of a large item is not kept.
const KEPT: usize = 64 * 1024;

/// Prints items to stdout as lines, in order: at once as far as the reader takes them, and in the background from there on;
/// byte for byte, except on a terminal. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct LinePrinter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stdout: OutputStream,
    lines: Mutex<LineQueue>,
    progress: Notify,
}

/// Lines since the last report, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    /// Number of lines written in full.
    pub(crate) lines: usize,
    /// Error of the next line, if it failed. Those after it are not written.
    pub(crate) error: Option<io::Error>,
}

/// Lines that are not written yet.
#[derive(Debug, Default)]
struct LineQueue {
    /// True if the reader is a terminal, which no item is to control: hidden characters are escaped.
    is_terminal: bool,
    waiting: VecDeque<Item>,
    /// Bytes of one write, or of one line that takes several.
    chunk: Vec<u8>,
    /// Ends of the lines in the chunk.
    ends: VecDeque<usize>,
    /// Number of bytes of the chunk that are written.
    written: usize,
    report: Printed,
    /// True while the rest is written in the background.
    follows: bool,
}

impl LinePrinter {
    /// Creates the printer of the stdout of this process.
    ///
    /// # Errors
    ///
    /// Fails when no more files can be opened.
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self::new(OutputStream::open()?, io::stdout().is_terminal()))
    }

    fn new(stdout: OutputStream, is_terminal: bool) -> Self {
        let lines = LineQueue { is_terminal, ..LineQueue::default() };
        Self(Arc::new(Shared { stdout, lines: Mutex::new(lines), progress: Notify::new() }))
    }

    /// Prints items after those before, and returns the report on the lines since the last one.
    pub(crate) fn print<'a>(&self, items: impl IntoIterator<Item = &'a Item>) -> Printed {
        let mut lines = self.0.lines();
        let mut items = items.into_iter().peekable();
        if !lines.follows && lines.write(&mut items, &self.0.stdout) {
            lines.follows = true;
            tokio::spawn(Arc::clone(&self.0).follow());
        }
        lines.waiting.extend(items.cloned());
        std::mem::take(&mut lines.report)
    }

    /// Takes the report on the lines since the last one.
    pub(crate) fn report(&self) -> Printed {
        std::mem::take(&mut self.0.lines().report)
    }

    /// Waits until there is something to report. Cancel-safe.
    pub(crate) async fn progress(&self) {
        self.0.progress.notified().await;
    }

    /// Gives up the lines that are not written in full; of a long one, the beginning may be. No others are to be printed.
    pub(crate) fn abandon(&self) -> Printed {
        let mut lines = self.0.lines();
        lines.waiting.clear();
        lines.drop_chunk();
        std::mem::take(&mut lines.report)
    }
}

impl Shared {
    fn lines(&self) -> MutexGuard<'_, LineQueue> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes whenever the reader takes more, until nothing is left.
    async fn follow(self: Arc<Self>) {
        loop {
            let ready = self.stdout.ready().await;
            let mut lines = self.lines();
            lines.follows = match ready {
                Ok(()) => lines.write(&mut std::iter::empty().peekable(), &self.stdout),
                Err(error) => {
                    lines.fail(error);
                    false
                }
            };
            self.progress.notify_one();
            if !lines.follows {
                return;
            }
        }
    }
}

impl LineQueue {
    /// Writes what is waiting, and then `items`, until nothing is left, or the reader takes no more for now: then it returns
    /// true.
    fn write<'a>(&mut self, items: &mut Peekable<impl Iterator<Item = &'a Item>>, stdout: &OutputStream) -> bool {
        while self.fill(items, stdout.chunk()) {
            match stdout.write(&self.chunk[self.written..]) {
                Ok(0) => self.fail(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => self.advance(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) => self.fail(error),
            }
        }
        false
    }

    /// Returns true if there are bytes to write; fills an empty chunk with lines of `size` bytes in all, or a longer line.
    fn fill<'a>(&mut self, items: &mut Peekable<impl Iterator<Item = &'a Item>>, size: usize) -> bool {
        if self.written == self.chunk.len() {
            self.drop_chunk();
            while let Some(item) = self.waiting.front().or_else(|| items.peek().copied())
                && (self.chunk.is_empty() || self.chunk.len() + item.0.len() < size)
            {
                if self.is_terminal {
                    self.chunk.extend_from_slice(visible_bytes(&item.0).as_bytes());
                } else {
                    self.chunk.extend_from_slice(&item.0);
                }
                self.chunk.push(b'\n');
                self.ends.push_back(self.chunk.len());
                if self.waiting.pop_front().is_none() {
                    items.next();
                }
            }
        }
        self.written < self.chunk.len()
    }

    fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while self.ends.front().is_some_and(|end| *end <= self.written) {
            self.ends.pop_front();
            self.report.lines += 1;
        }
    }

    fn fail(&mut self, error: io::Error) {
        self.report.error = Some(error);
        self.waiting.clear();
        self.drop_chunk();
    }

    fn drop_chunk(&mut self) {
        if self.chunk.capacity() > KEPT {
            self.chunk = Vec::new();
        }
        self.chunk.clear();
        self.ends.clear();
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    fn printer(stream: impl Into<OwnedFd>) -> LinePrinter {
        LinePrinter::new(OutputStream::of(File::from(stream.into())).unwrap(), false)
    }

    fn pipe() -> (PipeReader, LinePrinter) {
        let (reader, writer) = io::pipe().unwrap();
        (reader, printer(writer))
    }

    fn items(items: impl IntoIterator<Item = impl Into<Bytes>>) -> Vec<Item> {
        items.into_iter().map(|item| Item(item.into())).collect()
    }

    /// Waits until `lines` lines are written, after a first `report`.
    async fn written(printer: &LinePrinter, mut report: Printed, lines: usize) {
        let mut written = report.lines;
        while written < lines {
            assert!(report.error.is_none(), "{report:?}");
            tokio::time::timeout(SOON, printer.progress()).await.expect("lines are written");
            report = printer.report();
            written += report.lines;
        }
        assert_eq!(written, lines);
    }

    #[tokio::test]
    async fn lines_keep_bytes_and_order_across_sizes_and_streams() {
        let sizes = [0, 1, 4094, 4095, 4096, 4097, 3, 300_000, 0, 70_000, 2];
        let sent: Vec<Vec<u8>> = sizes.iter().zip(b'a'..).map(|(size, byte)| vec![byte; *size]).collect();
        let expected = sent.iter().flat_map(|item| [item.as_slice(), b"\n"].concat()).collect::<Vec<u8>>();
        let (pipe_reader, pipe_writer) = io::pipe().unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        let streams: [(OwnedFd, OwnedFd); 2] = [(pipe_writer.into(), pipe_reader.into()), (near.into(), far.into())];
        for (writer, reader) in streams {
            let printer = printer(writer);
            let read = thread::spawn(move || {
                let mut read = Vec::new();
                File::from(reader).read_to_end(&mut read).map(|_| read)
            });
            let (first, rest) = sent.split_at(4);
            let mut report = printer.print(&items(first.to_vec()));
            report.lines += printer.print(&items(rest.to_vec())).lines;
            written(&printer, report, sent.len()).await;
            drop(printer);
            assert!(read.join().unwrap().unwrap() == expected);
        }
    }

    #[tokio::test]
    async fn line_counts_only_when_it_is_written_in_full() {
        let (mut reader, printer) = pipe();
        let report = printer.print(&items([vec![b'x'; 100], vec![b'y'; 1_000_000], vec![b'z'; 100]]));
        written(&printer, report, 1).await;
        let read = tokio::task::spawn_blocking(move || reader.read_exact(&mut vec![0; 500_000]).map(|()| reader));
        let _reader = tokio::time::timeout(SOON, read).await.unwrap().unwrap().unwrap();
        assert_eq!(printer.report().lines, 0);
        assert_eq!(printer.abandon().lines, 0);
    }

    #[tokio::test]
    async fn closed_pipe_fails_the_line_it_cuts_off() {
        let (reader, printer) = pipe();
        let report = printer.print(&items(["a"]));
        written(&printer, report, 1).await;
        drop(reader);
        let report = printer.print(&items(["b", "c"]));
        assert_eq!(report.lines, 0);
        assert_eq!(report.error.map(|error| error.kind()), Some(io::ErrorKind::BrokenPipe));
    }

    #[tokio::test]
    async fn full_device_fails_the_first_line() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let report = printer(full).print(&items(["a", "b"]));
        assert_eq!((report.lines, report.error.map(|error| error.kind())), (0, Some(io::ErrorKind::StorageFull)));
    }

    #[tokio::test]
    async fn lines_of_several_writers_are_not_torn_apart() {
        let (reader, writer) = io::pipe().unwrap();
        let printers: Vec<LinePrinter> = (0..3).map(|_| printer(writer.try_clone().unwrap())).collect();
        drop(writer);
        let read = thread::spawn(move || BufReader::new(reader).lines().map(Result::unwrap).collect::<Vec<String>>());
        let sizes = [1, 40, 700, 4000];
        let mut reports = Vec::new();
        for (number, printer) in printers.iter().enumerate() {
            let lines = (0..2000).map(|line| number.to_string().repeat(sizes[line % 4]));
            reports.push(printer.print(&items(lines)));
        }
        for (printer, report) in printers.iter().zip(reports) {
            written(printer, report, 2000).await;
        }
        drop(printers);
        let lines = read.join().unwrap();
        assert_eq!(lines.len(), 6000);
        let is_whole = |line: &str| sizes.contains(&line.len()) && line.bytes().all(|byte| byte == line.as_bytes()[0]);
        assert!(lines.iter().all(|line| is_whole(line)));
    }
}
