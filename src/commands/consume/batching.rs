//! Batches of items: the arguments over the profile.

use std::time::Duration;

use super::super::Context;
use super::args::BatchArgs;
use super::gathering::BatchPlan;
use super::job::Job;
use crate::delivery::defaults::LARGEST_BATCH;
use crate::delivery::protocol::ItemSeparator;
use crate::units::{HumanDuration, Origin, SettingError};

impl BatchArgs {
    /// Merges the arguments with the profile, and sets up `job` for batches.
    pub(super) fn resolve(self, job: &mut Job, context: &Context) -> Result<Option<BatchPlan>, SettingError> {
        let Self { batch, linger, separator } = self;
        let (usual, from) = (&context.profile.consume, context.precedence("consume"));
        let typed = [("linger", linger.is_some()), ("separator", separator.is_some())];
        let batch = from.option("batch", batch, usual.batch);
        let wrong = |origin: &Origin, message: &str| Err(SettingError::new(origin.clone(), message));
        let Some(batch) = batch else {
            let alone = typed.iter().find(|(_, is_typed)| *is_typed);
            return alone.map_or(Ok(None), |(name, _)| wrong(&from.given(name), "has no effect without `--batch`"));
        };
        let origin = &batch.origin;
        if batch.value.get() > LARGEST_BATCH {
            return wrong(origin, &format!("must be at most {LARGEST_BATCH}"));
        }
        let linger = from.or("linger", linger, usual.linger, HumanDuration(Duration::ZERO));
        let is_separated = separator.is_some();
        let separator = separator.map(ItemSeparator::from);
        let separator = from.or("separator", separator, usual.separator, ItemSeparator::default());
        if is_separated && !matches!(job, Job::Command(_)) {
            return wrong(&separator.origin, "has no effect without a command per batch: items are lines of JSON");
        }
        let limit = match job {
            Job::Work { .. } if matches!(origin, Origin::Profile { .. }) => return Ok(None),
            Job::Work { .. } => return wrong(origin, "needs a handler: append `-- COMMAND`, or use `--handler http`"),
            Job::Command(command) if command.has_placeholder() => {
                return wrong(origin, "conflicts with `{}` in the command: the items of a batch are on its stdin");
            }
            Job::Command(command) => {
                command.separator = separator.value;
                &command.limit
            }
            Job::Lines(pool) => {
                pool.batch = Some(batch.value.get() as usize);
                &pool.command.limit
            }
            Job::Http(http) => &http.limit,
        };
        if limit.field.is_some() {
            return wrong(
                origin,
                "conflicts with `--timeout-field`: `--timeout` limits the call for all items of a batch",
            );
        }
        Ok(Some(BatchPlan { size: batch.value.get() as usize, linger: linger.value.0 }))
    }
}
