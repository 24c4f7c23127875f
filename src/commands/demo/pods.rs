//! The consumers of a demonstration: processes that come and go as the pods of a Deployment, or of Jobs, would.

use std::process::ExitStatus;

use color_eyre::eyre::{Result, bail};
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use crate::sandbox::Process;

/// So many may end by themselves: a Deployment would start them anew for ever, and nobody would learn why.
const PATIENCE: u32 = 5;

/// The consumers that run, and those that were told to stop.
pub(super) struct Pods<'a> {
    stage: &'a Stage,
    /// What each is told.
    words: Vec<String>,
    /// How many there shall be.
    pub(super) desired: u32,
    running: Vec<Process>,
    ending: Vec<Process>,
    /// How many there have ever been; each has a number of its own.
    started: u32,
    failed: u32,
}

impl<'a> Pods<'a> {
    pub(super) fn new(stage: &'a Stage, words: Vec<String>) -> Self {
        Self { stage, words, desired: 0, running: Vec::new(), ending: Vec::new(), started: 0, failed: 0 }
    }

    /// How many run and were not told to stop.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.running.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody who was told to stop still finishes what it has.
    pub(super) fn none_is_ending(&self) -> bool {
        self.ending.is_empty()
    }

    /// Starts what is missing, or tells the newest to stop: they finish the item they have, and are gone.
    pub(super) fn scale_to(&mut self, desired: u32) -> Result<()> {
        self.desired = desired;
        while self.count() < desired {
            self.start()?;
        }
        let kept = usize::try_from(desired).unwrap_or(usize::MAX).min(self.running.len());
        let ending = self.running.split_off(kept);
        ending.iter().for_each(Process::terminate);
        self.ending.extend(ending);
        Ok(())
    }

    /// Starts one more, which ends by itself: the pod of a Job.
    pub(super) fn start(&mut self) -> Result<()> {
        self.started += 1;
        let process = self.stage.start(&format!("consumer {}", self.started), &self.words)?;
        self.running.push(process);
        Ok(())
    }

    /// Sees who has ended. Returns how many did without having been told to.
    pub(super) async fn reap(&mut self) -> Result<u32> {
        let mut ended = 0;
        for process in take_ended(&mut self.ending) {
            self.note(process, false).await?;
        }
        for process in take_ended(&mut self.running) {
            ended += 1;
            self.note(process, true).await?;
        }
        Ok(ended)
    }

    /// Ends all. They put down in order what they have in hand; `abort` cuts that short.
    pub(super) async fn end(mut self, abort: &CancellationToken) {
        let _ = self.scale_to(0);
        for process in &mut self.ending {
            tokio::select! {
                biased;
                // One that was told to stop before it listened has no result, and needs none.
                _ = process.output() => {}
                () = abort.cancelled() => return,
            }
        }
    }

    async fn note(&mut self, mut process: Process, by_itself: bool) -> Result<()> {
        let (status, _): (ExitStatus, _) = process.output().await?;
        if status.success() {
            return Ok(());
        }
        let when = if by_itself { "while it worked" } else { "when it was told to stop" };
        tracing::warn!("a consumer failed {when} ({status}): what it held goes to others");
        self.failed += 1;
        if self.failed >= PATIENCE {
            bail!("the consumers failed: {}", process.log_tail());
        }
        Ok(())
    }
}

/// Takes out of `processes` those that have ended.
fn take_ended(processes: &mut Vec<Process>) -> Vec<Process> {
    processes.extract_if(.., |process| !process.is_running()).collect()
}
