//! This machine: what it is, where processes run on it, what they cost.

use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Time after which a run counts as hanging.
const LONGEST: Duration = Duration::from_secs(300);

/// Conditions under which numbers hold.
#[derive(Serialize, Deserialize)]
pub(crate) struct About {
    date: String,
    machine: String,
    /// Versions of qscale, of the server and of its peers.
    programs: Vec<String>,
    rounds: usize,
    pinned: bool,
    /// Load average at the start.
    load: Option<f64>,
}

impl About {
    pub(crate) fn now(programs: Vec<String>, rounds: usize, pinned: bool) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let processors = thread::available_parallelism().map(usize::from).unwrap_or_default();
        let model = read("/proc/cpuinfo");
        let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
        let kernel = read("/proc/sys/kernel/osrelease");
        let system = format!("{} {}", std::env::consts::OS, kernel.trim());
        Self {
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            machine: format!("{processors} × {model}, {}", system.trim()),
            programs,
            rounds,
            pinned,
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()),
        }
    }

    /// Returns whether the server had a processor to itself, in a word.
    pub(crate) fn placement(&self) -> &'static str {
        if self.pinned { "pinned" } else { "not pinned" }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, machine, programs, rounds, .. } = self;
        write!(f, "{date}, {}: {rounds} rounds on {machine}", self.placement())?;
        if let Some(load) = self.load {
            write!(f, ", load average {load} before")?;
        }
        write!(f, "; {}", programs.join(", "))
    }
}

/// Keeps this process, and what it starts from now on, on processors such as `0-2`.
///
/// # Errors
///
/// Fails without `taskset`, or if it refuses.
pub(crate) fn keep_to(processors: &str) -> Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--cpu-list", "--pid", processors, &std::process::id().to_string()]);
    let status = taskset.stdout(Stdio::null()).status().map_err(|error| format!("taskset: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("taskset ended with {status}").into()) }
}

/// One finished process.
pub(crate) struct Finished {
    /// Seconds from its start to its end.
    pub(crate) seconds: f64,
    /// Seconds of processor time, with the processes it waited for; known on Linux.
    pub(crate) cpu: Option<f64>,
}

/// Runs `command` to its end.
///
/// # Errors
///
/// Fails if it cannot be started, hangs, or ends with a status other than 0; the error holds the end of its standard error.
pub(crate) fn run(command: &mut Command) -> Result<Finished> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    let process = Pid::from_child(&child);
    let (over, waiting) = channel::<()>();
    // Not reaped before `over` is dropped, so the id is still that of the child.
    let guard = thread::spawn(move || {
        if waiting.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
            let _ = kill_process(process, Signal::KILL);
        }
    });
    let mut said = String::new();
    if let Some(stderr) = child.stderr.as_mut() {
        stderr.read_to_string(&mut said)?;
    }
    ended(process)?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu_of_ended(child.id());
    drop(over);
    let _ = guard.join();
    let status = child.wait()?;
    if status.success() {
        return Ok(Finished { seconds, cpu });
    }
    let said = said.lines().rev().take(5).collect::<Vec<_>>();
    let after = if seconds >= LONGEST.as_secs_f64() { " (killed: it took too long)" } else { "" };
    Err(format!("{} ended with {status}{after}: {}", command.get_program().display(), said.join(" / ")).into())
}

/// Waits for the end of a child and leaves it unreaped, since its accounts are gone with it.
fn ended(child: Pid) -> Result<()> {
    Ok(waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).map(drop)?)
}

/// Seconds of processor time of an ended process and of the children it had waited for.
fn cpu_of_ended(process: u32) -> Option<f64> {
    // Of Linux on every processor that Rust runs on: sysconf(_SC_CLK_TCK).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold blanks; utime is the 14th field, the third after it being the state.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    let ticks = fields.map(|field| field.parse::<f64>().ok()).sum::<Option<f64>>()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// Seconds of processor time that the threads of a running process have used, to the nanosecond.
///
/// The ticks of [`cpu_of_ended`] are too coarse for many processes that do little each.
pub(crate) fn cpu_of_running(process: u32) -> Option<f64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let nanoseconds = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    Some(nanoseconds.sum::<Option<f64>>()? / 1e9)
}

/// Bytes of memory that `process` holds resident.
pub(crate) fn memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(resident.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
}
