//! The `[produce]` table: the items that are pushed, and their pace.

use std::num::NonZeroU64;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::source::Source;
use crate::units::HumanDuration;
use crate::workload::{Pattern, Payload, Rate, USUAL_BATCH};

/// `[produce]`: items that `produce` pushes, and their pace.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProduceTable {
    /// Items per batch; each batch is one `LPUSH`. Without pacing the default is 500.
    #[schemars(extend("default" = USUAL_BATCH, "examples" = [50, 500]))]
    pub batch: Option<NonZeroU64>,
    /// Time from the start of one batch to the start of the next; `0s` pushes as fast as Redis accepts.
    #[schemars(extend("default" = "0s", "examples" = ["2s", "100ms"]))]
    pub every: Option<HumanDuration>,
    /// Items per second, in place of `every`: a number, `30/m` or `max`.
    #[schemars(extend("x-default" = "paced by `every`", "examples" = [200, "30/m", "max"]))]
    pub rate: Option<Rate>,
    /// Varying load, in place of `every` and `rate`; the run ends with the pattern.
    #[schemars(extend("x-default" = "paced by `every`", "examples" = ["30s@50, burst 500", "1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), repeat"]))]
    pub pattern: Option<Pattern>,
    /// CSV file in place of `pattern`: an item count per second, or `seconds,count` lines.
    #[schemars(extend("x-default" = "paced by `every`", "examples" = ["load.csv"]))]
    pub pattern_file: Option<PathBuf>,
    /// Random seed of arrival times and payloads; the same seed reproduces the run.
    #[schemars(extend("x-default" = "a new seed in every run", "examples" = [42]))]
    pub seed: Option<u64>,
    /// Number of items to stop after.
    #[schemars(extend("x-default" = "unlimited", "examples" = [1000]))]
    pub count: Option<u64>,
    /// Time to stop after.
    #[schemars(extend("x-default" = "unlimited", "examples" = ["10m"]))]
    pub duration: Option<HumanDuration>,
    /// Template of an item: `{seq}`, `{int:0..49}`, `{text:100}`, `{time}`, `{unix}` and `{id}` are filled in; JSON stays JSON.
    #[schemars(extend("default" = "message-{seq}", "examples" = ["message-{seq}", r#"{"id":"{id}","user":{int:0..49}}"#]))]
    pub payload: Option<Payload>,
    /// Backlog above which `produce` pauses.
    #[schemars(extend("x-default" = "unlimited", "examples" = [10000]))]
    pub max_backlog: Option<u64>,
    /// Replicas that must hold a batch before it counts as pushed, by `WAIT`.
    #[schemars(extend("default" = 0, "examples" = [1]))]
    pub wait_replicas: Option<u64>,
    /// Logs every item.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub echo: Option<bool>,
}

impl ProduceTable {
    /// Cross-field validation.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let said = [
            ("pattern-file", self.pattern_file.is_some()),
            ("pattern", self.pattern.is_some()),
            ("rate", self.rate.is_some()),
            ("every", self.every.is_some()),
        ];
        match said.iter().filter(|(_, said)| *said).collect::<Vec<_>>()[..] {
            [(key, _), (other, _), ..] => Err(source.conflict("produce", key, other)),
            _ => Ok(()),
        }
    }
}
