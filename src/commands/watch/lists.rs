//! The lists that are watched: each read on a connection of its own.

use std::time::{Duration, SystemTime};

use color_eyre::eyre::Result;
use tokio::time::Instant;

use super::plan::Plan;
use crate::delivery::pause::PauseState;
use crate::delivery::snapshot::{Presence, Snapshot};
use crate::diagnosis::FaultCode;
use crate::queue::{DeadCauses, Inspector, Observation, QueueError, Redis};
use crate::sample::{DeadCause, Flow, ReportedFault, Sample};
use crate::units::thousandths;
use crate::workload::made_at;

/// Shortest time that rates are taken over.
const SHORT: Duration = Duration::from_secs(10);

/// A list, and what was last read of it.
pub(super) struct WatchedList {
    pub(super) name: String,
    pub(super) inspector: Inspector,
    pub(super) last: Option<Snapshot>,
    pause: Option<PauseState>,
    flow: Flow,
    /// Causes of dead letters where a page shows them.
    dead: Option<DeadCauses>,
}

impl WatchedList {
    /// Connects to every list of `plan`.
    pub(super) async fn connect(plan: &Plan, redis: &Redis) -> Result<Vec<Self>, QueueError> {
        let mut lists = Vec::new();
        for name in &plan.lists {
            let inspector = Inspector::connect(redis, name).await?;
            let dead = match plan.serve {
                Some(_) => Some(DeadCauses::connect(redis, name).await?),
                None => None,
            };
            let flow = Flow::new(plan.every, SHORT);
            lists.push(Self { name: name.clone(), inspector, last: None, pause: None, flow, dead });
        }
        Ok(lists)
    }

    /// Reads the list, for rates since `start`.
    pub(super) async fn observe(&mut self, start: Instant, stamp_field: Option<&str>) -> Result<Sample, QueueError> {
        let Observation { snapshot, presence, pause } = self.inspector.observe(stamp_field.is_some()).await?;
        // Of the reply: after an outage it comes long after the request.
        let rates = self.flow.observe(start.elapsed(), &snapshot);
        let now = SystemTime::now();
        let claims = snapshot.claims.as_ref();
        let sample = Sample::new(now, self.name.as_str(), snapshot.waiting, rates.net, None)
            .with_claims(claims)
            .with_rates(rates);
        let oldest = presence.as_ref().zip(stamp_field).and_then(|(presence, field)| age(presence, field, now));
        // Consumers that do not claim items are unknown to Redis.
        let consumers = presence.filter(|_| claims.is_some_and(|claims| claims.any)).map(|presence| presence.consumers);
        (self.last, self.pause) = (Some(snapshot), pause);
        Ok(Sample { consumers, oldest_seconds: oldest, ..sample })
    }

    /// Adds the pause of the list, if there is one, to the faults and the reason.
    pub(super) fn add_pause(&self, sample: &mut Sample) {
        if let Some(pause) = &self.pause {
            let text = pause.text(sample.time);
            let reason = sample.reason.take().map_or_else(|| text.clone(), |reason| format!("{text}; {reason}"));
            sample.reason = Some(reason);
            sample.faults.push(ReportedFault { code: FaultCode::ListPaused.name().to_owned(), text });
        }
    }

    /// Returns the causes of the dead letters, so many as `dead`, where a page shows them and they have changed.
    pub(super) async fn dead_causes(&mut self, dead: Option<u64>) -> Option<Vec<DeadCause>> {
        self.dead.as_mut()?.changed(dead).await
    }

    /// Returns true when no item waits, is in flight or is delayed.
    pub(super) fn is_settled(&self) -> bool {
        self.last.as_ref().is_some_and(Snapshot::is_settled)
    }

    /// Returns true when no item waits.
    pub(super) fn is_empty(&self) -> bool {
        self.last.as_ref().is_some_and(|snapshot| snapshot.waiting == 0)
    }
}

/// Returns how long the oldest item waits, in seconds.
fn age(presence: &Presence, stamp_field: &str, now: SystemTime) -> Option<f64> {
    let made = made_at(presence.oldest.as_ref()?, stamp_field)?;
    // Clocks may differ.
    let age = now.duration_since(made).unwrap_or_default();
    Some(thousandths(age.as_secs_f64()))
}
