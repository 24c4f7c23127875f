//! A pod: when it was made, what it has in work.

use std::collections::BTreeMap;
use std::time::Duration;

/// A pod, of a Deployment or a Job.
#[derive(Debug, Default)]
pub(super) struct Pod {
    pub(super) created: Duration,
    pub(super) ready: bool,
    pub(super) ending: bool,
    /// The items in work, with the time of their push.
    pub(super) work: BTreeMap<u64, Duration>,
    /// Since when it has had none.
    pub(super) idle_since: Duration,
    pub(super) idle: Duration,
    /// A Job's pod that has had its item.
    pub(super) served: bool,
}
