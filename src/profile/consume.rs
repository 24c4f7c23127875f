//! The `[consume]` table: processing, retries and dead letters.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::exit_map::ExitTable;
use super::listen::ListenAddress;
use super::source::Source;
use crate::delivery::defaults::{
    DEFAULT_DRAIN, DEFAULT_KILL_AFTER, DEFAULT_LEASE, DEFAULT_MAX_CRASHES, SHORTEST_LEASE,
};
use crate::delivery::expiry::ExpiredOutcome;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::protocol::{HandlerProtocol, ItemSeparator};
use crate::delivery::retry::RetryPolicy;
use crate::delivery::status_map::{StatusMap, StatusRule};
use crate::endpoint::HandlerUrl;
use crate::simulation::{BOOT_TIME, START_TIME};
use crate::units::{DurationRange, HumanDuration};
use crate::workload::{Rate, Work};

/// `[consume]`: processing of items, retries and dead letters.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConsumeTable {
    /// Delivery guarantee.
    #[schemars(extend("default" = "at-least-once", "examples" = ["at-least-once", "at-most-once"]))]
    pub delivery: Option<DeliveryGuarantee>,
    /// Items processed at a time; with `batch`, batches.
    #[schemars(extend("default" = 1, "examples" = [1, 8]))]
    pub concurrency: Option<NonZeroU32>,
    /// Simulated work per item: `2s`, `2s..6s`, `exp(4s)`, `lognormal(4s, 0.5)`, `field:NAME` for seconds from a JSON field; `none` prints the item to stdout. With `command` or `handler`, the time of the handler in `simulate` and `demo`.
    #[schemars(extend("default" = "none", "examples" = ["2s..6s", "field:seconds", "none"]))]
    pub work: Option<Work>,
    /// Items started per second at most, in all slots of a consumer together.
    #[schemars(extend("x-default" = "unlimited", "examples" = ["10/s", "30/m"]))]
    pub rate: Option<Rate>,
    /// Number of items to stop after.
    #[schemars(extend("x-default" = "unlimited", "examples" = [1000]))]
    pub max_items: Option<u64>,
    /// Idle time to stop after.
    #[schemars(extend("x-default" = "never", "examples" = ["30s"]))]
    pub idle_exit: Option<HumanDuration>,
    /// Time for items in flight to finish after SIGTERM; unfinished ones are requeued. Sets terminationGracePeriodSeconds.
    #[schemars(extend("default" = HumanDuration(DEFAULT_DRAIN), "examples" = ["30s", "2m"]))]
    pub drain: Option<HumanDuration>,
    /// Lease duration; items of a consumer that has not renewed for this long are redelivered. At least 500ms.
    #[schemars(extend("default" = HumanDuration(DEFAULT_LEASE), "examples" = ["30s"]))]
    pub lease: Option<HumanDuration>,
    /// Failed attempts after which an item is dead-lettered.
    #[schemars(extend("default" = RetryPolicy::DEFAULT.max_attempts, "examples" = [3, 10]))]
    pub max_attempts: Option<NonZeroU32>,
    /// Consumer crashes after which an item is dead-lettered.
    #[schemars(extend("default" = DEFAULT_MAX_CRASHES, "examples" = [3]))]
    pub max_crashes: Option<NonZeroU32>,
    /// First and longest delay before a retry; the delay doubles in between.
    #[schemars(extend("default" = DurationRange { from: RetryPolicy::DEFAULT.first, to: RetryPolicy::DEFAULT.longest }, "examples" = ["1s..5m", "30s"]))]
    pub backoff: Option<DurationRange>,
    /// Time for which an item may ask for retries that spend no attempt.
    #[schemars(extend("default" = HumanDuration(RetryPolicy::DEFAULT.max_age), "examples" = ["1day", "2h"]))]
    pub max_age: Option<HumanDuration>,
    /// Command run per item: the item is on stdin, and replaces `{}` in an argument. With `work`, that is its time in `simulate` and `demo`.
    #[schemars(length(min = 1))]
    #[schemars(extend("x-default" = "items are processed by `work`", "examples" = [["./handler"], ["sh", "-c", "process {}"]]))]
    pub command: Option<Vec<String>>,
    /// Protocol of the handler: `command` runs the command per item, `lines` starts it once per slot and exchanges lines of JSON with it, `http` posts items to `url`.
    #[schemars(extend("default" = "command", "examples" = ["lines", "http"]))]
    pub handler: Option<HandlerProtocol>,
    /// Items, or batches, that a process has in flight at a time, with `handler = "lines"`.
    #[schemars(extend("default" = 1, "examples" = [16]))]
    pub per_process: Option<NonZeroU32>,
    /// Items handed over in one call at most, at most 1000.
    #[schemars(range(max = 1000))]
    #[schemars(extend("x-default" = "one, alone", "examples" = [100]))]
    pub batch: Option<NonZeroU32>,
    /// Time that an item waits for others, with `batch`.
    #[schemars(extend("default" = HumanDuration(Duration::ZERO), "examples" = ["1s"]))]
    pub linger: Option<HumanDuration>,
    /// End of each item on the stdin of a command, with `batch`.
    #[schemars(extend("default" = "newline", "examples" = ["newline", "nul"]))]
    pub separator: Option<ItemSeparator>,
    /// Time within which a process has to write `{"ready":true}` before it gets items, with `handler = "lines"`.
    #[schemars(extend("x-default" = "ready as soon as it runs", "examples" = ["1m"]))]
    pub ready_within: Option<HumanDuration>,
    /// Items after which a process is replaced, with `handler = "lines"`.
    #[schemars(extend("x-default" = "never", "examples" = [1000]))]
    pub restart_after: Option<NonZeroU64>,
    /// The command inherits variables with a password of Redis: REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD, and a REDIS_URL that holds one.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub pass_redis_env: Option<bool>,
    /// Endpoint that items are posted to, with `handler = "http"`.
    #[schemars(extend("x-default" = "none", "examples" = ["http://127.0.0.1:8080/jobs", "unix:/run/app.sock:/jobs"]))]
    pub url: Option<HandlerUrl>,
    /// Meaning of the statuses of responses, in addition to the usual one.
    #[schemars(extend("default" = [], "examples" = [["404=ack", "5xx=retry"]]))]
    pub http_status: Option<Vec<StatusRule>>,
    /// Time limit of the command; an item whose command exceeds it has failed.
    #[schemars(extend("x-default" = "unlimited", "examples" = ["5m"]))]
    pub timeout: Option<HumanDuration>,
    /// Field of a JSON item with its own time limit, in seconds or as a duration; `timeout` is the longest.
    #[schemars(extend("x-default" = "none", "examples" = ["timeout"]))]
    pub timeout_field: Option<String>,
    /// Time between SIGTERM and SIGKILL to a command that has timed out.
    #[schemars(extend("default" = HumanDuration(DEFAULT_KILL_AFTER), "examples" = ["5s"]))]
    pub kill_after: Option<HumanDuration>,
    /// Meaning of the command's exit statuses.
    pub exit: Option<ExitTable>,
    /// Address that serves OpenMetrics at `/metrics`; a bare port binds to 127.0.0.1.
    #[schemars(extend("x-default" = "not served", "examples" = ["9090", "0.0.0.0:9090"]))]
    pub metrics: Option<ListenAddress>,
    /// Time from the creation of a pod to the start of its container, for `simulate`.
    #[schemars(extend("default" = HumanDuration(START_TIME), "examples" = ["5s"]))]
    pub start_time: Option<HumanDuration>,
    /// Time from the start of a container to its first item, for `simulate`; a Job that boots is not pending any more.
    #[schemars(extend("default" = HumanDuration(BOOT_TIME), "examples" = ["15s"]))]
    pub boot_time: Option<HumanDuration>,
    /// JSON field with the creation time of an item, for the queue wait.
    #[schemars(extend("x-default" = "not measured", "examples" = ["created_at"]))]
    pub stamp_field: Option<String>,
    /// Age, counted from `stamp-field`, from which an item is not processed any more.
    #[schemars(extend("x-default" = "never", "examples" = ["1h"]))]
    pub expire_after: Option<HumanDuration>,
    /// Outcome of an item that has expired: `dead` dead-letters it, `drop` removes it.
    #[schemars(extend("default" = "dead", "examples" = ["dead", "drop"]))]
    pub expired: Option<ExpiredOutcome>,
    /// Number of dead letters of the list beyond which the oldest are removed.
    #[schemars(extend("x-default" = "unlimited", "examples" = [100_000]))]
    pub dead_letter_limit: Option<u64>,
    /// Time after which a dead letter is removed.
    #[schemars(extend("x-default" = "never", "examples" = ["30days"]))]
    pub dead_letter_max_age: Option<HumanDuration>,
}

impl ConsumeTable {
    /// Cross-field validation.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        if self.lease.is_some_and(|lease| lease.0 < SHORTEST_LEASE) {
            return Err(source.error_at(&["consume", "lease"], "must be at least 500ms"));
        }
        let limits =
            [("timeout", self.timeout), ("ready-within", self.ready_within), ("expire-after", self.expire_after)];
        if let Some((key, _)) = limits.iter().find(|(_, limit)| limit.is_some_and(|limit| limit.0.is_zero())) {
            return Err(source.error_at(&["consume", key], "must be more than 0s: remove it for no limit"));
        }
        if let Err(error) = StatusMap::with(self.http_status.clone().unwrap_or_default()) {
            return Err(source.error_at(&["consume", "http-status"], error.to_string()));
        }
        if self.command.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            return Err(source.error_at(&["consume", "command"], "is empty: expected a program and its arguments"));
        }
        self.exit.as_ref().map_or(Ok(()), |exit| exit.check(source))
    }
}
