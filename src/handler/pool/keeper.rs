//! Restart of processes.

use std::sync::Arc;
use std::time::Duration;

use super::process::{PoolProcess, ProcessEnd};
use super::shared::PoolShared;
use crate::handler::Disposition;

/// First and longest pause before a process is started again that has not answered once.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(30)];

/// Keeps a process at `place`, until there are no more items or none can run.
pub(super) async fn keep(pool: Arc<PoolShared>, place: usize) {
    let [first, longest] = PAUSES;
    let mut pause = first;
    while !pool.closing.is_cancelled() {
        let group = match pool.start().await {
            Some(Ok(group)) => group,
            Some(Err(error)) => return pool.unrunnable(pool.spec.command.not_started(&error)),
            None => return,
        };
        let process = group.leader.id();
        let (end, answered) = PoolProcess::new(&pool, place, group).run().await;
        match end {
            ProcessEnd::Retired => tracing::debug!(event = "handler_ended", process, answered, "handler process ended"),
            ProcessEnd::Aborted => return,
            ProcessEnd::Unrunnable(reason) => return pool.unrunnable(Disposition::Unrunnable(reason)),
            ProcessEnd::Failed(reason) => {
                if answered > 0 {
                    pause = first;
                }
                if pool.fail(pause) {
                    return pool.unrunnable(pool.spec.command.not_ready(&reason));
                }
                let restart =
                    (!pool.closing.is_cancelled()).then(|| tracing::field::display(humantime::format_duration(pause)));
                tracing::warn!(event = "handler_ended", process, reason, answered, restart, "handler process ended");
                if pool.closing.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
                pause = (2 * pause).min(longest);
            }
        }
    }
}
