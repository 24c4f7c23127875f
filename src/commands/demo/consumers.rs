//! The consumers of a demo: processes that start and stop like the pods of a Deployment, or of Jobs.

use std::process::ExitStatus;

use color_eyre::eyre::{Result, bail};
use rand::{Rng, RngExt as _};

use super::setup::Setup;
use crate::sandbox::Process;

/// Number of failed consumers that ends the demo; a Deployment would restart them indefinitely.
const MAX_FAILURES: u32 = 5;

/// The running consumers, and those that were told to stop.
pub(super) struct ConsumerProcesses<'a> {
    setup: &'a Setup,
    /// Arguments of each consumer.
    arguments: Vec<String>,
    /// Desired number of consumers.
    pub(super) desired: u32,
    running: Vec<Process>,
    stopping: Vec<Process>,
    killed: Vec<Process>,
    /// Number of consumers started so far.
    started: u32,
    failed: u32,
}

impl<'a> ConsumerProcesses<'a> {
    pub(super) fn new(setup: &'a Setup, arguments: Vec<String>) -> Self {
        Self {
            setup,
            arguments,
            desired: 0,
            running: Vec::new(),
            stopping: Vec::new(),
            killed: Vec::new(),
            started: 0,
            failed: 0,
        }
    }

    /// Returns the number of consumers that were not told to stop.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.running.len()).unwrap_or(u32::MAX)
    }

    /// Returns the number of consumers that were told to stop and have not exited.
    pub(super) fn stopping(&self) -> u32 {
        u32::try_from(self.stopping.len()).unwrap_or(u32::MAX)
    }

    /// Starts missing consumers, or tells the newest to stop: they finish their item and exit.
    pub(super) fn scale_to(&mut self, desired: u32) -> Result<()> {
        self.desired = desired;
        while self.count() < desired {
            self.start()?;
        }
        let kept = usize::try_from(desired).unwrap_or(usize::MAX).min(self.running.len());
        let stopping = self.running.split_off(kept);
        stopping.iter().for_each(Process::terminate);
        self.stopping.extend(stopping);
        Ok(())
    }

    /// Starts one more consumer: the pod of a Job, which exits by itself.
    pub(super) fn start(&mut self) -> Result<()> {
        self.started += 1;
        let process = self.setup.spawn(&format!("consumer {}", self.started), &self.arguments)?;
        self.running.push(process);
        Ok(())
    }

    /// Ends a running consumer with SIGKILL; returns false if there is none.
    pub(super) fn kill(&mut self, rng: &mut impl Rng) -> bool {
        if self.running.is_empty() {
            return false;
        }
        let mut process = self.running.swap_remove(rng.random_range(0..self.running.len()));
        process.kill();
        tracing::warn!("killed a consumer, its items are redelivered once its lease expires");
        self.killed.push(process);
        true
    }

    /// Collects consumers that have exited; returns the number of those that were not told to.
    pub(super) async fn reap(&mut self) -> Result<u32> {
        // As intended.
        let mut exited = u32::try_from(take_exited(&mut self.killed).len()).unwrap_or(u32::MAX);
        for process in take_exited(&mut self.stopping) {
            self.check(process, false).await?;
        }
        for process in take_exited(&mut self.running) {
            exited += 1;
            self.check(process, true).await?;
        }
        Ok(exited)
    }

    async fn check(&mut self, mut process: Process, unasked: bool) -> Result<()> {
        let (status, _): (ExitStatus, _) = process.output().await?;
        if status.success() {
            return Ok(());
        }
        let during = if unasked { "processing" } else { "shutdown" };
        tracing::warn!(%status, during, "a consumer failed, its items are redelivered");
        self.failed += 1;
        if self.failed >= MAX_FAILURES {
            bail!("the consumers failed: {}", process.log_tail());
        }
        Ok(())
    }
}

/// Removes the processes that have exited.
fn take_exited(processes: &mut Vec<Process>) -> Vec<Process> {
    processes.extract_if(.., |process| !process.is_running()).collect()
}
