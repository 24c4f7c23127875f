//! Heartbeat file: touched while the consumer's loop makes progress.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps, UTIME_NOW, utimensat};
use rustix::io::Errno;

/// Longest time between two iterations of the loop; it must not wait longer.
pub(crate) const MAX_INTERVAL: Duration = Duration::from_secs(5);

/// Default age at which a heartbeat is stale: several iterations, one unanswered command, and time for a busy machine.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(30);

/// Interval at which progress is checked.
const INTERVAL: Duration = Duration::from_secs(1);

/// Handle through which the loop reports progress; does nothing unless a heartbeat file is set. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heartbeat(Option<Arc<AtomicU64>>);

impl Heartbeat {
    /// Touches `file` now, and then every second if the loop has made progress or is `excused`.
    ///
    /// Runs as a task on the thread of the loop: if the thread hangs, the file is not touched; if only the loop hangs, the
    /// task sees no progress. Before the first iteration no progress is expected, because connecting has its own timeouts.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be written, or is not a regular one.
    pub(crate) fn start(file: PathBuf, excused: impl Fn() -> bool + Send + 'static) -> io::Result<Self> {
        create(&file)?;
        touch(&file)?;
        let beats = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&beats);
        tokio::spawn(async move {
            let mut last = 0;
            loop {
                tokio::time::sleep(INTERVAL).await;
                let now = seen.load(Relaxed);
                if (now == 0 || now != last || excused())
                    && let Err(error) = touch(&file)
                {
                    tracing::debug!(file = %file.display(), %error, "cannot write heartbeat");
                }
                last = now;
            }
        });
        Ok(Self(Some(beats)))
    }

    /// Reports an iteration of the loop.
    pub(crate) fn beat(&self) {
        if let Some(beats) = &self.0 {
            beats.fetch_add(1, Relaxed);
        }
    }
}

/// Returns the time since `file` was touched.
///
/// # Errors
///
/// Fails when the file does not exist.
pub(crate) fn age(file: &Path) -> io::Result<Duration> {
    let touched = regular(file.metadata()?)?.modified()?;
    // A clock that was set back does not make a heartbeat stale.
    Ok(SystemTime::now().duration_since(touched).unwrap_or_default())
}

/// Creates `file` unless it exists. Opening a FIFO, or what else is not a file, must not wait for a reader.
fn create(file: &Path) -> io::Result<()> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    match File::options().create(true).truncate(false).write(true).custom_flags(flags).open(file) {
        Ok(opened) => regular(opened.metadata()?).map(drop),
        // A FIFO without a reader.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NXIO) => regular(file.metadata()?).map(drop),
        Err(error) => Err(error),
    }
}

fn regular(file: Metadata) -> io::Result<Metadata> {
    if file.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Sets the time of `file` by its path, for which no descriptor has to be free; creates the file if it was deleted.
fn touch(file: &Path) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    match utimensat(CWD, file, &times, AtFlags::empty()) {
        Err(Errno::NOENT) => create(file),
        touched => Ok(touched?),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Returns true if the file is touched within two intervals.
    async fn is_touched(file: &Path) -> bool {
        File::options().write(true).open(file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        tokio::time::sleep(INTERVAL * 2).await;
        file.metadata().unwrap().modified().unwrap() != SystemTime::UNIX_EPOCH
    }

    #[test]
    fn heartbeat_of_a_fifo_or_a_folder_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        for file in [&fifo, Path::new("/dev/null")] {
            assert_eq!(create(file).unwrap_err().to_string(), "not a regular file", "{}", file.display());
            assert_eq!(age(file).unwrap_err().to_string(), "not a regular file", "{}", file.display());
        }
        assert!(create(folder.path()).is_err());
    }

    #[test]
    fn heartbeat_that_was_deleted_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heartbeat");
        for _ in 0..2 {
            touch(&file).unwrap();
            assert!(age(&file).unwrap() < MAX_AGE);
            std::fs::remove_file(&file).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeat_stops_when_the_loop_hangs_unless_it_is_excused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heartbeat");
        let disconnected = Arc::new(AtomicBool::new(false));
        let excused = Arc::clone(&disconnected);
        let heartbeat = Heartbeat::start(file.clone(), move || excused.load(Relaxed)).unwrap();
        assert!(age(&file).unwrap() < MAX_AGE);
        assert!(is_touched(&file).await, "before the first iteration");

        heartbeat.beat();
        assert!(is_touched(&file).await, "after an iteration");
        assert!(!is_touched(&file).await, "without another iteration");

        disconnected.store(true, Relaxed);
        assert!(is_touched(&file).await, "while Redis is unreachable");
        disconnected.store(false, Relaxed);
        assert!(!is_touched(&file).await, "Redis is back, still no iteration");
    }
}
