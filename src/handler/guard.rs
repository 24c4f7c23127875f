//! Guard of process groups: a process that ends those that a killed consumer has left behind.
//!
//! A consumer that is killed cannot end its handlers, whose items other consumers get when the lease expires. A process of its
//! own knows their groups through a pipe, which the system closes at the end of the consumer, however that comes about. It
//! costs two writes per group. The death signal of Linux (`PR_SET_PDEATHSIG`) reaches only the child itself, is lost when that
//! changes its user, and is tied to the thread that has started it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// Variable of a guard: time between SIGTERM and SIGKILL, in ms.
const GUARD: &str = "QSCALE_GUARD";

/// Size of a pipe.
const PIPE: usize = 64 * 1024;

/// Time in which messages gather before they are read: a process per item must not wake the guard twice per item. A pipe holds
/// those of some thousand items.
const GATHER: Duration = Duration::from_millis(50);

/// Pause between two checks whether a group has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Guard of this process, while it has one.
static RUNNING: Mutex<Option<Child>> = Mutex::new(None);

/// Starts the guard of this process, which leaves `kill_after` between SIGTERM and SIGKILL.
///
/// The first process of a container needs none: the system ends all others with it.
pub(crate) fn start(kill_after: Duration) {
    if std::process::id() == 1 {
        return;
    }
    match spawn(kill_after) {
        Ok(child) => *lock() = Some(child),
        Err(error) => tracing::debug!(%error, "cannot start the guard of handlers"),
    }
}

fn spawn(kill_after: Duration) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    // Signals for the group of the consumer are not for the guard.
    command.env_clear().env(GUARD, kill_after.as_millis().to_string()).current_dir("/").process_group(0);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    if let Some(pipe) = &child.stdin {
        // A guard that was stopped must not hold up the consumer.
        rustix::io::ioctl_fionbio(pipe, true)?;
    }
    Ok(child)
}

/// Tells the guard of a group that has begun.
pub(super) fn began(group: Pid) {
    tell('+', group);
}

/// Tells the guard of a group that has ended.
pub(super) fn ended(group: Pid) {
    tell('-', group);
}

fn tell(sign: char, group: Pid) {
    if let Some(pipe) = lock().as_mut().and_then(|guard| guard.stdin.as_mut()) {
        // Fails if the guard was killed: the consumer goes on without.
        let _ = pipe.write_all(format!("{sign}{}\n", group.as_raw_nonzero()).as_bytes());
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Child>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pipe that is read no more often than messages are to gather.
struct Gathered(File);

impl Read for Gathered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read > 0 {
            std::thread::sleep(GATHER);
        }
        Ok(read)
    }
}

/// Returns the time between SIGTERM and SIGKILL if this process is a guard.
pub(crate) fn kill_after() -> Option<Duration> {
    let millis = std::env::var(GUARD).ok().filter(|_| std::env::args_os().len() == 1)?;
    millis.parse().ok().map(Duration::from_millis)
}

/// Waits until the consumer is gone, and ends the groups that it has left behind.
pub(crate) fn run(kill_after: Duration) {
    let mut groups = BTreeSet::new();
    let Ok(pipe) = File::open("/dev/stdin") else { return };
    for line in BufReader::with_capacity(PIPE, Gathered(pipe)).lines().map_while(Result::ok) {
        let group = line.get(1..).and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
        match (line.as_bytes().first(), group) {
            (Some(b'+'), Some(group)) => drop(groups.insert(group.as_raw_nonzero())),
            (Some(b'-'), Some(group)) => drop(groups.remove(&group.as_raw_nonzero())),
            _ => {}
        }
    }
    let mut left: Vec<Pid> = groups.into_iter().filter_map(|id| Pid::from_raw(id.get())).collect();
    signal(&left, Signal::TERM);
    // A stopped process does not receive SIGTERM until it continues.
    signal(&left, Signal::CONT);
    let start = Instant::now();
    while start.elapsed() < kill_after {
        // One that has ended is not signalled again: its id may be that of another by then.
        left.retain(|group| test_kill_process_group(*group).is_ok());
        if left.is_empty() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    signal(&left, Signal::KILL);
}

fn signal(groups: &[Pid], signal: Signal) {
    for group in groups {
        // Fails if the group has ended meanwhile.
        let _ = kill_process_group(*group, signal);
    }
}
