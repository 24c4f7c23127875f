//! Processes on this machine: where they run, what they cost.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::Result;

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
/// Fails if it cannot be started, or ends with a status other than 0; the error holds the end of its standard error.
pub(crate) fn run(command: &mut Command) -> Result<Finished> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut said = String::new();
    if let Some(stderr) = child.stderr.as_mut() {
        stderr.read_to_string(&mut said)?;
    }
    ended(Pid::from_child(&child))?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu(child.id());
    let status = child.wait()?;
    if status.success() {
        return Ok(Finished { seconds, cpu });
    }
    let said = said.lines().rev().take(5).collect::<Vec<_>>();
    Err(format!("{} ended with {status}: {}", command.get_program().display(), said.join(" / ")).into())
}

/// Waits for the end of a child and leaves it unreaped, since its accounts are gone with it.
pub(crate) fn ended(child: Pid) -> Result<()> {
    Ok(waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).map(drop)?)
}

/// Seconds of processor time of `process` and of the children it has waited for.
pub(crate) fn cpu(process: u32) -> Option<f64> {
    // Of Linux on every processor that Rust runs on: sysconf(_SC_CLK_TCK).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold blanks; utime is the 14th field, the third after it being the state.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    let ticks = fields.map(|field| field.parse::<f64>().ok()).sum::<Option<f64>>()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// Bytes of memory that `process` holds resident.
pub(crate) fn memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(resident.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
}
