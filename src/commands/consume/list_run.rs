//! Consuming of one list, next to that of the others.

use color_eyre::eyre::Result;

use super::plan::Plan;
use super::slots::Share;
use super::telemetry::Telemetry;
use super::workers::{Processor, Workers};
use super::{StopReason, at_least_once, at_most_once};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::tally::Tally;
use crate::queue::Redis;
use crate::shutdown::Shutdown;

/// One list, and what it shares with the others.
pub(super) struct ListRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) redis: &'a Redis,
    pub(super) processor: Processor,
    pub(super) share: Share,
    pub(super) telemetry: Telemetry,
    pub(super) shutdown: &'a Shutdown,
}

/// End of consuming a list.
pub(super) struct ListEnd {
    pub(super) list: String,
    pub(super) tally: Tally,
    pub(super) result: Result<StopReason>,
}

impl ListRun<'_> {
    /// Processes the items of the list, until it ends or another one has failed: then all end.
    pub(super) async fn consume(self) -> ListEnd {
        let Self { plan, redis, processor, share, telemetry, shutdown } = self;
        let mut tally = Tally::default();
        let abort = shutdown.abort.clone();
        let result = match plan.delivery {
            DeliveryGuarantee::AtLeastOnce => {
                let mut workers = Workers::new(processor, plan, telemetry, share.clone(), abort);
                at_least_once::consume(plan, redis, &mut workers, &mut tally, shutdown).await
            }
            DeliveryGuarantee::AtMostOnce => {
                let mut workers = Workers::new(processor, plan, telemetry, share.clone(), abort);
                at_most_once::consume(plan, redis, &mut workers, &mut tally, shutdown).await
            }
        };
        share.want(false);
        if !share.is_alone() && result.is_err() {
            shutdown.stop.cancel();
        }
        ListEnd { list: plan.list.clone(), tally, result }
    }
}
