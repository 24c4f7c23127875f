//! Items that are given up without an attempt: those that have expired, and dead letters beyond a limit.

use std::time::SystemTime;

use super::super::Context;
use crate::args;
use crate::delivery::expiry::ExpiredOutcome;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::item::Item;
use crate::queue::DeadLetterLimit;
use crate::units::{HumanDuration, Setting, SettingError};
use crate::workload::made_at;

/// Options about items that are given up without an attempt.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Retries and dead letters")]
pub(super) struct RetentionArgs {
    /// Age, counted from --stamp-field, from which an item is no longer begun
    #[arg(long, value_name = "DURATION", env = "QSCALE_EXPIRE_AFTER", hide_short_help = true)]
    pub(super) expire_after: Option<HumanDuration>,

    /// Outcome of an item that has expired [default: dead]
    #[arg(long, value_name = "OUTCOME", env = "QSCALE_EXPIRED", value_parser = clap::builder::EnumValueParser::<ExpiredArg>::new(), hide_short_help = true)]
    pub(super) expired: Option<ExpiredArg>,

    /// Maximum number of dead letters of a list; the oldest beyond it are removed [default: no limit]
    #[arg(long, value_name = "ITEMS", env = "QSCALE_DEAD_LETTER_LIMIT", value_parser = args::count, hide_short_help = true)]
    pub(super) dead_letter_limit: Option<u64>,

    /// Time after which a dead letter is removed [default: never]
    #[arg(long, value_name = "DURATION", env = "QSCALE_DEAD_LETTER_MAX_AGE", hide_short_help = true)]
    pub(super) dead_letter_max_age: Option<HumanDuration>,
}

/// Outcome of an expired item on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum ExpiredArg {
    /// The item is dead-lettered
    Dead,
    /// The item is removed
    Drop,
}

impl From<ExpiredArg> for ExpiredOutcome {
    fn from(typed: ExpiredArg) -> Self {
        match typed {
            ExpiredArg::Dead => Self::Dead,
            ExpiredArg::Drop => Self::Drop,
        }
    }
}

/// Items that are given up without an attempt.
#[derive(Debug, Clone)]
pub(super) struct Retention {
    pub(super) expiry: Option<Expiry>,
    pub(super) expired: ExpiredOutcome,
    pub(super) dead_letters: DeadLetterLimit,
}

/// Age from which an item is not begun any more.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    after: HumanDuration,
    /// Field of a JSON item with its creation time.
    field: String,
}

impl RetentionArgs {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) fn resolve(
        self,
        stamp_field: Option<&str>,
        delivery: DeliveryGuarantee,
        context: &Context,
    ) -> Result<Retention, SettingError> {
        let Self { expire_after, expired, dead_letter_limit, dead_letter_max_age } = self;
        let (usual, from) = (&context.profile.consume, context.precedence("consume"));
        let is_typed = expired.is_some();
        let after = from.option("expire-after", expire_after, usual.expire_after);
        let after = after.map(Setting::positive).transpose()?;
        let expired = from.or("expired", expired.map(Into::into), usual.expired, ExpiredOutcome::default());
        let expiry = match (after, stamp_field) {
            (None, _) if is_typed => {
                return Err(SettingError::new(expired.origin, "has no effect without `--expire-after`"));
            }
            (None, _) => None,
            (Some(after), Some(field)) => Some(Expiry { after: after.value, field: field.to_owned() }),
            (Some(after), None) => {
                let message = "needs the creation time of items: add `--stamp-field FIELD`";
                return Err(SettingError::new(after.origin, message));
            }
        };
        let count = from.option("dead-letter-limit", dead_letter_limit, usual.dead_letter_limit);
        let age = from.option("dead-letter-max-age", dead_letter_max_age, usual.dead_letter_max_age);
        let origin = count.as_ref().map(|count| &count.origin).or(age.as_ref().map(|age| &age.origin));
        if let (Some(origin), DeliveryGuarantee::AtMostOnce) = (origin, delivery) {
            let message = "has no effect with at-most-once delivery, which has no dead letters";
            return Err(SettingError::new(origin.clone(), message));
        }
        let dead_letters = DeadLetterLimit { count: count.map(|count| count.value), age: age.map(|age| age.value.0) };
        Ok(Retention { expiry, expired: expired.value, dead_letters })
    }
}

impl Expiry {
    /// Returns the reason not to begin `item`; `None` while it has not expired, or does not say when it was made.
    pub(super) fn reason(&self, item: &Item, now: SystemTime) -> Option<String> {
        // Made in the future by a clock that is ahead: not expired.
        let age = now.duration_since(made_at(item, &self.field)?).ok()?;
        (age >= self.after.0).then(|| format!("expired {} after its creation", self.after))
    }
}
