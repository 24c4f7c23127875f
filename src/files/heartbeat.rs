//! The sign of life: a file that is touched as long as a loop turns, and what its age says.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

/// How often a loop has to turn, at least; no wait of its own may be longer.
pub(crate) const TURN: Duration = Duration::from_secs(5);

/// How long silence lasts until it is a bad sign: several turns, one command that Redis does not answer, and a busy
/// machine.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(30);

/// Between two looks at the loop.
const BEAT: Duration = Duration::from_secs(1);

/// What a loop says that it turns with. Does nothing unless somebody asked for it; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heartbeat(Option<Arc<AtomicU64>>);

impl Heartbeat {
    /// Touches `file` now, and every second from now on in which the loop has turned or is `excused`.
    ///
    /// A task of the same thread as the loop: when that hangs, nothing touches the file; and when only the loop waits for
    /// what never comes, the task sees that it does not turn. Before its first turn, it is not waited for: connecting has
    /// time limits of its own.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be written.
    pub(crate) fn start(file: PathBuf, excused: impl Fn() -> bool + Send + 'static) -> io::Result<Self> {
        touch(&file)?;
        let turns = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&turns);
        tokio::spawn(async move {
            let mut last = 0;
            loop {
                tokio::time::sleep(BEAT).await;
                let now = seen.load(Relaxed);
                if (now == 0 || now != last || excused())
                    && let Err(error) = touch(&file)
                {
                    tracing::debug!("cannot touch `{}`: {error}", file.display());
                }
                last = now;
            }
        });
        Ok(Self(Some(turns)))
    }

    /// The loop has turned.
    pub(crate) fn turned(&self) {
        if let Some(turns) = &self.0 {
            turns.fetch_add(1, Relaxed);
        }
    }
}

/// How long ago `file` was touched.
///
/// # Errors
///
/// Fails when it is not there.
pub(crate) fn age(file: &Path) -> io::Result<Duration> {
    let touched = file.metadata()?.modified()?;
    // A clock that was set back makes nobody sick.
    Ok(SystemTime::now().duration_since(touched).unwrap_or_default())
}

fn touch(file: &Path) -> io::Result<()> {
    File::options().create(true).truncate(false).write(true).open(file)?.set_modified(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Whether the file is touched within the next beats.
    async fn beats(file: &Path) -> bool {
        File::options().write(true).open(file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        tokio::time::sleep(BEAT * 2).await;
        file.metadata().unwrap().modified().unwrap() != SystemTime::UNIX_EPOCH
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_waits_for_what_never_comes_is_silent_unless_it_is_excused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heartbeat");
        let away = Arc::new(AtomicBool::new(false));
        let excused = Arc::clone(&away);
        let heartbeat = Heartbeat::start(file.clone(), move || excused.load(Relaxed)).unwrap();
        assert!(age(&file).unwrap() < MAX_AGE);
        assert!(beats(&file).await, "it has not begun to turn");

        heartbeat.turned();
        assert!(beats(&file).await, "it has turned");
        assert!(!beats(&file).await, "it turns no more");

        away.store(true, Relaxed);
        assert!(beats(&file).await, "Redis is away");
        away.store(false, Relaxed);
        assert!(!beats(&file).await, "Redis is back, and still it does not turn");
    }
}
