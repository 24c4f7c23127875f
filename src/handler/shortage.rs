//! A shortage of what a new process needs: file descriptors, processes, memory.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// First and longest pause before the next attempt to start a command.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// Longest time without a started command.
const PATIENCE: Duration = Duration::from_secs(30);

/// Minimum time between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Shortage that all commands of a consumer share.
#[derive(Debug, Default)]
pub(super) struct Shortage(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    /// Time of the first failure since a command was started.
    since: Option<Instant>,
    logged: Option<Instant>,
}

impl Shortage {
    /// Calls `start` until it succeeds, waiting between attempts; `None` once `abort` is cancelled.
    ///
    /// # Errors
    ///
    /// Fails with any error that waiting does not help against, and when no command could be started for a while.
    pub(super) async fn wait<T, F>(
        &self,
        mut start: impl FnMut() -> F,
        abort: &CancellationToken,
    ) -> Option<io::Result<T>>
    where
        F: Future<Output = io::Result<T>>,
    {
        let [mut pause, longest] = PAUSES;
        loop {
            match start().await {
                Err(error) if is_transient(&error) && self.note(&error) < PATIENCE => {}
                Ok(started) => {
                    self.times().since = None;
                    return Some(Ok(started));
                }
                Err(error) => return Some(Err(error)),
            }
            abort.run_until_cancelled(tokio::time::sleep(pause)).await?;
            pause = (2 * pause).min(longest);
        }
    }

    /// Notes a failure, and returns the time since the first one.
    fn note(&self, error: &io::Error) -> Duration {
        let (mut times, now) = (self.times(), Instant::now());
        if times.logged.is_none_or(|last| now - last >= LOG_INTERVAL) {
            times.logged = Some(now);
            tracing::warn!(%error, "cannot start a command, retrying");
        }
        now - *times.since.get_or_insert(now)
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns true for errors that pass: of the system's limits, or of a file that is being written.
fn is_transient(error: &io::Error) -> bool {
    let transient = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE, Errno::TXTBSY, Errno::INTR];
    Errno::from_io_error(error).is_some_and(|errno| transient.contains(&errno))
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn shortage() -> io::Error {
        Errno::MFILE.into()
    }

    #[tokio::test(start_paused = true)]
    async fn shortage_is_waited_for() {
        let mut failures = 5;
        let start = || {
            failures -= 1;
            ready(if failures > 0 { Err(shortage()) } else { Ok(failures) })
        };
        assert_eq!(Shortage::default().wait(start, &CancellationToken::new()).await.unwrap().unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn shortage_without_an_end_is_an_error() {
        let (all, start, abort) = (Shortage::default(), Instant::now(), CancellationToken::new());
        let failed = async || all.wait(|| ready(Err::<(), _>(shortage())), &abort).await.unwrap().unwrap_err();
        assert_eq!(Errno::from_io_error(&failed().await), Some(Errno::MFILE));
        assert!((PATIENCE..2 * PATIENCE).contains(&start.elapsed()), "{:?}", start.elapsed());
        // It counts for all handlers, until one of them starts.
        let start = Instant::now();
        failed().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        all.wait(|| ready(Ok(())), &abort).await.unwrap().unwrap();
        failed().await;
        assert!(start.elapsed() >= PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn shortage_is_not_waited_for_after_an_abort() {
        let (all, start, abort) = (Shortage::default(), Instant::now(), CancellationToken::new());
        let wait = all.wait(|| ready(Err::<(), _>(shortage())), &abort);
        let (ended, ()) = tokio::join!(wait, async {
            tokio::time::sleep(PAUSES[0] / 2).await;
            abort.cancel();
        });
        assert!(ended.is_none());
        assert_eq!(start.elapsed(), PAUSES[0] / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn missing_command_is_not_waited_for() {
        let (start, abort) = (Instant::now(), CancellationToken::new());
        let missing = || ready(Err::<(), io::Error>(Errno::NOENT.into()));
        Shortage::default().wait(missing, &abort).await.unwrap().unwrap_err();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
