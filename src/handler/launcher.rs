//! Start of processes, on threads of their own.

use std::convert::Infallible;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::shortage::Shortage;

/// Starts processes for all commands of a consumer.
///
/// The thread that starts a process is held up until the new process runs its program: while that is read from a disk, and
/// while other processes have the processor. The runtime has only one thread, which also renews leases.
#[derive(Debug, Default)]
pub(super) struct Launcher {
    shortage: Shortage,
    threads: Mutex<Threads>,
}

impl Launcher {
    /// Calls `start` on another thread, and again after a while as long as the system is short of something; `None` once
    /// `abort` is cancelled.
    ///
    /// Cancel-safe: what `start` returns to a dropped future is dropped before the future is.
    pub(super) async fn launch<T, S>(
        &self,
        mut start: impl FnMut() -> S,
        abort: &CancellationToken,
    ) -> Option<io::Result<T>>
    where
        T: Send + 'static,
        S: FnOnce() -> io::Result<T> + Send + 'static,
    {
        self.shortage.wait(|| self.run(start()), abort).await
    }

    async fn run<T: Send + 'static>(&self, start: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let (sender, result) = oneshot::channel();
        let (end, ended) = mpsc::channel::<Infallible>();
        let runtime = Handle::current();
        let start = move || {
            let _context = runtime.enter();
            // Dropped here if nothing waits for it.
            drop(sender.send(start()));
            drop(end);
        };
        lock(&self.threads).run(Box::new(start))?;
        let mut launch = Launch { result, ended: Some(ended) };
        let result = (&mut launch.result).await;
        launch.ended = None;
        result.map_err(|_| io::Error::other("the start of a command panicked"))?
    }
}

/// Task of a thread: starts a process, and passes it on.
type StartJob = Box<dyn FnOnce() + Send>;

/// Threads that end when this is dropped.
#[derive(Debug)]
struct Threads {
    starts: Sender<StartJob>,
    queue: Receiver<StartJob>,
    /// Starts that have not ended.
    pending: Arc<AtomicUsize>,
    running: usize,
    /// Threads there may be; more would not start processes any faster.
    limit: usize,
}

impl Default for Threads {
    fn default() -> Self {
        let (starts, queue) = crossbeam_channel::unbounded();
        let limit = thread::available_parallelism().map_or(1, NonZero::get);
        Self { starts, queue, pending: Arc::default(), running: 0, limit }
    }
}

impl Threads {
    /// Runs `start` on a thread that is free, or else on the next one; adds one if there may be more.
    fn run(&mut self, start: StartJob) -> io::Result<()> {
        if self.pending.load(Relaxed) >= self.running && self.running < self.limit {
            match self.add() {
                Err(error) if self.running == 0 => return Err(error),
                _ => {}
            }
        }
        self.pending.fetch_add(1, Relaxed);
        // The queue is there as long as this is.
        let _ = self.starts.send(start);
        Ok(())
    }

    fn add(&mut self) -> io::Result<()> {
        let (queue, pending) = (self.queue.clone(), Arc::clone(&self.pending));
        let run = move || {
            while let Ok(start) = queue.recv() {
                start();
                pending.fetch_sub(1, Relaxed);
            }
        };
        thread::Builder::new().name("launcher".to_owned()).spawn(run)?;
        self.running += 1;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A start that is waited for.
struct Launch<T> {
    result: oneshot::Receiver<T>,
    /// Closed at the end of the start; `None` once there is a result.
    ended: Option<mpsc::Receiver<Infallible>>,
}

impl<T> Drop for Launch<T> {
    fn drop(&mut self) {
        self.result.close();
        if let Some(ended) = &self.ended {
            // Until it has ended, in which case it fails.
            let _ = ended.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Result of a start, which says when it is dropped.
    struct Started(Arc<AtomicBool>);

    impl Drop for Started {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }

    #[tokio::test]
    async fn start_holds_up_nothing_else() {
        let (launcher, abort, barrier) = (Launcher::default(), CancellationToken::new(), Arc::new(Barrier::new(2)));
        let start = || {
            let barrier = Arc::clone(&barrier);
            move || Ok(barrier.wait().is_leader())
        };
        // Would wait for itself on one thread.
        let (started, ()) = tokio::join!(launcher.launch(start, &abort), async {
            barrier.wait();
        });
        started.unwrap().unwrap();
        assert_eq!(launcher.threads.lock().unwrap().running, 1);
    }

    #[tokio::test]
    async fn starts_are_made_in_any_number() {
        let (launcher, abort) = (Launcher::default(), CancellationToken::new());
        let starts = (0..100).map(|number| launcher.launch(move || move || Ok(number), &abort));
        let all = futures_util::future::join_all(starts).await;
        let all: Vec<usize> = all.into_iter().map(|started| started.unwrap().unwrap()).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let threads = launcher.threads.lock().unwrap();
        assert!((1..=threads.limit).contains(&threads.running), "{}", threads.running);
    }

    #[tokio::test]
    async fn start_that_is_dropped_leaves_nothing_running() {
        let (launcher, abort) = (Launcher::default(), CancellationToken::new());
        let (barrier, dropped) = (Arc::new(Barrier::new(2)), Arc::default());
        let start = || {
            let (barrier, started) = (Arc::clone(&barrier), Started(Arc::clone(&dropped)));
            move || {
                barrier.wait();
                thread::sleep(std::time::Duration::from_millis(20));
                Ok(started)
            }
        };
        let mut launch = Box::pin(launcher.launch(start, &abort));
        assert!(futures_util::poll!(&mut launch).is_pending());
        barrier.wait();
        drop(launch);
        assert!(dropped.load(Relaxed));
    }
}
